/* loader/stat.h: `dragoman stat`: what a session's calls were, how they came and what they cost. */
#ifndef DRAGOMAN_LOADER_STAT_H
#define DRAGOMAN_LOADER_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls/call.h"

struct stat_options {
    bool        json;
    const char *file;     /* NULL: standard error */
    bool        stamps;   /* the last calls one by one, instead of counts (JSON only) */
    uint64_t    delay_ns; /* that every call served in the gate takes longer: to check a benchmark by */
};

/* Before the first process: the arena is there.  0, or -errno when the file cannot be written. */
int stat_begin(const struct stat_options *o);
/*
 * Around a call that the provider serves; began: measure_now() before it looked at it.  Any provider thread.  A call
 * that ends its task (exit) is entered and not left.
 */
void stat_enter(const struct call *c);
void stat_leave(struct call *c, uint64_t began, int64_t result);
/* When the session is over: prints. */
void stat_end(void);

#endif
