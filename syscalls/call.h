/*
 * syscalls/call.h: all that a handler may use.
 *
 * A handler is int64_t name(struct call *c, ...arguments as the row says...).
 * It returns a value >= 0 or a negative host errno (-4095..-1), and it does not
 * know where it runs: under the ptrace door and for provider rows it runs in the
 * provider, and host calls are carried out by the guest's own thread.
 *
 * No provider mutex may be held across host_call: the task sleeps there.  What
 * must be held across one is a shlock (syscalls/shlock.h), whose waiters sleep
 * in the guest's context.  Never use errno or thread-local storage across one:
 * a handler may resume on another provider thread.
 *
 * When the guest thread is gone, every function here returns -ESRCH at once, so
 * a handler unwinds by its ordinary error path and gives back what it holds.
 */
#ifndef DRAGOMAN_SYSCALLS_CALL_H
#define DRAGOMAN_SYSCALLS_CALL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

struct task;
struct proc;
struct fdlimit;

/*
 * The call was interrupted and may be restarted when the guest's sigaction says
 * SA_RESTART.  A handler whose call never restarts turns it into -EINTR.
 */
#undef ERESTART /* errno.h has one of that name, which no kernel call returns */
#define ERESTART 512

struct call {
    struct task          *task;
    struct proc          *proc; /* task's */
    const struct abi     *abi;  /* task's */
    const struct row     *row;
    uint64_t              raw[ARGS_MAX]; /* as the guest gave them */
    uint64_t              nr;            /* as the guest gave it: what a restart makes again */
    bool                  has_rv2;       /* the handler sets the second result register */
    uint64_t              rv2;
    bool                  no_result; /* registers were replaced (sigreturn, exec): leave them alone */
    size_t                scratch_used;
    const struct fdlimit *limit;    /* of the descriptor it goes through: what it opens gets them, too.  NULL: none */
    bool                  beneath;  /* what it opens is marked as its directory is (FD_SLOT_BENEATH) */
    bool                  fast;     /* in the gate: it came through a rewritten site */
    bool                  alone;    /* in the gate: the process has one thread and a descriptor table of its own */
    bool                  waited;   /* a host call that may block was made for it */
    int64_t               left_ns;  /* of a time-out that began in the gate, and one more; 0: nobody has counted it */
    bool                  unparked; /* -ERESTART, because the task had woken itself: not to be restarted */
    bool                  early; /* -ERESTART, and none was made: the signal came before it, whatever its flags say */
};

/* Guest memory.  0, -EFAULT or -ESRCH; a partial copy is -EFAULT. */
int copy_in(struct call *c, void *dst, gva src, size_t n);
int copy_out(struct call *c, gva dst, const void *src, size_t n);
/* Copies up to max bytes with the NUL; length without it, or -EFAULT, -ENAMETOOLONG. */
int64_t copy_in_str(struct call *c, char *dst, gva src, size_t max);
/* Converts by layout (abi.h).  src null: -EFAULT. */
int struct_in(struct call *c, const struct layout *l, void *host, gva src);
int struct_out(struct call *c, const struct layout *l, gva dst, const void *host);
int put_int(struct call *c, gva dst, int32_t v);
int put_long(struct call *c, gva dst, int64_t v);

/*
 * One host system call in the guest's own context.  Addresses among the
 * arguments are guest memory, or the scratch area.  Returns the host's result.
 * For calls that do not block (or only on disk).
 */
#ifdef DRAGOMAN_GATE
#include "syscalls/gate_host.h"
#else
int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g);
#endif
/*
 * The same for a call that may block for long.  When a signal arrives that the
 * guest will see, it returns -ERESTART (the host call had no effect); other
 * interruptions are invisible: the call is made again.  So time-outs must be
 * absolute, or be counted by the handler with host_wait_once.
 */
#ifndef DRAGOMAN_GATE
int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g);
#endif
/* As host_wait6, but an interruption that the guest will not see returns -EINTR instead of repeating the call. */
int64_t host_wait_once6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f,
                        uint64_t g);

#define HC_(fn, c, nr, a, b, d, e, f, g, ...)                                                                          \
    fn(c, nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f), (uint64_t)(g))
#define host_call(c, ...)      HC_(host_call6, c, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define host_wait(c, ...)      HC_(host_wait6, c, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define host_wait_once(c, ...) HC_(host_wait_once6, c, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/*
 * Host calls in a row, made in order until one fails: in one round trip, where the door can.  The steps are in scratch
 * memory.  For calls that do not block.
 */
struct host_step {
    int64_t  nr;
    uint64_t args[6];
    int64_t  result;
    int32_t  take, from; /* argument number take is the result of step from, an earlier one; take -1: none is */
};
/* How many succeeded: n, or the number of the one that failed, whose result says why.  -ESRCH. */
struct scratch;
int host_batch(struct call *c, const struct scratch *steps, unsigned n);

/*
 * Atomic compare-and-swap on a 32-bit word of guest memory, done in the guest's
 * context.  *old is what was there.  0 (also when it did not match), -EFAULT.
 */
int guest_cas32(struct call *c, gva at, uint32_t expect, uint32_t want, uint32_t *old);

/*
 * Scratch: memory that handler and guest both see; for arguments and results of
 * host calls.  Lasts until the call ends.  16-byte aligned.  SCRATCH_SIZE bytes
 * in all; NULL when used up.  The guest may scribble on it: check what is read.
 */
#define SCRATCH_SIZE 20480
struct scratch {
    void    *p;  /* where the handler sees it */
    uint64_t va; /* where the guest sees it */
};
struct scratch scratch_get(struct call *c, size_t n);

/*
 * Sleeps in the guest's context until task_wake, the deadline (CLOCK_MONOTONIC,
 * absolute; NULL: none) or a signal.  0, -ETIMEDOUT, -ERESTART, -ESRCH.  A wake
 * that comes between task_sleep_prepare and task_sleep is not lost:
 *     task_sleep_prepare(c);  lock; look; unlock;  task_sleep(c, ...);
 */
struct timespec;
void task_sleep_prepare(struct call *c);
int  task_sleep(struct call *c, const struct timespec *deadline);
void task_wake(struct task *t); /* from any provider thread */

/* The provider's own duplicate of a descriptor of the guest's host process (close-on-exec), or -errno. */
int host_fd_fetch(struct call *c, int hostfd);

/* True when a signal is pending that would be delivered to this task now. */
bool call_interrupted(struct call *c);

#endif
