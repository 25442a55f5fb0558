/*
 * compat/umtx_queue.c: who waits on which object, for the operations that must
 * know how many.  A chain's lock is a leaf: only copies of guest memory are made
 * under it, never host calls.
 *
 * The kernel makes an object "busy" over its count and the change of the word in
 * user memory.  Here no lock is held over a compare-and-swap in the guest, so
 * the order does the work: a waiter queues before it marks the object, hence
 * whoever finds the mark finds the waiter; and who takes a mark away looks at
 * the queue again afterwards and wakes all that came in between.
 */
#include <errno.h>
#include <unistd.h>

#include "compat/umtx_int.h"
#include "syscalls/memory_maps.h"
#include "syscalls/signal.h"

#define CHAINS 256u

static struct chain {
    pthread_mutex_t lock;
    TAILQ_HEAD(, umtx_waiter) waiters;
} chains[CHAINS];

static void chains_init(void)
{
    for (unsigned i = 0; i < CHAINS; i++) {
        pthread_mutex_init(&chains[i].lock, NULL);
        TAILQ_INIT(&chains[i].waiters);
    }
}

static struct chain *chain_of(const struct umtx_key *k)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const uint64_t        h = (k->a * 0x9e3779b97f4a7c15ull ^ k->b ^ k->type) * 0xff51afd7ed558ccdull;

    pthread_once(&once, chains_init);
    return &chains[h >> 56];
}
_Static_assert(CHAINS == 256, "eight bits of the hash");

bool umtx_key_eq(const struct umtx_key *a, const struct umtx_key *b)
{
    return a->type == b->type && a->shared == b->shared && a->a == b->a && a->b == b->b;
}

static int find_entry(struct call *c, gva at, struct map_entry *e)
{
    const int maps = maps_open(c->proc->pid);
    int       err;

    if (maps < 0)
        return maps;
    err = maps_find(maps, at.va, e);
    close(maps);
    return err || e->start > at.va ? -EFAULT : 0;
}

uint64_t umtx_file_id(uint64_t dev, uint64_t ino) { return dev ^ ino << 20; }

/* A process-shared object is known by its place in the shared memory, or by its address when that is not shared. */
int umtx_key_get(struct call *c, gva at, enum umtx_type type, uint32_t flags, struct umtx_key *key)
{
    struct map_entry e;
    int              err;

    *key = (struct umtx_key){.type = type, .a = c->proc->space, .b = at.va};
    if (!(flags & USYNC_PROCESS_SHARED))
        return 0;
    err = find_entry(c, at, &e);
    if (err)
        return err;
    if (e.shared && e.file) {
        key->shared = true;
        key->a = umtx_file_id(e.dev, e.ino);
        key->b = e.offset + (at.va - e.start);
    }
    return 0;
}

void umtx_chain_lock(const struct umtx_key *key) { pthread_mutex_lock(&chain_of(key)->lock); }

void umtx_chain_unlock(const struct umtx_key *key) { pthread_mutex_unlock(&chain_of(key)->lock); }

void umtx_queue_locked(struct call *c, struct umtx_waiter *w, const struct umtx_key *key, enum umtx_side side)
{
    w->key = *key;
    w->task = c->task;
    w->side = side;
    w->queued = true;
    TAILQ_INSERT_TAIL(&chain_of(key)->waiters, w, link);
}

bool umtx_unqueue_locked(struct umtx_waiter *w)
{
    const bool waited = w->queued;

    if (waited)
        TAILQ_REMOVE(&chain_of(&w->key)->waiters, w, link);
    w->queued = false;
    return waited;
}

unsigned umtx_count_locked(const struct umtx_key *key, enum umtx_side side)
{
    struct umtx_waiter *w;
    unsigned            n = 0;

    TAILQ_FOREACH(w, &chain_of(key)->waiters, link)
        n += w->side == side && umtx_key_eq(&w->key, key);
    return n;
}

unsigned umtx_signal_locked(const struct umtx_key *key, unsigned n, enum umtx_side side)
{
    struct chain       *ch = chain_of(key);
    struct umtx_waiter *w = TAILQ_FIRST(&ch->waiters), *next;
    unsigned            woken = 0;

    for (; w && woken < n; w = next) {
        next = TAILQ_NEXT(w, link);
        if (w->side != side || !umtx_key_eq(&w->key, key))
            continue;
        umtx_unqueue_locked(w);
        task_wake(w->task); /* under the lock: afterwards w's stack may be gone */
        woken++;
    }
    return woken;
}

void umtx_queue(struct call *c, struct umtx_waiter *w, const struct umtx_key *key, enum umtx_side side)
{
    umtx_chain_lock(key);
    umtx_queue_locked(c, w, key, side);
    umtx_chain_unlock(key);
}

bool umtx_unqueue(struct umtx_waiter *w)
{
    bool waited;

    umtx_chain_lock(&w->key);
    waited = umtx_unqueue_locked(w);
    umtx_chain_unlock(&w->key);
    return waited;
}

unsigned umtx_count(const struct umtx_key *key, enum umtx_side side)
{
    unsigned n;

    umtx_chain_lock(key);
    n = umtx_count_locked(key, side);
    umtx_chain_unlock(key);
    return n;
}

unsigned umtx_signal(const struct umtx_key *key, unsigned n, enum umtx_side side)
{
    unsigned woken;

    umtx_chain_lock(key);
    woken = umtx_signal_locked(key, n, side);
    umtx_chain_unlock(key);
    return woken;
}

static bool still_queued(struct umtx_waiter *w)
{
    bool queued;

    umtx_chain_lock(&w->key);
    queued = w->queued;
    umtx_chain_unlock(&w->key);
    return queued;
}

static int sleep_once(struct call *c, struct umtx_waiter *w, struct umtx_time *t)
{
    const size_t    used = c->scratch_used;
    struct timespec end;
    int             r;

    if (t)
        end = umtx_time_monotonic(t);
    task_sleep_prepare(c);
    if (!still_queued(w))
        return 0;
    r = task_sleep(c, t ? &end : NULL);
    c->unparked = false; /* what would be restarted after a signal, is after this, too (do_lock_umutex) */
    c->scratch_used = used;
    return r;
}

/* Time ran out on the monotonic clock: not so when the real one was set back meanwhile, or a polled one is behind. */
static bool time_goes_on(struct call *c, struct umtx_time *t)
{
    struct timespec now;

    if (!t->real)
        return umtx_time_again(c, t);
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < t->end.tv_sec || (now.tv_sec == t->end.tv_sec && now.tv_nsec < t->end.tv_nsec);
}

int umtx_sleep_queued(struct call *c, struct umtx_waiter *w, struct umtx_time *t)
{
    int r;

    do
        r = sleep_once(c, w, t);
    while ((r == 0 && still_queued(w)) || (r == -ETIMEDOUT && t && time_goes_on(c, t)));
    return r;
}

int umtx_sleep(struct call *c, struct umtx_waiter *w, struct umtx_time *t)
{
    const int r = umtx_sleep_queued(c, w, t);

    return umtx_unqueue(w) ? r : 0;
}
