/*
 * What is in the host's epoll set, and how ready it is.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/kqueue_int.h"

#define SOURCES_MAX 0x7fffffffu
#define WATCHED     (EPOLLIN | EPOLLOUT | EPOLLRDHUP)

uint64_t source_token(const struct source *s) { return (uint64_t)s->gen << 32 | s->index; }

struct source *source_by_token(struct kqueue *kq, uint64_t token)
{
    const uint32_t index = (uint32_t)token;

    if (index >= kq->nsources || !kq->sources[index] || kq->sources[index]->gen != token >> 32)
        return NULL;
    return kq->sources[index];
}

static unsigned file_bucket(const struct ofile *of) { return (unsigned)((uintptr_t)of / sizeof(*of)) % KQ_BUCKETS; }

struct source *source_find(struct kqueue *kq, const struct fdref *ref)
{
    struct source *s;

    LIST_FOREACH(s, &kq->by_file[file_bucket(ref->of)], hash)
        if (s->of == ref->of && s->hostfd == ref->hostfd)
            return s;
    return NULL;
}

static void pipe_changed_in(struct kqueue *kq, void *arg)
{
    const struct ofile *of = arg;
    struct source      *s;
    struct knote       *kn;

    pthread_mutex_lock(&kq->lock);
    LIST_FOREACH(s, &kq->by_file[file_bucket(of)], hash)
        if (s->of == of)
            TAILQ_FOREACH(kn, &s->notes, of_source)
                knote_activate(kn);
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
}

void kqueue_pipe_changed(const struct ofile *of) { kq_each(pipe_changed_in, (void *)(uintptr_t)of); }

static int free_index(struct kqueue *kq, uint32_t *index)
{
    for (*index = kq->first_free; *index < kq->nsources; ++*index)
        if (!kq->sources[*index])
            return 0;

    const uint32_t  n = kq->nsources ? 2 * kq->nsources : 16;
    struct source **more = n < SOURCES_MAX ? realloc(kq->sources, n * sizeof(struct source *)) : NULL;

    if (!more)
        return -ENOMEM;
    memset(more + kq->nsources, 0, (n - kq->nsources) * sizeof(struct source *));
    kq->sources = more;
    kq->nsources = n;
    return 0;
}

struct source *source_new(struct kqueue *kq, const struct fdref *ref)
{
    struct source *s = calloc(1, sizeof(*s));

    if (!s || free_index(kq, &s->index) < 0) {
        free(s);
        return NULL;
    }
    s->gen = ++kq->gen;
    s->hostfd = ref ? ref->hostfd : -1;
    s->of = ref ? ref->of : NULL;
    s->timerfd = -1;
    TAILQ_INIT(&s->notes);
    kq->first_free = s->index + 1;
    kq->sources[s->index] = s;
    s->kq = kq;
    if (ref)
        LIST_INSERT_HEAD(&kq->by_file[file_bucket(ref->of)], s, hash);
    return s;
}

void source_free(struct source *s)
{
    struct kqueue *kq = s->kq;

    if (s->of)
        LIST_REMOVE(s, hash);
    if (s->timerfd >= 0) {
        epoll_ctl(kq->epfd, EPOLL_CTL_DEL, s->timerfd, NULL);
        close(s->timerfd);
    }
    kq->sources[s->index] = NULL;
    if (s->index < kq->first_free)
        kq->first_free = s->index;
    free(s);
}

/* A registration goes with the host's open file; one that other processes have too stays. */
static void abandon(struct source *s, int *hostfd)
{
    if (!s->always && __atomic_load_n(&s->of->refs, __ATOMIC_RELAXED) > 1)
        *hostfd = s->hostfd;
    source_free(s);
}

void source_closed(struct kqueue *kq, int fd, const struct ofile *of, int *hostfd)
{
    struct source *s, *next;
    struct knote  *kn, *later;

    *hostfd = -1;
    for (s = LIST_FIRST(&kq->by_file[file_bucket(of)]); s; s = next) {
        next = LIST_NEXT(s, hash);
        if (s->of != of)
            continue;
        for (kn = TAILQ_FIRST(&s->notes); kn; kn = later) {
            later = TAILQ_NEXT(kn, of_source);
            if (kn->kev.ident == (uint64_t)fd)
                knote_drop(kn);
        }
        if (TAILQ_EMPTY(&s->notes))
            abandon(s, hostfd);
    }
}

/* ---- the host's set, in the guest's process -------------------------------- */

int source_register(struct call *c, struct kqueue *kq, int hostfd, uint64_t token)
{
    const size_t         used = c->scratch_used;
    const struct scratch sc = scratch_get(c, sizeof(struct epoll_event));
    struct epoll_event  *ev = sc.p;
    int64_t              r;

    if (!ev)
        return -ENOMEM;
    *ev = (struct epoll_event){.events = WATCHED | EPOLLET, .data.u64 = token};
    r = host_call(c, SYS_epoll_ctl, kq->hostfd, EPOLL_CTL_ADD, hostfd, sc.va);
    /* The open file outlived its last descriptor here (another process has it): its registration did too. */
    if (r == -EEXIST)
        r = host_call(c, SYS_epoll_ctl, kq->hostfd, EPOLL_CTL_MOD, hostfd, sc.va);
    c->scratch_used = used;
    return (int)r;
}

/*
 * While the host call runs, another thread may attach a knote to the source: it
 * finds it and looks at the descriptor itself.  Then the source goes back in,
 * and what happened in between is in the new registration's first report.
 */
void source_retire(struct call *c, struct kqueue *kq, uint64_t token)
{
    struct source *s;
    int            hostfd = -1;
    bool           back = false;

    pthread_mutex_lock(&kq->lock);
    s = source_by_token(kq, token);
    if (s && TAILQ_EMPTY(&s->notes) && !s->leaving) {
        s->leaving = true;
        hostfd = s->hostfd;
    }
    pthread_mutex_unlock(&kq->lock);
    if (hostfd < 0)
        return;
    host_call(c, SYS_epoll_ctl, kq->hostfd, EPOLL_CTL_DEL, hostfd, 0);
    pthread_mutex_lock(&kq->lock);
    s = source_by_token(kq, token);
    if (s && TAILQ_EMPTY(&s->notes)) {
        source_free(s);
    } else if (s) {
        s->leaving = false;
        back = true;
    }
    pthread_mutex_unlock(&kq->lock);
    if (back)
        source_register(c, kq, hostfd, token);
}

/* ---- how ready ---------------------------------------------------------------- */

void source_poll(struct call *c, struct source *s)
{
    struct pollfd p = {.events = POLLIN | POLLOUT | POLLRDHUP};

    if (s->polled == s->kq->scan)
        return;
    s->polled = s->kq->scan;
    s->revents = 0;
    p.fd = host_fd_fetch(c, s->hostfd);
    if (p.fd < 0)
        return;
    if (poll(&p, 1, 0) > 0)
        s->revents = (uint32_t)(unsigned short)p.revents; /* EPOLL* and POLL* are the same bits */
    close(p.fd);
}

/* Connections that wait to be accepted; TCP tells, others count as one. */
static int64_t backlog(int fd)
{
    struct tcp_info ti = {0};
    socklen_t       len = sizeof(ti);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len) == 0 && ti.tcpi_unacked > 0)
        return ti.tcpi_unacked;
    return 1;
}

static void measure_socket(struct source *s, int fd)
{
    int       n = 0, sndbuf = 0, out = 0;
    socklen_t len = sizeof(sndbuf);

    if (ioctl(fd, FIONREAD, &n) == 0)
        s->rdata = n;
    else if (errno == EINVAL) /* what a listening socket answers */
        s->rdata = backlog(fd);
    ioctl(fd, SIOCOUTQ, &out);
    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, &len);
    s->queued_out = out;
    s->wdata = sndbuf / 2 - out; /* Linux counts its own overhead in, twice what was asked for */
}

static void measure_pipe(struct source *s, int fd)
{
    const int size = fcntl(fd, F_GETPIPE_SZ);
    int       n = 0;

    ioctl(fd, FIONREAD, &n);
    s->rdata = (s->of->flags & D_O_ACCMODE) == O_WRONLY ? 0 : n; /* the host tells it at both ends */
    s->wdata = size - n;
}

/* kern_event.c, filt_vfsread: the distance from the offset to the end, negative when beyond it. */
static void measure_file(struct source *s, int fd)
{
    struct stat   st;
    const bool    host = s->of->host_offset || s->of->at_host;
    const int64_t at = host ? lseek(fd, 0, SEEK_CUR) : s->of->offset;

    if (fstat(fd, &st) == 0 && at >= 0)
        s->rdata = st.st_size - at;
}

static void measure_other(struct source *s, int fd)
{
    int n = 0;

    s->rdata = ioctl(fd, FIONREAD, &n) == 0 ? n : 1;
    s->wdata = 1;
}

void source_measure(struct call *c, struct source *s)
{
    int fd;

    if (s->measured == s->kq->scan)
        return;
    s->measured = s->kq->scan;
    s->rdata = s->wdata = s->queued_out = 0;
    fd = host_fd_fetch(c, s->hostfd);
    if (fd < 0)
        return;
    switch (s->of->kind) {
    case OF_FILE:
    case OF_DIR: measure_file(s, fd); break;
    case OF_SOCKET: measure_socket(s, fd); break;
    case OF_PIPE: measure_pipe(s, fd); break;
    default: measure_other(s, fd);
    }
    close(fd);
}
