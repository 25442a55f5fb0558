/*
 * Control messages: walking what a guest says, writing what it gets, converting the data.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "syscalls/msg_control.h"
#include "tests/unit/syscalls/fake_sock.h"

static const struct sock_abi *const A = &freebsd_sock;

static void two_messages(void **state)
{
    struct fbsd_cmsg   buf[2] = {{20, 0xffff, 1, 0, {5}}, {0}};
    struct fbsd_cmsg  *second = (struct fbsd_cmsg *)((char *)buf + 24);
    struct control_msg m;
    size_t             at = 0;
    bool               bad;

    (void)state;
    second->len = 17;
    second->type = 3;
    assert_true(control_next_guest(A, (uint8_t *)buf, 24 + 17, &at, &m, &bad));
    assert_int_equal(m.level, 0xffff);
    assert_int_equal(m.type, 1);
    assert_int_equal(m.len, 4);
    assert_int_equal(m.data[0], 5);
    assert_true(control_next_guest(A, (uint8_t *)buf, 24 + 17, &at, &m, &bad));
    assert_int_equal(m.type, 3);
    assert_int_equal(m.len, 1);
    assert_false(control_next_guest(A, (uint8_t *)buf, 24 + 17, &at, &m, &bad));
    assert_false(bad);
}

static void hostile_lengths(void **state)
{
    static const uint32_t lens[] = {0, 1, 11, 12, 15, 49, 1000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
    struct fbsd_cmsg      buf = {0, 0xffff, 1, 0, {0}};
    struct control_msg    m;

    (void)state;
    for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        size_t at = 0;
        bool   bad = false;

        buf.len = lens[i];
        assert_false(control_next_guest(A, (uint8_t *)&buf, 48, &at, &m, &bad));
        assert_true(bad);
    }
    buf.len = 16;
    for (size_t n = 1; n < 16; n++) {
        size_t   at = 0;
        bool     bad = false;
        uint8_t *tight = malloc(n); /* a sanitizer sees a read past it */

        memcpy(tight, &buf, n);
        assert_false(control_next_guest(A, tight, n, &at, &m, &bad));
        assert_true(bad);
        free(tight);
    }
}

/* All of a message or nothing. */
static void short_room(void **state)
{
    for (size_t room = 0; room < 60; room++) {
        uint8_t           *p = malloc(room + 1);
        struct control_out out = {.p = p, .room = room};
        const int          fds[2] = {7, 8};

        (void)state;
        p[room] = 0xaa;
        assert_int_equal(control_put_guest(A, &out, 0xffff, 1, fds, sizeof(fds)), room >= 24);
        assert_int_equal(control_put_guest(A, &out, 0xffff, 2, fds, 1), room >= 48);
        assert_int_equal(out.used, room < 24 ? 0 : room < 48 ? 24 : 48);
        assert_int_equal(out.truncated, room < 48);
        assert_int_equal(p[room], 0xaa);
        if (room >= 24) {
            struct fbsd_cmsg m;

            memcpy(&m, p, 24);
            assert_int_equal(m.len, 24);
            assert_int_equal(m.level, 0xffff);
            assert_int_equal(m.type, 1);
            assert_int_equal(m.data[1], 8);
        }
        free(p);
    }
}

static void the_hosts_form(void **state)
{
    uint8_t            buf[64];
    struct control_out out = {.p = buf, .room = sizeof(buf)};
    struct control_msg m;
    size_t             at = 0;
    const int          one = 1;

    (void)state;
    assert_true(control_put_host(&out, 41, 2, &one, 4));
    assert_true(control_put_host(&out, 1, 3, &one, 0));
    assert_false(control_put_host(&out, 1, 3, buf, 60));
    assert_true(control_next_host(buf, out.used, &at, &m));
    assert_int_equal(m.level, 41);
    assert_int_equal(m.len, 4);
    assert_true(control_next_host(buf, out.used, &at, &m));
    assert_int_equal(m.len, 0);
    assert_false(control_next_host(buf, out.used, &at, &m));
    buf[0] = 3; /* the guest scribbled on it */
    at = 0;
    assert_false(control_next_host(buf, out.used, &at, &m));
    memset(buf, 0xff, 8);
    at = 0;
    assert_false(control_next_host(buf, out.used, &at, &m));
}

static int64_t to_guest(int level, int type, const void *data, size_t len, uint8_t out[512])
{
    const struct control_msg m = {level, type, data, len};
    const struct sockcmsg   *row = control_row_host(A, level, type, NULL);

    assert_non_null(row);
    return control_data_to_guest(A, row, &m, out);
}

static void data_to_the_guest(void **state)
{
    const struct timespec    half = {3, 500000000};
    const int                ttl = 64;
    const struct in_pktinfo  info = {2, {1}, {htonl(0x7f000001)}};
    const struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 1};
    uint8_t                  out[512];
    uint64_t                 bin[2];

    (void)state;
    assert_int_equal(to_guest(SOL_SOCKET, SCM_TIMESTAMPNS, &half, sizeof(half), out), 16);
    memcpy(bin, out, sizeof(bin));
    assert_int_equal(bin[0], 3);
    assert_int_equal(bin[1], 1ull << 63);
    assert_int_equal(to_guest(SOL_SOCKET, SCM_TIMESTAMPNS, &half, 15, out), -EINVAL);
    assert_int_equal(to_guest(IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl), out), 1);
    assert_int_equal(out[0], 64);
    assert_int_equal(to_guest(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), out), 4);
    assert_memory_equal(out, &info.ipi_addr, 4);
    assert_int_equal(to_guest(IPPROTO_IP, IP_ORIGDSTADDR, &in, sizeof(in), out), 16);
    assert_int_equal(out[0], 16);
    assert_int_equal(to_guest(IPPROTO_IP, IP_ORIGDSTADDR, &in, 1, out), -EINVAL);
    assert_int_equal(control_data_to_guest(
                         A,
                         control_row_host(A, IPPROTO_IP, IP_PKTINFO, control_row_host(A, IPPROTO_IP, IP_PKTINFO, NULL)),
                         &(const struct control_msg){0, 0, (const uint8_t *)&info, sizeof(info)}, out),
                     8);
    assert_int_equal(out[1], 18);
    assert_int_equal(out[2], 2);
}

static void data_to_the_host(void **state)
{
    const uint32_t     addr = htonl(0x7f000001);
    struct control_msg m = {IPPROTO_IP, 7, (const uint8_t *)&addr, 4};
    uint8_t            out[512];
    struct in_pktinfo  info;

    (void)state;
    assert_int_equal(control_data_to_host(control_row_guest(A, IPPROTO_IP, 7), &m, out), sizeof(info));
    memcpy(&info, out, sizeof(info));
    assert_int_equal(info.ipi_spec_dst.s_addr, addr);
    m.len = 3;
    assert_int_equal(control_data_to_host(control_row_guest(A, IPPROTO_IP, 7), &m, out), -EINVAL);
    m.len = 2;
    assert_int_equal(control_data_to_host(control_row_guest(A, IPPROTO_IP, 3), &m, out), -EINVAL);
    assert_null(control_row_guest(A, 0xffff, 2)); /* a timestamp is not sent */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_messages),   cmocka_unit_test(hostile_lengths),   cmocka_unit_test(short_room),
        cmocka_unit_test(the_hosts_form), cmocka_unit_test(data_to_the_guest), cmocka_unit_test(data_to_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
