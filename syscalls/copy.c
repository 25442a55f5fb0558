#include "syscalls/copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "syscalls/fd.h"
#include "syscalls/file.h"

/* ---- copy_file_range ------------------------------------------------------------- */

/* One side: where its offset comes from and goes to. */
struct side {
    struct fdref   ref;
    gva            at;     /* the guest's own variable, or null: the open file's offset */
    bool           locked; /* the open file's offset is ours: its lock is held */
    struct scratch offset; /* what the host call takes; va 0: the host's own offset */
};

static int side_begin(struct call *c, struct side *s)
{
    s->offset = scratch_get(c, sizeof(int64_t));
    if (!s->offset.p)
        return -ENOMEM;
    if (s->at.va)
        return copy_in(c, s->offset.p, s->at, sizeof(int64_t));
    if (!file_own_offset(s->ref.of)) {
        s->offset.va = 0;
        return 0;
    }

    const int64_t at = file_offset_locked(c, &s->ref);

    *(int64_t *)s->offset.p = at;
    return at < 0 ? (int)at : 0;
}

static int side_end(struct call *c, struct side *s, int64_t start, int64_t moved)
{
    const int64_t at = start + moved;

    if (s->at.va)
        return put_long(c, s->at, at);
    if (s->locked)
        s->ref.of->offset = at;
    return 0;
}

static bool wants_lock(const struct side *s) { return !s->at.va && file_own_offset(s->ref.of); }

/* Two open files are locked in the order of their addresses; the same one once. */
static int lock_both(struct call *c, struct side *in, struct side *out)
{
    struct side *first = in->ref.of <= out->ref.of ? in : out, *second = first == in ? out : in;

    if (wants_lock(first)) {
        const int err = shlock_lock(c, &first->ref.of->lock);

        if (err)
            return err;
        first->locked = true;
    }
    if (wants_lock(second) && !(first->locked && first->ref.of == second->ref.of)) {
        const int err = shlock_lock(c, &second->ref.of->lock);

        if (err)
            return err;
        second->locked = true;
    }
    return 0;
}

static void side_put(struct call *c, struct side *s)
{
    if (s->locked)
        shlock_unlock(c, &s->ref.of->lock);
    fd_put(c, &s->ref);
}

#define PIECE      16384u
#define PIECES_MAX 64

static int64_t read_piece(struct call *c, const struct side *s, uint64_t va, uint64_t n, int64_t at)
{
    return host_call(c, s->offset.va ? SYS_pread64 : SYS_read, s->ref.hostfd, va, n, at);
}

static int64_t write_piece(struct call *c, const struct side *s, uint64_t va, int64_t n, int64_t at)
{
    return host_call(c, s->offset.va ? SYS_pwrite64 : SYS_write, s->ref.hostfd, va, n, at);
}

/* Where the offset is the host's, what was read and not written is given back. */
static void give_back(struct call *c, const struct side *s, int64_t n)
{
    if (!s->offset.va && n > 0)
        host_call(c, SYS_lseek, s->ref.hostfd, -n, SEEK_CUR);
}

/*
 * Between file systems of two types, where the host's call gives up: a piece at
 * a time, and at most so many a call.  An error after the first piece is found again by the next call.
 */
static int64_t copy_pieces(struct call *c, struct side *in, struct side *out, int64_t from, int64_t to, uint64_t len)
{
    const struct scratch s = scratch_get(c, PIECE);
    int64_t              done = 0;

    if (!s.p)
        return -ENOMEM;
    for (int i = 0; i < PIECES_MAX && len; i++) {
        const int64_t n = read_piece(c, in, s.va, len < PIECE ? len : PIECE, from + done);
        const int64_t r = n <= 0 ? n : write_piece(c, out, s.va, n, to + done);

        give_back(c, in, n - (r > 0 ? r : 0));
        if (r <= 0)
            return done ? done : r;
        done += r;
        len -= (uint64_t)r;
        if (r < n)
            break;
    }
    return done;
}

static int64_t copy_range(struct call *c, struct side *in, struct side *out, uint64_t len)
{
    int err = lock_both(c, in, out);

    if (!err)
        err = side_begin(c, in);
    if (!err)
        err = side_begin(c, out);
    if (err)
        return err;

    const int64_t from = *(int64_t *)in->offset.p, to = *(int64_t *)out->offset.p;
    int64_t       r =
        host_call(c, SYS_copy_file_range, in->ref.hostfd, in->offset.va, out->ref.hostfd, out->offset.va, len, 0);

    if (r == -EXDEV || r == -EOPNOTSUPP)
        r = copy_pieces(c, in, out, from, to, len);
    if (r <= 0)
        return r;
    err = side_end(c, in, from, r) ?: side_end(c, out, to, r);
    return err ? err : r;
}

/* flags: 0, or COPY_FILE_RANGE_CLONE (FreeBSD 15), which is a wish. */
int64_t sys_copy_file_range(struct call *c, int infd, gva inoff, int outfd, gva outoff, uint64_t len, unsigned flags)
{
    struct side in = {.at = inoff}, out = {.at = outoff};
    int64_t     r = flags & ~0x00800000u ? -EINVAL : fd_get(c, infd, &in.ref);

    if (r)
        return r;
    r = fd_get(c, outfd, &out.ref);
    if (!r) {
        r = copy_range(c, &in, &out, len > INT64_MAX ? INT64_MAX : len);
        side_put(c, &out);
    }
    side_put(c, &in);
    return r;
}

/* ---- sendfile ----------------------------------------------------------------------- */

/* sys/socket.h, struct sf_hdtr */
struct hdtr {
    uint64_t headers;
    int32_t  hdr_cnt, pad0;
    uint64_t trailers;
    int32_t  trl_cnt, pad1;
};

struct sending {
    int     from, to; /* host descriptors */
    int64_t sent;     /* bytes of all kinds */
    bool    no_disk;  /* SF_NODISKIO: only what is in memory */
};
#define SF_NODISKIO 1

static int64_t vector_length(struct call *c, uint64_t iov, int32_t count)
{
    int64_t total = 0;

    for (int32_t i = 0; i < count; i++) {
        struct iovec one;
        const int    err = copy_in(c, &one, GVA(iov + (uint64_t)i * sizeof(one)), sizeof(one));

        if (err)
            return err;
        total += (int64_t)one.iov_len;
    }
    return total;
}

/* A header that was cut short must not be followed by data: EAGAIN, as from a socket without room. */
static int64_t send_vector(struct call *c, struct sending *s, uint64_t iov, int32_t count)
{
    if (!iov || count <= 0)
        return 0;

    const int64_t want = vector_length(c, iov, count);

    if (want < 0)
        return want;

    const int64_t r = host_wait(c, SYS_writev, s->to, iov, count);

    if (r > 0)
        s->sent += r;
    return r < 0 ? r : r < want ? -EAGAIN : 0;
}

/* How many of the next bytes are in memory: at most `most`; 0 at the end; -EBUSY for none (sendfile(2)). */
static int64_t bytes_in_memory(struct call *c, const struct sending *s, int64_t offset, uint64_t most)
{
    const size_t         used = c->scratch_used, n = most < PIECE ? most : PIECE;
    const struct scratch buf = scratch_get(c, n), iov = scratch_get(c, sizeof(struct iovec));
    int64_t              r = -ENOMEM;

    if (buf.p && iov.p) {
        *(struct iovec *)iov.p = (struct iovec){(void *)buf.va, n};
        r = host_call(c, SYS_preadv2, s->from, iov.va, 1, offset, 0, RWF_NOWAIT);
    }
    c->scratch_used = used;
    return r == -EAGAIN ? -EBUSY : r == -EOPNOTSUPP ? (int64_t)n : r; /* a file system that cannot tell */
}

/* nbytes 0: to the end of the file (sendfile(2)). */
static int64_t send_data(struct call *c, struct sending *s, int64_t offset, uint64_t nbytes)
{
    const struct scratch at = scratch_get(c, sizeof(int64_t));
    uint64_t             left = nbytes ? nbytes : INT64_MAX;

    if (!at.p)
        return -ENOMEM;
    *(int64_t *)at.p = offset;
    while (left) {
        int64_t n = left > INT32_MAX ? INT32_MAX : (int64_t)left;

        if (s->no_disk)
            n = bytes_in_memory(c, s, *(volatile int64_t *)at.p, (uint64_t)n);

        const int64_t r = n <= 0 ? n : host_wait(c, SYS_sendfile, s->to, s->from, at.va, n);

        if (r <= 0)
            return r;
        s->sent += r;
        left -= (uint64_t)r;
    }
    return 0;
}

static int64_t send_all(struct call *c, struct sending *s, int64_t offset, uint64_t nbytes, gva hdtr)
{
    struct hdtr h = {0};
    int64_t     r = hdtr.va ? copy_in(c, &h, hdtr, sizeof(h)) : 0;

    if (!r)
        r = send_vector(c, s, h.headers, h.hdr_cnt);
    if (!r)
        r = send_data(c, s, offset, nbytes);
    if (!r)
        r = send_vector(c, s, h.trailers, h.trl_cnt);
    return r;
}

/*
 * *sbytes counts headers and trailers too, and is written when the call fails as
 * well.  What was sent before a signal must not be sent again: EINTR then.
 */
static int64_t send_result(struct call *c, const struct sending *s, gva sbytes, int64_t r)
{
    if (r == -ERESTART && s->sent)
        r = -EINTR;
    if (sbytes.va && r != -ERESTART && r != -ESRCH) {
        const int err = put_long(c, sbytes, s->sent);

        return err ? err : r;
    }
    return r;
}

int64_t sys_sendfile(struct call *c, int fd, int sock, int64_t offset, uint64_t nbytes, gva hdtr, gva sbytes, int flags)
{
    struct fdref from, to;
    int64_t      r = offset < 0 ? -EINVAL : fd_get(c, fd, &from);

    if (r)
        return r;
    r = fd_get(c, sock, &to);
    if (!r) {
        struct sending s = {from.hostfd, to.hostfd, 0, flags & SF_NODISKIO};

        r = to.of->kind == OF_SOCKET ? send_all(c, &s, offset, nbytes, hdtr) : -ENOTSOCK;
        r = send_result(c, &s, sbytes, r);
        fd_put(c, &to);
    }
    fd_put(c, &from);
    return r;
}

/* 4.x's: nbytes counts the headers too (uipc_syscalls.c, sendfile's compat). */
int64_t sys_freebsd4_sendfile(struct call *c, int fd, int sock, int64_t offset, uint64_t nbytes, gva hdtr, gva sbytes,
                              int flags)
{
    struct hdtr h = {0};
    int64_t     n = hdtr.va ? copy_in(c, &h, hdtr, sizeof(h)) : 0;

    if (!n && h.headers)
        n = vector_length(c, h.headers, h.hdr_cnt);
    if (n < 0)
        return n;
    return sys_sendfile(c, fd, sock, offset, nbytes > (uint64_t)n ? nbytes - (uint64_t)n : 0, hdtr, sbytes, flags);
}
