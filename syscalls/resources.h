/*
 * syscalls/resources.h: limits, usage, priorities, scheduling, processors, random bytes.
 * The host's state is the truth for all of it; the rules about what may be asked are the BSDs'.
 */
#ifndef DRAGOMAN_SYSCALLS_RESOURCES_H
#define DRAGOMAN_SYSCALLS_RESOURCES_H

#include <sys/resource.h>

#include "syscalls/call.h"
#include "syscalls/proc.h"

/* rlimit.c.  which: host RLIMIT_* or neutral D_RLIMIT_*. */
int64_t sys_getrlimit(struct call *c, int64_t which, void *rlim);
int64_t sys_setrlimit(struct call *c, int64_t which, const void *rlim);
struct rlimit;
/* Any process's limit, as that one sees it.  session.lock held.  0, or what the host's prlimit says. */
int64_t rlimit_of_locked(const struct proc *p, int64_t which, struct rlimit *r);
int64_t sys_getdtablesize(struct call *c);
int64_t sys_getrlimitusage(struct call *c, int64_t which, int flags, gva res); /* -EINVAL, -ENXIO: nothing to count */

/* rusage.c */
int64_t sys_getrusage(struct call *c, int64_t who, void *usage);

/* priority.c */
int64_t sys_getpriority(struct call *c, int64_t which, int who);
int64_t sys_setpriority(struct call *c, int64_t which, int who, int prio);

/* sched.c */
int64_t sys_sched_getcpu(struct call *c);
int64_t sys_sched_getscheduler(struct call *c, int pid);
int64_t sys_sched_setscheduler(struct call *c, int pid, int64_t policy, const void *param);
int64_t sys_sched_getparam(struct call *c, int pid, void *param);
int64_t sys_sched_setparam(struct call *c, int pid, const void *param);
int64_t sys_sched_get_priority_max(struct call *c, int64_t policy);
int64_t sys_sched_get_priority_min(struct call *c, int64_t policy);
int64_t sys_membarrier(struct call *c, int64_t cmd, unsigned flags, int cpu);

/* host_tids.c: host thread numbers of a process, for what the host does by thread and the BSDs by process */
int host_tids(struct call *c, int pid, pid_t *tids, int max); /* how many; -ESRCH: not of this session */
/* fn for each of them; the first error, or the last result. */
int64_t host_tids_each(struct call *c, int pid, int64_t (*fn)(struct call *c, pid_t tid, void *arg), void *arg);

#endif
