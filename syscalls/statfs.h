/*
 * syscalls/statfs.h: file systems.  The rows' buffers name the layout, because it is larger than a row converts.
 */
#ifndef DRAGOMAN_SYSCALLS_STATFS_H
#define DRAGOMAN_SYSCALLS_STATFS_H

#include "syscalls/call.h"

/* fstatfs of a host descriptor, in that form of the guest's.  0, -errno. */
int64_t statfs_host(struct call *c, int hostfd, const struct layout *l, gva buf);
/* Calls fn with the place of every mount, until it says other than 0, which is the result. */
int statfs_mounts(int (*fn)(const char *on, void *arg), void *arg);

int64_t sys_statfs(struct call *c, gva path, gva buf);
int64_t sys_fstatfs(struct call *c, int fd, gva buf);
int64_t sys_getfsstat(struct call *c, gva buf, int64_t size, int64_t mode);

#endif
