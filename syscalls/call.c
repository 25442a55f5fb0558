/* syscalls/call.c: call.h, as it is in the provider. */
#include "syscalls/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/cred.h"
#include "syscalls/door.h"
#include "syscalls/pgrp.h"
#include "syscalls/sigfastblock.h"
#include "syscalls/task.h"
#include "syscalls/signal.h"

/* ---- guest memory ----------------------------------------------------------- */

static int copy_result(ssize_t done, size_t n)
{
    if (done == (ssize_t)n)
        return 0;
    return done < 0 && errno == ESRCH ? -ESRCH : -EFAULT;
}

int copy_in(struct call *c, void *dst, gva src, size_t n)
{
    struct iovec to = {dst, n}, from = {(void *)src.va, n};

    if (!n)
        return 0;
    return copy_result(process_vm_readv(c->proc->pid, &to, 1, &from, 1, 0), n);
}

int copy_out(struct call *c, gva dst, const void *src, size_t n)
{
    struct iovec from = {(void *)src, n}, to = {(void *)dst.va, n};

    if (!n)
        return 0;
    return copy_result(process_vm_writev(c->proc->pid, &from, 1, &to, 1, 0), n);
}

/* Page by page, so that a string that ends before an unmapped page is read whole. */
int64_t copy_in_str(struct call *c, char *dst, gva src, size_t max)
{
    size_t have = 0;

    while (have < max) {
        uint64_t at = src.va + have;
        size_t   n = 4096 - (at & 4095);
        char    *nul;
        int      err;

        if (n > max - have)
            n = max - have;
        err = copy_in(c, dst + have, GVA(at), n);
        if (err)
            return err;
        nul = memchr(dst + have, 0, n);
        if (nul)
            return nul - dst;
        have += n;
    }
    return -ENAMETOOLONG;
}

int put_int(struct call *c, gva dst, int32_t v) { return copy_out(c, dst, &v, sizeof(v)); }

int put_long(struct call *c, gva dst, int64_t v) { return copy_out(c, dst, &v, sizeof(v)); }

struct scratch scratch_get(struct call *c, size_t n)
{
    size_t         at = (c->scratch_used + 15) & ~(size_t)15;
    struct scratch s = {NULL, 0};

    if (n > SCRATCH_SIZE || at > SCRATCH_SIZE - n)
        return s;
    c->scratch_used = at + n;
    s.p = (char *)c->task->area + AREA_SCRATCH + at;
    s.va = (uint64_t)s.p; /* the arena has one address everywhere */
    return s;
}
_Static_assert(AREA_SCRATCH + SCRATCH_SIZE <= AREA_STACK, "scratch ends where the gate's stack begins");

/* ---- host calls --------------------------------------------------------------- */

int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const uint64_t args[6] = {a, b, d, e, f, g};

    return door->host(c->task, nr, args, false);
}

/*
 * A signal is noted, and the host call is not made.  What a kernel would find ready at once, a signal cannot
 * interrupt; whether it is, nobody has looked.  So as long as the call has not waited, the signal came before it:
 * the handler runs first, and then the call.  Not where the call has brought a mask along, for such signals.
 */
static int64_t not_made(struct call *c)
{
    c->early = !c->waited && !c->task->has_saved_mask;
    return -ERESTART;
}

int64_t host_wait_once6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const uint64_t args[6] = {a, b, d, e, f, g};
    int64_t        r;

    c->early = false;
    if (__atomic_load_n(&c->task->unparked, __ATOMIC_RELAXED)) { /* subr_sleepqueue.c, sleepq_catch_signals */
        c->unparked = task_unpark(c->task, false);
        return -ERESTART;
    }
    if (call_interrupted(c))
        return not_made(c);
    r = door->host(c->task, nr, args, true);
    if (r == -ERESTART)
        return call_interrupted(c) ? not_made(c) : -EINTR;
    c->waited = true;
    c->early = false; /* also of what was waited for meanwhile (cred_catch_up) */
    if (r == -EINTR && call_interrupted(c))
        return -ERESTART;
    return r;
}

int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    int64_t r;

    do
        r = host_wait_once6(c, nr, a, b, d, e, f, g);
    while (r == -EINTR);
    return r;
}

static int64_t step_make(struct call *c, struct host_step *s, unsigned i)
{
    const struct host_step at = s[i]; /* the guest may write here meanwhile */
    uint64_t               v[6];

    memcpy(v, at.args, sizeof(v));
    if (at.take >= 0 && at.take < 6 && at.from >= 0 && (unsigned)at.from < i)
        v[at.take] = (uint64_t)s[at.from].result;
    return door->host(c->task, at.nr, v, false);
}

int host_batch(struct call *c, const struct scratch *steps, unsigned n)
{
    struct host_step *s = steps->p;
    int64_t           done = door->batch ? door->batch(c->task, steps->va, n) : 0;

    for (unsigned i = 0; !door->batch && i < n; i++, done++) {
        s[i].result = step_make(c, s, i);
        if (c->task->dead)
            return -ESRCH;
        if (s[i].result < 0 && s[i].result >= -4095)
            break;
    }
    if (done < 0)
        return -ESRCH;
    return done < n ? (int)done : (int)n;
}

int guest_cas32(struct call *c, gva at, uint32_t expect, uint32_t want, uint32_t *old)
{
    return door->cas(c->task, at.va, expect, want, old);
}

bool call_interrupted(struct call *c)
{
    door->take_noted(c->task, signal_from_host);
    if (cred_behind(c->task))
        cred_catch_up(c);
    if (__atomic_load_n(&c->task->move, __ATOMIC_RELAXED))
        pgrp_go(c);
    return signal_deliverable(c->task) && !sigfastblock_holds(c);
}

/* Opening one costs seven times what its use does, so it is kept. */
static int pidfd_of(struct proc *p)
{
    int held = __atomic_load_n(&p->pidfd, __ATOMIC_ACQUIRE), fresh;

    if (held)
        return held - 1;
    fresh = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (fresh < 0)
        return -errno;
    if (__atomic_compare_exchange_n(&p->pidfd, &held, fresh + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    close(fresh);
    return held - 1;
}

int host_fd_fetch(struct call *c, int hostfd)
{
    const int pidfd = pidfd_of(c->proc);
    const int fd = pidfd < 0 ? pidfd : (int)syscall(SYS_pidfd_getfd, pidfd, hostfd, 0);

    return fd < 0 && pidfd >= 0 ? -errno : fd;
}

/* ---- sleeping -------------------------------------------------------------------- */

void task_sleep_prepare(struct call *c) { __atomic_store_n(&c->task->area->wake, 0, __ATOMIC_SEQ_CST); }

int task_sleep(struct call *c, const struct timespec *deadline)
{
    uint32_t      *word = &c->task->area->wake;
    struct scratch ts = {NULL, 0};
    int64_t        r;

    if (deadline) {
        ts = scratch_get(c, sizeof(*deadline));
        if (!ts.p)
            return -ENOMEM;
        memcpy(ts.p, deadline, sizeof(*deadline));
    }
    while (!__atomic_load_n(word, __ATOMIC_SEQ_CST)) {
        r = host_wait(c, SYS_futex, word, FUTEX_WAIT_BITSET, 0, ts.va, 0, FUTEX_BITSET_MATCH_ANY);
        if (r == -ETIMEDOUT || r == -ERESTART || r == -ESRCH)
            return (int)r;
    }
    return 0;
}

void task_wake(struct task *t)
{
    uint32_t *word = &t->area->wake;

    __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
