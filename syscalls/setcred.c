/* syscalls/setcred.c: setcred(2) of FreeBSD 15: several credentials in one step. */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/cred.h"
#include "syscalls/credentials.h"

/* sys/ucred.h */
enum { UID = 1, RUID = 2, SVUID = 4, GID = 8, RGID = 16, SVGID = 32, SUPP_GROUPS = 64, MAC_LABEL = 128, KNOWN = 255 };

struct setcred {
    uint32_t uid, ruid, svuid, gid, rgid, svgid, pad, ngroups;
    uint64_t groups, label;
};
_Static_assert(sizeof(struct setcred) == 48, "sys/ucred.h");

#define GROUPS_MAX 1023
#define KEEP       UINT32_MAX

static uint32_t pick(unsigned flags, unsigned flag, uint32_t v) { return flags & flag ? v : KEEP; }

/* Groups first: they need the privilege that the user may be about to give up. */
static int64_t apply(struct call *c, unsigned flags, const struct setcred *w, struct scratch list)
{
    int64_t r = 0;

    if (flags & SUPP_GROUPS)
        r = host_call(c, SYS_setgroups, w->ngroups, list.va);
    if (!r && (flags & (GID | RGID | SVGID)))
        r = host_call(c, SYS_setresgid, pick(flags, RGID, w->rgid), pick(flags, GID, w->gid),
                      pick(flags, SVGID, w->svgid));
    if (!r && (flags & (UID | RUID | SVUID)))
        r = host_call(c, SYS_setresuid, pick(flags, RUID, w->ruid), pick(flags, UID, w->uid),
                      pick(flags, SVUID, w->svuid));
    return r;
}

/* kern_prot.c, user_setcred and kern_setcred. */
static int64_t check(struct call *c, unsigned flags, gva wcred, uint64_t size, struct setcred *w)
{
    int64_t err;

    if ((flags & ~(unsigned)KNOWN) || size != sizeof(*w))
        return -EINVAL;
    err = copy_in(c, w, wcred, sizeof(*w));
    if (err)
        return err;
    if (flags & MAC_LABEL)
        return -EOPNOTSUPP;
    return (flags & SUPP_GROUPS) && w->ngroups > GROUPS_MAX ? -EINVAL : 0;
}

int64_t sys_setcred(struct call *c, unsigned flags, gva wcred, uint64_t size)
{
    struct setcred w;
    struct scratch list = scratch_get(c, (GROUPS_MAX + 1) * sizeof(uint32_t));
    int64_t        err = check(c, flags, wcred, size, &w);

    if (err)
        return err;
    if (!list.p)
        return -ENOMEM;
    if ((flags & SUPP_GROUPS) && w.ngroups)
        err = copy_in(c, list.p, GVA(w.groups), w.ngroups * sizeof(uint32_t));
    if (!err)
        err = cred_begin(c);
    if (err)
        return err;
    err = host_call(c, SYS_geteuid) ? -EPERM : apply(c, flags, &w, list); /* PRIV_CRED_SETCRED */
    return cred_end(c, err, flags & SUPP_GROUPS ? list.p : NULL, (int)w.ngroups);
}
