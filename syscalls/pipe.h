/*
 * syscalls/pipe.h: pipes.
 */
#ifndef DRAGOMAN_SYSCALLS_PIPE_H
#define DRAGOMAN_SYSCALLS_PIPE_H

#include "syscalls/call.h"

int64_t sys_pipe2(struct call *c, gva fildes, uint64_t flags);
int64_t sys_freebsd10_pipe(struct call *c);

#endif
