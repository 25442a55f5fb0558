/*
 * loader/gate/poll.c: poll and select of a few descriptors that are the host's,
 * by the rules of syscalls/poll.c and select.c.  Others are the provider's, and
 * so is what remains of a wait that was interrupted.
 */
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"
#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/fd.h"
#include "syscalls/pipe_back.h"
#include "syscalls/proc.h"

/* ---- pipes ----------------------------------------------------------------------------- */

/* What the host's pipe does not do as FreeBSD's: the provider's. */
int64_t pipe_finish(struct call *c, struct fdref *ref, const struct pipe_transfer *t, int64_t r)
{
    (void)c;
    (void)ref;
    (void)t;
    (void)r;
    return -GATE_PUNT;
}

int64_t pipe_back_level(struct call *c, const struct ofile *of, int hostfd, bool watch)
{
    (void)c;
    (void)of;
    (void)hostfd;
    (void)watch;
    return -GATE_PUNT;
}

/* ---- what the host is asked --------------------------------------------------------------- */

#define ASKED_MAX 32u
#define SECOND    1000000000l

/* What the host is asked: in scratch, but for the references. */
struct asked {
    struct call     *c;
    struct pollfd   *fds;
    struct timespec *ts;
    uint64_t         fds_va, ts_va;
    unsigned         n;
    struct fdref     refs[ASKED_MAX];
};

static bool asked_init(struct asked *a, struct call *c)
{
    const struct scratch f = scratch_get(c, ASKED_MAX * sizeof(struct pollfd)), t = scratch_get(c, sizeof(*a->ts));

    a->c = c;
    a->n = 0;
    a->fds = f.p;
    a->ts = t.p;
    a->fds_va = f.va;
    a->ts_va = t.va;
    return f.p && t.p;
}

/* fd -1: an entry that is passed over.  false: nothing for us. */
static bool asked_put(struct asked *a, int fd, short events)
{
    struct fdref *ref = &a->refs[a->n];

    if (a->n == ASKED_MAX)
        return false;
    ref->of = NULL;
    ref->hostfd = -1;
    if (fd >= 0 && (!gate_fd_is_the_hosts(a->c, fd) || fd_get(a->c, fd, ref)))
        return false;
    if (ref->of && pipe_back_concerns(ref->of, events)) {
        fd_put(a->c, ref);
        return false;
    }
    a->fds[a->n++] = (struct pollfd){.fd = ref->hostfd, .events = events};
    return true;
}

static void asked_done(struct asked *a)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->refs[i].of)
            fd_put(a->c, &a->refs[i]);
}

/* timeout NULL: for ever.  How many have something to say; -GATE_PUNT, -ERESTART. */
static int64_t asked_wait(struct asked *a, const struct timespec *timeout)
{
    struct call *c = a->c;
    int64_t      r;

    if (timeout)
        *a->ts = *timeout;
    if (timeout && !timeout->tv_sec && !timeout->tv_nsec)
        r = host_call(c, SYS_ppoll, a->fds_va, a->n, a->ts_va, 0, 8);
    else
        r = host_wait(c, SYS_ppoll, a->fds_va, a->n, timeout ? a->ts_va : 0, 0, 8);
    for (unsigned i = 0; r > 0 && i < a->n; i++)
        if (a->fds[i].revents && a->refs[i].of)
            a->fds[i].revents = pipe_revents(a->refs[i].of, a->fds[i].events, a->fds[i].revents);
    if (r == -ERESTART && timeout) /* the host has counted it down */
        c->left_ns = a->ts->tv_sec * SECOND + a->ts->tv_nsec + 1;
    return r < 0 && r != -ERESTART ? -GATE_PUNT : r;
}

/* ---- poll ------------------------------------------------------------------------------ */

#define SAME_BITS 0xff /* POLLIN to POLLRDBAND have one number everywhere */

static short events_to_host(short guest)
{
    uint64_t host = (uint64_t)guest;

    if (guest & ~SAME_BITS)
        flags_to_host(&freebsd_flags_poll, (unsigned short)guest, &host);
    return (short)host;
}

/* Never both (POSIX); the host gives both. */
static short revents_to_guest(short host)
{
    if (host & POLLHUP)
        host &= (short)~(POLLOUT | POLLWRNORM);
    return host & ~SAME_BITS ? (short)flags_to_guest(&freebsd_flags_poll, (unsigned short)host) : host;
}

static int64_t poll_some(struct asked *a, struct pollfd *guest, unsigned n, const struct timespec *timeout)
{
    int64_t r, found = 0;

    for (unsigned i = 0; i < n; i++)
        if (!asked_put(a, guest[i].fd, events_to_host(guest[i].events)))
            return -GATE_PUNT;
    r = asked_wait(a, timeout);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < n; i++) {
        guest[i].revents = guest[i].fd < 0 ? 0 : revents_to_guest(a->fds[i].revents);
        found += guest[i].revents != 0;
    }
    return found;
}

static int64_t poll_at(struct call *c, gva fds, unsigned n, const struct timespec *timeout)
{
    struct pollfd guest[ASKED_MAX]; /* the same in every ABI */
    struct asked  a;
    int64_t       r;

    if (n > ASKED_MAX || !asked_init(&a, c) || (n && copy_in(c, guest, fds, n * sizeof(*guest))))
        return -GATE_PUNT;
    r = poll_some(&a, guest, n, timeout);
    asked_done(&a);
    if (r >= 0 && n && copy_out(c, fds, guest, n * sizeof(*guest)))
        return -EFAULT;
    return r;
}

int64_t gate_poll(struct call *c, gva fds, unsigned n, int timeout)
{
    const struct timespec ts = {timeout / 1000, timeout % 1000 * 1000000l};

    return timeout < -1 ? -GATE_PUNT : poll_at(c, fds, n, timeout < 0 ? NULL : &ts);
}

static bool time_get(struct call *c, gva at, struct timespec *ts)
{
    return !copy_in(c, ts, at, sizeof(*ts)) && ts->tv_sec >= 0 && ts->tv_sec <= INT32_MAX && ts->tv_nsec >= 0 &&
           ts->tv_nsec < SECOND;
}

/* A mask for the length of the call is the provider's. */
int64_t gate_ppoll(struct call *c, gva fds, unsigned n, gva timeout, gva mask)
{
    struct timespec ts;

    if (mask.va || (timeout.va && !time_get(c, timeout, &ts)))
        return -GATE_PUNT;
    return poll_at(c, fds, n, timeout.va ? &ts : NULL);
}

/* ---- select ----------------------------------------------------------------------------- */

#define WORDBITS  64
#define WORDS_MAX 16 /* 1024 descriptors: FD_SETSIZE */

enum { SET_IN, SET_OUT, SET_EX, SETS };

/* What is asked for, and what counts as an answer, as in syscalls/select.c. */
static const struct {
    short ask, answer;
} set_events[SETS] = {
    {POLLIN | POLLRDNORM, POLLIN | POLLRDNORM | POLLHUP | POLLERR},
    {POLLOUT | POLLWRNORM, POLLOUT | POLLWRNORM | POLLHUP | POLLERR},
    {POLLPRI | POLLRDBAND, POLLPRI | POLLRDBAND | POLLERR},
};

struct sets {
    gva      at[SETS];
    uint64_t bits[SETS][WORDS_MAX];
    int      nd;
    int      fd_of[ASKED_MAX];
};

static bool sets_in(struct call *c, struct sets *s)
{
    const unsigned words = ((unsigned)s->nd + WORDBITS - 1) / WORDBITS;

    for (int k = 0; k < SETS; k++) {
        memset(s->bits[k], 0, sizeof(s->bits[k]));
        if (s->at[k].va && words && copy_in(c, s->bits[k], s->at[k], words * sizeof(uint64_t)))
            return false;
        if (s->nd % WORDBITS)
            s->bits[k][words - 1] &= (1ull << (s->nd % WORDBITS)) - 1;
    }
    return true;
}

static short asked_for(const struct sets *s, int fd)
{
    short events = 0;

    for (int k = 0; k < SETS; k++)
        if (s->bits[k][fd / WORDBITS] >> (fd % WORDBITS) & 1)
            events |= set_events[k].ask;
    return events;
}

static bool sets_put(struct asked *a, struct sets *s)
{
    for (int w = 0; w * WORDBITS < s->nd; w++)
        for (uint64_t any = s->bits[0][w] | s->bits[1][w] | s->bits[2][w]; any; any &= any - 1) {
            const int fd = w * WORDBITS + __builtin_ctzll(any);

            if (!asked_put(a, fd, asked_for(s, fd)))
                return false;
            s->fd_of[a->n - 1] = fd;
        }
    return true;
}

/* The sets become the answer; how many bits it has. */
static int64_t sets_answer(const struct asked *a, struct sets *s)
{
    int64_t found = 0;

    for (unsigned i = 0; i < a->n; i++)
        for (int k = 0; k < SETS; k++) {
            uint64_t      *w = &s->bits[k][s->fd_of[i] / WORDBITS];
            const uint64_t bit = 1ull << (s->fd_of[i] % WORDBITS);

            if (a->fds[i].revents & set_events[k].answer)
                found += !!(*w & bit);
            else
                *w &= ~bit;
        }
    return found;
}

/* The words up to the highest open descriptor, no further (sys_generic.c, kern_select). */
static int sets_out(struct call *c, const struct sets *s)
{
    const int      last = fd_last(c) + 1, nd = s->nd < last ? s->nd : last;
    const unsigned words = ((unsigned)nd + WORDBITS - 1) / WORDBITS;

    for (int k = 0; k < SETS; k++)
        if (s->at[k].va && words && copy_out(c, s->at[k], s->bits[k], words * sizeof(uint64_t)))
            return -EFAULT;
    return 0;
}

static int64_t select_at(struct call *c, struct sets *s, const struct timespec *timeout)
{
    struct asked a;
    int64_t      r;

    if (s->nd < 0 || s->nd > WORDS_MAX * WORDBITS || !asked_init(&a, c) || !sets_in(c, s))
        return -GATE_PUNT;
    r = sets_put(&a, s) ? asked_wait(&a, timeout) : -GATE_PUNT;
    if (r >= 0)
        r = sets_answer(&a, s);
    asked_done(&a);
    return r >= 0 && sets_out(c, s) ? -EFAULT : r;
}

int64_t gate_select(struct call *c, int nd, gva in, gva ou, gva ex, gva tv)
{
    struct sets     s = {.at = {in, ou, ex}, .nd = nd};
    struct timespec ts;

    if (!tv.va)
        return select_at(c, &s, NULL);
    if (copy_in(c, &ts, tv, sizeof(ts)) || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000)
        return -GATE_PUNT;
    ts.tv_nsec *= 1000; /* struct timeval */
    return ts.tv_sec < 0 || ts.tv_sec > INT32_MAX ? -GATE_PUNT : select_at(c, &s, &ts);
}
