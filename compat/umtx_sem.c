/* compat/umtx_sem.c: struct _usem2, a count whose top bit says that somebody waits, and its elder struct _usem. */
#include <errno.h>
#include <stddef.h>

#include "compat/umtx_int.h"

struct usem {
    uint32_t has_waiters, count, flags;
};
struct usem2 {
    uint32_t count, flags;
};
#define USEM_HAS_WAITERS 0x80000000u
#define USEM_COUNT(v)    ((v)&0x7fffffffu)

/* A relative time-out cannot be restarted. */
static int64_t sem_result(int r, const struct umtx_time *t) { return r == -ERESTART && t && !t->absolute ? -EINTR : r; }

/* ---- _usem2 -------------------------------------------------------------------- */

static int sem2_get(struct call *c, gva sem, struct usem2 *u, struct umtx_key *key)
{
    const int err = copy_in(c, u, sem, sizeof(*u));

    return err ? err : umtx_key_get(c, sem, UMTX_SEM, u->flags, key);
}

/* 1: marked, wait; 0: there is something to take; -errno. */
static int sem2_mark(struct call *c, gva sem)
{
    uint32_t count;
    int      err = copy_in(c, &count, sem, sizeof(count));

    while (!err && count == 0) {
        err = guest_cas32(c, sem, 0, USEM_HAS_WAITERS, &count);
        if (!err && count == 0)
            return 1;
    }
    return err ? err : count == USEM_HAS_WAITERS;
}

int64_t umtx_sem2_wait(struct call *c, gva sem, struct umtx_time *t)
{
    struct umtx_waiter w;
    struct umtx_key    key;
    struct usem2       u;
    int                r = sem2_get(c, sem, &u, &key);

    if (r)
        return r;
    umtx_queue(c, &w, &key, UMTX_SHARED);
    r = sem2_mark(c, sem);
    if (r == 1)
        return sem_result(umtx_sleep(c, &w, t), t);
    umtx_unqueue(&w);
    return r;
}

/* The last waiter goes: the mark too.  Who queued meanwhile and saw it is woken to set it again. */
static int sem2_wake_last(struct call *c, gva sem, const struct umtx_key *key)
{
    uint32_t count;
    int      err = copy_in(c, &count, sem, sizeof(count));

    while (!err && (count & USEM_HAS_WAITERS)) {
        const uint32_t was = count;

        err = guest_cas32(c, sem, was, was & ~USEM_HAS_WAITERS, &count);
        if (count == was)
            break;
    }
    umtx_signal(key, UMTX_ALL, UMTX_SHARED);
    return err;
}

int64_t umtx_sem2_wake(struct call *c, gva sem)
{
    struct umtx_key key;
    struct usem2    u;
    const int       err = sem2_get(c, sem, &u, &key);

    if (err)
        return err;
    if (umtx_count(&key, UMTX_SHARED) == 1)
        return sem2_wake_last(c, sem, &key);
    umtx_signal(&key, 1, UMTX_SHARED);
    return 0;
}

/* ---- _usem: only the kernel writes has_waiters, so the chain's lock is enough ------ */

static int sem_get(struct call *c, gva sem, struct usem *u, struct umtx_key *key)
{
    const int err = copy_in(c, u, sem, sizeof(*u));

    return err ? err : umtx_key_get(c, sem, UMTX_SEM, u->flags, key);
}

static int set_waiters(struct call *c, gva sem, uint32_t v)
{
    return copy_out(c, GVA(sem.va + offsetof(struct usem, has_waiters)), &v, sizeof(v));
}

/* Locked.  1: queued and marked; 0: there is something to take; -errno. */
static int sem_enqueue(struct call *c, gva sem, const struct umtx_key *key, struct umtx_waiter *w)
{
    struct usem u;
    int         err = set_waiters(c, sem, 1);

    if (!err)
        err = copy_in(c, &u, sem, sizeof(u));
    if (!err && !u.count) {
        umtx_queue_locked(c, w, key, UMTX_SHARED);
        return 1;
    }
    if (!umtx_count_locked(key, UMTX_SHARED))
        set_waiters(c, sem, 0);
    return err;
}

int64_t umtx_sem_wait(struct call *c, gva sem, struct umtx_time *t)
{
    struct umtx_waiter w;
    struct umtx_key    key;
    struct usem        u;
    int                r = sem_get(c, sem, &u, &key);

    if (r)
        return r;
    umtx_chain_lock(&key);
    r = sem_enqueue(c, sem, &key, &w);
    umtx_chain_unlock(&key);
    return r == 1 ? sem_result(umtx_sleep(c, &w, t), t) : r;
}

int64_t umtx_sem_wake(struct call *c, gva sem)
{
    struct umtx_key key;
    struct usem     u;
    int             err = sem_get(c, sem, &u, &key);

    if (err)
        return err;
    umtx_chain_lock(&key);
    if (umtx_signal_locked(&key, 1, UMTX_SHARED) && !umtx_count_locked(&key, UMTX_SHARED))
        err = set_waiters(c, sem, 0);
    umtx_chain_unlock(&key);
    return err;
}
