/* compat/umtx_wait.c: waiting on a word, and waking.  One host call each, mostly (syscalls/futex.h). */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "compat/umtx_int.h"
#include "compat/umtx_wait.h"
#include "syscalls/door.h"
#include "syscalls/futex.h"

static int wait_result(const struct call *c, int64_t r)
{
    switch (r) {
    case -EAGAIN: /* the word has another value: nothing to wait for */ return 0;
    case -ERESTART: /* never restarted (do_wait), unless nobody has looked at the word */
        return c->early ? -ERESTART : -EINTR;
    default: return r > 0 ? 0 : (int)r;
    }
}

/* From now on a private wake looks for waiters of the other kind, too. */
static void auto_waits_begin(struct call *c)
{
    struct proc *p;
    struct task *t;

    if (__atomic_load_n(&c->task->area->auto_waits, __ATOMIC_RELAXED))
        return;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all) {
        if (p->space != c->proc->space)
            continue;
        p->umtx_auto_waits = true;
        LIST_FOREACH(t, &p->tasks, link)
            task_share(t);
    }
    pthread_mutex_unlock(&session.lock);
}

/* What is waited on: a word of the private kind or of the other, or a long. */
enum what { OWN_WORD, WORD, LONG };

static int64_t wait_word(struct call *c, gva at, uint32_t val, bool own, const struct umtx_time *t, uint64_t ts)
{
    const int op = FUTEX_WAIT_BITSET | (own ? FUTEX_PRIVATE_FLAG : 0) | (t && t->real ? FUTEX_CLOCK_REALTIME : 0);

    return host_wait(c, SYS_futex, at.va, op, val, ts, 0, FUTEX_BITSET_MATCH_ANY);
}

static int64_t wait_long(struct call *c, gva at, uint64_t val, const struct umtx_time *t, uint64_t ts)
{
    const int64_t r = futex_wait_long(c, at, val, ts, t && t->real ? CLOCK_REALTIME : CLOCK_MONOTONIC);

    return r == -ENOSYS ? wait_word(c, at, (uint32_t)val, false, t, ts) : r;
}

static int64_t wait_once(struct call *c, gva at, uint64_t val, enum what what, struct umtx_time *t)
{
    struct scratch ts = {NULL, 0};

    if (t) {
        ts = scratch_get(c, sizeof(t->end));
        if (!ts.p)
            return -ENOMEM;
        memcpy(ts.p, &t->end, sizeof(t->end));
    }
    return what == LONG ? wait_long(c, at, val, t, ts.va) : wait_word(c, at, (uint32_t)val, what == OWN_WORD, t, ts.va);
}

static int64_t wait_value(struct call *c, gva at, uint64_t val, enum what what, struct umtx_time *t)
{
    const size_t used = c->scratch_used;
    int64_t      r;

    if (what != OWN_WORD)
        auto_waits_begin(c);
    do {
        c->scratch_used = used;
        r = wait_once(c, at, val, what, t);
    } while (r == -ETIMEDOUT && umtx_time_again(c, t));
    return wait_result(c, r);
}

int64_t umtx_wait_long(struct call *c, gva at, uint64_t val, struct umtx_time *t)
{
    return wait_value(c, at, val, LONG, t);
}

/* The kernel compares the unsigned word with all of the argument. */
int64_t umtx_wait_uint(struct call *c, gva at, uint64_t val, bool own, struct umtx_time *t)
{
    uint32_t now;

    return val >> 32 ? copy_in(c, &now, at, sizeof(now)) : wait_value(c, at, val, own ? OWN_WORD : WORD, t);
}

int umtx_wake(struct call *c, gva addr, int n, bool shared) { return (int)futex_wake(c, addr, n, shared); }

#define BATCH 128

int64_t umtx_nwake(struct call *c, gva list, uint64_t val)
{
    gva at[BATCH];

    for (int left = (int)val; left > 0;) {
        const int n = left < BATCH ? left : BATCH;
        int       err = copy_in(c, at, list, (size_t)n * sizeof(*at));

        for (int i = 0; !err && i < n; i++) {
            err = umtx_wake(c, at[i], INT_MAX, false);
            err = err == -ESRCH ? err : 0;
        }
        if (err)
            return err;
        left -= n;
        list.va += (uint64_t)n * sizeof(*at);
    }
    return 0;
}
