/*
 * syscalls/pty.h: pseudo-terminals, and the names of terminals.
 */
#ifndef DRAGOMAN_SYSCALLS_PTY_H
#define DRAGOMAN_SYSCALLS_PTY_H

#include "syscalls/fd.h"

/*
 * A new master, whose slave may be opened at once: BSD's unlockpt has nothing to
 * do.  flags: O_RDWR, O_NOCTTY, O_CLOEXEC; others are -EINVAL.  The descriptor,
 * or as open.
 */
int64_t sys_posix_openpt(struct call *c, uint64_t flags);

/*
 * FIODGNAME: the name below /dev of the device that ref is open on; of a master,
 * its slave's.  data: {int length, void *buffer}.  0, -EINVAL (no device, or the
 * name does not fit), -EFAULT.
 */
int64_t pty_device_name(struct call *c, struct fdref *ref, gva data);

#endif
