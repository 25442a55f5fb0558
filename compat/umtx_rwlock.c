/*
 * compat/umtx_rwlock.c: struct urwlock.  rw_state counts readers and holds the
 * writer's bit and two bits that make an unlock call the kernel.  The counts of
 * the blocked are the kernel's alone and are changed under the chain's lock.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "compat/umtx_int.h"

struct urwlock {
    uint32_t state, flags, blocked_readers, blocked_writers, spare[4];
};
_Static_assert(sizeof(struct urwlock) == 32, "sys/_umtx.h");

#define WRITE_OWNER   0x80000000u
#define WRITE_WAITERS 0x40000000u
#define READ_WAITERS  0x20000000u
#define READERS       0x1fffffffu
#define PREFER_READER 2u

struct rwlock {
    gva             at;
    uint32_t        flags;
    struct umtx_key key;
};

/* What differs between waiting to read and waiting to write. */
struct want {
    uint32_t       busy;    /* state bits that stand against it */
    uint32_t       waiters; /* state bit of those who wait */
    uint32_t       add;     /* to the state when it is taken */
    enum umtx_side side;
    size_t         blocked; /* offset of the count */
};

static int rw_get(struct call *c, gva at, struct rwlock *rw, uint32_t *state)
{
    struct urwlock u;
    const int      err = copy_in(c, &u, at, sizeof(u));

    if (err)
        return err;
    *rw = (struct rwlock){.at = at, .flags = u.flags};
    *state = u.state;
    return umtx_key_get(c, at, UMTX_RW, u.flags, &rw->key);
}

static int state_get(struct call *c, const struct rwlock *rw, uint32_t *state)
{
    return copy_in(c, state, rw->at, sizeof(*state));
}

/* 1: done; 0: *state says what it is instead; -errno. */
static int state_swap(struct call *c, const struct rwlock *rw, uint32_t *state, uint32_t to)
{
    const uint32_t was = *state;
    const int      err = guest_cas32(c, rw->at, was, to, state);

    return err ? err : *state == was;
}

/* 1: taken; 0: it is busy, *state; -errno. */
static int try_take(struct call *c, const struct rwlock *rw, const struct want *want, uint32_t *state)
{
    int r = 0;

    while (!r && !(*state & want->busy)) {
        if (want->side == UMTX_SHARED && (*state & READERS) == READERS)
            return -EAGAIN;
        r = state_swap(c, rw, state, *state + want->add);
    }
    return r;
}

/* 1: marked; 0: it is free; -errno. */
static int mark_waiting(struct call *c, const struct rwlock *rw, const struct want *want, uint32_t *state)
{
    int r = state_get(c, rw, state);

    while (!r && (*state & want->busy)) {
        if (*state & want->waiters)
            return 1;
        r = state_swap(c, rw, state, *state | want->waiters);
    }
    return r;
}

/* Changes a count of blocked ones; *left is the new one. */
static int count_blocked(struct call *c, const struct rwlock *rw, const struct want *want, int by, uint32_t *left)
{
    const gva at = GVA(rw->at.va + want->blocked);
    int       err;

    umtx_chain_lock(&rw->key);
    err = copy_in(c, left, at, sizeof(*left));
    *left += (uint32_t)by;
    if (!err)
        err = copy_out(c, at, left, sizeof(*left));
    umtx_chain_unlock(&rw->key);
    return err;
}

/* Nobody is blocked any more, it seemed: who came meanwhile, and saw the mark still there, sets it again. */
static int clear_mark(struct call *c, const struct rwlock *rw, const struct want *want)
{
    uint32_t state;
    int      r = state_get(c, rw, &state);

    while (!r)
        r = state & want->waiters ? state_swap(c, rw, &state, state & ~want->waiters) : 1;
    umtx_signal(&rw->key, UMTX_ALL, want->side);
    return r < 0 ? r : 0;
}

/* One turn in the queue.  1: look again; 0: it is free; -errno. */
static int sleep_turn(struct call *c, const struct rwlock *rw, const struct want *want, struct umtx_time *t)
{
    struct umtx_waiter w;
    uint32_t           state;
    int                r;

    umtx_queue(c, &w, &rw->key, want->side);
    r = mark_waiting(c, rw, want, &state);
    if (r == 1) {
        r = umtx_sleep(c, &w, t);
        return r ? r : 1;
    }
    umtx_unqueue(&w);
    return r;
}

/* Waits until it looks free.  0, or why not. */
static int wait_free(struct call *c, const struct rwlock *rw, const struct want *want, struct umtx_time *t)
{
    uint32_t left;
    int      r = count_blocked(c, rw, want, 1, &left), r2;

    if (r)
        return r;
    do
        r = sleep_turn(c, rw, want, t);
    while (r == 1);
    r2 = count_blocked(c, rw, want, -1, &left);
    if (!r2 && !left)
        r2 = clear_mark(c, rw, want);
    return r ? r : r2;
}

static int take(struct call *c, const struct rwlock *rw, const struct want *want, uint32_t state, struct umtx_time *t)
{
    int r, error = 0;

    for (;;) {
        r = try_take(c, rw, want, &state);
        if (r)
            return r < 0 ? r : 0;
        if (error)
            return error == -ERESTART ? -EINTR : error;
        error = wait_free(c, rw, want, t);
        if (error == -EFAULT || error == -ESRCH)
            return error;
        r = state_get(c, rw, &state);
        if (r)
            return r;
    }
}

int64_t umtx_rw_rdlock(struct call *c, gva at, uint64_t flags, struct umtx_time *t)
{
    struct want   want = {.busy = WRITE_OWNER,
                          .waiters = READ_WAITERS,
                          .add = 1,
                          .side = UMTX_SHARED,
                          .blocked = offsetof(struct urwlock, blocked_readers)};
    struct rwlock rw;
    uint32_t      state;
    const int     r = rw_get(c, at, &rw, &state);

    if (r)
        return r;
    if (!((flags | rw.flags) & PREFER_READER))
        want.busy |= WRITE_WAITERS;
    return take(c, &rw, &want, state, t);
}

/* A writer that gives up may have kept readers waiting that could have read. */
static void let_readers(struct call *c, const struct rwlock *rw)
{
    uint32_t state;

    if (!state_get(c, rw, &state) && !(state & (WRITE_OWNER | WRITE_WAITERS)))
        umtx_signal(&rw->key, UMTX_ALL, UMTX_SHARED);
}

int64_t umtx_rw_wrlock(struct call *c, gva at, struct umtx_time *t)
{
    const struct want want = {.busy = WRITE_OWNER | READERS,
                              .waiters = WRITE_WAITERS,
                              .add = WRITE_OWNER,
                              .side = UMTX_EXCLUSIVE,
                              .blocked = offsetof(struct urwlock, blocked_writers)};
    struct rwlock     rw;
    uint32_t          state;
    int               r = rw_get(c, at, &rw, &state);

    if (r)
        return r;
    r = take(c, &rw, &want, state, t);
    if (r && r != -ESRCH)
        let_readers(c, &rw);
    return r;
}

/* Takes the caller's hold away; -EPERM when there is none.  *state: as it was just before. */
static int release(struct call *c, const struct rwlock *rw, uint32_t *state)
{
    int r = 0;

    while (!r) {
        if (*state & WRITE_OWNER)
            r = state_swap(c, rw, state, *state & ~WRITE_OWNER);
        else if (*state & READERS)
            r = state_swap(c, rw, state, *state - 1);
        else
            return -EPERM;
    }
    return r < 0 ? r : 0;
}

int64_t umtx_rw_unlock(struct call *c, gva at)
{
    struct rwlock rw;
    uint32_t      state;
    int           r = rw_get(c, at, &rw, &state);
    bool          readers;

    if (!r)
        r = release(c, &rw, &state);
    if (r)
        return r;
    readers = (state & READ_WAITERS) && ((rw.flags & PREFER_READER) || !(state & WRITE_WAITERS));
    if (readers)
        umtx_signal(&rw.key, UMTX_ALL, UMTX_SHARED);
    else if (state & WRITE_WAITERS)
        umtx_signal(&rw.key, 1, UMTX_EXCLUSIVE);
    return 0;
}
