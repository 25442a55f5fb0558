/*
 * Pipes are the host's, which carry data one way; FreeBSD's go both ways.  The other way is pipe_back.h's.
 */
#include "syscalls/pipe.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"

#define CREATE_FLAGS (O_NONBLOCK | O_CLOEXEC | D_O_CLOFORK)

/* Both ends in the table, or none.  Takes the host descriptors over. */
static int pipe_install(struct call *c, const int host[2], uint64_t flags, int fds[2])
{
    struct fd_new n = {.hostfd = host[0],
                       .kind = OF_PIPE,
                       .flags = O_RDONLY | (uint32_t)(flags & O_NONBLOCK),
                       .domain = PIPE_PAIR,
                       .cloexec = flags & O_CLOEXEC,
                       .clofork = flags & D_O_CLOFORK};

    fds[0] = fd_install(c, &n, 0);
    if (fds[0] < 0) {
        host_call(c, SYS_close, host[1]);
        return fds[0];
    }
    n.hostfd = host[1];
    n.flags = O_WRONLY | (uint32_t)(flags & O_NONBLOCK);
    fds[1] = fd_install(c, &n, 0);
    if (fds[1] < 0) {
        fd_close(c, fds[0]);
        return fds[1];
    }
    return 0;
}

static int pipe_make(struct call *c, uint64_t flags, int fds[2])
{
    const struct scratch s = scratch_get(c, sizeof(int[2]));

    if (!s.p)
        return -ENOMEM;

    const int64_t r = host_call(c, SYS_pipe2, s.va, flags & O_NONBLOCK);

    if (r < 0)
        return (int)r;

    const int host[2] = {((volatile int *)s.p)[0], ((volatile int *)s.p)[1]};

    return pipe_install(c, host, flags, fds);
}

int64_t sys_pipe2(struct call *c, gva fildes, uint64_t flags)
{
    int fds[2], r = pipe_make(c, flags & CREATE_FLAGS, fds);

    if (r)
        return r;
    r = copy_out(c, fildes, fds, sizeof(fds));
    if (r) {
        fd_close(c, fds[0]);
        fd_close(c, fds[1]);
    }
    return r;
}

/* Both numbers come back in registers. */
int64_t sys_freebsd10_pipe(struct call *c)
{
    int       fds[2];
    const int r = pipe_make(c, 0, fds);

    if (r)
        return r;
    c->has_rv2 = true;
    c->rv2 = (uint64_t)fds[1];
    return fds[0];
}
