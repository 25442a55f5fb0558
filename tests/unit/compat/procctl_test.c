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
#include "compat/procctl.h"
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
    t.child.abi = &abi_freebsd_amd64;
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
    assert_int_equal(status(*state, 0, WXMAP), 0);
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
    assert_int_equal(ctl(t, P_PGID, (uint64_t)getpgrp(), TRAPCAP, 1), 0);
    assert_int_equal(status(t, 0, TRAPCAP), 1);
    assert_int_equal(ctl(t, P_PGID, 5000099, TRAPCAP, 1), -ESRCH);
    assert_int_equal(ctl(t, P_PGID, (uint64_t)getpgrp(), PROTMAX, 1), -EINVAL); /* of one process only */
    assert_int_equal(ctl(t, P_PGID, (uint64_t)getpgrp(), PROTMAX + 1, 1), -EINVAL);
    assert_int_equal(ctl(t, P_ALL, 0, PROTMAX, 1), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 5000001, NO_NEW_PRIVS, 1), 0);
    assert_int_equal(status(t, 5000001, NO_NEW_PRIVS), 1);
}

/* kern_prot.c, p_candebug */
static void only_who_may_debug(void **state)
{
    struct two *t = *state;

    t->f->own.cred = t->child.cred = (struct cred){1, 1, 1, 5, 5, 5};
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 1), 0);
    t->child.cred.suid = 2;
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 1), -EPERM);
    assert_int_equal(status(t, 5000001, ASLR), (int32_t)(1 | 0x80000000u)); /* seeing is free */
    t->child.cred.suid = 1;
    t->child.cred.rgid = 6;
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 2), -EPERM);
    t->child.cred.rgid = 5;
    t->child.issetugid = true;
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 2), -EPERM);
    t->child.issetugid = false;
    assert_int_equal(ctl(t, P_PID, 5000001, TRACE, 2), 0);
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 2), -EPERM); /* it was denied */
    t->f->own.cred.euid = 0;
    assert_int_equal(ctl(t, P_PID, 5000001, ASLR, 2), 0);
}

static void protection_is_the_superusers(void **state)
{
    struct two *t = *state;

    t->f->own.cred.euid = 1;
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 3), -EINVAL); /* before the privilege */
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 1 | 0x80), -EINVAL);
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 1), -EPERM);
    assert_int_equal(procctl_protect(fake_call(t->f)), -EPERM);
    t->f->own.cred.euid = 0;
    t->child.parent = &t->f->own;
    assert_int_equal(procctl_protect(fake_call(t->f)), 0);
    assert_true(procctl_is_protected(&t->f->own) && !procctl_is_protected(&t->child));
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 1 | 0x10 | 0x20), 0);
    assert_true(procctl_is_protected(&t->child));
    procctl_fork(&t->child);
    assert_true(procctl_is_protected(&t->child));
    assert_int_equal(ctl(t, P_PID, 0, SPROTECT, 2 | 0x10), 0);
    assert_int_equal(ctl(t, P_PID, 5000001, SPROTECT, 1), 0);
    assert_true(!procctl_is_protected(&t->f->own) && procctl_is_protected(&t->child));
    procctl_fork(&t->child); /* without PPROT_INHERIT */
    assert_true(!procctl_is_protected(&t->child));
}

static void exec_ends_what_was_for_one_image(void **state)
{
    struct two *t = *state;

    ctl(t, P_PID, 0, TRACE, 2);
    ctl(t, P_PID, 0, STACKGAP, 2);
    procctl_exec(&t->f->own);
    assert_int_equal(status(t, 0, TRACE), 0);
    assert_int_equal(status(t, 0, STACKGAP), 1 | 4);
    ctl(t, P_PID, 0, TRACE, 3);
    ctl(t, P_PID, 0, STACKGAP, 2 | 8);
    procctl_exec(&t->f->own);
    assert_int_equal(status(t, 0, TRACE), -1);
    assert_int_equal(status(t, 0, STACKGAP), 2 | 8);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, two_new, two_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_freebsds),
        TEST(what_is_set_is_told),
        TEST(a_gap_that_was_disabled_stays_so),
        TEST(others_can_be_meant),
        TEST(only_who_may_debug),
        TEST(protection_is_the_superusers),
        TEST(exec_ends_what_was_for_one_image),
    };

    return cmocka_run_group_tests_name("compat/procctl", tests, NULL, NULL);
}
