/*
 * syscalls/name.h: calls that work on names: links, directories, ownership, times.
 */
#ifndef DRAGOMAN_SYSCALLS_NAME_H
#define DRAGOMAN_SYSCALLS_NAME_H

#include <sys/time.h>
#include <time.h>

#include "syscalls/call.h"

/* name.c */
int64_t sys_unlink(struct call *c, gva path);
int64_t sys_undelete(struct call *c, gva path);
int64_t sys_unlinkat(struct call *c, int dirfd, gva path, uint64_t flags);
int64_t sys_funlinkat(struct call *c, int dirfd, gva path, int fd, uint64_t flags);
int64_t sys_rmdir(struct call *c, gva path);
int64_t sys_mkdir(struct call *c, gva path, uint32_t mode);
int64_t sys_mkdirat(struct call *c, int dirfd, gva path, uint32_t mode);
int64_t sys_rename(struct call *c, gva from, gva to);
int64_t sys_renameat(struct call *c, int fromfd, gva from, int tofd, gva to);
int64_t sys_renameat2(struct call *c, int fromfd, gva from, int tofd, gva to, int flags);
int64_t sys_link(struct call *c, gva path, gva to);
int64_t sys_linkat(struct call *c, int fd1, gva path1, int fd2, gva path2, uint64_t flags);
int64_t sys_symlink(struct call *c, gva target, gva path);
int64_t sys_symlinkat(struct call *c, gva target, int dirfd, gva path);
int64_t sys_readlink(struct call *c, gva path, gva buf, uint64_t size);
int64_t sys_readlinkat(struct call *c, int dirfd, gva path, gva buf, uint64_t size);
int64_t sys_mkfifo(struct call *c, gva path, uint32_t mode);
int64_t sys_mkfifoat(struct call *c, int dirfd, gva path, uint32_t mode);
int64_t sys_freebsd11_mknod(struct call *c, gva path, uint32_t mode, unsigned dev);
int64_t sys_freebsd11_mknodat(struct call *c, int dirfd, gva path, uint32_t mode, unsigned dev);
int64_t sys_mknodat(struct call *c, int dirfd, gva path, uint32_t mode, uint64_t dev);

/* attr.c */
int64_t sys_chmod(struct call *c, gva path, uint32_t mode);
int64_t sys_lchmod(struct call *c, gva path, uint32_t mode);
int64_t sys_fchmod(struct call *c, int fd, uint32_t mode);
int64_t sys_fchmodat(struct call *c, int dirfd, gva path, uint32_t mode, uint64_t flags);
int64_t sys_chown(struct call *c, gva path, int uid, int gid);
int64_t sys_lchown(struct call *c, gva path, int uid, int gid);
int64_t sys_fchown(struct call *c, int fd, int uid, int gid);
int64_t sys_fchownat(struct call *c, int dirfd, gva path, unsigned uid, unsigned gid, uint64_t flags);
int64_t sys_utimes(struct call *c, gva path, const struct timeval tv[2]);
int64_t sys_lutimes(struct call *c, gva path, const struct timeval tv[2]);
int64_t sys_futimes(struct call *c, int fd, const struct timeval tv[2]);
int64_t sys_futimesat(struct call *c, int dirfd, gva path, const struct timeval tv[2]);
int64_t sys_futimens(struct call *c, int fd, const struct timespec ts[2]);
int64_t sys_utimensat(struct call *c, int dirfd, gva path, const struct timespec ts[2], uint64_t flags);
int64_t sys_truncate(struct call *c, gva path, int64_t length);
int64_t sys_ftruncate(struct call *c, int fd, int64_t length);
int64_t sys_access(struct call *c, gva path, uint64_t mode);
int64_t sys_eaccess(struct call *c, gva path, uint64_t mode);
int64_t sys_faccessat(struct call *c, int dirfd, gva path, uint64_t mode, uint64_t flags);

/* cwd.c */
/* The host's name of an open descriptor, as the process sees it.  0, -ENAMETOOLONG, -ENOENT (outside its root), ... */
int64_t cwd_name_of(struct call *c, int hostfd, char *name, size_t size);
int64_t sys_chdir(struct call *c, gva path);
int64_t sys_fchdir(struct call *c, int fd);
int64_t sys_chroot(struct call *c, gva path);
int64_t sys_fchroot(struct call *c, int fd);
int64_t sys___getcwd(struct call *c, gva buf, uint64_t size);
int64_t sys___realpathat(struct call *c, int dirfd, gva path, gva buf, uint64_t size, uint64_t flags);

#endif
