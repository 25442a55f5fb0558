/*
 * compat/rtprio.c: rtprio(2): real-time and idle priorities, as host policies.
 */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"
#include "syscalls/resources.h"

enum { RTP_LOOKUP, RTP_SET };
enum { RTP_REALTIME = 2, RTP_NORMAL = 3, RTP_IDLE = 4, RTP_FIFO = 10 };
#define RTP_PRIO_MAX 31 /* the lowest; 0 is the highest */

static int64_t lookup(struct call *c, int tid, struct krtprio *rtp)
{
    struct scratch s = scratch_get(c, sizeof(struct sched_param));
    int64_t        policy = host_call(c, SYS_sched_getscheduler, tid);
    int64_t        err;

    if (!s.p)
        return -ENOMEM;
    err = policy < 0 ? policy : host_call(c, SYS_sched_getparam, tid, s.va);
    if (err)
        return err;
    *rtp = (struct krtprio){.type = RTP_NORMAL};
    if (policy == SCHED_FIFO || policy == SCHED_RR) {
        int prio = *(int *)s.p;

        rtp->type = policy == SCHED_FIFO ? RTP_FIFO : RTP_REALTIME;
        rtp->prio = prio > RTP_PRIO_MAX ? 0 : (uint32_t)(RTP_PRIO_MAX + 1 - prio);
    } else if (policy == SCHED_IDLE) {
        rtp->type = RTP_IDLE;
    }
    return 0;
}

struct change {
    int64_t  policy;
    uint64_t param;
};

static int64_t thread_change(struct call *c, pid_t tid, void *arg)
{
    const struct change *ch = arg;

    return host_call(c, SYS_sched_setscheduler, tid, ch->policy, ch->param);
}

static int change_from(struct call *c, const struct krtprio *rtp, struct change *ch)
{
    struct scratch s = scratch_get(c, sizeof(struct sched_param));

    if (!s.p)
        return -ENOMEM;
    *(int *)s.p = 0;
    ch->param = s.va;
    if (rtp->type != RTP_NORMAL && rtp->prio > RTP_PRIO_MAX)
        return -EINVAL;
    switch (rtp->type) {
    case RTP_REALTIME:
    case RTP_FIFO:
        ch->policy = rtp->type == RTP_FIFO ? SCHED_FIFO : SCHED_RR;
        *(int *)s.p = RTP_PRIO_MAX + 1 - (int)rtp->prio;
        return 0;
    case RTP_NORMAL: ch->policy = SCHED_OTHER; return 0;
    case RTP_IDLE: ch->policy = SCHED_IDLE; return 0;
    default: return -EINVAL;
    }
}

int64_t sys_rtprio(struct call *c, int64_t function, int pid, void *rtp)
{
    struct change ch;
    int           err;

    if (!rtp)
        return -EFAULT;
    if (function == RTP_LOOKUP)
        return lookup(c, pid, rtp);
    if (function != RTP_SET)
        return -EINVAL;
    err = change_from(c, rtp, &ch);
    return err ? err : host_tids_each(c, pid, thread_change, &ch);
}

/* tid 0 is the caller.  Thread numbers of the guest are not the host's. */
int64_t sys_rtprio_thread(struct call *c, int64_t function, int tid, void *rtp)
{
    struct change ch;
    struct task  *t;
    pid_t         host = 0;
    int           err;

    if (!rtp)
        return -EFAULT;
    if (tid) {
        pthread_mutex_lock(&session.lock);
        t = task_by_tid_locked(tid);
        host = t ? t->host_tid : -1;
        pthread_mutex_unlock(&session.lock);
    }
    if (host < 0)
        return -ESRCH;
    if (function == RTP_LOOKUP)
        return lookup(c, host, rtp);
    if (function != RTP_SET)
        return -EINVAL;
    err = change_from(c, rtp, &ch);
    return err ? err : thread_change(c, host, &ch);
}

int rtprio_of_new_thread(struct call *c, gva at, struct krtprio *rtp)
{
    uint16_t  raw[2]; /* struct rtprio, sys/rtprio.h */
    const int err = copy_in(c, raw, at, sizeof(raw));

    if (err)
        return err;
    *rtp = (struct krtprio){.type = raw[0], .prio = raw[1]};
    switch (rtp->type) { /* kern_thr.c, thread_create */
    case RTP_REALTIME:
    case RTP_FIFO:
        if (host_call(c, SYS_geteuid) != 0)
            return -EPERM;
        return rtp->prio > RTP_PRIO_MAX ? -EINVAL : 0;
    case RTP_NORMAL: rtp->prio = 0; return 0;
    default: return -EINVAL;
    }
}

void rtprio_set_thread(struct call *c, int host_tid, const struct krtprio *rtp)
{
    struct change ch;

    if (rtp->type != RTP_NORMAL && !change_from(c, rtp, &ch))
        thread_change(c, host_tid, &ch);
}
