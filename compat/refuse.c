/*
 * compat/refuse.c: calls that answer the same to everybody: facilities that an
 * ordinary user may not use, or that a stock kernel is built without.  Rows of
 * syscalls.tbl name them; their arguments are of no interest.
 */
#include <errno.h>
#include <signal.h>

#include "compat/bsd_calls.h"
#include "syscalls/fd.h"
#include "syscalls/proc.h"
#include "syscalls/signal.h"

int64_t sys_refuse_eperm(struct call *c)
{
    (void)c;
    return -EPERM;
}

int64_t sys_refuse_enosys(struct call *c)
{
    (void)c;
    return -ENOSYS;
}

/*
 * What only kernels with COMPAT_43 have, and GENERIC on amd64 is none: as a number
 * without a call (kern_sig.c, nosys).
 */
int64_t sys_nosys(struct call *c)
{
    pthread_mutex_lock(&session.lock);
    signal_post_task_locked(c->task, &(struct ksiginfo){.signo = c->abi->sig_from_host[SIGSYS]});
    pthread_mutex_unlock(&session.lock);
    return -ENOSYS;
}

int64_t sys_refuse_enoent(struct call *c)
{
    (void)c;
    return -ENOENT;
}

int64_t sys_refuse_einval(struct call *c)
{
    (void)c;
    return -EINVAL;
}

int64_t sys_refuse_eopnotsupp(struct call *c)
{
    (void)c;
    return -EOPNOTSUPP;
}

int64_t sys_no_jail_descriptor(struct call *c, int fd)
{
    struct fdref ref;
    const int    err = fd_get(c, fd, &ref);

    if (err)
        return err;
    fd_put(c, &ref);
    return -EINVAL;
}

int64_t sys_do_nothing(struct call *c)
{
    (void)c;
    return 0;
}
