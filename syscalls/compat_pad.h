/*
 * syscalls/compat_pad.h: calls in older forms that the newer ones can serve: an
 * int of padding before a 64-bit argument, and calls by way of another number.
 */
#ifndef DRAGOMAN_SYSCALLS_COMPAT_PAD_H
#define DRAGOMAN_SYSCALLS_COMPAT_PAD_H

#include "syscalls/call.h"

int64_t sys_pread_pad(struct call *c, int fd, gva buf, uint64_t n, int pad, int64_t offset);
int64_t sys_pwrite_pad(struct call *c, int fd, gva buf, uint64_t n, int pad, int64_t offset);
int64_t sys_lseek_pad(struct call *c, int fd, int pad, int64_t offset, int64_t whence);
int64_t sys_truncate_pad(struct call *c, gva path, int pad, int64_t length);
int64_t sys_ftruncate_pad(struct call *c, int fd, int pad, int64_t length);

/* syscall(), __syscall(): the dispatcher has unfolded them, unless they name themselves.  -ENOSYS. */
int64_t sys_indirect(struct call *c, int number);
int64_t sys_indirect64(struct call *c, int64_t number);

#endif
