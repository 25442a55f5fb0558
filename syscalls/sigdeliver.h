/* syscalls/sigdeliver.h: signal.c's inner functions, for the signal calls beside it. */
#ifndef DRAGOMAN_SYSCALLS_SIGDELIVER_H
#define DRAGOMAN_SYSCALLS_SIGDELIVER_H

#include "syscalls/signal.h"

#define XSTATE_MAX 16384 /* every XSAVE image of today fits, AMX tiles included */

/* Guest number of a host signal, 0 when this ABI has none. */
int signal_guest(const struct proc *p, int hostsig);
/* Takes the lowest pending signal in want; of one number, the task's own first.  session.lock held. */
bool signal_take_locked(struct task *t, const struct sigset *want, struct ksiginfo *info);
/* Where a signal comes from that this process sends with kill(2). */
struct ksiginfo signal_from_me(const struct call *c, int sig);
/* After every change of a task's mask: nothing is in it that cannot be blocked, and nothing is left lying.  Locked. */
void signal_mask_changed_locked(struct task *t);
/* Removes what can never be blocked. */
void sigset_unmaskable(const struct proc *p, struct sigset *s);

struct timespec;
int sigwait_sleep(struct call *c, const struct timespec *deadline);

#endif
