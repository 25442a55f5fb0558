/*
 * The C library's own data, errno and all of a thread's, are the provider's: behind the clone the front makes bare
 * system calls only.
 */
#include "loader/front.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls/hostproc.h"

#define STACK_SIZE (8u << 20)
#define CARRIER    63         /* real-time, so queued: what is sent to the whole group is not merged with it */
#define PASSED_ON  0x44720000 /* si_errno of what is passed on, with the lower half of its code */

static struct {
    pid_t pid;    /* 0: there is none */
    int   status; /* of the first program */
    int   told;   /* atomic: 1: status is valid; 2: and the provider lives on */
    int (*provider)(void *);
    void *arg;
} front;

/* ---- in the front -------------------------------------------------------------------- */

static long bare(long nr, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long          r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return r;
}

/* include/uapi/asm-generic/signal.h, as rt_sigaction takes it */
struct host_action {
    uint64_t handler, flags, restorer, mask;
};

_Noreturn static void end_like(int status)
{
    const struct host_action act = {0};
    const struct rlimit      none = {0, 0};
    const uint64_t           all = 0;

    if (WIFSIGNALED(status)) {
        bare(SYS_prlimit64, 0, RLIMIT_CORE, (long)&none, 0); /* the core, if any, is the guest's */
        bare(SYS_rt_sigaction, WTERMSIG(status), (long)&act, 0, 8);
        bare(SYS_kill, front.pid, WTERMSIG(status), 0, 0);
        bare(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8);
    }
    for (;;)
        bare(SYS_exit_group, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), 0, 0, 0);
}

/* The provider has ended, or has told that the front may. */
static void look(pid_t provider)
{
    int        status = 0;
    const int  told = __atomic_load_n(&front.told, __ATOMIC_ACQUIRE);
    const bool gone = bare(SYS_wait4, provider, (long)&status, __WALL | WNOHANG, 0) == provider;

    if (told == 2 || (gone && told))
        end_like(front.status);
    if (gone)
        end_like(status);
}

/*
 * Who knows only this pid means the guest.  What else the terminal sends goes to the whole group, and the guest has it
 * already; but when it hangs up, the host tells a session's leader alone: where we are that, the guest would be.
 */
static void pass_on(pid_t provider, siginfo_t *si)
{
    const bool leader = bare(SYS_getsid, 0, 0, 0, 0) == front.pid;
    const bool hung_up = leader && (si->si_signo == SIGHUP || si->si_signo == SIGCONT);

    if (si->si_code > 0 && !hung_up)
        return;
    si->si_errno = PASSED_ON | (si->si_code & 0xffff);
    si->si_code = SI_QUEUE; /* the host takes no other from us */
    si->si_value.sival_int = si->si_signo;
    if (bare(SYS_rt_sigqueueinfo, provider, CARRIER, (long)si, 0) < 0)
        bare(SYS_kill, provider, si->si_value.sival_int, 0, 0); /* the user has too many: who sent it is lost */
}

_Noreturn static void wait_for(pid_t provider)
{
    const uint64_t all = ~0ull;
    siginfo_t      si = {0};

    for (;;) {
        const long sig = bare(SYS_rt_sigtimedwait, (long)&all, (long)&si, 0, 8);

        if (sig == SIGCHLD)
            look(provider);
        else if (sig > 0)
            pass_on(provider, &si);
    }
}

/* ---- in the provider -------------------------------------------------------------------- */

static int begin(void *unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != front.pid)
        return 128 + SIGKILL;        /* it was killed before that */
    exit(front.provider(front.arg)); /* which writes what is buffered */
}

int front_run(int (*provider)(void *), void *arg)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char     *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    pid_t     pid;

    if (stack == MAP_FAILED)
        return -errno;
    front.pid = getpid();
    front.provider = provider;
    front.arg = arg;
    pid = clone(begin, stack + STACK_SIZE, CLONE_VM | SIGCHLD, NULL);
    if (pid > 0)
        wait_for(pid);
    front.pid = 0;
    munmap(stack, STACK_SIZE);
    return -errno;
}

pid_t front_pid(void) { return front.pid ? front.pid : getpid(); }

pid_t front_parent(void)
{
    struct host_stat s;

    if (!front.pid || getppid() != front.pid)
        return getppid();
    return host_stat(front.pid, 0, &s) ? s.ppid : 1;
}

void front_tell(int status, bool lives_on)
{
    if (!front.pid)
        return;
    front.status = status;
    if (lives_on)
        prctl(PR_SET_PDEATHSIG, 0);
    __atomic_store_n(&front.told, lives_on ? 2 : 1, __ATOMIC_RELEASE);
    if (lives_on)
        kill(front.pid, SIGCHLD);
}

bool front_passed_on(siginfo_t *si)
{
    if (si->si_signo != CARRIER || si->si_code != SI_QUEUE || (si->si_errno & ~0xffff) != PASSED_ON)
        return false;
    si->si_signo = si->si_value.sival_int;
    si->si_code = (int16_t)(si->si_errno & 0xffff);
    si->si_errno = 0;
    return true;
}
