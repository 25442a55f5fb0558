/*
 * syscalls/sched.c: POSIX scheduling.  Priorities of the real-time policies are
 * 0 to 31 on FreeBSD and 1 to 99 on the host: shifted by one, the rest unused.
 */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#include "syscalls/resources.h"

#define PRIO_RT_MAX        31  /* RTP_PRIO_MAX - RTP_PRIO_MIN */
#define PRIO_TIMESHARE_MAX 103 /* PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE */

static bool real_time(int64_t policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

int64_t sys_sched_get_priority_max(struct call *c, int64_t policy)
{
    (void)c;
    return real_time(policy) ? PRIO_RT_MAX : PRIO_TIMESHARE_MAX;
}

int64_t sys_sched_get_priority_min(struct call *c, int64_t policy)
{
    (void)c, (void)policy;
    return 0;
}

int64_t sys_sched_getcpu(struct call *c)
{
    struct scratch s = scratch_get(c, sizeof(uint32_t));
    int64_t        err;

    if (!s.p)
        return -ENOMEM;
    err = host_call(c, SYS_getcpu, s.va, 0);
    return err ? err : *(uint32_t *)s.p;
}

static int64_t policy_get(struct call *c, int pid)
{
    int64_t policy = pid < 0 ? -EINVAL : host_call(c, SYS_sched_getscheduler, pid);

    if (policy >= 0)
        policy &= ~(int64_t)SCHED_RESET_ON_FORK;
    return policy;
}

/* The numbers of FreeBSD: FIFO 1, OTHER 2, RR 3.  The result of a row is not converted, so here. */
int64_t sys_sched_getscheduler(struct call *c, int pid)
{
    int64_t policy = policy_get(c, pid);

    if (policy < 0)
        return policy;
    return policy == SCHED_FIFO ? 1 : policy == SCHED_RR ? 3 : 2;
}

int64_t sys_sched_getparam(struct call *c, int pid, void *param)
{
    struct scratch s = scratch_get(c, sizeof(struct sched_param));
    int64_t        err;

    if (!param)
        return -EFAULT;
    if (!s.p)
        return -ENOMEM;
    err = pid < 0 ? -EINVAL : host_call(c, SYS_sched_getparam, pid, s.va);
    if (!err) {
        int prio = *(int *)s.p;

        *(int *)param = prio > 0 ? prio - 1 : 0;
    }
    return err;
}

struct change {
    int64_t  policy;
    uint64_t param; /* struct sched_param in the scratch area */
};

static int64_t thread_change(struct call *c, pid_t tid, void *arg)
{
    const struct change *ch = arg;

    return host_call(c, SYS_sched_setscheduler, tid, ch->policy, ch->param);
}

static int64_t change(struct call *c, int pid, int64_t policy, const void *param)
{
    struct scratch s = scratch_get(c, sizeof(struct sched_param));
    struct change  ch = {.policy = policy, .param = s.va};
    int            prio;

    if (!param)
        return -EFAULT;
    if (!s.p)
        return -ENOMEM;
    prio = *(const int *)param;
    if (pid < 0 || prio < 0 || prio > sys_sched_get_priority_max(c, policy))
        return -EINVAL;
    *(int *)s.p = real_time(policy) ? prio + 1 : 0;
    return host_tids_each(c, pid, thread_change, &ch);
}

int64_t sys_sched_setscheduler(struct call *c, int pid, int64_t policy, const void *param)
{
    return change(c, pid, policy, param);
}

int64_t sys_sched_setparam(struct call *c, int pid, const void *param)
{
    int64_t policy = policy_get(c, pid);

    return policy < 0 ? policy : change(c, pid, policy, param);
}

#define MEMBARRIER_KNOWN 0x7f /* the host's query names commands that FreeBSD has not */

int64_t sys_membarrier(struct call *c, int64_t cmd, unsigned flags, int cpu)
{
    int64_t ret = host_call(c, SYS_membarrier, cmd, flags, cpu);

    return cmd == 0 && ret > 0 ? ret & MEMBARRIER_KNOWN : ret;
}
