/* loader/stub.h: a place for a site's stub, within reach of its jump (loader/site.h). */
#ifndef DRAGOMAN_LOADER_STUB_H
#define DRAGOMAN_LOADER_STUB_H

#include "loader/sites.h"
#include "syscalls/call.h"

/* A site while it is made ready.  stub_place fills in the stub, and of w the jump and the stub's address. */
struct making {
    struct site_plan plan;
    uint8_t          code[SITE_READ];
    struct site_stub stub;
    struct rewritten w;
    unsigned         len, tries;
};

/*
 * In a page that is there already, or in one that is mapped for it.  maps: of the
 * process, as from maps_open.  The page, not yet marked as used; NULL: there is no
 * place.  One at a time for each s (its busy is ours); its lock is not held.
 */
struct stub_page *stub_place(struct call *c, int maps, struct sites *s, struct making *m);

#endif
