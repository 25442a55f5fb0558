/*
 * syscalls/mqueue.h: POSIX message queues (kmq_*), which are descriptors.
 *
 * The queues are the provider's.  In the guest's process one is an end of a socket pair, which is kept as ready as the
 * queue is, so that the host's poll and epoll tell the truth; the open file's object is the identifier of a handle.
 * Names are the session's.  Rules: FreeBSD sys/kern/uipc_mqueue.c.
 */
#ifndef DRAGOMAN_SYSCALLS_MQUEUE_H
#define DRAGOMAN_SYSCALLS_MQUEUE_H

#include "syscalls/call.h"

struct kstat;

/* kern.mqueue.*, as they are by default. */
#define MQUEUE_MAX         100 /* queues of a session */
#define MQUEUE_MAX_MSG     100
#define MQUEUE_MAX_MSGSIZE 16384

/* The last reference of an open file of kind OF_MQUEUE is gone.  Takes the queues' lock. */
void mqueue_closed(uint64_t id);
/* A descriptor of p for one was closed: who asked through it to be told is not told any more. */
void mqueue_slot_closed(const struct proc *p, int fd);
/* p has ended.  Not under session.lock. */
void mqueue_proc_gone(const struct proc *p);
/* fstat: mode, owner and times; all zero when there is no queue behind it (yet). */
void mqueue_stat(uint64_t id, struct kstat *st);
/* fchmod, fchown (-1: as it is).  0, -EPERM, -EBADF, -ESRCH. */
int mqueue_chmod(struct call *c, uint64_t id, uint32_t mode);
int mqueue_chown(struct call *c, uint64_t id, uint32_t uid, uint32_t gid);
/* How many there are: kern.mqueue.curmq. */
unsigned mqueue_count(void);

/*
 * The system calls.  -EBADF: the descriptor is no queue, or not open for this.  Opening: -EINVAL (flags, attributes, a
 * name that does not begin with its only slash), -ENAMETOOLONG, -ENOENT, -EEXIST, -EACCES, -ENFILE (too many), -EFAULT.
 */
int64_t sys_kmq_open(struct call *c, gva path, uint64_t flags, uint32_t mode, gva attr);
int64_t sys_kmq_unlink(struct call *c, gva path); /* -ENOENT, -EACCES: neither the owner nor the super-user */
int64_t sys_kmq_setattr(struct call *c, int mqd, gva attr, gva oattr);
/* -EAGAIN (O_NONBLOCK), -EMSGSIZE, -EINVAL (priority, time), -ETIMEDOUT, -ERESTART, -EFAULT, -ENOMEM. */
int64_t sys_kmq_timedsend(struct call *c, int mqd, gva msg, uint64_t len, unsigned prio, const void *abstime);
int64_t sys_kmq_timedreceive(struct call *c, int mqd, gva msg, uint64_t len, gva prio, const void *abstime);
int64_t sys_kmq_notify(struct call *c, int mqd, gva sigev); /* -EBUSY: somebody is to be told already */

#endif
