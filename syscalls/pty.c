#include "syscalls/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define NAME_MAX_BYTES 128

static int slave_unlock(struct call *c, int hostfd)
{
    struct scratch s = scratch_get(c, sizeof(int));

    if (!s.p)
        return -ENOMEM;
    memset(s.p, 0, sizeof(int));
    return (int)host_call(c, SYS_ioctl, hostfd, TIOCSPTLCK, s.va);
}

int64_t sys_posix_openpt(struct call *c, uint64_t flags)
{
    static const char path[] = "/dev/ptmx";
    struct scratch    s = scratch_get(c, sizeof(path));
    int64_t           hostfd, err;
    struct fd_new     n;

    if (flags & ~(uint64_t)(O_RDWR | O_NOCTTY | O_CLOEXEC))
        return -EINVAL;
    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, path, sizeof(path));
    hostfd = host_call(c, SYS_openat, AT_FDCWD, s.va, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (hostfd < 0)
        return hostfd;
    err = slave_unlock(c, (int)hostfd);
    if (err) {
        host_call(c, SYS_close, hostfd);
        return err;
    }
    n = (struct fd_new){.hostfd = (int)hostfd, .kind = OF_CHAR, .flags = O_RDWR, .cloexec = flags & O_CLOEXEC};
    return fd_install(c, &n, 0);
}

/* Writes "pts/N" when ref is a master.  Length, or -errno. */
static int slave_name(struct call *c, const struct fdref *ref, char *name)
{
    struct scratch s = scratch_get(c, sizeof(int));
    int64_t        err = s.p ? host_call(c, SYS_ioctl, ref->hostfd, TIOCGPTN, s.va) : -ENOMEM;

    return err ? (int)err : snprintf(name, NAME_MAX_BYTES, "pts/%d", *(int *)s.p);
}

/* The name that the host's process file system gives, when it is below /dev.  Length, or -errno. */
static int link_name(struct call *c, const struct fdref *ref, char *name)
{
    struct scratch link = scratch_get(c, 40), to = scratch_get(c, NAME_MAX_BYTES);
    int64_t        n;

    if (!link.p || !to.p)
        return -ENOMEM;
    snprintf(link.p, 40, "/proc/self/fd/%d", ref->hostfd);
    n = host_call(c, SYS_readlinkat, AT_FDCWD, link.va, to.va, NAME_MAX_BYTES);
    if (n < 0)
        return (int)n;
    if (n <= 5 || n >= NAME_MAX_BYTES || memcmp(to.p, "/dev/", 5) != 0)
        return -EINVAL;
    memcpy(name, (char *)to.p + 5, (size_t)n - 5);
    name[n - 5] = 0;
    return (int)n - 5;
}

int64_t pty_device_name(struct call *c, struct fdref *ref, gva data)
{
    struct {
        int32_t  len, padding;
        uint64_t buf;
    } arg;
    char name[NAME_MAX_BYTES];
    int  n = copy_in(c, &arg, data, sizeof(arg));

    if (n)
        return n;
    if (ref->of->kind != OF_CHAR)
        return -ENOTTY;
    n = slave_name(c, ref, name);
    if (n < 0)
        n = link_name(c, ref, name);
    if (n < 0)
        return n;
    return n + 1 > arg.len ? -EINVAL : copy_out(c, GVA(arg.buf), name, (size_t)n + 1);
}
