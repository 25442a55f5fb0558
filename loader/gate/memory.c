/* loader/gate/memory.c: memory calls in the gate, see calls.h.  Whatever is not plainly right goes to the provider. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/fd.h"
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

/* Where it is to go: 0 by the host, or a place that is taken as it is.  false: not plainly right. */
static bool plain_place(struct call *c, uint64_t addr, uint64_t len, uint64_t flags, struct range *r)
{
    if (flags & MAP_FIXED)
        return !(addr & PAGE_MASK) && addr >= LEAST_FIXED && plain_range(c, addr, len, r);
    return !addr && plain_range(c, PAGE, len, r);
}

static int64_t map_host(struct call *c, uint64_t addr, const struct range *r, uint64_t prot, uint64_t flags, int hostfd)
{
    const uint64_t len = r->end - r->at;
    const int64_t  at = host_call(c, SYS_mmap, addr, len, prot, flags, hostfd, c->raw[5]);

    if (at > 0 && zone_overlaps((uint64_t)at, len)) {
        host_call(c, SYS_munmap, at, len);
        return -GATE_PUNT;
    }
    return or_punt(at);
}

/* A regular file, from a whole page on. */
static int64_t map_file(struct call *c, uint64_t addr, const struct range *r, uint64_t prot, uint64_t flags, int fd)
{
    struct fdref ref;
    int64_t      at;

    if (c->raw[5] & PAGE_MASK || (int64_t)c->raw[5] < 0 || fd_get(c, fd, &ref))
        return -GATE_PUNT;
    at = ref.of->kind == OF_FILE ? map_host(c, addr, r, prot, flags, ref.hostfd) : -GATE_PUNT;
    fd_put(c, &ref);
    return at;
}

int64_t gate_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd)
{
    const uint64_t how = flags & (MAP_SHARED | MAP_PRIVATE), rest = flags & ~(how | MAP_ANONYMOUS | MAP_FIXED);
    const bool     anon = flags & MAP_ANONYMOUS;
    struct range   r;

    if (rest || how == (MAP_SHARED | MAP_PRIVATE) || !plain_place(c, addr.va, len, flags, &r))
        return -GATE_PUNT;
    if (!anon)
        return how ? map_file(c, addr.va, &r, prot, flags, fd) : -GATE_PUNT;
    return fd != -1 || c->raw[5] ? -GATE_PUNT : map_host(c, addr.va, &r, prot, flags | (how ? 0 : MAP_PRIVATE), -1);
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

/* Whole pages of the guest's. */
static bool guest_range(uint64_t addr, uint64_t len, struct range *r)
{
    const uint64_t last = addr + len;

    r->at = addr & ~PAGE_MASK;
    r->end = (last + PAGE_MASK) & ~PAGE_MASK;
    return len > 0 && last > addr && r->end > r->at && r->end <= GUEST_END && !zone_overlaps(r->at, r->end - r->at);
}

int64_t gate_msync(struct call *c, gva addr, uint64_t len, uint64_t flags)
{
    struct range r;

    if (!guest_range(addr.va, len, &r) || (flags & (MS_ASYNC | MS_INVALIDATE)) == (MS_ASYNC | MS_INVALIDATE))
        return -GATE_PUNT;
    return host_call(c, SYS_msync, r.at, r.end - r.at, flags);
}

int64_t gate_mlock(struct call *c, gva addr, uint64_t len)
{
    struct range r;

    return guest_range(addr.va, len, &r) ? or_punt(host_call(c, SYS_mlock, r.at, r.end - r.at)) : -GATE_PUNT;
}

int64_t gate_munlock(struct call *c, gva addr, uint64_t len)
{
    struct range r;

    return guest_range(addr.va, len, &r) ? or_punt(host_call(c, SYS_munlock, r.at, r.end - r.at)) : -GATE_PUNT;
}

#define INCORE      0x3     /* as in syscalls/memory_advice.c */
#define MINCORE_MAX 4096ull /* pages */

int64_t gate_mincore(struct call *c, gva addr, uint64_t len, gva vec)
{
    const struct scratch s = scratch_get(c, MINCORE_MAX);
    uint8_t             *p = s.p;
    struct range         r;
    uint64_t             n;

    if (!p || !guest_range(addr.va, len, &r))
        return -GATE_PUNT;
    n = (r.end - r.at) / PAGE;
    if (n > MINCORE_MAX || host_call(c, SYS_mincore, r.at, r.end - r.at, s.va))
        return -GATE_PUNT;
    for (uint64_t i = 0; i < n; i++)
        p[i] = p[i] & 1 ? INCORE : 0;
    return copy_out(c, vec, p, n);
}
