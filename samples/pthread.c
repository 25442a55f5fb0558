/*
 * What pthread_* of FreeBSD ask of _umtx_op for objects that are shared, have ceilings, or are waited for with a clock
 * (lib/libthr/thread: thr_pshared.c, thr_mutex.c, thr_cond.c, thr_umtx.c, thr_sem.c, thr_kern.c; sys/kern/kern_umtx.c).
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum {
    WAKE = 3,
    TRYLOCK,
    LOCK,
    UNLOCK,
    SET_CEILING,
    CV_WAIT,
    CV_SIGNAL,
    CV_BROADCAST,
    RW_RDLOCK = 12,
    RW_WRLOCK,
    RW_UNLOCK,
    WAIT_UINT_PRIVATE,
    MUTEX_WAIT = 17,
    NWAKE_PRIVATE = 21,
    SEM2_WAIT = 23,
    SEM2_WAKE,
    SHM,
};
enum { SHM_CREAT = 1, SHM_LOOKUP = 2, SHM_DESTROY = 4, SHM_ALIVE = 8 };
enum { PROCESS_SHARED = 1, PRIO_PROTECT = 8, ABSTIME = 1, CVWAIT_ABSTIME = 2, CVWAIT_CLOCKID = 4 };

struct mutex {
    volatile uint32_t owner;
    uint32_t          flags, ceilings[2];
    uint64_t          next;
    uint32_t          spare[2];
};
struct cond {
    volatile uint32_t has_waiters;
    uint32_t          flags, clock, spare;
};
struct rwlock {
    volatile uint32_t state;
    uint32_t          flags, blocked_readers, blocked_writers, spare[4];
};
struct sem {
    volatile uint32_t count;
    uint32_t          flags;
};
struct umtx_time {
    struct os_timespec timeout;
    uint32_t           flags, clock;
};

static long umtx(void *obj, int op, unsigned long val, void *a1, void *a2)
{
    return OS_CALL(454, obj, op, val, a1, a2);
}

/* A time-out of ms from now on a clock, as pthread_*_timed* give it. */
static struct umtx_time after(int ms, int clock)
{
    struct umtx_time t = {.flags = ABSTIME, .clock = (uint32_t)clock};

    must(os_clock_gettime(clock, &t.timeout), "clock_gettime");
    t.timeout.nsec += ms * 1000000L;
    t.timeout.sec += t.timeout.nsec / NSEC_PER_SEC - (t.timeout.nsec < 0);
    t.timeout.nsec = (t.timeout.nsec + NSEC_PER_SEC) % NSEC_PER_SEC;
    return t;
}

/* ---- shared objects: the named one holds nothing, a page of the kernel's belongs to its place ---- */

static void check_shared(void)
{
    char *key = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0), *page, *other;
    long  fd, pid, again;
    int   status = -1;

    check_err(umtx(0, SHM, SHM_LOOKUP, key, 0), -ESRCH, "nothing belongs to it yet");
    fd = umtx(0, SHM, SHM_CREAT, key, 0);
    check(fd >= 0 && os_fcntl((int)fd, F_GETFD, 0) == FD_CLOEXEC, "a page is made for it");
    page = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    check((int64_t)page > 0 && os_close((int)fd) == 0, "and mapped");
    again = umtx(0, SHM, SHM_CREAT, key, 0);
    other = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (int)again, 0);
    os_close((int)again);
    *page = 'p';
    check(*other == 'p', "whoever makes it again has the same");
    pid = os_fork();
    if (pid == 0) {
        const long  mine = umtx(0, SHM, SHM_LOOKUP, key, 0);
        char *const at = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (int)mine, 0);

        if (mine < 0 || *at != 'p')
            OS_CALL(1, 1);
        *at = 'c';
        OS_CALL(1, 0);
    }
    os_wait4((int)pid, &status, 0, 0);
    check(status == 0 && *page == 'c', "another process finds it by its own mapping");
    check(umtx(0, SHM, SHM_ALIVE, page, 0) == 0, "it lives");
    check(umtx(0, SHM, SHM_DESTROY, key, 0) == 0, "until it is destroyed");
    check_err(umtx(0, SHM, SHM_ALIVE, page, 0), -ENOTTY, "then it does not");
    check_err(umtx(0, SHM, SHM_LOOKUP, key, 0), -ESRCH, "nor is it found");
    check_err(umtx(0, SHM, SHM_CREAT | SHM_LOOKUP, key, 0), -EINVAL, "one thing at a time");
}

/* ---- ceilings -----------------------------------------------------------------------------------------------------
 */

static struct mutex high = {.owner = 0x80000000u, .flags = PRIO_PROTECT, .ceilings = {10, 0}};

static long tries_high(void *arg)
{
    (void)arg;
    return umtx(&high, TRYLOCK, 0, 0, 0);
}

static void check_ceiling(void)
{
    const uint32_t me = (uint32_t)os_gettid();
    uint32_t       old = 0;
    struct thread  t;

    check(umtx(&high, LOCK, 0, 0, 0) == 0 && (high.owner & 0x7fffffff) == me, "a mutex with a ceiling");
    thread_start(&t, tries_high, 0);
    check_err(thread_join(&t), -EBUSY, "is not to be had twice");
    check(umtx(&high, UNLOCK, 0, 0, 0) == 0 && (high.owner & 0x7fffffff) == 0, "unlocked");
    check(umtx(&high, SET_CEILING, 20, &old, 0) == 0 && old == 10 && high.ceilings[0] == 20, "another ceiling");
    check_err(umtx(&high, SET_CEILING, 32, &old, 0), -EINVAL, "none so high");
    high.ceilings[0] = 32;
    check_err(umtx(&high, LOCK, 0, 0, 0), -EINVAL, "nor is one locked");
}

/* ---- clocks ---- */

static void check_word(int clock, const char *name)
{
    struct umtx_time soon = after(20, clock), past = after(-20, clock);
    uint32_t         word = 0;
    const int64_t    then = soon.timeout.sec * NSEC_PER_SEC + soon.timeout.nsec;

    print("%s\n", name);
    check_err(umtx(&word, WAIT_UINT_PRIVATE, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "a wait until then");
    check(now_ns(clock) >= then, "lasts until then");
    check_err(umtx(&word, WAIT_UINT_PRIVATE, 0, (void *)sizeof(past), &past), -ETIMEDOUT, "one until before now ends");
}

static void check_cond(int clock)
{
    static struct mutex m;
    struct cond         cv = {.clock = (uint32_t)clock};
    struct umtx_time    t = after(20, clock);

    m.owner = (uint32_t)os_gettid();
    check_err(umtx(&cv, CV_WAIT, CVWAIT_ABSTIME | CVWAIT_CLOCKID, &m, &t.timeout), -ETIMEDOUT,
              "a condition's time-out");
    check((m.owner & 0x7fffffff) == 0, "and its mutex is free");
}

static void check_clocks(void)
{
    struct umtx_time bad = after(0, CLOCK_REALTIME), soon = after(10, CLOCK_REALTIME);
    struct mutex     m = {.owner = 1};
    struct rwlock    rw = {.state = 0x80000000u};
    uint32_t         word = 0;

    check_word(CLOCK_REALTIME, "by the time of day");
    check_cond(CLOCK_REALTIME);
    check_word(CLOCK_MONOTONIC, "by the time since the start");
    check_cond(CLOCK_MONOTONIC);
    bad.timeout.nsec = NSEC_PER_SEC;
    check_err(umtx(&word, WAIT_UINT_PRIVATE, 0, (void *)sizeof(bad), &bad), -EINVAL, "no such moment");
    check_err(umtx(&m, LOCK, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "a mutex that nobody gives");
    soon = after(10, CLOCK_REALTIME);
    check_err(umtx(&m, MUTEX_WAIT, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "or that is waited for");
    soon = after(10, CLOCK_REALTIME);
    check_err(umtx(&rw, RW_RDLOCK, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "reading where somebody writes");
    soon = after(10, CLOCK_REALTIME);
    check_err(umtx(&rw, RW_WRLOCK, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "writing as well");
}

/* ---- semaphores and many at once
 * ------------------------------------------------------------------------------------- */

static uint32_t     words[3];
static volatile int asleep;

static long waits_for_word(void *arg)
{
    uint32_t *word = arg;

    __atomic_add_fetch(&asleep, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
        umtx(word, WAIT_UINT_PRIVATE, 0, 0, 0);
    return 0;
}

static void check_many(void)
{
    uint32_t     *all[3] = {&words[0], &words[1], &words[2]};
    struct thread t[3];
    long          bad = 0;

    for (int i = 0; i < 3; i++)
        thread_start(&t[i], waits_for_word, &words[i]);
    while (__atomic_load_n(&asleep, __ATOMIC_ACQUIRE) < 3)
        sleep_ms(1);
    sleep_ms(20);
    for (int i = 0; i < 3; i++)
        __atomic_store_n(&words[i], 1, __ATOMIC_RELEASE);
    check(umtx(all, NWAKE_PRIVATE, 3, 0, 0) == 0, "one call wakes the waiters of three words");
    for (int i = 0; i < 3; i++)
        bad += thread_join(&t[i]);
    check(bad == 0, "each of them");
}

static struct sem sem;

static long posts(void *arg)
{
    (void)arg;
    sleep_ms(20);
    __atomic_add_fetch(&sem.count, 1, __ATOMIC_RELEASE);
    return umtx(&sem, SEM2_WAKE, 0, 0, 0);
}

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
}

static long interrupts(void *arg)
{
    sleep_ms(30);
    return os_tkill(*(long *)arg, SIGUSR1);
}

static void check_semaphore(void)
{
    struct {
        struct umtx_time   t;
        struct os_timespec left;
    } w = {.t = {.timeout = {60, 0}, .clock = CLOCK_MONOTONIC}};
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO | SA_RESTART};
    struct thread       t;
    long                me = os_gettid();

    thread_start(&t, posts, 0);
    check(umtx(&sem, SEM2_WAIT, 0, 0, 0) == 0 && thread_join(&t) == 0 && (sem.count & 0x7fffffff) == 1,
          "a post ends a wait");
    sem.count = 0;
    must(os_sigaction(SIGUSR1, &sa, 0), "sigaction");
    thread_start(&t, interrupts, &me);
    check_err(umtx(&sem, SEM2_WAIT, 0, (void *)sizeof(w), &w), -EINTR, "a signal ends one that has a time-out");
    check(w.left.sec >= 58 && w.left.sec < 60, "and what was left of it is told");
    thread_join(&t);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_shared();
    check_ceiling();
    check_clocks();
    check_many();
    check_semaphore();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("another kernel, other locks\n")
#endif
