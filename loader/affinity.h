/*
 * loader/affinity.h: where tracer and tracee run.
 *
 * A ptrace stop costs ten times as much when the two are on different CPUs, so
 * each pair is kept on one, and moved together when that CPU has more runnable
 * guest threads than another.  The guest is shown the affinity that it asked for.
 */
#ifndef DRAGOMAN_LOADER_AFFINITY_H
#define DRAGOMAN_LOADER_AFFINITY_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct affinity {
    cpu_set_t allowed; /* what the guest has asked for, or inherited */
    int       end;     /* above the highest that is allowed */
    int       cpu;     /* where the pair is, -1: nowhere yet */
    bool      running; /* counted as runnable on .cpu */
};

/* Called by the tracer thread itself. */
void affinity_init(struct affinity *a, const struct affinity *from);
/* The task is about to run guest code: picks a CPU for the pair and counts it there. */
void affinity_run(struct affinity *a, pid_t tid);
/* The task stopped running guest code. */
void affinity_stop(struct affinity *a);
/*
 * sched_setaffinity and sched_getaffinity (nr) as the guest's host calls see them:
 * its view, for the host's is ours.  The mask is in the memory of process guest.
 * 0 or the bytes written; -EFAULT, -EINVAL.
 */
int64_t affinity_call(struct affinity *a, pid_t guest, long nr, const uint64_t args[6]);

#endif
