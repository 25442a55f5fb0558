/*
 * loader/gate/futex.c: waiting, waking and sleeping without the provider.  An
 * interrupted wait begins anew there: it knows whether the guest sees the signal.
 */
#include <time.h>

#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/futex.h"
#include "syscalls/time.h"

enum { UMTX_WAIT = 2, UMTX_WAKE = 3, UMTX_WAIT_UINT = 11, UMTX_WAIT_UINT_PRIVATE = 15, UMTX_WAKE_PRIVATE = 16 };

#define UMTX_ABSTIME 1u

/* struct _umtx_time */
struct time_arg {
    struct timespec timeout;
    uint32_t        flags, clock;
};

/* The guest's clocks by number: 'r' jumps when the time is set, 'm' does not, the others are the provider's. */
static const char clocks[] = "r...mm.mmrrmmr";

static bool valid(const struct timespec *t) { return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < NSEC; }

/* A time-out in scratch, and the futex operation that takes it.  0, or -GATE_PUNT. */
static int64_t time_get(struct call *c, gva size, gva at, uint64_t *ts, int *op)
{
    const struct scratch s = scratch_get(c, sizeof(struct time_arg));
    struct time_arg     *t = s.p;

    *ts = 0;
    *op = FUTEX_WAIT_BITSET;
    if (!at.va)
        return 0;
    if (!t || c->task->area->slow_waits)
        return -GATE_PUNT;
    t->flags = t->clock = 0;
    if (copy_in(c, t, at, size.va <= sizeof(t->timeout) ? sizeof(t->timeout) : sizeof(*t)) || !valid(&t->timeout))
        return -GATE_PUNT;
    if (t->clock >= sizeof(clocks) - 1 || clocks[t->clock] == '.')
        return -GATE_PUNT;
    *ts = s.va;
    if (!(t->flags & UMTX_ABSTIME))
        *op = FUTEX_WAIT; /* relative */
    else if (clocks[t->clock] == 'r')
        *op |= FUTEX_CLOCK_REALTIME;
    return 0;
}

static int64_t wait_result(int64_t r) { return r == -EAGAIN ? 0 : r; /* another value: nothing to wait for */ }

/* own: by the private operation. */
static int64_t wait_uint(struct call *c, gva obj, uint64_t val, bool own, gva size, gva at)
{
    uint64_t ts;
    int      op;
    int64_t  r = val >> 32 || (!own && !c->task->area->auto_waits) ? -GATE_PUNT : time_get(c, size, at, &ts, &op);

    if (r)
        return r;
    if (own)
        op |= FUTEX_PRIVATE_FLAG;
    return wait_result(host_wait(c, SYS_futex, obj.va, op, val, ts, 0, FUTEX_BITSET_MATCH_ANY));
}

static int64_t wait_long(struct call *c, gva obj, uint64_t val)
{
    int64_t r;

    if (!c->task->area->auto_waits)
        return -GATE_PUNT;
    r = futex_wait_long(c, obj, val, 0, CLOCK_MONOTONIC);
    if (r == -ENOSYS || r == -ENOMEM)
        return -GATE_PUNT;
    return r > 0 ? 0 : wait_result(r);
}

int64_t gate__umtx_op(struct call *c, gva obj, int64_t op, uint64_t val, gva uaddr1, gva uaddr2)
{
    if (op == UMTX_WAKE_PRIVATE || op == UMTX_WAKE) /* the one that returns at once: not by a table of jumps */
        return futex_wake(c, obj, (int)val, op == UMTX_WAKE);
    switch (op) {
    case UMTX_WAIT_UINT:
    case UMTX_WAIT_UINT_PRIVATE: return wait_uint(c, obj, val, op == UMTX_WAIT_UINT_PRIVATE, uaddr1, uaddr2);
    case UMTX_WAIT: return uaddr2.va ? -GATE_PUNT : wait_long(c, obj, val);
    default: return -GATE_PUNT;
    }
}

int64_t gate_nanosleep(struct call *c, gva rqtp, gva rmtp)
{
    const struct scratch s = scratch_get(c, sizeof(struct timespec));
    struct timespec     *t = s.p;

    int64_t r;

    (void)rmtp; /* of an interrupted sleep, which the provider ends */
    if (!t || copy_in(c, t, rqtp, sizeof(*t)) || !valid(t))
        return -GATE_PUNT;
    if (!t->tv_sec && !t->tv_nsec)
        return 0;
    r = host_wait(c, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, s.va, s.va);
    if (r == -ERESTART)
        c->left_ns = t->tv_sec * NSEC + t->tv_nsec + 1;
    return r;
}

/* A relative sleep is one of a clock that does not jump (syscalls/time_sleep.c). */
int64_t gate_clock_nanosleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp)
{
    if (flags || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return -GATE_PUNT;
    return gate_nanosleep(c, rqtp, rmtp);
}
