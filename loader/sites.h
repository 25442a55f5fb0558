/*
 * loader/sites.h: the rewritten call sites of one address space, and the pages
 * that hold their stubs.  Data only; loader/rewrite.c acts on it.
 */
#ifndef DRAGOMAN_LOADER_SITES_H
#define DRAGOMAN_LOADER_SITES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/site.h"

#define SITES_MAX  4096u
#define STUB_PAGE  4096u
#define STUB_GRAIN 16u /* stubs begin anywhere, but no two share so many bytes */

enum site_state {
    SITE_JUMPS,  /* the jump is there, or on its way */
    SITE_UNDONE, /* its own bytes are there again; somebody may still be in its stub */
};

struct rewritten {
    uint64_t at, stub;
    uint8_t  state; /* enum site_state */
    uint8_t  n, end;
    uint8_t  moved[SITE_MOVED];  /* offsets of the instructions that moved, from the site */
    uint8_t  to[SITE_MOVED + 1]; /* and where they are in the stub */
    uint8_t  stub_len;
    uint8_t  was[SITE_LEN], jump[SITE_LEN];
    uint32_t faults; /* how often somebody came to the middle of it */
};

struct stub_page {
    uint64_t at;
    uint64_t used[STUB_PAGE / STUB_GRAIN / 64];
};

/* Everything but busy and refs is under lock, which is never held across a host call. */
struct sites {
    pthread_mutex_t   lock;
    uint32_t          refs; /* [a] processes of this address space */
    uint32_t          busy; /* [a] somebody changes its text, or copies it for a fork */
    uint32_t          n, npages;
    struct rewritten *sites; /* by address */
    struct stub_page *pages;
};

struct sites *sites_new(void); /* NULL: no memory */
struct sites *sites_get(struct sites *s);
void          sites_put(struct sites *s); /* NULL is fine */
/* For a fork's child.  NULL: no memory. */
struct sites *sites_copy(struct sites *s);

/* Under lock, as is all that follows.  The site whose five bytes hold addr, and that is not undone; NULL: none. */
struct rewritten *site_at(struct sites *s, uint64_t addr);
/* The last one there that was undone. */
struct rewritten *site_undone_at(struct sites *s, uint64_t addr);
/* The site whose stub holds addr. */
struct rewritten *site_of_stub(struct sites *s, uint64_t addr);
/* The first site that is not undone, and has its bytes or its stub in [from, to). */
struct rewritten *site_in(struct sites *s, uint64_t from, uint64_t to);
/* A new one; takes the place of one that was undone there.  NULL: no memory, or too many. */
struct rewritten *site_add(struct sites *s, const struct rewritten *w);

/* What is at addr when somebody stands in the stub, and the reverse: 0 when nothing of the site's is. */
uint64_t site_to_text(const struct rewritten *w, uint64_t addr);
uint64_t site_to_stub(const struct rewritten *w, uint64_t addr);

/* Pages of stubs.  stub_fits: [stub, stub + len) is inside one of them and free. */
struct stub_page *stub_page_of(struct sites *s, uint64_t stub);
bool              stub_fits(const struct stub_page *p, uint64_t stub, unsigned len);
void              stub_take(struct stub_page *p, uint64_t stub, unsigned len);
struct stub_page *stub_page_add(struct sites *s, uint64_t at); /* NULL: no memory */

#endif
