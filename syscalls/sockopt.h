/*
 * syscalls/sockopt.h: the table of socket options, looked up.
 */
#ifndef DRAGOMAN_SYSCALLS_SOCKOPT_H
#define DRAGOMAN_SYSCALLS_SOCKOPT_H

#include <stdbool.h>

#include "abi/sock.h"

/* By the guest's numbers.  local: on a local socket, where a level may mean something else.  NULL: no such option. */
const struct sockopt *sockopt_find(const struct sock_abi *a, int level, int name, bool local);

#endif
