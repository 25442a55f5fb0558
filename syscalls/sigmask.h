/*
 * syscalls/sigmask.h: what a task blocks, where provider and gate both see it.
 *
 * The mask is in the task's area.  Its one writer is the task itself: the gate, or
 * whoever in the provider handles the task's event.  All others only read it, and
 * tell area->maybe of what they post before they do; the gate looks there after it
 * has written the mask.  So one of the two sees what the other has done: a signal
 * is neither left lying by a task that does not block it any more, nor given to one
 * that blocks it by now while another thread would take it.
 */
#ifndef DRAGOMAN_SYSCALLS_SIGMASK_H
#define DRAGOMAN_SYSCALLS_SIGMASK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "syscalls/door.h"

/* Does the task block it?  sig: a valid guest signal.  From any provider thread. */
static inline bool sigmask_blocks(const struct area *a, int sig)
{
    return __atomic_load_n(&a->mask.w[(sig - 1) / 64], __ATOMIC_SEQ_CST) >> ((sig - 1) % 64) & 1;
}

/* Before the masks are looked at: it is pending for this task, or for its process.  Under session.lock. */
static inline void sigmask_tell(struct area *a, int sig)
{
    __atomic_or_fetch(&a->maybe.w[(sig - 1) / 64], 1ull << ((sig - 1) % 64), __ATOMIC_SEQ_CST);
}

/* What sigprocmask makes of a mask.  0, or -EINVAL. */
static inline int sigmask_change(struct sigset *mask, int64_t how, const struct sigset *set)
{
    for (int i = 0; i < 2; i++)
        switch (how) {
        case D_SIG_BLOCK: mask->w[i] |= set->w[i]; break;
        case D_SIG_UNBLOCK: mask->w[i] &= ~set->w[i]; break;
        case D_SIG_SETMASK: mask->w[i] = set->w[i]; break;
        default: return -EINVAL;
        }
    return 0;
}

#endif
