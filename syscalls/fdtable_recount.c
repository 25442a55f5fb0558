/*
 * syscalls/fdtable_recount.c: references of threads that an exec killed in the
 * middle of a call.  Those that waited in the provider gave theirs back as they
 * unwound; those that were killed in the gate could not.
 */
#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"

/* Not free, and not a descriptor of our own, to which no slot refers. */
static bool is_guests(const struct fdentry *e) { return e->refs && ofile_at(e->ofile); }

/* Counted where the numbers stand: an exec has gone too far to fail for want of memory. */
void fdtable_recount(struct call *c, struct fdtable *t)
{
    const uint32_t high = t->host_high < FD_HOST_MAX ? t->host_high : FD_HOST_MAX;

    for (uint32_t i = 0; i < high; i++)
        if (is_guests(&t->entries[i]))
            t->entries[i].refs = 1; /* ours, so that who has no slot is closed like any other */
    for (uint32_t fd = fdtable_next_locked(t, 0); fd < FD_MAX; fd = fdtable_next_locked(t, fd + 1)) {
        const uint32_t entry = (uint32_t)(t->slots[fd] & SLOT_ENTRY) - 1;

        if (entry < high && is_guests(&t->entries[entry]))
            t->entries[entry].refs++;
    }
    for (uint32_t i = 0; i < high; i++)
        if (is_guests(&t->entries[i]))
            fdtable_entry_put(c, t, i);
}
