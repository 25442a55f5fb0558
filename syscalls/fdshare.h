/*
 * syscalls/fdshare.h: descriptor tables that several processes have in common (rfork(2) without RFFDG or RFCFDG).
 *
 * Their host processes share host descriptors, working directory and umask in the same way (CLONE_FILES, CLONE_FS),
 * as FreeBSD's share both (kern_fork.c: fdshare, pdshare).  How many have a table is the provider's own knowledge.
 */
#ifndef DRAGOMAN_SYSCALLS_FDSHARE_H
#define DRAGOMAN_SYSCALLS_FDSHARE_H

#include "syscalls/fd.h"

/* One process more has the table; returns it. */
struct fdtable *fdtable_share(struct fdtable *t);
/* One less.  True: it was the last one, and frees the table (fdtable_free). */
bool fdtable_unref(struct fdtable *t);
bool fdtable_is_shared(const struct fdtable *t);

/*
 * Gives the calling process a table, host descriptors and a working directory of its own, with what they now hold.
 * Nothing to do when it is alone.  0, -ENOMEM, -ESRCH, or the host's error; then it still shares.
 */
int fdtable_unshare(struct call *c);

#endif
