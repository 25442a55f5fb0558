/*
 * syscalls/fdcheck.h: walks the descriptor tables and the pool of open files, and says what does not fit together.
 *
 * For tests (--check-tables) and for whoever looks for a fault.  Nothing is changed.
 */
#ifndef DRAGOMAN_SYSCALLS_FDCHECK_H
#define DRAGOMAN_SYSCALLS_FDCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "syscalls/fd.h"

#define FDCHECK_TEXT 160 /* room for the sentence that says what is wrong */

/*
 * One table, that nobody is changing: slots, the bits of all levels and the highest number agree; each slot's host
 * entry and open file are there; an entry has no fewer references than slots (quiet: as many, since no call is in
 * flight); no lock is held by a task that is gone.  True: sound.  Else why says what is first found wrong.
 */
bool fdcheck_table(struct fdtable *t, bool quiet, char *why, size_t size);

/*
 * The pool: every open file has the references that tables in use and messages in flight hold (lost: more will do, a
 * task may have been killed between taking one and using it), and all others are in the list of free ones once.
 */
bool fdcheck_pool(bool lost, char *why, size_t size);

/* Under --check-tables: fdcheck_table, with a line on standard error when it fails.  Otherwise nothing. */
void fdcheck_at_exit(struct fdtable *t, bool quiet);
/* At the session's end, under --check-tables: true when all that was checked was sound. */
bool fdcheck_session(void);

#endif
