/*
 * File handles: the host's own in FreeBSD's form (vfs_syscalls.c, kern_getfhat and
 * what follows).  For the super-user, whom the host must let open by handle
 * (CAP_DAC_READ_SEARCH), and, as in a jail, not under --root: a handle knows no root.
 */
#include "syscalls/fhandle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"
#include "syscalls/path.h"
#include "syscalls/stat.h"
#include "syscalls/statfs.h"
#include "syscalls/view.h"

#define DATA_MAX 16

/* fhandle_t, sys/mount.h.  The host's type of handle is in the second short. */
struct fhandle {
    int32_t  fsid[2];
    uint16_t len, type;
    uint8_t  data[DATA_MAX];
};
_Static_assert(sizeof(struct fhandle) == 28, "sys/mount.h");

/* The host's struct file_handle with room for that much. */
struct host_handle {
    uint32_t bytes;
    int32_t  type;
    uint8_t  data[DATA_MAX];
};

static int64_t check_right(struct call *c) { return view_root() || host_call(c, SYS_geteuid) != 0 ? -EPERM : 0; }

/* ---- making ---------------------------------------------------------------------------- */

/* EOVERFLOW: a file system whose handles are longer than FreeBSD's. */
static int64_t make_handle(struct call *c, int hostfd, struct fhandle *fh)
{
    const struct scratch s = scratch_get(c, sizeof(struct host_handle)), at = scratch_get(c, 16);
    const struct scratch fs = scratch_get(c, sizeof(struct statfs));
    struct host_handle  *h = s.p;

    if (!h || !at.p || !fs.p)
        return -ENOMEM;
    *h = (struct host_handle){.bytes = DATA_MAX};
    *(char *)at.p = 0;

    int64_t r = host_call(c, SYS_name_to_handle_at, hostfd, at.va, s.va, at.va + 8, AT_EMPTY_PATH);

    if (!r)
        r = host_call(c, SYS_fstatfs, hostfd, fs.va);
    if (r)
        return r == -EOVERFLOW ? -EOPNOTSUPP : r;
    *fh = (struct fhandle){.len = (uint16_t)(4 + h->bytes), .type = (uint16_t)h->type};
    memcpy(fh->fsid, &((struct statfs *)fs.p)->f_fsid, sizeof(fh->fsid));
    memcpy(fh->data, h->data, DATA_MAX);
    return 0;
}

int64_t sys_getfhat(struct call *c, int dirfd, gva path, gva fhp, uint64_t flags)
{
    const uint64_t nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    struct fhandle fh;
    int64_t        r = flags & AT_EMPTY_PATH ? -EINVAL : check_right(c);

    if (r)
        return r;

    const int64_t hostfd = path_open_host(c, dirfd, path, O_PATH | nofollow, 0, at_how(flags) & ~PATH_NOFOLLOW);

    if (hostfd < 0)
        return hostfd;
    c->scratch_used = 0;
    r = make_handle(c, (int)hostfd, &fh);
    host_call(c, SYS_close, hostfd);
    return r ? r : copy_out(c, fhp, &fh, sizeof(fh));
}

int64_t sys_getfh(struct call *c, gva path, gva fhp) { return sys_getfhat(c, PATH_CWD(c), path, fhp, 0); }

int64_t sys_lgetfh(struct call *c, gva path, gva fhp)
{
    return sys_getfhat(c, PATH_CWD(c), path, fhp, AT_SYMLINK_NOFOLLOW);
}

/* ---- opening --------------------------------------------------------------------------- */

struct search {
    struct call   *c;
    struct fhandle fh;
    uint64_t       flags;
    int64_t        result;
};

/* The mount is opened for the time of the call: the host wants a descriptor on it. */
static int64_t open_on(struct call *c, uint64_t on_va, const struct fhandle *fh, uint64_t flags)
{
    const struct scratch s = scratch_get(c, sizeof(struct host_handle));
    const int64_t        mount = s.p ? host_call(c, SYS_openat, AT_FDCWD, on_va, O_RDONLY | O_NONBLOCK) : -ENOMEM;
    struct host_handle  *h = s.p;

    if (mount < 0)
        return mount;
    *h = (struct host_handle){.bytes = fh->len - 4u, .type = fh->type};
    memcpy(h->data, fh->data, DATA_MAX);

    const int64_t r = host_call(c, SYS_open_by_handle_at, mount, s.va, flags);

    host_call(c, SYS_close, mount);
    return r;
}

/* Several mounts may have the number of one file system, and not all of them the file. */
static int try_mount(const char *on, void *arg)
{
    struct search       *f = arg;
    const size_t         used = f->c->scratch_used, n = strlen(on) + 1;
    const struct scratch name = scratch_get(f->c, n), s = scratch_get(f->c, sizeof(struct statfs));

    if (name.p && s.p) {
        memcpy(name.p, on, n);
        if (!host_call(f->c, SYS_statfs, name.va, s.va) &&
            !memcmp(&((struct statfs *)s.p)->f_fsid, f->fh.fsid, sizeof(f->fh.fsid)))
            f->result = open_on(f->c, name.va, &f->fh, f->flags);
    }
    f->c->scratch_used = used;
    return f->result != -ESTALE;
}

/* A host descriptor of the file, opened with the host's flags; or -errno. */
static int64_t open_handle(struct call *c, gva fhp, uint64_t flags)
{
    struct search f = {.c = c, .flags = flags, .result = -ESTALE};
    int64_t       r = check_right(c) ?: copy_in(c, &f.fh, fhp, sizeof(f.fh));

    if (r)
        return r;
    if (f.fh.len < 4 || f.fh.len > 4 + DATA_MAX)
        return -ESTALE;
    statfs_mounts(try_mount, &f);
    return f.result;
}

/* Not for making, and not for nothing. */
int64_t sys_fhopen(struct call *c, gva fhp, uint64_t flags)
{
    const uint64_t kept = D_O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_SYNC | O_DSYNC;

    if (flags & (O_CREAT | O_PATH | D_O_EXEC) || (flags & D_O_ACCMODE) == D_O_ACCMODE)
        return check_right(c) ?: -EINVAL;

    const int64_t hostfd = open_handle(c, fhp, flags & (kept | O_TRUNC));
    const int     kind = hostfd < 0 ? (int)hostfd : fd_kind(c, (int)hostfd);

    if (kind < 0) {
        if (hostfd >= 0)
            host_call(c, SYS_close, hostfd);
        return kind;
    }

    const struct fd_new n = {.hostfd = (int)hostfd,
                             .kind = (enum ofile_kind)kind,
                             .flags = (uint32_t)(flags & kept),
                             .cloexec = flags & O_CLOEXEC};

    return fd_install(c, &n, 0);
}

/* ---- what is asked about a file ----------------------------------------------------------- */

int64_t sys_fhstat(struct call *c, gva fhp, struct kstat *st)
{
    const int64_t        hostfd = open_handle(c, fhp, O_PATH);
    const struct scratch empty = scratch_get(c, 1);
    int64_t              r = -ENOMEM;

    if (hostfd < 0)
        return hostfd;
    if (empty.p) {
        *(char *)empty.p = 0;
        r = stat_host(c, (int)hostfd, empty.va, AT_EMPTY_PATH, st);
    }
    host_call(c, SYS_close, hostfd);
    return r;
}

int64_t sys_fhstatfs(struct call *c, gva fhp, gva buf)
{
    const int64_t hostfd = open_handle(c, fhp, O_PATH);

    if (hostfd < 0)
        return hostfd;

    const int64_t r = statfs_host(c, (int)hostfd, c->row->args[1].of, buf);

    host_call(c, SYS_close, hostfd);
    return r;
}

int64_t sys_fhreadlink(struct call *c, gva fhp, gva buf, uint64_t size)
{
    const int64_t        hostfd = size > INT64_MAX ? -EINVAL : open_handle(c, fhp, O_PATH);
    const struct scratch empty = scratch_get(c, 1);
    int64_t              r = -ENOMEM;

    if (hostfd < 0)
        return hostfd;
    if (empty.p) {
        *(char *)empty.p = 0;
        r = host_call(c, SYS_readlinkat, hostfd, empty.va, buf.va, size > INT32_MAX ? INT32_MAX : size);
    }
    host_call(c, SYS_close, hostfd);
    return r == -ENOENT ? -EINVAL : r; /* what is no link */
}

/* ---- another name ---------------------------------------------------------------------------- */

static int64_t link_to(struct call *c, int hostfd, int dirfd, gva to)
{
    const struct scratch s = scratch_get(c, 32);
    struct path          p;
    int64_t              r = s.p ? path_resolve(c, dirfd, to, PATH_ENTRY, &p) : -ENOMEM;

    if (r)
        return r;
    snprintf(s.p, 32, "/proc/self/fd/%d", hostfd);
    r = host_call(c, SYS_linkat, AT_FDCWD, s.va, p.dirfd, p.va, AT_SYMLINK_FOLLOW);
    path_put(c, &p);
    return r;
}

int64_t sys_fhlinkat(struct call *c, gva fhp, int dirfd, gva to)
{
    const int64_t hostfd = open_handle(c, fhp, O_PATH);

    if (hostfd < 0)
        return hostfd;

    const int64_t r = link_to(c, (int)hostfd, dirfd, to);

    host_call(c, SYS_close, hostfd);
    return r;
}

int64_t sys_fhlink(struct call *c, gva fhp, gva to) { return sys_fhlinkat(c, fhp, PATH_CWD(c), to); }
