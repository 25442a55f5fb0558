#include "syscalls/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/proc.h"

struct view {
    int   sysroot_fd; /* -1: none */
    char *root;       /* canonical, NULL: none */
    int   root_fd;    /* -1: none */
};

static int open_in(int dirfd, const char *path, uint64_t flags)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long            fd;
    int             i = 0;

    do
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN && ++i < OPENAT2_TRIES);
    return fd < 0 ? -errno : (int)fd;
}

static int open_dir(const char *path, int *fd)
{
    *fd = -1;
    if (!path)
        return 0;
    *fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? -errno : 0;
}

static void view_drop(struct view *v)
{
    if (v->sysroot_fd >= 0)
        close(v->sysroot_fd);
    if (v->root_fd >= 0)
        close(v->root_fd);
    free(v->root);
    free(v);
}

static int view_fill(struct view *v, const char *sysroot, const char *root, const char **culprit)
{
    *culprit = sysroot;

    int err = open_dir(sysroot, &v->sysroot_fd);

    if (err)
        return err;
    *culprit = root;
    err = open_dir(root, &v->root_fd);
    if (err || !root)
        return err;
    v->root = realpath(root, NULL);
    return v->root ? 0 : -errno;
}

int view_init(const char *sysroot, const char *root, const char **culprit)
{
    if (!sysroot && !root)
        return 0;

    struct view *v = calloc(1, sizeof(*v));

    if (!v)
        return -ENOMEM;
    v->sysroot_fd = v->root_fd = -1;

    const int err = view_fill(v, sysroot, root, culprit);

    if (err) {
        view_drop(v);
        return err;
    }
    session.view = v;
    return 0;
}

void view_end(void)
{
    if (session.view)
        view_drop(session.view);
    session.view = NULL;
}

const char *view_root(void) { return session.view ? session.view->root : NULL; }

const char *view_below(const char *path, const char *directory)
{
    const size_t n = strcmp(directory, "/") ? strlen(directory) : 0;

    return strncmp(path, directory, n) == 0 && (path[n] == '/' || !path[n]) ? path + n : NULL;
}

const char *view_name(const char *host)
{
    const char *root = view_root(), *below = root ? view_below(host, root) : NULL;

    if (!below)
        return host;
    return *below ? below : "/";
}

int view_enter(void)
{
    char cwd[PATH_MAX];

    if (!view_root() || (getcwd(cwd, sizeof(cwd)) && view_below(cwd, view_root())))
        return 0;
    return fchdir(session.view->root_fd) ? -errno : 0;
}

/* The name by which the host knows an open file. */
static bool name_of(int fd, char *out, size_t size)
{
    char link[32];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);

    const ssize_t n = readlink(link, out, size);

    if (n <= 0 || (size_t)n >= size)
        return false;
    out[n] = 0;
    return true;
}

/* A directory on both sides is the host's: a program's /tmp and /home are the user's. */
static bool is_shadowed(int fd, const char *path, bool follow)
{
    struct stat in, host;

    return !fstat(fd, &in) && S_ISDIR(in.st_mode) &&
           !fstatat(AT_FDCWD, path, &host, follow ? 0 : AT_SYMLINK_NOFOLLOW) && S_ISDIR(host.st_mode);
}

bool view_sysroot(const char *path, bool follow, char *out, size_t size)
{
    const struct view *v = session.view;

    if (!v || v->sysroot_fd < 0 || path[0] != '/')
        return false;

    const int fd = open_in(v->sysroot_fd, path, O_PATH | (follow ? 0 : O_NOFOLLOW));

    if (fd < 0)
        return false;

    const bool found = !is_shadowed(fd, path, follow) && name_of(fd, out, size);

    close(fd);
    return found;
}

int view_open(const char *path)
{
    const struct view *v = session.view;
    char               found[PATH_MAX];

    if (v && v->root_fd >= 0)
        return open_in(v->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    const int fd = open(view_sysroot(path, true, found, sizeof(found)) ? found : path,
                        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO is refused, not waited for */

    return fd < 0 ? -errno : fd;
}
