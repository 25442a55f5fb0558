/*
 * syscalls/pgrp.c: setpgid (FreeBSD sys/kern/kern_prot.c).
 *
 * The host lets a process move itself, and its parent move it while both are in one session; that is the provider.
 * A child in another session than that is asked to come by and move itself, and its parent waits until it has.
 */
#include "syscalls/pgrp.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/cred.h"
#include "syscalls/credentials.h"
#include "syscalls/door.h"

/* What a child is asked for, on the stack of its parent's handler.  Under session.lock. */
struct move {
    int          pgid;
    struct task *by;
    bool         done;
    int64_t      result;
};

int64_t pgrp_moved(pid_t pid, int64_t result)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    p = result < 0 ? NULL : proc_find_locked(pid);
    if (p) {
        p->pgid = getpgid(pid);
        p->sid = getsid(pid);
    }
    pthread_mutex_unlock(&session.lock);
    return result;
}

void pgrp_go(struct call *c)
{
    struct task *t = c->task;
    int64_t      r;
    int          pgid = -1;

    pthread_mutex_lock(&session.lock);
    if (t->move)
        pgid = t->move->pgid;
    pthread_mutex_unlock(&session.lock);
    if (pgid < 0)
        return;
    r = host_call(c, SYS_setpgid, 0, pgid);
    pthread_mutex_lock(&session.lock);
    if (t->move) { /* still waited for */
        t->move->result = r;
        t->move->done = true;
        task_wake(t->move->by);
    }
    t->move = NULL;
    pthread_mutex_unlock(&session.lock);
}

/* The thread that may go: one that can come by, and is on nobody's errand. */
static struct task *goer_locked(const struct proc *p)
{
    struct task *t;

    LIST_FOREACH(t, &p->tasks, link)
        if (t->state != TASK_GONE && !t->dead && !t->ending && !t->vforking && !t->move)
            return t;
    return NULL;
}

static bool ask(struct move *m, int pid)
{
    const struct proc *p;
    struct task       *t;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    t = p && !p->stopped ? goer_locked(p) : NULL;
    if (t) {
        t->move = m;
        door->kick(t);
    }
    pthread_mutex_unlock(&session.lock);
    return t;
}

/* -EAGAIN: it has not come yet. */
static int64_t answer(struct move *m, int pid, bool give_up)
{
    const struct proc *p;
    struct task       *t, *goer = NULL;
    int64_t            r = -ESRCH;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    if (p)
        LIST_FOREACH(t, &p->tasks, link)
            if (t->move == m)
                goer = t;
    if (m->done)
        r = m->result;
    else if (goer && (give_up || p->stopped || goer->dead || goer->vforking))
        r = -EPERM; /* it cannot come now, and nobody else can move it */
    else if (goer)
        r = -EAGAIN;
    if (goer && r != -EAGAIN)
        goer->move = NULL;
    if (goer && r == -EAGAIN)
        door->kick(goer);
    pthread_mutex_unlock(&session.lock);
    return r;
}

static int64_t child_goes(struct call *c, int pid, int pgid)
{
    struct move m = {.pgid = pgid, .by = c->task};
    int64_t     r = 0;

    task_sleep_prepare(c);
    if (!ask(&m, pid))
        return -EPERM;
    do {
        r = wait_a_while(c) < 0;
        task_sleep_prepare(c);
        r = answer(&m, pid, r != 0);
    } while (r == -EAGAIN);
    return r;
}

/* One that the host has forgotten is in no session. */
static bool apart(pid_t pid, pid_t other)
{
    const pid_t sid = getsid(pid);

    return sid >= 0 && sid != getsid(other);
}

/* A child of the caller in its session, not yet past its exec: 0, -ESRCH, -EPERM, -EACCES, in the kernel's order. */
static int child_that_may_move(struct call *c, int pid)
{
    struct proc *p;
    int          err = -ESRCH;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    if (p && p->parent == c->proc)
        err = apart(pid, c->proc->pid) ? -EPERM : p->execed ? -EACCES : 0;
    pthread_mutex_unlock(&session.lock);
    return err;
}

int64_t sys_setpgid(struct call *c, int pid, int pgid)
{
    int err;

    if (pgid < 0)
        return -EINVAL;
    if (pid == 0 || pid == c->proc->pid)
        return pgrp_moved(c->proc->pid, host_call(c, SYS_setpgid, 0, pgid));
    err = child_that_may_move(c, pid);
    if (err)
        return err;
    if (apart(pid, 0))
        return pgrp_moved(pid, child_goes(c, pid, pgid));
    return pgrp_moved(pid, setpgid(pid, pgid) ? -errno : 0);
}
