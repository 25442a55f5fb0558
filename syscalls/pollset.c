#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "syscalls/pipe_back.h"
#include "syscalls/poll.h"

#define SECOND 1000000000ll

/* More descriptors than scratch takes: the host reads them in memory that the guest has for the length of the call. */
static int map_fds(struct pollset *ps, size_t size)
{
    const int64_t at = host_call(ps->c, SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at < 0)
        return (int)at;
    ps->va = (uint64_t)at;
    ps->mapped = size;
    ps->fds = malloc(size);
    return ps->fds ? 0 : -ENOMEM;
}

int pollset_init(struct pollset *ps, struct call *c, unsigned n)
{
    const size_t   size = ((size_t)n + 1) * sizeof(struct pollfd);
    struct scratch s;
    int            err = 0;

    *ps = (struct pollset){.c = c, .waker = {-1, -1}};
    ps->refs = calloc(n ? n : 1, sizeof(*ps->refs));
    ps->ts = scratch_get(c, sizeof(struct timespec));
    if (!ps->refs || !ps->ts.p)
        return -ENOMEM;
    s = scratch_get(c, size);
    if (s.p) {
        ps->fds = s.p;
        ps->va = s.va;
    } else {
        err = map_fds(ps, size);
    }
    if (err)
        return err;
    ps->n = n;
    for (unsigned i = 0; i <= n; i++)
        ps->fds[i] = (struct pollfd){.fd = -1};
    return 0;
}

void pollset_done(struct pollset *ps)
{
    for (unsigned i = 0; i < ps->n; i++)
        fd_put(ps->c, &ps->refs[i]);
    free(ps->refs);
    pipe_waiter_done(ps->c, &ps->waker);
    if (!ps->mapped)
        return;
    host_call(ps->c, SYS_munmap, ps->va, ps->mapped);
    free(ps->fds);
}

int pollset_put(struct pollset *ps, unsigned i, int fd, short events)
{
    const int err = fd_get_for(ps->c, fd, D_CAP_EVENT, &ps->refs[i]);

    if (err) {
        ps->refs[i].of = NULL;
        return err;
    }
    ps->fds[i] = (struct pollfd){.fd = ps->refs[i].hostfd, .events = events};
    ps->back |= pipe_back_concerns(ps->refs[i].of, events);
    return 0;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t deadline_after(const struct call *c, const struct timespec *timeout)
{
    if (c->left_ns > 0) /* the rest has passed in the gate */
        return now_ns() + c->left_ns - 1;
    if (timeout->tv_sec > INT32_MAX) /* for ever, as in the kernel */
        return INT64_MAX;
    return now_ns() + timeout->tv_sec * SECOND + timeout->tv_nsec;
}

static int64_t ask_host(struct pollset *ps, int64_t deadline)
{
    struct timespec *ts = ps->ts.p;
    int64_t          left = deadline == INT64_MAX ? 0 : deadline - now_ns();

    if (left < 0)
        left = 0;
    *ts = (struct timespec){left / SECOND, left % SECOND};

    const unsigned n = ps->n + (ps->waker.hostfd >= 0);
    const uint64_t ts_va = deadline == INT64_MAX ? 0 : ps->ts.va;

    if (deadline != INT64_MAX && left == 0)
        return host_call(ps->c, SYS_ppoll, ps->va, n, ts_va, 0, 8);
    return host_wait_once(ps->c, SYS_ppoll, ps->va, n, ts_va, 0, 8);
}

static void adjust(struct pollset *ps)
{
    for (unsigned i = 0; i < ps->n; i++)
        if (ps->fds[i].revents && ps->refs[i].of)
            ps->fds[i].revents = pipe_revents(ps->refs[i].of, ps->fds[i].events, ps->fds[i].revents);
}

/* The host's answer is in ps->fds.  How many entries have some, or -errno. */
static int64_t wait_host(struct pollset *ps, int64_t deadline)
{
    const gva at = GVA(ps->va);
    int64_t   r = ps->mapped ? copy_out(ps->c, at, ps->fds, ps->mapped) : 0;

    if (r)
        return r;
    do
        r = ask_host(ps, deadline);
    while (r == -EINTR); /* the guest has not seen it */
    if (r == -ERESTART)
        return ps->c->early ? r : -EINTR; /* early: something may be ready, and then it would not be interrupted */
    if (r > 0 && ps->mapped) {
        const int err = copy_in(ps->c, ps->fds, at, ps->mapped);

        if (err)
            return err;
    }
    if (r > 0)
        adjust(ps);
    return r;
}

/* ---- ways back, of which the host knows nothing ---------------------------------------- */

/* Adds what they tell; how many entries have something then. */
static int64_t add_ways_back(struct pollset *ps)
{
    int64_t found = 0;

    for (unsigned i = 0; i < ps->n; i++) {
        struct pollfd *p = &ps->fds[i];

        if (ps->refs[i].of && pipe_back_concerns(ps->refs[i].of, p->events))
            p->revents = (short)(p->revents | pipe_back_ready(ps->c, &ps->refs[i], p->events));
        found += p->fd >= 0 && p->revents;
    }
    return found;
}

static int wake_by_ways_back(struct pollset *ps)
{
    int err = pipe_waiter_init(ps->c, &ps->waker);

    for (unsigned i = 0; i < ps->n && !err; i++)
        if (ps->refs[i].of && pipe_back_concerns(ps->refs[i].of, ps->fds[i].events))
            err = pipe_waiter_add(ps->c, &ps->waker, &ps->refs[i]);
    if (!err)
        ps->fds[ps->n] = (struct pollfd){.fd = ps->waker.hostfd, .events = POLLIN};
    return err;
}

static int64_t wait_both(struct pollset *ps, int64_t deadline)
{
    int64_t r = wait_host(ps, 0);

    for (;;) {
        if (r >= 0)
            r = add_ways_back(ps);
        if (r || !deadline || (deadline != INT64_MAX && deadline <= now_ns()))
            return r;
        if (ps->waker.hostfd < 0) { /* and once more, since something may have come before */
            r = wake_by_ways_back(ps);
            if (r)
                return r;
            continue;
        }
        r = wait_host(ps, deadline);
        pipe_waiter_drain(&ps->waker);
    }
}

int64_t pollset_wait(struct pollset *ps, const struct timespec *timeout)
{
    const bool    now = timeout && !timeout->tv_sec && !timeout->tv_nsec;
    const int64_t deadline = now ? 0 : timeout ? deadline_after(ps->c, timeout) : INT64_MAX;

    return ps->back ? wait_both(ps, deadline) : wait_host(ps, deadline);
}
