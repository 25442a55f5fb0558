/*
 * abi/flags.h: conversion of flag words and enumerated values by table.
 */
#ifndef DRAGOMAN_ABI_FLAGS_H
#define DRAGOMAN_ABI_FLAGS_H

#include "abi/abi.h"

/*
 * 0, or -EINVAL for bits that the group does not list and refuses.  Bits of a
 * group that ignores are dropped, of one that keeps are copied as they are.
 */
int flags_to_host(const struct flag_group *g, uint64_t guest, uint64_t *host);

/*
 * Host bits without a guest meaning are dropped, unless the group keeps.  A
 * host value made of several bits is to be listed before those bits.
 */
uint64_t flags_to_guest(const struct flag_group *g, uint64_t host);

/*
 * One value.  A value that is not listed: -EINVAL; or *host = -1 in a group that
 * ignores (the host call then refuses it in its own words), or the value itself
 * in a group that keeps.
 */
int enum_to_host(const struct flag_group *g, uint64_t guest, int64_t *host);

/* What enum_to_host says of a value that is its own index in the table, as most are; false: it has to be looked for. */
static inline bool enum_at_index(const struct flag_group *g, uint64_t guest, int64_t *host)
{
    guest = g->wide ? guest : (uint32_t)guest;
    if (guest >= g->count || g->flags[guest].guest != guest)
        return false;
    *host = (int64_t)g->flags[guest].host;
    return true;
}

/* dflt is for host values without a guest meaning. */
int64_t enum_to_guest(const struct flag_group *g, int64_t host, int64_t dflt);

#endif
