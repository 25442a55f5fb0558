/*
 * syscalls/copy.h: data moved between descriptors without passing through the program.
 */
#ifndef DRAGOMAN_SYSCALLS_COPY_H
#define DRAGOMAN_SYSCALLS_COPY_H

#include "syscalls/call.h"

int64_t sys_copy_file_range(struct call *c, int infd, gva inoff, int outfd, gva outoff, uint64_t len, unsigned flags);
int64_t sys_sendfile(struct call *c, int fd, int s, int64_t offset, uint64_t nbytes, gva hdtr, gva sbytes, int flags);

int64_t sys_freebsd4_sendfile(struct call *c, int fd, int s, int64_t offset, uint64_t nbytes, gva hdtr, gva sbytes,
                              int flags);

/* space.c */
int64_t sys_posix_fallocate(struct call *c, int fd, int64_t offset, int64_t len);
int64_t sys_posix_fadvise(struct call *c, int fd, int64_t offset, int64_t len, int64_t advice);
int64_t sys_fspacectl(struct call *c, int fd, int cmd, gva range, int flags, gva rest);

#endif
