/*
 * Each copy from the guest costs a host call, and pointers and strings mostly lie side by side: so they are read
 * through windows of a page.
 */
#include "syscalls/strv.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 4096u

/* [at, at + n) of guest memory as it was when it was read; never over a page's end, where a fault may begin. */
struct window {
    uint64_t at;
    size_t   n;
    char     bytes[WINDOW];
};

struct reading {
    struct call  *c;
    struct strv  *s;
    struct window words, text;
};

/* How many bytes from at on are in the window, which is moved there when it has none. */
static int64_t window_at(struct call *c, struct window *w, uint64_t at)
{
    if (at - w->at >= w->n) {
        const size_t n = WINDOW - at % WINDOW;
        const int    err = copy_in(c, w->bytes, GVA(at), n);

        w->at = at;
        w->n = err ? 0 : n;
        if (err)
            return err;
    }
    return (int64_t)(w->at + w->n - at);
}

void strv_free(struct strv *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i]);
    free(s->v);
}

void argv_free(char **v)
{
    for (size_t i = 0; v && v[i]; i++)
        free(v[i]);
    free(v);
}

char **argv_copy(const char *const *v, int *count)
{
    int    n = 0;
    char **copy;

    while (v && v[n])
        n++;
    copy = calloc((size_t)n + 1, sizeof(*copy));
    for (int i = 0; copy && i < n; i++) {
        copy[i] = strdup(v[i]);
        if (!copy[i]) {
            argv_free(copy);
            copy = NULL;
        }
    }
    *count = n;
    return copy;
}

static int strv_add(struct strv *s, char *text)
{
    if (s->n + 2 > s->size) {
        size_t size = s->size ? s->size * 2 : 32;
        char **v = realloc(s->v, size * sizeof(*v));

        if (!v)
            return -ENOMEM;
        s->v = v;
        s->size = size;
    }
    s->v[s->n++] = text;
    s->v[s->n] = NULL;
    return 0;
}

/* The string at at, over as many pages as it has.  NULL with *err. */
static char *text_read(struct reading *r, uint64_t at, int *err)
{
    const size_t room = ARG_TOTAL_MAX - r->s->bytes;
    char        *text = NULL;
    size_t       len = 0;

    for (;;) {
        const int64_t     n = window_at(r->c, &r->text, at + len);
        const char *const from = r->text.bytes + (at + len - r->text.at);
        const char *const end = n > 0 ? memchr(from, 0, (size_t)n) : NULL;
        const size_t      more = end ? (size_t)(end - from) + 1 : (size_t)n;
        char             *longer;

        *err = n < 0 ? (int)n : !more || len + more > room ? -E2BIG : 0;
        longer = *err ? NULL : realloc(text, len + more);
        if (!longer) {
            *err = *err ? *err : -ENOMEM;
            free(text);
            return NULL;
        }
        text = longer;
        memcpy(text + len, from, more);
        len += more;
        if (end)
            break;
    }
    r->s->bytes += len;
    return text;
}

static int add_from(struct reading *r, uint64_t at)
{
    int   err;
    char *text;

    r->s->bytes += sizeof(at); /* its place in the vector */
    if (r->s->bytes > ARG_TOTAL_MAX)
        return -E2BIG;
    text = text_read(r, at, &err);
    if (!text)
        return err;
    err = strv_add(r->s, text);
    if (err)
        free(text);
    return err;
}

/* The word at at; those that lie across a page's end are read alone. */
static int word_read(struct reading *r, uint64_t at, uint64_t *word)
{
    const int64_t n = at % WINDOW > WINDOW - sizeof(*word) ? 0 : window_at(r->c, &r->words, at);

    if (n < 0)
        return (int)n;
    if (n == 0)
        return copy_in(r->c, word, GVA(at), sizeof(*word));
    memcpy(word, r->words.bytes + (at - r->words.at), sizeof(*word));
    return 0;
}

static int read_all(struct reading *r, gva vec)
{
    int err = 0;

    while (!err && vec.va) {
        uint64_t at = 0;

        err = word_read(r, vec.va, &at);
        if (err || !at)
            break;
        err = add_from(r, at);
        vec.va += sizeof(at);
    }
    return err;
}

int strv_read(struct call *c, struct strv *s, gva vec)
{
    struct reading *r = malloc(sizeof(*r));                /* a handler's stack is small */
    int             err = r ? strv_add(s, NULL) : -ENOMEM; /* an empty vector is a vector too */

    if (err) {
        free(r);
        return err;
    }
    s->n = 0;
    *r = (struct reading){.c = c, .s = s};
    err = read_all(r, vec);
    free(r);
    return err;
}
