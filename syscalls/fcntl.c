/*
 * fcntl, dup, flock.  Facts are from FreeBSD's sys/kern/kern_descrip.c (kern_fcntl, kern_dup).
 */
#include "syscalls/fcntl.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/flags.h"
#include "syscalls/fd.h"
#include "syscalls/file.h"
#include "syscalls/kinfo.h"
#include "syscalls/pipe.h"
#include "syscalls/proc.h"
#include "syscalls/tty.h"

/* What F_SETFL changes (FCNTLFLAGS) and what of it the host keeps as well. */
#define SETTABLE (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_SYNC | O_DSYNC)
#define AT_HOST  (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT)

#define G_FD_CLOEXEC 1
#define G_FD_BENEATH 2 /* FD_RESOLVE_BENEATH */
#define G_FD_CLOFORK 4

/* ---- dup ---------------------------------------------------------------------------- */

/* The commands that duplicate: to a number, or to the lowest from it on, and with which of the slot's flags. */
static const struct dup_op {
    int64_t  cmd;
    bool     fixed;
    unsigned flags;
} dup_ops[] = {
    {F_DUPFD, false, 0},
    {F_DUPFD_CLOEXEC, false, FD_SLOT_CLOEXEC},
    {D_F_DUPFD_CLOFORK, false, FD_SLOT_CLOFORK},
    {D_F_DUP2FD, true, 0},
    {D_F_DUP2FD_CLOEXEC, true, FD_SLOT_CLOEXEC},
    {D_F_DUP3FD, true, 0},
    {D_F_DUP3FD_CLOEXEC, true, FD_SLOT_CLOEXEC},
    {D_F_DUP3FD_CLOFORK, true, FD_SLOT_CLOFORK},
    {D_F_DUP3FD_CLOEXEC_CLOFORK, true, FD_SLOT_CLOEXEC | FD_SLOT_CLOFORK},
};

static const struct dup_op *dup_op(int64_t cmd)
{
    for (size_t i = 0; i < sizeof(dup_ops) / sizeof(*dup_ops); i++)
        if (dup_ops[i].cmd == cmd)
            return &dup_ops[i];
    return NULL;
}

/* A limit of none at all is told like a bad descriptor; only fcntl says EINVAL. */
int64_t sys_dup(struct call *c, int fd)
{
    const int r = fd_dup(c, fd, 0, 0);

    return r == -EINVAL ? -EBADF : r;
}

int64_t sys_dup2(struct call *c, int from, int to) { return fd_dup_to(c, from, to, 0); }

/* ---- flags ---------------------------------------------------------------------------- */

static int64_t get_fd_flags(struct call *c, int fd)
{
    const int flags = fd_get_flags(c, fd);

    if (flags < 0)
        return flags;
    return (flags & (int)FD_SLOT_CLOEXEC ? G_FD_CLOEXEC : 0) | (flags & (int)FD_SLOT_CLOFORK ? G_FD_CLOFORK : 0) |
           (flags & (int)FD_SLOT_BENEATH ? G_FD_BENEATH : 0);
}

/* FD_RESOLVE_BENEATH is set for good (kern_descrip.c, UF_RESOLVE_BENEATH). */
static int64_t set_fd_flags(struct call *c, int fd, int64_t arg)
{
    const unsigned beneath = arg & G_FD_BENEATH ? FD_SLOT_BENEATH : 0;

    return fd_set_flags(c, fd, FD_SLOT_FLAGS | beneath,
                        (arg & G_FD_CLOEXEC ? FD_SLOT_CLOEXEC : 0) | (arg & G_FD_CLOFORK ? FD_SLOT_CLOFORK : 0) |
                            beneath);
}

static int64_t get_flags(struct call *c, struct fdref *ref, int64_t arg)
{
    const uint32_t flags = __atomic_load_n(&ref->of->flags, __ATOMIC_RELAXED);

    (void)arg;
    if (pipe_is_pair(ref->of)) /* both ends do both */
        return (int64_t)flags_to_guest(c->abi->open_flags, (flags & ~D_O_ACCMODE) | O_RDWR);
    if (flags & OFLAG_EXEC)
        return (int64_t)flags_to_guest(c->abi->open_flags, D_O_EXEC | (flags & ~(OFLAG_EXEC | O_PATH)));
    return (int64_t)flags_to_guest(c->abi->open_flags, flags);
}

int64_t file_set_flags(struct call *c, struct fdref *ref, uint32_t mask, uint32_t flags)
{
    int64_t r = shlock_lock(c, &ref->of->lock);

    if (r)
        return r;

    const uint32_t want = (ref->of->flags & ~mask) | (flags & mask);

    /* O_DIRECT is a hint here, and some host file systems refuse it. */
    r = host_call(c, SYS_fcntl, ref->hostfd, F_SETFL, want & AT_HOST);
    if (r == -EINVAL && want & O_DIRECT)
        r = host_call(c, SYS_fcntl, ref->hostfd, F_SETFL, want & AT_HOST & ~O_DIRECT);
    /* An append leaves the offset with the host; without O_APPEND it is fetched before the next transfer. */
    if (!r)
        __atomic_store_n(&ref->of->flags, want, __ATOMIC_RELAXED);
    shlock_unlock(c, &ref->of->lock);
    return r;
}

static int64_t set_flags(struct call *c, struct fdref *ref, int64_t arg)
{
    uint64_t  flags;
    const int err = flags_to_host(c->abi->open_flags, (uint64_t)arg, &flags);

    if (ofile_kind_is_object(ref->of->kind))
        return -ENOTTY; /* the file would be told by ioctl, and knows none (kern_descrip.c, kern_fcntl) */
    return err ? err : file_set_flags(c, ref, SETTABLE, (uint32_t)flags);
}

static bool is_vnode(const struct ofile *of)
{
    return of->kind == OF_FILE || of->kind == OF_DIR || of->kind == OF_CHAR;
}

/* ---- record locks ------------------------------------------------------------------------ */

/* The host would count from its own offset; ours is the true one. */
static int64_t lock_base(struct call *c, struct fdref *ref, struct flock *fl)
{
    if (fl->l_whence != SEEK_CUR || !file_own_offset(ref->of))
        return 0;

    int64_t at = shlock_lock(c, &ref->of->lock);

    if (at)
        return at;
    at = file_offset_locked(c, ref);
    shlock_unlock(c, &ref->of->lock);
    if (at < 0)
        return at;
    if (__builtin_add_overflow(fl->l_start, at, &fl->l_start))
        return -EOVERFLOW;
    fl->l_whence = SEEK_SET;
    return 0;
}

/* FreeBSD has record locks on what has a name only: EBADF for the rest. */
static int64_t lock_call(struct call *c, struct fdref *ref, int cmd, const struct layout *l, gva at)
{
    struct scratch s = scratch_get(c, sizeof(struct flock));
    struct flock   fl;
    int64_t        r = s.p ? struct_in(c, l, &fl, at) : -ENOMEM;

    if (!r && !is_vnode(ref->of) && ref->of->kind != OF_PIPE)
        r = -EBADF;
    if (!r)
        r = lock_base(c, ref, &fl);
    if (r)
        return r;
    memcpy(s.p, &fl, sizeof(fl));
    if (cmd != F_GETLK && fl.l_type != F_UNLCK)
        __atomic_store_n(&ref->of->posix_locks, true, __ATOMIC_RELAXED);
    r = cmd == F_SETLKW ? host_wait(c, SYS_fcntl, ref->hostfd, cmd, s.va)
                        : host_call(c, SYS_fcntl, ref->hostfd, cmd, s.va);
    if (r || cmd != F_GETLK)
        return r;
    memcpy(&fl, s.p, sizeof(fl));
    return struct_out(c, l, at, &fl);
}

static int64_t get_lock(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_GETLK, c->abi->flock_layout, GVA(arg));
}

static int64_t set_lock(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_SETLK, c->abi->flock_layout, GVA(arg));
}

static int64_t set_lock_wait(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_SETLKW, c->abi->flock_layout, GVA(arg));
}

static int64_t oget_lock(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_GETLK, c->abi->oflock_layout, GVA(arg));
}

static int64_t oset_lock(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_SETLK, c->abi->oflock_layout, GVA(arg));
}

static int64_t oset_lock_wait(struct call *c, struct fdref *ref, int64_t arg)
{
    return lock_call(c, ref, F_SETLKW, c->abi->oflock_layout, GVA(arg));
}

/* A program that is no lock manager may not (it needs PRIV_NFS_LOCKD). */
static int64_t no_lock_manager(struct call *c, struct fdref *ref, int64_t arg)
{
    (void)c, (void)ref, (void)arg;
    return -EPERM;
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* What can send SIGIO: pipes, sockets, kqueues and terminals (the ioctl of each; vfs_vnops.c, vn_ioctl, has none). */
static int64_t may_have_owner(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(struct ktermios));

    switch (ref->of->kind) {
    case OF_PIPE:
    case OF_SOCKET: return 0;
    case OF_CHAR: return s.p ? host_call(c, SYS_ioctl, ref->hostfd, D_IOC_GETTERM, s.va) : -ENOMEM;
    default: return ref->of->flags & O_PATH ? -EBADF : -ENOTTY;
    }
}

/* A group's number is negative, in a register of 32 bits. */
int64_t file_get_owner(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(struct f_owner_ex));
    int64_t              r = s.p ? may_have_owner(c, ref) : -ENOMEM;

    if (!r)
        r = host_call(c, SYS_fcntl, ref->hostfd, F_GETOWN_EX, s.va);
    if (r)
        return r;

    const struct f_owner_ex o = *(struct f_owner_ex *)s.p;

    return (uint32_t)(o.type == F_OWNER_PGRP ? -o.pid : o.pid);
}

int64_t file_set_owner(struct call *c, struct fdref *ref, int owner)
{
    return may_have_owner(c, ref) ?: host_call(c, SYS_fcntl, ref->hostfd, F_SETOWN, owner);
}

static int64_t get_owner(struct call *c, struct fdref *ref, int64_t arg)
{
    (void)arg;
    return file_get_owner(c, ref);
}

static int64_t set_owner(struct call *c, struct fdref *ref, int64_t arg) { return file_set_owner(c, ref, (int)arg); }

static int64_t add_seals(struct call *c, struct fdref *ref, int64_t arg)
{
    return host_call(c, SYS_fcntl, ref->hostfd, F_ADD_SEALS, arg);
}

static int64_t get_seals(struct call *c, struct fdref *ref, int64_t arg)
{
    (void)arg;
    return host_call(c, SYS_fcntl, ref->hostfd, F_GET_SEALS);
}

static int64_t read_ahead(struct call *c, struct fdref *ref, int64_t arg)
{
    if (!is_vnode(ref->of))
        return -EBADF;
    host_call(c, SYS_fadvise64, ref->hostfd, 0, 0, arg > 0 ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_NORMAL); /* a hint */
    return 0;
}

static int64_t is_union_stack(struct call *c, struct fdref *ref, int64_t arg)
{
    (void)c, (void)arg;
    return is_vnode(ref->of) ? 0 : -EBADF;
}

/* Commands that work on the open file; those on the slot are in sys_fcntl. */
static const struct fcntl_op {
    int64_t cmd;
    int64_t (*fn)(struct call *c, struct fdref *ref, int64_t arg);
} fcntl_ops[] = {
    {F_GETFL, get_flags},
    {F_SETFL, set_flags},
    {F_GETLK, get_lock},
    {F_SETLK, set_lock},
    {F_SETLKW, set_lock_wait},
    {D_F_OGETLK, oget_lock},
    {D_F_OSETLK, oset_lock},
    {D_F_OSETLKW, oset_lock_wait},
    {D_F_SETLK_REMOTE, no_lock_manager},
    {F_GETOWN, get_owner},
    {F_SETOWN, set_owner},
    {F_ADD_SEALS, add_seals},
    {F_GET_SEALS, get_seals},
    {D_F_READAHEAD, read_ahead},
    {D_F_RDAHEAD, read_ahead},
    {D_F_ISUNIONSTACK, is_union_stack},
};

static int64_t on_file(struct call *c, int fd, int64_t cmd, int64_t arg)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = -EINVAL;
    for (size_t i = 0; i < sizeof(fcntl_ops) / sizeof(*fcntl_ops); i++)
        if (fcntl_ops[i].cmd == cmd)
            r = fcntl_ops[i].fn(c, &ref, arg);
    fd_put(c, &ref);
    return r;
}

/* An int in a register: what is beyond is the caller's rubbish. */
int64_t sys_fcntl(struct call *c, int fd, int64_t cmd, int64_t arg)
{
    const struct dup_op *d = dup_op(cmd);

    if (d)
        return d->fixed ? fd_dup_to(c, fd, (int)arg, d->flags) : fd_dup(c, fd, (int)arg, d->flags);
    switch (cmd) {
    case D_F_KINFO: return kinfo_give(c, fd, GVA(arg));
    case F_GETFD: return get_fd_flags(c, fd);
    case F_SETFD: return set_fd_flags(c, fd, arg);
    default: return on_file(c, fd, cmd, arg);
    }
}

int64_t sys_flock(struct call *c, int fd, uint64_t how)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = is_vnode(ref.of) || ref.of->kind == OF_PIPE ? host_wait(c, SYS_flock, ref.hostfd, how) : -EOPNOTSUPP;
    fd_put(c, &ref);
    return r;
}
