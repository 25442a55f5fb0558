/*
 * Space of files: allocated, given back, advice on its use.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/copy.h"
#include "syscalls/fd.h"

/* These calls return the guest's error number as their value (sys_generic.c, kern_posix_error). */
static int64_t posix_result(const struct call *c, int64_t r)
{
    if (r == -ERESTART || r == -ESRCH || r >= 0)
        return r;
    return -r <= ERRNO_HOST_MAX - 1 ? c->abi->errno_from_host[-r] : c->abi->errno_from_host[EINVAL];
}

static bool seekable(const struct ofile *of)
{
    return of->kind != OF_PIPE && of->kind != OF_SOCKET && of->kind != OF_KQUEUE && of->kind != OF_OTHER;
}

static int64_t allocate(struct call *c, int fd, int64_t offset, int64_t len)
{
    struct fdref ref;
    int64_t      r = offset < 0 || len <= 0 ? -EINVAL : fd_get(c, fd, &ref);

    if (r)
        return r;
    r = host_call(c, SYS_fallocate, ref.hostfd, 0, offset, len);
    if (r == -EOPNOTSUPP)
        r = -EINVAL; /* posix_fallocate(2): the file system cannot */
    if (!seekable(ref.of))
        r = -ESPIPE;
    fd_put(c, &ref);
    return r;
}

int64_t sys_posix_fallocate(struct call *c, int fd, int64_t offset, int64_t len)
{
    return posix_result(c, allocate(c, fd, offset, len));
}

/* Only regular files take advice (vfs_syscalls.c, kern_posix_fadvise). */
static int64_t advise(struct call *c, int fd, int64_t offset, int64_t len, int64_t advice)
{
    struct fdref ref;
    int64_t      r = offset < 0 || len < 0 || offset > INT64_MAX - len ? -EINVAL : fd_get(c, fd, &ref);

    if (r)
        return r;
    if (ref.of->kind != OF_FILE)
        r = seekable(ref.of) ? -ENODEV : -ESPIPE;
    else
        r = host_call(c, SYS_fadvise64, ref.hostfd, offset, len, advice);
    fd_put(c, &ref);
    return r;
}

int64_t sys_posix_fadvise(struct call *c, int fd, int64_t offset, int64_t len, int64_t advice)
{
    return posix_result(c, advise(c, fd, offset, len, advice));
}

#define SPACECTL_DEALLOC 1

/* struct spacectl_range */
struct range {
    int64_t offset, len;
};

static int64_t deallocate(struct call *c, int hostfd, struct range *r)
{
    const struct scratch s = scratch_get(c, sizeof(struct stat));
    int64_t              err = s.p ? host_call(c, SYS_fstat, hostfd, s.va) : -ENOMEM;

    if (!err)
        err = host_call(c, SYS_fallocate, hostfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r->offset, r->len);
    if (err)
        return err;

    const int64_t size = ((struct stat *)s.p)->st_size, end = r->offset + r->len;

    *r = (struct range){end < size ? end : size, 0};
    return 0;
}

int64_t sys_fspacectl(struct call *c, int fd, int cmd, gva range, int flags, gva rest)
{
    struct fdref ref;
    struct range r;
    int64_t      err = cmd != SPACECTL_DEALLOC || flags ? -EINVAL : copy_in(c, &r, range, sizeof(r));

    if (!err && (r.offset < 0 || r.len <= 0))
        err = -EINVAL;
    if (!err && r.len > INT64_MAX - r.offset)
        r.len = INT64_MAX - r.offset;
    if (!err)
        err = fd_get(c, fd, &ref);
    if (err)
        return err;
    if (!seekable(ref.of))
        err = -ESPIPE;
    else if ((ref.of->flags & D_O_ACCMODE) == O_RDONLY)
        err = -EBADF;
    else
        err = ref.of->kind == OF_FILE ? deallocate(c, ref.hostfd, &r) : -ENODEV;
    fd_put(c, &ref);
    return err ? err : rest.va ? copy_out(c, rest, &r, sizeof(r)) : 0;
}
