/* loader/coro.h: a second stack for a thread to run on. */
#ifndef DRAGOMAN_LOADER_CORO_H
#define DRAGOMAN_LOADER_CORO_H

#include <stddef.h>

#define CORO_STACK (128 * 1024)

/* Saves the caller's place in *save and goes on where `to` was saved. */
void coro_switch(void **save, void *to);
/* A stack (with a guard page) whose first switch runs fn(arg); fn never returns.  NULL: no memory. */
void *coro_stack_new(void);
void  coro_stack_free(void *stack);
void *coro_prepare(void *stack, void (*fn)(void *), void *arg);

#endif
