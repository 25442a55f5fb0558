/*
 * Sockets over the test's own descriptors: making, naming, connecting, accepting.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "syscalls/socket.h"
#include "tests/unit/syscalls/fake_sock.h"

static struct ofile *ofile_of(struct call *c, int fd)
{
    struct fdref  ref;
    struct ofile *of;

    assert_int_equal(fd_get(c, fd, &ref), 0);
    of = ref.of;
    fd_put(c, &ref);
    return of;
}

static int make(void **state, int domain, int type)
{
    const int fd = (int)sys_socket(CALL(state), domain, (uint64_t)type, 0);

    assert_true(fd >= 0);
    return fd;
}

static int listener(void **state, struct fbsd_in *at)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);

    *at = fbsd_loopback(0);
    assert_int_equal(sys_bind(CALL(state), fd, P(at), sizeof(*at)), 0);
    assert_int_equal(sys_listen(CALL(state), fd, -1), 0);
    *at = fbsd_name(CALL(state), fd);
    assert_int_not_equal(at->port, 0);
    return fd;
}

static void making(void **state)
{
    struct call *c = CALL(state);
    const int    fd = (int)sys_socket(c, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_int_equal(fd, 0);
    assert_int_equal(fd_get_cloexec(c, fd), 1);
    assert_int_equal(ofile_of(c, fd)->flags, O_RDWR | O_NONBLOCK);
    assert_int_equal(ofile_of(c, fd)->kind, OF_SOCKET);
    assert_int_equal(ofile_of(c, fd)->domain, AF_INET);
    assert_int_equal(sys_socket(c, -1, SOCK_STREAM, 0), -EAFNOSUPPORT);
    assert_int_equal(sys_socket(c, AF_NETLINK, SOCK_RAW, 0), -EAFNOSUPPORT);
    assert_int_equal(sys_socket(c, AF_INET, SOCK_SEQPACKET, 0), -EPROTOTYPE);
    assert_int_equal(sys_socket(c, AF_INET, 99, 0), -EPROTOTYPE);
    assert_int_equal(sys_socket(c, AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
    assert_int_equal(sys_socket(c, AF_INET, SOCK_STREAM, IPPROTO_SCTP), -EPROTONOSUPPORT);
}

static void no_descriptor_left(void **state)
{
    struct call *c = CALL(state);
    int          fds[2];

    c->proc->nofile = 1;
    assert_int_equal(sys_socketpair(c, AF_UNIX, SOCK_STREAM, 0, P(fds)), -EMFILE);
    assert_int_equal(sys_socket(c, AF_INET, SOCK_STREAM, 0), 0);
    assert_int_equal(sys_socket(c, AF_INET, SOCK_STREAM, 0), -EMFILE);
}

static void inet6_is_for_itself(void **state)
{
    const int fd = make(state, AF_INET6, SOCK_STREAM);
    int       on = 0;
    uint32_t  len = sizeof(on);

    struct call *c = CALL(state);

    c->raw[1] = IPPROTO_IPV6;
    assert_int_equal(sys_getsockopt(c, fd, 0, 27, P(&on), P(&len)), 0);
    assert_int_equal(on, 1);
}

static void pair(void **state)
{
    struct call *c = CALL(state);
    int          fds[2] = {-1, -1};

    assert_int_equal(sys_socketpair(c, AF_UNIX, SOCK_STREAM, 0, P(fds)), 0);
    assert_int_equal(fds[0], 0);
    assert_int_equal(fds[1], 1);
    assert_int_equal(sys_socketpair(c, AF_UNIX, SOCK_STREAM, 0, GVA(1)), -EFAULT);
    assert_int_equal(fd_last(c), 1);
    assert_int_equal(sys_socketpair(c, AF_INET, SOCK_STREAM, 0, P(fds)), -EOPNOTSUPP);
}

static void not_a_socket(void **state)
{
    struct call   *c = CALL(state);
    struct fbsd_in in = fbsd_loopback(0);
    const int      fd = fd_install(c, &(struct fd_new){.hostfd = open("/", O_RDONLY), .kind = OF_DIR}, 0);

    assert_int_equal(sys_bind(c, fd, P(&in), sizeof(in)), -ENOTSOCK);
    assert_int_equal(sys_listen(c, fd, 1), -ENOTSOCK);
    assert_int_equal(sys_accept(c, fd, GVA(0), GVA(0)), -ENOTSOCK);
    assert_int_equal(sys_shutdown(c, fd, SHUT_RD), -ENOTSOCK);
    assert_int_equal(sys_connect(c, 77, P(&in), sizeof(in)), -EBADF);
    assert_int_equal(sys_connect(c, 77, GVA(1), sizeof(in)), -EFAULT); /* the address is read first */
}

static void connecting(void **state)
{
    struct fbsd_in at, from = {0};
    const int      l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM);
    uint32_t       len = sizeof(from);

    assert_int_equal(sys_getpeername(CALL(state), s, P(&from), P(&len)), -ENOTCONN);
    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), 0);
    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), -EISCONN);

    const int a = (int)sys_accept(CALL(state), l, P(&from), P(&len));

    assert_true(a >= 0);
    assert_int_equal(len, 16);

    const struct fbsd_in mine = fbsd_name(CALL(state), s);

    assert_memory_equal(&from, &mine, sizeof(mine));
    len = 3; /* cut short, and so it says */
    assert_int_equal(sys_getpeername(CALL(state), a, P(&from), P(&len)), 0);
    assert_int_equal(len, 3);
    len = 0x80000000u;
    assert_int_equal(sys_getpeername(CALL(state), a, P(&from), P(&len)), -EINVAL);
    assert_int_equal(sys_shutdown(CALL(state), a, SHUT_RDWR), 0);
}

static void accepting_without_a_place_for_the_name(void **state)
{
    struct fbsd_in at;
    const int      l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM);
    uint32_t       len = 16;

    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), 0);
    assert_int_equal(sys_accept(CALL(state), l, GVA(1), P(&len)), -EFAULT);
    assert_int_equal(sys_accept(CALL(state), l, GVA(1), GVA(1)), -EFAULT);
    assert_int_equal(fd_last(CALL(state)), s);
}

/* kern_accept4: without a number to give the connection waits for better times. */
static void a_full_table_leaves_the_connection_queued(void **state)
{
    struct files  *files = *state;
    struct fbsd_in at;
    const int      l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM);
    const uint64_t was = files->f->own.nofile;

    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), 0);
    files->f->own.nofile = (uint64_t)fd_last(CALL(state)) + 1;
    assert_int_equal(sys_accept(CALL(state), l, GVA(0), GVA(0)), -EMFILE);
    assert_int_equal(sys_accept(CALL(state), s, GVA(0), GVA(0)), -EINVAL);
    fake_fail_scratch(1);
    assert_int_equal(sys_accept(CALL(state), l, GVA(0), GVA(0)), -EINVAL);
    fake_fail_scratch(0);
    files->f->own.nofile = was;
    assert_true(sys_accept(CALL(state), l, GVA(0), GVA(0)) > s);
}

/* accept passes the listener's O_NONBLOCK on, accept4 does not: accept(2). */
static void accept_inherits(void **state)
{
    struct fbsd_in at;
    const int      l = listener(state, &at);
    struct ofile  *of = ofile_of(CALL(state), l);
    struct fdref   ref;

    assert_int_equal(fd_get(CALL(state), l, &ref), 0);
    fcntl(ref.hostfd, F_SETFL, O_NONBLOCK);
    fd_put(CALL(state), &ref);
    of->flags |= O_NONBLOCK;
    sock_bits_set(of, SOCK_NOSIGPIPE, true);
    assert_int_equal(sys_accept(CALL(state), l, GVA(0), GVA(0)), -EAGAIN);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sys_connect(CALL(state), make(state, AF_INET, SOCK_STREAM), P(&at), sizeof(at)), 0);

    const int a = (int)sys_accept(CALL(state), l, GVA(0), GVA(0));
    const int b = (int)sys_accept4(CALL(state), l, GVA(0), GVA(0), SOCK_CLOEXEC);

    assert_int_equal(ofile_of(CALL(state), a)->flags & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(ofile_of(CALL(state), b)->flags & O_NONBLOCK, 0);
    assert_true(sock_bits(ofile_of(CALL(state), a)) & SOCK_NOSIGPIPE);
    assert_int_equal(fd_get_cloexec(CALL(state), a), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), b), 1);
}

static void interrupted(void **state)
{
    struct fbsd_in at;
    const int      l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM);

    fake_interrupt(((struct files *)*state)->f);
    assert_int_equal(sys_accept(CALL(state), l, GVA(0), GVA(0)), -ERESTART);
    fake_fail_host(1, ERESTART);
    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), -EINTR); /* never restarted: connect(2) */
    fake_calm(((struct files *)*state)->f);
}

static void unspec(void **state)
{
    struct fbsd_in at, none = {16, 0, 0, 0, {0}};
    const int l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM), d = make(state, AF_INET, SOCK_DGRAM);
    uint32_t  len = sizeof(at);

    (void)l;
    assert_int_equal(sys_connect(CALL(state), s, P(&none), sizeof(none)), -EAFNOSUPPORT);
    assert_int_equal(sys_connect(CALL(state), s, P(&at), sizeof(at)), 0);
    assert_int_equal(sys_connect(CALL(state), s, P(&none), sizeof(none)), -EISCONN);
    assert_int_equal(sys_getpeername(CALL(state), s, P(&at), P(&len)), 0); /* still connected */
    assert_int_equal(sys_connect(CALL(state), d, P(&at), sizeof(at)), 0);
    assert_int_equal(sys_connect(CALL(state), d, P(&none), sizeof(none)), -EAFNOSUPPORT);
    assert_int_equal(sys_getpeername(CALL(state), d, P(&at), P(&len)), -ENOTCONN);
}

static void local_names(void **state)
{
    struct fbsd_un un = {0, AF_UNIX, "s"}, got;
    uint32_t       len = sizeof(got);
    const int      l = make(state, AF_UNIX, SOCK_STREAM), s = make(state, AF_UNIX, SOCK_STREAM);

    assert_int_equal(sys_listen(CALL(state), l, 5), -EDESTADDRREQ);
    assert_int_equal(sys_connect(CALL(state), s, P(&un), 3), -ENOENT);
    assert_int_equal(sys_bind(CALL(state), l, P(&un), 3), 0); /* no NUL */
    assert_int_equal(sys_bind(CALL(state), s, P(&un), 3), -EADDRINUSE);
    assert_int_equal(sys_listen(CALL(state), l, 5), 0);
    assert_int_equal(sys_connect(CALL(state), s, P(&un), sizeof(un)), 0);
    assert_int_equal(sys_getsockname(CALL(state), l, P(&got), P(&len)), 0);
    assert_int_equal(len, 4);
    assert_string_equal(got.path, "s");
    len = sizeof(got);
    assert_int_equal(sys_accept(CALL(state), l, P(&got), P(&len)), 2);
    assert_int_equal(len, 16); /* nobody named the other end */
    assert_int_equal(got.path[0], 0);
}

static void the_wrong_family(void **state)
{
    struct fbsd_in in = fbsd_loopback(0);
    struct fbsd_un un = {0, AF_UNIX, "s"};
    const int      i = make(state, AF_INET, SOCK_STREAM), u = make(state, AF_UNIX, SOCK_STREAM);

    assert_int_equal(sys_bind(CALL(state), i, P(&un), 3), -EAFNOSUPPORT);
    assert_int_equal(sys_bind(CALL(state), u, P(&in), 16), -EAFNOSUPPORT);
    assert_int_equal(sys_connect(CALL(state), u, P(&in), 16), -EAFNOSUPPORT);
}

static void from_a_directory(void **state)
{
    struct fbsd_un un = {0, AF_UNIX, "inner"}, got = {0};
    struct fbsd_in in = fbsd_loopback(1);
    const int      l = make(state, AF_UNIX, SOCK_STREAM), s = make(state, AF_UNIX, SOCK_STREAM);
    uint32_t       len = sizeof(got);

    assert_int_equal(mkdir("d", 0700), 0);

    const int d = fd_install(CALL(state), &(struct fd_new){.hostfd = open("d", O_RDONLY), .kind = OF_DIR}, 0);
    const int i = make(state, AF_INET, SOCK_STREAM);

    assert_int_equal(sys_bindat(CALL(state), d, l, P(&un), sizeof(un)), 0);
    assert_int_equal(access("d/inner", F_OK), 0);
    assert_int_equal(sys_listen(CALL(state), l, 5), 0);
    assert_int_equal(sys_getsockname(CALL(state), l, P(&got), P(&len)), 0);
    assert_string_equal(got.path, "inner");
    assert_int_equal(sys_connectat(CALL(state), AT_CWD, s, P(&un), sizeof(un)), -ENOENT);
    assert_int_equal(sys_connectat(CALL(state), d, s, P(&un), sizeof(un)), 0);
    assert_int_equal(sys_connectat(CALL(state), d, i, P(&in), 16), -EOPNOTSUPP);
}

static void non_blocking_connect(void **state)
{
    struct fbsd_in at;
    const int      l = listener(state, &at), s = make(state, AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
    const int64_t  r = sys_connect(CALL(state), s, P(&at), sizeof(at));

    (void)l;
    assert_true(r == 0 || r == -EINPROGRESS);
    assert_true(sock_bits(ofile_of(CALL(state), s)) & SOCK_CONNECTED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(making),
        T(no_descriptor_left),
        T(inet6_is_for_itself),
        T(pair),
        T(not_a_socket),
        T(connecting),
        T(accepting_without_a_place_for_the_name),
        T(a_full_table_leaves_the_connection_queued),
        T(a_full_table_leaves_the_connection_queued),
        T(accept_inherits),
        T(interrupted),
        T(unspec),
        T(local_names),
        T(the_wrong_family),
        T(from_a_directory),
        T(non_blocking_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
