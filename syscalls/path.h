/*
 * syscalls/path.h: a guest's path becomes what a host call takes.
 *
 * With the plain view this costs one copy_in of the string and no host call.
 */
#ifndef DRAGOMAN_SYSCALLS_PATH_H
#define DRAGOMAN_SYSCALLS_PATH_H

#include <string.h>

#include "syscalls/call.h"
#include "syscalls/fd.h"

#define GUEST_PATH_MAX 1024 /* bytes with the NUL; FreeBSD's PATH_MAX, NetBSD's and OpenBSD's alike */

/* how */
#define PATH_FOLLOW   0u        /* the object that a final symbolic link leads to */
#define PATH_NOFOLLOW (1u << 0) /* the object itself, existing or to be made (lstat, unlink, mkdir, rename, ...) */
#define PATH_BENEATH  (1u << 1) /* AT_RESOLVE_BENEATH: outside of the directory is -D_ENOTCAPABLE */
#define PATH_EMPTY    (1u << 2) /* AT_EMPTY_PATH: "" is the directory descriptor itself */
/*
 * An entry of a directory that is made, moved or removed.  A slash at its end has a link there followed, and the entry
 * is what the link leads to; the slash is then still at the path's end, and the host has its say about it.
 */
#define PATH_ENTRY (PATH_NOFOLLOW | 1u << 3)

/*
 * For a host *at call: give it dirfd and va.  With PATH_FOLLOW and the guest's
 * AT_FDCWD the path also serves calls without a directory argument.  With
 * PATH_NOFOLLOW the host call must not follow either.
 */
struct path {
    int          dirfd; /* host */
    uint64_t     va;    /* the host path in scratch, where the guest thread sees it */
    char        *str;   /* the same, where the handler sees it; the guest may scribble on it */
    struct fdref ref;   /* dirfd's */
    int          owned; /* host descriptor that path_put closes, -1: none */
};

/*
 * guest_dirfd: as the row's ARG_DIRFD gave it (the guest's AT_FDCWD for calls
 * without one: PATH_CWD(c)).  0, -EFAULT, -ENAMETOOLONG, -EBADF, -ENOTDIR,
 * -ENOENT, -ENOMEM (scratch used up), -ESRCH, and with a view whatever its
 * lookup says.  On failure nothing is to be put.
 */
#define PATH_CWD(c) ((int)(c)->abi->at_fdcwd)
int  path_resolve(struct call *c, int guest_dirfd, gva path, unsigned how, struct path *out);
void path_put(struct call *c, struct path *p);
/* The path ends with a slash that stands for something ("/" alone does not). */
static inline bool path_ends_in_slash(const char *path)
{
    const size_t n = strlen(path);

    return n > 1 && path[n - 1] == '/';
}

/*
 * Opens through the view: flags and mode are the host's, how as above (EMPTY
 * means openat with an empty path).  Host descriptor in the guest's process, which
 * belongs to the caller (fd_install, or host_call(SYS_close)); or -errno, -ERESTART
 * (a FIFO waits for its other end).  Never close-on-exec on the host.
 */
int64_t path_open_host(struct call *c, int guest_dirfd, gva path, uint64_t flags, uint32_t mode, unsigned how);

/* How a program is opened: a FIFO is refused, not waited for. */
#define PROGRAM_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY)

/*
 * For exec: opens the program read-only and gives the provider's own descriptor
 * of it (close-on-exec), or -errno.
 */
int path_open_program(struct call *c, int guest_dirfd, gva path, unsigned how);
/* The same for a name that stands in the program (its interpreter): from the guest's root and working directory. */
int path_open_interp(struct call *c, const char *name);

/*
 * The same, but a path that stands for a descriptor (/dev/fd/N, /dev/stdin, ...)
 * is not opened: the result is 0, and *same the reference, to be put by the
 * caller.  same->of is to be NULL before the call.
 */
int64_t path_open_or_ref(struct call *c, int guest_dirfd, gva path, uint64_t flags, uint32_t mode, unsigned how,
                         struct fdref *same);
/* procfs's name of the calling process's program. */
bool path_is_own_program(const struct call *c, const char *path);

/* Under --root: how the process names a host directory descriptor (AT_FDCWD: where it is).  0, -errno. */
int path_inside(struct call *c, int hostfd, char *out, size_t size);
/* Under --root: hostfd becomes the process's root directory; it is taken over.  hostfd or -errno. */
int path_root_set(struct call *c, int hostfd);

#endif
