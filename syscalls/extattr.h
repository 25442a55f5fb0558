/*
 * syscalls/extattr.h: extended attributes, on the host's user.* ones.
 */
#ifndef DRAGOMAN_SYSCALLS_EXTATTR_H
#define DRAGOMAN_SYSCALLS_EXTATTR_H

#include "syscalls/call.h"

int64_t sys_extattr_get_file(struct call *c, gva path, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_get_link(struct call *c, gva path, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_get_fd(struct call *c, int fd, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_set_file(struct call *c, gva path, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_set_link(struct call *c, gva path, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_set_fd(struct call *c, int fd, int space, gva name, gva data, uint64_t size);
int64_t sys_extattr_delete_file(struct call *c, gva path, int space, gva name);
int64_t sys_extattr_delete_link(struct call *c, gva path, int space, gva name);
int64_t sys_extattr_delete_fd(struct call *c, int fd, int space, gva name);
int64_t sys_extattr_list_file(struct call *c, gva path, int space, gva data, uint64_t size);
int64_t sys_extattr_list_link(struct call *c, gva path, int space, gva data, uint64_t size);
int64_t sys_extattr_list_fd(struct call *c, int fd, int space, gva data, uint64_t size);

#endif
