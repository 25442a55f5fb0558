#include "compat/reaper.h"

#include <errno.h>
#include <signal.h>

#include "syscalls/sigdeliver.h"
#include "syscalls/signal.h"
#include "syscalls/task.h"

#define SI_KERNEL_BSD 0x10006

struct proc *reaper_above_locked(const struct proc *p)
{
    struct proc *up = p->parent;

    while (up && !(up->reaper && up->state == PROC_LIVE))
        up = up->parent;
    return up;
}

bool reaper_is_below_locked(const struct proc *p, const struct proc *top)
{
    do
        p = p->parent;
    while (p && p != top);
    return p;
}

void reaper_give_locked(struct proc *child, const struct proc *from)
{
    struct proc *reaper = from->reaper ? (struct proc *)from : reaper_above_locked(from);

    child->parent = reaper;
    tasks_tell_parent_locked(child);
    if (reaper)
        LIST_INSERT_HEAD(&reaper->children, child, siblings);
}

void reaper_adopt_locked(struct proc *child, const struct proc *dead)
{
    struct ksiginfo k = {.signo = child->pdeathsig, .code = SI_KERNEL_BSD, .pid = dead->pid};
    struct proc    *reaper = reaper_above_locked(dead);

    child->parent = reaper;
    child->exit_signal = signal_guest(child, SIGCHLD); /* kern_exit.c, exit1: an orphan sends no other */
    tasks_tell_parent_locked(child);
    if (reaper)
        LIST_INSERT_HEAD(&reaper->children, child, siblings);
    if (k.signo && child->state == PROC_LIVE)
        signal_post_proc_locked(child, &k);
}

int64_t reap_acquire(struct call *c)
{
    int err;

    pthread_mutex_lock(&session.lock);
    err = c->proc->reaper ? -EBUSY : 0;
    c->proc->reaper = true;
    pthread_mutex_unlock(&session.lock);
    return err;
}

int64_t reap_release(struct call *c)
{
    int err;

    pthread_mutex_lock(&session.lock);
    err = c->proc->reaper ? 0 : -EINVAL;
    c->proc->reaper = false;
    pthread_mutex_unlock(&session.lock);
    return err;
}

/* The process itself when it is a reaper, else the one above it; NULL: init. */
static struct proc *reaper_of_locked(struct proc *p) { return p->reaper ? p : reaper_above_locked(p); }

/* The reaper's child whose subtree holds p: p itself for a child. */
static const struct proc *subtree_of(const struct proc *p, const struct proc *reaper)
{
    while (p->parent != reaper)
        p = p->parent;
    return p;
}

/* ---- PROC_REAP_STATUS ----------------------------------------------------------- */

enum { STATUS_OWNED = 1, STATUS_REALINIT = 2 };

struct status {
    uint32_t flags, children, descendants;
    int32_t  reaper, pid;
    uint32_t pad[15];
};

static void status_fill_locked(struct proc *of, struct status *s)
{
    const struct proc *reaper = reaper_of_locked(of), *p;

    s->pid = -1;
    s->flags = of->reaper ? STATUS_OWNED : 0;
    s->reaper = reaper ? reaper->pid : 1;
    if (!reaper)
        s->flags |= STATUS_REALINIT;
    LIST_FOREACH(p, &session.procs, all) {
        if (!reaper || reaper_above_locked(p) != reaper)
            continue;
        s->descendants++;
        s->children += p->parent == reaper;
        if (s->pid < 0 || p->parent == reaper)
            s->pid = p->pid;
    }
}

int64_t reap_status(struct call *c, pid_t pid, gva data)
{
    struct status s = {0};
    struct proc  *of;

    pthread_mutex_lock(&session.lock);
    of = proc_find_locked(pid);
    if (of)
        status_fill_locked(of, &s);
    pthread_mutex_unlock(&session.lock);
    return of ? copy_out(c, data, &s, sizeof(s)) : -ESRCH;
}

/* ---- PROC_REAP_GETPIDS ------------------------------------------------------------- */

enum { PID_VALID = 1, PID_CHILD = 2, PID_REAPER = 4, PID_ZOMBIE = 8, PID_STOPPED = 16, PID_EXITING = 32 };

struct pidinfo {
    int32_t  pid, subtree;
    uint32_t flags, pad[15];
};

struct pids {
    uint32_t count, pad[15];
    uint64_t pids;
};

#define PIDS_MAX 64 /* at a time: the handler's stack is small */

static uint32_t pid_flags(const struct proc *p, const struct proc *reaper)
{
    uint32_t flags = PID_VALID;

    flags |= p->parent == reaper ? PID_CHILD : 0;
    flags |= p->reaper ? PID_REAPER : 0;
    flags |= p->stopped ? PID_STOPPED : 0;
    flags |= p->state == PROC_ZOMBIE ? PID_ZOMBIE : 0;
    flags |= p->state == PROC_ENDING ? PID_EXITING : 0;
    return flags;
}

/* How many of the reaper's descendants were written, from the skip'th on. */
static uint32_t pids_fill_locked(const struct proc *reaper, struct pidinfo *out, uint32_t max, uint32_t skip)
{
    const struct proc *p;
    uint32_t           n = 0;

    LIST_FOREACH(p, &session.procs, all) {
        if (!reaper || reaper_above_locked(p) != reaper)
            continue;
        if (skip) {
            skip--;
            continue;
        }
        if (n == max)
            break;
        out[n++] = (struct pidinfo){
            .pid = p->pid,
            .subtree = subtree_of(p, reaper)->pid,
            .flags = pid_flags(p, reaper),
        };
    }
    return n;
}

/* What lies behind the last entry is left as it is: callers clear the list and look for PID_VALID (procctl(2)). */
int64_t reap_getpids(struct call *c, pid_t pid, gva data)
{
    struct proc   *of;
    struct pidinfo some[PIDS_MAX];
    struct pids    ask;
    uint32_t       done = 0, n;
    int            err = copy_in(c, &ask, data, sizeof(ask));

    if (err)
        return err;
    do {
        const uint32_t room = ask.count - done < PIDS_MAX ? ask.count - done : PIDS_MAX;

        pthread_mutex_lock(&session.lock);
        of = proc_find_locked(pid);
        n = of ? pids_fill_locked(reaper_of_locked(of), some, room, done) : 0;
        pthread_mutex_unlock(&session.lock);
        if (!of)
            return done ? 0 : -ESRCH;
        err = n ? copy_out(c, GVA(ask.pids + done * sizeof(*some)), some, n * sizeof(*some)) : 0;
        done += n;
    } while (!err && n);
    return err;
}

/* ---- PROC_REAP_KILL ------------------------------------------------------------------ */

enum { KILL_CHILDREN = 1, KILL_SUBTREE = 2 };

struct killing {
    int32_t  sig;
    uint32_t flags;
    int32_t  subtree;
    uint32_t killed;
    int32_t  fpid;
    uint32_t pad[15];
};

/* Of a reaper below, its own descendants, too (kern_procctl.c, reap_kill_subtree_once). */
static bool kill_means(const struct proc *p, const struct proc *reaper, const struct killing *k)
{
    /* Without a number it is still being forked; and kill(0) would be ourselves. */
    if (p->pid <= 0 || p->state != PROC_LIVE || !reaper_is_below_locked(p, reaper))
        return false;
    if (k->flags & KILL_CHILDREN)
        return p->parent == reaper;
    return !(k->flags & KILL_SUBTREE) || subtree_of(p, reaper)->pid == k->subtree;
}

/* kern_prot.c, p_cansignal: of the same user; SIGCONT goes to all of a session. */
static bool may_signal(const struct call *c, const struct proc *p, int sig)
{
    const struct cred *me = &c->proc->cred, *of = &p->cred;

    if (p == c->proc || me->euid == 0 || (sig == signal_guest(p, SIGCONT) && p->sid == c->proc->sid))
        return true;
    return me->ruid == of->ruid || me->ruid == of->suid || me->euid == of->ruid || me->euid == of->suid;
}

/* As many as can be; told is who may not get it, when that is the first one.  0, -EPERM: only such, -ESRCH: nobody. */
static int kill_locked(struct call *c, struct proc *of, struct killing *k)
{
    struct ksiginfo info = signal_from_me(c, k->sig);
    struct proc    *reaper = reaper_of_locked(of), *p;

    LIST_FOREACH(p, &session.procs, all) {
        if (!reaper || !kill_means(p, reaper, k))
            continue;
        if (may_signal(c, p, k->sig)) {
            signal_post_proc_locked(p, &info);
            k->killed++;
        } else if (k->fpid < 0 && !k->killed) {
            k->fpid = p->pid;
        }
    }
    if (k->killed)
        return 0;
    return k->fpid > 0 ? -EPERM : -ESRCH;
}

int64_t reap_kill(struct call *c, pid_t pid, gva data)
{
    struct proc   *of;
    struct killing k;
    int            told, err = copy_in(c, &k, data, sizeof(k));

    if (err)
        return err;
    if (c->proc->capmode)
        return -D_ECAPMODE;
    if (k.sig <= 0 || k.sig > (int)c->abi->nsig || (k.flags & ~(KILL_CHILDREN | KILL_SUBTREE)) ||
        k.flags == (KILL_CHILDREN | KILL_SUBTREE))
        return -EINVAL;
    k.killed = 0;
    k.fpid = -1;
    pthread_mutex_lock(&session.lock);
    of = proc_find_locked(pid);
    err = of ? kill_locked(c, of, &k) : -ESRCH;
    pthread_mutex_unlock(&session.lock);
    told = copy_out(c, data, &k, sizeof(k));
    return err ? err : told;
}
