/*
 * loader/trace.h: --trace.  Every system call as one line, from the rows that dispatch it:
 *
 *     [100123] openat(AT_FDCWD, "/etc/rc", O_RDONLY|O_CLOEXEC, 0) = -1 ENOENT (No such file or directory)
 *
 * Numbers, names and structures are the guest's.  A line is one write, so lines of
 * concurrent tasks do not mix.  Nothing here takes a lock or makes a host call.
 */
#ifndef DRAGOMAN_LOADER_TRACE_H
#define DRAGOMAN_LOADER_TRACE_H

#include "syscalls/call.h"

/* Where lines go: a file that is made or emptied, or standard error when NULL.  0 or -errno. */
int trace_open(const char *file);

/* Before the call: what it reads is written down while it is still there. */
void trace_enter(struct call *c);
/* After it.  result as the handler gave it, guest_errno what the guest sees, 0 when none. */
void trace_leave(struct call *c, int64_t result, int guest_errno);

/* A signal is delivered to a handler or takes its default action. */
void trace_signal(struct task *t, const struct ksiginfo *info);
/* The process is gone; status in the host's encoding. */
void trace_exit(struct proc *p, int status);

#endif
