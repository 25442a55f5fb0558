/*
 * The FreeBSD kernel's mutexes, condition variables, rwlocks and semaphores, used as libthr and libc use
 * them: between threads, and between processes over shared memory.  On Linux the same program runs over
 * spinning, so that what it prints can be compared.
 */
#include "sample.h"

#define CONTESTED 0x80000000u

struct mutex {
    uint32_t owner, flags, ceilings[2];
    uint64_t rb_lnk;
    uint32_t spare[2];
};
struct cond {
    uint32_t has_waiters, flags, clockid, spare;
};
struct rwlock {
    uint32_t state, flags, blocked_readers, blocked_writers, spare[4];
};
struct sem {
    uint32_t count, flags;
};

#define W_OWNER   0x80000000u
#define W_WAITERS 0x40000000u
#define R_WAITERS 0x20000000u
#define READERS   0x1fffffffu
#define SHARED    1 /* USYNC_PROCESS_SHARED */

static uint32_t load(uint32_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }

static bool swap(uint32_t *p, uint32_t was, uint32_t to)
{
    return __atomic_compare_exchange_n(p, &was, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#ifdef GUEST_FREEBSD
enum {
    OP_CV_WAIT = 8,
    OP_CV_SIGNAL,
    OP_CV_BROADCAST,
    OP_RDLOCK = 12,
    OP_WRLOCK,
    OP_RW_UNLOCK,
    OP_MUTEX_WAIT = 17,
    OP_WAKE2 = 22,
    OP_SEM2_WAIT,
    OP_SEM2_WAKE
};

/* Nothing that is done here may fail; an error that came again and again would look like a hang. */
static long umtx(void *obj, int op, unsigned long val, void *a1, void *a2)
{
    return must(OS_CALL(454, obj, op, val, a1, a2), "_umtx_op");
}
#else
static long umtx(void *obj, int op, unsigned long val, void *a1, void *a2)
{
    (void)obj, (void)op, (void)val, (void)a1, (void)a2;
    os_yield();
    return 0;
}
enum {
    OP_CV_WAIT,
    OP_CV_SIGNAL,
    OP_CV_BROADCAST,
    OP_RDLOCK,
    OP_WRLOCK,
    OP_RW_UNLOCK,
    OP_MUTEX_WAIT,
    OP_WAKE2,
    OP_SEM2_WAIT,
    OP_SEM2_WAKE
};
#endif

static void mutex_lock(struct mutex *m)
{
    const uint32_t me = (uint32_t)os_gettid();

    for (;;) {
        const uint32_t owner = load(&m->owner);

        if ((owner & ~CONTESTED) == 0 && swap(&m->owner, owner, me | owner))
            return;
        if (owner & ~CONTESTED)
            umtx(m, OP_MUTEX_WAIT, 0, 0, 0);
    }
}

static void mutex_unlock(struct mutex *m)
{
    uint32_t owner;

    do
        owner = load(&m->owner);
    while (!swap(&m->owner, owner, 0));
    if (owner & CONTESTED)
        umtx(m, OP_WAKE2, m->flags, 0, 0);
}

static void cond_wait(struct cond *cv, struct mutex *m)
{
#ifndef GUEST_FREEBSD
    mutex_unlock(m);
#endif
    umtx(cv, OP_CV_WAIT, 0, m, 0);
    mutex_lock(m);
}

static void cond_wake(struct cond *cv, int op)
{
    if (load(&cv->has_waiters))
        umtx(cv, op, 0, 0, 0);
}

/* The kernel's lock may be free again when it is asked; it takes it then. */
static void rdlock(struct rwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);

        if (!(s & (W_OWNER | W_WAITERS)) ? swap(&rw->state, s, s + 1)
                                         : umtx(rw, OP_RDLOCK, 0, 0, 0) == 0 && OS_NAME[0] == 'f')
            return;
    }
}

static void wrlock(struct rwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);

        if (!(s & (W_OWNER | READERS)) ? swap(&rw->state, s, s | W_OWNER)
                                       : umtx(rw, OP_WRLOCK, 0, 0, 0) == 0 && OS_NAME[0] == 'f')
            return;
    }
}

static void rw_unlock(struct rwlock *rw)
{
    for (;;) {
        const uint32_t s = load(&rw->state);
        const bool     last = (s & W_OWNER) || (s & READERS) == 1;

        if (last && (s & (W_WAITERS | R_WAITERS))) {
            umtx(rw, OP_RW_UNLOCK, 0, 0, 0);
            return;
        }
        if (swap(&rw->state, s, s & W_OWNER ? s & ~W_OWNER : s - 1))
            return;
    }
}

static void sem_wait(struct sem *s)
{
    for (;;) {
        const uint32_t v = load(&s->count);

        if (v & ~CONTESTED) {
            if (swap(&s->count, v, v - 1))
                return;
        } else {
            umtx(s, OP_SEM2_WAIT, 0, 0, 0);
        }
    }
}

static void sem_post(struct sem *s)
{
    if (__atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST) & CONTESTED)
        umtx(s, OP_SEM2_WAKE, 0, 0, 0);
}

/* ---- all of them at once ---------------------------------------------------------- */

enum { THREADS = 6, ROUNDS = 600 };

struct all {
    struct mutex  m;
    struct cond   filled, emptied;
    struct rwlock rw;
    struct sem    sem;
    long          counter, items, taken, a, b, torn, got;
};

static void counting(struct all *s)
{
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&s->m);
        s->counter++;
        if (i % 64 == 0)
            os_yield();
        mutex_unlock(&s->m);
    }
}

static void passing(struct all *s, bool give)
{
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&s->m);
        while (give ? s->items >= 3 : s->items == 0)
            cond_wait(give ? &s->emptied : &s->filled, &s->m);
        s->items += give ? 1 : -1;
        s->taken += !give;
        mutex_unlock(&s->m);
        cond_wake(give ? &s->filled : &s->emptied, i % 2 ? OP_CV_SIGNAL : OP_CV_BROADCAST);
    }
}

static void reading(struct all *s, bool write)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (write) {
            wrlock(&s->rw);
            s->a++;
            if (i % 16 == 0)
                os_yield();
            s->b++;
        } else {
            rdlock(&s->rw);
            if (s->a != s->b)
                __atomic_add_fetch(&s->torn, 1, __ATOMIC_RELAXED);
        }
        rw_unlock(&s->rw);
    }
}

static void posting(struct all *s, bool give)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (give) {
            sem_post(&s->sem);
        } else {
            sem_wait(&s->sem);
            __atomic_add_fetch(&s->got, 1, __ATOMIC_RELAXED);
        }
    }
}

static void work(struct all *s, int who)
{
    counting(s);
    passing(s, who % 2);
    reading(s, who % 3 == 0);
    posting(s, who % 2);
}

static void check_all(struct all *s)
{
    check(s->counter == THREADS * ROUNDS, "a mutex keeps a counter right");
    check(s->items == 0 && s->taken == THREADS / 2 * ROUNDS, "no signal of a condition variable is lost");
    check(s->a == 2 * ROUNDS && s->a == s->b && s->torn == 0, "writers are alone");
    check(s->got == THREADS / 2 * ROUNDS && (s->sem.count & ~CONTESTED) == 0, "a semaphore counts");
    check((s->m.owner & ~CONTESTED) == 0 && (s->rw.state & (W_OWNER | READERS)) == 0, "all is unlocked");
}

static struct all    among_threads;
static struct thread threads[THREADS];

static long thread_work(void *arg)
{
    work(&among_threads, (int)(long)arg);
    return 0;
}

static void between_threads(void)
{
    for (long i = 0; i < THREADS; i++)
        thread_start(&threads[i], thread_work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    check_all(&among_threads);
}

static void between_processes(void)
{
    struct all *s = os_mmap(0, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    int         status;

    must((long)s, "mmap");
    s->m.flags = s->filled.flags = s->emptied.flags = s->rw.flags = s->sem.flags = SHARED;
    for (int i = 0; i < THREADS; i++) {
        if (must(os_fork(), "fork") == 0) {
            work(s, i);
            os_exit(0);
        }
    }
    for (int i = 0; i < THREADS; i++)
        must(os_wait4(-1, &status, 0, 0), "wait4");
    check_all(s);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    between_threads();
    between_processes();
    return check_status();
}
