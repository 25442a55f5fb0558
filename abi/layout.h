/*
 * abi/layout.h: conversion of structures by table.
 */
#ifndef DRAGOMAN_ABI_LAYOUT_H
#define DRAGOMAN_ABI_LAYOUT_H

#include <string.h>

#include "abi/abi.h"
#include "abi/flags.h"

/* l->gsize bytes to l->hsize bytes; bytes that no field names are zero.  0, or -EINVAL by a field's flag group. */
int layout_to_host(const struct layout *l, const void *guest, void *host);
/* The other way.  Numbers that do not fit are cut. */
void layout_to_guest(const struct layout *l, const void *host, void *guest);

/* ---- one field; inline, so that a table that the compiler knows becomes plain moves ---- */

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Little-endian on both sides, as every ABI here is. */
static inline uint64_t field_load(const void *p, size_t size)
{
    uint64_t v = 0;

    switch (size) {
    case 8: memcpy(&v, p, 8); break;
    case 4: memcpy(&v, p, 4); break;
    case 2: memcpy(&v, p, 2); break;
    default: memcpy(&v, p, size); break;
    }
    return v;
}

static inline void field_store(void *p, size_t size, uint64_t v)
{
    switch (size) {
    case 8: memcpy(p, &v, 8); break;
    case 4: memcpy(p, &v, 4); break;
    case 2: memcpy(p, &v, 2); break;
    default: memcpy(p, &v, size); break;
    }
}

static inline uint64_t field_extend(uint64_t v, size_t size)
{
    const unsigned shift = 64 - 8 * (unsigned)size;

    return (uint64_t)((int64_t)(v << shift) >> shift);
}

static inline __attribute__((always_inline)) void field_to_guest(const struct field *f, const void *host, void *guest)
{
    const char *from = (const char *)host + f->hoff;
    char       *to = (char *)guest + f->goff;
    uint64_t    v;

    if (f->kind == FIELD_BYTES) {
        memcpy(to, from, f->hsize < f->gsize ? f->hsize : f->gsize);
        return;
    }
    v = field_load(from, f->hsize);
    if (f->kind == FIELD_SINT || f->kind == FIELD_ENUM)
        v = field_extend(v, f->hsize);
    if (f->kind == FIELD_FLAGS)
        v = flags_to_guest(f->of, v);
    if (f->kind == FIELD_ENUM)
        v = (uint64_t)enum_to_guest(f->of, (int64_t)v, (int64_t)v);
    field_store(to, f->gsize, v);
}

/* For layouts that are converted often: NAME_to_guest, compiled from a table of fields in the same file. */
#define LAYOUT_COMPILED(name, fields, guest_size)                                                                      \
    static void name##_to_guest(const void *host, void *guest)                                                         \
    {                                                                                                                  \
        UNROLL /* what a field will be in is not stored twice then */                                                  \
            for (size_t i = 0; i < (guest_size) / 8; i++)((uint64_t *)guest)[i] = 0;                                   \
        UNROLL                                                                                                         \
        for (size_t i = 0; i < sizeof(fields) / sizeof(*(fields)); i++)                                                \
            field_to_guest(&(fields)[i], host, guest);                                                                 \
    }                                                                                                                  \
    _Static_assert((guest_size) % 8 == 0, "whole words")

#endif
