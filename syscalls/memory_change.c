/*
 * syscalls/memory_change.c: munmap, mprotect, msync, minherit.  Unlike the host,
 * FreeBSD passes over holes in mprotect and madvise (vm_map_protect,
 * vm_map_madvise); where the host stops at one, the mapped parts are done one by one.
 */
#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/code.h"
#include "syscalls/memory.h"
#include "syscalls/memory_maps.h"
#include "syscalls/proc.h"

int64_t sys_munmap(struct call *c, gva addr, uint64_t len);
int64_t sys_mprotect(struct call *c, gva addr, uint64_t len, uint64_t prot);
int64_t sys_msync(struct call *c, gva addr, uint64_t len, uint64_t flags);
int64_t sys_minherit(struct call *c, gva addr, uint64_t len, int64_t inherit);

static int64_t part_unmap(struct call *c, struct range r, void *arg)
{
    (void)arg;
    code_forget(c, r.at, r.end);
    return host_call(c, SYS_munmap, r.at, r.end - r.at);
}

int64_t sys_munmap(struct call *c, gva addr, uint64_t len)
{
    struct range r;

    if (len == 0 || !range_of(addr.va, len, &r))
        return -EINVAL;
    return range_outside_zone(c, r, part_unmap, NULL);
}

/* For a part that is known to be mapped as a whole: ENOMEM is the host's limit on mappings then. */
static int64_t part_protect_mapped(struct call *c, struct range r, void *arg)
{
    return host_call(c, SYS_mprotect, r.at, r.end - r.at, *(const uint64_t *)arg);
}

static int64_t part_protect_any(struct call *c, struct range r, void *arg)
{
    const int64_t err = part_protect_mapped(c, r, arg);

    return err == -ENOMEM ? range_mapped(c, r, part_protect_mapped, arg) : err;
}

int64_t sys_mprotect(struct call *c, gva addr, uint64_t len, uint64_t prot)
{
    struct range r;

    if (!range_of(addr.va, len, &r))
        return -EINVAL;
    code_forget(c, r.at, r.end);
    return range_outside_zone(c, r, part_protect_any, &prot);
}

/* A length of 0 means the whole mapping that holds addr (vm_map_sync). */
static int64_t whole_mapping(struct call *c, struct range *r)
{
    const int        maps = maps_open(c->proc->pid);
    struct map_entry e;
    int64_t          err;

    if (maps < 0)
        return maps;
    err = maps_find(maps, r->at, &e);
    close(maps);
    if (err || e.start > r->at)
        return -ENOMEM;
    *r = (struct range){e.start, e.end};
    return 0;
}

int64_t sys_msync(struct call *c, gva addr, uint64_t len, uint64_t flags)
{
    struct range r;
    int64_t      err;

    if (!range_of(addr.va, len, &r) || (flags & (MS_ASYNC | MS_INVALIDATE)) == (MS_ASYNC | MS_INVALIDATE))
        return -EINVAL;
    if (r.at == r.end) {
        err = whole_mapping(c, &r);
        if (err)
            return err;
    }
    if (zone_overlaps(r.at, r.end - r.at))
        return -ENOMEM;
    return host_call(c, SYS_msync, r.at, r.end - r.at, flags);
}

/* ---- minherit ---------------------------------------------------------------- */

enum { INHERIT_SHARE, INHERIT_COPY, INHERIT_NONE, INHERIT_ZERO }; /* sys/mman.h; the same in every BSD */

static int64_t advise(struct call *c, struct range r, int advice)
{
    return host_call(c, SYS_madvise, r.at, r.end - r.at, advice);
}

/* INHERIT_SHARE asks nothing of shared memory, and of private memory what the host cannot do. */
static int64_t part_shared(struct call *c, struct range r, void *arg)
{
    const int        maps = maps_open(c->proc->pid);
    struct map_entry e;
    int64_t          err;

    (void)arg;
    if (maps < 0)
        return maps;
    err = maps_find(maps, r.at, &e);
    close(maps);
    return err || !e.shared ? -EINVAL : advise(c, r, MADV_DOFORK);
}

static int64_t part_inherit(struct call *c, struct range r, void *arg)
{
    int64_t err;

    switch (*(const int64_t *)arg) {
    case INHERIT_NONE: return advise(c, r, MADV_DONTFORK);
    case INHERIT_ZERO: err = advise(c, r, MADV_DOFORK); return err ? err : advise(c, r, MADV_WIPEONFORK);
    case INHERIT_COPY:
        err = advise(c, r, MADV_DOFORK);
        if (!err)
            advise(c, r, MADV_KEEPONFORK); /* EINVAL where WIPEONFORK was not possible either */
        return err;
    default: return part_shared(c, r, NULL);
    }
}

int64_t sys_minherit(struct call *c, gva addr, uint64_t len, int64_t inherit)
{
    struct range r;

    if (!range_of(addr.va, len, &r))
        return -EINVAL;
    if (r.at == r.end)
        return 0;
    return range_mapped(c, r, part_inherit, &inherit);
}
