#include "syscalls/vnode.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "syscalls/file.h"

/* A pipe without a name lies in the host's own file system of pipes. */
static int check_pipe(struct call *c, const struct fdref *ref)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, sizeof(struct statfs));
    const int64_t        r = s.p ? host_call(c, SYS_fstatfs, ref->hostfd, s.va) : -ENOMEM;
    const bool           unnamed = !r && ((struct statfs *)s.p)->f_type == PIPEFS_MAGIC;

    c->scratch_used = used;
    return r ? (int)r : unnamed ? -EINVAL : 0;
}

int vnode_check(struct call *c, const struct fdref *ref)
{
    switch (ref->of->kind) {
    case OF_FILE:
    case OF_DIR:
    case OF_CHAR: return 0;
    case OF_PIPE: return check_pipe(c, ref);
    case OF_OTHER: return ref->of->flags & (O_PATH | OFLAG_EXEC) ? 0 : -EINVAL;
    default: return -EINVAL;
    }
}

int64_t vnode_call(struct call *c, long nr, int fd, uint64_t a, uint64_t b)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref);
    if (!r)
        r = host_call(c, nr, ref.hostfd, a, b);
    fd_put(c, &ref);
    return r;
}

/* A device or FIFO has nothing to write out: no error (vfs_default.c, vop_stdfsync), where the host says EINVAL. */
static int64_t sync_call(struct call *c, long nr, int fd)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = host_call(c, nr, ref.hostfd);
    if (r == -EINVAL)
        r = vnode_check(c, &ref);
    fd_put(c, &ref);
    return r;
}

int64_t sys_fsync(struct call *c, int fd) { return sync_call(c, SYS_fsync, fd); }

int64_t sys_fdatasync(struct call *c, int fd) { return sync_call(c, SYS_fdatasync, fd); }
