/*
 * procctl(2): what is kept, of whom, and what is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/freebsd/freebsd.h"
#include "compat/bsd_calls.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

enum { TRACE = 7, TRAPCAP = 9, ASLR = 13, PROTMAX = 15, STACKGAP = 17, NO_NEW_PRIVS = 19, WXMAP = 21, SPROTECT = 1 };

struct two {
    struct fake *f;
    struct proc  child;
};

static int two_new(void **state)
{
    static struct two t;

    memset(&t, 0, sizeof(t));
    t.f = fake_new();
    t.f->own.abi = t.f->call.abi = &abi_freebsd_amd64;
    t.child.pid = 5000001;
    t.child.state = PROC_LIVE;
    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &t.f->own, all);
    LIST_INSERT_HEAD(&session.procs, &t.child, all);
    *state = &t;
    return 0;
}

static int two_free(void **state)
{
    struct two *t = *state;

    LIST_INIT(&session.procs);
    fake_free(t->f);
    return 0;
}

static int64_t ctl(struct two *t, int64_t type, uint64_t id, int com, int32_t v)
{
    return sys_procctl(fake_call(t->f), type, id, com, GVA((uintptr_t)&v));
}

static int32_t status(struct two *t, uint64_t id, int com)
{
    int32_t v = 12345;

    assert_int_equal(sys_procctl(fake_call(t->f), P_PID, id, com + 1, GVA((uintptr_t)&v)), 0);
    return v;
}

static void defaults_are_freebsds(void **state)
{
    assert_int_equal(status(*state, 0, TRACE), 0);
    assert_int_equal(status(*state, 0, ASLR), (int32_t)(3 | 0x80000000u));
    assert_int_equal(status(*state, 0, PROTMAX), 3);
    assert_int_equal(status(*state, 0, STACKGAP), 1 | 4);
    assert_int_equal(status(*state, 0, WXMAP), 1);
    assert_int_equal(status(*state, 0, NO_NEW_PRIVS), 2);
    assert_int_equal(status(*state, 0, TRAPCAP), 2);
}

static void what_is_set_is_told(void **state)
{
    struct two *t = *state;

    assert_int_equal(ctl(t, P_PID, 0, ASLR, 2), 0);
    assert_int_equal(status(t, 0, ASLR), (int32_t)(2 | 0x80000000u));
    assert_int_equal(ctl(t, P_PID, 0, ASLR, 4), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, ASLR, 0), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, WXMAP, 2), 0);
    assert_int_equal(status(t, 0, WXMAP), 2);
    assert_int_equal(ctl(t, P_PID, 0, NO_NEW_PRIVS, 2), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, NO_NEW_PRIVS, 1), 0);
    assert_int_equal(status(t, 0, NO_NEW_PRIVS), 1);
    assert_int_equal(sys_procctl(fake_call(t->f), P_PID, 0, ASLR, GVA(8)), -EFAULT);
    assert_int_equal(sys_procctl(fake_call(t->f), P_PID, 0, ASLR + 1, GVA(8)), -EFAULT);
}

static void a_gap_that_was_disabled_stays_so(void **state)
{
    struct two *t = *state;

    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 3), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 12), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 2), 0);
    assert_int_equal(status(t, 0, STACKGAP), 2 | 4);
    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 1), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 8), 0);
    assert_int_equal(ctl(t, P_PID, 0, STACKGAP, 4), 0);
    assert_int_equal(status(t, 0, STACKGAP), 2 | 4);
}

static void others_can_be_meant(void **state)
{
    struct two *t = *state;

    assert_int_equal(ctl(t, P_PID, 5000001, TRACE, 2), 0);
    assert_int_equal(status(t, 5000001, TRACE), -1);
    assert_int_equal(status(t, 0, TRACE), 0);
    assert_int_equal(ctl(t, P_PID, 5000001, TRACE, 1), -EPERM); /* only itself permits it again */
    assert_int_equal(ctl(t, P_PID, 0, TRACE, 3), 0);
    assert_int_equal(ctl(t, P_PID, 0, TRACE, 1), 0);
    assert_int_equal(ctl(t, P_PID, 5000002, TRACE, 1), -ESRCH);
    assert_int_equal(ctl(t, P_PGID, 0, PROTMAX, 1), 0); /* the caller's group: itself */
    assert_int_equal(status(t, 0, PROTMAX), 1);
    assert_int_equal(ctl(t, P_PGID, 5000099, PROTMAX, 1), -ESRCH);
    assert_int_equal(ctl(t, P_PGID, 0, PROTMAX + 1, 1), -EINVAL); /* of one process only */
    assert_int_equal(ctl(t, P_ALL, 0, PROTMAX, 1), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 5000001, NO_NEW_PRIVS, 1), -EPERM);
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 1), -EPERM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, two_new, two_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_freebsds),
        TEST(what_is_set_is_told),
        TEST(a_gap_that_was_disabled_stays_so),
        TEST(others_can_be_meant),
    };

    return cmocka_run_group_tests_name("compat/procctl", tests, NULL, NULL);
}
