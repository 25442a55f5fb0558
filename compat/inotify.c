/*
 * inotify, which FreeBSD 15 has with the numbers and the records of the host's
 * (sys/inotify.h, sys/kern/vfs_inotify.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"
#include "syscalls/fd.h"
#include "syscalls/path.h"

#define BSD_IN_NONBLOCK 0x4u
#define BSD_IN_CLOEXEC  0x100000u

int64_t inotify_new(struct call *c, uint32_t flags)
{
    struct fd_new n = {.kind = OF_OTHER, .cloexec = flags & BSD_IN_CLOEXEC};

    if (flags & ~(BSD_IN_NONBLOCK | BSD_IN_CLOEXEC))
        return -EINVAL;
    n.flags = O_RDONLY | (flags & BSD_IN_NONBLOCK ? O_NONBLOCK : 0);

    const int64_t hostfd = host_call(c, SYS_inotify_init1, n.flags & O_NONBLOCK);

    if (hostfd < 0)
        return hostfd;
    n.hostfd = (int)hostfd;
    return fd_install(c, &n, 0);
}

/* By a descriptor of the file, whose name in /proc is found under any view. */
static int64_t add_watch(struct call *c, const struct fdref *ref, int hostfd, uint32_t mask)
{
    const struct scratch s = scratch_get(c, 32);

    if (!s.p)
        return -ENOMEM;
    snprintf(s.p, 32, "/proc/self/fd/%d", hostfd);
    return host_call(c, SYS_inotify_add_watch, ref->hostfd, s.va, mask & ~(uint32_t)IN_DONT_FOLLOW);
}

int64_t sys_inotify_add_watch_at(struct call *c, int fd, int dirfd, gva path, unsigned mask)
{
    const uint64_t nofollow = mask & IN_DONT_FOLLOW ? O_NOFOLLOW : 0;
    struct fdref   ref;
    int64_t        r = fd_get(c, fd, &ref);

    if (r)
        return r;

    const int64_t hostfd = path_open_host(c, dirfd, path, O_PATH | nofollow, 0, PATH_FOLLOW);

    if (hostfd >= 0) {
        c->scratch_used = 0;
        r = add_watch(c, &ref, (int)hostfd, mask);
        host_call(c, SYS_close, hostfd);
    }
    fd_put(c, &ref);
    return hostfd < 0 ? hostfd : r;
}

int64_t sys_inotify_rm_watch(struct call *c, int fd, int wd)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = host_call(c, SYS_inotify_rm_watch, ref.hostfd, wd);
    fd_put(c, &ref);
    return r;
}
