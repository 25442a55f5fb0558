/*
 * Reading, writing and seeking.
 *
 * A file that the guest opened has its offset here, and the host is asked by
 * positioned calls under the open file's lock: nobody sees a half-moved offset.
 * O_APPEND is the exception: only the host knows where the end was, so it
 * moves its own offset, and ours is fetched from there when somebody needs it.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/socket.h"
#include "syscalls/tty.h"

/* Into each of the few calls that use it: these are the ones that a program makes most. */
#define HOT __attribute__((always_inline))

/* One transfer: the host call that moves the host's offset, and the positioned one. */
struct transfer {
    long     plain, positioned;
    uint64_t where, count; /* buffer and bytes, or vector and entries */
    bool     write;
};

int64_t file_offset_locked(struct call *c, struct fdref *ref)
{
    if (ref->of->at_host) {
        const int64_t r = host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_CUR);

        if (r < 0)
            return r;
        ref->of->offset = r;
        ref->of->at_host = false;
    }
    return ref->of->offset;
}

/*
 * A transfer that would end beyond the greatest offset: the host refuses its arguments, FreeBSD's file systems find
 * the end of the file, or that it would be too big (ufs/ffs/ffs_vnops.c, ffs_read and ffs_write).
 */
static int64_t past_end(int64_t r, const struct transfer *t, const struct ofile *of, int64_t offset)
{
    if (r != -EINVAL || offset < INT64_MAX - INT32_MAX || of->kind != OF_FILE)
        return r;
    return t->write ? -EFBIG : 0;
}

/* By the host's own offset: an append, or a file that went to a program of the host while we waited for the lock. */
static int64_t transfer_at_host_locked(struct call *c, struct fdref *ref, const struct transfer *t)
{
    const int64_t r = host_call(c, t->plain, ref->hostfd, t->where, t->count);

    if (r > 0 && !ref->of->host_offset)
        ref->of->at_host = true;
    return r;
}

static inline HOT int64_t transfer_locked(struct call *c, struct fdref *ref, const struct transfer *t)
{
    if (ref->of->host_offset || (t->write && ref->of->flags & O_APPEND))
        return transfer_at_host_locked(c, ref, t);

    const int64_t offset = file_offset_locked(c, ref);

    if (offset < 0)
        return offset;

    const int64_t r = host_call(c, t->positioned, ref->hostfd, t->where, t->count, offset);

    if (r > 0)
        ref->of->offset = offset + r;
    return past_end(r, t, ref->of, offset);
}

/*
 * O_DIRECT is a hint in FreeBSD: what is not aligned goes through the buffers (ufs/ffs/ffs_rawread.c).  The host
 * refuses it, so after the first refusal the host's open file does without; ours keeps the flag for F_GETFL.
 */
static bool drop_direct(struct call *c, struct fdref *ref)
{
    const uint32_t flags = __atomic_load_n(&ref->of->flags, __ATOMIC_RELAXED);

    return flags & O_DIRECT &&
           host_call(c, SYS_fcntl, ref->hostfd, F_SETFL, flags & (O_APPEND | O_NONBLOCK | O_ASYNC)) == 0;
}

static int64_t transfer_file(struct call *c, struct fdref *ref, const struct transfer *t)
{
    int64_t r;

    if (fd_solo(c, ref->of))
        return transfer_locked(c, ref, t);
    r = shlock_lock(c, &ref->of->lock);
    if (r)
        return r;
    r = transfer_locked(c, ref, t);
    if (r == -EINVAL && drop_direct(c, ref))
        r = transfer_locked(c, ref, t);
    shlock_unlock(c, &ref->of->lock);
    return r;
}

/*
 * Nothing is read of nothing, whatever it is read from (sys_generic.c, dofileread); of a vector the host knows how long
 * it is.  Else EISDIR, which the host says only while its cookie is a small number.
 */
static int64_t transfer_dir(struct call *c, struct fdref *ref, const struct transfer *t)
{
    if (t->write)
        return -EBADF;
    if (t->positioned == SYS_pread64)
        return t->count ? -EISDIR : 0;
    return host_call(c, SYS_readv, ref->hostfd, t->where, t->count) == 0 ? 0 : -EISDIR;
}

static int64_t pipe_rest(struct call *c, struct fdref *ref, const struct transfer *t, int64_t r)
{
    const bool                 vector = t->plain == SYS_readv || t->plain == SYS_writev;
    const struct pipe_transfer rest = {t->where, t->count, vector, t->write};

    return pipe_finish(c, ref, &rest, r);
}

static inline HOT int64_t transfer(struct call *c, int fd, const struct transfer *t)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    if (ref.of->kind == OF_DIR)
        r = transfer_dir(c, &ref, t);
    else if (ofile_kind_is_object(ref.of->kind))
        r = -EOPNOTSUPP; /* sys_generic.c, invfo_rdwr */
    else if (file_own_offset(ref.of))
        r = transfer_file(c, &ref, t);
    else if (t->write && sock_write_quiet(ref.of))
        r = sock_write(c, &ref, t->where, t->count, t->plain == SYS_writev);
    else if (ref.of->kind == OF_CHAR)
        r = tty_wait(c, t->write ? SIGTTOU : SIGTTIN, t->plain, ref.hostfd, t->where, t->count);
    else
        r = host_wait(c, t->plain, ref.hostfd, t->where, t->count);
    if ((r == -EBADF || (r == 0 && t->write)) && ref.of->kind == OF_PIPE)
        r = pipe_rest(c, &ref, t, r);
    fd_put(c, &ref);
    return r;
}

/* FreeBSD refuses more than SSIZE_MAX (sys_generic.c, sys_read); the host would cut it. */
static bool too_long(uint64_t n) { return n > INT64_MAX; }

/* And more than UIO_MAXIOV parts, before it looks at the descriptor (copyinuio). */
static bool too_many(unsigned n) { return n > 1024; }

int64_t sys_read(struct call *c, int fd, gva buf, uint64_t n)
{
    const struct transfer t = {SYS_read, SYS_pread64, buf.va, n, false};

    return too_long(n) ? -EINVAL : transfer(c, fd, &t);
}

int64_t sys_write(struct call *c, int fd, gva buf, uint64_t n)
{
    const struct transfer t = {SYS_write, SYS_pwrite64, buf.va, n, true};

    return too_long(n) ? -EINVAL : transfer(c, fd, &t);
}

int64_t sys_readv(struct call *c, int fd, gva iov, unsigned n)
{
    const struct transfer t = {SYS_readv, SYS_preadv, iov.va, n, false};

    return too_many(n) ? -EINVAL : transfer(c, fd, &t);
}

int64_t sys_writev(struct call *c, int fd, gva iov, unsigned n)
{
    const struct transfer t = {SYS_writev, SYS_pwritev, iov.va, n, true};

    return too_many(n) ? -EINVAL : transfer(c, fd, &t);
}

/* In FreeBSD's order (sys_generic.c, kern_preadv): access, whether there are offsets at all, and then the offset. */
static int check_positioned(const struct ofile *of, bool write, int64_t offset)
{
    const bool no_offsets = of->kind == OF_PIPE || of->kind == OF_SOCKET || of->kind == OF_KQUEUE;

    if (!no_offsets && (offset >= 0 || of->kind == OF_CHAR))
        return 0;
    if ((of->flags & D_O_ACCMODE) == (write ? O_RDONLY : O_WRONLY) && !pipe_is_pair(of))
        return -EBADF;
    return no_offsets ? -ESPIPE : -EINVAL;
}

/* The offset plays no part; devices may block. */
static inline HOT int64_t positioned(struct call *c, int fd, const struct transfer *t, int64_t offset)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = check_positioned(ref.of, t->write, offset);
    if (!r && ref.of->kind == OF_DIR)
        r = transfer_dir(c, &ref, t);
    else if (!r)
        r = host_wait(c, t->positioned, ref.hostfd, t->where, t->count, offset);
    if (r == -EINVAL && offset >= 0 && drop_direct(c, &ref))
        r = host_wait(c, t->positioned, ref.hostfd, t->where, t->count, offset);
    r = past_end(r, t, ref.of, offset);
    fd_put(c, &ref);
    return r;
}

int64_t sys_pread(struct call *c, int fd, gva buf, uint64_t n, int64_t offset)
{
    const struct transfer t = {0, SYS_pread64, buf.va, n, false};

    return too_long(n) ? -EINVAL : positioned(c, fd, &t, offset);
}

int64_t sys_pwrite(struct call *c, int fd, gva buf, uint64_t n, int64_t offset)
{
    const struct transfer t = {0, SYS_pwrite64, buf.va, n, true};

    return too_long(n) ? -EINVAL : positioned(c, fd, &t, offset);
}

int64_t sys_preadv(struct call *c, int fd, gva iov, unsigned n, int64_t offset)
{
    const struct transfer t = {0, SYS_preadv, iov.va, n, false};

    return too_many(n) ? -EINVAL : positioned(c, fd, &t, offset);
}

int64_t sys_pwritev(struct call *c, int fd, gva iov, unsigned n, int64_t offset)
{
    const struct transfer t = {0, SYS_pwritev, iov.va, n, true};

    return too_many(n) ? -EINVAL : positioned(c, fd, &t, offset);
}

/* ---- lseek ---------------------------------------------------------------------- */

/* SEEK_CUR and SEEK_END: base + offset, with the errors of vfs_vnops.c vn_seek. */
static int64_t add_offset(int64_t base, int64_t offset)
{
    int64_t sum;

    if (base < 0)
        return base;
    if (__builtin_add_overflow(base, offset, &sum))
        return -EOVERFLOW;
    return sum < 0 ? -EINVAL : sum;
}

static int64_t seek_target(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    switch (whence) {
    case SEEK_SET: return offset < 0 ? -EINVAL : offset;
    case SEEK_CUR: return add_offset(file_offset_locked(c, ref), offset);
    case SEEK_END: return add_offset(host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_END), offset);
    default: /* holes and data: the host knows */ return host_call(c, SYS_lseek, ref->hostfd, offset, whence);
    }
}

static int64_t seek_locked(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    if (ref->of->host_offset) /* since we waited for the lock */
        return host_call(c, SYS_lseek, ref->hostfd, offset, whence);

    /* SEEK_END and the like move the host's offset, which an append may have left as the only true one. */
    const int64_t have = whence > SEEK_CUR ? file_offset_locked(c, ref) : 0;
    const int64_t to = have < 0 ? have : seek_target(c, ref, offset, whence);

    if (to >= 0) {
        ref->of->offset = to;
        ref->of->at_host = false;
    }
    return to;
}

static int64_t seek_file(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    int64_t r;

    if (fd_solo(c, ref->of))
        return seek_locked(c, ref, offset, whence);
    r = shlock_lock(c, &ref->of->lock);
    if (r)
        return r;
    r = seek_locked(c, ref, offset, whence);
    shlock_unlock(c, &ref->of->lock);
    return r;
}

/* A directory's offset is the host's cookie; a copy is kept for getdirentries.  It has no holes (vn_bmap_seekhole). */
static int64_t seek_dir(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    if (whence > SEEK_END)
        return -ENOTTY;

    const int err = shlock_lock(c, &ref->of->lock);

    if (err)
        return err;

    const int64_t to = host_call(c, SYS_lseek, ref->hostfd, offset, whence);

    if (to >= 0)
        ref->of->offset = to;
    shlock_unlock(c, &ref->of->lock);
    return to;
}

static int64_t file_size(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(struct stat));
    const int64_t        r = s.p ? host_call(c, SYS_fstat, ref->hostfd, s.va) : -ENOMEM;

    return r ? r : ((struct stat *)s.p)->st_size;
}

/* The host's own offset: only the error beyond the greatest offset is another one here. */
static int64_t seek_host(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    const int64_t r = host_call(c, SYS_lseek, ref->hostfd, offset, whence);

    if (r != -EINVAL || offset <= 0 || (whence != SEEK_CUR && whence != SEEK_END) || ref->of->kind != OF_FILE)
        return r;

    const int64_t base = host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_CUR), size = file_size(c, ref);
    const int64_t from = whence == SEEK_CUR ? base : size;

    return from > INT64_MAX - offset ? -EOVERFLOW : r;
}

int64_t sys_lseek(struct call *c, int fd, int64_t offset, int64_t whence)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    if (file_own_offset(ref.of))
        r = seek_file(c, &ref, offset, whence);
    else if (ref.of->kind == OF_DIR)
        r = seek_dir(c, &ref, offset, whence);
    else if (ofile_kind_is_object(ref.of->kind) || ref.of->kind == OF_PIPE || ref.of->kind == OF_SOCKET)
        r = -ESPIPE; /* before a wrong whence is found */
    else
        r = seek_host(c, &ref, offset, whence);
    fd_put(c, &ref);
    return r;
}
