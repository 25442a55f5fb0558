/*
 * One change of a kqueue: kern_event.c, kqueue_register.
 */
#include <limits.h>

#include "compat/kqueue_int.h"
#include "syscalls/proc.h"

/* ---- filters without much of their own ---------------------------------------- */

static int refuse_enxio(struct call *c, struct knote *kn)
{
    (void)c, (void)kn;
    return -ENXIO;
}

static int take(struct call *c, struct knote *kn)
{
    (void)c;
    kn->kev.flags |= KQ_EV_CLEAR;
    return 0;
}

static bool never(struct call *c, struct knote *kn)
{
    (void)c, (void)kn;
    return false;
}

static const struct filter filter_none = {.attach = refuse_enxio, .event = never};
static const struct filter filter_fs = {.attach = take, .event = never};

static const struct filter *const filters[KQ_FILTERS + 1] = {
    [-KQ_FILTER_READ] = &filter_read,   [-KQ_FILTER_WRITE] = &filter_write,       [-KQ_FILTER_AIO] = &filter_aio,
    [-KQ_FILTER_VNODE] = &filter_vnode, [-KQ_FILTER_PROC] = &filter_proc,         [-KQ_FILTER_SIGNAL] = &filter_signal,
    [-KQ_FILTER_TIMER] = &filter_timer, [-KQ_FILTER_PROCDESC] = &filter_procdesc, [-KQ_FILTER_FS] = &filter_fs,
    [-KQ_FILTER_LIO] = &filter_aio,     [-KQ_FILTER_USER] = &filter_user,         [-KQ_FILTER_SENDFILE] = &filter_none,
    [-KQ_FILTER_EMPTY] = &filter_empty,
};

static const struct filter *filter_find(int filter)
{
    return filter < 0 && filter >= -KQ_FILTERS ? filters[-filter] : NULL;
}

/* ---- one change ------------------------------------------------------------------ */

static void evaluate(struct call *c, struct knote *kn)
{
    const bool reported_anyway = kn->source && kn->source->fresh;

    kn->kq->scan++;
    if (!kn->disabled && !reported_anyway && kn->filter->event(c, kn))
        kn->active = true;
    if (kn->active)
        knote_activate(kn);
}

static int modify(struct call *c, struct knote *kn, const struct kkevent *kev)
{
    if (kev->flags & KQ_EV_DELETE) {
        knote_drop(kn);
        return 0;
    }
    if (kev->flags & KQ_EV_FORCEONESHOT) {
        kn->kev.flags |= KQ_EV_ONESHOT;
        kn->forced = true;
        knote_activate(kn);
    }
    if (kev->flags & KQ_EV_ENABLE)
        kn->disabled = false;
    else if (kev->flags & KQ_EV_DISABLE)
        kn->disabled = true;
    if (!(kev->flags & KQ_EV_KEEPUDATA))
        kn->kev.udata = kev->udata;
    if (kn->filter->touch) {
        kn->filter->touch(c, kn, kev);
    } else {
        kn->sfflags = kev->fflags;
        kn->sdata = kev->data;
    }
    evaluate(c, kn);
    return 0;
}

static int attach(struct call *c, struct kqueue *kq, const struct filter *f, const struct kkevent *kev)
{
    struct knote *kn = knote_new(kq, f, kev);
    int           err;

    if (!kn)
        return -ENOMEM;
    err = f->attach ? f->attach(c, kn) : 0;
    if (err)
        knote_free(kn);
    else
        evaluate(c, kn);
    return err;
}

static int change_plain(struct call *c, struct kqueue *kq, const struct filter *f, const struct kkevent *kev)
{
    struct knote *kn;
    int           err = -ENOENT;

    if (f->needs_session)
        pthread_mutex_lock(&session.lock);
    pthread_mutex_lock(&kq->lock);
    kn = knote_find(kq, kev->filter, kev->ident);
    if (kn)
        err = modify(c, kn, kev);
    else if (kev->flags & KQ_EV_ADD)
        err = attach(c, kq, f, kev);
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
    if (f->needs_session)
        pthread_mutex_unlock(&session.lock);
    return err;
}

/* ---- descriptors -------------------------------------------------------------------- */

/* *made: the host does not know it yet. */
static struct source *source_for(struct kqueue *kq, const struct fdref *ref, bool *made)
{
    struct source *s = source_find(kq, ref);

    *made = !s;
    if (s)
        return s;
    s = source_new(kq, ref);
    if (s) {
        s->always = ref->of->kind == OF_FILE || ref->of->kind == OF_DIR;
        s->fresh = !s->always;
    }
    return s;
}

static struct knote *knote_at(struct kqueue *kq, struct source *s, const struct filter *f, const struct kkevent *kev)
{
    struct knote *kn = knote_new(kq, f, kev);

    if (kn) {
        kn->source = s;
        TAILQ_INSERT_TAIL(&s->notes, kn, of_source);
    }
    return kn;
}

/* After the host's answer.  Meanwhile the descriptor may have been closed, and the source be gone. */
static int registered(struct call *c, struct kqueue *kq, uint64_t token, int r)
{
    struct source *s = source_by_token(kq, token);
    struct knote  *kn;

    if (!s || r == 0)
        return 0;
    if (r == -EPERM) { /* epoll cannot, because poll(2) always says ready */
        s->always = true;
        s->fresh = false;
        TAILQ_FOREACH(kn, &s->notes, of_source)
            evaluate(c, kn);
        return 0;
    }
    while (!TAILQ_EMPTY(&s->notes))
        knote_drop(TAILQ_FIRST(&s->notes));
    source_free(s);
    return r;
}

/* kq->lock is held, and let go around the host call that the first knote of a descriptor costs. */
static int attach_fd(struct call *c, struct kqueue *kq, const struct filter *f, const struct kkevent *kev,
                     const struct fdref *ref)
{
    struct source *s;
    struct knote  *kn;
    uint64_t       token;
    bool           made;
    int            err;

    if (!kqueue_fd_takes(kev->filter, ref->of->kind))
        return -EINVAL;
    s = source_for(kq, ref, &made);
    kn = s ? knote_at(kq, s, f, kev) : NULL;
    err = !kn ? -ENOMEM : f->attach ? f->attach(c, kn) : 0;
    if (err) {
        if (kn)
            knote_free(kn);
        if (s && made)
            source_free(s);
        return err;
    }
    if (!made || s->always) {
        evaluate(c, kn);
        return 0;
    }
    token = source_token(s);
    pthread_mutex_unlock(&kq->lock);
    err = source_register(c, kq, ref->hostfd, token);
    pthread_mutex_lock(&kq->lock);
    return registered(c, kq, token, err);
}

/* A descriptor's knote, unless it belongs to a file that was there before. */
static struct knote *knote_of(struct kqueue *kq, const struct kkevent *kev, const struct fdref *ref)
{
    struct knote *kn = knote_find(kq, kev->filter, kev->ident);

    if (!kn || (kn->source->of == ref->of && kn->source->hostfd == ref->hostfd))
        return kn;
    knote_drop(kn);
    return NULL;
}

/* A close that another thread made while the knote was attached has not seen it: the knote must not outlive it. */
static void recheck(struct call *c, struct kqueue *kq, const struct kkevent *kev, const struct ofile *of)
{
    struct fdref now;
    int          hostfd;
    const bool   open = fd_get_for(c, (int)kev->ident, D_CAP_NONE, &now) == 0;
    const bool   same = open && now.of == of;

    if (open)
        fd_put(c, &now);
    if (same)
        return;
    pthread_mutex_lock(&kq->lock);
    source_closed(kq, (int)kev->ident, of, &hostfd);
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
}

static int change_fd(struct call *c, struct kqueue *kq, const struct filter *f, const struct kkevent *kev)
{
    struct fdref  ref;
    struct knote *kn;
    int           err = kev->ident > INT_MAX ? -EBADF : fd_get_for(c, (int)kev->ident, D_CAP_EVENT, &ref);

    if (err)
        return err;
    if (ref.of->kind == OF_KQUEUE && ref.of->object == kq->id) {
        fd_put(c, &ref);
        return -EINVAL;
    }
    err = -ENOENT;
    if (kev->flags & KQ_EV_ADD)
        __atomic_store_n(&ref.of->watched, true, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&kq->lock);
    kn = knote_of(kq, kev, &ref);
    if (kn)
        err = modify(c, kn, kev);
    else if (kev->flags & KQ_EV_ADD)
        err = attach_fd(c, kq, f, kev, &ref);
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
    if (!err && (kev->flags & KQ_EV_ADD))
        recheck(c, kq, kev, ref.of);
    fd_put(c, &ref);
    return err;
}

int kq_change(struct call *c, struct kqueue *kq, const struct kkevent *kev)
{
    const struct filter *f = filter_find(kev->filter);
    const uint32_t       both = KQ_EV_ENABLE | KQ_EV_DISABLE;

    if ((kev->flags & both) == both || !f)
        return -EINVAL;
    if ((kev->flags & KQ_EV_ADD) && (kev->flags & KQ_EV_KEEPUDATA))
        return -EINVAL;
    return f->isfd ? change_fd(c, kq, f, kev) : change_plain(c, kq, f, kev);
}
