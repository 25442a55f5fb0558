/* syscalls/attr.c, syscalls/stat.c, syscalls/pathconf.c: attributes of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/file.h"
#include "syscalls/name.h"
#include "syscalls/pathconf.h"
#include "syscalls/pipe.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"
#include "tests/unit/fake_files.h"

static unsigned mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & 07777;
}

static void modes(void **state)
{
    files_put("a", "");
    assert_int_equal(symlink("a", "s"), 0);
    assert_int_equal(sys_chmod(CALL(state), P("s"), 0600), 0);
    assert_int_equal(mode_of("a"), 0600);
    assert_int_equal(sys_fchmodat(CALL(state), AT_CWD, P("a"), 0640, 0), 0);
    assert_int_equal(sys_lchmod(CALL(state), P("a"), 0604), 0);
    assert_int_equal(mode_of("a"), 0604);
    assert_int_equal(sys_lchmod(CALL(state), P("s"), 0600), -EOPNOTSUPP);
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDONLY, 0), 0);
    assert_int_equal(sys_fchmod(CALL(state), 0, 0444), 0);
    assert_int_equal(mode_of("a"), 0444);
    assert_int_equal(sys_fchmodat(CALL(state), 0, P(""), 0400, AT_EMPTY_PATH), 0);
    assert_int_equal(mode_of("a"), 0400);
    assert_int_equal(sys_fchmod(CALL(state), 7, 0444), -EBADF);
    assert_int_equal(sys_chmod(CALL(state), P("none"), 0), -ENOENT);
}

static void owners(void **state)
{
    files_put("a", "");
    assert_int_equal(sys_chown(CALL(state), P("a"), -1, -1), 0);
    assert_int_equal(sys_lchown(CALL(state), P("a"), (int)getuid(), -1), 0);
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    assert_int_equal(sys_fchown(CALL(state), 0, -1, (int)getgid()), 0);
    assert_int_equal(sys_fchownat(CALL(state), AT_CWD, P("none"), 0, 0, 0), -ENOENT);
}

static void times(void **state)
{
    const struct timespec ts[2] = {{1000, 5}, {2000, 7}}, omit[2] = {{0, -2}, {3000, 9}};
    const struct timespec bad[2] = {{0, 1000000000}, {0, 0}}, now[2] = {{0, -1}, {0, -2}};
    const struct timeval  tv[2] = {{11, 12}, {13, 14}}, bad_tv[2] = {{0, 1000000}, {0, 0}};
    struct kstat          st;

    files_put("a", "");
    assert_int_equal(symlink("a", "s"), 0);
    assert_int_equal(sys_utimensat(CALL(state), AT_CWD, P("s"), ts, 0), 0);
    assert_int_equal(sys_stat(CALL(state), P("a"), &st), 0);
    assert_int_equal(st.atime, 1000);
    assert_int_equal(st.atime_ns, 5);
    assert_int_equal(st.mtime_ns, 7);
    sys_open(CALL(state), P("a"), O_RDWR, 0);
    assert_int_equal(sys_futimens(CALL(state), 0, omit), 0);
    assert_int_equal(sys_fstat(CALL(state), 0, &st), 0);
    assert_int_equal(st.atime, 1000);
    assert_int_equal(st.mtime, 3000);
    assert_int_equal(sys_futimens(CALL(state), 0, now), 0);
    assert_int_equal(sys_fstat(CALL(state), 0, &st), 0);
    assert_true(st.atime > 1000000);
    assert_int_equal(st.mtime, 3000);
    assert_int_equal(sys_utimensat(CALL(state), AT_CWD, P("a"), bad, 0), -EINVAL);
    assert_int_equal(sys_utimes(CALL(state), P("a"), tv), 0);
    assert_int_equal(sys_stat(CALL(state), P("a"), &st), 0);
    assert_int_equal(st.atime_ns, 12000);
    assert_int_equal(sys_utimes(CALL(state), P("a"), bad_tv), -EINVAL);
    assert_int_equal(sys_futimes(CALL(state), 0, tv), 0);
    assert_int_equal(sys_lutimes(CALL(state), P("s"), tv), 0);
    assert_int_equal(sys_lstat(CALL(state), P("s"), &st), 0);
    assert_int_equal(st.mtime, 13);
    assert_int_equal(sys_utimes(CALL(state), P("a"), NULL), 0);
    assert_int_equal(sys_stat(CALL(state), P("a"), &st), 0);
    assert_true(st.mtime > 1000000);
}

static void lengths(void **state)
{
    files_put("a", "0123456789");
    assert_int_equal(sys_truncate(CALL(state), P("a"), 4), 0);
    assert_string_equal(files_get("a"), "0123");
    assert_int_equal(sys_truncate(CALL(state), P("a"), -1), -EINVAL);
    assert_int_equal(sys_truncate(CALL(state), P("."), 0), -EISDIR);
    sys_open(CALL(state), P("a"), O_RDWR, 0);
    assert_int_equal(sys_ftruncate(CALL(state), 0, 2), 0);
    assert_string_equal(files_get("a"), "01");
}

static void permission(void **state)
{
    files_put("a", "");
    chmod("a", 0644);
    assert_int_equal(sys_access(CALL(state), P("a"), F_OK), 0);
    assert_int_equal(sys_access(CALL(state), P("a"), R_OK | W_OK), 0);
    assert_int_equal(sys_access(CALL(state), P("a"), X_OK), -EACCES);
    assert_int_equal(sys_eaccess(CALL(state), P("a"), X_OK), -EACCES);
    assert_int_equal(sys_faccessat(CALL(state), AT_CWD, P("none"), F_OK, AT_EACCESS), -ENOENT);
}

static void status(void **state)
{
    struct kstat st;
    struct stat  host;

    files_put("a", "0123");
    assert_int_equal(symlink("a", "s"), 0);
    assert_int_equal(stat("a", &host), 0);
    assert_int_equal(sys_stat(CALL(state), P("s"), &st), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(st.dev, host.st_dev);
    assert_int_equal(st.mode, host.st_mode);
    assert_int_equal(st.size, 4);
    assert_int_equal(st.nlink, 1);
    assert_int_equal(st.mtime, host.st_mtim.tv_sec);
    assert_int_equal(st.mtime_ns, host.st_mtim.tv_nsec);
    assert_int_equal(sys_lstat(CALL(state), P("s"), &st), 0);
    assert_true(S_ISLNK(st.mode));
    assert_int_equal(sys_stat(CALL(state), P("/dev/null"), &st), 0);
    assert_int_equal(st.rdev, 0x103);
    assert_int_equal(sys_fstatat(CALL(state), AT_CWD, P(""), &st, 0), -ENOENT);
    assert_int_equal(sys_fstatat(CALL(state), AT_CWD, P(""), &st, AT_EMPTY_PATH), 0);
    assert_true(S_ISDIR(st.mode));
    assert_int_equal(sys_open(CALL(state), P("s"), O_RDONLY, 0), 0);
    assert_int_equal(sys_fstatat(CALL(state), 0, P(""), &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(sys_stat(CALL(state), P("/dev/fd/0"), &st), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(sys_fstat(CALL(state), 5, &st), -EBADF);
    assert_int_equal(sys_stat(CALL(state), P("a"), NULL), -EFAULT);
    assert_int_equal(sys_stat(CALL(state), GVA(8), &st), -EFAULT);
}

static void file_flags(void **state)
{
    files_put("a", "");
    assert_int_equal(sys_chflags(CALL(state), P("a"), 0), 0);
    assert_int_equal(sys_chflags(CALL(state), P("a"), 2), -EOPNOTSUPP);
    assert_int_equal(sys_lchflags(CALL(state), P("none"), 0), -ENOENT);
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    assert_int_equal(sys_fchflags(CALL(state), 0, 0), 0);
    assert_int_equal(sys_fchflags(CALL(state), 0, 2), -EOPNOTSUPP);
    assert_int_equal(sys_fchflags(CALL(state), 1, 0), -EBADF);
    assert_int_equal(sys_open(CALL(state), P("a"), O_PATH, 0), 1);
    assert_int_equal(sys_fchflags(CALL(state), 1, 0), -EBADF);
    assert_int_equal(mkfifo("f", 0600), 0);
    assert_int_equal(sys_chflags(CALL(state), P("f"), 1), -EOPNOTSUPP); /* and is not opened */
}

/* Where the host's file system has flags: nodump comes and goes, others stay. */
static void nodump(void **state)
{
    struct kstat st;

    files_put("a", "");
    if (sys_chflags(CALL(state), P("a"), 1))
        skip();
    assert_int_equal(sys_stat(CALL(state), P("a"), &st), 0);
    assert_int_equal(st.flags, 1);
    assert_int_equal(sys_chflags(CALL(state), P("a"), 1 | 2), -EOPNOTSUPP);
    for (unsigned n = 1; n <= 5; n++) { /* statx, open, the two ioctls, and the descriptor is closed all the same */
        fake_fail_host(n, EIO);
        assert_int_equal(sys_chflags(CALL(state), P("a"), 0), n < 5 ? -EIO : 0);
    }
    fake_fail_host(0, 0);
    assert_int_equal(sys_stat(CALL(state), P("a"), &st), 0);
    assert_int_equal(st.flags, 0);
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    assert_int_equal(sys_fchflags(CALL(state), 0, 1), 0);
    assert_int_equal(sys_fchflags(CALL(state), 0, 0), 0);
}

/* A host without the newer call: the same by the descriptor's name. */
static void chmod_of_an_older_host(void **state)
{
    struct stat st;

    files_put("a", "");
    assert_int_equal(symlink("a", "s"), 0);
    fake_fail_host(1, ENOSYS);
    assert_int_equal(sys_fchmodat(CALL(state), AT_CWD, P("a"), 0751, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0751);
    fake_fail_host(1, ENOSYS);
    assert_int_equal(sys_lchmod(CALL(state), P("s"), 0600), -EOPNOTSUPP);
    fake_fail_host(1, ENOSYS);
    fake_fail_scratch(2);
    assert_int_equal(sys_lchmod(CALL(state), P("a"), 0600), -ENOMEM);
}

static void what_lies_in_no_file_system(void **state)
{
    const struct timespec ts[2] = {{1, 0}, {1, 0}};
    int                   fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(sys_fchmod(CALL(state), 0, 0600), -EINVAL);
    assert_int_equal(sys_fchown(CALL(state), 0, -1, -1), -EINVAL);
    assert_int_equal(sys_futimens(CALL(state), 0, ts), -EINVAL);
    assert_int_equal(sys_fchdir(CALL(state), 0), -EINVAL);
    assert_int_equal(sys_fsync(CALL(state), 0), -EINVAL);
    assert_int_equal(sys_fdatasync(CALL(state), 9), -EBADF);
    assert_int_equal(sys_fpathconf(CALL(state), 0, 6), 512);
    assert_int_equal(sys_fpathconf(CALL(state), 0, 4), -EINVAL);
    fake_fail_host(1, EIO);
    assert_int_equal(sys_fchmod(CALL(state), 0, 0600), -EIO);
    fake_fail_scratch(1);
    assert_int_equal(sys_fchmod(CALL(state), 0, 0600), -ENOMEM);
    assert_int_equal(mkfifo("f", 0600), 0);
    assert_int_equal(sys_open(CALL(state), P("f"), O_RDWR, 0), 2);
    assert_int_equal(sys_fchmod(CALL(state), 2, 0640), 0);
    assert_int_equal(sys_fsync(CALL(state), 2), 0);
    assert_int_equal(sys_open(CALL(state), P("/dev/null"), O_RDWR, 0), 3);
    assert_int_equal(sys_fsync(CALL(state), 3), 0);
}

static void limits(void **state)
{
    files_put("a", "");
    assert_int_equal(sys_pathconf(CALL(state), P("a"), 4), 255);
    assert_int_equal(sys_pathconf(CALL(state), P("a"), 5), 1024);
    assert_int_equal(sys_pathconf(CALL(state), P("a"), 6), -EINVAL); /* PIPE_BUF of a file */
    assert_int_equal(sys_pathconf(CALL(state), P("a"), 9999), -EINVAL);
    assert_int_equal(sys_lpathconf(CALL(state), P("none"), 4), -ENOENT);
    assert_int_equal(sys_fpathconf(CALL(state), 3, 4), -EBADF);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(modes),
        T(owners),
        T(times),
        T(lengths),
        T(permission),
        T(status),
        T(nodump),
        T(chmod_of_an_older_host),
        T(what_lies_in_no_file_system),
        T(file_flags),
        T(limits),
    };
    return cmocka_run_group_tests_name("syscalls/attr", tests, NULL, NULL);
}
