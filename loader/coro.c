/* loader/coro.c: stacks for coroutines. */
#include "loader/coro.h"

#include <stdint.h>
#include <sys/mman.h>

#define GUARD 4096

void coro_first(void);

void *coro_stack_new(void)
{
    char *p =
        mmap(NULL, GUARD + CORO_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    mprotect(p, GUARD, PROT_NONE);
    return p + GUARD;
}

void coro_stack_free(void *stack)
{
    if (stack)
        munmap((char *)stack - GUARD, GUARD + CORO_STACK);
}

void *coro_prepare(void *stack, void (*fn)(void *), void *arg)
{
    uint64_t *sp = (uint64_t *)((char *)stack + CORO_STACK);

    *--sp = 0;
    *--sp = 0; /* so that coro_first is entered with rsp 16-byte aligned */
    *--sp = (uint64_t)coro_first;
    *--sp = 0;             /* rbp */
    *--sp = 0;             /* rbx */
    *--sp = (uint64_t)fn;  /* r12 */
    *--sp = (uint64_t)arg; /* r13 */
    *--sp = 0;             /* r14 */
    *--sp = 0;             /* r15 */
    return sp;
}
