/* Tables are made and freed by the provider alone. */
#include <pthread.h>
#include <string.h>

#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"
#include "syscalls/spare.h"

_Static_assert(FDTABLES_MAX / 8 <= 2048, "the tables' bits fit the page");

#define SMALL 512u /* slots and host entries of a table that is wiped rather than given back: a page each */

static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static struct spares   spares; /* their bits are clear */

static bool claim(uint32_t index)
{
    const bool is_free = !(FDTABLES_USED[index / 64] >> index % 64 & 1);

    FDTABLES_USED[index / 64] |= 1ull << index % 64;
    return is_free;
}

static bool claim_lowest(uint32_t *index)
{
    for (uint32_t w = 0; w < FDTABLES_MAX / 64; w++)
        if (~FDTABLES_USED[w]) {
            *index = w * 64 + (uint32_t)__builtin_ctzll(~FDTABLES_USED[w]);
            return claim(*index);
        }
    return false;
}

static bool claim_any(uint32_t *index)
{
    while (spare_take(&spares, index))
        if (claim(*index))
            return true;
    return claim_lowest(index);
}

struct fdtable *fdtable_new(void)
{
    struct fdtable *t;
    uint32_t        index;
    bool            there;

    pthread_mutex_lock(&tables_lock);
    there = claim_any(&index);
    pthread_mutex_unlock(&tables_lock);
    if (!there)
        return NULL;
    t = fdtable_at(index);
    t->level3[0] = ~0ull << (FD_MAX >> 18); /* the bits that stand for no word */
    return t;
}

/* Gives up what the entries still refer to; used when their process is gone. */
static void entries_drop(struct fdtable *t)
{
    const uint32_t high = t->host_high < FD_HOST_MAX ? t->host_high : FD_HOST_MAX;

    for (uint32_t i = 0; i < high; i++) {
        struct ofile *of = t->entries[i].refs ? ofile_at(t->entries[i].ofile) : NULL;

        if (of)
            ofile_put(of);
    }
}

/* All of it is in its first pages. */
static bool is_small(const struct fdtable *t)
{
    return !t->limited && t->highest <= SMALL && t->high <= t->highest && t->host_high <= SMALL;
}

/* As if its pages had been given back. */
static void wipe(struct fdtable *t)
{
    memset(t->slots, 0, t->highest * sizeof(*t->slots));
    memset(t->entries, 0, t->host_high * sizeof(*t->entries));
    memset(t->level0, 0, SMALL / 8);
    memset((char *)t + FDTABLE_STRIDE - GATE_SITES_SIZE, 0, GATE_SITES_SIZE); /* arena.h: the gate's, of its code */
    memset(t, 0, offsetof(struct fdtable, level0));
}

void fdtable_free(struct fdtable *t)
{
    const uint32_t index = (uint32_t)(((uintptr_t)t - ARENA_BASE - ARENA_FDTABLES) / FDTABLE_STRIDE);
    const bool     small = is_small(t);

    entries_drop(t);
    if (small)
        wipe(t);
    pthread_mutex_lock(&tables_lock);
    if (!small || !spare_put(&spares, index))
        arena_release(t, FDTABLE_STRIDE);
    FDTABLES_USED[index / 64] &= ~(1ull << index % 64);
    pthread_mutex_unlock(&tables_lock);
}
