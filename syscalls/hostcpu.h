/* syscalls/hostcpu.h: how many processors the host has. */
#ifndef DRAGOMAN_SYSCALLS_HOSTCPU_H
#define DRAGOMAN_SYSCALLS_HOSTCPU_H

#include <sched.h>

#define HOST_CPUS_MAX ((int)sizeof(cpu_set_t) * 8) /* as many as a set has room for: musl's CPU_SETSIZE is of bytes */

/*
 * Those that are online, whatever the caller is confined to (a tracer's thread shares one with its tracee); at least 1.
 * Asked for once: what is plugged in later is not counted.
 */
unsigned host_cpus(void);

#endif
