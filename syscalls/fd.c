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
#define MARK(c)                        0
#define IS_BENEATH(slot)               false /* nor are calls on those served there */
#else
void (*fd_on_slot_close)(struct call *c, struct fdtable *t, int fd, struct ofile *of);
#define HAS_HOOK         (fd_on_slot_close != NULL)
#define MARK(c)          ((c)->beneath ? SLOT_BENEATH : 0)
#define IS_BENEATH(slot) (((slot)&SLOT_BENEATH) != 0)
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

/* The slot's file and that it is not limited: what fd_get acts on. */
static bool slot_says(struct fdtable *t, int fd, uint32_t entry)
{
    return (__atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE) & (SLOT_ENTRY | SLOT_LIMITED)) == (uint64_t)entry + 1;
}

static inline int ref_make(struct call *c, int fd, uint64_t slot, bool counted, struct fdref *ref)
{
    struct fdtable *t = c->proc->fds;
    const uint32_t  entry = (uint32_t)(slot & SLOT_ENTRY) - 1;

    ref->of = ofile_at(t->entries[entry].ofile);
    ref->hostfd = (int)entry;
    ref->entry = entry;
    ref->fd = fd;
    ref->limited = ref->unlinks = false;
    ref->beneath = IS_BENEATH(slot);
    ref->counted = counted;
    if (ref->of)
        return 0;
    if (counted)
        fdtable_entry_put(c, t, entry); /* only a scribbled table comes here */
    return -EBADF;
}

/* Others may close it in the meantime: the reference is counted. */
static int get_counted(struct call *c, int fd, const caprights *want, struct fdref *ref)
{
    struct fdtable *t = c->proc->fds;

    for (;;) {
        const uint64_t slot = __atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE);
        const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1;

        if (entry >= FD_HOST_MAX)
            return -EBADF;
        if (slot & SLOT_LIMITED)
            return fd_get_limited(c, fd, want, ref);
        if (!entry_get(&t->entries[entry])) {
            if (slot_says(t, fd, entry))
                return -EBADF; /* only a scribbled table comes here */
            continue;
        }
        if (slot_says(t, fd, entry))
            return ref_make(c, fd, slot, true, ref);
        fdtable_entry_put(c, t, entry);
    }
}

static inline int get(struct call *c, int fd, const caprights *want, struct fdref *ref)
{
    uint64_t slot;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;
    slot = c->alone ? c->proc->fds->slots[fd] : 0;
    if (slot & SLOT_ENTRY && !(slot & SLOT_LIMITED) && (slot & SLOT_ENTRY) <= FD_HOST_MAX)
        return ref_make(c, fd, slot, false, ref);
    return get_counted(c, fd, want, ref);
}

static bool is_plain(const struct ofile *of) { return !of->host_offset && (of->kind == OF_FILE || of->kind == OF_DIR); }

/* Without the table's lock: who changes the slot at this moment writes it whole, with the bit or without. */
static void plain_note(struct call *c, const struct fdref *ref)
{
    uint64_t *at = &c->proc->fds->slots[ref->fd], slot = __atomic_load_n(at, __ATOMIC_RELAXED);

    if (is_plain(ref->of) && (slot & SLOT_ENTRY) == (uint64_t)ref->entry + 1)
        __atomic_compare_exchange_n(at, &slot, slot | SLOT_PLAIN, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void saw(struct call *c, const struct fdref *ref, int kind)
{
    __atomic_store_n(&ref->of->kind, (uint8_t)kind, __ATOMIC_RELAXED);
    plain_note(c, ref);
}

/* What a name names is asked when it matters; for what is opened and closed, or looked at by fstat, it does not. */
static int see(struct call *c, struct fdref *ref)
{
    const int kind = fd_kind(c, ref->hostfd);

    if (kind < 0)
        fd_put(c, ref);
    else
        saw(c, ref, kind);
    return kind < 0 ? kind : 0;
}

static inline int get_seen(struct call *c, int fd, const caprights *want, struct fdref *ref)
{
    const int err = get(c, fd, want, ref);

    return err || ref->of->kind != OF_UNSEEN ? err : see(c, ref);
}

int fd_get(struct call *c, int fd, struct fdref *ref) { return get_seen(c, fd, NULL, ref); }

int fd_get_for(struct call *c, int fd, caprights want, struct fdref *ref) { return get_seen(c, fd, &want, ref); }

int fd_get_unseen(struct call *c, int fd, struct fdref *ref) { return get(c, fd, NULL, ref); }

void fd_saw(struct call *c, const struct fdref *ref, uint32_t mode)
{
    if (ref->of->kind == OF_UNSEEN)
        saw(c, ref, (int)fd_kind_of_mode(mode));
}

bool fd_plain(struct call *c, int fd)
{
    struct fdref ref;

    if (fd_get(c, fd, &ref))
        return false;

    const bool plain = is_plain(ref.of);

    plain_note(c, &ref);
    fd_put(c, &ref);
    return plain;
}

int fd_get_slot_locked(struct call *c, int fd, struct fdref *ref)
{
    struct fdtable *t = c->proc->fds;
    const uint32_t  entry = (uint32_t)(t->slots[fd] & SLOT_ENTRY) - 1;

    if (entry >= FD_HOST_MAX || !entry_get(&t->entries[entry]))
        return -EBADF;
    return ref_make(c, fd, t->slots[fd], true, ref);
}

void fd_put(struct call *c, struct fdref *ref)
{
    if (!ref->of)
        return;
    ref->of = NULL;
    if (ref->counted)
        fdtable_entry_put(c, c->proc->fds, ref->entry);
}

int fd_get_at(struct call *c, int fd, struct fdref *ref)
{
    if (fd != (int)c->abi->at_fdcwd)
        return fd_get(c, fd, ref);
    *ref = (struct fdref){.hostfd = AT_FDCWD, .fd = fd};
    return 0;
}

/* ---- allocation -------------------------------------------------------------- */

uint32_t fd_limit(const struct call *c) { return c->proc->nofile < FD_MAX ? (uint32_t)c->proc->nofile : FD_MAX; }

/* Writes a slot that may be limited; takes over a reference on the list of l. */
static void slot_set_locked(struct fdtable *t, uint32_t fd, uint64_t slot, const struct fdlimit *l)
{
    if (slot & SLOT_LIMITED)
        fdlimit_set_locked(t, fd, slot, l);
    else
        fdtable_set_locked(t, fd, slot);
}

/* Puts slot at the lowest number >= from.  It is limited and marked as the call's own descriptor is. */
static int slot_alloc(struct call *c, uint64_t slot, int from)
{
    struct fdtable *t = c->proc->fds;
    int             err = fdtable_lock(c, t);

    slot |= MARK(c);

    if (err)
        return err;

    const uint32_t fd = fdtable_free_locked(t, (uint32_t)from);

    err = fd < fd_limit(c) ? 0 : -EMFILE;
    if (!err && c->limit) {
        fdlimit_hold_locked(t, c->limit);
        fdlimit_set_locked(t, fd, slot, c->limit);
    } else if (!err) {
        fdtable_set_locked(t, fd, slot);
    }
    fdtable_unlock(c, t);
    return err ? err : (int)fd;
}

static uint64_t slot_flags(unsigned flags)
{
    return (flags & FD_SLOT_CLOEXEC ? SLOT_CLOEXEC : 0) | (flags & FD_SLOT_CLOFORK ? SLOT_CLOFORK : 0) |
           (flags & FD_SLOT_BENEATH ? SLOT_BENEATH : 0);
}

int fd_install_ofile(struct call *c, int hostfd, struct ofile *of, unsigned flags, int from)
{
    struct fdtable *t = c->proc->fds;

    if (!fdtable_entry_new(t, hostfd, of)) {
        host_call(c, SYS_close, hostfd);
        ofile_put(of);
        return -EMFILE;
    }

    const int fd = slot_alloc(c, ((uint64_t)hostfd + 1) | slot_flags(flags) | (is_plain(of) ? SLOT_PLAIN : 0), from);

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
    return fd_install_ofile(c, n->hostfd, of, (n->cloexec ? FD_SLOT_CLOEXEC : 0) | (n->clofork ? FD_SLOT_CLOFORK : 0),
                            from);
}

/* ---- duplicates ---------------------------------------------------------------- */

/* What a duplicate of fd's slot says, with one more reference on its entry, and its limits held.  0: fd is not open. */
static uint64_t slot_dup_locked(struct fdtable *t, int fd, unsigned flags, struct fdlimit *l)
{
    const uint64_t slot = t->slots[fd];
    const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1;

    if (entry >= FD_HOST_MAX || !entry_get(&t->entries[entry]))
        return 0;
    *l = fdlimit_get_locked(t, (uint32_t)fd);
    fdlimit_hold_locked(t, l);
    return (slot & (SLOT_ENTRY | SLOT_LIMITED | SLOT_BENEATH | SLOT_PLAIN)) | slot_flags(flags);
}

static bool number_ok(int fd) { return fd >= 0 && (uint32_t)fd < FD_MAX; }

static int dup_locked(struct call *c, struct fdtable *t, int fd, int from, unsigned flags)
{
    struct fdlimit l;
    const uint32_t at = t->slots[fd] ? fdtable_free_locked(t, (uint32_t)from) : 0;

    if (at >= fd_limit(c))
        return -EMFILE;

    const uint64_t slot = slot_dup_locked(t, fd, flags, &l);

    if (!slot)
        return -EBADF;
    slot_set_locked(t, at, slot, &l);
    return (int)at;
}

/* In the order of kern_descrip.c, kern_dup: the wanted number is looked at before the descriptor. */
int fd_dup(struct call *c, int fd, int from, unsigned flags)
{
    struct fdtable *t = c->proc->fds;

    if (fd < 0)
        return -EBADF;
    if (from < 0 || (uint32_t)from >= fd_limit(c))
        return -EINVAL;
    if (!number_ok(fd))
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const int r = dup_locked(c, t, fd, from, flags);

    fdtable_unlock(c, t);
    return r;
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
    *(struct flock *)s.p = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET};
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

static int dup_to_locked(struct fdtable *t, int fd, int to, unsigned flags, uint64_t *old)
{
    struct fdlimit l;

    if (to == fd) {
        if (!t->slots[fd])
            return -EBADF;
        fdtable_set_locked(t, (uint32_t)fd, t->slots[fd] | slot_flags(flags));
        return to;
    }

    const uint64_t slot = slot_dup_locked(t, fd, flags, &l);

    if (!slot)
        return -EBADF;
    *old = t->slots[to];
    slot_set_locked(t, (uint32_t)to, slot, &l);
    return to;
}

int fd_dup_to(struct call *c, int fd, int to, unsigned flags)
{
    struct fdtable *t = c->proc->fds;
    uint64_t        old = 0;

    if (!number_ok(fd) || to < 0 || (uint32_t)to >= fd_limit(c))
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const int r = dup_to_locked(t, fd, to, flags, &old);

    fdtable_unlock(c, t);
    if (old)
        slot_gone(c, t, to, old);
    return r;
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

static int mark_range(struct call *c, struct fdtable *t, uint32_t from, uint32_t to, uint64_t flags)
{
    const int err = fdtable_lock(c, t);

    if (err)
        return err;
    for (uint32_t fd = fdtable_next_locked(t, from); fd <= to && fd < FD_MAX; fd = fdtable_next_locked(t, fd + 1))
        fdtable_set_locked(t, fd, t->slots[fd] | flags);
    fdtable_unlock(c, t);
    return 0;
}

int fd_close_range(struct call *c, unsigned from, unsigned to, unsigned mark)
{
    return mark ? mark_range(c, c->proc->fds, from, to, slot_flags(mark))
                : close_matching(c, c->proc->fds, from, to, 0);
}

void fdtable_exec(struct call *c, struct fdtable *t)
{
    close_matching(c, t, 0, FD_MAX - 1, SLOT_CLOEXEC);
    if (__atomic_load_n(&t->stale, __ATOMIC_RELAXED))
        fdtable_sweep(c, t);
}

/* ---- slot flags ------------------------------------------------------------------ */

int fd_get_flags(struct call *c, int fd)
{
    if (!number_ok(fd))
        return -EBADF;

    const uint64_t slot = __atomic_load_n(&c->proc->fds->slots[fd], __ATOMIC_ACQUIRE);

    if (!slot)
        return -EBADF;
    return (slot & SLOT_CLOEXEC ? (int)FD_SLOT_CLOEXEC : 0) | (slot & SLOT_CLOFORK ? (int)FD_SLOT_CLOFORK : 0) |
           (slot & SLOT_BENEATH ? (int)FD_SLOT_BENEATH : 0);
}

int fd_set_flags(struct call *c, int fd, unsigned mask, unsigned flags)
{
    struct fdtable *t = c->proc->fds;

    if (!number_ok(fd))
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err)
        return err;

    const uint64_t slot = t->slots[fd];

    if (slot)
        fdtable_set_locked(t, (uint32_t)fd, (slot & ~slot_flags(mask)) | slot_flags(flags & mask));
    fdtable_unlock(c, t);
    return slot ? 0 : -EBADF;
}

int fd_last(struct call *c) { return (int)__atomic_load_n(&c->proc->fds->high, __ATOMIC_RELAXED) - 1; }

/* ---- kind ---------------------------------------------------------------------- */

enum ofile_kind fd_kind_of_mode(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK: return OF_FILE;
    case S_IFDIR: return OF_DIR;
    case S_IFIFO: return OF_PIPE;
    case S_IFSOCK: return OF_SOCKET;
    case S_IFCHR: return OF_CHAR;
    default: return OF_OTHER;
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
