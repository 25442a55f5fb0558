/*
 * syscalls/dir.h: reading directories.
 */
#ifndef DRAGOMAN_SYSCALLS_DIR_H
#define DRAGOMAN_SYSCALLS_DIR_H

#include "syscalls/call.h"

/* struct dirent of FreeBSD 12 and later. */
int64_t sys_getdirentries(struct call *c, int fd, gva buf, uint64_t count, gva basep);
/* The one with 32-bit inode numbers. */
int64_t sys_freebsd11_getdirentries(struct call *c, int fd, gva buf, unsigned count, gva basep);
int64_t sys_freebsd11_getdents(struct call *c, int fd, gva buf, uint64_t count);

#endif
