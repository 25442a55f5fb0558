/* compat/umtx_int.h: what the parts of umtx share.  Facts are those of kern/kern_umtx.c and sys/_umtx.h. */
#ifndef DRAGOMAN_COMPAT_UMTX_INT_H
#define DRAGOMAN_COMPAT_UMTX_INT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "compat/umtx.h"
#include "syscalls/call.h"
#include "syscalls/proc.h"

/* ---- time-outs -------------------------------------------------------------- */

struct umtx_time {
    struct timespec end; /* on the host's CLOCK_REALTIME when real, else on CLOCK_MONOTONIC */
    bool            real;
    bool            absolute; /* UMTX_ABSTIME was given */
    int64_t         cpu;      /* a clock of processor time, which is polled; else 0 */
    struct timespec cpu_end;
};

/*
 * Reads the time-out of an operation: at uaddr2, size bytes by uaddr1.  0 and *t set (NULL when there is
 * none), -EFAULT, -EINVAL.
 */
int umtx_time_in(struct call *c, gva size, gva at, struct umtx_time *buf, struct umtx_time **t);
/* The same of a clock (table value) and a time; for condition variables. */
int umtx_time_set(struct call *c, int64_t clock, bool absolute, const struct timespec *ts, struct umtx_time *t);
/* A host wait timed out: true when it was only a polling interval, and t->end is the next one's. */
bool umtx_time_again(struct call *c, struct umtx_time *t);
/* What is left of a relative one, not below zero. */
void umtx_time_left(const struct umtx_time *t, struct timespec *left);
/* On CLOCK_MONOTONIC, for task_sleep. */
struct timespec umtx_time_monotonic(const struct umtx_time *t);

/* ---- queues of waiters, in the provider --------------------------------------- */

enum umtx_type {
    UMTX_MUTEX,
    UMTX_PI,
    UMTX_PI_ROBUST,
    UMTX_PP,
    UMTX_PP_ROBUST,
    UMTX_CV,
    UMTX_RW,
    UMTX_SEM,
    UMTX_SHM,
    UMTX_OLD
};

/* Says which object in whatever address space: an address in a process, or a place in shared memory. */
struct umtx_key {
    uint8_t  type; /* enum umtx_type */
    bool     shared;
    uint64_t a, b; /* process, address; device and file, offset */
};

enum umtx_side { UMTX_SHARED, UMTX_EXCLUSIVE, UMTX_SIDES };

/* One waiter, on its handler's stack. [L] under its chain's lock */
struct umtx_waiter {
    TAILQ_ENTRY(umtx_waiter) link; /* [L] */
    struct umtx_key key;
    struct task    *task;
    uint8_t         side;
    bool            queued; /* [L] false: it was woken, or never waited */
};

#define USYNC_PROCESS_SHARED 1u

/* flags: of the object.  0, -EFAULT. */
int      umtx_key_get(struct call *c, gva at, enum umtx_type type, uint32_t flags, struct umtx_key *key);
bool     umtx_key_eq(const struct umtx_key *a, const struct umtx_key *b);
uint64_t umtx_file_id(uint64_t dev, uint64_t ino); /* of a shared key: its file */

void     umtx_queue(struct call *c, struct umtx_waiter *w, const struct umtx_key *key, enum umtx_side side);
bool     umtx_unqueue(struct umtx_waiter *w); /* true: it was still waiting */
unsigned umtx_count(const struct umtx_key *key, enum umtx_side side);
/* Wakes up to n in the order they came; how many it was. */
unsigned umtx_signal(const struct umtx_key *key, unsigned n, enum umtx_side side);
/*
 * Sleeps until w is woken.  0, -ETIMEDOUT, -ERESTART (a signal), -ESRCH; on return w is not queued, and
 * having been woken wins over everything else.
 */
int umtx_sleep(struct call *c, struct umtx_waiter *w, struct umtx_time *t);
/* The same, but w stays queued when it was not woken. */
int umtx_sleep_queued(struct call *c, struct umtx_waiter *w, struct umtx_time *t);

/* The chain of a key, to keep a count and a word in the object together over copy_in, copy_out. */
void     umtx_chain_lock(const struct umtx_key *key);
void     umtx_chain_unlock(const struct umtx_key *key);
unsigned umtx_count_locked(const struct umtx_key *key, enum umtx_side side);
unsigned umtx_signal_locked(const struct umtx_key *key, unsigned n, enum umtx_side side);
void     umtx_queue_locked(struct call *c, struct umtx_waiter *w, const struct umtx_key *key, enum umtx_side side);
bool     umtx_unqueue_locked(struct umtx_waiter *w);

#define UMTX_ALL UINT32_MAX

/* ---- the operations ------------------------------------------------------------ */

/* As _umtx_op's arguments; t is NULL when there is no time-out. */
int64_t umtx_mutex_lock(struct call *c, gva m, struct umtx_time *t);
int64_t umtx_mutex_trylock(struct call *c, gva m);
int64_t umtx_mutex_wait(struct call *c, gva m, struct umtx_time *t);
int64_t umtx_mutex_wake(struct call *c, gva m);
int64_t umtx_mutex_wake2(struct call *c, gva m, uint32_t flags);
int64_t umtx_mutex_set_ceiling(struct call *c, gva m, uint32_t ceiling, gva old);
int64_t umtx_mutex_unlock(struct call *c, gva m);
int64_t umtx_mutex_orphan(struct call *c, gva m, uint32_t owner); /* the thread of that number died holding it */
int64_t umtx_cv_wait(struct call *c, gva cv, gva m, gva timeout, uint64_t flags);
int64_t umtx_cv_signal(struct call *c, gva cv);
int64_t umtx_cv_broadcast(struct call *c, gva cv);
int64_t umtx_rw_rdlock(struct call *c, gva rw, uint64_t flags, struct umtx_time *t);
int64_t umtx_rw_wrlock(struct call *c, gva rw, struct umtx_time *t);
int64_t umtx_rw_unlock(struct call *c, gva rw);
int64_t umtx_sem_wait(struct call *c, gva sem, struct umtx_time *t);
int64_t umtx_sem_wake(struct call *c, gva sem);
int64_t umtx_sem2_wait(struct call *c, gva sem, struct umtx_time *t);
int64_t umtx_sem2_wake(struct call *c, gva sem);
int64_t umtx_shm(struct call *c, gva at, uint32_t flags);
/* Of FreeBSD 5; id: the thread's number.  -EINVAL: no number, or it changed hands meanwhile. */
int64_t umtx_old_lock(struct call *c, gva at, uint64_t id, struct umtx_time *t);
int64_t umtx_old_unlock(struct call *c, gva at, uint64_t id);
int64_t umtx_robust_lists(struct call *c, gva params, uint64_t size);

/* struct umutex */
struct umutex {
    uint32_t owner, flags, ceilings[2];
    uint64_t rb_lnk;
    uint32_t spare[2];
};
_Static_assert(sizeof(struct umutex) == 32, "sys/_umtx.h");

#define UMUTEX_PRIO_INHERIT  0x4u
#define UMUTEX_PRIO_PROTECT  0x8u
#define UMUTEX_ROBUST        0x10u
#define UMUTEX_NONCONSISTENT 0x20u
#define UMUTEX_UNOWNED       0u
#define UMUTEX_CONTESTED     0x80000000u
#define UMUTEX_RB_OWNERDEAD  (UMUTEX_CONTESTED | 0x10u)
#define UMUTEX_RB_NOTRECOV   (UMUTEX_CONTESTED | 0x11u)

#endif
