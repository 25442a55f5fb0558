/*
 * syscalls/sigqueue.h: pending signals with their information (FreeBSD sys/kern/kern_sig.c, sigqueue_*).
 * session.lock held throughout.
 */
#ifndef DRAGOMAN_SYSCALLS_SIGQUEUE_H
#define DRAGOMAN_SYSCALLS_SIGQUEUE_H

#include "syscalls/proc.h"

#define SIGQUEUE_MAX 128 /* of a process, kern.sigqueue.max_pending_per_proc */

/* Owners' numbers (ksiginfo.owner).  A child's is -pid; those below count up from there. */
#define SIGOWNER_FAULT  INT64_MIN
#define SIGOWNER_AIO    0
#define SIGOWNER_TIMER  (1ll << 61)
#define SIGOWNER_MQUEUE (1ll << 62)

void sigqueue_init(struct sigqueue_set *q, unsigned *count);
void sigqueue_clear(struct sigqueue_set *q);
/*
 * Queues info; a fault's comes first.  When there is no room the signal is pending all the same, once, and says
 * nothing: 0.  -EAGAIN: no room for one that must say what it says.
 */
int sigqueue_add(struct sigqueue_set *q, const struct ksiginfo *info);
/* Takes the one that says nothing, else the oldest entry of sig; false when there is none. */
bool sigqueue_take(struct sigqueue_set *q, int sig, struct ksiginfo *info);
/* By owner: is his entry there; it says something else now (false: it is not there); it is taken back. */
bool sigqueue_holds(const struct sigqueue_set *q, int sig, int64_t owner);
bool sigqueue_renew(struct sigqueue_set *q, const struct ksiginfo *info);
void sigqueue_withdraw(struct sigqueue_set *q, int sig, int64_t owner);
/* The last one wherever it is, the process's queue or a thread's. */
void sigqueue_withdraw_all(struct proc *p, int sig, int64_t owner);
void sigqueue_drop(struct sigqueue_set *q, int sig);
/* Lowest pending signal that is in want (bits), 0 when none. */
int sigqueue_first(const struct sigqueue_set *q, const struct sigset *want);

#endif
