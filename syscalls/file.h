/*
 * syscalls/file.h: what the file handlers share.
 */
#ifndef DRAGOMAN_SYSCALLS_FILE_H
#define DRAGOMAN_SYSCALLS_FILE_H

#include "syscalls/call.h"
#include "syscalls/fd.h"

/* In ofile.flags, besides the host's O_*: opened for execution only. */
#define OFLAG_EXEC 0x40000000u

/* True when the offset is kept by us and host calls are positioned. */
static inline bool file_own_offset(const struct ofile *of)
{
    return of->kind == OF_FILE && !__atomic_load_n(&of->host_offset, __ATOMIC_RELAXED);
}

/* From here on the host's offset is the truth, which the caller has set.  Lock held; there is no way back. */
static inline void file_host_offset_locked(struct ofile *of)
{
    of->at_host = false;
    __atomic_store_n(&of->host_offset, true, __ATOMIC_RELEASE);
}

/* of->offset, made true when an append left it to the host.  Lock held.  Or -errno. */
int64_t file_offset_locked(struct call *c, struct fdref *ref);

/* Handlers: their arguments are fixed by their rows. */
int64_t sys_open(struct call *c, gva path, uint64_t flags, uint32_t mode);
int64_t sys_openat(struct call *c, int dirfd, gva path, uint64_t flags, uint32_t mode);
int64_t sys_close(struct call *c, int fd);
int64_t sys_freebsd12_closefrom(struct call *c, int low);
int64_t sys_close_range(struct call *c, unsigned low, unsigned high, uint64_t flags);

int64_t sys_read(struct call *c, int fd, gva buf, uint64_t n);
int64_t sys_write(struct call *c, int fd, gva buf, uint64_t n);
int64_t sys_readv(struct call *c, int fd, gva iov, unsigned n);
int64_t sys_writev(struct call *c, int fd, gva iov, unsigned n);
int64_t sys_pread(struct call *c, int fd, gva buf, uint64_t n, int64_t offset);
int64_t sys_pwrite(struct call *c, int fd, gva buf, uint64_t n, int64_t offset);
int64_t sys_preadv(struct call *c, int fd, gva iov, unsigned n, int64_t offset);
int64_t sys_pwritev(struct call *c, int fd, gva iov, unsigned n, int64_t offset);
int64_t sys_lseek(struct call *c, int fd, int64_t offset, int64_t whence);

#endif
