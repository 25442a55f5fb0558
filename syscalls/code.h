/*
 * syscalls/code.h: what the memory and process calls tell whoever rewrote code
 * of the guest (loader/rewrite.c).
 */
#ifndef DRAGOMAN_SYSCALLS_CODE_H
#define DRAGOMAN_SYSCALLS_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls/vdso.h"

struct call;
struct proc;

struct code_ops {
    /*
     * The guest is about to map, unmap or change the protection of [at, end): its own
     * bytes are put back there.  Makes host calls only where something was rewritten.
     */
    void (*forget)(struct call *c, uint64_t at, uint64_t end);
    /*
     * Around the host's clone: the child gets the parent's record, or, with the
     * memory, shares it.  After 0, fork_end is called whatever came of it.
     */
    int (*fork_begin)(struct call *c, struct proc *child, bool shares_memory); /* 0, -ENOMEM, -ESRCH */
    void (*fork_end)(struct call *c, bool shares_memory);
    /* The process has a new image, or is gone. */
    void (*drop)(struct proc *p);
};

/* NULL: no code is rewritten. */
extern const struct code_ops *code_ops;

static inline void code_drop(struct proc *p)
{
    if (code_ops)
        code_ops->drop(p);
}

static inline void code_forget(struct call *c, uint64_t at, uint64_t end)
{
    vdso_forget(c, at, end);
    if (code_ops)
        code_ops->forget(c, at, end);
}

#endif
