#include "syscalls/msg_control.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "syscalls/sockaddr.h"

#define HOST_DATA  16u /* sizeof(struct cmsghdr), which is aligned */
#define HOST_ALIGN 8u

static size_t round_up(size_t n, size_t to) { return (n + to - 1) & ~(to - 1); }

/* ---- walking and writing ------------------------------------------------------------ */

static uint64_t guest_len(const struct sock_abi *a, const uint8_t *p)
{
    uint64_t wide;
    uint32_t narrow;

    memcpy(&wide, p, sizeof(wide));
    memcpy(&narrow, p, sizeof(narrow));
    return a->cmsg_len == 8 ? wide : narrow;
}

bool control_next_guest(const struct sock_abi *a, const uint8_t *buf, size_t n, size_t *at, struct control_msg *m,
                        bool *bad)
{
    *bad = false;
    if (*at >= n)
        return false;

    const size_t left = n - *at;

    *bad = true;
    if (left < a->cmsg_len + 8u || left < 8)
        return false;

    const uint64_t len = guest_len(a, buf + *at);

    if (len < a->cmsg_data || len > left)
        return false;
    memcpy(&m->level, buf + *at + a->cmsg_len, 4);
    memcpy(&m->type, buf + *at + a->cmsg_len + 4, 4);
    m->data = buf + *at + a->cmsg_data;
    m->len = len - a->cmsg_data;
    *at += round_up(len, a->cmsg_align);
    *bad = false;
    return true;
}

bool control_next_host(const uint8_t *buf, size_t n, size_t *at, struct control_msg *m)
{
    struct cmsghdr h;

    if (*at >= n || n - *at < sizeof(h))
        return false;
    memcpy(&h, buf + *at, sizeof(h));
    if (h.cmsg_len < sizeof(h) || h.cmsg_len > n - *at)
        return false;
    m->level = h.cmsg_level;
    m->type = h.cmsg_type;
    m->data = buf + *at + HOST_DATA;
    m->len = h.cmsg_len - HOST_DATA;
    *at += round_up(h.cmsg_len, HOST_ALIGN);
    return true;
}

bool control_fits_guest(const struct sock_abi *a, const struct control_out *out, size_t len)
{
    return round_up(a->cmsg_data + len, a->cmsg_align) <= out->room - out->used;
}

bool control_put_guest(const struct sock_abi *a, struct control_out *out, int32_t level, int32_t type, const void *data,
                       size_t len)
{
    const uint64_t clen = a->cmsg_data + len;
    uint8_t       *p = out->p + out->used;

    if (!control_fits_guest(a, out, len)) {
        out->truncated = true;
        return false;
    }
    memset(p, 0, round_up(clen, a->cmsg_align));
    memcpy(p, &clen, a->cmsg_len); /* little-endian */
    memcpy(p + a->cmsg_len, &level, 4);
    memcpy(p + a->cmsg_len + 4, &type, 4);
    memcpy(p + a->cmsg_data, data, len);
    out->used += round_up(clen, a->cmsg_align);
    return true;
}

bool control_put_host(struct control_out *out, int level, int type, const void *data, size_t len)
{
    const struct cmsghdr h = {.cmsg_len = HOST_DATA + len, .cmsg_level = level, .cmsg_type = type};
    const size_t         space = round_up(h.cmsg_len, HOST_ALIGN);

    if (space > out->room - out->used)
        return false;
    memset(out->p + out->used, 0, space);
    memcpy(out->p + out->used, &h, sizeof(h));
    memcpy(out->p + out->used + HOST_DATA, data, len);
    out->used += space;
    return true;
}

/* ---- the table ------------------------------------------------------------------------ */

const struct sockcmsg *control_row_guest(const struct sock_abi *a, int32_t level, int32_t type)
{
    for (const struct sockcmsg *r = a->cmsgs; r < a->cmsgs + a->ncmsgs; r++)
        if (r->level == level && r->type == type && !(r->kind & CMSG_TO_GUEST))
            return r;
    return NULL;
}

const struct sockcmsg *control_row_host(const struct sock_abi *a, int32_t level, int32_t type,
                                        const struct sockcmsg *prev)
{
    for (const struct sockcmsg *r = prev ? prev + 1 : a->cmsgs; r < a->cmsgs + a->ncmsgs; r++)
        if (r->host_level == level && r->host_type == type && !(r->kind & CMSG_TO_HOST))
            return r;
    return NULL;
}

/* ---- data -------------------------------------------------------------------------------- */

/* IP_SENDSRCADDR: an address becomes the source in an in_pktinfo. */
static int64_t srcaddr_to_host(const struct control_msg *m, uint8_t *out)
{
    struct in_pktinfo info = {0};

    if (m->len < sizeof(info.ipi_spec_dst))
        return -EINVAL;
    memcpy(&info.ipi_spec_dst, m->data, sizeof(info.ipi_spec_dst));
    memcpy(out, &info, sizeof(info));
    return sizeof(info);
}

static int64_t byte_to_host(const struct control_msg *m, uint8_t *out)
{
    int v = 0;

    if (m->len != 1 && m->len != sizeof(v))
        return -EINVAL;
    memcpy(&v, m->data, m->len); /* little-endian */
    memcpy(out, &v, sizeof(v));
    return sizeof(v);
}

int64_t control_data_to_host(const struct sockcmsg *row, const struct control_msg *m, uint8_t *out)
{
    switch (CMSG_KIND(row)) {
    case CMSG_SAME: memcpy(out, m->data, m->len); return (int64_t)m->len;
    case CMSG_DSTADDR: return srcaddr_to_host(m, out);
    case CMSG_BYTE: return byte_to_host(m, out);
    default: return -EINVAL;
    }
}

/* struct bintime: the fraction in units of 2^-64 s. */
static int64_t bintime_to_guest(const struct control_msg *m, uint8_t *out)
{
    struct timespec t;

    if (m->len < sizeof(t))
        return -EINVAL;
    memcpy(&t, m->data, sizeof(t));

    const uint64_t v[2] = {(uint64_t)t.tv_sec, (uint64_t)(((unsigned __int128)t.tv_nsec << 64) / 1000000000u)};

    memcpy(out, v, sizeof(v));
    return sizeof(v);
}

/* A destination is what the header said (ipi_addr), not the local address (ipi_spec_dst): ip(7). */
static int64_t dstaddr_to_guest(const struct control_msg *m, uint8_t *out)
{
    struct in_pktinfo info;

    if (m->len < sizeof(info))
        return -EINVAL;
    memcpy(&info, m->data, sizeof(info));
    memcpy(out, &info.ipi_addr, sizeof(info.ipi_addr));
    return sizeof(info.ipi_addr);
}

/* struct sockaddr_dl of an interface's number alone: netinet/ip_input.c, ip_savecontrol. */
static int64_t recvif_to_guest(const struct control_msg *m, uint8_t *out)
{
    struct in_pktinfo info;

    if (m->len < sizeof(info))
        return -EINVAL;
    memcpy(&info, m->data, sizeof(info));
    memset(out, 0, 8);
    out[0] = 8;
    out[1] = 18; /* AF_LINK */
    memcpy(out + 2, &info.ipi_ifindex, 2);
    return 8;
}

static int64_t addr_to_guest(const struct sock_abi *a, const struct control_msg *m, uint8_t *out)
{
    struct sockaddr_storage sa = {0};
    uint8_t                 guest[SOCKADDR_GUEST_MAX + 1];

    memcpy(&sa, m->data, m->len < sizeof(sa) ? m->len : sizeof(sa));

    const uint32_t n = sockaddr_to_guest(a, &sa, (uint32_t)m->len, guest);

    memcpy(out, guest, n);
    return n ? (int64_t)n : -EINVAL;
}

/* struct ip6_mtuinfo: an address, then the MTU. */
static int64_t mtuinfo_to_guest(const struct sock_abi *a, const struct control_msg *m, uint8_t *out)
{
    const size_t             at = sizeof(struct sockaddr_in6);
    const struct control_msg addr = {.data = m->data, .len = at};

    if (m->len < at + 4 || addr_to_guest(a, &addr, out) != (int64_t)at)
        return -EINVAL;
    memcpy(out + at, m->data + at, 4);
    return (int64_t)at + 4;
}

int64_t control_data_to_guest(const struct sock_abi *a, const struct sockcmsg *row, const struct control_msg *m,
                              uint8_t *out)
{
    switch (CMSG_KIND(row)) {
    case CMSG_SAME: memcpy(out, m->data, m->len); return (int64_t)m->len;
    case CMSG_BINTIME: return bintime_to_guest(m, out);
    case CMSG_DSTADDR: return dstaddr_to_guest(m, out);
    case CMSG_RECVIF: return recvif_to_guest(m, out);
    case CMSG_BYTE: out[0] = m->len ? m->data[0] : 0; return m->len ? 1 : -EINVAL;
    case CMSG_ADDR: return addr_to_guest(a, m, out);
    case CMSG_MTUINFO: return mtuinfo_to_guest(a, m, out);
    default: return -EINVAL;
    }
}
