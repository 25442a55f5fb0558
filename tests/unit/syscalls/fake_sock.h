/*
 * tests/unit/syscalls/fake_sock.h: FreeBSD's forms of addresses and messages, for the tests of sockets.
 */
#ifndef DRAGOMAN_TESTS_UNIT_SYSCALLS_FAKE_SOCK_H
#define DRAGOMAN_TESTS_UNIT_SYSCALLS_FAKE_SOCK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "syscalls/socket_calls.h"
#include "tests/unit/fake_files.h"

#define FBSD_AF_INET6   28
#define FBSD_SOL_SOCKET 0xffff

struct fbsd_in {
    uint8_t  len, family;
    uint16_t port;
    uint32_t addr;
    uint8_t  zero[8];
};
struct fbsd_in6 {
    uint8_t  len, family;
    uint16_t port;
    uint32_t flow;
    uint8_t  addr[16];
    uint32_t scope;
};
struct fbsd_un {
    uint8_t len, family;
    char    path[104];
};
struct fbsd_msghdr {
    void    *name;
    uint32_t namelen, pad;
    void    *iov;
    int      iovlen, pad2;
    void    *control;
    uint32_t controllen;
    int      flags;
};
struct fbsd_cmsg {
    uint32_t len;
    int      level, type, pad;
    int      data[32];
};
_Static_assert(sizeof(struct fbsd_msghdr) == 48, "sys/socket.h");

static inline struct fbsd_in fbsd_loopback(uint16_t port)
{
    return (struct fbsd_in){16, AF_INET, htons(port), htonl(INADDR_LOOPBACK), {0}};
}

/* The address a socket is bound to. */
static inline struct fbsd_in fbsd_name(struct call *c, int fd)
{
    struct fbsd_in a = {0};
    uint32_t       len = sizeof(a);

    assert_int_equal(sys_getsockname(c, fd, P(&a), P(&len)), 0);
    assert_int_equal(len, sizeof(a));
    return a;
}

#endif
