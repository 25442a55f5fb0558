/*
 * syscalls/sigfastblock.h: signals that a thread holds back by a word of its memory, without a call.
 *
 * The word counts in steps of 16 how often the thread wants no signals; its low four bits are the kernel's, of which
 * one says that a signal is waiting (sys/sys/signalvar.h).  Who finds it there when the count has gone to nothing makes
 * the call that lets the signals in.
 */
#ifndef DRAGOMAN_SYSCALLS_SIGFASTBLOCK_H
#define DRAGOMAN_SYSCALLS_SIGFASTBLOCK_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

/*
 * A signal is pending that the thread's mask lets through: does its word hold it back?  Then the word says so from now
 * on, and the process's signals are offered to its other threads.  A word that cannot be read or written is forgotten,
 * with a SIGSEGV for the thread.  Not under session.lock; makes a host call.
 */
bool sigfastblock_holds(struct call *c);
/* The same for a signal that is not pending and cannot wait (a fault): only asks.  False without a word. */
bool sigfastblock_counts(struct call *c);
/* Exec, and a fault that nobody may catch: the thread has no word any more. */
void sigfastblock_forget(struct task *t);
/* A new process's only thread has its maker's word (kern_fork.c, do_fork: TDP_SIGFASTBLOCK). */
void sigfastblock_inherit(struct task *child, const struct task *parent);

int64_t sys_sigfastblock(struct call *c, int64_t cmd, gva word);

#endif
