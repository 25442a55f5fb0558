/* syscalls/mqueue_notify.c: kmq_notify (FreeBSD sys/kern/uipc_mqueue.c, kern_kmq_notify, mqueue_send_notification). */
#include "syscalls/mqueue_object.h"

#include <signal.h>
#include <stdlib.h>

#include "syscalls/sigevent.h"
#include "syscalls/signal.h"
#include "syscalls/sigqueue.h"

/* One for each descriptor of a process through which it asked to be told; stays until that is closed. */
struct mqueue_notifier {
    LIST_ENTRY(mqueue_notifier) link;
    struct proc          *proc;
    int                   fd;
    struct mqueue        *queue; /* that it is the notifier of now; NULL: it was told */
    struct guest_sigevent ev;
    int                   code;   /* SI_MESGQ in the guest's numbers */
    int64_t               number; /* by which its signal is known while it is pending */
};

static LIST_HEAD(, mqueue_notifier) notifiers; /* under mqueue_lock */

static struct mqueue_notifier *find_locked(const struct proc *p, int fd)
{
    struct mqueue_notifier *n;

    LIST_FOREACH(n, &notifiers, link)
        if (n->proc == p && n->fd == fd)
            return n;
    return NULL;
}

static bool is_pending(const struct mqueue_notifier *n)
{
    struct task *t;

    if (sigqueue_holds(&n->proc->pending, n->ev.signo, n->number))
        return true;
    LIST_FOREACH(t, &n->proc->tasks, link)
        if (sigqueue_holds(&t->pending, n->ev.signo, n->number))
            return true;
    return false;
}

static void post_session_locked(struct mqueue_notifier *n)
{
    const struct ksiginfo info = {.signo = n->ev.signo,
                                  .code = n->code,
                                  .value = n->ev.value,
                                  .timerid = n->fd, /* si_mqd, in the same place of the union */
                                  .owner = n->number};
    struct task          *to = NULL;

    if (n->ev.notify == NOTIFY_THREAD_ID && !(to = task_find_locked(n->proc, n->ev.tid)))
        return;
    if (is_pending(n))
        return;
    if (to)
        signal_post_task_locked(to, &info);
    else
        signal_post_proc_locked(n->proc, &info);
}

void mqueue_notify_locked(struct mqueue *q)
{
    struct mqueue_notifier *n = q->notifier;

    if (!n)
        return;
    q->notifier = NULL;
    n->queue = NULL;
    if (n->ev.notify == NOTIFY_NONE)
        return;
    pthread_mutex_lock(&session.lock);
    post_session_locked(n);
    pthread_mutex_unlock(&session.lock);
}

void mqueue_notify_forget_locked(struct mqueue *q)
{
    if (q->notifier)
        q->notifier->queue = NULL;
    q->notifier = NULL;
}

static void withdraw(struct mqueue_notifier *n)
{
    pthread_mutex_lock(&session.lock);
    sigqueue_withdraw_all(n->proc, n->ev.signo, n->number);
    pthread_mutex_unlock(&session.lock);
}

static void remove_locked(struct mqueue_notifier *n)
{
    if (n->queue)
        n->queue->notifier = NULL;
    withdraw(n);
    LIST_REMOVE(n, link);
    free(n);
}

void mqueue_slot_closed(const struct proc *p, int fd)
{
    struct mqueue_notifier *n;

    pthread_mutex_lock(&mqueue_lock);
    n = find_locked(p, fd);
    if (n)
        remove_locked(n);
    pthread_mutex_unlock(&mqueue_lock);
}

void mqueue_proc_gone(const struct proc *p)
{
    struct mqueue_notifier *n, *next;

    pthread_mutex_lock(&mqueue_lock);
    for (n = LIST_FIRST(&notifiers); n; n = next) {
        next = LIST_NEXT(n, link);
        if (n->proc == p)
            remove_locked(n);
    }
    pthread_mutex_unlock(&mqueue_lock);
}

/* The one of this descriptor, whose signal is pending no longer. */
static struct mqueue_notifier *renewed_locked(struct proc *p, int fd)
{
    static int64_t          made = SIGOWNER_MQUEUE;
    struct mqueue_notifier *n = find_locked(p, fd);

    if (n) {
        withdraw(n);
        return n;
    }
    n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    n->proc = p;
    n->fd = fd;
    n->number = ++made;
    LIST_INSERT_HEAD(&notifiers, n, link);
    return n;
}

static int ask_locked(struct call *c, int fd, struct mqueue *q, const struct guest_sigevent *ev)
{
    struct mqueue_notifier *n;

    if (q->notifier)
        return -EBUSY;
    n = renewed_locked(c->proc, fd);
    if (!n)
        return -ENOMEM;
    n->ev = *ev;
    n->code = c->abi->sigcode_from_host(ev->signo, SI_MESGQ);
    n->queue = q;
    q->notifier = n;
    if (!q->receivers.n && q->curmsgs)
        mqueue_notify_locked(q);
    return 0;
}

static int event_get(struct call *c, gva at, struct guest_sigevent *ev)
{
    const int err = copy_in(c, ev, at, sizeof(*ev));

    if (err)
        return err;
    if (ev->notify != NOTIFY_SIGNAL && ev->notify != NOTIFY_THREAD_ID && ev->notify != NOTIFY_NONE)
        return -EINVAL;
    return ev->notify != NOTIFY_NONE && (ev->signo <= 0 || ev->signo > (int)c->abi->nsig) ? -EINVAL : 0;
}

int64_t sys_kmq_notify(struct call *c, int mqd, gva sigev)
{
    struct guest_sigevent ev;
    struct mqueue_use     u;
    int                   err = sigev.va ? event_get(c, sigev, &ev) : 0;

    if (!err)
        err = mqueue_use(c, mqd, &u);
    if (err)
        return err;
    if (!sigev.va) {
        mqueue_slot_closed(c->proc, mqd);
    } else {
        pthread_mutex_lock(&mqueue_lock);
        err = ask_locked(c, mqd, u.queue, &ev);
        pthread_mutex_unlock(&mqueue_lock);
    }
    mqueue_done(c, &u);
    return err;
}
