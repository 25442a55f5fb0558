/* hostile/hostile.h: what a villain can do. */
#ifndef SAMPLE_HOSTILE_H
#define SAMPLE_HOSTILE_H

#include "sample.h"

typedef void act_fn(long number, uint64_t seed);

/* acts.c */
act_fn act_forks, act_signals, act_exits, act_execs, act_gate, act_kill_provider, act_own_area, act_tables;
/* calls.c */
act_fn act_calls, act_host_calls;

/* gate.c: host calls, made from the gate's own instructions. */
long     host_raw(long nr, long a, long b, long c, long d, long e, long f);
uint64_t own_area(void); /* this thread's area in the memory shared with the provider */

uint64_t random_next(uint64_t *state);

#endif
