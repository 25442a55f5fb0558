/* syscalls/fdlimit.c: limits beside the slots, and whose lists are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_files.h"

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

/* Limits slot fd to one right and one list of n commands; the list's number. */
static uint32_t limit(void **state, int fd, uint32_t n)
{
    uint64_t       cmds[IOCTLS_MAX];
    struct fdlimit l = {D_CAP_READ | D_CAP_IOCTL, 0, IOCTLS_NONE};

    for (uint32_t i = 0; i < n; i++)
        cmds[i] = 100 + i;
    assert_true(fdlimit_list_new_locked(FDS(state), cmds, n, &l.ioctls));
    fdlimit_set_locked(FDS(state), (uint32_t)fd, FDS(state)->slots[fd], &l);
    return l.ioctls;
}

static uint32_t refs(void **state, uint32_t list) { return FDS(state)->lists[list].refs; }

static void a_slot_without_limits_has_all(void **state)
{
    const int      fd = open_null(state);
    struct fdlimit l = fdlimit_get_locked(FDS(state), (uint32_t)fd);

    assert_true(l.rights == D_CAP_ALL);
    assert_int_equal(l.fcntls, D_CAP_FCNTL_ALL);
    assert_int_equal(l.ioctls, IOCTLS_ALL);
    assert_false(FDS(state)->slots[fd] & SLOT_LIMITED);
}

static void lists_are_counted_by_slots(void **state)
{
    const uint32_t list = limit(state, open_null(state), 3);

    assert_int_equal(list, 0);
    assert_int_equal(refs(state, list), 1);
    assert_int_equal(fd_dup(CALL(state), 0, 0, 0), 1);
    assert_int_equal(refs(state, list), 2);
    assert_int_equal(fd_dup_to(CALL(state), 0, 9, FD_SLOT_CLOEXEC), 9);
    assert_int_equal(refs(state, list), 3);
    assert_true(FDS(state)->slots[9] & SLOT_LIMITED && FDS(state)->slots[9] & SLOT_CLOEXEC);
    assert_int_equal(fd_set_flags(CALL(state), 9, FD_SLOT_FLAGS, 0), 0);
    assert_true(FDS(state)->slots[9] & SLOT_LIMITED); /* its flags are another matter */
    assert_int_equal(fd_close(CALL(state), 0), 0);
    assert_int_equal(refs(state, list), 2);
    assert_int_equal(fd_close_range(CALL(state), 1, 3, 0), 0);
    assert_int_equal(refs(state, list), 1);
    open_null(state);
    assert_int_equal(fd_dup_to(CALL(state), 0, 9, 0), 9);
    assert_int_equal(refs(state, list), 0);
    assert_false(FDS(state)->slots[9] & SLOT_LIMITED);
}

static void a_limited_slot_over_another(void **state)
{
    const uint32_t a = limit(state, open_null(state), 1), b = limit(state, open_null(state), 2);

    assert_int_not_equal(a, b);
    assert_int_equal(fd_dup_to(CALL(state), 0, 1, 0), 1);
    assert_int_equal(refs(state, a), 2);
    assert_int_equal(refs(state, b), 0);
    assert_int_equal(FDS(state)->limits[1].ioctls, a);
    assert_int_equal(limit(state, 1, 0), IOCTLS_NONE);
    assert_int_equal(refs(state, a), 1);
}

static void exec_closes_limited_slots_too(void **state)
{
    const uint32_t list = limit(state, open_null(state), 1);

    fd_set_cloexec(CALL(state), 0, true);
    fdtable_exec(CALL(state), FDS(state));
    assert_int_equal(refs(state, list), 0);
}

static void a_fork_has_lists_of_its_own(void **state)
{
    const uint64_t *cmds;
    const uint32_t  a = limit(state, open_null(state), 5);
    struct fdtable *copy;

    fd_dup(CALL(state), 0, 0, 0);
    fd_dup(CALL(state), 0, 0, 0);
    fd_set_flags(CALL(state), 2, FD_SLOT_CLOFORK, FD_SLOT_CLOFORK);
    copy = fdtable_copy(FDS(state));
    assert_non_null(copy);
    assert_int_equal(copy->lists[a].refs, 2);
    assert_int_equal(fdlimit_list(copy, &copy->limits[1], &cmds), 5);
    assert_int_equal(cmds[4], 104);
    assert_true(copy->limits[0].rights == (D_CAP_READ | D_CAP_IOCTL));
    assert_int_equal(refs(state, a), 3);
    fdtable_free(copy);
    assert_int_equal(refs(state, a), 3);
}

static void lists_run_out(void **state)
{
    uint64_t cmd = 1;
    uint32_t n, last = 0;

    for (n = 0; n < FD_IOCTL_LISTS; n++)
        assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &last));
    assert_int_equal(last, FD_IOCTL_LISTS - 1);
    assert_false(fdlimit_list_new_locked(FDS(state), &cmd, 1, &last));
    assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 0, &last));
    assert_int_equal(last, IOCTLS_NONE);
    for (n = 0; n < FD_IOCTL_LISTS; n++)
        fdlimit_drop_locked(FDS(state), &(struct fdlimit){.ioctls = n});
    assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &last));
    assert_int_equal(last, 0);
    fdlimit_drop_locked(FDS(state), &(struct fdlimit){.ioctls = 0});
}

/* The guest can write all of it. */
static void a_scribbled_table_hurts_nobody_else(void **state)
{
    const uint64_t *cmds;
    struct fdtable *t = FDS(state), *copy;
    const uint32_t  list = limit(state, open_null(state), 2);
    struct fdlimit  wild = {.ioctls = FD_IOCTL_LISTS};

    assert_int_equal(fdlimit_list(t, &wild, &cmds), 0);
    fdlimit_hold_locked(t, &wild);
    fdlimit_drop_locked(t, &wild);
    t->lists[list].n = 0x7fffffff;
    assert_int_equal(fdlimit_list(t, &t->limits[0], &cmds), 0);
    copy = fdtable_copy(t);
    assert_int_equal(fdlimit_list(copy, &copy->limits[0], &cmds), 0);
    fdtable_free(copy);
    t->lists[list].refs = 0;
    t->limits[0].ioctls = 0x12345678;
    assert_int_equal(fd_close(CALL(state), 0), 0);
    assert_int_equal(t->lists[list].refs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slot_without_limits_has_all, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(lists_are_counted_by_slots, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_limited_slot_over_another, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(exec_closes_limited_slots_too, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_fork_has_lists_of_its_own, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(lists_run_out, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_scribbled_table_hurts_nobody_else, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("syscalls/fdlimit", tests, NULL, NULL);
}
