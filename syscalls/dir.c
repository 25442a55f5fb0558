/*
 * Reading directories.  The host's d_off cookies are the guest's; the host's own
 * offset is where the next read goes on, and of->offset follows it.
 */
#include "syscalls/dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/fd.h"
#include "syscalls/file.h"

#ifdef DRAGOMAN_GATE
#define HOST_BATCH 8192u /* both forms are in the scratch area */
#else
#define HOST_BATCH 16384u
#endif
#define GUEST_BATCH (HOST_BATCH / 3 * 4 + 512)

struct host_dirent {
    uint64_t ino;
    int64_t  off;
    uint16_t reclen;
    uint8_t  type;
    char     name[];
};
#define HOST_HEADER 19

/* One guest's form of an entry: bytes it takes, and how it is written.  DT_* are the same everywhere. */
struct dirent_form {
    size_t (*size)(size_t namlen);
    void (*write)(uint8_t *at, const struct host_dirent *d, size_t namlen, size_t size);
};

static size_t size_12(size_t namlen) { return (24 + namlen + 1 + 7) & ~(size_t)7; }

static void write_12(uint8_t *at, const struct host_dirent *d, size_t namlen, size_t size)
{
    const uint16_t reclen = (uint16_t)size, len = (uint16_t)namlen;

    memset(at, 0, size);
    memcpy(at, &d->ino, 8);
    memcpy(at + 8, &d->off, 8);
    memcpy(at + 16, &reclen, 2);
    at[18] = d->type;
    memcpy(at + 20, &len, 2);
    memcpy(at + 24, d->name, namlen);
}

static size_t size_11(size_t namlen) { return (8 + namlen + 1 + 3) & ~(size_t)3; }

static void write_11(uint8_t *at, const struct host_dirent *d, size_t namlen, size_t size)
{
    const uint32_t ino = (uint32_t)d->ino;
    const uint16_t reclen = (uint16_t)size;

    memset(at, 0, size);
    memcpy(at, &ino, 4);
    memcpy(at + 4, &reclen, 2);
    at[6] = d->type;
    at[7] = (uint8_t)namlen;
    memcpy(at + 8, d->name, namlen);
}

static const struct dirent_form form_12 = {size_12, write_12}, form_11 = {size_11, write_11};

/* ---- conversion ------------------------------------------------------------------- */

struct conversion {
    const uint8_t *src;
    size_t         src_len;
    uint8_t       *dst;
    uint8_t       *room; /* what holds both, where they are not in scratch memory */
    size_t         dst_size, dst_len;
    int64_t        last; /* cookie after the last entry that was taken */
    bool           all;  /* everything was taken */
};

/* The host's data came through memory that the guest can write. */
static bool entry_ok(const struct host_dirent *d, size_t left)
{
    return left > HOST_HEADER && d->reclen > HOST_HEADER && d->reclen <= left &&
           memchr(d->name, 0, d->reclen - HOST_HEADER);
}

static void convert(struct conversion *v, const struct dirent_form *form)
{
    size_t pos = 0;

    while (pos < v->src_len) {
        const struct host_dirent *d = (const void *)(v->src + pos);

        if (!entry_ok(d, v->src_len - pos))
            return;

        const size_t namlen = strlen(d->name), size = form->size(namlen);

        if (size > v->dst_size - v->dst_len)
            return;
        form->write(v->dst + v->dst_len, d, namlen, size);
        v->dst_len += size;
        v->last = d->off;
        pos += d->reclen;
    }
    v->all = true;
}

/* ---- reading ----------------------------------------------------------------------- */

/*
 * No guest form is more than 4/3 of the host's, so that much is asked for, and
 * everything that comes fits.  When not even one entry fits that, the whole size.
 */
static int64_t read_host(struct call *c, int hostfd, uint64_t count, struct scratch *s)
{
    const size_t all = count < HOST_BATCH ? count : HOST_BATCH, some = all - all / 4;

    *s = scratch_get(c, HOST_BATCH);
    if (!s->p)
        return -ENOMEM;

    const int64_t r = host_call(c, SYS_getdents64, hostfd, s->va, some);

    return r == -EINVAL ? host_call(c, SYS_getdents64, hostfd, s->va, all) : r;
}

/* The host's offset before the read; known unless a host process shares it. */
static int64_t dir_position(struct call *c, struct fdref *ref)
{
    return ref->of->host_offset ? host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_CUR) : ref->of->offset;
}

/* What did not fit is read again next time. */
static int64_t give_back(struct call *c, struct fdref *ref, const struct conversion *v)
{
    return v->all ? 0 : host_call(c, SYS_lseek, ref->hostfd, v->last, SEEK_SET);
}

static int64_t deliver(struct call *c, struct fdref *ref, gva buf, struct conversion *v, const struct dirent_form *form,
                       int64_t before)
{
    v->last = before;
    convert(v, form);

    int64_t r = copy_out(c, buf, v->dst, v->dst_len);

    if (r) {
        v->last = before;
        v->all = false;
    }

    const int64_t back = give_back(c, ref, v);

    r = r ? r : back < 0 ? back : 0;
    ref->of->offset = v->last;
    if (!r && !v->dst_len)
        return -EINVAL; /* too small for the first entry */
    return r ? r : (int64_t)v->dst_len;
}

#ifdef DRAGOMAN_GATE /* no heap; and a guest that writes there meanwhile harms nobody but itself */
static bool room_get(struct call *c, struct conversion *v, const uint8_t *host)
{
    v->src = host;
    v->dst = scratch_get(c, v->dst_size).p;
    return v->dst;
}

static void room_put(struct conversion *v) { (void)v; }
#else
/* Room for the guest's form, and the host's out of the guest's reach. */
static bool room_get(struct call *c, struct conversion *v, const uint8_t *host)
{
    const size_t behind = (v->src_len + 15) & ~(size_t)15; /* both aligned */

    (void)c;
    v->room = malloc(behind + v->dst_size);
    if (!v->room)
        return false;
    v->src = memcpy(v->room, host, v->src_len);
    v->dst = v->room + behind;
    return true;
}

static void room_put(struct conversion *v) { free(v->room); }
#endif

static int64_t read_locked(struct call *c, struct fdref *ref, gva buf, uint64_t count, const struct dirent_form *form,
                           int64_t *before)
{
    struct scratch s;

    *before = dir_position(c, ref);
    if (*before < 0)
        return *before;

    const int64_t n = read_host(c, ref->hostfd, count, &s);

    if (n <= 0)
        return n;

    struct conversion v = {.src_len = (size_t)n, .dst_size = count < GUEST_BATCH ? count : GUEST_BATCH};

    if (!room_get(c, &v, s.p)) {
        host_call(c, SYS_lseek, ref->hostfd, *before, SEEK_SET);
        return -ENOMEM;
    }

    const int64_t r = deliver(c, ref, buf, &v, form, *before);

    room_put(&v);
    return r;
}

/* EBADF for what was not opened for reading, EINVAL for what is no directory (vfs_syscalls.c, kern_getdirentries). */
static int check_dir(const struct ofile *of)
{
    if (of->flags & (O_PATH | OFLAG_EXEC) || (of->flags & D_O_ACCMODE) == O_WRONLY)
        return -EBADF;
    return of->kind == OF_DIR ? 0 : -EINVAL;
}

static int64_t read_dir(struct call *c, int fd, gva buf, uint64_t count, gva basep, const struct dirent_form *form)
{
    struct fdref ref;
    int64_t      before = 0, r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = check_dir(ref.of) ?: shlock_lock(c, &ref.of->lock);
    if (!r) {
        r = read_locked(c, &ref, buf, count, form, &before);
        shlock_unlock(c, &ref.of->lock);
    }
    fd_put(c, &ref);
    if (r >= 0 && basep.va) {
        const int err = put_long(c, basep, before);

        return err ? err : r;
    }
    return r;
}

int64_t sys_getdirentries(struct call *c, int fd, gva buf, uint64_t count, gva basep)
{
    return count > INT64_MAX ? -EINVAL : read_dir(c, fd, buf, count, basep, &form_12);
}

int64_t sys_freebsd11_getdirentries(struct call *c, int fd, gva buf, unsigned count, gva basep)
{
    return count > INT32_MAX ? -EINVAL : read_dir(c, fd, buf, count, basep, &form_11);
}

int64_t sys_freebsd11_getdents(struct call *c, int fd, gva buf, uint64_t count)
{
    return sys_freebsd11_getdirentries(c, fd, buf, count > INT32_MAX ? ~0u : (unsigned)count, GVA(0));
}
