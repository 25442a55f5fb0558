#include "abi/flags.h"

#include <errno.h>

static uint64_t mask_of(const struct flag *f) { return f->mask ? f->mask : f->guest; }

static uint64_t width(const struct flag_group *g, uint64_t v) { return g->wide ? v : (uint32_t)v; }

int flags_to_host(const struct flag_group *g, uint64_t guest, uint64_t *host)
{
    uint64_t left = guest = width(g, guest);
    uint64_t out = 0;

    /* Flags share no bit, but as values of one field, and those that stand for no bit come first. */
    for (const struct flag *f = g->flags; f < g->flags + g->count && (left || !f->guest); f++) {
        if ((guest & mask_of(f)) != f->guest)
            continue;
        out |= f->host;
        left &= ~mask_of(f);
    }
    if (left && g->unknown == UNKNOWN_EINVAL)
        return -EINVAL;
    *host = g->unknown == UNKNOWN_KEEP ? out | left : out;
    return 0;
}

/* The host bits that say whether it is f: of one value of a field, those of all its values. */
static uint64_t host_mask(const struct flag_group *g, const struct flag *f)
{
    uint64_t all = f->host;

    if (!f->mask)
        return all;
    for (const struct flag *o = g->flags; o < g->flags + g->count; o++)
        all |= o->mask == f->mask ? o->host : 0;
    return all;
}

uint64_t flags_to_guest(const struct flag_group *g, uint64_t host)
{
    uint64_t out = 0;

    if (!host)
        return 0; /* no flag of ours has the value 0 */
    for (const struct flag *f = g->flags; f < g->flags + g->count; f++) {
        uint64_t mask = f->host ? host_mask(g, f) : 0;

        if (!mask || (host & mask) != f->host || (out & mask_of(f)))
            continue;
        out |= f->guest;
        host &= ~mask;
    }
    return g->unknown == UNKNOWN_KEEP ? out | host : out;
}

/* Values of 32 bits are sign-extended, so that -1 is -1. */
static int64_t value(const struct flag_group *g, uint64_t v) { return g->wide ? (int64_t)v : (int32_t)v; }

int enum_to_host(const struct flag_group *g, uint64_t guest, int64_t *host)
{
    if (enum_at_index(g, guest, host))
        return 0;
    for (const struct flag *f = g->flags; f < g->flags + g->count; f++) {
        if (value(g, f->guest) == value(g, guest)) {
            *host = (int64_t)f->host;
            return 0;
        }
    }
    if (g->unknown == UNKNOWN_EINVAL)
        return -EINVAL;
    *host = g->unknown == UNKNOWN_KEEP ? value(g, guest) : -1;
    return 0;
}

int64_t enum_to_guest(const struct flag_group *g, int64_t host, int64_t dflt)
{
    for (const struct flag *f = g->flags; f < g->flags + g->count; f++) {
        if ((int64_t)f->host == host)
            return value(g, f->guest);
    }
    return dflt;
}
