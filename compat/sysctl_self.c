/*
 * compat/sysctl_self.c: kern.proc.NAME.PID: arguments, environment, path and
 * the like of one process.  PID -1 means the caller.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "abi/freebsd/kinfo.h"
#include "abi/neutral.h"
#include "compat/sysctl_values.h"
#include "syscalls/fd.h"
#include "syscalls/hostproc.h"
#include "syscalls/proc.h"
#include "syscalls/resources.h"
#include "syscalls/task.h"

#define PAGE       4096u
#define ARGS_LIMIT 244u         /* ps_arg_cache_limit less its header: longest title that may be set */
#define TEXT_LIMIT (256u << 10) /* of arguments or environment that are given out */

/* The process that the one argument names: session.lock is taken on success only. */
static int proc_named(struct sysctl_req *r, struct proc **p)
{
    if (r->narg != 1)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    *p = r->arg[0] == -1 ? r->c->proc : proc_find_locked(r->arg[0]);
    if (*p)
        return 0;
    pthread_mutex_unlock(&session.lock);
    return -ESRCH;
}

/* The same, but only what stays true without the lock. */
struct target {
    pid_t    pid;
    bool     self;
    uint64_t ps_strings, support, stack_top, stack_size;
};

static int target_named(struct sysctl_req *r, struct target *t)
{
    struct proc *p;
    int          err = proc_named(r, &p);

    if (err)
        return err;
    *t = (struct target){p->pid, p == r->c->proc, p->ps_strings, p->support, p->stack_top, p->stack_size};
    pthread_mutex_unlock(&session.lock);
    return 0;
}

/* ---- memory of a process ------------------------------------------------------ */

static int mem_read(struct sysctl_req *r, const struct target *t, uint64_t va, void *dst, size_t n)
{
    struct iovec here = {dst, n}, there = {(void *)(uintptr_t)va, n};

    if (t->self)
        return copy_in(r->c, dst, GVA(va), n);
    return process_vm_readv(t->pid, &here, 1, &there, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

/* Appends one string with its NUL, a piece at a time, never past the end of a page that it may end in. */
static int mem_str_out(struct sysctl_req *r, const struct target *t, uint64_t va)
{
    char piece[256];

    while (r->len < TEXT_LIMIT) {
        size_t n = PAGE - va % PAGE < sizeof(piece) ? PAGE - va % PAGE : sizeof(piece);
        size_t len;
        int    err = mem_read(r, t, va, piece, n);

        if (err)
            return err;
        len = strnlen(piece, n);
        err = sysctl_out(r, piece, len < n ? len + 1 : n);
        if (err || len < n)
            return err;
        va += n;
    }
    return 0;
}

static int strv_out(struct sysctl_req *r, const struct target *t, uint64_t vec, uint32_t count)
{
    uint64_t at;
    int      err = 0;

    for (uint32_t i = 0; i < count && !err && r->len < TEXT_LIMIT; i++) {
        err = mem_read(r, t, vec + 8 * i, &at, sizeof(at));
        if (err || !at)
            break;
        err = mem_str_out(r, t, at);
    }
    return err;
}

static int ps_strings_read(struct sysctl_req *r, struct target *t, struct fbsd_ps_strings *ps)
{
    int err = target_named(r, t);

    return err ? err : mem_read(r, t, t->ps_strings, ps, sizeof(*ps));
}

int proc_env(struct sysctl_req *r)
{
    struct fbsd_ps_strings ps;
    struct target          t;
    int                    err = ps_strings_read(r, &t, &ps);

    return err ? err : strv_out(r, &t, ps.envp, ps.envc);
}

/* The vector lies behind the environment's pointers and their NULL. */
int proc_auxv(struct sysctl_req *r)
{
    struct fbsd_ps_strings ps = {0};
    struct fbsd_auxinfo    aux = {.type = 1};
    struct target          t;
    int                    err = ps_strings_read(r, &t, &ps);
    uint64_t               at = ps.envp + 8 * ((uint64_t)ps.envc + 1);

    for (int i = 0; !err && aux.type && i < 64; i++, at += sizeof(aux)) {
        err = mem_read(r, &t, at, &aux, sizeof(aux));
        if (!err)
            err = sysctl_out(r, &aux, sizeof(aux));
    }
    return err;
}

/* ---- arguments ------------------------------------------------------------------ */

static char **title_split(const char *text, size_t len)
{
    char **v = calloc(len + 1, sizeof(*v));
    size_t n = 0;

    for (size_t at = 0; v && at < len; at += strnlen(text + at, len - at) + 1)
        v[n++] = strndup(text + at, len - at);
    return v;
}

static void title_replace(struct proc *p, char **v)
{
    char **old;

    pthread_mutex_lock(&session.lock);
    old = p->argv;
    p->argv = v;
    pthread_mutex_unlock(&session.lock);
    for (char **s = old; s && *s; s++)
        free(*s);
    free(old);
}

/* setproctitle: only of oneself.  An empty one brings the real arguments back. */
static int title_set(struct sysctl_req *r)
{
    char   text[ARGS_LIMIT];
    char **v = NULL;
    int    err;

    if (r->arg[0] != -1 && r->arg[0] != r->c->proc->pid)
        return -EPERM;
    if (r->newlen > sizeof(text))
        return -ENOMEM;
    err = copy_in(r->c, text, r->newp, r->newlen);
    if (err)
        return err;
    if (r->newlen) {
        v = title_split(text, r->newlen);
        if (!v)
            return -ENOMEM;
    }
    title_replace(r->c->proc, v);
    return 0;
}

int proc_args(struct sysctl_req *r)
{
    struct fbsd_ps_strings ps;
    struct target          t;
    struct proc           *p;
    bool                   known;
    int                    err = proc_named(r, &p);

    if (err)
        return err;
    if (r->writing && r->sizing) { /* nobody looks at the old ones */
        pthread_mutex_unlock(&session.lock);
        return title_set(r);
    }
    known = p->argv != NULL;
    for (char **s = p->argv; s && *s && !err; s++)
        err = sysctl_out_str(r, *s);
    pthread_mutex_unlock(&session.lock);
    if (!err && !known) {
        err = ps_strings_read(r, &t, &ps);
        if (!err)
            err = strv_out(r, &t, ps.argv, ps.argc);
    }
    return !err && r->writing ? title_set(r) : err;
}

/* ---- facts --------------------------------------------------------------------- */

int proc_pathname(struct sysctl_req *r)
{
    struct proc *p;
    int          err = proc_named(r, &p);

    if (err)
        return err;
    if (p->execpath)
        err = sysctl_out_str(r, p->execpath);
    pthread_mutex_unlock(&session.lock);
    return err;
}

int proc_sv_name(struct sysctl_req *r)
{
    struct target t;
    int           err = target_named(r, &t);

    return err ? err : sysctl_out_str(r, "FreeBSD ELF64");
}

/* Effective group first, then the supplementary ones. */
int proc_groups(struct sysctl_req *r)
{
    struct target t;
    char          line[1024], *s, *end;
    uint32_t      gid;
    int           err = target_named(r, &t);

    if (err)
        return err;
    if (!host_status_line(t.pid, "Gid:", line, sizeof(line)) || sscanf(line, "Gid: %*u %u", &gid) != 1)
        return -ESRCH;
    err = sysctl_out(r, &gid, sizeof(gid));
    if (!host_status_line(t.pid, "Groups:", line, sizeof(line)))
        return err;
    for (s = line + strlen("Groups:"); !err; s = end) {
        gid = (uint32_t)strtoul(s, &end, 10);
        if (end == s)
            break;
        err = sysctl_out(r, &gid, sizeof(gid));
    }
    return err;
}

/* Here the caller is 0, too (kern_proc.c, sysctl_kern_proc_umask). */
int proc_umask(struct sysctl_req *r)
{
    static const int caller = -1;
    struct target    t;
    char             line[256];
    unsigned         mask;
    uint16_t         out;
    int              err;

    if (r->narg == 1 && r->arg[0] == 0)
        r->arg = &caller;
    err = target_named(r, &t);
    if (err)
        return err;
    if (!host_status_line(t.pid, "Umask:", line, sizeof(line)) || sscanf(line, "Umask: %o", &mask) != 1)
        return -ESRCH;
    out = (uint16_t)mask;
    return sysctl_out(r, &out, sizeof(out));
}

/* A limit that a process gives itself: FreeBSD's numbers, and its infinity, the largest positive number. */
static int rlimit_set(struct sysctl_req *r, int64_t which)
{
    struct rlimit l;
    const int     err = copy_in(r->c, &l, r->newp, sizeof(l));

    if (err)
        return err;
    l.rlim_cur = l.rlim_cur >= INT64_MAX ? RLIM_INFINITY : l.rlim_cur;
    l.rlim_max = l.rlim_max >= INT64_MAX ? RLIM_INFINITY : l.rlim_max;
    return (int)sys_setrlimit(r->c, which, &l);
}

/* {kern.proc.rlimit, PID, resource}.  Another process's limits are only told. */
int proc_rlimit(struct sysctl_req *r)
{
    static const int64_t neutral[] = {RLIMIT_CPU,    RLIMIT_FSIZE,     RLIMIT_DATA,    RLIMIT_STACK,
                                      RLIMIT_CORE,   RLIMIT_RSS,       RLIMIT_MEMLOCK, RLIMIT_NPROC,
                                      RLIMIT_NOFILE, D_RLIMIT_SBSIZE,  RLIMIT_AS,      D_RLIMIT_NPTS,
                                      D_RLIMIT_SWAP, D_RLIMIT_KQUEUES, D_RLIMIT_UMTXP, D_RLIMIT_PIPEBUF};
    const unsigned       which = r->narg == 2 ? (unsigned)r->arg[1] : UINT_MAX;
    struct rlimit        l;
    struct proc         *p;
    int                  err;

    if (which >= sizeof(neutral) / sizeof(*neutral) || (r->writing && r->newlen != sizeof(l)))
        return -EINVAL;
    r->narg = 1;
    err = proc_named(r, &p);
    if (err)
        return err;
    if (r->writing && p != r->c->proc)
        err = -EPERM;
    if (!err)
        err = (int)rlimit_of_locked(p, neutral[which], &l);
    pthread_mutex_unlock(&session.lock);
    if (err)
        return err;
    l.rlim_cur = l.rlim_cur > INT64_MAX ? INT64_MAX : l.rlim_cur;
    l.rlim_max = l.rlim_max > INT64_MAX ? INT64_MAX : l.rlim_max;
    err = sysctl_out(r, &l, sizeof(l));
    return err || !r->writing ? err : rlimit_set(r, neutral[which]);
}

int proc_ps_strings(struct sysctl_req *r)
{
    struct target t;
    int           err = target_named(r, &t);

    return err ? err : sysctl_out(r, &t.ps_strings, sizeof(t.ps_strings));
}

/* What the program's note says, until the process or another of its user's says otherwise. */
int proc_osrel(struct sysctl_req *r)
{
    struct proc *p;
    int32_t new = 0;
    int err = 0;

    if (r->writing)
        err = r->newlen == sizeof(new) ? copy_in(r->c, &new, r->newp, sizeof(new)) : -EINVAL;
    if (!err)
        err = proc_named(r, &p);
    if (err)
        return err;
    if (r->writing && !subject_visible(r->c, p))
        err = -EPERM;
    if (!err)
        err = sysctl_out(r, &p->osrel, sizeof(p->osrel));
    if (!err && new < 0)
        err = -EINVAL;
    if (!err && r->writing)
        p->osrel = new;
    pthread_mutex_unlock(&session.lock);
    return err;
}

/* Unwinders look here for the trampoline that handlers return through. */
int proc_sigtramp(struct sysctl_req *r)
{
    struct fbsd_kinfo_sigtramp k = {0};
    struct target              t;
    uint8_t                   *page;
    int                        err = target_named(r, &t);

    if (err)
        return err;
    page = calloc(1, PAGE);
    if (!page)
        return -ENOMEM;
    k.start = t.support;
    k.end = t.support + r->c->abi->support_page(page, PAGE);
    free(page);
    return sysctl_out(r, &k, sizeof(k));
}

static void count_fd(int fd, struct ofile *of, int hostfd, bool cloexec, void *arg)
{
    (void)fd, (void)of, (void)hostfd, (void)cloexec;
    ++*(int32_t *)arg;
}

/* kern_descrip.c, sysctl_kern_proc_nfds: only the caller's own, which is 0 here. */
int proc_nfds(struct sysctl_req *r)
{
    int32_t n = 0;
    int     err;

    if (r->narg != 1 || r->arg[0] != 0)
        return -EINVAL;
    err = fdtable_lock(r->c, r->c->proc->fds);
    if (err)
        return err;
    fdtable_each(r->c->proc->fds, count_fd, &n);
    fdtable_unlock(r->c, r->c->proc->fds);
    return sysctl_out(r, &n, sizeof(n));
}

/* The thread of that number, or the first one of the process: its list ends with the oldest.  Under session.lock. */
static const struct task *thread_named_locked(const struct call *c, int32_t id)
{
    const struct proc *p;
    const struct task *t, *found = NULL;

    LIST_FOREACH(p, &session.procs, all)
        LIST_FOREACH(t, &p->tasks, link)
            if (t->state != TASK_GONE && (task_tid(t) == id || p->pid == id || (id == -1 && p == c->proc)))
                found = t;
    return found;
}

/* Where a thread's word is that holds signals back, sigfastblock(2) (kern_proc.c). */
int proc_sigfastblk(struct sysctl_req *r)
{
    const struct task *t;
    uint64_t           at = 0;
    int                err = -ESRCH;

    if (r->narg != 1)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    t = thread_named_locked(r->c, r->arg[0]);
    if (t)
        err = t->fastblock.set ? 0 : -ENOTTY;
    if (!err)
        at = t->fastblock.at;
    pthread_mutex_unlock(&session.lock);
    return err ? err : sysctl_out(r, &at, sizeof(at));
}

int proc_vm_layout(struct sysctl_req *r)
{
    struct fbsd_vm_layout l = {.min_user = PAGE, .max_user = 1ull << 47};
    struct target         t;
    int                   err = target_named(r, &t);

    if (err)
        return err;
    l.stack_addr = t.stack_top - t.stack_size;
    l.stack_size = t.stack_size;
    l.shp_addr = t.support;
    l.shp_size = PAGE;
    return sysctl_out(r, &l, sizeof(l));
}
