/* syscalls/fcntl.c: dup, flags, locks.  And syscalls/ioctl.c's file commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/ioctl.h"
#include "syscalls/pipe.h"
#include "tests/unit/fake_files.h"

/* FreeBSD's numbers */
#define G_NONBLOCK 0x4
#define G_APPEND   0x8

struct g_flock {
    int64_t start, len;
    int32_t pid;
    int16_t type, whence;
    int32_t sysid, pad;
};
enum { G_RDLCK = 1, G_UNLCK = 2, G_WRLCK = 3 };

static int64_t op(void **state, int fd, int64_t cmd, int64_t arg) { return sys_fcntl(CALL(state), fd, cmd, arg); }

static void open_a(void **state)
{
    files_put("a", "0123456789");
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDWR, 0), 0);
}

static void dups(void **state)
{
    open_a(state);
    assert_int_equal(sys_dup(CALL(state), 0), 1);
    assert_int_equal(sys_dup(CALL(state), 9), -EBADF);
    assert_int_equal(sys_dup2(CALL(state), 0, 5), 5);
    assert_int_equal(sys_dup2(CALL(state), 5, 5), 5);
    assert_int_equal(sys_dup2(CALL(state), 9, 9), -EBADF);
    assert_int_equal(sys_dup2(CALL(state), 0, -1), -EBADF);
    assert_int_equal(sys_dup2(CALL(state), 0, 1024), -EBADF);
    assert_int_equal(op(state, 0, F_DUPFD, 3), 3);
    assert_int_equal(op(state, 0, F_DUPFD, 5), 6);
    assert_int_equal(op(state, 0, F_DUPFD, -1), -EINVAL);
    assert_int_equal(op(state, 9, F_DUPFD, -1), -EINVAL); /* the wish is looked at first */
    assert_int_equal(op(state, 9, F_DUPFD, 3), -EBADF);
    assert_int_equal(op(state, -1, F_DUPFD, -1), -EBADF);
    assert_int_equal(op(state, 0, F_DUPFD, 1024), -EINVAL);
    assert_int_equal(op(state, 0, F_DUPFD_CLOEXEC, 20), 20);
    assert_int_equal(fd_get_cloexec(CALL(state), 20), 1);
    assert_int_equal(op(state, 0, D_F_DUP2FD, 20), 20);
    assert_int_equal(fd_get_cloexec(CALL(state), 20), 0);
    assert_int_equal(op(state, 0, D_F_DUP2FD_CLOEXEC, 20), 20);
    assert_int_equal(fd_get_cloexec(CALL(state), 20), 1);
    assert_int_equal(op(state, 0, D_F_DUP2FD_CLOEXEC, 0), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 0), 1);
}

static void slot_flags_belong_to_the_slot(void **state)
{
    open_a(state);
    sys_dup(CALL(state), 0);
    assert_int_equal(op(state, 0, F_SETFD, 1), 0);
    assert_int_equal(op(state, 0, F_GETFD, 0), 1);
    assert_int_equal(op(state, 1, F_GETFD, 0), 0);
    assert_int_equal(op(state, 1, F_SETFD, 4), 0);
    assert_int_equal(op(state, 1, F_GETFD, 0), 4);
    assert_int_equal(op(state, 9, F_GETFD, 0), -EBADF);
}

static void status_flags_belong_to_the_file(void **state)
{
    struct fdref ref;

    open_a(state);
    sys_dup(CALL(state), 0);
    assert_int_equal(op(state, 0, F_GETFL, 0), 2);
    assert_int_equal(op(state, 0, F_SETFL, G_NONBLOCK | G_APPEND | 1), 0); /* the access mode is not changed */
    assert_int_equal(op(state, 1, F_GETFL, 0), G_NONBLOCK | G_APPEND | 2);
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(fcntl(ref.hostfd, F_GETFL) & (O_NONBLOCK | O_APPEND), O_NONBLOCK | O_APPEND);
    fd_put(CALL(state), &ref);
    fake_fail_host(1, EPERM);
    assert_int_equal(op(state, 0, F_SETFL, 0), -EPERM);
    assert_int_equal(op(state, 0, F_GETFL, 0), G_NONBLOCK | G_APPEND | 2);
}

static void exec_only_is_told(void **state)
{
    assert_int_equal(sys_open(CALL(state), P("."), D_O_EXEC, 0), 0);
    assert_int_equal(op(state, 0, F_GETFL, 0), 0x40000);
}

/* What another process would be told of a lock on the byte at. */
static int lock_seen(int64_t at)
{
    int   status;
    pid_t pid = fork();

    if (!pid) {
        struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
        int          fd = open("a", O_RDWR);

        _exit(fcntl(fd, F_GETLK, &fl) ? 99 : fl.l_type);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void record_locks_count_from_our_offset(void **state)
{
    struct g_flock fl = {.start = 1, .len = 2, .type = G_WRLCK, .whence = SEEK_CUR};

    open_a(state);
    assert_int_equal(sys_lseek(CALL(state), 0, 4, SEEK_SET), 4);
    assert_int_equal(op(state, 0, F_SETLK, (int64_t)(uintptr_t)&fl), 0);
    assert_int_equal(lock_seen(4), F_UNLCK);
    assert_int_equal(lock_seen(5), F_WRLCK);
    assert_int_equal(lock_seen(6), F_WRLCK);
    assert_int_equal(lock_seen(7), F_UNLCK);
    fl.type = G_UNLCK;
    assert_int_equal(op(state, 0, F_SETLKW, (int64_t)(uintptr_t)&fl), 0);
    assert_int_equal(lock_seen(5), F_UNLCK);
}

static void closing_a_duplicate_drops_record_locks(void **state)
{
    struct g_flock fl = {.type = G_WRLCK};

    open_a(state);
    sys_dup(CALL(state), 0);
    assert_int_equal(op(state, 0, F_SETLK, (int64_t)(uintptr_t)&fl), 0);
    assert_int_equal(lock_seen(0), F_WRLCK);
    sys_close(CALL(state), 1);
    assert_int_equal(lock_seen(0), F_UNLCK);
}

static void the_holder_is_named(void **state)
{
    int            p[2];
    struct g_flock fl = {.type = G_WRLCK};

    open_a(state);
    assert_int_equal(pipe(p), 0);

    pid_t pid = fork();

    if (!pid) {
        struct flock mine = {.l_type = F_WRLCK};
        int          fd = open("a", O_RDWR);

        fcntl(fd, F_SETLK, &mine);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* when the test fails before it can kill us */
        write(p[1], "x", 1);
        pause();
    }

    char x;

    assert_int_equal(read(p[0], &x, 1), 1);
    assert_int_equal(op(state, 0, F_GETLK, (int64_t)(uintptr_t)&fl), 0);
    assert_int_equal(fl.type, G_WRLCK);
    assert_int_equal(fl.pid, pid);
    assert_int_equal(fl.sysid, 0);
    fl = (struct g_flock){.type = G_WRLCK};
    assert_int_equal(op(state, 0, F_SETLK, (int64_t)(uintptr_t)&fl), -EAGAIN);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(p[0]);
    close(p[1]);
}

static void lock_errors(void **state)
{
    struct g_flock fl = {.type = 77};

    open_a(state);
    assert_int_equal(op(state, 0, F_SETLK, 8), -EFAULT);
    assert_int_equal(op(state, 0, F_SETLK, (int64_t)(uintptr_t)&fl), -EINVAL);
    assert_int_equal(op(state, 9, F_SETLK, (int64_t)(uintptr_t)&fl), -EBADF);
    assert_int_equal(op(state, 0, D_F_SETLK_REMOTE, (int64_t)(uintptr_t)&fl), -EPERM);
    assert_int_equal(op(state, 0, 12345, 0), -EINVAL);
}

static void flag_ioctls(void **state)
{
    int on = 1, off = 0;

    open_a(state);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIOCLEX, GVA(0)), 0);
    assert_int_equal(op(state, 0, F_GETFD, 0), 1);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIONCLEX, GVA(0)), 0);
    assert_int_equal(op(state, 0, F_GETFD, 0), 0);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIONBIO, P(&on)), 0);
    assert_int_equal(op(state, 0, F_GETFL, 0), G_NONBLOCK | 2);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIONBIO, P(&off)), 0);
    assert_int_equal(op(state, 0, F_GETFL, 0), 2);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIONBIO, GVA(8)), -EFAULT);
    assert_int_equal(sys_ioctl(CALL(state), 0, -1, GVA(0)), -ENOTTY);
    assert_int_equal(sys_ioctl(CALL(state), 0, TIOCGWINSZ, P(&on)), -ENOTTY);
    assert_int_equal(sys_ioctl(CALL(state), 9, FIOCLEX, GVA(0)), -EBADF);
}

static void bytes_to_read(void **state)
{
    int n = -1, fds[2];

    open_a(state);
    sys_lseek(CALL(state), 0, 3, SEEK_SET);
    assert_int_equal(sys_ioctl(CALL(state), 0, FIONREAD, P(&n)), 0);
    assert_int_equal(n, 7);
    sys_pipe2(CALL(state), P(fds), 0);
    sys_write(CALL(state), fds[1], P("abc"), 3);
    assert_int_equal(sys_ioctl(CALL(state), fds[0], FIONREAD, P(&n)), 0);
    assert_int_equal(n, 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(dups),
        T(slot_flags_belong_to_the_slot),
        T(status_flags_belong_to_the_file),
        T(exec_only_is_told),
        T(record_locks_count_from_our_offset),
        T(closing_a_duplicate_drops_record_locks),
        T(the_holder_is_named),
        T(lock_errors),
        T(flag_ioctls),
        T(bytes_to_read),
    };
    return cmocka_run_group_tests_name("syscalls/fcntl", tests, NULL, NULL);
}
