/* loader/hostsig.h: what of a host signal's information concerns a guest. */
#ifndef DRAGOMAN_LOADER_HOSTSIG_H
#define DRAGOMAN_LOADER_HOSTSIG_H

#include <signal.h>
#include <stdbool.h>

#include "loader/gate/area.h"

/* A fault of the CPU's, not a signal of that number that somebody sent: codes above 0 are the kernel's (sigaction(2)).
 */
static inline bool hostsig_is_fault(int signo, int code)
{
    return code > 0 && (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE || signo == SIGTRAP);
}

void hostsig_info(struct area_siginfo *to, const siginfo_t *si);

#endif
