/*
 * syscalls/groups_get.c: the supplementary groups, as they are read.  Freestanding:
 * the gate compiles it, too.  Until FreeBSD 14 the list begins with the effective group.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/credentials.h"

int64_t sys_getgroups(struct call *c, int size, gva set) { return host_call(c, SYS_getgroups, size, set.va); }

int64_t sys_getgroups_egid(struct call *c, int size, gva set)
{
    struct scratch s = scratch_get(c, (GROUPS_MAX + 1) * sizeof(uint32_t));
    int64_t        n, err;

    if (!s.p)
        return -ENOMEM;
    n = host_call(c, SYS_getgroups, GROUPS_MAX, s.va + 4);
    if (n < 0)
        return n;
    if (size == 0)
        return n + 1;
    if (size < n + 1)
        return -EINVAL;
    *(uint32_t *)s.p = (uint32_t)host_call(c, SYS_getegid);
    err = copy_out(c, set, s.p, (size_t)(n + 1) * sizeof(uint32_t));
    return err ? err : n + 1;
}
