/*
 * _umtx_op against the test's own memory.  The threads use the objects as
 * FreeBSD's libthr and libc do: the fast path in user land, the kernel when a
 * mark in the object says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compat/umtx.h"
#include "compat/umtx_int.h"
#include "syscalls/door.h"
#include "syscalls/fd.h"
#include "syscalls/time.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

int64_t sys__umtx_op(struct call *c, gva obj, int64_t op, uint64_t val, gva uaddr1, gva uaddr2);

enum {
    OP_WAIT_LONG = 2,
    OP_WAKE,
    OP_TRYLOCK,
    OP_LOCK,
    OP_UNLOCK,
    OP_SET_CEILING,
    OP_CV_WAIT,
    OP_CV_SIGNAL,
    OP_CV_BROADCAST,
    OP_WAIT_UINT,
    OP_RDLOCK,
    OP_WRLOCK,
    OP_RW_UNLOCK,
    OP_WAIT_UINT_PRIVATE,
    OP_WAKE_PRIVATE,
    OP_MUTEX_WAIT,
    OP_MUTEX_WAKE,
    OP_SEM_WAIT,
    OP_SEM_WAKE,
    OP_NWAKE,
    OP_WAKE2,
    OP_SEM2_WAIT,
    OP_SEM2_WAKE,
    OP_SHM,
    OP_ROBUST,
    OP_GET_MIN,
    OP_SET_MIN,
};

#define CONTESTED 0x80000000u

struct utime {
    struct timespec ts;
    uint32_t        flags, clock;
    struct timespec left;
};

static struct fake *first;

static int64_t op(struct fake *f, void *obj, int nr, uint64_t val, uint64_t a1, void *a2)
{
    return sys__umtx_op(fake_call(f), GVA((uintptr_t)obj), nr, val, GVA(a1), GVA((uintptr_t)a2));
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t load(uint32_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }

static bool swap(uint32_t *p, uint32_t was, uint32_t to)
{
    return __atomic_compare_exchange_n(p, &was, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* ---- threads ------------------------------------------------------------------ */

struct thread {
    pthread_t    t;
    struct fake *f;
    int64_t (*fn)(struct fake *f, void *arg);
    void   *arg;
    int64_t result;
};

static void *thread_main(void *p)
{
    struct thread *t = p;

    t->result = t->fn(t->f, t->arg);
    return NULL;
}

static void start(struct thread *t, int64_t (*fn)(struct fake *, void *), void *arg)
{
    *t = (struct thread){.f = fake_thread(first), .fn = fn, .arg = arg};
    assert_int_equal(pthread_create(&t->t, NULL, thread_main, t), 0);
}

static int64_t finish(struct thread *t)
{
    pthread_join(t->t, NULL);
    fake_free(t->f);
    return t->result;
}

static void pause_ms(int ms) { usleep((useconds_t)ms * 1000); }

/* ---- plain waits ----------------------------------------------------------------- */

static void another_value_is_no_wait(void **state)
{
    uint32_t u = 5;
    uint64_t l = 0x500000005;

    (void)state;
    assert_int_equal(op(first, &u, OP_WAIT_UINT, 6, 0, NULL), 0);
    assert_int_equal(op(first, &u, OP_WAIT_UINT_PRIVATE, 0x100000005, 0, NULL), 0);
    assert_int_equal(op(first, &l, OP_WAIT_LONG, 5, 0, NULL), 0);
    assert_int_equal(op(first, &l, OP_WAIT_LONG, 0x600000005, 0, NULL), 0);
}

static void bad_arguments(void **state)
{
    struct utime t = {.ts = {-1, 0}};
    uint32_t     u = 0;

    (void)state;
    assert_int_equal(op(first, &u, 29, 0, 0, NULL), -EINVAL);
    assert_int_equal(op(first, &u, -1, 0, 0, NULL), -EINVAL);
    assert_int_equal(op(first, &u, OP_WAIT_UINT, 0, 16, &t), -EINVAL);
    t = (struct utime){.ts = {0, 1000000000}};
    assert_int_equal(op(first, &u, OP_WAIT_UINT, 0, 24, &t), -EINVAL);
    t = (struct utime){.clock = 3};
    assert_int_equal(op(first, &u, OP_WAIT_UINT, 0, 24, &t), -EINVAL);
    assert_int_equal(op(first, NULL, OP_WAIT_UINT, 0, 0, NULL), -EFAULT);
    assert_int_equal(op(first, &u, OP_WAIT_UINT, 0, 24, (void *)8), -EFAULT);
    assert_int_equal(op(first, NULL, OP_WAKE, 1, 0, NULL), -EFAULT);
    assert_int_equal(op(first, NULL, OP_WAKE_PRIVATE, 1, 0, NULL), 0);
}

/* FreeBSD 5's: the owner's number in the low half, a mark in the high one's top bit. */
static void old_locks(void **state)
{
    struct timespec soon = {0, 1000000};
    uint64_t        l = 0;

    (void)state;
    assert_int_equal(op(first, &l, 0, 7, 0, NULL), 0);
    assert_int_equal(l, 7);
    assert_int_equal(op(first, &l, 0, 8, 0, &soon), -ETIMEDOUT);
    assert_int_equal(l, 7 | 1ull << 63);
    assert_int_equal(op(first, &l, 1, 8, 0, NULL), -EPERM);
    assert_int_equal(op(first, &l, 1, 7, 0, NULL), 0);
    assert_int_equal(l, 0);
    l = 1ull << 63; /* given back in user land's place, while others waited */
    assert_int_equal(op(first, &l, 0, 8, 0, NULL), 0);
    assert_int_equal(l, 8 | 1ull << 63);
    assert_int_equal(op(first, &l, 0, 1ull << 40, 0, NULL), -EINVAL);
    assert_int_equal(op(first, NULL, 0, 7, 0, NULL), -EFAULT);
    assert_int_equal(op(first, NULL, 1, 7, 0, NULL), -EFAULT);
}

static void every_clock_times_out(void **state)
{
    static const uint32_t clocks[] = {0, 4, 5, 7, 8, 9, 10, 11, 12, 13};
    uint64_t              l = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        struct utime t = {.ts = {0, 3000000}, .clock = clocks[i]};
        const double before = now();

        assert_int_equal(op(first, &l, i % 2 ? OP_WAIT_LONG : OP_WAIT_UINT, 0, 24, &t), -ETIMEDOUT);
        assert_true(now() - before >= 0.003);
    }
}

static void absolute_times(void **state)
{
    struct utime    t = {.flags = 1};
    struct timespec after;
    uint64_t        l = 0;

    (void)state;
    for (uint32_t clock = 0; clock < 5; clock += 4) {
        t.clock = clock;
        clock_gettime(clock ? CLOCK_MONOTONIC : CLOCK_REALTIME, &t.ts);
        assert_int_equal(op(first, &l, OP_WAIT_LONG, 0, 24, &t), -ETIMEDOUT); /* has passed: at once */
        t.ts.tv_nsec += 20000000;
        if (t.ts.tv_nsec >= 1000000000) {
            t.ts.tv_nsec -= 1000000000;
            t.ts.tv_sec++;
        }
        assert_int_equal(op(first, &l, OP_WAIT_UINT_PRIVATE, 0, 24, &t), -ETIMEDOUT);
        clock_gettime(clock ? CLOCK_MONOTONIC : CLOCK_REALTIME, &after);
        assert_true(timespec_cmp(&after, &t.ts) >= 0);
    }
}

static void processor_clocks_are_polled(void **state)
{
    struct utime t = {.ts = {0, 20000000}, .clock = 15};
    uint64_t     l = 0;

    (void)state;
    alarm(100);
    /* Nothing runs: real time passes, processor time hardly; the polling itself is what it counts. */
    t.ts.tv_nsec = 200000;
    assert_int_equal(op(first, &l, OP_WAIT_LONG, 0, 24, &t), -ETIMEDOUT);
    alarm(0);
}

static void one_host_call_each(void **state)
{
    struct utime t = {.ts = {0, 1000}};
    uint64_t     l = 0;

    (void)state;
    fake_count_reset();
    op(first, &l, OP_WAKE_PRIVATE, 1, 0, NULL);
    op(first, &l, OP_WAIT_UINT_PRIVATE, 0, 24, &t);
    assert_int_equal(fake_host_calls(), 2);
    assert_int_equal(fake_copies(), 1);
    op(first, &l, OP_WAIT_LONG, 0, 24, &t);
    assert_int_equal(fake_host_calls(), 3);
}

static int64_t wait_forever(struct fake *f, void *arg) { return op(f, arg, OP_WAIT_UINT_PRIVATE, 0, 0, NULL); }

static int64_t wait_long_forever(struct fake *f, void *arg) { return op(f, arg, OP_WAIT_LONG, 0, 0, NULL); }

static int64_t wait_long_timed(struct fake *f, void *arg)
{
    struct utime t = {.ts = {1000, 0}};

    return op(f, arg, OP_WAIT_LONG, 0, 24, &t);
}

/* Private and other operations meet, as they do where the memory is not shared. */
static void wakes_as_many_as_asked(void **state)
{
    static uint64_t word;
    struct thread   t[4];
    int             done = 0;

    (void)state;
    word = 0;
    for (int i = 0; i < 4; i++)
        start(&t[i], i % 2 ? wait_forever : wait_long_forever, &word);
    pause_ms(30);
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(op(first, &word, OP_WAKE_PRIVATE, 1, 0, NULL), 0);
    assert_int_equal(op(first, &word, OP_WAKE, 3, 0, NULL), 0);
    for (int i = 0; i < 4; i++)
        done += finish(&t[i]) == 0;
    assert_int_equal(done, 4);
}

/* Only the high half changes. */
static void the_high_half_counts(void **state)
{
    static uint64_t word;
    struct thread   t;

    (void)state;
    for (int i = 0; i < 200; i++) {
        word = 0;
        start(&t, wait_long_forever, &word);
        if (i % 4 == 0)
            pause_ms(1);
        __atomic_store_n(&word, 1ull << 32, __ATOMIC_SEQ_CST);
        op(first, &word, OP_WAKE, 1, 0, NULL);
        assert_int_equal(finish(&t), 0);
    }
}

static void a_signal_ends_a_wait(void **state)
{
    static uint64_t word;
    struct thread   t[2];

    (void)state;
    word = 0;
    start(&t[0], wait_long_timed, &word);
    start(&t[1], wait_forever, &word);
    pause_ms(30);
    fake_interrupt(t[0].f);
    fake_interrupt(t[1].f);
    assert_int_equal(finish(&t[0]), -EINTR);
    assert_int_equal(finish(&t[1]), -EINTR);
}

static void nwake_wakes_all_of_each(void **state)
{
    static uint32_t words[3];
    gva             list[3] = {GVA((uintptr_t)&words[0]), GVA((uintptr_t)&words[1]), GVA((uintptr_t)&words[2])};
    struct thread   t[6];

    (void)state;
    memset(words, 0, sizeof(words));
    for (int i = 0; i < 6; i++)
        start(&t[i], wait_forever, &words[i / 2]);
    pause_ms(30);
    for (int i = 0; i < 3; i++)
        __atomic_store_n(&words[i], 1, __ATOMIC_SEQ_CST);
    assert_int_equal(op(first, list, OP_NWAKE, 3, 0, NULL), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(finish(&t[i]), 0);
}

static void the_least_timeout(void **state)
{
    struct utime t = {.ts = {0, 1000}};
    uint64_t     l = 0;
    int64_t      min = -1;
    const double before = now();

    (void)state;
    assert_int_equal(op(first, NULL, OP_SET_MIN, (uint64_t)-1, 0, NULL), -EINVAL);
    assert_int_equal(op(first, NULL, OP_SET_MIN, 20000000, 0, NULL), 0);
    assert_int_equal(op(first, NULL, OP_GET_MIN, 0, (uintptr_t)&min, NULL), 0);
    assert_int_equal(min, 20000000);
    assert_int_equal(op(first, &l, OP_WAIT_LONG, 0, 24, &t), -ETIMEDOUT);
    assert_true(now() - before > 0.019);
    op(first, NULL, OP_SET_MIN, 0, 0, NULL);
}

/* ---- mutexes -------------------------------------------------------------------------- */

/* As libthr: take, keeping the mark; else wait. */
static void mutex_lock(struct fake *f, struct umutex *m)
{
    for (;;) {
        const uint32_t owner = load(&m->owner);

        if ((owner & ~CONTESTED) == 0 && swap(&m->owner, owner, (uint32_t)f->task.tid | owner))
            return;
        if (owner & ~CONTESTED)
            op(f, m, OP_MUTEX_WAIT, 0, 0, NULL);
    }
}

static void mutex_unlock(struct fake *f, struct umutex *m)
{
    uint32_t owner;

    do
        owner = load(&m->owner);
    while (!swap(&m->owner, owner, 0));
    if (owner & CONTESTED)
        op(f, m, OP_WAKE2, m->flags, 0, NULL);
}

struct count {
    struct umutex m;
    unsigned      n, rounds, in_kernel;
};

static int64_t count_up(struct fake *f, void *arg)
{
    struct count *n = arg;

    for (unsigned i = 0; i < n->rounds; i++) {
        if (n->in_kernel)
            assert_int_equal(op(f, &n->m, OP_LOCK, 0, 0, NULL), 0);
        else
            mutex_lock(f, &n->m);
        n->n++;
        if (i % 16 == 0)
            sched_yield();
        if (n->in_kernel)
            assert_int_equal(op(f, &n->m, OP_UNLOCK, 0, 0, NULL), 0);
        else
            mutex_unlock(f, &n->m);
    }
    return 0;
}

static void counts_with(uint32_t flags, bool in_kernel)
{
    struct count  n = {.m = {.flags = flags}, .rounds = 1500, .in_kernel = in_kernel};
    struct thread t[6];

    if (flags & UMUTEX_PRIO_PROTECT)
        n.m.owner = CONTESTED;
    alarm(60);
    for (int i = 0; i < 6; i++)
        start(&t[i], count_up, &n);
    for (int i = 0; i < 6; i++)
        finish(&t[i]);
    alarm(0);
    assert_int_equal(n.n, 6 * n.rounds);
    assert_int_equal(n.m.owner & ~CONTESTED, 0);
}

static void mutex_counts(void **state)
{
    (void)state;
    counts_with(0, false);
    counts_with(0, true);
    counts_with(1, true); /* process-shared */
    counts_with(UMUTEX_PRIO_INHERIT, true);
    counts_with(UMUTEX_PRIO_PROTECT, true);
}

static void mutex_rules(void **state)
{
    struct utime  t = {.ts = {0, 2000000}};
    struct umutex m = {.owner = 77};
    uint32_t      old = 9;

    (void)state;
    assert_int_equal(op(first, &m, OP_TRYLOCK, 0, 0, NULL), -EBUSY);
    assert_int_equal(op(first, &m, OP_LOCK, 0, 24, &t), -ETIMEDOUT);
    assert_int_equal(m.owner, 77 | CONTESTED);
    assert_int_equal(op(first, &m, OP_UNLOCK, 0, 0, NULL), -EPERM);
    m.owner = CONTESTED;
    assert_int_equal(op(first, &m, OP_MUTEX_WAIT, 0, 0, NULL), 0);
    assert_int_equal(op(first, &m, OP_TRYLOCK, 0, 0, NULL), 0);
    assert_int_equal(m.owner, (uint32_t)first->task.tid | CONTESTED);
    assert_int_equal(op(first, &m, OP_UNLOCK, 0, 0, NULL), 0);
    assert_int_equal(m.owner, 0);
    m.owner = UMUTEX_RB_OWNERDEAD;
    assert_int_equal(op(first, &m, OP_LOCK, 0, 0, NULL), -EOWNERDEAD);
    m.flags = UMUTEX_ROBUST | UMUTEX_NONCONSISTENT;
    assert_int_equal(op(first, &m, OP_UNLOCK, 0, 0, NULL), 0);
    assert_int_equal(op(first, &m, OP_LOCK, 0, 0, NULL), -ENOTRECOVERABLE);
    m = (struct umutex){.owner = (uint32_t)first->task.tid, .flags = UMUTEX_PRIO_INHERIT};
    assert_int_equal(op(first, &m, OP_LOCK, 0, 0, NULL), -EDEADLK);
    m = (struct umutex){.flags = UMUTEX_PRIO_PROTECT, .owner = CONTESTED, .ceilings = {10, UINT32_MAX}};
    assert_int_equal(op(first, &m, OP_SET_CEILING, 12, (uintptr_t)&old, NULL), 0);
    assert_int_equal(old, 10);
    assert_int_equal(m.ceilings[0], 12);
    assert_int_equal(op(first, &m, OP_SET_CEILING, 32, 0, NULL), -EINVAL);
    m.flags = UMUTEX_PRIO_PROTECT | UMUTEX_PRIO_INHERIT;
    assert_int_equal(op(first, &m, OP_LOCK, 0, 0, NULL), -EINVAL);
    /* Nobody waits: memory that may be somebody else's by now is left alone. */
    m = (struct umutex){.owner = 55};
    assert_int_equal(op(first, &m, OP_WAKE2, 0, 0, NULL), 0);
    assert_int_equal(m.owner, 55);
    m.owner = CONTESTED;
    assert_int_equal(op(first, &m, OP_MUTEX_WAKE, 0, 0, NULL), 0);
    assert_int_equal(m.owner, 0);
}

/* ---- condition variables ------------------------------------------------------------------ */

struct ucond {
    uint32_t has_waiters, flags, clockid, spare;
};

struct queue {
    struct umutex m;
    struct ucond  filled, emptied;
    unsigned      items, taken, rounds;
};

static void cond_signal(struct fake *f, struct ucond *cv, int nr)
{
    if (load(&cv->has_waiters))
        assert_int_equal(op(f, cv, nr, 0, 0, NULL), 0);
}

static void cond_wait(struct fake *f, struct ucond *cv, struct umutex *m)
{
    const int64_t r = op(f, cv, OP_CV_WAIT, 0, (uintptr_t)m, NULL);

    assert_true(r == 0 || r == -EINTR);
    mutex_lock(f, m);
}

static int64_t producer(struct fake *f, void *arg)
{
    struct queue *q = arg;

    for (unsigned i = 0; i < q->rounds; i++) {
        mutex_lock(f, &q->m);
        while (q->items >= 3)
            cond_wait(f, &q->emptied, &q->m);
        q->items++;
        mutex_unlock(f, &q->m);
        cond_signal(f, &q->filled, OP_CV_SIGNAL);
    }
    return 0;
}

static int64_t consumer(struct fake *f, void *arg)
{
    struct queue *q = arg;

    for (unsigned i = 0; i < q->rounds; i++) {
        mutex_lock(f, &q->m);
        while (!q->items)
            cond_wait(f, &q->filled, &q->m);
        q->items--;
        q->taken++;
        mutex_unlock(f, &q->m);
        cond_signal(f, &q->emptied, i % 2 ? OP_CV_SIGNAL : OP_CV_BROADCAST);
    }
    return 0;
}

static void cond_loses_no_signal(void **state)
{
    struct queue  q = {.rounds = 1500};
    struct thread t[6];

    (void)state;
    alarm(60);
    for (int i = 0; i < 6; i++)
        start(&t[i], i % 2 ? producer : consumer, &q);
    for (int i = 0; i < 6; i++)
        finish(&t[i]);
    alarm(0);
    assert_int_equal(q.items, 0);
    assert_int_equal(q.taken, 3 * q.rounds);
    assert_int_equal(q.filled.has_waiters, 0);
}

static void cond_times_out(void **state)
{
    struct timespec ts = {0, 3000000};
    struct umutex   m = {0};
    struct ucond    cv = {.clockid = 4};

    (void)state;
    mutex_lock(first, &m);
    assert_int_equal(op(first, &cv, OP_CV_WAIT, 0, (uintptr_t)&m, &ts), -ETIMEDOUT);
    assert_int_equal(cv.has_waiters, 0);
    assert_int_equal(m.owner, 0);
    mutex_lock(first, &m);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    assert_int_equal(op(first, &cv, OP_CV_WAIT, 2 | 4, (uintptr_t)&m, &ts), -ETIMEDOUT);
    cv.clockid = 15;
    assert_int_equal(op(first, &cv, OP_CV_WAIT, 4, (uintptr_t)&m, &ts), -EINVAL);
    /* A mutex that is not the caller's: no wait. */
    m.owner = 5;
    assert_int_equal(op(first, &cv, OP_CV_WAIT, 0, (uintptr_t)&m, NULL), -EPERM);
    assert_int_equal(cv.has_waiters, 0);
}

/* ---- rwlocks --------------------------------------------------------------------------------- */

struct urwlock {
    uint32_t state, flags, blocked_readers, blocked_writers, spare[4];
};
#define W_OWNER   0x80000000u
#define W_WAITERS 0x40000000u
#define R_WAITERS 0x20000000u

static void rdlock(struct fake *f, struct urwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);

        if (!(s & (W_OWNER | W_WAITERS)) && swap(&rw->state, s, s + 1))
            return;
        if ((s & (W_OWNER | W_WAITERS)) && op(f, rw, OP_RDLOCK, 0, 0, NULL) == 0)
            return;
    }
}

static void wrlock(struct fake *f, struct urwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);
        const bool     busy = s & (W_OWNER | 0x1fffffffu);

        if (!busy && swap(&rw->state, s, s | W_OWNER))
            return;
        if (busy && op(f, rw, OP_WRLOCK, 0, 0, NULL) == 0)
            return;
    }
}

static void rw_unlock(struct fake *f, struct urwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);

        if (s & W_OWNER) {
            if (s == W_OWNER && swap(&rw->state, s, 0))
                return;
            if (s != W_OWNER)
                break;
        } else if (!(s & (W_WAITERS | R_WAITERS)) || (s & 0x1fffffffu) != 1) {
            if (swap(&rw->state, s, s - 1))
                return;
        } else {
            break;
        }
    }
    assert_int_equal(op(f, rw, OP_RW_UNLOCK, 0, 0, NULL), 0);
}

struct pair {
    struct urwlock rw;
    unsigned       a, b, rounds;
};

static int64_t rw_writer(struct fake *f, void *arg)
{
    struct pair *p = arg;

    for (unsigned i = 0; i < p->rounds; i++) {
        wrlock(f, &p->rw);
        p->a++;
        if (i % 8 == 0)
            sched_yield();
        p->b++;
        rw_unlock(f, &p->rw);
    }
    return 0;
}

static int64_t rw_reader(struct fake *f, void *arg)
{
    struct pair *p = arg;

    for (unsigned i = 0; i < p->rounds; i++) {
        rdlock(f, &p->rw);
        assert_int_equal(p->a, p->b);
        if (i % 8 == 0)
            sched_yield();
        rw_unlock(f, &p->rw);
    }
    return 0;
}

static void rwlock_excludes(void **state)
{
    struct thread t[6];

    (void)state;
    for (uint32_t flags = 0; flags <= 2; flags += 2) {
        struct pair p = {.rw = {.flags = flags}, .rounds = 1000};

        alarm(60);
        for (int i = 0; i < 6; i++)
            start(&t[i], i < 2 ? rw_writer : rw_reader, &p);
        for (int i = 0; i < 6; i++)
            finish(&t[i]);
        alarm(0);
        assert_int_equal(p.a, 2 * p.rounds);
        assert_int_equal(p.rw.state, 0);
        assert_int_equal(p.rw.blocked_readers, 0);
        assert_int_equal(p.rw.blocked_writers, 0);
    }
}

static void rwlock_rules(void **state)
{
    struct utime   t = {.ts = {0, 2000000}};
    struct urwlock rw = {.state = W_OWNER};

    (void)state;
    assert_int_equal(op(first, &rw, OP_RDLOCK, 0, 24, &t), -ETIMEDOUT);
    assert_int_equal(op(first, &rw, OP_WRLOCK, 0, 24, &t), -ETIMEDOUT);
    assert_int_equal(rw.state, W_OWNER);
    assert_int_equal(op(first, &rw, OP_RW_UNLOCK, 0, 0, NULL), 0);
    assert_int_equal(op(first, &rw, OP_RW_UNLOCK, 0, 0, NULL), -EPERM);
    assert_int_equal(op(first, &rw, OP_RDLOCK, 0, 0, NULL), 0);
    rw.state |= W_WAITERS;
    assert_int_equal(op(first, &rw, OP_RDLOCK, 0, 24, &t), -ETIMEDOUT);
    assert_int_equal(op(first, &rw, OP_RDLOCK, 2, 24, &t), 0); /* URWLOCK_PREFER_READER */
    rw.state = 0x1fffffffu;
    assert_int_equal(op(first, &rw, OP_RDLOCK, 0, 24, &t), -EAGAIN);
}

/* ---- semaphores ---------------------------------------------------------------------------------- */

struct sems {
    uint32_t sem[3]; /* _usem2 { count, flags }, or _usem { has_waiters, count, flags } */
    unsigned taken, rounds;
    bool     old;
};

static int64_t sem_taker(struct fake *f, void *arg)
{
    struct sems *s = arg;
    uint32_t    *count = &s->sem[s->old];

    for (unsigned i = 0; i < s->rounds;) {
        const uint32_t v = load(count);

        if (v & 0x7fffffffu) {
            if (swap(count, v, v - 1)) {
                __atomic_fetch_add(&s->taken, 1, __ATOMIC_SEQ_CST);
                i++;
            }
        } else {
            assert_int_equal(op(f, s->sem, s->old ? OP_SEM_WAIT : OP_SEM2_WAIT, 0, 0, NULL), 0);
        }
    }
    return 0;
}

static int64_t sem_giver(struct fake *f, void *arg)
{
    struct sems *s = arg;

    for (unsigned i = 0; i < s->rounds; i++) {
        const uint32_t v = __atomic_fetch_add(&s->sem[s->old], 1, __ATOMIC_SEQ_CST);

        if (s->old ? load(&s->sem[0]) : v & CONTESTED)
            assert_int_equal(op(f, s->sem, s->old ? OP_SEM_WAKE : OP_SEM2_WAKE, 0, 0, NULL), 0);
        if (i % 8 == 0)
            sched_yield();
    }
    return 0;
}

static void sem_loses_no_post(void **state)
{
    struct thread t[6];

    (void)state;
    for (int old = 0; old < 2; old++) {
        struct sems s = {.rounds = 2000, .old = old};

        alarm(60);
        for (int i = 0; i < 6; i++)
            start(&t[i], i % 2 ? sem_giver : sem_taker, &s);
        for (int i = 0; i < 6; i++)
            finish(&t[i]);
        alarm(0);
        assert_int_equal(s.taken, 3 * s.rounds);
        assert_int_equal(s.sem[old] & ~CONTESTED, 0);
    }
}

static int64_t sem_wait_relative(struct fake *f, void *arg)
{
    struct utime  t = {.ts = {100, 0}, .left = {-1, -1}};
    const int64_t r = op(f, arg, OP_SEM2_WAIT, 0, sizeof(t), &t);

    assert_true(t.left.tv_sec == 99);
    return r;
}

static void sem_says_what_is_left(void **state)
{
    static uint32_t sem[2];
    struct utime    ts = {.ts = {0, 2000000}};
    struct thread   t;

    (void)state;
    assert_int_equal(op(first, sem, OP_SEM2_WAIT, 0, 24, &ts), -ETIMEDOUT);
    start(&t, sem_wait_relative, sem);
    pause_ms(20);
    fake_interrupt(t.f);
    assert_int_equal(finish(&t), -EINTR);
}

/* ---- shared memory, robustness ------------------------------------------------------------------------ */

static void shared_objects_have_one_key(void **state)
{
    const struct umtx_key none = {0};
    struct umtx_key       k[3];
    char                 *a = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char                 *b = mremap(a, 0, 8192, MREMAP_MAYMOVE); /* the same memory a second time */

    (void)state;
    assert_true(a != MAP_FAILED && b != MAP_FAILED && a != b);
    assert_int_equal(umtx_key_get(fake_call(first), GVA((uintptr_t)a + 4100), UMTX_MUTEX, 1, &k[0]), 0);
    assert_int_equal(umtx_key_get(fake_call(first), GVA((uintptr_t)b + 4100), UMTX_MUTEX, 1, &k[1]), 0);
    assert_int_equal(umtx_key_get(fake_call(first), GVA((uintptr_t)b + 4104), UMTX_MUTEX, 1, &k[2]), 0);
    assert_true(umtx_key_eq(&k[0], &k[1]));
    assert_false(umtx_key_eq(&k[0], &k[2]));
    assert_false(umtx_key_eq(&k[0], &none));
    assert_int_equal(umtx_key_get(fake_call(first), GVA(8), UMTX_MUTEX, 1, &k[2]), -EFAULT);
    munmap(a, 8192);
    munmap(b, 8192);
}

static int64_t die_holding(struct fake *f, void *arg)
{
    static struct umutex *list, *inact;
    struct umutex        *m = arg;
    uint64_t              params[3] = {(uintptr_t)&list, 0, (uintptr_t)&inact};

    mutex_lock(f, &m[0]);
    mutex_lock(f, &m[1]);
    mutex_lock(f, &m[2]);
    m[0].rb_lnk = (uintptr_t)&m[1];
    list = &m[0];
    inact = &m[2];
    assert_int_equal(op(f, NULL, OP_ROBUST, 25, (uintptr_t)params, NULL), -EINVAL);
    assert_int_equal(op(f, NULL, OP_ROBUST, 24, (uintptr_t)params, NULL), 0);
    pause_ms(30);
    umtx_thread_exit(fake_call(f));
    assert_null(f->task.umtx);
    return 0;
}

static int64_t lock_it(struct fake *f, void *arg) { return op(f, arg, OP_LOCK, 0, 0, NULL); }

static void a_dead_owner_is_told(void **state)
{
    static struct umutex m[3];
    struct thread        dying, waiting;

    (void)state;
    for (int i = 0; i < 3; i++)
        m[i] = (struct umutex){.flags = UMUTEX_ROBUST};
    start(&dying, die_holding, m);
    while (!load(&m[2].owner))
        pause_ms(1);
    start(&waiting, lock_it, &m[1]);
    assert_int_equal(finish(&waiting), -EOWNERDEAD);
    finish(&dying);
    assert_int_equal(m[0].owner, UMUTEX_RB_OWNERDEAD);
    assert_int_equal(m[2].owner, UMUTEX_RB_OWNERDEAD);
}

/* The lists of every thread, by whichever thread it is that ends the process. */
static void a_process_ends_for_all_its_threads(void **state)
{
    static struct umutex m, *list;
    uint64_t             params[3] = {(uintptr_t)&list};
    struct fake         *other = fake_thread(first);
    struct task          child = {0};

    (void)state;
    m = (struct umutex){.flags = UMUTEX_ROBUST};
    list = &m;
    assert_int_equal(op(other, NULL, OP_ROBUST, 24, (uintptr_t)params, NULL), 0);
    assert_int_equal(umtx_inherit(&child, &first->task), 0);
    assert_null(child.umtx);
    assert_int_equal(umtx_inherit(&child, &other->task), 0);
    assert_memory_equal(child.umtx, params, sizeof(params));
    free(child.umtx);
    mutex_lock(other, &m);
    umtx_proc_exit(fake_call(first));
    assert_null(other->task.umtx);
    assert_int_equal(m.owner, UMUTEX_RB_OWNERDEAD);
    fake_free(other);
}

static void shm_by_object(void **state)
{
    static uint64_t object;
    uint64_t       *a, *b;
    int64_t         fd[2];

    (void)state;
    first->own.fds = fdtable_new();
    assert_int_equal(op(first, NULL, OP_SHM, 2, (uintptr_t)&object, NULL), -ESRCH);
    assert_int_equal(op(first, NULL, OP_SHM, 3, (uintptr_t)&object, NULL), -EINVAL);
    fd[0] = op(first, NULL, OP_SHM, 1, (uintptr_t)&object, NULL);
    fd[1] = op(first, NULL, OP_SHM, 2, (uintptr_t)&object, NULL);
    assert_true(fd[0] >= 0 && fd[1] >= 0 && fd[0] != fd[1]);
    for (int i = 0; i < 2; i++) {
        struct fdref ref;

        assert_int_equal(fd_get(fake_call(first), (int)fd[i], &ref), 0);
        *(i ? &b : &a) = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ref.hostfd, 0);
        fd_put(fake_call(first), &ref);
    }
    *a = 42;
    assert_int_equal(*b, 42);
    munmap(a, 4096);
    munmap(b, 4096);
    assert_int_equal(op(first, NULL, OP_SHM, 4, (uintptr_t)&object, NULL), 0);
    assert_int_equal(op(first, NULL, OP_SHM, 4, (uintptr_t)&object, NULL), -ESRCH);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fd_close(fake_call(first), (int)fd[i]), 0);
    op(first, NULL, OP_SHM, 1, (uintptr_t)&object, NULL);
    umtx_proc_gone(&first->own);
    assert_int_equal(op(first, NULL, OP_SHM, 2, (uintptr_t)&object, NULL), -ESRCH);
}

static int group_up(void **state)
{
    static const struct door_ops none = {.name = "none"};
    static const struct abi      any;

    (void)state;
    door = &none; /* the gates of its tasks are told */
    first = fake_new();
    first->own.abi = &any;
    return 0;
}

static int group_down(void **state)
{
    (void)state;
    fake_free(first);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_value_is_no_wait),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(old_locks),
        cmocka_unit_test(every_clock_times_out),
        cmocka_unit_test(absolute_times),
        cmocka_unit_test(processor_clocks_are_polled),
        cmocka_unit_test(one_host_call_each),
        cmocka_unit_test(wakes_as_many_as_asked),
        cmocka_unit_test(the_high_half_counts),
        cmocka_unit_test(a_signal_ends_a_wait),
        cmocka_unit_test(nwake_wakes_all_of_each),
        cmocka_unit_test(the_least_timeout),
        cmocka_unit_test(mutex_rules),
        cmocka_unit_test(mutex_counts),
        cmocka_unit_test(cond_loses_no_signal),
        cmocka_unit_test(cond_times_out),
        cmocka_unit_test(rwlock_rules),
        cmocka_unit_test(rwlock_excludes),
        cmocka_unit_test(sem_loses_no_post),
        cmocka_unit_test(sem_says_what_is_left),
        cmocka_unit_test(shared_objects_have_one_key),
        cmocka_unit_test(a_dead_owner_is_told),
        cmocka_unit_test(a_process_ends_for_all_its_threads),
        cmocka_unit_test(shm_by_object),
    };

    return cmocka_run_group_tests_name("compat/umtx", tests, group_up, group_down);
}
