/*
 * loader/gate/measure.h: counters and stamps of calls.  They are in a gate of
 * their own, the same source compiled with GATE_MEASURED, which a session under
 * `dragoman stat` executes instead: the usual gate has nothing of them, not even
 * a test of a switch.
 */
#ifndef DRAGOMAN_LOADER_GATE_MEASURE_H
#define DRAGOMAN_LOADER_GATE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls/arena.h"

/* How a call came: through a rewritten site, by SIGSYS, or by a stop of the ptrace door. */
enum measure_how { HOW_SITE, HOW_TRAP, HOW_STOP, HOWS };

/* Ticks are those of the CPU's counter. */
struct measure_row {
    uint64_t calls[HOWS];
    uint64_t gate;     /* served without the provider */
    uint64_t ended;    /* calls that came back: exit does not */
    uint64_t errors;   /* of those */
    uint64_t ticks;    /* from the gate's (ptrace: the provider's) first instruction of the call to its last */
    uint64_t host;     /* of those: in host calls */
    uint64_t door;     /* and waiting for the provider */
    uint64_t provider; /* from the provider's first instruction of the call to its last */
};

/* One call; the last MEASURE_STAMPS of a session are kept. */
struct measure_stamp {
    uint64_t enter, leave, host, door, provider;
    uint32_t nr, how;
};

#define MEASURE_ROWS   1024
#define MEASURE_STAMPS 4096

/* In the arena; all of it is written by the guest's side, and believed by nobody but a reader of statistics. */
struct measure {
    uint64_t             delay;    /* ticks that each call served in the gate takes longer, to check a benchmark by */
    uint64_t             stamping; /* calls are kept one by one, and not counted: eight locked additions are 60 ns */
    uint64_t             next;     /* stamps taken so far */
    struct measure_row   rows[MEASURE_ROWS];
    struct measure_stamp stamps[MEASURE_STAMPS];
};

/* A task's call that has not come back yet; in its area. */
struct area_measure {
    uint64_t enter, host, door, provider;
    uint32_t nr, how, open;
};

static inline struct measure *measure_shared(void) { return (struct measure *)(ARENA_BASE + ARENA_MEASURE); }

static inline uint64_t measure_now(void) { return __builtin_ia32_rdtsc(); }

static inline void measure_count(uint64_t nr, enum measure_how how)
{
    struct measure *all = measure_shared();

    if (!all->stamping)
        __atomic_fetch_add(&all->rows[(uint32_t)nr % MEASURE_ROWS].calls[how], 1, __ATOMIC_RELAXED);
}

/* Adds a call that came back to its row, or to the stamps. */
static inline void measure_add(const struct area_measure *m, uint64_t leave, bool error)
{
    struct measure     *all = measure_shared();
    struct measure_row *row = &all->rows[m->nr % MEASURE_ROWS];

    if (all->stamping) {
        const uint64_t at = __atomic_fetch_add(&all->next, 1, __ATOMIC_RELAXED) % MEASURE_STAMPS;

        all->stamps[at] = (struct measure_stamp){m->enter, leave, m->host, m->door, m->provider, m->nr, m->how};
        return;
    }
    __atomic_fetch_add(&row->ended, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&row->errors, error, __ATOMIC_RELAXED);
    __atomic_fetch_add(&row->ticks, leave - m->enter, __ATOMIC_RELAXED);
    __atomic_fetch_add(&row->host, m->host, __ATOMIC_RELAXED);
    __atomic_fetch_add(&row->door, m->door, __ATOMIC_RELAXED);
    __atomic_fetch_add(&row->provider, m->provider, __ATOMIC_RELAXED);
}

#endif
