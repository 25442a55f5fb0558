/*
 * compat/procctl.h: what procctl(2) has switched, as others need it: fork, exec, madvise, sysctl.
 */
#ifndef DRAGOMAN_COMPAT_PROCCTL_H
#define DRAGOMAN_COMPAT_PROCCTL_H

#include "syscalls/call.h"

/* The child has its parent's switches already: those that it does not inherit are as in a new process (kern_fork.c). */
void procctl_fork(struct proc *child);
/* After an exec, what was for one image only is as it was before (kern_exec.c, do_execve). */
void procctl_exec(struct proc *p);

/* As PROC_SPROTECT says for the caller, which is madvise's MADV_PROTECT, too (vm_mmap.c, kern_madvise).  -EPERM */
int procctl_protect(struct call *c);
/* P_PROTECTED.  No lock needed. */
bool procctl_is_protected(const struct proc *p);

#endif
