/*
 * Messages through sockets.  FreeBSD's behaviour is that of kern/uipc_syscalls.c
 * (sendit, kern_recvit) and kern/uipc_usrreq.c (unp_internalize).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "abi/flags.h"
#include "abi/layout.h"
#include "abi/neutral.h"
#include "syscalls/msg.h"
#include "syscalls/capability.h"
#include "syscalls/msg_control.h"
#include "syscalls/msg_rights.h"
#include "syscalls/proc.h"
#include "syscalls/sockaddr.h"
#include "syscalls/socket.h"
#include "syscalls/socket_calls.h"

/* ---- sending: what sendto and sendmsg share ------------------------------------------------ */

/* Host flags of a send.  SO_NOSIGPIPE, and a stream that was never connected: that is ENOTCONN, not a broken pipe. */
static uint64_t send_flags(const struct ofile *of, uint64_t flags)
{
    if (sock_write_quiet(of))
        flags |= MSG_NOSIGNAL;
    return flags & ~D_MSG_EOF & 0xffffffffull;
}

/* After the host's send: its errors in FreeBSD's words; MSG_EOF. */
static int64_t send_result(struct call *c, struct fdref *ref, uint64_t flags, int64_t r)
{
    if (r == -EPIPE && sock_never_connected(ref->of))
        return -ENOTCONN;
    if (r >= 0 && flags & D_MSG_EOF && ref->of->domain != AF_UNIX && sock_type(c, ref) == SOCK_STREAM)
        host_call(c, SYS_shutdown, ref->hostfd, SHUT_WR);
    return r;
}

/*
 * The host gives up a blocking stream transfer part-way when it is disturbed by
 * what the guest never sees; go on then, as FreeBSD would not have stopped.
 */
static bool want_more(struct call *c, struct fdref *ref, uint64_t flags, int64_t done, uint64_t len)
{
    return done > 0 && (uint64_t)done < len && !(ref->of->flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT) &&
           (sock_bits(ref->of) & SOCK_TYPE) == SOCK_STREAM && !call_interrupted(c);
}

/* A connected datagram socket takes no address: kern/uipc_socket.c, sosend. */
static bool already_connected(struct call *c, struct fdref *ref)
{
    return sock_bits(ref->of) & SOCK_CONNECTED && sock_domain(c, ref) != AF_UNIX && sock_type(c, ref) == SOCK_DGRAM;
}

static int64_t send_plain(struct call *c, struct fdref *ref, gva buf, uint64_t len, uint64_t flags)
{
    const uint64_t hf = send_flags(ref->of, flags);
    int64_t        done = host_wait(c, SYS_sendto, ref->hostfd, buf.va, len, hf, 0, 0);

    while (want_more(c, ref, flags, done, len)) {
        const int64_t r =
            host_wait(c, SYS_sendto, ref->hostfd, buf.va + (uint64_t)done, len - (uint64_t)done, hf, 0, 0);

        if (r <= 0)
            break;
        done += r;
    }
    return done;
}

static int64_t send_to(struct call *c, struct fdref *ref, gva buf, uint64_t len, uint64_t flags, struct sockaddr_arg *a)
{
    if (already_connected(c, ref))
        return -EISCONN;

    int64_t r = sockaddr_resolve(c, PATH_CWD(c), PATH_FOLLOW, a);

    if (!r)
        r = host_wait(c, SYS_sendto, ref->hostfd, buf.va, len, send_flags(ref->of, flags), a->va, a->len);
    sockaddr_put(c, a);
    return r;
}

int64_t sys_sendto(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva to, unsigned tolen)
{
    struct sockaddr_arg a;
    struct fdref        ref;
    int64_t             r = 0;

    if (to.va)
        r = capability_mode(c) ? -D_ECAPMODE : sockaddr_get(c, to, tolen, &a);
    if (!r)
        r = len > SSIZE_MAX ? -EINVAL : sock_get(c, s, &ref);
    if (r)
        return r;
    r = to.va ? send_to(c, &ref, buf, len, flags, &a) : send_plain(c, &ref, buf, len, flags);
    r = send_result(c, &ref, flags, r);
    fd_put(c, &ref);
    return r;
}

/* ---- recvfrom -------------------------------------------------------------------------------- */

uint64_t msg_recv_flags(uint64_t flags) { return flags & ~D_MSG_EOF & 0xffffffffull; }

/* MSG_WAITALL: until the buffer is full, the stream ends or a signal comes. */
static int64_t recv_plain(struct call *c, struct fdref *ref, gva buf, uint64_t len, uint64_t flags)
{
    const uint64_t hf = msg_recv_flags(flags);
    int64_t        done = host_wait(c, SYS_recvfrom, ref->hostfd, buf.va, len, hf, 0, 0);

    while (flags & MSG_WAITALL && !(flags & (MSG_PEEK | MSG_OOB)) && want_more(c, ref, flags, done, len)) {
        const int64_t r =
            host_wait(c, SYS_recvfrom, ref->hostfd, buf.va + (uint64_t)done, len - (uint64_t)done, hf, 0, 0);

        if (r <= 0)
            break;
        done += r;
    }
    return done;
}

uint32_t msg_from_len(struct call *c, struct fdref *ref, struct sockaddr_storage *sa, uint32_t hostlen)
{
    if (sock_type(c, ref) == SOCK_STREAM)
        return 0;
    if (hostlen || sock_domain(c, ref) != AF_UNIX)
        return hostlen;
    sa->ss_family = AF_UNIX;
    return sizeof(sa->ss_family);
}

static int64_t recv_from(struct call *c, struct fdref *ref, gva buf, uint64_t len, uint64_t flags, gva from,
                         uint32_t *room)
{
    struct sockaddr_room at;
    const int            err = sockaddr_room_get(c, &at);

    if (err)
        return err;

    const int64_t n = host_wait(c, SYS_recvfrom, ref->hostfd, buf.va, len, msg_recv_flags(flags), at.sa_va, at.len_va);

    if (n < 0)
        return n;

    const uint32_t hostlen = msg_from_len(c, ref, at.sa, sockaddr_room_len(&at));
    const int      bad = sockaddr_copy_out(c, at.sa, hostlen, from, room);

    return bad ? bad : n;
}

int64_t sys_recvfrom(struct call *c, int s, gva buf, uint64_t len, uint64_t flags, gva from, gva fromlen)
{
    struct fdref ref;
    uint32_t     room = 0;
    int64_t      r = fromlen.va ? copy_in(c, &room, fromlen, sizeof(room)) : 0;

    if (!r)
        r = len > SSIZE_MAX ? -EINVAL : sock_get(c, s, &ref);
    if (r)
        return r;
    if ((int32_t)room < 0)
        room = 0;
    r = from.va ? recv_from(c, &ref, buf, len, flags, from, &room) : recv_plain(c, &ref, buf, len, flags);
    fd_put(c, &ref);
    if (r >= 0 && from.va && fromlen.va) {
        const int err = copy_out(c, fromlen, &room, sizeof(room));

        return err ? err : r;
    }
    return r;
}

/* ---- msghdr ------------------------------------------------------------------------------------- */

#define IOV_COUNT_MAX 1024 /* UIO_MAXIOV, there and here */

int message_get(struct call *c, gva at, struct message *m)
{
    const struct scratch s = scratch_get(c, sizeof(struct msghdr));
    const int            err = s.p ? struct_in(c, c->abi->sock->msghdr, &m->g, at) : -ENOMEM;

    if (err)
        return err;
    if (m->g.iovlen < 0 || m->g.iovlen > IOV_COUNT_MAX)
        return -EMSGSIZE;
    m->h = s.p;
    m->h_va = s.va;
    memset(m->h, 0, sizeof(*m->h));
    m->h->msg_iov = (struct iovec *)(uintptr_t)m->g.iov; /* every 64-bit system has the same struct iovec */
    m->h->msg_iovlen = (size_t)m->g.iovlen;
    return 0;
}

void message_set_control(struct message *m, uint64_t va, size_t len)
{
    m->h->msg_control = (void *)(uintptr_t)va;
    m->h->msg_controllen = len;
}

int64_t sock_write(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector)
{
    const struct scratch s = vector ? scratch_get(c, sizeof(struct msghdr)) : (struct scratch){0};
    int64_t              r;

    if (!vector)
        return send_result(c, ref, 0, send_plain(c, ref, GVA(where), count, 0));
    if (count > IOV_COUNT_MAX)
        return -EINVAL;
    if (!s.p)
        return -ENOMEM;
    *(struct msghdr *)s.p = (struct msghdr){.msg_iov = (struct iovec *)(uintptr_t)where, .msg_iovlen = count};
    r = host_wait(c, SYS_sendmsg, ref->hostfd, s.va, send_flags(ref->of, 0));
    return send_result(c, ref, 0, r);
}

/* ---- sendmsg ---------------------------------------------------------------------------------------- */

/* Messages on their way whose sender attached its credentials itself.  A lost one keeps it up, which costs calls alone.
 */
static int creds_sent;

bool msg_creds_expected(void) { return __atomic_load_n(&creds_sent, __ATOMIC_SEQ_CST) > 0; }

void msg_creds_arrived(void)
{
    int n = __atomic_load_n(&creds_sent, __ATOMIC_RELAXED);

    while (n > 0 && !__atomic_compare_exchange_n(&creds_sent, &n, n - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

/* The host fills the rest in; it takes the sender's own numbers only. */
static int put_creds(struct call *c, struct control_out *out)
{
    const struct scratch s = scratch_get(c, 8);
    int64_t              uid, gid;

    if (!s.p)
        return -ENOMEM;
    uid = host_call(c, SYS_getuid);
    gid = uid < 0 ? uid : host_call(c, SYS_getgid);
    if (gid < 0)
        return (int)gid;

    const struct ucred own = {.pid = c->proc->pid, .uid = (uid_t)uid, .gid = (gid_t)gid};

    if (!control_put_host(out, SOL_SOCKET, SCM_CREDENTIALS, &own, sizeof(own)))
        return -EINVAL;
    __atomic_fetch_add(&creds_sent, 1, __ATOMIC_SEQ_CST);
    return 0;
}

/* Sender's rights and credentials exist on local sockets; elsewhere FreeBSD passes them over. */
static int send_special(struct call *c, const struct sockcmsg *row, const struct control_msg *m,
                        struct control_out *out, struct rights *rights, bool local)
{
    if (!local)
        return 0;
    if (CMSG_KIND(row) == CMSG_CREDS)
        return put_creds(c, out);
    return rights_add(c, rights, m->data, m->len);
}

static int send_one(struct call *c, const struct control_msg *m, struct control_out *out, struct rights *rights,
                    bool local)
{
    const struct sock_abi *a = c->abi->sock;
    const struct sockcmsg *row = control_row_guest(a, m->level, m->type);
    uint8_t                data[2048 + 256];

    if (!row)
        return -EINVAL;
    if (CMSG_KIND(row) == CMSG_RIGHTS || CMSG_KIND(row) == CMSG_CREDS)
        return send_special(c, row, m, out, rights, local);

    const int64_t n = local || m->len > sizeof(data) - 256 ? -EINVAL : control_data_to_host(row, m, data);

    if (n < 0)
        return (int)n;
    return control_put_host(out, row->host_level, row->host_type, data, (size_t)n) ? 0 : -EINVAL;
}

/* All of a message's control buffer.  guest has g.controllen bytes. */
static int send_control(struct call *c, const uint8_t *guest, size_t n, struct control_out *out, struct rights *rights,
                        bool local)
{
    struct control_msg m;
    size_t             at = 0;
    bool               bad;

    while (control_next_guest(c->abi->sock, guest, n, &at, &m, &bad)) {
        const int err = send_one(c, &m, out, rights, local);

        if (err)
            return err;
    }
    if (bad)
        return -EINVAL;
    if (rights->n && !control_put_host(out, SOL_SOCKET, SCM_RIGHTS, rights->hostfds, rights->n * sizeof(int)))
        return -EINVAL;
    return 0;
}

/* The control buffer as the guest has it, for the caller to free(); NULL: none. */
static int control_get(struct call *c, const struct message *m, uint8_t **guest)
{
    const uint32_t n = m->g.controllen;

    if (!m->g.control)
        return 0;
    if (n < c->abi->sock->cmsg_len + 8u || n > c->abi->sock->control_max)
        return -EINVAL;
    *guest = malloc(n);
    return *guest ? copy_in(c, *guest, GVA(m->g.control), n) : -ENOMEM;
}

/* Converts it into scratch.  rights: what it sends. */
static int control_convert(struct call *c, struct fdref *ref, struct message *m, const uint8_t *guest,
                           struct rights *rights)
{
    const struct scratch s = scratch_get(c, CONTROL_HOST_MAX);
    struct control_out   out = {.p = s.p, .room = CONTROL_HOST_MAX};
    int                  err = s.p ? 0 : -ENOMEM;

    if (!err)
        err = send_control(c, guest, m->g.controllen, &out, rights, sock_domain(c, ref) == AF_UNIX);
    if (!err && out.used)
        message_set_control(m, s.va, out.used);
    return err;
}

static int64_t send_message(struct call *c, struct fdref *ref, struct message *m, uint64_t flags)
{
    return send_result(c, ref, flags, host_wait(c, SYS_sendmsg, ref->hostfd, m->h_va, send_flags(ref->of, flags)));
}

/* With a control buffer. */
static int64_t send_controlled(struct call *c, struct fdref *ref, struct message *m, const uint8_t *guest,
                               uint64_t flags)
{
    struct rights *rights = malloc(sizeof(*rights));

    if (!rights)
        return -ENOMEM;
    rights->n = 0;

    int64_t r = control_convert(c, ref, m, guest, rights);

    if (!r)
        r = rights_launch(c, rights);
    if (!r)
        r = send_message(c, ref, m, flags);
    rights_done(c, rights, r >= 0);
    free(rights);
    return r;
}

static int64_t send_named(struct call *c, struct fdref *ref, struct message *m, const uint8_t *guest, uint64_t flags,
                          struct sockaddr_arg *to)
{
    int64_t r = 0;

    if (to && already_connected(c, ref))
        return -EISCONN;
    if (to) {
        r = sockaddr_resolve(c, PATH_CWD(c), PATH_FOLLOW, to);
        m->h->msg_name = (void *)(uintptr_t)to->va;
        m->h->msg_namelen = to->len;
    }
    if (!r)
        r = guest ? send_controlled(c, ref, m, guest, flags) : send_message(c, ref, m, flags);
    if (to)
        sockaddr_put(c, to);
    return r;
}

int64_t message_refused(struct call *c, const struct message *m, int64_t err)
{
    const size_t size = (size_t)m->g.iovlen * sizeof(struct iovec);
    void        *parts = size ? malloc(size) : NULL;

    if (parts && copy_in(c, parts, GVA(m->g.iov), size) == -EFAULT)
        err = -EFAULT;
    free(parts);
    return err;
}

/* In the order of uipc_syscalls.c, sys_sendmsg and sendit: what is in memory is read before the descriptor is met. */
int64_t sys_sendmsg(struct call *c, int s, gva msg, uint64_t flags)
{
    struct sockaddr_arg to;
    struct message      m;
    struct fdref        ref;
    uint8_t            *control = NULL;
    int64_t             r = message_get(c, msg, &m);

    if (r)
        return r;
    if (m.g.name)
        r = capability_mode(c) ? -D_ECAPMODE : sockaddr_get(c, GVA(m.g.name), m.g.namelen, &to);
    if (!r)
        r = control_get(c, &m, &control);
    if (!r)
        r = sock_get_for(c, s, m.g.name ? D_CAP_WRITE | D_CAP_CONNECT : D_CAP_WRITE, &ref);
    if (r) {
        r = message_refused(c, &m, r);
    } else {
        r = send_named(c, &ref, &m, control, flags, m.g.name ? &to : NULL);
        fd_put(c, &ref);
    }
    free(control);
    return r;
}
