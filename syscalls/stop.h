/*
 * syscalls/stop.h: a process stops and goes on, and its parent is told.
 *
 * Where a program of the host's runs in the process's place (exechost.c), it is
 * the one that stops and goes on, and the reports come when it has.
 */
#ifndef DRAGOMAN_SYSCALLS_STOP_H
#define DRAGOMAN_SYSCALLS_STOP_H

#include "syscalls/proc.h"

/* All under session.lock.  sig: the guest's number. */

/* Stops the process by this signal. */
void proc_stop_locked(struct proc *p, int sig);
/* Lets it go on, if it is stopped or about to be. */
void proc_continue_locked(struct proc *p);
/*
 * The host has SIGCONT for it, which it has not told us of yet.  Then a stop that the host tells of is from before
 * that, and void: the host itself keeps the two of them only in this order.
 */
bool proc_goes_on_locked(const struct proc *p);
/* The program that runs in its place has stopped, or has gone on. */
void proc_stopped_locked(struct proc *p, int sig);
void proc_continued_locked(struct proc *p);
/*
 * No process of the group has a parent in the same session but another group: nobody would continue
 * it, so the terminal's stop signals do not stop it (kern_sig.c, tdsendsignal: pg_jobc).
 */
bool pgrp_orphaned_locked(pid_t pgid);

#endif
