/*
 * syscalls/fhandle.h: files by handle, for servers of remote file systems.
 */
#ifndef DRAGOMAN_SYSCALLS_FHANDLE_H
#define DRAGOMAN_SYSCALLS_FHANDLE_H

#include "syscalls/call.h"

int64_t sys_getfh(struct call *c, gva path, gva fhp);
int64_t sys_lgetfh(struct call *c, gva path, gva fhp);
int64_t sys_getfhat(struct call *c, int dirfd, gva path, gva fhp, uint64_t flags);
int64_t sys_fhopen(struct call *c, gva fhp, uint64_t flags);
int64_t sys_fhstat(struct call *c, gva fhp, struct kstat *st);
int64_t sys_fhstatfs(struct call *c, gva fhp, gva buf);
int64_t sys_fhlink(struct call *c, gva fhp, gva to);
int64_t sys_fhlinkat(struct call *c, gva fhp, int dirfd, gva to);
int64_t sys_fhreadlink(struct call *c, gva fhp, gva buf, uint64_t size);

#endif
