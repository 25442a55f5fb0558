/* sockets DIR: inet and unix streams, datagrams, addresses, options, and descriptors sent through a socket. */
#include "sample.h"

static uint16_t swap16(uint16_t v) { return (uint16_t)(v << 8 | v >> 8); }

static struct os_sockaddr_in loopback(uint16_t port)
{
    struct os_sockaddr_in a = {.family = AF_INET, .port = swap16(port), .addr = 0x0100007f};

    OS_SOCKADDR_LEN(a);
    return a;
}

static int listen_on(struct os_sockaddr_in *a)
{
    uint32_t len = sizeof(*a);
    int      fd = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1;

    *a = loopback(0);
    check(os_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0, "SO_REUSEADDR");
    must(os_bind(fd, a, sizeof(*a)), "bind");
    must(os_listen(fd, 5), "listen");
    must(os_getsockname(fd, a, &len), "getsockname");
    check(len == sizeof(*a) && a->family == AF_INET && a->port != 0 && a->addr == 0x0100007f,
          "the kernel chose a port");
    return fd;
}

static long client(void *arg)
{
    struct os_sockaddr_in *a = arg;
    char                   buf[16];
    int                    fd = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket");
    long                   n = 0, r;

    must(os_connect(fd, a, sizeof(*a)), "connect");
    must(os_write(fd, "ping", 4), "write");
    os_shutdown(fd, SHUT_WR);
    while ((r = os_read(fd, buf, sizeof(buf))) > 0)
        n += r;
    os_close(fd);
    return n;
}

static void check_stream(void)
{
    struct os_sockaddr_in a, peer;
    struct thread         t;
    char                  buf[64];
    uint32_t              len = sizeof(peer);
    int                   fd = listen_on(&a), conn, type = 0;

    thread_start(&t, client, &a);
    conn = (int)must(os_accept4(fd, &peer, &len, SOCK_CLOEXEC), "accept4");
    check(len == sizeof(peer) && peer.family == AF_INET && peer.addr == 0x0100007f, "accept tells the peer");
    check(os_fcntl(conn, F_GETFD, 0) == FD_CLOEXEC, "and sets close-on-exec");
    check(os_recvfrom(conn, buf, 4, MSG_PEEK, 0, 0) == 4 && memcmp(buf, "ping", 4) == 0, "a peek");
    check(os_read(conn, buf, sizeof(buf)) == 4, "leaves the bytes");
    check(os_read(conn, buf, sizeof(buf)) == 0, "the other side has shut down");
    check(os_write(conn, "pong pong", 9) == 9, "but still reads");
    os_close(conn);
    check(thread_join(&t) == 9, "the client got it all");
    len = sizeof(type);
    check(os_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM, "SO_TYPE");
    check_err(os_bind(fd, &a, sizeof(a)), -EINVAL, "bind again");
    os_close(fd);
    fd = (int)os_socket(AF_INET, SOCK_STREAM, 0);
    check_err(os_connect(fd, &a, sizeof(a)), -ECONNREFUSED, "connect to nobody");
    check_err(os_getpeername(fd, &peer, &len), -ENOTCONN, "and no peer");
    os_close(fd);
    check_err(os_listen(0, 1), -ENOTSOCK, "listen on what is no socket");
#ifdef GUEST_FREEBSD
    check(os_socket(AF_INET, 77, 0) == -41, "no such type"); /* EPROTOTYPE: sys/kern/uipc_socket.c, socreate */
#else
    check(os_socket(AF_INET, 77, 0) == -EINVAL, "no such type");
#endif
}

static void check_nonblock(void)
{
    struct os_sockaddr_in a;
    uint32_t              len;
    int                   fd = listen_on(&a), c;
    char                  buf[8];

    must(os_fcntl(fd, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    len = sizeof(a);
    check_err(os_accept4(fd, 0, 0, 0), -EAGAIN, "nobody to accept");
    c = (int)must(os_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    check(os_fcntl(c, F_GETFL, 0) & O_NONBLOCK, "SOCK_NONBLOCK");
    os_getsockname(fd, &a, &len);
    len = (uint32_t)os_connect(c, &a, sizeof(a));
    check((int)len == 0 || (int)len == -EINPROGRESS, "a connect that does not wait");
    check_err(os_recvfrom(c, buf, sizeof(buf), MSG_DONTWAIT, 0, 0), -EAGAIN, "nothing to read yet");
    os_close(c);
    os_close(fd);
}

static void check_datagram(void)
{
    struct os_sockaddr_in a = loopback(0), from;
    uint32_t              len = sizeof(a);
    int                   x = (int)os_socket(AF_INET, SOCK_DGRAM, 0), y = (int)os_socket(AF_INET, SOCK_DGRAM, 0);
    char                  buf[16];

    must(os_bind(x, &a, sizeof(a)), "bind");
    os_getsockname(x, &a, &len);
    check(os_sendto(y, "dgram", 5, 0, &a, sizeof(a)) == 5, "sendto");
    len = sizeof(from);
    check(os_recvfrom(x, buf, 3, 0, &from, &len) == 3 && len == sizeof(from) && from.addr == a.addr,
          "a datagram, cut off");
    check(os_sendto(y, "", 0, 0, &a, sizeof(a)) == 0 && os_recvfrom(x, buf, 3, 0, 0, 0) == 0, "an empty one");
    os_close(x);
    os_close(y);
}

static void check_inet6(void)
{
    struct os_sockaddr_in6 a = {.family = AF_INET6, .addr = {[15] = 1}};
    int                    fd = (int)os_socket(AF_INET6, SOCK_STREAM, 0);
    uint32_t               len = sizeof(a);

    OS_SOCKADDR_LEN(a);
    if (fd < 0 || os_bind(fd, &a, sizeof(a)) < 0) { /* a host without IPv6 */
        print("ok an inet6 address comes back\n");
        return;
    }
    check(os_getsockname(fd, &a, &len) == 0 && len == sizeof(a) && a.family == AF_INET6 && a.addr[15] == 1 && a.port,
          "an inet6 address comes back");
    os_close(fd);
}

static void check_unix(const char *dir)
{
    struct os_sockaddr_un a = {.family = AF_UNIX}, got;
    uint32_t              len = sizeof(got);
    int                   fd = (int)os_socket(AF_UNIX, SOCK_STREAM, 0), c = (int)os_socket(AF_UNIX, SOCK_STREAM, 0), s;
    char                  buf[8];

    OS_SOCKADDR_LEN(a);
    print_into(a.path, sizeof(a.path), "%s/socket", dir);
    check(os_bind(fd, &a, sizeof(a)) == 0 && os_listen(fd, 1) == 0, "a unix socket with a name");
    check_err(os_bind(c, &a, sizeof(a)), -EADDRINUSE, "a name is bound once");
    check(os_connect(c, &a, sizeof(a)) == 0, "connect to it");
    s = (int)os_accept4(fd, &got, &len, 0);
    check(s >= 0 && os_write(c, "hi", 2) == 2 && os_read(s, buf, sizeof(buf)) == 2, "and talk");
    len = sizeof(got);
    check(os_getpeername(c, &got, &len) == 0 && got.family == AF_UNIX && strcmp(got.path, a.path) == 0,
          "the peer's name");
    os_close(s);
    check_err(os_sendto(c, "x", 1, MSG_NOSIGNAL, 0, 0), -EPIPE, "nobody reads");
    os_close(c);
    os_close(fd);
    os_unlink(a.path);
}

static void check_descriptors(void)
{
    int               pair[2], pipe_fds[2];
    char              byte = 'd', buf[8];
    struct os_cmsg_fd out = {.len = OS_CMSG_FD_LEN, .level = SOL_SOCKET, .type = SCM_RIGHTS}, in = {0};
    struct os_iovec   iov = {&byte, 1};
    struct os_msghdr  m = {.iov = &iov, .iovlen = 1, .control = &out, .controllen = sizeof(out)};

    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    must(os_pipe(pipe_fds), "pipe");
    out.fd = pipe_fds[0];
    check(os_sendmsg(pair[0], &m, 0) == 1, "a descriptor is sent");
    os_close(pipe_fds[0]);
    m.control = &in;
    m.controllen = sizeof(in);
    check(os_recvmsg(pair[1], &m, 0) == 1 && byte == 'd', "and received");
    check(in.level == SOL_SOCKET && in.type == SCM_RIGHTS && in.len == OS_CMSG_FD_LEN, "as a control message");
    check(os_write(pipe_fds[1], "through", 7) == 7 && os_read(in.fd, buf, 8) == 7, "it is the same pipe");
    os_close(in.fd);
    os_close(pipe_fds[1]);
    os_close(pair[0]);
    check(os_read(pair[1], buf, 1) == 0, "a closed pair reads end of file");
    os_close(pair[1]);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    check_stream();
    check_nonblock();
    check_datagram();
    check_inet6();
    check_unix(argc > 1 ? argv[1] : ".");
    check_descriptors();
    return check_status();
}
