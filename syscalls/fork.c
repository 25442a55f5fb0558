/* syscalls/fork.c: fork, vfork, rfork, exit. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "compat/kqueue.h"
#include "syscalls/code.h"
#include "syscalls/door.h"
#include "syscalls/fdcheck.h"
#include "syscalls/fdshare.h"
#include "syscalls/handlers.h"
#include "syscalls/task.h"

/* The child as it is before it has a host process.  NULL: no memory. */
static struct task *child_make(struct call *c)
{
    struct proc *p = proc_new(c->proc, c->abi);
    struct task *t = p ? task_new(p) : NULL;

    if (p && !t)
        proc_abandon(p);
    if (!t)
        return NULL;
    t->mask = c->task->mask;
    t->altstack = c->task->altstack;
    memcpy(t->name, c->task->name, sizeof(t->name));
    t->area->provider_pid = (uint32_t)session.provider_pid;
    return t;
}

/* What the child has of the parent's descriptors, and its working directory and umask with them (kern_fork.c). */
enum fds { FDS_COPY, FDS_SHARE, FDS_NONE };

static struct fdtable *child_fds(struct call *c, enum fds fds)
{
    switch (fds) {
    case FDS_SHARE: return fdtable_share(c->proc->fds);
    case FDS_NONE: return fdtable_new();
    default: return fdtable_copy(c->proc->fds);
    }
}

/*
 * The table's lock is held over the host's clone, so that our copy of the
 * descriptors and the host's are of the same moment.
 */
static int64_t clone_with_fds(struct call *c, struct task *t, uint64_t flags, enum fds fds, const struct regs *r)
{
    struct proc *p = t->proc;
    int64_t      pid = fdtable_lock(c, c->proc->fds);

    if (pid)
        return pid;
    p->fds = child_fds(c, fds);
    p->closes_first = fds == FDS_NONE;
    if (fds == FDS_SHARE)
        flags |= CLONE_FILES | CLONE_FS;
    pid = p->fds ? door->clone(c->task, t, flags, 0, r) : -ENOMEM;
    fdtable_unlock(c, c->proc->fds);
    return pid;
}

/* And so it is with the code that was rewritten. */
static int64_t clone_with_code(struct call *c, struct task *t, uint64_t flags, enum fds fds, const struct regs *r)
{
    const bool shares = flags & CLONE_VM;
    int64_t    pid = code_ops ? code_ops->fork_begin(c, t->proc, shares) : 0;

    if (pid)
        return pid;
    pid = clone_with_fds(c, t, flags, fds, r);
    if (code_ops)
        code_ops->fork_end(c, shares);
    return pid;
}

static int64_t fork_common(struct call *c, uint64_t flags, enum fds fds)
{
    struct task *t = child_make(c);
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
    pid = clone_with_code(c, t, flags | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, fds, &r);
    if (pid < 0) {
        if (task_unmake(t, index))
            proc_abandon(p);
        return pid;
    }
    pthread_mutex_lock(&session.lock);
    /* The parent may wait for it before its first call; it may as well be gone already. */
    if (task_by_index_locked(index) == t && !t->host_tid)
        task_adopt_locked(t, (pid_t)pid);
    kqueue_proc_event_locked(c->proc, KQ_NOTE_FORK, pid);
    pthread_mutex_unlock(&session.lock);
    return pid;
}

int64_t sys_fork(struct call *c) { return fork_common(c, 0, FDS_COPY); }

int64_t sys_vfork(struct call *c) { return fork_common(c, CLONE_VM | CLONE_VFORK, FDS_COPY); }

/* rfork(2) flags, sys/unistd.h */
#define RFFDG    (1u << 2)
#define RFPROC   (1u << 4)
#define RFMEM    (1u << 5)
#define RFCFDG   (1u << 12)
#define RFPPWAIT (1u << 31)

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

static enum fds fds_of(uint64_t flags)
{
    return flags & RFFDG ? FDS_COPY : flags & RFCFDG ? FDS_NONE : FDS_SHARE;
}

int64_t sys_rfork(struct call *c, uint64_t flags)
{
    if ((flags & (RFFDG | RFCFDG)) == (RFFDG | RFCFDG))
        return -EINVAL;
    if (!(flags & RFPROC))
        return flags & (RFMEM | RFPPWAIT) ? -EINVAL : rfork_self(c, flags);
    if ((flags & RFMEM) && (flags & RFPPWAIT))
        return fork_common(c, CLONE_VM | CLONE_VFORK, fds_of(flags));
    if (flags & RFMEM)
        return -EOPNOTSUPP;
    return fork_common(c, 0, fds_of(flags));
}

int64_t sys_exit(struct call *c, int status)
{
    if (c->proc->ntasks == 1 && !fdtable_is_shared(c->proc->fds)) /* no other call is in flight */
        fdcheck_at_exit(c->proc->fds, true);
    door->finish(c->task, SYS_exit_group, status & 0xff);
    return -ESRCH;
}
