/*
 * syscalls/pipe_back.h: the other direction of a pipe.
 *
 * FreeBSD's pipe(2) gives two ends that both read and write (sys_pipe.c).  The host's pipe goes one way, from the
 * second end to the first; what next to no program asks for, from the first to the second, is a buffer of the
 * provider's, made when it is first asked for.  Which pair it belongs to is told by the host's pipe itself, and so is
 * whether the other end is still open: the host hangs a pipe up whose last writer is gone, and calls one broken
 * whose last reader is.
 */
#ifndef DRAGOMAN_SYSCALLS_PIPE_BACK_H
#define DRAGOMAN_SYSCALLS_PIPE_BACK_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>

#include "syscalls/pipe.h"

/*
 * A transfer that the host refused (EBADF): read at the end that writes, or write at the end that reads.  where, count:
 * a buffer, or with vector an array of struct iovec in the guest.  Bytes; -EAGAIN, -EPIPE (with SIGPIPE), -EFAULT,
 * -EINVAL, -ENOMEM, -ERESTART, -ESRCH.
 */
int64_t pipe_back_transfer(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector, bool write);

/*
 * How much could be read back at the end that writes, or written back at the end that reads.  watch: whoever is told
 * by pipe_back_changed wants to hear of it.  No lock of the caller's matters.
 */
int64_t pipe_back_level(struct call *c, const struct ofile *of, int hostfd, bool watch);
/* The level of this end has changed; called without a lock.  Set once at start-up; NULL: nobody. */
extern void (*pipe_back_changed)(const struct ofile *of);

/* Gives up the ways back of pipes that nobody has open any more; done now and then when others are made. */
void pipe_back_sweep(void);

/*
 * For poll: those of events (POLLIN, POLLOUT and kin) that the way back makes true now.  What a caller then waits for
 * tells itself by an eventfd: one that is readable when the way back of an end may have changed.
 */
short pipe_back_ready(struct call *c, const struct fdref *ref, short events);
/* True: some of events is the way back's to tell. */
static inline bool pipe_back_concerns(const struct ofile *of, short events)
{
    const bool reads = (of->flags & D_O_ACCMODE) == O_RDONLY;

    return pipe_is_pair(of) && events & (reads ? POLLOUT | POLLWRNORM : POLLIN | POLLRDNORM);
}

/*
 * A pipe whose other end is gone: it is hung up at both ends, never in error, and reads as at its end; what pipe(2)
 * made can be asked for both directions at either end (sys_pipe.c, pipe_poll).
 */
static inline short pipe_revents(const struct ofile *of, short events, short revents)
{
    const uint32_t mode = of->flags & D_O_ACCMODE;
    const bool     gone = (mode == O_WRONLY && revents & POLLERR) || (mode == O_RDONLY && revents & POLLHUP);
    const bool     pair = pipe_is_pair(of);

    if (of->kind != OF_PIPE || !gone)
        return revents;
    revents = (short)((revents & ~POLLERR) | POLLHUP);
    if (mode == O_RDONLY || pair)
        revents = (short)(revents | (events & (POLLIN | POLLRDNORM)));
    if (mode == O_WRONLY || pair)
        revents = (short)(revents | (events & (POLLOUT | POLLWRNORM)));
    return revents;
}

struct pipe_waiter {
    int hostfd; /* an eventfd in the guest's process, -1: none yet */
    int ours;   /* the provider's duplicate */
};
/* 0, -ENOMEM, -errno of the host. */
int  pipe_waiter_init(struct call *c, struct pipe_waiter *w);
int  pipe_waiter_add(struct call *c, struct pipe_waiter *w, const struct fdref *ref);
void pipe_waiter_drain(struct pipe_waiter *w);
void pipe_waiter_done(struct call *c, struct pipe_waiter *w);

#endif
