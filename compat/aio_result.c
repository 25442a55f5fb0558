/*
 * What became of requests: aio_error, aio_return, aio_suspend, aio_waitcomplete,
 * aio_cancel (vfs_aio.c).
 */
#include <errno.h>
#include <time.h>

#include "compat/aio.h"
#include "compat/aio_int.h"
#include "syscalls/time.h"

enum { AIO_CANCELED = 1, AIO_NOTCANCELED, AIO_ALLDONE };

/* ---- waiting ------------------------------------------------------------------------------------- */

int aio_sleep(struct call *c, struct aio_proc *ap, const struct timespec *deadline)
{
    struct aio_waiter w = {.task = c->task};
    const size_t      used = c->scratch_used;
    int               r;

    LIST_INSERT_HEAD(&ap->waiters, &w, link);
    task_sleep_prepare(c);
    pthread_mutex_unlock(&aio_lock);
    r = task_sleep(c, deadline);
    pthread_mutex_lock(&aio_lock);
    LIST_REMOVE(&w, link);
    c->scratch_used = used;
    return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* 0 and the time when it is over; -EINVAL. */
static int deadline_of(const struct timespec *timeout, struct timespec *deadline)
{
    struct timespec now;

    if (timeout->tv_sec < 0 || !timespec_valid(timeout))
        return -EINVAL;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *deadline = timespec_add(now, *timeout);
    return 0;
}

/* ---- one request ------------------------------------------------------------------------------------ */

static struct aio_job *find_done(struct aio_proc *ap, gva aiocb)
{
    struct aio_job *j;

    TAILQ_FOREACH(j, &ap->done, queue)
        if (j->aiocb.va == aiocb.va)
            return j;
    return NULL;
}

/* Takes the result of a job that is done: its error, or its status.  The lock is let go. */
static int64_t take_result(struct call *c, struct aio_job *j)
{
    const int64_t status = j->status;
    const int     error = j->error;
    const gva     aiocb = j->aiocb;

    aio_take(j);
    pthread_mutex_unlock(&aio_lock);
    aio_store(c, aiocb, status, error);
    return error ? -error : status;
}

int64_t sys_aio_return(struct call *c, gva aiocb)
{
    struct aio_job *j;

    pthread_mutex_lock(&aio_lock);
    j = c->proc->aio ? find_done(c->proc->aio, aiocb) : NULL;
    if (j)
        return take_result(c, j);
    pthread_mutex_unlock(&aio_lock);
    return -EINVAL;
}

/* The guest's number of the error of a request that is known; -1: it is not. */
static int64_t known_error(const struct call *c, gva aiocb)
{
    struct aio_proc *ap = c->proc->aio;
    struct aio_job  *j;

    if (!ap)
        return -1;
    TAILQ_FOREACH(j, &ap->all, all)
        if (j->aiocb.va == aiocb.va)
            return aio_errno(c, j->state == AIO_DONE ? j->error : EINPROGRESS);
    return -1;
}

/* A request that was refused has left its error in the structure. */
int64_t sys_aio_error(struct call *c, gva aiocb)
{
    int64_t error, both[2];

    pthread_mutex_lock(&aio_lock);
    error = known_error(c, aiocb);
    pthread_mutex_unlock(&aio_lock);
    if (error >= 0)
        return error;
    if (!c->proc->aio || copy_in(c, both, GVA(aiocb.va + offsetof(struct aiocb_form, status)), sizeof(both)) ||
        both[0] != -1 || both[1] < 0 || both[1] > INT32_MAX)
        return aio_errno(c, EINVAL);
    return both[1];
}

/* ---- some of many -------------------------------------------------------------------------------------- */

static bool is_in(const struct aio_job *j, const uint64_t *aiocb, int n)
{
    for (int i = 0; i < n; i++)
        if (aiocb[i] == j->aiocb.va)
            return true;
    return false;
}

/* 0: one of them is done, or none is known; 1: one of them is not done yet. */
static int look(const struct aio_proc *ap, const uint64_t *aiocb, int n)
{
    const struct aio_job *j;
    int                   found = 0;

    TAILQ_FOREACH(j, &ap->all, all) {
        if (!is_in(j, aiocb, n))
            continue;
        if (j->state == AIO_DONE)
            return 0;
        found = 1;
    }
    return found;
}

static int suspend_on(struct call *c, const uint64_t *aiocb, int n, const struct timespec *deadline)
{
    struct aio_proc *ap;
    int              r = 0;

    pthread_mutex_lock(&aio_lock);
    ap = c->proc->aio;
    if (!ap)
        r = -EAGAIN;
    while (!r && n && look(ap, aiocb, n))
        r = aio_sleep(c, ap, deadline);
    pthread_mutex_unlock(&aio_lock);
    return r == -ERESTART ? -EINTR : r;
}

int64_t sys_aio_suspend(struct call *c, gva list, int nent, const struct timespec *timeout)
{
    uint64_t        aiocb[AIO_MAX_QUEUE_PER_PROC];
    struct timespec deadline;
    int             err;

    if (nent < 0 || nent > AIO_MAX_QUEUE_PER_PROC)
        return -EINVAL;
    err = copy_in(c, aiocb, list, (size_t)nent * 8);
    if (!err && timeout)
        err = deadline_of(timeout, &deadline);
    return err ? err : suspend_on(c, aiocb, nent, timeout ? &deadline : NULL);
}

/* A wait without end goes on after a signal's handler, when that asked for it. */
static int64_t wait_complete(struct call *c, gva aiocbp, const struct timespec *deadline, bool look_only)
{
    struct aio_proc *ap;
    struct aio_job  *j = NULL;
    int              r = 0;

    pthread_mutex_lock(&aio_lock);
    ap = aio_proc_of(c->proc);
    if (!ap)
        r = -ENOMEM;
    while (!r && !(j = TAILQ_FIRST(&ap->done)))
        r = look_only ? -EAGAIN : aio_sleep(c, ap, deadline);
    if (!j) {
        pthread_mutex_unlock(&aio_lock);
        return r == -ERESTART && deadline ? -EINTR : r;
    }

    const gva     aiocb = j->aiocb;
    const int64_t result = take_result(c, j);

    put_long(c, aiocbp, (int64_t)aiocb.va);
    return result;
}

int64_t sys_aio_waitcomplete(struct call *c, gva aiocbp, const struct timespec *timeout)
{
    const bool      look_only = timeout && !timeout->tv_sec && !timeout->tv_nsec;
    struct timespec deadline;
    int             err = 0;

    put_long(c, aiocbp, 0);
    if (timeout && !look_only)
        err = deadline_of(timeout, &deadline);
    return err ? err : wait_complete(c, aiocbp, timeout ? &deadline : NULL, look_only);
}

/* ---- cancelling ------------------------------------------------------------------------------------------ */

static int64_t cancel_on(struct aio_proc *ap, int fd, gva aiocb)
{
    int             cancelled = 0, not_cancelled = 0;
    struct aio_job *j;

    TAILQ_FOREACH(j, &ap->all, all) {
        if (j->state == AIO_DONE || j->fd != fd || (aiocb.va && j->aiocb.va != aiocb.va))
            continue;
        if (aio_cancel_job(j))
            cancelled++;
        else
            not_cancelled++;
        if (aiocb.va)
            break;
    }
    return not_cancelled ? AIO_NOTCANCELED : cancelled ? AIO_CANCELED : AIO_ALLDONE;
}

int64_t sys_aio_cancel(struct call *c, int fd, gva aiocb)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    fd_put(c, &ref);
    pthread_mutex_lock(&aio_lock);
    r = c->proc->aio ? cancel_on(c->proc->aio, fd, aiocb) : AIO_ALLDONE;
    pthread_mutex_unlock(&aio_lock);
    return r;
}
