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
#include "syscalls/procdesc.h"
#include "syscalls/session.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/task.h"
#include "syscalls/wait.h"

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
    int64_t  idtype; /* host P_*, neutral D_P_* */
    int64_t  id;
    uint64_t options; /* host W* */
};

/* The host forgets a process before we have heard of its end, and may give its number away after that. */
static pid_t pgid_of(const struct proc *p)
{
    const pid_t pgid = p->state == PROC_LIVE ? getpgid(p->pid) : -1;

    return pgid < 0 ? p->pgid : pgid;
}

static pid_t sid_of(const struct proc *p)
{
    const pid_t sid = p->state == PROC_LIVE ? getsid(p->pid) : -1;

    return sid < 0 ? p->sid : sid;
}

/* kern_exit.c, proc_to_reap: one that has a descriptor is found by name only. */
static bool matches(const struct proc *p, const struct want *w)
{
    switch (w->idtype) {
    case P_ALL: return !p->procdesc;
    case P_PID: return p->pid == w->id;
    case P_PGID: return pgid_of(p) == w->id;
    case D_P_SID: return sid_of(p) == w->id;
    case D_P_UID: return p->cred.euid == w->id;
    case D_P_GID: return p->cred.egid == w->id;
    case D_P_JAILID: return w->id == 0; /* nobody is in a jail */
    default: return false;
    }
}

static void found_ended(const struct proc *p, struct wait_found *f)
{
    f->status = status_of_zombie(p);
    f->code = WIFEXITED(p->wait_status) ? CLD_EXITED : WCOREDUMP(p->wait_status) ? CLD_DUMPED : CLD_KILLED;
    f->child_status = WIFEXITED(p->wait_status) ? WEXITSTATUS(p->wait_status) : death_signal(p);
}

static bool look_at(struct proc *p, uint64_t options, struct wait_found *f)
{
    bool keep = options & WNOWAIT;

    if (p->state == PROC_ZOMBIE && (options & WEXITED)) {
        found_ended(p, f);
    } else if (p->state == PROC_LIVE && p->wait_stopped && (options & WUNTRACED)) {
        f->status = p->stop_signal << 8 | 0x7f;
        f->code = CLD_STOPPED;
        f->child_status = p->stop_signal;
        p->wait_stopped = keep;
    } else if (p->state == PROC_LIVE && p->wait_continued && (options & WCONTINUED)) {
        f->status = signal_guest(p, SIGCONT); /* sys/wait.h: _WCONTINUED is SIGCONT */
        f->code = CLD_CONTINUED;
        f->child_status = f->status;
        p->wait_continued = keep;
    } else {
        return false;
    }
    f->pid = p->pid;
    f->uid = p->cred.euid;
    f->self = p->rusage;
    f->children = p->children_rusage;
    return true;
}

int wait_take_locked(struct proc *p, uint64_t options, struct wait_found *f)
{
    if (!look_at(p, options, f))
        return 0;
    if (p->parent && !(options & WNOWAIT))
        signal_child_waited_locked(p->parent, p->pid);
    if (p->state == PROC_ZOMBIE && !(options & WNOWAIT))
        proc_reap_locked(p);
    return 1;
}

bool wait_is_over(const struct proc *p, uint64_t options) { return p->state == PROC_ZOMBIE && !(options & WEXITED); }

/* 1: found; 0: there are such children, none ready; -ECHILD. */
static int wait_once_locked(struct proc *parent, const struct want *w, struct wait_found *f)
{
    struct proc *p;
    bool         any = false;

    if (w->idtype == P_PID) {
        p = w->id > 0 ? proc_child_locked(parent, (pid_t)w->id) : NULL;
        return p && !wait_is_over(p, w->options) ? wait_take_locked(p, w->options, f) : -ECHILD;
    }
    LIST_FOREACH(p, &parent->children, siblings) {
        if (!p->pid || !matches(p, w) || wait_is_over(p, w->options))
            continue;
        any = true;
        if (wait_take_locked(p, w->options, f))
            return 1;
    }
    return any ? 0 : -ECHILD;
}

static int64_t wait_common(struct call *c, const struct want *w, struct wait_found *f)
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
        if (!r && call_interrupted(c))
            r = -ERESTART; /* the child's signal comes before its wake-up, and ends the sleep (exit1, kern_wait6) */
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

void wait_happened_locked(struct proc *p)
{
    proc_wake_waiters_locked(p->parent);
    procdesc_wake_locked(p);
}

/* wait4's numbers: any child, one, or a group's. */
static struct want want_of_pid(int pid, uint64_t options)
{
    struct want w = {P_PID, pid, options | WEXITED | D_WTRAPPED};

    if (pid == -1) {
        w.idtype = P_ALL;
    } else if (pid < 0) {
        w.idtype = P_PGID;
        w.id = -(int64_t)pid;
    }
    return w;
}

/* kern_exit.c, kern_wait6: neither a process nor a group has the number 0; it means the caller's own group. */
static void own_group(struct call *c, struct want *w)
{
    if (w->id || (w->idtype != P_PID && w->idtype != P_PGID))
        return;
    w->idtype = P_PGID;
    w->id = getpgid(c->proc->pid);
}

int64_t sys_wait4(struct call *c, int pid, gva status, uint64_t options, gva rusage)
{
    struct want       w = want_of_pid(pid, options);
    struct wait_found f;
    int64_t           r, err = 0;

    own_group(c, &w);
    r = wait_common(c, &w, &f);
    if (r > 0 && status.va)
        err = put_int(c, status, f.status);
    if (r > 0 && !err && rusage.va)
        err = struct_out(c, c->row->args[3].of, rusage, &f.self);
    return err ? err : r;
}

bool wait_options_ok(uint64_t options) { return options & (WEXITED | WUNTRACED | WCONTINUED | D_WTRAPPED); }

int64_t wait_report(struct call *c, const struct wait_found *f, gva status, gva wrusage, void *info)
{
    const struct rusage both[2] = {f->self, f->children};
    struct ksiginfo    *k = info;
    int64_t             err = 0;

    if (status.va)
        err = put_int(c, status, f->status);
    if (!err && wrusage.va)
        err = struct_out(c, c->row->args[c->row->nargs - 2].of, wrusage, both);
    if (k)
        *k = (struct ksiginfo){.signo = signal_guest(c->proc, SIGCHLD),
                               .code = f->code,
                               .pid = f->pid,
                               .uid = f->uid,
                               .status = f->child_status};
    return err;
}

int64_t sys_wait6(struct call *c, int64_t idtype, uint64_t id, gva status, uint64_t options, gva wrusage, void *info)
{
    struct want       w = {idtype, (int64_t)id, options};
    struct wait_found f;
    int64_t           r, err = 0;

    if (!wait_options_ok(options))
        return -EINVAL;
    if (info)
        memset(info, 0, sizeof(struct ksiginfo));
    own_group(c, &w);
    r = wait_common(c, &w, &f);
    if (r > 0)
        err = wait_report(c, &f, status, wrusage, info);
    return err ? err : r;
}

/* ---- the end of a process ---------------------------------------------------------------------------- */

/* The signal that it was forked to send, when that is not SIGCHLD, says nothing; a reaper gets SIGCHLD (exit1). */
static void signal_parent_locked(struct proc *p, int chld)
{
    struct ksiginfo k = {.signo = p->parent->reaper ? chld : p->exit_signal};

    if (!k.signo)
        return;
    if (k.signo != chld) {
        k.code = p->abi->sigcode_from_host(k.signo, SI_KERNEL);
        signal_post_proc_locked(p->parent, &k);
        return;
    }
    k.pid = p->pid;
    k.uid = p->cred.ruid;
    k.code = WIFEXITED(p->wait_status) ? CLD_EXITED : WCOREDUMP(p->wait_status) ? CLD_DUMPED : CLD_KILLED;
    k.status = WIFEXITED(p->wait_status) ? WEXITSTATUS(p->wait_status) : death_signal(p);
    signal_post_child_locked(p->parent, &k);
}

/*
 * The zombie stays, and there is a signal, unless the parent does not want it: then it is its reaper's, who hears of
 * it instead (exit1).
 */
static void tell_parent_locked(struct proc *p)
{
    struct proc *parent = p->parent;
    int          chld;
    bool         unwanted;

    if (procdesc_exited_locked(p, status_of_zombie(p))) {
        wait_happened_locked(p); /* the descriptor tells, not a signal, and keeps the zombie */
        return;
    }
    if (!parent || parent->state == PROC_ZOMBIE) {
        if (p != session.first)
            proc_reap_locked(p);
        return;
    }
    chld = signal_guest(parent, SIGCHLD);
    unwanted = parent->actions[chld].handler == D_SIG_IGN || (parent->actions[chld].flags & D_SA_NOCLDWAIT);
    if (!unwanted)
        signal_parent_locked(p, chld);
    proc_wake_waiters_locked(parent);
    if (unwanted)
        proc_reap_locked(p); /* last: it lets go of the lock, and the parent may end meanwhile */
}

/* rfork(RFTHREAD): the peers end with their leader (kern_exit.c, exit1). */
static void end_peers_locked(struct proc *leader)
{
    struct proc *p;

    if (!leader->leads)
        return;
    LIST_FOREACH(p, &session.procs, all) {
        if (p->leader != leader)
            continue;
        p->leader = NULL;
        if (p->pid > 0 && p->state == PROC_LIVE)
            signal_post_proc_locked(p, &(struct ksiginfo){.signo = signal_guest(p, SIGKILL)});
    }
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

/* Whoever hears of the end finds closed what it had open (kern_exit.c, exit1). */
void proc_ended(struct proc *p)
{
    proc_drop(p);
    pthread_mutex_lock(&session.lock);
    orphan_children_locked(p); /* lets go of the lock: before the parent can see a zombie and reap it under our hands */
    p->state = PROC_ZOMBIE;
    if (session.trace)
        trace_exit(p, p->wait_status);
    kqueue_proc_event_locked(p, KQ_NOTE_EXIT, p->wait_status);
    end_peers_locked(p);
    if (p == session.first) {
        session.first_status = p->wait_status;
    } else {
        tell_parent_locked(p);
    }
    session_proc_ended(p == session.first);
    pthread_mutex_unlock(&session.lock);
}

void proc_exited(int pid, int status, const struct rusage *ru)
{
    struct proc *p = proc_hold(pid);
    bool         last;

    if (!p)
        return;
    tasks_end(p, NULL); /* a tracer thread ends its own */
    pthread_mutex_lock(&session.lock);
    p->wait_status = status;
    p->rusage = *ru;
    p->state = PROC_ENDING;
    last = p->ntasks == 0;
    pthread_mutex_unlock(&session.lock);
    if (last)
        proc_ended(p);
    proc_put(p);
}
