/*
 * syscalls/sockname.h: names of local sockets that the host knows under another one.
 *
 * A socket that was bound through --root, --sysroot or a directory descriptor has
 * a host path that means nothing to the guest.  Few are ever bound so, thus a list.
 */
#ifndef DRAGOMAN_SYSCALLS_SOCKNAME_H
#define DRAGOMAN_SYSCALLS_SOCKNAME_H

#include <stdbool.h>
#include <stddef.h>

/* A later name for the same host path takes the place of the earlier.  Out of memory: it is not remembered. */
void sockname_add(const char *host, const char *guest);
/* Copies the guest's name of a host path; false when the host path is the guest's own. */
bool sockname_find(const char *host, char *out, size_t size);

#endif
