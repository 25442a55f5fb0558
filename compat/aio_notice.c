/*
 * How the end of a job, or of a list of jobs, is told: by a signal, by a kevent.
 */
#include <signal.h>

#include "compat/aio_int.h"
#include "compat/kqueue_int.h"
#include "syscalls/signal.h"
#include "syscalls/sigqueue.h"

#define FLAGS_ALLOWED (KQ_EV_CLEAR | KQ_EV_DISPATCH | KQ_EV_ONESHOT)

static bool sends_signal(const struct aio_notice *n)
{
    return n->ev.notify == SIGEV_G_SIGNAL || n->ev.notify == SIGEV_G_THREAD_ID;
}

static int add_knote(struct call *c, struct aio_notice *n)
{
    const uint16_t       flags = n->filter == KQ_FILTER_AIO ? (uint16_t)n->ev.tid : 0;
    const struct kkevent kev = {
        .ident = n->ident, .filter = n->filter, .flags = KQ_EV_ADD | KQ_EV_ENABLE | flags, .udata = n->ev.value};

    return flags & ~FLAGS_ALLOWED ? -EINVAL : kqueue_aio_add(c, n->ev.signo, &kev, &n->kqueue);
}

int aio_notice_init(struct call *c, struct aio_notice *n, const struct aio_sigevent *ev, int filter, uint64_t ident)
{
    static int64_t number = SIGOWNER_AIO;

    *n = (struct aio_notice){.ev = *ev, .filter = filter, .ident = ident};
    n->number = __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
    switch (ev->notify) {
    case SIGEV_G_NONE: return 0;
    case SIGEV_G_SIGNAL:
    case SIGEV_G_THREAD_ID: return ev->signo <= 0 || (unsigned)ev->signo > c->abi->nsig ? -EINVAL : 0;
    case SIGEV_G_KEVENT: return add_knote(c, n);
    default: return -EINVAL;
    }
}

/* vfs_aio.c, aio_sendsig.  A thread that is gone hears nothing. */
static void send_signal(const struct aio_notice *n, struct proc *p)
{
    const struct ksiginfo info = {
        .signo = n->ev.signo,
        .code = p->abi->sigcode_from_host(n->ev.signo, SI_ASYNCIO),
        .value = n->ev.value,
        .owner = n->number,
    };
    struct task *t;

    pthread_mutex_lock(&session.lock);
    t = n->ev.notify == SIGEV_G_THREAD_ID ? task_find_locked(p, n->ev.tid) : NULL;
    if (t)
        signal_post_task_locked(t, &info);
    else if (n->ev.notify == SIGEV_G_SIGNAL)
        signal_post_proc_locked(p, &info);
    pthread_mutex_unlock(&session.lock);
}

void aio_notice_tell(struct aio_notice *n, struct proc *p, int error)
{
    if (n->told)
        return;
    n->told = true;
    if (sends_signal(n))
        send_signal(n, p);
    else if (n->ev.notify == SIGEV_G_KEVENT)
        kqueue_aio_done(n->kqueue, p->fds, n->filter, n->ident, p->abi->errno_from_host[error]);
}

/* A signal that has not been delivered goes with what it tells of (aio_free_entry, sigqueue_take). */
static void withdraw_signal(const struct aio_notice *n, struct proc *p)
{
    pthread_mutex_lock(&session.lock);
    sigqueue_withdraw_all(p, n->ev.signo, n->number);
    pthread_mutex_unlock(&session.lock);
}

void aio_notice_drop(const struct aio_notice *n, struct proc *p)
{
    if (n->told && sends_signal(n))
        withdraw_signal(n, p);
    else if (n->ev.notify == SIGEV_G_KEVENT)
        kqueue_aio_drop(n->kqueue, p->fds, n->filter, n->ident);
}
