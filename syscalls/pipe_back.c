#include "syscalls/pipe_back.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/pipe.h"
#include "syscalls/proc.h"

#define BACK_SIZE  65536u /* BIG_PIPE_SIZE */
#define ATOMIC_MAX 512u   /* PIPE_BUF: such a write is not divided */
#define PARTS_MAX  1024u

void (*pipe_back_changed)(const struct ofile *of);

/* Who is to be woken; in the list of every way back that it waits for. */
struct waiting {
    LIST_ENTRY(waiting) link;
    const struct pipe_waiter *who;
};

/* One way back.  All under lock. */
struct back {
    LIST_ENTRY(back) link;
    LIST_HEAD(, waiting) waiters;
    ino_t               ino;
    int                 held;    /* O_PATH: neither reads nor writes, but keeps the number from being used again */
    const struct ofile *ends[2]; /* that were seen: [0] the one that writes back, [1] reads.  To be compared only */
    unsigned            users;
    uint8_t            *buf; /* NULL until something is written */
    size_t              start, used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, back) backs = LIST_HEAD_INITIALIZER(backs);
static unsigned nbacks, sweep_at = 16;

static bool is_reader(const struct ofile *of) /* of what the host carries: back, it writes */
{
    return (of->flags & D_O_ACCMODE) == O_RDONLY;
}

/* ---- life ------------------------------------------------------------------------------ */

/* Opened that way it reports that; nothing is read or written by it. */
static bool end_is_gone(int held, int mode, short sign)
{
    char          name[32];
    struct pollfd p = {0};

    snprintf(name, sizeof(name), "/proc/self/fd/%d", held);
    p.fd = open(name, mode | O_NONBLOCK | O_CLOEXEC);
    if (p.fd < 0)
        return false;

    const bool gone = poll(&p, 1, 0) > 0 && p.revents & sign;

    close(p.fd);
    return gone;
}

static void free_locked(struct back *b)
{
    LIST_REMOVE(b, link);
    nbacks--;
    close(b->held);
    free(b->buf);
    free(b);
}

/* Both ends of the pipe are closed everywhere: nobody can ask for it again. */
static void sweep_locked(void)
{
    struct back *b, *next;

    for (b = LIST_FIRST(&backs); b; b = next) {
        next = LIST_NEXT(b, link);
        if (!b->users && LIST_EMPTY(&b->waiters) && end_is_gone(b->held, O_RDONLY, POLLHUP) &&
            end_is_gone(b->held, O_WRONLY, POLLERR))
            free_locked(b);
    }
    sweep_at = 2 * nbacks + 16;
}

void pipe_back_sweep(void)
{
    pthread_mutex_lock(&lock);
    sweep_locked();
    pthread_mutex_unlock(&lock);
}

static struct back *find_locked(ino_t ino)
{
    struct back *b;

    LIST_FOREACH(b, &backs, link)
        if (b->ino == ino)
            return b;
    return NULL;
}

static struct back *new_locked(int fd, ino_t ino)
{
    char         name[32];
    struct back *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    b->held = open(name, O_PATH | O_CLOEXEC);
    if (b->held < 0) {
        free(b);
        return NULL;
    }
    b->ino = ino;
    LIST_INIT(&b->waiters);
    if (nbacks >= sweep_at)
        sweep_locked();
    LIST_INSERT_HEAD(&backs, b, link);
    nbacks++;
    return b;
}

/* The way back of this end, with one more user.  NULL: there is none and make did not want one, or no memory. */
static struct back *back_get(struct call *c, const struct ofile *of, int hostfd, bool make)
{
    const int    fd = host_fd_fetch(c, hostfd);
    struct stat  st;
    struct back *b = NULL;

    if (fd < 0)
        return NULL;
    if (!fstat(fd, &st)) {
        pthread_mutex_lock(&lock);
        b = find_locked(st.st_ino);
        if (!b && make)
            b = new_locked(fd, st.st_ino);
        if (b) {
            b->users++;
            b->ends[is_reader(of) ? 0 : 1] = of;
        }
        pthread_mutex_unlock(&lock);
    }
    close(fd);
    return b;
}

static void back_put(struct back *b)
{
    pthread_mutex_lock(&lock);
    b->users--;
    pthread_mutex_unlock(&lock);
}

/* ---- waiting ------------------------------------------------------------------------------ */

int pipe_waiter_init(struct call *c, struct pipe_waiter *w)
{
    const int64_t fd = host_call(c, SYS_eventfd2, 0, EFD_NONBLOCK);

    *w = (struct pipe_waiter){(int)fd, -1};
    if (fd < 0)
        return (int)fd;
    w->ours = host_fd_fetch(c, w->hostfd);
    if (w->ours >= 0)
        return 0;

    const int err = w->ours;

    pipe_waiter_done(c, w);
    return err;
}

int pipe_waiter_add(struct call *c, struct pipe_waiter *w, const struct fdref *ref)
{
    struct back    *b = back_get(c, ref->of, ref->hostfd, true);
    struct waiting *it = b ? calloc(1, sizeof(*it)) : NULL;

    if (b && it) {
        it->who = w;
        pthread_mutex_lock(&lock);
        LIST_INSERT_HEAD(&b->waiters, it, link);
        pthread_mutex_unlock(&lock);
    }
    if (b)
        back_put(b);
    return it ? 0 : -ENOMEM;
}

void pipe_waiter_drain(struct pipe_waiter *w)
{
    uint64_t n;

    while (read(w->ours, &n, sizeof(n)) > 0)
        ;
}

static void remove_locked(struct back *b, const struct pipe_waiter *w)
{
    struct waiting *it, *next;

    for (it = LIST_FIRST(&b->waiters); it; it = next) {
        next = LIST_NEXT(it, link);
        if (it->who == w) {
            LIST_REMOVE(it, link);
            free(it);
        }
    }
}

void pipe_waiter_done(struct call *c, struct pipe_waiter *w)
{
    struct back *b;

    if (w->hostfd < 0)
        return;
    pthread_mutex_lock(&lock);
    LIST_FOREACH(b, &backs, link)
        remove_locked(b, w);
    pthread_mutex_unlock(&lock);
    if (w->ours >= 0)
        close(w->ours);
    host_call(c, SYS_close, w->hostfd);
    w->hostfd = w->ours = -1;
}

static void wake_locked(const struct back *b)
{
    static const uint64_t one = 1;
    struct waiting       *it;

    LIST_FOREACH(it, &b->waiters, link)
        if (write(it->who->ours, &one, sizeof(one)) < 0)
            continue; /* it is full, so readable */
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* One transfer: what is left of it. */
struct parts {
    struct iovec *v;
    unsigned      n, at; /* v[at] is the next */
    size_t        into;  /* of v[at], done */
    size_t        left;  /* in all */
};

static int copy_piece(struct call *c, struct back *b, gva at, size_t n, bool write)
{
    const size_t end = (b->start + b->used) % BACK_SIZE, from = write ? end : b->start;
    const size_t first = n < BACK_SIZE - from ? n : BACK_SIZE - from;
    const gva    rest = GVA(at.va + first);
    int          err = write ? copy_in(c, b->buf + from, at, first) : copy_out(c, at, b->buf + from, first);

    if (!err && n > first)
        err = write ? copy_in(c, b->buf, rest, n - first) : copy_out(c, rest, b->buf, n - first);
    if (err)
        return err;
    if (!write)
        b->start = (b->start + n) % BACK_SIZE;
    b->used = write ? b->used + n : b->used - n;
    return 0;
}

/* As much as can go at once; how much, or -EFAULT when that was nothing. */
static int64_t move_locked(struct call *c, struct back *b, struct parts *p, bool write)
{
    size_t  room = write ? BACK_SIZE - b->used : b->used;
    int64_t moved = 0;
    int     err = 0;

    if (room > p->left)
        room = p->left;
    while (room && !err) {
        const struct iovec *v = &p->v[p->at];
        const size_t        part = v->iov_len - p->into, n = part < room ? part : room;

        err = n ? copy_piece(c, b, GVA((uint64_t)(uintptr_t)v->iov_base + p->into), n, write) : 0;
        if (err)
            break;
        p->into += n;
        if (p->into == v->iov_len) {
            p->at++;
            p->into = 0;
        }
        room -= n;
        p->left -= n;
        moved += (int64_t)n;
    }
    return moved ? moved : err;
}

/* Whether the end that the bytes come from, or go to, is open nowhere. */
static bool other_is_gone(struct call *c, const struct fdref *ref)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, sizeof(struct pollfd)), now = scratch_get(c, sizeof(struct timespec));
    bool                 gone = false;

    if (s.p && now.p) {
        *(struct pollfd *)s.p = (struct pollfd){.fd = ref->hostfd};
        *(struct timespec *)now.p = (struct timespec){0};
        gone =
            host_call(c, SYS_ppoll, s.va, 1, now.va, 0, 8) > 0 && ((struct pollfd *)s.p)->revents & (POLLHUP | POLLERR);
    }
    c->scratch_used = used;
    return gone;
}

static int64_t broken(struct call *c)
{
    host_call(c, SYS_tgkill, c->proc->pid, c->task->host_tid, SIGPIPE);
    return -EPIPE;
}

/* Until the way back changes or the other end goes.  0, -ERESTART, -ESRCH, -ENOMEM. */
static int64_t sleep_for(struct call *c, const struct fdref *ref, struct pipe_waiter *w)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, 2 * sizeof(struct pollfd));
    struct pollfd       *p = s.p;

    if (!p)
        return -ENOMEM;
    p[0] = (struct pollfd){.fd = ref->hostfd};
    p[1] = (struct pollfd){.fd = w->hostfd, .events = POLLIN};

    const int64_t r = host_wait(c, SYS_ppoll, s.va, 2, 0, 0, 8);

    c->scratch_used = used;
    pipe_waiter_drain(w);
    return r < 0 ? r : 0;
}

/* What can be done now of p; *other: the end to be told. */
static int64_t step(struct call *c, struct back *b, struct parts *p, bool write, const struct ofile **other)
{
    int64_t r = 0;

    pthread_mutex_lock(&lock);
    if (write && !b->buf)
        b->buf = malloc(BACK_SIZE);
    if (write && !b->buf)
        r = -ENOMEM;
    else if (!write || p->left > ATOMIC_MAX || BACK_SIZE - b->used >= p->left)
        r = move_locked(c, b, p, write);
    if (r > 0)
        wake_locked(b);
    *other = b->ends[write ? 1 : 0];
    pthread_mutex_unlock(&lock);
    return r;
}

/* In the order of pipe_read and pipe_write: a writer first looks for its reader, a reader takes what there is. */
static int64_t transfer(struct call *c, struct fdref *ref, struct back *b, struct parts *p, bool write)
{
    struct pipe_waiter w = {-1, -1};
    int64_t            done = 0, r = 0;

    for (;;) {
        const struct ofile *other;
        const bool          gone = other_is_gone(c, ref);

        if (write && gone) {
            r = done ? 0 : broken(c);
            break;
        }
        r = step(c, b, p, write, &other);
        if (r > 0 && other && pipe_back_changed)
            pipe_back_changed(other);
        done += r > 0 ? r : 0;
        if (r < 0 || !p->left || (!write && (done || gone)))
            break;
        if (__atomic_load_n(&ref->of->flags, __ATOMIC_RELAXED) & O_NONBLOCK) {
            r = -EAGAIN;
            break;
        }
        if (w.hostfd < 0) { /* and once more, since it may have changed before */
            r = pipe_waiter_init(c, &w) ?: pipe_waiter_add(c, &w, ref);
            if (r)
                break;
            continue;
        }
        r = sleep_for(c, ref, &w);
        if (r)
            break;
    }
    pipe_waiter_done(c, &w);
    return done ? done : r;
}

static int parts_get(struct call *c, struct parts *p, uint64_t where, uint64_t n, bool vector)
{
    int err = 0;

    *p = (struct parts){.n = vector ? (unsigned)n : 1};
    if (vector && n > PARTS_MAX)
        return -EINVAL;
    p->v = calloc(p->n ? p->n : 1, sizeof(*p->v));
    if (!p->v)
        return -ENOMEM;
    if (vector)
        err = n ? copy_in(c, p->v, GVA(where), n * sizeof(*p->v)) : 0;
    else
        p->v[0] = (struct iovec){(void *)(uintptr_t)where, n};
    for (unsigned i = 0; i < p->n && !err; i++)
        err = p->v[i].iov_len > SSIZE_MAX - p->left ? -EINVAL : (p->left += p->v[i].iov_len, 0);
    return err;
}

int64_t pipe_back_transfer(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector, bool write)
{
    struct parts p;
    struct back *b;
    int64_t      r = parts_get(c, &p, where, count, vector);

    if (!r) {
        b = back_get(c, ref->of, ref->hostfd, true);
        r = b ? transfer(c, ref, b, &p, write) : -ENOMEM;
        if (b)
            back_put(b);
    }
    free(p.v);
    return r;
}

/* sys_pipe.c, pipe_write, looks for a reader before it looks at how much there is to write. */
static int64_t wrote_nothing(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(struct pollfd)), now = scratch_get(c, sizeof(struct timespec));

    if (!s.p || !now.p)
        return -ENOMEM;
    *(struct pollfd *)s.p = (struct pollfd){.fd = ref->hostfd};
    *(struct timespec *)now.p = (struct timespec){0};
    if (host_call(c, SYS_ppoll, s.va, 1, now.va, 0, 8) <= 0 || !(((struct pollfd *)s.p)->revents & POLLERR))
        return 0;
    return broken(c);
}

int64_t pipe_finish(struct call *c, struct fdref *ref, const struct pipe_transfer *t, int64_t r)
{
    if (r == 0)
        return wrote_nothing(c, ref);
    return pipe_is_pair(ref->of) ? pipe_back_transfer(c, ref, t->where, t->count, t->vector, t->write) : r;
}

/* ---- how ready --------------------------------------------------------------------------------- */

int64_t pipe_back_level(struct call *c, const struct ofile *of, int hostfd, bool watch)
{
    struct back *b = back_get(c, of, hostfd, watch);
    int64_t      used;

    if (!b)
        return is_reader(of) ? BACK_SIZE : 0;
    pthread_mutex_lock(&lock);
    used = (int64_t)b->used;
    b->users--;
    pthread_mutex_unlock(&lock);
    return is_reader(of) ? BACK_SIZE - used : used;
}

short pipe_back_ready(struct call *c, const struct fdref *ref, short events)
{
    const int64_t level = pipe_back_level(c, ref->of, ref->hostfd, false);

    if (is_reader(ref->of))
        return level >= (int64_t)ATOMIC_MAX ? (short)(events & (POLLOUT | POLLWRNORM)) : 0;
    return level > 0 ? (short)(events & (POLLIN | POLLRDNORM)) : 0;
}
