/*
 * compat/sysctl_net.c: net.routetable: interfaces and their addresses as
 * routing messages (route(4)), the way getifaddrs and Go's net ask for them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/freebsd/kinfo.h"
#include "compat/sysctl_values.h"

/* Guest socket addresses in a message, each padded to eight bytes, in the order of their RTA bits. */
struct addrs {
    uint8_t bytes[256];
    size_t  len;
    int32_t bits;
};

static void addrs_add(struct addrs *a, int32_t bit, const void *sa, size_t len)
{
    size_t padded = (len + 7) & ~(size_t)7;

    if (a->len + padded > sizeof(a->bytes))
        return;
    memcpy(a->bytes + a->len, sa, len);
    a->len += padded;
    a->bits |= bit;
}

static void addrs_add_host(struct addrs *a, int32_t bit, const struct sockaddr *sa)
{
    uint8_t guest[28] = {0};

    if (sa && sa->sa_family == AF_INET) {
        memcpy(guest, sa, 16);
        guest[0] = 16;
        guest[1] = FBSD_AF_INET;
        addrs_add(a, bit, guest, 16);
    } else if (sa && sa->sa_family == AF_INET6) {
        memcpy(guest, sa, 28);
        guest[0] = 28;
        guest[1] = FBSD_AF_INET6;
        addrs_add(a, bit, guest, 28);
    }
}

static uint8_t if_type(unsigned hatype)
{
    switch (hatype) {
    case ARPHRD_ETHER: return FBSD_IFT_ETHER;
    case ARPHRD_LOOPBACK: return FBSD_IFT_LOOP;
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
    case ARPHRD_NONE: return FBSD_IFT_TUNNEL;
    default: return FBSD_IFT_OTHER;
    }
}

static int32_t if_flags(unsigned host)
{
    return (int32_t)((host & FBSD_IFF_SAME) | (host & IFF_MULTICAST ? FBSD_IFF_MULTICAST : 0));
}

static uint32_t if_mtu(const char *name)
{
    struct ifreq req = {0};
    int          s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint32_t     mtu = 1500;

    if (s < 0)
        return mtu;
    strncpy(req.ifr_name, name, IFNAMSIZ - 1);
    if (!ioctl(s, SIOCGIFMTU, &req))
        mtu = (uint32_t)req.ifr_mtu;
    close(s);
    return mtu;
}

static void if_data_fill(struct fbsd_if_data *d, const struct ifaddrs *ifa)
{
    const struct sockaddr_ll     *ll = (const void *)ifa->ifa_addr;
    const struct rtnl_link_stats *st = ifa->ifa_data;

    d->type = if_type(ll->sll_hatype);
    d->addrlen = ll->sll_halen;
    d->hdrlen = d->type == FBSD_IFT_ETHER ? 14 : 0;
    d->link_state = ifa->ifa_flags & IFF_RUNNING ? FBSD_LINK_UP : FBSD_LINK_DOWN;
    d->datalen = sizeof(*d);
    d->mtu = if_mtu(ifa->ifa_name);
    if (!st)
        return;
    d->ipackets = st->rx_packets;
    d->ierrors = st->rx_errors;
    d->opackets = st->tx_packets;
    d->oerrors = st->tx_errors;
    d->collisions = st->collisions;
    d->ibytes = st->rx_bytes;
    d->obytes = st->tx_bytes;
    d->imcasts = st->multicast;
    d->iqdrops = st->rx_dropped;
    d->oqdrops = st->tx_dropped;
}

/* sdl_len covers at least the whole structure, rounded up to a long (if.c, if_attach_internal). */
static void addrs_add_link(struct addrs *a, const struct ifaddrs *ifa)
{
    const struct sockaddr_ll *ll = (const void *)ifa->ifa_addr;
    struct {
        struct fbsd_sockaddr_dl dl;
        uint8_t                 pad[2];
    } sa = {.dl = {.len = 56, .family = FBSD_AF_LINK, .index = (uint16_t)ll->sll_ifindex}};
    size_t nlen = strlen(ifa->ifa_name);

    if (nlen > IFNAMSIZ)
        nlen = IFNAMSIZ;
    sa.dl.type = if_type(ll->sll_hatype);
    sa.dl.nlen = (uint8_t)nlen;
    /* The loopback of a BSD has no link-level address; Linux gives it six zeros. */
    sa.dl.alen = sa.dl.type == FBSD_IFT_LOOP || ll->sll_halen > 8 ? 0 : ll->sll_halen;
    memcpy(sa.dl.data, ifa->ifa_name, nlen);
    memcpy(sa.dl.data + nlen, ll->sll_addr, sa.dl.alen);
    addrs_add(a, FBSD_RTA_IFP, &sa, sizeof(sa));
}

/* A message is padded to a whole long at its end; the addresses begin right behind its head. */
static int message_out(struct sysctl_req *r, void *head, size_t len, const struct addrs *a)
{
    static const uint8_t pad[8];
    uint16_t             total = (uint16_t)((len + a->len + 7) & ~(size_t)7);
    int                  err;

    memcpy(head, &total, sizeof(total)); /* every message begins with its length */
    err = sysctl_out(r, head, len);
    if (!err)
        err = sysctl_out(r, a->bytes, a->len);
    return err ? err : sysctl_out(r, pad, total - len - a->len);
}

static int link_out(struct sysctl_req *r, const struct ifaddrs *ifa, bool longer)
{
    struct addrs           a = {.len = 0};
    uint16_t               index = (uint16_t)if_nametoindex(ifa->ifa_name);
    struct fbsd_if_msghdr  m = {.version = FBSD_RTM_VERSION, .type = FBSD_RTM_IFINFO, .index = index};
    struct fbsd_if_msghdrl l = {.version = FBSD_RTM_VERSION, .type = FBSD_RTM_IFINFO, .index = index};

    addrs_add_link(&a, ifa);
    if_data_fill(&m.data, ifa);
    m.addrs = l.addrs = a.bits;
    m.flags = l.flags = if_flags(ifa->ifa_flags);
    l.data = m.data;
    l.len = sizeof(l);
    l.data_off = offsetof(struct fbsd_if_msghdrl, data);
    return longer ? message_out(r, &l, sizeof(l), &a) : message_out(r, &m, sizeof(m), &a);
}

static int addr_out(struct sysctl_req *r, const struct ifaddrs *ifa, bool longer)
{
    struct addrs            a = {.len = 0};
    uint16_t                index = (uint16_t)if_nametoindex(ifa->ifa_name);
    struct fbsd_ifa_msghdr  m = {.version = FBSD_RTM_VERSION, .type = FBSD_RTM_NEWADDR, .index = index};
    struct fbsd_ifa_msghdrl l = {.version = FBSD_RTM_VERSION, .type = FBSD_RTM_NEWADDR, .index = index};

    addrs_add_host(&a, FBSD_RTA_NETMASK, ifa->ifa_netmask);
    addrs_add_host(&a, FBSD_RTA_IFA, ifa->ifa_addr);
    addrs_add_host(&a, FBSD_RTA_BRD, ifa->ifa_broadaddr);
    m.addrs = l.addrs = a.bits;
    l.len = sizeof(l);
    l.data_off = offsetof(struct fbsd_ifa_msghdrl, data);
    l.data.datalen = sizeof(l.data);
    return longer ? message_out(r, &l, sizeof(l), &a) : message_out(r, &m, sizeof(m), &a);
}

static int host_family(int guest)
{
    return guest == FBSD_AF_INET ? AF_INET : guest == FBSD_AF_INET6 ? AF_INET6 : guest ? -1 : AF_UNSPEC;
}

/* The addresses of one interface, of one family when the program named one. */
static int interface_addrs(struct sysctl_req *r, const struct ifaddrs *all, const char *name, int family, bool longer)
{
    int err = 0;

    for (const struct ifaddrs *i = all; i && !err; i = i->ifa_next) {
        if (!i->ifa_addr || strcmp(i->ifa_name, name) != 0)
            continue;
        if (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)
            continue;
        if (family == AF_UNSPEC || i->ifa_addr->sa_family == family)
            err = addr_out(r, i, longer);
    }
    return err;
}

static int interfaces(struct sysctl_req *r, int family, int only, bool longer)
{
    struct ifaddrs *all;
    int             err = 0;

    if (getifaddrs(&all))
        return -ENOBUFS;
    for (const struct ifaddrs *i = all; i && !err; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_PACKET)
            continue;
        if (only && (unsigned)only != if_nametoindex(i->ifa_name))
            continue;
        err = link_out(r, i, longer);
        if (!err)
            err = interface_addrs(r, all, i->ifa_name, family, longer);
    }
    freeifaddrs(all);
    return err;
}

/* ---- multicast memberships ---------------------------------------------------- */

/* What the host lists in /proc/net/igmp and igmp6. */
struct membership {
    struct sysctl_req *r;
    int                family, only;
};

static int membership_out(const struct membership *m, unsigned index, const struct sockaddr *sa)
{
    struct addrs            a = {.len = 0};
    struct fbsd_ifma_msghdr h = {.version = FBSD_RTM_VERSION, .type = FBSD_RTM_NEWMADDR, .index = (uint16_t)index};
    struct fbsd_sockaddr_dl dl = {.len = sizeof(dl), .family = FBSD_AF_LINK, .index = (uint16_t)index};
    char                    name[IF_NAMESIZE] = "";

    if ((m->only && (unsigned)m->only != index) || (m->family != AF_UNSPEC && m->family != sa->sa_family))
        return 0;
    if (if_indextoname(index, name))
        dl.nlen = (uint8_t)strlen(name);
    memcpy(dl.data, name, dl.nlen);
    addrs_add(&a, FBSD_RTA_IFP, &dl, sizeof(dl));
    addrs_add_host(&a, FBSD_RTA_IFA, sa);
    h.addrs = a.bits;
    return message_out(m->r, &h, sizeof(h), &a);
}

/* "4 eth0 ff020000000000000000000000000001 1 ..." */
static int memberships6(const struct membership *m)
{
    FILE    *f = fopen("/proc/net/igmp6", "re");
    char     line[256], hex[33];
    unsigned index;
    int      err = 0;

    while (f && !err && fgets(line, sizeof(line), f)) {
        struct sockaddr_in6 sa = {.sin6_family = AF_INET6};

        if (sscanf(line, "%u %*s %32[0-9a-f]", &index, hex) != 2 || strlen(hex) != 32)
            continue;
        for (int i = 0; i < 16; i++)
            sscanf(hex + 2 * i, "%2hhx", &sa.sin6_addr.s6_addr[i]);
        if (IN6_IS_ADDR_MC_LINKLOCAL(&sa.sin6_addr) || IN6_IS_ADDR_MC_NODELOCAL(&sa.sin6_addr))
            sa.sin6_scope_id = index;
        err = membership_out(m, index, (const struct sockaddr *)&sa);
    }
    if (f)
        fclose(f);
    return err;
}

/* A line of an interface begins with its number, those of its groups with blanks. */
static int memberships4(const struct membership *m)
{
    FILE    *f = fopen("/proc/net/igmp", "re");
    char     line[256];
    unsigned index = 0, group;
    int      err = 0;

    while (f && !err && fgets(line, sizeof(line), f)) {
        struct sockaddr_in sa = {.sin_family = AF_INET};

        if (line[0] >= '0' && line[0] <= '9')
            sscanf(line, "%u", &index);
        else if (index && sscanf(line, " %8x", &group) == 1) {
            sa.sin_addr.s_addr = group; /* the number as it is in memory */
            err = membership_out(m, index, (const struct sockaddr *)&sa);
        }
    }
    if (f)
        fclose(f);
    return err;
}

static int memberships(struct sysctl_req *r, int family, int only)
{
    const struct membership m = {r, family, only};
    int                     err = memberships4(&m);

    return err ? err : memberships6(&m);
}

/* {4, 17, 0, family, operation, argument[, fib]}; errors as sysctl_rtsock of sys/net/rtsock.c. */
int net_routetable(struct sysctl_req *r)
{
    const int *w = r->arg;

    if (r->narg < 4)
        return -EISDIR;
    if (r->narg > 4 && (w[2] != FBSD_NET_RT_DUMP || r->narg > 5))
        return -ENOTDIR;
    if (w[1] < 0 || w[1] > FBSD_AF_MAX)
        return -EINVAL;
    switch (w[2]) {
    case FBSD_NET_RT_IFLIST: return interfaces(r, host_family(w[1]), w[3], false);
    case FBSD_NET_RT_IFLISTL: return interfaces(r, host_family(w[1]), w[3], true);
    case FBSD_NET_RT_IFMALIST: return memberships(r, host_family(w[1]), w[3]);
    case FBSD_NET_RT_DUMP:
    case FBSD_NET_RT_FLAGS: return 0; /* an empty table: routes are not shown yet */
    default: return -EINVAL;
    }
}
