/*
 * syscalls/capability.h: Capsicum: capability mode, and what calls want of limited descriptors.
 *
 * The rules are data: abi/caprights.h, one struct cap_row a call.  Limits are kept beside the slots (fdlimit.h),
 * and fd_get asks here when a slot has them: so a check and the use of what was checked are one.
 */
#ifndef DRAGOMAN_SYSCALLS_CAPABILITY_H
#define DRAGOMAN_SYSCALLS_CAPABILITY_H

#include "syscalls/fd.h"
#include "syscalls/fdlimit.h"

/* The process is in capability mode, and the call is none of those that are allowed there. */
bool capability_refuses(const struct call *c);
/* In capability mode. */
bool capability_mode(const struct call *c);
/* After the call: gives up the limits that c->limit named. */
void capability_done(struct call *c);
/* After it gave result: a process that asked for it gets the trap signal for a refusal (procctl PROC_TRAPCAP_CTL). */
void capability_trap(struct call *c, int64_t result);

/* Limits on their way from one table to another. */
struct fdlimit_copy {
    struct fdlimit limit; /* .ioctls: IOCTLS_ALL, IOCTLS_NONE, or 0 for those below */
    uint32_t       n;
    uint64_t       cmds[IOCTLS_MAX];
};
/*
 * fd_get, wanting nothing.  *limits: what the slot's limits were, for the caller to free(); NULL: it had none.
 * 0, -EBADF, -ENOMEM, -ESRCH.
 */
int capability_export(struct call *c, int fd, struct fdref *ref, struct fdlimit_copy **limits);
/* What the call installs next gets these limits, until capability_done.  0, -ENOMEM (no room for a list), -ESRCH. */
int capability_import(struct call *c, const struct fdlimit_copy *limits);

#endif
