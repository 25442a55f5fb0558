#include "abi/layout.h"

#include <string.h>

#include "abi/flags.h"

/* Little-endian on both sides, as every ABI here is. */
static uint64_t load(const void *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

static uint64_t extend(uint64_t v, size_t size)
{
    unsigned shift = 64 - 8 * (unsigned)size;

    return (uint64_t)((int64_t)(v << shift) >> shift);
}

/* Both sides of one field.  to: bytes of the target; from: of the source. */
struct sides {
    const void *from;
    void       *to;
    size_t      from_size, to_size;
};

static void move_bytes(const struct sides *s)
{
    size_t n = s->from_size < s->to_size ? s->from_size : s->to_size;

    memcpy(s->to, s->from, n);
}

static void store(const struct sides *s, uint64_t v)
{
    memcpy(s->to, &v, s->to_size);
}

static int field_to_host(const struct field *f, const struct sides *s)
{
    uint64_t v, bits;
    int64_t one;
    int err;

    if (f->kind == FIELD_BYTES) {
        move_bytes(s);
        return 0;
    }
    v = load(s->from, s->from_size);
    switch (f->kind) {
    case FIELD_SINT:
        v = extend(v, s->from_size);
        break;
    case FIELD_FLAGS:
        err = flags_to_host(f->of, v, &bits);
        if (err)
            return err;
        v = bits;
        break;
    case FIELD_ENUM:
        err = enum_to_host(f->of, extend(v, s->from_size), &one);
        if (err)
            return err;
        v = (uint64_t)one;
        break;
    default:
        break;
    }
    store(s, v);
    return 0;
}

static void field_to_guest(const struct field *f, const struct sides *s)
{
    uint64_t v;

    if (f->kind == FIELD_BYTES) {
        move_bytes(s);
        return;
    }
    v = load(s->from, s->from_size);
    switch (f->kind) {
    case FIELD_SINT:
        v = extend(v, s->from_size);
        break;
    case FIELD_FLAGS:
        v = flags_to_guest(f->of, v);
        break;
    case FIELD_ENUM:
        v = extend(v, s->from_size);
        v = (uint64_t)enum_to_guest(f->of, (int64_t)v, (int64_t)v);
        break;
    default:
        break;
    }
    store(s, v);
}

int layout_to_host(const struct layout *l, const void *guest, void *host)
{
    memset(host, 0, l->hsize);
    for (const struct field *f = l->fields; f < l->fields + l->count; f++) {
        struct sides s = {(const char *)guest + f->goff, (char *)host + f->hoff, f->gsize, f->hsize};
        int err = field_to_host(f, &s);

        if (err)
            return err;
    }
    return 0;
}

void layout_to_guest(const struct layout *l, const void *host, void *guest)
{
    memset(guest, 0, l->gsize);
    for (const struct field *f = l->fields; f < l->fields + l->count; f++) {
        struct sides s = {(const char *)host + f->hoff, (char *)guest + f->goff, f->hsize, f->gsize};

        field_to_guest(f, &s);
    }
}
