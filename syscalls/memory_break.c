/*
 * syscalls/memory_break.c: break, and the calls beside it that FreeBSD refuses.
 * The area grows by plain anonymous mappings: the host's own break belongs to
 * nobody here.
 */
#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "syscalls/memory.h"
#include "syscalls/proc.h"

int64_t sys_break(struct call *c, gva to);
int64_t sys_sbrk(struct call *c, int incr);
int64_t sys_sstk(struct call *c, int incr);

static uint64_t page_up(uint64_t at) { return (at + PAGE_MASK) & ~PAGE_MASK; }

static bool over_limit(const struct proc *p, uint64_t bytes)
{
    struct rlimit lim;

    return !prlimit(p->pid, RLIMIT_DATA, NULL, &lim) && bytes > lim.rlim_cur;
}

static int64_t grow(struct call *c, uint64_t from, uint64_t to)
{
    const int64_t r = host_call(c, SYS_mmap, from, to - from, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (r == (int64_t)from)
        return 0;
    return r == -ESRCH ? r : -ENOMEM;
}

/* An address below the area asks where the break is (vm/vm_unix.c, kern_break). */
int64_t sys_break(struct call *c, gva to)
{
    struct proc   *p = c->proc;
    const uint64_t base = page_up(p->brk_base), old = page_up(p->brk), want = page_up(to.va);
    int64_t        err = 0;

    if (want < to.va || (want > base && (want > GUEST_END || zone_overlaps(base, want - base))))
        return -ENOMEM;
    if (want < base || want == old)
        return (int64_t)old;
    if (want > old)
        err = over_limit(p, want - base) ? -ENOMEM : grow(c, old, want);
    else
        err = host_call(c, SYS_munmap, want, old - want);
    if (err)
        return err;
    p->brk = want;
    return (int64_t)want;
}

/* "Not yet implemented", FreeBSD says of both (vm/vm_mmap.c). */
int64_t sys_sbrk(struct call *c, int incr)
{
    (void)c, (void)incr;
    return -EOPNOTSUPP;
}

int64_t sys_sstk(struct call *c, int incr)
{
    (void)c, (void)incr;
    return -EOPNOTSUPP;
}
