/*
 * F_KINFO: all about one descriptor, above all the path of its file
 * (kern_descrip.c, export_file_to_kinfo; sys/user.h).
 */
#include "syscalls/kinfo.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/capability.h"
#include "syscalls/file.h"
#include "syscalls/name.h"
#include "syscalls/stat.h"
#include "syscalls/vnode.h"

static const struct {
    uint32_t host;
    int32_t  flag;
} flags[] = {
    {O_APPEND, 0x4}, {O_ASYNC, 0x8}, {O_SYNC, 0x10}, {O_NONBLOCK, 0x20}, {O_DIRECT, 0x40},
};

int32_t kinfo_flags(uint32_t of)
{
    const uint32_t mode = of & D_O_ACCMODE;
    int32_t        r = of & O_PATH ? 0 : (mode != O_WRONLY ? 1 : 0) | (mode != O_RDONLY ? 2 : 0);

    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        if ((of & flags[i].host) == flags[i].host)
            r |= flags[i].flag;
    return r;
}

static int32_t kinfo_type(struct call *c, const struct fdref *ref)
{
    switch (ref->of->kind) {
    case OF_SOCKET: return KINFO_SOCKET;
    case OF_KQUEUE: return KINFO_KQUEUE;
    case OF_PROCDESC: return KINFO_PROCDESC;
    case OF_KSEM: return KINFO_SEM;
    case OF_MQUEUE: return KINFO_MQUEUE;
    case OF_PIPE: return vnode_check(c, ref) == 0 ? KINFO_FIFO : KINFO_PIPE;
    default: return vnode_check(c, ref) == 0 ? KINFO_VNODE : KINFO_UNKNOWN;
    }
}

int32_t kinfo_vnode_type(uint32_t mode)
{
    static const uint8_t by_format[16] = {
        [S_IFREG >> 12] = 1, [S_IFDIR >> 12] = 2,  [S_IFBLK >> 12] = 3, [S_IFCHR >> 12] = 4,
        [S_IFLNK >> 12] = 5, [S_IFSOCK >> 12] = 6, [S_IFIFO >> 12] = 7,
    };

    return by_format[(mode & S_IFMT) >> 12];
}

int32_t kinfo_file_type(uint32_t mode, const char *host_name)
{
    if (S_ISFIFO(mode))
        return host_name[0] == '/' ? KINFO_FIFO : KINFO_PIPE;
    return strncmp(host_name, "/memfd:", 7) == 0 ? KINFO_SHM : KINFO_VNODE;
}

static void add_file(struct kinfo *k, const struct kstat *st)
{
    k->vnode_type = kinfo_vnode_type(st->mode);
    k->nlink = st->nlink;
    k->fsid = st->dev;
    k->rdev = st->rdev;
    k->fileid = st->ino;
    k->size = st->size;
    k->fsid11 = (uint32_t)st->dev;
    k->rdev11 = (uint32_t)st->rdev;
    k->mode = (uint16_t)st->mode;
}

/* A file that has lost its name has none here either. */
static void add_path(struct call *c, struct kinfo *k, int hostfd)
{
    static const char gone[] = " (deleted)";
    const size_t      tail = sizeof(gone) - 1;

    if (cwd_name_of(c, hostfd, k->path, sizeof(k->path)) < 0 || k->path[0] != '/')
        k->path[0] = 0;
    if (k->type == KINFO_VNODE)
        k->type = kinfo_file_type(k->mode, k->path);

    const size_t n = strlen(k->path);

    if (n >= tail && !strcmp(k->path + n - tail, gone))
        k->path[0] = 0;
}

static int64_t fill(struct call *c, int fd, struct fdref *ref, struct kinfo *k)
{
    struct kstat  st;
    const int64_t r = sys_fstat(c, fd, &st);

    if (r)
        return r;
    k->structsize = sizeof(*k);
    k->fd = fd;
    k->type = kinfo_type(c, ref);
    k->ref_count = (int32_t)__atomic_load_n(&ref->of->refs, __ATOMIC_RELAXED);
    k->flags = kinfo_flags(ref->of->flags);
    k->status = KINFO_ATTR_VALID;
    if (k->type != KINFO_VNODE && k->type != KINFO_FIFO)
        return 0;
    k->offset = sys_lseek(c, fd, 0, SEEK_CUR);
    if (k->offset < 0)
        k->offset = 0;
    add_file(k, &st);
    add_path(c, k, ref->hostfd);
    return 0;
}

int64_t kinfo_give(struct call *c, int fd, gva at)
{
    struct kinfo k = {0};
    struct fdref ref;
    int32_t      size;
    int64_t      r = capability_mode(c) ? -D_ECAPMODE : copy_in(c, &size, at, sizeof(size));

    if (!r && size != sizeof(k))
        r = -EINVAL;
    if (!r)
        r = fd_get(c, fd, &ref);
    if (r)
        return r;
    r = fill(c, fd, &ref, &k);
    fd_put(c, &ref);
    return r ? r : copy_out(c, at, &k, sizeof(k));
}
