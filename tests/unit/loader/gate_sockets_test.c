/* Sockets, poll and select in the gate: what they serve, and what they leave to the provider untouched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/gate/poll.c"
#include "loader/gate/socket.c"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "tests/unit/syscalls/fake_sock.h"

static bool the_hosts = true; /* what the descriptor table says in rows.c */

bool gate_fd_is_the_hosts(struct call *c, int fd)
{
    (void)c;
    (void)fd;
    return the_hosts;
}

static int pair[2]; /* of local sockets */

static int setup(void **state)
{
    if (files_setup(state))
        return -1;
    the_hosts = true;
    return (int)sys_socketpair(CALL(state), AF_UNIX, SOCK_STREAM, 0, P(pair));
}

static int teardown(void **state)
{
    sys_close(CALL(state), pair[0]);
    sys_close(CALL(state), pair[1]);
    return files_teardown(state);
}

static struct ofile *ofile_of(void **state, int fd)
{
    struct fdref  ref;
    struct ofile *of;

    assert_int_equal(fd_get(CALL(state), fd, &ref), 0);
    of = ref.of;
    fd_put(CALL(state), &ref);
    return of;
}

static void data_goes_through(void **state)
{
    char         got[8] = {0};
    struct call *c = CALL(state);

    c->raw[5] = 0;
    assert_int_equal(gate_sendto(c, pair[0], P("abc"), 3, 0, GVA(0)), 3);
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, MSG_PEEK, GVA(0)), 3);
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, MSG_DONTWAIT, GVA(0)), 3);
    assert_string_equal(got, "abc");
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, MSG_DONTWAIT, GVA(0)), -EAGAIN);
    assert_int_equal(gate_sendto(c, pair[0], GVA(8), 3, 0, GVA(0)), -EFAULT);
    assert_int_equal(gate_shutdown(c, pair[0], SHUT_WR), 0);
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, 0, GVA(0)), 0);
    assert_int_equal(gate_shutdown(c, 99, SHUT_WR), -EBADF);
}

static void other_ways_are_left(void **state)
{
    char         got[8];
    struct call *c = CALL(state);

    c->raw[5] = 0;
    assert_int_equal(gate_sendto(c, pair[0], P("abc"), 3, 0, P(got)), -GATE_PUNT);
    assert_int_equal(gate_sendto(c, pair[0], P("abc"), 3, D_MSG_EOF, GVA(0)), -GATE_PUNT);
    assert_int_equal(gate_sendto(c, pair[0], P("abc"), 1ull << 63, 0, GVA(0)), -GATE_PUNT);
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, 0, P(got)), -GATE_PUNT);
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, MSG_WAITALL, GVA(0)), -GATE_PUNT);
    c->raw[5] = 8; /* a length without an address is read */
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, 0, GVA(0)), -GATE_PUNT);
    c->raw[5] = 0;
    assert_int_equal(gate_recvfrom(c, pair[1], P(got), 8, MSG_DONTWAIT, GVA(0)), -EAGAIN); /* nothing was sent */
    sock_bits_set(ofile_of(state, pair[0]), SOCK_NOSIGPIPE, true);
    assert_int_equal(gate_sendto(c, pair[0], P("abc"), 3, 0, GVA(0)), -GATE_PUNT);
}

static void only_sockets(void **state)
{
    const int fd = (int)sys_open(CALL(state), P("f"), O_RDWR | O_CREAT, 0600);

    assert_int_equal(gate_sendto(CALL(state), fd, P("a"), 1, 0, GVA(0)), -ENOTSOCK);
    assert_int_equal(gate_recvfrom(CALL(state), fd, P("a"), 1, 0, GVA(0)), -ENOTSOCK);
    assert_int_equal(gate_shutdown(CALL(state), fd, SHUT_RD), -ENOTSOCK);
    sys_close(CALL(state), fd);
}

static void messages(void **state)
{
    char               a[3] = "ab", b[3] = "cd", got[5] = {0};
    struct iovec       out[2] = {{a, 2}, {b, 2}}, in = {got, 4};
    struct fbsd_msghdr o = {.iov = out, .iovlen = 2}, i = {.iov = &in, .iovlen = 1, .flags = 77};
    struct call       *c = CALL(state);
    struct ofile      *to;

    assert_int_equal(gate_sendmsg(c, pair[0], P(&o), 0), 4);
    to = ofile_of(state, pair[1]);
    assert_int_equal(gate_recvmsg(c, pair[1], P(&i), 0), -GATE_PUNT); /* descriptors may come along */
    to->domain = AF_INET;
    c = CALL(state);
    assert_int_equal(gate_recvmsg(c, pair[1], P(&i), MSG_PEEK), 4);
    to->domain = AF_UNIX;
    assert_string_equal(got, "abcd");
    assert_int_equal(i.flags, 2); /* MSG_PEEK there */
    o.control = a;
    assert_int_equal(gate_sendmsg(CALL(state), pair[0], P(&o), 0), -GATE_PUNT);
    o.control = NULL;
    o.name = a;
    assert_int_equal(gate_sendmsg(CALL(state), pair[0], P(&o), 0), -GATE_PUNT);
    o.name = NULL;
    o.iovlen = PARTS_MAX + 1;
    assert_int_equal(gate_sendmsg(CALL(state), pair[0], P(&o), 0), -GATE_PUNT);
    assert_int_equal(gate_sendmsg(CALL(state), pair[0], GVA(8), 0), -EFAULT);
}

static void polls(void **state)
{
    struct pollfd p[3] = {{pair[0], 1 | 4, -1}, {-1, 1, -1}, {pair[1], 1, -1}};

    assert_int_equal(gate_poll(CALL(state), P(p), 3, 0), 1);
    assert_int_equal(p[0].revents, 4);
    assert_int_equal(p[1].revents | p[2].revents, 0);
    sys_write(CALL(state), pair[0], P("x"), 1);
    assert_int_equal(gate_poll(CALL(state), P(p), 3, -1), 2);
    assert_int_equal(p[2].revents, 1);
    sys_close(CALL(state), pair[0]);
    p[2].events = 1 | 4 | 0x100 /* POLLWRBAND */;
    assert_int_equal(gate_poll(CALL(state), P(&p[2]), 1, 100), 1);
    assert_int_equal(p[2].revents & (POLLIN | POLLHUP | POLLOUT), POLLIN | POLLHUP); /* never writable and hung up */
    pair[0] = (int)fd_dup(CALL(state), pair[1], 0, 0);
    assert_int_equal(gate_poll(CALL(state), GVA(0), 0, 1), 0);
}

static void polls_only_what_is_the_hosts(void **state)
{
    struct pollfd   p[ASKED_MAX + 1] = {{pair[0], 4, 0}, {77, 1, 0}};
    struct timespec bad = {0, 1000000000}, now = {0, 0};

    assert_int_equal(gate_poll(CALL(state), P(p), 2, 0), -GATE_PUNT); /* not open */
    assert_int_equal(gate_poll(CALL(state), P(p), ASKED_MAX + 1, 0), -GATE_PUNT);
    assert_int_equal(gate_poll(CALL(state), P(p), 1, -2), -GATE_PUNT);
    assert_int_equal(gate_poll(CALL(state), GVA(8), 1, 0), -GATE_PUNT);
    assert_int_equal(gate_ppoll(CALL(state), P(p), 1, P(&bad), GVA(0)), -GATE_PUNT);
    assert_int_equal(gate_ppoll(CALL(state), P(p), 1, P(&now), P(p)), -GATE_PUNT);
    assert_int_equal(gate_ppoll(CALL(state), P(p), 1, P(&now), GVA(0)), 1);
    assert_int_equal(gate_ppoll(CALL(state), P(p), 1, GVA(0), GVA(0)), 1);
    the_hosts = false;
    assert_int_equal(gate_poll(CALL(state), P(p), 1, 0), -GATE_PUNT);
    fake_fail_scratch(1);
    assert_int_equal(gate_poll(CALL(state), P(p), 1, 0), -GATE_PUNT);
    fake_fail_scratch(0);
}

static void a_wait_is_counted(void **state)
{
    struct pollfd p = {pair[0], 1, 0};
    struct call  *c = CALL(state);

    c->left_ns = 0;
    fake_interrupt(((struct files *)*state)->f);
    assert_int_equal(gate_poll(c, P(&p), 1, 60000), -ERESTART);
    fake_calm(((struct files *)*state)->f);
    assert_true(c->left_ns > 59 * SECOND && c->left_ns <= 60 * SECOND + 1);
    c->left_ns = 0;
}

static void selects(void **state)
{
    uint64_t       in[2] = {0}, out[2] = {0};
    struct timeval now = {0, 0}, bad = {0, 1000000};
    const uint64_t both = 1ull << pair[0] | 1ull << pair[1];

    sys_write(CALL(state), pair[0], P("x"), 1);
    in[0] = out[0] = both;
    in[1] = ~0ull; /* beyond what is asked for */
    assert_int_equal(gate_select(CALL(state), 40, P(in), P(out), GVA(0), P(&now)), 3);
    assert_int_equal(in[0], 1ull << pair[1]);
    assert_int_equal(out[0], both);
    assert_int_equal(in[1], ~0ull);
    assert_int_equal(gate_select(CALL(state), 40, P(in), GVA(0), GVA(0), GVA(0)), 1);
    in[0] = 1ull << 39;
    assert_int_equal(gate_select(CALL(state), 40, P(in), GVA(0), GVA(0), P(&now)), -GATE_PUNT); /* not open */
    assert_int_equal(in[0], 1ull << 39);
    assert_int_equal(gate_select(CALL(state), 39, P(in), GVA(0), GVA(0), P(&now)), 0);
    assert_int_equal(gate_select(CALL(state), -1, P(in), GVA(0), GVA(0), P(&now)), -GATE_PUNT);
    assert_int_equal(gate_select(CALL(state), 1025, P(in), GVA(0), GVA(0), P(&now)), -GATE_PUNT);
    assert_int_equal(gate_select(CALL(state), 1, P(in), GVA(0), GVA(0), P(&bad)), -GATE_PUNT);
    assert_int_equal(gate_select(CALL(state), 1, GVA(8), GVA(0), GVA(0), P(&now)), -GATE_PUNT);
    assert_int_equal(gate_select(CALL(state), 0, GVA(0), GVA(0), GVA(0), P(&now)), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(data_goes_through),
        TEST(other_ways_are_left),
        TEST(only_sockets),
        TEST(messages),
        TEST(polls),
        TEST(polls_only_what_is_the_hosts),
        TEST(a_wait_is_counted),
        TEST(selects),
    };

    return cmocka_run_group_tests_name("loader/gate sockets and poll", tests, NULL, NULL);
}
