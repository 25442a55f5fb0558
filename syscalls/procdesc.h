/*
 * syscalls/procdesc.h: process descriptors (pdfork(2)): an open file that stands
 * for a process.
 *
 * In the guest's process it is the read end of a pipe whose write end the
 * provider keeps until the process ends: so the host's poll says POLLHUP exactly
 * when FreeBSD's does.  The open file's object is the identifier of a struct procdesc.
 */
#ifndef DRAGOMAN_SYSCALLS_PROCDESC_H
#define DRAGOMAN_SYSCALLS_PROCDESC_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

struct proc;
struct kstat;

/* p is a zombie now, with this guest status word.  True: a descriptor holds it.  session.lock held. */
bool procdesc_exited_locked(struct proc *p, int status);
/* p was waited for: its descriptor refers to nothing any more.  session.lock held. */
void procdesc_reaped_locked(struct proc *p);
/* Wakes whoever waits through the descriptor of p; session.lock held. */
void procdesc_wake_locked(const struct proc *p);
/* The last reference of an open file of kind OF_PROCDESC is gone.  Takes session.lock. */
void procdesc_closed(uint64_t id);
/* For EVFILT_PROCDESC: whether it has ended, and its status word.  No lock needed but its own, a leaf. */
bool procdesc_ended(uint64_t id, int64_t *status);
/* fstat: times and owner of the process; st is zeroed but for what the guest sees. */
void procdesc_stat(uint64_t id, struct kstat *st);
/* The process's number, 0: no such descriptor. */
int procdesc_pid(uint64_t id);

/* The system calls.  -EBADF: no process descriptor; -ESRCH: the process was waited for already. */
int64_t sys_pdfork(struct call *c, gva fdp, uint64_t flags);
int64_t sys_pdrfork(struct call *c, gva fdp, uint64_t pdflags, uint64_t rfflags);
int64_t sys_pdgetpid(struct call *c, int fd, gva pidp);
int64_t sys_pdkill(struct call *c, int fd, int sig);
int64_t sys_pdwait(struct call *c, int fd, gva status, uint64_t options, gva wrusage, void *info);

#endif
