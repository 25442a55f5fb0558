/* compat/capability.c: cap_rights_limit and its kin, by their rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_rows.h"

enum { RIGHTS_GET = 515, RIGHTS_LIMIT = 533, IOCTLS_LIMIT, IOCTLS_GET, FCNTLS_LIMIT, FCNTLS_GET };

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

static int64_t limit(void **state, int fd, caprights rights)
{
    uint64_t w[2];

    freebsd_caprights_out(rights, w);
    return ROW(state, RIGHTS_LIMIT, fd, P(w).va);
}

static caprights rights(void **state, int fd)
{
    uint64_t  w[2];
    caprights r = 0;

    assert_int_equal(ROW(state, RIGHTS_GET, 0, fd, P(w).va), 0);
    assert_int_equal(freebsd_caprights_in(w, &r), 0);
    return r;
}

static void rights_only_shrink(void **state)
{
    const int fd = open_null(state);

    assert_true(rights(state, fd) == D_CAP_ALL);
    assert_int_equal(limit(state, fd, D_CAP_ALL), 0);
    assert_false(FDS(state)->slots[fd] & SLOT_LIMITED); /* it costs nothing still */
    assert_int_equal(limit(state, fd, D_CAP_READ | D_CAP_EVENT), 0);
    assert_true(rights(state, fd) == (D_CAP_READ | D_CAP_EVENT));
    assert_int_equal(limit(state, fd, D_CAP_READ | D_CAP_WRITE), -D_ENOTCAPABLE);
    assert_true(rights(state, fd) == (D_CAP_READ | D_CAP_EVENT));
    assert_int_equal(limit(state, fd, D_CAP_NONE), 0);
    assert_true(rights(state, fd) == D_CAP_NONE);
}

static void bad_calls_are_refused(void **state)
{
    uint64_t  w[2] = {0, 0};
    const int fd = open_null(state);

    assert_int_equal(ROW(state, RIGHTS_LIMIT, fd, 8), -EFAULT);
    assert_int_equal(ROW(state, RIGHTS_LIMIT, fd, P(w).va), -EINVAL);
    assert_int_equal(limit(state, 7, D_CAP_READ), -EBADF);
    assert_int_equal(limit(state, -1, D_CAP_READ), -EBADF);
    assert_int_equal(limit(state, 1 << 20, D_CAP_READ), -EBADF);
    assert_int_equal(ROW(state, RIGHTS_GET, 1, fd, P(w).va), -EINVAL);
    assert_int_equal(ROW(state, RIGHTS_GET, 0, 7, P(w).va), -EBADF);
    assert_int_equal(ROW(state, RIGHTS_GET, 0, fd, 8), -EFAULT);
    assert_int_equal(ROW(state, FCNTLS_LIMIT, fd, 1), -EINVAL);
    assert_int_equal(ROW(state, FCNTLS_LIMIT, 7, 8), -EBADF);
    assert_int_equal(ROW(state, FCNTLS_GET, 7, P(w).va), -EBADF);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(w).va, 257), -EINVAL);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, 8, 1), -EFAULT);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, 7, P(w).va, 1), -EBADF);
    assert_int_equal(ROW(state, IOCTLS_GET, 7, P(w).va, 1), -EBADF);
    assert_false(FDS(state)->slots[fd] & SLOT_LIMITED);
}

static void ioctls_only_become_fewer(void **state)
{
    uint64_t  cmds[3] = {11, 12, 13}, got[3] = {0};
    const int fd = open_null(state);

    assert_int_equal(ROW(state, IOCTLS_GET, fd, P(got).va, 3), INT64_MAX);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds).va, 3), 0);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, 0, 0), 3);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, P(got).va, 2), 3);
    assert_int_equal(got[1], 12);
    assert_int_equal(got[2], 0);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds).va, 3), 0);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds + 1).va, 1), 0);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds).va, 1), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds).va, 2), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, 0, 0), 0);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, P(got).va, 3), 0);
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(cmds).va, 1), -D_ENOTCAPABLE);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(FDS(state)->lists[i].refs, 0);
}

/* sys_capability.c, kern_cap_rights_limit: without the right to the call its commands are gone. */
static void commands_go_with_their_right(void **state)
{
    uint64_t  cmd = 11;
    uint32_t  fcntls = 0;
    const int fd = open_null(state);

    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(&cmd).va, 1), 0);
    assert_int_equal(limit(state, fd, D_CAP_ALL & ~D_CAP_SEEK), 0);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, 0, 0), 1);
    assert_int_equal(ROW(state, FCNTLS_GET, fd, P(&fcntls).va), 0);
    assert_int_equal(fcntls, D_CAP_FCNTL_ALL);
    assert_int_equal(ROW(state, FCNTLS_LIMIT, fd, D_CAP_FCNTL_GETFL), 0);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, 0, 0), 1);
    assert_int_equal(limit(state, fd, D_CAP_READ), 0);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, 0, 0), 0);
    assert_int_equal(ROW(state, FCNTLS_GET, fd, P(&fcntls).va), 0);
    assert_int_equal(fcntls, 0);
    assert_int_equal(FDS(state)->lists[0].refs, 0);
}

static void lists_can_run_out(void **state)
{
    uint64_t  cmd = 1;
    uint32_t  list;
    const int fd = open_null(state);

    for (uint32_t i = 0; i < FD_IOCTL_LISTS; i++)
        assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &list));
    assert_int_equal(ROW(state, IOCTLS_LIMIT, fd, P(&cmd).va, 1), -ENOMEM);
    assert_int_equal(ROW(state, IOCTLS_GET, fd, 0, 0), INT64_MAX);
}

static void the_mode_is_told(void **state)
{
    uint32_t mode = 7;

    assert_int_equal(ROW(state, 517, P(&mode).va), 0);
    assert_int_equal(mode, 0);
    assert_int_equal(ROW(state, 517, 8), -EFAULT);
    ((struct files *)*state)->f->own.capmode = true;
    assert_int_equal(ROW(state, 517, P(&mode).va), 0);
    assert_int_equal(mode, 1);
    ((struct files *)*state)->f->own.capmode = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rights_only_shrink, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(bad_calls_are_refused, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(ioctls_only_become_fewer, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(commands_go_with_their_right, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(lists_can_run_out, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(the_mode_is_told, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("compat/capability", tests, NULL, NULL);
}
