/* Signals: handlers, masks, pending sets, faults with their codes, the alternate stack, preemption by a timer. */
#include "sample.h"

#ifdef GUEST_FREEBSD /* sys/amd64/amd64/trap.c */
enum { UD_CODE = ILL_PRVOPC, BP_CODE = TRAP_BRKPT, GP_SIGNAL = SIGBUS, GP_CODE = BUS_OBJERR };
enum { KILLS_QUEUED = 2 }; /* each with what it says (sys/kern/kern_sig.c, sigqueue_add) */
#else
enum { UD_CODE = ILL_ILLOPN, BP_CODE = SI_KERNEL, GP_SIGNAL = SIGSEGV, GP_CODE = SI_KERNEL };
enum { KILLS_QUEUED = 1 };
#endif

static volatile int got_signal, got_code, count, on_stack;
static void *volatile got_addr;
static volatile long got_pid;
static uint64_t      resume_at, alt_low, alt_high;
static char          alt[65536] __attribute__((aligned(16)));

static void note(int sig, os_siginfo *si, void *uc)
{
    char here;

    got_signal = sig;
    got_code = si->si_code;
    got_addr = os_fault_addr(si);
    got_pid = si->si_pid;
    on_stack = (uint64_t)&here >= alt_low && (uint64_t)&here < alt_high;
    count++;
    if (resume_at)
        *os_uc_rip(uc) = resume_at;
    resume_at = 0;
}

static void handle(int sig, int flags)
{
    struct os_sigaction act = {.handler = note, .flags = SA_SIGINFO | flags};

    must(os_sigaction(sig, &act, 0), "sigaction");
}

static void dispose(int sig, long how)
{
    struct os_sigaction act = {.handler = (void (*)(int, os_siginfo *, void *))how};

    must(os_sigaction(sig, &act, 0), "sigaction");
}

static void forget(void)
{
    got_signal = got_code = count = 0;
    got_addr = 0;
}

static void check_kill(void)
{
    struct os_sigset usr1 = os_sigset_of(SIGUSR1), old, pending;

    handle(SIGUSR1, 0);
    os_kill((int)os_getpid(), SIGUSR1);
    check(got_signal == SIGUSR1 && got_code == SI_USER && got_pid == os_getpid(),
          "a signal to itself arrives, and says from whom");
    forget();
    os_sigprocmask(SIG_BLOCK, &usr1, &old);
    os_kill((int)os_getpid(), SIGUSR1);
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 0 && os_sigpending(&pending) == 0 && os_sigset_has(&pending, SIGUSR1),
          "a blocked signal stays pending");
    os_sigprocmask(SIG_SETMASK, &old, 0);
    check(count == KILLS_QUEUED, "and comes when it is let through, as often as its kernel has it");
    forget();
    os_tkill(os_gettid(), SIGUSR1);
    check(count == 1, "a signal to a thread");
    dispose(SIGUSR1, 1);
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 1, "an ignored signal is lost");
    dispose(SIGUSR1, 0);
    check_err(os_kill((int)os_getpid(), 0), 0, "signal 0 only asks");
    check_err(os_kill(0x3fffffff, SIGTERM), -ESRCH, "no such process");
    check_err(os_kill((int)os_getpid(), 200), -EINVAL, "no such signal");
}

static void check_wait(void)
{
    struct os_sigset   usr2 = os_sigset_of(SIGUSR2), none = os_sigset_of(0), old;
    struct os_timespec ts = {0, 10000000};
    os_siginfo         si;

    handle(SIGUSR2, 0);
    os_sigprocmask(SIG_BLOCK, &usr2, &old);
    os_kill((int)os_getpid(), SIGUSR2);
    check_err(os_sigsuspend(&none), -EINTR, "sigsuspend");
    check(count >= 1 && got_signal == SIGUSR2, "ran the handler");
    forget();
    os_kill((int)os_getpid(), SIGUSR2);
    check(os_sigtimedwait(&usr2, &si, 0) == SIGUSR2 && count == 0, "sigtimedwait takes the signal without a handler");
    check_err(os_sigtimedwait(&usr2, &si, &ts), -EAGAIN, "and runs out of time");
    os_sigprocmask(SIG_SETMASK, &old, 0);
}

#define FAULT(code, ...)                                                                                               \
    do {                                                                                                               \
        forget();                                                                                                      \
        __asm__ volatile("lea 1f(%%rip), %%rax\n mov %%rax, %0\n" code "\n1:"                                          \
                         : "=m"(resume_at)                                                                             \
                         : __VA_ARGS__                                                                                 \
                         : "rax", "rdx", "rcx", "memory");                                                             \
    } while (0)

static void check_fault(int sig, int code, const char *what)
{
    if (got_signal != sig || got_code != code)
        print("  signal %d (%s) code %d\n", got_signal, sig_name(got_signal), got_code);
    check(got_signal == sig && got_code == code && count == 1, what);
}

static void check_faults(void)
{
    char *page = os_mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);

    handle(SIGSEGV, 0);
    handle(SIGFPE, 0);
    handle(SIGILL, 0);
    handle(SIGTRAP, 0);
    handle(SIGBUS, 0);
    FAULT("movl $1, 16", "r"(0));
    check_fault(SIGSEGV, SEGV_MAPERR, "a store to nothing");
    check(got_addr == (void *)16, "names the address");
    FAULT("movl $1, (%1)", "r"(page));
    check_fault(SIGSEGV, SEGV_ACCERR, "a store to a read-only page");
    check(got_addr == page, "names the page");
    FAULT("xor %%edx, %%edx\n mov $1, %%eax\n xor %%ecx, %%ecx\n div %%ecx", "r"(0));
    check_fault(SIGFPE, FPE_INTDIV, "division by zero");
    FAULT("ud2", "r"(0));
    check_fault(SIGILL, UD_CODE, "an undefined instruction");
    FAULT("int3", "r"(0));
    check_fault(SIGTRAP, BP_CODE, "a breakpoint");
    FAULT("mov (%1), %%eax", "r"(0x8000000000000000ul));
    check_fault(GP_SIGNAL, GP_CODE, "an address that is not canonical");
    os_munmap(page, 4096);
}

static void check_altstack(void)
{
    struct os_stack ss = {.sp = alt, .size = sizeof(alt)}, old;

    alt_low = (uint64_t)alt;
    alt_high = alt_low + sizeof(alt);
    check(os_sigaltstack(&ss, 0) == 0 && os_sigaltstack(0, &old) == 0 && old.sp == alt && old.size == sizeof(alt),
          "sigaltstack");
    handle(SIGSEGV, SA_ONSTACK);
    FAULT("movl $1, 16", "r"(0));
    check(got_signal == SIGSEGV && on_stack, "a handler runs on the alternate stack");
    handle(SIGSEGV, 0);
    FAULT("movl $1, 16", "r"(0));
    check(got_signal == SIGSEGV && !on_stack, "or not, when it did not ask");
    ss.flags = SS_DISABLE;
    check(os_sigaltstack(&ss, 0) == 0, "the alternate stack is given up");
}

static struct os_sigset mask_inside;
static int              depth, deepest;

static void nested(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    if (++depth > deepest)
        deepest = depth;
    os_sigprocmask(SIG_BLOCK, 0, &mask_inside);
    if (++count < 3)
        os_kill((int)os_getpid(), sig);
    depth--;
}

static void check_mask_inside(void)
{
    struct os_sigaction act = {.handler = nested, .flags = SA_SIGINFO, .mask = os_sigset_of(SIGUSR2)};
    struct os_sigset    after;

    forget();
    os_sigaction(SIGUSR1, &act, 0);
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 3 && deepest == 1, "a handler is not interrupted by its own signal");
    check(os_sigset_has(&mask_inside, SIGUSR1) && os_sigset_has(&mask_inside, SIGUSR2), "its mask holds while it runs");
    os_sigprocmask(SIG_BLOCK, 0, &after);
    check(!os_sigset_has(&after, SIGUSR1) && !os_sigset_has(&after, SIGUSR2), "and is taken back");
    forget();
    act.flags |= SA_NODEFER;
    os_sigaction(SIGUSR1, &act, 0);
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 3 && deepest == 3, "unless it said so");
    forget();
    act = (struct os_sigaction){.handler = note, .flags = SA_SIGINFO | SA_RESETHAND};
    os_sigaction(SIGUSR1, &act, 0);
    os_kill((int)os_getpid(), SIGUSR1);
    check(os_sigaction(SIGUSR1, 0, &act) == 0 && act.handler == 0 && count == 1,
          "SA_RESETHAND goes back to the default");
}

enum { TICKS = 5 };
static int tick_fd;

static void tick(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    if (++count == TICKS)
        os_write(tick_fd, "x", 1);
}

/* The handler writes what the read waits for, but only when the timer has fired a few times: first it interrupts. */
static void check_restart(int flags, long want, const char *what)
{
    struct os_sigaction act = {.handler = tick, .flags = SA_SIGINFO | flags};
    struct os_itimerval v = {{0, 20000}, {0, 20000}}, off = {{0, 0}, {0, 0}};
    int                 fds[2];
    char                byte;
    long                r;

    must(os_pipe(fds), "pipe");
    tick_fd = fds[1];
    forget();
    must(os_sigaction(SIGALRM, &act, 0), "sigaction");
    os_setitimer(ITIMER_REAL, &v, 0);
    do
        r = os_read(fds[0], &byte, 1);
    while (r == 1 && r != want); /* a machine so busy that no tick met the read: again */
    os_setitimer(ITIMER_REAL, &off, 0);
    check(r == want && count >= (want == 1 ? TICKS : 1), what);
    os_close(fds[0]);
    os_close(fds[1]);
}

/* Work that a preempting timer interrupts must come to the same sum; registers and vectors included. */
static __attribute__((noinline)) uint64_t mix(uint64_t rounds)
{
    uint64_t a = 1, b = 2, c = 3;
    double   x = 1.0;

    __asm__ volatile("" : "+r"(rounds)); /* or the compiler works it out once */
    for (uint64_t i = 0; i < rounds; i++) {
        a = a * 6364136223846793005ull + b;
        b ^= a >> 17;
        c += (uint64_t)(x * 1000.0);
        x = x * 1.000001 + 0.5;
        if (x > 1e6)
            x = 1.0;
    }
    return a ^ b ^ c;
}

static void check_preempt(void)
{
    uint64_t            want = mix(3000000);
    struct os_itimerval v = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    bool                same = true;

    handle(SIGPROF, SA_RESTART);
    forget();
    os_setitimer(ITIMER_PROF, &v, 0);
    for (int i = 0; i < 20 || (count < 10 && i < 2000); i++)
        same &= mix(3000000) == want;
    os_setitimer(ITIMER_PROF, &off, 0);
    check(same, "work comes to the same sum with a timer in between");
    check(count >= 10, "which did fire");
}

static volatile int stop;
static long         spin(void *arg)
{
    uint64_t n = 0;

    (void)arg;
    while (!stop)
        n++;
    return n > 0;
}

static void check_thread_kill(void)
{
    static struct thread t[2];
    int                  sent = 0;

    handle(SIGURG, SA_RESTART);
    forget();
    for (int i = 0; i < 2; i++)
        thread_start(&t[i], spin, 0);
    for (int i = 0; i < 60; i++) {
        int before = count;
        sent += os_tkill(t[i % 2].tid, SIGURG) == 0;
        for (int ms = 0; ms < 30000 && count == before; ms++)
            sleep_ms(1);
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        thread_join(&t[i]);
    check(sent == 60 && count == 60, "sixty signals to spinning threads");
}

static long brief(void *arg)
{
    (void)arg;
    return 0;
}

/* A signal to the process must find no thread that is not quite there yet, nor a child. */
static void check_births(void)
{
    struct os_itimerval  often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    static struct thread t;
    int                  ended = 0, status = 0;

    handle(SIGALRM, SA_RESTART);
    os_setitimer(ITIMER_REAL, &often, 0);
    for (int i = 0; i < 200; i++) {
        thread_start(&t, brief, 0);
        thread_join(&t);
    }
    for (int i = 0; i < 20; i++) {
        long pid = os_fork();

        if (pid == 0)
            os_exit(7);
        ended += os_wait4((int)pid, &status, 0, 0) == pid && status == 7 << 8;
    }
    os_setitimer(ITIMER_REAL, &never, 0);
    check(ended == 20, "threads and children begin while signals come");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_kill();
    check_wait();
    check_faults();
    check_altstack();
    check_mask_inside();
    check_restart(0, -EINTR, "a signal interrupts a read");
    check_restart(SA_RESTART, 1, "which SA_RESTART begins again");
    check_preempt();
    check_thread_kill();
    check_births();
    return check_status();
}
