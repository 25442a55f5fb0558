/*
 * syscalls/ofile.h: the pool of open files, one for the whole session.
 *
 * Lives in the arena.  Free ones form a stack; what is read from it is checked,
 * because in time guests can write there.  Freestanding.
 */
#ifndef DRAGOMAN_SYSCALLS_OFILE_H
#define DRAGOMAN_SYSCALLS_OFILE_H

#include "syscalls/fd.h"

/* One reference, all fields zero but that; NULL when the pool is out. */
struct ofile *ofile_new(void);
void          ofile_get(struct ofile *of);
void          ofile_put(struct ofile *of); /* the last put frees it */

/* Index in the pool, never 0; and back: NULL for what is no index of an open file in use. */
uint32_t      ofile_index(const struct ofile *of);
struct ofile *ofile_at(uint32_t index);

uint32_t ofile_count(void); /* in use, by counting them: for tests and leak checks */

/* Told when the last reference of a file with a non-zero object goes.  Set once at start-up; NULL: nobody. */
extern void (*ofile_on_free)(struct ofile *of);

#endif
