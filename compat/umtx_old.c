/*
 * compat/umtx_old.c: the locks of FreeBSD 5: a long with its owner's thread number, whose highest bit says that an
 * unlock has to call the kernel (kern_umtx.c, do_lock_umtx).
 *
 * The two halves of the word change one after the other here.  That is sound because only the low one says who owns the
 * lock, and user land compares all of it: a mark that comes too late makes the next one call for nothing.
 */
#include <errno.h>

#include "compat/bsd_calls.h"
#include "compat/umtx_int.h"

#define CONTESTED 0x80000000u /* in the high half */

static gva high_of(gva at) { return GVA(at.va + 4); }

/* 1: it was expect, and is want now; 0: it was not; -errno. */
static int swap(struct call *c, gva at, uint32_t expect, uint32_t want)
{
    uint32_t  old;
    const int err = guest_cas32(c, at, expect, want, &old);

    return err ? err : old == expect;
}

/* Queued already, so whoever unlocks it from here on finds us.  1: it is marked, and somebody's; 0: look again. */
static int mark(struct call *c, gva at)
{
    uint32_t owner = 0;
    int      r = swap(c, high_of(at), 0, CONTESTED);

    if (r >= 0)
        r = copy_in(c, &owner, at, sizeof(owner));
    return r < 0 ? r : owner != 0;
}

/* Queues, marks, sleeps.  0: look again; else the reason to stop. */
static int wait_for(struct call *c, gva at, const struct umtx_key *key, struct umtx_time *t)
{
    struct umtx_waiter w;
    int                r;

    umtx_queue(c, &w, key, UMTX_SHARED);
    r = mark(c, at);
    if (r == 1)
        return umtx_sleep(c, &w, t);
    umtx_unqueue(&w);
    return r;
}

int64_t umtx_old_lock(struct call *c, gva at, uint64_t id, struct umtx_time *t)
{
    struct umtx_key key;
    int             r = umtx_key_get(c, at, UMTX_OLD, 0, &key), error = 0;

    if (!r && (!id || id >= CONTESTED))
        r = -EINVAL; /* no thread's number */
    while (!r) {
        r = swap(c, at, 0, (uint32_t)id);
        if (r)
            break;
        if (error)
            r = t && error == -ERESTART ? -EINTR : error; /* timed locking is not restarted */
        else
            error = wait_for(c, at, &key, t);
        if (error == -EFAULT || error == -ESRCH)
            r = error;
    }
    return r < 0 ? r : 0;
}

/* Wakes one; all, when the word does not say that more are waiting. */
static void wake(const struct umtx_key *key, bool marked)
{
    umtx_signal(key, 1, UMTX_SHARED);
    if (!marked)
        umtx_signal(key, UMTX_ALL, UMTX_SHARED);
}

int64_t umtx_old_unlock(struct call *c, gva at, uint64_t id)
{
    struct umtx_key key;
    uint32_t        word[2];
    bool            marked;
    int             r = copy_in(c, word, at, sizeof(word));

    if (!r)
        r = word[0] != id || (word[1] & ~CONTESTED) ? -EPERM : umtx_key_get(c, at, UMTX_OLD, 0, &key);
    if (r)
        return r;
    marked = umtx_count(&key, UMTX_SHARED) > 1;
    if (!marked)
        r = swap(c, high_of(at), CONTESTED, 0);
    if (r >= 0)
        r = swap(c, at, (uint32_t)id, 0);
    wake(&key, marked);
    return r < 0 ? r : r ? 0 : -EINVAL;
}

int64_t sys_umtx_lock(struct call *c, gva umtx) { return umtx_old_lock(c, umtx, (uint64_t)c->task->tid, NULL); }

int64_t sys_umtx_unlock(struct call *c, gva umtx) { return umtx_old_unlock(c, umtx, (uint64_t)c->task->tid); }
