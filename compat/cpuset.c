/*
 * compat/cpuset.c: cpuset(2): affinity by the host's; sets are not kept apart, so
 * every thread is in the default one, number 1.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"
#include "syscalls/capability.h"
#include "syscalls/hostcpu.h"
#include "syscalls/resources.h"
#include "syscalls/task.h"

enum { LEVEL_ROOT = 1, LEVEL_CPUSET, LEVEL_WHICH };
enum { WHICH_TID = 1, WHICH_PID, WHICH_CPUSET, WHICH_IRQ, WHICH_JAIL, WHICH_DOMAIN, WHICH_TIDPID = 9 };

#define CPUSET_BYTES    128 /* sizeof(cpuset_t): CPU_MAXSIZE is 1024 */
#define SET_ROOT        0
#define SET_DEFAULT     1
#define DOMAIN_MIN      8 /* sizeof(domainset_t) in the kernel; DOMAINSET_MAXSIZE is 256 bits */
#define DOMAIN_MAX      32
#define DOMAIN_POLICIES 4 /* round robin, first touch, prefer, interleave: 1 to 4 */
#define SELF            UINT64_MAX

/* Number of bytes up to the last processor in a mask. */
static uint64_t mask_bytes(const uint8_t *mask)
{
    uint64_t n = CPUSET_BYTES;

    while (n && !mask[n - 1])
        n--;
    return n;
}

static void mask_all(uint8_t *mask)
{
    const unsigned n = host_cpus();

    memset(mask, 0, CPUSET_BYTES);
    for (long i = 0; i < n && i < CPUSET_BYTES * 8; i++)
        mask[i / 8] |= (uint8_t)(1u << i % 8);
}

/* The host thread that a (which, id) pair speaks of: > 0, 0 for the caller, -ESRCH, -EINVAL. */
static int64_t host_thread(struct call *c, int64_t which, uint64_t id)
{
    struct task *t = NULL;
    struct proc *p = NULL;
    int64_t      tid = -ESRCH;

    if (which != WHICH_TID && which != WHICH_PID && which != WHICH_TIDPID)
        return -EINVAL;
    if (id == SELF || (uint32_t)id == UINT32_MAX)
        return 0;
    pthread_mutex_lock(&session.lock);
    if (which != WHICH_PID)
        t = task_by_tid_locked((int64_t)id);
    if (which != WHICH_TID && !t)
        p = id == 0 ? c->proc : proc_find_locked((pid_t)id);
    if (t)
        tid = t->host_tid;
    else if (p)
        tid = p->pid;
    pthread_mutex_unlock(&session.lock);
    return tid;
}

/* Not of a thread: the whole machine, of which there is one set and one memory domain. */
static bool of_machine(int64_t level, int64_t which)
{
    return level == LEVEL_ROOT || level == LEVEL_CPUSET || which == WHICH_CPUSET || which == WHICH_DOMAIN;
}

/* In capability mode only of the caller itself (kern_cpuset.c, cpuset_check_capabilities). */
static int mode_check(const struct call *c, int64_t level, int64_t which, uint64_t id)
{
    const bool self = id == SELF || (uint32_t)id == UINT32_MAX ||
                      (which == WHICH_TID && (int64_t)id == task_tid(c->task)) ||
                      (which == WHICH_PID && id == (uint64_t)c->proc->pid);

    if (!capability_mode(c))
        return 0;
    return level == LEVEL_WHICH && (which == WHICH_TID || which == WHICH_PID) && self ? 0 : -D_ECAPMODE;
}

static int affinity_get(struct call *c, int64_t level, int64_t which, uint64_t id, uint8_t *mask)
{
    struct scratch s = scratch_get(c, CPUSET_BYTES);
    int64_t        tid, n;

    if (level < LEVEL_ROOT || level > LEVEL_WHICH)
        return -EINVAL;
    if (of_machine(level, which)) {
        mask_all(mask);
        return 0;
    }
    tid = host_thread(c, which, id);
    if (tid < 0)
        return (int)tid;
    if (!s.p)
        return -ENOMEM;
    n = host_call(c, SYS_sched_getaffinity, tid, CPUSET_BYTES, s.va);
    if (n < 0)
        return (int)n;
    memset(mask, 0, CPUSET_BYTES);
    memcpy(mask, s.p, (size_t)(n < CPUSET_BYTES ? n : CPUSET_BYTES));
    return 0;
}

static int zeros_out(struct call *c, gva at, uint64_t n)
{
    static const uint8_t zeros[512];
    int                  err = 0;

    for (; n && !err; at.va += sizeof(zeros)) {
        uint64_t part = n < sizeof(zeros) ? n : sizeof(zeros);

        err = copy_out(c, at, zeros, part);
        n -= part;
    }
    return err;
}

/* A mask too small for the processors there are is ERANGE; a larger one is filled with zeros. */
int64_t sys_cpuset_getaffinity(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask)
{
    uint8_t  bits[CPUSET_BYTES];
    uint64_t n = size < CPUSET_BYTES ? size : CPUSET_BYTES;
    int      err = mode_check(c, level, which, id);

    if (!err)
        err = affinity_get(c, level, which, id, bits);
    if (err)
        return err;
    if (size < mask_bytes(bits))
        return -ERANGE;
    err = copy_out(c, mask, bits, n);
    return err || size == n ? err : zeros_out(c, GVA(mask.va + n), size - n);
}

/* Bits behind the largest mask must be clear. */
static int mask_in(struct call *c, uint64_t size, gva mask, uint8_t *bits)
{
    uint8_t  rest[64];
    uint64_t n = size < CPUSET_BYTES ? size : CPUSET_BYTES;
    int      err;

    memset(bits, 0, CPUSET_BYTES);
    err = copy_in(c, bits, mask, n);
    while (!err && n < size) {
        uint64_t part = size - n < sizeof(rest) ? size - n : sizeof(rest);

        err = copy_in(c, rest, GVA(mask.va + n), part);
        for (uint64_t i = 0; !err && i < part; i++)
            if (rest[i])
                err = -EINVAL;
        n += part;
    }
    return err;
}

struct affinity {
    uint64_t va;
};

static int64_t thread_affinity(struct call *c, pid_t tid, void *arg)
{
    return host_call(c, SYS_sched_setaffinity, tid, CPUSET_BYTES, ((struct affinity *)arg)->va);
}

/* Only processors that there are: EINVAL otherwise, and EDEADLK when none is left (kern_cpuset.c). */
static int mask_check(const uint8_t *bits)
{
    uint8_t all[CPUSET_BYTES];

    mask_all(all);
    if (!mask_bytes(bits))
        return -EDEADLK;
    for (int i = 0; i < CPUSET_BYTES; i++)
        if (bits[i] & ~all[i])
            return -EINVAL;
    return 0;
}

int64_t sys_cpuset_setaffinity(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask)
{
    struct scratch  s = scratch_get(c, CPUSET_BYTES);
    struct affinity a = {s.va};
    uint8_t         bits[CPUSET_BYTES];
    int64_t         tid;
    int             err;

    if (!s.p)
        return -ENOMEM;
    if (level < LEVEL_ROOT || level > LEVEL_WHICH || size > 4096)
        return -EINVAL;
    err = mode_check(c, level, which, id);
    if (!err)
        err = mask_in(c, size, mask, bits);
    if (!err)
        err = mask_check(bits);
    if (err)
        return err;
    if (of_machine(level, which))
        return -EPERM;
    tid = host_thread(c, which, id);
    if (tid < 0)
        return tid;
    memcpy(s.p, bits, CPUSET_BYTES);
    if (which == WHICH_PID)
        return host_tids_each(c, (int)tid, thread_affinity, &a);
    return thread_affinity(c, (pid_t)tid, &a);
}

/* ---- sets ------------------------------------------------------------------- */

int64_t sys_cpuset(struct call *c, gva setid) { return put_int(c, setid, SET_DEFAULT); }

int64_t sys_cpuset_setid(struct call *c, int64_t which, uint64_t id, int setid)
{
    int64_t tid = which == WHICH_PID ? host_thread(c, which, id) : -EINVAL;

    if (tid < 0)
        return tid;
    return setid == SET_DEFAULT ? 0 : -ESRCH;
}

int64_t sys_cpuset_getid(struct call *c, int64_t level, int64_t which, uint64_t id, gva setid)
{
    int64_t tid = of_machine(LEVEL_WHICH, which) ? 0 : host_thread(c, which, id);

    if ((level == LEVEL_WHICH && which != WHICH_CPUSET) || level < LEVEL_ROOT || level > LEVEL_WHICH)
        return -EINVAL;
    if (tid < 0)
        return tid;
    return put_int(c, setid, level == LEVEL_ROOT ? SET_ROOT : SET_DEFAULT);
}

/* ---- memory domains: there is one ---------------------------------------------- */

static int domain_check(const struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size)
{
    const int err = mode_check(c, level, which, id);

    if (err)
        return err;
    if (size < DOMAIN_MIN || size > DOMAIN_MAX)
        return -ERANGE;
    return level < LEVEL_ROOT || level > LEVEL_WHICH ? -EINVAL : 0;
}

int64_t sys_cpuset_getdomain(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask,
                             gva policy)
{
    uint8_t bits[DOMAIN_MAX] = {1};
    int64_t tid = of_machine(level, which) ? 0 : host_thread(c, which, id);
    int     err = domain_check(c, level, which, id, size);

    if (err)
        return err;
    if (tid < 0)
        return tid;
    err = copy_out(c, mask, bits, size);
    return err ? err : put_int(c, policy, 2 /* DOMAINSET_POLICY_FIRSTTOUCH */);
}

int64_t sys_cpuset_setdomain(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask,
                             int policy)
{
    uint8_t bits[DOMAIN_MAX];
    int64_t tid = of_machine(level, which) ? 0 : host_thread(c, which, id);
    int     err = domain_check(c, level, which, id, size);

    if (err)
        return err;
    if (policy < 1 || policy > DOMAIN_POLICIES)
        return -EINVAL;
    err = copy_in(c, bits, mask, size);
    if (err || tid < 0)
        return err ? err : tid;
    for (uint64_t i = 0; i < size; i++)
        if (bits[i] != (i == 0))
            return -EINVAL;
    return 0;
}
