#include "syscalls/context.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/door.h"
#include "syscalls/handlers.h"
#include "syscalls/sigdeliver.h"

/* Registers as they are after the call, which returns 0: that is what setcontext goes back to. */
static void state_get(struct call *c, struct sigframe_in *in, uint8_t *xstate)
{
    memset(in, 0, sizeof(*in));
    door->regs_get(c->task, &in->regs);
    c->abi->result(&in->regs, 0, true, 0);
    in->xstate = xstate;
    in->xstate_len = door->xstate_get(c->task, xstate, XSTATE_MAX);
    pthread_mutex_lock(&session.lock);
    in->mask = c->task->area->mask;
    pthread_mutex_unlock(&session.lock);
}

int64_t sys_getcontext(struct call *c, gva ucp)
{
    struct sigframe_in in;
    uint8_t           *buf;
    int                err;

    if (!ucp.va)
        return -EINVAL;
    buf = malloc(XSTATE_MAX + c->abi->ucontext_size);
    if (!buf)
        return -ENOMEM;
    state_get(c, &in, buf);
    err = c->abi->getcontext(&in, buf + XSTATE_MAX);
    if (!err)
        err = copy_out(c, ucp, buf + XSTATE_MAX, c->abi->getcontext_size);
    free(buf);
    return err;
}

int64_t sys_setcontext(struct call *c, gva ucp) { return ucp.va ? sys_sigreturn(c, ucp) : -EINVAL; }

int64_t sys_swapcontext(struct call *c, gva oucp, gva ucp)
{
    int64_t r = ucp.va ? sys_getcontext(c, oucp) : -EINVAL;

    return r ? r : sys_setcontext(c, ucp);
}
