/*
 * compat/umtx_mutex.c: struct umutex.  m_owner is the owner's thread number, with
 * UMUTEX_CONTESTED when an unlock has to call the kernel.  A mutex with priority
 * inheritance is an ordinary one that knows about deadlock with oneself: its
 * holder is not lent a priority.
 */
#include <errno.h>
#include <stddef.h>

#include "compat/umtx_int.h"

enum mode { MODE_LOCK, MODE_TRY, MODE_WAIT };

struct mutex {
    gva             at;
    uint32_t        flags;
    uint32_t        id; /* the calling thread */
    struct umtx_key key;
};

static gva field(const struct mutex *m, size_t offset) { return GVA(m->at.va + offset); }

static enum umtx_type type_of(uint32_t flags)
{
    const bool robust = flags & UMUTEX_ROBUST;

    if (flags & UMUTEX_PRIO_INHERIT)
        return robust ? UMTX_PI_ROBUST : UMTX_PI;
    if (flags & UMUTEX_PRIO_PROTECT)
        return robust ? UMTX_PP_ROBUST : UMTX_PP;
    return UMTX_MUTEX;
}

static int mutex_open(struct call *c, gva at, uint32_t flags, struct mutex *m)
{
    const uint32_t both = UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT;

    *m = (struct mutex){.at = at, .flags = flags, .id = (uint32_t)c->task->tid};
    if ((flags & both) == both)
        return -EINVAL;
    return umtx_key_get(c, at, type_of(flags), flags, &m->key);
}

/* Reads the object; *owner as it was then. */
static int mutex_get(struct call *c, gva at, struct mutex *m, struct umutex *u)
{
    const int err = copy_in(c, u, at, sizeof(*u));

    return err ? err : mutex_open(c, at, u->flags, m);
}

static int owner_get(struct call *c, const struct mutex *m, uint32_t *owner)
{
    return copy_in(c, owner, m->at, sizeof(*owner));
}

/* 1: done; 0: it was not expect, *now says what it is; -errno. */
static int owner_swap(struct call *c, const struct mutex *m, uint32_t expect, uint32_t want, uint32_t *now)
{
    const int err = guest_cas32(c, m->at, expect, want, now);

    return err ? err : *now == expect;
}

static bool is_unowned(uint32_t owner)
{
    return (owner & ~UMUTEX_CONTESTED) == 0 || owner == UMUTEX_RB_OWNERDEAD || owner == UMUTEX_RB_NOTRECOV;
}

/* ---- lock, trylock, wait --------------------------------------------------------- */

/*
 * One attempt on a mutex without a ceiling.  1: it is over, *result says how; 0:
 * it is somebody's, *owner; -errno.
 */
static int try_normal(struct call *c, const struct mutex *m, enum mode mode, uint32_t *owner, int *result)
{
    int r = 0;

    *result = 0;
    if (mode == MODE_WAIT)
        return is_unowned(*owner);
    while (!r && (*owner == UMUTEX_UNOWNED || *owner == UMUTEX_CONTESTED || *owner == UMUTEX_RB_OWNERDEAD)) {
        const uint32_t was = *owner;

        r = owner_swap(c, m, was, was == UMUTEX_UNOWNED ? m->id : m->id | UMUTEX_CONTESTED, owner);
        *result = r == 1 && was == UMUTEX_RB_OWNERDEAD ? -EOWNERDEAD : 0;
    }
    if (r)
        return r;
    if (*owner == UMUTEX_RB_NOTRECOV) {
        *result = -ENOTRECOVERABLE;
        return 1;
    }
    if ((m->flags & UMUTEX_PRIO_INHERIT) && (*owner & ~UMUTEX_CONTESTED) == m->id) {
        *result = -EDEADLK;
        return 1;
    }
    return 0;
}

/* Marks it contested, so that its unlock calls the kernel.  1: it is; 0: it changed meanwhile; -errno. */
static int mark_contested(struct call *c, const struct mutex *m, uint32_t owner)
{
    uint32_t now;
    int      err;

    if (!(owner & UMUTEX_CONTESTED))
        return owner_swap(c, m, owner, owner | UMUTEX_CONTESTED, &now);
    err = owner_get(c, m, &now);
    return err ? err : now == owner;
}

/* Queues, marks, sleeps.  0: look again; else the reason to stop. */
static int wait_normal(struct call *c, const struct mutex *m, uint32_t owner, struct umtx_time *t)
{
    struct umtx_waiter w;
    int                r;

    umtx_queue(c, &w, &m->key, UMTX_SHARED);
    r = mark_contested(c, m, owner);
    if (r == 1)
        return umtx_sleep(c, &w, t);
    umtx_unqueue(&w);
    return r;
}

/* A signal or the end of the time lets it try once more, and then give up. */
static int lock_normal(struct call *c, const struct mutex *m, uint32_t owner, struct umtx_time *t, enum mode mode)
{
    int error = 0, result, r;

    for (;;) {
        r = try_normal(c, m, mode, &owner, &result);
        if (r)
            return r < 0 ? r : result;
        if (mode == MODE_TRY)
            return -EBUSY;
        if (error)
            return error;
        error = wait_normal(c, m, owner, t);
        if (error == -EFAULT || error == -ESRCH)
            return error;
        r = owner_get(c, m, &owner);
        if (r)
            return r;
    }
}

/* With a ceiling: the free state is UMUTEX_CONTESTED, so that every lock comes here. */
static int try_ceiling(struct call *c, const struct mutex *m)
{
    uint32_t now;
    int      r = owner_swap(c, m, UMUTEX_CONTESTED, m->id | UMUTEX_CONTESTED, &now);

    if (r == 0 && now == UMUTEX_RB_OWNERDEAD) {
        r = owner_swap(c, m, UMUTEX_RB_OWNERDEAD, m->id | UMUTEX_CONTESTED, &now);
        return r == 1 ? -EOWNERDEAD : r;
    }
    return r == 0 && now == UMUTEX_RB_NOTRECOV ? -ENOTRECOVERABLE : r;
}

#define RTP_PRIO_MAX 31u

static int lock_ceiling(struct call *c, const struct mutex *m, const struct umutex *u, struct umtx_time *t,
                        enum mode mode)
{
    int error = 0;

    if (u->ceilings[0] > RTP_PRIO_MAX)
        return -EINVAL;
    for (;;) {
        struct umtx_waiter w;
        int                r;

        umtx_queue(c, &w, &m->key, UMTX_SHARED);
        r = try_ceiling(c, m);
        if (r == 0 && mode != MODE_TRY && !error) {
            error = umtx_sleep(c, &w, t);
            continue;
        }
        umtx_unqueue(&w);
        if (r == -ENOTRECOVERABLE && mode == MODE_TRY)
            r = 0; /* do_lock_pp: who only tries is not told */
        if (r)
            return r == 1 ? 0 : r;
        return mode == MODE_TRY ? -EBUSY : error;
    }
}

static int64_t lock(struct call *c, gva at, struct umtx_time *t, enum mode mode)
{
    struct mutex  m;
    struct umutex u;
    int           r = mutex_get(c, at, &m, &u);

    if (r)
        return r;
    if (mode == MODE_WAIT && (m.flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)))
        mode = MODE_TRY; /* kern_umtx.c, do_lock_pi and do_lock_pp: whatever is no lock does not wait */
    if (m.flags & UMUTEX_PRIO_PROTECT)
        r = lock_ceiling(c, &m, &u, t, mode);
    else
        r = lock_normal(c, &m, u.owner, t, mode);
    return t && r == -ERESTART ? -EINTR : r; /* timed locking is not restarted */
}

int64_t umtx_mutex_lock(struct call *c, gva m, struct umtx_time *t) { return lock(c, m, t, MODE_LOCK); }

int64_t umtx_mutex_trylock(struct call *c, gva m) { return lock(c, m, NULL, MODE_TRY); }

int64_t umtx_mutex_wait(struct call *c, gva m, struct umtx_time *t) { return lock(c, m, t, MODE_WAIT); }

/* ---- unlock, wake ------------------------------------------------------------------- */

static uint32_t unlocked_value(uint32_t flags, bool died)
{
    if (died)
        return UMUTEX_RB_OWNERDEAD;
    return flags & UMUTEX_NONCONSISTENT ? UMUTEX_RB_NOTRECOV : UMUTEX_UNOWNED;
}

/* Wakes one; all, when the word does not say that more are waiting. */
static void wake_after(const struct mutex *m, bool marked)
{
    umtx_chain_lock(&m->key);
    umtx_signal_locked(&m->key, 1, UMTX_SHARED);
    if (!marked)
        umtx_signal_locked(&m->key, UMTX_ALL, UMTX_SHARED);
    umtx_chain_unlock(&m->key);
}

static int unlock_normal(struct call *c, const struct mutex *m, uint32_t owner, bool died)
{
    uint32_t want = 0, now;
    int      r;

    do {
        if ((owner & ~UMUTEX_CONTESTED) != m->id)
            return -EPERM;
        want = unlocked_value(m->flags, died);
        if ((owner & UMUTEX_CONTESTED) && umtx_count(&m->key, UMTX_SHARED) > 1)
            want |= UMUTEX_CONTESTED;
        r = owner_swap(c, m, owner, want, &now);
        if (r == 1)
            break;
        owner = now;
    } while (r == 0);
    if (r < 0)
        return r;
    if (owner & UMUTEX_CONTESTED)
        wake_after(m, want & UMUTEX_CONTESTED);
    return 0;
}

static int unlock_ceiling(struct call *c, const struct mutex *m, const struct umutex *u, bool died)
{
    const uint32_t want = unlocked_value(m->flags, died) | UMUTEX_CONTESTED;
    int            err;

    if ((u->owner & ~UMUTEX_CONTESTED) != m->id)
        return -EPERM;
    if (u->ceilings[1] != UINT32_MAX && u->ceilings[1] > RTP_PRIO_MAX)
        return -EINVAL;
    err = copy_out(c, m->at, &want, sizeof(want));
    if (!err)
        umtx_signal(&m->key, 1, UMTX_SHARED);
    return err;
}

static int64_t unlock(struct call *c, gva at, uint32_t dead)
{
    struct mutex  m;
    struct umutex u;
    const int     err = mutex_get(c, at, &m, &u);

    if (err)
        return err;
    m.id = dead ? dead : m.id;
    return m.flags & UMUTEX_PRIO_PROTECT ? unlock_ceiling(c, &m, &u, dead) : unlock_normal(c, &m, u.owner, dead);
}

int64_t umtx_mutex_unlock(struct call *c, gva at) { return unlock(c, at, 0); }

int64_t umtx_mutex_orphan(struct call *c, gva at, uint32_t owner) { return unlock(c, at, owner); }

/* The mutex was unlocked in user land, which left it UMUTEX_CONTESTED. */
int64_t umtx_mutex_wake(struct call *c, gva at)
{
    struct mutex  m;
    struct umutex u;
    int           r = copy_in(c, &u, at, sizeof(u));

    if (r || !is_unowned(u.owner))
        return r;
    r = umtx_key_get(c, at, UMTX_MUTEX, u.flags, &m.key);
    if (r)
        return r;
    m.at = at;
    if (u.owner == UMUTEX_CONTESTED && umtx_count(&m.key, UMTX_SHARED) <= 1) {
        uint32_t now;

        r = owner_swap(c, &m, UMUTEX_CONTESTED, UMUTEX_UNOWNED, &now);
        if (r < 0)
            return r;
        wake_after(&m, r == 0);
        return 0;
    }
    umtx_signal(&m.key, 1, UMTX_SHARED);
    return 0;
}

/*
 * The mutex was unlocked in user land, which left it UMUTEX_UNOWNED: the mark is
 * put back when more than one waits.  Without waiters the memory may be anything
 * by now and is not touched.
 */
int64_t umtx_mutex_wake2(struct call *c, gva at, uint32_t flags)
{
    struct mutex m;
    uint32_t     owner, now;
    unsigned     count;
    int          r = mutex_open(c, at, flags, &m);

    if (r)
        return r;
    count = umtx_count(&m.key, UMTX_SHARED);
    if (!count)
        return 0;
    r = owner_get(c, &m, &owner);
    while (!r && !(owner & UMUTEX_CONTESTED) && (count > 1 || owner)) {
        r = owner_swap(c, &m, owner, owner | UMUTEX_CONTESTED, &now);
        if (r == 0)
            owner = now;
    }
    if (r == -EFAULT)
        umtx_signal(&m.key, UMTX_ALL, UMTX_SHARED);
    if (r < 0)
        return r;
    if (is_unowned(owner))
        umtx_signal(&m.key, 1, UMTX_SHARED);
    return 0;
}

/* ---- ceilings --------------------------------------------------------------------------- */

static int set_ceiling(struct call *c, const struct mutex *m, uint32_t ceiling)
{
    return copy_out(c, field(m, offsetof(struct umutex, ceilings)), &ceiling, sizeof(ceiling));
}

/* With the mutex held for the moment, or already ours. */
static int try_set_ceiling(struct call *c, const struct mutex *m, uint32_t ceiling)
{
    const uint32_t free_value = UMUTEX_CONTESTED;
    uint32_t       now;
    int            r = owner_swap(c, m, UMUTEX_CONTESTED, m->id | UMUTEX_CONTESTED, &now), r2;

    if (r < 0)
        return r;
    if (r == 1) {
        r = set_ceiling(c, m, ceiling);
        r2 = copy_out(c, m->at, &free_value, sizeof(free_value));
        return r ? r : r2 ? r2 : 1;
    }
    if ((now & ~UMUTEX_CONTESTED) == m->id) {
        r = set_ceiling(c, m, ceiling);
        return r ? r : 1;
    }
    if (now == UMUTEX_RB_OWNERDEAD)
        return -EOWNERDEAD;
    return now == UMUTEX_RB_NOTRECOV ? -ENOTRECOVERABLE : 0;
}

int64_t umtx_mutex_set_ceiling(struct call *c, gva at, uint32_t ceiling, gva old)
{
    struct mutex  m;
    struct umutex u;
    int           r = mutex_get(c, at, &m, &u), error = 0;

    if (r)
        return r;
    if (!(m.flags & UMUTEX_PRIO_PROTECT) || ceiling > RTP_PRIO_MAX)
        return -EINVAL;
    for (;;) {
        struct umtx_waiter w;

        umtx_queue(c, &w, &m.key, UMTX_SHARED);
        r = try_set_ceiling(c, &m, ceiling);
        if (r || error) {
            umtx_unqueue(&w);
            break;
        }
        error = umtx_sleep(c, &w, NULL);
    }
    if (r != 1)
        return r ? r : error;
    umtx_signal(&m.key, UMTX_ALL, UMTX_SHARED);
    return old.va ? copy_out(c, old, &u.ceilings[0], sizeof(u.ceilings[0])) : 0;
}
