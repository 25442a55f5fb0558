/* Signal masks in the gate: what it changes by itself, and when it leaves all as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/gate/sigmask.c"
#include "tests/unit/fake_call.h"

static struct fake *f;

static struct area *area(void) { return f->task.area; }

static int64_t change(int64_t how, uint64_t low, uint64_t high)
{
    const struct sigset s = {{low, high}};

    return gate_sigprocmask(fake_call(f), how, GVA((uintptr_t)&s), GVA(0));
}

static void want(uint64_t low, uint64_t high)
{
    assert_int_equal(area()->mask.w[0], low);
    assert_int_equal(area()->mask.w[1], high);
}

static void changes_the_mask(void **state)
{
    (void)state;
    assert_int_equal(change(D_SIG_SETMASK, 3, 1), 0);
    want(3, 1);
    assert_int_equal(change(D_SIG_BLOCK, 4, 8), 0);
    want(7, 9);
    assert_int_equal(change(D_SIG_UNBLOCK, 2, 1), 0);
    want(5, 8);
    assert_int_equal(change(D_SIG_SETMASK, ~0ull, ~0ull), 0);
    want(~UNMASKABLE, ~0ull);
    assert_int_equal(change(4, 1, 1), -EINVAL);
    want(~UNMASKABLE, ~0ull);
    assert_int_equal(change(D_SIG_SETMASK, 0, 0), 0);
}

static void says_what_it_was(void **state)
{
    const struct sigset s = {{6, 0}};
    struct sigset       old = {{9, 9}};

    (void)state;
    assert_int_equal(change(D_SIG_SETMASK, 5, 2), 0);
    assert_int_equal(gate_sigprocmask(fake_call(f), 0, GVA(0), GVA((uintptr_t)&old)), 0); /* nobody looks at how */
    assert_int_equal(old.w[0] == 5 && old.w[1] == 2, true);
    assert_int_equal(gate_sigprocmask(fake_call(f), D_SIG_BLOCK, GVA((uintptr_t)&s), GVA((uintptr_t)&old)), 0);
    assert_int_equal(old.w[0] == 5 && old.w[1] == 2, true);
    want(7, 2);
    assert_int_equal(gate_sigprocmask(fake_call(f), D_SIG_BLOCK, GVA(8), GVA(0)), -EFAULT);
    want(7, 2);
    /* as in a kernel: the mask is changed, and then the result has no place */
    assert_int_equal(gate_sigprocmask(fake_call(f), D_SIG_SETMASK, GVA((uintptr_t)&s), GVA(8)), -EFAULT);
    want(6, 0);
}

static void leaves_what_is_pending(void **state)
{
    (void)state;
    assert_int_equal(change(D_SIG_SETMASK, 6, 6), 0);
    sigmask_tell(area(), 3);
    sigmask_tell(area(), 67);
    assert_int_equal(change(D_SIG_UNBLOCK, 4, 0), -GATE_PUNT);
    want(6, 6);
    assert_int_equal(change(D_SIG_UNBLOCK, 0, 4), -GATE_PUNT);
    want(6, 6);
    assert_int_equal(change(D_SIG_UNBLOCK, 2, 2), 0); /* others */
    want(4, 4);
    assert_int_equal(change(D_SIG_BLOCK, 4, 4), 0); /* blocked already */
    area()->mask = (struct sigset){{0, 0}};
    assert_int_equal(change(D_SIG_BLOCK, 4, 0), -GATE_PUNT); /* another thread may want it */
    want(0, 0);
    area()->maybe = (struct sigset){{0, 0}};
    assert_int_equal(change(D_SIG_BLOCK, 4, 0), 0);
    assert_true(sigmask_blocks(area(), 3));
    assert_false(sigmask_blocks(area(), 67));
}

static void knows_that_nothing_is_pending(void **state)
{
    struct sigset s = {{1, 1}};

    (void)state;
    assert_int_equal(gate_sigpending(fake_call(f), GVA((uintptr_t)&s)), 0);
    assert_int_equal(s.w[0] | s.w[1], 0);
    assert_int_equal(gate_sigpending(fake_call(f), GVA(8)), -EFAULT);
    assert_int_equal(gate_sigpending(fake_call(f), GVA(0)), -GATE_PUNT);
    sigmask_tell(area(), 65);
    assert_int_equal(gate_sigpending(fake_call(f), GVA((uintptr_t)&s)), -GATE_PUNT);
}

static int up(void **state)
{
    (void)state;
    f = fake_new();
    area()->mask = area()->maybe = (struct sigset){{0, 0}};
    return 0;
}

static int down(void **state)
{
    (void)state;
    fake_free(f);
    return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changes_the_mask),
        TEST(says_what_it_was),
        TEST(leaves_what_is_pending),
        TEST(knows_that_nothing_is_pending),
    };

    return cmocka_run_group_tests_name("loader/gate sigmask", tests, NULL, NULL);
}
