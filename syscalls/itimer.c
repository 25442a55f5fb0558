/*
 * syscalls/itimer.c: setitimer, getitimer.  The host's own timers: they count the
 * guest process's time, and their signals arrive like any other of the host.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "syscalls/call.h"

int64_t sys_getitimer(struct call *c, int64_t which, struct itimerval *itv);
int64_t sys_setitimer(struct call *c, int64_t which, const struct itimerval *itv, struct itimerval *oitv);

int64_t sys_getitimer(struct call *c, int64_t which, struct itimerval *itv)
{
    const struct scratch s = scratch_get(c, sizeof(*itv));
    int64_t              err;

    if (!itv)
        return -EFAULT;
    if (!s.p)
        return -ENOMEM;
    err = host_call(c, SYS_getitimer, which, s.va);
    if (!err)
        memcpy(itv, s.p, sizeof(*itv));
    return err;
}

#define SEC_MAX (INT32_MAX / 2) /* kern_time.c, kern_setitimer */

static bool timeval_valid(const struct timeval *t)
{
    return t->tv_sec >= 0 && t->tv_sec <= SEC_MAX && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

int64_t sys_setitimer(struct call *c, int64_t which, const struct itimerval *itv, struct itimerval *oitv)
{
    const struct scratch new = scratch_get(c, sizeof(*itv)), old = scratch_get(c, sizeof(*oitv));
    struct itimerval value;
    int64_t          err;

    if (!itv)
        return sys_getitimer(c, which, oitv);
    if (!new.p || !old.p)
        return -ENOMEM;
    value = *itv;
    if (!value.it_value.tv_sec && !value.it_value.tv_usec)
        value.it_interval = (struct timeval){0, 0};
    if (!timeval_valid(&value.it_value) || !timeval_valid(&value.it_interval))
        return -EINVAL;
    memcpy(new.p, &value, sizeof(value));
    err = host_call(c, SYS_setitimer, which, new.va, old.va);
    if (!err && oitv)
        memcpy(oitv, old.p, sizeof(*oitv));
    return err;
}
