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

#include "syscalls/ofile.h"

/* Messages that nobody receives leave their entries behind; the oldest make room. */
#define FLIGHTS_MAX 4096

/* What the host says of a descriptor, the same in every process. */
struct identity {
    uint64_t dev, ino;
    mode_t   mode;
    int      flags;
    int64_t  offset; /* regular files */
};

struct flight {
    TAILQ_ENTRY(flight) link;
    struct identity     id;
    struct ofile       *of; /* owns one reference */
    uint64_t            number;
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
    *id = (struct identity){ st.st_dev, st.st_ino, st.st_mode, fcntl(fd, F_GETFL), 0 };
    if (S_ISREG(st.st_mode))
        id->offset = lseek(fd, 0, SEEK_CUR);
    return 0;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && ((a->flags ^ b->flags) & O_ACCMODE) == 0;
}

/* ---- the list ------------------------------------------------------------------------- */

static void drop_locked(struct flight *f)
{
    TAILQ_REMOVE(&flights, f, link);
    count--;
    ofile_put(f->of);
    free(f);
}

/* Another open file of the same file is in flight with this host offset. */
static bool offset_taken_locked(const struct identity *id, const struct ofile *of)
{
    struct flight *f;

    TAILQ_FOREACH(f, &flights, link)
        if (f->of != of && same_file(&f->id, id) && f->id.offset == id->offset)
            return true;
    return false;
}

/*
 * The offset goes along as the host's own, which is what a host process would
 * want, unless it would not tell two open files apart.
 */
static void mark_offset_locked(int fd, struct identity *id, const struct ofile *of)
{
    if (!S_ISREG(id->mode) || of->host_offset || of->at_host)
        return;
    id->offset = __atomic_load_n(&of->offset, __ATOMIC_RELAXED);
    if (offset_taken_locked(id, of))
        id->offset = ofile_index(of);
    if (lseek(fd, id->offset, SEEK_SET) < 0)
        id->offset = lseek(fd, 0, SEEK_CUR);
}

static uint64_t launch_locked(int fd, struct identity *id, struct ofile *of)
{
    struct flight *f = malloc(sizeof(*f));

    if (!f)
        return 0;
    if (count >= FLIGHTS_MAX)
        drop_locked(TAILQ_FIRST(&flights));
    mark_offset_locked(fd, id, of);
    ofile_get(of);
    *f = (struct flight){ .id = *id, .of = of, .number = ++last_number };
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

/* The entry of that host file: by offset too when there are several open files of it. */
static struct flight *find_locked(const struct identity *id)
{
    struct flight *f, *any = NULL;
    bool           several = false;

    TAILQ_FOREACH(f, &flights, link) {
        if (!same_file(&f->id, id))
            continue;
        if (f->id.offset == id->offset)
            return f;
        several |= any && any->of != f->of;
        any = f;
    }
    return several ? NULL : any;
}

/* A reference on the open file that landed, NULL: it is none of ours. */
static struct ofile *land(const struct identity *id, bool peek)
{
    struct ofile *of = NULL;

    pthread_mutex_lock(&lock);

    struct flight *f = find_locked(id);

    if (f) {
        of = f->of;
        ofile_get(of);
        if (!peek)
            drop_locked(f);
    }
    pthread_mutex_unlock(&lock);
    return of;
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
        err = fd_get(c, fd, &r->refs[r->n]);
        if (err)
            return err;
        r->flights[r->n] = 0;
        r->hostfds[r->n] = r->refs[r->n].hostfd;
        if (r->refs[r->n++].of->kind == OF_KQUEUE)
            return -EOPNOTSUPP;
    }
    return 0;
}

void rights_launch(struct call *c, struct rights *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        struct identity id = { 0 };
        const int       fd = host_fd_fetch(c, r->hostfds[i]);

        if (fd < 0)
            continue; /* the receiver will make a new open file of it */
        if (!identify(fd, &id)) {
            pthread_mutex_lock(&lock);
            r->flights[i] = launch_locked(fd, &id, r->refs[i].of);
            pthread_mutex_unlock(&lock);
        }
        close(fd);
    }
}

void rights_done(struct call *c, struct rights *r, bool sent)
{
    for (unsigned i = 0; i < r->n; i++) {
        if (!sent && r->flights[i])
            abort_flight(r->flights[i]);
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
    of->flags = (uint32_t)id->flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_ASYNC | O_SYNC | O_DIRECT);
    return of;
}

/* The open file behind a host descriptor that came, or NULL; *id is what the host says. */
static struct ofile *recognize(struct call *c, int hostfd, bool peek, struct identity *id)
{
    const int     fd = host_fd_fetch(c, hostfd);
    struct ofile *of = NULL;

    if (fd < 0)
        return NULL;
    if (!identify(fd, id))
        of = land(id, peek);
    close(fd);
    return of;
}

void rights_discard(struct call *c, int hostfd, bool peek)
{
    struct identity id;
    struct ofile   *of = recognize(c, hostfd, peek, &id);

    if (of)
        ofile_put(of);
    host_call(c, SYS_close, hostfd);
}

int rights_receive(struct call *c, int hostfd, bool cloexec, bool peek)
{
    struct identity id = { .mode = S_IFCHR, .flags = O_RDWR };
    struct ofile   *of = recognize(c, hostfd, peek, &id);

    if (!of)
        of = stranger(&id);
    if (!of) {
        host_call(c, SYS_close, hostfd);
        return -ENFILE;
    }
    return fd_install_ofile(c, hostfd, of, cloexec, 0);
}
