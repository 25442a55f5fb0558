/*
 * Working directory and root.  The host process really has them.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/fdtable.h"
#include "syscalls/name.h"
#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/view.h"
#include "syscalls/vnode.h"

int64_t sys_chdir(struct call *c, gva path)
{
    struct path p;
    int64_t     r = path_resolve(c, PATH_CWD(c), path, PATH_FOLLOW, &p);

    if (r)
        return r;
    r = host_call(c, SYS_chdir, p.va);
    path_put(c, &p);
    return r;
}

/* A directory from which look-ups stay below it cannot become where they start (vfs_syscalls.c, sys_fchdir). */
static int64_t may_stand_in(const struct fdref *ref) { return ref->beneath ? -D_ENOTCAPABLE : 0; }

int64_t sys_fchdir(struct call *c, int fd)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref) ?: may_stand_in(&ref) ?: host_call(c, SYS_fchdir, ref.hostfd);
    fd_put(c, &ref);
    return r;
}

/* ---- root ------------------------------------------------------------------------------ */

/* Under --root the process only gets another directory to be confined to. */
static int64_t chroot_confined(struct call *c, int64_t hostfd)
{
    if (hostfd < 0)
        return hostfd;
    if (host_call(c, SYS_geteuid) != 0) {
        host_call(c, SYS_close, hostfd);
        return -EPERM;
    }

    const int r = path_root_set(c, (int)hostfd);

    return r < 0 ? r : 0;
}

static int64_t chroot_host(struct call *c, uint64_t va)
{
    const int64_t r = host_call(c, SYS_chroot, va);

    if (!r)
        c->proc->fds->chrooted = 1;
    return r;
}

int64_t sys_chroot(struct call *c, gva path)
{
    struct path p;

    if (view_root())
        return chroot_confined(c, path_open_host(c, PATH_CWD(c), path, O_PATH | O_DIRECTORY, 0, PATH_FOLLOW));

    int64_t r = path_resolve(c, PATH_CWD(c), path, PATH_FOLLOW, &p);

    if (r)
        return r;
    r = chroot_host(c, p.va);
    path_put(c, &p);
    return r;
}

int64_t sys_fchroot(struct call *c, int fd)
{
    const struct scratch s = scratch_get(c, 32);
    struct fdref         ref;
    int64_t              r = s.p ? fd_get(c, fd, &ref) : -ENOMEM;

    if (r)
        return r;
    r = may_stand_in(&ref);
    if (r) {
        fd_put(c, &ref);
        return r;
    }
    if (view_root()) {
        *(char *)s.p = '.', ((char *)s.p)[1] = 0;
        r = chroot_confined(c, host_call(c, SYS_openat, ref.hostfd, s.va, O_PATH | O_DIRECTORY));
    } else {
        snprintf(s.p, 32, "/proc/self/fd/%d", ref.hostfd);
        r = chroot_host(c, s.va);
    }
    fd_put(c, &ref);
    return r;
}

/* ---- names of directories ----------------------------------------------------------------- */

static int64_t name_out(struct call *c, gva buf, uint64_t size, const char *name, int too_small)
{
    const size_t n = strlen(name) + 1;

    return n > size ? too_small : copy_out(c, buf, name, n);
}

/* The host says "(unreachable)/..." of a directory outside of the root. */
int64_t sys___getcwd(struct call *c, gva buf, uint64_t size)
{
    char name[PATH_MAX];

    if (size < 2)
        return -EINVAL;
    if (view_root()) {
        const int err = path_inside(c, AT_FDCWD, name, sizeof(name));

        return err ? err : name_out(c, buf, size, name, -ERANGE);
    }

    const struct scratch s = scratch_get(c, PATH_MAX);
    const int64_t        r = s.p ? host_call(c, SYS_getcwd, s.va, PATH_MAX) : -ENOMEM;

    if (r < 0)
        return r;
    snprintf(name, sizeof(name), "%.*s", PATH_MAX - 1, (const char *)s.p);
    return name[0] == '/' ? name_out(c, buf, size, name, -ERANGE) : -ENOENT;
}

int64_t cwd_name_of(struct call *c, int hostfd, char *name, size_t size)
{
    if (view_root())
        return path_inside(c, hostfd, name, size);

    const struct scratch link = scratch_get(c, 32), s = scratch_get(c, PATH_MAX);

    if (!link.p || !s.p)
        return -ENOMEM;
    snprintf(link.p, 32, "/proc/self/fd/%d", hostfd);

    const int64_t n = host_call(c, SYS_readlinkat, AT_FDCWD, link.va, s.va, PATH_MAX - 1);

    if (n < 0)
        return n;
    if ((size_t)n >= size)
        return -ENAMETOOLONG;
    memcpy(name, s.p, (size_t)n);
    name[n] = 0;
    return 0;
}

/* ENOMEM for a small buffer is what the kernel says (vfs_cache.c, vn_fullpath_any_smr). */
int64_t sys___realpathat(struct call *c, int dirfd, gva path, gva buf, uint64_t size, uint64_t flags)
{
    char          name[PATH_MAX];
    const int64_t hostfd = flags ? -EINVAL : path_open_host(c, dirfd, path, O_PATH, 0, PATH_FOLLOW);

    if (hostfd < 0)
        return hostfd;
    c->scratch_used = 0;

    const int64_t r = cwd_name_of(c, (int)hostfd, name, sizeof(name));

    host_call(c, SYS_close, hostfd);
    return r ? r : name_out(c, buf, size, name, -ENOMEM);
}
