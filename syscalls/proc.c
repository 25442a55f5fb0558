/* syscalls/proc.c: the tree of guest processes. */
#include "syscalls/proc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "compat/aio.h"
#include "compat/kqueue.h"
#include "compat/procctl.h"
#include "compat/umtx.h"
#include "syscalls/code.h"
#include "syscalls/exec.h"
#include "syscalls/fdcheck.h"
#include "syscalls/fdshare.h"
#include "syscalls/mqueue.h"
#include "syscalls/procdesc.h"
#include "syscalls/sigqueue.h"
#include "syscalls/strv.h"
#include "syscalls/task.h"
#include "syscalls/timer.h"

struct session session = {.lock = PTHREAD_MUTEX_INITIALIZER, .arena_fd = -1, .gate_fd = -1};

static struct proc_bucket *bucket_of_pid(pid_t pid) { return &session.by_pid[(uint32_t)pid % PROC_BUCKETS]; }

static struct proc_bucket *bucket_of_space(uint64_t space) { return &session.by_space[space % PROC_BUCKETS]; }

struct proc *proc_find_any_locked(pid_t pid)
{
    struct proc *p;

    LIST_FOREACH(p, bucket_of_pid(pid), by_pid)
        if (p->pid == pid)
            return p;
    return NULL;
}

/* The host may have given the number of one that has ended, and that nobody has waited for, to another. */
struct proc *proc_child_locked(const struct proc *parent, pid_t pid)
{
    struct proc *p;

    LIST_FOREACH(p, bucket_of_pid(pid), by_pid)
        if (p->pid == pid && p->parent == parent)
            return p;
    return NULL;
}

struct proc *proc_find_locked(pid_t pid)
{
    struct proc *p = proc_find_any_locked(pid);

    return p && p->state == PROC_LIVE ? p : NULL;
}

struct task *task_find_locked(struct proc *p, int64_t guest_tid)
{
    struct task *t;

    LIST_FOREACH(t, &p->tasks, link)
        if (t->host_tid && task_tid(t) == guest_tid && t->state != TASK_GONE)
            return t;
    return NULL;
}

struct task *task_by_tid_locked(int64_t guest_tid)
{
    struct proc *p;
    struct task *t;

    LIST_FOREACH(p, &session.procs, all)
        if ((t = task_find_locked(p, guest_tid)))
            return t;
    return NULL;
}

void proc_set_argv(struct proc *p, const char *const *argv)
{
    int    count;
    char **v = argv_copy(argv, &count);

    argv_free(p->argv);
    p->argv = v;
}

/* What a child has of its parent: sigactions(2), fork(2). */
static void inherit(struct proc *p, const struct proc *from)
{
    memcpy(p->actions, from->actions, sizeof(p->sigacts->of));
    memcpy(p->comm, from->comm, sizeof(p->comm));
    p->osrel = from->osrel;
    memcpy(p->login, from->login, sizeof(p->login));
    p->support = from->support;
    p->stack_top = from->stack_top;
    p->stack_size = from->stack_size;
    p->ps_strings = from->ps_strings;
    p->brk_base = from->brk_base;
    p->brk = from->brk;
    p->issetugid = from->issetugid;
    p->capmode = from->capmode;
    p->trapcap = from->trapcap;
    p->no_new_privs = from->no_new_privs;
    memcpy(p->procctl, from->procctl, sizeof(p->procctl));
    procctl_fork(p);
    p->pgid = from->pgid;
    p->sid = from->sid;
    p->umask_hint = from->umask_hint;
    p->nofile = from->nofile;
    p->nofile_max = from->nofile_max;
    if (from->execpath)
        p->execpath = strdup(from->execpath);
    proc_set_argv(p, (const char *const *)from->argv);
}

static struct sigacts *sigacts_new(void)
{
    struct sigacts *s = calloc(1, sizeof(*s));

    if (s)
        s->refs = 1;
    return s;
}

static void sigacts_put_locked(struct sigacts *s)
{
    if (--s->refs == 0)
        free(s);
}

void proc_share_actions(struct proc *p, struct proc *from)
{
    pthread_mutex_lock(&session.lock);
    sigacts_put_locked(p->sigacts);
    from->sigacts->refs++;
    p->sigacts = from->sigacts;
    p->actions = p->sigacts->of;
    pthread_mutex_unlock(&session.lock);
}

void proc_own_actions(struct proc *p)
{
    struct sigacts *s = sigacts_new();

    if (!s)
        return;
    pthread_mutex_lock(&session.lock);
    memcpy(s->of, p->actions, sizeof(s->of));
    sigacts_put_locked(p->sigacts);
    p->sigacts = s;
    p->actions = s->of;
    pthread_mutex_unlock(&session.lock);
}

static void set_space_locked(struct proc *p, const struct proc *from)
{
    static uint64_t spaces;

    if (p->space && p->listed)
        LIST_REMOVE(p, by_space);
    p->space = from ? from->space : ++spaces;
    if (p->listed)
        LIST_INSERT_HEAD(bucket_of_space(p->space), p, by_space);
}

void proc_set_space(struct proc *p, const struct proc *from)
{
    pthread_mutex_lock(&session.lock);
    set_space_locked(p, from);
    pthread_mutex_unlock(&session.lock);
}

bool proc_space_shared(const struct proc *p)
{
    const struct proc *q;
    bool               shared = false;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(q, bucket_of_space(p->space), by_space)
        shared |= q != p && q->state == PROC_LIVE && q->space == p->space;
    pthread_mutex_unlock(&session.lock);
    return shared;
}

struct proc *proc_new(struct proc *parent, const struct abi *abi)
{
    struct proc *p = calloc(1, sizeof(*p));

    if (!p || !(p->sigacts = sigacts_new())) {
        free(p);
        return NULL;
    }
    p->actions = p->sigacts->of;
    p->abi = abi;
    p->parent = parent;
    p->refs = 1;
    p->exit_signal = abi->sig_from_host[17]; /* SIGCHLD */
    LIST_INIT(&p->children);
    LIST_INIT(&p->tasks);
    sigqueue_init(&p->pending, &p->nqueued);
    if (parent)
        inherit(p, parent);
    pthread_mutex_lock(&session.lock);
    p->listed = true;
    LIST_INSERT_HEAD(&session.procs, p, all);
    set_space_locked(p, NULL);
    if (parent)
        LIST_INSERT_HEAD(&parent->children, p, siblings);
    pthread_mutex_unlock(&session.lock);
    return p;
}

void proc_set_pid_locked(struct proc *p, pid_t pid)
{
    p->pid = pid;
    if (p->listed)
        LIST_INSERT_HEAD(bucket_of_pid(pid), p, by_pid);
}

static void pidfd_close(struct proc *p)
{
    const int held = __atomic_exchange_n(&p->pidfd, 0, __ATOMIC_ACQ_REL);

    if (held)
        close(held - 1);
}

/* Calls of killed tasks may have left references; nothing else may be wrong. */
static void table_free(struct fdtable *t)
{
    if (!fdtable_unref(t))
        return;
    fdcheck_at_exit(t, false);
    fdtable_free(t);
}

static void proc_free(struct proc *p)
{
    code_drop(p);
    pidfd_close(p);
    aio_proc_free(p);
    kqueue_proc_free(p);
    timer_proc_gone(p);
    mqueue_proc_gone(p);
    umtx_proc_gone(p);
    if (p->fds)
        table_free(p->fds);
    exec_image_free(p->exec);
    pthread_mutex_lock(&session.lock);
    sigacts_put_locked(p->sigacts);
    pthread_mutex_unlock(&session.lock);
    argv_free(p->argv);
    free(p->execpath);
    free(p->groups);
    free(p);
}

void proc_drop(struct proc *p)
{
    struct fdtable *fds;

    pthread_mutex_lock(&session.lock);
    fds = p->fds;
    p->fds = NULL;
    pthread_mutex_unlock(&session.lock);
    if (!fds)
        return;
    code_drop(p);
    pidfd_close(p);
    aio_proc_gone(p, false);
    kqueue_proc_free(p);
    mqueue_proc_gone(p);
    table_free(fds);
}

struct proc *proc_hold(pid_t pid)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    if (p)
        p->refs++;
    pthread_mutex_unlock(&session.lock);
    return p;
}

void proc_put(struct proc *p)
{
    bool last;

    pthread_mutex_lock(&session.lock);
    last = --p->refs == 0;
    pthread_mutex_unlock(&session.lock);
    if (last)
        proc_free(p);
}

static void unlink_locked(struct proc *p)
{
    p->listed = false;
    LIST_REMOVE(p, all);
    LIST_REMOVE(p, by_space);
    if (p->pid)
        LIST_REMOVE(p, by_pid);
    if (p->parent)
        LIST_REMOVE(p, siblings);
    p->parent = NULL;
}

void proc_reap_locked(struct proc *p)
{
    struct proc *parent = p->parent;

    if (parent) {
        /* wait4(2): the children's usage counts descendants that were waited for. */
        struct rusage *sum = &parent->children_rusage, *add[2] = {&p->rusage, &p->children_rusage};
        for (int i = 0; i < 2; i++) {
            timeradd(&sum->ru_utime, &add[i]->ru_utime, &sum->ru_utime);
            timeradd(&sum->ru_stime, &add[i]->ru_stime, &sum->ru_stime);
            if (add[i]->ru_maxrss > sum->ru_maxrss)
                sum->ru_maxrss = add[i]->ru_maxrss;
            sum->ru_minflt += add[i]->ru_minflt;
            sum->ru_majflt += add[i]->ru_majflt;
            sum->ru_inblock += add[i]->ru_inblock;
            sum->ru_oublock += add[i]->ru_oublock;
            sum->ru_nvcsw += add[i]->ru_nvcsw;
            sum->ru_nivcsw += add[i]->ru_nivcsw;
        }
    }
    procdesc_reaped_locked(p);
    unlink_locked(p);
    pthread_mutex_unlock(&session.lock);
    proc_put(p);
    pthread_mutex_lock(&session.lock);
}

void proc_abandon(struct proc *p)
{
    pthread_mutex_lock(&session.lock);
    procdesc_reaped_locked(p);
    unlink_locked(p);
    pthread_mutex_unlock(&session.lock);
    proc_put(p);
}
