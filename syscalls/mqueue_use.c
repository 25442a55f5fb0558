/* syscalls/mqueue_use.c: sending and receiving (FreeBSD sys/kern/uipc_mqueue.c, _mqueue_send, _mqueue_recv). */
#include "syscalls/mqueue_object.h"

#include <fcntl.h>
#include <stdlib.h>

#include "syscalls/proc.h"
#include "syscalls/time.h"

#define MQ_PRIORITIES 64u /* MQ_PRIO_MAX, sys/syslimits.h */

/* One message on its way in or out. */
struct transfer {
    struct mqueue      *queue;
    struct mqueue_side *side; /* where this waits */
    struct mqueue_msg  *msg;  /* to be sent; received */
};

static void insert_locked(struct mqueue *q, struct mqueue_msg *m)
{
    struct mqueue_msg *before;

    TAILQ_FOREACH(before, &q->msgs, link)
        if (before->prio < m->prio)
            break;
    if (before)
        TAILQ_INSERT_BEFORE(before, m, link);
    else
        TAILQ_INSERT_TAIL(&q->msgs, m, link);
}

static bool send_locked(struct mqueue *q, struct mqueue_msg *m)
{
    if (q->curmsgs >= q->maxmsg)
        return false;
    insert_locked(q, m);
    q->curmsgs++;
    if (q->receivers.n)
        sleepers_choose(&q->receivers.waiters);
    else
        mqueue_notify_locked(q);
    mqueue_ready_locked(q);
    return true;
}

static bool receive_locked(struct mqueue *q, struct mqueue_msg **m)
{
    *m = TAILQ_FIRST(&q->msgs);
    if (!*m)
        return false;
    TAILQ_REMOVE(&q->msgs, *m, link);
    q->curmsgs--;
    sleepers_choose(&q->senders.waiters);
    mqueue_ready_locked(q);
    return true;
}

static bool done_locked(struct transfer *t)
{
    return t->side == &t->queue->senders ? send_locked(t->queue, t->msg) : receive_locked(t->queue, &t->msg);
}

/* What nobody waits for any more is told of, when somebody asked for it. */
static void leave_locked(struct transfer *t)
{
    struct mqueue *q = t->queue;

    if (t->side == &q->receivers && !q->receivers.n && q->curmsgs)
        mqueue_notify_locked(q);
}

/* True: done.  Else w waits. */
static bool do_or_queue(struct call *c, struct transfer *t, struct sleeper *w)
{
    bool done;

    pthread_mutex_lock(&mqueue_lock);
    done = done_locked(t);
    if (done) {
        leave_locked(t);
    } else if (w) {
        sleepers_join(&t->side->waiters, w, c->task);
        t->side->n++;
    }
    pthread_mutex_unlock(&mqueue_lock);
    return done;
}

/*
 * After one sleep, with its result: 1 to sleep again.  However the sleep ended, what can be done is done; a thread that
 * was chosen and is gone lets the next.
 */
static int after_sleep_locked(struct transfer *t, const struct sleeper *w, int r)
{
    if (r == -ESRCH) {
        if (!w->queued)
            sleepers_choose(&t->side->waiters);
        return r;
    }
    return done_locked(t) ? 0 : r ? r : 1;
}

static int after_sleep(struct transfer *t, struct sleeper *w, int r)
{
    struct mqueue_side *s = t->side;

    pthread_mutex_lock(&mqueue_lock);
    s->n--; /* it does not wait now, so it is not one that a message would be for */
    r = after_sleep_locked(t, w, r);
    if (r > 0) {
        s->n++;
        sleepers_stay(&s->waiters, w);
    } else {
        sleepers_leave(&s->waiters, w);
        leave_locked(t);
    }
    pthread_mutex_unlock(&mqueue_lock);
    return r;
}

static int wait_for(struct call *c, struct transfer *t, const struct timespec *end)
{
    struct sleeper w;
    int            r;

    task_sleep_prepare(c);
    if (do_or_queue(c, t, &w))
        return 0;
    do {
        r = task_sleep_real(c, end);
        task_sleep_prepare(c);
        r = after_sleep(t, &w, r);
    } while (r > 0);
    return r;
}

/* A time is looked at only when there is something to wait for. */
static int transfer(struct call *c, struct transfer *t, bool wait, const struct timespec *end)
{
    if (wait && !end)
        return wait_for(c, t, NULL);
    if (do_or_queue(c, t, NULL))
        return 0;
    if (!wait)
        return -EAGAIN;
    return timespec_valid(end) ? wait_for(c, t, end) : -EINVAL;
}

static struct mqueue_msg *load(struct call *c, gva from, size_t len, unsigned prio, int *err)
{
    struct mqueue_msg *m = malloc(sizeof(*m) + len);

    *err = m ? copy_in(c, m->data, from, len) : -ENOMEM;
    if (*err) {
        free(m);
        return NULL;
    }
    m->prio = prio;
    m->size = len;
    return m;
}

static int send_msg(struct call *c, struct mqueue_use *u, gva msg, uint64_t len, unsigned prio, const void *end)
{
    struct transfer t = {u->queue, &u->queue->senders, NULL};
    int             err;

    if (prio >= MQ_PRIORITIES)
        return -EINVAL;
    if (len > (uint64_t)u->queue->msgsize)
        return -EMSGSIZE;
    t.msg = load(c, msg, len, prio, &err);
    if (err)
        return err;
    err = transfer(c, &t, !(u->ref.of->flags & O_NONBLOCK), end);
    if (err)
        free(t.msg);
    return err;
}

int64_t sys_kmq_timedsend(struct call *c, int mqd, gva msg, uint64_t len, unsigned prio, const void *abstime)
{
    struct mqueue_use u;
    int64_t           r = mqueue_use(c, mqd, &u);

    if (r)
        return r;
    r = (u.ref.of->flags & D_O_ACCMODE) == O_RDONLY ? -EBADF : send_msg(c, &u, msg, len, prio, abstime);
    mqueue_done(c, &u);
    return r;
}

/* A message that cannot be put there is lost (mqueue_receive). */
static int64_t receive_msg(struct call *c, struct mqueue_use *u, gva to, uint64_t len, gva prio, const void *end)
{
    struct transfer t = {u->queue, &u->queue->receivers, NULL};
    int64_t         r;

    if (len < (uint64_t)u->queue->msgsize)
        return -EMSGSIZE;
    r = transfer(c, &t, !(u->ref.of->flags & O_NONBLOCK), end);
    if (r)
        return r;
    r = copy_out(c, to, t.msg->data, t.msg->size);
    if (!r && prio.va)
        r = put_int(c, prio, (int32_t)t.msg->prio);
    if (!r)
        r = (int64_t)t.msg->size;
    free(t.msg);
    return r;
}

int64_t sys_kmq_timedreceive(struct call *c, int mqd, gva msg, uint64_t len, gva prio, const void *abstime)
{
    struct mqueue_use u;
    int64_t           r = mqueue_use(c, mqd, &u);

    if (r)
        return r;
    r = (u.ref.of->flags & D_O_ACCMODE) == O_WRONLY ? -EBADF : receive_msg(c, &u, msg, len, prio, abstime);
    mqueue_done(c, &u);
    return r;
}
