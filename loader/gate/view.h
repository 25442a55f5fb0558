/* loader/gate/view.h: look-ups under --root, made in the gate. */
#ifndef DRAGOMAN_LOADER_GATE_VIEW_H
#define DRAGOMAN_LOADER_GATE_VIEW_H

#include "syscalls/path.h"

/*
 * p has the guest's string and its directory.  gate_view_resolve makes of it what a host call takes, with a descriptor
 * that path_put closes; gate_view_open opens it, for the host flags and mode.  -errno, -ERESTART, -GATE_PUNT.
 */
int     gate_view_resolve(struct call *c, struct path *p, unsigned how);
int64_t gate_view_open(struct call *c, struct path *p, uint64_t flags, uint32_t mode);

#endif
