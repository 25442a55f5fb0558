/*
 * The system calls of asynchronous input and output: requests, and their results.
 * Rules and errors: sys/kern/vfs_aio.c.
 */
#include "compat/aio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "compat/aio_int.h"
#include "compat/kqueue_int.h"
#include "syscalls/file.h"

/* FreeBSD's flags for aio_fsync, modes of lio_listio */
#define G_O_SYNC  0x80
#define G_O_DSYNC 0x1000000
enum { LIO_NOWAIT, LIO_WAIT };

/* ---- the guest's structure ------------------------------------------------------------- */

int64_t aio_errno(const struct call *c, int error) { return c->abi->errno_from_host[error]; }

void aio_store(struct call *c, gva aiocb, int64_t status, int error)
{
    const int64_t both[2] = {status, aio_errno(c, error)};

    copy_out(c, GVA(aiocb.va + offsetof(struct aiocb_form, status)), both, sizeof(both));
}

static int store_error(struct call *c, gva aiocb, int error)
{
    return put_long(c, GVA(aiocb.va + offsetof(struct aiocb_form, error)), aio_errno(c, error));
}

static int fetch(struct call *c, gva aiocb, bool old, struct aiocb_form *f)
{
    const int err = copy_in(c, f, aiocb, old ? AIOCB_OLD_SIZE : sizeof(*f));

    if (err || !old)
        return err;
    f->event = (struct aio_sigevent){.notify = f->old_notify, .signo = f->old_signo, .value = f->old_value};
    return f->event.notify == SIGEV_G_THREAD_ID ? -EINVAL : 0;
}

/* ---- making a job ------------------------------------------------------------------------- */

static bool is_transfer(int op) { return op & (LIO_READ | LIO_WRITE); }

/* A list's jobs name their own operation; the other calls name it for them. */
static int check_op(int op)
{
    const int plain = op & ~LIO_VECTOR;

    return op == LIO_NOP || plain == LIO_READ || plain == LIO_WRITE ? 0 : -EINVAL;
}

static int one_buffer(struct aio_job *j, const struct aiocb_form *f)
{
    j->iov = malloc(sizeof(*j->iov));
    if (!j->iov)
        return -ENOMEM;
    *j->iov = (struct iovec){(void *)f->buf, f->nbytes};
    j->niov = 1;
    j->nbytes = f->nbytes;
    return f->nbytes > INT64_MAX ? -EINVAL : 0;
}

static int many_buffers(struct call *c, struct aio_job *j, const struct aiocb_form *f)
{
    const unsigned n = (unsigned)f->nbytes;
    int            err;

    if (n > IOV_MAX)
        return -EINVAL;
    j->iov = calloc(n ? n : 1, sizeof(*j->iov));
    err = j->iov ? copy_in(c, j->iov, GVA(f->buf), n * sizeof(*j->iov)) : -ENOMEM;
    for (unsigned i = 0; i < n && !err; i++) {
        j->nbytes += j->iov[i].iov_len;
        if (j->iov[i].iov_len > INT64_MAX || j->nbytes > INT64_MAX)
            err = -EINVAL;
    }
    j->niov = n;
    return err;
}

/* A job for what f says, which may yet turn out not to be allowed.  0, -errno. */
static int job_new(struct call *c, gva aiocb, const struct aiocb_form *f, int op, struct aio_job **out)
{
    struct aio_job *j = calloc(1, sizeof(*j));
    int             err;

    if (!j)
        return -EAGAIN;
    j->hostfd = -1;
    j->pid = c->proc->pid;
    j->aiocb = aiocb;
    j->op = op;
    j->fd = f->fildes;
    j->offset = f->offset;
    err = op & LIO_VECTOR ? many_buffers(c, j, f) : one_buffer(j, f);
    if (err) {
        aio_job_free(j);
        return err;
    }
    *out = j;
    return 0;
}

/* ---- its file ------------------------------------------------------------------------------ */

static int check_access(const struct ofile *of, int op)
{
    const uint32_t mode = of->flags & D_O_ACCMODE;

    if (of->flags & (O_PATH | OFLAG_EXEC))
        return -EBADF;
    return ((op & LIO_WRITE) && mode == O_RDONLY) || ((op & LIO_READ) && mode == O_WRONLY) ? -EBADF : 0;
}

static bool listens(struct call *c, int hostfd)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(int));
    volatile int        *v = s.p;

    if (!v)
        return false;
    v[1] = sizeof(int);
    return !host_call(c, SYS_getsockopt, hostfd, SOL_SOCKET, SO_ACCEPTCONN, s.va, s.va + 4) && v[0];
}

/*
 * Files, directories and sockets take jobs; what may block for ever in a thread
 * does not (vfs_aio.c, aio_queue_file, unless vfs.aio.enable_unsafe).
 */
static int check_kind(struct call *c, const struct fdref *ref, const struct aio_job *j)
{
    const enum ofile_kind kind = ref->of->kind;

    if ((j->op & LIO_SYNC) && (kind == OF_SOCKET || kind == OF_KQUEUE || kind == OF_OTHER))
        return -EINVAL;
    if (is_transfer(j->op) && j->offset < 0 && kind != OF_CHAR)
        return -EINVAL;
    if (j->op == LIO_NOP)
        return 0;
    if (kind == OF_SOCKET)
        return listens(c, ref->hostfd) ? -EINVAL : 0;
    return kind == OF_FILE || kind == OF_DIR ? 0 : -EOPNOTSUPP;
}

/* What the operation wants of a descriptor that is limited (vfs_aio.c, aio_aqueue). */
static caprights wants(int op)
{
    return op & LIO_SYNC ? D_CAP_FSYNC : op & LIO_READ ? D_CAP_PREAD : op & LIO_WRITE ? D_CAP_PWRITE : D_CAP_NONE;
}

static int take_file(struct call *c, struct aio_job *j)
{
    struct fdref ref;
    int          err = j->op == LIO_MLOCK ? 0 : fd_get_for(c, j->fd, wants(j->op), &ref);

    if (err || j->op == LIO_MLOCK)
        return err;
    err = check_access(ref.of, j->op) ?: check_kind(c, &ref, j);
    if (!err && j->op != LIO_NOP) {
        j->of = ref.of;
        j->socket = ref.of->kind == OF_SOCKET;
        j->nonblock = ref.of->flags & O_NONBLOCK;
        j->hostfd = host_fd_fetch(c, ref.hostfd);
        err = j->hostfd < 0 ? j->hostfd : 0;
    }
    fd_put(c, &ref);
    return err;
}

/* ---- requests --------------------------------------------------------------------------------- */

static uint64_t next_number(void)
{
    static uint64_t number;

    return __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
}

/* Locking memory is the host's business, and done at once. */
static int64_t lock_memory(struct call *c, const struct aio_job *j)
{
    return host_call(c, SYS_mlock, j->iov->iov_base, j->nbytes);
}

static int enqueue(struct call *c, struct aio_job *j, struct aio_list *l)
{
    const int64_t    locked = j->op == LIO_MLOCK ? lock_memory(c, j) : 0;
    struct aio_proc *ap;
    int              err = -EAGAIN;

    pthread_mutex_lock(&aio_lock);
    ap = aio_proc_of(c->proc);
    if (ap && aio_room(ap)) {
        j->owner = ap;
        j->list = l;
        err = aio_submit(j);
    }
    if (!err && j->op == LIO_MLOCK)
        aio_finish(j, locked < 0 ? -1 : 0, (int)-locked);
    if (err)
        aio_notice_drop(&j->notice, c->proc);
    pthread_mutex_unlock(&aio_lock);
    return err;
}

/* j is consumed.  A NOP is only looked at. */
static int request_job(struct call *c, struct aio_job *j, const struct aiocb_form *f, struct aio_list *l)
{
    int err = take_file(c, j);

    j->number = next_number();
    if (!err && put_long(c, GVA(j->aiocb.va + offsetof(struct aiocb_form, kernelinfo)), (int64_t)j->number))
        err = -EINVAL;
    if (!err && j->op == LIO_NOP) {
        aio_job_free(j);
        return 0;
    }
    if (!err)
        err = aio_notice_init(c, &j->notice, &f->event, KQ_FILTER_AIO, j->aiocb.va);
    if (!err) {
        store_error(c, j->aiocb, EINPROGRESS);
        err = enqueue(c, j, l);
    }
    if (err)
        aio_job_free(j);
    return err;
}

static bool notice_ok(const struct aio_sigevent *ev)
{
    return ev->notify == SIGEV_G_NONE || ev->notify == SIGEV_G_SIGNAL || ev->notify == SIGEV_G_KEVENT ||
           ev->notify == SIGEV_G_THREAD_ID;
}

static int request_form(struct call *c, gva aiocb, int op, struct aio_list *l, bool old)
{
    struct aiocb_form f = {0};
    struct aio_job   *j;
    int               err = fetch(c, aiocb, old, &f);

    if (!err && !notice_ok(&f.event))
        err = -EINVAL;
    if (!err && op == LIO_NOP) {
        op = f.opcode;
        err = check_op(op);
    }
    if (!err)
        err = job_new(c, aiocb, &f, op, &j);
    return err ? err : request_job(c, j, &f, l);
}

static bool room_for(struct proc *p)
{
    const struct aio_proc *ap;
    bool                   room;

    pthread_mutex_lock(&aio_lock);
    ap = aio_proc_of(p);
    room = ap && aio_room(ap);
    pthread_mutex_unlock(&aio_lock);
    return room;
}

/* op LIO_NOP: as the structure says.  0, -errno; an error is left in the structure too. */
static int request(struct call *c, gva aiocb, int op, struct aio_list *l, bool old)
{
    int err;

    aio_store(c, aiocb, -1, 0);
    err = room_for(c->proc) ? request_form(c, aiocb, op, l, old) : -EAGAIN;
    if (err && err != -ESRCH)
        store_error(c, aiocb, -err);
    return err;
}

int64_t sys_aio_read(struct call *c, gva aiocb) { return request(c, aiocb, LIO_READ, NULL, false); }

int64_t sys_aio_write(struct call *c, gva aiocb) { return request(c, aiocb, LIO_WRITE, NULL, false); }

int64_t sys_aio_readv(struct call *c, gva aiocb) { return request(c, aiocb, LIO_READ | LIO_VECTOR, NULL, false); }

int64_t sys_aio_writev(struct call *c, gva aiocb) { return request(c, aiocb, LIO_WRITE | LIO_VECTOR, NULL, false); }

int64_t sys_aio_fsync(struct call *c, int op, gva aiocb)
{
    if (op != G_O_SYNC && op != G_O_DSYNC)
        return -EINVAL;
    return request(c, aiocb, op == G_O_SYNC ? LIO_SYNC : LIO_DSYNC, NULL, false);
}

int64_t sys_aio_mlock(struct call *c, gva aiocb) { return request(c, aiocb, LIO_MLOCK, NULL, false); }

int64_t sys_freebsd6_aio_read(struct call *c, gva aiocb) { return request(c, aiocb, LIO_READ, NULL, true); }

int64_t sys_freebsd6_aio_write(struct call *c, gva aiocb) { return request(c, aiocb, LIO_WRITE, NULL, true); }

/* ---- lists ------------------------------------------------------------------------------------------ */

/* What went wrong with the requests of one call. */
struct trouble {
    int again, other;
};

static void request_each(struct call *c, const uint64_t *aiocb, int n, struct aio_list *l, bool old, struct trouble *t)
{
    for (int i = 0; i < n; i++) {
        const int err = aiocb[i] ? request(c, GVA(aiocb[i]), LIO_NOP, l, old) : 0;

        c->scratch_used = 0;
        t->again += err == -EAGAIN;
        t->other += err && err != -EAGAIN;
    }
}

/* All were asked for: wait for them, or tell when they have ended meanwhile.  Gives up the call's part of the list. */
static int64_t list_end(struct call *c, struct aio_list *l, int mode)
{
    struct aio_proc *ap;
    int              r = 0;

    pthread_mutex_lock(&aio_lock);
    ap = c->proc->aio;
    while (mode == LIO_WAIT && !r && l->count - 1 != l->finished)
        r = aio_sleep(c, ap, NULL);
    if (mode == LIO_NOWAIT && l->count - 1 == l->finished)
        aio_notice_tell(&l->notice, c->proc, 0);
    aio_list_put(l, c->proc);
    pthread_mutex_unlock(&aio_lock);
    return r == -ERESTART ? -EINTR : r;
}

static int64_t list_run(struct call *c, const uint64_t *aiocb, int n, int mode, gva list, const struct aio_sigevent *ev,
                        bool old)
{
    struct aio_list *l = calloc(1, sizeof(*l));
    struct trouble   t = {0, 0};
    int64_t          r = l ? aio_notice_init(c, &l->notice, ev, KQ_FILTER_LIO, list.va) : -ENOMEM;

    if (r) {
        free(l);
        return r;
    }
    l->count = 1;
    request_each(c, aiocb, n, l, old, &t);
    r = list_end(c, l, mode);
    return t.other ? -EIO : t.again ? -EAGAIN : r;
}

/* The notification for the whole list, which only those get who do not wait. */
static int fetch_event(struct call *c, int mode, gva sig, bool old, struct aio_sigevent *ev)
{
    int err;

    *ev = (struct aio_sigevent){.notify = SIGEV_G_NONE};
    if (!sig.va || mode == LIO_WAIT)
        return 0;
    err = copy_in(c, ev, sig, old ? offsetof(struct aio_sigevent, tid) : sizeof(*ev));
    return err ? err : old && ev->notify == SIGEV_G_THREAD_ID ? -EINVAL : 0;
}

static int64_t listio(struct call *c, int mode, gva list, int nent, gva sig, bool old)
{
    uint64_t            aiocb[AIO_MAX_QUEUE_PER_PROC];
    struct aio_sigevent ev;
    int                 err;

    if ((mode != LIO_NOWAIT && mode != LIO_WAIT) || nent < 0 || nent > AIO_MAX_QUEUE_PER_PROC)
        return -EINVAL;
    err = fetch_event(c, mode, sig, old, &ev) ?: copy_in(c, aiocb, list, (size_t)nent * 8);
    return err ? err : list_run(c, aiocb, nent, mode, list, &ev, old);
}

int64_t sys_lio_listio(struct call *c, int mode, gva list, int nent, gva sig)
{
    return listio(c, mode, list, nent, sig, false);
}

int64_t sys_freebsd6_lio_listio(struct call *c, int mode, gva list, int nent, gva sig)
{
    return listio(c, mode, list, nent, sig, true);
}
