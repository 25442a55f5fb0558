#include "syscalls/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/capability.h"
#include "syscalls/fdtable.h"
#include "syscalls/proc.h"
#include "syscalls/view.h"

#define PROC_FD "/proc/self/fd/%d"

/* ---- the string ------------------------------------------------------------------ */

/* Copies the guest's string to scratch and gives back what it did not need. */
static int64_t path_copy(struct call *c, gva path, struct path *out)
{
    const struct scratch s = scratch_get(c, GUEST_PATH_MAX);

    if (!s.p)
        return -ENOMEM;

    const int64_t n = copy_in_str(c, s.p, path, GUEST_PATH_MAX);

    if (n < 0)
        return n;
    c->scratch_used -= GUEST_PATH_MAX - (((size_t)n + 1 + 15) & ~(size_t)15);
    out->str = s.p;
    out->va = s.va;
    return n;
}

/* Another string in place of the guest's. */
static int path_replace(struct call *c, struct path *out, const char *with)
{
    const size_t         n = strlen(with) + 1;
    const struct scratch s = scratch_get(c, n);

    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, with, n);
    out->str = s.p;
    out->va = s.va;
    return 0;
}

static int path_replace_fd(struct call *c, struct path *out, int hostfd)
{
    char name[32];

    snprintf(name, sizeof(name), PROC_FD, hostfd);
    out->dirfd = AT_FDCWD;
    return path_replace(c, out, name);
}

/* ---- names that the host has under another one ------------------------------------- */

static int path_dev_fd(const char *path)
{
    static const char *const std[] = {"stdin", "stdout", "stderr"};

    if (strncmp(path, "/dev/", 5) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (!strcmp(path + 5, std[i]))
            return i;
    if (strncmp(path + 5, "fd/", 3) != 0 || path[8] < '0' || path[8] > '9')
        return -1;

    char      *end;
    const long n = strtol(path + 8, &end, 10);

    return *end || n >= (long)FD_MAX ? -1 : (int)n;
}

bool path_is_own_program(const struct call *c, const char *path)
{
    char by_pid[32];

    snprintf(by_pid, sizeof(by_pid), "/proc/%d/file", (int)c->proc->pid);
    return !strcmp(path, "/proc/curproc/file") || !strcmp(path, by_pid);
}

/* 1: replaced, 0: not special, or -errno. */
static int path_special(struct call *c, struct path *out)
{
    const int fd = path_dev_fd(out->str);

    if (fd >= 0) {
        const int err = fd_get_for(c, fd, D_CAP_NONE, &out->ref);

        return err ? err : path_replace_fd(c, out, out->ref.hostfd) ?: 1;
    }
    if (c->proc->execpath && path_is_own_program(c, out->str))
        return path_replace(c, out, c->proc->execpath) ?: !view_root();
    return 0;
}

/* ---- confined look-ups: --root, AT_RESOLVE_BENEATH ----------------------------------- */

static int64_t do_openat2(struct call *c, int dirfd, uint64_t path_va, uint64_t flags, uint32_t mode, uint64_t resolve)
{
    const struct scratch s = scratch_get(c, sizeof(struct open_how));

    if (!s.p)
        return -ENOMEM;
    *(struct open_how *)s.p = (struct open_how){.flags = flags, .mode = mode, .resolve = resolve};

    int64_t r = -EAGAIN;

    /* -EAGAIN: something, anywhere, was renamed during the walk (openat2(2)); or it is the answer of a leased file. */
    for (int i = 0; r == -EAGAIN && i < OPENAT2_TRIES; i++)
        r = host_wait(c, SYS_openat2, dirfd, path_va, s.va, sizeof(struct open_how));
    /* Outside of the directory (namei_setup, nameicap_check_dotdot in FreeBSD's vfs_lookup.c). */
    return r == -EXDEV && resolve & RESOLVE_BENEATH ? -D_ENOTCAPABLE : r;
}

/* The root directory as a host descriptor of this process, opened when it is first needed. */
static int root_fd(struct call *c)
{
    struct fdtable *t = c->proc->fds;
    const uint32_t  have = __atomic_load_n(&t->view_root, __ATOMIC_ACQUIRE);

    if (have)
        return (int)have - 1;

    struct path tmp;
    const int   err = path_replace(c, &tmp, view_root());

    if (err)
        return err;

    const int64_t fd = host_call(c, SYS_openat, AT_FDCWD, tmp.va, O_PATH | O_DIRECTORY);

    return fd < 0 ? (int)fd : path_root_set(c, (int)fd);
}

int path_root_set(struct call *c, int hostfd)
{
    struct fdtable *t = c->proc->fds;

    if (!fdtable_entry_new(t, hostfd, NULL)) {
        host_call(c, SYS_close, hostfd);
        return -EMFILE;
    }

    const uint32_t old = __atomic_exchange_n(&t->view_root, (uint32_t)hostfd + 1, __ATOMIC_ACQ_REL);

    if (old)
        fdtable_entry_put(c, t, old - 1);
    return hostfd;
}

static int64_t read_link(struct call *c, const char *name, char *out, size_t size)
{
    struct path          tmp;
    const struct scratch s = scratch_get(c, PATH_MAX);
    const int            err = s.p ? path_replace(c, &tmp, name) : -ENOMEM;

    if (err)
        return err;

    const int64_t n = host_call(c, SYS_readlinkat, AT_FDCWD, tmp.va, s.va, PATH_MAX - 1);

    if (n < 0 || (size_t)n >= size)
        return n < 0 ? n : -ENAMETOOLONG;
    memcpy(out, s.p, (size_t)n);
    out[n] = 0;
    c->scratch_used -= PATH_MAX;
    return n;
}

/*
 * Names the directory hostfd (AT_FDCWD too) as seen from the process's root.  A
 * directory that was moved out of the root has no such name: -ENOENT.
 */
int path_inside(struct call *c, int hostfd, char *out, size_t size)
{
    char      name[32], dir[PATH_MAX], root[PATH_MAX];
    const int rootfd = root_fd(c);

    if (rootfd < 0)
        return rootfd;
    snprintf(name, sizeof(name), PROC_FD, rootfd);

    int64_t r = read_link(c, name, root, sizeof(root));

    if (r < 0)
        return (int)r;
    if (hostfd == AT_FDCWD)
        strcpy(name, "/proc/self/cwd");
    else
        snprintf(name, sizeof(name), PROC_FD, hostfd);
    r = read_link(c, name, dir, sizeof(dir));
    if (r < 0)
        return (int)r;

    const char *inside = view_below(dir, root);

    if (!inside)
        return -ENOENT;
    return (size_t)snprintf(out, size, "%s", *inside ? inside : "/") < size ? 0 : -ENAMETOOLONG;
}

/* Under --root a relative path starts from its directory's place in the root, so ".." works and ends at the top. */
static int from_root(struct call *c, struct path *p)
{
    char      dir[PATH_MAX];
    const int err = path_inside(c, p->dirfd, dir, sizeof(dir));

    if (err)
        return err;

    const size_t         n = strlen(dir), m = strlen(p->str);
    const struct scratch s = n + m + 2 <= PATH_MAX ? scratch_get(c, n + m + 2) : (struct scratch){NULL, 0};

    if (!s.p)
        return -ENAMETOOLONG;
    memcpy(s.p, dir, n);
    ((char *)s.p)[n] = '/';
    memcpy((char *)s.p + n + 1, p->str, m + 1);
    p->str = s.p;
    p->va = s.va;
    return 0;
}

static int path_own(struct path *p, int64_t hostfd)
{
    if (hostfd < 0)
        return (int)hostfd;
    p->owned = (int)hostfd;
    p->dirfd = (int)hostfd;
    return 0;
}

/* The directory itself may lie outside of the root: what counts is what the root has in its place. */
static int dir_in_root(struct call *c, struct path *p)
{
    char        name[PATH_MAX];
    struct path dir;
    const int   rootfd = root_fd(c);
    int         err = rootfd < 0 ? rootfd : path_inside(c, p->dirfd, name, sizeof(name));

    if (!err)
        err = path_replace(c, &dir, name);
    return err ? err
               : path_own(p, do_openat2(c, rootfd, dir.va, O_PATH | O_DIRECTORY, 0,
                                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
}

/* Sets p->dirfd and string to what openat2 takes with *resolve. */
static int confine(struct call *c, struct path *p, unsigned how, uint64_t *resolve)
{
    if (how & PATH_BENEATH) {
        *resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
        return view_root() ? dir_in_root(c, p) : 0;
    }
    if (p->str[0] != '/') {
        const int err = from_root(c, p);

        if (err)
            return err;
    }
    *resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    p->dirfd = root_fd(c);
    return p->dirfd < 0 ? p->dirfd : 0;
}

/* Opens what confine prepared, and lets go of the directory that it may have opened. */
static int64_t confined_open(struct call *c, struct path *p, uint64_t flags, uint32_t mode, uint64_t resolve)
{
    const int64_t r = do_openat2(c, p->dirfd, p->va, flags, mode, resolve);

    if (p->owned >= 0)
        host_call(c, SYS_close, p->owned);
    p->owned = -1;
    return r;
}

static bool confined(const struct call *c, unsigned how)
{
    (void)c;
    return how & PATH_BENEATH || view_root();
}

/* Splits at the last component.  NULL: the path has none that could be looked up by name (".", "..", "/"). */
static char *split_last(char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;

    char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

    return !*last || !strcmp(last, ".") || !strcmp(last, "..") ? NULL : last;
}

/*
 * The parent as an owned descriptor, and the bare last name, with the slash behind it if it had one: the host follows
 * no link there when it makes or removes a name.  The string is taken out of the guest's reach first.
 */
static int confined_parent(struct call *c, struct path *p, uint64_t resolve)
{
    char path[PATH_MAX];

    if (strlen(p->str) >= sizeof(path))
        return -ENAMETOOLONG;
    strcpy(path, p->str);

    const bool slash = path_ends_in_slash(path);
    char      *last = split_last(path);
    char       name[NAME_MAX + 2] = ".";

    if (last) {
        if (strlen(last) > NAME_MAX)
            return -ENAMETOOLONG;
        snprintf(name, sizeof(name), "%s%s", last, slash ? "/" : "");
        strcpy(last, last == path ? "." : "");
    }

    int err = path_replace(c, p, path);

    if (!err)
        err = path_own(p, confined_open(c, p, O_PATH | O_DIRECTORY, 0, resolve));
    return err ? err : path_replace(c, p, name);
}

static int path_confine(struct call *c, struct path *p, unsigned how)
{
    uint64_t resolve;
    int      err = confine(c, p, how, &resolve);

    if (err)
        return err;
    if ((how & PATH_ENTRY) == PATH_ENTRY || (how & PATH_NOFOLLOW && !path_ends_in_slash(p->str)))
        return confined_parent(c, p, resolve);
    if (how & PATH_NOFOLLOW)
        return path_own(p, confined_open(c, p, O_PATH | O_DIRECTORY, 0, resolve)) ?: path_replace(c, p, ".");
    err = path_own(p, confined_open(c, p, O_PATH, 0, resolve));
    return err ? err : path_replace_fd(c, p, p->owned);
}

/* ---- a slash at the end -------------------------------------------------------------- */

#define LINKS_MAX 32 /* MAXSYMLINKS */

/* The text of the link that path is, as seen from p's directory: its length.  -errno: no link, or not there. */
static int64_t link_text(struct call *c, const struct path *p, const char *path, unsigned how, char *text, size_t size)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, PATH_MAX);
    struct path          q = *p;
    int64_t              n = s.p ? path_replace(c, &q, path) : -ENOMEM;

    if (!n && confined(c, how))
        n = path_confine(c, &q, how);
    if (!n)
        n = host_call(c, SYS_readlinkat, q.dirfd, q.va, s.va, PATH_MAX);
    if (q.owned >= 0)
        host_call(c, SYS_close, q.owned);
    c->scratch_used = used;
    if (n <= 0)
        return n;
    if ((size_t)n >= size)
        return -ENAMETOOLONG;
    memcpy(text, s.p, (size_t)n);
    text[n] = 0;
    return n;
}

/* A link's text in place of the last name of path, which last points at. */
static int put_link(char *path, size_t size, char *last, const char *text, unsigned how)
{
    if (text[0] == '/' && how & PATH_BENEATH)
        return -D_ENOTCAPABLE;
    if (text[0] == '/')
        last = path;
    if ((size_t)(last - path) + strlen(text) + 2 > size)
        return -ENAMETOOLONG;
    strcpy(last, text);
    return 0;
}

/*
 * A slash at the end has a link there followed by calls that make, move and remove names, too (vfs_lookup.c,
 * TRAILINGSLASH): rmdir("link/") removes the directory, mkdir("dangling/") makes it.  The host does so only where it
 * looks a name up.
 */
static int follow_end(struct call *c, struct path *p, unsigned how)
{
    char path[PATH_MAX], text[PATH_MAX];

    if (strlen(p->str) >= sizeof(path) - 1)
        return -ENAMETOOLONG;
    strcpy(path, p->str);
    for (int links = 0; links <= LINKS_MAX; links++) {
        char *last = split_last(path);

        if (!last || link_text(c, p, path, how, text, sizeof(text)) <= 0)
            return links ? path_replace(c, p, strcat(path, "/")) : 0;

        const int err = put_link(path, sizeof(path), last, text, how);

        if (err)
            return err;
    }
    return -ELOOP;
}

/* ---- the interface --------------------------------------------------------------------- */

static int path_sysroot(struct call *c, struct path *p, unsigned how)
{
    char found[PATH_MAX];

    if (c->proc->fds->chrooted || !view_sysroot(p->str, !(how & PATH_NOFOLLOW), found, sizeof(found)))
        return 0;
    return path_replace(c, p, found);
}

/*
 * The directory that a relative path starts from.  A limited one is not left (vfs_lookup.c, namei_setup), nor is a
 * marked one, whose mark goes to what is opened (vfs_syscalls.c, openatfp: NIRES_BENEATH).
 */
static int path_start(struct call *c, int guest_dirfd, unsigned *how, struct path *out)
{
    const int err = fd_get_at(c, guest_dirfd, &out->ref);

    out->dirfd = out->ref.hostfd;
    if (!err && (out->ref.limited || out->ref.beneath))
        *how |= PATH_BENEATH;
    c->beneath = !err && out->ref.beneath;
    return err;
}

/*
 * String and directory, before any view.  1: a special name, which no view changes.  In capability mode, and from a
 * limited directory, *how becomes PATH_BENEATH.
 */
static int path_begin(struct call *c, int guest_dirfd, gva path, unsigned *how, struct path *out)
{
    *out = (struct path){.dirfd = AT_FDCWD, .owned = -1};
    c->beneath = false;

    const int64_t n = path_copy(c, path, out);

    if (n < 0)
        return (int)n;
    if (!n && !(*how & PATH_EMPTY))
        return -ENOENT;
    if (capability_mode(c))
        *how |= PATH_BENEATH;
    if (capability_mode(c) && guest_dirfd == PATH_CWD(c))
        return -D_ECAPMODE;
    if (out->str[0] == '/' && *how & PATH_BENEATH)
        return -D_ENOTCAPABLE;
    if (out->str[0] == '/')
        return *how & PATH_NOFOLLOW ? 0 : path_special(c, out);

    const int err = path_start(c, guest_dirfd, how, out);

    if (!n && !err && !(*how & PATH_NOFOLLOW) && out->ref.of)
        return path_replace_fd(c, out, out->ref.hostfd) ?: 1;
    return err;
}

static int path_view(struct call *c, struct path *p, unsigned how)
{
    if (!p->str[0])
        return 0; /* AT_EMPTY_PATH: the descriptor itself */

    const bool entry = (how & PATH_ENTRY) == PATH_ENTRY && path_ends_in_slash(p->str);
    const int  err = entry ? follow_end(c, p, how) : 0;

    if (err)
        return err;
    if (confined(c, how))
        return path_confine(c, p, how);
    if (session.view && p->str[0] == '/')
        return path_sysroot(c, p, how);
    return 0;
}

int path_resolve(struct call *c, int guest_dirfd, gva path, unsigned how, struct path *out)
{
    const int special = path_begin(c, guest_dirfd, path, &how, out);
    const int err = special ? special : path_view(c, out, how);

    if (err < 0)
        path_put(c, out);
    return err < 0 ? err : 0;
}

void path_put(struct call *c, struct path *p)
{
    if (p->owned >= 0)
        host_call(c, SYS_close, p->owned);
    p->owned = -1;
    fd_put(c, &p->ref);
}

static int64_t open_found(struct call *c, struct path *p, uint64_t flags, uint32_t mode, unsigned how, bool special)
{
    if (special || !p->str[0] || !confined(c, how)) {
        const int err = special || !session.view || p->str[0] != '/' ? 0 : path_sysroot(c, p, how);

        return err ? err : host_wait(c, SYS_openat, p->dirfd, p->va, flags, mode);
    }

    uint64_t  resolve;
    const int err = confine(c, p, how, &resolve);

    /* openat2 refuses what openat ignores. */
    return err ? err : confined_open(c, p, flags, flags & O_CREAT ? mode : 0, resolve);
}

int64_t path_open_or_ref(struct call *c, int guest_dirfd, gva path, uint64_t flags, uint32_t mode, unsigned how,
                         struct fdref *same)
{
    struct path p;
    const int   special = path_begin(c, guest_dirfd, path, &how, &p);
    int64_t     r = special;

    if (special > 0 && same && p.ref.of && !(how & PATH_EMPTY)) {
        *same = p.ref;
        return 0;
    }
    if (flags & O_NOFOLLOW)
        how |= PATH_NOFOLLOW;
    if (special >= 0)
        r = open_found(c, &p, flags & ~(uint64_t)O_CLOEXEC, mode, how, special);
    path_put(c, &p);
    return r;
}

int64_t path_open_host(struct call *c, int guest_dirfd, gva path, uint64_t flags, uint32_t mode, unsigned how)
{
    return path_open_or_ref(c, guest_dirfd, path, flags, mode, how, NULL);
}

/* The provider's own descriptor of a host descriptor of the guest's process, which is closed there. */
static int take_out(struct call *c, int64_t hostfd)
{
    if (hostfd < 0)
        return (int)hostfd;

    const int fd = host_fd_fetch(c, (int)hostfd);

    host_call(c, SYS_close, hostfd);
    return fd;
}

int path_open_program(struct call *c, int guest_dirfd, gva path, unsigned how)
{
    return take_out(c, path_open_host(c, guest_dirfd, path, PROGRAM_FLAGS, 0, how));
}

int path_open_interp(struct call *c, const char *name)
{
    struct path p = {.dirfd = AT_FDCWD, .owned = -1};
    int64_t     r = capability_mode(c) ? -D_ECAPMODE : path_replace(c, &p, name);

    if (!r)
        r = open_found(c, &p, PROGRAM_FLAGS, 0, PATH_FOLLOW, false);
    path_put(c, &p);
    return take_out(c, r);
}
