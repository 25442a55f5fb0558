/*
 * compat/kqueue.h: FreeBSD's kqueue, built on epoll, eventfd, timerfd and inotify.
 *
 * What the rest of the provider has to tell it.  The system calls themselves are named in the rows.
 */
#ifndef DRAGOMAN_COMPAT_KQUEUE_H
#define DRAGOMAN_COMPAT_KQUEUE_H

#include <stdint.h>

#include "syscalls/call.h"

struct proc;

/* EVFILT_PROC events, FreeBSD's values (sys/event.h). */
#define KQ_NOTE_EXIT 0x80000000u
#define KQ_NOTE_FORK 0x40000000u
#define KQ_NOTE_EXEC 0x20000000u

/*
 * Something happened to p.  session.lock is held.  data: for KQ_NOTE_EXIT the
 * wait status in host encoding; for KQ_NOTE_FORK the child's pid (the child is
 * already in the tree); else 0.
 */
void kqueue_proc_event_locked(struct proc *p, uint32_t note, int64_t data);

/* p is gone: frees every kqueue that it owned.  Takes no session.lock and makes no host call. */
void kqueue_proc_free(struct proc *p);

/* The system calls. */
struct timespec;
int64_t sys_kqueue(struct call *c);
int64_t sys_kqueuex(struct call *c, unsigned flags);
int64_t sys_kevent(struct call *c, int fd, gva changes, int nchanges, gva events, int nevents,
                   const struct timespec *ts);
int64_t sys_freebsd11_kevent(struct call *c, int fd, gva changes, int nchanges, gva events, int nevents,
                             const struct timespec *ts);

#endif
