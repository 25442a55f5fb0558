/* compat/filecalls.c: what is said of a file before it is said that there is no such thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/bsd_calls.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "tests/unit/fake_files.h"

static uint32_t list[1276] = {254};

static void lists_of_files(void **state)
{
    files_put("a", "");
    assert_int_equal(symlink("none", "link"), 0);
    assert_int_equal(sys_acl_file(CALL(state), P("a")), -EOPNOTSUPP);
    assert_int_equal(sys_acl_file(CALL(state), P("link")), -ENOENT);
    assert_int_equal(sys_acl_link(CALL(state), P("link")), -EOPNOTSUPP);
    assert_int_equal(sys_acl_give_file(CALL(state), P("link"), 2, P(list)), -ENOENT);
    assert_int_equal(sys_acl_give_link(CALL(state), P("link"), 2, P(list)), -EOPNOTSUPP);
    assert_int_equal(sys_acl_give_file(CALL(state), P("a"), 2, GVA(8)), -EFAULT);
    list[0]++;
    assert_int_equal(sys_acl_give_file(CALL(state), P("a"), 2, P(list)), -EINVAL);
    list[0]--;
    fake_fail_host(1, EIO);
    assert_int_equal(sys_acl_give_file(CALL(state), P("a"), 2, P(list)), -EIO);
    fake_fail_copy(2, EFAULT);
    assert_int_equal(sys_acl_give_file(CALL(state), P("a"), 2, P(list)), -EFAULT);
}

static void lists_of_descriptors(void **state)
{
    int fds[2];

    files_put("a", "");
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    assert_int_equal(sys_acl_fd(CALL(state), 0), -EOPNOTSUPP);
    assert_int_equal(sys_acl_fd(CALL(state), 9), -EBADF);
    assert_int_equal(sys_acl_give_fd(CALL(state), 0, 2, P(list)), -EOPNOTSUPP);
    assert_int_equal(sys_acl_give_fd(CALL(state), 9, 2, GVA(8)), -EBADF);
    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(sys_acl_fd(CALL(state), fds[0]), -EINVAL);
}

static void quotas_and_revocation(void **state)
{
    files_put("a", "");
    assert_int_equal(sys_quotactl(CALL(state), P("a")), -EOPNOTSUPP);
    assert_int_equal(sys_quotactl(CALL(state), P("none")), -ENOENT);
    assert_int_equal(sys_revoke(CALL(state), P("a")), -EINVAL);
    assert_int_equal(sys_revoke(CALL(state), P("/dev/null")), -EPERM);
    assert_int_equal(sys_revoke(CALL(state), P("none")), -ENOENT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {T(lists_of_files), T(lists_of_descriptors), T(quotas_and_revocation)};

    return cmocka_run_group_tests_name("compat/filecalls", tests, NULL, NULL);
}
