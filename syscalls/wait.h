/* syscalls/wait.h: what a wait finds and how it is told; wait.c, and procdesc.c's pdwait. */
#ifndef DRAGOMAN_SYSCALLS_WAIT_H
#define DRAGOMAN_SYSCALLS_WAIT_H

#include <sys/resource.h>
#include <sys/wait.h>

#include "syscalls/call.h"

struct proc;

struct wait_found {
    int           pid, status, code, child_status;
    uint32_t      uid;
    struct rusage self, children;
};

/* At least one kind of event is asked for (kern_exit.c, kern_wait6). */
bool wait_options_ok(uint64_t options);
/* It has ended, and ends are not asked for: nothing is to come of it (kern_exit.c, proc_to_reap). */
bool wait_is_over(const struct proc *p, uint64_t options);
/* 1: p had something to report that the options (host W*) ask for, and it is reaped unless WNOWAIT; 0: not yet.
 * session.lock held, and let go for a moment when p is reaped. */
int wait_take_locked(struct proc *p, uint64_t options, struct wait_found *f);
/* As wait6 reports, for a row whose last two arguments are wrusage and info, to the guest; pointers may be null.
 * 0 or -EFAULT. */
int64_t wait_report(struct call *c, const struct wait_found *f, gva status, gva wrusage, void *info);
/* Something to be waited for happened to p: wakes its parent's waiters, and its descriptor's.  session.lock held. */
void wait_happened_locked(struct proc *p);
/* The host's process is gone, and so is p's last task: it gives up what it held and is a zombie.  No lock held. */
void proc_ended(struct proc *p);

#endif
