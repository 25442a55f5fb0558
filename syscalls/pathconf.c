#include "syscalls/pathconf.h"

#include <limits.h>
#include <sys/stat.h>

#include "syscalls/stat.h"
#include "syscalls/vnode.h"

#define ANY 0u /* of every type of file */

/*
 * Numbers of FreeBSD's sys/unistd.h (_PC_*).  Values as its UFS and its pipes
 * and terminals give them (vfs_default.c vop_stdpathconf, ufs_vnops.c,
 * sys_pipe.c), where the host's limits allow it.
 */
static const struct pathconf_value {
    int      name;
    uint32_t type; /* S_IF*, or ANY */
    int64_t  value;
} values[] = {
    {1, ANY, 65000},                        /* LINK_MAX: ext4's */
    {2, S_IFCHR, 255},                      /* MAX_CANON */
    {3, S_IFCHR, 255},                      /* MAX_INPUT */
    {4, ANY, 255},                          /* NAME_MAX */
    {5, ANY, 1024},                         /* PATH_MAX */
    {6, S_IFIFO, 512},                      /* PIPE_BUF */
    {6, S_IFDIR, 512},   {7, ANY, 1},       /* CHOWN_RESTRICTED */
    {8, ANY, 1},                            /* NO_TRUNC */
    {9, S_IFCHR, 255},                      /* VDISABLE */
    {10, ANY, 4096},                        /* ALLOC_SIZE_MIN */
    {12, ANY, 64},                          /* FILESIZEBITS */
    {14, ANY, 4096},                        /* REC_INCR_XFER_SIZE */
    {15, ANY, -1},                          /* REC_MAX_XFER_SIZE: no limit */
    {16, ANY, 4096},                        /* REC_MIN_XFER_SIZE */
    {17, ANY, 4096},                        /* REC_XFER_ALIGN */
    {18, ANY, 1023},                        /* SYMLINK_MAX: below the guest's PATH_MAX */
    {21, S_IFREG, 4096},                    /* MIN_HOLE_SIZE */
    {21, S_IFDIR, 4096}, {53, ANY, 200112}, /* ASYNC_IO */
    {54, ANY, 0},                           /* PRIO_IO */
    {55, ANY, 1},                           /* SYNC_IO */
    {59, ANY, 0},                           /* ACL_EXTENDED */
    {60, ANY, 3},                           /* ACL_PATH_MAX */
    {61, ANY, 0},                           /* CAP_PRESENT */
    {62, ANY, 0},                           /* INF_PRESENT */
    {63, ANY, 0},                           /* MAC_PRESENT */
    {64, ANY, 0},                           /* ACL_NFS4 */
    {65, ANY, 1},                           /* DEALLOC_PRESENT */
};

static int64_t value_of(const struct kstat *st, int64_t name)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        if (values[i].name == name && (values[i].type == ANY || values[i].type == (st->mode & S_IFMT)))
            return values[i].value;
    return -EINVAL;
}

int64_t sys_pathconf(struct call *c, gva path, int64_t name)
{
    struct kstat  st;
    const int64_t r = sys_stat(c, path, &st);

    return r ? r : value_of(&st, name);
}

int64_t sys_lpathconf(struct call *c, gva path, int64_t name)
{
    struct kstat  st;
    const int64_t r = sys_lstat(c, path, &st);

    return r ? r : value_of(&st, name);
}

#define PIPE_BUF_NAME 6
#define ASYNC_IO_NAME 53

/* Pipes and sockets know PIPE_BUF only, and what is neither has no limits (kern_descrip.c, kern_fpathconf). */
static int64_t value_without_vnode(const struct ofile *of, int64_t name)
{
    const bool pipe = of->kind == OF_PIPE || of->kind == OF_SOCKET;

    if (name == ASYNC_IO_NAME || (name == PIPE_BUF_NAME && pipe))
        return value_of(&(struct kstat){.mode = S_IFIFO}, name);
    return pipe ? -EINVAL : -EOPNOTSUPP;
}

int64_t sys_fpathconf(struct call *c, int fd, int64_t name)
{
    struct kstat st;
    struct fdref ref;
    int64_t      r = sys_fstat(c, fd, &st) ?: fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref);
    r = r == -EINVAL ? value_without_vnode(ref.of, name) : r ? r : value_of(&st, name);
    fd_put(c, &ref);
    return r;
}
