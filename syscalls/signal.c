/*
 * syscalls/signal.c: the guest kernel's signals: who gets one, and what it does.
 *
 * Signals of the session are ours from end to end; a host signal only tells that
 * something happened, and becomes a guest signal here.  A kick (a host signal of
 * no meaning) makes a task come and look.
 */
#include "syscalls/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/umtx.h"
#include "loader/trace.h"
#include "syscalls/door.h"
#include "syscalls/sigqueue.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/sigfastblock.h"
#include "syscalls/sigmask.h"
#include "syscalls/stop.h"
#include "syscalls/task.h"

void (*signal_on_post)(struct proc *p, int sig);

int signal_guest(const struct proc *p, int hostsig)
{
    return hostsig > 0 && hostsig <= 64 ? p->abi->sig_from_host[hostsig] : 0;
}

static bool is_stop(const struct proc *p, int sig) { return p->abi->sig_default[sig] == SIGDEF_STOP; }

static bool ignored_locked(const struct proc *p, int sig)
{
    const struct ksigaction *a = &p->actions[sig];

    if (p->hostprog)
        return false; /* the program that runs in its place decides by itself */
    if (a->handler == D_SIG_IGN)
        return true;
    return a->handler == D_SIG_DFL &&
           (p->abi->sig_default[sig] == SIGDEF_IGN || p->abi->sig_default[sig] == SIGDEF_CONT);
}

static struct sigset not_of(const struct sigset *s) { return (struct sigset){{~s->w[0], ~s->w[1]}}; }

static bool waits_for(const struct task *t, int sig) { return sigset_has(&t->waiting, sig); }

static void nudge(struct task *t, int sig)
{
    if (waits_for(t, sig))
        task_wake(t);
    else
        door->kick(t);
}

/* One that waits for the signal, else one that does not block it; held: also one whose word holds signals back. */
static struct task *taker_or_held_locked(struct proc *p, int sig, bool held)
{
    struct task *t, *any = NULL;

    LIST_FOREACH(t, &p->tasks, link) {
        if (t->state == TASK_GONE || t->dead)
            continue;
        if (waits_for(t, sig))
            return t;
        if (!sigmask_blocks(t->area, sig) && (held || !t->fastblock.held))
            any = t; /* the list ends with the oldest, as kernels prefer the first thread */
    }
    return any;
}

/* A task that would take the signal now. */
static struct task *taker_locked(struct proc *p, int sig) { return taker_or_held_locked(p, sig, false); }

static void drop_by_default_locked(struct proc *p, enum sig_default what)
{
    struct task *t;

    for (int s = 1; s <= (int)p->abi->nsig; s++) {
        if (p->abi->sig_default[s] != what)
            continue;
        sigqueue_drop(&p->pending, s);
        LIST_FOREACH(t, &p->tasks, link)
            sigqueue_drop(&t->pending, s);
    }
}

/* A stop from the terminal that nobody could undo does not happen (kern_sig.c, tdsendsignal and issignal). */
static bool stops_nobody_locked(const struct proc *p, int sig)
{
    return is_stop(p, sig) && sig != signal_guest(p, SIGSTOP) && p->actions[sig].handler == D_SIG_DFL && !p->hostprog &&
           pgrp_orphaned_locked(getpgid(p->pid));
}

/* False: that was all of it. */
static bool stop_or_continue_locked(struct proc *p, int sig)
{
    if (p->abi->sig_default[sig] == SIGDEF_CONT) {
        drop_by_default_locked(p, SIGDEF_STOP);
        proc_continue_locked(p);
    } else if (is_stop(p, sig)) {
        if (stops_nobody_locked(p, sig))
            return false;
        drop_by_default_locked(p, SIGDEF_CONT);
    }
    return true;
}

/* What no process can catch: true when it was one of those. */
static bool uncatchable_locked(struct proc *p, int sig)
{
    if (sig == signal_guest(p, SIGKILL)) {
        kill(p->pid, SIGKILL);
        return true;
    }
    if (sig == signal_guest(p, SIGSTOP)) {
        proc_stop_locked(p, sig);
        return true;
    }
    return false;
}

/*
 * An ignored signal is forgotten at once, also where it is blocked or waited for; but SIGCONT by default only where
 * it is not blocked (kern_sig.c, tdsendsignal).
 */
static bool forgotten_locked(struct proc *p, const struct task *t, int sig)
{
    if (!ignored_locked(p, sig))
        return false;
    if (p->abi->sig_default[sig] != SIGDEF_CONT)
        return true;
    return t ? !sigmask_blocks(t->area, sig) || waits_for(t, sig) : taker_or_held_locked(p, sig, true) != NULL;
}

/* What a posted signal does at once; false: that was all of it.  t: the task it is for, NULL for the process. */
static bool post_begin_locked(struct proc *p, const struct task *t, int sig)
{
    if (p->state != PROC_LIVE || sig <= 0)
        return false;
    if (signal_on_post)
        signal_on_post(p, sig);
    if (!stop_or_continue_locked(p, sig) || uncatchable_locked(p, sig))
        return false;
    return !forgotten_locked(p, t, sig);
}

int signal_queue_proc_locked(struct proc *p, const struct ksiginfo *info)
{
    struct task *t;
    int          sig = info->signo, err;

    if (!post_begin_locked(p, NULL, sig))
        return 0;
    err = sigqueue_add(&p->pending, info);
    if (err)
        return err;
    LIST_FOREACH(t, &p->tasks, link)
        sigmask_tell(t->area, sig);
    t = taker_locked(p, sig);
    if (!t)
        t = taker_or_held_locked(p, sig, true); /* whose word may say something else by now */
    if (t)
        nudge(t, sig);
    return 0;
}

void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info) { signal_queue_proc_locked(p, info); }

void signal_post_child_locked(struct proc *parent, const struct ksiginfo *info)
{
    struct ksiginfo k = *info;

    k.owner = -(int64_t)k.pid;
    if (!sigqueue_renew(&parent->pending, &k))
        signal_queue_proc_locked(parent, &k);
}

/*
 * One that a thread is about to take stays: a kernel would have woken it out of its wait, and run the handler, before
 * it could find the child.
 */
void signal_child_waited_locked(struct proc *parent, int pid)
{
    const int chld = signal_guest(parent, SIGCHLD);

    if (!taker_locked(parent, chld))
        sigqueue_withdraw(&parent->pending, chld, -(int64_t)pid);
}

void signal_post_task_locked(struct task *t, const struct ksiginfo *info)
{
    struct proc *p = t->proc;
    int          sig = info->signo;

    if (!post_begin_locked(p, t, sig))
        return;
    sigqueue_add(&t->pending, info);
    sigmask_tell(t->area, sig);
    if (waits_for(t, sig) || !sigmask_blocks(t->area, sig))
        nudge(t, sig);
}

void signal_post_proc(struct proc *p, const struct ksiginfo *info)
{
    pthread_mutex_lock(&session.lock);
    signal_post_proc_locked(p, info);
    pthread_mutex_unlock(&session.lock);
}

/* But not me, who looks by itself. */
static void reassign_locked(struct proc *p, const struct task *me)
{
    for (int i = 0; i < 2; i++)
        for (uint64_t w = p->pending.set.w[i]; w; w &= w - 1) {
            int          sig = i * 64 + __builtin_ctzll(w) + 1;
            struct task *t = taker_locked(p, sig);
            if (t && t != me)
                nudge(t, sig);
        }
}

void signal_reassign_locked(struct proc *p) { reassign_locked(p, NULL); }

/* What the task blocks now may be for another thread of its process (kern_sig.c, reschedule_signals). */
void signal_mask_changed_locked(struct task *t)
{
    sigset_unmaskable(t->proc, &t->area->mask);
    if (t->proc->pending.set.w[0] | t->proc->pending.set.w[1])
        reassign_locked(t->proc, t);
}

/* ---- from the host ------------------------------------------------------------ */

static struct ksiginfo info_to_guest(const struct proc *p, const struct area_siginfo *h, int sig)
{
    struct ksiginfo k = {.signo = sig, .error = h->error, .pid = h->pid, .uid = h->uid, .status = h->status};

    k.code = p->abi->sigcode_from_host(sig, h->code);
    k.addr = h->addr;
    k.value = h->value;
    k.trapno = h->trapno;
    k.timerid = h->timerid;
    return k;
}

/* SIGPIPE and tgkill are meant for the thread; all else that comes from the host is for the process. */
static bool for_thread(const struct area_siginfo *h) { return h->signo == SIGPIPE || h->code == SI_TKILL; }

/* The terminal's are for the whole group: a program of the host's that runs in the process's place gets its own. */
static bool program_has_it_locked(const struct proc *p, const struct area_siginfo *h)
{
    return p->hostprog && !p->hostprog_apart && h->code == SI_KERNEL;
}

/* What is not news to us: SIGCONT of our own (proc_continue_locked), and stops that were undone on their way here. */
static bool is_void_locked(const struct proc *p, const struct area_siginfo *h)
{
    if (h->signo == SIGCONT)
        return h->code == SI_USER && h->pid == session.provider_pid;
    return (h->signo == SIGTSTP || h->signo == SIGTTIN || h->signo == SIGTTOU) && proc_goes_on_locked(p);
}

void signal_from_host(struct task *t, const struct area_siginfo *h)
{
    struct proc    *p = t->proc;
    int             sig = signal_guest(p, h->signo);
    struct ksiginfo k;

    if (h->signo == KICK_SIGNAL || h->signo == 32 || !sig || (h->signo == SIGCHLD && h->code > 0))
        return;
    k = info_to_guest(p, h, sig);
    pthread_mutex_lock(&session.lock);
    if (program_has_it_locked(p, h) || is_void_locked(p, h))
        k.signo = 0;
    if (for_thread(h))
        signal_post_task_locked(t, &k);
    else
        signal_post_proc_locked(p, &k);
    pthread_mutex_unlock(&session.lock);
}

void signal_fault(struct call *c, const struct area_siginfo *h)
{
    struct proc    *p = c->proc;
    struct task    *t = c->task;
    struct ksiginfo k = {.error = h->error, .addr = h->addr, .owner = SIGOWNER_FAULT};
    const bool      held = sigfastblock_counts(c);
    int             sig;

    p->abi->fault(h->signo, h->code, &k);
    sig = k.signo;
    pthread_mutex_lock(&session.lock);
    if (held || sigset_has(&t->area->mask, sig) || p->actions[sig].handler == D_SIG_IGN) {
        /* A fault that is blocked or ignored ends the process (kern_sig.c, trapsignal). */
        t->fastblock.set = t->fastblock.held = false;
        p->actions[sig].handler = D_SIG_DFL;
        sigset_del(&t->area->mask, sig);
    }
    sigqueue_add(&t->pending, &k);
    pthread_mutex_unlock(&session.lock);
}

/* ---- delivery -------------------------------------------------------------------- */

bool signal_deliverable(struct task *t)
{
    struct sigset want;
    bool          yes;

    pthread_mutex_lock(&session.lock);
    want = not_of(&t->area->mask);
    yes = sigqueue_first(&t->pending, &want) || sigqueue_first(&t->proc->pending, &want);
    pthread_mutex_unlock(&session.lock);
    return yes;
}

bool signal_take_locked(struct task *t, const struct sigset *want, struct ksiginfo *info)
{
    const int own = sigqueue_first(&t->pending, want), all = sigqueue_first(&t->proc->pending, want);
    const int sig = own && (!all || own <= all) ? own : all;

    return sig && (sigqueue_take(&t->pending, sig, info) || sigqueue_take(&t->proc->pending, sig, info));
}

/* The next thing to do: false when nothing is pending.  On true, *act is the handler's action, or DFL to die by it. */
static bool next_action(struct task *t, struct ksiginfo *info, struct ksigaction *act)
{
    struct proc  *p = t->proc;
    struct sigset want;
    bool          found = false;

    pthread_mutex_lock(&session.lock);
    want = not_of(&t->area->mask);
    while (!found && signal_take_locked(t, &want, info)) {
        *act = p->actions[info->signo];
        if (ignored_locked(p, info->signo))
            continue;
        if (act->handler == D_SIG_DFL && is_stop(p, info->signo)) {
            if (!stops_nobody_locked(p, info->signo))
                proc_stop_locked(p, info->signo);
            continue;
        }
        found = true;
        if (act->handler != D_SIG_DFL && (act->flags & D_SA_RESETHAND))
            p->actions[info->signo].handler = D_SIG_DFL;
    }
    pthread_mutex_unlock(&session.lock);
    return found;
}

static void mask_for_handler(struct task *t, int sig, const struct ksigaction *act, struct sigset *old)
{
    pthread_mutex_lock(&session.lock);
    *old = t->has_saved_mask ? t->saved_mask : t->area->mask;
    t->has_saved_mask = false;
    t->area->mask.w[0] |= act->mask.w[0];
    t->area->mask.w[1] |= act->mask.w[1];
    if (!(act->flags & D_SA_NODEFER))
        sigset_add(&t->area->mask, sig);
    signal_mask_changed_locked(t);
    pthread_mutex_unlock(&session.lock);
}

void sigset_unmaskable(const struct proc *p, struct sigset *s)
{
    sigset_del(s, signal_guest(p, SIGKILL));
    sigset_del(s, signal_guest(p, SIGSTOP));
}

static bool on_altstack(const struct task *t, uint64_t sp)
{
    return !(t->altstack.flags & D_SS_DISABLE) && sp - t->altstack.sp < t->altstack.size;
}

/*
 * Pushes the frame and points the registers at the handler.  -EFAULT: the guest has no usable stack; -ENOMEM; -ESRCH:
 * the process was killed meanwhile.
 */
static int frame_push(struct call *c, const struct ksiginfo *info, const struct ksigaction *act)
{
    struct task       *t = c->task;
    struct sigframe_in in = {
        .info = *info, .handler = act->handler, .sa_flags = act->flags, .support = c->proc->support};
    struct sigframe_out out;
    uint8_t            *xstate = malloc(XSTATE_MAX);
    int                 err = -ENOMEM;

    if (!xstate)
        return err;
    door->regs_get(t, &in.regs);
    in.xstate = xstate;
    in.xstate_len = door->xstate_get(t, xstate, XSTATE_MAX);
    in.altstack_sp = t->altstack.sp;
    in.altstack_size = t->altstack.size;
    in.altstack_disabled = t->altstack.flags & D_SS_DISABLE;
    in.altstack_on = on_altstack(t, in.regs.rsp);
    mask_for_handler(t, info->signo, act, &in.mask);
    err = c->abi->sigframe(&in, &out);
    free(xstate);
    if (err)
        return err;
    err = copy_out(c, GVA(out.at), out.bytes, out.len);
    free(out.bytes);
    if (!err)
        door->regs_set(t, &out.regs);
    return err;
}

static void settle_restart(struct call *c, bool restart)
{
    struct regs r;

    door->regs_get(c->task, &r);
    if (c->early || restart)
        c->abi->restart(&r, c->nr);
    else
        c->abi->result_errno(&r, c->abi->errno_from_host[EINTR]);
    if (c->early)
        r.rcx = 0; /* the instruction leaves the address behind it there; this is before it, and not once more */
    door->regs_set(c->task, &r);
}

/*
 * Nothing is delivered while the thread's own word says otherwise.  *asked: it was looked at, and stays as it is while
 * the thread is here.  What is posted after this has found nothing comes with a kick of its own.
 */
static bool lets_in(struct call *c, bool *asked)
{
    if (!*asked)
        *asked = !c->task->fastblock.set || (signal_deliverable(c->task) && !sigfastblock_holds(c));
    return *asked;
}

void signals_deliver(struct call *c, bool restartable)
{
    struct ksiginfo   info;
    struct ksigaction act;
    bool              asked = false;
    int               err = 0;

    door->take_noted(c->task, signal_from_host);
    while (!c->task->dead && lets_in(c, &asked) && next_action(c->task, &info, &act)) {
        if (session.trace)
            trace_signal(c->task, &info);
        if (act.handler == D_SIG_DFL) {
            signal_kill_self(c, info.signo);
            return;
        }
        if (restartable)
            settle_restart(c, act.flags & D_SA_RESTART);
        restartable = false;
        err = frame_push(c, &info, &act);
        if (err == -ESRCH)
            return; /* by something else, and that is what it dies by */
        if (err) {
            signal_kill_self(c, signal_guest(c->proc, SIGILL)); /* kern_sig.c, sigexit from sendsig */
            return;
        }
    }
    if (restartable)
        settle_restart(c, true);
    pthread_mutex_lock(&session.lock);
    if (c->task->has_saved_mask) {
        c->task->area->mask = c->task->saved_mask;
        c->task->has_saved_mask = false;
        signal_mask_changed_locked(c->task);
    }
    for (int i = 0; i < 2; i++)
        c->task->area->maybe.w[i] = c->task->pending.set.w[i] | c->proc->pending.set.w[i];
    pthread_mutex_unlock(&session.lock);
}

void signal_mask_for_call(struct call *c, const struct sigset *mask)
{
    struct task *t = c->task;

    pthread_mutex_lock(&session.lock);
    if (!t->has_saved_mask)
        t->saved_mask = t->area->mask;
    t->has_saved_mask = true;
    t->area->mask = *mask;
    signal_mask_changed_locked(t);
    pthread_mutex_unlock(&session.lock);
}

void signal_kill_self(struct call *c, int sig)
{
    struct proc *p = c->proc;
    int          hostsig = p->abi->sig_to_host[sig];

    pthread_mutex_lock(&session.lock);
    p->fault_signal = hostsig ? 0 : sig;
    pthread_mutex_unlock(&session.lock);
    umtx_proc_exit(c);
    door->die(c, hostsig ? hostsig : SIGKILL);
}

/* Children that nobody wanted to hear of are told of again (kern_sig.c, execsigs). */
void signal_exec(struct proc *p)
{
    const int chld = signal_guest(p, SIGCHLD);

    pthread_mutex_lock(&session.lock);
    for (int s = 1; s <= SIG_MAX; s++) {
        bool ign = p->actions[s].handler == D_SIG_IGN && s != chld;
        p->actions[s] = (struct ksigaction){.handler = ign ? D_SIG_IGN : D_SIG_DFL};
    }
    pthread_mutex_unlock(&session.lock);
}
