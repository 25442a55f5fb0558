/*
 * loader/gate/path.c: syscalls/path.h for the plain view, and under --root (view.c).
 * With --sysroot an absolute path is the provider's: it is looked up twice, by what
 * the provider has open.  So is what stands for something else.
 */
#include "syscalls/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "loader/gate/area.h"
#include "loader/gate/rows.h"
#include "loader/gate/view.h"
#include "syscalls/proc.h"

static bool starts(const char *s, const char *with)
{
    while (*with && *s == *with) {
        s++;
        with++;
    }
    return !*with;
}

/* /dev/fd/N, /dev/stdin, /proc/curproc/file and their kin. */
static bool special(const char *s) { return starts(s, "/dev/fd/") || starts(s, "/dev/std") || starts(s, "/proc/"); }

/* A link before a slash is followed, even by who does not follow: where the host would not, or not inside the root. */
static bool is_behind_slash(const struct call *c, const char *path, unsigned how)
{
    const bool asks = (how & PATH_ENTRY) == PATH_ENTRY || (how & PATH_NOFOLLOW && c->task->area->view == VIEW_ROOT);

    return asks && path_ends_in_slash(path);
}

/* String and directory, before any view. */
static int begin(struct call *c, int guest_dirfd, gva path, unsigned how, struct path *out)
{
    const struct scratch s = scratch_get(c, GUEST_PATH_MAX);
    int64_t              n;

    if (c->task->area->view == VIEW_PROVIDERS || (how & ~PATH_ENTRY))
        return -GATE_PUNT;
    n = s.p ? copy_in_str(c, s.p, path, GUEST_PATH_MAX) : -ENOMEM;
    if (n < 0)
        return (int)n;
    if (special(s.p) || is_behind_slash(c, s.p, how))
        return -GATE_PUNT;
    c->scratch_used -= GUEST_PATH_MAX - (((size_t)n + 1 + 15) & ~(size_t)15);
    *out = (struct path){.dirfd = AT_FDCWD, .va = s.va, .str = s.p, .owned = -1};
    if (!n)
        return -ENOENT;
    if (out->str[0] == '/')
        return c->task->area->view == VIEW_SYSROOT ? -GATE_PUNT : 0;
    n = fd_get_at(c, guest_dirfd, &out->ref);
    out->dirfd = out->ref.hostfd;
    return (int)n;
}

int path_resolve(struct call *c, int guest_dirfd, gva path, unsigned how, struct path *out)
{
    int err = begin(c, guest_dirfd, path, how, out);

    if (err || c->task->area->view != VIEW_ROOT)
        return err;
    err = gate_view_resolve(c, out, how);
    if (err)
        path_put(c, out);
    return err;
}

void path_put(struct call *c, struct path *p)
{
    if (p->owned >= 0)
        host_call(c, SYS_close, p->owned);
    p->owned = -1;
    fd_put(c, &p->ref);
}

/* Such names are left to the provider. */
bool path_is_own_program(const struct call *c, const char *path)
{
    (void)c;
    (void)path;
    return false;
}

int64_t path_open_or_ref(struct call *c, int guest_dirfd, gva path, uint64_t flags, uint32_t mode, unsigned how,
                         struct fdref *same)
{
    struct path p;
    int64_t     r = begin(c, guest_dirfd, path, how, &p);

    (void)same; /* only /dev/fd/N is one */
    if (r)
        return r;
    if (c->task->area->view == VIEW_ROOT)
        r = gate_view_open(c, &p, flags, mode);
    else
        r = host_wait(c, SYS_openat, p.dirfd, p.va, flags, mode);
    path_put(c, &p);
    return r;
}
