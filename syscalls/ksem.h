/*
 * syscalls/ksem.h: the kernel's POSIX semaphores (ksem_*), which are descriptors.
 *
 * In the guest's process one is an empty memory file, which the host's poll calls ready as FreeBSD's does;
 * the open file's object is the identifier of what the provider keeps.  Named ones are the session's.
 */
#ifndef DRAGOMAN_SYSCALLS_KSEM_H
#define DRAGOMAN_SYSCALLS_KSEM_H

#include "syscalls/call.h"

struct kstat;

#define KSEM_MAX       30        /* of a session, p1003_1b.sem_nsems_max (uipc_sem.c, SEM_MAX) */
#define KSEM_VALUE_MAX INT32_MAX /* SEM_VALUE_MAX */

/* The last reference of an open file of kind OF_KSEM is gone.  Its lock is a leaf. */
void ksem_closed(uint64_t id);
/* fstat: mode, owner and times; all zero when there is no semaphore behind it (yet). */
void ksem_stat(uint64_t id, struct kstat *st);
/* fchmod, fchown (-1: as it is).  0, -EPERM, -EINVAL, -ESRCH. */
int ksem_chmod(struct call *c, uint64_t id, uint32_t mode);
int ksem_chown(struct call *c, uint64_t id, uint32_t uid, uint32_t gid);
/* For kinfo_file: value and mode, and the name, empty when it has none.  false: no semaphore. */
bool ksem_describe(uint64_t id, uint32_t *value, uint16_t *mode, char *name, size_t size);
/* How many there are: p1003_1b.nsems. */
unsigned ksem_count(void);

/*
 * The system calls.  -EINVAL: the descriptor is no semaphore, or may not be used so.  Making one: also -EFAULT, and
 * when there are too many -ENOSPC without a name, -EMFILE or -ENFILE with one.
 */
int64_t sys_ksem_init(struct call *c, gva idp, unsigned value);
/* -EEXIST, -ENOENT, -EACCES, -ENAMETOOLONG; -EINVAL: flags, a name without a slash first. */
int64_t sys_ksem_open(struct call *c, gva idp, gva name, uint64_t flags, uint32_t mode, unsigned value);
int64_t sys_ksem_unlink(struct call *c, gva name);
int64_t sys_ksem_close(struct call *c, int64_t id);
int64_t sys_ksem_destroy(struct call *c, int64_t id);                        /* -EBUSY: somebody waits */
int64_t sys_ksem_post(struct call *c, int64_t id);                           /* -EOVERFLOW */
int64_t sys_ksem_wait(struct call *c, int64_t id);                           /* -ERESTART */
int64_t sys_ksem_trywait(struct call *c, int64_t id);                        /* -EAGAIN */
int64_t sys_ksem_timedwait(struct call *c, int64_t id, const void *abstime); /* -ETIMEDOUT, -ERESTART */
int64_t sys_ksem_getvalue(struct call *c, int64_t id, gva val);

#endif
