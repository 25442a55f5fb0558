/*
 * syscalls/pathconf.h: limits and properties of files.
 */
#ifndef DRAGOMAN_SYSCALLS_PATHCONF_H
#define DRAGOMAN_SYSCALLS_PATHCONF_H

#include "syscalls/call.h"

int64_t sys_pathconf(struct call *c, gva path, int64_t name);
int64_t sys_lpathconf(struct call *c, gva path, int64_t name);
int64_t sys_fpathconf(struct call *c, int fd, int64_t name);

#endif
