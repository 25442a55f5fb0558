/* loader/hostsig.c: a host siginfo, as the provider keeps it. */
#include "loader/hostsig.h"

#include <string.h>

void hostsig_info(struct area_siginfo *to, const siginfo_t *si)
{
    memset(to, 0, sizeof(*to));
    to->signo = si->si_signo;
    to->error = si->si_errno;
    to->code = si->si_code;
    if (hostsig_is_fault(si->si_signo, si->si_code)) {
        to->addr = (uint64_t)si->si_addr;
        return;
    }
    to->pid = si->si_pid; /* for SI_TIMER the timer's number; the code tells them apart */
    to->uid = si->si_uid;
    to->timerid = si->si_pid;
    to->value = (uint64_t)si->si_value.sival_ptr;
}
