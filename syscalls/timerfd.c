/* syscalls/timerfd.c: timerfd_create, timerfd_settime, timerfd_gettime: the host's own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "syscalls/fd.h"
#include "syscalls/time.h"

int64_t sys_timerfd_create(struct call *c, int64_t clock, uint64_t flags);
int64_t sys_timerfd_gettime(struct call *c, int fd, struct itimerspec *value);
int64_t sys_timerfd_settime(struct call *c, int fd, uint64_t flags, const struct itimerspec *value,
                            struct itimerspec *ovalue);

_Static_assert(TFD_NONBLOCK == O_NONBLOCK && TFD_CLOEXEC == O_CLOEXEC, "flags of both calls are one");

int64_t sys_timerfd_create(struct call *c, int64_t clock, uint64_t flags)
{
    struct fd_new n = {.kind = OF_OTHER, .flags = O_RDWR | (flags & O_NONBLOCK), .cloexec = flags & O_CLOEXEC};
    int64_t       hostfd;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return -EINVAL;
    hostfd = host_call(c, SYS_timerfd_create, clock, flags | O_CLOEXEC);
    if (hostfd < 0)
        return hostfd;
    n.hostfd = (int)hostfd;
    return fd_install(c, &n, 0);
}

int64_t sys_timerfd_gettime(struct call *c, int fd, struct itimerspec *value)
{
    const struct scratch s = scratch_get(c, sizeof(*value));
    struct fdref         ref;
    int64_t              err;

    if (!s.p)
        return -ENOMEM;
    err = fd_get(c, fd, &ref);
    if (err)
        return err;
    err = host_call(c, SYS_timerfd_gettime, ref.hostfd, s.va);
    fd_put(c, &ref);
    if (!err && value)
        memcpy(value, s.p, sizeof(*value));
    return !err && !value ? -EFAULT : err;
}

int64_t sys_timerfd_settime(struct call *c, int fd, uint64_t flags, const struct itimerspec *value,
                            struct itimerspec *ovalue)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(*value));
    struct fdref         ref;
    int64_t              err;

    if (!value)
        return -EFAULT;
    if (!s.p)
        return -ENOMEM;
    err = fd_get(c, fd, &ref);
    if (err)
        return err;
    memcpy(s.p, value, sizeof(*value));
    err = host_call(c, SYS_timerfd_settime, ref.hostfd, flags, s.va, s.va + sizeof(*value));
    fd_put(c, &ref);
    if (!err && ovalue)
        memcpy(ovalue, (char *)s.p + sizeof(*value), sizeof(*ovalue));
    return err;
}
