/*
 * syscalls/sockaddr.h: socket addresses, the guest's form and the host's.
 */
#ifndef DRAGOMAN_SYSCALLS_SOCKADDR_H
#define DRAGOMAN_SYSCALLS_SOCKADDR_H

#include <stdint.h>
#include <sys/socket.h>

#include "abi/sock.h"
#include "syscalls/call.h"
#include "syscalls/path.h"

#define SOCKADDR_GUEST_MAX 255 /* FreeBSD's SOCK_MAXADDRLEN */

/*
 * Guest to host.  0; -EINVAL (a length that the family does not have),
 * -EAFNOSUPPORT, -ENOENT (a local address without a name: there are no abstract
 * ones).  A local path ends with NUL in out.
 */
int sockaddr_to_host(const struct sock_abi *a, const uint8_t *guest, uint32_t len, struct sockaddr_storage *out,
                     uint32_t *outlen);

/*
 * Host to guest; the length, 0 for an address that the guest cannot have.  A
 * local address of no or an abstract name becomes an unnamed one.
 */
uint32_t sockaddr_to_guest(const struct sock_abi *a, const struct sockaddr_storage *host, uint32_t hostlen,
                           uint8_t guest[SOCKADDR_GUEST_MAX + 1]);

/* An address for a host call. */
struct sockaddr_arg {
    struct sockaddr_storage *sa; /* in scratch */
    uint64_t                 va;
    uint32_t                 len;
    int                      family;
    struct path              path;      /* local addresses: what path_put gives back */
    bool                     viewed;    /* path is in use */
    char                     name[108]; /* local: the guest's own path */
};

/*
 * Copies in and converts.  0, -EFAULT, -ENAMETOOLONG, -EINVAL, -EAFNOSUPPORT, -ENOENT, -ENOMEM.
 * A local path still names what the guest means: sockaddr_resolve looks it up.
 */
int sockaddr_get(struct call *c, gva addr, uint32_t len, struct sockaddr_arg *out);
/*
 * A local address's path through the view, from the directory guest_dirfd.  0 or
 * path_resolve's errors.  sockaddr_put afterwards, also when this failed; it is
 * harmless for other families.
 */
int  sockaddr_resolve(struct call *c, int guest_dirfd, unsigned how, struct sockaddr_arg *a);
void sockaddr_put(struct call *c, struct sockaddr_arg *a);

/* Scratch for an address and its length that a host call writes. */
struct sockaddr_room {
    struct sockaddr_storage *sa;
    uint32_t                *len;
    uint64_t                 sa_va, len_va;
};
int      sockaddr_room_get(struct call *c, struct sockaddr_room *out); /* 0, -ENOMEM */
uint32_t sockaddr_room_len(const struct sockaddr_room *r);             /* what the host wrote, never past the room */

/*
 * Converts and copies out what fits into *room bytes; *room becomes the bytes
 * copied, as BSD says it (not the whole length).  0, -EFAULT.
 */
int sockaddr_copy_out(struct call *c, const struct sockaddr_storage *host, uint32_t hostlen, gva dst, uint32_t *room);

#endif
