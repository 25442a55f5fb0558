/*
 * loader/gate/view.c: --root in the gate: the look-ups of syscalls/path.c, made of
 * the same host calls.  The root's descriptor is in the descriptor table as soon as
 * the provider has looked something up.
 */
#include "loader/gate/view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "loader/gate/rows.h"
#include "syscalls/fdtable.h"
#include "syscalls/proc.h"

#define AT(p) ((uint64_t)(uintptr_t)(p))

/* The root's host descriptor; negative: the provider is to open it. */
static int root_fd(struct call *c) { return (int)__atomic_load_n(&c->proc->fds->view_root, __ATOMIC_ACQUIRE) - 1; }

static int64_t open_in(struct call *c, const struct path *p, uint64_t flags, uint32_t mode)
{
    const struct open_how how = {.flags = flags, .mode = mode, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int64_t               r;

    do /* -EAGAIN: something was renamed during the walk, openat2(2) */
        r = host_wait(c, SYS_openat2, root_fd(c), p->va, AT(&how), sizeof(how));
    while (r == -EAGAIN && !(flags & (O_NONBLOCK | O_CREAT)));
    return r;
}

/* "/proc/self/fd/N"; its end. */
static char *fd_name(char *to, int fd)
{
    static const char dir[] = "/proc/self/fd/";
    unsigned          n = (unsigned)fd, tens = 1;

    memcpy(to, dir, sizeof(dir) - 1);
    to += sizeof(dir) - 1;
    while (n / tens >= 10)
        tens *= 10;
    for (; tens; tens /= 10)
        *to++ = (char)('0' + n / tens % 10);
    *to = 0;
    return to;
}

#define FD_NAME_MAX 32

/* The host's name of a directory, at most PATH_MAX - 1 bytes: its length, or -errno. */
static int64_t dir_name(struct call *c, int hostfd, char *to)
{
    char    name[FD_NAME_MAX] = "/proc/self/cwd";
    int64_t n;

    if (hostfd != AT_FDCWD)
        fd_name(name, hostfd);
    n = host_call(c, SYS_readlinkat, AT_FDCWD, AT(name), AT(to), PATH_MAX - 1);
    if (n >= 0)
        to[n] = 0;
    return n;
}

/* Where the name of the directory goes on behind that of the root.  NULL: it is not in there. */
static char *below(char *dir, const char *root)
{
    size_t n = strlen(root);

    if (n == 1) /* "/" */
        n = 0;
    for (size_t i = 0; i < n; i++)
        if (dir[i] != root[i])
            return NULL;
    return dir[n] == '/' || !dir[n] ? dir + n : NULL;
}

/* A relative path starts from its directory's place in the root, so ".." works and ends at the top. */
static int from_root(struct call *c, struct path *p)
{
    const struct scratch d = scratch_get(c, PATH_MAX);
    const size_t         used = c->scratch_used;
    const struct scratch r = scratch_get(c, PATH_MAX);
    char                *dir = d.p, *in;
    int64_t              n = r.p ? dir_name(c, root_fd(c), r.p) : -ENAMETOOLONG, m;

    if (n >= 0)
        n = dir_name(c, p->dirfd, dir);
    if (n < 0)
        return (int)n;
    in = below(dir, r.p);
    m = (int64_t)strlen(p->str);
    c->scratch_used = used;
    if (!in)
        return -ENOENT;
    if (n + m + 2 > PATH_MAX)
        return -ENAMETOOLONG;
    dir[n] = '/';
    memcpy(dir + n + 1, p->str, (size_t)m + 1);
    p->str = in;
    p->va = AT(in);
    return 0;
}

static int confine(struct call *c, struct path *p)
{
    if (root_fd(c) < 0)
        return -GATE_PUNT;
    return p->str[0] == '/' ? 0 : from_root(c, p);
}

static int own(struct call *c, struct path *p)
{
    const int64_t r = open_in(c, p, O_PATH, 0);

    if (r < 0)
        return (int)r;
    p->owned = (int)r;
    return 0;
}

/* Splits at the last component.  NULL: the path has none that could be looked up by name (".", "..", "/"). */
static char *split_last(char *path)
{
    size_t n = strlen(path);
    char  *slash, *last;

    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
    slash = strrchr(path, '/');
    last = slash ? slash + 1 : path;
    return !*last || !strcmp(last, ".") || !strcmp(last, "..") ? NULL : last;
}

/* The parent as an owned descriptor, and the bare last name. */
static int parent(struct call *c, struct path *p)
{
    const struct scratch s = scratch_get(c, NAME_MAX + 2);
    char                *last = split_last(p->str), *name = s.p;
    int64_t              r;

    if (!name || (last && strlen(last) > NAME_MAX))
        return -ENAMETOOLONG;
    memcpy(name, last ? last : ".", last ? strlen(last) + 1 : 2);
    if (last)
        *last = 0; /* a path of ours begins with a slash, which stays */
    r = open_in(c, p, O_PATH | O_DIRECTORY, 0);
    if (r < 0)
        return (int)r;
    p->owned = p->dirfd = (int)r;
    p->str = name;
    p->va = s.va;
    return 0;
}

int gate_view_resolve(struct call *c, struct path *p, unsigned how)
{
    int                  err = confine(c, p);
    const struct scratch s = scratch_get(c, FD_NAME_MAX);

    if (err)
        return err;
    if (how & PATH_NOFOLLOW)
        return parent(c, p);
    err = s.p ? own(c, p) : -ENAMETOOLONG;
    if (err)
        return err;
    fd_name(s.p, p->owned);
    p->dirfd = AT_FDCWD;
    p->str = s.p;
    p->va = s.va;
    return 0;
}

int64_t gate_view_open(struct call *c, struct path *p, uint64_t flags, uint32_t mode)
{
    const int err = confine(c, p);

    /* openat2 refuses what openat ignores. */
    return err ? err : open_in(c, p, flags & ~(uint64_t)O_CLOEXEC, flags & O_CREAT ? mode : 0);
}
