/*
 * EVFILT_READ, EVFILT_WRITE and EVFILT_EMPTY: what poll(2) and a few ioctls tell, as the kernel's
 * filt_soread, filt_sowrite, filt_piperead, filt_pipewrite, filt_vfsread and ttydev filters put it.
 *
 * fflags of an EV_EOF event should be the socket's error; Linux shows that only to
 * the one who takes it away from the program, so it stays 0.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include "compat/kqueue_int.h"
#include "syscalls/pipe.h"
#include "syscalls/pipe_back.h"

#define PIPE_BUF_GUEST 512 /* room for so much makes a pipe writable */
#define NOTE_LOWAT     1u
#define NOTE_FILE_POLL 2u

/* Filters that an open file takes: uipc_socket.c soo_kqfilter, sys_pipe.c, vfs_subr.c vfs_kqfilter, kern_event.c. */
bool kqueue_fd_takes(int filter, enum ofile_kind kind)
{
    switch (filter) {
    case KQ_FILTER_READ: return kind != OF_PROCDESC && kind != OF_KSEM;
    case KQ_FILTER_WRITE: return !ofile_kind_is_object(kind) || kind == OF_MQUEUE;
    case KQ_FILTER_PROCDESC: return kind == OF_PROCDESC;
    case KQ_FILTER_EMPTY: return kind == OF_SOCKET;
    case KQ_FILTER_VNODE: return kind == OF_FILE || kind == OF_DIR;
    default: return false;
    }
}

/* Linux calls a socket that was never connected hung up; FreeBSD finds nothing to report on it. */
static bool unconnected(const struct source *s) { return (s->revents & (POLLHUP | POLLRDHUP | POLLERR)) == POLLHUP; }

static bool report_eof(struct knote *kn, bool eof)
{
    if (eof)
        kn->kev.flags |= KQ_EV_EOF;
    else
        kn->kev.flags &= ~KQ_EV_EOF;
    return eof;
}

static bool enough(const struct knote *kn) { return !(kn->sfflags & NOTE_LOWAT) || kn->kev.data >= kn->sdata; }

static bool file_read(struct knote *kn)
{
    const enum ofile_kind kind = kn->source->of->kind;

    if (kind != OF_FILE && kind != OF_DIR)
        return true; /* a device without poll: it never blocks */
    return (kn->sfflags & NOTE_FILE_POLL) || kn->kev.data != 0;
}

/* uipc_mqueue.c, filt_mqread and filt_mqwrite: no number, and no end. */
static bool queue_event(struct call *c, struct knote *kn, uint32_t events)
{
    source_poll(c, kn->source);
    kn->kev.data = 0;
    return kn->source->revents & events;
}

/* What the host's pipe knows nothing of: to read at the end that writes, to write at the end that reads. */
static bool is_way_back(const struct source *s, uint32_t mode)
{
    return !s->always && pipe_is_pair(s->of) && (s->of->flags & D_O_ACCMODE) == mode;
}

static bool back_event(struct call *c, struct knote *kn, int64_t least)
{
    struct source *s = kn->source;

    source_poll(c, s);

    const bool eof = report_eof(kn, s->revents & (POLLHUP | POLLERR));

    kn->kev.data = pipe_back_level(c, s->of, s->hostfd, true);
    return eof || (kn->kev.data >= least && enough(kn));
}

static bool read_event(struct call *c, struct knote *kn)
{
    struct source *s = kn->source;

    if (s->of->kind == OF_MQUEUE)
        return queue_event(c, kn, POLLIN);
    if (is_way_back(s, O_WRONLY))
        return back_event(c, kn, 1);
    if (s->always) {
        source_measure(c, s);
        kn->kev.data = s->rdata;
        return file_read(kn);
    }
    source_poll(c, s);

    const bool socket = s->of->kind == OF_SOCKET;

    if (socket && unconnected(s))
        return false;

    const bool eof = report_eof(kn, s->revents & (socket ? POLLRDHUP : POLLHUP | POLLERR));

    if (!eof && !(s->revents & (POLLIN | POLLERR)))
        return false;
    source_measure(c, s);
    kn->kev.data = s->rdata;
    return eof || (s->revents & POLLERR) || enough(kn);
}

static bool write_event(struct call *c, struct knote *kn)
{
    struct source *s = kn->source;

    if (s->of->kind == OF_MQUEUE)
        return queue_event(c, kn, POLLOUT);
    if (is_way_back(s, O_RDONLY))
        return back_event(c, kn, PIPE_BUF_GUEST);
    if (s->always) {
        kn->kev.data = 0;
        return true;
    }
    source_poll(c, s);

    const bool socket = s->of->kind == OF_SOCKET;

    if (socket && unconnected(s))
        return false;

    const bool eof = report_eof(kn, s->revents & (socket ? POLLHUP : POLLHUP | POLLERR));

    if (!eof && !(s->revents & (POLLOUT | POLLERR)))
        return false;
    source_measure(c, s);
    kn->kev.data = eof && !socket ? 0 : s->wdata > 0 ? s->wdata : 1;
    return eof || (s->revents & POLLERR) || enough(kn);
}

static bool empty_event(struct call *c, struct knote *kn)
{
    struct source *s = kn->source;

    source_poll(c, s);
    source_measure(c, s);
    kn->kev.data = s->queued_out;
    return s->queued_out == 0 || (s->revents & POLLHUP);
}

/* A file becomes readable again when it grows: only inotify tells. */
static int read_attach(struct call *c, struct knote *kn)
{
    if (kn->source->always)
        kn->wd = kqueue_vnode_watch(c, kn->kq, kn->source->hostfd, IN_MODIFY);
    if (is_way_back(kn->source, O_WRONLY))
        knote_activate(kn); /* the host will not report it: it is looked at */
    return 0;
}

/* The other end of a pair is closed (sys_pipe.c, pipe_kqfilter). */
static int write_attach(struct call *c, struct knote *kn)
{
    struct source *s = kn->source;

    if (s->always || !pipe_is_pair(s->of))
        return 0;
    source_poll(c, s);
    if (s->revents & (POLLERR | POLLHUP))
        return -EPIPE;
    if (is_way_back(s, O_RDONLY))
        knote_activate(kn);
    return 0;
}

static int empty_attach(struct call *c, struct knote *kn)
{
    (void)c;
    kn->kq->nempty++;
    return 0;
}

static void empty_detach(struct knote *kn) { kn->kq->nempty--; }

const struct filter filter_read = {
    .isfd = true,
    .attach = read_attach,
    .detach = kqueue_vnode_unwatch,
    .event = read_event,
};
const struct filter filter_write = {.isfd = true, .attach = write_attach, .event = write_event};
const struct filter filter_empty = {.isfd = true, .attach = empty_attach, .detach = empty_detach, .event = empty_event};
