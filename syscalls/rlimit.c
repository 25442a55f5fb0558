/*
 * syscalls/rlimit.c: resource limits: the host's, but for descriptors, which are
 * ours, and for what the host does not limit.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "syscalls/arena.h"
#include "syscalls/resources.h"
#include "syscalls/task.h"

/* Shared memory of ours counts as address space on the host. */
#define ZONE_SIZE (ZONE_END - ZONE_BASE)

static int64_t host_prlimit(struct call *c, int64_t which, const struct rlimit *new, struct rlimit *old)
{
    struct scratch in = scratch_get(c, sizeof(*new)), out = scratch_get(c, sizeof(*old));
    int64_t        err;

    if (!in.p || !out.p)
        return -ENOMEM;
    if (new)
        *(struct rlimit *)in.p = *new;
    err = host_call(c, SYS_prlimit64, 0, which, new ? in.va : 0, old ? out.va : 0);
    if (!err && old)
        *old = *(struct rlimit *)out.p;
    return err;
}

static rlim_t without_zone(rlim_t v) { return v == RLIM_INFINITY || v < ZONE_SIZE ? v : v - ZONE_SIZE; }

static rlim_t with_zone(rlim_t v) { return v >= RLIM_INFINITY - ZONE_SIZE ? RLIM_INFINITY : v + ZONE_SIZE; }

/* What the host says of a limit, as the process should see it. */
static void as_guest_sees(const struct proc *p, int64_t which, struct rlimit *r)
{
    if (which == RLIMIT_AS)
        *r = (struct rlimit){without_zone(r->rlim_cur), without_zone(r->rlim_max)};
    /* Thread libraries lay out the main stack by this: never more than is really there. */
    if (which == RLIMIT_STACK && p->stack_size && r->rlim_cur > p->stack_size)
        r->rlim_cur = p->stack_size;
}

static void nofile_get(struct call *c, struct rlimit *r)
{
    pthread_mutex_lock(&session.lock);
    *r = (struct rlimit){c->proc->nofile, c->proc->nofile_max};
    pthread_mutex_unlock(&session.lock);
}

static int64_t limit_get(struct call *c, int64_t which, struct rlimit *r)
{
    int64_t err;

    if (which == RLIMIT_NOFILE) {
        nofile_get(c, r);
        return 0;
    }
    if (which > UINT32_MAX) { /* a D_RLIMIT_: the host has no such limit */
        *r = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
        return 0;
    }
    err = host_prlimit(c, which, NULL, r);
    if (!err)
        as_guest_sees(c->proc, which, r);
    return err;
}

int64_t rlimit_of_locked(const struct proc *p, int64_t which, struct rlimit *r)
{
    *r = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    if (which > UINT32_MAX)
        return 0;
    if (prlimit(p->pid, (int)which, NULL, r))
        return -errno;
    if (which == RLIMIT_NOFILE)
        *r = (struct rlimit){p->nofile, p->nofile_max};
    as_guest_sees(p, which, r);
    return 0;
}

int64_t sys_getrlimit(struct call *c, int64_t which, void *rlim) { return rlim ? limit_get(c, which, rlim) : -EFAULT; }

/*
 * Host descriptors are more than the guest's, so the host's own hard limit should keep up.  Where the host does not
 * let it (EPERM: a container's root), the table grows nevertheless: duplicates cost no host descriptor, and an open
 * for which the host has none left is EMFILE.
 */
static int64_t nofile_set(struct call *c, const struct rlimit *r)
{
    int64_t err = r->rlim_max > c->proc->nofile_max ? host_prlimit(c, RLIMIT_NOFILE, r, NULL) : 0;

    if (err && err != -EPERM)
        return err;
    pthread_mutex_lock(&session.lock);
    c->proc->nofile = r->rlim_cur;
    c->proc->nofile_max = r->rlim_max;
    pthread_mutex_unlock(&session.lock);
    tasks_share(c->proc);
    return 0;
}

/* A soft limit above the hard one is lowered, not refused (kern_resource.c, kern_proc_setrlimit). */
int64_t sys_setrlimit(struct call *c, int64_t which, const void *rlim)
{
    struct rlimit r, old;
    int64_t       err;

    if (!rlim)
        return -EFAULT;
    r = *(const struct rlimit *)rlim;
    err = limit_get(c, which, &old);
    if (err)
        return err;
    if ((r.rlim_cur > old.rlim_max || r.rlim_max > old.rlim_max) && host_call(c, SYS_geteuid) != 0)
        return -EPERM;
    if (r.rlim_cur > r.rlim_max)
        r.rlim_cur = r.rlim_max;
    if (which == RLIMIT_NOFILE)
        return nofile_set(c, &r);
    if (which > UINT32_MAX)
        return 0;
    if (which == RLIMIT_AS)
        r = (struct rlimit){with_zone(r.rlim_cur), with_zone(r.rlim_max)};
    return host_prlimit(c, which, &r, NULL);
}

int64_t sys_getdtablesize(struct call *c)
{
    struct rlimit r;

    nofile_get(c, &r);
    return r.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)r.rlim_cur;
}
