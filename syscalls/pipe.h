/*
 * syscalls/pipe.h: pipes.
 */
#ifndef DRAGOMAN_SYSCALLS_PIPE_H
#define DRAGOMAN_SYSCALLS_PIPE_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

#define PIPE_PAIR 1 /* ofile.domain of both ends of what pipe(2) made; a FIFO's have 0 */

static inline bool pipe_is_pair(const struct ofile *of) { return of->kind == OF_PIPE && of->domain == PIPE_PAIR; }

/* A transfer's result, where the host's is not the last word: r is -EBADF, or 0 of a write. */
struct pipe_transfer {
    uint64_t where, count; /* a buffer and its bytes, or with vector parts in the guest */
    bool     vector, write;
};
int64_t pipe_finish(struct call *c, struct fdref *ref, const struct pipe_transfer *t, int64_t r);

int64_t sys_pipe2(struct call *c, gva fildes, uint64_t flags);
int64_t sys_freebsd10_pipe(struct call *c);

#endif
