/*
 * sendto, recvfrom, sendmsg and recvmsg over socket pairs and loopback.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "abi/neutral.h"
#include "syscalls/file.h"
#include "syscalls/msg_rights.h"
#include "syscalls/socket.h"
#include "tests/unit/syscalls/fake_sock.h"

static void pair(void **state, int type, int fds[2])
{
    assert_int_equal(sys_socketpair(CALL(state), AF_UNIX, (uint64_t)type, 0, P(fds)), 0);
}

static int make(void **state, int domain, int type)
{
    const int fd = (int)sys_socket(CALL(state), domain, (uint64_t)type, 0);

    assert_true(fd >= 0);
    return fd;
}

static int64_t set(void **state, int fd, int level, int name, int v)
{
    struct call *c = CALL(state);

    c->raw[1] = (uint64_t)level;
    return sys_setsockopt(c, fd, level, name, P(&v), sizeof(v));
}

/* One part, and control if there is any. */
static struct fbsd_msghdr message(struct iovec *v, void *control, uint32_t n)
{
    return (struct fbsd_msghdr){.iov = v, .iovlen = 1, .control = control, .controllen = n};
}

static int64_t send_fds(void **state, int s, const int *fds, unsigned n)
{
    struct iovec       v = {(char[]){"x"}, 1};
    struct fbsd_cmsg   m = {16 + 4 * n, FBSD_SOL_SOCKET, SCM_RIGHTS, 0, {0}};
    struct fbsd_msghdr h = message(&v, &m, 16 + 4 * n);

    memcpy(m.data, fds, n * sizeof(int));
    return sys_sendmsg(CALL(state), s, P(&h), 0);
}

/* How many descriptors came. */
static unsigned recv_fds(void **state, int s, int *fds, uint32_t room, uint64_t flags)
{
    char               b[8];
    struct iovec       v = {b, sizeof(b)};
    struct fbsd_cmsg   m = {0};
    struct fbsd_msghdr h = message(&v, &m, room);

    assert_int_equal(sys_recvmsg(CALL(state), s, P(&h), flags), 1);
    if (!h.controllen)
        return h.flags & 0x20 ? 1000 : 0;
    assert_int_equal(m.level, FBSD_SOL_SOCKET);
    assert_int_equal(m.type, 1);
    memcpy(fds, m.data, m.len - 16);
    return (m.len - 16) / 4;
}

static struct ofile *ofile_of(struct call *c, int fd)
{
    struct fdref  ref;
    struct ofile *of;

    assert_int_equal(fd_get(c, fd, &ref), 0);
    of = ref.of;
    fd_put(c, &ref);
    return of;
}

static void plain_is_one_host_call(void **state)
{
    int  fds[2];
    char b[8] = "";

    pair(state, SOCK_STREAM, fds);
    fake_count_reset();
    assert_int_equal(sys_sendto(CALL(state), fds[0], P("hello"), 5, 0, GVA(0), 0), 5);
    assert_int_equal(fake_host_calls(), 1);
    assert_int_equal(sys_recvfrom(CALL(state), fds[1], P(b), sizeof(b), 0, GVA(0), GVA(0)), 5);
    assert_int_equal(fake_host_calls(), 2);
    assert_int_equal(fake_copies(), 0);
    assert_string_equal(b, "hello");
}

static void flags(void **state)
{
    int  fds[2];
    char b[8];

    pair(state, SOCK_STREAM, fds);
    assert_int_equal(sys_recvfrom(CALL(state), fds[1], P(b), 8, MSG_DONTWAIT, GVA(0), GVA(0)), -EAGAIN);
    assert_int_equal(sys_sendto(CALL(state), fds[0], P("ab"), 2, 0, GVA(0), 0), 2);
    assert_int_equal(sys_recvfrom(CALL(state), fds[1], P(b), 8, MSG_PEEK, GVA(0), GVA(0)), 2);
    assert_int_equal(sys_shutdown(CALL(state), fds[0], SHUT_WR), 0);
    assert_int_equal(sys_recvfrom(CALL(state), fds[1], P(b), 8, MSG_WAITALL, GVA(0), GVA(0)), 2);
    assert_int_equal(sys_recvfrom(CALL(state), fds[1], P(b), 8, MSG_WAITALL, GVA(0), GVA(0)), 0);
    assert_int_equal(sys_sendto(CALL(state), fds[0], P("x"), 1, MSG_NOSIGNAL, GVA(0), 0), -EPIPE);
    assert_int_equal(sys_sendto(CALL(state), fds[1], P("x"), UINT64_MAX, 0, GVA(0), 0), -EINVAL);
    fake_interrupt(((struct files *)*state)->f);
    assert_int_equal(sys_recvfrom(CALL(state), fds[0], P(b), 8, 0, GVA(0), GVA(0)), -ERESTART);
    fake_calm(((struct files *)*state)->f);
}

static void no_sigpipe(void **state)
{
    int       fds[2];
    const int s = make(state, AF_INET, SOCK_STREAM);

    signal(SIGPIPE, SIG_DFL); /* it would kill the test */
    pair(state, SOCK_STREAM, fds);
    assert_int_equal(set(state, fds[0], FBSD_SOL_SOCKET, 0x800, 1), 0);
    assert_int_equal(fd_close(CALL(state), fds[1]), 0);
    assert_int_equal(sys_sendto(CALL(state), fds[0], P("x"), 1, 0, GVA(0), 0), -EPIPE);
    /* Never connected: that is no broken pipe. */
    assert_int_equal(sys_sendto(CALL(state), s, P("x"), 1, 0, GVA(0), 0), -ENOTCONN);
}

static void datagrams(void **state)
{
    const int      a = make(state, AF_INET, SOCK_DGRAM), b = make(state, AF_INET, SOCK_DGRAM);
    struct fbsd_in at = fbsd_loopback(0), from;
    char           buf[8];
    uint32_t       len = sizeof(from);

    assert_int_equal(sys_bind(CALL(state), a, P(&at), 16), 0);
    at = fbsd_name(CALL(state), a);
    assert_int_equal(sys_sendto(CALL(state), b, P("x"), 1, 0, GVA(0), 0), -EDESTADDRREQ);
    assert_int_equal(sys_sendto(CALL(state), b, P("dg"), 2, 0, P(&at), 16), 2);
    assert_int_equal(sys_recvfrom(CALL(state), a, P(buf), 8, 0, P(&from), P(&len)), 2);
    assert_int_equal(len, 16);
    assert_int_equal(from.family, AF_INET);
    assert_int_equal(from.len, 16);
    assert_int_equal(sys_connect(CALL(state), b, P(&at), 16), 0);
    assert_int_equal(sys_sendto(CALL(state), b, P("dg"), 2, 0, P(&at), 16), -EISCONN);
    assert_int_equal(sys_sendto(CALL(state), b, P("long!"), 5, 0, GVA(0), 0), 5);

    struct iovec       v = {buf, 3};
    struct fbsd_msghdr h = {.name = &from, .namelen = 100, .iov = &v, .iovlen = 1};

    assert_int_equal(sys_recvmsg(CALL(state), a, P(&h), 0), 3);
    assert_int_equal(h.flags, 0x10); /* MSG_TRUNC */
    assert_int_equal(h.namelen, 16);
}

/* Streams name nobody; a nameless local sender has an unnamed address. */
static void whom_from(void **state)
{
    int            s[2], d[2];
    char           b[4];
    struct fbsd_un un;
    uint32_t       len = sizeof(un);

    pair(state, SOCK_STREAM, s);
    pair(state, SOCK_DGRAM, d);
    assert_int_equal(sys_sendto(CALL(state), s[0], P("x"), 1, 0, GVA(0), 0), 1);
    assert_int_equal(sys_recvfrom(CALL(state), s[1], P(b), 4, 0, P(&un), P(&len)), 1);
    assert_int_equal(len, 0);
    len = sizeof(un);
    assert_int_equal(sys_sendto(CALL(state), d[0], P("x"), 1, 0, GVA(0), 0), 1);
    assert_int_equal(sys_recvfrom(CALL(state), d[1], P(b), 4, 0, P(&un), P(&len)), 1);
    assert_int_equal(len, 16);
    assert_int_equal(un.family, AF_UNIX);
    assert_int_equal(sys_recvfrom(CALL(state), d[1], P(b), 4, 0, P(&un), GVA(1)), -EFAULT);
}

static void end_of_file_with_the_data(void **state)
{
    const int      l = make(state, AF_INET, SOCK_STREAM), s = make(state, AF_INET, SOCK_STREAM);
    struct fbsd_in at = fbsd_loopback(0);
    char           b[4];

    assert_int_equal(sys_bind(CALL(state), l, P(&at), 16), 0);
    assert_int_equal(sys_listen(CALL(state), l, 1), 0);
    at = fbsd_name(CALL(state), l);
    assert_int_equal(sys_connect(CALL(state), s, P(&at), 16), 0);
    assert_int_equal(sys_sendto(CALL(state), s, P("x"), 1, D_MSG_EOF, GVA(0), 0), 1);

    const int a = (int)sys_accept(CALL(state), l, GVA(0), GVA(0));

    assert_int_equal(sys_recvfrom(CALL(state), a, P(b), 4, MSG_WAITALL, GVA(0), GVA(0)), 1);
}

static void bad_headers(void **state)
{
    int                fds[2];
    struct iovec       v = {"x", 1};
    struct fbsd_cmsg   m = {16, FBSD_SOL_SOCKET, 99, 0, {0}};
    struct fbsd_msghdr h = message(&v, &m, 16);

    pair(state, SOCK_STREAM, fds);
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], GVA(1), 0), -EFAULT);
    assert_int_equal(sys_recvmsg(CALL(state), fds[0], GVA(1), 0), -EFAULT);
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EINVAL); /* no such control message */
    m.type = SCM_RIGHTS;
    m.len = 18;
    h.controllen = 18;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EINVAL); /* half a descriptor */
    h.controllen = 11;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EINVAL);
    h.controllen = 2049;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EINVAL);
    h.controllen = 20;
    h.control = (void *)1;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EFAULT);
    h.control = NULL;
    h.iovlen = 1025;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EMSGSIZE);
    h.iovlen = -1;
    assert_int_equal(sys_recvmsg(CALL(state), fds[0], P(&h), 0), -EMSGSIZE);
    h.iovlen = 1;
    h.iov = (void *)1;
    assert_int_equal(sys_sendmsg(CALL(state), fds[0], P(&h), 0), -EFAULT);
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static int open_file(void **state, int64_t offset)
{
    files_put("f", "0123456789");

    const int fd =
        fd_install(CALL(state), &(struct fd_new){.hostfd = open("f", O_RDWR), .kind = OF_FILE, .flags = O_RDWR}, 0);

    ofile_of(CALL(state), fd)->offset = offset;
    return fd;
}

static void an_open_file_travels(void **state)
{
    int       s[2], got[8];
    const int fd = open_file(state, 3);

    pair(state, SOCK_STREAM, s);
    assert_int_equal(send_fds(state, s[0], (int[]){fd, s[0]}, 2), 1);
    assert_int_equal(rights_in_flight(), 2);
    assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), 0), 2);
    assert_int_equal(rights_in_flight(), 0);
    assert_ptr_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), fd));
    assert_ptr_equal(ofile_of(CALL(state), got[1]), ofile_of(CALL(state), s[0]));
    assert_int_not_equal(got[0], fd);
}

static void two_of_one_file(void **state)
{
    int       s[2], got[8];
    const int a = open_file(state, 3), b = open_file(state, 3);

    pair(state, SOCK_STREAM, s);
    assert_int_equal(send_fds(state, s[0], (int[]){a, b, a}, 3), 1);
    assert_int_equal(fd_close(CALL(state), a), 0); /* it lives on in the message */
    assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), 0), 3);
    assert_ptr_equal(ofile_of(CALL(state), got[1]), ofile_of(CALL(state), b));
    assert_ptr_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), got[2]));
    assert_ptr_not_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), b));
    assert_int_equal(rights_in_flight(), 0);
}

/* The host's own offset is no sign of an open file: seeks and appends move it on the way. */
static void two_of_one_file_that_move(void **state)
{
    int       s[2], r[2], got[8];
    const int a = open_file(state, 0), b = open_file(state, 0);

    pair(state, SOCK_STREAM, s);
    pair(state, SOCK_STREAM, r);
    assert_int_equal(send_fds(state, s[0], (int[]){a}, 1), 1);
    assert_int_equal(send_fds(state, r[0], (int[]){b}, 1), 1);
    assert_int_equal(sys_lseek(CALL(state), a, 0, SEEK_END), 10);
    assert_int_equal(sys_lseek(CALL(state), b, 0, SEEK_DATA), 0);
    assert_int_equal(recv_fds(state, r[1], got, sizeof(struct fbsd_cmsg), 0), 1);
    assert_ptr_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), b));
    assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), 0), 1);
    assert_ptr_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), a));
}

/* More messages of one device than there are tags: the others come as new open files, never as wrong ones. */
static void many_of_one_device(void **state)
{
    struct ofile *sent[67];
    int           s[2], got[8];

    pair(state, SOCK_STREAM, s);
    for (int i = 0; i < 67; i++) {
        const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};
        const int           fd = fd_install(CALL(state), &n, 0);

        sent[i] = ofile_of(CALL(state), fd);
        assert_int_equal(send_fds(state, s[0], &fd, 1), 1);
    }
    for (int i = 0; i < 67; i++) {
        assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), 0), 1);

        struct ofile *of = ofile_of(CALL(state), got[0]);

        if (i < 64)
            assert_ptr_equal(of, sent[i]);
        else
            assert_true(of->host_offset);
        fd_close(CALL(state), got[0]);
    }
}

static void both_ends_of_a_pipe(void **state)
{
    int s[2], got[8], p[2], g[2];

    pair(state, SOCK_DGRAM, s);
    assert_int_equal(pipe(p), 0);
    for (int i = 0; i < 2; i++)
        g[i] = fd_install(CALL(state),
                          &(struct fd_new){.hostfd = p[i], .kind = OF_PIPE, .flags = i ? O_WRONLY : O_RDONLY}, 0);
    assert_int_equal(send_fds(state, s[0], (int[]){g[1], g[0]}, 2), 1);
    assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), MSG_CMSG_CLOEXEC), 2);
    assert_ptr_equal(ofile_of(CALL(state), got[0]), ofile_of(CALL(state), g[1]));
    assert_ptr_equal(ofile_of(CALL(state), got[1]), ofile_of(CALL(state), g[0]));
    assert_int_equal(fd_get_cloexec(CALL(state), got[0]), 1);
}

static void a_strangers_file(void **state)
{
    int          s[2], got[8];
    struct fdref ref;
    struct iovec v = {"x", 1};
    union {
        struct cmsghdr h;
        char           room[CMSG_SPACE(sizeof(int))];
    } u = {.h = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)};
    const int     host = open("/", O_RDONLY);

    pair(state, SOCK_STREAM, s);
    memcpy(CMSG_DATA(&u.h), &host, sizeof(host));
    assert_int_equal(fd_get(CALL(state), s[0], &ref), 0);
    assert_int_equal(sendmsg(ref.hostfd, &h, 0), 1);
    fd_put(CALL(state), &ref);
    close(host);
    assert_int_equal(recv_fds(state, s[1], got, sizeof(struct fbsd_cmsg), 0), 1);
    assert_int_equal(ofile_of(CALL(state), got[0])->kind, OF_DIR);
    assert_true(ofile_of(CALL(state), got[0])->host_offset);
}

static void no_room_for_them(void **state)
{
    int            s[2], got[8];
    const unsigned before = fake_open_fds();

    pair(state, SOCK_STREAM, s);
    for (uint32_t room = 0; room < 24; room++) {
        assert_int_equal(send_fds(state, s[0], s, 2), 1);
        assert_int_equal(recv_fds(state, s[1], got, room, 0), 1000); /* MSG_CTRUNC */
        assert_int_equal(fake_open_fds(), before + 2);
    }
    assert_int_equal(send_fds(state, s[0], s, 2), 1);
    CALL(state)->proc->nofile = 3; /* one is left */

    struct iovec       v = {got, 1};
    struct fbsd_cmsg   m;
    struct fbsd_msghdr h = message(&v, &m, sizeof(m));

    assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), -EMSGSIZE);
    assert_int_equal(fake_open_fds(), before + 2);
    CALL(state)->proc->nofile = 1024;
}

/* What was dropped unseen stays in the list; it must not pass for another file. */
static void no_leftovers(void **state)
{
    int       s[2];
    const int fd = open_file(state, 0);
    char      b[8];

    pair(state, SOCK_STREAM, s);
    assert_int_equal(send_fds(state, s[0], (int[]){fd, 99}, 2), -EBADF);
    assert_int_equal(send_fds(state, 99, &fd, 1), -EBADF);
    assert_int_equal(fd_close(CALL(state), s[1]), 0);
    CALL(state);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(send_fds(state, s[0], &fd, 1), -EPIPE);
    (void)b;
}

static void kqueues_do_not_travel(void **state)
{
    int       s[2];
    const int kq = fd_install(CALL(state), &(struct fd_new){.hostfd = open("/", O_RDONLY), .kind = OF_KQUEUE}, 0);

    pair(state, SOCK_STREAM, s);
    assert_int_equal(send_fds(state, s[0], &kq, 1), -EOPNOTSUPP);
}

/* ---- other control messages --------------------------------------------------------------------- */

static void credentials(void **state)
{
    int                s[2];
    char               b[4];
    struct iovec       v = {b, 1};
    struct fbsd_cmsg   m = {0};
    struct fbsd_msghdr h = message(&v, &m, sizeof(m));
    const int          groups = getgroups(0, NULL);

    pair(state, SOCK_STREAM, s);
    assert_int_equal(set(state, s[1], 0, 2, 1), 0); /* LOCAL_CREDS */
    for (int i = 0; i < 2; i++)
        assert_int_equal(sys_sendto(CALL(state), s[0], P("x"), 1, 0, GVA(0), 0), 1);
    assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), 1);
    assert_int_equal(m.type, 3);
    assert_int_equal(m.len, 16 + 24 + 4 * (groups < 15 ? groups : 15));
    assert_int_equal(m.data[0], getuid());
    assert_int_equal(m.data[1], geteuid());
    assert_int_equal(m.data[3], getegid());
    assert_int_equal(m.data[5], getegid());
    h.controllen = sizeof(m);
    assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), 1);
    assert_int_equal(h.controllen, 0);              /* a stream tells them once */
    assert_int_equal(set(state, s[1], 0, 3, 1), 0); /* LOCAL_CREDS_PERSISTENT */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sys_sendto(CALL(state), s[0], P("x"), 1, 0, GVA(0), 0), 1);
        h.controllen = sizeof(m);
        assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), 1);
        assert_int_equal(m.type, 8);
        assert_int_equal(m.data[1], getpid());
    }
}

/* The receiver asked for nothing, and gets them from those who send them. */
static void credentials_of_a_willing_sender(void **state)
{
    int                s[2];
    char               b[4];
    struct iovec       v = {b, 1};
    uint32_t           ctl[26] = {100, FBSD_SOL_SOCKET, 3};
    struct fbsd_msghdr h = message(&v, ctl, 100);

    pair(state, SOCK_STREAM, s);
    assert_int_equal(sys_sendmsg(CALL(state), s[0], P(&h), 0), 1);
    memset(ctl, 0, sizeof(ctl));
    h.controllen = sizeof(ctl);
    assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), 1);
    assert_int_equal(h.controllen, 104);
    assert_int_equal(ctl[0], 100);
    assert_int_equal(ctl[2], 3);
    assert_int_equal(ctl[4], getpid());
    assert_int_equal(sys_sendto(CALL(state), s[0], P("x"), 1, 0, GVA(0), 0), 1);
    h.controllen = sizeof(ctl);
    assert_int_equal(sys_recvmsg(CALL(state), s[1], P(&h), 0), 1);
    assert_int_equal(h.controllen, 0);
}

static void quiet_writes(void **state)
{
    int          s[2];
    struct iovec v = {"x", 1};

    signal(SIGPIPE, SIG_DFL);
    pair(state, SOCK_STREAM, s);
    assert_int_equal(set(state, s[0], FBSD_SOL_SOCKET, 0x800, 1), 0);
    assert_int_equal(sys_write(CALL(state), s[0], P("y"), 1), 1);
    assert_int_equal(sys_writev(CALL(state), s[0], P(&v), 1), 1);
    assert_int_equal(fd_close(CALL(state), s[1]), 0);
    assert_int_equal(sys_write(CALL(state), s[0], P("y"), 1), -EPIPE);
    assert_int_equal(sys_writev(CALL(state), s[0], P(&v), 1), -EPIPE);
    assert_int_equal(sys_write(CALL(state), make(state, AF_INET, SOCK_STREAM), P("y"), 1), -ENOTCONN);
}

static void destination_addresses(void **state)
{
    const int          a = make(state, AF_INET, SOCK_DGRAM);
    struct fbsd_in     at = fbsd_loopback(0);
    char               b[4];
    struct iovec       v = {b, 1};
    uint8_t            ctl[96] = {0};
    struct fbsd_cmsg   m;
    struct fbsd_msghdr h = message(&v, ctl, sizeof(ctl));

    assert_int_equal(sys_bind(CALL(state), a, P(&at), 16), 0);
    at = fbsd_name(CALL(state), a);
    assert_int_equal(set(state, a, IPPROTO_IP, 7, 1), 0);
    assert_int_equal(set(state, a, IPPROTO_IP, 65, 1), 0);
    assert_int_equal(sys_sendto(CALL(state), a, P("x"), 1, 0, P(&at), 16), 1);
    assert_int_equal(sys_recvmsg(CALL(state), a, P(&h), 0), 1);
    assert_int_equal(h.controllen, 48);
    memcpy(&m, ctl, 24);
    assert_int_equal(m.len, 20);
    assert_int_equal(m.level, IPPROTO_IP);
    assert_int_equal(m.type, 7);
    assert_int_equal(m.data[0], htonl(INADDR_LOOPBACK));
    memcpy(&m, ctl + 24, 24);
    assert_int_equal(m.type, 65);
    assert_int_equal(m.len, 17);
    assert_int_equal((uint8_t)m.data[0], 64);

    /* And it serves to answer. */
    memcpy(&m, ctl, 24);
    h = (struct fbsd_msghdr){.name = &at, .namelen = 16, .iov = &v, .iovlen = 1, .control = &m, .controllen = 20};
    assert_int_equal(sys_sendmsg(CALL(state), a, P(&h), 0), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(plain_is_one_host_call),
        T(flags),
        T(no_sigpipe),
        T(datagrams),
        T(whom_from),
        T(end_of_file_with_the_data),
        T(bad_headers),
        T(an_open_file_travels),
        T(two_of_one_file),
        T(two_of_one_file_that_move),
        T(many_of_one_device),
        T(both_ends_of_a_pipe),
        T(a_strangers_file),
        T(no_room_for_them),
        T(no_leftovers),
        T(kqueues_do_not_travel),
        T(credentials),
        T(credentials_of_a_willing_sender),
        T(quiet_writes),
        T(destination_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
