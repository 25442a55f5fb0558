/*
 * compat/kqueue_int.h: what the files of kqueue share.
 *
 * The algorithm is FreeBSD's (sys/kern/kern_event.c): an event makes a knote
 * active and puts it on its queue; the scan takes the queue's head, asks the
 * filter whether the event still holds, reports it, and puts a level-triggered
 * knote back at the tail.  Hence every host registration is edge-triggered, is
 * made once a descriptor and never modified: enabling, disabling, dispatching
 * and mixing EV_CLEAR with level-triggered knotes need no host call.
 *
 * Where things live: the guest's descriptor is an epoll descriptor in the guest's
 * process, in which descriptors are registered.  The provider keeps its own
 * duplicate of it.  With that it collects events without asking the guest's
 * thread, and adds what is the provider's own: one eventfd (readable exactly
 * while the queue is not empty), timerfds, an inotify descriptor.  A guest thread
 * waits by ppoll on the epoll descriptor, so no event is ever consumed by a host
 * call that a signal or a death then loses.
 *
 * Locks: session.lock, then the table's lock (kqueue_table.c), then kq->lock.
 * None is held across host_call.
 */
#ifndef DRAGOMAN_COMPAT_KQUEUE_INT_H
#define DRAGOMAN_COMPAT_KQUEUE_INT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "abi/neutral.h"
#include "syscalls/call.h"
#include "syscalls/fd.h"

#define KQ_FILTER_READ     (-1)
#define KQ_FILTER_WRITE    (-2)
#define KQ_FILTER_AIO      (-3)
#define KQ_FILTER_VNODE    (-4)
#define KQ_FILTER_PROC     (-5)
#define KQ_FILTER_SIGNAL   (-6)
#define KQ_FILTER_TIMER    (-7)
#define KQ_FILTER_PROCDESC (-8)
#define KQ_FILTER_FS       (-9)
#define KQ_FILTER_LIO      (-10)
#define KQ_FILTER_USER     (-11)
#define KQ_FILTER_SENDFILE (-12)
#define KQ_FILTER_EMPTY    (-13)
#define KQ_FILTERS         13

#define KQ_EV_ADD          0x0001u
#define KQ_EV_DELETE       0x0002u
#define KQ_EV_ENABLE       0x0004u
#define KQ_EV_DISABLE      0x0008u
#define KQ_EV_ONESHOT      0x0010u
#define KQ_EV_CLEAR        0x0020u
#define KQ_EV_RECEIPT      0x0040u
#define KQ_EV_DISPATCH     0x0080u
#define KQ_EV_FORCEONESHOT 0x0100u
#define KQ_EV_KEEPUDATA    0x0200u
#define KQ_EV_SYSFLAGS     0xf000u
#define KQ_EV_DROP         0x1000u
#define KQ_EV_ERROR        0x4000u
#define KQ_EV_EOF          0x8000u

struct kqueue;
struct knote;
struct source;

/* What a filter does; kq->lock is held in all of them. */
struct filter {
    bool isfd;          /* the identifier is a descriptor */
    bool needs_session; /* session.lock is held in attach */
    /* 0 or -errno; when it fails, detach is not called. */
    int (*attach)(struct call *c, struct knote *kn);
    void (*detach)(struct knote *kn);
    /* Does the event hold now?  Sets data, fflags and EV_EOF. */
    bool (*event)(struct call *c, struct knote *kn);
    /* A kevent for a knote that exists; NULL: sfflags and sdata are replaced. */
    void (*touch)(struct call *c, struct knote *kn, const struct kkevent *kev);
    /* Fills what is reported and clears for EV_CLEAR; NULL: the knote's own values. */
    void (*report)(struct knote *kn, struct kkevent *out);
};

struct knote {
    LIST_ENTRY(knote) hash;
    TAILQ_ENTRY(knote) of_source; /* only when source is set and it is a descriptor's */
    TAILQ_ENTRY(knote) queue;
    struct kqueue       *kq;
    const struct filter *filter;
    struct source       *source;  /* descriptors and timers */
    struct kkevent       kev;     /* what is reported */
    uint32_t             sfflags; /* what was asked for */
    int64_t              sdata;
    bool                 active, queued, disabled;
    bool                 forced;      /* EV_FORCEONESHOT: reported whether or not it holds */
    bool                 triggered;   /* EVFILT_USER */
    bool                 gone;        /* EVFILT_PROC: the process has exited; EVFILT_AIO, EVFILT_LIO: it is done */
    int                  error;       /* EVFILT_AIO: how it ended, in the guest's numbers */
    int                  wd;          /* EVFILT_VNODE: inotify's number */
    uint64_t             size, nlink; /* EVFILT_VNODE: as last seen */
};

/*
 * Something in the host's epoll set: a descriptor with its knotes, or a timer.
 * A descriptor's stays registered when its last knote goes, because the next
 * EV_ADD for it often follows; the first event that nobody wants takes it out.
 */
struct source {
    LIST_ENTRY(source) hash; /* by of; not timers */
    TAILQ_HEAD(, knote) notes;
    struct kqueue *kq;
    uint32_t       index, gen; /* what epoll hands back */
    int            hostfd;     /* in the guest's process; a timer: -1 */
    int            timerfd;    /* the provider's own; a descriptor: -1 */
    struct knote  *timer;
    struct ofile  *of;
    bool           always;  /* the host cannot poll it: regular files, directories, /dev/null */
    bool           fresh;   /* registered, and epoll has not reported it yet: it will */
    bool           leaving; /* a task is taking it out of the set */
    /* as found in the scan of this number */
    uint64_t polled, measured;
    uint32_t revents;
    int64_t  rdata, wdata;
    int64_t  queued_out; /* bytes not yet sent */
};

#define KQ_BUCKETS 256

struct kqueue {
    LIST_ENTRY(kqueue) all;
    pthread_mutex_t lock;
    uint64_t        id;
    unsigned        refs;   /* under the table's lock */
    struct fdtable *fds;    /* of the process that made it: fork does not hand kqueues down */
    struct proc    *proc;   /* under the table's lock; NULL when it is gone */
    int             hostfd; /* epoll, in the guest's process */
    int             epfd;   /* the same, ours */
    int             wakefd; /* readable while the queue is not empty */
    int             inofd;  /* -1 until the first EVFILT_VNODE */
    bool            awake;  /* wakefd is readable */
    uint64_t        scan;
    unsigned        nqueued;
    unsigned        nempty;         /* EVFILT_EMPTY knotes */
    unsigned        nsignal, nproc; /* atomic: looked at without the lock */
    TAILQ_HEAD(knote_queue, knote) queue;
    LIST_HEAD(, knote) knotes[KQ_BUCKETS];
    LIST_HEAD(, source) by_file[KQ_BUCKETS];
    struct source **sources;    /* by index */
    uint32_t        first_free; /* no free index below */
    uint32_t        nsources, gen;
};

/* What epoll hands back for the provider's own descriptors; sources have an index below. */
#define KQ_TOKEN_WAKE    0xffffffffull
#define KQ_TOKEN_INOTIFY 0xfffffffeull
#define KQ_TOKEN_NONE    0xfffffffdull

/* ---- kqueue_table.c */

/* New, with one reference for the caller and one for the table; refs: see kq_put.  epfd is taken over, also on failure.
 * NULL: no memory. */
struct kqueue *kq_new(struct proc *p, int hostfd, int epfd);
struct kqueue *kq_get(uint64_t id, struct fdtable *fds); /* NULL when there is none */
void           kq_put(struct kqueue *kq);
void           kq_close_id(uint64_t id); /* its last descriptor is gone: so is the table's reference */
/* Calls fn for every kqueue, the table's lock held. */
void kq_each(void (*fn)(struct kqueue *kq, void *arg), void *arg);

/* ---- knotes and queue: kqueue_note.c, kq->lock held */
struct knote *knote_find(struct kqueue *kq, int filter, uint64_t ident);
struct knote *knote_new(struct kqueue *kq, const struct filter *f, const struct kkevent *kev); /* NULL: no memory */
void          knote_drop(struct knote *kn);                                                    /* detaches and frees */
void          knote_free(struct knote *kn);                                                    /* without detaching */
void          knote_activate(struct knote *kn);
void          knote_dequeue(struct knote *kn);
void          kq_sync_wake(struct kqueue *kq); /* before the lock is let go, after any change of the queue */
/* Reports at most max events; the number.  *idle is set to the token of a source to be retired. */
int kq_scan(struct call *c, struct kqueue *kq, struct kkevent *out, int max, uint64_t *idle);

/* ---- kqueue_source.c, kq->lock held unless it says otherwise */
struct source *source_find(struct kqueue *kq, const struct fdref *ref);
struct source *source_new(struct kqueue *kq, const struct fdref *ref); /* ref NULL: for a timer.  NULL: no memory */
/*
 * The descriptor fd of the file is closed: its knotes go, and the file's sources
 * that no other descriptor has knotes on.  *hostfd: one whose registration will
 * outlive the close and is to be taken out, or -1.
 */
void           source_closed(struct kqueue *kq, int fd, const struct ofile *of, int *hostfd);
struct source *source_by_token(struct kqueue *kq, uint64_t token);
uint64_t       source_token(const struct source *s);
void           source_free(struct source *s);
/* Registers with the host; lock not held.  0 or -errno. */
int source_register(struct call *c, struct kqueue *kq, int hostfd, uint64_t token);
/* Takes sources that nobody wants any more out of the host's set; lock not held. */
void source_retire(struct call *c, struct kqueue *kq, uint64_t token);
/* Poll state, byte counts: found anew once a scan. */
/* pipe_back.h: the knotes on that end of a pipe are to be looked at.  No lock held. */
void kqueue_pipe_changed(const struct ofile *of);
void source_poll(struct call *c, struct source *s);
void source_measure(struct call *c, struct source *s);

/* ---- the filters */
extern const struct filter filter_read, filter_write, filter_empty, filter_vnode, filter_timer, filter_user,
    filter_signal, filter_proc, filter_procdesc, filter_aio;
bool kqueue_fd_takes(int filter, enum ofile_kind kind);
void kqueue_timer_expired(struct source *s);
void kqueue_vnode_drain(struct call *c, struct kqueue *kq);
int  kqueue_vnode_watch(struct call *c, struct kqueue *kq, int hostfd, uint32_t mask); /* watch number or -errno */
void kqueue_vnode_unwatch(struct knote *kn);
void kqueue_signal_posted(struct proc *p, int sig);

/* ---- kqueue_aio.c: knotes of the kernel's own; no lock held.  Of a kqueue that is gone nothing is done. */
/* fd is a kqueue's: makes the knote kev says, and gives the kqueue's identifier.  0, -EBADF, -ENOMEM, -ESRCH. */
int  kqueue_aio_add(struct call *c, int fd, const struct kkevent *kev, uint64_t *id);
void kqueue_aio_done(uint64_t id, struct fdtable *fds, int filter, uint64_t ident, int error);
void kqueue_aio_drop(uint64_t id, struct fdtable *fds, int filter, uint64_t ident);

/* ---- kqueue_register.c: one change; 0 or -errno.  No lock held; kq referenced. */
int kq_change(struct call *c, struct kqueue *kq, const struct kkevent *kev);

#endif
