/*
 * syscalls/vnode.h: calls that are for files with a place in a file system.
 */
#ifndef DRAGOMAN_SYSCALLS_VNODE_H
#define DRAGOMAN_SYSCALLS_VNODE_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

/*
 * 0 when the open file lies in a file system (a FIFO does, a pipe does not); else
 * -EINVAL, as FreeBSD says (vfs_syscalls.c, getvnode_path).  -ENOMEM, -ESRCH.
 */
int vnode_check(struct call *c, const struct fdref *ref);

/* nr(host descriptor, a, b) on such a file; the call's result, or the errors of fd_get and vnode_check. */
int64_t vnode_call(struct call *c, long nr, int fd, uint64_t a, uint64_t b);

/* chflags.c */
int64_t sys_chflags(struct call *c, gva path, uint64_t flags);
int64_t sys_lchflags(struct call *c, gva path, uint64_t flags);
int64_t sys_fchflags(struct call *c, int fd, uint64_t flags);
int64_t sys_chflagsat(struct call *c, int dirfd, gva path, uint64_t flags, uint64_t at);

/* vnode.c */
int64_t sys_fsync(struct call *c, int fd);
int64_t sys_fdatasync(struct call *c, int fd);

#endif
