#include "syscalls/fdcheck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "syscalls/fdtable.h"
#include "syscalls/msg_rights.h"
#include "syscalls/ofile_pool.h"
#include "syscalls/proc.h"

#define SETTLE_MS 3000 /* how long calls of killed tasks may take to let go */

struct report {
    char  *text;
    size_t size;
    bool   bad;
};

/* Only the first fault is kept: the others follow from it. */
__attribute__((format(printf, 2, 3))) static void wrong(struct report *r, const char *fmt, ...)
{
    va_list ap;

    if (r->bad)
        return;
    r->bad = true;
    va_start(ap, fmt);
    vsnprintf(r->text, r->size, fmt, ap);
    va_end(ap);
}

/* ---- a table's bits -------------------------------------------------------------------- */

static void check_level(struct report *r, const uint64_t *low, const uint64_t *high, unsigned words, unsigned level)
{
    for (unsigned i = 0; i < words; i++)
        if ((~low[i] == 0) != (high[i / 64] >> i % 64 & 1))
            wrong(r, "level %u says of word %u that it is %s, wrongly", level, i, ~low[i] ? "full" : "not full");
}

static void check_bits(struct report *r, const struct fdtable *t)
{
    const uint32_t high = t->high;

    if (high > FD_MAX) {
        wrong(r, "the highest slot is %u", high);
        return;
    }
    for (uint32_t fd = 0; fd < high; fd++)
        if ((t->slots[fd] != 0) != (t->level0[fd / 64] >> fd % 64 & 1))
            wrong(r, "slot %u is %s, its bit says otherwise", fd, t->slots[fd] ? "in use" : "free");
    if (high && !t->slots[high - 1])
        wrong(r, "the highest slot in use is below %u", high - 1);
    for (uint32_t w = high / 64; w < FD_MAX / 64; w++)
        if (t->level0[w] & (w == high / 64 ? ~0ull << high % 64 : ~0ull))
            wrong(r, "a slot in word %u is in use, above the highest, %u", w, high);
    check_level(r, t->level0, t->level1, FD_MAX / 64, 1);
    check_level(r, t->level1, t->level2, 256, 2);
    check_level(r, t->level2, t->level3, 4, 3);
}

/* ---- what slots refer to --------------------------------------------------------------------- */

static void check_lock(struct report *r, const struct shlock *l, const char *what, uint32_t n)
{
    const uint32_t owner = __atomic_load_n(&l->word, __ATOMIC_ACQUIRE) & ~0x80000000u;

    if (owner && (owner > TASKS_MAX || !session.tasks[owner - 1]))
        wrong(r, "the lock of %s %u is held by task %u, which is gone", what, n, owner - 1);
}

static void count_slots(struct report *r, const struct fdtable *t, uint32_t *counts, uint32_t entries)
{
    for (uint32_t fd = 0; fd < t->high && fd < FD_MAX; fd++) {
        const uint32_t entry = (uint32_t)(t->slots[fd] & SLOT_ENTRY) - 1;

        if (!t->slots[fd])
            continue;
        if (entry >= entries)
            wrong(r, "slot %u has host entry %u, and there are %u", fd, entry, entries);
        else
            counts[entry]++;
    }
    if (t->view_root && t->view_root <= entries)
        counts[t->view_root - 1]++;
}

static void check_entries(struct report *r, const struct fdtable *t, const uint32_t *counts, uint32_t entries,
                          bool quiet)
{
    for (uint32_t i = 0; i < entries; i++) {
        const struct fdentry *e = &t->entries[i];
        const struct ofile   *of = ofile_at(e->ofile);

        if (e->refs < counts[i] || (quiet && e->refs != counts[i]))
            wrong(r, "host entry %u has %u references, and %u slots", i, e->refs, counts[i]);
        if (e->refs && e->ofile && !of)
            wrong(r, "host entry %u has open file %u, which is free", i, e->ofile);
        if (e->refs && of)
            check_lock(r, &of->lock, "open file", e->ofile);
    }
}

bool fdcheck_table(struct fdtable *t, bool quiet, char *why, size_t size)
{
    struct report  r = {why, size, false};
    const uint32_t entries = t->host_high;
    uint32_t      *counts = NULL;

    if (entries > FD_HOST_MAX)
        wrong(&r, "there are %u host entries", entries);
    else
        counts = calloc(entries + 1, sizeof(*counts));
    check_bits(&r, t);
    check_lock(&r, &t->lock, "table of process", 0);
    if (counts && !r.bad) {
        count_slots(&r, t, counts, entries);
        check_entries(&r, t, counts, entries, quiet);
    }
    free(counts);
    return !r.bad;
}

/* ---- the pool ------------------------------------------------------------------------------------ */

struct pool_walk {
    uint32_t  end;   /* no index at or above it was ever used */
    uint32_t *known; /* references that were found, by index; for a free one ~0 when it is in the list */
};

static void know(struct ofile *of, void *arg)
{
    struct pool_walk *w = arg;
    const uint32_t    index = ofile_index(of);

    if (index < w->end)
        w->known[index]++;
}

static void know_table(struct pool_walk *w, const struct fdtable *t)
{
    for (uint32_t i = 0; i < t->host_high && i < FD_HOST_MAX; i++) {
        struct ofile *of = t->entries[i].refs ? ofile_at(t->entries[i].ofile) : NULL;

        if (of)
            know(of, w);
    }
}

static void check_free_list(struct report *r, const struct pool_walk *w)
{
    uint32_t index = (uint32_t)ofile_pool()->free;

    for (; index && !r->bad; index = (uint32_t)ofile_slot(index)->offset) {
        if (index < OFILE_FIRST || index >= w->end)
            wrong(r, "the list of free open files has %u in it", index);
        else if (ofile_slot(index)->refs || w->known[index])
            wrong(r, "open file %u is in use, or twice in the list of free ones", index);
        else
            w->known[index] = ~0u;
    }
}

static void check_refs(struct report *r, const struct pool_walk *w, bool lost)
{
    for (uint32_t i = OFILE_FIRST; i < w->end; i++) {
        const struct ofile *of = ofile_slot(i);

        if (w->known[i] == ~0u)
            continue;
        if (!of->refs)
            wrong(r, "open file %u is free and not in the list", i);
        else if (lost ? of->refs < w->known[i] : of->refs != w->known[i])
            wrong(r, "open file %u has %u references, and %u are known", i, of->refs, w->known[i]);
    }
}

bool fdcheck_pool(bool lost, char *why, size_t size)
{
    struct report    r = {why, size, false};
    struct pool_walk w = {.end = OFILE_FIRST + ofile_pool()->fresh};

    if (w.end > OFILES_MAX) {
        wrong(&r, "%u open files were handed out", ofile_pool()->fresh);
        return false;
    }
    w.known = calloc(w.end, sizeof(*w.known));
    if (!w.known)
        return true; /* nothing can be said */
    for (uint32_t i = 0; i < FDTABLES_MAX; i++)
        if (FDTABLES_USED[i / 64] >> i % 64 & 1)
            know_table(&w, fdtable_at(i));
    rights_each(know, &w);
    check_free_list(&r, &w);
    check_refs(&r, &w, lost);
    free(w.known);
    return !r.bad;
}

/* ---- in a session ---------------------------------------------------------------------------------- */

static void complain(const char *why)
{
    fprintf(stderr, "dragoman: descriptor tables are unsound: %s\n", why);
    session.unsound = true;
}

void fdcheck_at_exit(struct fdtable *t, bool quiet)
{
    char why[FDCHECK_TEXT];

    if (session.check_tables && !fdcheck_table(t, quiet, why, sizeof(why)))
        complain(why);
}

bool fdcheck_session(void)
{
    const struct timespec pause = {0, 1000000};
    char                  why[FDCHECK_TEXT];

    for (int ms = 0; !fdcheck_pool(session.killed_inside, why, sizeof(why)); ms++) {
        if (ms == SETTLE_MS) {
            complain(why);
            break;
        }
        nanosleep(&pause, NULL);
    }
    return !session.unsound;
}
