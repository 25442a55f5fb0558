/*
 * loader/rewrite.h: call sites that trap often are rewritten to jump into the
 * gate (notify door).  How one is rewritten says loader/site.h; docs/gate.md says
 * why it is safe.  All are called from a task's event, by the thread that serves it.
 */
#ifndef DRAGOMAN_LOADER_REWRITE_H
#define DRAGOMAN_LOADER_REWRITE_H

#include <stdbool.h>

#include "loader/gate/area.h"
#include "syscalls/call.h"

/* Before the first process: the memory and process calls tell us of what they do (syscalls/code.h). */
void rewrite_init(void);

/* EVENT_SITE: the guest's rip is behind a call that is worth it.  A site that cannot be rewritten stays as it is. */
void rewrite_site(struct call *c);
/* The guest was found at rip: when that is inside a stub, it is shown where it would be without. */
void rewrite_enter(struct call *c);
/* The guest goes on: where instructions have moved, in their new place. */
void rewrite_leave(struct call *c);
/* A host signal in guest code.  True: the rewriting raised it, the guest is to go on.  Corrects *info else. */
bool rewrite_fault(struct call *c, struct area_siginfo *info);
/* A new process's first event: its gate has to know what is watched. */
void rewrite_started(struct call *c);

#endif
