/*
 * The threads that run jobs, and the one that waits for sockets.  They are started
 * by need, take no signals, and go when there has been nothing to do for a while.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "compat/aio_int.h"
#include "syscalls/signal.h"

#define CHUNK     (256u << 10)
#define IDLE_SECS 30 /* vfs.aio.aiod_lifetime */

static struct aio_jobs ready = TAILQ_HEAD_INITIALIZER(ready);
static LIST_HEAD(, aio_job) armed = LIST_HEAD_INITIALIZER(armed);
static pthread_cond_t more, ended;
static unsigned       threads, idle, nready;
static int            epfd = -1;

/* ---- the guest's buffer -------------------------------------------------------------- */

static bool copy_piece(const struct aio_job *j, uint64_t at, void *buf, size_t n, bool to_guest)
{
    struct iovec local = {buf, n}, remote = {(void *)at, n};

    return (to_guest ? process_vm_writev(j->pid, &local, 1, &remote, 1, 0)
                     : process_vm_readv(j->pid, &local, 1, &remote, 1, 0)) == (ssize_t)n;
}

/* n bytes from place pos of the vector on.  0, -EFAULT. */
static int copy_at(const struct aio_job *j, uint64_t pos, char *buf, size_t n, bool to_guest)
{
    for (unsigned i = 0; i < j->niov && n; i++) {
        const struct iovec *v = &j->iov[i];

        if (pos >= v->iov_len) {
            pos -= v->iov_len;
            continue;
        }

        const size_t piece = v->iov_len - pos < n ? v->iov_len - pos : n;

        if (__atomic_load_n(&j->orphan, __ATOMIC_ACQUIRE) ||
            !copy_piece(j, (uint64_t)v->iov_base + pos, buf, piece, to_guest))
            return -EFAULT;
        buf += piece;
        n -= piece;
        pos = 0;
    }
    return 0;
}

/* ---- transfers --------------------------------------------------------------------------- */

static bool writes(const struct aio_job *j) { return j->op & LIO_WRITE; }

static size_t next_chunk(const struct aio_job *j)
{
    const uint64_t left = j->nbytes - (uint64_t)j->done;

    return left < CHUNK ? (size_t)left : CHUNK;
}

static ssize_t transfer(const struct aio_job *j, char *buf, size_t n)
{
    const int64_t at = j->offset + j->done;

    if (j->socket && writes(j))
        return send(j->hostfd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (j->socket)
        return recv(j->hostfd, buf, n, MSG_DONTWAIT);
    return writes(j) ? pwrite(j->hostfd, buf, n, at) : pread(j->hostfd, buf, n, at);
}

/* One chunk; bytes moved, 0 at the end, -errno. */
static int64_t step(const struct aio_job *j, char *buf, size_t n)
{
    const uint64_t pos = (uint64_t)j->done;
    ssize_t        r = 0;
    int            err = writes(j) ? copy_at(j, pos, buf, n, false) : 0;

    if (!err) {
        r = transfer(j, buf, n);
        err = r < 0 ? -errno : writes(j) ? 0 : copy_at(j, pos, buf, (size_t)r, true);
    }
    return err ? err : r;
}

/*
 * The status, or -errno.  -EAGAIN: the socket is to be waited for again, as it is
 * when nothing moved, or when a blocking one has not taken all (sys_socket.c,
 * soaio_process_job).
 */
static int64_t move_data(struct aio_job *j, char *buf)
{
    int64_t r = 1;

    do {
        const size_t n = next_chunk(j);

        r = step(j, buf, n);
        if (r > 0)
            j->done += r;
        if (r < (int64_t)n && !(j->socket && writes(j) && r > 0))
            break;
    } while ((uint64_t)j->done < j->nbytes);
    if (r == -EAGAIN && (!j->done || (writes(j) && !j->nonblock)))
        return r;
    return r < 0 && (!j->done || r == -EFAULT) ? r : j->done;
}

static int64_t run(struct aio_job *j, char *buf)
{
    if (j->op & LIO_SYNC)
        return (j->op == LIO_DSYNC ? fdatasync(j->hostfd) : fsync(j->hostfd)) < 0 ? -errno : 0;
    return j->nbytes ? move_data(j, buf) : 0;
}

/* What a write to a socket nobody reads brings a program, unless it asked not to. */
static void broken_pipe(const struct aio_job *j)
{
    struct proc *p = j->owner->proc;
    const int    sig = p->abi->sig_from_host[SIGPIPE];

    if (j->socket)
        signal_post_proc(p, &(struct ksiginfo){.signo = sig, .code = p->abi->sigcode_from_host(sig, SI_KERNEL)});
}

/* ---- threads --------------------------------------------------------------------------------- */

static void run_ended(struct aio_job *j, int64_t r)
{
    if (j->orphan) {
        aio_job_free(j);
        return;
    }
    j->owner->running--;
    pthread_cond_broadcast(&ended);
    j->state = AIO_WAITS;
    if (r == -EAGAIN && j->socket && !j->owner->gone)
        r = aio_arm(j);
    if (j->state == AIO_ARMED)
        return;
    if (r == -EPIPE)
        broken_pipe(j);
    aio_finish(j, r < 0 ? -1 : r, r < 0 ? (int)-r : 0);
}

/* The next job, or NULL when there has been none for a while. */
static struct aio_job *next_job(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECS;
    while (TAILQ_EMPTY(&ready)) {
        idle++;

        const int r = pthread_cond_timedwait(&more, &aio_lock, &until);

        idle--;
        if (r == ETIMEDOUT && TAILQ_EMPTY(&ready))
            return NULL;
    }

    struct aio_job *j = TAILQ_FIRST(&ready);

    aio_unqueue(j);
    j->state = AIO_RUNS;
    j->owner->running++;
    return j;
}

static void *worker(void *buf)
{
    struct aio_job *j;

    pthread_mutex_lock(&aio_lock);
    while ((j = next_job())) {
        pthread_mutex_unlock(&aio_lock);

        const int64_t r = run(j, buf);

        pthread_mutex_lock(&aio_lock);
        run_ended(j, r);
    }
    threads--;
    pthread_mutex_unlock(&aio_lock);
    free(buf);
    return NULL;
}

/*
 * A detached thread; like every thread of the provider, it is born with all signals blocked.  0, -EAGAIN; arg is taken
 * over (free) in any case.
 */
static int thread_start(void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    pthread_t      thread;
    int            err;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 128 << 10);
    err = pthread_create(&thread, &attr, fn, arg);
    pthread_attr_destroy(&attr);
    if (err)
        free(arg);
    return err ? -EAGAIN : 0;
}

static void conditions(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&more, &attr);
    pthread_cond_init(&ended, &attr);
    pthread_condattr_destroy(&attr);
}

/* One more thread when all are busy; 0 also when that fails but there are some. */
static int need_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char                 *buf;

    pthread_once(&once, conditions);
    if (idle > nready || threads == AIO_MAX_THREADS)
        return 0;
    buf = malloc(CHUNK);
    if (buf && !thread_start(worker, buf)) {
        threads++;
        return 0;
    }
    return threads ? 0 : -EAGAIN;
}

int aio_queue(struct aio_job *j)
{
    const int err = need_thread();

    if (err)
        return err;
    j->state = AIO_QUEUED;
    TAILQ_INSERT_TAIL(&ready, j, queue);
    nready++;
    pthread_cond_signal(&more);
    return 0;
}

void aio_unqueue(struct aio_job *j)
{
    TAILQ_REMOVE(&ready, j, queue);
    nready--;
    j->state = AIO_WAITS;
}

void aio_wait_running(struct aio_proc *ap)
{
    while (ap->running)
        pthread_cond_wait(&ended, &aio_lock);
}

/* ---- sockets ------------------------------------------------------------------------------------ */

/* By number: it may have been cancelled, and freed, since the host spoke of it. */
static void socket_ready(uint64_t number)
{
    struct aio_job *j;

    LIST_FOREACH(j, &armed, armed)
        if (j->number == number)
            break;
    if (!j)
        return;
    aio_disarm(j);

    const int err = aio_queue(j);

    if (err)
        aio_finish(j, -1, -err);
}

static void *watcher(void *arg)
{
    struct epoll_event ev[64];

    for (;;) {
        const int n = epoll_wait(epfd, ev, 64, -1);

        pthread_mutex_lock(&aio_lock);
        for (int i = 0; i < n; i++)
            socket_ready(ev[i].data.u64);
        pthread_mutex_unlock(&aio_lock);
    }
    return arg;
}

static int need_watcher(void)
{
    int err = 0;

    if (epfd >= 0)
        return 0;
    epfd = epoll_create1(EPOLL_CLOEXEC);
    if (epfd < 0)
        return -errno;
    err = thread_start(watcher, NULL);
    if (err) {
        close(epfd);
        epfd = -1;
    }
    return err;
}

int aio_arm(struct aio_job *j)
{
    struct epoll_event ev = {.events = EPOLLONESHOT | (writes(j) ? EPOLLOUT : EPOLLIN | EPOLLRDHUP)};
    const int          err = need_watcher();

    if (err)
        return err;
    ev.data.u64 = j->number;
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, j->hostfd, &ev) < 0)
        return -errno;
    j->state = AIO_ARMED;
    LIST_INSERT_HEAD(&armed, j, armed);
    return 0;
}

void aio_disarm(struct aio_job *j)
{
    epoll_ctl(epfd, EPOLL_CTL_DEL, j->hostfd, NULL);
    LIST_REMOVE(j, armed);
    j->state = AIO_WAITS;
}
