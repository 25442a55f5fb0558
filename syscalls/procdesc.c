/* syscalls/procdesc.c: process descriptors (FreeBSD sys/kern/sys_procdesc.c). */
#include "syscalls/procdesc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/reaper.h"
#include "syscalls/fork.h"
#include "syscalls/signal.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/wait.h"

#define PD_DAEMON  1u
#define PD_CLOEXEC 2u

struct procdesc {
    LIST_ENTRY(procdesc) link; /* under lock */
    uint64_t     id;
    struct proc *proc; /* under session.lock; NULL: waited for, or not forked yet */
    pid_t        pid;
    bool         daemon;
    int          wfd; /* the pipe's write end, ours; -1 once the process has ended.  Under lock */
    bool         ended;
    int64_t      status;
    unsigned     waiters; /* tasks in pdwait; under session.lock */
};

/* Identifiers come back from memory that guests can write, so they are looked up and never followed. */
static struct {
    pthread_mutex_t lock; /* a leaf: taken after session.lock and any kqueue's */
    LIST_HEAD(, procdesc) all;
    uint64_t made;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct procdesc *find_locked(uint64_t id)
{
    struct procdesc *pd;

    LIST_FOREACH(pd, &table.all, link)
        if (pd->id == id)
            return pd;
    return NULL;
}

/* Found; it stays while session.lock is held, which procdesc_closed takes to free it. */
static struct procdesc *find(uint64_t id)
{
    struct procdesc *pd;

    pthread_mutex_lock(&table.lock);
    pd = find_locked(id);
    pthread_mutex_unlock(&table.lock);
    return pd;
}

static struct procdesc *procdesc_new(int wfd, bool daemon)
{
    struct procdesc *pd = calloc(1, sizeof(*pd));

    if (!pd)
        return NULL;
    pd->wfd = wfd;
    pd->daemon = daemon;
    pthread_mutex_lock(&table.lock);
    pd->id = ++table.made;
    LIST_INSERT_HEAD(&table.all, pd, link);
    pthread_mutex_unlock(&table.lock);
    return pd;
}

static void procdesc_free(struct procdesc *pd)
{
    pthread_mutex_lock(&table.lock);
    LIST_REMOVE(pd, link);
    if (pd->wfd >= 0)
        close(pd->wfd);
    pthread_mutex_unlock(&table.lock);
    free(pd);
}

/* ---- what happens to the process --------------------------------------------------- */

bool procdesc_exited_locked(struct proc *p, int status)
{
    struct procdesc *pd = p->procdesc;

    if (!pd)
        return false;
    pthread_mutex_lock(&table.lock);
    pd->ended = true;
    pd->status = status;
    if (pd->wfd >= 0)
        close(pd->wfd);
    pd->wfd = -1;
    pthread_mutex_unlock(&table.lock);
    return true;
}

void procdesc_reaped_locked(struct proc *p)
{
    if (p->procdesc)
        p->procdesc->proc = NULL;
    p->procdesc = NULL;
}

bool procdesc_ended(uint64_t id, int64_t *status)
{
    const struct procdesc *pd;
    bool                   ended;

    pthread_mutex_lock(&table.lock);
    pd = find_locked(id);
    ended = pd && pd->ended;
    if (ended)
        *status = pd->status;
    pthread_mutex_unlock(&table.lock);
    return ended;
}

int procdesc_pid(uint64_t id)
{
    const struct procdesc *pd;
    int                    pid;

    pthread_mutex_lock(&table.lock);
    pd = find_locked(id);
    pid = pd ? pd->pid : 0;
    pthread_mutex_unlock(&table.lock);
    return pid;
}

/* It goes to the reaper above, who hears of its end as of any child's. */
static void let_go_locked(struct procdesc *pd, struct proc *p)
{
    struct ksiginfo k = {.signo = signal_guest(p, SIGKILL)};

    procdesc_reaped_locked(p);
    p->exit_signal = signal_guest(p, SIGCHLD);
    if (p->parent) {
        LIST_REMOVE(p, siblings);
        reaper_give_locked(p, p->parent);
    }
    if (!pd->daemon)
        signal_post_proc_locked(p, &k);
}

void procdesc_closed(uint64_t id)
{
    struct procdesc *pd;
    struct proc     *p;

    pthread_mutex_lock(&session.lock);
    pd = find(id);
    p = pd ? pd->proc : NULL;
    if (p && p->state == PROC_ZOMBIE)
        proc_reap_locked(p);
    else if (p)
        let_go_locked(pd, p);
    if (pd)
        procdesc_free(pd);
    pthread_mutex_unlock(&session.lock);
}

static void times_set(struct kstat *st, int64_t at) { st->atime = st->mtime = st->ctime = st->btime = at; }

/* When the process began: the age of its directory in /proc. */
static void describe(struct kstat *st, const struct proc *p)
{
    char        path[32];
    struct stat hs;

    st->mode |= S_IRWXU;
    snprintf(path, sizeof(path), "/proc/%d", p->pid);
    if (stat(path, &hs))
        return;
    st->uid = hs.st_uid;
    st->gid = hs.st_gid;
    times_set(st, hs.st_ctim.tv_sec);
}

void procdesc_stat(uint64_t id, struct kstat *st)
{
    const struct procdesc *pd;

    memset(st, 0, sizeof(*st));
    st->mode = S_IFREG;
    pthread_mutex_lock(&session.lock);
    pd = find(id);
    if (pd && pd->proc && pd->proc->state == PROC_LIVE)
        describe(st, pd->proc);
    pthread_mutex_unlock(&session.lock);
}

/* ---- making one ---------------------------------------------------------------------- */

/* The guest's end of the pipe; *wfd: ours.  -errno. */
static int64_t pipe_make(struct call *c, int *wfd)
{
    struct scratch s = scratch_get(c, 2 * sizeof(int));
    int64_t        r = s.p ? host_call(c, SYS_pipe2, s.va, O_CLOEXEC) : -ENOMEM;
    int            fds[2];

    if (r)
        return r;
    memcpy(fds, s.p, sizeof(fds));
    *wfd = host_fd_fetch(c, fds[1]);
    host_call(c, SYS_close, fds[1]);
    if (*wfd >= 0)
        return fds[0];
    host_call(c, SYS_close, fds[0]);
    return *wfd;
}

/* The descriptor, not yet of any process; the fork's child does not get it (sys_procdesc.c, procdesc_falloc). */
static int install(struct call *c, uint64_t flags, struct procdesc **pd)
{
    struct fd_new n = {.kind = OF_PROCDESC, .flags = O_RDWR, .cloexec = flags & PD_CLOEXEC, .clofork = true};
    int           wfd = -1, fd;
    int64_t       rfd = pipe_make(c, &wfd);

    if (rfd < 0)
        return (int)rfd;
    *pd = procdesc_new(wfd, flags & PD_DAEMON);
    if (!*pd) {
        host_call(c, SYS_close, rfd);
        close(wfd);
        return -ENOMEM;
    }
    n.hostfd = (int)rfd;
    n.object = (*pd)->id;
    fd = fd_install(c, &n, 0);
    if (fd == -ENFILE)
        procdesc_free(*pd); /* in every other case the open file has freed it */
    return fd;
}

static int64_t pdfork(struct call *c, gva fdp, uint64_t pdflags, uint64_t rfflags)
{
    struct procdesc *pd = NULL;
    struct fdref     held;
    int              fd, err;
    int64_t          pid;

    if (pdflags & ~(uint64_t)(PD_DAEMON | PD_CLOEXEC))
        return -EINVAL;
    fd = install(c, pdflags, &pd);
    if (fd < 0)
        return fd;
    err = fd_get(c, fd, &held); /* nobody else can close it for good while the process is made */
    if (err)
        return err;
    pid = fork_with(c, rfflags, pd);
    if (pid > 0)
        fd_set_flags(c, fd, FD_SLOT_CLOFORK, 0);
    else
        fd_close(c, fd);
    fd_put(c, &held);
    err = pid > 0 ? put_int(c, fdp, fd) : 0; /* the child runs all the same (pdfork(2)) */
    return err ? err : pid;
}

void procdesc_bind_locked(struct procdesc *pd, struct proc *p)
{
    pd->proc = p;
    p->procdesc = pd;
}

void procdesc_born(struct procdesc *pd, int pid)
{
    pthread_mutex_lock(&table.lock);
    pd->pid = pid;
    pthread_mutex_unlock(&table.lock);
}

int64_t sys_pdfork(struct call *c, gva fdp, uint64_t flags) { return pdfork(c, fdp, flags, RFPROC | RFFDG); }

int64_t sys_pdrfork(struct call *c, gva fdp, uint64_t pdflags, uint64_t rfflags)
{
    if (rfflags != RFSPAWN && (rfflags & (RFPROC | RFPROCDESC)) != (RFPROC | RFPROCDESC))
        return -EINVAL;
    return pdfork(c, fdp, pdflags, rfflags & ~(uint64_t)RFPROCDESC);
}

/* ---- using one ------------------------------------------------------------------------- */

static int get(struct call *c, int fd, struct fdref *ref)
{
    int err = fd_get(c, fd, ref);

    if (!err && ref->of->kind != OF_PROCDESC) {
        fd_put(c, ref);
        err = -EBADF;
    }
    return err;
}

int64_t sys_pdgetpid(struct call *c, int fd, gva pidp)
{
    struct fdref ref;
    int          err = get(c, fd, &ref);

    if (err)
        return err;
    err = put_int(c, pidp, procdesc_pid(ref.of->object));
    fd_put(c, &ref);
    return err;
}

static int post(struct call *c, uint64_t id, int sig)
{
    struct ksiginfo        k = signal_from_me(c, sig);
    const struct procdesc *pd;
    int                    err = -ESRCH;

    pthread_mutex_lock(&session.lock);
    pd = find(id);
    if (pd && pd->proc) {
        err = 0;
        if (sig)
            signal_post_proc_locked(pd->proc, &k);
    }
    pthread_mutex_unlock(&session.lock);
    return err;
}

int64_t sys_pdkill(struct call *c, int fd, int sig)
{
    struct fdref ref;
    int          err;

    if (sig < 0 || sig > (int)c->abi->nsig)
        return -EINVAL;
    err = get(c, fd, &ref);
    if (err)
        return err;
    err = post(c, ref.of->object, sig);
    fd_put(c, &ref);
    return err;
}

void procdesc_wake_locked(const struct proc *p)
{
    struct proc *q;
    struct task *t;

    if (!p->procdesc || !p->procdesc->waiters)
        return;
    LIST_FOREACH(q, &session.procs, all)
        LIST_FOREACH(t, &q->tasks, link)
            if (t->waits_child)
                task_wake(t);
}

/* One look: 1: *f is filled; 0: nothing to report yet; -ESRCH. */
static int look(struct call *c, uint64_t id, uint64_t options, struct wait_found *f)
{
    struct procdesc *pd;
    int              r = -ESRCH;

    pthread_mutex_lock(&session.lock);
    pd = find(id);
    if (pd && pd->proc && !wait_is_over(pd->proc, options)) /* kern_exit.c, kern_pdwait */
        r = wait_take_locked(pd->proc, options, f);
    c->task->waits_child = r == 0;
    if (r == 0)
        pd->waiters++;
    pthread_mutex_unlock(&session.lock);
    return r;
}

static void looked(struct call *c, uint64_t id)
{
    struct procdesc *pd;

    pthread_mutex_lock(&session.lock);
    c->task->waits_child = false;
    pd = find(id);
    if (pd)
        pd->waiters--;
    pthread_mutex_unlock(&session.lock);
}

static int wait_for(struct call *c, uint64_t id, uint64_t options, struct wait_found *f)
{
    for (;;) {
        int r;

        task_sleep_prepare(c);
        r = look(c, id, options, f);
        if (r)
            return r < 0 ? r : 0;
        r = options & WNOHANG ? -EWOULDBLOCK : task_sleep(c, NULL);
        looked(c, id);
        if (r)
            return r;
    }
}

int64_t sys_pdwait(struct call *c, int fd, gva status, uint64_t options, gva wrusage, void *info)
{
    struct wait_found f = {0};
    struct fdref      ref;
    int               err;

    if (!wait_options_ok(options))
        return -EINVAL;
    err = get(c, fd, &ref);
    if (err)
        return err;
    err = wait_for(c, ref.of->object, options, &f);
    fd_put(c, &ref);
    return err ? err : wait_report(c, &f, status, wrusage, info);
}
