/* context: getcontext, setcontext and swapcontext, which are system calls of FreeBSD and a library's work on Linux. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

/* ucontext_t, as far as it is needed here (sys/_ucontext.h, x86/ucontext.h). */
struct context {
    uint32_t mask[4];
    uint64_t onstack, rdi, regs1[17 - 1];
    uint64_t flags_es_ds, err, rip, cs, rflags, rsp, ss, len;
    uint8_t  rest[880 - 16 - 208];
};
_Static_assert(offsetof(struct context, rip) == 16 + 160 && offsetof(struct context, rsp) == 16 + 184, "mcontext_t");
_Static_assert(sizeof(struct context) == 880, "ucontext_t");

#define getcontext(c)     OS_CALL(421, c)
#define setcontext(c)     OS_CALL(422, c)
#define swapcontext(o, c) OS_CALL(423, o, c)

static struct context here, there;
static uint8_t        stack[16384] __attribute__((aligned(16)));
static volatile int   rounds, turns;

static void coroutine(void)
{
    while (turns < 6) {
        turns++;
        swapcontext(&there, &here);
    }
}

static void returns_again(void)
{
    volatile double kept = 1.5;
    long            r = getcontext(&here);

    check(r == 0, "getcontext returns 0, each time");
    if (++rounds < 3)
        setcontext(&here);
    check(rounds == 3 && kept == 1.5, "setcontext goes back");
}

static void keeps_the_mask(void)
{
    struct os_sigset blocked = os_sigset_of(SIGUSR1), none = os_sigset_of(0), now;
    volatile int     again = 0;

    os_sigprocmask(SIG_SETMASK, &blocked, 0);
    getcontext(&here);
    os_sigprocmask(SIG_SETMASK, 0, &now);
    check(os_sigset_has(&now, SIGUSR1), "the mask is as at getcontext");
    os_sigprocmask(SIG_SETMASK, &none, 0);
    if (!again++)
        setcontext(&here);
}

static void takes_turns(void)
{
    getcontext(&there);
    there.rip = (uint64_t)coroutine;
    there.rsp = (uint64_t)(stack + sizeof(stack) - 8);
    for (int i = 1; i <= 5; i++) {
        long r = swapcontext(&here, &there);
        check(r == 0 && turns == i, "a turn on another stack");
    }
}

static void refuses_rubbish(void)
{
    static struct context bad;

    check_err(getcontext(0), -EINVAL, "no place to put it");
    check_err(setcontext(0), -EINVAL, "no context");
    check_err(swapcontext(&here, 0), -EINVAL, "nowhere to go");
    check_err(getcontext(8), -EFAULT, "a bad place");
    check_err(setcontext(8), -EFAULT, "a bad context");
    getcontext(&bad);
    bad.cs = 0x10;
    check_err(setcontext(&bad), -EINVAL, "the kernel's code segment");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    returns_again();
    keeps_the_mask();
    takes_turns();
    refuses_rubbish();
    return check_status();
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("no such system calls\n");
    return 0;
}

#endif
