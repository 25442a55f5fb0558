/*
 * syscalls/sleepers.h: threads that wait for something of the provider's, of which one at a time is chosen.
 *
 * The chosen one is woken and takes what there is, unless somebody was faster: then it waits again, before all others.
 * A list is under its owner's lock; so are the sleepers on it.
 */
#ifndef DRAGOMAN_SYSCALLS_SLEEPERS_H
#define DRAGOMAN_SYSCALLS_SLEEPERS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "syscalls/call.h"

/* One thread, on its handler's stack: between join and leave. */
struct sleeper {
    TAILQ_ENTRY(sleeper) link;
    struct task *task;
    bool         queued; /* false: it was chosen */
};

TAILQ_HEAD(sleepers, sleeper);

static inline void sleepers_join(struct sleepers *l, struct sleeper *s, struct task *task)
{
    *s = (struct sleeper){.task = task, .queued = true};
    TAILQ_INSERT_TAIL(l, s, link);
}

/* The first, if there is one. */
static inline void sleepers_choose(struct sleepers *l)
{
    struct sleeper *s = TAILQ_FIRST(l);

    if (!s)
        return;
    TAILQ_REMOVE(l, s, link);
    s->queued = false;
    task_wake(s->task); /* under the lock: afterwards its stack may be gone */
}

/* It goes on waiting: in its place, or, when it was chosen in vain, in the first. */
static inline void sleepers_stay(struct sleepers *l, struct sleeper *s)
{
    if (s->queued)
        return;
    s->queued = true;
    TAILQ_INSERT_HEAD(l, s, link);
}

static inline void sleepers_leave(struct sleepers *l, struct sleeper *s)
{
    if (s->queued)
        TAILQ_REMOVE(l, s, link);
}

#endif
