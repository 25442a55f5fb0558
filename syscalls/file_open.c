/*
 * open and openat.  Facts about FreeBSD are from sys/kern/vfs_syscalls.c (kern_openat, openatfp) and
 * vfs_vnops.c (vn_open).
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/file.h"
#include "syscalls/path.h"
#include "syscalls/pipe.h"
#include "syscalls/proc.h"

/* What of the flags stays with the open file (FreeBSD's FMASK). */
#define KEPT_FLAGS (D_O_ACCMODE | O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_SYNC | O_DSYNC | O_PATH)
#define LOCK_FLAGS (D_O_SHLOCK | D_O_EXLOCK)
/* Refused; O_CREAT with O_DIRECTORY alone means nothing (vn_open_cred). */
#define NEW_DIRECTORY (O_CREAT | O_EXCL | O_DIRECTORY)

static bool only_path(uint64_t flags) { return flags & (O_PATH | D_O_EXEC); }

/* For O_PATH any access mode but O_EXEC means nothing, nor does O_CREAT; a directory is never made here. */
static uint64_t effective_flags(uint64_t flags)
{
    if (flags & O_PATH)
        flags &= ~(uint64_t)(D_O_ACCMODE | O_CREAT | O_TRUNC);
    if ((flags & (O_CREAT | O_EXCL | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        flags &= ~(uint64_t)O_CREAT;
    return flags;
}

static int check_flags(uint64_t flags)
{
    if (flags & O_CREAT && flags & (O_DIRECTORY | D_O_EMPTY_PATH))
        return -EINVAL;
    if (only_path(flags))
        return flags & D_O_ACCMODE ? -EINVAL : 0;
    if ((flags & D_O_ACCMODE) == D_O_ACCMODE || (flags & LOCK_FLAGS) == LOCK_FLAGS)
        return -EINVAL;
    return (flags & NEW_DIRECTORY) == NEW_DIRECTORY ? -EINVAL : 0;
}

/*
 * FreeBSD never makes a terminal the controlling one here (TIOCSCTTY does), so
 * O_NOCTTY is always set.  With a lock the file is cut only after it is locked.
 */
static uint64_t host_flags(uint64_t flags)
{
    uint64_t host = (flags & 0xffffffff & ~(uint64_t)(O_ASYNC | O_CLOEXEC)) | O_NOCTTY;

    if (only_path(flags))
        return O_PATH | (host & (O_DIRECTORY | O_NOFOLLOW));
    if (host & O_DIRECTORY)
        host &= ~(uint64_t)O_CREAT;
    return flags & LOCK_FLAGS ? host & ~(uint64_t)O_TRUNC : host;
}

static unsigned open_how(uint64_t flags)
{
    return (flags & D_O_RESOLVE_BENEATH ? PATH_BENEATH : 0) | (flags & D_O_EMPTY_PATH ? PATH_EMPTY : 0);
}

/* The mode of what the path names, or -errno. */
static int64_t find_mode(struct call *c, int dirfd, gva path, unsigned how)
{
    struct path          p;
    const struct scratch s = scratch_get(c, sizeof(struct stat));
    int64_t              r = s.p ? path_resolve(c, dirfd, path, how, &p) : -ENOMEM;

    if (r)
        return r;
    r = host_call(c, SYS_newfstatat, p.dirfd, p.va, s.va, how & PATH_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
    path_put(c, &p);
    return r < 0 ? r : ((struct stat *)s.p)->st_mode;
}

/* The same, not following; 0 when it cannot be found out. */
static uint32_t mode_of(struct call *c, int dirfd, gva path, unsigned how)
{
    const int64_t mode = find_mode(c, dirfd, path, how | PATH_NOFOLLOW);

    return mode < 0 ? 0 : (uint32_t)mode;
}

/*
 * The host says EISDIR of each name with a slash that is to be made.  Here it is looked up first: it must be a
 * directory (ENOTDIR), and only those that are made as one may have a slash (ENOENT; vfs_lookup.c).
 */
static int64_t create_error(struct call *c, int dirfd, gva path, uint64_t flags)
{
    const int64_t mode = find_mode(c, dirfd, path, open_how(flags));

    return mode < 0 ? mode : flags & O_EXCL ? -EEXIST : -EISDIR;
}

/* Where FreeBSD has another error than the host: EMLINK for a link under O_NOFOLLOW, EOPNOTSUPP for a socket. */
static int64_t open_error(struct call *c, int dirfd, gva path, uint64_t flags, int64_t err)
{
    if ((err == -ELOOP || err == -ENOTDIR) && flags & O_NOFOLLOW && S_ISLNK(mode_of(c, dirfd, path, open_how(flags))))
        return -EMLINK;
    if (err == -ENXIO && S_ISSOCK(mode_of(c, dirfd, path, open_how(flags))))
        return -EOPNOTSUPP;
    return err == -EISDIR && flags & O_CREAT ? create_error(c, dirfd, path, flags) : err;
}

static int64_t open_at_host(struct call *c, int dirfd, gva path, uint64_t flags, uint32_t mode, struct fdref *same)
{
    const uint64_t host = host_flags(flags);
    int64_t        r = path_open_or_ref(c, dirfd, path, host, mode & 06777, open_how(flags), same);

    /* FreeBSD takes O_DIRECT for a hint; some host file systems refuse it. */
    if (r == -EINVAL && host & O_DIRECT)
        r = path_open_or_ref(c, dirfd, path, host & ~(uint64_t)O_DIRECT, mode & 06777, open_how(flags), same);
    return r < 0 ? open_error(c, dirfd, path, flags, r) : r;
}

/* O_EXEC wants the right to execute (search), which O_PATH alone does not ask for. */
static int64_t check_exec(struct call *c, int hostfd)
{
    const struct scratch s = scratch_get(c, 1);

    if (!s.p)
        return -ENOMEM;
    *(char *)s.p = 0;
    return host_call(c, SYS_faccessat2, hostfd, s.va, X_OK, AT_EMPTY_PATH | AT_EACCESS);
}

static int64_t take_lock(struct call *c, int hostfd, uint64_t flags)
{
    const int how = (flags & D_O_EXLOCK ? LOCK_EX : LOCK_SH) | (flags & O_NONBLOCK ? LOCK_NB : 0);
    int64_t   r = host_wait(c, SYS_flock, hostfd, how);

    if (!r && flags & O_TRUNC)
        r = host_call(c, SYS_ftruncate, hostfd, 0);
    return r;
}

static enum ofile_kind open_kind(uint64_t flags)
{
    if (only_path(flags))
        return OF_OTHER;
    if (flags & O_DIRECTORY)
        return OF_DIR;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return OF_FILE;
    return OF_UNSEEN;
}

/* What is left to do with the host descriptor before it is the guest's. */
static int64_t open_finish(struct call *c, int hostfd, uint64_t flags)
{
    int64_t r = 0;

    if (flags & D_O_EXEC)
        r = check_exec(c, hostfd);
    if (!r && flags & LOCK_FLAGS)
        r = take_lock(c, hostfd, flags);
    return r;
}

/* /dev/fd/N: the open file itself once more, if it allows what is asked (fdescfs, kern_descrip.c dupfdopen). */
static int64_t open_dev_fd(struct call *c, struct fdref *ref, uint64_t flags)
{
    const uint32_t have = pipe_is_pair(ref->of) ? O_RDWR : ref->of->flags & D_O_ACCMODE, want = flags & D_O_ACCMODE;
    const int      fd = ref->fd;

    fd_put(c, ref);
    if (have != O_RDWR && want != have)
        return -EACCES;
    return fd_dup(c, fd, 0, (flags & O_CLOEXEC ? FD_SLOT_CLOEXEC : 0) | (flags & D_O_CLOFORK ? FD_SLOT_CLOFORK : 0));
}

int64_t sys_openat(struct call *c, int dirfd, gva path, uint64_t given, uint32_t mode)
{
    const uint64_t flags = effective_flags(given);
    int64_t        r = check_flags(flags);

    if (r)
        return r;

    struct fdref  same = {0};
    const int64_t hostfd = open_at_host(c, dirfd, path, flags, mode, &same);

    if (hostfd < 0)
        return hostfd;
    if (same.of)
        return open_dev_fd(c, &same, flags);

    c->scratch_used = 0; /* the path is done with */
    r = open_finish(c, (int)hostfd, flags);
    if (r < 0) {
        host_call(c, SYS_close, hostfd);
        return r;
    }

    const struct fd_new n = {
        .hostfd = (int)hostfd,
        .kind = open_kind(flags),
        .flags = (uint32_t)(flags & KEPT_FLAGS) | (flags & D_O_EXEC ? OFLAG_EXEC : 0),
        .cloexec = flags & O_CLOEXEC,
        .clofork = flags & D_O_CLOFORK,
    };

    return fd_install(c, &n, 0);
}

int64_t sys_open(struct call *c, gva path, uint64_t flags, uint32_t mode)
{
    return sys_openat(c, PATH_CWD(c), path, flags, mode);
}

int64_t sys_close(struct call *c, int fd) { return fd_close(c, fd); }

/* A negative number means 0 (kern_descrip.c, freebsd12_closefrom). */
int64_t sys_freebsd12_closefrom(struct call *c, int low)
{
    return fd_close_range(c, low < 0 ? 0 : (unsigned)low, ~0u, 0);
}

int64_t sys_close_range(struct call *c, unsigned low, unsigned high, uint64_t flags)
{
    if (high < low)
        return -EINVAL;
    return fd_close_range(c, low, high,
                          (flags & CLOSE_RANGE_CLOEXEC ? FD_SLOT_CLOEXEC : 0) |
                              (flags & D_CLOSE_RANGE_CLOFORK ? FD_SLOT_CLOFORK : 0));
}
