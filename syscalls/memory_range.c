#include "syscalls/memory.h"

#include <errno.h>
#include <unistd.h>

#include "syscalls/memory_maps.h"
#include "syscalls/proc.h"

bool range_of(uint64_t addr, uint64_t len, struct range *r)
{
    const uint64_t last = addr + len;

    r->at = addr & ~PAGE_MASK;
    r->end = (last + PAGE_MASK) & ~PAGE_MASK;
    return last >= addr && r->end >= r->at && r->end <= GUEST_END;
}

int64_t range_outside_zone(struct call *c, struct range r, range_fn *fn, void *arg)
{
    const struct range low = {r.at, r.end < ZONE_BASE ? r.end : ZONE_BASE};
    const struct range high = {r.at > ZONE_END ? r.at : ZONE_END, r.end};
    int64_t            err = 0;

    if (low.at < low.end)
        err = fn(c, low, arg);
    if (!err && high.at < high.end)
        err = fn(c, high, arg);
    return err;
}

int64_t range_mapped(struct call *c, struct range r, range_fn *fn, void *arg)
{
    const int        maps = maps_open(c->proc->pid);
    struct map_entry e;
    int64_t          err = 0;

    if (maps < 0)
        return maps;
    while (!err && r.at < r.end && !maps_find(maps, r.at, &e) && e.start < r.end) {
        const struct range part = {e.start > r.at ? e.start : r.at, e.end < r.end ? e.end : r.end};

        err = range_outside_zone(c, part, fn, arg);
        r.at = part.end;
    }
    close(maps);
    return err;
}
