/*
 * rules.h: calls as FreeBSD makes them.  Where Linux differs by design, its build follows FreeBSD's rule, so that what
 * both builds report is what FreeBSD does.  Sources: FreeBSD's sys/kern, by file and function.
 */
#ifndef SAMPLE_MODEL_RULES_H
#define SAMPLE_MODEL_RULES_H

#include "sample.h"

/* uipc_syscalls.c, sys_generic.c (copyinuio): refused before the descriptor is looked at. */
static inline bool rule_bad_count(long n) { return n < 0; }
static inline bool rule_bad_vector(int n) { return (unsigned)n > 1024; } /* UIO_MAXIOV */

static inline bool rule_is(int fd, unsigned format)
{
    struct os_stat st;

    return os_fstat(fd, &st) == 0 && (st.mode & 0170000) == format;
}

static inline bool rule_is_dir(int fd) { return rule_is(fd, 0040000); }
static inline bool rule_is_file(int fd) { return rule_is(fd, 0100000); }

#ifdef GUEST_FREEBSD

#define fb_open    os_open
#define fb_openat  os_openat
#define fb_dup2    os_dup2
#define fb_lseek   os_lseek
#define fb_read    os_read
#define fb_write   os_write
#define fb_readv   os_readv
#define fb_writev  os_writev
#define fb_pread   os_pread
#define fb_pwrite  os_pwrite
#define fb_preadv  os_preadv
#define fb_pwritev os_pwritev
#define fb_fstat   os_fstat
#define fb_unlink  os_unlink
#define fb_link    os_link
#define fb_sendmsg os_sendmsg
#define fb_recvmsg os_recvmsg
static inline long fb_getfl(int fd) { return os_fcntl(fd, F_GETFL, 0); }
#define MSG_CMSG_CLOEXEC 0x40000
static inline long fb_dupfd(int fd, long from, bool exec)
{
    return os_fcntl(fd, exec ? F_DUPFD_CLOEXEC : F_DUPFD, from);
}
static inline long fb_dup2fd(int fd, long to, bool exec)
{
    return os_fcntl(fd, exec ? F_DUP2FD_CLOEXEC : F_DUP2FD, to);
}
static inline long fb_devfd(int fd, int flags)
{
    char path[32];

    print_into(path, sizeof(path), "/dev/fd/%d", fd);
    return os_open(path, flags, 0);
}

#else

#define MSG_CMSG_CLOEXEC 0x40000000

/* back.c: a pipe's other direction; whether nobody is at the other end; what could be read at the end that writes. */
long back_transfer(int fd, const struct os_iovec *v, int n, bool write);
bool back_broken(int fd);
long back_level(int fd);

static inline bool rule_is_pair(int fd)
{
    struct os_stat st;

    return os_fstat(fd, &st) == 0 && st.mode == 0010600;
}

/* sys_pipe.c, kern_pipe: both ends are open for both. */
static inline long fb_getfl(int fd)
{
    const long fl = os_fcntl(fd, F_GETFL, 0);

    return fl >= 0 && rule_is_pair(fd) ? (fl & ~3l) | O_RDWR : fl;
}

static inline bool rule_is_back(int fd, bool write)
{
    const long fl = os_fcntl(fd, F_GETFL, 0);

    return fl >= 0 && (fl & 3) == (write ? O_RDONLY : O_WRONLY) && rule_is_pair(fd);
}

/* sys_pipe.c, pipe_write: a reader is looked for even for a write of nothing. */
static inline long rule_wrote(int fd, long r) { return r == 0 && back_broken(fd) ? -EPIPE : r; }

static inline bool rule_is_open(int fd) { return os_fcntl(fd, F_GETFD, 0) >= 0; }

static inline uint64_t rule_limit(uint64_t now)
{
    uint64_t rl[2];
    uint64_t was;

    os_getrlimit(OS_RLIMIT_NOFILE, rl);
    was = rl[0];
    rl[0] = now;
    os_setrlimit(OS_RLIMIT_NOFILE, rl);
    return was;
}

/*
 * vfs_vnops.c, vn_open_cred and vn_open_vnode: O_CREAT means nothing with O_DIRECTORY, and is refused with O_EXCL
 * besides; a symbolic link that is not followed is EMLINK.  vfs_syscalls.c, openatfp: access mode 3 is refused, and a
 * descriptor is looked for only after the file is open, so a full table leaves a new file behind.
 */
static inline long fb_openat(int dir, const char *path, int flags, int mode)
{
    struct os_stat st;
    long           r;

    if ((flags & 3) == 3 || ((flags & O_CREAT) && (flags & O_EXCL) && (flags & O_DIRECTORY)))
        return -EINVAL;
    if (flags & O_DIRECTORY)
        flags &= ~O_CREAT;
    if ((flags & O_NOFOLLOW) && !(flags & O_EXCL) && OS_CALL(262, dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (st.mode & 0170000) == 0120000)
        return -EMLINK;
    r = os_openat(dir, path, flags, mode);
    if (r == -EMFILE) {
        const uint64_t was = rule_limit(2048);

        r = os_openat(dir, path, flags, mode);
        rule_limit(was);
        if (r >= 0) {
            os_close((int)r);
            return -EMFILE;
        }
    }
    return r;
}

static inline long fb_open(const char *path, int flags, int mode) { return fb_openat(AT_FDCWD, path, flags, mode); }

/* kern_descrip.c, dupfdopen: a duplicate, if what is asked for is a part of what the open file allows. */
static inline long fb_devfd(int fd, int flags)
{
    const long have = fb_getfl(fd);

    if ((flags & 3) == 3)
        return -EINVAL;
    if (have < 0)
        return have;
    if ((have & 3) != O_RDWR && (have & 3) != (flags & 3))
        return -EACCES;
    return os_fcntl(fd, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

/* kern_descrip.c, kern_dup: the number that is wanted is looked at before the descriptor. */
static inline long rule_dup(int fd, long to, long bad)
{
    uint64_t rl[2];

    os_getrlimit(OS_RLIMIT_NOFILE, rl);
    if (fd < 0)
        return -EBADF;
    return to < 0 || (uint64_t)to >= rl[0] ? bad : 0;
}

static inline long fb_dupfd(int fd, long from, bool exec)
{
    return rule_dup(fd, (int)from, -EINVAL) ?: os_fcntl(fd, exec ? F_DUPFD_CLOEXEC : F_DUPFD, from);
}

static inline long fb_dup2(int fd, int to) { return rule_dup(fd, to, -EBADF) ?: os_dup2(fd, to); }

static inline long fb_dup2fd(int fd, long to, bool exec)
{
    const long r = rule_dup(fd, (int)to, -EBADF);

    if (r || !exec)
        return r ?: os_dup2(fd, (int)to);
    if (fd == to)
        return os_fcntl(fd, F_SETFD, FD_CLOEXEC) ?: to;
    return os_dup3(fd, (int)to, O_CLOEXEC);
}

/* sys_generic.c: counts are looked at before the descriptor, and nothing is read of nothing, even of a directory. */
/* Linux says EINVAL for EISDIR while a directory's offset is a great number. */
static inline long rule_dir(int fd, long r, long n)
{
    if (r == -EINVAL && n >= 0 && rule_is_dir(fd))
        r = -EISDIR;
    return r == -EISDIR && n == 0 ? 0 : r;
}
static inline long fb_read(int fd, void *buf, long n)
{
    const struct os_iovec v = {buf, (size_t)n};

    if (n >= 0 && rule_is_back(fd, false))
        return back_transfer(fd, &v, 1, false);
    return n < 0 ? -EINVAL : rule_dir(fd, os_read(fd, buf, (size_t)n), n);
}
static inline long fb_write(int fd, const void *buf, long n)
{
    const struct os_iovec v = {(void *)(uintptr_t)buf, (size_t)n};

    if (n >= 0 && rule_is_back(fd, true))
        return back_transfer(fd, &v, 1, true);
    return n < 0 ? -EINVAL : rule_wrote(fd, os_write(fd, buf, (size_t)n));
}
static inline long fb_readv(int fd, const struct os_iovec *v, int n)
{
    if (!rule_bad_vector(n) && rule_is_back(fd, false))
        return back_transfer(fd, v, n, false);
    return rule_bad_vector(n) ? -EINVAL : rule_dir(fd, os_readv(fd, v, n), 1);
}
static inline long fb_writev(int fd, const struct os_iovec *v, int n)
{
    if (!rule_bad_vector(n) && rule_is_back(fd, true))
        return back_transfer(fd, v, n, true);
    return rule_bad_vector(n) ? -EINVAL : rule_wrote(fd, os_writev(fd, v, n));
}

/*
 * sys_generic.c, kern_preadv and kern_pwritev: count, descriptor and its access, ESPIPE, and only then the offset.  A
 * read that would end beyond the greatest offset finds the end of the file; such a write is too big for it (ufs).
 */
static inline long rule_at(int fd, int64_t at, bool write)
{
    const long fl = fb_getfl(fd);

    if (fl < 0 || (fl & 3) == (write ? O_RDONLY : O_WRONLY))
        return -EBADF;
    if (os_lseek(fd, 0, SEEK_CUR) == -ESPIPE)
        return -ESPIPE;
    return at < 0 ? -EINVAL : 0;
}

static inline long rule_end(int fd, long r, int64_t at, bool write)
{
    if (r != -EINVAL || at < INT64_MAX - (1ll << 31) || !rule_is_file(fd))
        return r;
    return write ? -EFBIG : 0;
}

static inline long fb_pread(int fd, void *buf, long n, int64_t at)
{
    const long r = n < 0 ? -EINVAL : rule_at(fd, at, false);

    return r ?: rule_dir(fd, rule_end(fd, os_pread(fd, buf, (size_t)n, at), at, false), n);
}

static inline long fb_pwrite(int fd, const void *buf, long n, int64_t at)
{
    return n < 0 ? -EINVAL : rule_at(fd, at, true) ?: rule_end(fd, os_pwrite(fd, buf, (size_t)n, at), at, true);
}

static inline long fb_preadv(int fd, const struct os_iovec *v, int n, int64_t at)
{
    const long r = rule_bad_vector(n) ? -EINVAL : rule_at(fd, at, false);

    return r ?: rule_dir(fd, rule_end(fd, os_preadv(fd, v, n, at), at, false), 1);
}

static inline long fb_pwritev(int fd, const struct os_iovec *v, int n, int64_t at)
{
    return rule_bad_vector(n) ? -EINVAL : rule_at(fd, at, true) ?: rule_end(fd, os_pwritev(fd, v, n, at), at, true);
}

/*
 * vfs_syscalls.c, kern_lseek: what has no offset says so before anything else.  vfs_vnops.c, vn_seek: EOVERFLOW beyond
 * the greatest offset; a directory has no holes (vn_bmap_seekhole: ENOTTY).
 */
static inline long fb_lseek(int fd, int64_t off, int whence)
{
    const long     at = os_lseek(fd, 0, SEEK_CUR);
    struct os_stat st;

    if (at < 0)
        return at;
    os_fstat(fd, &st);
    if ((st.mode & 0170000) == 0040000 && (whence == SEEK_DATA || whence == SEEK_HOLE))
        return -ENOTTY;
    if (off > 0 && ((whence == SEEK_CUR && at > INT64_MAX - off) || (whence == SEEK_END && st.size > INT64_MAX - off)))
        return -EOVERFLOW;
    return os_lseek(fd, off, whence);
}

/*
 * sys_pipe.c, pipe_stat: a pipe without a name (Linux says 0600, our FIFO is 0644) has no permissions and no links,
 * and the size is what could be read at that end.
 */
static inline long fb_fstat(int fd, struct os_stat *st)
{
    const long r = os_fstat(fd, st);
    int        n = 0;

    if (r || st->mode != 0010600)
        return r;
    if ((os_fcntl(fd, F_GETFL, 0) & 3) != O_WRONLY)
        os_fionread(fd, &n);
    else
        n = (int)back_level(fd);
    st->mode = 0010000;
    st->nlink = 0;
    st->size = n;
    return r;
}

/* vfs_syscalls.c, kern_funlinkat: EPERM for a directory; kern_linkat of link(2) follows. */
static inline long fb_unlink(const char *path)
{
    const long r = os_unlink(path);

    return r == -EISDIR ? -EPERM : r;
}

static inline long fb_link(const char *from, const char *to)
{
    return OS_CALL(265, AT_FDCWD, from, AT_FDCWD, to, 0x400);
}

/* Linux counts descriptors in flight against RLIMIT_NOFILE (ETOOMANYREFS); uipc_usrreq.c, unp_internalize, does not. */
static inline long fb_sendmsg(int fd, const struct os_msghdr *m, int flags)
{
    const uint64_t was = rule_limit(20000);
    const long     r = os_sendmsg(fd, m, flags);

    rule_limit(was);
    return r;
}

/* uipc_usrreq.c, unp_externalize: EMSGSIZE when the table has no room for what came (Linux: MSG_CTRUNC). */
static inline long fb_recvmsg(int fd, struct os_msghdr *m, int flags)
{
    const bool room = m->controllen != 0;
    const long r = os_recvmsg(fd, m, flags);

    return r >= 0 && room && m->flags & 8 ? -EMSGSIZE : r;
}

#endif
#endif
