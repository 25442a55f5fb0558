/*
 * Attributes of files by name: mode, owner, times, length, permission to use.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/fd.h"
#include "syscalls/ksem.h"
#include "syscalls/mqueue.h"
#include "syscalls/name.h"
#include "syscalls/path.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define AT_HOST (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

/* nr(dirfd, path, a, b, d) */
static int64_t on_path(struct call *c, long nr, int dirfd, gva path, unsigned how, uint64_t a, uint64_t b, uint64_t d)
{
    struct path p;
    int64_t     r = path_resolve(c, dirfd, path, how, &p);

    if (r)
        return r;
    r = host_call(c, nr, p.dirfd, p.va, a, b, d);
    path_put(c, &p);
    return r;
}

/* ---- mode, owner ------------------------------------------------------------------- */

#ifndef DRAGOMAN_GATE /* chmod by name is the provider's: it may have to print a name of its own */
/* By the descriptor's name in /proc, which the host does for everything but a symbolic link (EOPNOTSUPP). */
static int64_t chmod_by_descriptor(struct call *c, int dirfd, gva path, uint32_t mode, uint64_t flags)
{
    const uint64_t       nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    const int64_t        hostfd = path_open_host(c, dirfd, path, O_PATH | nofollow, 0, at_how(flags) & ~PATH_NOFOLLOW);
    const struct scratch s = scratch_get(c, 32);
    int64_t              r = -ENOMEM;

    if (hostfd < 0)
        return hostfd;
    if (s.p) {
        snprintf(s.p, 32, "/proc/self/fd/%d", (int)hostfd);
        r = host_call(c, SYS_fchmodat, AT_FDCWD, s.va, mode & 07777);
    }
    host_call(c, SYS_close, hostfd);
    return r;
}

/* The older host call has no flags, and is on every host; the newer one came with Linux 6.6. */
int64_t sys_fchmodat(struct call *c, int dirfd, gva path, uint32_t mode, uint64_t flags)
{
    const long    nr = flags & AT_HOST ? SYS_fchmodat2 : SYS_fchmodat;
    const int64_t r = on_path(c, nr, dirfd, path, at_how(flags), mode & 07777, flags & AT_HOST, 0);

    if (r != -ENOSYS || nr != SYS_fchmodat2)
        return r;
    c->scratch_used = 0;
    return chmod_by_descriptor(c, dirfd, path, mode, flags);
}

int64_t sys_chmod(struct call *c, gva path, uint32_t mode) { return sys_fchmodat(c, PATH_CWD(c), path, mode, 0); }

int64_t sys_lchmod(struct call *c, gva path, uint32_t mode)
{
    return sys_fchmodat(c, PATH_CWD(c), path, mode, AT_SYMLINK_NOFOLLOW);
}
#endif

#ifdef DRAGOMAN_GATE
#define object_change(c, fd, change, a, b) (-EINVAL)
#else
/* What stands for no file has an owner and a mode, too, when it has a name (uipc_sem.c, uipc_mqueue.c). */
struct object_change {
    int (*ksem)(struct call *c, uint64_t id, uint32_t a, uint32_t b);
    int (*mqueue)(struct call *c, uint64_t id, uint32_t a, uint32_t b);
};

static int ksem_mode(struct call *c, uint64_t id, uint32_t mode, uint32_t b)
{
    return (void)b, ksem_chmod(c, id, mode);
}
static int mqueue_mode(struct call *c, uint64_t id, uint32_t mode, uint32_t b)
{
    return (void)b, mqueue_chmod(c, id, mode);
}
static const struct object_change change_mode = {ksem_mode, mqueue_mode}, change_owner = {ksem_chown, mqueue_chown};

static int64_t object_change(struct call *c, int fd, const struct object_change *change, uint32_t a, uint32_t b)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    if (ref.of->kind == OF_KSEM)
        r = change->ksem(c, ref.of->object, a, b);
    else
        r = ref.of->kind == OF_MQUEUE ? change->mqueue(c, ref.of->object, a, b) : -EINVAL;
    fd_put(c, &ref);
    return r;
}
#endif

int64_t sys_fchmod(struct call *c, int fd, uint32_t mode)
{
    const int64_t r = vnode_call(c, SYS_fchmod, fd, mode & 07777, 0);

    return r == -EINVAL ? object_change(c, fd, &change_mode, mode, 0) : r;
}

int64_t sys_fchownat(struct call *c, int dirfd, gva path, unsigned uid, unsigned gid, uint64_t flags)
{
    return on_path(c, SYS_fchownat, dirfd, path, at_how(flags), uid, gid, flags & AT_HOST);
}

int64_t sys_chown(struct call *c, gva path, int uid, int gid)
{
    return sys_fchownat(c, PATH_CWD(c), path, (unsigned)uid, (unsigned)gid, 0);
}

int64_t sys_lchown(struct call *c, gva path, int uid, int gid)
{
    return sys_fchownat(c, PATH_CWD(c), path, (unsigned)uid, (unsigned)gid, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchown(struct call *c, int fd, int uid, int gid)
{
    const int64_t r = vnode_call(c, SYS_fchown, fd, (unsigned)uid, (unsigned)gid);

    return r == -EINVAL ? object_change(c, fd, &change_owner, (unsigned)uid, (unsigned)gid) : r;
}

/* ---- times --------------------------------------------------------------------------- */

/* In the guest's terms -1 is now and -2 leave it; whoever converted the layout may have made the host's of it. */
static bool special_nsec(int64_t nsec, long *host)
{
    if (nsec == -1 || nsec == UTIME_NOW)
        *host = UTIME_NOW;
    else if (nsec == -2 || nsec == UTIME_OMIT)
        *host = UTIME_OMIT;
    else
        return false;
    return true;
}

/* Both times to scratch.  0: *va is their address (0 for none: both now). */
static int times_out(struct call *c, const struct timespec ts[2], uint64_t *va)
{
    *va = 0;
    if (!ts)
        return 0;

    const struct scratch s = scratch_get(c, 2 * sizeof(*ts));
    struct timespec     *to = s.p;

    if (!to)
        return -ENOMEM;
    for (int i = 0; i < 2; i++) {
        to[i] = ts[i];
        if (!special_nsec(ts[i].tv_nsec, &to[i].tv_nsec) && (ts[i].tv_nsec < 0 || ts[i].tv_nsec >= 1000000000))
            return -EINVAL;
    }
    *va = s.va;
    return 0;
}

int64_t sys_utimensat(struct call *c, int dirfd, gva path, const struct timespec ts[2], uint64_t flags)
{
    uint64_t  va;
    const int err = times_out(c, ts, &va);

    return err ? err : on_path(c, SYS_utimensat, dirfd, path, at_how(flags), va, flags & AT_HOST, 0);
}

int64_t sys_futimens(struct call *c, int fd, const struct timespec ts[2])
{
    struct fdref ref;
    uint64_t     va;
    int64_t      r = times_out(c, ts, &va);

    if (r)
        return r;
    r = fd_get(c, fd, &ref);
    if (r)
        return r;
    r = vnode_check(c, &ref) ?: host_call(c, SYS_utimensat, ref.hostfd, 0, va, 0);
    fd_put(c, &ref);
    return r;
}

/* EINVAL for microseconds out of range (vfs_syscalls.c, getutimes). */
static int to_timespec(const struct timeval tv[2], struct timespec ts[2])
{
    for (int i = 0; i < 2; i++) {
        if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
            return -EINVAL;
        ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
    }
    return 0;
}

static int64_t utimes_at(struct call *c, int dirfd, gva path, const struct timeval tv[2], uint64_t flags)
{
    struct timespec ts[2];
    const int       err = tv ? to_timespec(tv, ts) : 0;

    return err ? err : sys_utimensat(c, dirfd, path, tv ? ts : NULL, flags);
}

int64_t sys_futimesat(struct call *c, int dirfd, gva path, const struct timeval tv[2])
{
    return utimes_at(c, dirfd, path, tv, 0);
}

int64_t sys_utimes(struct call *c, gva path, const struct timeval tv[2])
{
    return utimes_at(c, PATH_CWD(c), path, tv, 0);
}

int64_t sys_lutimes(struct call *c, gva path, const struct timeval tv[2])
{
    return utimes_at(c, PATH_CWD(c), path, tv, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_futimes(struct call *c, int fd, const struct timeval tv[2])
{
    struct timespec ts[2];
    const int       err = tv ? to_timespec(tv, ts) : 0;

    return err ? err : sys_futimens(c, fd, tv ? ts : NULL);
}

/* ---- length ---------------------------------------------------------------------------- */

int64_t sys_truncate(struct call *c, gva path, int64_t length)
{
    struct path p;
    int64_t     r = length < 0 ? -EINVAL : path_resolve(c, PATH_CWD(c), path, PATH_FOLLOW, &p);

    if (r)
        return r;
    r = host_call(c, SYS_truncate, p.va, length);
    path_put(c, &p);
    return r;
}

int64_t sys_ftruncate(struct call *c, int fd, int64_t length)
{
    struct fdref ref;
    int64_t      r = length < 0 ? -EINVAL : fd_get(c, fd, &ref);

    if (r)
        return r;
    r = ofile_kind_is_object(ref.of->kind) ? -EINVAL : host_call(c, SYS_ftruncate, ref.hostfd, length);
    fd_put(c, &ref);
    return r;
}

/* ---- permission -------------------------------------------------------------------------- */

int64_t sys_faccessat(struct call *c, int dirfd, gva path, uint64_t mode, uint64_t flags)
{
    const uint64_t host = flags & (AT_HOST | AT_EACCESS);

    return on_path(c, host ? SYS_faccessat2 : SYS_faccessat, dirfd, path, at_how(flags), mode, host, 0);
}

int64_t sys_access(struct call *c, gva path, uint64_t mode) { return sys_faccessat(c, PATH_CWD(c), path, mode, 0); }

int64_t sys_eaccess(struct call *c, gva path, uint64_t mode)
{
    return sys_faccessat(c, PATH_CWD(c), path, mode, AT_EACCESS);
}
