/* syscalls/marshal.h: from a row and raw registers to a handler or a host call, and back. */
#ifndef DRAGOMAN_SYSCALLS_MARSHAL_H
#define DRAGOMAN_SYSCALLS_MARSHAL_H

#include "syscalls/call.h"

/*
 * Makes the call of c->row with c->raw.  The result, or a negative host errno
 * (-ENOSYS for rows that are missing).
 */
int64_t marshal_call(struct call *c);
/* True when the row can be served: it has a handler or names a host call. */
bool marshal_can(const struct row *row);

#endif
