/*
 * syscalls/mqueue_ready.c: a message queue's descriptor in the guest's process.
 *
 * It is one end of a pair of sockets.  As many bytes lie before it as there are messages, each of which is an event of
 * its own to an edge-triggered epoll, as each message is to a knote; and while the queue is full, so is its way out.
 */
#include "syscalls/mqueue_object.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than a quarter of the smallest buffer that a socket can have makes it unwritable (Linux, unix_writable). */
#define STUFFING 2048

static int64_t fetch(struct call *c, struct mqueue_handle *h, const int fds[2])
{
    const int smallest = 1;

    h->guest = host_fd_fetch(c, fds[0]);
    h->other = h->guest < 0 ? h->guest : host_fd_fetch(c, fds[1]);
    host_call(c, SYS_close, fds[1]);
    if (h->other < 0) {
        const int err = h->other;

        host_call(c, SYS_close, fds[0]);
        mqueue_pair_close(h);
        return err;
    }
    setsockopt(h->guest, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof(smallest));
    return fds[0];
}

int64_t mqueue_pair(struct call *c, struct mqueue_handle *h)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(int));
    int64_t              r;
    int                  fds[2];

    h->guest = h->other = -1;
    if (!s.p)
        return -ENOMEM;
    r = host_call(c, SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s.va);
    if (r)
        return r;
    memcpy(fds, s.p, sizeof(fds));
    return fetch(c, h, fds);
}

void mqueue_pair_close(struct mqueue_handle *h)
{
    if (h->guest >= 0)
        close(h->guest);
    if (h->other >= 0)
        close(h->other);
    h->guest = h->other = -1;
}

static bool put(int fd, size_t n)
{
    static const char some[STUFFING];

    return send(fd, some, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

static bool take(int fd, size_t n)
{
    char some[STUFFING];

    return recv(fd, some, n, MSG_DONTWAIT) == (ssize_t)n;
}

void mqueue_handle_ready_locked(struct mqueue_handle *h)
{
    const struct mqueue *q = h->queue;
    const bool           full = q->curmsgs >= q->maxmsg;

    while (h->bytes < q->curmsgs && put(h->other, 1))
        h->bytes++;
    while (h->bytes > q->curmsgs && take(h->guest, 1))
        h->bytes--;
    if (full && !h->stuffed)
        h->stuffed = put(h->guest, STUFFING);
    else if (!full && h->stuffed)
        h->stuffed = !take(h->other, STUFFING);
}

void mqueue_ready_locked(struct mqueue *q)
{
    struct mqueue_handle *h;

    LIST_FOREACH(h, &q->handles, of_queue)
        mqueue_handle_ready_locked(h);
}
