/* syscalls/fork.c: fork, vfork, rfork, exit. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "compat/kqueue.h"
#include "compat/reaper.h"
#include "compat/umtx.h"
#include "syscalls/code.h"
#include "syscalls/cred.h"
#include "syscalls/door.h"
#include "syscalls/fdcheck.h"
#include "syscalls/fdshare.h"
#include "syscalls/fork.h"
#include "syscalls/handlers.h"
#include "syscalls/sigfastblock.h"
#include "syscalls/task.h"

/* What is to become of the new process. */
struct plan {
    uint64_t         rf;    /* RF* */
    uint64_t         clone; /* host CLONE_* */
    struct procdesc *pd;
    bool             drop_handlers; /* RFSPAWN: caught signals are at their default */
};

/* kern_fork.c, do_fork: what the parent hears of the end. */
static int exit_signal(const struct abi *abi, uint64_t rf)
{
    if (rf & RFTSIGZMB)
        return (int)RFTSIGNUM(rf);
    return abi->sig_from_host[rf & RFLINUXTHPN ? SIGUSR1 : SIGCHLD];
}

static void drop_handlers(struct proc *p)
{
    for (int s = 1; s <= SIG_MAX; s++)
        if (p->actions[s].handler != D_SIG_DFL && p->actions[s].handler != D_SIG_IGN)
            p->actions[s] = (struct ksigaction){.handler = D_SIG_DFL};
}

/* RFNOWAIT: never a child of the caller's, but of whoever gets orphans. */
static void disown_locked(struct proc *p)
{
    struct proc *parent = p->parent;

    LIST_REMOVE(p, siblings);
    reaper_give_locked(p, parent);
}

/* A peer's leader is whoever made the first of them (RFTHREAD). */
static struct proc *leader_of(struct proc *p) { return p->leader ? p->leader : p; }

static void lead_locked(struct proc *leader, struct proc *p)
{
    p->leader = leader;
    leader->leads = true;
}

static void proc_plan(struct call *c, struct proc *p, const struct plan *plan)
{
    if (plan->rf & RFSIGSHARE)
        proc_share_actions(p, c->proc);
    if (plan->drop_handlers)
        drop_handlers(p);
    p->exit_signal = exit_signal(c->abi, plan->rf);
    p->vdso = c->proc->vdso;
    if (plan->clone & CLONE_VM) {
        proc_set_space(p, c->proc);
        p->umtx_auto_waits = c->proc->umtx_auto_waits;
    }
    pthread_mutex_lock(&session.lock);
    if (plan->rf & RFTHREAD)
        lead_locked(leader_of(c->proc), p);
    if (plan->rf & RFNOWAIT)
        disown_locked(p);
    if (plan->pd)
        procdesc_bind_locked(plan->pd, p);
    pthread_mutex_unlock(&session.lock);
}

/* The child as it is before it has a host process.  NULL: no memory. */
static struct task *child_make(struct call *c, const struct plan *plan)
{
    struct proc *p = proc_new(c->proc, c->abi);
    struct task *t = p ? task_new(p) : NULL;

    if (t && umtx_inherit(t, c->task)) {
        task_unmake(t, t->index);
        t = NULL;
    }
    if (p && !t)
        proc_abandon(p);
    if (!t)
        return NULL;
    proc_plan(c, p, plan);
    cred_inherit(c, t);
    t->area->mask = c->task->area->mask;
    t->altstack = c->task->altstack;
    sigfastblock_inherit(t, c->task);
    t->exterr = c->task->exterr;
    memcpy(t->name, c->task->name, sizeof(t->name));
    t->area->provider_pid = (uint32_t)session.provider_pid;
    return t;
}

/* What the child has of the parent's descriptors, and its working directory and umask with them (kern_fork.c). */
enum fds { FDS_COPY, FDS_SHARE, FDS_NONE };

static struct fdtable *child_fds(struct call *c, enum fds fds)
{
    switch (fds) {
    case FDS_SHARE:
        c->task->area->alone = 0; /* from now on another process may close what we use */
        return fdtable_share(c->proc->fds);
    case FDS_NONE: return fdtable_new();
    default: return fdtable_copy(c->proc->fds);
    }
}

static enum fds fds_of(uint64_t flags) { return flags & RFFDG ? FDS_COPY : flags & RFCFDG ? FDS_NONE : FDS_SHARE; }

/*
 * The table's lock is held over the host's clone, so that our copy of the
 * descriptors and the host's are of the same moment.
 */
static int64_t clone_with_fds(struct call *c, struct task *t, const struct plan *plan, const struct regs *r)
{
    const enum fds fds = fds_of(plan->rf);
    const uint64_t flags = plan->clone | (fds == FDS_SHARE ? CLONE_FILES | CLONE_FS : 0);
    struct proc   *p = t->proc;
    int64_t        pid = fdtable_lock(c, c->proc->fds);

    if (pid)
        return pid;
    p->fds = child_fds(c, fds);
    p->closes_first = fds == FDS_NONE;
    c->task->vforking = plan->clone & CLONE_VFORK;
    pid = p->fds ? door->clone(c->task, t, flags, 0, r) : -ENOMEM;
    c->task->vforking = false;
    fdtable_unlock(c, c->proc->fds);
    return pid;
}

/* And so it is with the code that was rewritten. */
static int64_t clone_with_code(struct call *c, struct task *t, const struct plan *plan, const struct regs *r)
{
    const bool shares = plan->clone & CLONE_VM;
    int64_t    pid = code_ops ? code_ops->fork_begin(c, t->proc, shares) : 0;

    if (pid)
        return pid;
    pid = clone_with_fds(c, t, plan, r);
    if (code_ops)
        code_ops->fork_end(c, shares);
    return pid;
}

/* -ERESTART: none was made, for a host signal came before it. */
static int64_t fork_once(struct call *c, const struct plan *plan)
{
    struct task *t = child_make(c, plan);
    struct regs  r;
    struct proc *p;
    uint32_t     index;
    int64_t      pid;

    if (!t)
        return -EAGAIN;
    p = t->proc;
    index = t->index;
    door->regs_get(c->task, &r);
    c->abi->fork_child(&r);
    pid = clone_with_code(c, t, plan, &r);
    if (pid < 0) {
        if (task_unmake(t, index))
            proc_abandon(p);
        return pid;
    }
    if (plan->pd)
        procdesc_born(plan->pd, (int)pid);
    pthread_mutex_lock(&session.lock);
    /* The parent may wait for it before its first call; it may as well be gone already. */
    if (task_by_index_locked(index) == t && !t->host_tid)
        task_adopt_locked(t, (pid_t)pid);
    kqueue_proc_event_locked(c->proc, KQ_NOTE_FORK, pid);
    pthread_mutex_unlock(&session.lock);
    return pid;
}

/* What was sent to a whole group before a fork is delivered before it, and the call made again (kern_fork.c, fork1). */
static int64_t fork_planned(struct call *c, const struct plan *plan)
{
    int64_t r = -ERESTART;

    while (r == -ERESTART && !call_interrupted(c))
        r = fork_once(c, plan);
    c->early = r == -ERESTART;
    return r;
}

#define FORK_CLONE (CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD)

int64_t sys_fork(struct call *c) { return fork_planned(c, &(struct plan){.rf = RFPROC | RFFDG, .clone = FORK_CLONE}); }

int64_t sys_vfork(struct call *c)
{
    return fork_planned(c, &(struct plan){.rf = RFPROC | RFFDG | RFMEM, .clone = FORK_CLONE | CLONE_VM | CLONE_VFORK});
}

/* What FreeBSD knows, without what only its kernel may ask for (RFSTOPPED, RFHIGHPID, RFPROCDESC). */
#define RF_KNOWN (RFFDG | RFPROC | RFMEM | RFNOWAIT | RFCFDG | RFTHREAD | RFSIGSHARE | RFLINUXTHPN | RFTSIGZMB)

/* kern_fork.c, sys_rfork and fork1. */
static int flags_check(const struct call *c, uint64_t rf)
{
    if (rf & ~(uint64_t)(RF_KNOWN | 0xffu << 20))
        return -EINVAL;
    if (RFTSIGNUM(rf) && !(rf & RFTSIGZMB))
        return -EINVAL;
    if ((rf & RFTSIGZMB) && RFTSIGNUM(rf) > c->abi->nsig)
        return -EINVAL;
    return (rf & (RFFDG | RFCFDG)) == (RFFDG | RFCFDG) ? -EINVAL : 0;
}

static bool has_threads(struct call *c)
{
    bool many;

    pthread_mutex_lock(&session.lock);
    many = c->proc->ntasks > 1;
    pthread_mutex_unlock(&session.lock);
    return many;
}

/* Without RFPROC the flags are for the caller itself (kern_fork.c, fork_norfproc). */
static int64_t rfork_self(struct call *c, uint64_t flags)
{
    int r;

    if (!(flags & (RFFDG | RFCFDG)))
        return 0;
    if (fdtable_is_shared(c->proc->fds) && has_threads(c))
        return -EOPNOTSUPP; /* each host thread would have to be told */
    r = fdtable_unshare(c);
    return r || !(flags & RFCFDG) ? r : fd_close_range(c, 0, ~0u, 0);
}

int64_t fork_with(struct call *c, uint64_t rf, struct procdesc *pd)
{
    struct plan plan = {.rf = rf, .clone = FORK_CLONE | (rf & RFMEM ? CLONE_VM : 0), .pd = pd};
    int         err;

    if (rf == RFSPAWN) {
        plan.rf = RFPROC | RFFDG | RFMEM;
        plan.clone = FORK_CLONE | CLONE_VM | CLONE_VFORK;
        plan.drop_handlers = true;
        return fork_planned(c, &plan);
    }
    err = flags_check(c, rf);
    if (err)
        return err;
    if (!(rf & RFPROC))
        return rfork_self(c, rf);
    return fork_planned(c, &plan);
}

int64_t sys_rfork(struct call *c, uint64_t flags) { return fork_with(c, flags, NULL); }

int64_t sys_exit(struct call *c, int status)
{
    umtx_proc_exit(c);
    if (c->proc->ntasks == 1 && !fdtable_is_shared(c->proc->fds)) /* no other call is in flight */
        fdcheck_at_exit(c->proc->fds, true);
    door->finish(c->task, SYS_exit_group, status & 0xff);
    return -ESRCH;
}
