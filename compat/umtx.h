/*
 * compat/umtx.h: FreeBSD's _umtx_op.
 *
 * Plain waits and wakes are host futexes.  Mutexes, condition variables, rwlocks
 * and semaphores need to know how many wait (they repair flags in the object by
 * that count), so their waiters queue in the provider, as in kern_umtx.c.
 */
#ifndef DRAGOMAN_COMPAT_UMTX_H
#define DRAGOMAN_COMPAT_UMTX_H

#include <stdbool.h>

#include "abi/abi.h"

struct call;
struct proc;
struct task;

/*
 * Wakes up to n waiters of UMTX_OP_WAIT, WAIT_UINT and WAIT_UINT_PRIVATE on addr
 * (n < 1 counts as 1, as in the kernel).  shared: an address where nothing is
 * mapped is -EFAULT, else it is an address where nobody waits.  0 or -errno.
 */
int umtx_wake(struct call *c, gva addr, int n, bool shared);

/* The calling thread ends: marks the robust mutexes it holds, wakes a waiter of each, frees task->umtx. */
void umtx_thread_exit(struct call *c);

/* The same for all threads of the process, which ends, or is about to execute another program (kern_umtx.c, umtx_exec).
 */
void umtx_proc_exit(struct call *c);
/* A fork's child, and the thread that made it: its lists are where the parent's are.  0, -ENOMEM. */
int umtx_inherit(struct task *child, const struct task *parent);

/* The process has a new program: forgets what the old one set. */
void umtx_exec(struct call *c);

/* The process is gone: gives back what it registered.  No lock held. */
void umtx_proc_gone(struct proc *p);

#endif
