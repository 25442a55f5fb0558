/*
 * kqueue, kqueuex, kevent (kern_event.c).
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "compat/kqueue.h"
#include "compat/kqueue_int.h"
#include "syscalls/pipe_back.h"
#include "syscalls/ofile.h"
#include "syscalls/proc.h"
#include "syscalls/ksem.h"
#include "syscalls/mqueue.h"
#include "syscalls/procdesc.h"
#include "syscalls/signal.h"

#define KQUEUE_CLOEXEC 1u
#define BATCH          64 /* kevents copied at a time */

/* ---- making and closing ------------------------------------------------------ */

static int64_t make(struct call *c, bool cloexec)
{
    const int64_t  hostfd = host_call(c, SYS_epoll_create1, EPOLL_CLOEXEC);
    struct kqueue *kq;
    int            epfd, fd;

    if (hostfd < 0)
        return hostfd;
    epfd = host_fd_fetch(c, (int)hostfd);
    kq = epfd < 0 ? NULL : kq_new(c->proc, (int)hostfd, epfd);
    if (!kq) {
        host_call(c, SYS_close, hostfd);
        return epfd < 0 ? epfd : -ENOMEM;
    }

    const struct fd_new n = {
        .hostfd = (int)hostfd,
        .kind = OF_KQUEUE,
        .flags = O_RDWR,
        .cloexec = cloexec,
        .object = kq->id,
    };

    fd = fd_install(c, &n, 0); /* a failure closes the file, and so the kqueue */
    kq_put(kq);
    return fd;
}

int64_t sys_kqueue(struct call *c) { return make(c, false); }

int64_t sys_kqueuex(struct call *c, unsigned flags)
{
    return flags & ~KQUEUE_CLOEXEC ? -EINVAL : make(c, flags & KQUEUE_CLOEXEC);
}

/* ---- what the descriptor table tells ------------------------------------------- */

#define CLOSED_MAX 8

struct closed {
    struct fdtable     *fds;
    int                 fd;
    const struct ofile *of;
    unsigned            n;
    int                 epoll[CLOSED_MAX], hostfd[CLOSED_MAX]; /* registrations to take out */
};

static void closed_in(struct kqueue *kq, void *arg)
{
    struct closed *what = arg;
    int            hostfd;

    if (kq->fds != what->fds)
        return;
    pthread_mutex_lock(&kq->lock);
    source_closed(kq, what->fd, what->of, &hostfd);
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
    if (hostfd < 0 || what->n == CLOSED_MAX) /* one that stays is reported once more, to nobody */
        return;
    what->epoll[what->n] = kq->hostfd;
    what->hostfd[what->n++] = hostfd;
}

static void slot_closed(struct call *c, struct fdtable *t, int fd, struct ofile *of)
{
    struct closed what = {.fds = t, .fd = fd, .of = of};

    if (of->kind == OF_MQUEUE)
        mqueue_slot_closed(c->proc, fd);
    kq_each(closed_in, &what);
    for (unsigned i = 0; i < what.n; i++)
        host_call(c, SYS_epoll_ctl, what.epoll[i], EPOLL_CTL_DEL, what.hostfd[i], 0);
}

static void file_freed(struct ofile *of)
{
    if (of->kind == OF_KQUEUE)
        kq_close_id(of->object);
    else if (of->kind == OF_PROCDESC)
        procdesc_closed(of->object);
    else if (of->kind == OF_KSEM)
        ksem_closed(of->object);
    else if (of->kind == OF_MQUEUE)
        mqueue_closed(of->object);
}

__attribute__((constructor)) static void hooks(void)
{
    fd_on_slot_close = slot_closed;
    pipe_back_changed = kqueue_pipe_changed;
    ofile_on_free = file_freed;
    signal_on_post = kqueue_signal_posted;
}

/* ---- kevent ---------------------------------------------------------------------- */

/* struct kevent, and struct freebsd11_kevent, which ends before ext (structs.csv). */
struct form {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    uint64_t udata;
    uint64_t ext[4];
};
#define FORM_SIZE   sizeof(struct form)
#define FORM11_SIZE offsetof(struct form, ext)
_Static_assert(FORM_SIZE == 64 && FORM11_SIZE == 32, "the guest's kevents");

/* The caller's lists. */
struct lists {
    size_t size; /* of one kevent there */
    gva    changes, events;
    int    nchanges, nevents;
};

static void form_in(struct kkevent *to, const uint8_t *from, size_t size)
{
    struct form f = {0};

    memcpy(&f, from, size);
    *to = (struct kkevent){f.ident, f.filter, f.flags & ~KQ_EV_SYSFLAGS, f.fflags, f.data, f.udata, {0}};
    memcpy(to->ext, f.ext, sizeof(f.ext));
}

static void form_out(uint8_t *to, const struct kkevent *from, size_t size)
{
    struct form f = {
        from->ident, (int16_t)from->filter, (uint16_t)from->flags, from->fflags, from->data, from->udata, {0},
    };

    memcpy(f.ext, from->ext, sizeof(f.ext));
    memcpy(to, &f, size);
}

static int events_out(struct call *c, struct lists *l, const struct kkevent *ev, int n)
{
    uint8_t buf[BATCH * FORM_SIZE];
    int     err;

    for (int i = 0; i < n; i++)
        form_out(buf + (size_t)i * l->size, &ev[i], l->size);
    err = copy_out(c, l->events, buf, (size_t)n * l->size);
    l->events.va += (size_t)n * l->size;
    l->nevents -= n;
    return err;
}

/* What a change came to, told in the event list: an error, or with EV_RECEIPT that there was none. */
static void answer(struct call *c, struct lists *l, const struct kkevent *kev, int err)
{
    struct kkevent ev = *kev;

    ev.flags = KQ_EV_ERROR;
    ev.data = err && c->abi ? c->abi->errno_from_host[-err] : -err;
    events_out(c, l, &ev, 1);
}

/*
 * 0; 1: no room for an answer, which ends the call with success, as in the kernel; -errno.
 * *answers: events given.
 */
static int change_batch(struct call *c, struct kqueue *kq, struct lists *l, int n, int *answers)
{
    uint8_t buf[BATCH * FORM_SIZE];
    int     err = copy_in(c, buf, l->changes, (size_t)n * l->size);

    for (int i = 0; i < n && !err; i++) {
        struct kkevent kev;

        form_in(&kev, buf + (size_t)i * l->size, l->size);
        if (!kev.filter)
            continue;

        const int r = kq_change(c, kq, &kev);

        if (r == -ESRCH && c->task->dead)
            return r;
        if (!r && !(kev.flags & KQ_EV_RECEIPT))
            continue;
        if (l->nevents == 0)
            return r ? r : 1;
        answer(c, l, &kev, r);
        ++*answers;
    }
    l->changes.va += (size_t)n * l->size;
    return err;
}

static int change_all(struct call *c, struct kqueue *kq, struct lists *l, int *answers)
{
    while (l->nchanges > 0) {
        const int n = l->nchanges < BATCH ? l->nchanges : BATCH;
        const int err = change_batch(c, kq, l, n, answers);

        if (err)
            return err;
        l->nchanges -= n;
    }
    return 0;
}

/* ---- waiting ------------------------------------------------------------------------ */

#define SECOND 1000000000ll

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* Sleeps until the host has something, deadline (-1: none).  0; 1 when the time is over; -EINTR, -errno. */
static int wait_events(struct call *c, const struct kqueue *kq, int hostfd, struct scratch sc, int64_t deadline)
{
    const bool       ticking = __atomic_load_n(&kq->nempty, __ATOMIC_RELAXED) > 0; /* no host event tells of these */
    struct pollfd   *p = sc.p;
    struct timespec *ts = (struct timespec *)(p + 1);
    int64_t          left = deadline < 0 ? INT64_MAX : deadline - now_ns(), r;

    if (left <= 0)
        return 1;
    if (ticking && left > SECOND / 100)
        left = SECOND / 100;
    *p = (struct pollfd){.fd = hostfd, .events = POLLIN};
    *ts = (struct timespec){left / SECOND, left % SECOND};
    r = host_wait_once(c, SYS_ppoll, sc.va, 1, left == INT64_MAX ? 0 : sc.va + sizeof(*p), 0, 8);
    if (r == -ERESTART)
        return -EINTR;
    return r < 0 && r != -EINTR ? (int)r : 0; /* -EINTR: the guest has not seen it */
}

/* At most a batch: the kernel too may give fewer than there are. */
static int64_t scan(struct call *c, struct kqueue *kq, struct lists *l)
{
    const int      want = l->nevents < BATCH ? l->nevents : BATCH;
    struct kkevent ev[BATCH];
    uint64_t       idle = KQ_TOKEN_NONE;
    int            n, err;

    pthread_mutex_lock(&kq->lock);
    n = kq_scan(c, kq, ev, want, &idle);
    pthread_mutex_unlock(&kq->lock);
    if (idle != KQ_TOKEN_NONE)
        source_retire(c, kq, idle);
    if (!n)
        return 0;
    err = events_out(c, l, ev, n);
    return err ? err : n;
}

static int64_t wait_and_scan(struct call *c, struct kqueue *kq, int hostfd, struct lists *l, const struct timespec *ts)
{
    struct scratch sc = {NULL, 0};
    int64_t        got, deadline = -1;
    int            over = 0;

    if (ts && ts->tv_sec <= INT32_MAX) /* a longer one is for ever, as in the kernel */
        deadline = now_ns() + ts->tv_sec * SECOND + ts->tv_nsec;
    if (ts && !ts->tv_sec && !ts->tv_nsec)
        over = 1;
    for (;;) {
        got = scan(c, kq, l);
        if (got || over)
            return got;
        if (!sc.p)
            sc = scratch_get(c, sizeof(struct pollfd) + sizeof(struct timespec));
        if (!sc.p)
            return -ENOMEM;
        over = wait_events(c, kq, hostfd, sc, deadline);
        if (over < 0)
            return over;
    }
}

static bool interval_ok(const struct timespec *ts)
{
    return !ts || (ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < SECOND);
}

static int64_t kevent_on(struct call *c, struct kqueue *kq, int hostfd, struct lists *l, const struct timespec *ts)
{
    int answers = 0, err;

    if (l->nchanges < 0)
        return -EINVAL;
    err = change_all(c, kq, l, &answers);
    if (err || answers)
        return err < 0 ? err : answers;
    if (l->nevents == 0)
        return 0;
    if (l->nevents < 0 || !interval_ok(ts))
        return -EINVAL;
    return wait_and_scan(c, kq, hostfd, l, ts);
}

static int64_t kevent_call(struct call *c, int fd, struct lists *l, const struct timespec *ts)
{
    struct fdref   ref;
    struct kqueue *kq = NULL;
    int64_t        r = fd_get(c, fd, &ref);

    if (r < 0)
        return r;
    if (ref.of->kind == OF_KQUEUE)
        kq = kq_get(ref.of->object, c->proc->fds);
    r = kq ? kevent_on(c, kq, ref.hostfd, l, ts) : -EBADF;
    if (kq)
        kq_put(kq);
    fd_put(c, &ref);
    return r;
}

int64_t sys_kevent(struct call *c, int fd, gva changes, int nchanges, gva events, int nevents,
                   const struct timespec *ts)
{
    struct lists l = {FORM_SIZE, changes, events, nchanges, nevents};

    return kevent_call(c, fd, &l, ts);
}

int64_t sys_freebsd11_kevent(struct call *c, int fd, gva changes, int nchanges, gva events, int nevents,
                             const struct timespec *ts)
{
    struct lists l = {FORM11_SIZE, changes, events, nchanges, nevents};

    return kevent_call(c, fd, &l, ts);
}
