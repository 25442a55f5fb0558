/* syscalls/sigqueue.h: pending signals with their information.  session.lock held throughout. */
#ifndef DRAGOMAN_SYSCALLS_SIGQUEUE_H
#define DRAGOMAN_SYSCALLS_SIGQUEUE_H

#include "syscalls/proc.h"

void sigqueue_init(struct sigqueue_set *q);
void sigqueue_clear(struct sigqueue_set *q);
/* Queues info: a standard signal once, a real-time one (rt) each time.  false: it was pending already. */
bool sigqueue_add(struct sigqueue_set *q, const struct ksiginfo *info, bool rt);
/* Takes the oldest entry of sig; false when there is none. */
bool sigqueue_take(struct sigqueue_set *q, int sig, struct ksiginfo *info);
/* Takes back the entry of sig with this band, a number that its sender gave it alone; when there is one. */
void sigqueue_withdraw(struct sigqueue_set *q, int sig, int64_t band);
/* Is that one there? */
bool sigqueue_holds(const struct sigqueue_set *q, int sig, int64_t band);
void sigqueue_drop(struct sigqueue_set *q, int sig);
/* Lowest pending signal that is in want (bits), 0 when none. */
int sigqueue_first(const struct sigqueue_set *q, const struct sigset *want);

#endif
