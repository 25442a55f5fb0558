/* loader/gate/memory.c: memory calls in the gate, see calls.h.  Whatever is not plainly right goes to the provider. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/memory.h"
#include "syscalls/proc.h"
#include "syscalls/vdso.h"

#define LEAST_FIXED 0x100000ull /* below, vm.mmap_min_addr may have a say */

/* Something was rewritten there, or near. */
static bool is_watched(struct call *c, const struct range *r)
{
    const struct gate_sites *g = gate_sites_of(c->proc->fds);
    const uint64_t           from = r->at >> WATCHED_SHIFT, to = (r->end - 1) >> WATCHED_SHIFT;

    if (g->nwatched > WATCHED_MAX)
        return true;
    for (uint32_t i = 0; i < g->nwatched; i++)
        if (g->watched[i] >= from && g->watched[i] <= to)
            return true;
    return false;
}

/* Whole pages of user memory, none of them in our zone, and no code that the provider has changed. */
static bool plain_range(struct call *c, uint64_t addr, uint64_t len, struct range *r)
{
    const uint64_t last = addr + len;

    r->at = addr & ~PAGE_MASK;
    r->end = (last + PAGE_MASK) & ~PAGE_MASK;
    return len > 0 && last > addr && r->end > r->at && r->end <= GUEST_END && !zone_overlaps(r->at, r->end - r->at) &&
           !vdso_overlaps(c->task->area->vdso, r->at, r->end) && !is_watched(c, r);
}

/* What fails begins anew in the provider, which knows FreeBSD's errors and passes over holes. */
static int64_t or_punt(int64_t r) { return r < 0 && r >= -4095 ? -GATE_PUNT : r; }

int64_t        gate_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd)
{
    const uint64_t how = flags & (MAP_SHARED | MAP_PRIVATE), rest = flags & ~(how | MAP_ANONYMOUS | MAP_FIXED);
    struct range   r;
    int64_t        at;

    if (fd != -1 || c->raw[5] || !(flags & MAP_ANONYMOUS) || rest || how == (MAP_SHARED | MAP_PRIVATE))
        return -GATE_PUNT;
    if (flags & MAP_FIXED) {
        if ((addr.va & PAGE_MASK) || addr.va < LEAST_FIXED || !plain_range(c, addr.va, len, &r))
            return -GATE_PUNT;
    } else if (addr.va || !plain_range(c, PAGE, len, &r)) {
        return -GATE_PUNT;
    }
    at = host_call(c, SYS_mmap, addr.va, r.end - r.at, prot, flags | (how ? 0 : MAP_PRIVATE), -1, 0);
    if (at > 0 && zone_overlaps((uint64_t)at, r.end - r.at)) {
        host_call(c, SYS_munmap, at, r.end - r.at);
        return -GATE_PUNT;
    }
    return or_punt(at);
}

int64_t gate_munmap(struct call *c, gva addr, uint64_t len)
{
    struct range r;

    return plain_range(c, addr.va, len, &r) ? or_punt(host_call(c, SYS_munmap, r.at, r.end - r.at)) : -GATE_PUNT;
}

int64_t gate_mprotect(struct call *c, gva addr, uint64_t len, uint64_t prot)
{
    struct range r;

    if (!plain_range(c, addr.va, len, &r))
        return -GATE_PUNT;
    return or_punt(host_call(c, SYS_mprotect, r.at, r.end - r.at, prot));
}

int64_t gate_madvise(struct call *c, gva addr, uint64_t len, int64_t advice)
{
    struct range r;

    if (advice < 0 || advice > INT32_MAX || !plain_range(c, addr.va, len, &r))
        return -GATE_PUNT;
    return or_punt(host_call(c, SYS_madvise, r.at, r.end - r.at, advice));
}
