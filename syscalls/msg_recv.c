/*
 * recvmsg.  FreeBSD's behaviour is that of kern/uipc_syscalls.c (kern_recvit)
 * and kern/uipc_usrreq.c (unp_externalize): a control message that does not fit
 * is dropped whole, its descriptors are closed, and MSG_CTRUNC says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "abi/flags.h"
#include "abi/layout.h"
#include "syscalls/msg.h"
#include "syscalls/msg_control.h"
#include "syscalls/msg_rights.h"
#include "syscalls/sockaddr.h"
#include "syscalls/socket.h"
#include "syscalls/socket_calls.h"

/* A message's descriptors and the rest of what the host may say about it. */
#define CONTROL_ROOM 4096

struct receive {
    struct call       *c;
    struct fdref      *ref;
    uint64_t           flags;                /* of the call, the host's */
    struct control_out out;                  /* the guest's control buffer */
    int                fds[CONTROL_FDS_MAX]; /* descriptors of the guest that were made */
    unsigned           nfds;
};

/* ---- descriptors ------------------------------------------------------------------------------- */

static void discard(struct receive *r, const int *hostfds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rights_discard(r->c, hostfds[i], r->flags & MSG_PEEK);
}

static void close_fds(struct receive *r)
{
    while (r->nfds)
        fd_close(r->c, r->fds[--r->nfds]);
}

/* Makes all of them, or closes all: -EMSGSIZE, as unp_externalize says it. */
static int install_all(struct receive *r, const int *hostfds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const int fd = rights_receive(r->c, hostfds[i], r->flags & MSG_CMSG_CLOEXEC, r->flags & MSG_PEEK);

        if (fd < 0) {
            discard(r, hostfds + i + 1, n - i - 1);
            close_fds(r);
            return fd == -EMFILE || fd == -ENFILE ? -EMSGSIZE : fd;
        }
        r->fds[r->nfds++] = fd;
    }
    return 0;
}

static int take_rights(struct receive *r, const struct sockcmsg *row, const struct control_msg *m)
{
    const struct sock_abi *a = r->c->abi->sock;
    int                    hostfds[CONTROL_FDS_MAX];
    const unsigned         n = (unsigned)(m->len / sizeof(int));

    if (n > CONTROL_FDS_MAX - r->nfds)
        return -EMSGSIZE;
    memcpy(hostfds, m->data, n * sizeof(int));
    if (!control_fits_guest(a, &r->out, n * sizeof(int))) {
        discard(r, hostfds, n);
        r->out.truncated = true;
        return 0;
    }

    const unsigned first = r->nfds;
    const int      err = install_all(r, hostfds, n);

    if (!err)
        control_put_guest(a, &r->out, row->level, row->type, r->fds + first, n * sizeof(int));
    return err;
}

/* ---- credentials --------------------------------------------------------------------------------- */

static void passcred(struct receive *r, int on)
{
    const struct scratch s = scratch_get(r->c, sizeof(int));

    if (!s.p)
        return;
    *(int *)s.p = on;
    host_call(r->c, SYS_setsockopt, r->ref->hostfd, SOL_SOCKET, SO_PASSCRED, s.va, sizeof(int));
}

/* LOCAL_CREDS on a stream is for one message: unix(4). */
static void creds_spent(struct receive *r)
{
    if (sock_type(r->c, r->ref) == SOCK_DGRAM)
        return;
    sock_bits_set(r->ref->of, SOCK_CREDS, false);
    passcred(r, 0);
}

static void take_creds(struct receive *r, const struct sockcmsg *row, const struct control_msg *m)
{
    const uint64_t bits = sock_bits(r->ref->of);
    struct ucred   from;
    uint8_t        data[CREDS_MAX];
    int32_t        type = row->type;

    if (m->len < sizeof(from))
        return;
    memcpy(&from, m->data, sizeof(from));
    if (from.pid <= 0) /* the sender is outside of what this process can see, or unknown */
        return;

    const int         form = bits & SOCK_CREDS_EACH ? OPT_CREDS_ALWAYS : bits & SOCK_CREDS ? OPT_CREDS : CMSG_CREDS;
    struct sock_creds all;

    msg_sender(&from, &all);

    const size_t n = r->c->abi->sock->creds(data, form, &type, &all);

    control_put_guest(r->c->abi->sock, &r->out, row->level, type, data, n);
    if (form == OPT_CREDS)
        creds_spent(r);
    else if (form == CMSG_CREDS && !(r->flags & MSG_PEEK))
        msg_creds_arrived();
}

/* ---- the control buffer ---------------------------------------------------------------------------- */

/* One way to tell a message of the host's.  0, or an error that fails the call. */
static int take_as(struct receive *r, const struct sockcmsg *row, const struct control_msg *m)
{
    const uint64_t bits = sock_bits(r->ref->of);
    uint8_t        data[CONTROL_ROOM + 256];

    switch (CMSG_KIND(row)) {
    case CMSG_RIGHTS: return take_rights(r, row, m);
    case CMSG_CREDS: take_creds(r, row, m); return 0;
    case CMSG_DSTADDR:
    case CMSG_RECVIF:
        if (!(bits & (CMSG_KIND(row) == CMSG_DSTADDR ? SOCK_DSTADDR : SOCK_RECVIF)))
            return 0;
    }

    const int64_t n = control_data_to_guest(r->c->abi->sock, row, m, data);

    if (n >= 0)
        control_put_guest(r->c->abi->sock, &r->out, row->level, row->type, data, (size_t)n);
    return 0;
}

/* n bytes that the host wrote; a copy, so that the guest cannot change them. */
static int take_control(struct receive *r, const uint8_t *host, size_t n)
{
    struct control_msg m;
    size_t             at = 0;
    int                err = 0;

    while (!err && control_next_host(host, n, &at, &m)) {
        const struct sockcmsg *row = NULL;

        while (!err && (row = control_row_host(r->c->abi->sock, m.level, m.type, row)))
            err = take_as(r, row, &m);
    }
    return err;
}

static int finish_control(struct receive *r, struct message *m, const uint8_t *scratch)
{
    const size_t n = m->h->msg_controllen < CONTROL_ROOM ? m->h->msg_controllen : CONTROL_ROOM;
    uint8_t     *host = malloc(n + 1);
    int          err = host ? 0 : -ENOMEM;

    r->out.room = !m->g.control ? 0 : m->g.controllen < CONTROL_HOST_MAX ? m->g.controllen : CONTROL_HOST_MAX;
    r->out.p = malloc(r->out.room + 1);
    if (!r->out.p)
        err = -ENOMEM;
    if (!err) {
        memcpy(host, scratch, n);
        err = take_control(r, host, n);
    }
    if (!err && r->out.used)
        err = copy_out(r->c, GVA(m->g.control), r->out.p, r->out.used);
    if (m->g.control)
        m->g.controllen = (uint32_t)r->out.used;
    free(host);
    free(r->out.p);
    return err;
}

/* ---- the call ------------------------------------------------------------------------------------------ */

static int finish_name(struct receive *r, struct message *m, struct sockaddr_storage *sa)
{
    const uint32_t said = m->h->msg_namelen, max = sizeof(*sa);
    uint32_t       room = (int32_t)m->g.namelen < 0 ? 0 : m->g.namelen;
    const int      err =
        sockaddr_copy_out(r->c, sa, msg_from_len(r->c, r->ref, sa, said < max ? said : max), GVA(m->g.name), &room);

    m->g.namelen = room;
    return err;
}

/* FreeBSD gives the flags of the call back with those of the message. */
static int finish(struct receive *r, struct message *m, gva msg)
{
    const struct sock_abi *a = r->c->abi->sock;
    uint8_t                guest[64] = {0};
    uint64_t               got = (uint32_t)m->h->msg_flags & (MSG_OOB | MSG_EOR | MSG_TRUNC | MSG_CTRUNC);

    if (r->out.truncated)
        got |= MSG_CTRUNC;
    if (!m->g.control)
        got &= ~(uint64_t)MSG_CTRUNC;
    m->g.flags = (int32_t)flags_to_guest(a->msg_flags, got | (r->flags & 0xffffffffull & ~(uint64_t)MSG_EOR));
    layout_to_guest(a->msghdr, &m->g, guest);
    return copy_out(r->c, msg, guest, a->msghdr->gsize);
}

/* Waits for a message without taking it.  0, or what ends the call. */
static int64_t wait_for_one(struct receive *r)
{
    const struct scratch s = scratch_get(r->c, 1);
    int64_t              n;

    if (!s.p)
        return -ENOMEM;
    n = host_wait(r->c, SYS_recvfrom, r->ref->hostfd, s.va, 1, MSG_PEEK | (r->flags & MSG_DONTWAIT), 0, 0);
    return n < 0 ? n : 0;
}

static int64_t take(struct receive *r, struct message *m)
{
    const uint64_t flags = msg_recv_flags(r->flags) & ~(uint64_t)MSG_CMSG_CLOEXEC; /* the slot has that, not the host */

    return host_wait(r->c, SYS_recvmsg, r->ref->hostfd, m->h_va, flags);
}

/* From a local socket, with room for control messages: see msg_creds_expected.  What comes first is known only when it
 * is there. */
static int64_t take_local(struct receive *r, struct message *m)
{
    const struct ofile *of = r->ref->of;
    int64_t             n = 0;

    if (sock_bits(of) & (SOCK_CREDS | SOCK_CREDS_EACH))
        return take(r, m);
    if (!(of->flags & O_NONBLOCK) && !(r->flags & MSG_DONTWAIT))
        n = wait_for_one(r);
    if (n)
        return n;
    if (!msg_creds_expected())
        return take(r, m);
    passcred(r, 1);
    n = take(r, m);
    passcred(r, 0);
    return n;
}

static int64_t receive(struct receive *r, struct message *m, gva msg)
{
    const struct scratch sa = m->g.name ? scratch_get(r->c, sizeof(struct sockaddr_storage)) : (struct scratch){0};
    /* From a local socket always: descriptors that nobody wants are no longer in flight then. */
    const bool           local = sock_domain(r->c, r->ref) == AF_UNIX, want = m->g.control || local;
    const struct scratch ctl = want ? scratch_get(r->c, CONTROL_ROOM) : (struct scratch){0};

    if ((m->g.name && !sa.p) || (want && !ctl.p))
        return -ENOMEM;
    m->h->msg_name = (void *)(uintptr_t)sa.va;
    m->h->msg_namelen = sa.p ? sizeof(struct sockaddr_storage) : 0;
    message_set_control(m, ctl.va, want ? CONTROL_ROOM : 0);

    const int64_t n = local && m->g.control ? take_local(r, m) : take(r, m);
    int           err = n < 0 ? (int)n : 0;

    if (!err && m->g.name)
        err = finish_name(r, m, sa.p);
    if (n >= 0 && want) /* whatever happened before: descriptors must not be left behind */
        err = finish_control(r, m, ctl.p) ?: err;
    if (!err)
        err = finish(r, m, msg);
    if (err && n >= 0)
        close_fds(r);
    return err ? err : n;
}

int64_t sys_recvmsg(struct call *c, int s, gva msg, uint64_t flags)
{
    struct message m;
    struct fdref   ref;
    struct receive r = {.c = c, .ref = &ref, .flags = flags};
    int64_t        n = message_get(c, msg, &m);

    if (n)
        return n;
    n = sock_get(c, s, &ref);
    if (n)
        return message_refused(c, &m, n);
    n = receive(&r, &m, msg);
    fd_put(c, &ref);
    return n;
}
