/*
 * loader/gate/calls.h: calls whose common cases are one host call, served in the
 * gate; the rest of each is the provider's (-GATE_PUNT, see rows.h).
 */
#ifndef DRAGOMAN_LOADER_GATE_CALLS_H
#define DRAGOMAN_LOADER_GATE_CALLS_H

#include "syscalls/call.h"

/* futex.c: waits and wakes on a word */
int64_t gate__umtx_op(struct call *c, gva obj, int64_t op, uint64_t val, gva uaddr1, gva uaddr2);
/* futex.c: what remains of an interrupted one is the provider's */
int64_t gate_nanosleep(struct call *c, gva rqtp, gva rmtp);
/* futex.c: the same, relative */
int64_t gate_clock_nanosleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp);

/*
 * memory.c: what does not touch our zone; of mmap, anonymous memory and regular files without a hint.  mmap's offset is
 * raw[5].
 */
int64_t gate_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd);
int64_t gate_munmap(struct call *c, gva addr, uint64_t len);
int64_t gate_mprotect(struct call *c, gva addr, uint64_t len, uint64_t prot);
int64_t gate_madvise(struct call *c, gva addr, uint64_t len, int64_t advice);

int64_t gate_msync(struct call *c, gva addr, uint64_t len, uint64_t flags);
int64_t gate_mlock(struct call *c, gva addr, uint64_t len);
int64_t gate_munlock(struct call *c, gva addr, uint64_t len);
int64_t gate_mincore(struct call *c, gva addr, uint64_t len, gva vec);

/* sigmask.c: where no pending signal is concerned.  how: D_SIG_*, or what the guest gave */
int64_t gate_sigprocmask(struct call *c, int64_t how, gva set, gva oset);
int64_t gate_sigpending(struct call *c, gva set);

/* ident.c */
int64_t gate_getpid(struct call *c);
int64_t gate_thr_self(struct call *c, gva id);
int64_t gate_getuid(struct call *c);
int64_t gate_geteuid(struct call *c);
int64_t gate_getgid(struct call *c);
int64_t gate_getegid(struct call *c);
int64_t gate_sched_yield(struct call *c);
int64_t gate_getppid(struct call *c);
int64_t gate_getpgrp(struct call *c);
int64_t gate_getpgid(struct call *c, int pid);
int64_t gate_getsid(struct call *c, int pid);
int64_t gate_issetugid(struct call *c);
int64_t gate_getrusage(struct call *c, int64_t who, void *usage); /* but its children's */
int64_t gate_getrlimit(struct call *c, int64_t which, void *rlim);
int64_t gate_gettimeofday(struct call *c, gva tp, gva tzp);
int64_t gate_getrandom(struct call *c, gva buf, uint64_t n, uint64_t flags);
int64_t gate_umask(struct call *c, uint32_t mode);
int64_t gate_clock_gettime(struct call *c, int64_t clock, void *tp);
int64_t gate_fcntl(struct call *c, int fd, int64_t cmd, int64_t arg);

/* socket.c: no addresses, no control messages; sendto and recvfrom have a sixth argument in raw[5] */
int64_t gate_sendto(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva to);
int64_t gate_recvfrom(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva from);
int64_t gate_sendmsg(struct call *c, int s, gva msg, uint64_t flags);
int64_t gate_recvmsg(struct call *c, int s, gva msg, uint64_t flags);
int64_t gate_shutdown(struct call *c, int s, int64_t how);

/* poll.c: a few of the host's descriptors, without a signal mask */
int64_t gate_poll(struct call *c, gva fds, unsigned n, int timeout);
int64_t gate_ppoll(struct call *c, gva fds, unsigned n, gva timeout, gva mask);
int64_t gate_select(struct call *c, int nd, gva in, gva ou, gva ex, gva tv);

#endif
