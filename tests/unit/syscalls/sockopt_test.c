/*
 * Socket options: every row of the table against the host, lengths, values of each kind.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include "syscalls/socket.h"
#include "syscalls/sockopt.h"
#include "tests/unit/syscalls/fake_sock.h"

static int64_t set(void **state, int fd, int level, int name, const void *val, uint32_t len)
{
    struct call *c = CALL(state);

    c->raw[1] = (uint64_t)level;
    return sys_setsockopt(c, fd, level, name, P(val), len);
}

static int64_t set_int(void **state, int fd, int level, int name, int v)
{
    return set(state, fd, level, name, &v, sizeof(v));
}

static int64_t get(void **state, int fd, int level, int name, void *val, uint32_t *len)
{
    struct call *c = CALL(state);

    c->raw[1] = (uint64_t)level;
    return sys_getsockopt(c, fd, level, name, P(val), P(len));
}

static int get_int(void **state, int fd, int level, int name)
{
    int      v = -12345;
    uint32_t len = sizeof(v);

    assert_int_equal(get(state, fd, level, name, &v, &len), 0);
    assert_int_equal(len, sizeof(v));
    return v;
}

static int make(void **state, int domain, int type)
{
    const int fd = (int)sys_socket(CALL(state), domain, (uint64_t)type, 0);

    assert_true(fd >= 0);
    return fd;
}

static void no_row_twice(void **state)
{
    const struct sock_abi *a = &freebsd_sock;

    (void)state;
    for (unsigned i = 0; i < a->nopts; i++) {
        assert_ptr_equal(sockopt_find(a, a->opts[i].level, a->opts[i].opt, a->opts[i].local), &a->opts[i]);
        for (unsigned j = 0; j < i; j++)
            assert_false(a->opts[i].level == a->opts[j].level && a->opts[i].opt == a->opts[j].opt &&
                         a->opts[i].local == a->opts[j].local);
    }
}

static int socket_for(void **state, const struct sockopt *o)
{
    const int domain = o->local ? AF_UNIX : o->level == IPPROTO_IPV6 || o->level == IPPROTO_ICMPV6 ? AF_INET6 : AF_INET;

    return make(state, domain, o->level == IPPROTO_TCP || o->local ? SOCK_STREAM : SOCK_DGRAM);
}

/* A wrong host number or length in the table would show as ENOPROTOOPT or EINVAL. */
static void every_int_reads_back(void **state)
{
    for (unsigned i = 0; i < freebsd_sock.nopts; i++) {
        const struct sockopt *o = &freebsd_sock.opts[i];
        uint8_t               buf[256];
        uint32_t              len = sizeof(int);
        const int             fd = socket_for(state, o);

        if (o->kind == OPT_INT || o->kind == OPT_BIT || o->kind == OPT_BUFSIZE || o->kind == OPT_BYTE_OR_INT ||
            o->kind == OPT_IGNORED || o->kind == OPT_DONTFRAG || o->kind == OPT_SECONDS_MS)
            if (get(state, fd, o->level, o->opt, buf, &len) != 0 ||
                len != sizeof(int)) /* raw sockets alone have these */
                assert_true(!strcmp(o->name, "IP_HDRINCL") || !strcmp(o->name, "IPV6_CHECKSUM"));
        assert_int_equal(fd_close(CALL(state), fd), 0);
    }
}

static void bits_read_as_their_own_number(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);

    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 4), 0);
    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 4, 1), 0);
    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 4), 4);
    assert_int_equal(set_int(state, fd, IPPROTO_TCP, 1, 1), 0);
    assert_int_equal(get_int(state, fd, IPPROTO_TCP, 1), 1);
    assert_int_equal(set_int(state, fd, IPPROTO_TCP, 4, 1), 0);
    assert_int_equal(get_int(state, fd, IPPROTO_TCP, 4), 4);
    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 0x1008), SOCK_STREAM);
    assert_int_equal(get_int(state, make(state, AF_INET6, SOCK_STREAM), FBSD_SOL_SOCKET, 0x1019), FBSD_AF_INET6);
}

static void buffers_are_not_doubled(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);

    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x1001, 50000), 0);
    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 0x1001), 50000);
    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x1001, 0), -EINVAL);
}

static void structures(void **state)
{
    const int      fd = make(state, AF_INET, SOCK_STREAM);
    struct linger  l = {1, 7};
    struct timeval tv = {1, 500000}, bad = {0, 1000000};
    uint32_t       len = sizeof(l);

    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 0x80, &l, sizeof(l)), 0);
    assert_int_equal(get(state, fd, FBSD_SOL_SOCKET, 0x80, &l, &len), 0);
    assert_int_equal(l.l_onoff, 0x80);
    assert_int_equal(l.l_linger, 7);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 0x80, &l, 7), -EINVAL);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 0x1006, &bad, sizeof(bad)), -EDOM);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 0x1006, &tv, sizeof(tv)), 0);
    memset(&tv, 0, sizeof(tv));
    len = sizeof(tv);
    assert_int_equal(get(state, fd, FBSD_SOL_SOCKET, 0x1006, &tv, &len), 0);
    assert_int_equal(tv.tv_sec, 1);
    assert_int_equal(tv.tv_usec, 500000);
}

static void errors_are_the_guests(void **state)
{
    const int       fd = make(state, AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
    struct fbsd_in  in = fbsd_loopback(1);
    struct timespec tick = {0, 20000000};

    if (sys_connect(CALL(state), fd, P(&in), sizeof(in)) == -EINPROGRESS) {
        nanosleep(&tick, NULL);
        assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 0x1007), 61); /* ECONNREFUSED */
    }
    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 0x1007), 0);
}

static void one_byte_or_four(void **state)
{
    const int fd = make(state, AF_INET, SOCK_DGRAM);
    uint8_t   ttl = 9;
    uint32_t  len = 1;

    assert_int_equal(set(state, fd, IPPROTO_IP, 10, &ttl, 1), 0);
    assert_int_equal(get_int(state, fd, IPPROTO_IP, 10), 9);
    ttl = 0;
    assert_int_equal(get(state, fd, IPPROTO_IP, 10, &ttl, &len), 0);
    assert_int_equal(len, 1);
    assert_int_equal(ttl, 9);
    assert_int_equal(set(state, fd, IPPROTO_IP, 10, &ttl, 3), -EINVAL);
}

static void ours_alone(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);

    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x800, 1), 0);
    assert_int_equal(get_int(state, fd, FBSD_SOL_SOCKET, 0x800), 0x800);
    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x1014, 0), 0);
    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x1014, 1), -EINVAL);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 0x1000, "httpready", 256), -ENOENT);
    assert_int_equal(set_int(state, fd, IPPROTO_IP, 19, 1), 0);
}

static void unknown_ones(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM), u = make(state, AF_UNIX, SOCK_STREAM);

    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x7777, 1), -ENOPROTOOPT);
    assert_int_equal(set_int(state, fd, 1, 2, 1), -ENOPROTOOPT); /* SOL_SOCKET is the host's number, not the guest's */
    assert_int_equal(set_int(state, u, IPPROTO_IP, 3, 1), 0);    /* LOCAL_CREDS_PERSISTENT, not IP_TOS */
    assert_int_equal(set_int(state, u, IPPROTO_IP, 3, 0), 0);
    assert_int_equal(set_int(state, u, IPPROTO_TCP, 1, 1), -ENOPROTOOPT);
    assert_int_equal(set_int(state, fd, FBSD_SOL_SOCKET, 0x1008, 1), -ENOPROTOOPT);
}

static void lengths_that_lie(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);
    int       v[2] = {0, 99};
    uint32_t  len = 2;

    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 4, v, 3), -EINVAL);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 4, v, 0x80000000u), -EINVAL);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 4, NULL, 4), -EFAULT);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 4, (void *)1, 4), -EFAULT);
    assert_int_equal(set(state, fd, FBSD_SOL_SOCKET, 4, v, 8), 0);
    assert_int_equal(get(state, fd, FBSD_SOL_SOCKET, 0x1008, v, &len), 0); /* half of it */
    assert_int_equal(len, 2);
    len = 4000000;
    assert_int_equal(get(state, fd, FBSD_SOL_SOCKET, 0x1008, v, &len), 0);
    assert_int_equal(len, 4);
    assert_int_equal(v[1], 99);
    len = 0x80000000u;
    assert_int_equal(get(state, fd, FBSD_SOL_SOCKET, 0x1008, v, &len), -EINVAL);
}

static void peer_credentials(void **state)
{
    int      fds[2];
    uint32_t cred[22], len = sizeof(cred);

    assert_int_equal(sys_socketpair(CALL(state), AF_UNIX, SOCK_STREAM, 0, P(fds)), 0);
    assert_int_equal(get(state, fds[0], 0, 1, cred, &len), 0);
    assert_int_equal(len, 88);
    assert_int_equal(cred[0], 0);
    assert_int_equal(cred[1], geteuid());
    assert_in_range(cred[2] & 0xffff, 1, 16);
    assert_int_equal(cred[3], getegid());
    assert_int_equal(cred[20], getpid());
    len = sizeof(cred);
    assert_int_equal(get(state, make(state, AF_UNIX, SOCK_STREAM), 0, 1, cred, &len), -ENOTCONN);
}

static void congestion_by_its_other_name(void **state)
{
    const int fd = make(state, AF_INET, SOCK_STREAM);
    char      name[16] = "";
    uint32_t  len = sizeof(name);

    if (set(state, fd, IPPROTO_TCP, 64, "newreno", 7))
        skip();
    assert_int_equal(get(state, fd, IPPROTO_TCP, 64, name, &len), 0);
    assert_string_equal(name, "newreno");
}

static void multicast_groups(void **state)
{
    const int fd = make(state, AF_INET, SOCK_DGRAM);
    struct {
        uint32_t       interface, pad;
        struct fbsd_in group;
        uint8_t        room[112];
    } req = {.interface = 1, .group = {16, AF_INET, 0, htonl(0xe0000177), {0}}};

    assert_int_equal(set(state, fd, IPPROTO_IP, 80, &req, 100), -EINVAL);
    assert_int_equal(set(state, fd, IPPROTO_IP, 80, &req, sizeof(req)), 0);
    assert_int_equal(set(state, fd, IPPROTO_IP, 80, &req, sizeof(req)), -EADDRINUSE);
    req.group.len = 200;
    assert_int_equal(set(state, fd, IPPROTO_IP, 81, &req, sizeof(req)), -EINVAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_row_twice),
        T(every_int_reads_back),
        T(bits_read_as_their_own_number),
        T(buffers_are_not_doubled),
        T(structures),
        T(errors_are_the_guests),
        T(one_byte_or_four),
        T(ours_alone),
        T(unknown_ones),
        T(lengths_that_lie),
        T(peer_credentials),
        T(congestion_by_its_other_name),
        T(multicast_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
