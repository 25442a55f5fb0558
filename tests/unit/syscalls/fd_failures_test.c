/*
 * syscalls/fd.c, fdtable.c, ofile.c: each function whose host call, scratch or allocation fails, or whose thread is
 * dead.  The fixture counts host descriptors and open files that are lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "syscalls/file.h"
#include "syscalls/ofile_pool.h"
#include "tests/unit/fake_files.h"

static int open_null(void **state) { return (int)sys_open(CALL(state), P("/dev/null"), O_RDWR, 0); }

static int host_of(void **state, int fd) { return (int)(FDS(state)->slots[fd] & SLOT_ENTRY) - 1; }

static bool is_open(int hostfd) { return fcntl(hostfd, F_GETFD) != -1; }

/* The pool has no more to give; how it was. */
static struct ofile_pool pool_empty(void)
{
    const struct ofile_pool was = *ofile_pool();

    ofile_pool()->free = 0;
    ofile_pool()->fresh = OFILES_MAX - OFILE_FIRST;
    return was;
}

static void no_open_file_left(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDONLY), .kind = OF_CHAR};
    int                 p[2];

    assert_int_equal(pipe(p), 0);

    const struct ofile_pool was = pool_empty();
    const int               r = fd_install(CALL(state), &n, 0), in = fdtable_inherit(FDS(state), p[0], OF_PIPE, 0);
    struct ofile           *none = ofile_new();

    *ofile_pool() = was;
    assert_int_equal(r, -ENFILE);
    assert_false(is_open(n.hostfd)); /* it was taken over */
    assert_int_equal(in, -ENFILE);
    assert_true(is_open(p[0])); /* it was not */
    assert_null(none);
    assert_int_equal(FDS(state)->high, 0);
    close(p[0]);
    close(p[1]);
}

/* Both ends of a pipe or none, whichever of them finds no room. */
static void no_number_left(void **state)
{
    struct files *s = *state;
    struct fd_new n = {.kind = OF_CHAR};

    s->f->own.nofile = 0;
    n.hostfd = open("/dev/null", O_RDONLY);
    assert_int_equal(fd_install(CALL(state), &n, 0), -EMFILE);
    assert_false(is_open(n.hostfd));
    s->f->own.nofile = 1;
    assert_int_equal(open_null(state), 0);
    assert_int_equal(fd_dup(CALL(state), 0, 0, 0), -EMFILE);
    assert_int_equal(fd_dup(CALL(state), 0, 1, 0), -EINVAL);
    assert_int_equal(fd_dup_to(CALL(state), 0, 1, 0), -EBADF);
    assert_int_equal(FDS(state)->entries[host_of(state, 0)].refs, 1); /* nothing was counted on the way */
}

/* The host's descriptor is gone whatever close says, and so is ours. */
static void close_fails(void **state)
{
    const int fd = open_null(state), host = host_of(state, fd);

    fake_fail_host(1, EIO);
    assert_int_equal(fd_close(CALL(state), fd), 0);
    assert_false(is_open(host));
    assert_int_equal(FDS(state)->slots[fd], 0);
    assert_int_equal(open_null(state), fd); /* the number can be had again */
}

static void close_fails_under_a_duplicate(void **state)
{
    const int a = open_null(state), b = open_null(state), host = host_of(state, b);

    fake_fail_host(1, EIO);
    assert_int_equal(fd_dup_to(CALL(state), a, b, 0), b);
    assert_false(is_open(host));
    assert_int_equal(host_of(state, a), host_of(state, b));
    assert_int_equal(FDS(state)->entries[host_of(state, a)].refs, 2);
}

static void close_fails_in_a_range(void **state)
{
    for (unsigned n = 1; n <= 5; n++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(open_null(state), i);
        fake_fail_host(n, EIO);
        assert_int_equal(fd_close_range(CALL(state), 0, ~0u, 0), 0);
        fake_fail_host(0, 0);
        assert_int_equal(fd_last(CALL(state)), -1);
    }
}

static void close_fails_at_exec(void **state)
{
    const int kept = open_null(state), gone = open_null(state), host = host_of(state, gone);

    assert_int_equal(fd_set_flags(CALL(state), gone, FD_SLOT_CLOEXEC, FD_SLOT_CLOEXEC), 0);
    FDS(state)->stale = 0;
    fake_fail_host(1, EIO);
    fdtable_exec(CALL(state), FDS(state));
    assert_int_equal(FDS(state)->slots[gone], 0);
    assert_false(is_open(host));
    assert_true(is_open(host_of(state, kept)));
}

/* What a sweep could not close stays open, which harms nobody; what the table knows is never closed. */
static void sweep_fails(void **state)
{
    const int host = host_of(state, open_null(state));

    for (unsigned n = 1; n <= 4; n++) {
        int         status;
        const pid_t pid = fork(); /* it closes this program's own descriptors, too */

        if (!pid) {
            FDS(state)->stale = 1;
            fake_fail_host(n, EIO);
            fdtable_sweep(CALL(state), FDS(state));
            _exit(is_open(host) && !FDS(state)->stale ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        FDS(state)->stale = 0;
    }
}

/* Record locks: dropping them is tried, and the close goes on without. */
static void unlocking_fails(void **state)
{
    files_put("f", "x");
    for (int what = 0; what < 3; what++) {
        const int    fd = (int)sys_open(CALL(state), P("f"), O_RDWR, 0);
        const int    twin = fd_dup(CALL(state), fd, 0, 0), host = host_of(state, fd);
        struct fdref ref;

        assert_int_equal(fd_get(CALL(state), fd, &ref), 0);
        ref.of->posix_locks = true;
        fd_put(CALL(state), &ref);
        if (what == 1)
            fake_fail_host(1, ENOLCK);
        if (what == 2)
            fake_fail_scratch(1);
        assert_int_equal(fd_close(CALL(state), twin), 0);
        assert_true(is_open(host));
        assert_int_equal(FDS(state)->entries[host].refs, 1);
        assert_int_equal(fd_close(CALL(state), fd), 0);
        assert_false(is_open(host));
    }
}

static void kind_fails(void **state)
{
    const int fd = open_null(state);

    fake_fail_host(1, EIO);
    assert_int_equal(fd_kind(CALL(state), host_of(state, fd)), -EIO);
    fake_fail_scratch(1);
    assert_int_equal(fd_kind(CALL(state), host_of(state, fd)), -ENOMEM);
}

/* The last reference of a call in flight closes; a close that fails then is nobody's. */
static void put_fails(void **state)
{
    const int    fd = open_null(state), host = host_of(state, fd);
    struct fdref ref;

    assert_int_equal(fd_get(CALL(state), fd, &ref), 0);
    assert_int_equal(fd_close(CALL(state), fd), 0);
    assert_true(is_open(host));
    fake_fail_host(1, EIO);
    fd_put(CALL(state), &ref);
    assert_false(is_open(host));
    fd_put(CALL(state), &ref); /* a second time is harmless */
}

/* No table is left for a fork: what the parent has is as it was. */
static void no_table_left(void **state)
{
    const int fd = open_null(state);
    uint64_t  was[FDTABLES_MAX / 64];

    memcpy(was, FDTABLES_USED, sizeof(was));
    memset(FDTABLES_USED, 0xff, sizeof(was));

    struct fdtable *none = fdtable_new(), *copy = fdtable_copy(FDS(state)), *dup = fdtable_dup(FDS(state));

    memcpy(FDTABLES_USED, was, sizeof(was));
    assert_null(none);
    assert_null(copy);
    assert_null(dup);
    assert_int_equal(FDS(state)->entries[host_of(state, fd)].refs, 1);
}

/* A thread that dies while the table's lock is another's gets it never: nothing is changed by what it began. */
static void the_dead_change_nothing(void **state)
{
    struct files       *s = *state;
    const int           fd = open_null(state), other = open_null(state), host = host_of(state, fd);
    struct fake        *dead = fake_thread(s->f);
    struct call        *c = fake_call(dead);
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDONLY), .kind = OF_CHAR};

    assert_int_equal(fdtable_lock(CALL(state), FDS(state)), 0);
    fake_kill(dead);
    assert_int_equal(fd_install(c, &n, 0), -ESRCH);
    assert_int_equal(fd_dup(c, fd, 0, 0), -ESRCH);
    assert_int_equal(fd_dup_to(c, fd, other, 0), -ESRCH);
    assert_int_equal(fd_close(c, fd), -ESRCH);
    assert_int_equal(fd_close_range(c, 0, ~0u, 0), -ESRCH);
    assert_int_equal(fd_close_range(c, 0, ~0u, FD_SLOT_CLOEXEC), -ESRCH);
    assert_int_equal(fd_set_flags(c, fd, FD_SLOT_CLOEXEC, FD_SLOT_CLOEXEC), -ESRCH);
    fdtable_unlock(CALL(state), FDS(state));
    assert_int_equal(host_of(state, fd), host);
    assert_int_equal(fd_get_flags(CALL(state), fd), 0);
    assert_int_equal(FDS(state)->entries[host].refs, 1);
    assert_int_equal(fd_last(CALL(state)), other);
    close(n.hostfd); /* the dead one could not, and its process is gone */
    fake_free(dead);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(no_open_file_left),
        T(no_number_left),
        T(close_fails),
        T(close_fails_under_a_duplicate),
        T(close_fails_in_a_range),
        T(close_fails_at_exec),
        T(sweep_fails),
        T(unlocking_fails),
        T(kind_fails),
        T(put_fails),
        T(no_table_left),
        T(the_dead_change_nothing),
    };
    return cmocka_run_group_tests_name("syscalls/fd failures", tests, NULL, NULL);
}
