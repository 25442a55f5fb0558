/* loader/notify.h: the notify door. */
#ifndef DRAGOMAN_LOADER_NOTIFY_H
#define DRAGOMAN_LOADER_NOTIFY_H

#include "syscalls/door.h"

extern const struct door_ops notify_door;
/* Starts the workers on a seccomp notification descriptor, which they own from now on.  0 or -errno. */
int notify_start(int listener);

#endif
