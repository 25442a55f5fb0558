/*
 * syscalls/sysvipc.h: System V semaphores, shared memory and message queues: the
 * host's own, with numbers and structures converted.  Those that may wait answer
 * -EINTR to any signal, as on every BSD.
 */
#ifndef DRAGOMAN_SYSCALLS_SYSVIPC_H
#define DRAGOMAN_SYSCALLS_SYSVIPC_H

#include "syscalls/call.h"

int64_t sys_semop(struct call *c, int id, gva ops, uint64_t nops);
int64_t sys_semctl(struct call *c, int id, int num, int64_t cmd, gva arg); /* arg: of a union semun; cmd: host's */
int64_t sys_shmat(struct call *c, int id, gva addr, int flags);
int64_t sys_shmctl(struct call *c, int id, int64_t cmd, gva buf);
int64_t sys_msgsnd(struct call *c, int id, gva msg, uint64_t size, int flags);
int64_t sys_msgrcv(struct call *c, int id, gva msg, uint64_t size, int64_t type, int flags);
int64_t sys_msgctl(struct call *c, int id, int64_t cmd, gva buf);
/* With the structures as they once were (struct abi, old_*_layout). */
int64_t sys_old_semctl(struct call *c, int id, int num, int64_t cmd, gva arg);
int64_t sys_old_shmctl(struct call *c, int id, int64_t cmd, gva buf);
int64_t sys_old_msgctl(struct call *c, int id, int64_t cmd, gva buf);

#endif
