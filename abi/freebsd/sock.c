/*
 * Sockets of FreeBSD 14.3, amd64: sys/socket.h, sys/un.h, netinet/in.h,
 * netinet6/in6.h, netinet/tcp.h.  What an option's value means is from the manual
 * pages getsockopt(2), ip(4), ip6(4), tcp(4), unix(4).
 */
#include "abi/sock.h"

#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/freebsd/flags.h"
#include "abi/freebsd/freebsd.h"

#define LEVEL_SOCKET 0xffff
#define LEVEL_LOCAL  0 /* SOL_LOCAL is IPPROTO_IP's number */

#define SO(name, num, hopt, k)                                                                                         \
    {                                                                                                                  \
#name, LEVEL_SOCKET, num, SOL_SOCKET, hopt, k, false, 0                                                        \
    }
#define IP(name, num, hopt, k)                                                                                         \
    {                                                                                                                  \
#name, IPPROTO_IP, num, IPPROTO_IP, hopt, k, false, 0                                                          \
    }
#define IP6(name, num, hopt, k)                                                                                        \
    {                                                                                                                  \
#name, IPPROTO_IPV6, num, IPPROTO_IPV6, hopt, k, false, 0                                                      \
    }
#define TCP(name, num, hopt, k)                                                                                        \
    {                                                                                                                  \
#name, IPPROTO_TCP, num, IPPROTO_TCP, hopt, k, false, 0                                                        \
    }
#define LOCAL(name, num, hopt, k)                                                                                      \
    {                                                                                                                  \
#name, LEVEL_LOCAL, num, SOL_SOCKET, hopt, k, true, 0                                                          \
    }
#define NOTHING(lvl, name, num, dflt)                                                                                  \
    {                                                                                                                  \
#name, lvl, num, 0, 0, OPT_IGNORED, false, dflt                                                                \
    }

static const struct sockopt opts[] = {
    SO(SO_ACCEPTCONN, 0x2, SO_ACCEPTCONN, OPT_BIT),
    SO(SO_REUSEADDR, 0x4, SO_REUSEADDR, OPT_BIT),
    SO(SO_KEEPALIVE, 0x8, SO_KEEPALIVE, OPT_BIT),
    SO(SO_DONTROUTE, 0x10, SO_DONTROUTE, OPT_BIT),
    SO(SO_BROADCAST, 0x20, SO_BROADCAST, OPT_BIT),
    SO(SO_LINGER, 0x80, SO_LINGER, OPT_LINGER),
    SO(SO_OOBINLINE, 0x100, SO_OOBINLINE, OPT_BIT),
    SO(SO_REUSEPORT, 0x200, SO_REUSEPORT, OPT_BIT),
    SO(SO_TIMESTAMP, 0x400, SO_TIMESTAMP, OPT_BIT),
    SO(SO_NOSIGPIPE, 0x800, 0, OPT_NOSIGPIPE),
    SO(SO_ACCEPTFILTER, 0x1000, 0, OPT_ACCEPTFILTER),
    SO(SO_BINTIME, 0x2000, SO_TIMESTAMPNS, OPT_BIT),
    SO(SO_REUSEPORT_LB, 0x10000, SO_REUSEPORT, OPT_BIT),
    SO(SO_SNDBUF, 0x1001, SO_SNDBUF, OPT_BUFSIZE),
    SO(SO_RCVBUF, 0x1002, SO_RCVBUF, OPT_BUFSIZE),
    SO(SO_RCVLOWAT, 0x1004, SO_RCVLOWAT, OPT_INT),
    SO(SO_SNDTIMEO, 0x1005, SO_SNDTIMEO, OPT_TIMEVAL),
    SO(SO_RCVTIMEO, 0x1006, SO_RCVTIMEO, OPT_TIMEVAL),
    SO(SO_ERROR, 0x1007, SO_ERROR, OPT_ERROR),
    SO(SO_TYPE, 0x1008, SO_TYPE, OPT_INT),
    SO(SO_SETFIB, 0x1014, 0, OPT_FIB),
    SO(SO_PROTOCOL, 0x1016, SO_PROTOCOL, OPT_INT),
    SO(SO_TS_CLOCK, 0x1017, 0, OPT_TS_CLOCK),
    SO(SO_MAX_PACING_RATE, 0x1018, SO_MAX_PACING_RATE, OPT_INT),
    SO(SO_DOMAIN, 0x1019, SO_DOMAIN, OPT_DOMAIN),
    /* Hints and accounting that change no byte of what is sent. */
    NOTHING(LEVEL_SOCKET, SO_DEBUG, 0x1, 0),
    NOTHING(LEVEL_SOCKET, SO_USELOOPBACK, 0x40, 0),
    NOTHING(LEVEL_SOCKET, SO_NO_OFFLOAD, 0x4000, 0),
    NOTHING(LEVEL_SOCKET, SO_NO_DDP, 0x8000, 0),
    NOTHING(LEVEL_SOCKET, SO_RERROR, 0x20000, 0),
    NOTHING(LEVEL_SOCKET, SO_SNDLOWAT, 0x1003, 2048),
    NOTHING(LEVEL_SOCKET, SO_USER_COOKIE, 0x1015, 0),

    LOCAL(LOCAL_PEERCRED, 1, SO_PEERCRED, OPT_PEERCRED),
    LOCAL(LOCAL_CREDS, 2, SO_PASSCRED, OPT_CREDS),
    LOCAL(LOCAL_CREDS_PERSISTENT, 3, SO_PASSCRED, OPT_CREDS_ALWAYS),
    {"LOCAL_CONNWAIT", LEVEL_LOCAL, 4, 0, 0, OPT_IGNORED, true, 0},

    IP(IP_OPTIONS, 1, IP_OPTIONS, OPT_BYTES),
    IP(IP_HDRINCL, 2, IP_HDRINCL, OPT_INT),
    IP(IP_TOS, 3, IP_TOS, OPT_INT),
    IP(IP_TTL, 4, IP_TTL, OPT_INT),
    IP(IP_RECVOPTS, 5, IP_RECVOPTS, OPT_INT),
    IP(IP_RECVRETOPTS, 6, IP_RETOPTS, OPT_INT),
    IP(IP_RECVDSTADDR, 7, IP_PKTINFO, OPT_DSTADDR),
    IP(IP_MULTICAST_IF, 9, IP_MULTICAST_IF, OPT_IPMREQ),
    IP(IP_MULTICAST_TTL, 10, IP_MULTICAST_TTL, OPT_BYTE_OR_INT),
    IP(IP_MULTICAST_LOOP, 11, IP_MULTICAST_LOOP, OPT_BYTE_OR_INT),
    IP(IP_ADD_MEMBERSHIP, 12, IP_ADD_MEMBERSHIP, OPT_IPMREQ),
    IP(IP_DROP_MEMBERSHIP, 13, IP_DROP_MEMBERSHIP, OPT_IPMREQ),
    IP(IP_RECVIF, 20, IP_PKTINFO, OPT_RECVIF),
    IP(IP_BINDANY, 24, IP_TRANSPARENT, OPT_INT),
    IP(IP_RECVORIGDSTADDR, 27, IP_RECVORIGDSTADDR, OPT_INT),
    IP(IP_RECVTTL, 65, IP_RECVTTL, OPT_INT),
    IP(IP_MINTTL, 66, IP_MINTTL, OPT_INT),
    IP(IP_DONTFRAG, 67, IP_MTU_DISCOVER, OPT_DONTFRAG),
    IP(IP_RECVTOS, 68, IP_RECVTOS, OPT_INT),
    IP(IP_ADD_SOURCE_MEMBERSHIP, 70, IP_ADD_SOURCE_MEMBERSHIP, OPT_MREQ_SOURCE),
    IP(IP_DROP_SOURCE_MEMBERSHIP, 71, IP_DROP_SOURCE_MEMBERSHIP, OPT_MREQ_SOURCE),
    IP(IP_BLOCK_SOURCE, 72, IP_BLOCK_SOURCE, OPT_MREQ_SOURCE),
    IP(IP_UNBLOCK_SOURCE, 73, IP_UNBLOCK_SOURCE, OPT_MREQ_SOURCE),
    IP(MCAST_JOIN_GROUP, 80, MCAST_JOIN_GROUP, OPT_GROUP),
    IP(MCAST_LEAVE_GROUP, 81, MCAST_LEAVE_GROUP, OPT_GROUP),
    IP(MCAST_JOIN_SOURCE_GROUP, 82, MCAST_JOIN_SOURCE_GROUP, OPT_GROUP),
    IP(MCAST_LEAVE_SOURCE_GROUP, 83, MCAST_LEAVE_SOURCE_GROUP, OPT_GROUP),
    IP(MCAST_BLOCK_SOURCE, 84, MCAST_BLOCK_SOURCE, OPT_GROUP),
    IP(MCAST_UNBLOCK_SOURCE, 85, MCAST_UNBLOCK_SOURCE, OPT_GROUP),
    /* Which ephemeral ports are chosen from; broadcasts to all ones. */
    NOTHING(IPPROTO_IP, IP_PORTRANGE, 19, 0),
    NOTHING(IPPROTO_IP, IP_ONESBCAST, 23, 0),

    IP6(IPV6_UNICAST_HOPS, 4, IPV6_UNICAST_HOPS, OPT_INT),
    IP6(IPV6_MULTICAST_IF, 9, IPV6_MULTICAST_IF, OPT_INT),
    IP6(IPV6_MULTICAST_HOPS, 10, IPV6_MULTICAST_HOPS, OPT_INT),
    IP6(IPV6_MULTICAST_LOOP, 11, IPV6_MULTICAST_LOOP, OPT_INT),
    IP6(IPV6_JOIN_GROUP, 12, IPV6_JOIN_GROUP, OPT_BYTES),
    IP6(IPV6_LEAVE_GROUP, 13, IPV6_LEAVE_GROUP, OPT_BYTES),
    IP6(IPV6_CHECKSUM, 26, IPV6_CHECKSUM, OPT_INT),
    IP6(IPV6_V6ONLY, 27, IPV6_V6ONLY, OPT_INT),
    IP6(IPV6_RTHDRDSTOPTS, 35, IPV6_RTHDRDSTOPTS, OPT_BYTES),
    IP6(IPV6_RECVPKTINFO, 36, IPV6_RECVPKTINFO, OPT_INT),
    IP6(IPV6_RECVHOPLIMIT, 37, IPV6_RECVHOPLIMIT, OPT_INT),
    IP6(IPV6_RECVRTHDR, 38, IPV6_RECVRTHDR, OPT_INT),
    IP6(IPV6_RECVHOPOPTS, 39, IPV6_RECVHOPOPTS, OPT_INT),
    IP6(IPV6_RECVDSTOPTS, 40, IPV6_RECVDSTOPTS, OPT_INT),
    IP6(IPV6_RECVPATHMTU, 43, IPV6_RECVPATHMTU, OPT_INT),
    IP6(IPV6_PATHMTU, 44, IPV6_PATHMTU, OPT_PATHMTU),
    IP6(IPV6_PKTINFO, 46, IPV6_PKTINFO, OPT_BYTES),
    IP6(IPV6_HOPLIMIT, 47, IPV6_UNICAST_HOPS, OPT_INT),
    IP6(IPV6_HOPOPTS, 49, IPV6_HOPOPTS, OPT_BYTES),
    IP6(IPV6_DSTOPTS, 50, IPV6_DSTOPTS, OPT_BYTES),
    IP6(IPV6_RTHDR, 51, IPV6_RTHDR, OPT_BYTES),
    IP6(IPV6_RECVTCLASS, 57, IPV6_RECVTCLASS, OPT_INT),
    IP6(IPV6_AUTOFLOWLABEL, 59, IPV6_AUTOFLOWLABEL, OPT_INT),
    IP6(IPV6_TCLASS, 61, IPV6_TCLASS, OPT_INT),
    IP6(IPV6_DONTFRAG, 62, IPV6_DONTFRAG, OPT_INT),
    IP6(IPV6_BINDANY, 64, IPV6_TRANSPARENT, OPT_INT),
    IP6(IPV6_RECVORIGDSTADDR, 72, IPV6_RECVORIGDSTADDR, OPT_INT),
    IP6(MCAST_JOIN_GROUP, 80, MCAST_JOIN_GROUP, OPT_GROUP),
    IP6(MCAST_LEAVE_GROUP, 81, MCAST_LEAVE_GROUP, OPT_GROUP),
    IP6(MCAST_JOIN_SOURCE_GROUP, 82, MCAST_JOIN_SOURCE_GROUP, OPT_GROUP),
    IP6(MCAST_LEAVE_SOURCE_GROUP, 83, MCAST_LEAVE_SOURCE_GROUP, OPT_GROUP),
    IP6(MCAST_BLOCK_SOURCE, 84, MCAST_BLOCK_SOURCE, OPT_GROUP),
    IP6(MCAST_UNBLOCK_SOURCE, 85, MCAST_UNBLOCK_SOURCE, OPT_GROUP),
    /* Ephemeral ports, choice of temporary addresses, a cap on the MTU. */
    NOTHING(IPPROTO_IPV6, IPV6_PORTRANGE, 14, 0),
    NOTHING(IPPROTO_IPV6, IPV6_USE_MIN_MTU, 42, -1),
    NOTHING(IPPROTO_IPV6, IPV6_PREFER_TEMPADDR, 63, -1),
    {"ICMP6_FILTER", IPPROTO_ICMPV6, 18, IPPROTO_ICMPV6, ICMPV6_FILTER, OPT_ICMP6_FILTER, false, 0},

    TCP(TCP_NODELAY, 1, TCP_NODELAY, OPT_BIT),
    TCP(TCP_MAXSEG, 2, TCP_MAXSEG, OPT_INT),
    TCP(TCP_NOPUSH, 4, TCP_CORK, OPT_BIT),
    TCP(TCP_CONGESTION, 64, TCP_CONGESTION, OPT_CONGESTION),
    TCP(TCP_MAXUNACKTIME, 68, TCP_USER_TIMEOUT, OPT_SECONDS_MS),
    TCP(TCP_KEEPIDLE, 256, TCP_KEEPIDLE, OPT_INT),
    TCP(TCP_KEEPINTVL, 512, TCP_KEEPINTVL, OPT_INT),
    TCP(TCP_KEEPCNT, 1024, TCP_KEEPCNT, OPT_INT),
    TCP(TCP_FASTOPEN, 1025, TCP_FASTOPEN, OPT_INT),
    /* No TCP options in the handshake; how long the handshake may take; delayed acknowledgements. */
    NOTHING(IPPROTO_TCP, TCP_NOOPT, 8, 0),
    NOTHING(IPPROTO_TCP, TCP_KEEPINIT, 128, 75),
    NOTHING(IPPROTO_TCP, TCP_DELACK, 72, 1),
};

#define NSCM(l, t, hl, ht, k)                                                                                          \
    {                                                                                                                  \
        l, t, hl, ht, k                                                                                                \
    }
static const struct sockcmsg cmsgs[] = {
    NSCM(LEVEL_SOCKET, 1, SOL_SOCKET, SCM_RIGHTS, CMSG_RIGHTS),
    NSCM(LEVEL_SOCKET, 2, SOL_SOCKET, SCM_TIMESTAMP, CMSG_SAME | CMSG_TO_GUEST),
    NSCM(LEVEL_SOCKET, 3, SOL_SOCKET, SCM_CREDENTIALS, CMSG_CREDS),
    NSCM(LEVEL_SOCKET, 4, SOL_SOCKET, SCM_TIMESTAMPNS, CMSG_BINTIME | CMSG_TO_GUEST),
    NSCM(IPPROTO_IP, 7, IPPROTO_IP, IP_PKTINFO, CMSG_DSTADDR),
    NSCM(IPPROTO_IP, 20, IPPROTO_IP, IP_PKTINFO, CMSG_RECVIF | CMSG_TO_GUEST),
    NSCM(IPPROTO_IP, 65, IPPROTO_IP, IP_TTL, CMSG_BYTE | CMSG_TO_GUEST),
    NSCM(IPPROTO_IP, 68, IPPROTO_IP, IP_TOS, CMSG_SAME | CMSG_TO_GUEST),
    NSCM(IPPROTO_IP, 3, IPPROTO_IP, IP_TOS, CMSG_BYTE | CMSG_TO_HOST),
    NSCM(IPPROTO_IP, 4, IPPROTO_IP, IP_TTL, CMSG_BYTE | CMSG_TO_HOST),
    NSCM(IPPROTO_IP, 5, IPPROTO_IP, IP_RECVOPTS, CMSG_SAME | CMSG_TO_GUEST),
    NSCM(IPPROTO_IP, 27, IPPROTO_IP, IP_ORIGDSTADDR, CMSG_ADDR | CMSG_TO_GUEST),
    NSCM(IPPROTO_IPV6, 46, IPPROTO_IPV6, IPV6_PKTINFO, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 47, IPPROTO_IPV6, IPV6_HOPLIMIT, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 49, IPPROTO_IPV6, IPV6_HOPOPTS, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 50, IPPROTO_IPV6, IPV6_DSTOPTS, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 51, IPPROTO_IPV6, IPV6_RTHDR, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 61, IPPROTO_IPV6, IPV6_TCLASS, CMSG_SAME),
    NSCM(IPPROTO_IPV6, 62, IPPROTO_IPV6, IPV6_DONTFRAG, CMSG_SAME | CMSG_TO_HOST),
    NSCM(IPPROTO_IPV6, 72, IPPROTO_IPV6, IPV6_ORIGDSTADDR, CMSG_ADDR | CMSG_TO_GUEST),
    NSCM(IPPROTO_IPV6, 43, IPPROTO_IPV6, IPV6_PATHMTU, CMSG_MTUINFO | CMSG_TO_GUEST),
};

#define F(n, g, gs, k)                                                                                                 \
    {                                                                                                                  \
#n, g, gs, offsetof(struct kmsghdr, n), sizeof(((struct kmsghdr *)0)->n), k, NULL                              \
    }
static const struct field msghdr_fields[] = {
    F(name, 0, 8, FIELD_PTR),     F(namelen, 8, 4, FIELD_UINT), F(iov, 16, 8, FIELD_PTR),
    F(iovlen, 24, 4, FIELD_SINT), F(control, 32, 8, FIELD_PTR), F(controllen, 40, 4, FIELD_UINT),
    F(flags, 44, 4, FIELD_SINT),
};
static const struct layout msghdr = {
    .name = "msghdr",
    .gsize = 48,
    .hsize = sizeof(struct kmsghdr),
    .count = sizeof(msghdr_fields) / sizeof(msghdr_fields[0]),
    .fields = msghdr_fields,
};

static void put16(uint8_t *p, unsigned v)
{
    const uint16_t w = (uint16_t)v;

    memcpy(p, &w, sizeof(w));
}

static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof(v)); }

/* struct xucred, sys/ucred.h.  The effective group comes first. */
static size_t xucred(uint8_t *out, int pid, uint32_t uid, uint32_t gid, const uint32_t *groups, unsigned n)
{
    const unsigned keep = n < 15 ? n : 15;

    memset(out, 0, 88);
    put32(out + 4, uid);
    put16(out + 8, keep + 1);
    put32(out + 12, gid);
    memcpy(out + 16, groups, keep * sizeof(*groups));
    put32(out + 80, (uint32_t)pid);
    return 88;
}

#define CMGROUP_MAX 16

/* Their count and then they, as whoever sends them would: first the effective one (kern/uipc_usrreq.c). */
static size_t put_groups(uint8_t *out, const struct sock_creds *from)
{
    const unsigned n = from->ngroups < CMGROUP_MAX - 1 ? from->ngroups : CMGROUP_MAX - 1;

    put32(out, n + 1);
    put32(out + 4, from->egid);
    memcpy(out + 8, from->groups, n * sizeof(*from->groups));
    return 8 + n * sizeof(*from->groups);
}

/* struct sockcred, sys/socket.h */
static size_t sockcred(uint8_t *out, const struct sock_creds *from)
{
    const uint32_t ids[] = {from->ruid, from->euid, from->rgid, from->egid};

    memcpy(out, ids, sizeof(ids));
    return sizeof(ids) + put_groups(out + sizeof(ids), from);
}

/* struct cmsgcred: of fixed size, and the count is a short. */
static size_t cmsgcred(uint8_t *out, const struct sock_creds *from)
{
    const uint32_t ids[] = {(uint32_t)from->pid, from->ruid, from->euid, from->rgid};

    memset(out, 0, 84);
    memcpy(out, ids, sizeof(ids));
    put_groups(out + sizeof(ids), from);
    return 84;
}

/* struct sockcred2 is a version, the pid, and then as sockcred. */
static size_t creds(uint8_t *out, int form, int32_t *type, const struct sock_creds *from)
{
    *type = form == OPT_CREDS_ALWAYS ? 8 : 3;
    if (form == OPT_CREDS)
        return sockcred(out, from);
    if (form != OPT_CREDS_ALWAYS)
        return cmsgcred(out, from);
    put32(out, 0);
    put32(out + 4, (uint32_t)from->pid);
    return 8 + sockcred(out + 8, from);
}

const struct sock_abi freebsd_sock = {
    .addr_len = true,
    .un_path = 104,
    .unnamed = 16, /* kern/uipc_usrreq.c, sun_noname: a struct sockaddr */
    .cmsg_data = 16,
    .cmsg_align = 8,
    .cmsg_len = 4,
    .level_socket = LEVEL_SOCKET,
    .control_max = 2048, /* sockargs: one mbuf cluster */
    .domains = &freebsd_flags_domain,
    .msg_flags = &freebsd_flags_msg,
    .msghdr = &msghdr,
    .opts = opts,
    .nopts = sizeof(opts) / sizeof(opts[0]),
    .cmsgs = cmsgs,
    .ncmsgs = sizeof(cmsgs) / sizeof(cmsgs[0]),
    .xucred = xucred,
    .creds = creds,
};
