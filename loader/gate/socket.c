/*
 * loader/gate/socket.c: data through sockets that need no address and no control
 * message, by the rules of syscalls/msg.c.  The rest is the provider's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"
#include "abi/neutral.h"
#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/fd.h"
#include "syscalls/proc.h"
#include "syscalls/socket.h"

static int64_t get(struct call *c, int s, struct fdref *ref)
{
    const int err = fd_get(c, s, ref);

    if (err || ref->of->kind == OF_SOCKET)
        return err;
    fd_put(c, ref);
    return -ENOTSOCK;
}

/* The host gives a blocking transfer up part-way for signals that the guest may never see. */
static bool goes_on(const struct fdref *ref, uint64_t flags, int64_t done, uint64_t len)
{
    return done > 0 && (uint64_t)done < len && !(ref->of->flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT) &&
           (sock_bits(ref->of) & SOCK_TYPE) == SOCK_STREAM;
}

static int64_t send_all(struct call *c, const struct fdref *ref, gva buf, uint64_t len, uint64_t flags)
{
    int64_t done = host_wait(c, SYS_sendto, ref->hostfd, buf.va, len, flags, 0, 0);

    while (goes_on(ref, flags, done, len)) {
        const int64_t r =
            host_wait(c, SYS_sendto, ref->hostfd, buf.va + (uint64_t)done, len - (uint64_t)done, flags, 0, 0);

        if (r <= 0)
            break;
        done += r;
    }
    return done;
}

int64_t gate_sendto(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva to)
{
    struct fdref ref;
    int64_t      r;

    if (to.va || len > INT64_MAX || flags >> 32)
        return -GATE_PUNT;
    r = get(c, s, &ref);
    if (r)
        return r;
    r = sock_write_quiet(ref.of) ? -GATE_PUNT : send_all(c, &ref, buf, len, flags);
    fd_put(c, &ref);
    return r;
}

int64_t gate_recvfrom(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva from)
{
    struct fdref ref;
    int64_t      r;

    if (from.va || c->raw[5] || len > INT64_MAX || flags >> 32 || flags & MSG_WAITALL)
        return -GATE_PUNT;
    r = get(c, s, &ref);
    if (r)
        return r;
    r = host_wait(c, SYS_recvfrom, ref.hostfd, buf.va, len, flags, 0, 0);
    fd_put(c, &ref);
    return r;
}

/* FreeBSD's struct msghdr (sys/socket.h). */
struct guest_msghdr {
    uint64_t name;
    uint32_t namelen, pad1;
    uint64_t iov;
    int32_t  iovlen, pad2;
    uint64_t control;
    uint32_t controllen;
    int32_t  flags;
};
#define PARTS_MAX 1024 /* UIO_MAXIOV, there and here */

/* The host's header in scratch: parts and nothing else.  0, -EFAULT, -GATE_PUNT. */
static int64_t header_get(struct call *c, gva msg, struct scratch *s)
{
    struct guest_msghdr g;

    *s = scratch_get(c, sizeof(struct msghdr));
    if (!s->p)
        return -GATE_PUNT;
    if (copy_in(c, &g, msg, sizeof(g)))
        return -EFAULT;
    if (g.name || g.control || g.iovlen < 0 || g.iovlen > PARTS_MAX)
        return -GATE_PUNT;
    *(struct msghdr *)s->p = (struct msghdr){.msg_iov = (struct iovec *)g.iov, .msg_iovlen = (size_t)g.iovlen};
    return 0;
}

int64_t gate_sendmsg(struct call *c, int s, gva msg, uint64_t flags)
{
    struct scratch h;
    struct fdref   ref;
    int64_t        r = flags >> 32 ? -GATE_PUNT : header_get(c, msg, &h);

    if (!r)
        r = get(c, s, &ref);
    if (r)
        return r;
    r = sock_write_quiet(ref.of) ? -GATE_PUNT : host_wait(c, SYS_sendmsg, ref.hostfd, h.va, flags);
    fd_put(c, &ref);
    return r;
}

/* Descriptors travel through local sockets, and somebody has to count them. */
static bool may_carry_more(const struct ofile *of) { return !of->domain || of->domain == AF_UNIX; }

/* The flags of the call come back with those of the message (kern/uipc_syscalls.c, kern_recvit). */
static int flags_put(struct call *c, gva msg, const struct msghdr *h, uint64_t flags)
{
    const uint64_t got = (uint32_t)h->msg_flags & (MSG_OOB | MSG_EOR | MSG_TRUNC);

    return put_int(c, GVA(msg.va + offsetof(struct guest_msghdr, flags)),
                   (int32_t)flags_to_guest(&freebsd_flags_msg, got | (flags & ~(uint64_t)MSG_EOR)));
}

int64_t gate_recvmsg(struct call *c, int s, gva msg, uint64_t flags)
{
    struct scratch h;
    struct fdref   ref;
    int64_t        r = flags >> 32 || flags & MSG_CMSG_CLOEXEC ? -GATE_PUNT : header_get(c, msg, &h);

    if (!r)
        r = get(c, s, &ref);
    if (r)
        return r;
    r = may_carry_more(ref.of) ? -GATE_PUNT : host_wait(c, SYS_recvmsg, ref.hostfd, h.va, flags);
    fd_put(c, &ref);
    if (r >= 0 && flags_put(c, msg, h.p, flags))
        return -EFAULT;
    return r;
}

int64_t gate_shutdown(struct call *c, int s, int64_t how)
{
    struct fdref ref;
    int64_t      r = get(c, s, &ref);

    if (r)
        return r;
    r = host_call(c, SYS_shutdown, ref.hostfd, how);
    fd_put(c, &ref);
    return r;
}
