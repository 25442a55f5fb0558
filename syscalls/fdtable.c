/*
 * The lowest free number is found by four levels of bits, 64 to one: the cost is
 * the same with ten and with a million descriptors open.  Freestanding.
 */
#include "syscalls/fdtable.h"

#include <sys/syscall.h>

#include "syscalls/arena.h"
#include "syscalls/ofile.h"
#include "syscalls/proc.h"

_Static_assert(sizeof(struct fdtable) <= FDTABLE_STRIDE - GATE_SITES_SIZE, "a table fits its stride");
_Static_assert(1ull << (6 * FD_LEVELS) >= FD_MAX, "the levels reach all slots");

/* ---- bits ------------------------------------------------------------------ */

static uint64_t *level(struct fdtable *t, unsigned n)
{
    uint64_t *const levels[FD_LEVELS] = {t->level0, t->level1, t->level2, t->level3};

    return levels[n];
}

/* Up while the word has no free bit at or after pos, down again where one is found. */
uint32_t fdtable_free_locked(struct fdtable *t, uint32_t from)
{
    uint32_t pos = from;
    unsigned n = 0;

    if (from >= FD_MAX)
        return FD_MAX;
    while (n < FD_LEVELS) {
        if (pos >= FD_MAX >> (6 * n))
            return FD_MAX;

        const uint64_t bits = ~level(t, n)[pos / 64] & ~0ull << pos % 64;

        if (!bits) {
            pos = pos / 64 + 1;
            n++;
            continue;
        }
        pos = (pos & ~63u) + (uint32_t)__builtin_ctzll(bits);
        if (!n)
            return pos;
        pos *= 64;
        n--;
    }
    return FD_MAX;
}

uint32_t fdtable_next_locked(struct fdtable *t, uint32_t from)
{
    const uint32_t high = t->high < FD_MAX ? t->high : FD_MAX;

    for (uint32_t pos = from; pos < high; pos = (pos | 63) + 1) {
        const uint64_t bits = t->level0[pos / 64] & ~0ull << pos % 64;

        if (bits)
            return (pos & ~63u) + (uint32_t)__builtin_ctzll(bits);
    }
    return FD_MAX;
}

static void bits_set(struct fdtable *t, uint32_t pos)
{
    for (unsigned n = 0; n < FD_LEVELS; n++, pos /= 64) {
        uint64_t *word = &level(t, n)[pos / 64];

        *word |= 1ull << pos % 64;
        if (~*word)
            return;
    }
}

static void bits_clear(struct fdtable *t, uint32_t pos)
{
    for (unsigned n = 0; n < FD_LEVELS; n++, pos /= 64)
        level(t, n)[pos / 64] &= ~(1ull << pos % 64);
}

static void high_raise(struct fdtable *t, uint32_t to)
{
    t->high = to;
    if (to > t->highest)
        t->highest = to;
}

static void high_lower(struct fdtable *t)
{
    uint32_t word = (t->high + 63) / 64;

    while (word && !t->level0[word - 1])
        word--;
    t->high = word ? word * 64 - (uint32_t)__builtin_clzll(t->level0[word - 1]) : 0;
}

void fdtable_set_locked(struct fdtable *t, uint32_t fd, uint64_t slot)
{
    const uint64_t old = t->slots[fd];

    __atomic_store_n(&t->slots[fd], slot, __ATOMIC_RELEASE);
    if (old & SLOT_LIMITED && !(slot & SLOT_LIMITED))
        fdlimit_drop_locked(t, &t->limits[fd]);
    if (slot) {
        bits_set(t, fd);
        if (fd >= t->high)
            high_raise(t, fd + 1);
    } else {
        bits_clear(t, fd);
        if (fd + 1 == t->high)
            high_lower(t);
    }
}

/* ---- host entries ------------------------------------------------------------ */

static void host_high_raise(struct fdtable *t, uint32_t to)
{
    uint32_t seen = __atomic_load_n(&t->host_high, __ATOMIC_RELAXED);

    while (seen < to &&
           !__atomic_compare_exchange_n(&t->host_high, &seen, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

bool fdtable_entry_new(struct fdtable *t, int hostfd, struct ofile *of)
{
    if (hostfd < 0 || (uint32_t)hostfd >= FD_HOST_MAX)
        return false;

    struct fdentry *e = &t->entries[hostfd];

    if (__atomic_load_n(&e->refs, __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(&e->ofile, of ? ofile_index(of) : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&e->refs, 1, __ATOMIC_RELEASE);
    host_high_raise(t, (uint32_t)hostfd + 1);
    return true;
}

/* Gives a reference up; whether it was the last.  An only one of a process with one thread needs no bus lock for it. */
static bool entry_last(const struct call *c, struct fdentry *e)
{
    if (!c->alone || __atomic_load_n(&e->refs, __ATOMIC_RELAXED) != 1)
        return __atomic_fetch_sub(&e->refs, 1, __ATOMIC_ACQ_REL) == 1;
    __atomic_store_n(&e->refs, 0, __ATOMIC_RELEASE);
    return true;
}

void fdtable_entry_put(struct call *c, struct fdtable *t, uint32_t entry)
{
    struct fdentry *e = &t->entries[entry];
    struct ofile   *of = ofile_at(__atomic_load_n(&e->ofile, __ATOMIC_RELAXED));

    if (!entry_last(c, e))
        return;
    /* From here on the entry is not ours: once the host descriptor is closed, its number may come back. */
    if (host_call6(c, SYS_close, entry, 0, 0, 0, 0, 0) == -ESRCH)
        __atomic_fetch_add(&t->stale, 1, __ATOMIC_RELAXED);
    if (of)
        ofile_put(of);
}

/* ---- copies --------------------------------------------------------------------- */

/* One slot of a fork's child.  References of calls in flight are the parent's alone, so they are counted afresh. */
static void copy_slot(struct fdtable *dst, struct fdtable *src, uint32_t fd, uint64_t slot)
{
    const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1;
    struct ofile  *of = entry < FD_HOST_MAX ? ofile_at(src->entries[entry].ofile) : NULL;

    if (!of || of->kind == OF_KQUEUE) /* fork does not hand kqueues down */
        return;
    if (dst->entries[entry].refs++ == 0) {
        dst->entries[entry].ofile = ofile_index(of);
        ofile_get(of);
        host_high_raise(dst, entry + 1);
    }
    if (slot & SLOT_LIMITED)
        fdlimit_fork(dst, src, fd);
    fdtable_set_locked(dst, fd, slot);
}

static struct fdtable *copy(struct fdtable *src, bool fork)
{
    struct fdtable *dst = fdtable_new();

    if (!dst)
        return NULL;
    for (uint32_t fd = fdtable_next_locked(src, 0); fd < FD_MAX; fd = fdtable_next_locked(src, fd + 1))
        if (!fork || !(src->slots[fd] & SLOT_CLOFORK))
            copy_slot(dst, src, fd, src->slots[fd]);
    dst->chrooted = src->chrooted;
    dst->stale = 1; /* of the parent's other threads, perhaps */
    if (src->view_root && fdtable_entry_new(dst, (int)src->view_root - 1, NULL))
        dst->view_root = src->view_root;
    return dst;
}

struct fdtable *fdtable_copy(struct fdtable *src) { return copy(src, true); }

struct fdtable *fdtable_dup(struct fdtable *src) { return copy(src, false); }

void fdtable_break_locks(struct fdtable *t, uint32_t task_index)
{
    uint32_t high = __atomic_load_n(&t->host_high, __ATOMIC_RELAXED);

    shlock_break(&t->lock, task_index);
    for (uint32_t e = 0; e < high && e < FD_HOST_MAX; e++) {
        struct ofile *of = t->entries[e].refs ? ofile_at(t->entries[e].ofile) : NULL;

        if (of)
            shlock_break(&of->lock, task_index);
    }
}

/* In the gate of a process with one thread there is nobody to keep out: others look at the table without its lock. */
int fdtable_lock(struct call *c, struct fdtable *t) { return c->alone ? 0 : shlock_lock(c, &t->lock); }

void fdtable_unlock(struct call *c, struct fdtable *t)
{
    if (!c->alone)
        shlock_unlock(c, &t->lock);
}

int fdtable_inherit(struct fdtable *t, int fd, enum ofile_kind kind, uint32_t flags)
{
    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;

    struct ofile *of = ofile_new();

    if (!of)
        return -ENFILE;
    of->kind = (uint8_t)kind;
    of->host_offset = true;
    of->flags = flags;
    if (!fdtable_entry_new(t, fd, of)) {
        ofile_put(of);
        return -EBADF;
    }
    fdtable_set_locked(t, (uint32_t)fd, (uint64_t)fd + 1);
    return 0;
}

void fdtable_each(struct fdtable *t, fdtable_fn *fn, void *arg)
{
    for (uint32_t fd = fdtable_next_locked(t, 0); fd < FD_MAX; fd = fdtable_next_locked(t, fd + 1)) {
        const uint64_t slot = t->slots[fd];
        const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1;
        struct ofile  *of = entry < FD_HOST_MAX ? ofile_at(t->entries[entry].ofile) : NULL;

        if (of)
            fn((int)fd, of, (int)entry, slot & SLOT_CLOEXEC, arg);
    }
}

/* Descriptors that the gate needs at the next exec (loader/pico.c). */
static bool is_kept(uint32_t hostfd) { return (int)hostfd == session.arena_fd || (int)hostfd == session.gate_fd; }

static uint32_t sweep_end(const struct fdtable *t)
{
    uint32_t end = t->host_high < FD_HOST_MAX ? t->host_high : FD_HOST_MAX;

    while (session.arena_fd >= (int)end || session.gate_fd >= (int)end)
        end++;
    return end;
}

/* Closes the host descriptors in each gap between those that are known. */
void fdtable_sweep(struct call *c, struct fdtable *t)
{
    const uint32_t end = sweep_end(t);
    uint32_t       gap = 0;

    for (uint32_t i = 0; i < end; i++) {
        if (!__atomic_load_n(&t->entries[i].refs, __ATOMIC_RELAXED) && !is_kept(i))
            continue;
        if (gap < i)
            host_call(c, SYS_close_range, gap, i - 1, 0);
        gap = i + 1;
    }
    host_call(c, SYS_close_range, gap, ~0u, 0);
    __atomic_store_n(&t->stale, 0, __ATOMIC_RELAXED);
}
