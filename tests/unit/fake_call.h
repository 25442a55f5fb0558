/*
 * tests/unit/fake_call.h: syscalls/call.h in the test's own process.
 *
 * Guest memory is the test's memory, host calls are its own system calls, and
 * host descriptors its own descriptors.  Each guest thread is a struct fake,
 * used by one test thread at a time:
 *
 *     struct fake *f = fake_new();            a process with one task
 *     assert_int_equal(sys_dup(fake_call(f), 3), 4);
 *     fake_free(f);
 */
#ifndef DRAGOMAN_TESTS_UNIT_FAKE_CALL_H
#define DRAGOMAN_TESTS_UNIT_FAKE_CALL_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

struct fake {
    struct task       task; /* first: task_wake finds the fake by it */
    struct proc       own;  /* of the first thread; the others share it */
    struct call       call;
    struct ksigaction actions[SIG_MAX + 1];
    uint32_t          woken;       /* futex: task_wake was called */
    uint32_t          interrupted; /* a signal is pending */
    int               host_tid;    /* the test thread that is in a call */
    uint8_t           scratch[SCRATCH_SIZE] __attribute__((aligned(16)));
};

/* Maps the arena at the first call.  nofile is 1024; no descriptor table (fds is NULL): the test makes one. */
struct fake *fake_new(void);
/* Another thread of f's process. */
struct fake *fake_thread(struct fake *f);
void         fake_free(struct fake *f);

/* Begins a call: scratch is free again, flags are cleared. */
struct call *fake_call(struct fake *f);

/* Posts a signal: host_wait and task_sleep of f return -ERESTART until fake_calm. */
void fake_interrupt(struct fake *f);
void fake_calm(struct fake *f);
/* The thread is dead: everything returns -ESRCH. */
void fake_kill(struct fake *f);

/*
 * The nth host call (guest copy, scratch_get) from now on, 1 being the next,
 * fails with err (scratch_get: NULL).  0 switches off.  A failing SYS_close closes
 * nevertheless, as the kernel's does.  Counters run on from fake_count_reset.
 */
void     fake_fail_host(unsigned nth, int err);
void     fake_fail_copy(unsigned nth, int err);
void     fake_fail_scratch(unsigned nth);
void     fake_count_reset(void);
unsigned fake_host_calls(void);
unsigned fake_copies(void);

/* How many descriptors the test process has open: compare before and after. */
unsigned fake_open_fds(void);

#endif
