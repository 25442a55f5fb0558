/*
 * File flags.  Those that the host has can be set: nodump by the owner, the
 * super-user's immutable and append-only by the super-user.  The owner's own
 * immutable and append-only (uchg, uappnd) have no equal: only a privileged
 * process could set the host's flag, and the owner could not take it back.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/path.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"

/* In FreeBSD's numbers (GROUP(file_flags) of the ABI). */
static const struct {
    uint64_t guest;
    int      host;
} known[] = {
    {0x00001, FS_NODUMP_FL},    /* UF_NODUMP */
    {0x20000, FS_IMMUTABLE_FL}, /* SF_IMMUTABLE */
    {0x40000, FS_APPEND_FL},    /* SF_APPEND */
};
#define KNOWN (sizeof(known) / sizeof(*known))

/* True when nothing has to change, or only what can be changed; 0, -EOPNOTSUPP. */
static int check_change(const struct kstat *st, uint64_t flags)
{
    uint64_t change = flags ^ st->flags;

    for (size_t i = 0; i < KNOWN; i++)
        change &= ~known[i].guest;
    return change || (!S_ISREG(st->mode) && !S_ISDIR(st->mode)) ? -EOPNOTSUPP : 0;
}

/* A file system without flags says ENOTTY to these. */
static int64_t set_host(struct call *c, int hostfd, uint64_t flags)
{
    const struct scratch s = scratch_get(c, sizeof(int));
    int64_t              r = s.p ? host_call(c, SYS_ioctl, hostfd, FS_IOC_GETFLAGS, s.va) : -ENOMEM;

    if (!r) {
        for (size_t i = 0; i < KNOWN; i++)
            if (flags & known[i].guest)
                *(int *)s.p |= known[i].host;
            else
                *(int *)s.p &= ~known[i].host;
        r = host_call(c, SYS_ioctl, hostfd, FS_IOC_SETFLAGS, s.va);
    }
    return r == -ENOTTY ? -EOPNOTSUPP : r;
}

int64_t sys_chflagsat(struct call *c, int dirfd, gva path, uint64_t flags, uint64_t at)
{
    const uint64_t nofollow = at & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    struct kstat   st;
    int64_t        r = sys_fstatat(c, dirfd, path, &st, at);

    if (r || flags == st.flags)
        return r;
    r = check_change(&st, flags);
    if (r)
        return r;
    c->scratch_used = 0;

    const int64_t hostfd =
        path_open_host(c, dirfd, path, O_RDONLY | O_NONBLOCK | nofollow, 0, at_how(at) & ~PATH_NOFOLLOW);

    if (hostfd < 0)
        return hostfd;
    r = set_host(c, (int)hostfd, flags);
    host_call(c, SYS_close, hostfd);
    return r;
}

int64_t sys_chflags(struct call *c, gva path, uint64_t flags) { return sys_chflagsat(c, PATH_CWD(c), path, flags, 0); }

int64_t sys_lchflags(struct call *c, gva path, uint64_t flags)
{
    return sys_chflagsat(c, PATH_CWD(c), path, flags, AT_SYMLINK_NOFOLLOW);
}

/* By a descriptor for its path alone nothing is changed (getvnode). */
int64_t sys_fchflags(struct call *c, int fd, uint64_t flags)
{
    struct kstat st;
    struct fdref ref;
    int64_t      r = sys_fstat(c, fd, &st) ?: fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref);
    if (!r && ref.of->flags & O_PATH)
        r = -EBADF;
    if (!r && flags != st.flags)
        r = check_change(&st, flags) ?: set_host(c, ref.hostfd, flags);
    fd_put(c, &ref);
    return r;
}
