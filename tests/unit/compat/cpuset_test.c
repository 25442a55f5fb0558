/*
 * Affinity, sets and domains; scheduling; sysarch.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "compat/bsd_calls.h"
#include "syscalls/resources.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

enum { ROOT = 1, CPUSET, WHICH };
enum { TID = 1, PID, SET, IRQ, JAIL, DOMAIN };
#define SELF UINT64_MAX
#define P(x) GVA((uintptr_t)(x))

static int fix_new(void **state)
{
    struct fake *f = fake_new();

    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &f->own, all);
    *state = f;
    return 0;
}

static int fix_free(void **state)
{
    struct fake *f = *state;

    LIST_REMOVE(&f->own, all);
    fake_free(f);
    return 0;
}

static void mask_is_the_hosts(void **state)
{
    struct fake *f = *state;
    cpu_set_t    host;
    uint8_t      mask[160];

    sched_getaffinity(0, sizeof(host), &host);
    memset(mask, 0xee, sizeof(mask));
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, PID, SELF, sizeof(mask), P(mask)), 0);
    assert_memory_equal(mask, &host, 128);
    for (size_t i = 128; i < sizeof(mask); i++)
        assert_int_equal(mask[i], 0); /* a larger mask is filled up */
    memset(mask, 0xee, sizeof(mask));
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, TID, (uint64_t)getpid(), 8, P(mask)), 0);
    assert_memory_equal(mask, &host, 8);
    assert_int_equal(mask[8], 0xee);
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), ROOT, PID, SELF, 128, P(mask)), 0);
    assert_true(mask[0] & 1);
}

static void bad_questions(void **state)
{
    struct fake *f = *state;
    uint8_t      mask[128];

    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, PID, SELF, 0, P(mask)), -ERANGE);
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), 9, PID, SELF, 128, P(mask)), -EINVAL);
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, IRQ, 3, 128, P(mask)), -EINVAL);
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, PID, 0x7ffffff0, 128, P(mask)), -ESRCH);
    assert_int_equal(sys_cpuset_getaffinity(fake_call(f), WHICH, PID, SELF, 128, P(8)), -EFAULT);
}

static void mask_can_be_narrowed(void **state)
{
    struct fake *f = *state;
    cpu_set_t    before, now;
    uint8_t      mask[256] = {0};
    int          cpu = sched_getcpu();

    sched_getaffinity(0, sizeof(before), &before);
    assert_int_equal(sys_cpuset_setaffinity(fake_call(f), WHICH, PID, SELF, 128, P(mask)), -EDEADLK);
    mask[127] = 0x80; /* processor 1023 is not there */
    assert_int_equal(sys_cpuset_setaffinity(fake_call(f), WHICH, PID, SELF, 128, P(mask)), -EINVAL);
    mask[127] = 0;
    mask[cpu / 8] = (uint8_t)(1u << cpu % 8);
    assert_int_equal(sys_cpuset_setaffinity(fake_call(f), WHICH, PID, SELF, 256, P(mask)), 0);
    sched_getaffinity(0, sizeof(now), &now);
    assert_int_equal(CPU_COUNT(&now), 1);
    mask[200] = 1; /* behind the largest mask */
    assert_int_equal(sys_cpuset_setaffinity(fake_call(f), WHICH, PID, SELF, 256, P(mask)), -EINVAL);
    sched_setaffinity(0, sizeof(before), &before);
}

static void one_set_and_one_domain(void **state)
{
    struct fake *f = *state;
    int          id = -1, policy = -1;
    uint8_t      dom[32] = {0};

    assert_int_equal(sys_cpuset_getid(fake_call(f), CPUSET, PID, SELF, P(&id)), 0);
    assert_int_equal(id, 1);
    assert_int_equal(sys_cpuset_getid(fake_call(f), WHICH, PID, SELF, P(&id)), -EINVAL);
    assert_int_equal(sys_cpuset_setid(fake_call(f), PID, SELF, 1), 0);
    assert_int_equal(sys_cpuset_setid(fake_call(f), PID, SELF, 5), -ESRCH);
    assert_int_equal(sys_cpuset_getdomain(fake_call(f), WHICH, PID, SELF, 8, P(dom), P(&policy)), 0);
    assert_int_equal(dom[0], 1);
    assert_int_equal(policy, 2);
    assert_int_equal(sys_cpuset_getdomain(fake_call(f), WHICH, PID, SELF, 4, P(dom), P(&policy)), -ERANGE);
    assert_int_equal(sys_cpuset_setdomain(fake_call(f), WHICH, PID, SELF, 8, P(dom), 2), 0);
    dom[1] = 1;
    assert_int_equal(sys_cpuset_setdomain(fake_call(f), WHICH, PID, SELF, 8, P(dom), 2), -EINVAL);
}

static void thread_pointer_goes_through(void **state)
{
    struct fake *f = *state;
    uint64_t     base = 0, bad = 1ull << 47;

    assert_int_equal(sys_sysarch(fake_call(f), 128, P(&base)), 0);
    assert_int_equal(base, (uintptr_t)__builtin_thread_pointer());
    assert_int_equal(sys_sysarch(fake_call(f), 129, P(&base)), 0);
    assert_int_equal(sys_sysarch(fake_call(f), 129, P(&bad)), -EINVAL);
    assert_int_equal(sys_sysarch(fake_call(f), 129, P(8)), -EFAULT);
    assert_int_equal(sys_sysarch(fake_call(f), 131, P(&base)), -EINVAL); /* GS is the gate's */
    assert_int_equal(sys_sysarch(fake_call(f), 130, P(&base)), 0);
    assert_int_equal(base, 0);
    assert_int_equal(sys_sysarch(fake_call(f), 1, P(&base)), -EINVAL);
}

static void scheduling_has_the_guests_numbers(void **state)
{
    struct fake *f = *state;
    int          prio = -1, zero = 0, high = 200;

    assert_int_equal(sys_sched_getscheduler(fake_call(f), 0), 2); /* SCHED_OTHER */
    assert_int_equal(sys_sched_getparam(fake_call(f), 0, &prio), 0);
    assert_int_equal(prio, 0);
    assert_int_equal(sys_sched_setscheduler(fake_call(f), 0, SCHED_OTHER, &zero), 0);
    assert_int_equal(sys_sched_setparam(fake_call(f), 0, &high), -EINVAL);
    assert_int_equal(sys_sched_getscheduler(fake_call(f), -1), -EINVAL);
    assert_int_equal(sys_sched_get_priority_max(fake_call(f), SCHED_FIFO), 31);
    assert_true(sys_sched_getcpu(fake_call(f)) < sysconf(_SC_NPROCESSORS_CONF));
    assert_int_equal(sys_membarrier(fake_call(f), 0, 0, 0) & ~0x7f, 0);
}

static void priorities_are_looked_up(void **state)
{
    struct fake   *f = *state;
    struct krtprio r = {9, 9};

    assert_int_equal(sys_rtprio(fake_call(f), 0, 0, &r), 0);
    assert_int_equal(r.type, 3);
    assert_int_equal(sys_rtprio(fake_call(f), 1, 0, &r), 0);
    assert_int_equal(sys_rtprio(fake_call(f), 2, 0, &r), -EINVAL);
    assert_int_equal(sys_rtprio_thread(fake_call(f), 0, 0x7ffffff0, &r), -ESRCH);
    r.type = 77;
    assert_int_equal(sys_rtprio(fake_call(f), 1, 0, &r), -EINVAL);
}

static void switches_are_told(void **state)
{
    struct fake *f = *state;
    uint32_t     v = 1, status[32];

    assert_int_equal(sys_procctl(fake_call(f), 1, 0, 13, P(&v)), 0); /* PROC_ASLR_CTL */
    assert_int_equal(sys_procctl(fake_call(f), 1, 0, 14, P(&v)), 0);
    assert_int_equal(v, 0x80000001);
    v = 77;
    assert_int_equal(sys_procctl(fake_call(f), 1, 0, 13, P(&v)), -EINVAL);
    assert_int_equal(sys_procctl(fake_call(f), 1, 0, 4, P(status)), 0); /* PROC_REAP_STATUS */
    assert_int_equal(status[3], 1);
    assert_int_equal(sys_procctl(fake_call(f), 1, 0x7ffffff0, 14, P(&v)), -ESRCH);
    assert_int_equal(sys_procctl(fake_call(f), 99, 0, 14, P(&v)), -EINVAL);
    assert_int_equal(sys_procctl(fake_call(f), 1, 0, 99, P(&v)), -EINVAL);
}

static void uuids_differ(void **state)
{
    uint8_t u[32];

    assert_int_equal(sys_uuidgen(fake_call(*state), P(u), 2), 0);
    assert_true(memcmp(u, u + 16, 16) != 0);
    assert_int_equal(u[7] >> 4, 1); /* version */
    assert_int_equal(sys_uuidgen(fake_call(*state), P(u), 0), -EINVAL);
    assert_int_equal(sys_uuidgen(fake_call(*state), P(8), 1), -EFAULT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mask_is_the_hosts),
        TEST(bad_questions),
        TEST(mask_can_be_narrowed),
        TEST(one_set_and_one_domain),
        TEST(thread_pointer_goes_through),
        TEST(scheduling_has_the_guests_numbers),
        TEST(priorities_are_looked_up),
        TEST(switches_are_told),
        TEST(uuids_differ),
    };

    return cmocka_run_group_tests_name("compat/cpuset", tests, NULL, NULL);
}
