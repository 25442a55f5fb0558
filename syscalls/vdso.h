/*
 * syscalls/vdso.h: the host's clock code, which the host puts into every process (vdso(7)).
 *
 * The guest is not told where it is; the gate calls it for the clocks that it serves (loader/gate/ident.c), at a
 * tenth of a call's price.  It stays as long as the guest maps nothing over it.
 */
#ifndef DRAGOMAN_SYSCALLS_VDSO_H
#define DRAGOMAN_SYSCALLS_VDSO_H

#include <stdint.h>

/* What is around its address: its data below, its code above; less than this on every host so far. */
#define VDSO_BELOW 0x10000ull
#define VDSO_ABOVE 0x4000ull

static inline int vdso_overlaps(uint64_t vdso, uint64_t at, uint64_t end)
{
    return vdso && at < vdso + VDSO_ABOVE && end > vdso - VDSO_BELOW;
}

struct call;
struct proc;

/* The process has a new image, and the host says that it is there (0: nowhere). */
void vdso_adopt(struct proc *p, uint64_t vdso);
/* The guest is about to change [at, end): if that is where it is, nobody who shares the memory calls it from now on. */
void vdso_forget(struct call *c, uint64_t at, uint64_t end);

#endif
