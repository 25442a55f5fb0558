/*
 * Jobs: who waits for whom, and what their end brings about (vfs_aio.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "compat/aio.h"
#include "compat/aio_int.h"

pthread_mutex_t aio_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned total; /* jobs of all processes */

struct aio_proc *aio_proc_of(struct proc *p)
{
    struct aio_proc *ap = p->aio ? p->aio : calloc(1, sizeof(*ap));

    if (!ap || p->aio)
        return ap;
    ap->proc = p;
    TAILQ_INIT(&ap->all);
    TAILQ_INIT(&ap->done);
    p->aio = ap;
    return ap;
}

bool aio_room(const struct aio_proc *ap) { return total < AIO_MAX_QUEUE && ap->count < AIO_MAX_QUEUE_PER_PROC; }

/* ---- before and after ------------------------------------------------------------- */

static bool is_sync(const struct aio_job *j) { return j->op & LIO_SYNC; }

/* A sync comes after all transfers asked for before it, and a socket's bytes in the order of requests. */
static bool must_precede(const struct aio_job *first, const struct aio_job *j)
{
    if (first->of != j->of || first->state == AIO_DONE)
        return false;
    if (is_sync(j))
        return !is_sync(first);
    return j->socket && (first->op & ~LIO_VECTOR) == (j->op & ~LIO_VECTOR);
}

static bool may_start(const struct aio_job *j)
{
    const struct aio_job *first;

    TAILQ_FOREACH(first, &j->owner->all, all) {
        if (first == j)
            return true;
        if (must_precede(first, j))
            return false;
    }
    return true;
}

/* Locking memory is done already when it is asked for (aio.c). */
static int start(struct aio_job *j)
{
    if (j->op == LIO_MLOCK)
        return 0;
    return j->socket ? aio_arm(j) : aio_queue(j);
}

static void start_waiting(struct aio_proc *ap)
{
    struct aio_job *j;

    TAILQ_FOREACH(j, &ap->all, all) {
        const int err = j->state == AIO_WAITS && may_start(j) ? start(j) : 0;

        if (err)
            aio_finish(j, -1, -err);
    }
}

int aio_submit(struct aio_job *j)
{
    struct aio_proc *ap = j->owner;
    int              err;

    TAILQ_INSERT_TAIL(&ap->all, j, all);
    err = may_start(j) ? start(j) : 0;
    if (err) {
        TAILQ_REMOVE(&ap->all, j, all);
        return err;
    }
    ap->count++;
    total++;
    if (j->list)
        j->list->count++;
    return 0;
}

/* ---- the end -------------------------------------------------------------------------- */

static void list_finished(struct aio_list *l, struct proc *p)
{
    if (++l->finished == l->count)
        aio_notice_tell(&l->notice, p, 0);
}

static void wake_waiters(struct aio_proc *ap)
{
    struct aio_waiter *w;

    LIST_FOREACH(w, &ap->waiters, link)
        task_wake(w->task);
}

void aio_finish(struct aio_job *j, int64_t status, int error)
{
    struct aio_proc *ap = j->owner;

    j->state = AIO_DONE;
    j->status = status;
    j->error = error;
    TAILQ_INSERT_TAIL(&ap->done, j, queue);
    if (ap->gone)
        return;
    aio_notice_tell(&j->notice, ap->proc, error);
    if (j->list)
        list_finished(j->list, ap->proc);
    wake_waiters(ap);
    start_waiting(ap);
}

/* Out of what it waits in; false: it runs, or is done. */
static bool stop(struct aio_job *j)
{
    if (j->state == AIO_ARMED)
        aio_disarm(j);
    else if (j->state == AIO_QUEUED)
        aio_unqueue(j);
    return j->state == AIO_WAITS;
}

bool aio_cancel_job(struct aio_job *j)
{
    if (!stop(j))
        return false;
    aio_finish(j, j->done ? j->done : -1, j->done ? 0 : ECANCELED); /* what a socket has taken, it has */
    return true;
}

void aio_list_put(struct aio_list *l, struct proc *p)
{
    if (--l->count)
        return;
    aio_notice_drop(&l->notice, p);
    free(l);
}

void aio_job_free(struct aio_job *j)
{
    if (j->hostfd >= 0)
        close(j->hostfd);
    free(j->iov);
    free(j);
}

/* Out of its process, which it leaves one job poorer. */
static void leave(struct aio_job *j)
{
    struct aio_proc *ap = j->owner;

    TAILQ_REMOVE(&ap->all, j, all);
    if (j->state == AIO_DONE)
        TAILQ_REMOVE(&ap->done, j, queue);
    ap->count--;
    total--;
    aio_notice_drop(&j->notice, ap->proc);
    if (j->list) {
        j->list->finished -= j->state == AIO_DONE;
        aio_list_put(j->list, ap->proc);
        j->list = NULL;
    }
}

void aio_take(struct aio_job *j)
{
    leave(j);
    aio_job_free(j);
}

/* ---- the process's end ------------------------------------------------------------------ */

static void forget_all(struct aio_proc *ap)
{
    struct aio_job *j;

    while ((j = TAILQ_FIRST(&ap->all))) {
        stop(j); // NOLINT(clang-analyzer-unix.Malloc): a freed job has left the list
        leave(j);
        if (j->state == AIO_RUNS)
            __atomic_store_n(&j->orphan, true, __ATOMIC_RELEASE); /* whoever runs it frees it */
        else
            aio_job_free(j);
    }
    ap->running = 0;
}

void aio_proc_gone(struct proc *p, bool wait)
{
    struct aio_proc *ap;
    struct aio_job  *j;

    pthread_mutex_lock(&aio_lock);
    ap = p->aio;
    if (ap) {
        ap->gone = true;
        TAILQ_FOREACH(j, &ap->all, all)
            if (stop(j))
                aio_finish(j, -1, ECANCELED);
        if (wait)
            aio_wait_running(ap);
        forget_all(ap);
        ap->gone = false;
    }
    pthread_mutex_unlock(&aio_lock);
}

void aio_proc_free(struct proc *p)
{
    aio_proc_gone(p, false);
    free(p->aio);
    p->aio = NULL;
}
