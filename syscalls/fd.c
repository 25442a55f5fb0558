/*
 * Descriptors of the calling process: references, allocation, closing.
 *
 * fd_get takes no lock: it raises the host entry's count if that is not zero,
 * and then looks whether the slot still says the same.  If it does, the entry is
 * the right one, whatever happened in between.
 */
#include "syscalls/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"
#include "syscalls/proc.h"

#ifdef DRAGOMAN_GATE /* what somebody wants to hear of is closed in the provider (loader/gate/rows.c) */
#define fd_on_slot_close(c, t, fd, of) ((void)(fd))
#define HAS_HOOK                       0
#else
void (*fd_on_slot_close)(struct call *c, struct fdtable *t, int fd, struct ofile *of);
#define HAS_HOOK (fd_on_slot_close != NULL)
#endif

/* ---- references -------------------------------------------------------------- */

static bool entry_get(struct fdentry *e)
{
    uint32_t n = __atomic_load_n(&e->refs, __ATOMIC_RELAXED);

    while (n)
        if (__atomic_compare_exchange_n(&e->refs, &n, n + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

static bool slot_says(struct fdtable *t, int fd, uint32_t entry)
{
    return (__atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE) & SLOT_ENTRY) == (uint64_t)entry + 1;
}

int fd_get(struct call *c, int fd, struct fdref *ref)
{
    struct fdtable *t = c->proc->fds;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;
    for (;;) {
        const uint32_t entry = (uint32_t)(__atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE) & SLOT_ENTRY) - 1;

        if (entry >= FD_HOST_MAX)
            return -EBADF;
        if (!entry_get(&t->entries[entry])) {
            if (slot_says(t, fd, entry))
                return -EBADF; /* only a scribbled table comes here */
            continue;
        }
        if (slot_says(t, fd, entry)) {
            *ref = (struct fdref){ ofile_at(t->entries[entry].ofile), (int)entry, entry };
            if (ref->of)
                return 0;
            fdtable_entry_put(c, t, entry);
            return -EBADF;
        }
        fdtable_entry_put(c, t, entry);
    }
}

void fd_put(struct call *c, struct fdref *ref)
{
    if (!ref->of)
        return;
    ref->of = NULL;
    fdtable_entry_put(c, c->proc->fds, ref->entry);
}

int fd_get_at(struct call *c, int fd, struct fdref *ref)
{
    if (fd != (int)c->abi->at_fdcwd)
        return fd_get(c, fd, ref);
    *ref = (struct fdref){ NULL, AT_FDCWD, 0 };
    return 0;
}

/* ---- allocation -------------------------------------------------------------- */

uint32_t fd_limit(const struct call *c)
{
    return c->proc->nofile < FD_MAX ? (uint32_t)c->proc->nofile : FD_MAX;
}

/* Puts slot at the lowest number >= from. */
static int slot_alloc(struct call *c, uint64_t slot, int from)
{
    struct fdtable *t = c->proc->fds;
    int             err = fdtable_lock(c, t);

    if (err)
        return err;

    const uint32_t fd = fdtable_free_locked(t, (uint32_t)from);

    err = fd < fd_limit(c) ? 0 : -EMFILE;
    if (!err)
        fdtable_set_locked(t, fd, slot);
    fdtable_unlock(c, t);
    return err ? err : (int)fd;
}

static uint64_t slot_make(uint32_t entry, bool cloexec)
{
    return ((uint64_t)entry + 1) | (cloexec ? SLOT_CLOEXEC : 0);
}

int fd_install_ofile(struct call *c, int hostfd, struct ofile *of, bool cloexec, int from)
{
    struct fdtable *t = c->proc->fds;

    if (!fdtable_entry_new(t, hostfd, of)) {
        host_call(c, SYS_close, hostfd);
        ofile_put(of);
        return -EMFILE;
    }

    const int fd = slot_alloc(c, slot_make((uint32_t)hostfd, cloexec), from);

    if (fd < 0)
        fdtable_entry_put(c, t, (uint32_t)hostfd);
    return fd;
}

int fd_install(struct call *c, const struct fd_new *n, int from)
{
    struct ofile *of = ofile_new();

    if (!of) {
        host_call(c, SYS_close, n->hostfd);
        return -ENFILE;
    }
    of->kind = (uint8_t)n->kind;
    of->flags = n->flags;
    of->domain = n->domain;
    of->object = n->object;
    return fd_install_ofile(c, n->hostfd, of, n->cloexec, from);
}

int fd_dup(struct call *c, struct fdref *ref, int from, bool cloexec)
{
    if (from < 0 || (uint32_t)from >= fd_limit(c))
        return -EINVAL;

    struct fdtable *t = c->proc->fds;

    __atomic_fetch_add(&t->entries[ref->entry].refs, 1, __ATOMIC_RELAXED);

    const int fd = slot_alloc(c, slot_make(ref->entry, cloexec), from);

    if (fd < 0)
        fdtable_entry_put(c, t, ref->entry);
    return fd;
}

/* ---- closing ------------------------------------------------------------------ */

/*
 * Any close of a file drops the process's record locks on it (POSIX), but a host
 * descriptor that other slots share stays open: drop them by hand.
 */
static void posix_unlock(struct call *c, uint32_t hostfd)
{
    struct scratch s = scratch_get(c, sizeof(struct flock));

    if (!s.p)
        return;
    *(struct flock *)s.p = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET };
    host_call(c, SYS_fcntl, hostfd, F_SETLK, s.va);
}

/* After a slot was taken out of the table: what the rest of the system must hear, and the reference. */
static void slot_gone(struct call *c, struct fdtable *t, int fd, uint64_t slot)
{
    const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1;

    if (entry >= FD_HOST_MAX)
        return;

    struct fdentry *e = &t->entries[entry];
    struct ofile   *of = ofile_at(__atomic_load_n(&e->ofile, __ATOMIC_RELAXED));

    if (of && HAS_HOOK)
        fd_on_slot_close(c, t, fd, of);
    if (of && of->posix_locks && __atomic_load_n(&e->refs, __ATOMIC_RELAXED) > 1)
        posix_unlock(c, entry);
    fdtable_entry_put(c, t, entry);
}

int fd_dup_to(struct call *c, struct fdref *ref, int to, bool cloexec)
{
    struct fdtable *t = c->proc->fds;

    if (to < 0 || (uint32_t)to >= fd_limit(c))
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const uint64_t old = t->slots[to];

    __atomic_fetch_add(&t->entries[ref->entry].refs, 1, __ATOMIC_RELAXED);
    fdtable_set_locked(t, (uint32_t)to, slot_make(ref->entry, cloexec));
    fdtable_unlock(c, t);
    if (old)
        slot_gone(c, t, to, old);
    return to;
}

int fd_close(struct call *c, int fd)
{
    struct fdtable *t = c->proc->fds;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const uint64_t slot = t->slots[fd];

    if (slot)
        fdtable_set_locked(t, (uint32_t)fd, 0);
    fdtable_unlock(c, t);
    if (!slot)
        return -EBADF;
    slot_gone(c, t, fd, slot);
    return 0;
}

/* Takes the next slot in [from, to] out whose flags have all of want.  0: there is none. */
static uint64_t take_next(struct fdtable *t, uint32_t from, uint32_t to, uint64_t want, uint32_t *fd)
{
    uint32_t n = fdtable_next_locked(t, from);

    while (n <= to && n < FD_MAX && (t->slots[n] & want) != want)
        n = fdtable_next_locked(t, n + 1);
    if (n > to || n >= FD_MAX)
        return 0;

    const uint64_t slot = t->slots[n];

    fdtable_set_locked(t, n, 0);
    *fd = n;
    return slot;
}

static int close_matching(struct call *c, struct fdtable *t, uint32_t from, uint32_t to, uint64_t want)
{
    for (uint32_t fd = from;; fd++) {
        const int err = fdtable_lock(c, t);

        if (err)
            return err;

        const uint64_t slot = take_next(t, fd, to, want, &fd);

        fdtable_unlock(c, t);
        if (!slot)
            return 0;
        slot_gone(c, t, (int)fd, slot);
    }
}

static int cloexec_range(struct call *c, struct fdtable *t, uint32_t from, uint32_t to)
{
    const int err = fdtable_lock(c, t);

    if (err)
        return err;
    for (uint32_t fd = fdtable_next_locked(t, from); fd <= to && fd < FD_MAX; fd = fdtable_next_locked(t, fd + 1))
        fdtable_set_locked(t, fd, t->slots[fd] | SLOT_CLOEXEC);
    fdtable_unlock(c, t);
    return 0;
}

int fd_close_range(struct call *c, unsigned from, unsigned to, bool cloexec)
{
    return cloexec ? cloexec_range(c, c->proc->fds, from, to) : close_matching(c, c->proc->fds, from, to, 0);
}

void fdtable_exec(struct call *c, struct fdtable *t)
{
    close_matching(c, t, 0, FD_MAX - 1, SLOT_CLOEXEC);
    if (__atomic_load_n(&t->stale, __ATOMIC_RELAXED))
        fdtable_sweep(c, t);
}

/* ---- slot flags ------------------------------------------------------------------ */

static int slot_flag_get(struct call *c, int fd, uint64_t flag)
{
    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;

    const uint64_t slot = __atomic_load_n(&c->proc->fds->slots[fd], __ATOMIC_ACQUIRE);

    return slot ? !!(slot & flag) : -EBADF;
}

static int slot_flag_set(struct call *c, int fd, uint64_t flag, bool on)
{
    struct fdtable *t = c->proc->fds;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const uint64_t slot = t->slots[fd];

    if (slot)
        fdtable_set_locked(t, (uint32_t)fd, on ? slot | flag : slot & ~flag);
    fdtable_unlock(c, t);
    return slot ? 0 : -EBADF;
}

int fd_get_cloexec(struct call *c, int fd)
{
    return slot_flag_get(c, fd, SLOT_CLOEXEC);
}

int fd_set_cloexec(struct call *c, int fd, bool on)
{
    return slot_flag_set(c, fd, SLOT_CLOEXEC, on);
}

int fd_get_clofork(struct call *c, int fd)
{
    return slot_flag_get(c, fd, SLOT_CLOFORK);
}

int fd_set_clofork(struct call *c, int fd, bool on)
{
    return slot_flag_set(c, fd, SLOT_CLOFORK, on);
}

int fd_last(struct call *c)
{
    return (int)__atomic_load_n(&c->proc->fds->high, __ATOMIC_RELAXED) - 1;
}

/* ---- kind ---------------------------------------------------------------------- */

enum ofile_kind fd_kind_of_mode(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK:
        return OF_FILE;
    case S_IFDIR:
        return OF_DIR;
    case S_IFIFO:
        return OF_PIPE;
    case S_IFSOCK:
        return OF_SOCKET;
    case S_IFCHR:
        return OF_CHAR;
    default:
        return OF_OTHER;
    }
}

int fd_kind(struct call *c, int hostfd)
{
    struct scratch s = scratch_get(c, sizeof(struct stat));

    if (!s.p)
        return -ENOMEM;

    const int64_t r = host_call(c, SYS_fstat, hostfd, s.va);

    return r < 0 ? (int)r : (int)fd_kind_of_mode(((struct stat *)s.p)->st_mode);
}
