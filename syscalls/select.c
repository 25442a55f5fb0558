/*
 * select, pselect (FreeBSD: sys_generic.c, kern_select).  An fd_set is an array of 64-bit words in every ABI here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "syscalls/poll.h"

#define FD_LIMIT (1 << 20)
#define WORDBITS 64

enum { SET_IN, SET_OUT, SET_EX, SETS };

/* What is asked for, and what counts as an answer (sys_generic.c, select_flags; out-of-band data is POLLPRI here). */
static const struct {
    short ask, answer;
} set_events[SETS] = {
    [SET_IN] = {POLLIN | POLLRDNORM, POLLIN | POLLRDNORM | POLLHUP | POLLERR},
    [SET_OUT] = {POLLOUT | POLLWRNORM, POLLOUT | POLLWRNORM | POLLHUP | POLLERR},
    [SET_EX] = {POLLPRI | POLLRDBAND, POLLPRI | POLLRDBAND | POLLERR},
};

struct sets {
    gva       at[SETS];
    uint64_t *bits[SETS]; /* NULL: not given */
    int       nd;
    size_t    size;  /* bytes of one set */
    int      *fd_of; /* entry of the pollset -> descriptor */
    unsigned  n;
};

static bool bit_get(const uint64_t *bits, int fd) { return bits && (bits[fd / WORDBITS] >> (fd % WORDBITS) & 1); }

static int sets_in(struct call *c, struct sets *s)
{
    int err = 0;

    s->fd_of = malloc(((size_t)s->nd + 1) * sizeof(int));
    if (!s->fd_of)
        return -ENOMEM;
    for (int k = 0; k < SETS && !err; k++) {
        if (!s->at[k].va || !s->size)
            continue;
        s->bits[k] = malloc(s->size);
        err = s->bits[k] ? copy_in(c, s->bits[k], s->at[k], s->size) : -ENOMEM;
    }
    return err;
}

/* The words up to the highest open descriptor, no further. */
static int sets_out(struct call *c, const struct sets *s)
{
    const int    last = fd_last(c) + 1;
    const int    nd = s->nd < last ? s->nd : last;
    const size_t size = ((size_t)nd + WORDBITS - 1) / WORDBITS * sizeof(uint64_t);
    int          err = 0;

    for (int k = 0; k < SETS && !err; k++)
        if (s->bits[k] && size)
            err = copy_out(c, s->at[k], s->bits[k], size);
    return err;
}

static void sets_free(struct sets *s)
{
    for (int k = 0; k < SETS; k++)
        free(s->bits[k]);
    free(s->fd_of);
}

static void entries(struct sets *s)
{
    for (int fd = 0; fd < s->nd; fd++) {
        const size_t   w = (size_t)fd / WORDBITS;
        const uint64_t any = (s->bits[SET_IN] ? s->bits[SET_IN][w] : 0) | (s->bits[SET_OUT] ? s->bits[SET_OUT][w] : 0) |
                             (s->bits[SET_EX] ? s->bits[SET_EX][w] : 0);

        if (!any)
            fd |= WORDBITS - 1; /* on to the next word */
        else if (any >> (fd % WORDBITS) & 1)
            s->fd_of[s->n++] = fd;
    }
}

static int put_all(struct pollset *ps, const struct sets *s)
{
    int err = 0;

    for (unsigned i = 0; i < s->n && !err; i++) {
        short events = 0;

        for (int k = 0; k < SETS; k++)
            if (bit_get(s->bits[k], s->fd_of[i]))
                events |= set_events[k].ask;
        err = pollset_put(ps, i, s->fd_of[i], events);
    }
    return err;
}

/* The sets become the answer; how many bits it has. */
static int64_t take_all(const struct pollset *ps, struct sets *s)
{
    int64_t found = 0;

    for (unsigned i = 0; i < s->n; i++)
        for (int k = 0; k < SETS; k++) {
            const int fd = s->fd_of[i];

            if (!bit_get(s->bits[k], fd))
                continue;
            if (ps->fds[i].revents & set_events[k].answer)
                found++;
            else
                s->bits[k][fd / WORDBITS] &= ~(1ull << (fd % WORDBITS));
        }
    return found;
}

static void clear_beyond(struct sets *s)
{
    for (int k = 0; k < SETS; k++)
        if (s->bits[k] && s->nd % WORDBITS)
            s->bits[k][s->nd / WORDBITS] &= (1ull << (s->nd % WORDBITS)) - 1;
}

static int64_t select_copied(struct call *c, struct sets *s, const struct timespec *ts)
{
    struct pollset ps;
    int64_t        r;

    entries(s);
    r = pollset_init(&ps, c, s->n);
    if (!r)
        r = put_all(&ps, s);
    if (!r)
        r = pollset_wait(&ps, ts);
    if (r >= 0)
        r = take_all(&ps, s);
    pollset_done(&ps);
    return r;
}

static int64_t select_at(struct call *c, int nd, const gva at[SETS], const struct timespec *ts,
                         const struct sigset *mask)
{
    struct sets s = {.nd = nd < FD_LIMIT ? nd : FD_LIMIT};
    int64_t     r;

    if (nd < 0 || (ts && (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000l)))
        return -EINVAL;
    memcpy(s.at, at, sizeof(s.at));
    s.size = ((size_t)s.nd + WORDBITS - 1) / WORDBITS * sizeof(uint64_t);
    r = sets_in(c, &s);
    if (!r) {
        clear_beyond(&s);
        if (mask)
            signal_mask_for_call(c, mask);
        r = select_copied(c, &s, ts);
    }
    if (r >= 0) {
        const int err = sets_out(c, &s);

        r = err ? err : r;
    }
    sets_free(&s);
    return r;
}

int64_t sys_select(struct call *c, int nd, gva in, gva ou, gva ex, const struct timeval *tv)
{
    const gva       at[SETS] = {in, ou, ex};
    struct timespec ts;

    if (!tv)
        return select_at(c, nd, at, NULL, NULL);
    if (tv->tv_usec < 0 || tv->tv_usec >= 1000000)
        return -EINVAL;
    ts = (struct timespec){tv->tv_sec, tv->tv_usec * 1000l};
    return select_at(c, nd, at, &ts, NULL);
}

int64_t sys_pselect(struct call *c, int nd, gva in, gva ou, gva ex, const struct timespec *ts,
                    const struct sigset *mask)
{
    const gva at[SETS] = {in, ou, ex};

    return select_at(c, nd, at, ts, mask);
}
