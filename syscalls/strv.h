/* syscalls/strv.h: vectors of strings that a program is started with. */
#ifndef DRAGOMAN_SYSCALLS_STRV_H
#define DRAGOMAN_SYSCALLS_STRV_H

#include "syscalls/call.h"

#define ARG_TOTAL_MAX (512u * 1024) /* FreeBSD's ARG_MAX: strings and the pointers to them */

struct strv {
    char **v; /* owned, NULL-terminated */
    size_t n, size, bytes;
};

/*
 * Reads a guest's vector; a null pointer is an empty one.  bytes counts on from what it was.  0, -EFAULT, -E2BIG,
 * -ENOMEM, -ESRCH.  strv_free in any case.
 */
int  strv_read(struct call *c, struct strv *s, gva vec);
void strv_free(struct strv *s);

/* A copy of a vector as main gets it (NULL: an empty one) and its length, for argv_free.  NULL: no memory. */
char **argv_copy(const char *const *v, int *count);
/* All of it; NULL is one, too. */
void argv_free(char **v);

#endif
