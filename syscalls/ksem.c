/* syscalls/ksem.c: the kernel's POSIX semaphores (FreeBSD sys/kern/uipc_sem.c): making and naming them. */
#include "syscalls/ksem_object.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"
#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/time.h"
#include "syscalls/who.h"

/* What one open file stands for. */
struct handle {
    LIST_ENTRY(handle) link;
    uint64_t     id;
    struct ksem *sem; /* NULL: it is only being opened */
};

/* Under ksem_lock.  Identifiers come back from memory that guests can write: they are looked up and never followed. */
static struct {
    LIST_HEAD(, handle) handles;
    LIST_HEAD(, ksem) named;
    uint64_t made;
    unsigned count;
} table;

pthread_mutex_t ksem_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- objects --------------------------------------------------------------------- */

static struct handle *handle_find_locked(uint64_t id)
{
    struct handle *h;

    LIST_FOREACH(h, &table.handles, link)
        if (h->id == id)
            return h;
    return NULL;
}

static struct ksem *named_locked(const char *name)
{
    struct ksem *s;

    LIST_FOREACH(s, &table.named, link)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

static void drop_locked(struct ksem *s)
{
    if (--s->refs)
        return;
    table.count--;
    free(s->name);
    free(s);
}

void ksem_drop(struct ksem *s)
{
    pthread_mutex_lock(&ksem_lock);
    drop_locked(s);
    pthread_mutex_unlock(&ksem_lock);
}

struct ksem *ksem_hold(uint64_t id)
{
    struct handle *h;
    struct ksem   *s;

    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    s = h && h->sem && !h->sem->dead ? h->sem : NULL;
    if (s)
        s->refs++;
    pthread_mutex_unlock(&ksem_lock);
    return s;
}

static uint64_t handle_new(void)
{
    struct handle *h = calloc(1, sizeof(*h));

    if (!h)
        return 0;
    pthread_mutex_lock(&ksem_lock);
    h->id = ++table.made;
    LIST_INSERT_HEAD(&table.handles, h, link);
    pthread_mutex_unlock(&ksem_lock);
    return h->id;
}

void ksem_closed(uint64_t id)
{
    struct handle *h;

    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    if (h) {
        LIST_REMOVE(h, link);
        if (h->sem)
            drop_locked(h->sem);
    }
    pthread_mutex_unlock(&ksem_lock);
    free(h);
}

/* The handle takes over one reference; it may be closed already. */
static void handle_bind(uint64_t id, struct ksem *s)
{
    struct handle *h;

    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    if (h && !h->sem)
        h->sem = s;
    else
        drop_locked(s);
    pthread_mutex_unlock(&ksem_lock);
}

static void times_out(const struct ksem *s, struct kstat *st)
{
    st->atime = s->accessed.tv_sec;
    st->atime_ns = s->accessed.tv_nsec;
    st->mtime = st->btime = s->made.tv_sec;
    st->mtime_ns = st->btime_ns = s->made.tv_nsec;
    st->ctime = s->changed.tv_sec;
    st->ctime_ns = s->changed.tv_nsec;
}

void ksem_stat(uint64_t id, struct kstat *st)
{
    const struct handle *h;

    memset(st, 0, sizeof(*st));
    st->mode = S_IFREG;
    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    if (h && h->sem) {
        st->mode |= h->sem->mode;
        st->uid = h->sem->uid;
        st->gid = h->sem->gid;
        times_out(h->sem, st);
    }
    pthread_mutex_unlock(&ksem_lock);
}

bool ksem_describe(uint64_t id, uint32_t *value, uint16_t *mode, char *name, size_t size)
{
    const struct handle *h;
    bool                 found;

    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    found = h && h->sem;
    if (found) {
        *value = h->sem->value;
        *mode = (uint16_t)(S_IFREG | h->sem->mode);
        snprintf(name, size, "%s", h->sem->name ? h->sem->name : "");
    }
    pthread_mutex_unlock(&ksem_lock);
    return found;
}

unsigned ksem_count(void)
{
    unsigned n;

    pthread_mutex_lock(&ksem_lock);
    n = table.count;
    pthread_mutex_unlock(&ksem_lock);
    return n;
}

/* Reading and writing, both. */
static int access_check(const struct ksem *s, const struct who *w)
{
    return who_may(w, s->uid, s->gid, s->mode, WHO_READS | WHO_WRITES);
}

int ksem_chmod(struct call *c, uint64_t id, uint32_t mode)
{
    struct who           by;
    const struct handle *h;
    int                  err = who_asks(c, &by);

    if (err)
        return err;
    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    err = h && h->sem ? who_owns(&by, h->sem->uid) : -EINVAL;
    if (!err)
        h->sem->mode = mode & 0777;
    pthread_mutex_unlock(&ksem_lock);
    return err;
}

int ksem_chown(struct call *c, uint64_t id, uint32_t uid, uint32_t gid)
{
    struct who           by;
    const struct handle *h;
    int                  err = who_asks(c, &by);

    if (err)
        return err;
    pthread_mutex_lock(&ksem_lock);
    h = handle_find_locked(id);
    err = h && h->sem ? who_chown(&by, &h->sem->uid, &h->sem->gid, uid, gid) : -EINVAL;
    pthread_mutex_unlock(&ksem_lock);
    return err;
}

/* ---- making, opening, unlinking ----------------------------------------------------- */

struct wanted {
    gva      name; /* null: none */
    uint64_t flags;
    uint32_t mode, value;
};

/* With one reference; -errno.  full: what it is when there are too many. */
static int ksem_new_locked(const struct wanted *w, const struct who *by, int full, struct ksem **out)
{
    struct ksem *s = table.count < KSEM_MAX ? calloc(1, sizeof(*s)) : NULL;

    if (!s)
        return full;
    table.count++;
    *s = (struct ksem){.refs = 1, .value = w->value, .mode = w->mode, .uid = by->uid, .gid = by->gid};
    s->accessed = s->made = s->changed = ksem_now();
    TAILQ_INIT(&s->waiters);
    *out = s;
    return 0;
}

static int new_named_locked(const struct wanted *w, const struct who *by, const char *name, struct ksem **out)
{
    char *copy = strdup(name);
    int   err = copy ? ksem_new_locked(w, by, -ENFILE, out) : -ENOMEM;

    if (err) {
        free(copy);
        return err;
    }
    (*out)->name = copy;
    (*out)->refs++;
    LIST_INSERT_HEAD(&table.named, *out, link);
    return 0;
}

static int open_locked(const struct wanted *w, const struct who *by, const char *name, struct ksem **out)
{
    struct ksem *s = named_locked(name);
    int          err;

    if (!s)
        return w->flags & O_CREAT ? new_named_locked(w, by, name, out) : -ENOENT;
    if ((w->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    err = access_check(s, by);
    if (!err)
        s->refs++;
    *out = s;
    return err;
}

static int open_named(struct call *c, const struct wanted *w, const struct who *by, struct ksem **out)
{
    char          name[GUEST_PATH_MAX];
    const int64_t n = copy_in_str(c, name, w->name, sizeof(name));
    int           err;

    if (n < 0 || name[0] != '/')
        return n < 0 ? (int)n : -EINVAL;
    pthread_mutex_lock(&ksem_lock);
    err = open_locked(w, by, name, out);
    pthread_mutex_unlock(&ksem_lock);
    return err;
}

static int make_anonymous(const struct wanted *w, const struct who *by, struct ksem **out)
{
    int err;

    pthread_mutex_lock(&ksem_lock);
    err = ksem_new_locked(w, by, -ENOSPC, out);
    if (!err)
        (*out)->anonymous = true;
    pthread_mutex_unlock(&ksem_lock);
    return err;
}

static int64_t memory_file(struct call *c)
{
    static const char    label[] = "ksem";
    const struct scratch s = scratch_get(c, sizeof(label));

    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, label, sizeof(label));
    return host_call(c, SYS_memfd_create, s.va, MFD_CLOEXEC);
}

/* A descriptor that stands for no semaphore yet: whoever uses it meanwhile gets EINVAL. */
static int install(struct call *c, uint64_t *id)
{
    const int64_t hostfd = memory_file(c);
    struct fd_new n = {.hostfd = (int)hostfd, .kind = OF_KSEM, .flags = O_RDWR, .cloexec = true};
    int           fd;

    if (hostfd < 0)
        return (int)hostfd;
    n.object = *id = handle_new();
    if (!n.object) {
        host_call(c, SYS_close, hostfd);
        return -ENOMEM;
    }
    fd = fd_install(c, &n, 0);
    if (fd == -ENFILE)
        ksem_closed(*id); /* in every other case the open file has told so */
    return fd;
}

/* The number goes out before anything is made, as there (uipc_sem.c, ksem_create). */
static int64_t create(struct call *c, gva idp, struct wanted *w)
{
    struct ksem *s = NULL;
    struct who   by;
    uint64_t     id = 0;
    int          err, fd;

    if (w->value > KSEM_VALUE_MAX)
        return -EINVAL;
    err = who_asks(c, &by);
    if (err)
        return err;
    w->mode &= 0777 & ~who_umask(c);
    fd = install(c, &id);
    if (fd < 0)
        return fd != -ESRCH && !w->name.va ? -ENOSPC : fd;
    err = put_long(c, idp, fd);
    if (!err)
        err = w->name.va ? open_named(c, w, &by, &s) : make_anonymous(w, &by, &s);
    if (err)
        fd_close(c, fd);
    else
        handle_bind(id, s);
    return err;
}

int64_t sys_ksem_init(struct call *c, gva idp, unsigned value)
{
    struct wanted w = {.mode = S_IRWXU | S_IRWXG, .value = value};

    return create(c, idp, &w);
}

int64_t sys_ksem_open(struct call *c, gva idp, gva name, uint64_t flags, uint32_t mode, unsigned value)
{
    struct wanted w = {name, flags, mode, value};

    return flags & ~(uint64_t)(O_CREAT | O_EXCL) ? -EINVAL : create(c, idp, &w);
}

static int unlink_locked(const char *name, const struct who *by)
{
    struct ksem *s = named_locked(name);
    int          err = s ? access_check(s, by) : -ENOENT;

    if (err)
        return err;
    LIST_REMOVE(s, link);
    free(s->name);
    s->name = NULL;
    drop_locked(s);
    return 0;
}

int64_t sys_ksem_unlink(struct call *c, gva path)
{
    char       name[GUEST_PATH_MAX];
    struct who by;
    int64_t    r = copy_in_str(c, name, path, sizeof(name));

    if (r >= 0)
        r = who_asks(c, &by);
    if (r < 0)
        return r;
    pthread_mutex_lock(&ksem_lock);
    r = unlink_locked(name, &by);
    pthread_mutex_unlock(&ksem_lock);
    return r;
}
