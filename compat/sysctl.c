/*
 * compat/sysctl.c: the engine: finds nodes, runs getters, moves bytes.
 */
#include "compat/sysctl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/capability.h"

/* ---- the answer ---------------------------------------------------------- */

int sysctl_out(struct sysctl_req *r, const void *p, size_t n)
{
    if (r->len + n > r->cap) {
        size_t   cap = (r->len + n) * 2 + 64;
        uint8_t *grown = realloc(r->out, cap);

        if (!grown)
            return -ENOMEM;
        r->out = grown;
        r->cap = cap;
    }
    if (n)
        memcpy(r->out + r->len, p, n);
    r->len += n;
    return 0;
}

size_t sysctl_width(enum sysctl_type type)
{
    static const uint8_t width[] = {
        [SYSCTL_INT] = 4, [SYSCTL_UINT] = 4, [SYSCTL_LONG] = 8, [SYSCTL_ULONG] = 8,
        [SYSCTL_S64] = 8, [SYSCTL_U64] = 8,  [SYSCTL_U8] = 1,
    };

    return type < sizeof(width) ? width[type] : 0;
}

int sysctl_out_num(struct sysctl_req *r, int64_t v)
{
    /* Little endian on both sides: the low bytes come first. */
    return sysctl_out(r, &v, sysctl_width(r->node->type));
}

int sysctl_out_str(struct sysctl_req *r, const char *s) { return sysctl_out(r, s, strlen(s) + 1); }

/* ---- places: MIBs of all nodes, sorted ------------------------------------ */

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

/* A MIB that is a prefix of another sorts before it, so that a node comes before what it holds. */
static int mib_cmp(const int *a, unsigned alen, const int *b, unsigned blen)
{
    for (unsigned i = 0; i < alen && i < blen; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return (alen > blen) - (alen < blen);
}

static int place_cmp(const void *a, const void *b)
{
    const struct sysctl_place *x = a, *y = b;

    return mib_cmp(x->mib, x->len, y->mib, y->len);
}

/* The node that holds `name`, among the first n places; NULL at the top. */
static const struct sysctl_place *place_parent(const struct sysctl_place *places, unsigned n, const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t      len = dot ? (size_t)(dot - name) : 0;

    for (unsigned i = 0; dot && i < n; i++)
        if (!strncmp(places[i].node->name, name, len) && places[i].node->name[len] == '\0')
            return &places[i];
    return NULL;
}

static void places_fill(const struct sysctl_tree *t)
{
    int next = t->auto_start;

    for (unsigned i = 0; i < t->n; i++) {
        struct sysctl_place       *p = &t->places[i];
        const struct sysctl_place *up = place_parent(t->places, i, t->nodes[i].name);

        p->node = &t->nodes[i];
        p->len = 0;
        if (up) {
            memcpy(p->mib, up->mib, sizeof(p->mib));
            p->len = up->len;
        }
        p->mib[p->len++] = p->node->number == SYSCTL_AUTO ? next++ : p->node->number;
    }
    qsort(t->places, t->n, sizeof(*t->places), place_cmp);
}

static const struct sysctl_place *places(const struct sysctl_tree *t)
{
    pthread_mutex_lock(&places_lock);
    if (t->n && !t->places[0].node)
        places_fill(t);
    pthread_mutex_unlock(&places_lock);
    return t->places;
}

const struct sysctl_place *sysctl_by_name(const struct sysctl_tree *t, const char *name)
{
    const struct sysctl_place *all = places(t);
    size_t                     len = strlen(name);

    if (len && name[len - 1] == '.') /* "kern." is "kern", as name2oid has it */
        len--;
    for (unsigned i = 0; len && i < t->n; i++)
        if (!strncmp(all[i].node->name, name, len) && all[i].node->name[len] == '\0')
            return &all[i];
    return NULL;
}

static bool place_holds(const struct sysctl_place *p, const int *name, unsigned len)
{
    return p->len <= len && !memcmp(p->mib, name, p->len * sizeof(*name));
}

int sysctl_by_mib(const struct sysctl_tree *t, const int *name, unsigned len, const struct sysctl_place **found)
{
    const struct sysctl_place *all = places(t);
    int                        err = -ENOENT;

    for (unsigned i = 0; i < t->n; i++) {
        const struct sysctl_place *p = &all[i];

        if (!place_holds(p, name, len))
            continue;
        if (p->len == len || (p->node->type == SYSCTL_NODE && p->node->get)) {
            *found = p;
            return 0;
        }
        if (p->node->type != SYSCTL_NODE) /* words behind a leaf */
            err = -ENOTDIR;
    }
    return err;
}

const struct sysctl_place *sysctl_after(const struct sysctl_tree *t, const int *name, unsigned len, bool honour_skip)
{
    const struct sysctl_place *all = places(t);

    for (unsigned i = 0; i < t->n; i++) {
        const struct sysctl *node = all[i].node;

        if (node->type == SYSCTL_NODE && !node->get)
            continue;
        if (honour_skip && node->skip)
            continue;
        if (mib_cmp(all[i].mib, all[i].len, name, len) > 0)
            return &all[i];
    }
    return NULL;
}

/* ---- one call -------------------------------------------------------------- */

static int node_get(struct sysctl_req *r)
{
    if (r->node->get)
        return r->node->get(r);
    if (r->node->type == SYSCTL_STRING)
        return sysctl_out_str(r, r->node->str ? r->node->str : "");
    return sysctl_out_num(r, r->node->value);
}

/* A node without a handler, or a write to what is not for everybody to write. */
static int node_refuses(const struct sysctl_req *r)
{
    if (r->node->type == SYSCTL_NODE && !r->node->get)
        return -EISDIR;
    if (r->writing && r->node->access != SYSCTL_ANYBODY)
        return -EPERM;
    /* kern_sysctl.c, sysctl_root: to ask for the size alone is no reading. */
    if (capability_mode(r->c) &&
        ((!r->sizing && !sysctl_capability_reads(r->node)) || (r->writing && !sysctl_capability_writes(r->node))))
        return -EPERM;
    return 0;
}

/* Gives the answer to the guest: 0, -ENOMEM when it was cut, -EFAULT. */
static int answer_out(struct sysctl_req *r, const struct sysctl_io *io)
{
    uint64_t room = io->oldlenp ? *io->oldlenp : 0;
    uint64_t n = r->len < room ? r->len : room;
    int      err = 0;

    if (io->old.va && n)
        err = copy_out(r->c, io->old, r->out, n);
    if (err)
        return err;
    if (io->oldlenp)
        *io->oldlenp = io->old.va ? n : r->len;
    return io->old.va && n < r->len ? -ENOMEM : 0;
}

int sysctl_run(struct call *c, const struct sysctl_tree *t, const int *name, unsigned len, const struct sysctl_io *io)
{
    const struct sysctl_place *p;
    struct sysctl_req          r = {.c = c, .tree = t, .newp = io->newp};
    int                        err = sysctl_by_mib(t, name, len, &p);

    if (err)
        return err;
    r.node = p->node;
    r.arg = name + p->len;
    r.narg = len - p->len;
    r.writing = io->newp.va != 0;
    r.newlen = r.writing ? io->newlen : 0;
    r.sizing = io->old.va == 0;
    r.room = io->oldlenp ? *io->oldlenp : 0;
    err = node_refuses(&r);
    if (!err)
        err = node_get(&r);
    if (!err)
        err = answer_out(&r, io);
    free(r.out);
    return err;
}
