/*
 * poll, ppoll (FreeBSD: sys_generic.c, kern_poll).
 */
#include "syscalls/poll.h"

#include <stdlib.h>
#include <sys/time.h>

#include "abi/flags.h"
#include "syscalls/proc.h"

#define FD_SETSIZE_GUEST 1024u
#define SECOND           1000000000l

/* The bits of this ABI: the row's first argument names them. */
static short events_to_host(const struct call *c, short guest)
{
    uint64_t host = 0;

    flags_to_host(c->row->args[0].of, (unsigned short)guest, &host);
    return (short)host;
}

/* POSIX: POLLHUP and POLLOUT never together; the host gives both. */
static short revents_to_guest(const struct call *c, short host)
{
    if (host & POLLHUP)
        host &= ~(POLLOUT | POLLWRNORM);
    return (short)flags_to_guest(c->row->args[0].of, (unsigned short)host);
}

/* How many of them are not open. */
static unsigned put_all(struct pollset *ps, const struct pollfd *guest, unsigned n)
{
    unsigned bad = 0;

    for (unsigned i = 0; i < n; i++)
        if (guest[i].fd >= 0 && pollset_put(ps, i, guest[i].fd, events_to_host(ps->c, guest[i].events)) < 0)
            bad++;
    return bad;
}

/* struct pollfd is the same in every ABI. */
static unsigned take_all(const struct pollset *ps, struct pollfd *guest, unsigned n)
{
    unsigned found = 0;

    for (unsigned i = 0; i < n; i++) {
        if (ps->fds[i].fd >= 0 && ps->refs[i].of)
            guest[i].revents = revents_to_guest(ps->c, ps->fds[i].revents);
        else
            guest[i].revents = guest[i].fd < 0 ? 0 : revents_to_guest(ps->c, POLLNVAL);
        found += guest[i].revents != 0;
    }
    return found;
}

static int64_t poll_copied(struct call *c, struct pollfd *guest, unsigned n, const struct timespec *ts)
{
    static const struct timespec at_once;
    struct pollset               ps;
    int64_t                      r = pollset_init(&ps, c, n);

    if (!r)
        r = pollset_wait(&ps, put_all(&ps, guest, n) ? &at_once : ts);
    if (r >= 0)
        r = take_all(&ps, guest, n);
    pollset_done(&ps);
    return r;
}

/* kern_poll_maxfds: more than a process can have open, and more than an fd_set takes. */
static bool too_many(const struct call *c, unsigned n)
{
    return n > FD_SETSIZE_GUEST && (n > c->proc->nofile_max || n > 1u << 20);
}

static int64_t poll_at(struct call *c, gva fds, unsigned n, const struct timespec *ts, const struct sigset *mask)
{
    const size_t   size = n * sizeof(struct pollfd);
    struct pollfd *guest;
    int64_t        r;

    if (too_many(c, n))
        return -EINVAL;
    guest = malloc(size ? size : 1);
    if (!guest)
        return -ENOMEM;
    r = n ? copy_in(c, guest, fds, size) : 0;
    if (!r && ts && (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= SECOND))
        r = -EINVAL;
    if (!r) {
        if (mask)
            signal_mask_for_call(c, mask);
        r = poll_copied(c, guest, n, ts);
    }
    if (r >= 0 && n) {
        const int err = copy_out(c, fds, guest, size);

        r = err ? err : r;
    }
    free(guest);
    return r;
}

int64_t sys_poll(struct call *c, gva fds, unsigned nfds, int timeout)
{
    const struct timespec ts = {timeout / 1000, timeout % 1000 * 1000000l};

    if (timeout < -1) /* -1 is INFTIM, other negative ones are refused */
        return -EINVAL;
    return poll_at(c, fds, nfds, timeout == -1 ? NULL : &ts, NULL);
}

int64_t sys_ppoll(struct call *c, gva fds, unsigned nfds, const struct timespec *ts, const struct sigset *mask)
{
    return poll_at(c, fds, nfds, ts, mask);
}
