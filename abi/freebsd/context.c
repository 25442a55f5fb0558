/*
 * abi/freebsd/context.c: getcontext(2): the context that a signal frame would hold, by itself.
 *
 * Source: sys/kern/kern_context.c, sys/amd64/amd64/exec_machdep.c (get_mcontext).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/freebsd.h"

#define FRAME_UC   16 /* struct sigframe: sf_uc */
#define FXSAVE_LEN 512

/* In ucontext_t: what of uc_mcontext speaks of extended state, which getcontext leaves out. */
#define UC_MC_FLAGS     (16 + 144)
#define UC_MC_XFPUSTATE (16 + 752)
#define MC_HASFPXSTATE  4u

int freebsd_getcontext(const struct sigframe_in *in, void *ucontext)
{
    struct sigframe_in  plain = *in;
    struct sigframe_out out;
    uint8_t            *uc = ucontext;
    uint32_t            flags;
    int                 err;

    plain.xstate_len = in->xstate_len < FXSAVE_LEN ? in->xstate_len : FXSAVE_LEN;
    plain.altstack_disabled = true;
    err = freebsd_sigframe(&plain, &out);
    if (err)
        return err;
    memcpy(uc, out.bytes + (out.regs.rsp - out.at) + FRAME_UC, FREEBSD_GETCONTEXT_SIZE);
    free(out.bytes);
    memcpy(&flags, uc + UC_MC_FLAGS, sizeof(flags));
    flags &= ~MC_HASFPXSTATE;
    memcpy(uc + UC_MC_FLAGS, &flags, sizeof(flags));
    memset(uc + UC_MC_XFPUSTATE, 0, 16);
    return 0;
}
