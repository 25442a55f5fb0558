/*
 * syscalls/signal.h: posting and delivering guest signals.  Guest numbers throughout.
 */
#ifndef DRAGOMAN_SYSCALLS_SIGNAL_H
#define DRAGOMAN_SYSCALLS_SIGNAL_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

static inline bool sigset_has(const struct sigset *s, int sig)
{
    return sig > 0 && (s->w[(sig - 1) / 64] >> ((sig - 1) % 64) & 1);
}
static inline void sigset_add(struct sigset *s, int sig) { s->w[(sig - 1) / 64] |= 1ull << ((sig - 1) % 64); }
static inline void sigset_del(struct sigset *s, int sig) { s->w[(sig - 1) / 64] &= ~(1ull << ((sig - 1) % 64)); }

/* Post to a process or to one of its threads; wakes and interrupts as needed.  session.lock held. */
void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info);
void signal_post_task_locked(struct task *t, const struct ksiginfo *info);
/* For sigqueue(2): -EAGAIN when info.must and there is no room. */
int signal_queue_proc_locked(struct proc *p, const struct ksiginfo *info);
/*
 * A child, info.pid, has something to tell.  It has one entry in its parent's queue: a newer report replaces an older
 * one, and it goes when the child is waited for while the signal is blocked (kern_sig.c, sigparent; kern_exit.c,
 * proc_reap).  session.lock held.
 */
void signal_post_child_locked(struct proc *parent, const struct ksiginfo *info);
void signal_child_waited_locked(struct proc *parent, int pid);
/* The same, taking the lock; info's code, pid, uid say who sends. */
void signal_post_proc(struct proc *p, const struct ksiginfo *info);

/*
 * Runs the rest of the call under another mask (ppoll, pselect, sigsuspend): the
 * old one comes back after the call, or after the handler that it let through.
 */
void signal_mask_for_call(struct call *c, const struct sigset *mask);

/* For kqueue EVFILT_SIGNAL: called for every posted signal, ignored ones too; session.lock held. */
extern void (*signal_on_post)(struct proc *p, int sig);

/* A host signal came for t: becomes the guest's, pending.  Not under session.lock. */
struct area_siginfo;
void signal_from_host(struct task *t, const struct area_siginfo *info);
/* A fault in guest code: is forced upon the task (cannot be blocked or ignored). */
void signal_fault(struct call *c, const struct area_siginfo *info);
/* Is something pending that the task does not block? */
bool signal_deliverable(struct task *t);
/*
 * On the way out of a call: delivers every pending signal that is not blocked, by a frame, by its default
 * action, or not at all.  c->result_restart says how an interrupted call goes on.
 */
void signals_deliver(struct call *c, bool restartable);
/* The process ends by this guest signal, as far as the host can express it; does not return. */
void signal_kill_self(struct call *c, int sig);
/* After fork: nothing is pending in the child.  After exec: handlers are gone, ignored ones stay but SIGCHLD. */
void signal_exec(struct proc *p);
/* Other tasks look at the process's pending signals, because this one cannot take them any more; session.lock held. */
void signal_reassign_locked(struct proc *p);

#endif
