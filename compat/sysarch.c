/*
 * compat/sysarch.c: sysarch(2) of amd64.  FS is the guest's thread pointer and the
 * host's own call sets it; GS belongs to the gate.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"

enum {
    I386_GET_FSBASE = 7,
    I386_SET_FSBASE = 8,
    I386_GET_GSBASE = 9,
    I386_SET_GSBASE = 10,
    AMD64_GET_FSBASE = 128,
    AMD64_SET_FSBASE = 129,
    AMD64_GET_GSBASE = 130,
    AMD64_SET_GSBASE = 131,
    AMD64_SET_PKRU = 133,
    AMD64_CLEAR_PKRU = 134,
};

#define MAXUSER (1ull << 47) /* VM_MAXUSER_ADDRESS */

static int64_t fs_get(struct call *c, uint64_t *base)
{
    struct scratch s = scratch_get(c, sizeof(*base));
    int64_t        err;

    if (!s.p)
        return -ENOMEM;
    err = host_call(c, SYS_arch_prctl, ARCH_GET_FS, s.va);
    if (!err)
        *base = *(uint64_t *)s.p;
    return err;
}

/* width: 4 for the I386_ calls, which a 64-bit program may make too. */
static int64_t fs_out(struct call *c, gva parms, size_t width)
{
    uint64_t base;
    int64_t  err = fs_get(c, &base);

    return err ? err : copy_out(c, parms, &base, width);
}

static int64_t fs_in(struct call *c, gva parms, size_t width)
{
    uint64_t base = 0;
    int64_t  err = copy_in(c, &base, parms, width);

    if (err)
        return err;
    return base < MAXUSER ? host_call(c, SYS_arch_prctl, ARCH_SET_FS, base) : -EINVAL;
}

/* The guest's GS base is zero and stays so. */
static int64_t gs_in(struct call *c, gva parms, size_t width)
{
    uint64_t base = 0;
    int64_t  err = copy_in(c, &base, parms, width);

    return err ? err : base ? -EINVAL : 0;
}

static int64_t gs_out(struct call *c, gva parms, size_t width)
{
    static const uint64_t zero;

    return copy_out(c, parms, &zero, width);
}

int64_t sys_sysarch(struct call *c, int64_t op, gva parms)
{
    switch (op) {
    case AMD64_GET_FSBASE: return fs_out(c, parms, 8);
    case AMD64_SET_FSBASE: return fs_in(c, parms, 8);
    case AMD64_GET_GSBASE: return gs_out(c, parms, 8);
    case AMD64_SET_GSBASE: return gs_in(c, parms, 8);
    case I386_GET_FSBASE: return fs_out(c, parms, 4);
    case I386_SET_FSBASE: return fs_in(c, parms, 4);
    case I386_GET_GSBASE: return gs_out(c, parms, 4);
    case I386_SET_GSBASE: return gs_in(c, parms, 4);
    case AMD64_SET_PKRU:
    case AMD64_CLEAR_PKRU: return -EOPNOTSUPP; /* what a processor without protection keys answers */
    default: return -EINVAL;
    }
}
