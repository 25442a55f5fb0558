/*
 * What thread libraries of FreeBSD ask of the kernel besides the usual: robust lists, mutexes with priority
 * inheritance, least time-outs, suspending and waking, scheduling classes; and calls of older systems.  Only FreeBSD
 * has them, so the sample knows the answers.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { TRYLOCK = 4, LOCK, UNLOCK, MUTEX_WAIT = 17, ROBUST_LISTS = 26, GET_MIN, SET_MIN, WAIT_UINT_PRIVATE = 15 };
enum { PRIO_INHERIT = 4, ROBUST = 0x10, NONCONSISTENT = 0x20, EXITED = 1, ETIMEDOUT_ = 60 };
#define CONTESTED        0x80000000u
#define OWNERDEAD        (CONTESTED | 0x10u)
#define NOTRECOV         (CONTESTED | 0x11u)
#define EOWNERDEAD_      96
#define ENOTRECOVERABLE_ 95

struct mutex {
    volatile uint32_t owner;
    uint32_t          flags, ceilings[2];
    uint64_t          next; /* of the robust list */
    uint32_t          spare[2];
};

static long umtx(void *obj, int op, unsigned long val, void *a1, void *a2)
{
    return OS_CALL(454, obj, op, val, a1, a2);
}

/* ---- robust lists ------------------------------------------------------------------------ */

static struct mutex shared_mutex, private_mutex, doing_mutex, pi_mutex;
static uint64_t     shared_list, private_list, doing;

static long dies_with_all(void *arg)
{
    uint64_t       lists[3] = {(uint64_t)&shared_list, (uint64_t)&private_list, (uint64_t)&doing};
    struct mutex  *all[3] = {&shared_mutex, &private_mutex, &doing_mutex};
    const uint32_t me = (uint32_t)os_gettid();

    (void)arg;
    if (umtx(0, ROBUST_LISTS, sizeof(lists), lists, 0) != 0)
        return 1;
    for (int i = 0; i < 3; i++)
        all[i]->owner = me;
    shared_list = (uint64_t)&shared_mutex;
    private_list = (uint64_t)&private_mutex;
    doing = (uint64_t)&doing_mutex;
    return 0;
}

static void check_robust(void)
{
    struct thread t;
    uint32_t      me = (uint32_t)os_gettid();

    shared_mutex.flags = ROBUST | 1;
    private_mutex.flags = doing_mutex.flags = ROBUST;
    thread_start(&t, dies_with_all, 0);
    check(thread_join(&t) == 0, "a thread with robust lists ends");
    check((shared_mutex.owner & ~CONTESTED) == 0x10 && (private_mutex.owner & ~CONTESTED) == 0x10,
          "what it held says that its owner is dead");
    check((doing_mutex.owner & ~CONTESTED) == 0x10, "what it was about to take or leave, too");
    check_err(umtx(&private_mutex, TRYLOCK, 0, 0, 0), -EOWNERDEAD_, "who takes it is told");
    check((private_mutex.owner & ~CONTESTED) == me, "and has it");
    private_mutex.flags |= NONCONSISTENT;
    check(umtx(&private_mutex, UNLOCK, 0, 0, 0) == 0 && private_mutex.owner == NOTRECOV, "if he does not mend it");
    check_err(umtx(&private_mutex, LOCK, 0, 0, 0), -ENOTRECOVERABLE_, "nobody has it any more");
    check_err(umtx(0, ROBUST_LISTS, 1000, &me, 0), -EINVAL, "no such lists");
}

static struct mutex *between; /* in memory that processes share */
static char         *self;

static void holds(uint64_t *list)
{
    *list = (uint64_t)between;
    __atomic_store_n(&between->owner, (uint32_t)os_gettid(), __ATOMIC_SEQ_CST);
}

static long holds_for_ever(void *arg)
{
    static uint64_t list, lists[3];

    (void)arg;
    lists[0] = (uint64_t)&list;
    umtx(0, ROBUST_LISTS, sizeof(lists), lists, 0);
    holds(&list);
    for (;;)
        sleep_ms(1000);
    return 0;
}

static void by_exit(void) { holds(&shared_list); }

static void by_signal(void)
{
    holds(&shared_list);
    os_kill((int)os_getpid(), SIGTERM);
}

static void by_exec(void)
{
    char *argv[] = {self, "executed", 0};

    holds(&shared_list);
    os_execve(self, argv, argv + 2);
}

static void by_thread(void)
{
    static struct thread t;

    thread_start(&t, holds_for_ever, 0);
    while (!__atomic_load_n(&between->owner, __ATOMIC_SEQ_CST))
        sleep_ms(1);
}

/* A child that comes to its end that way; its lists are where its parent has said that his own are. */
static void check_owner_ends(void (*ends)(void), const char *what)
{
    int  status = -1;
    long pid;

    *between = (struct mutex){.flags = ROBUST | 1};
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        ends();
        os_exit(0);
    }
    while (!__atomic_load_n(&between->owner, __ATOMIC_SEQ_CST))
        sleep_ms(1);
    check_err(umtx(between, LOCK, 0, 0, 0), -EOWNERDEAD_, what);
    os_wait4((int)pid, &status, 0, 0);
}

static void check_robust_processes(void)
{
    uint64_t lists[3] = {(uint64_t)&shared_list, (uint64_t)&private_list, (uint64_t)&doing};

    shared_list = private_list = doing = 0;
    between = os_mmap(0, 4096, 3, 0x1001 /* MAP_SHARED, MAP_ANON */, -1, 0);
    check(umtx(0, ROBUST_LISTS, sizeof(lists), lists, 0) == 0, "lists that a child has, too");
    check_owner_ends(by_exit, "a process ends that holds one");
    check_owner_ends(by_signal, "by a signal");
    check_owner_ends(by_exec, "or executes another program");
    check_owner_ends(by_thread, "or one of its threads holds one");
    between->flags |= NONCONSISTENT | 8; /* UMUTEX_PRIO_PROTECT */
    between->ceilings[1] = 0xffffffff;
    check(umtx(between, UNLOCK, 0, 0, 0) == 0 && between->owner == NOTRECOV, "one with a ceiling is lost");
    check_err(umtx(between, TRYLOCK, 0, 0, 0), -EBUSY, "which who tries is not told");
    check_err(umtx(between, LOCK, 0, 0, 0), -ENOTRECOVERABLE_, "but who waits");
}

/* ---- priority inheritance ----------------------------------------------------------------- */

static volatile int turns, wrong;

static long takes_turns(void *arg)
{
    const uint32_t me = (uint32_t)os_gettid();

    (void)arg;
    for (int i = 0; i < 300; i++) {
        if (umtx(&pi_mutex, LOCK, 0, 0, 0) != 0)
            return 1;
        if ((pi_mutex.owner & ~CONTESTED) != me || turns++ < 0)
            wrong++;
        if (umtx(&pi_mutex, UNLOCK, 0, 0, 0) != 0)
            return 2;
    }
    return 0;
}

static long tries(void *arg)
{
    (void)arg;
    return umtx(&pi_mutex, TRYLOCK, 0, 0, 0) == -EBUSY && umtx(&pi_mutex, MUTEX_WAIT, 0, 0, 0) == -EBUSY &&
           umtx(&pi_mutex, UNLOCK, 0, 0, 0) == -EPERM;
}

static long dies_with_it(void *arg)
{
    uint64_t lists[3] = {(uint64_t)&shared_list, (uint64_t)&private_list, (uint64_t)&doing};

    (void)arg;
    umtx(0, ROBUST_LISTS, sizeof(lists), lists, 0);
    umtx(&pi_mutex, LOCK, 0, 0, 0);
    pi_mutex.next = 0;
    private_list = (uint64_t)&pi_mutex;
    sleep_ms(30);
    return 0;
}

static void check_inherit(void)
{
    struct os_timespec soon = {0, 20000000};
    struct thread      t[4];
    long               bad = 0;

    pi_mutex.flags = PRIO_INHERIT;
    check(umtx(&pi_mutex, LOCK, 0, 0, 0) == 0 && (pi_mutex.owner & ~CONTESTED) == (uint32_t)os_gettid(), "lock");
    check_err(umtx(&pi_mutex, LOCK, 0, 0, 0), -EDEADLK, "not twice");
    thread_start(&t[0], tries, 0);
    check(thread_join(&t[0]) == 1, "others do not get it, nor wait for it without locking, nor unlock it");
    check(umtx(&pi_mutex, UNLOCK, 0, 0, 0) == 0 && (pi_mutex.owner & ~CONTESTED) == 0, "unlock");
    for (int i = 0; i < 4; i++)
        thread_start(&t[i], takes_turns, 0);
    for (int i = 0; i < 4; i++)
        bad += thread_join(&t[i]);
    check(!bad && !wrong && turns == 1200, "four threads take turns");
    pi_mutex.flags = PRIO_INHERIT | ROBUST;
    pi_mutex.owner = 0;
    shared_list = private_list = doing = 0;
    thread_start(&t[0], dies_with_it, 0);
    while ((pi_mutex.owner & ~CONTESTED) == 0)
        sleep_ms(1);
    check_err(umtx(&pi_mutex, LOCK, 0, 0, 0), -EOWNERDEAD_, "who waits for a robust one is woken by its owner's death");
    thread_join(&t[0]);
    check(umtx(&pi_mutex, UNLOCK, 0, 0, 0) == 0, "and hands it on");
    thread_start(&t[0], dies_with_it, 0);
    while ((pi_mutex.owner & ~CONTESTED) == 0)
        sleep_ms(1);
    soon.nsec = 1000000;
    check_err(umtx(&pi_mutex, LOCK, 0, (void *)sizeof(soon), &soon), -ETIMEDOUT, "a time-out");
    thread_join(&t[0]);
}

/* ---- time-outs ---------------------------------------------------------------------------- */

static void check_least(void)
{
    struct os_timespec short_time = {0, 1000000};
    uint32_t           word = 0;
    int64_t            at;
    long               ns = -1;

    check(umtx(0, GET_MIN, 0, &ns, 0) == 0 && ns == 0, "no least time-out");
    check_err(umtx(0, SET_MIN, (unsigned long)-1, 0, 0), -EINVAL, "none below zero");
    check(umtx(0, SET_MIN, 80000000, 0, 0) == 0 && umtx(0, GET_MIN, 0, &ns, 0) == 0 && ns == 80000000, "one of 80 ms");
    at = now_ns(CLOCK_MONOTONIC);
    check_err(umtx(&word, WAIT_UINT_PRIVATE, 0, 0, &short_time), -ETIMEDOUT, "a shorter wait");
    check(now_ns(CLOCK_MONOTONIC) - at >= 80000000, "takes that long");
    must(umtx(0, SET_MIN, 0, 0, 0), "none again");
}

/* ---- threads ------------------------------------------------------------------------------- */

static volatile long woken, suspended_tid;
static volatile int  heard;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    heard = sig;
}

static long suspends(void *arg)
{
    const struct os_timespec bad = {0, NSEC_PER_SEC}, soon = {0, 1000000};

    (void)arg;
    if (OS_CALL(442, &bad) != -EINVAL || OS_CALL(442, &soon) != -ETIMEDOUT)
        return 1;
    suspended_tid = os_gettid();
    woken = OS_CALL(442, 0) == 0;
    return 0;
}

static void check_suspend(void)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO | SA_RESTART};
    struct thread       t;

    must(os_sigaction(SIGUSR1, &sa, 0), "sigaction");
    thread_start(&t, suspends, 0);
    while (!suspended_tid)
        sleep_ms(1);
    sleep_ms(20);
    check(!woken && os_tkill(suspended_tid, SIGUSR1) == 0, "a signal");
    while (!heard)
        sleep_ms(1);
    sleep_ms(20);
    check(!woken && OS_CALL(443, suspended_tid) == 0, "does not end a suspension without a time, thr_wake does");
    check(thread_join(&t) == 0 && woken, "and it goes on");
    check(OS_CALL(443, os_gettid()) == 0 && OS_CALL(442, 0) == 0, "a wake beforehand is kept");
    check_err(OS_CALL(443, 5), -ESRCH, "nobody to wake");
    check_err(os_tkill(5, 999), -ESRCH, "a thread is looked for first");
    check_err(os_tkill(os_gettid(), 999), -EINVAL, "and then the signal");
}

/* ---- cancelling (thr_cancel.c, thr_sig.c): a thread wakes itself, and does not sleep in its next call -------------
 */

enum { SIGTHR = 32 };

static int           empty[2];
static volatile int  told_off, pressed;
static struct mutex  held;
static volatile long held_by_first;

static void wakes_itself(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    OS_CALL(443, os_gettid());
    pressed++;
}

/* The signal comes before the call that it is about: the kernel keeps what the handler said. */
static long is_cancelled(void *arg)
{
    char c;

    (void)arg;
    told_off = 1;
    while (!pressed)
        ;
    return os_read(empty[0], &c, 1);
}

static long wants_held(void *arg)
{
    (void)arg;
    OS_CALL(443, os_gettid());
    held_by_first = 2;
    return umtx(&held, LOCK, 0, 0, 0) ? 1 : umtx(&held, UNLOCK, 0, 0, 0);
}

static void check_calls_do_not_sleep(void)
{
    const struct os_timespec long_time = {60, 0};
    struct os_pollfd         p = {.fd = empty[0], .events = POLLIN};
    uint32_t                 word = 0;
    char                     c;

    OS_CALL(443, os_gettid());
    check_err(os_read(empty[0], &c, 1), -EINTR, "who has woken itself does not sleep in read");
    OS_CALL(443, os_gettid());
    check_err(os_nanosleep(&long_time, 0), -EINTR, "nor in nanosleep");
    OS_CALL(443, os_gettid());
    check_err(os_poll(&p, 1, 60000), -EINTR, "nor in poll");
    OS_CALL(443, os_gettid());
    check_err(umtx(&word, WAIT_UINT_PRIVATE, 0, 0, 0), -EINTR, "nor for a word");
    check(os_poll(&p, 1, 10) == 0, "only once");
}

static void check_cancel(void)
{
    struct os_sigaction sa = {.handler = wakes_itself, .flags = SA_SIGINFO | SA_RESTART};
    struct thread       t;

    must(os_pipe(empty), "pipe");
    must(os_sigaction(SIGTHR, &sa, 0), "SIGTHR is a signal like others");
    check_calls_do_not_sleep();
    thread_start(&t, is_cancelled, 0);
    while (!told_off)
        sleep_ms(1);
    check(os_tkill(t.tid, SIGTHR) == 0 && thread_join(&t) == -EINTR, "a cancellation before the call reaches the call");
    held.owner = (uint32_t)os_gettid();
    thread_start(&t, wants_held, 0);
    while (held_by_first != 2)
        sleep_ms(1);
    sleep_ms(20);
    check(umtx(&held, UNLOCK, 0, 0, 0) == 0 && thread_join(&t) == 0, "a mutex is waited for in any case");
}

static void nothing(void *arg) { (void)arg; }

static long new_with(uint16_t type, uint16_t prio)
{
    static char         stack[8192] __attribute__((aligned(16)));
    uint16_t            rtp[2] = {type, prio};
    static long         tid, done;
    struct os_thr_param p = {.start = nothing, .stack_base = stack, .stack_size = sizeof(stack), .rtp = rtp};

    (void)tid;
    (void)done;
    return OS_CALL(455, &p, sizeof(p));
}

static void check_class(void)
{
    const bool root = OS_CALL(25) == 0;

    check_err(new_with(77, 0), -EINVAL, "no such class");
    check_err(new_with(4, 0), -EINVAL, "nor the idle one, for a new thread");
    if (root)
        check_err(new_with(2, 32), -EINVAL, "no such priority");
    else
        check_err(new_with(2, 0), -EPERM, "real time is not for everybody");
}

/* ucontext_t, as in context.c */
struct context {
    uint32_t mask[4];
    uint64_t onstack, rdi, regs1[16];
    uint64_t flags_es_ds, err, rip, cs, rflags, rsp, ss, len;
    uint8_t  rest[880 - 16 - 208];
};

static volatile long created, created_arg;
static long          created_gone;
static char          created_stack[16384] __attribute__((aligned(16)));

static void created_run(long arg)
{
    created_arg = arg;
    created = os_gettid();
    OS_CALL(431, &created_gone);
}

static void check_create(void)
{
    static struct context c;
    long                  tid = 0;

    must(OS_CALL(421, &c), "getcontext");
    c.rip = (uint64_t)created_run;
    c.rsp = (uint64_t)(created_stack + sizeof(created_stack) - 8);
    c.rdi = 42;
    check(OS_CALL(430, &c, &tid, 0) == 0 && tid > 0, "thr_create");
    while (__atomic_load_n(&created_gone, __ATOMIC_ACQUIRE) == 0)
        OS_CALL(454, &created_gone, 2, 0, 0, 0);
    check(created == tid && created_arg == 42, "begins where its context says");
    check_err(OS_CALL(430, 8, &tid, 0), -EFAULT, "no context there");
}

/* ---- others ---------------------------------------------------------------------------------- */

static void check_old(void)
{
    char                names[5][32], domain[256];
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO}, old;
    const long          r = OS_CALL(164, names);

    check((r == 0 || r == -ENOMEM) && !strcmp(names[0], "FreeBSD"), "uname of FreeBSD 1.1");
    check(r != 0 || (names[2][0] == '1' && !strcmp(names[4], "amd64")), "and what it says");
    check_err(OS_CALL(164, 8), -EFAULT, "nowhere to say it");
    check(OS_CALL(162, domain, sizeof(domain)) == 0, "a domain's name");
    check_err(OS_CALL(163, "x", 1), -EPERM, "that cannot be changed");
    check(OS_CALL(342, SIGUSR2, &sa, &old) == 0 && os_kill((int)os_getpid(), SIGUSR2) == 0 && heard == SIGUSR2,
          "sigaction of FreeBSD 4");
    must(os_sigaction(SIGSYS, &sa, 0), "sigaction");
    heard = 0;
    check(OS_CALL(171, 0, 0, 0, 0) == -ENOSYS && heard == SIGSYS, "shmsys is i386's");
}

/* Whom SIGSYS kills has made no call at all: 62 is an fstat of old here, and kill(2) elsewhere. */
static void check_no_call(void)
{
    struct os_sigaction act = {.handler = on_signal, .flags = SA_SIGINFO}, dfl = {.handler = 0};
    const int           me = (int)os_getpid();
    int                 status = 0;
    long                pid;

    must(os_sigaction(SIGTERM, &act, 0), "sigaction");
    heard = 0;
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_sigaction(SIGSYS, &dfl, 0);
        OS_CALL(62, me, SIGTERM);
        os_exit(1);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wtermsig(status) == SIGSYS && heard == 0, "a call that kills");
}

/* A lock of FreeBSD 5: a long; its highest bit says that somebody waits. */
static volatile long old_lock, old_count;

static void old_take(bool by_op)
{
    const long me = os_gettid();
    long       none = 0;

    if (!__atomic_compare_exchange_n(&old_lock, &none, me, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        must(by_op ? umtx((void *)&old_lock, 0, (unsigned long)me, 0, 0) : OS_CALL(434, &old_lock), "lock");
}

static void old_give(bool by_op)
{
    long me = os_gettid();

    if (!__atomic_compare_exchange_n(&old_lock, &me, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        must(by_op ? umtx((void *)&old_lock, 1, (unsigned long)os_gettid(), 0, 0) : OS_CALL(435, &old_lock), "unlock");
}

static long counts_up(void *arg)
{
    for (int i = 0; i < 100; i++) {
        old_take(arg);
        const long n = old_count;
        if (i % 16 == 0)
            OS_CALL(331);
        old_count = n + 1;
        old_give(arg);
    }
    return 0;
}

static long takes_for_good(void *arg)
{
    (void)arg;
    return OS_CALL(434, &old_lock);
}

static void check_old_locks(void)
{
    const struct os_timespec soon = {0, 1000000};
    struct thread            t[3];

    check(OS_CALL(434, &old_lock) == 0 && old_lock == os_gettid(), "a lock of FreeBSD 5");
    check_err(umtx((void *)&old_lock, 0, 5, 0, (void *)&soon), -ETIMEDOUT_, "is waited for until a time");
    check(old_lock < 0, "and says so");
    check_err(umtx((void *)&old_lock, 1, 5, 0, 0), -EPERM, "nobody else gives it back");
    check(OS_CALL(435, &old_lock) == 0 && old_lock == 0, "its owner does");
    check_err(OS_CALL(435, &old_lock), -EPERM, "once");
    check_err(OS_CALL(434, 8), -EFAULT, "no lock there");
    check_err(OS_CALL(435, 8), -EFAULT, "none to give back");
    for (long i = 0; i < 3; i++)
        thread_start(&t[i], counts_up, (void *)(i % 2));
    for (int i = 0; i < 3; i++)
        thread_join(&t[i]);
    check(old_count == 300 && (old_lock & ~(1L << 63)) == 0, "three threads take turns");
    old_lock = 0;
    thread_start(&t[0], takes_for_good, 0);
    check(thread_join(&t[0]) == 0 && old_lock == t[0].tid, "whoever has taken it");
    old_lock = 0;
}

static void check_explained(void)
{
    static struct {
        uint32_t version, error, rest[46];
    } place = {.version = 0x10010002};

    check_err(OS_CALL(592, 2, 0, 0), -EINVAL, "no errors are explained yet");
    check_err(OS_CALL(592, 1, 2, &place), -EINVAL, "no such flag");
    check_err(OS_CALL(592, 1, 0, 8), -EFAULT, "no place to explain them at");
    check_err(OS_CALL(592, 1, 0, &place.rest), -EINVAL, "a place of another version");
    check_err(OS_CALL(592, 1, 0, &place), 0, "a place");
    check_err(OS_CALL(592, 1, 0, &place), -EBUSY, "one at a time");
    check_err(OS_CALL(592, 1, 1, &place), 0, "but by force");
    check(os_close(99) == -EBADF && place.error == 0, "an error that needs no explanation");
    check_err(OS_CALL(592, 2, 2, 0), -EINVAL, "no such flag there, either");
    check_err(OS_CALL(592, 2, 0, 0), 0, "no more of it");
    check_err(OS_CALL(592, 3, 0, 0), -EINVAL, "no such operation");
}

static long usage(int which)
{
    long n = -1, r = OS_CALL(589, which, 0, &n);

    return r ? r : n;
}

static void check_usage(void)
{
    const long n = usage(8);

    must(os_dup(1), "dup");
    check(n >= 1 && usage(8) == n + 1, "getrlimitusage counts descriptors");
    check(usage(7) >= 1 && usage(5) > 0 && usage(10) > usage(5) && usage(0) >= 0, "processes, memory, time");
    check_err(usage(4), -ENXIO, "not what is not used up");
    check_err(usage(99), -EINVAL, "no such limit");
    check_err(OS_CALL(589, 8, 6, &n), -EINVAL, "no such flag");
    check_err(OS_CALL(597, 99), -EBADF, "no descriptor of a jail");
    check_err(OS_CALL(598, 1), -EINVAL, "nor is this one");
    check_err(OS_CALL(599, 0, 0, 0, 0), -EPERM, "no new kernel");
    check_err(OS_CALL(175, 0), 0, "the one routing table");
    check_err(OS_CALL(175, 1), -EINVAL, "and no other");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "executed"))
        return 0;
    check_robust();
    check_robust_processes();
    check_inherit();
    check_least();
    check_suspend();
    check_cancel();
    check_class();
    check_create();
    check_old();
    check_no_call();
    check_old_locks();
    check_explained();
    check_usage();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("another kernel, other libraries\n")
#endif
