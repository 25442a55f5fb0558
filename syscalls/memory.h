/* syscalls/memory.h: what the parts of the memory calls share. */
#ifndef DRAGOMAN_SYSCALLS_MEMORY_H
#define DRAGOMAN_SYSCALLS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls/arena.h"
#include "syscalls/call.h"

#define PAGE      4096ull
#define PAGE_MASK (PAGE - 1)
/* The host gives out nothing above it (47 bits less a guard page). */
#define GUEST_END 0x7ffffffff000ull

/* A range of whole pages. */
struct range {
    uint64_t at, end;
};

/* The pages that hold any of [addr, addr + len).  False when that wraps or leaves user memory. */
bool range_of(uint64_t addr, uint64_t len, struct range *r);

static inline bool zone_overlaps(uint64_t at, uint64_t len) { return at < ZONE_END && at + len > ZONE_BASE; }

/*
 * fn for the parts of r that are the guest's, i.e. not our zone: what lies there
 * does not exist for the guest.  The first result that is not 0 ends it.
 */
typedef int64_t range_fn(struct call *c, struct range r, void *arg);
int64_t         range_outside_zone(struct call *c, struct range r, range_fn *fn, void *arg);
/* fn for each mapped part of r. */
int64_t range_mapped(struct call *c, struct range r, range_fn *fn, void *arg);

#endif
