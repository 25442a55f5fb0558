/*
 * syscalls/cred.h: a process's credentials: the host's, which belong to each
 * thread, made one for all threads of the process.
 *
 * A change is made by the calling thread, then recorded, and every other thread
 * makes it in its own context before the call returns: it is kicked, and catches
 * up when it next comes by the provider, in the middle of a blocking call if need
 * be.  A thread that cannot come (it waits for its vfork's child) catches up
 * before it runs guest code again.
 */
#ifndef DRAGOMAN_SYSCALLS_CRED_H
#define DRAGOMAN_SYSCALLS_CRED_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

/* Before a change: no other thread changes anything until cred_end.  0, -ESRCH. */
int cred_begin(struct call *c);
/*
 * After it: result is the host's; when it is no error, the change is made for all
 * threads.  groups: the new list in guest-visible memory, n entries; NULL: unchanged.
 * Gives result back, or -ESRCH.
 */
int64_t cred_end(struct call *c, int64_t result, const uint32_t *groups, int n);

/* Has this task something to catch up with?  Cheap; no lock. */
static inline bool cred_behind(const struct task *t)
{
    return t->cred_gen != __atomic_load_n(&t->proc->cred_gen, __ATOMIC_RELAXED);
}
/* Does it, in the task's context.  A thread that cannot ends its process (SIGABRT), as C libraries do. */
void cred_catch_up(struct call *c);
/* Until somebody wakes us (1), signal or no signal, or it is time to look again (0); -ESRCH. */
int wait_a_while(struct call *c);
/* What a fork's child has of its parent; t is its first task, made by the calling thread. */
void cred_inherit(struct call *c, struct task *t);
/* The other threads are gone (exec): nobody is in the middle of a change. */
void cred_exec(struct proc *p);

#endif
