/* syscalls/kinfo.h: what fcntl's F_KINFO tells of a descriptor. */
#ifndef DRAGOMAN_SYSCALLS_KINFO_H
#define DRAGOMAN_SYSCALLS_KINFO_H

#include "syscalls/call.h"

/* Into the guest's struct kinfo_file at `at`, whose first field is its size.  0, -EBADF, -EFAULT, -EINVAL (size). */
int64_t kinfo_give(struct call *c, int fd, gva at);

#endif
