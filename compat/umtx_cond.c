/*
 * compat/umtx_cond.c: struct ucond.  c_has_waiters tells user land whether a
 * signal needs the kernel; only the kernel writes it, so it is written under the
 * chain's lock, together with the count.
 */
#include <errno.h>
#include <stddef.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"
#include "compat/umtx_int.h"

struct ucond {
    uint32_t has_waiters, flags, clockid, spare;
};
_Static_assert(sizeof(struct ucond) == 16, "sys/_umtx.h");

#define CVWAIT_ABSTIME 2u
#define CVWAIT_CLOCKID 4u
#define CLOCK_HW_END   14u /* CLOCK_THREAD_CPUTIME_ID: from here on clocks cannot be waited for */

/* Locked. */
static int set_waiters(struct call *c, gva cv, uint32_t v)
{
    return copy_out(c, GVA(cv.va + offsetof(struct ucond, has_waiters)), &v, sizeof(v));
}

static int cond_get(struct call *c, gva cv, struct ucond *u, struct umtx_key *key)
{
    const int err = copy_in(c, u, cv, sizeof(*u));

    return err ? err : umtx_key_get(c, cv, UMTX_CV, u->flags, key);
}

static int time_get(struct call *c, gva at, const struct ucond *u, uint64_t flags, struct umtx_time *t)
{
    const uint32_t  clockid = flags & CVWAIT_CLOCKID ? u->clockid : 0;
    struct timespec ts;
    int64_t         clock;
    int             err;

    if (clockid >= CLOCK_HW_END)
        return -EINVAL;
    if (!at.va)
        return 0;
    err = copy_in(c, &ts, at, sizeof(ts));
    if (!err)
        err = enum_to_host(&freebsd_flags_clock, clockid, &clock);
    return err ? err : umtx_time_set(c, clock, flags & CVWAIT_ABSTIME, &ts, t);
}

static int enqueue(struct call *c, gva cv, const struct umtx_key *key, struct umtx_waiter *w)
{
    int err;

    umtx_chain_lock(key);
    umtx_queue_locked(c, w, key, UMTX_SHARED);
    err = set_waiters(c, cv, 1);
    if (err)
        umtx_unqueue_locked(w);
    umtx_chain_unlock(key);
    return err;
}

/* Not woken: out of the queue, and the last one clears the flag.  True when a wake came first. */
static bool leave(struct call *c, gva cv, const struct umtx_key *key, struct umtx_waiter *w)
{
    bool woken;

    umtx_chain_lock(key);
    woken = !umtx_unqueue_locked(w);
    if (!woken && !umtx_count_locked(key, UMTX_SHARED))
        set_waiters(c, cv, 0);
    umtx_chain_unlock(key);
    return woken;
}

/* The caller's mutex stays unlocked, whatever the result: user land takes it again. */
int64_t umtx_cv_wait(struct call *c, gva cv, gva m, gva timeout, uint64_t flags)
{
    struct umtx_waiter w;
    struct umtx_key    key;
    struct umtx_time   t;
    struct ucond       u;
    int64_t            r = cond_get(c, cv, &u, &key);

    if (!r)
        r = time_get(c, timeout, &u, flags, &t);
    if (!r)
        r = enqueue(c, cv, &key, &w);
    if (r)
        return r;
    r = umtx_mutex_unlock(c, m);
    if (!r)
        r = umtx_sleep_queued(c, &w, timeout.va ? &t : NULL);
    if (leave(c, cv, &key, &w))
        return 0;
    return r == -ERESTART ? -EINTR : r;
}

static int64_t wake(struct call *c, gva cv, unsigned n)
{
    struct umtx_key key;
    struct ucond    u;
    int             err = cond_get(c, cv, &u, &key);

    if (err)
        return err;
    umtx_chain_lock(&key);
    umtx_signal_locked(&key, n, UMTX_SHARED);
    if (!umtx_count_locked(&key, UMTX_SHARED))
        err = set_waiters(c, cv, 0);
    umtx_chain_unlock(&key);
    return err;
}

int64_t umtx_cv_signal(struct call *c, gva cv) { return wake(c, cv, 1); }

int64_t umtx_cv_broadcast(struct call *c, gva cv) { return wake(c, cv, UMTX_ALL); }
