/*
 * syscalls/timer.c: ktimer_create and its kin.  The timers are kept here, because
 * their signals carry the guest's own numbers and may be for one guest thread;
 * one provider thread, started with the first timer, lets them fire.
 * Rules: kern/kern_time.c.
 */
#include "syscalls/timer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "syscalls/proc.h"
#include "syscalls/sigevent.h"
#include "syscalls/signal.h"
#include "syscalls/sigqueue.h"
#include "syscalls/time.h"

int64_t sys_ktimer_create(struct call *c, int64_t clock, gva evp, gva timerid);
int64_t sys_ktimer_delete(struct call *c, int id);
int64_t sys_ktimer_settime(struct call *c, int id, uint64_t flags, const struct itimerspec *value,
                           struct itimerspec *ovalue);
int64_t sys_ktimer_gettime(struct call *c, int id, struct itimerspec *value);
int64_t sys_ktimer_getoverrun(struct call *c, int id);

#define TIMER_FIRST 3 /* 0 to 2 are setitimer's */
#define TIMER_MAX   32

/* All under timers_lock, which is taken before session.lock. */
struct timer {
    LIST_ENTRY(timer) link;
    struct proc          *proc; /* perhaps gone: see proc_alive_locked */
    pid_t                 pid;
    int                   id;
    clockid_t             clock;
    struct guest_sigevent ev;
    int                   code; /* SI_TIMER in the guest's numbers */
    struct itimerspec     time; /* it_value: when, on clock; zero: not armed */
    int                   overrun, overrun_last;
    int64_t               number; /* by which its signal is known while it is pending */
};

static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  timers_changed;
static LIST_HEAD(, timer) timers = LIST_HEAD_INITIALIZER(timers);

static bool is_set(const struct timespec *t) { return t->tv_sec || t->tv_nsec; }

static struct timespec now_on(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now;
}

/* ---- firing ---------------------------------------------------------------------- */

static bool proc_alive_locked(const struct timer *t)
{
    struct proc *p;

    LIST_FOREACH(p, &session.procs, all)
        if (p == t->proc)
            return p->pid == t->pid && p->state == PROC_LIVE;
    return false;
}

/* Sends the signal, or counts that the last one is still on its way. */
static void send_locked(struct timer *t, struct task *to)
{
    struct ksiginfo info = {.signo = t->ev.signo, .code = t->code, .value = t->ev.value, .timerid = t->id};

    info.owner = t->number;
    if (sigqueue_holds(to ? &to->pending : &t->proc->pending, info.signo, info.owner)) {
        t->overrun += t->overrun < INT_MAX;
        return;
    }
    info.overrun = t->overrun_last = t->overrun;
    t->overrun = 0;
    if (to)
        signal_post_task_locked(to, &info);
    else
        signal_post_proc_locked(t->proc, &info);
}

/* False when there is nobody to tell any more. */
static bool notify(struct timer *t)
{
    struct task *to = NULL;
    bool         alive;

    pthread_mutex_lock(&session.lock);
    alive = proc_alive_locked(t);
    if (alive && t->ev.notify == NOTIFY_THREAD_ID) {
        to = task_find_locked(t->proc, t->ev.tid);
        alive = to != NULL;
    }
    if (alive && t->ev.notify != NOTIFY_NONE)
        send_locked(t, to);
    pthread_mutex_unlock(&session.lock);
    return alive;
}

static __int128 in_ns(const struct timespec *t) { return (__int128)t->tv_sec * NSEC + t->tv_nsec; }

/* The next time after now; the ones between, which may be as many as milliseconds since 1970, are overruns. */
static void step(struct timer *t, const struct timespec *now)
{
    __int128 period, missed, next;

    if (!is_set(&t->time.it_interval)) {
        t->time.it_value = (struct timespec){0, 0};
        return;
    }
    period = in_ns(&t->time.it_interval);
    missed = (in_ns(now) - in_ns(&t->time.it_value)) / period;
    next = in_ns(&t->time.it_value) + (missed + 1) * period;
    t->time.it_value = (struct timespec){(time_t)(next / NSEC), (long)(next % NSEC)};
    t->overrun = missed > INT_MAX - t->overrun ? INT_MAX : t->overrun + (int)missed;
}

/* Fires what is due; how long until the next, at most a second, so that a set clock is noticed. */
static struct timespec fire_due(void)
{
    struct timespec wait = {1, 0};
    struct timer   *t;

    LIST_FOREACH(t, &timers, link) {
        const struct timespec now = now_on(t->clock);

        if (!is_set(&t->time.it_value))
            continue;
        if (timespec_cmp(&t->time.it_value, &now) <= 0) {
            step(t, &now);
            if (!notify(t))
                memset(&t->time, 0, sizeof(t->time));
        }
        if (is_set(&t->time.it_value)) {
            const struct timespec left = timespec_sub(t->time.it_value, now);

            if (timespec_cmp(&left, &wait) < 0)
                wait = left;
        }
    }
    return wait;
}

static bool any_armed(void)
{
    struct timer *t;

    LIST_FOREACH(t, &timers, link)
        if (is_set(&t->time.it_value))
            return true;
    return false;
}

static void *timer_main(void *arg)
{
    pthread_mutex_lock(&timers_lock);
    for (;;) {
        const struct timespec wait = fire_due();
        const struct timespec end = timespec_add(now_on(CLOCK_MONOTONIC), wait);

        if (any_armed())
            pthread_cond_timedwait(&timers_changed, &timers_lock, &end);
        else
            pthread_cond_wait(&timers_changed, &timers_lock);
    }
    return arg;
}

/* Once.  Like every thread of the provider, it is born with all signals blocked. */
static void timer_start(void)
{
    pthread_condattr_t attr;
    pthread_t          thread;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&timers_changed, &attr);
    if (!pthread_create(&thread, NULL, timer_main, NULL))
        pthread_detach(thread);
}

/* ---- the calls ----------------------------------------------------------------------- */

static struct timer *timer_find(const struct proc *p, int id)
{
    struct timer *t;

    LIST_FOREACH(t, &timers, link)
        if (t->proc == p && t->id == id)
            return t;
    return NULL;
}

static int sigevent_get(struct call *c, gva evp, struct guest_sigevent *ev)
{
    int err;

    *ev = (struct guest_sigevent){.notify = NOTIFY_SIGNAL, .signo = c->abi->sig_from_host[SIGALRM]};
    if (!evp.va)
        return 0;
    err = copy_in(c, ev, evp, sizeof(*ev));
    if (err)
        return err;
    if (ev->notify != NOTIFY_NONE && ev->notify != NOTIFY_SIGNAL && ev->notify != NOTIFY_THREAD_ID)
        return -EINVAL;
    return ev->notify != NOTIFY_NONE && (ev->signo <= 0 || (unsigned)ev->signo > c->abi->nsig) ? -EINVAL : 0;
}

/* Takes t over; its number, or -EAGAIN. */
static int timer_add(struct timer *t, bool value_is_id)
{
    static int64_t made = SIGOWNER_TIMER;

    pthread_mutex_lock(&timers_lock);
    for (t->id = TIMER_FIRST; t->id < TIMER_MAX && timer_find(t->proc, t->id);)
        t->id++;
    if (t->id < TIMER_MAX) {
        if (value_is_id)
            t->ev.value = (uint64_t)t->id;
        t->number = ++made;
        LIST_INSERT_HEAD(&timers, t, link);
    }
    pthread_mutex_unlock(&timers_lock);
    return t->id < TIMER_MAX ? t->id : -EAGAIN;
}

int64_t sys_ktimer_create(struct call *c, int64_t clock, gva evp, gva timerid)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct timer         *t;
    struct guest_sigevent ev;
    int                   id, err;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return -EINVAL;
    err = sigevent_get(c, evp, &ev);
    if (err)
        return err;
    t = calloc(1, sizeof(*t));
    if (!t)
        return -EAGAIN;
    *t = (struct timer){.proc = c->proc, .pid = c->proc->pid, .clock = (clockid_t)clock, .ev = ev};
    t->code = c->abi->sigcode_from_host(ev.signo, SI_TIMER);
    pthread_once(&once, timer_start);
    id = timer_add(t, !evp.va);
    if (id < 0) {
        free(t);
        return id;
    }
    err = put_int(c, timerid, id);
    if (err)
        sys_ktimer_delete(c, id);
    return err;
}

/* A signal that is still pending goes with its timer (kern_time.c, kern_ktimer_delete). */
static void withdraw(const struct timer *t)
{
    pthread_mutex_lock(&session.lock);
    sigqueue_withdraw_all(t->proc, t->ev.signo, t->number);
    pthread_mutex_unlock(&session.lock);
}

int64_t sys_ktimer_delete(struct call *c, int id)
{
    struct timer *t;

    pthread_mutex_lock(&timers_lock);
    t = timer_find(c->proc, id);
    if (t) {
        LIST_REMOVE(t, link);
        withdraw(t);
    }
    pthread_mutex_unlock(&timers_lock);
    free(t);
    return t ? 0 : -EINVAL;
}

static void time_left(const struct timer *t, struct itimerspec *out)
{
    const struct timespec now = now_on(t->clock);

    *out = t->time;
    if (!is_set(&out->it_value))
        return;
    out->it_value = timespec_sub(out->it_value, now);
    if (out->it_value.tv_sec < 0 || !is_set(&out->it_value))
        out->it_value = (struct timespec){0, 1};
}

static bool itimerspec_valid(const struct itimerspec *v)
{
    if (v->it_value.tv_sec < 0 || !timespec_valid(&v->it_value))
        return false;
    return !is_set(&v->it_value) || (v->it_interval.tv_sec >= 0 && timespec_valid(&v->it_interval));
}

/* No period is shorter than a tick, a millisecond (itimespecfix). */
static void tick_fix(struct timespec *t)
{
    if (!t->tv_sec && t->tv_nsec && t->tv_nsec < 1000000)
        t->tv_nsec = 1000000;
}

static void timer_arm(struct timer *t, uint64_t flags, const struct itimerspec *value)
{
    t->time = *value;
    if (!is_set(&t->time.it_value)) {
        t->time.it_interval = (struct timespec){0, 0};
    } else {
        tick_fix(&t->time.it_value);
        tick_fix(&t->time.it_interval);
        if (!(flags & TIMER_ABSTIME))
            t->time.it_value = timespec_add(now_on(t->clock), t->time.it_value);
    }
    pthread_cond_signal(&timers_changed);
}

int64_t sys_ktimer_settime(struct call *c, int id, uint64_t flags, const struct itimerspec *value,
                           struct itimerspec *ovalue)
{
    struct timer *t;

    if (!value)
        return -EFAULT;
    pthread_mutex_lock(&timers_lock);
    t = timer_find(c->proc, id);
    if (t && !itimerspec_valid(value))
        t = NULL;
    if (t && ovalue)
        time_left(t, ovalue);
    if (t)
        timer_arm(t, flags, value);
    pthread_mutex_unlock(&timers_lock);
    return t ? 0 : -EINVAL;
}

int64_t sys_ktimer_gettime(struct call *c, int id, struct itimerspec *value)
{
    struct itimerspec left;
    struct timer     *t;

    pthread_mutex_lock(&timers_lock);
    t = timer_find(c->proc, id);
    if (t)
        time_left(t, &left);
    pthread_mutex_unlock(&timers_lock);
    if (!t)
        return -EINVAL;
    if (!value)
        return -EFAULT;
    *value = left;
    return 0;
}

int64_t sys_ktimer_getoverrun(struct call *c, int id)
{
    struct timer *t;
    int           n;

    pthread_mutex_lock(&timers_lock);
    t = timer_find(c->proc, id);
    n = t ? t->overrun_last : -EINVAL;
    pthread_mutex_unlock(&timers_lock);
    return n;
}

void timer_proc_gone(struct proc *p)
{
    struct timer *t, *next;

    pthread_mutex_lock(&timers_lock);
    for (t = LIST_FIRST(&timers); t; t = next) {
        next = LIST_NEXT(t, link);
        if (t->proc == p) {
            LIST_REMOVE(t, link);
            free(t);
        }
    }
    pthread_mutex_unlock(&timers_lock);
}
