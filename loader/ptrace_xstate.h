/* loader/ptrace_xstate.h: the xstate_get and xstate_set of the ptrace door (syscalls/door.h). */
#ifndef DRAGOMAN_LOADER_PTRACE_XSTATE_H
#define DRAGOMAN_LOADER_PTRACE_XSTATE_H

#include <stddef.h>

struct task;

size_t pt_xstate_get(struct task *t, void *buf, size_t size);
void   pt_xstate_set(struct task *t, const void *buf, size_t size);

#endif
