/* syscalls/timer.h: the timers of ktimer_create. */
#ifndef DRAGOMAN_SYSCALLS_TIMER_H
#define DRAGOMAN_SYSCALLS_TIMER_H

struct proc;

/* The process is gone or gets a new program: so are its timers.  No lock held. */
void timer_proc_gone(struct proc *p);

#endif
