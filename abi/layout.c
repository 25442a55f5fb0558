#include "abi/layout.h"

#include <string.h>

#include "abi/flags.h"

/* Both sides of one field.  to: bytes of the target; from: of the source. */
struct sides {
    const void *from;
    void       *to;
    size_t      from_size, to_size;
};

static int field_to_host(const struct field *f, const struct sides *s)
{
    uint64_t v, bits;
    int64_t  one;
    int      err;

    if (f->kind == FIELD_BYTES) {
        memcpy(s->to, s->from, s->from_size < s->to_size ? s->from_size : s->to_size);
        return 0;
    }
    v = field_load(s->from, s->from_size);
    switch (f->kind) {
    case FIELD_SINT: v = field_extend(v, s->from_size); break;
    case FIELD_FLAGS:
        err = flags_to_host(f->of, v, &bits);
        if (err)
            return err;
        v = bits;
        break;
    case FIELD_ENUM:
        err = enum_to_host(f->of, field_extend(v, s->from_size), &one);
        if (err)
            return err;
        v = (uint64_t)one;
        break;
    default: break;
    }
    field_store(s->to, s->to_size, v);
    return 0;
}

int layout_to_host(const struct layout *l, const void *guest, void *host)
{
    memset(host, 0, l->hsize);
    for (const struct field *f = l->fields; f < l->fields + l->count; f++) {
        struct sides s = {(const char *)guest + f->goff, (char *)host + f->hoff, f->gsize, f->hsize};
        int          err = field_to_host(f, &s);

        if (err)
            return err;
    }
    return 0;
}

void layout_to_guest(const struct layout *l, const void *host, void *guest)
{
    if (l->to_guest) {
        l->to_guest(host, guest);
        return;
    }
    memset(guest, 0, l->gsize);
    for (const struct field *f = l->fields; f < l->fields + l->count; f++)
        field_to_guest(f, host, guest);
}
