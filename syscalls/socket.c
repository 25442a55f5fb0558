/*
 * Sockets: making, naming, connecting.  FreeBSD's behaviour is that of
 * kern/uipc_syscalls.c, kern/uipc_socket.c and kern/uipc_usrreq.c.
 */
#include "syscalls/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "syscalls/capability.h"
#include "syscalls/fdtable.h"
#include "syscalls/proc.h"
#include "syscalls/socket_calls.h"
#include "syscalls/sockaddr.h"
#include "syscalls/sockname.h"

/* ---- references --------------------------------------------------------------- */

static int only_socket(struct call *c, int err, struct fdref *ref)
{
    if (err || ref->of->kind == OF_SOCKET)
        return err;
    fd_put(c, ref);
    return -ENOTSOCK;
}

int sock_get(struct call *c, int fd, struct fdref *ref) { return only_socket(c, fd_get(c, fd, ref), ref); }

int sock_get_for(struct call *c, int fd, caprights want, struct fdref *ref)
{
    return only_socket(c, fd_get_for(c, fd, want, ref), ref);
}

/* An int option of the host's, level SOL_SOCKET. */
static int ask_int(struct call *c, int hostfd, int opt)
{
    const struct scratch s = scratch_get(c, 8);

    if (!s.p)
        return -ENOMEM;

    int *p = s.p;

    p[1] = sizeof(int);

    const int64_t r = host_call(c, SYS_getsockopt, hostfd, SOL_SOCKET, opt, s.va, s.va + 4);

    return r < 0 ? (int)r : p[0];
}

int sock_domain(struct call *c, struct fdref *ref)
{
    if (ref->of->domain)
        return ref->of->domain;

    const int d = ask_int(c, ref->hostfd, SO_DOMAIN);

    if (d > 0)
        ref->of->domain = (uint16_t)d;
    return d;
}

int sock_type(struct call *c, struct fdref *ref)
{
    const int have = (int)(sock_bits(ref->of) & SOCK_TYPE);

    if (have)
        return have;

    const int t = ask_int(c, ref->hostfd, SO_TYPE);

    if (t > 0)
        sock_bits_set(ref->of, (uint64_t)t & SOCK_TYPE, true);
    return t;
}

/* ---- making ------------------------------------------------------------------- */

#define TYPE_FLAGS ((uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) | D_O_CLOFORK)

/* socreate's words for what the host refuses as a whole. */
static int64_t make_error(int64_t err, int protocol)
{
    if (err == -ESOCKTNOSUPPORT || err == -EINVAL || err == -EPROTONOSUPPORT)
        return protocol ? -EPROTONOSUPPORT : -EPROTOTYPE;
    return err;
}

/* 0 or -errno: the kinds of socket that a guest can have here. */
static int make_check(int domain, int protocol)
{
    if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    return protocol == IPPROTO_SCTP ? -EPROTONOSUPPORT : 0;
}

static int install(struct call *c, int hostfd, uint16_t domain, uint64_t type, uint64_t bits)
{
    const struct fd_new n = {
        .hostfd = hostfd,
        .kind = OF_SOCKET,
        .flags = O_RDWR | (type & SOCK_NONBLOCK ? O_NONBLOCK : 0),
        .cloexec = type & SOCK_CLOEXEC,
        .clofork = type & D_O_CLOFORK,
        .domain = domain,
        .object = bits | SOCK_MADE_HERE,
    };

    return fd_install(c, &n, 0);
}

/* FreeBSD's IPv6 sockets are for IPv6 alone unless told otherwise: ip6(4), net.inet6.ip6.v6only. */
static void v6only(struct call *c, int hostfd)
{
    const struct scratch s = scratch_get(c, sizeof(int));

    if (!s.p)
        return;
    *(int *)s.p = 1;
    host_call(c, SYS_setsockopt, hostfd, IPPROTO_IPV6, IPV6_V6ONLY, s.va, sizeof(int));
}

int64_t sys_socket(struct call *c, int64_t domain, uint64_t type, int protocol)
{
    const uint64_t kind = type & ~TYPE_FLAGS;
    const int      err = make_check((int)domain, protocol);

    if (err)
        return err;

    const int64_t r = host_call(c, SYS_socket, domain, kind | (type & SOCK_NONBLOCK), protocol);

    if (r < 0)
        return make_error(r, protocol);
    if (domain == AF_INET6)
        v6only(c, (int)r);
    return install(c, (int)r, (uint16_t)domain, type, kind & SOCK_TYPE);
}

/* Both ends get descriptors, or neither does. */
static int pair_install(struct call *c, const int host[2], uint16_t domain, uint64_t type, int fds[2])
{
    const uint64_t bits = (type & ~TYPE_FLAGS & SOCK_TYPE) | SOCK_CONNECTED;

    fds[0] = install(c, host[0], domain, type, bits);
    if (fds[0] < 0) {
        host_call(c, SYS_close, host[1]);
        return fds[0];
    }
    fds[1] = install(c, host[1], domain, type, bits);
    if (fds[1] >= 0)
        return 0;
    fd_close(c, fds[0]);
    return fds[1];
}

int64_t sys_socketpair(struct call *c, int64_t domain, uint64_t type, int protocol, gva rsv)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(int));
    int                  fds[2], err = s.p ? make_check((int)domain, protocol) : -ENOMEM;

    if (err)
        return err;

    const int64_t r =
        host_call(c, SYS_socketpair, domain, (type & ~TYPE_FLAGS) | (type & SOCK_NONBLOCK), protocol, s.va);

    if (r < 0)
        return make_error(r, protocol);

    const int host[2] = {((int *)s.p)[0], ((int *)s.p)[1]};

    err = pair_install(c, host, (uint16_t)domain, type, fds);
    if (err)
        return err;
    err = copy_out(c, rsv, fds, sizeof(fds));
    if (err) {
        fd_close(c, fds[0]);
        fd_close(c, fds[1]);
    }
    return err;
}

/* ---- names --------------------------------------------------------------------- */

/* An address of a family that is not the socket's; the host would say EINVAL for some. */
static bool family_fits(struct call *c, struct fdref *ref, int family)
{
    const int domain = sock_domain(c, ref);

    return (domain == AF_UNIX) == (family == AF_UNIX) || family == AF_UNSPEC;
}

static int64_t bind_at(struct call *c, int dirfd, struct fdref *ref, struct sockaddr_arg *a)
{
    if (!family_fits(c, ref, a->family) || (a->family == AF_UNSPEC && ref->of->domain != AF_INET))
        return -EAFNOSUPPORT;

    int64_t r = sockaddr_resolve(c, dirfd, PATH_ENTRY, a);

    if (!r)
        r = host_call(c, SYS_bind, ref->hostfd, a->va, a->len);
    if (!r && a->viewed)
        sockname_add(((struct sockaddr_un *)a->sa)->sun_path, a->name);
    sockaddr_put(c, a);
    return r;
}

typedef int64_t (*name_fn)(struct call *c, int dirfd, struct fdref *ref, struct sockaddr_arg *a);

/* bind, connect: the address is read before the descriptor is looked at. */
static int64_t with_name(struct call *c, name_fn fn, int dirfd, int s, gva name, unsigned namelen)
{
    struct sockaddr_arg a;
    struct fdref        ref;
    int                 err = capability_mode(c) && dirfd == PATH_CWD(c) ? -D_ECAPMODE : 0;

    if (!err)
        err = sockaddr_get(c, name, namelen, &a);
    if (err)
        return err;
    err = sock_get(c, s, &ref);
    if (err)
        return err;

    int64_t r = -EOPNOTSUPP;

    if (dirfd == PATH_CWD(c) || sock_domain(c, &ref) == AF_UNIX)
        r = fn(c, dirfd, &ref, &a);
    fd_put(c, &ref);
    return r;
}

int64_t sys_bind(struct call *c, int s, gva name, unsigned namelen)
{
    return with_name(c, bind_at, PATH_CWD(c), s, name, namelen);
}

int64_t sys_bindat(struct call *c, int fd, int s, gva name, unsigned namelen)
{
    return with_name(c, bind_at, fd, s, name, namelen);
}

/* getsockname, getpeername. */
static int64_t get_name(struct call *c, long nr, int fd, gva addr, gva lenp)
{
    struct sockaddr_room room;
    struct fdref         ref;
    uint32_t             len;
    int64_t              r = copy_in(c, &len, lenp, sizeof(len));

    if (!r)
        r = (int32_t)len < 0 ? -EINVAL : sockaddr_room_get(c, &room);
    if (!r)
        r = sock_get(c, fd, &ref);
    if (r)
        return r;
    r = host_call(c, nr, ref.hostfd, room.sa_va, room.len_va);
    fd_put(c, &ref);
    if (!r)
        r = sockaddr_copy_out(c, room.sa, sockaddr_room_len(&room), addr, &len);
    return r ? r : copy_out(c, lenp, &len, sizeof(len));
}

int64_t sys_getsockname(struct call *c, int fd, gva addr, gva lenp)
{
    return get_name(c, SYS_getsockname, fd, addr, lenp);
}

int64_t sys_getpeername(struct call *c, int fd, gva addr, gva lenp)
{
    return get_name(c, SYS_getpeername, fd, addr, lenp);
}

/* ---- connecting ------------------------------------------------------------------ */

/*
 * FreeBSD dissolves a datagram socket's connection whenever connect is called,
 * and then finds an AF_UNSPEC address unusable.  For a stream the host would
 * break the connection off: don't ask it.
 */
static int64_t connect_unspec(struct call *c, struct fdref *ref, struct sockaddr_arg *a)
{
    if (sock_type(c, ref) == SOCK_DGRAM) {
        host_call(c, SYS_connect, ref->hostfd, a->va, a->len);
        sock_bits_set(ref->of, SOCK_CONNECTED, false);
        return -EAFNOSUPPORT;
    }
    return sock_bits(ref->of) & SOCK_CONNECTED ? -EISCONN : -EAFNOSUPPORT;
}

static int64_t connect_at(struct call *c, int dirfd, struct fdref *ref, struct sockaddr_arg *a)
{
    if (!family_fits(c, ref, a->family))
        return -EAFNOSUPPORT;
    if (a->family == AF_UNSPEC)
        return connect_unspec(c, ref, a);

    int64_t r = sockaddr_resolve(c, dirfd, PATH_FOLLOW, a);

    if (!r)
        r = host_wait(c, SYS_connect, ref->hostfd, a->va, a->len);
    sockaddr_put(c, a);
    if (r == -ERESTART && c->early)
        return r; /* the host has not been asked yet */
    if (!r || r == -EINPROGRESS || r == -ERESTART)
        sock_bits_set(ref->of, SOCK_CONNECTED, true);
    if (r == -ERESTART)
        return -EINTR; /* the connection goes on being made: connect(2) */
    if (r == -EAGAIN && a->family == AF_UNIX)
        return -ECONNREFUSED; /* the listener's queue is full, kern/uipc_usrreq.c */
    return r;
}

int64_t sys_connect(struct call *c, int s, gva name, unsigned namelen)
{
    return with_name(c, connect_at, PATH_CWD(c), s, name, namelen);
}

int64_t sys_connectat(struct call *c, int fd, int s, gva name, unsigned namelen)
{
    return with_name(c, connect_at, fd, s, name, namelen);
}

int64_t sys_listen(struct call *c, int s, int backlog)
{
    struct fdref ref;
    const int    err = sock_get(c, s, &ref);

    if (err)
        return err;

    int64_t r = host_call(c, SYS_listen, ref.hostfd, backlog);

    /* A local socket without a name, or a connected one. */
    if (r == -EINVAL && sock_domain(c, &ref) == AF_UNIX && !(sock_bits(ref.of) & SOCK_CONNECTED))
        r = -EDESTADDRREQ;
    fd_put(c, &ref);
    return r;
}

int64_t sys_shutdown(struct call *c, int s, int64_t how)
{
    struct fdref ref;
    const int    err = sock_get(c, s, &ref);

    if (err)
        return err;

    const int64_t r = host_call(c, SYS_shutdown, ref.hostfd, how);

    fd_put(c, &ref);
    return r;
}

/* ---- accepting -------------------------------------------------------------------- */

/* The address of a new connection, to where the guest wants it. */
static int accept_name(struct call *c, const struct sockaddr_room *room, gva name, gva lenp, uint32_t len)
{
    const int err = sockaddr_copy_out(c, room->sa, sockaddr_room_len(room), name, &len);

    return err ? err : copy_out(c, lenp, &len, sizeof(len));
}

static bool is_listening(struct call *c, const struct fdref *ref)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(int));
    volatile int        *v = s.p; /* whether, and the length of it */

    if (!v)
        return false;
    v[0] = 0;
    v[1] = sizeof(int);
    return host_call(c, SYS_getsockopt, ref->hostfd, SOL_SOCKET, SO_ACCEPTCONN, s.va, s.va + sizeof(int)) == 0 && v[0];
}

/*
 * The number comes first, and without one the connection stays in its queue (uipc_syscalls.c, kern_accept4).  It is
 * not kept for us here: other threads may take the last one while we wait, and then a connection is lost.
 */
static int64_t accept_room(struct call *c, const struct fdref *ref)
{
    const int err = fdtable_lock(c, c->proc->fds);

    if (err)
        return err;

    const bool room = fdtable_free_locked(c->proc->fds, 0) < fd_limit(c);

    fdtable_unlock(c, c->proc->fds);
    return room ? 0 : is_listening(c, ref) ? -EMFILE : -EINVAL;
}

static int64_t accept_wait(struct call *c, struct fdref *ref, uint64_t flags, const struct sockaddr_room *room)
{
    const bool named = room->sa;

    return host_wait(c, SYS_accept4, ref->hostfd, named ? room->sa_va : 0, named ? room->len_va : 0,
                     flags & SOCK_NONBLOCK);
}

static int64_t do_accept(struct call *c, int s, gva name, gva lenp, uint64_t flags, bool inherit)
{
    struct sockaddr_room room = {0};
    struct fdref         ref;
    uint32_t             len = 0;
    int64_t              r = name.va ? copy_in(c, &len, lenp, sizeof(len)) : 0;

    if (!r && name.va)
        r = (int32_t)len < 0 ? -EINVAL : sockaddr_room_get(c, &room);
    if (!r)
        r = sock_get(c, s, &ref);
    if (r)
        return r;
    if (inherit && ref.of->flags & O_NONBLOCK)
        flags |= SOCK_NONBLOCK;
    r = accept_room(c, &ref) ?: accept_wait(c, &ref, flags, &room);

    const uint64_t bits = (sock_bits(ref.of) & SOCK_INHERITED) | SOCK_CONNECTED;
    const uint16_t domain = ref.of->domain;

    fd_put(c, &ref);
    if (r < 0)
        return r;

    const int fd = install(c, (int)r, domain, flags, bits);
    const int err = fd >= 0 && name.va ? accept_name(c, &room, name, lenp, len) : 0;

    if (err)
        fd_close(c, fd);
    return err ? err : fd;
}

/* The new socket does as the listener does: accept(2). */
int64_t sys_accept(struct call *c, int s, gva name, gva lenp) { return do_accept(c, s, name, lenp, 0, true); }

int64_t sys_accept4(struct call *c, int s, gva name, gva lenp, uint64_t flags)
{
    return do_accept(c, s, name, lenp, flags, false);
}
