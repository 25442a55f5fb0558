/*
 * Resource limits: the host's, the descriptors' own, and those that are not there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "syscalls/arena.h"
#include "syscalls/resources.h"
#include "syscalls/task.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

/* What the guest's processes are told of a changed limit goes nowhere here; that they are told is checked. */
static int shared;

void tasks_share(struct proc *p)
{
    /* It takes session.lock, so nobody may hold it. */
    assert_int_equal(pthread_mutex_trylock(&session.lock), 0);
    pthread_mutex_unlock(&session.lock);
    shared += p != NULL;
}

static int fix_new(void **state)
{
    *state = fake_new();
    return 0;
}

static int fix_free(void **state)
{
    fake_free(*state);
    return 0;
}

static void host_limits_are_the_truth(void **state)
{
    struct fake  *f = *state;
    struct rlimit r, h, core = {0, 0};

    getrlimit(RLIMIT_FSIZE, &h);
    assert_int_equal(sys_getrlimit(fake_call(f), RLIMIT_FSIZE, &r), 0);
    assert_true(r.rlim_cur == h.rlim_cur && r.rlim_max == h.rlim_max);
    getrlimit(RLIMIT_CORE, &h);
    core.rlim_max = h.rlim_max;
    assert_int_equal(sys_setrlimit(fake_call(f), RLIMIT_CORE, &core), 0);
    getrlimit(RLIMIT_CORE, &r);
    assert_int_equal(r.rlim_cur, 0);
    setrlimit(RLIMIT_CORE, &h);
    assert_int_equal(sys_getrlimit(fake_call(f), RLIMIT_CORE, NULL), -EFAULT);
}

static void descriptors_are_ours(void **state)
{
    struct fake  *f = *state;
    struct rlimit r = {100, 200};

    assert_int_equal(sys_getdtablesize(fake_call(f)), 1024);
    assert_int_equal(sys_setrlimit(fake_call(f), RLIMIT_NOFILE, &r), 0);
    assert_int_equal(f->own.nofile, 100);
    assert_int_equal(shared, 1);
    assert_int_equal(sys_getdtablesize(fake_call(f)), 100);
    r = (struct rlimit){500, 150}; /* the soft one is lowered to the hard one, not refused */
    assert_int_equal(sys_setrlimit(fake_call(f), RLIMIT_NOFILE, &r), geteuid() ? -EPERM : 0);
    if (!geteuid())
        assert_int_equal(f->own.nofile, 150);
    fake_fail_host(1, -EPERM); /* geteuid: not root */
    r = (struct rlimit){300, 300};
    assert_int_equal(sys_setrlimit(fake_call(f), RLIMIT_NOFILE, &r), -EPERM);
    fake_fail_host(0, 0);
}

static void missing_limits_are_infinite(void **state)
{
    struct fake  *f = *state;
    struct rlimit r = {1, 2};

    assert_int_equal(sys_getrlimit(fake_call(f), D_RLIMIT_KQUEUES, &r), 0);
    assert_true(r.rlim_cur == RLIM_INFINITY && r.rlim_max == RLIM_INFINITY);
    r = (struct rlimit){5, 5};
    assert_int_equal(sys_setrlimit(fake_call(f), D_RLIMIT_SWAP, &r), 0);
}

static void stack_is_what_is_there(void **state)
{
    struct fake  *f = *state;
    struct rlimit r;

    f->own.stack_size = 65536;
    assert_int_equal(sys_getrlimit(fake_call(f), RLIMIT_STACK, &r), 0);
    assert_int_equal(r.rlim_cur, 65536);
}

static void failing_calls_give_their_error(void **state)
{
    struct fake  *f = *state;
    struct rlimit r;

    fake_fail_scratch(1);
    assert_int_equal(sys_getrlimit(fake_call(f), RLIMIT_CPU, &r), -ENOMEM);
    fake_fail_scratch(0);
    fake_fail_host(1, -ESRCH);
    assert_int_equal(sys_getrlimit(fake_call(f), RLIMIT_CPU, &r), -ESRCH);
    fake_fail_host(0, 0);
}

static void usage_of_self_and_children(void **state)
{
    struct fake  *f = *state;
    struct rusage u = {.ru_maxrss = -1};

    assert_int_equal(sys_getrusage(fake_call(f), RUSAGE_SELF, &u), 0);
    assert_true(u.ru_maxrss > 0);
    f->own.children_rusage.ru_utime.tv_sec = 42;
    assert_int_equal(sys_getrusage(fake_call(f), RUSAGE_CHILDREN, &u), 0);
    assert_int_equal(u.ru_utime.tv_sec, 42);
    assert_int_equal(sys_getrusage(fake_call(f), RUSAGE_SELF, NULL), -EFAULT);
}

/* A nice value may be negative and is no error then: 32 bits of it come back. */
static void nice_values(void **state)
{
    struct fake *f = *state;
    int          now = getpriority(PRIO_PROCESS, 0);

    assert_int_equal((int32_t)sys_getpriority(fake_call(f), PRIO_PROCESS, 0), now);
    assert_int_equal(sys_setpriority(fake_call(f), PRIO_PROCESS, 0, now), 0);
    assert_int_equal(sys_setpriority(fake_call(f), PRIO_PROCESS, 0x7ffffff0, 1), -ESRCH);
    if (geteuid() == 0) {
        assert_int_equal(sys_setpriority(fake_call(f), PRIO_PROCESS, 0, -3), 0);
        assert_true(sys_getpriority(fake_call(f), PRIO_PROCESS, 0) >= 0);
        assert_int_equal((int32_t)sys_getpriority(fake_call(f), PRIO_PROCESS, 0), -3);
        assert_int_equal(sys_setpriority(fake_call(f), PRIO_PROCESS, 0, now), 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(host_limits_are_the_truth),
        TEST(descriptors_are_ours),
        TEST(missing_limits_are_infinite),
        TEST(stack_is_what_is_there),
        TEST(failing_calls_give_their_error),
        TEST(usage_of_self_and_children),
        TEST(nice_values),
    };

    return cmocka_run_group_tests_name("syscalls/rlimit", tests, NULL, NULL);
}
