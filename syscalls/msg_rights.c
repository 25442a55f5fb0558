#include "syscalls/msg_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/capability.h"
#include "syscalls/ofile.h"

/* Messages that nobody receives leave their entries behind; the oldest make room. */
#define FLIGHTS_MAX 4096

/*
 * What the host says of a descriptor, the same in every process.  The tag tells open files of one host file apart: it
 * is the host's F_SETSIG, which belongs to the open file, means nothing without O_ASYNC, and travels along.
 */
struct identity {
    uint64_t dev, ino;
    mode_t   mode;
    int      flags;
    int      tag; /* 1..64, the host's greatest signal; 0: none */
};

struct flight {
    TAILQ_ENTRY(flight) link;
    struct identity      id;
    struct ofile        *of;     /* owns one reference */
    struct fdlimit_copy *limits; /* owned; NULL: none */
    uint64_t             number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(flight_list, flight) flights = TAILQ_HEAD_INITIALIZER(flights); /* oldest first; under lock */
static unsigned count;                                                            /* under lock */
static uint64_t last_number;                                                      /* under lock */

static int identify(int fd, struct identity *id)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *id = (struct identity){st.st_dev, st.st_ino, st.st_mode, fcntl(fd, F_GETFL), fcntl(fd, F_GETSIG)};
    return 0;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && ((a->flags ^ b->flags) & D_O_ACCMODE) == 0;
}

/* ---- the list ------------------------------------------------------------------------- */

static void drop_locked(struct flight *f)
{
    TAILQ_REMOVE(&flights, f, link);
    count--;
    ofile_put(f->of);
    free(f->limits);
    free(f);
}

static struct flight *flight_of_locked(const struct ofile *of)
{
    struct flight *f;

    TAILQ_FOREACH(f, &flights, link)
        if (f->of == of)
            return f;
    return NULL;
}

/* A tag that no other open file of the same host file has; 0: none is left. */
static int new_tag_locked(const struct identity *id)
{
    struct flight *f;
    uint64_t       taken = 0;

    TAILQ_FOREACH(f, &flights, link)
        if (f->id.tag && same_file(&f->id, id))
            taken |= 1ull << (f->id.tag - 1);
    return ~taken ? __builtin_ctzll(~taken) + 1 : 0;
}

/* False: it could not be told from others, so it will be a new open file for the receiver. */
static bool set_tag_locked(int fd, struct identity *id, const struct ofile *of)
{
    const struct flight *other = flight_of_locked(of);
    const bool           async = __atomic_load_n(&of->flags, __ATOMIC_RELAXED) & O_ASYNC; /* there it has its meaning */

    id->tag = async ? 0 : other ? other->id.tag : new_tag_locked(id);
    return async || (id->tag && fcntl(fd, F_SETSIG, id->tag) == 0);
}

/* The offset goes along as the host's own, which is what a host process would want. */
static void send_offset(int fd, const struct identity *id, const struct ofile *of)
{
    if (S_ISREG(id->mode) && !of->host_offset && !of->at_host)
        lseek(fd, __atomic_load_n(&of->offset, __ATOMIC_RELAXED), SEEK_SET);
}

/* The oldest makes room, but not one that would land with more rights than it left with. */
static bool room_locked(void)
{
    struct flight *f = TAILQ_FIRST(&flights);

    if (count < FLIGHTS_MAX)
        return true;
    while (f && f->limits)
        f = TAILQ_NEXT(f, link);
    if (f)
        drop_locked(f);
    return f;
}

/* Takes limits over when it gives a number. */
static uint64_t launch_locked(int fd, struct identity *id, struct ofile *of, struct fdlimit_copy *limits)
{
    struct flight *f;

    send_offset(fd, id, of);
    f = room_locked() && set_tag_locked(fd, id, of) ? malloc(sizeof(*f)) : NULL;
    if (!f)
        return 0;
    ofile_get(of);
    *f = (struct flight){.id = *id, .of = of, .limits = limits, .number = ++last_number};
    TAILQ_INSERT_TAIL(&flights, f, link);
    count++;
    return f->number;
}

static void abort_flight(uint64_t number)
{
    struct flight *f;

    pthread_mutex_lock(&lock);
    TAILQ_FOREACH(f, &flights, link)
        if (f->number == number) {
            drop_locked(f);
            break;
        }
    pthread_mutex_unlock(&lock);
}

/* The entry with that tag.  Where open files of a host file have no tag, there must be but one of them. */
static struct flight *find_locked(const struct identity *id)
{
    struct flight *f, *found = NULL;

    TAILQ_FOREACH(f, &flights, link) {
        if (f->id.tag != id->tag || !same_file(&f->id, id))
            continue;
        if (found && found->of != f->of)
            return NULL;
        found = found ? found : f;
    }
    return found;
}

/* What came: a reference on its open file, NULL: it is none of ours; the limits it had, owned. */
struct landed {
    struct ofile        *of;
    struct fdlimit_copy *limits;
};

/* 0, -ENOMEM: nothing landed, since it must not have more rights here than there. */
static int land_locked(int fd, struct flight *f, bool peek, struct landed *l)
{
    if (f->limits && peek && !(l->limits = malloc(sizeof(*l->limits))))
        return -ENOMEM;
    if (f->limits && peek)
        *l->limits = *f->limits;
    l->of = f->of;
    ofile_get(l->of);
    if (peek)
        return 0; /* its tag stays with it */
    l->limits = f->limits;
    f->limits = NULL;
    drop_locked(f);
    if (!flight_of_locked(l->of))
        fcntl(fd, F_SETSIG, 0);
    return 0;
}

static int land(int fd, const struct identity *id, bool peek, struct landed *l)
{
    int err = 0;

    pthread_mutex_lock(&lock);

    struct flight *f = find_locked(id);

    if (f)
        err = land_locked(fd, f, peek, l);
    pthread_mutex_unlock(&lock);
    return err;
}

void rights_each(void (*fn)(struct ofile *of, void *arg), void *arg)
{
    struct flight *f;

    pthread_mutex_lock(&lock);
    TAILQ_FOREACH(f, &flights, link)
        fn(f->of, arg);
    pthread_mutex_unlock(&lock);
}

unsigned rights_in_flight(void)
{
    pthread_mutex_lock(&lock);

    const unsigned n = count;

    pthread_mutex_unlock(&lock);
    return n;
}

/* ---- sending --------------------------------------------------------------------------- */

int rights_add(struct call *c, struct rights *r, const uint8_t *data, size_t len)
{
    if (len % sizeof(int))
        return -EINVAL;
    for (size_t at = 0; at < len; at += sizeof(int)) {
        int fd, err;

        if (r->n == CONTROL_FDS_MAX)
            return -ETOOMANYREFS;
        memcpy(&fd, data + at, sizeof(fd));
        err = capability_export(c, fd, &r->refs[r->n], &r->limits[r->n]);
        if (err)
            return err;
        r->flights[r->n] = 0;
        r->hostfds[r->n] = r->refs[r->n].hostfd;
        const unsigned kind = r->refs[r->n++].of->kind;

        if (kind == OF_KQUEUE || kind == OF_MQUEUE) /* not DFLAG_PASSABLE (kern_event.c, uipc_mqueue.c) */
            return -EOPNOTSUPP;
    }
    return 0;
}

static uint64_t launch(struct call *c, struct rights *r, unsigned i)
{
    struct identity id = {0};
    const int       fd = host_fd_fetch(c, r->hostfds[i]);
    uint64_t        number = 0;

    if (fd < 0)
        return 0;
    if (!identify(fd, &id)) {
        pthread_mutex_lock(&lock);
        number = launch_locked(fd, &id, r->refs[i].of, r->limits[i]);
        pthread_mutex_unlock(&lock);
    }
    close(fd);
    if (number)
        r->limits[i] = NULL;
    return number;
}

int rights_launch(struct call *c, struct rights *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        r->flights[i] = launch(c, r, i);
        if (!r->flights[i] && r->limits[i])
            return -ETOOMANYREFS;
    }
    return 0; /* of what is not in the list the receiver will make a new open file */
}

void rights_done(struct call *c, struct rights *r, bool sent)
{
    for (unsigned i = 0; i < r->n; i++) {
        if (!sent && r->flights[i])
            abort_flight(r->flights[i]);
        free(r->limits[i]);
        fd_put(c, &r->refs[i]);
    }
    r->n = 0;
}

/* ---- receiving --------------------------------------------------------------------------- */

/* A host process shares it, so the host's own offset is the truth. */
static struct ofile *stranger(const struct identity *id)
{
    struct ofile *of = ofile_new();

    if (!of)
        return NULL;
    of->kind = (uint8_t)fd_kind_of_mode(id->mode);
    of->host_offset = true;
    of->flags = (uint32_t)id->flags & (D_O_ACCMODE | O_APPEND | O_NONBLOCK | O_ASYNC | O_SYNC | O_DIRECT);
    return of;
}

/* What is behind a host descriptor that came; *id is what the host says.  0, -ENOMEM. */
static int recognize(struct call *c, int hostfd, bool peek, struct identity *id, struct landed *l)
{
    const int fd = host_fd_fetch(c, hostfd);
    int       err = 0;

    *l = (struct landed){0};
    if (fd < 0)
        return 0;
    if (!identify(fd, id))
        err = land(fd, id, peek, l);
    close(fd);
    return err;
}

void rights_discard(struct call *c, int hostfd, bool peek)
{
    struct identity id;
    struct landed   l;

    recognize(c, hostfd, peek, &id, &l);
    if (l.of)
        ofile_put(l.of);
    free(l.limits);
    host_call(c, SYS_close, hostfd);
}

/* Takes both over. */
static int install(struct call *c, int hostfd, struct landed *l, unsigned flags)
{
    int r = l->limits ? capability_import(c, l->limits) : 0;

    free(l->limits);
    if (r) {
        host_call(c, SYS_close, hostfd);
        ofile_put(l->of);
        return r;
    }
    r = fd_install_ofile(c, hostfd, l->of, flags, 0);
    capability_done(c);
    return r;
}

int rights_receive(struct call *c, int hostfd, bool cloexec, bool peek)
{
    struct identity id = {.mode = S_IFCHR, .flags = O_RDWR};
    struct landed   l;
    int             err = recognize(c, hostfd, peek, &id, &l);

    if (!err && !l.of && !(l.of = stranger(&id)))
        err = -ENFILE;
    if (!err)
        return install(c, hostfd, &l, cloexec ? FD_SLOT_CLOEXEC : 0);
    free(l.limits);
    host_call(c, SYS_close, hostfd);
    return err;
}
