/*
 * syscalls/fcntl.h: calls on descriptors and on the state of open files.
 */
#ifndef DRAGOMAN_SYSCALLS_FCNTL_H
#define DRAGOMAN_SYSCALLS_FCNTL_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

int64_t sys_dup(struct call *c, int fd);
int64_t sys_dup2(struct call *c, int from, int to);
int64_t sys_fcntl(struct call *c, int fd, int64_t cmd, int64_t arg);
int64_t sys_flock(struct call *c, int fd, uint64_t how);

/* Changes the status flags in mask (host O_*), here and at the host.  0 or -errno. */
int64_t file_set_flags(struct call *c, struct fdref *ref, uint32_t mask, uint32_t flags);
/*
 * Who gets SIGIO: a process, or a group by its negative number (as 32 bits when it is got).  -ENOTTY for what sends
 * none, -EBADF for what was opened for its path alone, -ENOMEM, and what the host says.
 */
int64_t file_get_owner(struct call *c, struct fdref *ref);
int64_t file_set_owner(struct call *c, struct fdref *ref, int owner);

#endif
