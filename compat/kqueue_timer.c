/*
 * EVFILT_TIMER: a timerfd of the provider's own for each timer (kern_event.c, filt_timer*).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "compat/kqueue_int.h"

#define NOTE_SECONDS  0x1u
#define NOTE_MSECONDS 0x2u
#define NOTE_USECONDS 0x4u
#define NOTE_NSECONDS 0x8u
#define NOTE_ABSTIME  0x10u
#define NOTE_UNIT     0xfu

#define SECOND      1000000000ll
#define SECONDS_MAX 0x7fffffffll /* the kernel's sbintime_t ends there; such a timer never fires */

/* The time in nanoseconds, or -1 when the unit is not exactly one. */
static int64_t in_ns(int64_t data, uint32_t fflags)
{
    int64_t per_second;

    switch (fflags & NOTE_UNIT) {
    case NOTE_SECONDS: per_second = 1; break;
    case NOTE_MSECONDS:
    case 0: per_second = 1000; break;
    case NOTE_USECONDS: per_second = 1000000; break;
    case NOTE_NSECONDS: per_second = SECOND; break;
    default: return -1;
    }
    if (data / per_second >= SECONDS_MAX)
        return SECONDS_MAX * SECOND;
    return data / per_second * SECOND + data % per_second * (SECOND / per_second);
}

/* The kernel measures absolute times against the realtime clock once, when they are set. */
static int64_t until(int64_t ns)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ns - ((int64_t)now.tv_sec * SECOND + now.tv_nsec);
}

static struct timespec to_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

static int timer_arm(struct knote *kn)
{
    struct itimerspec it = {0};
    int64_t           ns;

    if (kn->sdata < 0 || (kn->sfflags & ~(NOTE_UNIT | NOTE_ABSTIME)))
        return -EINVAL;
    if (kn->sdata == 0 && !(kn->kev.flags & KQ_EV_ONESHOT))
        kn->sdata = 1;
    ns = in_ns(kn->sdata, kn->sfflags);
    if (ns < 0)
        return -EINVAL;
    if (kn->sfflags & NOTE_ABSTIME)
        ns = until(ns);
    else if (!(kn->kev.flags & KQ_EV_ONESHOT))
        it.it_interval = to_timespec(ns);
    it.it_value = to_timespec(ns > 0 ? ns : 1); /* zero would disarm it */
    return timerfd_settime(kn->source->timerfd, 0, &it, NULL) < 0 ? -errno : 0;
}

static int timer_open(struct source *s)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = source_token(s)};

    s->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timerfd < 0 || epoll_ctl(s->kq->epfd, EPOLL_CTL_ADD, s->timerfd, &ev) < 0)
        return -ENOMEM; /* what the kernel answers when it has too many callouts */
    return 0;
}

static int timer_attach(struct call *c, struct knote *kn)
{
    struct source *s = source_new(kn->kq, NULL);
    int            err;

    (void)c;
    if (!s)
        return -ENOMEM;
    s->timer = kn;
    kn->source = s;
    err = timer_open(s);
    if (!err)
        err = timer_arm(kn);
    if (err) {
        kn->source = NULL;
        source_free(s);
        return err;
    }
    if (!(kn->sfflags & NOTE_ABSTIME))
        kn->kev.flags |= KQ_EV_CLEAR;
    return 0;
}

static void timer_detach(struct knote *kn)
{
    source_free(kn->source);
    kn->source = NULL;
}

void kqueue_timer_expired(struct source *s)
{
    uint64_t n;

    if (read(s->timerfd, &n, sizeof(n)) != sizeof(n))
        return;
    s->timer->kev.data += (int64_t)n;
    knote_activate(s->timer);
}

static bool timer_event(struct call *c, struct knote *kn)
{
    (void)c;
    return kn->kev.data != 0;
}

/* A timer that is added again starts anew; what it had counted is forgotten. */
static void timer_touch(struct call *c, struct knote *kn, const struct kkevent *kev)
{
    int err;

    (void)c;
    if (!(kev->flags & KQ_EV_ADD))
        return;
    knote_dequeue(kn);
    kn->active = false;
    kn->kev.data = 0;
    kn->sfflags = kev->fflags;
    kn->sdata = kev->data;
    err = timer_arm(kn);
    if (err) {
        kn->kev.flags |= KQ_EV_ERROR;
        kn->kev.data = -err;
    }
}

const struct filter filter_timer = {
    .attach = timer_attach,
    .detach = timer_detach,
    .event = timer_event,
    .touch = timer_touch,
};
