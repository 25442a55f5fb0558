/*
 * syscalls/priority.c: nice values.  The host's belong to a thread, the guest's to a process.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/resources.h"

/*
 * Raw getpriority(2) of the host gives 20 - nice, so that errors are apart.
 * A negative nice value is no error either: it goes back as the low 32 bits,
 * which is all that an int has.
 */
int64_t sys_getpriority(struct call *c, int64_t which, int who)
{
    int64_t v = host_call(c, SYS_getpriority, which, who);

    return v < 0 ? v : (int64_t)(uint32_t)(20 - v);
}

static int64_t thread_nice(struct call *c, pid_t tid, void *arg)
{
    return host_call(c, SYS_setpriority, PRIO_PROCESS, tid, *(int *)arg);
}

int64_t sys_setpriority(struct call *c, int64_t which, int who, int prio)
{
    if (which != PRIO_PROCESS)
        return host_call(c, SYS_setpriority, which, who, prio);
    return host_tids_each(c, who, thread_nice, &prio);
}
