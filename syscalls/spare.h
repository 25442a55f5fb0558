/*
 * syscalls/spare.h: numbers of the arena's places that were given back a moment ago.
 *
 * To give the pages of a place back, the host kernel looks into every process that maps the arena; so the last few
 * places keep theirs, and are handed out first.
 */
#ifndef DRAGOMAN_SYSCALLS_SPARE_H
#define DRAGOMAN_SYSCALLS_SPARE_H

#include <stdbool.h>
#include <stdint.h>

#define SPARES_MAX 32u

struct spares {
    uint32_t n, index[SPARES_MAX];
};

/* Under the caller's lock.  False: there are enough already, or there is none. */
static inline bool spare_put(struct spares *s, uint32_t index)
{
    if (s->n == SPARES_MAX)
        return false;
    s->index[s->n++] = index;
    return true;
}

static inline bool spare_take(struct spares *s, uint32_t *index)
{
    if (!s->n)
        return false;
    *index = s->index[--s->n];
    return true;
}

#endif
