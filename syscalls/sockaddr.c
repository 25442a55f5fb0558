#include "syscalls/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "abi/flags.h"
#include "syscalls/proc.h"
#include "syscalls/sockname.h"

#define UN_PATH offsetof(struct sockaddr_un, sun_path)

/* ---- forms --------------------------------------------------------------- */

/* The family of a guest's address as a host family, -1 when the host has none like it. */
static int family_to_host(const struct sock_abi *a, const uint8_t *guest)
{
    int64_t  host = -1;
    uint16_t wide;

    memcpy(&wide, guest, sizeof(wide));
    if (enum_to_host(a->domains, a->addr_len ? guest[1] : wide, &host) < 0)
        return -1;
    return (int)host;
}

/* The guest's path need not end with NUL; what follows one does not count. */
static int un_to_host(const struct sock_abi *a, const uint8_t *guest, uint32_t len, struct sockaddr_storage *out,
                      uint32_t *outlen)
{
    struct sockaddr_un *un = (struct sockaddr_un *)out;
    const uint32_t      n = len - 2;

    if (!n || n > a->un_path || n >= sizeof(un->sun_path))
        return -EINVAL;
    memcpy(un->sun_path, guest + 2, n);
    un->sun_path[n] = 0;
    *outlen = (uint32_t)(UN_PATH + strlen(un->sun_path) + 1);
    return un->sun_path[0] ? 0 : -ENOENT;
}

static int inet_to_host(const uint8_t *guest, uint32_t len, uint32_t want, struct sockaddr_storage *out,
                        uint32_t *outlen)
{
    if (len != want)
        return -EINVAL;
    memcpy((char *)out + 2, guest + 2, want - 2);
    *outlen = want;
    return 0;
}

int sockaddr_to_host(const struct sock_abi *a, const uint8_t *guest, uint32_t len, struct sockaddr_storage *out,
                     uint32_t *outlen)
{
    if (len < 2)
        return -EINVAL;

    const int family = family_to_host(a, guest);

    memset(out, 0, sizeof(*out));
    out->ss_family = (sa_family_t)family;
    switch (family) {
    case AF_UNIX: return un_to_host(a, guest, len, out, outlen);
    case AF_INET: return inet_to_host(guest, len, sizeof(struct sockaddr_in), out, outlen);
    case AF_INET6: return inet_to_host(guest, len, sizeof(struct sockaddr_in6), out, outlen);
    case AF_UNSPEC: /* dissolves a connection; old programs bind with it */
        *outlen = sizeof(struct sockaddr_in);
        memcpy((char *)out + 2, guest + 2, (len < *outlen ? len : *outlen) - 2);
        return 0;
    default: return -EAFNOSUPPORT;
    }
}

/* Length with the path's NUL, unless it fills all of sun_path. */
static uint32_t un_to_guest(const struct sock_abi *a, const struct sockaddr_un *un, uint32_t hostlen, uint8_t *guest)
{
    char           path[sizeof(un->sun_path) + 1] = "", name[sizeof(path)];
    const uint32_t n = hostlen > UN_PATH ? hostlen - (uint32_t)UN_PATH : 0;

    memcpy(path, un->sun_path, n < sizeof(un->sun_path) ? n : sizeof(un->sun_path));
    if (!path[0])
        return a->unnamed;
    if (sockname_find(path, name, sizeof(name)))
        memcpy(path, name, sizeof(path));

    const uint32_t bytes = (uint32_t)strlen(path) + 1;
    const uint32_t keep = bytes < a->un_path ? bytes : a->un_path;

    memcpy(guest + 2, path, keep);
    return keep + 2;
}

uint32_t sockaddr_to_guest(const struct sock_abi *a, const struct sockaddr_storage *host, uint32_t hostlen,
                           uint8_t guest[SOCKADDR_GUEST_MAX + 1])
{
    uint32_t len = 0;

    memset(guest, 0, SOCKADDR_GUEST_MAX + 1);
    if (hostlen < 2)
        return 0;
    if (host->ss_family == AF_UNIX)
        len = un_to_guest(a, (const struct sockaddr_un *)host, hostlen, guest);
    else if (host->ss_family == AF_INET && hostlen >= sizeof(struct sockaddr_in))
        len = sizeof(struct sockaddr_in);
    else if (host->ss_family == AF_INET6 && hostlen >= sizeof(struct sockaddr_in6))
        len = sizeof(struct sockaddr_in6);
    else
        return 0;
    if (host->ss_family != AF_UNIX)
        memcpy(guest + 2, (const char *)host + 2, len - 2);

    const uint16_t family = (uint16_t)enum_to_guest(a->domains, host->ss_family, 0);

    memcpy(guest, &family, sizeof(family));
    if (a->addr_len) {
        guest[0] = (uint8_t)len;
        guest[1] = (uint8_t)family;
    }
    return len;
}

/* ---- for calls ------------------------------------------------------------- */

int sockaddr_get(struct call *c, gva addr, uint32_t len, struct sockaddr_arg *out)
{
    uint8_t              guest[SOCKADDR_GUEST_MAX + 1] = {0};
    const struct scratch s = scratch_get(c, sizeof(struct sockaddr_storage));

    out->viewed = false;
    if (!s.p)
        return -ENOMEM;
    if (len > SOCKADDR_GUEST_MAX)
        return (int32_t)len < 0 ? -EINVAL : -ENAMETOOLONG;
    if (len < 2)
        return -EINVAL;

    int err = copy_in(c, guest, addr, len);

    out->sa = s.p;
    out->va = s.va;
    if (!err)
        err = sockaddr_to_host(c->abi->sock, guest, len, out->sa, &out->len);
    out->family = out->sa->ss_family;
    if (!err && out->family == AF_UNIX)
        snprintf(out->name, sizeof(out->name), "%s", ((struct sockaddr_un *)out->sa)->sun_path);
    return err;
}

/* What the view found, as one path again.  A directory that is no longer than the host's own limit always fits. */
static int un_from_path(struct sockaddr_arg *a)
{
    struct sockaddr_un *un = (struct sockaddr_un *)a->sa;
    const struct path  *p = &a->path;
    const int           max = (int)sizeof(un->sun_path); /* the guest may scribble on str */
    int                 n;

    if (p->dirfd == AT_FDCWD || p->str[0] == '/')
        n = snprintf(un->sun_path, sizeof(un->sun_path), "%.*s", max, p->str);
    else if (p->str[0])
        n = snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d/%.*s", p->dirfd, max, p->str);
    else
        n = snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d", p->dirfd);
    if (n < 0 || (size_t)n >= sizeof(un->sun_path))
        return -ENAMETOOLONG;
    a->len = (uint32_t)(UN_PATH + (size_t)n + 1);
    return 0;
}

int sockaddr_resolve(struct call *c, int guest_dirfd, unsigned how, struct sockaddr_arg *a)
{
    if (a->family != AF_UNIX || (!session.view && guest_dirfd == PATH_CWD(c)))
        return 0;

    const gva at = GVA(a->va + UN_PATH);
    const int err = path_resolve(c, guest_dirfd, at, how, &a->path);

    if (err)
        return err;
    a->viewed = true;
    return un_from_path(a);
}

void sockaddr_put(struct call *c, struct sockaddr_arg *a)
{
    if (a->viewed)
        path_put(c, &a->path);
    a->viewed = false;
}

int sockaddr_room_get(struct call *c, struct sockaddr_room *out)
{
    const struct scratch s = scratch_get(c, sizeof(struct sockaddr_storage) + 16);

    if (!s.p)
        return -ENOMEM;
    out->sa = s.p;
    out->sa_va = s.va;
    out->len = (uint32_t *)((char *)s.p + sizeof(struct sockaddr_storage));
    out->len_va = s.va + sizeof(struct sockaddr_storage);
    *out->len = sizeof(struct sockaddr_storage);
    return 0;
}

uint32_t sockaddr_room_len(const struct sockaddr_room *r)
{
    const uint32_t n = __atomic_load_n(r->len, __ATOMIC_RELAXED);

    return n < sizeof(struct sockaddr_storage) ? n : sizeof(struct sockaddr_storage);
}

int sockaddr_copy_out(struct call *c, const struct sockaddr_storage *host, uint32_t hostlen, gva dst, uint32_t *room)
{
    struct sockaddr_storage own = *host; /* the guest may scribble on scratch meanwhile */
    uint8_t                 guest[SOCKADDR_GUEST_MAX + 1];
    const uint32_t          len = sockaddr_to_guest(c->abi->sock, &own, hostlen, guest);

    if (len < *room)
        *room = len;
    return *room ? copy_out(c, dst, guest, *room) : 0;
}
