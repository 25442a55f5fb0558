/*
 * syscalls/groups.c: supplementary groups, as they are set.  Until FreeBSD 14 the first entry of
 * the list is the effective group; on the host and from 15 on it is apart.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/cred.h"
#include "syscalls/credentials.h"

static struct scratch groups_scratch(struct call *c) { return scratch_get(c, (GROUPS_MAX + 1) * sizeof(uint32_t)); }

/* The list is in scratch, n entries; egid: the effective group changes with it, if it is there. */
static int64_t groups_change(struct call *c, struct scratch list, int n, const uint32_t *egid)
{
    int64_t r = cred_begin(c);

    if (r)
        return r;
    r = host_call(c, SYS_setgroups, n, list.va);
    if (!r && egid)
        r = host_call(c, SYS_setresgid, -1, *egid, -1);
    return cred_end(c, r, list.p, n);
}

int64_t sys_setgroups(struct call *c, int size, gva set)
{
    struct scratch s = groups_scratch(c);
    int64_t        err;

    if (size < 0 || size > GROUPS_MAX)
        return -EINVAL;
    if (!s.p)
        return -ENOMEM;
    err = size ? copy_in(c, s.p, set, (size_t)size * sizeof(uint32_t)) : 0;
    return err ? err : groups_change(c, s, size, NULL);
}

/* setgroups(0, NULL) clears the supplementary groups and leaves the effective one. */
int64_t sys_setgroups_egid(struct call *c, int size, gva set)
{
    struct scratch s = groups_scratch(c);
    int64_t        err;

    if (size < 0 || size > GROUPS_MAX + 1)
        return -EINVAL;
    if (!s.p)
        return -ENOMEM;
    err = size ? copy_in(c, s.p, set, (size_t)size * sizeof(uint32_t)) : 0;
    if (err)
        return err;
    return groups_change(c, (struct scratch){(uint32_t *)s.p + 1, s.va + 4}, size ? size - 1 : 0, size ? s.p : NULL);
}
