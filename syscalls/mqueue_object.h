/* syscalls/mqueue_object.h: what the files of the message queues share. */
#ifndef DRAGOMAN_SYSCALLS_MQUEUE_OBJECT_H
#define DRAGOMAN_SYSCALLS_MQUEUE_OBJECT_H

#include <pthread.h>
#include <sys/queue.h>
#include <time.h>

#include "syscalls/fd.h"
#include "syscalls/mqueue.h"
#include "syscalls/sleepers.h"

extern pthread_mutex_t mqueue_lock; /* of all of them; session.lock may be taken under it */

struct mqueue_notifier;

struct mqueue_msg {
    TAILQ_ENTRY(mqueue_msg) link;
    uint32_t prio;
    size_t   size;
    char     data[];
};

/* Those who wait for a message, or for room. */
struct mqueue_side {
    unsigned        n;       /* also those that were chosen and have not run yet */
    struct sleepers waiters; /* that nobody has chosen */
};

/* What one open file stands for.  Both ends of the pair are the provider's own duplicates. */
struct mqueue_handle {
    LIST_ENTRY(mqueue_handle) link, of_queue;
    uint64_t       id;
    struct mqueue *queue; /* NULL: it is only being opened */
    int            guest, other;
    int64_t        bytes;   /* that the guest's end could read: one for each message */
    bool           stuffed; /* the guest's end cannot write */
};

/* All of it under mqueue_lock. */
struct mqueue {
    LIST_ENTRY(mqueue) link; /* while it has a name */
    char           *name;    /* without the slash, owned; NULL: unlinked */
    unsigned        refs;    /* handles, the name's one, calls */
    uint32_t        mode, uid, gid;
    int64_t         maxmsg, msgsize, curmsgs;
    struct timespec made;          /* all its times (mqfs_create_node) */
    TAILQ_HEAD(, mqueue_msg) msgs; /* by priority, then by age */
    struct mqueue_side      receivers, senders;
    struct mqueue_notifier *notifier; /* NULL: nobody is to be told */
    LIST_HEAD(, mqueue_handle) handles;
};

/* The queue behind an open file, with a reference for mqueue_drop; NULL: none.  mqueue_lock free. */
struct mqueue *mqueue_hold(uint64_t id);
void           mqueue_drop(struct mqueue *q);

/* mqueue_ready.c: a pair, whose guest end stays open in the guest's process; the host's number of that, -errno. */
int64_t mqueue_pair(struct call *c, struct mqueue_handle *h);
void    mqueue_pair_close(struct mqueue_handle *h);
/* Makes the descriptors as ready as the queue is.  mqueue_lock held. */
void mqueue_ready_locked(struct mqueue *q);
void mqueue_handle_ready_locked(struct mqueue_handle *h);

/* mqueue_notify.c: a message came to a queue where nobody waits for one; tells once.  mqueue_lock held. */
void mqueue_notify_locked(struct mqueue *q);
/* The queue is freed.  mqueue_lock held. */
void mqueue_notify_forget_locked(struct mqueue *q);

/* A descriptor and its queue, each held. */
struct mqueue_use {
    struct fdref   ref;
    struct mqueue *queue;
};

/* 0, -EBADF, -ESRCH, -D_ENOTCAPABLE; then mqueue_done. */
int  mqueue_use(struct call *c, int mqd, struct mqueue_use *u);
void mqueue_done(struct call *c, struct mqueue_use *u);

#endif
