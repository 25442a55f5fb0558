/*
 * syscalls/poll.h: a set of descriptors that the host polls, for poll and select.
 */
#ifndef DRAGOMAN_SYSCALLS_POLL_H
#define DRAGOMAN_SYSCALLS_POLL_H

#include <poll.h>
#include <time.h>

#include "syscalls/call.h"
#include "syscalls/fd.h"
#include "syscalls/pipe_back.h"
#include "syscalls/signal.h"

struct pollset {
    struct call       *c;
    struct pollfd     *fds;  /* what the host is asked; host descriptors, -1: none */
    struct fdref      *refs; /* of NULL: none */
    unsigned           n;
    uint64_t           va; /* of fds, for the host */
    struct scratch     ts;
    bool               back;   /* what is asked of some entry is a pipe's way back's to tell (pipe_back.h) */
    struct pipe_waiter waker;  /* which wakes by entry n */
    uint64_t           mapped; /* fds did not fit in scratch: a copy of it is in guest memory, so many bytes; else 0 */
};

/* 0, -ENOMEM.  n entries, all empty.  pollset_done once, also after a failure. */
int  pollset_init(struct pollset *ps, struct call *c, unsigned n);
void pollset_done(struct pollset *ps);
/* Entry i is guest descriptor fd, host events.  0, -EBADF, -D_ENOTCAPABLE, -ESRCH (the entry stays empty). */
int pollset_put(struct pollset *ps, unsigned i, int fd, short events);
/*
 * Waits; then revents hold the host's answer.  timeout NULL: for ever.  How many
 * entries have some; 0 when the time is over, -EINTR when the guest gets a signal.
 */
int64_t pollset_wait(struct pollset *ps, const struct timespec *timeout);

int64_t sys_poll(struct call *c, gva fds, unsigned nfds, int timeout);
int64_t sys_ppoll(struct call *c, gva fds, unsigned nfds, const struct timespec *ts, const struct sigset *mask);
int64_t sys_select(struct call *c, int nd, gva in, gva ou, gva ex, const struct timeval *tv);
int64_t sys_pselect(struct call *c, int nd, gva in, gva ou, gva ex, const struct timespec *ts,
                    const struct sigset *mask);

#endif
