#include "syscalls/fdshare.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#include "syscalls/arena.h"
#include "syscalls/fdtable.h"
#include "syscalls/task.h"

/* Processes beyond the first one that have the table; atomic.  Not in the arena: a guest could write it there. */
static uint32_t others[FDTABLES_MAX];

static uint32_t *others_of(const struct fdtable *t)
{
    return &others[((uintptr_t)t - ARENA_BASE - ARENA_FDTABLES) / FDTABLE_STRIDE];
}

struct fdtable *fdtable_share(struct fdtable *t)
{
    __atomic_fetch_add(others_of(t), 1, __ATOMIC_RELAXED);
    return t;
}

bool fdtable_unref(struct fdtable *t)
{
    uint32_t n = __atomic_load_n(others_of(t), __ATOMIC_ACQUIRE);

    while (n)
        if (__atomic_compare_exchange_n(others_of(t), &n, n - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return false;
    return true;
}

bool fdtable_is_shared(const struct fdtable *t) { return __atomic_load_n(others_of(t), __ATOMIC_ACQUIRE) > 0; }

/*
 * Both halves at one moment: the lock is held, so none of the sharers changes a slot.  Host descriptors that they
 * open meanwhile are of nobody here: the table says so (stale), and the next exec closes them.
 */
static int64_t unshare_locked(struct call *c, struct fdtable *old, struct fdtable **own)
{
    *own = fdtable_dup(old);
    if (!*own)
        return -ENOMEM;

    const int64_t r = host_call(c, SYS_unshare, CLONE_FILES | CLONE_FS);

    if (r)
        fdtable_free(*own);
    return r;
}

int fdtable_unshare(struct call *c)
{
    struct fdtable *old = c->proc->fds, *own;

    if (!fdtable_is_shared(old))
        return 0;

    int64_t r = fdtable_lock(c, old);

    if (r)
        return (int)r;
    r = unshare_locked(c, old, &own);
    fdtable_unlock(c, old);
    if (r)
        return (int)r;
    c->proc->fds = own;
    tasks_share(c->proc);
    if (fdtable_unref(old))
        fdtable_free(old); /* the others have gone meanwhile */
    return 0;
}
