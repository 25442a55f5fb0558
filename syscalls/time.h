/* syscalls/time.h: clocks, for all who measure time. */
#ifndef DRAGOMAN_SYSCALLS_TIME_H
#define DRAGOMAN_SYSCALLS_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "syscalls/call.h"

#define NSEC 1000000000ll

static inline bool timespec_valid(const struct timespec *t) { return t->tv_nsec >= 0 && t->tv_nsec < NSEC; }

static inline int64_t timespec_cmp(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? (a->tv_sec < b->tv_sec ? -1 : 1) : a->tv_nsec - b->tv_nsec;
}

/* Saturates at the largest time. */
struct timespec timespec_add(struct timespec a, struct timespec b);
struct timespec timespec_sub(struct timespec a, struct timespec b);

/* A clock of the table (host number or D_CLOCK_*) as the calling guest thread sees it.  0, -EINVAL, -ESRCH. */
int clock_read(struct call *c, int64_t clock, struct timespec *now);

/*
 * task_sleep until a moment of CLOCK_REALTIME, which may be set meanwhile: a time-out counts when that has come.
 * end null: none.  0, -ETIMEDOUT, -ERESTART, -ESRCH.
 */
int task_sleep_real(struct call *c, const struct timespec *end);

/* Is there such a process? */
bool clock_of_process_known(uint64_t pid);

/* Clocks that jump when the time is set; clocks that count processor time. */
bool clock_is_real(int64_t clock);
bool clock_is_cpu(int64_t clock);

#endif
