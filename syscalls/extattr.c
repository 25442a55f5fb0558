/*
 * Extended attributes.  FreeBSD's two name spaces are both kept in the host's
 * user.*: "user" names as user.NAME, "system" ones, for the super-user alone, as
 * user.freebsd.system.NAME.  Facts are from sys/kern/vfs_extattr.c.
 */
#include "syscalls/extattr.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"
#include "syscalls/path.h"

#define SPACE_USER   1
#define SPACE_SYSTEM 2
#define PREFIX_USER  "user."
#define PREFIX_SYS   "user.freebsd.system."
#define NAME_BYTES   (XATTR_NAME_MAX + 1)
#define LIST_BYTES   4096u

/* ---- what the call is about: a path or a descriptor, made one by /proc/self/fd --------- */

struct target {
    struct path path; /* for calls by name */
    uint64_t    va;   /* the host's path */
    bool        nofollow;
};

/* A view gave a directory and a name in it; the host's calls for attributes take no directory. */
static int target_in_dir(struct call *c, struct target *t)
{
    const struct scratch s = scratch_get(c, NAME_MAX + 40);

    if (!s.p) {
        path_put(c, &t->path);
        return -ENOMEM;
    }
    snprintf(s.p, NAME_MAX + 40, "/proc/self/fd/%d/%s", t->path.dirfd, t->path.str);
    t->va = s.va;
    return 0;
}

static int target_path(struct call *c, gva path, bool nofollow, struct target *t)
{
    const int err = path_resolve(c, PATH_CWD(c), path, nofollow ? PATH_NOFOLLOW : PATH_FOLLOW, &t->path);

    if (err)
        return err;
    t->nofollow = nofollow;
    t->va = t->path.va;
    return t->path.dirfd == AT_FDCWD ? 0 : target_in_dir(c, t);
}

static int target_fd(struct call *c, int fd, struct target *t)
{
    const struct scratch s = scratch_get(c, 32);
    const int            err = s.p ? fd_get(c, fd, &t->path.ref) : -ENOMEM;

    if (err)
        return err;
    snprintf(s.p, 32, "/proc/self/fd/%d", t->path.ref.hostfd);
    t->path.owned = -1;
    t->nofollow = false;
    t->va = s.va;
    return 0;
}

static void target_put(struct call *c, struct target *t) { path_put(c, &t->path); }

/* ---- names ------------------------------------------------------------------------------ */

static const char *prefix_of(int space) { return space == SPACE_USER ? PREFIX_USER : PREFIX_SYS; }

static int check_space(struct call *c, int space)
{
    if (space != SPACE_USER && space != SPACE_SYSTEM)
        return -EINVAL;
    return space == SPACE_SYSTEM && host_call(c, SYS_geteuid) != 0 ? -EPERM : 0;
}

/* The host's name in scratch. */
static int name_in(struct call *c, int space, gva name, struct scratch *out)
{
    const size_t n = strlen(prefix_of(space));

    *out = scratch_get(c, NAME_BYTES);
    if (!out->p)
        return -ENOMEM;
    memcpy(out->p, prefix_of(space), n);

    const int64_t len = copy_in_str(c, (char *)out->p + n, name, NAME_BYTES - n);

    return len < 0 ? (int)len : len ? 0 : -EINVAL;
}

/* ENOATTR is the guest's name for it. */
static int64_t result(int64_t r) { return r == -ENOTSUP ? -EOPNOTSUPP : r; }

/* ---- one attribute ------------------------------------------------------------------------ */

enum { GET, SET, REMOVE, LIST };
static const long calls[][2] = {
    {SYS_getxattr, SYS_lgetxattr},
    {SYS_setxattr, SYS_lsetxattr},
    {SYS_removexattr, SYS_lremovexattr},
    {SYS_listxattr, SYS_llistxattr},
};

static int64_t on_one(struct call *c, struct target *t, int what, int space, gva name, gva data, uint64_t size)
{
    struct scratch s;
    const int      err = name_in(c, space, name, &s);

    if (err)
        return err;

    const int64_t r = host_call(c, calls[what][t->nofollow], t->va, s.va, data.va, size, 0);

    return result(what == SET && !r ? (int64_t)size : r);
}

/* A null buffer asks for the size; a small one gets what fits, where the host would say ERANGE. */
static int64_t get_part(struct call *c, struct target *t, int space, gva name, gva data, uint64_t size)
{
    const struct scratch s = scratch_get(c, LIST_BYTES);
    int64_t              r = s.p ? on_one(c, t, GET, space, name, GVA(s.va), LIST_BYTES) : -ENOMEM;

    if (r < 0)
        return r;
    r = r < (int64_t)size ? r : (int64_t)size;

    const int err = copy_out(c, data, s.p, (size_t)r);

    return err ? err : r;
}

static int64_t get_one(struct call *c, struct target *t, int space, gva name, gva data, uint64_t size)
{
    const int64_t r = on_one(c, t, GET, space, name, data, data.va ? size : 0);

    return r == -ERANGE ? get_part(c, t, space, name, data, size) : r;
}

/* ---- the list: a length byte and the name, without NUL -------------------------------------- */

static size_t list_convert(const char *host, size_t n, int space, uint8_t *out)
{
    const size_t prefix = strlen(prefix_of(space));
    size_t       used = 0;

    for (const char *s = host; s < host + n; s += strlen(s) + 1) {
        const size_t len = strlen(s);
        const bool   system = !strncmp(s, PREFIX_SYS, strlen(PREFIX_SYS));

        if (strncmp(s, prefix_of(space), prefix) != 0 || system != (space == SPACE_SYSTEM) || len - prefix > 255)
            continue;
        out[used++] = (uint8_t)(len - prefix);
        memcpy(out + used, s + prefix, len - prefix);
        used += len - prefix;
    }
    return used;
}

static int64_t list(struct call *c, struct target *t, int space, gva data, uint64_t size)
{
    const struct scratch s = scratch_get(c, LIST_BYTES);
    char                 host[LIST_BYTES + 1];
    uint8_t              out[LIST_BYTES + 1];
    const int64_t        r = s.p ? host_call(c, calls[LIST][t->nofollow], t->va, s.va, LIST_BYTES) : -ENOMEM;

    if (r < 0)
        return result(r);
    memcpy(host, s.p, (size_t)r);
    host[r] = 0;

    const size_t n = list_convert(host, (size_t)r, space, out), give = n < size ? n : size;

    if (!data.va)
        return (int64_t)n;
    return copy_out(c, data, out, give) ?: (int64_t)give;
}

/* ---- handlers --------------------------------------------------------------------------------- */

static int64_t run(struct call *c, struct target *t, int what, int space, gva name, gva data, uint64_t size)
{
    int64_t r = check_space(c, space);

    if (!r && size > INT64_MAX)
        r = -EINVAL;
    if (!r)
        r = what == LIST  ? list(c, t, space, data, size)
            : what == GET ? get_one(c, t, space, name, data, size)
                          : on_one(c, t, what, space, name, data, size);
    target_put(c, t);
    return r;
}

static int64_t by_path(struct call *c, gva path, bool nofollow, int what, int space, gva name, gva data, uint64_t size)
{
    struct target t;
    const int     err = target_path(c, path, nofollow, &t);

    return err ? err : run(c, &t, what, space, name, data, size);
}

static int64_t by_fd(struct call *c, int fd, int what, int space, gva name, gva data, uint64_t size)
{
    struct target t = {0};
    const int     err = target_fd(c, fd, &t);

    return err ? err : run(c, &t, what, space, name, data, size);
}

int64_t sys_extattr_get_file(struct call *c, gva path, int space, gva name, gva data, uint64_t size)
{
    return by_path(c, path, false, GET, space, name, data, size);
}

int64_t sys_extattr_get_link(struct call *c, gva path, int space, gva name, gva data, uint64_t size)
{
    return by_path(c, path, true, GET, space, name, data, size);
}

int64_t sys_extattr_get_fd(struct call *c, int fd, int space, gva name, gva data, uint64_t size)
{
    return by_fd(c, fd, GET, space, name, data, size);
}

int64_t sys_extattr_set_file(struct call *c, gva path, int space, gva name, gva data, uint64_t size)
{
    return by_path(c, path, false, SET, space, name, data, size);
}

int64_t sys_extattr_set_link(struct call *c, gva path, int space, gva name, gva data, uint64_t size)
{
    return by_path(c, path, true, SET, space, name, data, size);
}

int64_t sys_extattr_set_fd(struct call *c, int fd, int space, gva name, gva data, uint64_t size)
{
    return by_fd(c, fd, SET, space, name, data, size);
}

int64_t sys_extattr_delete_file(struct call *c, gva path, int space, gva name)
{
    return by_path(c, path, false, REMOVE, space, name, GVA(0), 0);
}

int64_t sys_extattr_delete_link(struct call *c, gva path, int space, gva name)
{
    return by_path(c, path, true, REMOVE, space, name, GVA(0), 0);
}

int64_t sys_extattr_delete_fd(struct call *c, int fd, int space, gva name)
{
    return by_fd(c, fd, REMOVE, space, name, GVA(0), 0);
}

int64_t sys_extattr_list_file(struct call *c, gva path, int space, gva data, uint64_t size)
{
    return by_path(c, path, false, LIST, space, GVA(0), data, size);
}

int64_t sys_extattr_list_link(struct call *c, gva path, int space, gva data, uint64_t size)
{
    return by_path(c, path, true, LIST, space, GVA(0), data, size);
}

int64_t sys_extattr_list_fd(struct call *c, int fd, int space, gva data, uint64_t size)
{
    return by_fd(c, fd, LIST, space, GVA(0), data, size);
}
