#include "syscalls/hostsignals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct sigaction (arch/x86/include/uapi/asm/signal.h). */
struct kernel_action {
    uint64_t handler, flags, restorer, mask;
};

uint64_t host_signals_mask(int how, uint64_t set)
{
    uint64_t old = 0;

    syscall(SYS_rt_sigprocmask, how, &set, &old, sizeof set);
    return old;
}

uint64_t host_signals_ignored(void)
{
    uint64_t set = 0;

    for (int sig = 1; sig <= HOST_SIGNALS; sig++) {
        struct kernel_action act = {0};

        if (!syscall(SYS_rt_sigaction, sig, NULL, &act, sizeof act.mask) && act.handler == (uint64_t)SIG_IGN)
            set |= host_signal_bit(sig);
    }
    return set;
}

void host_signal_ignore(int sig, bool ignore)
{
    const struct kernel_action act = {.handler = (uint64_t)(ignore ? SIG_IGN : SIG_DFL)};

    syscall(SYS_rt_sigaction, sig, &act, NULL, sizeof act.mask);
}
