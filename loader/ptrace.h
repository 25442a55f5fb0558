/* loader/ptrace.h: the ptrace door. */
#ifndef DRAGOMAN_LOADER_PTRACE_H
#define DRAGOMAN_LOADER_PTRACE_H

#include "syscalls/door.h"

extern const struct door_ops ptrace_door;
/* Attaches a tracer thread to the session's first task, whose gate waits for it.  0 or -errno. */
int ptrace_start(struct task *first);

#endif
