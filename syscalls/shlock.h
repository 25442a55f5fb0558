/*
 * syscalls/shlock.h: locks in memory shared by provider and pico processes.
 *
 * The word names its holder (task index + 1; bit 31: somebody waits), so that
 * what a killed task held can be freed.  A waiter sleeps in the guest's context
 * by a host futex, never in a provider thread; so a shlock may be held across
 * host_call.  Order: fdtable before ofile; at most one ofile, unless by address.
 */
#ifndef DRAGOMAN_SYSCALLS_SHLOCK_H
#define DRAGOMAN_SYSCALLS_SHLOCK_H

#include <stdint.h>

struct call;
struct shlock {
    uint32_t word;
};

int  shlock_lock(struct call *c, struct shlock *l);      /* 0, or -ESRCH: task gone, lock not taken */
int  shlock_lock_intr(struct call *c, struct shlock *l); /* also -ERESTART when a signal is to be delivered */
void shlock_unlock(struct call *c, struct shlock *l);
/* The task of this index is gone: if it held the lock, the next waiter gets it.  Provider only. */
void shlock_break(struct shlock *l, uint32_t task_index);
/*
 * The task of this index is gone, and may have ended between a lock's release and the waking of the next, or when it
 * had just been woken itself: whoever waits for the lock that it was at looks again.  Provider only.
 */
void shlock_forget(uint32_t task_index);

#endif
