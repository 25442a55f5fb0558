/*
 * syscalls/setid.c: user and group identifiers: the host's own, under the BSDs' rules.
 */
#include <errno.h>
#include <sys/syscall.h>

#include "syscalls/cred.h"
#include "syscalls/credentials.h"

#define KEEP UINT32_MAX /* (uid_t)-1: leave as it is */

struct ids {
    uint32_t real, effective, saved;
};

/* nr: SYS_getresuid or SYS_getresgid */
static int ids_get(struct call *c, long nr, struct ids *ids)
{
    struct scratch s = scratch_get(c, sizeof(*ids));
    int64_t        err;

    if (!s.p)
        return -ENOMEM;
    err = host_call(c, nr, s.va, s.va + 4, s.va + 8);
    if (!err)
        *ids = *(struct ids *)s.p;
    return (int)err;
}

/* FreeBSD leaves out those whose pointer is null (kern_prot.c, sys_getresuid). */
static int64_t ids_out(struct call *c, long nr, gva real, gva effective, gva saved)
{
    struct ids ids;
    int        err = ids_get(c, nr, &ids);

    if (!err && real.va)
        err = put_int(c, real, (int32_t)ids.real);
    if (!err && effective.va)
        err = put_int(c, effective, (int32_t)ids.effective);
    if (!err && saved.va)
        err = put_int(c, saved, (int32_t)ids.saved);
    return err;
}

int64_t sys_getresuid(struct call *c, gva ruid, gva euid, gva suid)
{
    return ids_out(c, SYS_getresuid, ruid, euid, suid);
}

int64_t sys_getresgid(struct call *c, gva rgid, gva egid, gva sgid)
{
    return ids_out(c, SYS_getresgid, rgid, egid, sgid);
}

static int64_t set3(struct call *c, long nr, uint32_t real, uint32_t effective, uint32_t saved)
{
    int err = cred_begin(c);

    return err ? err : cred_end(c, host_call(c, nr, real, effective, saved), NULL, 0);
}

static int64_t set2(struct call *c, long nr, uint32_t real, uint32_t effective)
{
    int err = cred_begin(c);

    return err ? err : cred_end(c, host_call(c, nr, real, effective), NULL, 0);
}

/*
 * setuid(2) changes all three, whoever asks; without privilege only to the real
 * or the effective user.  The host would allow the saved one too.
 */
static int64_t set_all(struct call *c, long getnr, long setnr, uint32_t id)
{
    struct ids ids;
    int        err = ids_get(c, getnr, &ids);

    if (err)
        return err;
    if (id != ids.real && id != ids.effective && host_call(c, SYS_geteuid) != 0)
        return -EPERM;
    return set3(c, setnr, id, id, id);
}

int64_t sys_setuid(struct call *c, unsigned uid) { return set_all(c, SYS_getresuid, SYS_setresuid, uid); }

int64_t sys_setgid(struct call *c, unsigned gid) { return set_all(c, SYS_getresgid, SYS_setresgid, gid); }

int64_t sys_seteuid(struct call *c, unsigned euid)
{
    return euid == KEEP ? -EINVAL : set3(c, SYS_setresuid, KEEP, euid, KEEP);
}

int64_t sys_setegid(struct call *c, unsigned egid)
{
    return egid == KEEP ? -EINVAL : set3(c, SYS_setresgid, KEEP, egid, KEEP);
}

int64_t sys_setreuid(struct call *c, int ruid, int euid)
{
    return set2(c, SYS_setreuid, (uint32_t)ruid, (uint32_t)euid);
}

int64_t sys_setregid(struct call *c, int rgid, int egid)
{
    return set2(c, SYS_setregid, (uint32_t)rgid, (uint32_t)egid);
}

int64_t sys_setresuid(struct call *c, unsigned ruid, unsigned euid, unsigned suid)
{
    return set3(c, SYS_setresuid, ruid, euid, suid);
}

int64_t sys_setresgid(struct call *c, unsigned rgid, unsigned egid, unsigned sgid)
{
    return set3(c, SYS_setresgid, rgid, egid, sgid);
}
