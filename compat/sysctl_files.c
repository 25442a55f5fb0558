/*
 * compat/sysctl_files.c: kern.proc.filedesc and kern.proc.cwd, the open files of a process as a row of
 * struct kinfo_file, each cut behind its path (kern_descrip.c, kern_proc_filedesc_out and pack_kinfo).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/sysctl_values.h"
#include "syscalls/fd.h"
#include "syscalls/kinfo.h"
#include "syscalls/ksem.h"
#include "syscalls/proc.h"
#include "syscalls/procdesc.h"
#include "syscalls/sockaddr.h"
#include "syscalls/view.h"

/* KF_FD_TYPE_* */
enum { FD_CWD = -1, FD_ROOT = -2, FD_TEXT = -4 };

/* ---- whose ---------------------------------------------------------------------------- */

bool subject_visible(const struct call *c, const struct proc *p)
{
    return p == c->proc || c->proc->cred.euid == 0 || c->proc->cred.euid == p->cred.ruid;
}

static int named_locked(struct sysctl_req *r, struct proc **p)
{
    *p = r->arg[0] == -1 ? r->c->proc : proc_find_locked(r->arg[0]);
    if (!*p)
        return -ESRCH;
    return subject_visible(r->c, *p) ? 0 : -EPERM;
}

int subject_named(struct sysctl_req *r, struct subject *s)
{
    struct proc *p;
    int          err;

    if (r->narg != 1)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    err = named_locked(r, &p);
    if (!err) {
        s->pid = p->pid;
        s->stack_top = p->stack_top;
        snprintf(s->program, sizeof(s->program), "%s", p->execpath ? p->execpath : "");
    }
    pthread_mutex_unlock(&session.lock);
    return err;
}

void subject_path(const char *host, char *to)
{
    static const char gone[] = " (deleted)";
    const size_t      n = strlen(host), tail = sizeof(gone) - 1;
    const bool        outside = view_root() && !view_below(host, view_root());

    *to = '\0';
    if (host[0] == '/' && !outside && (n < tail || strcmp(host + n - tail, gone) != 0))
        snprintf(to, 1024, "%s", view_name(host));
}

/* ---- records ---------------------------------------------------------------------------- */

static int give(struct sysctl_req *r, struct kinfo *k)
{
    const size_t n = offsetof(struct kinfo, path) + strlen(k->path) + 1;

    k->structsize = (int32_t)((n + 7) & ~(size_t)7);
    return sysctl_out(r, k, (size_t)k->structsize);
}

static void add_stat(struct kinfo *k, const struct stat *st)
{
    k->status = KINFO_ATTR_VALID;
    k->vnode_type = kinfo_vnode_type(st->st_mode);
    k->nlink = st->st_nlink;
    k->fsid = st->st_dev;
    k->rdev = st->st_rdev;
    k->fileid = st->st_ino;
    k->size = (uint64_t)st->st_size;
    k->fsid11 = (uint32_t)st->st_dev;
    k->rdev11 = (uint32_t)st->st_rdev;
    k->mode = (uint16_t)st->st_mode;
}

/* A file that is known by a link of the host's in /proc, or by its own name. */
static int give_named(struct sysctl_req *r, int32_t which, const char *file, bool is_link)
{
    struct kinfo k = {.type = KINFO_VNODE, .fd = which, .ref_count = -1, .flags = 1, .offset = -1};
    char         host[PATH_MAX];
    struct stat  st;
    ssize_t      n = is_link ? readlink(file, host, sizeof(host) - 1) : snprintf(host, sizeof(host), "%s", file);

    if (n < 0 || n >= (ssize_t)sizeof(host))
        return 0;
    host[n] = '\0';
    subject_path(host, k.path);
    if (is_link ? !stat(file, &st) : !stat(host, &st))
        add_stat(&k, &st);
    return give(r, &k);
}

static int give_link(struct sysctl_req *r, int32_t which, pid_t pid, const char *name)
{
    char link[64];

    snprintf(link, sizeof(link), "/proc/%d/%s", (int)pid, name);
    return give_named(r, which, link, true);
}

/* The root directory: of the view's or of the host's own, which the process has for its "/". */
static int give_root(struct sysctl_req *r)
{
    struct kinfo k = {.type = KINFO_VNODE, .fd = FD_ROOT, .ref_count = -1, .flags = 1, .offset = -1, .path = "/"};
    struct stat  st;

    if (!stat(view_root() ? view_root() : "/", &st))
        add_stat(&k, &st);
    return give(r, &k);
}

int proc_cwd(struct sysctl_req *r)
{
    struct subject s;
    const int      err = subject_named(r, &s);

    return err ? err : give_link(r, FD_CWD, s.pid, "cwd");
}

/* ---- descriptors --------------------------------------------------------------------------- */

struct open_fd {
    int      fd, hostfd;
    uint8_t  kind;
    uint32_t flags, refs;
    int64_t  offset; /* -1: the host's own */
    uint64_t object;
};

struct list {
    struct open_fd *v;
    size_t          n, room;
    bool            failed;
};

static void note_fd(int fd, struct ofile *of, int hostfd, bool cloexec, void *arg)
{
    struct list    *l = arg;
    const size_t    room = l->room ? 2 * l->room : 64;
    struct open_fd *more = l->n == l->room ? realloc(l->v, room * sizeof(*more)) : l->v;

    (void)cloexec;
    if (!more) {
        l->failed = true;
        return;
    }
    l->room = l->n == l->room ? room : l->room;
    l->v = more;
    l->v[l->n++] =
        (struct open_fd){fd,
                         hostfd,
                         of->kind,
                         __atomic_load_n(&of->flags, __ATOMIC_RELAXED),
                         __atomic_load_n(&of->refs, __ATOMIC_RELAXED),
                         of->host_offset || of->at_host ? -1 : __atomic_load_n(&of->offset, __ATOMIC_RELAXED),
                         of->object};
}

/*
 * What is open at this moment.  The table's own lock would have to be waited for by a process that may not be the
 * caller's; without it a descriptor that opens or closes just now is there, or is not.
 */
static int list_fds(struct sysctl_req *r, struct list *l)
{
    struct proc *p;
    int          err;

    pthread_mutex_lock(&session.lock);
    err = named_locked(r, &p);
    if (!err && p->fds)
        fdtable_each(p->fds, note_fd, l);
    pthread_mutex_unlock(&session.lock);
    return err ? err : l->failed ? -ENOMEM : 0;
}

/* The parts of kf_un that are no file's. */
struct socket_part {
    uint32_t sendq;
    int32_t  domain, type, protocol;
    uint8_t  local[128], peer[128];
    uint64_t pcb, inpcb, unpconn;
    uint16_t snd_state, rcv_state;
    uint32_t recvq;
};
_Static_assert(sizeof(struct socket_part) == 304, "sys/user.h");
#define UN_AT  offsetof(struct kinfo, vnode_type)
#define OBJ_AT offsetof(struct kinfo, fileid) /* a process's number, a semaphore's value and mode */

static void add_address(const struct sysctl_req *r, uint8_t to[128], const struct sockaddr_storage *sa, socklen_t n)
{
    uint8_t        guest[SOCKADDR_GUEST_MAX + 1];
    const uint32_t len = sockaddr_to_guest(r->c->abi->sock, sa, n, guest);

    memcpy(to, guest, len < 128 ? len : 128);
}

static void add_socket(const struct sysctl_req *r, struct kinfo *k, int fd)
{
    struct socket_part      s = {0};
    struct sockaddr_storage sa = {0};
    socklen_t               n = sizeof(sa), four = sizeof(int);
    int                     waits = 0;

    getsockopt(fd, SOL_SOCKET, SO_TYPE, &s.type, &four);
    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &s.protocol, &four);
    if (!getsockname(fd, (struct sockaddr *)&sa, &n))
        add_address(r, s.local, &sa, n);
    s.domain = s.local[1]; /* its family, in the guest's numbers */
    n = sizeof(sa);
    if (!getpeername(fd, (struct sockaddr *)&sa, &n))
        add_address(r, s.peer, &sa, n);
    if (!ioctl(fd, FIONREAD, &waits))
        s.recvq = (uint32_t)waits;
    if (!ioctl(fd, TIOCOUTQ, &waits))
        s.sendq = (uint32_t)waits;
    memcpy((char *)k + UN_AT, &s, sizeof(s));
}

static void add_file(struct kinfo *k, const struct open_fd *o, int fd)
{
    char        link[32], host[PATH_MAX];
    struct stat st;
    ssize_t     n;

    if (fstat(fd, &st))
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, host, sizeof(host) - 1);
    host[n < 0 ? 0 : n] = '\0';
    k->type = kinfo_file_type(st.st_mode, host);
    k->status = KINFO_ATTR_VALID;
    if (k->type == KINFO_PIPE)
        return;
    if (k->type == KINFO_SHM) { /* uipc_shm.c, shm_fill_kinfo */
        k->mode = (uint16_t)st.st_mode;
        k->size = (uint64_t)st.st_size;
        return;
    }
    add_stat(k, &st);
    subject_path(host, k->path);
    k->offset = o->offset < 0 ? lseek(fd, 0, SEEK_CUR) : o->offset;
    if (k->offset < 0)
        k->offset = 0;
}

static void add_semaphore(struct kinfo *k, uint64_t id)
{
    struct {
        uint32_t value;
        uint16_t mode;
    } s = {0};

    k->type = KINFO_SEM;
    if (ksem_describe(id, &s.value, &s.mode, k->path, sizeof(k->path)))
        k->status = KINFO_ATTR_VALID;
    memcpy((char *)k + OBJ_AT, &s, sizeof(s));
}

static void add_process(struct kinfo *k, uint64_t id)
{
    const int pid = procdesc_pid(id);

    k->type = KINFO_PROCDESC;
    k->status = KINFO_ATTR_VALID;
    memcpy((char *)k + OBJ_AT, &pid, sizeof(pid));
}

/* fd: the provider's duplicate, -1 when there could be none. */
static void describe(const struct sysctl_req *r, struct kinfo *k, const struct open_fd *o, int fd)
{
    switch (o->kind) {
    case OF_KQUEUE: k->type = KINFO_KQUEUE; break;
    case OF_MQUEUE: k->type = KINFO_MQUEUE; break;
    case OF_PROCDESC: add_process(k, o->object); break;
    case OF_KSEM: add_semaphore(k, o->object); break;
    case OF_SOCKET:
        k->type = KINFO_SOCKET;
        k->status = KINFO_ATTR_VALID;
        if (fd >= 0)
            add_socket(r, k, fd);
        break;
    default: add_file(k, o, fd);
    }
}

static int give_fd(struct sysctl_req *r, int pidfd, const struct open_fd *o)
{
    struct kinfo k = {.type = KINFO_UNKNOWN, .fd = o->fd, .ref_count = (int32_t)o->refs};
    const int    fd = (int)syscall(SYS_pidfd_getfd, pidfd, o->hostfd, 0);

    k.flags = kinfo_flags(o->flags);
    describe(r, &k, o, fd);
    if (fd >= 0)
        close(fd);
    return give(r, &k);
}

static int give_fds(struct sysctl_req *r, const struct subject *s)
{
    const int   pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    struct list l = {0};
    int         err = list_fds(r, &l);

    for (size_t i = 0; !err && i < l.n; i++)
        err = give_fd(r, pidfd, &l.v[i]);
    free(l.v);
    if (pidfd >= 0)
        close(pidfd);
    return err;
}

int proc_filedesc(struct sysctl_req *r)
{
    struct subject s;
    int            err = subject_named(r, &s);

    if (!err && s.program[0])
        err = give_named(r, FD_TEXT, s.program, false);
    if (!err)
        err = give_link(r, FD_CWD, s.pid, "cwd");
    if (!err)
        err = give_root(r);
    return err ? err : give_fds(r, &s);
}
