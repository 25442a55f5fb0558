/* syscalls/who.c: credentials against an object's owner and mode (FreeBSD sys/kern/vfs_subr.c, vaccess). */
#include "syscalls/who.h"

#include <stdio.h>
#include <sys/syscall.h>

#include "syscalls/hostproc.h"
#include "syscalls/proc.h"

#define GROUPS_MAX 1024

int who_asks(struct call *c, struct who *w)
{
    const struct scratch s = scratch_get(c, GROUPS_MAX * sizeof(uint32_t));
    const int64_t        uid = host_call(c, SYS_geteuid), gid = host_call(c, SYS_getegid);

    if (!s.p || uid < 0 || gid < 0)
        return !s.p ? -ENOMEM : uid < 0 ? (int)uid : (int)gid;
    *w = (struct who){(uint32_t)uid, (uint32_t)gid, s.p, host_call(c, SYS_getgroups, GROUPS_MAX, s.va)};
    return 0;
}

bool who_in_group(const struct who *w, uint32_t gid)
{
    if (w->gid == gid)
        return true;
    for (int64_t i = 0; i < w->ngroups && i < GROUPS_MAX; i++)
        if (w->groups[i] == gid)
            return true;
    return false;
}

int who_may(const struct who *w, uint32_t uid, uint32_t gid, uint32_t mode, unsigned want)
{
    const unsigned shift = w->uid == uid ? 6 : who_in_group(w, gid) ? 3 : 0;

    return w->uid == 0 || (mode >> shift & want) == want ? 0 : -EACCES;
}

/* mqf_chown, ksem_chown */
int who_chown(const struct who *w, uint32_t *uid, uint32_t *gid, uint32_t new_uid, uint32_t new_gid)
{
    const uint32_t to_uid = new_uid == UINT32_MAX ? *uid : new_uid, to_gid = new_gid == UINT32_MAX ? *gid : new_gid;

    if (w->uid != 0 && ((to_uid != *uid && to_uid != w->uid) || (to_gid != *gid && !who_in_group(w, to_gid))))
        return -EPERM;
    *uid = to_uid;
    *gid = to_gid;
    return 0;
}

/* The host's, of the thread that calls; changing it to learn it would show in its siblings. */
uint32_t who_umask(const struct call *c)
{
    char     line[256];
    unsigned mask;

    return host_status_line(c->task->host_tid, "Umask:", line, sizeof(line)) && sscanf(line, "Umask: %o", &mask) == 1
               ? mask
               : 077;
}
