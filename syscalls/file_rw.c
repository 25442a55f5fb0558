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
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/file.h"
#include "syscalls/socket.h"

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

static int64_t append_locked(struct call *c, struct fdref *ref, const struct transfer *t)
{
    const int64_t r = host_call(c, t->plain, ref->hostfd, t->where, t->count);

    if (r > 0)
        ref->of->at_host = true;
    return r;
}

static int64_t transfer_locked(struct call *c, struct fdref *ref, const struct transfer *t)
{
    if (t->write && ref->of->flags & O_APPEND)
        return append_locked(c, ref, t);

    const int64_t offset = file_offset_locked(c, ref);

    if (offset < 0)
        return offset;

    const int64_t r = host_call(c, t->positioned, ref->hostfd, t->where, t->count, offset);

    if (r > 0)
        ref->of->offset = offset + r;
    return r;
}

static int64_t transfer_file(struct call *c, struct fdref *ref, const struct transfer *t)
{
    int64_t r = shlock_lock(c, &ref->of->lock);

    if (r)
        return r;
    r = transfer_locked(c, ref, t);
    shlock_unlock(c, &ref->of->lock);
    return r;
}

static int64_t transfer(struct call *c, int fd, const struct transfer *t)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    if (ref.of->kind == OF_DIR) /* the host says so only while its cookie is a small number */
        r = t->write ? -EBADF : -EISDIR;
    else if (file_own_offset(ref.of))
        r = transfer_file(c, &ref, t);
    else if (t->write && sock_write_quiet(ref.of))
        r = sock_write(c, &ref, t->where, t->count, t->plain == SYS_writev);
    else
        r = host_wait(c, t->plain, ref.hostfd, t->where, t->count);
    fd_put(c, &ref);
    return r;
}

/* FreeBSD refuses more than SSIZE_MAX (sys_generic.c, sys_read); the host would cut it. */
static bool too_long(uint64_t n)
{
    return n > INT64_MAX;
}

int64_t sys_read(struct call *c, int fd, gva buf, uint64_t n)
{
    const struct transfer t = { SYS_read, SYS_pread64, buf.va, n, false };

    return too_long(n) ? -EINVAL : transfer(c, fd, &t);
}

int64_t sys_write(struct call *c, int fd, gva buf, uint64_t n)
{
    const struct transfer t = { SYS_write, SYS_pwrite64, buf.va, n, true };

    return too_long(n) ? -EINVAL : transfer(c, fd, &t);
}

int64_t sys_readv(struct call *c, int fd, gva iov, unsigned n)
{
    const struct transfer t = { SYS_readv, SYS_preadv, iov.va, n, false };

    return transfer(c, fd, &t);
}

int64_t sys_writev(struct call *c, int fd, gva iov, unsigned n)
{
    const struct transfer t = { SYS_writev, SYS_pwritev, iov.va, n, true };

    return transfer(c, fd, &t);
}

/* The offset plays no part; devices may block. */
static int64_t positioned(struct call *c, int fd, long nr, uint64_t where, uint64_t count, int64_t offset)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = host_wait(c, nr, ref.hostfd, where, count, offset);
    fd_put(c, &ref);
    return r;
}

int64_t sys_pread(struct call *c, int fd, gva buf, uint64_t n, int64_t offset)
{
    return too_long(n) ? -EINVAL : positioned(c, fd, SYS_pread64, buf.va, n, offset);
}

int64_t sys_pwrite(struct call *c, int fd, gva buf, uint64_t n, int64_t offset)
{
    return too_long(n) ? -EINVAL : positioned(c, fd, SYS_pwrite64, buf.va, n, offset);
}

int64_t sys_preadv(struct call *c, int fd, gva iov, unsigned n, int64_t offset)
{
    return positioned(c, fd, SYS_preadv, iov.va, n, offset);
}

int64_t sys_pwritev(struct call *c, int fd, gva iov, unsigned n, int64_t offset)
{
    return positioned(c, fd, SYS_pwritev, iov.va, n, offset);
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
    case SEEK_SET:
        return offset < 0 ? -EINVAL : offset;
    case SEEK_CUR:
        return add_offset(file_offset_locked(c, ref), offset);
    case SEEK_END:
        return add_offset(host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_END), offset);
    default: /* holes and data: the host knows */
        return host_call(c, SYS_lseek, ref->hostfd, offset, whence);
    }
}

static int64_t seek_file(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    const int err = shlock_lock(c, &ref->of->lock);

    if (err)
        return err;

    /* SEEK_END and the like move the host's offset, which an append may have left as the only true one. */
    const int64_t have = whence > SEEK_CUR ? file_offset_locked(c, ref) : 0;
    const int64_t to = have < 0 ? have : seek_target(c, ref, offset, whence);

    if (to >= 0) {
        ref->of->offset = to;
        ref->of->at_host = false;
    }
    shlock_unlock(c, &ref->of->lock);
    return to;
}

/* A directory's offset is the host's cookie; a copy is kept for getdirentries. */
static int64_t seek_dir(struct call *c, struct fdref *ref, int64_t offset, int64_t whence)
{
    const int err = shlock_lock(c, &ref->of->lock);

    if (err)
        return err;

    const int64_t to = host_call(c, SYS_lseek, ref->hostfd, offset, whence);

    if (to >= 0)
        ref->of->offset = to;
    shlock_unlock(c, &ref->of->lock);
    return to;
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
    else if (ref.of->kind == OF_KQUEUE)
        r = -ESPIPE;
    else
        r = host_call(c, SYS_lseek, ref.hostfd, offset, whence);
    fd_put(c, &ref);
    return r;
}
