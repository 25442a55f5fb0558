/*
 * syscalls/fdtable_recount.c: references of threads that an exec killed in the
 * middle of a call.  Those that waited in the provider gave theirs back as they
 * unwound; those that were killed in the gate could not.
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"

/* How many slots refer to each host entry below high.  Lock held, or nobody else is there. */
static void count_slots(struct fdtable *t, uint32_t *count, uint32_t high)
{
    for (uint32_t fd = fdtable_next_locked(t, 0); fd < FD_MAX; fd = fdtable_next_locked(t, fd + 1)) {
        const uint32_t entry = (uint32_t)(t->slots[fd] & SLOT_ENTRY) - 1;

        if (entry < high)
            count[entry]++;
    }
}

static void entry_set(struct call *c, struct fdtable *t, uint32_t entry, uint32_t refs)
{
    struct ofile *of = ofile_at(t->entries[entry].ofile);

    if (!of) /* ours: no slot refers to it */
        return;
    t->entries[entry].refs = refs;
    if (refs)
        return;
    host_call(c, SYS_close, entry);
    ofile_put(of);
}

void fdtable_recount(struct call *c, struct fdtable *t)
{
    const uint32_t high = t->host_high < FD_HOST_MAX ? t->host_high : FD_HOST_MAX;
    uint32_t      *count = calloc(high + 1, sizeof(*count));

    if (!count)
        return; /* descriptors stay open longer than they should */
    count_slots(t, count, high);
    for (uint32_t i = 0; i < high; i++)
        if (t->entries[i].refs && t->entries[i].refs != count[i])
            entry_set(c, t, i, count[i]);
    free(count);
}
