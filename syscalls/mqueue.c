/* syscalls/mqueue.c: POSIX message queues (FreeBSD sys/kern/uipc_mqueue.c): making, naming and describing them. */
#include "syscalls/mqueue_object.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "abi/flags.h"
#include "syscalls/fcntl.h"
#include "syscalls/proc.h"
#include "syscalls/who.h"

#define DEFAULT_MAXMSG  10
#define DEFAULT_MSGSIZE 1024

/* struct mq_attr, sys/mqueue.h */
struct attr {
    int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

/* Under mqueue_lock.  Identifiers come back from memory that guests can write: looked up, and never followed. */
static struct {
    LIST_HEAD(, mqueue_handle) handles;
    LIST_HEAD(, mqueue) named;
    uint64_t made;
    unsigned count;
} table;

pthread_mutex_t mqueue_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- objects --------------------------------------------------------------------- */

static struct mqueue_handle *handle_find_locked(uint64_t id)
{
    struct mqueue_handle *h;

    LIST_FOREACH(h, &table.handles, link)
        if (h->id == id)
            return h;
    return NULL;
}

static struct mqueue *queue_of_locked(uint64_t id)
{
    const struct mqueue_handle *h = handle_find_locked(id);

    return h ? h->queue : NULL;
}

static struct mqueue *named_locked(const char *name)
{
    struct mqueue *q;

    LIST_FOREACH(q, &table.named, link)
        if (!strcmp(q->name, name))
            return q;
    return NULL;
}

static void drop_locked(struct mqueue *q)
{
    struct mqueue_msg *m;

    if (--q->refs)
        return;
    while ((m = TAILQ_FIRST(&q->msgs))) {
        TAILQ_REMOVE(&q->msgs, m, link);
        free(m);
    }
    mqueue_notify_forget_locked(q);
    table.count--;
    free(q->name);
    free(q);
}

void mqueue_drop(struct mqueue *q)
{
    pthread_mutex_lock(&mqueue_lock);
    drop_locked(q);
    pthread_mutex_unlock(&mqueue_lock);
}

struct mqueue *mqueue_hold(uint64_t id)
{
    struct mqueue *q;

    pthread_mutex_lock(&mqueue_lock);
    q = queue_of_locked(id);
    if (q)
        q->refs++;
    pthread_mutex_unlock(&mqueue_lock);
    return q;
}

void mqueue_closed(uint64_t id)
{
    struct mqueue_handle *h;

    pthread_mutex_lock(&mqueue_lock);
    h = handle_find_locked(id);
    if (h) {
        LIST_REMOVE(h, link);
        mqueue_pair_close(h);
    }
    if (h && h->queue) {
        LIST_REMOVE(h, of_queue);
        drop_locked(h->queue);
    }
    pthread_mutex_unlock(&mqueue_lock);
    free(h);
}

/* The handle takes over one reference; it may be closed already. */
static void bind_locked(uint64_t id, struct mqueue *q)
{
    struct mqueue_handle *h = handle_find_locked(id);

    if (!h || h->queue) {
        drop_locked(q);
        return;
    }
    h->queue = q;
    LIST_INSERT_HEAD(&q->handles, h, of_queue);
    mqueue_handle_ready_locked(h);
}

int mqueue_use(struct call *c, int mqd, struct mqueue_use *u)
{
    const int err = fd_get(c, mqd, &u->ref);

    if (err)
        return err;
    u->queue = u->ref.of->kind == OF_MQUEUE ? mqueue_hold(u->ref.of->object) : NULL;
    if (u->queue)
        return 0;
    fd_put(c, &u->ref);
    return -EBADF;
}

void mqueue_done(struct call *c, struct mqueue_use *u)
{
    mqueue_drop(u->queue);
    fd_put(c, &u->ref);
}

unsigned mqueue_count(void)
{
    unsigned n;

    pthread_mutex_lock(&mqueue_lock);
    n = table.count;
    pthread_mutex_unlock(&mqueue_lock);
    return n;
}

/* ---- attributes of the descriptor ----------------------------------------------------- */

void mqueue_stat(uint64_t id, struct kstat *st)
{
    const struct mqueue *q;

    memset(st, 0, sizeof(*st));
    st->mode = S_IFIFO;
    pthread_mutex_lock(&mqueue_lock);
    q = queue_of_locked(id);
    if (q) {
        st->mode |= q->mode;
        st->uid = q->uid;
        st->gid = q->gid;
        st->atime = st->mtime = st->ctime = st->btime = q->made.tv_sec;
        st->atime_ns = st->mtime_ns = st->ctime_ns = st->btime_ns = q->made.tv_nsec;
    }
    pthread_mutex_unlock(&mqueue_lock);
}

int mqueue_chmod(struct call *c, uint64_t id, uint32_t mode)
{
    struct who     by;
    struct mqueue *q;
    int            err = who_asks(c, &by);

    if (err)
        return err;
    pthread_mutex_lock(&mqueue_lock);
    q = queue_of_locked(id);
    err = q ? who_owns(&by, q->uid) : -EBADF;
    if (!err)
        q->mode = mode & 0777;
    pthread_mutex_unlock(&mqueue_lock);
    return err;
}

int mqueue_chown(struct call *c, uint64_t id, uint32_t uid, uint32_t gid)
{
    struct who     by;
    struct mqueue *q;
    int            err = who_asks(c, &by);

    if (err)
        return err;
    pthread_mutex_lock(&mqueue_lock);
    q = queue_of_locked(id);
    err = q ? who_chown(&by, &q->uid, &q->gid, uid, gid) : -EBADF;
    pthread_mutex_unlock(&mqueue_lock);
    return err;
}

/* ---- making, opening, unlinking ----------------------------------------------------- */

struct wanted {
    char        name[NAME_MAX + 1]; /* without the slash */
    uint64_t    flags;
    uint32_t    mode;
    struct attr attr;
    struct who  by;
};

/* A slash and then no other (uipc_mqueue.c, kern_kmq_open). */
static int name_get(struct call *c, gva path, char name[NAME_MAX + 1])
{
    char          text[NAME_MAX + 1];
    const int64_t n = copy_in_str(c, text, path, sizeof(text));

    if (n < 0)
        return (int)n;
    if (n < 2 || text[0] != '/' || strchr(text + 1, '/'))
        return -EINVAL;
    memcpy(name, text + 1, (size_t)n);
    return 0;
}

static int attr_get(struct call *c, const struct wanted *w, gva at, struct attr *a)
{
    int err;

    *a = (struct attr){.maxmsg = DEFAULT_MAXMSG, .msgsize = DEFAULT_MSGSIZE};
    if (!(w->flags & O_CREAT) || !at.va)
        return 0;
    err = copy_in(c, a, at, sizeof(*a));
    if (err)
        return err;
    return a->maxmsg <= 0 || a->maxmsg > MQUEUE_MAX_MSG || a->msgsize <= 0 || a->msgsize > MQUEUE_MAX_MSGSIZE ? -EINVAL
                                                                                                              : 0;
}

/* With two references: the name's and the caller's. */
static int make_locked(const struct wanted *w, struct mqueue **out)
{
    struct mqueue *q = table.count < MQUEUE_MAX ? calloc(1, sizeof(*q)) : NULL;
    char          *name = q ? strdup(w->name) : NULL;

    if (!name) {
        free(q);
        return -ENFILE;
    }
    *q = (struct mqueue){.name = name, .refs = 2, .mode = w->mode, .uid = w->by.uid, .gid = w->by.gid};
    q->maxmsg = w->attr.maxmsg;
    q->msgsize = w->attr.msgsize;
    clock_gettime(CLOCK_REALTIME, &q->made);
    TAILQ_INIT(&q->msgs);
    TAILQ_INIT(&q->receivers.waiters);
    TAILQ_INIT(&q->senders.waiters);
    LIST_INSERT_HEAD(&table.named, q, link);
    table.count++;
    *out = q;
    return 0;
}

static int open_locked(const struct wanted *w, struct mqueue **out)
{
    const unsigned access = w->flags & D_O_ACCMODE;
    struct mqueue *q = named_locked(w->name);
    int            err;

    if (!q)
        return w->flags & O_CREAT ? make_locked(w, out) : -ENOENT;
    if ((w->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    err = who_may(&w->by, q->uid, q->gid, q->mode,
                  (access != O_WRONLY ? WHO_READS : 0) | (access != O_RDONLY ? WHO_WRITES : 0));
    if (!err)
        q->refs++;
    *out = q;
    return err;
}

/* Takes over h.  A descriptor that stands for no queue yet: whoever uses it meanwhile gets EBADF. */
static int install(struct call *c, const struct wanted *w, struct mqueue_handle *h, uint64_t *id)
{
    const int64_t hostfd = mqueue_pair(c, h);
    struct fd_new n = {.hostfd = (int)hostfd, .kind = OF_MQUEUE, .cloexec = true};
    int           fd;

    if (hostfd < 0) {
        free(h);
        return (int)hostfd;
    }
    n.flags = (uint32_t)w->flags & (D_O_ACCMODE | O_NONBLOCK);
    pthread_mutex_lock(&mqueue_lock);
    n.object = *id = h->id = ++table.made;
    LIST_INSERT_HEAD(&table.handles, h, link);
    pthread_mutex_unlock(&mqueue_lock);
    fd = fd_install(c, &n, 0);
    if (fd == -ENFILE)
        mqueue_closed(*id); /* in every other case the open file has told so */
    return fd;
}

static int64_t open_wanted(struct call *c, const struct wanted *w)
{
    struct mqueue_handle *h = calloc(1, sizeof(*h));
    struct mqueue        *q = NULL;
    uint64_t              id = 0;
    int                   fd, err;

    if (!h)
        return -ENOMEM;
    fd = install(c, w, h, &id);
    if (fd < 0)
        return fd;
    pthread_mutex_lock(&mqueue_lock);
    err = open_locked(w, &q);
    if (!err)
        bind_locked(id, q);
    pthread_mutex_unlock(&mqueue_lock);
    if (err)
        fd_close(c, fd);
    return err ? err : fd;
}

int64_t sys_kmq_open(struct call *c, gva path, uint64_t flags, uint32_t mode, gva attr)
{
    struct wanted w = {.flags = flags};
    int           err;

    if ((flags & D_O_ACCMODE) == D_O_ACCMODE || flags & D_O_EXEC)
        return -EINVAL;
    err = attr_get(c, &w, attr, &w.attr);
    if (!err)
        err = name_get(c, path, w.name);
    if (!err)
        err = who_asks(c, &w.by);
    if (err)
        return err;
    w.mode = mode & 06777 & ~who_umask(c);
    return open_wanted(c, &w);
}

static int unlink_locked(const char *name, const struct who *by)
{
    struct mqueue *q = named_locked(name);

    if (!q)
        return -ENOENT;
    if (by->uid != 0 && by->uid != q->uid)
        return -EACCES;
    LIST_REMOVE(q, link);
    free(q->name);
    q->name = NULL;
    drop_locked(q);
    return 0;
}

int64_t sys_kmq_unlink(struct call *c, gva path)
{
    char       name[NAME_MAX + 1];
    struct who by;
    int        err = name_get(c, path, name);

    if (!err)
        err = who_asks(c, &by);
    if (err)
        return err;
    pthread_mutex_lock(&mqueue_lock);
    err = unlink_locked(name, &by);
    pthread_mutex_unlock(&mqueue_lock);
    return err;
}

/* Only O_NONBLOCK can be changed, which is the open file's; *was: as it was before. */
static int nonblock_set(struct call *c, struct fdref *ref, const struct attr *a, uint64_t bit, bool *was)
{
    *was = ref->of->flags & O_NONBLOCK;
    return a ? (int)file_set_flags(c, ref, O_NONBLOCK, (uint64_t)a->flags & bit ? O_NONBLOCK : 0) : 0;
}

int64_t sys_kmq_setattr(struct call *c, int mqd, gva attr, gva oattr)
{
    const uint64_t    bit = flags_to_guest(c->abi->open_flags, O_NONBLOCK);
    struct attr       a, old = {0};
    struct mqueue_use u;
    bool              was;
    int               err = attr.va ? copy_in(c, &a, attr, sizeof(a)) : 0;

    if (!err && attr.va && (uint64_t)a.flags & ~bit)
        err = -EINVAL;
    if (!err)
        err = mqueue_use(c, mqd, &u);
    if (err)
        return err;
    pthread_mutex_lock(&mqueue_lock);
    old.maxmsg = u.queue->maxmsg;
    old.msgsize = u.queue->msgsize;
    old.curmsgs = u.queue->curmsgs;
    pthread_mutex_unlock(&mqueue_lock);
    err = nonblock_set(c, &u.ref, attr.va ? &a : NULL, bit, &was);
    mqueue_done(c, &u);
    old.flags = was ? (int64_t)bit : 0;
    return err || !oattr.va ? err : copy_out(c, oattr, &old, sizeof(old));
}
