/* compat/umtx_time.c: time-outs of umtx operations.  All become absolute, so that an interrupted wait can go on. */
#include <errno.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"
#include "compat/umtx_int.h"
#include "syscalls/time.h"

#define UMTX_ABSTIME 1u

/* struct _umtx_time */
struct time_arg {
    struct timespec timeout;
    uint32_t        flags, clock;
};
_Static_assert(sizeof(struct time_arg) == 24, "sys/_umtx.h");

static struct timespec host_now(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now;
}

/* UMTX_OP_SET_MIN_TIMEOUT: no wait of this process ends sooner. */
static void enforce_min(struct call *c, struct umtx_time *t)
{
    const int64_t min = c->proc->umtx_min_ns;

    if (min <= 0)
        return;

    const struct timespec now = host_now(t->real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    const struct timespec least = timespec_add(now, (struct timespec){min / NSEC, min % NSEC});

    if (timespec_cmp(&t->end, &least) < 0)
        t->end = least;
}

/* Processor time runs at most as fast as real time times the threads: asking again after what is left will do. */
static void set_poll(struct umtx_time *t, struct timespec now)
{
    t->end = timespec_add(host_now(CLOCK_MONOTONIC), timespec_sub(t->cpu_end, now));
}

static int set_cpu(struct call *c, int64_t clock, bool absolute, const struct timespec *ts, struct umtx_time *t)
{
    struct timespec now;
    const int       err = clock_read(c, clock, &now);

    if (err)
        return err;
    t->cpu = clock;
    t->cpu_end = absolute ? *ts : timespec_add(now, *ts);
    if (timespec_cmp(&t->cpu_end, &now) <= 0)
        t->cpu_end = now;
    set_poll(t, now);
    return 0;
}

int umtx_time_set(struct call *c, int64_t clock, bool absolute, const struct timespec *ts, struct umtx_time *t)
{
    *t = (struct umtx_time){.absolute = absolute};
    if (ts->tv_sec < 0 || !timespec_valid(ts))
        return -EINVAL;
    if (clock_is_cpu(clock))
        return set_cpu(c, clock, absolute, ts, t);
    if (clock < 0 || clock == D_CLOCK_NONE)
        return -EINVAL;
    t->real = absolute && clock_is_real(clock);
    t->end = absolute ? *ts : timespec_add(host_now(CLOCK_MONOTONIC), *ts);
    enforce_min(c, t);
    return 0;
}

int umtx_time_in(struct call *c, gva size, gva at, struct umtx_time *buf, struct umtx_time **t)
{
    struct time_arg arg = {.flags = 0, .clock = 0};
    int64_t         clock;
    int             err;

    *t = NULL;
    if (!at.va)
        return 0;
    err = copy_in(c, &arg, at, size.va <= sizeof(arg.timeout) ? sizeof(arg.timeout) : sizeof(arg));
    if (err)
        return err;
    err = enum_to_host(&freebsd_flags_clock, arg.clock, &clock);
    if (!err)
        err = umtx_time_set(c, clock, arg.flags & UMTX_ABSTIME, &arg.timeout, buf);
    *t = buf;
    return err;
}

bool umtx_time_again(struct call *c, struct umtx_time *t)
{
    struct timespec now;

    if (!t->cpu || clock_read(c, t->cpu, &now) || timespec_cmp(&now, &t->cpu_end) >= 0)
        return false;
    set_poll(t, now);
    return true;
}

struct timespec umtx_time_monotonic(const struct umtx_time *t)
{
    if (!t->real)
        return t->end;
    return timespec_add(host_now(CLOCK_MONOTONIC), timespec_sub(t->end, host_now(CLOCK_REALTIME)));
}

void umtx_time_left(const struct umtx_time *t, struct timespec *left)
{
    const struct timespec now = host_now(CLOCK_MONOTONIC);

    *left = timespec_cmp(&now, &t->end) < 0 ? timespec_sub(t->end, now) : (struct timespec){0, 0};
}
