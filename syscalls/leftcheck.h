/* syscalls/leftcheck.h: for --check-tables: whatever the session's processes had has been given back. */
#ifndef DRAGOMAN_SYSCALLS_LEFTCHECK_H
#define DRAGOMAN_SYSCALLS_LEFTCHECK_H

#include <stdbool.h>

/*
 * When every process of the session has ended: waits a while for what is still being cleaned up.  False, said on
 * standard error, when tasks, processes but the first, or descriptor tables are left.  Takes session.lock.
 */
bool leftcheck_session(void);

#endif
