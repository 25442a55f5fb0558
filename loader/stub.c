#include "loader/stub.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "syscalls/memory.h"
#include "syscalls/memory_maps.h"

#define WINDOWS_MAX  160 /* places for a new page of stubs that are tried */
#define PAGES_RECENT 8   /* pages of stubs that are tried before a new one */

/* The stub at this address: within reach of everything, and its distance without a valid opcode. */
static bool stub_suits(struct making *m, uint64_t at)
{
    if (!site_jump(&m->plan, m->code, at, m->w.jump) || site_stub_make(&m->plan, m->code, at, &m->stub))
        return false;
    m->w.stub = at;
    return true;
}

/* Every distance has two high bytes that choose 64 KiB, and two low ones that choose a place there. */
typedef bool pair_fn(struct making *m, uint32_t pair, const void *arg);

/* fn for each pair of bytes that bytes lo and lo + 1 of the jump may be, until it says true. */
static bool each_pair(struct making *m, unsigned lo, pair_fn *fn, const void *arg)
{
    const uint8_t *low, *high;
    const unsigned nlow = site_bytes(&m->plan, m->code, lo, &low);
    const unsigned nhigh = site_bytes(&m->plan, m->code, lo + 1, &high);

    for (unsigned h = 0; h < nhigh; h++)
        for (unsigned l = 0; l < nlow; l++)
            if (fn(m, (uint32_t)high[h] << 8 | low[l], arg))
                return true;
    return false;
}

static bool pair_in_page(struct making *m, uint32_t pair, const void *page)
{
    const struct stub_page *p = page;
    const uint64_t          from = m->plan.at + SITE_LEN;
    /* From the page on, the first that ends so. */
    const uint64_t stub = p->at + ((from + pair - p->at) & 0xffff);

    return stub_fits(p, stub, m->len) && stub_suits(m, stub);
}

static bool stub_in_page(struct making *m, const struct stub_page *p) { return each_pair(m, 1, pair_in_page, p); }

static struct stub_page *page_known(struct sites *s, struct making *m)
{
    for (uint32_t i = s->npages; i > 0 && s->npages - i < PAGES_RECENT; i--)
        if (stub_in_page(m, &s->pages[i - 1]))
            return &s->pages[i - 1];
    return NULL;
}

/* Is all of [at, at + 64 KiB) free? */
static bool window_free(int maps, uint64_t at)
{
    struct map_entry e;
    int              err;

    if (at < 0x10000 || at > GUEST_END - 0x20000 || zone_overlaps(at, 0x20000))
        return false;
    err = maps_find(maps, at, &e);
    return err == -ENOENT || (!err && e.start >= at + 0x20000);
}

static bool pair_in_window(struct making *m, uint32_t pair, const void *window)
{
    const uint64_t stub = *(const uint64_t *)window + pair;

    return (stub & PAGE_MASK) + m->len <= PAGE && stub_suits(m, stub); /* not across the end of a page */
}

static bool pair_of_windows(struct making *m, uint32_t pair, const void *maps)
{
    const int32_t  distance = (int32_t)(pair << 16);
    const uint64_t window = m->plan.at + SITE_LEN + (uint64_t)(int64_t)distance;

    if (m->tries++ % 4) /* windows beside each other are mostly alike: few are asked for */
        return false;
    return m->tries < WINDOWS_MAX && window_free(*(const int *)maps, window) &&
           each_pair(m, 1, pair_in_window, &window);
}

/* Where a new page may go: true, and m->w.stub is in it. */
static bool page_choose(int maps, struct making *m)
{
    m->tries = 0;
    return each_pair(m, 3, pair_of_windows, &maps);
}

static struct stub_page *page_new(struct call *c, int maps, struct sites *s, struct making *m)
{
    uint64_t          at;
    struct stub_page *p;

    if (!page_choose(maps, m))
        return NULL;
    at = m->w.stub & ~PAGE_MASK;
    if (host_call(c, SYS_mmap, at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                  0) != (int64_t)at)
        return NULL;
    pthread_mutex_lock(&s->lock);
    p = stub_page_add(s, at);
    pthread_mutex_unlock(&s->lock);
    return p;
}

struct stub_page *stub_place(struct call *c, int maps, struct sites *s, struct making *m)
{
    struct stub_page *p;

    site_stub_make(&m->plan, m->code, m->plan.at, &m->stub); /* its length is the same wherever it is */
    m->len = m->stub.len;
    p = page_known(s, m);
    return p ? p : page_new(c, maps, s, m);
}
