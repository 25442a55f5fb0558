/*
 * syscalls/shm.h: POSIX shared memory objects.
 */
#ifndef DRAGOMAN_SYSCALLS_SHM_H
#define DRAGOMAN_SYSCALLS_SHM_H

#include "syscalls/call.h"

int64_t sys_shm_open2(struct call *c, gva path, uint64_t flags, uint32_t mode, uint64_t shmflags, gva name);
int64_t sys_freebsd12_shm_open(struct call *c, gva path, uint64_t flags, uint32_t mode);
int64_t sys_shm_rename(struct call *c, gva from, gva to, int flags);
int64_t sys_shm_unlink(struct call *c, gva path);

#endif
