/*
 * EVFILT_AIO and EVFILT_LIO (vfs_aio.c, filt_aio, filt_lio): knotes that the kernel
 * makes for a request, and takes away when its result is taken.
 */
#include "compat/kqueue_int.h"
#include "syscalls/proc.h"

/* A program registers none itself. */
static int refuse_eperm(struct call *c, struct knote *kn)
{
    (void)c, (void)kn;
    return -EPERM;
}

static bool aio_event(struct call *c, struct knote *kn)
{
    (void)c;
    kn->kev.data = kn->error;
    if (kn->gone && kn->kev.filter == KQ_FILTER_AIO)
        kn->kev.flags |= KQ_EV_EOF;
    return kn->gone;
}

const struct filter filter_aio = {.attach = refuse_eperm, .event = aio_event};

/* An identifier that is used again replaces what it meant before. */
static int add_locked(struct kqueue *kq, const struct kkevent *kev)
{
    struct knote *kn = knote_find(kq, kev->filter, kev->ident);

    if (kn)
        knote_drop(kn);
    return knote_new(kq, &filter_aio, kev) ? 0 : -ENOMEM;
}

/* The caller's queue, locked; NULL: there is none, or it is another process's. */
static struct kqueue *lock_by_id(uint64_t id, struct fdtable *fds)
{
    struct kqueue *kq = kq_get(id, fds);

    if (kq)
        pthread_mutex_lock(&kq->lock);
    return kq;
}

/* After any change of its knotes. */
static void unlock(struct kqueue *kq)
{
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
    kq_put(kq);
}

int kqueue_aio_add(struct call *c, int fd, const struct kkevent *kev, uint64_t *id)
{
    struct fdref   ref;
    struct kqueue *kq;
    int            err = fd_get_for(c, fd, D_CAP_NONE, &ref);

    if (err)
        return err;
    kq = ref.of->kind == OF_KQUEUE ? lock_by_id(ref.of->object, c->proc->fds) : NULL;
    err = -EBADF;
    if (kq) {
        *id = ref.of->object;
        err = add_locked(kq, kev);
        unlock(kq);
    }
    fd_put(c, &ref);
    return err;
}

void kqueue_aio_done(uint64_t id, struct fdtable *fds, int filter, uint64_t ident, int error)
{
    struct kqueue *kq = lock_by_id(id, fds);
    struct knote  *kn = kq ? knote_find(kq, filter, ident) : NULL;

    if (kn) {
        kn->gone = true;
        kn->error = error;
        knote_activate(kn);
    }
    if (kq)
        unlock(kq);
}

void kqueue_aio_drop(uint64_t id, struct fdtable *fds, int filter, uint64_t ident)
{
    struct kqueue *kq = lock_by_id(id, fds);
    struct knote  *kn = kq ? knote_find(kq, filter, ident) : NULL;

    if (kn)
        knote_drop(kn);
    if (kq)
        unlock(kq);
}
