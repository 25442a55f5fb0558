/*
 * syscalls/context.h: getcontext, setcontext and swapcontext, where the foreign kernel does them.
 */
#ifndef DRAGOMAN_SYSCALLS_CONTEXT_H
#define DRAGOMAN_SYSCALLS_CONTEXT_H

#include "syscalls/call.h"

/* -EINVAL for a null pointer, and for a context that sigreturn would refuse; -EFAULT, -ENOMEM, -ESRCH. */
int64_t sys_getcontext(struct call *c, gva ucp);
int64_t sys_setcontext(struct call *c, gva ucp);
int64_t sys_swapcontext(struct call *c, gva oucp, gva ucp);

#endif
