/* A word by which a thread holds its signals back: only FreeBSD has it, so the sample knows the answers. */
#include "auxv.h"
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { SETPTR = 1, UNBLOCK, UNSETPTR, PEND = 1, STEP = 0x10, PAGE = 4096 };

static volatile uint32_t word __attribute__((aligned(8)));
static volatile int      count, got_code, first_tid;
static void *volatile got_addr;

static long fastblock(int cmd, volatile void *at) { return OS_CALL(573, cmd, at); }
static void hold(void) { __atomic_fetch_add(&word, STEP, __ATOMIC_SEQ_CST); }

/* As rtld does it: who finds that a signal waits lets it in. */
static bool let_go(void)
{
    return __atomic_fetch_sub(&word, STEP, __ATOMIC_SEQ_CST) == (STEP | PEND) && fastblock(UNBLOCK, 0) == 0;
}

static void note(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)uc;
    got_code = si->si_code;
    got_addr = os_fault_addr(si);
    first_tid = (int)os_gettid();
    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

static void handle(int sig, int flags)
{
    const struct os_sigaction act = {.handler = note, .flags = SA_SIGINFO | flags};

    must(os_sigaction(sig, &act, 0), "sigaction");
}

static void check_errors(void)
{
    bool found;

    check((start_auxv(AT_BSDFLAGS, &found) & 1) && found, "the kernel says that it can");
    check_err(fastblock(UNBLOCK, 0), -EINVAL, "nothing to unblock without a word");
    check_err(fastblock(UNSETPTR, 0), -EINVAL, "nor to give up");
    check_err(fastblock(SETPTR, (char *)&word + 2), -EINVAL, "a word is aligned");
    check_err(fastblock(4, &word), -EINVAL, "no such command");
    check_err(fastblock(SETPTR, &word), 0, "a word");
    check_err(fastblock(SETPTR, &word), -EBUSY, "one at a time");
    check_err(fastblock(UNBLOCK, 0), -EBUSY, "nothing waits");
    word = STEP;
    check_err(fastblock(UNBLOCK, 0), -EBUSY, "it is counted up");
    check_err(fastblock(UNSETPTR, 0), -EBUSY, "and cannot be given up then");
    word = 0;
    check(fastblock(UNSETPTR, 0) == 0 && fastblock(SETPTR, &word) == 0, "but afterwards");
}

static void check_held(void)
{
    struct os_sigset pending;

    count = 0;
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 1 && word == 0, "a word of nought lets signals in");
    hold();
    os_kill((int)os_getpid(), SIGUSR1);
    check(count == 1 && word == (STEP | PEND), "one that is counted up does not, and says that one waits");
    os_tkill(os_gettid(), SIGUSR2);
    check(count == 1 && os_sigpending(&pending) == 0 && os_sigset_has(&pending, SIGUSR1) &&
              os_sigset_has(&pending, SIGUSR2),
          "they are pending");
    hold();
    check(!let_go() && count == 1, "it counts");
    check(let_go() && count == 3 && word == 0, "and when it is nought again they come");
    check(!let_go(), "(without a signal there is nothing to do)");
    word = 0;
}

/* ---- calls that wait --------------------------------------------------------------------- */

static int           fds[2];
static volatile long waiter, enough;

static long sends_held(void *arg)
{
    (void)arg;
    os_tkill(waiter, SIGUSR1);
    os_tkill(waiter, SIGUSR2);
    return os_write(fds[1], "x", 1);
}

static long sends_until_enough(void *arg)
{
    (void)arg;
    while (!enough) {
        os_tkill(waiter, SIGUSR1);
        sleep_ms(1);
    }
    return 0;
}

static void check_waits(void)
{
    struct thread t;
    char          c = 0;

    must(os_pipe(fds), "pipe");
    waiter = os_gettid();
    count = 0;
    hold();
    thread_start(&t, sends_held, 0);
    check(os_read(fds[0], &c, 1) == 1 && c == 'x', "a call that waits is not interrupted by what is held back");
    check(thread_join(&t) == 1 && count == 0 && word == (STEP | PEND), "which waits, too");
    check(let_go() && count == 2, "until the word lets it in");
    thread_start(&t, sends_until_enough, 0);
    check_err(os_read(fds[0], &c, 1), -EINTR, "with a word of nought it is interrupted");
    enough = 1;
    thread_join(&t);
}

static long sends_to_all(void *arg)
{
    (void)arg;
    os_kill((int)os_getpid(), SIGUSR1);
    while (count == 0)
        sleep_ms(1);
    return os_write(fds[1], "x", 1);
}

static void check_others_take(void)
{
    struct thread t;
    char          c = 0;

    count = 0;
    hold();
    thread_start(&t, sends_to_all, 0);
    check(os_read(fds[0], &c, 1) == 1 && c == 'x', "a read goes on");
    thread_join(&t);
    check(count == 1 && first_tid != (int)os_gettid(), "the process's signal goes to a thread that takes it");
    let_go();
    word = 0;
}

/* ---- a loop of calls under a timer of signals ---------------------------------------------- */

static volatile int  stop;
static volatile long inside, broken;

static long hammers(void *arg)
{
    while (!stop) { /* one after the other, or there would be no time for anything else */
        const int n = count;

        os_tkill((long)arg, SIGHUP);
        while (count == n && !stop)
            OS_CALL(331);
    }
    return 0;
}

static void on_hammer(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    broken += inside;
    count++;
}

static void check_hammer(void)
{
    const struct os_sigaction act = {.handler = on_hammer, .flags = SA_SIGINFO};
    struct thread             t;
    long                      lost = 0;

    must(os_sigaction(SIGHUP, &act, 0), "sigaction");
    count = 0;
    thread_start(&t, hammers, (void *)os_gettid());
    for (long i = 0; i < 300 || count < 50; i++) {
        hold();
        inside = 1;
        os_getppid();
        lost += os_lseek(99, 0, 0) != -EBADF;
        inside = 0;
        if (__atomic_fetch_sub(&word, STEP, __ATOMIC_SEQ_CST) == (STEP | PEND))
            lost += fastblock(UNBLOCK, 0) != 0 || word != 0;
    }
    stop = 1;
    thread_join(&t);
    check(broken == 0 && lost == 0, "no signal comes within, whatever is being done there");
    check(count >= 50, "and they come between");
}

/* ---- others ------------------------------------------------------------------------------- */

static long child_status(int pid)
{
    int status = 0;

    must(os_wait4(pid, &status, 0, 0), "wait");
    return status;
}

static int inherits(void)
{
    count = 0;
    hold();
    os_kill((int)os_getpid(), SIGUSR1);
    return count == 0 && (word & PEND) && let_go() && count == 1 ? 0 : 1;
}

static int faults(void)
{
    volatile int *volatile nowhere = (volatile int *)8;

    hold();
    *nowhere = 1;
    return 0;
}

static int loses_it(volatile void *at)
{
    fastblock(UNSETPTR, 0);
    fastblock(SETPTR, at);
    count = 0;
    os_kill((int)os_getpid(), SIGUSR1);
    return count == 2 && got_code == SEGV_MAPERR && got_addr == at && fastblock(UNSETPTR, 0) == -EINVAL ? 0 : 1;
}

static int in_child(int (*what)(void))
{
    const long pid = must(os_fork(), "fork");

    if (!pid)
        os_exit(what());
    return (int)child_status((int)pid);
}

static char **self;

static int executes(void)
{
    char *argv[] = {self[0], "again", 0}, *envp[] = {0};

    os_execve(self[0], argv, envp);
    return 1;
}

static int loses(void) { return loses_it((void *)PAGE); }

static void check_others(void)
{
    uint64_t   at = 0, size = sizeof(at);
    const int  name[4] = {1, 14, 44, (int)os_getpid()};
    const long r = OS_CALL(202, name, 4, &at, &size, 0, 0);

    check(r == 0 && at == (uint64_t)&word, "kern.proc.sigfastblk says where it is");
    check(in_child(inherits) == 0, "a child has its parent's word");
    check(os_wtermsig(in_child(faults)) == SIGSEGV, "a fault does not wait, and nobody catches it");
    check(in_child(executes) == 0, "a new program has none");
    check(in_child(loses) == 0, "a word that is not there is a fault, once");
}

static long has_its_own(void *arg)
{
    (void)arg;
    return fastblock(UNSETPTR, 0) == -EINVAL ? 0 : 1;
}

int main(int argc, char **argv, char **envp)
{
    struct thread t;

    (void)envp;
    self = argv;
    if (argc > 1 && !strcmp(argv[1], "again"))
        return fastblock(UNSETPTR, 0) == -EINVAL ? 0 : 1;
    handle(SIGUSR1, 0);
    handle(SIGUSR2, 0);
    handle(SIGSEGV, 0);
    check_errors();
    check_held();
    check_waits();
    check_others_take();
    check_hammer();
    check_others();
    thread_start(&t, has_its_own, 0);
    check(thread_join(&t) == 0, "another thread has none");
    return check_status();
}
#else
OTHER_KERNEL_SAYS("another kernel, without such a word\n")
#endif
