#include "syscalls/compat_pad.h"

#include <errno.h>

#include "syscalls/file.h"
#include "syscalls/name.h"

int64_t sys_pread_pad(struct call *c, int fd, gva buf, uint64_t n, int pad, int64_t offset)
{
    (void)pad;
    return sys_pread(c, fd, buf, n, offset);
}

int64_t sys_pwrite_pad(struct call *c, int fd, gva buf, uint64_t n, int pad, int64_t offset)
{
    (void)pad;
    return sys_pwrite(c, fd, buf, n, offset);
}

int64_t sys_lseek_pad(struct call *c, int fd, int pad, int64_t offset, int64_t whence)
{
    (void)pad;
    return sys_lseek(c, fd, offset, whence);
}

int64_t sys_truncate_pad(struct call *c, gva path, int pad, int64_t length)
{
    (void)pad;
    return sys_truncate(c, path, length);
}

int64_t sys_ftruncate_pad(struct call *c, int fd, int pad, int64_t length)
{
    (void)pad;
    return sys_ftruncate(c, fd, length);
}

int64_t sys_indirect(struct call *c, int number)
{
    (void)c;
    (void)number;
    return -ENOSYS;
}

int64_t sys_indirect64(struct call *c, int64_t number)
{
    (void)c;
    (void)number;
    return -ENOSYS;
}
