/* syscalls/pgrp.h: moving processes to other process groups. */
#ifndef DRAGOMAN_SYSCALLS_PGRP_H
#define DRAGOMAN_SYSCALLS_PGRP_H

#include "syscalls/call.h"
#include "syscalls/proc.h"

/* A process is in another group or session, if result says so: that is remembered for when it is a zombie.  result. */
int64_t pgrp_moved(pid_t pid, int64_t result);

/* The task's process is to go to another group, and comes by the provider: it goes. */
void pgrp_go(struct call *c);

#endif
