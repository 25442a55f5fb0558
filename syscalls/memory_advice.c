/* syscalls/memory_advice.c: madvise, mincore. */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "compat/procctl.h"
#include "syscalls/code.h"
#include "syscalls/memory.h"

int64_t sys_madvise(struct call *c, gva addr, uint64_t len, int64_t advice);
int64_t sys_mincore(struct call *c, gva addr, uint64_t len, gva vec);

/*
 * Advice changes nothing that a program can see, so what the host does not do
 * with this kind of memory is no error; and it passes over holes, as FreeBSD does.
 */
static int64_t part_advise(struct call *c, struct range r, void *arg)
{
    const int64_t err = host_call(c, SYS_madvise, r.at, r.end - r.at, *(const int64_t *)arg);

    return err == -ESRCH ? err : 0;
}

int64_t sys_madvise(struct call *c, gva addr, uint64_t len, int64_t advice)
{
    struct range r;

    if (advice == D_MADV_PROTECT)
        return procctl_protect(c);
    if (!range_of(addr.va, len, &r))
        return -EINVAL;
    if (advice < 0)
        return -EINVAL;
    if (r.at == r.end || advice == D_MADV_NOSYNC || advice == D_MADV_AUTOSYNC)
        return 0; /* when pages are written back is the host's affair */
    code_forget(c, r.at, r.end);
    return range_outside_zone(c, r, part_advise, &advice);
}

#define INCORE 0x3 /* MINCORE_INCORE | MINCORE_REFERENCED: which pages were changed, the host does not say */
#define BATCH  4096

int64_t sys_mincore(struct call *c, gva addr, uint64_t len, gva vec)
{
    const struct scratch s = scratch_get(c, BATCH);
    struct range         r;

    if (!range_of(addr.va, len, &r) || zone_overlaps(r.at, r.end - r.at))
        return -ENOMEM;
    if (!s.p)
        return -ENOMEM;
    while (r.at < r.end) {
        const uint64_t left = (r.end - r.at) / PAGE, n = left < BATCH ? left : BATCH;
        int64_t        err = host_call(c, SYS_mincore, r.at, n * PAGE, s.va);

        if (err)
            return err;
        for (uint8_t *p = s.p, *end = p + n; p < end; p++)
            *p = *p & 1 ? INCORE : 0;
        err = copy_out(c, vec, s.p, n);
        if (err)
            return err;
        vec.va += n;
        r.at += n * PAGE;
    }
    return 0;
}
