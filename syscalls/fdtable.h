/*
 * syscalls/fdtable.h: inside of a descriptor table.  For fdtable.c, fd.c, view.c and their tests.
 *
 * A slot is one 64-bit word, so that a reader without the lock sees all of it.
 * A host entry with no references may be re-used by whoever gets that host
 * descriptor number from the kernel next: its last user has forgotten it before
 * it closes the host descriptor.
 */
#ifndef DRAGOMAN_SYSCALLS_FDTABLE_H
#define DRAGOMAN_SYSCALLS_FDTABLE_H

#include "syscalls/arena.h"
#include "syscalls/fd.h"
#include "syscalls/fdlimit.h"

#define FD_MAX         (1u << 20) /* guest descriptors of one process */
#define FD_HOST_MAX    (1u << 21) /* and host descriptors, so that calls in flight fit as well */
#define FD_LEVELS      4
#define FD_IOCTL_LISTS 2048u /* lists of ioctl commands that the limits of a table's slots name */

#define SLOT_ENTRY   0xffffffffull /* host entry + 1; 0: the slot is free */
#define SLOT_CLOEXEC (1ull << 32)
#define SLOT_CLOFORK (1ull << 33)
#define SLOT_LIMITED (1ull << 34) /* its limits count (fdlimit.h) */
#define SLOT_BENEATH (1ull << 36) /* the provider's, like limits: look-ups from it stay below it */
#define SLOT_PLAIN   (1ull << 35) /* a file or directory that the guest opened: the gate serves its calls */

struct fdentry {
    uint32_t refs;  /* [a] slots and calls in flight */
    uint32_t ofile; /* [a] index; 0: none, a descriptor of our own */
};

/* [a] atomic, [L] changed under lock, read atomically */
struct fdtable {
    struct shlock     lock;
    uint32_t          high;      /* [L] no slot at or above it is in use */
    uint32_t          highest;   /* [L] or was ever */
    uint32_t          host_high; /* [a] no host entry at or above it was ever in use */
    uint32_t          stale;     /* [a] not 0: host descriptors may be open that no entry knows (fdtable_sweep) */
    uint32_t          view_root; /* [L] host descriptor + 1 of the process's root under --root; 0: not open yet */
    uint32_t          chrooted;  /* [L] the process changed its root itself */
    uint32_t          limited;   /* [L] limits or lists of it were written */
    uint64_t          level3[1]; /* [L] bit set: that word of level 2 is full; and so on downwards */
    uint64_t          level2[4];
    uint64_t          level1[256];
    uint64_t          level0[FD_MAX / 64];                          /* [L] bit set: slot in use */
    uint64_t          slots[FD_MAX] __attribute__((aligned(4096))); /* [L] */
    struct fdentry    entries[FD_HOST_MAX] __attribute__((aligned(4096)));
    struct fdlimit    limits[FD_MAX] __attribute__((aligned(4096))); /* [L] of slots with SLOT_LIMITED */
    struct ioctl_list lists[FD_IOCTL_LISTS];                         /* [L] */
};

/* Which tables are in use, a bit each; at the end of the pool page of the open files, which has room to spare. */
#define FDTABLES_USED ((uint64_t *)(ARENA_BASE + ARENA_OFILES + 2048))

static inline struct fdtable *fdtable_at(uint32_t index)
{
    return (struct fdtable *)(ARENA_BASE + ARENA_FDTABLES + index * FDTABLE_STRIDE);
}

/* Lowest free slot >= from, FD_MAX when there is none; next used one >= from, FD_MAX likewise.  Lock held. */
uint32_t fdtable_free_locked(struct fdtable *t, uint32_t from);
uint32_t fdtable_next_locked(struct fdtable *t, uint32_t from);

/*
 * Writes a slot (0: free) and keeps the bitmaps right.  Without SLOT_LIMITED it loses the limits that it had.
 * Lock held.
 */
void fdtable_set_locked(struct fdtable *t, uint32_t fd, uint64_t slot);

/*
 * fd_get's ways for slots with limits.  The first is of the provider alone (capability.c; in the gate it says that
 * the provider is needed); want NULL: what the call's row wants.  The second, for it: a reference whatever the limits
 * are.  Lock held; 0, -EBADF.
 */
int fd_get_limited(struct call *c, int fd, const caprights *want, struct fdref *ref);
int fd_get_slot_locked(struct call *c, int fd, struct fdref *ref);

/* Makes the host entry of hostfd, with one reference and one on of taken over.  False: the number cannot be used. */
bool fdtable_entry_new(struct fdtable *t, int hostfd, struct ofile *of);
/* Drops one reference; closes the host descriptor with the last. */
void fdtable_entry_put(struct call *c, struct fdtable *t, uint32_t entry);

#endif
