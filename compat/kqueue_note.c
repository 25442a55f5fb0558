/*
 * Knotes, the queue of active ones, and the scan that reports them.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "compat/kqueue_int.h"

static unsigned note_bucket(int filter, uint64_t ident)
{
    return (unsigned)((ident ^ ident >> 8 ^ (unsigned)-filter * 37u) % KQ_BUCKETS);
}

struct knote *knote_find(struct kqueue *kq, int filter, uint64_t ident)
{
    struct knote *kn;

    LIST_FOREACH(kn, &kq->knotes[note_bucket(filter, ident)], hash)
        if (kn->kev.ident == ident && kn->kev.filter == filter)
            return kn;
    return NULL;
}

struct knote *knote_new(struct kqueue *kq, const struct filter *f, const struct kkevent *kev)
{
    const uint32_t orders = KQ_EV_ADD | KQ_EV_DELETE | KQ_EV_ENABLE | KQ_EV_DISABLE | KQ_EV_FORCEONESHOT;
    struct knote  *kn = calloc(1, sizeof(*kn));

    if (!kn)
        return NULL;
    kn->kq = kq;
    kn->filter = f;
    kn->kev = *kev;
    kn->kev.flags &= ~orders;
    kn->kev.fflags = 0;
    kn->kev.data = 0;
    kn->sfflags = kev->fflags;
    kn->sdata = kev->data;
    kn->disabled = kev->flags & KQ_EV_DISABLE;
    kn->wd = -1;
    LIST_INSERT_HEAD(&kq->knotes[note_bucket(kev->filter, kev->ident)], kn, hash);
    return kn;
}

void knote_free(struct knote *kn)
{
    knote_dequeue(kn);
    LIST_REMOVE(kn, hash);
    if (kn->source && !kn->source->timer)
        TAILQ_REMOVE(&kn->source->notes, kn, of_source);
    free(kn);
}

void knote_drop(struct knote *kn)
{
    if (kn->filter->detach)
        kn->filter->detach(kn);
    knote_free(kn);
}

static void enqueue(struct knote *kn)
{
    TAILQ_INSERT_TAIL(&kn->kq->queue, kn, queue);
    kn->queued = true;
    kn->kq->nqueued++;
}

static void unqueue(struct kqueue *kq, struct knote *kn)
{
    TAILQ_REMOVE(&kq->queue, kn, queue);
    kn->queued = false;
    kq->nqueued--;
}

void knote_dequeue(struct knote *kn)
{
    if (kn->queued)
        unqueue(kn->kq, kn);
}

void knote_activate(struct knote *kn)
{
    kn->active = true;
    if (!kn->queued && !kn->disabled)
        enqueue(kn);
}

void kq_sync_wake(struct kqueue *kq)
{
    const bool want = kq->nqueued > 0;
    uint64_t   n = 1;

    if (want == kq->awake)
        return;
    if ((want ? write(kq->wakefd, &n, sizeof(n)) : read(kq->wakefd, &n, sizeof(n))) == sizeof(n))
        kq->awake = want;
}

/* ---- collecting what the host reports ------------------------------------- */

static uint32_t wanted_events(int filter)
{
    switch (filter) {
    case KQ_FILTER_READ: return EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    case KQ_FILTER_WRITE:
    case KQ_FILTER_EMPTY: return EPOLLOUT | EPOLLHUP | EPOLLERR;
    case KQ_FILTER_PROCDESC: return EPOLLHUP; /* of the pipe that it is on the host */
    default: return 0;
    }
}

static void source_reported(struct kqueue *kq, struct source *s, uint32_t revents)
{
    struct knote *kn;

    s->fresh = false;
    s->polled = kq->scan;
    s->revents = revents;
    TAILQ_FOREACH(kn, &s->notes, of_source)
        if (revents & wanted_events(kn->kev.filter))
            knote_activate(kn);
}

/* *idle: a source that nobody wants any more, if there was one. */
static void host_reported(struct call *c, struct kqueue *kq, const struct epoll_event *ev, uint64_t *idle)
{
    struct source *s = NULL;

    if (ev->data.u64 == KQ_TOKEN_WAKE)
        return;
    if (ev->data.u64 == KQ_TOKEN_INOTIFY)
        kqueue_vnode_drain(c, kq);
    else
        s = source_by_token(kq, ev->data.u64);
    if (!s)
        return;
    if (s->timer) {
        kqueue_timer_expired(s);
    } else if (TAILQ_EMPTY(&s->notes) && !s->leaving) {
        s->fresh = false;
        *idle = ev->data.u64;
    } else {
        source_reported(kq, s, ev->events);
    }
}

static void collect(struct call *c, struct kqueue *kq, uint64_t *idle)
{
    struct epoll_event ev[64];
    int                n, rounds = 0;

    do {
        n = epoll_wait(kq->epfd, ev, 64, 0);
        for (int i = 0; i < n; i++)
            host_reported(c, kq, &ev[i], idle);
    } while (n == 64 && ++rounds < 32);
}

/* ---- reporting ------------------------------------------------------------- */

static void report(struct knote *kn, struct kkevent *out)
{
    if (kn->filter->report) {
        kn->filter->report(kn, out);
        return;
    }
    *out = kn->kev;
    if (kn->kev.flags & KQ_EV_CLEAR) {
        kn->kev.data = 0;
        kn->kev.fflags = 0;
    }
}

/* What was the head of the queue: true when it was reported. */
static bool report_first(struct call *c, struct knote *kn, struct kkevent *out)
{
    if (kn->disabled)
        return false;
    if (kn->kev.flags & KQ_EV_DROP) {
        knote_drop(kn);
        return false;
    }
    if (!kn->filter->event(c, kn) && !kn->forced) {
        kn->active = false;
        return false;
    }
    if (kn->kev.flags & KQ_EV_ONESHOT) {
        *out = kn->kev;
        knote_drop(kn);
        return true;
    }
    report(kn, out);
    if (kn->kev.flags & KQ_EV_DISPATCH)
        kn->disabled = true;
    if (kn->kev.flags & (KQ_EV_CLEAR | KQ_EV_DISPATCH))
        kn->active = false;
    else
        enqueue(kn);
    return true;
}

int kq_scan(struct call *c, struct kqueue *kq, struct kkevent *out, int max, uint64_t *idle)
{
    int got = 0;

    kq->scan++;
    collect(c, kq, idle);
    for (unsigned n = kq->nqueued; n > 0 && got < max; n--) {
        struct knote *kn = TAILQ_FIRST(&kq->queue);

        unqueue(kq, kn); // NOLINT(clang-analyzer-unix.Malloc): a freed knote has left the queue
        got += report_first(c, kn, &out[got]);
    }
    kq_sync_wake(kq);
    return got;
}
