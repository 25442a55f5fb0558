/* syscalls/kinfo.c: what F_KINFO tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/file.h"
#include "syscalls/kinfo.h"
#include "syscalls/pipe.h"
#include "tests/unit/fake_files.h"

/* struct kinfo_file, as far as it is looked at */
struct kinfo_file {
    int32_t  size, type, fd, refs, flags, pad;
    int64_t  offset;
    int32_t  vnode_type, rest[61];
    uint64_t nlink, fsid, rdev, fileid, bytes, gap[2];
    uint16_t status, gap2[15];
    char     path[1024];
};

static struct kinfo_file k;

static int64_t ask(void **state, int fd)
{
    memset(&k, 0x55, sizeof(k));
    k.size = sizeof(k);
    return kinfo_give(CALL(state), fd, P(&k));
}

static void files(void **state)
{
    char        want[128];
    struct stat st;

    assert_int_equal(sizeof(k), 1392);
    files_put("a", "0123456789");
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDWR | O_APPEND | O_NONBLOCK, 0), 0);
    assert_int_equal(sys_lseek(CALL(state), 0, 4, SEEK_SET), 4);
    assert_int_equal(ask(state, 0), 0);
    assert_int_equal(stat("a", &st), 0);
    assert_true(k.size == 1392 && k.type == 1 && k.fd == 0 && k.refs == 1 && k.flags == (1 | 2 | 4 | 0x20));
    assert_true(k.offset == 4 && k.vnode_type == 1 && k.nlink == 1 && k.fileid == st.st_ino && k.bytes == 10);
    assert_int_equal(k.status, 1);
    snprintf(want, sizeof(want), "%s/a", ((struct files *)*state)->dir);
    assert_string_equal(k.path, want);
    assert_int_equal(unlink("a"), 0);
    assert_int_equal(ask(state, 0), 0);
    assert_string_equal(k.path, "");
    assert_int_equal(sys_open(CALL(state), P("."), O_PATH, 0), 1);
    assert_int_equal(ask(state, 1), 0);
    assert_true(k.type == 1 && k.vnode_type == 2 && k.flags == 0);
    assert_string_equal(k.path, ((struct files *)*state)->dir);
}

static void others(void **state)
{
    int fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(ask(state, fds[0]), 0);
    assert_true(k.type == 3 && k.flags == 1 && !k.path[0]);
    assert_int_equal(mkfifo("f", 0600), 0);
    assert_int_equal(sys_open(CALL(state), P("f"), O_RDWR, 0), 2);
    assert_int_equal(ask(state, 2), 0);
    assert_true(k.type == 4 && k.vnode_type == 7 && k.offset == 0 && strstr(k.path, "/f"));
    assert_int_equal(sys_open(CALL(state), P("/dev/null"), O_WRONLY, 0), 3);
    assert_int_equal(ask(state, 3), 0);
    assert_true(k.type == 1 && k.vnode_type == 4 && k.flags == 2);
    assert_string_equal(k.path, "/dev/null");
}

static void refusals(void **state)
{
    assert_int_equal(ask(state, 9), -EBADF);
    k.size = 5;
    assert_int_equal(kinfo_give(CALL(state), 0, P(&k)), -EINVAL);
    assert_int_equal(kinfo_give(CALL(state), 0, GVA(8)), -EFAULT);
    sys_open(CALL(state), P("/dev/null"), O_WRONLY, 0);
    fake_fail_host(1, EIO); /* of what kind it is */
    assert_int_equal(ask(state, 0), -EIO);
    assert_int_equal(sys_lseek(CALL(state), 0, 0, SEEK_SET), 0);
    fake_fail_host(1, EIO); /* its facts */
    assert_int_equal(ask(state, 0), -EIO);
    fake_fail_host(2, EIO); /* the path cannot be found: all the rest is told */
    assert_int_equal(ask(state, 0), 0);
    fake_fail_copy(2, EFAULT);
    assert_int_equal(ask(state, 0), -EFAULT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {T(files), T(others), T(refusals)};

    return cmocka_run_group_tests_name("syscalls/kinfo", tests, NULL, NULL);
}
