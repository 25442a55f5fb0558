/*
 * getsockopt and setsockopt.  Which options there are, and how their values read,
 * is the ABI's table; FreeBSD's rules on lengths are those of
 * kern/uipc_socket.c, sooptcopyin and sooptcopyout.
 */
#include "syscalls/sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "abi/flags.h"
#include "abi/sock.h"
#include "syscalls/sockaddr.h"
#include "syscalls/socket.h"
#include "syscalls/socket_calls.h"

#define VALUE_MAX 1024 /* longest value of any option: routing headers, group requests */

const struct sockopt *sockopt_find(const struct sock_abi *a, int level, int name, bool local)
{
    for (const struct sockopt *o = a->opts; o < a->opts + a->nopts; o++)
        if (o->level == level && o->opt == name && (o->local == local || o->level == a->level_socket))
            return o;
    return NULL;
}

/* A call on one option; value is in the host's form and in scratch. */
struct option {
    struct call          *c;
    struct fdref         *ref;
    const struct sockopt *o;
    uint8_t              *p;
    uint64_t              va;
    uint32_t              n; /* bytes of the value: the guest's room or length */
};

static int get_int(const uint8_t *p)
{
    int v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static void set_int(uint8_t *p, int v) { memcpy(p, &v, sizeof(v)); }

/* ---- set: the guest's value becomes the host's; 0 or -errno -------------------------------------- */

/* struct ip_mreq_source: group, source, interface; the host: group, interface, source. */
static void swap_source(uint8_t *p)
{
    uint8_t t[4];

    memcpy(t, p + 4, 4);
    memcpy(p + 4, p + 8, 4);
    memcpy(p + 8, t, 4);
}

/* struct group_req and group_source_req: a number, then addresses in their own room. */
static int group_to_host(struct option *x)
{
    const uint32_t room = sizeof(struct sockaddr_storage);

    if (x->n < 8 + room)
        return -EINVAL;
    x->n = x->n >= 8 + 2 * room ? 8 + 2 * room : 8 + room;
    for (uint32_t at = 8; at < x->n; at += room) {
        uint8_t                 guest[sizeof(struct sockaddr_storage)];
        struct sockaddr_storage sa;
        uint32_t                len;

        memcpy(guest, x->p + at, sizeof(guest));

        const uint32_t glen = x->c->abi->sock->addr_len ? guest[0] : room;
        const int      err = glen > room ? -EINVAL : sockaddr_to_host(x->c->abi->sock, guest, glen, &sa, &len);

        if (err)
            return err;
        memcpy(x->p + at, &sa, sizeof(sa));
    }
    return 0;
}

static int congestion_to_host(struct option *x)
{
    if (x->n == 7 && !memcmp(x->p, "newreno", 7)) {
        memcpy(x->p, "reno", 4);
        x->n = 4;
    }
    return 0;
}

static int byte_to_int(struct option *x)
{
    if (x->n == 1)
        set_int(x->p, x->p[0]);
    else if (x->n < sizeof(int))
        return -EINVAL;
    x->n = sizeof(int);
    return 0;
}

static int timeval_check(struct option *x)
{
    int64_t tv[2];

    if (x->n < sizeof(tv))
        return -EINVAL;
    memcpy(tv, x->p, sizeof(tv));
    x->n = sizeof(tv);
    return tv[0] < 0 || tv[1] < 0 || tv[1] >= 1000000 ? -EDOM : 0;
}

static int icmp6_filter_flip(struct option *x)
{
    if (x->n < 32)
        return -EINVAL;
    for (x->n = 0; x->n < 32; x->n++)
        x->p[x->n] = (uint8_t)~x->p[x->n];
    return 0;
}

/* Values that are ints on both sides, after the length was checked. */
static int int_to_host(struct option *x)
{
    const int v = get_int(x->p);

    x->n = sizeof(int);
    switch (x->o->kind) {
    case OPT_BUFSIZE: return v < 1 ? -EINVAL : 0;
    case OPT_SECONDS_MS: set_int(x->p, v > 2000000 ? 2000000000 : v * 1000); return 0;
    case OPT_DONTFRAG: set_int(x->p, v ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT); return 0;
    default: return 0;
    }
}

static int value_to_host(struct option *x)
{
    switch (x->o->kind) {
    case OPT_BYTES:
    case OPT_IPMREQ: return 0;
    case OPT_LINGER: x->n = x->n < 8 ? 0 : 8; return x->n ? 0 : -EINVAL;
    case OPT_TIMEVAL: return timeval_check(x);
    case OPT_BYTE_OR_INT: return byte_to_int(x);
    case OPT_MREQ_SOURCE:
        if (x->n < 12)
            return -EINVAL;
        x->n = 12;
        swap_source(x->p);
        return 0;
    case OPT_GROUP: return group_to_host(x);
    case OPT_CONGESTION: return congestion_to_host(x);
    case OPT_ICMP6_FILTER: return icmp6_filter_flip(x);
    case OPT_ERROR:
    case OPT_DOMAIN:
    case OPT_PATHMTU:
    case OPT_PEERCRED: return -ENOPROTOOPT; /* get only */
    default: return x->n < sizeof(int) ? -EINVAL : int_to_host(x);
    }
}

static int64_t set_host(struct option *x)
{
    return host_call(x->c, SYS_setsockopt, x->ref->hostfd, x->o->host_level, x->o->host_opt, x->va, x->n);
}

/* Two of the guest's options may be one of the host's: that is on while either is. */
static int64_t set_shared(struct option *x, uint64_t bit, uint64_t all)
{
    const bool on = get_int(x->p) != 0;

    sock_bits_set(x->ref->of, bit, on);
    set_int(x->p, (sock_bits(x->ref->of) & all) != 0);
    return set_host(x);
}

/* Options that are ours, in part or whole. */
static int64_t set_value(struct option *x)
{
    switch (x->o->kind) {
    case OPT_IGNORED: return 0;
    case OPT_NOSIGPIPE: sock_bits_set(x->ref->of, SOCK_NOSIGPIPE, get_int(x->p)); return 0;
    case OPT_FIB:
    case OPT_TS_CLOCK: return get_int(x->p) ? -EINVAL : 0;
    case OPT_DSTADDR: return set_shared(x, SOCK_DSTADDR, SOCK_DSTADDR | SOCK_RECVIF);
    case OPT_RECVIF: return set_shared(x, SOCK_RECVIF, SOCK_DSTADDR | SOCK_RECVIF);
    case OPT_CREDS: return set_shared(x, SOCK_CREDS, SOCK_CREDS | SOCK_CREDS_EACH);
    case OPT_CREDS_ALWAYS: return set_shared(x, SOCK_CREDS_EACH, SOCK_CREDS | SOCK_CREDS_EACH);
    default: return set_host(x);
    }
}

/* ---- get: the host's value becomes the guest's; its length or -errno ------------------------------ */

static int64_t get_host(struct option *x, uint32_t room)
{
    const struct scratch len = scratch_get(x->c, sizeof(uint32_t));

    if (!len.p)
        return -ENOMEM;
    *(uint32_t *)len.p = room;

    const int64_t  r = host_call(x->c, SYS_getsockopt, x->ref->hostfd, x->o->host_level, x->o->host_opt, x->va, len.va);
    const uint32_t n = __atomic_load_n((uint32_t *)len.p, __ATOMIC_RELAXED);

    return r < 0 ? r : n < VALUE_MAX ? n : VALUE_MAX;
}

static int int_to_guest(struct option *x, int v)
{
    const struct abi *abi = x->c->abi;

    switch (x->o->kind) {
    case OPT_BIT: return v ? x->o->opt : 0;
    case OPT_BUFSIZE: return v / 2;
    case OPT_ERROR: return v > 0 && v < ERRNO_HOST_MAX ? abi->errno_from_host[v] : v;
    case OPT_DOMAIN: return (int)enum_to_guest(abi->sock->domains, v, 0);
    case OPT_SECONDS_MS: return v / 1000;
    case OPT_DONTFRAG: return v == IP_PMTUDISC_DO || v == IP_PMTUDISC_PROBE;
    default: return v;
    }
}

/* struct xucred, with the peer's supplementary groups where the host tells them. */
static int64_t get_peercred(struct option *x)
{
    struct ucred   peer;
    uint32_t       groups[VALUE_MAX / sizeof(uint32_t)];
    struct sockopt by_groups = *x->o;
    struct option  ask = {x->c, x->ref, &by_groups, x->p, x->va, 0};
    int64_t        n = get_host(x, sizeof(peer));

    if (n < 0)
        return n;
    memcpy(&peer, x->p, sizeof(peer));
    if (peer.pid <= 0)
        return -ENOTCONN;
    by_groups.host_opt = SO_PEERGROUPS;
    n = get_host(&ask, VALUE_MAX);
    if (n < 0)
        n = 0;
    memcpy(groups, x->p, (size_t)n);
    return (int64_t)x->c->abi->sock->xucred(x->p, peer.pid, peer.uid, peer.gid, groups,
                                            (unsigned)((size_t)n / sizeof(uint32_t)));
}

static int64_t get_linger(struct option *x)
{
    const int64_t n = get_host(x, 8);

    if (n >= 4)
        set_int(x->p, get_int(x->p) ? x->o->opt : 0);
    return n;
}

/* As many bytes as the guest asks for: one or four. */
static int64_t get_byte_or_int(struct option *x)
{
    const int64_t n = get_host(x, sizeof(int));

    return n < 0 ? n : x->n == 1 ? 1 : n;
}

static int64_t get_congestion(struct option *x)
{
    const int64_t n = get_host(x, 16);

    if (n < 0)
        return n;
    x->p[15] = 0;
    if (!strcmp((char *)x->p, "reno")) {
        memset(x->p, 0, 16);
        memcpy(x->p, "newreno", 7);
    }
    return 16;
}

/* struct ip6_mtuinfo: an address, then the MTU. */
static int64_t get_pathmtu(struct option *x)
{
    struct sockaddr_storage sa;
    uint8_t                 guest[SOCKADDR_GUEST_MAX + 1];
    const uint32_t          at = sizeof(struct sockaddr_in6);
    const int64_t           n = get_host(x, at + 4);

    if (n < 0)
        return n;
    memset(&sa, 0, sizeof(sa));
    memcpy(&sa, x->p, at);
    memcpy(x->p, guest, sockaddr_to_guest(x->c->abi->sock, &sa, at, guest));
    return at + 4;
}

static int64_t get_filter(struct option *x)
{
    const int64_t n = get_host(x, 32);

    for (int64_t i = 0; i < n; i++)
        x->p[i] = (uint8_t)~x->p[i];
    return n;
}

static int64_t get_own_int(struct option *x, int v)
{
    set_int(x->p, v);
    return sizeof(int);
}

static int64_t get_int_value(struct option *x)
{
    const int64_t n = get_host(x, sizeof(int));

    if (n < 0)
        return n;
    /* A host that gives one byte gives the low one. */
    const int v = n >= (int64_t)sizeof(int) ? get_int(x->p) : x->p[0];

    return get_own_int(x, int_to_guest(x, v));
}

static int64_t get_value(struct option *x)
{
    const uint64_t bits = sock_bits(x->ref->of);

    switch (x->o->kind) {
    case OPT_IGNORED: return get_own_int(x, x->o->value);
    case OPT_NOSIGPIPE: return get_own_int(x, bits & SOCK_NOSIGPIPE ? x->o->opt : 0);
    case OPT_FIB:
    case OPT_TS_CLOCK: return get_own_int(x, 0);
    case OPT_DSTADDR: return get_own_int(x, !!(bits & SOCK_DSTADDR));
    case OPT_RECVIF: return get_own_int(x, !!(bits & SOCK_RECVIF));
    case OPT_CREDS: return get_own_int(x, !!(bits & SOCK_CREDS));
    case OPT_CREDS_ALWAYS: return get_own_int(x, !!(bits & SOCK_CREDS_EACH));
    case OPT_ACCEPTFILTER: return -EINVAL; /* none is set: kern/uipc_accf.c, accept_filt_getopt */
    case OPT_LINGER: return get_linger(x);
    case OPT_BYTE_OR_INT: return get_byte_or_int(x);
    case OPT_PEERCRED: return get_peercred(x);
    case OPT_CONGESTION: return get_congestion(x);
    case OPT_PATHMTU: return get_pathmtu(x);
    case OPT_ICMP6_FILTER: return get_filter(x);
    case OPT_TIMEVAL: return get_host(x, 16);
    case OPT_BYTES: return get_host(x, x->n);
    case OPT_IPMREQ: return get_host(x, sizeof(struct in_addr));
    case OPT_MREQ_SOURCE:
    case OPT_GROUP: return -EINVAL; /* set only */
    default: return get_int_value(x);
    }
}

/* ---- the calls --------------------------------------------------------------------------------------- */

/* Finds the socket and the option.  0 or -errno; on success the reference is to be put. */
static int option_get(struct call *c, struct option *x, struct fdref *ref, int s, int name)
{
    const int            level = (int)c->raw[1]; /* the guest's own: its numbers for protocols are not all the host's */
    const struct scratch value = scratch_get(c, VALUE_MAX);
    const int            err = value.p ? sock_get(c, s, ref) : -ENOMEM;

    if (err)
        return err;
    *x = (struct option){c, ref, NULL, value.p, value.va, 0};
    memset(value.p, 0, VALUE_MAX);
    x->o = sockopt_find(c->abi->sock, level, name, sock_domain(c, ref) == AF_UNIX);
    if (x->o)
        return 0;
    fd_put(c, ref);
    return -ENOPROTOOPT;
}

static int64_t do_set(struct call *c, struct option *x, gva val, uint32_t len)
{
    if (x->o->kind == OPT_ACCEPTFILTER)
        return len ? -ENOENT : -EINVAL; /* no filter of that name is loaded; none is set */
    x->n = len < VALUE_MAX ? len : VALUE_MAX;

    int64_t r = x->n ? copy_in(c, x->p, val, x->n) : 0;

    if (!r)
        r = value_to_host(x);
    return r ? r : set_value(x);
}

int64_t sys_setsockopt(struct call *c, int s, int64_t level, int name, gva val, unsigned len)
{
    struct option x;
    struct fdref  ref;
    int64_t       r;

    (void)level;
    if (!val.va && len)
        return -EFAULT;
    if ((int)len < 0)
        return -EINVAL;
    r = option_get(c, &x, &ref, s, name);
    if (r)
        return r;
    r = do_set(c, &x, val, len);
    fd_put(c, &ref);
    return r;
}

/* Copies out what there is room for, and says how much that was. */
static int64_t do_get(struct call *c, struct option *x, gva val, gva lenp, uint32_t room)
{
    x->n = room < VALUE_MAX ? room : VALUE_MAX;

    const int64_t  n = get_value(x);
    const uint32_t keep = n < (int64_t)room ? (uint32_t)n : room;

    if (n < 0)
        return n;

    const int err = keep ? copy_out(c, val, x->p, keep) : 0;

    return err ? err : copy_out(c, lenp, &keep, sizeof(keep));
}

int64_t sys_getsockopt(struct call *c, int s, int64_t level, int name, gva val, gva lenp)
{
    struct option x;
    struct fdref  ref;
    uint32_t      room = 0;
    int64_t       r = val.va ? copy_in(c, &room, lenp, sizeof(room)) : 0;

    (void)level;
    if (!r)
        r = (int32_t)room < 0 ? -EINVAL : option_get(c, &x, &ref, s, name);
    if (r)
        return r;
    r = do_get(c, &x, val, lenp, room);
    fd_put(c, &ref);
    return r;
}
