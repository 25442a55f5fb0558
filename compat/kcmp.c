/*
 * compat/kcmp.c: kcmp(2): whether two processes or descriptors share a kernel object.
 * 0: the same; 1 and 2: the first is lower, higher; 3: different.
 */
#include <errno.h>

#include "compat/bsd_calls.h"
#include "syscalls/fd.h"
#include "syscalls/proc.h"

enum { KCMP_FILE = 100, KCMP_FILEOBJ, KCMP_FILES, KCMP_SIGHAND, KCMP_VM };

static int64_t order(uint64_t a, uint64_t b) { return a == b ? 0 : a < b ? 1 : 2; }

/* Both descriptors are the caller's. */
static int64_t files_compare(struct call *c, uint64_t fd1, uint64_t fd2)
{
    struct fdref a, b;
    int64_t      ret = fd_get_for(c, (int)fd1, D_CAP_NONE, &a);

    if (ret)
        return ret;
    ret = fd_get_for(c, (int)fd2, D_CAP_NONE, &b);
    if (!ret) {
        ret = order((uintptr_t)a.of, (uintptr_t)b.of);
        fd_put(c, &b);
    }
    fd_put(c, &a);
    return ret;
}

static bool known(struct call *c, int pid)
{
    bool there;

    pthread_mutex_lock(&session.lock);
    there = pid == c->proc->pid || proc_find_locked(pid);
    pthread_mutex_unlock(&session.lock);
    return there;
}

int64_t sys_kcmp(struct call *c, int pid1, int pid2, int type, uint64_t idx1, uint64_t idx2)
{
    if (type < KCMP_FILE || type > KCMP_VM)
        return -EINVAL;
    if (!known(c, pid1) || !known(c, pid2))
        return -ESRCH;
    if (type > KCMP_FILEOBJ)
        return order((uint64_t)pid1, (uint64_t)pid2);
    if (pid1 != c->proc->pid || pid2 != c->proc->pid)
        return -EPERM;
    return files_compare(c, idx1, idx2);
}
