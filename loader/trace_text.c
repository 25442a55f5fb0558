#include "loader/trace_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *t, char *buf, size_t size)
{
    *t = (struct text){buf, 0, size};
    buf[0] = 0;
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int     n;

    va_start(ap, fmt);
    n = vsnprintf(t->at + t->len, t->size - t->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

/* An octal escape is as short as the next byte allows. */
static void add_byte(struct text *t, unsigned char b, bool digit_follows)
{
    static const char plain[] = "\"\\\n\t\r\f\v", names[] = "\"\\ntrfv";
    const char       *p = b ? strchr(plain, b) : NULL;

    if (p)
        text_add(t, "\\%c", names[p - plain]);
    else if (b >= 0x20 && b < 0x7f)
        text_add(t, "%c", b);
    else
        text_add(t, digit_follows ? "\\%03o" : "\\%o", b);
}

void text_quote(struct text *t, const void *bytes, size_t n, bool cut)
{
    const unsigned char *b = bytes;

    text_add(t, "\"");
    for (size_t i = 0; i < n; i++)
        add_byte(t, b[i], i + 1 < n && isdigit(b[i + 1]));
    text_add(t, cut ? "\"..." : "\"");
}

static uint64_t mask_of(const struct flag *f) { return f->mask ? f->mask : f->guest; }

/* A value of 0 is named when the group has a name for it and nothing else was printed in its field. */
void text_flags(struct text *t, const struct flag_group *g, uint64_t guest)
{
    uint64_t left = guest = g->wide ? guest : (uint32_t)guest;
    uint64_t named = 0;
    size_t   start = t->len;

    for (const struct flag *f = g->flags; f < g->flags + g->count; f++) {
        uint64_t mask = mask_of(f);

        if ((guest & mask) != f->guest || (mask & named) || (!mask && guest))
            continue;
        text_add(t, "%s%s", t->len > start ? "|" : "", f->name);
        named |= mask;
        left &= ~mask;
        if (!guest && !mask)
            break;
    }
    if (left)
        text_add(t, "%s0x%" PRIx64, t->len > start ? "|" : "", left);
    else if (t->len == start)
        text_add(t, "0");
}

void text_enum(struct text *t, const struct flag_group *g, uint64_t guest)
{
    for (const struct flag *f = g->flags; f < g->flags + g->count; f++) {
        if (g->wide ? f->guest == guest : (uint32_t)f->guest == (uint32_t)guest) {
            text_add(t, "%s", f->name);
            return;
        }
    }
    if (g->wide)
        text_add(t, "%" PRId64, (int64_t)guest);
    else
        text_add(t, "%d", (int32_t)guest);
}

void text_signo(struct text *t, const struct abi *abi, int sig)
{
    if (sig > 0 && (unsigned)sig <= abi->nsig && abi->sig_name[sig])
        text_add(t, "%s", abi->sig_name[sig]);
    else
        text_add(t, "%d", sig);
}

void text_sigcode(struct text *t, const struct abi *abi, int sig, int code)
{
    const struct flag_group *g = abi->sigcodes;

    for (unsigned i = 0; i < g->count; i++) {
        const uint64_t v = g->flags[i].guest;

        if ((int)v == code && (v >> 32 == 0 || v >> 32 == (uint64_t)sig)) {
            text_add(t, "%s", g->flags[i].name);
            return;
        }
    }
    text_add(t, "%d", code);
}

static bool has_bit(const void *bits, unsigned i) { return ((const uint8_t *)bits)[i / 8] >> (i % 8) & 1; }

void text_sigset(struct text *t, const struct abi *abi, const void *bits, size_t n)
{
    unsigned    last = n * 8 < abi->nsig ? (unsigned)(n * 8) : abi->nsig, set = 0;
    const char *sep = "";
    bool        inverse;

    for (unsigned s = 1; s <= last; s++)
        set += has_bit(bits, s - 1);
    inverse = set > last / 2;
    text_add(t, inverse ? "~[" : "[");
    for (unsigned s = 1; s <= last; s++) {
        if (has_bit(bits, s - 1) == inverse)
            continue;
        text_add(t, "%s", sep);
        text_signo(t, abi, (int)s);
        sep = " ";
    }
    text_add(t, "]");
}

static uint64_t load(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

static int64_t sign(uint64_t v, size_t size)
{
    unsigned shift = 64 - 8 * (unsigned)size;

    return (int64_t)(v << shift) >> shift;
}

/* Bytes are a signal set by their name, text when they read as text, else a string of escapes. */
static void add_bytes(struct text *t, const struct abi *abi, const struct field *f, const uint8_t *p)
{
    size_t n = strnlen((const char *)p, f->gsize);

    if (strstr(f->name, "mask") || !strcmp(f->name, "bits"))
        text_sigset(t, abi, p, f->gsize);
    else
        text_quote(t, p, n > 32 ? 32 : n, n > 32);
}

static void add_field(struct text *t, const struct abi *abi, const struct field *f, const uint8_t *p)
{
    uint64_t v = f->kind == FIELD_BYTES ? 0 : load(p, f->gsize);

    switch (f->kind) {
    case FIELD_SINT: text_add(t, "%" PRId64, sign(v, f->gsize)); break;
    case FIELD_BYTES: add_bytes(t, abi, f, p); break;
    case FIELD_FLAGS: text_flags(t, f->of, v); break;
    case FIELD_ENUM: text_enum(t, f->of, (uint64_t)sign(v, f->gsize)); break;
    case FIELD_PTR: text_add(t, v ? "0x%" PRIx64 : "NULL", v); break;
    case FIELD_MODE: text_add(t, "%#" PRIo64, v); break;
    default: text_add(t, "%" PRIu64, v); break;
    }
}

void text_struct(struct text *t, const struct abi *abi, const struct layout *l, const void *guest)
{
    /* A set or a number on its own needs no braces. */
    if (l->count == 1) {
        add_field(t, abi, &l->fields[0], guest);
        return;
    }
    for (unsigned i = 0; i < l->count; i++) {
        const struct field *f = &l->fields[i];

        text_add(t, "%s%s=", i ? ", " : "{", f->name);
        add_field(t, abi, f, (const uint8_t *)guest + f->goff);
    }
    text_add(t, "}");
}
