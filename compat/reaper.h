/*
 * compat/reaper.h: procctl(2)'s reapers: who gets the children of a process that
 * ends, other than init; and the signal that children get when a parent ends.
 * All functions but procctl's own: session.lock held.
 */
#ifndef DRAGOMAN_COMPAT_REAPER_H
#define DRAGOMAN_COMPAT_REAPER_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

/* The nearest living reaper above p, p itself left out; NULL: init. */
struct proc *reaper_above_locked(const struct proc *p);
/* Whether top is among p's ancestors; p itself is not below p. */
bool reaper_is_below_locked(const struct proc *p, const struct proc *top);
/* A child of `dead`, taken off its list already: its pdeathsig is posted, its new parent set (or NULL). */
void reaper_adopt_locked(struct proc *child, const struct proc *dead);

/* The same for a process that changes hands while its parent `from` lives: no signal. */
void reaper_give_locked(struct proc *child, const struct proc *from);

/*
 * procctl's commands, which take the lock; pid: whose reaper is meant, or which reaper.  -ESRCH: no such process.
 * reap_acquire: -EBUSY; reap_release: -EINVAL; reap_kill: -EINVAL, -EPERM, D_ECAPMODE; all with data: -EFAULT.
 */
int64_t reap_acquire(struct call *c);
int64_t reap_release(struct call *c);
int64_t reap_status(struct call *c, pid_t pid, gva data);
int64_t reap_getpids(struct call *c, pid_t pid, gva data);
int64_t reap_kill(struct call *c, pid_t pid, gva data);

#endif
