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
static inline void sigset_add(struct sigset *s, int sig)
{
    s->w[(sig - 1) / 64] |= 1ull << ((sig - 1) % 64);
}
static inline void sigset_del(struct sigset *s, int sig)
{
    s->w[(sig - 1) / 64] &= ~(1ull << ((sig - 1) % 64));
}

/* Post to a process or to one of its threads; wakes and interrupts as needed.  session.lock held. */
void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info);
void signal_post_task_locked(struct task *t, const struct ksiginfo *info);
/* The same, taking the lock; info's code, pid, uid say who sends. */
void signal_post_proc(struct proc *p, const struct ksiginfo *info);

/*
 * Runs the rest of the call under another mask (ppoll, pselect, sigsuspend): the
 * old one comes back after the call, or after the handler that it let through.
 */
void signal_mask_for_call(struct call *c, const struct sigset *mask);

/* For kqueue EVFILT_SIGNAL: called for every posted signal, ignored ones too; session.lock held. */
extern void (*signal_on_post)(struct proc *p, int sig);

#endif
