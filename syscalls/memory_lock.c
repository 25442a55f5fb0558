/* syscalls/memory_lock.c: mlock, munlock, mlockall, munlockall. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "syscalls/memory.h"

int64_t sys_mlock(struct call *c, gva addr, uint64_t len);
int64_t sys_munlock(struct call *c, gva addr, uint64_t len);
int64_t sys_mlockall(struct call *c, uint64_t how);
int64_t sys_munlockall(struct call *c);

static int64_t lock_range(struct call *c, long nr, gva addr, uint64_t len)
{
    struct range r;
    int64_t      err;

    if (!range_of(addr.va, len, &r))
        return -EINVAL;
    if (zone_overlaps(r.at, r.end - r.at))
        return -ENOMEM;
    err = host_call(c, nr, r.at, r.end - r.at);
    return err == -EAGAIN || err == -EPERM ? -ENOMEM : err; /* vm_map_wire's failures are all ENOMEM */
}

int64_t sys_mlock(struct call *c, gva addr, uint64_t len) { return lock_range(c, SYS_mlock, addr, len); }

int64_t sys_munlock(struct call *c, gva addr, uint64_t len) { return lock_range(c, SYS_munlock, addr, len); }

/* Memory that cannot be touched cannot be made resident; it stays as it is. */
static int64_t part_lock(struct call *c, struct range r, void *arg)
{
    const int64_t err = host_call(c, SYS_mlock, r.at, r.end - r.at);

    (void)arg;
    return err == -EPERM || err == -EAGAIN ? -ENOMEM : err == -ESRCH ? err : 0;
}

/*
 * The host's own MCL_CURRENT would make all of our zone resident too, so what is
 * mapped now is locked piece by piece; its MCL_FUTURE concerns only the guest.
 */
int64_t sys_mlockall(struct call *c, uint64_t how)
{
    int64_t err;

    if (how == 0)
        return -EINVAL;
    if (how & MCL_FUTURE) {
        err = host_call(c, SYS_mlockall, MCL_FUTURE);
        if (err)
            return err == -EPERM ? -ENOMEM : err;
    }
    return how & MCL_CURRENT ? range_mapped(c, (struct range){0, GUEST_END}, part_lock, NULL) : 0;
}

int64_t sys_munlockall(struct call *c) { return host_call(c, SYS_munlockall); }
