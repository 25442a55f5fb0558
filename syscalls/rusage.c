/*
 * syscalls/rusage.c: what a process has used.  Its children are the provider's on
 * the host, so their sum is ours, collected when they are waited for.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/resources.h"

int64_t sys_getrusage(struct call *c, int64_t who, void *usage)
{
    struct scratch s;
    int64_t        err;

    if (!usage)
        return -EFAULT;
    if (who == RUSAGE_CHILDREN) {
        pthread_mutex_lock(&session.lock);
        *(struct rusage *)usage = c->proc->children_rusage;
        pthread_mutex_unlock(&session.lock);
        return 0;
    }
    s = scratch_get(c, sizeof(struct rusage));
    if (!s.p)
        return -ENOMEM;
    err = host_call(c, SYS_getrusage, who, s.va);
    if (!err)
        *(struct rusage *)usage = *(struct rusage *)s.p;
    return err;
}
