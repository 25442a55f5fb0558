/*
 * Names in directories: made, moved and removed.
 */
#include "syscalls/name.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"

/* The type of what stands at the end of a path, a slash there not counted; 0: nothing that could be looked at. */
static uint32_t type_at(struct call *c, const struct path *p)
{
    size_t               n = strlen(p->str);
    const struct scratch name = scratch_get(c, n + 1), st = scratch_get(c, sizeof(struct stat));

    if (!name.p || !st.p)
        return 0;
    memcpy(name.p, p->str, n);
    while (n > 1 && ((char *)name.p)[n - 1] == '/')
        n--;
    ((char *)name.p)[n] = 0;
    if (host_call(c, SYS_newfstatat, p->dirfd, name.va, st.va, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return ((struct stat *)st.p)->st_mode & S_IFMT;
}

/*
 * What making a name at p came to.  Where the name stands already and a slash wants a directory that it is not, that
 * is what counts (vfs_lookup.c, TRAILINGSLASH).
 */
static int64_t made(struct call *c, const struct path *p, int64_t r)
{
    return r == -EEXIST && path_ends_in_slash(p->str) && type_at(c, p) != S_IFDIR ? -ENOTDIR : r;
}

/* One host *at call on one name: nr(dirfd, path, a, b). */
static int64_t on_name(struct call *c, long nr, int dirfd, gva path, unsigned how, uint64_t a, uint64_t b)
{
    struct path p;
    int64_t     r = path_resolve(c, dirfd, path, how, &p);

    if (r)
        return r;
    r = made(c, &p, host_call(c, nr, p.dirfd, p.va, a, b));
    path_put(c, &p);
    return r;
}

/* And on two: nr(dirfd, path, dirfd, path, flags). */
static int64_t on_two(struct call *c, long nr, struct path *from, int tofd, gva to, unsigned how, uint64_t flags)
{
    struct path p;
    int64_t     r = path_resolve(c, tofd, to, how | PATH_ENTRY, &p);

    if (r)
        return r;
    r = made(c, &p, host_call(c, nr, from->dirfd, from->va, p.dirfd, p.va, flags));
    path_put(c, &p);
    return r;
}

/* ---- removing ------------------------------------------------------------------- */

int64_t sys_unlinkat(struct call *c, int dirfd, gva path, uint64_t flags)
{
    const bool    dir = flags & AT_REMOVEDIR;
    const int64_t r = on_name(c, SYS_unlinkat, dirfd, path, at_how(flags) | PATH_ENTRY, dir ? AT_REMOVEDIR : 0, 0);

    return r == -EISDIR && !dir ? -EPERM : r; /* POSIX and FreeBSD: unlink of a directory */
}

/* No file system here has whiteouts to remove. */
int64_t sys_undelete(struct call *c, gva path)
{
    struct kstat st;

    return sys_lstat(c, path, &st) ?: -EEXIST;
}

int64_t sys_unlink(struct call *c, gva path) { return sys_unlinkat(c, PATH_CWD(c), path, 0); }

int64_t sys_rmdir(struct call *c, gva path) { return sys_unlinkat(c, PATH_CWD(c), path, AT_REMOVEDIR); }

#define FD_NONE (-200)

/* What fd refers to must be a file with a place in a file system; opened for its path alone will do. */
static int64_t stat_vnode(struct call *c, int fd, struct kstat *st)
{
    struct fdref ref;
    int64_t      r = sys_fstat(c, fd, st) ?: fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref);
    fd_put(c, &ref);
    return r;
}

/* unlinkat, but only if the name is still that of fd's file: else EDEADLK (funlinkat(2)). */
int64_t sys_funlinkat(struct call *c, int dirfd, gva path, int fd, uint64_t flags)
{
    struct kstat named, open;

    if (fd != FD_NONE) {
        int64_t r = stat_vnode(c, fd, &open);

        if (!r)
            r = sys_fstatat(c, dirfd, path, &named, AT_SYMLINK_NOFOLLOW | (flags & D_AT_RESOLVE_BENEATH));
        if (r)
            return r;
        if (named.dev != open.dev || named.ino != open.ino)
            return -EDEADLK;
    }
    return sys_unlinkat(c, dirfd, path, flags);
}

/* ---- making ---------------------------------------------------------------------- */

int64_t sys_mkdirat(struct call *c, int dirfd, gva path, uint32_t mode)
{
    return on_name(c, SYS_mkdirat, dirfd, path, PATH_ENTRY, mode & 0777, 0);
}

int64_t sys_mkdir(struct call *c, gva path, uint32_t mode) { return sys_mkdirat(c, PATH_CWD(c), path, mode); }

#define S_IFWHT 0160000u /* a whiteout, of union file systems */

/* Regular files are not made so, and the right comes before the look-up (vfs_syscalls.c, kern_mknodat). */
int64_t sys_mknodat(struct call *c, int dirfd, gva path, uint32_t mode, uint64_t dev)
{
    const uint32_t type = mode & S_IFMT;

    if (type != S_IFCHR && type != S_IFBLK && type != S_IFWHT && !(type == S_IFIFO && !dev))
        return -EINVAL;
    if (type != S_IFIFO && host_call(c, SYS_geteuid) != 0)
        return -EPERM;
    if (type == S_IFWHT)
        return -EOPNOTSUPP;
    return on_name(c, SYS_mknodat, dirfd, path, PATH_ENTRY, type | (mode & 07777), (uint32_t)dev);
}

int64_t sys_freebsd11_mknodat(struct call *c, int dirfd, gva path, uint32_t mode, unsigned dev)
{
    return sys_mknodat(c, dirfd, path, mode, dev);
}

int64_t sys_freebsd11_mknod(struct call *c, gva path, uint32_t mode, unsigned dev)
{
    return sys_mknodat(c, PATH_CWD(c), path, mode, dev);
}

int64_t sys_mkfifoat(struct call *c, int dirfd, gva path, uint32_t mode)
{
    return sys_mknodat(c, dirfd, path, S_IFIFO | (mode & 07777), 0);
}

int64_t sys_mkfifo(struct call *c, gva path, uint32_t mode) { return sys_mkfifoat(c, PATH_CWD(c), path, mode); }

/* ---- moving, linking ---------------------------------------------------------------- */

/* "." and ".." at the end of a path. */
static bool is_dots(const char *path)
{
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

    return !strcmp(last, ".") || !strcmp(last, "..");
}

/*
 * The host says ENOTDIR of each file that is to get a name with a slash behind it.  Here the name is looked up first:
 * a file does not become a directory's name (ENOENT), nor replaces one (EISDIR; vfs_syscalls.c, kern_renameat).
 */
static int64_t file_to_slash(struct call *c, const struct path *from, const struct path *to)
{
    if (path_ends_in_slash(from->str) || !path_ends_in_slash(to->str))
        return -ENOTDIR;

    const uint32_t have = type_at(c, from), there = type_at(c, to);

    if (!have || have == S_IFDIR)
        return -ENOTDIR;
    return !there ? -ENOENT : there == S_IFDIR ? -EISDIR : -ENOTDIR;
}

/*
 * What a rename replaces is unlinked, which wants a right of its own: without it nothing is replaced
 * (vfs_syscalls.c, kern_renameat).  AT_RENAME_NOREPLACE is 1, the host's RENAME_NOREPLACE too.
 */
static int64_t rename_to(struct call *c, struct path *from, int tofd, gva to, int flags)
{
    struct path p;
    int64_t     r = path_resolve(c, tofd, to, PATH_ENTRY, &p);

    if (r)
        return r;

    const bool keep = !flags && p.ref.limited && !p.ref.unlinks;

    r = host_call(c, flags || keep ? SYS_renameat2 : SYS_renameat, from->dirfd, from->va, p.dirfd, p.va,
                  flags || keep ? RENAME_NOREPLACE : 0);
    if (r == -ENOTDIR)
        r = file_to_slash(c, from, &p);
    path_put(c, &p);
    return r == -EEXIST && keep ? -D_ENOTCAPABLE : r;
}

int64_t sys_renameat2(struct call *c, int fromfd, gva from, int tofd, gva to, int flags)
{
    struct path p;
    int64_t     r = flags & ~1 ? -EINVAL : path_resolve(c, fromfd, from, PATH_ENTRY, &p);

    if (r)
        return r;
    r = rename_to(c, &p, tofd, to, flags);
    if (r == -EBUSY && is_dots(p.str))
        r = -EINVAL; /* rename(2) */
    path_put(c, &p);
    return r;
}

int64_t sys_renameat(struct call *c, int fromfd, gva from, int tofd, gva to)
{
    return sys_renameat2(c, fromfd, from, tofd, to, 0);
}

int64_t sys_rename(struct call *c, gva from, gva to) { return sys_renameat(c, PATH_CWD(c), from, PATH_CWD(c), to); }

/* "" with AT_EMPTY_PATH, for the privileged, goes by the descriptor's name in /proc. */
static bool is_empty(struct call *c, gva path)
{
    char first = 1;

    return copy_in(c, &first, path, 1) == 0 && !first;
}

int64_t sys_linkat(struct call *c, int fd1, gva path1, int fd2, gva path2, uint64_t flags)
{
    const bool     empty = flags & AT_EMPTY_PATH && is_empty(c, path1), follow = empty || flags & AT_SYMLINK_FOLLOW;
    const unsigned how = at_how(flags & ~(uint64_t)AT_SYMLINK_FOLLOW);
    struct path    p;
    int64_t        r = path_resolve(c, fd1, path1, how | (follow ? PATH_FOLLOW : PATH_NOFOLLOW), &p);

    if (r)
        return r;
    if (empty && host_call(c, SYS_geteuid) != 0)
        r = -EPERM;
    if (!r)
        r = on_two(c, SYS_linkat, &p, fd2, path2, how & PATH_BENEATH, follow ? AT_SYMLINK_FOLLOW : 0);
    path_put(c, &p);
    return r;
}

/* link(2) follows a link at the end of the first path. */
int64_t sys_link(struct call *c, gva path, gva to)
{
    return sys_linkat(c, PATH_CWD(c), path, PATH_CWD(c), to, AT_SYMLINK_FOLLOW);
}

/* The target is only text, of at most the length of a path: the host reads it where it lies. */
int64_t sys_symlinkat(struct call *c, gva target, int dirfd, gva path)
{
    char          text[GUEST_PATH_MAX];
    struct path   p;
    const int64_t n = copy_in_str(c, text, target, sizeof(text));
    int64_t       r = n < 0 ? n : path_resolve(c, dirfd, path, PATH_ENTRY, &p);

    if (r)
        return r;
    r = made(c, &p, host_call(c, SYS_symlinkat, target.va, p.dirfd, p.va));
    path_put(c, &p);
    return r;
}

int64_t sys_symlink(struct call *c, gva target, gva path) { return sys_symlinkat(c, target, PATH_CWD(c), path); }

/* ---- reading links --------------------------------------------------------------------- */

static int64_t give_name(struct call *c, const char *name, gva buf, uint64_t size)
{
    const size_t n = strlen(name) < size ? strlen(name) : size;
    const int    err = copy_out(c, buf, name, n);

    return err ? err : (int64_t)n;
}

/* The host wants a positive int for the size; here 0 is an answer of no bytes. */
static int64_t read_link(struct call *c, struct path *p, gva buf, uint64_t size)
{
    if (size)
        return host_call(c, SYS_readlinkat, p->dirfd, p->va, buf.va, size > INT32_MAX ? INT32_MAX : size);

    const struct scratch s = scratch_get(c, 1);
    const int64_t        r = s.p ? host_call(c, SYS_readlinkat, p->dirfd, p->va, s.va, 1) : -ENOMEM;

    return r > 0 ? 0 : r;
}

/* A descriptor that is named by "" and is no link has the host say that there is nothing. */
static int64_t read_found(struct call *c, struct path *p, gva buf, uint64_t size)
{
    if (c->proc->execpath && path_is_own_program(c, p->str))
        return give_name(c, c->proc->execpath, buf, size);

    const bool    itself = !p->str[0] && p->ref.of;
    const int64_t r = read_link(c, p, buf, size);

    return r == -ENOENT && itself ? -EINVAL : r;
}

int64_t sys_readlinkat(struct call *c, int dirfd, gva path, gva buf, uint64_t size)
{
    struct path p;
    int64_t     r = size > INT64_MAX ? -EINVAL : path_resolve(c, dirfd, path, PATH_NOFOLLOW | PATH_EMPTY, &p);

    if (r)
        return r;
    r = read_found(c, &p, buf, size);
    path_put(c, &p);
    return r;
}

int64_t sys_readlink(struct call *c, gva path, gva buf, uint64_t size)
{
    return sys_readlinkat(c, PATH_CWD(c), path, buf, size);
}
