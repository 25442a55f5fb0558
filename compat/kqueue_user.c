/*
 * EVFILT_USER and EVFILT_SIGNAL: events that come from the guest's own process.
 */
#include "compat/kqueue_int.h"
#include "syscalls/proc.h"

#define NOTE_FFAND      0x40000000u
#define NOTE_FFOR       0x80000000u
#define NOTE_FFCTRLMASK 0xc0000000u
#define NOTE_FFLAGSMASK 0x00ffffffu
#define NOTE_TRIGGER    0x01000000u

static bool user_event(struct call *c, struct knote *kn)
{
    (void)c;
    return kn->triggered;
}

static void user_clear(struct knote *kn)
{
    kn->triggered = false;
    kn->kev.data = 0;
    kn->kev.fflags = 0;
}

/* NOTE_TRIGGER counts only here: a new knote does not look at it (filt_userattach, when fflags are 0 already). */
static void user_touch(struct call *c, struct knote *kn, const struct kkevent *kev)
{
    const uint32_t given = kev->fflags & NOTE_FFLAGSMASK;

    (void)c;
    if (kev->fflags & NOTE_TRIGGER)
        kn->triggered = true;
    switch (kev->fflags & NOTE_FFCTRLMASK) {
    case NOTE_FFAND: kn->sfflags &= given; break;
    case NOTE_FFOR: kn->sfflags |= given; break;
    case NOTE_FFCTRLMASK: /* NOTE_FFCOPY */ kn->sfflags = given; break;
    }
    kn->sdata = kev->data;
    if (kev->flags & KQ_EV_CLEAR)
        user_clear(kn);
}

static void user_report(struct knote *kn, struct kkevent *out)
{
    *out = kn->kev;
    out->fflags = kn->sfflags;
    out->data = kn->sdata;
    if (kn->kev.flags & KQ_EV_CLEAR)
        user_clear(kn);
}

const struct filter filter_user = {.event = user_event, .touch = user_touch, .report = user_report};

/* ---- EVFILT_SIGNAL (kern_sig.c, filt_signal) -------------------------------- */

static int signal_attach(struct call *c, struct knote *kn)
{
    (void)c;
    kn->kev.flags |= KQ_EV_CLEAR;
    __atomic_add_fetch(&kn->kq->nsignal, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static void signal_detach(struct knote *kn) { __atomic_sub_fetch(&kn->kq->nsignal, 1, __ATOMIC_SEQ_CST); }

static bool signal_event(struct call *c, struct knote *kn)
{
    (void)c;
    return kn->kev.data != 0;
}

const struct filter filter_signal = {.attach = signal_attach, .detach = signal_detach, .event = signal_event};

struct posted {
    struct proc *p;
    int          sig;
};

static void signal_to(struct kqueue *kq, void *arg)
{
    const struct posted *what = arg;
    struct knote        *kn;

    if (kq->proc != what->p || !__atomic_load_n(&kq->nsignal, __ATOMIC_SEQ_CST))
        return;
    pthread_mutex_lock(&kq->lock);
    kn = knote_find(kq, KQ_FILTER_SIGNAL, (uint64_t)what->sig);
    if (kn) {
        kn->kev.data++;
        knote_activate(kn);
        kq_sync_wake(kq);
    }
    pthread_mutex_unlock(&kq->lock);
}

void kqueue_signal_posted(struct proc *p, int sig)
{
    struct posted what = {p, sig};

    kq_each(signal_to, &what);
}
