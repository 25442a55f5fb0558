/* compat/umtx_wait.h: plain waits on a word, see umtx_wait.c.  t is NULL when there is no time-out. */
#ifndef DRAGOMAN_COMPAT_UMTX_WAIT_H
#define DRAGOMAN_COMPAT_UMTX_WAIT_H

#include "compat/umtx_int.h"

/* 0: woken, or the word was not val; -ETIMEDOUT, -EINTR, -EFAULT, -ESRCH.  own: by the private operation. */
int64_t umtx_wait_long(struct call *c, gva at, uint64_t val, struct umtx_time *t);
int64_t umtx_wait_uint(struct call *c, gva at, uint64_t val, bool own, struct umtx_time *t);
/* Wakes everybody on each of val addresses. */
int64_t umtx_nwake(struct call *c, gva list, uint64_t val);

#endif
