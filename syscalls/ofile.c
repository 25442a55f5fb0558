#include "syscalls/ofile.h"

#include <string.h>

#include "syscalls/ofile_pool.h"

_Static_assert(sizeof(struct ofile) <= OFILE_STRIDE, "an open file fits its stride");
_Static_assert(ARENA_OFILES + (uint64_t)OFILES_MAX * OFILE_STRIDE <= ARENA_FDTABLES, "the pool fits its region");

#ifdef DRAGOMAN_GATE /* files with an object of their own are not closed in the gate (loader/gate/rows.c) */
#define ofile_on_free(of) ((void)(of))
#define HAS_HOOK          0
#else
void (*ofile_on_free)(struct ofile *of);
#define HAS_HOOK (ofile_on_free != NULL)
#endif

static bool index_ok(uint32_t index) { return index >= OFILE_FIRST && index < OFILES_MAX; }

uint32_t ofile_index(const struct ofile *of)
{
    return (uint32_t)(((uintptr_t)of - ARENA_BASE - ARENA_OFILES) / OFILE_STRIDE);
}

struct ofile *ofile_at(uint32_t index)
{
    return index_ok(index) && __atomic_load_n(&ofile_slot(index)->refs, __ATOMIC_RELAXED) ? ofile_slot(index) : NULL;
}

uint32_t ofile_count(void)
{
    const uint32_t fresh = __atomic_load_n(&ofile_pool()->fresh, __ATOMIC_RELAXED);
    uint32_t       n = 0;

    for (uint32_t i = OFILE_FIRST; i < OFILE_FIRST + fresh && index_ok(i); i++)
        n += ofile_at(i) != NULL;
    return n;
}

static uint64_t next_head(uint64_t head, uint32_t index) { return ((head >> 32) + 1) << 32 | index; }

/* 0: none. */
static uint32_t pop(void)
{
    uint64_t head = __atomic_load_n(&ofile_pool()->free, __ATOMIC_ACQUIRE);

    while (index_ok((uint32_t)head)) {
        const uint32_t next = (uint32_t)__atomic_load_n(&ofile_slot((uint32_t)head)->offset, __ATOMIC_RELAXED);

        if (__atomic_compare_exchange_n(&ofile_pool()->free, &head, next_head(head, next), false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return (uint32_t)head;
    }
    return 0;
}

static void push(uint32_t index)
{
    uint64_t head = __atomic_load_n(&ofile_pool()->free, __ATOMIC_RELAXED);

    do
        __atomic_store_n(&ofile_slot(index)->offset, (int64_t)(uint32_t)head, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&ofile_pool()->free, &head, next_head(head, index), false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
}

static uint32_t fresh(void)
{
    uint32_t n = __atomic_load_n(&ofile_pool()->fresh, __ATOMIC_RELAXED);

    while (n < OFILES_MAX - OFILE_FIRST)
        if (__atomic_compare_exchange_n(&ofile_pool()->fresh, &n, n + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return OFILE_FIRST + n;
    return 0;
}

struct ofile *ofile_new(void)
{
    uint32_t index = pop();

    if (!index)
        index = fresh();
    if (!index)
        return NULL;

    struct ofile *of = ofile_slot(index);

    memset(of, 0, sizeof(*of));
    __atomic_store_n(&of->refs, 1, __ATOMIC_RELEASE);
    return of;
}

void ofile_get(struct ofile *of) { __atomic_fetch_add(&of->refs, 1, __ATOMIC_RELAXED); }

/* Whose reference is the only one can do without the bus lock: nobody is there who could take another. */
static bool last_put(struct ofile *of)
{
    if (__atomic_load_n(&of->refs, __ATOMIC_ACQUIRE) != 1)
        return __atomic_fetch_sub(&of->refs, 1, __ATOMIC_ACQ_REL) == 1;
    __atomic_store_n(&of->refs, 0, __ATOMIC_RELEASE);
    return true;
}

void ofile_put(struct ofile *of)
{
    if (!last_put(of))
        return;
    if (of->object && HAS_HOOK)
        ofile_on_free(of);
    of->kind = OF_FREE;
    push(ofile_index(of));
}
