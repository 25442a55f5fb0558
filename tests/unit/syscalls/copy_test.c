/* syscalls/copy.c, syscalls/space.c: data and space moved inside the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "syscalls/copy.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "tests/unit/fake_files.h"

static void open_two(void **state)
{
    files_put("a", "0123456789");
    files_put("b", "");
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDWR, 0), 0);
    assert_int_equal(sys_open(CALL(state), P("b"), O_RDWR, 0), 1);
    for (int fd = 0; fd < 2; fd++) /* and known to be files, so that nothing is asked in between */
        assert_int_equal(sys_lseek(CALL(state), fd, 0, SEEK_SET), 0);
}

static int64_t at(void **state, int fd) { return sys_lseek(CALL(state), fd, 0, SEEK_CUR); }

static void ranges_move_our_offsets(void **state)
{
    open_two(state);
    sys_lseek(CALL(state), 0, 2, SEEK_SET);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 4, 0), 4);
    assert_int_equal(at(state, 0), 6);
    assert_int_equal(at(state, 1), 4);
    assert_string_equal(files_get("b"), "2345");
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), ~0ull, 0), 4);
    assert_string_equal(files_get("b"), "23456789");
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 4, 0), 0);
}

static void ranges_with_their_own_offsets(void **state)
{
    int64_t in = 1, out = 3;

    open_two(state);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, P(&in), 1, P(&out), 4, 0), 4);
    assert_int_equal(in, 5);
    assert_int_equal(out, 7);
    assert_int_equal(at(state, 0), 0);
    assert_int_equal(at(state, 1), 0);
    in = 0;
    assert_int_equal(sys_copy_file_range(CALL(state), 0, P(&in), 0, GVA(0), 2, 0), -EINVAL); /* overlap */
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(8), 1, GVA(0), 2, 0), -EFAULT);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 9, GVA(0), 2, 0), -EBADF);
    assert_int_equal(sys_copy_file_range(CALL(state), 9, GVA(0), 1, GVA(0), 2, 0), -EBADF);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 2, 1), -EINVAL);
}

static void range_failures_unlock(void **state)
{
    open_two(state);
    fake_fail_host(1, EIO);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 2, 0), -EIO);
    for (unsigned n = 1; n <= 2; n++) {
        fake_fail_scratch(n);
        assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 2, 0), -ENOMEM);
    }
    assert_int_equal(sys_copy_file_range(CALL(state), 0, GVA(0), 1, GVA(0), 2, 0), 2);
}

static void ranges_between_file_systems(void **state)
{
    int64_t in = 1;

    open_two(state);
    fake_fail_host(1, EXDEV);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, P(&in), 1, GVA(0), 100, 0), 9);
    assert_string_equal(files_get("b"), "123456789");
    assert_int_equal(in, 10);
    assert_int_equal(at(state, 1), 9);
    fake_fail_host(1, EXDEV);
    assert_int_equal(sys_copy_file_range(CALL(state), 0, P(&in), 1, GVA(0), 100, 0), 0);
    fake_fail_host(1, EXDEV);
    fake_fail_scratch(3);
    in = 0;
    assert_int_equal(sys_copy_file_range(CALL(state), 0, P(&in), 1, GVA(0), 100, 0), -ENOMEM);
    assert_int_equal(at(state, 1), 9);
}

/* struct sf_hdtr */
struct hdtr {
    const struct iovec *headers;
    int                 hdr_cnt;
    const struct iovec *trailers;
    int                 trl_cnt;
};

static int socket_fd(void **state, int *other)
{
    int s[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    *other = s[1];

    const struct fd_new n = {.hostfd = s[0], .kind = OF_SOCKET, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

static void sendfile_with_headers(void **state)
{
    const struct iovec h[2] = {{"<", 1}, {"head>", 5}}, t[1] = {{"<tail>", 6}};
    const struct hdtr  hd = {h, 2, t, 1};
    char               buf[64] = {0};
    int64_t            sent = -1;
    int                other;

    open_two(state);

    const int s = socket_fd(state, &other);

    assert_int_equal(sys_sendfile(CALL(state), 0, s, 3, 0, P(&hd), P(&sent), 0), 0);
    assert_int_equal(sent, 6 + 7 + 6);
    assert_int_equal(read(other, buf, sizeof(buf)), sent);
    assert_string_equal(buf, "<head>3456789<tail>");
    assert_int_equal(at(state, 0), 0);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 2, 3, GVA(0), P(&sent), 0), 0);
    assert_int_equal(sent, 3);
    assert_int_equal(sys_sendfile(CALL(state), 0, 1, 0, 0, GVA(0), GVA(0), 0), -ENOTSOCK);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, -1, 0, GVA(0), GVA(0), 0), -EINVAL);
    assert_int_equal(sys_sendfile(CALL(state), 9, s, 0, 0, GVA(0), GVA(0), 0), -EBADF);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 0, 0, GVA(8), GVA(0), 0), -EFAULT);
    close(other);
}

/* SF_NODISKIO: what would have to be fetched is EBUSY; a file system that cannot tell is asked nothing. */
static void sendfile_without_the_disk(void **state)
{
    int64_t sent = -1;
    int     other;

    open_two(state);

    const int s = socket_fd(state, &other);

    assert_int_equal(sys_sendfile(CALL(state), 0, s, 3, 0, GVA(0), P(&sent), 1), 0);
    assert_int_equal(sent, 7);
    fake_fail_host(1, EAGAIN);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 0, 0, GVA(0), P(&sent), 1), -EBUSY);
    assert_int_equal(sent, 0);
    fake_fail_host(1, EOPNOTSUPP);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 0, 4, GVA(0), P(&sent), 1), 0);
    assert_int_equal(sent, 4);
    fake_fail_scratch(2);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 0, 4, GVA(0), P(&sent), 1), -ENOMEM);
    close(other);
}

/* 4.x's nbytes counts the headers. */
static void sendfile_of_old(void **state)
{
    const struct iovec h[1] = {{"head", 4}};
    const struct hdtr  hd = {h, 1, NULL, 0};
    int64_t            sent = -1;
    int                other;

    open_two(state);

    const int s = socket_fd(state, &other);

    assert_int_equal(sys_freebsd4_sendfile(CALL(state), 0, s, 0, 7, P(&hd), P(&sent), 0), 0);
    assert_int_equal(sent, 4 + 3);
    assert_int_equal(sys_freebsd4_sendfile(CALL(state), 0, s, 0, 5, GVA(0), P(&sent), 0), 0);
    assert_int_equal(sent, 5);
    assert_int_equal(sys_freebsd4_sendfile(CALL(state), 0, s, 0, 5, GVA(8), P(&sent), 0), -EFAULT);
    close(other);
}

/* What went out is told with the error. */
static void full_socket_says_how_much(void **state)
{
    int64_t sent = -1;
    int     other, one = 1;

    open_two(state);
    assert_int_equal(truncate("a", 8 << 20), 0);

    const int    s = socket_fd(state, &other);
    struct fdref ref;

    fd_get(CALL(state), s, &ref);
    fcntl(ref.hostfd, F_SETFL, O_NONBLOCK);
    fd_put(CALL(state), &ref);
    assert_int_equal(sys_sendfile(CALL(state), 0, s, 0, 0, GVA(0), P(&sent), one), -EAGAIN);
    assert_in_range(sent, 1, (8 << 20) - 1);
    close(other);
}

static off_t size_of(const char *name)
{
    struct stat st;

    return stat(name, &st) ? -1 : st.st_size;
}

/* These two return the error as their value. */
static void space(void **state)
{
    int fds[2];

    open_two(state);
    assert_int_equal(sys_posix_fallocate(CALL(state), 1, 0, 5000), 0);
    assert_int_equal(size_of("b"), 5000);
    assert_int_equal(sys_posix_fallocate(CALL(state), 1, -1, 5), 22);
    assert_int_equal(sys_posix_fallocate(CALL(state), 1, 0, 0), 22);
    assert_int_equal(sys_posix_fallocate(CALL(state), 9, 0, 5), 9);
    sys_pipe2(CALL(state), P(fds), 0);
    assert_int_equal(sys_posix_fallocate(CALL(state), fds[1], 0, 5), 29);
    assert_int_equal(sys_posix_fadvise(CALL(state), 0, 0, 0, POSIX_FADV_WILLNEED), 0);
    assert_int_equal(sys_posix_fadvise(CALL(state), 9, 0, 0, 0), 9);
}

static void holes(void **state)
{
    int64_t range[2] = {4096, 4096}, rest[2] = {-1, -1};
    char    buf[4] = {1, 1, 1, 1};

    open_two(state);
    for (int i = 0; i < 3000; i++)
        sys_write(CALL(state), 1, P("xxxx"), 4);
    assert_int_equal(sys_fspacectl(CALL(state), 1, 1, P(range), 0, P(rest)), 0);
    assert_int_equal(rest[0], 8192);
    assert_int_equal(rest[1], 0);
    assert_int_equal(sys_pread(CALL(state), 1, P(buf), 4, 5000), 4);
    assert_memory_equal(buf, "\0\0\0", 4);
    assert_int_equal(size_of("b"), 12000);
    assert_int_equal(sys_fspacectl(CALL(state), 1, 2, P(range), 0, P(rest)), -EINVAL);
    range[1] = 0;
    assert_int_equal(sys_fspacectl(CALL(state), 1, 1, P(range), 0, P(rest)), -EINVAL);
    assert_int_equal(sys_fspacectl(CALL(state), 1, 1, GVA(8), 0, P(rest)), -EFAULT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(ranges_move_our_offsets),
        T(ranges_with_their_own_offsets),
        T(ranges_between_file_systems),
        T(range_failures_unlock),
        T(sendfile_without_the_disk),
        T(sendfile_of_old),
        T(sendfile_with_headers),
        T(full_socket_says_how_much),
        T(space),
        T(holes),
    };
    return cmocka_run_group_tests_name("syscalls/copy", tests, NULL, NULL);
}
