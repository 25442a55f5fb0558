/*
 * syscalls/ofile_pool.h: inside of the pool of open files.  For ofile.c, fdcheck.c and their tests.  Freestanding.
 *
 * The pool's own words are at the beginning of its region in the arena; then come the open files, OFILE_STRIDE apart.
 */
#ifndef DRAGOMAN_SYSCALLS_OFILE_POOL_H
#define DRAGOMAN_SYSCALLS_OFILE_POOL_H

#include "syscalls/arena.h"
#include "syscalls/ofile.h"

#define OFILE_STRIDE 64u
#define OFILE_FIRST  64u /* the first page of the region is the pool's own */

/* All fields [a].  A free open file keeps the index of the next in its offset. */
struct ofile_pool {
    uint64_t free;  /* low half: index of the first free one, 0: none; high half: changes with every pop and push */
    uint32_t fresh; /* how many were ever handed out: those above are untouched pages */
};

static inline struct ofile_pool *ofile_pool(void) { return (struct ofile_pool *)(ARENA_BASE + ARENA_OFILES); }

static inline struct ofile *ofile_slot(uint32_t index)
{
    return (struct ofile *)(ARENA_BASE + ARENA_OFILES + (uint64_t)index * OFILE_STRIDE);
}

#endif
