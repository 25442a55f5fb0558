/*
 * syscalls/socket_calls.h: the handlers of the socket calls, named by rows.
 * Arguments and results are those of the manual pages; addresses, options and
 * messages are in the guest's form.
 */
#ifndef DRAGOMAN_SYSCALLS_SOCKET_CALLS_H
#define DRAGOMAN_SYSCALLS_SOCKET_CALLS_H

#include "syscalls/call.h"

/* socket.c */
int64_t sys_socket(struct call *c, int64_t domain, uint64_t type, int protocol);
int64_t sys_socketpair(struct call *c, int64_t domain, uint64_t type, int protocol, gva rsv);
int64_t sys_bind(struct call *c, int s, gva name, unsigned namelen);
int64_t sys_bindat(struct call *c, int fd, int s, gva name, unsigned namelen);
int64_t sys_getsockname(struct call *c, int fd, gva addr, gva lenp);
int64_t sys_getpeername(struct call *c, int fd, gva addr, gva lenp);
int64_t sys_connect(struct call *c, int s, gva name, unsigned namelen);
int64_t sys_connectat(struct call *c, int fd, int s, gva name, unsigned namelen);
int64_t sys_listen(struct call *c, int s, int backlog);
int64_t sys_shutdown(struct call *c, int s, int64_t how);
int64_t sys_accept(struct call *c, int s, gva name, gva lenp);
int64_t sys_accept4(struct call *c, int s, gva name, gva lenp, uint64_t flags);

/* sockopt.c; level and option are the guest's own numbers */
int64_t sys_getsockopt(struct call *c, int s, int64_t level, int name, gva val, gva lenp);
int64_t sys_setsockopt(struct call *c, int s, int64_t level, int name, gva val, unsigned len);

/* msg.c; flags are the host's and D_MSG_* */
int64_t sys_sendto(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva to, unsigned tolen);
int64_t sys_recvfrom(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva from, gva fromlen);
int64_t sys_sendmsg(struct call *c, int s, gva msg, uint64_t flags);
int64_t sys_recvmsg(struct call *c, int s, gva msg, uint64_t flags);

#endif
