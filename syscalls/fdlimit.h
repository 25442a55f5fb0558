/*
 * syscalls/fdlimit.h: what a limited slot of a descriptor table is good for (Capsicum's rights, cap_rights_limit(2)
 * and its kin).
 *
 * A slot without limits says nothing of all this; one with them has SLOT_LIMITED, and its limits lie beside the
 * table.  They belong to the number and not to the open file.  Freestanding.  The guest can write the arena: it can
 * give itself back what it gave up, but every index is checked here.
 */
#ifndef DRAGOMAN_SYSCALLS_FDLIMIT_H
#define DRAGOMAN_SYSCALLS_FDLIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/caprights.h"

#define IOCTLS_MAX  256u  /* of one list: IOCTLS_MAX_COUNT of sys_capability.c */
#define IOCTLS_ALL  (~0u) /* every command */
#define IOCTLS_NONE (~0u - 1)

/* [L] under the table's lock */
struct fdlimit {
    caprights rights; /* [L] */
    uint32_t  fcntls; /* [L] D_CAP_FCNTL_* */
    uint32_t  ioctls; /* [L] IOCTLS_ALL, IOCTLS_NONE or the number of a list of the same table */
};

/* Commands that ioctl may be called with, as the guest numbers them; one reference a slot. */
struct ioctl_list {
    uint32_t refs; /* [L] 0: free */
    uint32_t n;    /* [L] */
    uint64_t cmds[IOCTLS_MAX];
};

struct fdtable;

#define FDLIMIT_FULL ((struct fdlimit){D_CAP_ALL, D_CAP_FCNTL_ALL, IOCTLS_ALL})

/* All of these: lock held. */

/* The limits of slot fd; FDLIMIT_FULL when it has none. */
struct fdlimit fdlimit_get_locked(struct fdtable *t, uint32_t fd);
/* Writes the slot with these limits; takes over a reference on their list, and drops what was there. */
void fdlimit_set_locked(struct fdtable *t, uint32_t fd, uint64_t slot, const struct fdlimit *l);
/* One reference more, one less, on the list that l names, if it names one. */
void fdlimit_hold_locked(struct fdtable *t, const struct fdlimit *l);
void fdlimit_drop_locked(struct fdtable *t, const struct fdlimit *l);
/* A fork's child gets slot fd's limits; src's lock is held, dst is nobody's yet. */
void fdlimit_fork(struct fdtable *dst, struct fdtable *src, uint32_t fd);

/* The commands of l's list: how many, 0 when it names none.  At most IOCTLS_MAX, whatever the guest writes there. */
uint32_t fdlimit_list(const struct fdtable *t, const struct fdlimit *l, const uint64_t **cmds);
/* A list of these commands, with one reference: its number, or IOCTLS_NONE for none of them.  False: no room. */
bool fdlimit_list_new_locked(struct fdtable *t, const uint64_t *cmds, uint32_t n, uint32_t *number);

#endif
