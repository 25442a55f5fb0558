/*
 * Shared memory objects.  Anonymous ones are the host's memory files; named ones
 * lie in /dev/shm under the name that a host program would give them, so that
 * guest and host programs can share them (FreeBSD keeps such names apart from files).
 * Under --root they are the root's own: its path comes first, as a jail's does (uipc_shm.c).
 */
#include "syscalls/shm.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscalls/capability.h"
#include "syscalls/fd.h"
#include "syscalls/path.h"
#include "syscalls/view.h"

#define SHM_ANON 1u /* the guest's (char *)1 */
#define SHM_DIR  "/dev/shm/"

/* FreeBSD's numbers (GROUP(shm) of the ABI keeps them) */
#define SHM_ALLOW_SEALING 1u
#define SHM_LARGEPAGE     4u

static int shm_host_name(struct call *c, const char *name, struct scratch *out)
{
    const char  *root = view_root() ? view_root() : "";
    const size_t n = strlen(root), len = sizeof(SHM_DIR) + n + strlen(name) + 1;

    if (n + strlen(name) + 1 > NAME_MAX)
        return -ENAMETOOLONG;
    *out = scratch_get(c, len);
    if (!out->p)
        return -ENOMEM;
    snprintf(out->p, len, SHM_DIR "%s%s%s", root, n ? "!" : "", name);
    for (char *s = (char *)out->p + sizeof(SHM_DIR) - 1; *s; s++)
        if (*s == '/')
            *s = '!';
    return 0;
}

/* The host's path of a guest's name in scratch: its first slash goes, the others become '!'. */
static int64_t shm_path(struct call *c, gva path, struct scratch *out)
{
    char          name[GUEST_PATH_MAX];
    const int64_t n = copy_in_str(c, name, path, sizeof(name));

    if (n < 0)
        return n;
    if (name[0] != '/')
        return -EINVAL;
    if (n > 255)
        return -ENAMETOOLONG;
    if (!name[1] || !strcmp(name + 1, ".") || !strcmp(name + 1, ".."))
        return -EINVAL;
    return shm_host_name(c, name + 1, out);
}

static int64_t open_anon(struct call *c, uint64_t shmflags)
{
    static const char    label[] = "shm";
    const struct scratch s = scratch_get(c, sizeof(label));

    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, label, sizeof(label));
    return host_call(c, SYS_memfd_create, s.va, shmflags & SHM_ALLOW_SEALING ? MFD_ALLOW_SEALING : 0);
}

static int64_t open_named(struct call *c, gva path, uint64_t flags, uint32_t mode)
{
    struct scratch s;
    const int64_t  r = shm_path(c, path, &s);

    if (r)
        return r;
    return host_call(c, SYS_openat, AT_FDCWD, s.va, (flags & (D_O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC)) | O_NOFOLLOW,
                     mode & 0777);
}

/* uipc_shm.c, kern_shm_open2: only these flags, read-only or read-write. */
int64_t sys_shm_open2(struct call *c, gva path, uint64_t flags, uint32_t mode, uint64_t shmflags, gva name)
{
    (void)name; /* for debuggers */
    if (capability_mode(c) && path.va != SHM_ANON)
        return -D_ECAPMODE;
    if ((flags & D_O_ACCMODE) > O_RDWR || (flags & D_O_ACCMODE) == O_WRONLY ||
        flags & ~(uint64_t)(D_O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC | D_O_CLOFORK))
        return -EINVAL;
    if (shmflags & SHM_LARGEPAGE)
        return -ENOTTY;

    const int64_t hostfd = path.va == SHM_ANON ? open_anon(c, shmflags) : open_named(c, path, flags, mode);

    if (hostfd < 0)
        return hostfd;

    const struct fd_new n = {.hostfd = (int)hostfd,
                             .kind = OF_FILE,
                             .flags = (uint32_t)flags & D_O_ACCMODE,
                             .cloexec = flags & O_CLOEXEC,
                             .clofork = flags & D_O_CLOFORK};

    return fd_install(c, &n, 0);
}

/* The old call always closes on exec. */
int64_t sys_freebsd12_shm_open(struct call *c, gva path, uint64_t flags, uint32_t mode)
{
    return sys_shm_open2(c, path, flags | O_CLOEXEC, mode, SHM_ALLOW_SEALING, GVA(0));
}

/* FreeBSD's numbers */
#define SHM_RENAME_NOREPLACE 1
#define SHM_RENAME_EXCHANGE  2

/* They are the host's too; but an exchange with nothing is a renaming (uipc_shm.c, sys_shm_rename). */
int64_t sys_shm_rename(struct call *c, gva from, gva to, int flags)
{
    const int      both = SHM_RENAME_NOREPLACE | SHM_RENAME_EXCHANGE;
    struct scratch a, b;
    int64_t        r = flags & ~both || flags == both || from.va == SHM_ANON || to.va == SHM_ANON ? -EINVAL : 0;

    r = r ?: shm_path(c, from, &a) ?: shm_path(c, to, &b);
    if (r)
        return r;
    r = host_call(c, SYS_renameat2, AT_FDCWD, a.va, AT_FDCWD, b.va, flags);
    if (r == -ENOENT && flags == SHM_RENAME_EXCHANGE)
        r = host_call(c, SYS_renameat2, AT_FDCWD, a.va, AT_FDCWD, b.va, SHM_RENAME_NOREPLACE);
    return r;
}

int64_t sys_shm_unlink(struct call *c, gva path)
{
    struct scratch s;
    const int64_t  r = shm_path(c, path, &s);

    return r ? r : host_call(c, SYS_unlinkat, AT_FDCWD, s.va, 0);
}
