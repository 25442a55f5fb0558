/* syscalls/kinfo.h: what fcntl's F_KINFO tells of a descriptor. */
#ifndef DRAGOMAN_SYSCALLS_KINFO_H
#define DRAGOMAN_SYSCALLS_KINFO_H

#include "syscalls/call.h"

/* struct kinfo_file; of the union what a file has.  Rights are for cap_rights_get to tell. */
struct kinfo {
    int32_t  structsize, type, fd, ref_count, flags, pad0;
    int64_t  offset;
    int32_t  vnode_type, spare[3];
    uint64_t spare64[29];
    uint64_t nlink, fsid, rdev, fileid, size;
    uint32_t fsid11, rdev11;
    uint16_t mode, pad1;
    uint32_t pad2;
    uint16_t status, pad3;
    int32_t  spare0;
    uint64_t rights[2], spare1;
    char     path[1024];
};
_Static_assert(sizeof(struct kinfo) == 1392 && offsetof(struct kinfo, status) == 336 &&
                   offsetof(struct kinfo, nlink) == 280 && offsetof(struct kinfo, path) == 368,
               "sys/user.h");

/* KF_TYPE_* */
enum {
    KINFO_VNODE = 1,
    KINFO_SOCKET,
    KINFO_PIPE,
    KINFO_FIFO,
    KINFO_KQUEUE,
    KINFO_MQUEUE = 7,
    KINFO_SHM,
    KINFO_SEM,
    KINFO_PROCDESC = 11,
    KINFO_UNKNOWN = 255,
};
#define KINFO_ATTR_VALID 1

int32_t kinfo_flags(uint32_t of);        /* KF_FLAG_* of host O_* */
int32_t kinfo_vnode_type(uint32_t mode); /* KF_VTYPE_* */
/* What a host's file is, by its mode and by what the host calls it: a pipe or shared memory has no name there. */
int32_t kinfo_file_type(uint32_t mode, const char *host_name);

/* Into the guest's struct kinfo_file at `at`, whose first field is its size.  0, -EBADF, -EFAULT, -EINVAL (size). */
int64_t kinfo_give(struct call *c, int fd, gva at);

#endif
