/* syscalls/ksem_object.h: what ksem.c, which makes semaphores, and ksem_use.c share. */
#ifndef DRAGOMAN_SYSCALLS_KSEM_OBJECT_H
#define DRAGOMAN_SYSCALLS_KSEM_OBJECT_H

#include <pthread.h>
#include <sys/queue.h>
#include <time.h>

#include "syscalls/ksem.h"
#include "syscalls/sleepers.h"

extern pthread_mutex_t ksem_lock; /* of all of them; a leaf */

/* All of it under ksem_lock. */
struct ksem {
    LIST_ENTRY(ksem) link; /* in table.named while it has a name */
    char           *name;  /* owned; NULL: it never had one, or lost it */
    bool            anonymous, dead;
    unsigned        refs; /* handles, the name's one, calls */
    uint32_t        value, mode, uid, gid;
    unsigned        nwaiters;
    struct sleepers waiters; /* that no post has chosen */
    struct timespec accessed, made, changed;
};

/* The living semaphore that the identifier stands for, with a reference for ksem_drop; NULL: none.  ksem_lock free. */
struct ksem *ksem_hold(uint64_t id);
/* Gives a reference back; the last one frees it.  ksem_lock free. */
void ksem_drop(struct ksem *s);

static inline struct timespec ksem_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t;
}

#endif
