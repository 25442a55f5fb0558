/*
 * syscalls/socket.h: what a socket's open file remembers, and what its calls share.
 */
#ifndef DRAGOMAN_SYSCALLS_SOCKET_H
#define DRAGOMAN_SYSCALLS_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "syscalls/fd.h"

/*
 * Bits of ofile.object of a socket, changed atomically.  An inherited or received
 * socket has none: its type and domain are asked for when they are needed.
 */
#define SOCK_TYPE       0xffull                                       /* host SOCK_*, 0: unknown */
#define SOCK_NOSIGPIPE  (1ull << 8)                                   /* SO_NOSIGPIPE */
#define SOCK_CONNECTED  (1ull << 9)                                   /* a connect succeeded or began; born connected */
#define SOCK_CREDS      (1ull << 10)                                  /* LOCAL_CREDS */
#define SOCK_CREDS_EACH (1ull << 11)                                  /* LOCAL_CREDS_PERSISTENT */
#define SOCK_DSTADDR    (1ull << 12)                                  /* IP_RECVDSTADDR */
#define SOCK_RECVIF     (1ull << 13)                                  /* IP_RECVIF */
#define SOCK_MADE_HERE  (1ull << 14)                                  /* all of the above is known */
#define SOCK_INHERITED  (SOCK_TYPE | SOCK_NOSIGPIPE | SOCK_MADE_HERE) /* what accept passes on */

static inline uint64_t sock_bits(const struct ofile *of) { return __atomic_load_n(&of->object, __ATOMIC_RELAXED); }
static inline void     sock_bits_set(struct ofile *of, uint64_t bits, bool on)
{
    if (on)
        __atomic_fetch_or(&of->object, bits, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&of->object, ~bits, __ATOMIC_RELAXED);
}

/* A stream of ours that no connect was tried on: what is sent to it is ENOTCONN, where the host sees a broken pipe. */
static inline bool sock_never_connected(const struct ofile *of)
{
    const uint64_t bits = sock_bits(of);

    return (bits & (SOCK_MADE_HERE | SOCK_CONNECTED)) == SOCK_MADE_HERE && (bits & SOCK_TYPE) == 1 /* SOCK_STREAM */;
}

/* For write and writev: the host's own would send a SIGPIPE that the guest does not get.  Then sock_write it is. */
static inline bool sock_write_quiet(const struct ofile *of)
{
    return of->kind == OF_SOCKET && (sock_bits(of) & SOCK_NOSIGPIPE || sock_never_connected(of));
}
/* where: a buffer of count bytes, or (vector) count parts.  Bytes, -errno, -ERESTART. */
int64_t sock_write(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector);

/* fd_get for sockets: also -ENOTSOCK. */
int sock_get(struct call *c, int fd, struct fdref *ref);
/* The same, but these rights are wanted instead of what the row wants. */
int sock_get_for(struct call *c, int fd, caprights want, struct fdref *ref);
/* Host domain and type; asked from the host once when they are not known.  -errno. */
int sock_domain(struct call *c, struct fdref *ref);
int sock_type(struct call *c, struct fdref *ref);

#endif
