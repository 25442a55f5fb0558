/*
 * syscalls/statfs.h: file systems.  The rows' buffers name the layout, because it is larger than a row converts.
 */
#ifndef DRAGOMAN_SYSCALLS_STATFS_H
#define DRAGOMAN_SYSCALLS_STATFS_H

#include "syscalls/call.h"

int64_t sys_statfs(struct call *c, gva path, gva buf);
int64_t sys_fstatfs(struct call *c, int fd, gva buf);
int64_t sys_getfsstat(struct call *c, gva buf, int64_t size, int64_t mode);

#endif
