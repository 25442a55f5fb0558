#include "loader/sites.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------ */

struct sites *sites_new(void)
{
    struct sites *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->refs = 1;
    return s;
}

struct sites *sites_get(struct sites *s)
{
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

void sites_put(struct sites *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
        return;
    pthread_mutex_destroy(&s->lock);
    free(s->sites);
    free(s->pages);
    free(s);
}

static void *copy_of(const void *from, size_t n)
{
    void *p = malloc(n ? n : 1);

    if (p && n)
        memcpy(p, from, n);
    return p;
}

struct sites *sites_copy(struct sites *s)
{
    struct sites *to = sites_new();

    if (!to)
        return NULL;
    pthread_mutex_lock(&s->lock);
    to->sites = copy_of(s->sites, s->n * sizeof(*s->sites));
    to->pages = copy_of(s->pages, s->npages * sizeof(*s->pages));
    to->n = s->n;
    to->npages = s->npages;
    pthread_mutex_unlock(&s->lock);
    if (to->sites && to->pages)
        return to;
    sites_put(to);
    return NULL;
}

/* ---- sites ------------------------------------------------------------------------------ */

/* How many sites begin at or below addr. */
static uint32_t sites_below(const struct sites *s, uint64_t addr)
{
    uint32_t lo = 0, hi = s->n;

    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;

        if (s->sites[mid].at <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct rewritten *find(struct sites *s, uint64_t addr, enum site_state state)
{
    for (uint32_t i = sites_below(s, addr); i > 0 && addr - s->sites[i - 1].at < SITE_LEN; i--)
        if (s->sites[i - 1].state == state)
            return &s->sites[i - 1];
    return NULL;
}

struct rewritten *site_at(struct sites *s, uint64_t addr) { return find(s, addr, SITE_JUMPS); }

struct rewritten *site_undone_at(struct sites *s, uint64_t addr) { return find(s, addr, SITE_UNDONE); }

struct rewritten *site_of_stub(struct sites *s, uint64_t addr)
{
    if (!stub_page_of(s, addr))
        return NULL;
    for (uint32_t i = 0; i < s->n; i++)
        if (addr - s->sites[i].stub < s->sites[i].stub_len)
            return &s->sites[i];
    return NULL;
}

static bool overlaps(uint64_t at, uint64_t len, uint64_t from, uint64_t to) { return at < to && at + len > from; }

struct rewritten *site_in(struct sites *s, uint64_t from, uint64_t to)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct rewritten *w = &s->sites[i];

        if (w->state == SITE_JUMPS && (overlaps(w->at, SITE_LEN, from, to) || overlaps(w->stub, w->stub_len, from, to)))
            return w;
    }
    return NULL;
}

struct rewritten *site_add(struct sites *s, const struct rewritten *w)
{
    const uint32_t    i = sites_below(s, w->at);
    struct rewritten *more;

    /* The stub of one that was undone there may still be in use: its entry stays, in front of the new one. */
    if (s->n == SITES_MAX || !(more = realloc(s->sites, (s->n + 1) * sizeof(*more))))
        return NULL;
    s->sites = more;
    memmove(&more[i + 1], &more[i], (s->n - i) * sizeof(*more));
    more[i] = *w;
    s->n++;
    return &more[i];
}

uint64_t site_to_text(const struct rewritten *w, uint64_t addr)
{
    const uint64_t off = addr - w->stub;

    if (off < w->to[0])
        return w->at; /* not yet in the gate: nothing has happened */
    for (unsigned i = 0; i < w->n; i++)
        if (off == w->to[i])
            return w->at + w->moved[i];
    return off == w->to[w->n] ? w->at + w->end : 0;
}

uint64_t site_to_stub(const struct rewritten *w, uint64_t addr)
{
    for (unsigned i = 0; i < w->n; i++)
        if (addr == w->at + w->moved[i])
            return w->stub + w->to[i];
    return 0;
}

/* ---- pages of stubs ---------------------------------------------------------------------- */

struct stub_page *stub_page_of(struct sites *s, uint64_t stub)
{
    for (uint32_t i = s->npages; i-- > 0;)
        if (stub - s->pages[i].at < STUB_PAGE)
            return &s->pages[i];
    return NULL;
}

static unsigned grain(const struct stub_page *p, uint64_t at) { return (unsigned)(at - p->at) / STUB_GRAIN; }

bool stub_fits(const struct stub_page *p, uint64_t stub, unsigned len)
{
    if (stub < p->at || stub + len > p->at + STUB_PAGE)
        return false;
    for (unsigned g = grain(p, stub); g <= grain(p, stub + len - 1); g++)
        if (p->used[g / 64] >> g % 64 & 1)
            return false;
    return true;
}

void stub_take(struct stub_page *p, uint64_t stub, unsigned len)
{
    for (unsigned g = grain(p, stub); g <= grain(p, stub + len - 1); g++)
        p->used[g / 64] |= 1ull << g % 64;
}

struct stub_page *stub_page_add(struct sites *s, uint64_t at)
{
    struct stub_page *more = realloc(s->pages, (s->npages + 1) * sizeof(*more));

    if (!more)
        return NULL;
    s->pages = more;
    more[s->npages] = (struct stub_page){.at = at};
    return &more[s->npages++];
}
