/*
 * syscalls/pipe.h: pipes.
 */
#ifndef DRAGOMAN_SYSCALLS_PIPE_H
#define DRAGOMAN_SYSCALLS_PIPE_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

#define PIPE_PAIR 1 /* ofile.domain of both ends of what pipe(2) made; a FIFO's have 0 */

/*
 * After the host wrote nothing since nothing was asked for: a pipe that nobody can read is broken even so.
 * 0, -EPIPE (with SIGPIPE), -ENOMEM.
 */
int64_t pipe_wrote_nothing(struct call *c, struct fdref *ref);

int64_t sys_pipe2(struct call *c, gva fildes, uint64_t flags);
int64_t sys_freebsd10_pipe(struct call *c);

#endif
