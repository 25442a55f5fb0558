/*
 * compat/exterr.c: exterrctl(2): where a thread wants errors explained (sys/kern/sys_generic.c).  libc registers its
 * place before main.  A kernel explains few of them, in words of its own source files; this one none: the place says so
 * as it was given.
 */
#include <errno.h>

#include "compat/bsd_calls.h"
#include "syscalls/proc.h"

enum { ENABLE = 1, DISABLE = 2, FORCE = 1 };

static bool is_version(uint32_t v) { return v == 0x10010001 || v == 0x10010002; } /* sys/sys/exterrvar.h */

static int64_t enable(struct call *c, unsigned flags, gva place)
{
    uint32_t version;
    int      err;

    if (c->task->exterr && !(flags & FORCE))
        return -EBUSY;
    c->task->exterr = false;
    err = copy_in(c, &version, place, sizeof(version));
    if (err)
        return err;
    if (!is_version(version))
        return -EINVAL;
    c->task->exterr = true;
    return 0;
}

int64_t sys_exterrctl(struct call *c, unsigned op, unsigned flags, gva place)
{
    if (flags & ~(unsigned)FORCE)
        return -EINVAL;
    if (op == ENABLE)
        return enable(c, flags, place);
    if (op != DISABLE || !c->task->exterr)
        return -EINVAL;
    c->task->exterr = false;
    return 0;
}
