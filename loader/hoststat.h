/* loader/hoststat.h: what the host's process file system says of a process or thread. */
#ifndef DRAGOMAN_LOADER_HOSTSTAT_H
#define DRAGOMAN_LOADER_HOSTSTAT_H

#include <stdbool.h>
#include <sys/types.h>

/* Its state (proc(5): 'R', 'S', 'Z', ...) and its parent.  False: it is not there. */
bool host_stat(pid_t pid, char *state, pid_t *parent);
/* It has ended, or is not there any more. */
bool host_is_ending(pid_t pid);

#endif
