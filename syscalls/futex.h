/*
 * syscalls/futex.h: a guest's words on the host's futexes; the gate and the provider wait and wake alike.
 *
 * FreeBSD finds waiters of the private and of the other operations under one key
 * wherever the memory is not shared (umtx_key_get, THREAD_SHARE and AUTO_SHARE).
 * The host's private futexes cost less than its shared ones, and never meet them.
 * So private operations use the former, and a wake asks for the latter as well as
 * soon as another wait has begun in the address space.  Nothing is missed: the mark
 * is set before that wait looks at the word, and read after the host's wake, which
 * comes after the word was changed and is a barrier.
 */
#ifndef DRAGOMAN_SYSCALLS_FUTEX_H
#define DRAGOMAN_SYSCALLS_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "syscalls/call.h"
#include "syscalls/task.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/* Wakes n, but one at least; shared: not by the private operation.  0, -EFAULT (shared alone), -ESRCH. */
static inline int64_t futex_wake(struct call *c, gva at, int n, bool shared)
{
    const int want = n < 1 ? 1 : n;
    int64_t   r = host_call(c, SYS_futex, at.va, FUTEX_WAKE_PRIVATE, want);

    if (r >= 0 && r < want && (shared || __atomic_load_n(&c->task->area->auto_waits, __ATOMIC_RELAXED)))
        r = host_call(c, SYS_futex, at.va, FUTEX_WAKE, want - r);
    if (r == -EFAULT && !shared)
        return 0;
    return r < 0 ? r : 0;
}

/*
 * Waits on a long: both halves are compared, the low one first, on which wakers call.  A change of the high half alone
 * is seen by the comparison or, later, by the wake.  end: a timespec of the guest's memory on that clock, 0: none.
 * What the host says, -ENOSYS where it is too old; -ENOMEM.
 */
static inline int64_t futex_wait_long(struct call *c, gva at, uint64_t val, uint64_t end, int clock)
{
    struct waitv {
        uint64_t val, uaddr;
        uint32_t flags, reserved;
    };
    enum { U32 = 2 };
    const struct scratch s = scratch_get(c, 2 * sizeof(struct waitv));
    struct waitv        *v = s.p;

    if (!v)
        return -ENOMEM;
    v[0] = (struct waitv){(uint32_t)val, at.va, U32, 0};
    v[1] = (struct waitv){val >> 32, at.va + 4, U32, 0};
    return host_wait(c, SYS_futex_waitv, s.va, 2, 0, end, clock);
}

#endif
