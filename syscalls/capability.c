/*
 * What a call wants of its descriptors, and what they allow.
 *
 * The rights are FreeBSD's: kern_descrip.c (kern_fcntl), vfs_syscalls.c (flags_to_rights), vm/vm_mmap.c (kern_mmap),
 * uipc_syscalls.c, kern_event.c (kern_kevent_fp), vfs_syscalls.c (kern_copy_file_range).
 */
#include "syscalls/capability.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "syscalls/args.h"
#include "syscalls/fdtable.h"
#include "syscalls/proc.h"
#include "syscalls/signal.h"

/* What one call wants of one descriptor. */
struct want {
    caprights rights;
    uint32_t  fcntls;   /* D_CAP_FCNTL_* */
    bool      is_ioctl; /* and this command must be among those allowed */
    uint64_t  ioctl;
    bool      inherits; /* what is opened gets the descriptor's limits */
};

/* ---- by the row ---------------------------------------------------------------- */

/* Argument i as a handler gets it.  One that makes no sense has been refused before a descriptor was asked for. */
static uint64_t argument(const struct call *c, unsigned i)
{
    uint64_t word;

    return arg_scalar(&c->row->args[i], c->raw[i], &word) ? 0 : word;
}

static void want_open(const struct call *c, int fd, struct want *w)
{
    const uint64_t flags = argument(c, 2), mode = flags & D_O_ACCMODE;

    (void)fd;
    w->inherits = true;
    if (flags & D_O_EXEC)
        w->rights |= D_CAP_FEXECVE;
    if ((flags & (D_O_EXEC | O_PATH)) == (D_O_EXEC | O_PATH))
        return;
    if (!(flags & D_O_EXEC) && mode != O_WRONLY)
        w->rights |= D_CAP_READ;
    if (!(flags & D_O_EXEC) && mode != O_RDONLY)
        w->rights |= D_CAP_WRITE | (flags & (O_APPEND | O_TRUNC) ? D_CAP_NONE : D_CAP_SEEK);
    if (flags & O_CREAT)
        w->rights |= D_CAP_CREATE;
    if (flags & O_TRUNC)
        w->rights |= D_CAP_FTRUNCATE;
    if ((flags & O_SYNC) == O_SYNC)
        w->rights |= D_CAP_FSYNC;
    if (flags & (D_O_EXLOCK | D_O_SHLOCK))
        w->rights |= D_CAP_FLOCK;
}

static void want_accept(const struct call *c, int fd, struct want *w)
{
    (void)c, (void)fd;
    w->inherits = true;
}

static void want_mmap(const struct call *c, int fd, struct want *w)
{
    const uint64_t prot = argument(c, 2), flags = argument(c, 3);

    (void)fd;
    if (prot & PROT_READ)
        w->rights |= D_CAP_MMAP_R;
    if (prot & PROT_WRITE && flags & MAP_SHARED)
        w->rights |= D_CAP_MMAP_W;
    if (prot & PROT_EXEC)
        w->rights |= D_CAP_MMAP_X;
}

static void want_fcntl(const struct call *c, int fd, struct want *w)
{
    static const struct {
        int64_t   cmd;
        caprights rights;
        uint32_t  fcntls;
    } cmds[] = {
        {F_GETFL, D_CAP_FCNTL, D_CAP_FCNTL_GETFL},
        {F_SETFL, D_CAP_FCNTL, D_CAP_FCNTL_SETFL},
        {F_GETOWN, D_CAP_FCNTL, D_CAP_FCNTL_GETOWN},
        {F_SETOWN, D_CAP_FCNTL, D_CAP_FCNTL_SETOWN},
        {D_F_KINFO, D_CAP_FCNTL, 0},
        {F_GETLK, D_CAP_FLOCK, 0},
        {F_SETLK, D_CAP_FLOCK, 0},
        {F_SETLKW, D_CAP_FLOCK, 0},
        {D_F_OGETLK, D_CAP_FLOCK, 0},
        {D_F_OSETLK, D_CAP_FLOCK, 0},
        {D_F_OSETLKW, D_CAP_FLOCK, 0},
        {D_F_SETLK_REMOTE, D_CAP_FLOCK, 0},
    };
    const int64_t cmd = (int64_t)argument(c, 1);

    (void)fd;
    for (size_t i = 0; i < sizeof(cmds) / sizeof(*cmds); i++)
        if (cmds[i].cmd == cmd) {
            w->rights |= cmds[i].rights;
            w->fcntls |= cmds[i].fcntls;
        }
}

static void want_ioctl(const struct call *c, int fd, struct want *w)
{
    (void)fd;
    w->is_ioctl = true;
    w->ioctl = (uint32_t)c->raw[1];
}

static void want_kevent(const struct call *c, int fd, struct want *w)
{
    (void)fd;
    if ((int32_t)c->raw[2] > 0)
        w->rights |= D_CAP_KQUEUE_CHANGE;
    if ((int32_t)c->raw[4] > 0)
        w->rights |= D_CAP_KQUEUE_EVENT;
}

static void want_sendto(const struct call *c, int fd, struct want *w)
{
    (void)fd;
    if (c->raw[4])
        w->rights |= D_CAP_CONNECT;
}

/* With a position of its own, a transfer seeks. */
static void want_ranges(const struct call *c, int fd, struct want *w)
{
    for (unsigned i = 0; i <= 2; i += 2)
        if ((int)(int32_t)c->raw[i] == fd && c->raw[i + 1])
            w->rights |= D_CAP_SEEK;
}

typedef void          want_fn(const struct call *c, int fd, struct want *w);
static want_fn *const extras[] = {
    [CAPX_OPEN] = want_open,   [CAPX_ACCEPT] = want_accept, [CAPX_MMAP] = want_mmap,     [CAPX_FCNTL] = want_fcntl,
    [CAPX_IOCTL] = want_ioctl, [CAPX_KEVENT] = want_kevent, [CAPX_SENDTO] = want_sendto, [CAPX_RANGES] = want_ranges,
};

static const struct cap_row *row_of(const struct call *c)
{
    const struct abi *abi = c->proc->abi;

    return c->row && abi->cap_rows && abi->rows && c->row == &abi->rows[c->row->nr] ? &abi->cap_rows[c->row->nr] : NULL;
}

static bool is_fd(const struct arg *a) { return a->kind == ARG_FD || a->kind == ARG_DIRFD; }

/* Which of the call's arguments fd is, is told by its number: when two are the same, it must do for both. */
static void want_of(const struct call *c, int fd, struct want *w)
{
    const struct cap_row *row = row_of(c);
    bool                  found = false;

    memset(w, 0, sizeof(*w));
    for (unsigned i = 0, n = 0; row && i < c->row->nargs; i++) {
        if (!is_fd(&c->row->args[i]))
            continue;
        if (n < CAP_FDS_MAX && (int)(int32_t)c->raw[i] == fd) {
            w->rights |= row->want[n];
            found = true;
        }
        n++;
    }
    if (found && row->extra)
        extras[row->extra](c, fd, w);
}

/* ---- limited slots ------------------------------------------------------------------ */

static bool ioctl_allowed(const struct fdtable *t, const struct fdlimit *l, uint64_t cmd)
{
    const uint64_t *cmds;
    const uint32_t  n = fdlimit_list(t, l, &cmds);

    for (uint32_t i = 0; i < n; i++)
        if (cmds[i] == cmd)
            return true;
    return l->ioctls == IOCTLS_ALL;
}

static bool allowed(const struct fdtable *t, const struct fdlimit *l, const struct want *w)
{
    return (l->rights & w->rights) == w->rights && (l->fcntls & w->fcntls) == w->fcntls &&
           (!w->is_ioctl || ioctl_allowed(t, l, w->ioctl));
}

static void forget_locked(struct call *c)
{
    if (c->limit)
        fdlimit_drop_locked(c->proc->fds, c->limit);
    c->limit = NULL;
}

static void keep_locked(struct call *c, const struct fdlimit *l)
{
    fdlimit_hold_locked(c->proc->fds, l);
    forget_locked(c); /* a look-up that is made again */
    c->task->limit = *l;
    c->limit = &c->task->limit;
}

static int get_locked(struct call *c, int fd, const struct want *w, struct fdref *ref)
{
    struct fdtable      *t = c->proc->fds;
    const struct fdlimit l = fdlimit_get_locked(t, (uint32_t)fd);
    const bool           limited = t->slots[fd] & SLOT_LIMITED;

    if (!t->slots[fd])
        return -EBADF;
    if (!allowed(t, &l, w))
        return -D_ENOTCAPABLE;

    const int err = fd_get_slot_locked(c, fd, ref);

    if (err)
        return err;
    ref->limited = limited;
    ref->unlinks = (l.rights & D_CAP_UNLINKAT) == D_CAP_UNLINKAT;
    ref->maps_rw = (l.rights & D_CAP_MMAP_W) == D_CAP_MMAP_W;
    if (limited && w->inherits)
        keep_locked(c, &l);
    return 0;
}

int fd_get_limited(struct call *c, int fd, const caprights *rights, struct fdref *ref)
{
    struct want w = {0};
    int         r;

    if (rights)
        w.rights = *rights;
    else
        want_of(c, fd, &w);
    r = fdtable_lock(c, c->proc->fds);
    if (r)
        return r;
    r = get_locked(c, fd, &w, ref);
    fdtable_unlock(c, c->proc->fds);
    return r;
}

void capability_done(struct call *c)
{
    if (!c->limit || fdtable_lock(c, c->proc->fds))
        return;
    forget_locked(c);
    fdtable_unlock(c, c->proc->fds);
}

/* ---- limits that travel ---------------------------------------------------------------- */

static void copy_locked(const struct fdtable *t, const struct fdlimit *l, struct fdlimit_copy *out)
{
    const uint64_t *cmds;

    out->limit = *l;
    out->n = fdlimit_list(t, l, &cmds);
    if (out->n)
        memcpy(out->cmds, cmds, out->n * sizeof(*cmds));
    if (l->ioctls != IOCTLS_ALL)
        out->limit.ioctls = out->n ? 0 : IOCTLS_NONE;
}

int capability_export(struct call *c, int fd, struct fdref *ref, struct fdlimit_copy **limits)
{
    const struct want    w = {0};
    struct fdlimit_copy *copy = NULL;
    int                  r;

    *limits = NULL;
    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;
    r = fdtable_lock(c, c->proc->fds);
    if (r)
        return r;
    if (c->proc->fds->slots[fd] & SLOT_LIMITED && !(copy = malloc(sizeof(*copy))))
        r = -ENOMEM;
    if (copy)
        copy_locked(c->proc->fds, &c->proc->fds->limits[fd], copy);
    if (!r)
        r = get_locked(c, fd, &w, ref);
    fdtable_unlock(c, c->proc->fds);
    if (r)
        free(copy);
    else
        *limits = copy;
    return r;
}

int capability_import(struct call *c, const struct fdlimit_copy *limits)
{
    struct fdtable *t = c->proc->fds;
    struct fdlimit  l = limits->limit;
    int             r = fdtable_lock(c, t);

    if (r)
        return r;
    if (limits->n && !fdlimit_list_new_locked(t, limits->cmds, limits->n, &l.ioctls))
        r = -ENOMEM;
    if (!r) {
        keep_locked(c, &l);
        fdlimit_drop_locked(t, &l); /* keep_locked holds it now */
    }
    fdtable_unlock(c, t);
    return r;
}

/* ---- capability mode ------------------------------------------------------------------------ */

bool capability_mode(const struct call *c) { return c->proc->capmode; }

bool capability_refuses(const struct call *c)
{
    if (!capability_mode(c))
        return false;

    const struct cap_row *row = row_of(c);

    return !row || !row->enabled;
}

/* subr_syscall.c, syscallret: only in capability mode, whichever of the two errors it was. */
void capability_trap(struct call *c, int64_t result)
{
    if ((result != -D_ENOTCAPABLE && result != -D_ECAPMODE) || !capability_mode(c) || !c->proc->trapcap)
        return;
    pthread_mutex_lock(&session.lock);
    signal_post_task_locked(c->task, &(struct ksiginfo){.signo = c->abi->sig_from_host[SIGTRAP],
                                                        .code = c->abi->cap_sigcode,
                                                        .error = c->abi->errno_from_host[-result],
                                                        .trapno = (int32_t)c->nr});
    pthread_mutex_unlock(&session.lock);
}
