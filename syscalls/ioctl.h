/*
 * syscalls/ioctl.h: ioctl on descriptors and terminals.
 */
#ifndef DRAGOMAN_SYSCALLS_IOCTL_H
#define DRAGOMAN_SYSCALLS_IOCTL_H

#include "syscalls/call.h"

/* The row's command is converted by group (host numbers and D_IOC_*), its data names the layout of struct termios. */
int64_t sys_ioctl(struct call *c, int fd, int64_t command, gva data);

#endif
