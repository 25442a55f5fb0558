/*
 * compat/aio_int.h: what the files of asynchronous input and output share.
 *
 * A job is one request.  It waits (for jobs that come before it, or for its
 * socket), is queued, runs on a thread of the provider, and is done until the
 * guest takes its result.  Files are read and written by the provider's own
 * duplicate of the descriptor; the guest's buffer is reached by process_vm_readv
 * and process_vm_writev.
 *
 * Locks: aio_lock, then session.lock, then those of kqueue (compat/kqueue_int.h).
 * aio_lock guards all that is here; it is held across no host call, and not while
 * a job runs.
 */
#ifndef DRAGOMAN_COMPAT_AIO_INT_H
#define DRAGOMAN_COMPAT_AIO_INT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "syscalls/fd.h"
#include "syscalls/proc.h"

/* aio_lio_opcode */
#define LIO_NOP    0x0
#define LIO_WRITE  0x1
#define LIO_READ   0x2
#define LIO_VECTOR 0x4
#define LIO_SYNC   0x8
#define LIO_DSYNC  0x18
#define LIO_MLOCK  0x20

#define SIGEV_G_NONE      0
#define SIGEV_G_SIGNAL    1
#define SIGEV_G_KEVENT    3
#define SIGEV_G_THREAD_ID 4

/* struct sigevent, sys/signal.h.  For SIGEV_KEVENT signo is the kqueue, and tid's lower half the flags. */
struct aio_sigevent {
    int32_t  notify, signo;
    uint64_t value;
    int32_t  tid, pad[15];
};

/* struct aiocb, aio.h; and its form up to 6.x, which has an older sigevent in its middle. */
struct aiocb_form {
    int32_t             fildes, pad0;
    int64_t             offset;
    uint64_t            buf, nbytes; /* or an array of struct iovec, and its length as an int */
    int32_t             old_notify, old_signo;
    uint64_t            old_value;
    int32_t             opcode, reqprio;
    int64_t             status, error;
    uint64_t            kernelinfo;
    struct aio_sigevent event;
};
_Static_assert(sizeof(struct aiocb_form) == 160, "aio.h");
#define AIOCB_OLD_SIZE offsetof(struct aiocb_form, event)

enum aio_state { AIO_WAITS, AIO_ARMED, AIO_QUEUED, AIO_RUNS, AIO_DONE };

/* Whom to tell, and by what. */
struct aio_notice {
    struct aio_sigevent ev;
    uint64_t            kqueue; /* for SIGEV_KEVENT: its identifier */
    uint64_t            ident;  /* of the knote */
    int                 filter;
    bool                told;
    int64_t             number; /* of its signal */
};

/* One lio_listio whose jobs are not all done or not all taken. */
struct aio_list {
    unsigned          count, finished; /* jobs; the call itself counts for one while it queues them */
    struct aio_notice notice;
};

struct aio_job {
    TAILQ_ENTRY(aio_job) all;   /* of its process, in the order of requests; none for an orphan */
    TAILQ_ENTRY(aio_job) queue; /* of jobs to be run, or of the process's done ones */
    LIST_ENTRY(aio_job) armed;  /* state AIO_ARMED */
    struct aio_proc    *owner;
    bool                orphan; /* atomic: the process is gone, owner is no more; it runs, and nobody wants it */
    struct aio_list    *list;
    struct aio_notice   notice;
    enum aio_state      state;
    uint64_t            number; /* never used twice */
    pid_t               pid;    /* whose memory */
    gva                 aiocb;
    int                 op, fd; /* fd: the guest's */
    int                 hostfd; /* the provider's own; -1: none */
    const struct ofile *of;     /* only to be compared */
    bool                socket, nonblock;
    int64_t             offset, done;
    struct iovec       *iov; /* owned; the guest's addresses */
    unsigned            niov;
    uint64_t            nbytes;
    int64_t             status; /* when done: bytes, or -1 and error, a host errno */
    int                 error;
};

TAILQ_HEAD(aio_jobs, aio_job);

struct aio_waiter {
    LIST_ENTRY(aio_waiter) link;
    struct task *task;
};

/* A process that has asked for something once. */
struct aio_proc {
    struct proc    *proc;
    struct aio_jobs all, done;
    unsigned        count, running;
    bool            gone; /* it is being emptied: nobody is told of anything */
    LIST_HEAD(, aio_waiter) waiters;
};

/* vfs.aio.*: FreeBSD's defaults */
#define AIO_MAX_QUEUE          1024
#define AIO_MAX_QUEUE_PER_PROC 256
#define AIO_MAX_THREADS        32

extern pthread_mutex_t aio_lock;

/* ---- aio_job.c; aio_lock held */
struct aio_proc *aio_proc_of(struct proc *p); /* made when there is none yet; NULL: no memory */
bool             aio_room(const struct aio_proc *ap);
/* Puts a new job among its owner's and starts it, or leaves it to wait for those before.  0, -EAGAIN, -errno. */
int aio_submit(struct aio_job *j);
/* A job has ended, by itself or not: tells whoever wants to know, and starts what waited for it. */
void aio_finish(struct aio_job *j, int64_t status, int error);
bool aio_cancel_job(struct aio_job *j); /* false: it runs, or is done */
/* Takes a job that is done out of its process and frees it, and its list when it was the last of that. */
void aio_take(struct aio_job *j);
void aio_list_put(struct aio_list *l, struct proc *p); /* one job less; freed with the last */
void aio_job_free(struct aio_job *j);                  /* a job that is in no list */

/* ---- aio_run.c; aio_lock held */
int  aio_queue(struct aio_job *j); /* for a thread to run.  0, -EAGAIN: there is none */
void aio_unqueue(struct aio_job *j);
int  aio_arm(struct aio_job *j); /* to be queued when its socket is ready.  0, -errno */
void aio_disarm(struct aio_job *j);
void aio_wait_running(struct aio_proc *ap); /* until none of its jobs runs; the lock is let go meanwhile */

/* ---- aio_notice.c; aio_lock held, but for aio_notice_init */
/* Checks ev and finds its kqueue, whose knote is there from now on.  0, -EINVAL, -EBADF, -ENOMEM, -ESRCH. */
int  aio_notice_init(struct call *c, struct aio_notice *n, const struct aio_sigevent *ev, int filter, uint64_t ident);
void aio_notice_tell(struct aio_notice *n, struct proc *p, int error); /* once; error: a host errno */
void aio_notice_drop(const struct aio_notice *n, struct proc *p);

/* ---- aio.c */
int64_t aio_errno(const struct call *c, int error); /* the guest's number of a host errno */
/* Into the private fields of the guest's structure.  Like FreeBSD, it does not mind when that fails. */
void aio_store(struct call *c, gva aiocb, int64_t status, int error);

/* ---- aio_result.c */
/* Until some job of the process ends.  aio_lock is held, and let go meanwhile.  0, -ERESTART, -ESRCH, -EAGAIN. */
int aio_sleep(struct call *c, struct aio_proc *ap, const struct timespec *deadline);

#endif
