/*
 * compat/aio.h: POSIX asynchronous input and output, which FreeBSD has in the kernel
 * (sys/kern/vfs_aio.c), carried out by threads of the provider.
 */
#ifndef DRAGOMAN_COMPAT_AIO_H
#define DRAGOMAN_COMPAT_AIO_H

#include "syscalls/call.h"

struct timespec;

/*
 * The process is gone, or has a new program: what waits is forgotten, and nobody
 * is told.  wait: until what runs has ended too, so that nothing is stored in the
 * new program's memory.  No lock held.
 */
void aio_proc_gone(struct proc *p, bool wait);
/* The same, and frees what was kept for p, to whom no call is in flight any more. */
void aio_proc_free(struct proc *p);

/* The system calls.  aiocb and the lists are the guest's own structures. */
int64_t sys_aio_read(struct call *c, gva aiocb);
int64_t sys_aio_write(struct call *c, gva aiocb);
int64_t sys_aio_readv(struct call *c, gva aiocb);
int64_t sys_aio_writev(struct call *c, gva aiocb);
int64_t sys_aio_fsync(struct call *c, int op, gva aiocb);
int64_t sys_aio_mlock(struct call *c, gva aiocb);
int64_t sys_lio_listio(struct call *c, int mode, gva list, int nent, gva sig);
int64_t sys_freebsd6_aio_read(struct call *c, gva aiocb);
int64_t sys_freebsd6_aio_write(struct call *c, gva aiocb);
int64_t sys_freebsd6_lio_listio(struct call *c, int mode, gva list, int nent, gva sig);
int64_t sys_aio_return(struct call *c, gva aiocb);
int64_t sys_aio_error(struct call *c, gva aiocb);
int64_t sys_aio_cancel(struct call *c, int fd, gva aiocb);
int64_t sys_aio_suspend(struct call *c, gva list, int nent, const struct timespec *timeout);
int64_t sys_aio_waitcomplete(struct call *c, gva aiocbp, const struct timespec *timeout);

#endif
