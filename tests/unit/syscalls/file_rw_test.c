/* syscalls/file_rw.c: offsets, appends, seeks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "tests/unit/fake_files.h"

static int open_as(void **state, const char *name, uint64_t flags)
{
    return (int)sys_open(CALL(state), P(name), flags, 0644);
}

static int64_t rd(void **state, int fd, char *buf, size_t n)
{
    memset(buf, 0, n + 1);
    return sys_read(CALL(state), fd, P(buf), n);
}

static int64_t wr(void **state, int fd, const char *text) { return sys_write(CALL(state), fd, P(text), strlen(text)); }

static int64_t seek(void **state, int fd, int64_t offset, int whence)
{
    return sys_lseek(CALL(state), fd, offset, whence);
}

static void reads_move_one_shared_offset(void **state)
{
    char buf[16];

    files_put("a", "0123456789");
    assert_int_equal(open_as(state, "a", O_RDONLY), 0);
    assert_int_equal(sys_dup(CALL(state), 0), 1);
    assert_int_equal(open_as(state, "a", O_RDONLY), 2);
    assert_int_equal(rd(state, 0, buf, 4), 4);
    assert_string_equal(buf, "0123");
    assert_int_equal(rd(state, 1, buf, 4), 4);
    assert_string_equal(buf, "4567");
    assert_int_equal(rd(state, 2, buf, 4), 4); /* its own */
    assert_string_equal(buf, "0123");
    assert_int_equal(rd(state, 0, buf, 4), 2);
    assert_int_equal(rd(state, 0, buf, 4), 0);
    assert_int_equal(seek(state, 1, 0, SEEK_CUR), 10);
}

static void a_read_costs_one_host_call(void **state)
{
    char buf[16];

    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);
    rd(state, 0, buf, 1); /* the first one asks what it is */
    fake_count_reset();
    rd(state, 0, buf, 1);
    assert_int_equal(fake_host_calls(), 1);
    seek(state, 0, 5, SEEK_SET);
    seek(state, 0, 1, SEEK_CUR);
    assert_int_equal(fake_host_calls(), 1);
    wr(state, 0, "x");
    assert_int_equal(fake_host_calls(), 2);
}

static void positioned_calls_leave_the_offset(void **state)
{
    char buf[16] = {0};

    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);
    assert_int_equal(sys_pread(CALL(state), 0, P(buf), 3, 5), 3);
    assert_string_equal(buf, "567");
    assert_int_equal(sys_pwrite(CALL(state), 0, P("XY"), 2, 8), 2);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 0);
    assert_string_equal(files_get("a"), "01234567XY");
    assert_int_equal(sys_pread(CALL(state), 0, P(buf), 3, -1), -EINVAL);
}

static void vectors_move_it_too(void **state)
{
    char               a[4] = {0}, b[4] = {0};
    const struct iovec in[2] = {{a, 3}, {b, 3}}, out[2] = {{"abc", 3}, {"def", 3}};

    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);
    assert_int_equal(sys_readv(CALL(state), 0, P(in), 2), 6);
    assert_string_equal(a, "012");
    assert_string_equal(b, "345");
    assert_int_equal(sys_writev(CALL(state), 0, P(out), 2), 6);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 12);
    assert_string_equal(files_get("a"), "012345abcdef");
    assert_int_equal(sys_pwritev(CALL(state), 0, P(out), 2, 1), 6);
    assert_int_equal(sys_preadv(CALL(state), 0, P(in), 2, 1), 6);
    assert_string_equal(a, "abc");
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 12);
    assert_int_equal(sys_readv(CALL(state), 0, P(in), 1025), -EINVAL);
}

static void append_writes_at_the_end_and_leaves_the_offset_there(void **state)
{
    char buf[16];

    files_put("a", "0123");
    open_as(state, "a", O_RDWR | O_APPEND);
    assert_int_equal(rd(state, 0, buf, 2), 2);
    files_put("a", "01234567"); /* somebody else made it longer */
    assert_int_equal(wr(state, 0, "ab"), 2);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 10);
    assert_string_equal(files_get("a"), "01234567ab");
    seek(state, 0, 1, SEEK_SET);
    assert_int_equal(rd(state, 0, buf, 2), 2);
    assert_string_equal(buf, "12");
    assert_int_equal(wr(state, 0, "cd"), 2);
    assert_int_equal(rd(state, 0, buf, 2), 0);
    assert_int_equal(seek(state, 0, -1, SEEK_CUR), 11);
    assert_int_equal(rd(state, 0, buf, 2), 1);
    assert_string_equal(buf, "d");
}

static void append_can_be_switched(void **state)
{
    const int64_t g_append = 8;

    files_put("a", "0123");
    open_as(state, "a", O_RDWR);
    assert_int_equal(sys_fcntl(CALL(state), 0, F_SETFL, g_append), 0);
    assert_int_equal(wr(state, 0, "x"), 1);
    assert_int_equal(sys_fcntl(CALL(state), 0, F_SETFL, 0), 0);
    assert_int_equal(wr(state, 0, "y"), 1);
    seek(state, 0, 0, SEEK_SET);
    assert_int_equal(wr(state, 0, "z"), 1);
    assert_string_equal(files_get("a"), "z123xy");
}

static void seek_rules(void **state)
{
    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);

    const struct {
        int64_t offset;
        int     whence;
        int64_t want;
    } steps[] = {
        {3, SEEK_SET, 3},
        {4, SEEK_CUR, 7},
        {-8, SEEK_CUR, -EINVAL},
        {0, SEEK_CUR, 7},
        {-1, SEEK_SET, -EINVAL},
        {-3, SEEK_END, 7},
        {5, SEEK_END, 15},
        {-11, SEEK_END, -EINVAL},
        {INT64_MAX, SEEK_SET, INT64_MAX},
        {1, SEEK_CUR, -EOVERFLOW},
        {INT64_MAX, SEEK_END, -EOVERFLOW},
        {2, SEEK_DATA, 2},
        {2, SEEK_HOLE, 10},
        {11, SEEK_DATA, -ENXIO},
        {0, SEEK_CUR, 10},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        assert_int_equal(seek(state, 0, steps[i].offset, steps[i].whence), steps[i].want);
}

static void pipes_do_not_seek(void **state)
{
    int fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(seek(state, fds[0], 0, SEEK_SET), -ESPIPE);
    assert_int_equal(seek(state, fds[1], 0, SEEK_CUR), -ESPIPE);
    assert_int_equal(wr(state, fds[1], "abc"), 3);

    char buf[8];

    assert_int_equal(rd(state, fds[0], buf, 7), 3);
    assert_string_equal(buf, "abc");
}

static void holes_read_as_zero(void **state)
{
    char buf[8] = {1, 1, 1, 1};

    open_as(state, "a", O_RDWR | O_CREAT);
    seek(state, 0, 1ll << 33, SEEK_SET);
    assert_int_equal(wr(state, 0, "end"), 3);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), (1ll << 33) + 3);
    assert_int_equal(sys_pread(CALL(state), 0, P(buf), 4, 1 << 20), 4);
    assert_memory_equal(buf, "\0\0\0", 4);
}

static void wrong_direction_is_ebadf(void **state)
{
    char buf[4];

    files_put("a", "x");
    open_as(state, "a", O_RDONLY);
    open_as(state, "a", O_WRONLY);
    assert_int_equal(wr(state, 0, "y"), -EBADF);
    assert_int_equal(rd(state, 1, buf, 1), -EBADF);
    assert_int_equal(rd(state, 9, buf, 1), -EBADF);
}

static void bad_memory_is_efault_and_moves_nothing(void **state)
{
    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);
    assert_int_equal(sys_read(CALL(state), 0, GVA(8), 4), -EFAULT);
    assert_int_equal(sys_write(CALL(state), 0, GVA(8), 4), -EFAULT);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 0);
    assert_int_equal(sys_read(CALL(state), 0, GVA(8), 1ull << 63), -EINVAL);
}

/* The bytes before the page that is missing arrive, and count. */
static void reads_up_to_a_missing_page(void **state)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(page + 4096, 4096);
    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR);

    const int64_t r = sys_read(CALL(state), 0, P(page + 4092), 8);

    assert_true(r == 4 || r == -EFAULT); /* the host's file system decides */
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), r > 0 ? r : 0);
    munmap(page, 4096);
}

static void inherited_offset_is_the_hosts(void **state)
{
    char buf[8];

    files_put("a", "0123456789");

    const int host = open("a", O_RDWR);

    assert_int_equal(fdtable_inherit(FDS(state), host, OF_FILE, O_RDWR), 0);
    assert_int_equal(lseek(host, 3, SEEK_SET), 3);
    assert_int_equal(rd(state, host, buf, 2), 2);
    assert_string_equal(buf, "34");
    assert_int_equal(lseek(host, 0, SEEK_CUR), 5);
    assert_int_equal(seek(state, host, 1, SEEK_CUR), 6);
    assert_int_equal(lseek(host, 0, SEEK_CUR), 6);
}

static void interrupted_read_restarts(void **state)
{
    struct files *s = *state;
    int           fds[2];
    char          buf[4];

    sys_pipe2(CALL(state), P(fds), 0);
    fake_interrupt(s->f);
    assert_int_equal(rd(state, fds[0], buf, 1), -ERESTART);
    fake_calm(s->f);
    wr(state, fds[1], "x");
    assert_int_equal(rd(state, fds[0], buf, 1), 1);
}

static void failing_host_calls_unlock(void **state)
{
    char buf[8];

    files_put("a", "0123456789");
    open_as(state, "a", O_RDWR | O_APPEND);
    wr(state, 0, "x");
    fake_fail_host(1, EIO); /* asking where the append ended */
    assert_int_equal(rd(state, 0, buf, 1), -EIO);
    fake_fail_host(2, EIO);
    assert_int_equal(rd(state, 0, buf, 1), -EIO);
    fake_fail_host(1, ENOSPC);
    assert_int_equal(wr(state, 0, "x"), -ENOSPC);
    fake_fail_host(1, EIO);
    assert_int_equal(seek(state, 0, 0, SEEK_END), -EIO);
    assert_int_equal(seek(state, 0, 0, SEEK_CUR), 11);
}

/* ---- threads: no record is lost, doubled or torn --------------------------------------- */

#define THREADS 4
#define RECORDS 2000

struct writer {
    struct fake *f;
    int          fd, id;
};

static void *write_records(void *arg)
{
    struct writer *w = arg;
    char           rec[16];

    for (int i = 0; i < RECORDS; i++) {
        snprintf(rec, sizeof(rec), "%02d:%011d\n", w->id, i);
        if (sys_write(fake_call(w->f), w->fd, P(rec), 15) != 15)
            return "short";
    }
    return NULL;
}

static void write_in_parallel(void **state, uint64_t flags)
{
    struct files *s = *state;
    struct writer w[THREADS];
    pthread_t     t[THREADS];
    const int     fd = open_as(state, "log", O_RDWR | O_CREAT | flags);

    for (int i = 0; i < THREADS; i++) {
        w[i] = (struct writer){fake_thread(s->f), fd, i};
        pthread_create(&t[i], NULL, write_records, &w[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        void *bad;

        pthread_join(t[i], &bad);
        assert_null(bad);
        fake_free(w[i].f);
    }
    assert_int_equal(seek(state, fd, 0, SEEK_CUR), THREADS * RECORDS * 15);
}

static void check_records(void)
{
    int   next[THREADS] = {0}, id, n, lines = 0;
    FILE *f = fopen("log", "r");

    while (fscanf(f, "%d:%d\n", &id, &n) == 2) {
        assert_in_range(id, 0, THREADS - 1);
        assert_int_equal(n, next[id]++);
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, THREADS * RECORDS);
}

static void parallel_writes_keep_their_records(void **state)
{
    write_in_parallel(state, 0);
    check_records();
}

static void parallel_appends_keep_their_records(void **state)
{
    write_in_parallel(state, O_APPEND);
    check_records();
}

static void errors_come_in_freebsds_order(void **state)
{
    struct iovec v = {"x", 1};
    char         buf[4];
    int          fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(seek(state, fds[0], 0, 99), -ESPIPE);
    assert_int_equal(seek(state, 99, 0, 99), -EBADF);
    assert_int_equal(sys_pread(CALL(state), fds[0], P(buf), 1, -1), -ESPIPE);
    assert_int_equal(sys_pread(CALL(state), fds[1], P(buf), 1, 0), -ESPIPE); /* both ends read and write */
    assert_int_equal(sys_pwrite(CALL(state), fds[0], P(buf), 1, -1), -ESPIPE);
    assert_int_equal(sys_pwrite(CALL(state), fds[1], P(buf), 1, -1), -ESPIPE);

    const int fd = open_as(state, "a", O_WRONLY | O_CREAT);

    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 1, -1), -EBADF);
    assert_int_equal(sys_pwrite(CALL(state), fd, P(buf), 1, -1), -EINVAL);
    assert_int_equal(sys_readv(CALL(state), 99, P(&v), 1025), -EINVAL); /* before the descriptor is looked at */
    assert_int_equal(sys_writev(CALL(state), 99, P(&v), 1025), -EINVAL);
    assert_int_equal(sys_preadv(CALL(state), 99, P(&v), 1025, 0), -EINVAL);
    assert_int_equal(sys_pwritev(CALL(state), 99, P(&v), 1025, 0), -EINVAL);
    assert_int_equal(sys_readv(CALL(state), 99, P(&v), 1), -EBADF);
}

static void beyond_the_greatest_offset(void **state)
{
    char      buf[64];
    const int fd = open_as(state, "a", O_RDWR | O_CREAT);

    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 60, INT64_MAX - 9), 0);
    assert_int_equal(sys_pwrite(CALL(state), fd, P(buf), 60, INT64_MAX - 9), -EFBIG);
    assert_int_equal(seek(state, fd, INT64_MAX - 9, SEEK_SET), INT64_MAX - 9);
    assert_int_equal(rd(state, fd, buf, 60), 0);
    assert_int_equal(wr(state, fd, "twelve bytes"), -EFBIG);
    assert_int_equal(seek(state, fd, 0, SEEK_CUR), INT64_MAX - 9);

    const int host = open("b", O_RDWR | O_CREAT, 0600);

    assert_int_equal(fdtable_inherit(FDS(state), host, OF_FILE, O_RDWR), 0); /* the host's offset, FreeBSD's errors */
    assert_int_equal(seek(state, host, 5, SEEK_SET), 5);
    assert_int_equal(seek(state, host, INT64_MAX, SEEK_CUR), -EOVERFLOW);
    assert_int_equal(seek(state, host, -6, SEEK_CUR), -EINVAL);
}

static void nothing_is_read_of_a_directory(void **state)
{
    char         buf[4];
    struct iovec some[2] = {{buf, 0}, {buf, 1}};
    const int    fd = open_as(state, ".", O_RDONLY);

    assert_int_equal(sys_read(CALL(state), fd, P(buf), 0), 0);
    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 0, 0), 0);
    assert_int_equal(sys_readv(CALL(state), fd, P(some), 1), 0);
    assert_int_equal(sys_read(CALL(state), fd, P(buf), 1), -EISDIR);
    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 1, 0), -EISDIR);
    assert_int_equal(sys_readv(CALL(state), fd, P(some), 2), -EISDIR);
    assert_int_equal(seek(state, fd, 0, SEEK_DATA), -ENOTTY);
}

static void direct_is_a_hint(void **state)
{
    struct iovec v = {"vector", 6};
    char         buf[64];
    const int    fd = open_as(state, "a", O_RDWR | O_CREAT | O_DIRECT);

    assert_int_equal(wr(state, fd, "not aligned"), 11);
    assert_int_equal(sys_fcntl(CALL(state), fd, F_GETFL, 0), 0x10002); /* FreeBSD's O_DIRECT | O_RDWR */
    assert_int_equal(sys_fcntl(CALL(state), fd, F_SETFL, 0x10008), 0); /* and O_APPEND */
    assert_int_equal(wr(state, fd, " but there"), 10);
    assert_int_equal(sys_fcntl(CALL(state), fd, F_SETFL, 0x10000), 0);
    assert_int_equal(sys_pwritev(CALL(state), fd, P(&v), 1, 1), 6);
    assert_int_equal(sys_fcntl(CALL(state), fd, F_SETFL, 0x10000), 0);
    memset(buf, 0, sizeof(buf));
    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 60, 0), 21);
    assert_string_equal(buf, "nvectorgned but there");
    assert_int_equal(sys_pread(CALL(state), fd, P(buf), 60, -1), -EINVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(reads_move_one_shared_offset),
        T(a_read_costs_one_host_call),
        T(positioned_calls_leave_the_offset),
        T(vectors_move_it_too),
        T(append_writes_at_the_end_and_leaves_the_offset_there),
        T(append_can_be_switched),
        T(seek_rules),
        T(pipes_do_not_seek),
        T(holes_read_as_zero),
        T(wrong_direction_is_ebadf),
        T(bad_memory_is_efault_and_moves_nothing),
        T(reads_up_to_a_missing_page),
        T(inherited_offset_is_the_hosts),
        T(errors_come_in_freebsds_order),
        T(beyond_the_greatest_offset),
        T(nothing_is_read_of_a_directory),
        T(direct_is_a_hint),
        T(interrupted_read_restarts),
        T(failing_host_calls_unlock),
        T(parallel_writes_keep_their_records),
        T(parallel_appends_keep_their_records),
    };
    return cmocka_run_group_tests_name("syscalls/file_rw", tests, NULL, NULL);
}
