/* syscalls/task.h: life of a task (a guest thread). */
#ifndef DRAGOMAN_SYSCALLS_TASK_H
#define DRAGOMAN_SYSCALLS_TASK_H

#include "syscalls/proc.h"

/* A task with area and door part, in p's list, not yet with a host thread.  NULL: none left, or no memory. */
struct task *task_new(struct proc *p);
/* Its host thread is gone (or never was): out of every list, freed.  Not under session.lock. */
void task_end(struct task *t);
/* The guest thread has ended, its host thread is about to: out of reach of signals. */
void task_gone_locked(struct task *t);
/* Ends the tasks whose host threads have gone meanwhile (notify door). */
void tasks_sweep(struct proc *p);
/* Ends all tasks of p but one (NULL: none is kept); their host threads are gone (notify door). */
void tasks_end(struct proc *p, const struct task *but);

/* The host thread is known now; a process's first thread gives it its pid, an exec the leader's number. */
void task_adopt_locked(struct task *t, pid_t host_tid);

/* Tells the gate what it serves this task's calls with; again whenever that changes. */
void task_share(struct task *t);
void tasks_share(struct proc *p);
/*
 * Its next sleep in a call ends at once, with EINTR and whatever signals' flags say; how it was.  t is the caller's
 * own. Until then the gate serves nothing of it.
 */
bool task_unpark(struct task *t, bool to);
/* The same for who p's parent is.  session.lock held. */
void tasks_tell_parent_locked(struct proc *p);

/*
 * After a clone that gave an error: ends the task if it never came to life, and says
 * so.  false: it did (only its creator was killed), or has been ended already;
 * t may be gone.
 */
bool task_unmake(struct task *t, uint32_t index);

struct task *task_by_index_locked(uint32_t index);
/* The guest's number of a task, once its host thread is known. */
int64_t task_tid(const struct task *t);

#endif
