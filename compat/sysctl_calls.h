/*
 * compat/sysctl_calls.h: the handlers of __sysctl(202) and __sysctlbyname(570).
 *
 * -EINVAL: a MIB shorter than two words or longer than CTL_MAXNAME, a name that is empty or too long.
 * -ENOENT: no such node.  -ENOTDIR: words behind a leaf.  -EISDIR: a node that holds others.
 * -EPERM: not writable.  -ENOMEM: the answer did not fit, the beginning of it was given.
 */
#ifndef DRAGOMAN_COMPAT_SYSCTL_CALLS_H
#define DRAGOMAN_COMPAT_SYSCTL_CALLS_H

#include "syscalls/call.h"

int64_t sys___sysctl(struct call *c, gva name, unsigned namelen, gva old, gva oldlenp, gva newp, uint64_t newlen);
int64_t sys___sysctlbyname(struct call *c, gva name, uint64_t namelen, gva old, gva oldlenp, gva newp, uint64_t newlen);

#endif
