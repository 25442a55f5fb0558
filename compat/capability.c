/*
 * compat/capability.c: Capsicum's own calls, cap_enter(2), cap_rights_limit(2) and their kin.  What they set is
 * obeyed in syscalls/capability.c.  Facts: sys/kern/sys_capability.c.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "compat/bsd_calls.h"
#include "syscalls/capability.h"
#include "syscalls/fdtable.h"
#include "syscalls/proc.h"
#include "syscalls/task.h"

#define VERSION_SHIFT 62 /* of cap_rights_t's first word */

/* ---- capability mode -------------------------------------------------------- */

/* There is no way back.  From now on no call is served in the gate: each is looked at. */
int64_t sys_cap_enter(struct call *c)
{
    pthread_mutex_lock(&session.lock);
    c->proc->capmode = true;
    pthread_mutex_unlock(&session.lock);
    tasks_share(c->proc);
    return 0;
}

int64_t sys_cap_getmode(struct call *c, gva modep) { return put_int(c, modep, capability_mode(c)); }

/* ---- one slot's limits ---------------------------------------------------------- */

/* Takes the table's lock when fd is open.  0, -EBADF, -ESRCH. */
static int slot_lock(struct call *c, int fd)
{
    struct fdtable *t = c->proc->fds;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return -EBADF;

    const int err = fdtable_lock(c, t);

    if (err || t->slots[fd])
        return err;
    fdtable_unlock(c, t);
    return -EBADF;
}

static int limits_get(struct call *c, int fd, struct fdlimit *l)
{
    const int err = slot_lock(c, fd);

    if (err)
        return err;
    *l = fdlimit_get_locked(c->proc->fds, (uint32_t)fd);
    fdtable_unlock(c, c->proc->fds);
    return 0;
}

static bool is_full(const struct fdlimit *l)
{
    return l->rights == D_CAP_ALL && l->fcntls == D_CAP_FCNTL_ALL && l->ioctls == IOCTLS_ALL;
}

/* Takes over a reference on l's list. */
static void limits_set_locked(struct fdtable *t, int fd, const struct fdlimit *l)
{
    if (!is_full(l))
        fdlimit_set_locked(t, (uint32_t)fd, t->slots[fd], l);
}

/* ---- rights --------------------------------------------------------------------- */

static int rights_in(struct call *c, gva at, caprights *out)
{
    uint64_t words[CAPRIGHTS_WORDS];
    int      err = copy_in(c, words, at, sizeof(words[0]));

    if (err)
        return err;
    if (words[0] >> VERSION_SHIFT)
        return -EINVAL;
    err = copy_in(c, words, at, sizeof(words));
    if (err)
        return err;
    return c->abi->caprights_in(words, out) ? -EINVAL : 0;
}

/* Without the right to call ioctl or fcntl at all, none of their commands is left. */
static int rights_limit_locked(struct fdtable *t, int fd, caprights rights)
{
    struct fdlimit l = fdlimit_get_locked(t, (uint32_t)fd);

    if (rights & ~l.rights)
        return -D_ENOTCAPABLE;
    l.rights = rights;
    if (!(rights & D_CAP_FCNTL))
        l.fcntls = 0;
    if (rights & D_CAP_IOCTL)
        fdlimit_hold_locked(t, &l);
    else
        l.ioctls = IOCTLS_NONE;
    limits_set_locked(t, fd, &l);
    return 0;
}

int64_t sys_cap_rights_limit(struct call *c, int fd, gva rightsp)
{
    caprights rights;
    int       r = rights_in(c, rightsp, &rights);

    if (!r)
        r = slot_lock(c, fd);
    if (r)
        return r;
    r = rights_limit_locked(c->proc->fds, fd, rights);
    fdtable_unlock(c, c->proc->fds);
    return r;
}

int64_t sys___cap_rights_get(struct call *c, int version, int fd, gva rightsp)
{
    uint64_t       words[CAPRIGHTS_WORDS];
    struct fdlimit l;
    const int      err = version ? -EINVAL : limits_get(c, fd, &l);

    if (err)
        return err;
    c->abi->caprights_out(l.rights & D_CAP_ALL, words);
    return copy_out(c, rightsp, words, sizeof(words));
}

/* ---- ioctl commands --------------------------------------------------------------- */

static bool has(const uint64_t *cmds, uint32_t n, uint64_t cmd)
{
    for (uint32_t i = 0; i < n; i++)
        if (cmds[i] == cmd)
            return true;
    return false;
}

/* The commands may only become fewer. */
static bool may_have(const struct fdtable *t, const struct fdlimit *l, const uint64_t *cmds, uint32_t n)
{
    const uint64_t *old = NULL;
    const uint32_t  nold = fdlimit_list(t, l, &old);

    if (l->ioctls == IOCTLS_ALL)
        return true;
    if (n > nold)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!has(old, nold, cmds[i]))
            return false;
    return true;
}

static int ioctls_limit_locked(struct fdtable *t, int fd, const uint64_t *cmds, uint32_t n)
{
    struct fdlimit l = fdlimit_get_locked(t, (uint32_t)fd);

    if (!may_have(t, &l, cmds, n))
        return -D_ENOTCAPABLE;
    if (!fdlimit_list_new_locked(t, cmds, n, &l.ioctls))
        return -ENOMEM;
    limits_set_locked(t, fd, &l);
    return 0;
}

int64_t sys_cap_ioctls_limit(struct call *c, int fd, gva cmds, uint64_t ncmds)
{
    uint64_t list[IOCTLS_MAX];
    int      r = ncmds > IOCTLS_MAX ? -EINVAL : copy_in(c, list, cmds, ncmds * sizeof(*list));

    if (!r)
        r = slot_lock(c, fd);
    if (r)
        return r;
    r = ioctls_limit_locked(c->proc->fds, fd, list, (uint32_t)ncmds);
    fdtable_unlock(c, c->proc->fds);
    return r;
}

/* CAP_IOCTLS_ALL, and nothing written, when there is no list; else how many there are, whatever there was room for. */
int64_t sys_cap_ioctls_get(struct call *c, int fd, gva cmds, uint64_t maxcmds)
{
    uint64_t        out[IOCTLS_MAX];
    const uint64_t *list = NULL;
    int             r = slot_lock(c, fd);

    if (r)
        return r;

    const struct fdlimit l = fdlimit_get_locked(c->proc->fds, (uint32_t)fd);
    const uint32_t       n = fdlimit_list(c->proc->fds, &l, &list);

    if (n)
        memcpy(out, list, n * sizeof(*out));
    fdtable_unlock(c, c->proc->fds);
    if (l.ioctls == IOCTLS_ALL)
        return INT64_MAX;
    if (cmds.va && n)
        r = copy_out(c, cmds, out, (n < maxcmds ? n : maxcmds) * sizeof(*out));
    return r ? r : (int64_t)n;
}

/* ---- fcntl commands ----------------------------------------------------------------- */

int64_t sys_cap_fcntls_limit(struct call *c, int fd, unsigned fcntls)
{
    struct fdtable *t = c->proc->fds;
    struct fdlimit  l;
    int             r = fcntls & ~D_CAP_FCNTL_ALL ? -EINVAL : slot_lock(c, fd);

    if (r)
        return r;
    l = fdlimit_get_locked(t, (uint32_t)fd);
    if (fcntls & ~l.fcntls) {
        r = -D_ENOTCAPABLE;
    } else {
        l.fcntls = fcntls;
        fdlimit_hold_locked(t, &l);
        limits_set_locked(t, fd, &l);
    }
    fdtable_unlock(c, t);
    return r;
}

int64_t sys_cap_fcntls_get(struct call *c, int fd, gva fcntlsp)
{
    struct fdlimit l;
    const int      err = limits_get(c, fd, &l);

    return err ? err : put_int(c, fcntlsp, (int32_t)l.fcntls);
}
