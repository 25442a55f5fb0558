#include "syscalls/stat.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "syscalls/door.h"
#include "syscalls/fd.h"
#include "syscalls/ksem.h"
#include "syscalls/mqueue.h"
#include "syscalls/path.h"
#include "syscalls/pipe.h"
#include "syscalls/pipe_back.h"
#include "syscalls/proc.h"
#include "syscalls/procdesc.h"

#ifdef DRAGOMAN_GATE /* only files and directories are the gate's (loader/gate/rows.c) */
#define procdesc_stat(id, st) ((void)(id), (void)(st))
#define ksem_stat(id, st)     ((void)(id), (void)(st))
#define mqueue_stat(id, st)   ((void)(id), (void)(st))
#endif

/* Into each of the two calls that programs make most. */
#define HOT __attribute__((always_inline))

#define S_IFIFO_MODE 0010000u
#define PIPE_BLOCK   4096 /* PAGE_SIZE */

/* st_flags, in FreeBSD's numbers (GROUP(file_flags) of the ABI). */
#define UF_NODUMP    0x1u
#define SF_IMMUTABLE 0x20000u
#define SF_APPEND    0x40000u

unsigned at_how(uint64_t flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0) | (flags & D_AT_RESOLVE_BENEATH ? PATH_BENEATH : 0) |
           (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
}

static uint32_t file_flags(uint64_t attributes)
{
    return (attributes & STATX_ATTR_NODUMP ? UF_NODUMP : 0) | (attributes & STATX_ATTR_IMMUTABLE ? SF_IMMUTABLE : 0) |
           (attributes & STATX_ATTR_APPEND ? SF_APPEND : 0);
}

/* A file system that keeps no birth time: FreeBSD says -1 (vfs_vnops.c, vn_stat). */
static void stat_convert(struct kstat *st, const struct statx *x)
{
    const bool born = x->stx_mask & STATX_BTIME;

    *st = (struct kstat){
        .dev = makedev(x->stx_dev_major, x->stx_dev_minor),
        .ino = x->stx_ino,
        .nlink = x->stx_nlink,
        .mode = x->stx_mode,
        .uid = x->stx_uid,
        .gid = x->stx_gid,
        .flags = file_flags(x->stx_attributes),
        .rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
        .size = x->stx_size,
        .blksize = x->stx_blksize,
        .blocks = x->stx_blocks,
        .atime = x->stx_atime.tv_sec,
        .atime_ns = x->stx_atime.tv_nsec,
        .mtime = x->stx_mtime.tv_sec,
        .mtime_ns = x->stx_mtime.tv_nsec,
        .ctime = x->stx_ctime.tv_sec,
        .ctime_ns = x->stx_ctime.tv_nsec,
        .btime = born ? x->stx_btime.tv_sec : -1,
        .btime_ns = born ? x->stx_btime.tv_nsec : 0,
    };
}

static inline HOT int64_t ask(struct call *c, int dirfd, uint64_t va, int flags, struct kstat *st)
{
    const struct scratch s = scratch_get(c, sizeof(struct statx));

    if (!s.p)
        return -ENOMEM;

    const int64_t r = host_call(c, SYS_statx, dirfd, va, flags, STATX_BASIC_STATS | STATX_BTIME, s.va);

    if (r)
        return r;
    if (!st)
        return -EFAULT;
    stat_convert(st, s.p); /* each word of it is read once */
    return 0;
}

int64_t stat_host(struct call *c, int dirfd, uint64_t va, int flags, struct kstat *st)
{
    return ask(c, dirfd, va, flags, st);
}

int64_t sys_fstatat(struct call *c, int dirfd, gva path, struct kstat *st, uint64_t flags)
{
    struct path p;
    int64_t     r = path_resolve(c, dirfd, path, at_how(flags), &p);

    if (r)
        return r;
    r = ask(c, p.dirfd, p.va, (int)(flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)), st);
    path_put(c, &p);
    return r;
}

int64_t sys_stat(struct call *c, gva path, struct kstat *st) { return sys_fstatat(c, PATH_CWD(c), path, st, 0); }

int64_t sys_lstat(struct call *c, gva path, struct kstat *st)
{
    return sys_fstatat(c, PATH_CWD(c), path, st, AT_SYMLINK_NOFOLLOW);
}

/* A pipe without a name; also one that we were started with.  Scratch: the callers' is left alone. */
static bool is_nameless(struct call *c, int hostfd)
{
    const struct scratch s = scratch_get(c, sizeof(struct statfs));

    return s.p && host_call(c, SYS_fstatfs, hostfd, s.va) == 0 && ((struct statfs *)s.p)->f_type == PIPEFS_MAGIC;
}

/* sys_pipe.c, pipe_stat: no permissions, no links, and what waits is the size of the end that can read it. */
static int64_t pipe_stat(struct call *c, struct fdref *ref, struct kstat *st)
{
    const struct scratch s = scratch_get(c, sizeof(int));
    const bool           writes = (ref->of->flags & D_O_ACCMODE) == O_WRONLY;
    int64_t              waits = 0;

    if (!is_nameless(c, ref->hostfd))
        return 0;
    if (writes && pipe_is_pair(ref->of))
        waits = pipe_back_level(c, ref->of, ref->hostfd, false);
    if (waits < 0)
        return waits;
    if (s.p && !writes && host_call(c, SYS_ioctl, ref->hostfd, FIONREAD, s.va) == 0)
        waits = *(int *)s.p;
    st->mode = S_IFIFO_MODE;
    st->nlink = 0;
    st->size = waits;
    st->blksize = PIPE_BLOCK;
    st->blocks = (waits + PIPE_BLOCK - 1) / PIPE_BLOCK;
    return 0;
}

/* What the host's answer is not the whole of, by the kind of file: not files and directories. */
static __attribute__((noinline)) int64_t stat_by_kind(struct call *c, struct fdref *ref, struct kstat *st)
{
    fd_saw(c, ref, st->mode);
    switch (ref->of->kind) {
    case OF_PROCDESC: procdesc_stat(ref->of->object, st); break;
    case OF_KSEM: ksem_stat(ref->of->object, st); break;
    case OF_MQUEUE: mqueue_stat(ref->of->object, st); break;
    case OF_KQUEUE: st->mode = S_IFIFO_MODE; break; /* kern_event.c, kqueue_stat */
    case OF_PIPE: return pipe_stat(c, ref, st);
    default: break;
    }
    return 0;
}

int64_t sys_fstat(struct call *c, int fd, struct kstat *st)
{
    struct fdref   ref;
    struct scratch empty = {0};
    int64_t        r;

    if (!c->task->area->statx_null) {
        empty = scratch_get(c, 1);
        if (!empty.p)
            return -ENOMEM;
        *(char *)empty.p = 0;
    }
    r = fd_get_unseen(c, fd, &ref);
    if (r)
        return r;
    r = ask(c, ref.hostfd, empty.va, AT_EMPTY_PATH, st);
    if (!r && ref.of->kind != OF_FILE && ref.of->kind != OF_DIR)
        r = stat_by_kind(c, &ref, st);
    fd_put(c, &ref);
    return r;
}
