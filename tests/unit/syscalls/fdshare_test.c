/* syscalls/fdshare.c: tables that several processes have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "syscalls/fdshare.h"
#include "syscalls/task.h"
#include "tests/unit/fake_files.h"

/* Tells the gates of real tasks. */
void tasks_share(struct proc *p) { (void)p; }

static void drop(struct fdtable *t)
{
    if (fdtable_unref(t))
        fdtable_free(t);
}

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

static void the_last_one_frees(void **state)
{
    struct fdtable *t = fdtable_new();

    (void)state;
    assert_false(fdtable_is_shared(t));
    assert_ptr_equal(fdtable_share(t), t);
    assert_ptr_equal(fdtable_share(t), t);
    t->chrooted = 1;
    drop(t);
    assert_true(fdtable_is_shared(t));
    drop(t);
    assert_false(fdtable_is_shared(t));
    assert_int_equal(t->chrooted, 1);
    drop(t);
    assert_int_equal(t->chrooted, 0); /* its pages are gone */
}

static void alone_there_is_nothing_to_do(void **state)
{
    struct fdtable *t = FDS(state);

    fake_count_reset();
    assert_int_equal(fdtable_unshare(CALL(state)), 0);
    assert_ptr_equal(FDS(state), t);
    assert_int_equal(fake_host_calls(), 0);
}

/* The host's unshare is real here: this process has its descriptors to itself anyway. */
static void unsharing_keeps_what_there_is(void **state)
{
    struct fdtable *old = FDS(state);
    struct fdref    ref;

    open_null(state);
    assert_int_equal(fd_dup(CALL(state), 0, 7, FD_SLOT_CLOFORK | FD_SLOT_CLOEXEC), 7);
    fdtable_share(old);
    assert_int_equal(fdtable_unshare(CALL(state)), 0);
    assert_ptr_not_equal(FDS(state), old);
    assert_false(fdtable_is_shared(old));
    assert_int_equal(fd_get_flags(CALL(state), 7), FD_SLOT_CLOFORK | FD_SLOT_CLOEXEC); /* this is no fork */
    assert_int_equal(fd_get(CALL(state), 7, &ref), 0);
    assert_int_equal(ref.of->refs, 2);
    fd_put(CALL(state), &ref);
    drop(old);
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(ref.of->refs, 1);
    fd_put(CALL(state), &ref);
}

static void where_it_fails_all_is_as_it_was(void **state)
{
    struct fdtable *t = FDS(state);
    struct fdref    ref;

    open_null(state);
    fdtable_share(t);
    fake_fail_host(1, EPERM);
    assert_int_equal(fdtable_unshare(CALL(state)), -EPERM);
    assert_ptr_equal(FDS(state), t);
    assert_true(fdtable_is_shared(t));
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(ref.of->refs, 1);
    fd_put(CALL(state), &ref);
    drop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_one_frees, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(alone_there_is_nothing_to_do, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(unsharing_keeps_what_there_is, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(where_it_fails_all_is_as_it_was, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("syscalls/fdshare", tests, NULL, NULL);
}
