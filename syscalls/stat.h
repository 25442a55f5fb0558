/*
 * syscalls/stat.h: the status of files.  The rows' layouts make each ABI's struct stat of it.
 */
#ifndef DRAGOMAN_SYSCALLS_STAT_H
#define DRAGOMAN_SYSCALLS_STAT_H

#include "syscalls/call.h"

int64_t sys_stat(struct call *c, gva path, struct kstat *st);
int64_t sys_lstat(struct call *c, gva path, struct kstat *st);
int64_t sys_fstat(struct call *c, int fd, struct kstat *st);
int64_t sys_fstatat(struct call *c, int dirfd, gva path, struct kstat *st, uint64_t flags);

/* statx of a host descriptor and name; an empty name at va, with AT_EMPTY_PATH, means dirfd itself.  0, -errno. */
int64_t stat_host(struct call *c, int dirfd, uint64_t va, int flags, struct kstat *st);
/* PATH_* for the AT_* flags of a call. */
unsigned at_how(uint64_t flags);

#endif
