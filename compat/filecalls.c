/*
 * Calls on files for what these file systems do not have: access control lists,
 * quotas, devices that are taken away.  They still say first what is wrong with
 * the file that they name (sys/kern/vfs_acl.c, vfs_syscalls.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"
#include "syscalls/fd.h"
#include "syscalls/path.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"

static int64_t named(struct call *c, gva path, uint64_t flags)
{
    struct kstat st;

    return sys_fstatat(c, PATH_CWD(c), path, &st, flags) ?: -EOPNOTSUPP;
}

static int64_t opened(struct call *c, int fd)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref) ?: -EOPNOTSUPP;
    fd_put(c, &ref);
    return r;
}

/* ---- access control lists ----------------------------------------------------------- */

#define ACL_ENTRIES 254
#define ACL_BYTES   5104 /* struct acl, sys/acl.h; it begins with the number of entries that fit */

/* What is to be set, or checked, is read before it is found that it cannot be. */
static int64_t with_list(struct call *c, int64_t found, gva acl)
{
    uint32_t  list[ACL_BYTES / sizeof(uint32_t)];
    const int err = found == -EOPNOTSUPP ? copy_in(c, list, acl, sizeof(list)) : 0;

    if (err)
        return err;
    return found == -EOPNOTSUPP && list[0] != ACL_ENTRIES ? -EINVAL : found;
}

int64_t sys_acl_file(struct call *c, gva path) { return named(c, path, 0); }

int64_t sys_acl_link(struct call *c, gva path) { return named(c, path, AT_SYMLINK_NOFOLLOW); }

int64_t sys_acl_fd(struct call *c, int fd) { return opened(c, fd); }

int64_t sys_acl_give_file(struct call *c, gva path, int type, gva acl)
{
    (void)type;
    return with_list(c, named(c, path, 0), acl);
}

int64_t sys_acl_give_link(struct call *c, gva path, int type, gva acl)
{
    (void)type;
    return with_list(c, named(c, path, AT_SYMLINK_NOFOLLOW), acl);
}

int64_t sys_acl_give_fd(struct call *c, int fd, int type, gva acl)
{
    (void)type;
    return with_list(c, opened(c, fd), acl);
}

/* ---- the rest -------------------------------------------------------------------------- */

int64_t sys_quotactl(struct call *c, gva path) { return named(c, path, 0); }

int64_t sys_revoke(struct call *c, gva path)
{
    struct kstat  st;
    const int64_t r = sys_stat(c, path, &st);

    return r ? r : S_ISCHR(st.mode) ? -EPERM : -EINVAL;
}
