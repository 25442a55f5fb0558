/* syscalls/wait.c: wait4, wait6, and the end of a process. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/kqueue.h"
#include "compat/reaper.h"
#include "loader/trace.h"
#include "syscalls/door.h"
#include "syscalls/handlers.h"
#include "syscalls/session.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/task.h"

/* ---- status words: the encoding that every Unix shares, with the guest's signal numbers -------- */

static int death_signal(const struct proc *p)
{
    int sig = signal_guest(p, WTERMSIG(p->wait_status));

    /* A signal that the host does not have was carried out as SIGKILL. */
    return p->fault_signal && (sig == signal_guest(p, SIGKILL) || !sig) ? p->fault_signal : sig;
}

static int status_of_zombie(const struct proc *p)
{
    if (WIFEXITED(p->wait_status))
        return WEXITSTATUS(p->wait_status) << 8;
    return death_signal(p) | (WCOREDUMP(p->wait_status) ? 0x80 : 0);
}

/* ---- waiting -------------------------------------------------------------------------------------- */

struct want {
    int64_t  idtype; /* host P_* */
    int64_t  id;
    uint64_t options; /* host W* */
};

struct found {
    int             pid, status, code, child_status;
    uint32_t        uid;
    struct rusage   self, children;
};

static bool matches(const struct proc *p, const struct want *w)
{
    switch (w->idtype) {
    case P_ALL:
        return true;
    case P_PID:
        return p->pid == w->id;
    case P_PGID:
        return p->state == PROC_ZOMBIE ? p->zombie_pgid == w->id : getpgid(p->pid) == w->id;
    default:
        return false;
    }
}

static bool look_at(struct proc *p, const struct want *w, struct found *f)
{
    bool keep = w->options & WNOWAIT;

    if (p->state == PROC_ZOMBIE && (w->options & WEXITED)) {
        f->status = status_of_zombie(p);
        f->code = WIFEXITED(p->wait_status) ? CLD_EXITED : WCOREDUMP(p->wait_status) ? CLD_DUMPED : CLD_KILLED;
        f->child_status = WIFEXITED(p->wait_status) ? WEXITSTATUS(p->wait_status) : death_signal(p);
    } else if (p->state == PROC_LIVE && p->wait_stopped && (w->options & WUNTRACED)) {
        f->status = p->stop_signal << 8 | 0x7f;
        f->code = CLD_STOPPED;
        f->child_status = p->stop_signal;
        p->wait_stopped = keep;
    } else if (p->state == PROC_LIVE && p->wait_continued && (w->options & WCONTINUED)) {
        f->status = signal_guest(p, SIGCONT); /* sys/wait.h: _WCONTINUED is SIGCONT */
        f->code = CLD_CONTINUED;
        f->child_status = f->status;
        p->wait_continued = keep;
    } else {
        return false;
    }
    f->pid = p->pid;
    f->self = p->rusage;
    f->children = p->children_rusage;
    return true;
}

/* 1: found, reaped unless WNOWAIT; 0: there are such children, none ready; -ECHILD. */
static int wait_once_locked(struct proc *parent, const struct want *w, struct found *f)
{
    struct proc *p, *next;
    bool         any = false;

    for (p = LIST_FIRST(&parent->children); p; p = next) {
        next = LIST_NEXT(p, siblings);
        if (!p->pid || !matches(p, w))
            continue;
        any = true;
        if (!look_at(p, w, f))
            continue;
        if (p->state == PROC_ZOMBIE && !(w->options & WNOWAIT))
            proc_reap_locked(p);
        return 1;
    }
    return any ? 0 : -ECHILD;
}

static int64_t wait_common(struct call *c, const struct want *w, struct found *f)
{
    struct task *t = c->task;
    int          r;

    memset(f, 0, sizeof(*f));
    for (;;) {
        task_sleep_prepare(c);
        pthread_mutex_lock(&session.lock);
        r = wait_once_locked(c->proc, w, f);
        t->waits_child = r == 0 && !(w->options & WNOHANG);
        pthread_mutex_unlock(&session.lock);
        if (r || (w->options & WNOHANG))
            return r < 0 ? r : f->pid;
        r = task_sleep(c, NULL);
        t->waits_child = false;
        if (r)
            return r;
    }
}

void proc_wake_waiters_locked(struct proc *p)
{
    struct task *t;

    if (!p)
        return;
    LIST_FOREACH(t, &p->tasks, link)
        if (t->waits_child)
            task_wake(t);
}

int64_t sys_wait4(struct call *c, int pid, gva status, uint64_t options, void *rusage)
{
    struct want  w = {P_PID, pid, options | WEXITED};
    struct found f;
    int64_t      r;

    if (pid == -1) {
        w.idtype = P_ALL;
    } else if (pid <= 0) {
        w.idtype = P_PGID;
        w.id = pid ? -pid : getpgid(c->proc->pid);
    }
    r = wait_common(c, &w, &f);
    if (r > 0 && status.va) {
        int err = put_int(c, status, f.status);
        if (err)
            return err;
    }
    if (r > 0 && rusage)
        memcpy(rusage, &f.self, sizeof(f.self));
    return r;
}

int64_t sys_wait6(struct call *c, int64_t idtype, uint64_t id, gva status, uint64_t options, void *wrusage, void *info)
{
    struct want     w = {idtype, (int64_t)id, options};
    struct found    f;
    struct ksiginfo k = {0};
    int64_t         r;

    if (!(options & (WEXITED | WUNTRACED | WCONTINUED)))
        return -EINVAL;
    r = wait_common(c, &w, &f);
    if (r > 0 && status.va) {
        int err = put_int(c, status, f.status);
        if (err)
            return err;
    }
    if (r > 0 && wrusage) {
        memcpy(wrusage, &f.self, sizeof(f.self));
        memcpy((char *)wrusage + sizeof(f.self), &f.children, sizeof(f.children));
    }
    if (r > 0) {
        k.signo = signal_guest(c->proc, SIGCHLD);
        k.code = f.code;
        k.pid = f.pid;
        k.status = f.child_status;
    }
    if (r >= 0 && info)
        memcpy(info, &k, sizeof(k));
    return r;
}

/* ---- the end of a process ---------------------------------------------------------------------------- */

/* SIGCHLD, and the zombie stays unless the parent does not want it. */
static void tell_parent_locked(struct proc *p)
{
    struct proc    *parent = p->parent;
    int             chld;
    struct ksiginfo k;

    if (!parent || parent->state != PROC_LIVE) {
        if (p != session.first)
            proc_reap_locked(p);
        return;
    }
    chld = signal_guest(parent, SIGCHLD);
    k = (struct ksiginfo){.signo = p->exit_signal, .pid = p->pid};
    k.code = WIFEXITED(p->wait_status) ? CLD_EXITED : WCOREDUMP(p->wait_status) ? CLD_DUMPED : CLD_KILLED;
    k.status = WIFEXITED(p->wait_status) ? WEXITSTATUS(p->wait_status) : death_signal(p);
    if (parent->actions[chld].handler == D_SIG_IGN || (parent->actions[chld].flags & D_SA_NOCLDWAIT))
        proc_reap_locked(p);
    if (k.signo)
        signal_post_proc_locked(parent, &k);
    proc_wake_waiters_locked(parent);
}

static void orphan_children_locked(struct proc *p)
{
    struct proc *child;

    while ((child = LIST_FIRST(&p->children))) {
        LIST_REMOVE(child, siblings);
        reaper_adopt_locked(child, p);
        if (child->state == PROC_ZOMBIE)
            tell_parent_locked(child); /* init waits for it at once */
    }
}

void proc_exited(int pid, int status, const struct rusage *ru)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    if (p)
        p->refs++;
    pthread_mutex_unlock(&session.lock);
    if (!p)
        return;
    tasks_end(p, NULL); /* a tracer thread ends its own */
    pthread_mutex_lock(&session.lock);
    p->wait_status = status;
    p->rusage = *ru;
    p->state = PROC_ZOMBIE;
    if (session.trace)
        trace_exit(p, status);
    kqueue_proc_event_locked(p, KQ_NOTE_EXIT, status);
    orphan_children_locked(p);
    if (p == session.first) {
        session.first_status = status;
        session_first_ended();
    } else {
        tell_parent_locked(p);
    }
    pthread_mutex_unlock(&session.lock);
    proc_put(p);
}
