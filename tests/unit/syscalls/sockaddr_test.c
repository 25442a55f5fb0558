/*
 * Socket addresses in both directions, with lengths that lie.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/un.h>

#include "syscalls/sockaddr.h"
#include "syscalls/sockname.h"
#include "tests/unit/syscalls/fake_sock.h"

static const struct sock_abi *const A = &freebsd_sock;

static int to_host(const void *guest, uint32_t len, struct sockaddr_storage *out, uint32_t *n)
{
    return sockaddr_to_host(A, guest, len, out, n);
}

static void inet_both_ways(void **state)
{
    struct fbsd_in          in = fbsd_loopback(80);
    struct sockaddr_storage sa;
    struct sockaddr_in     *h = (struct sockaddr_in *)&sa;
    uint8_t                 back[256];
    uint32_t                n;

    (void)state;
    in.len = 77; /* the kernel takes the argument's length, not this one */
    assert_int_equal(to_host(&in, sizeof(in), &sa, &n), 0);
    assert_int_equal(n, sizeof(*h));
    assert_int_equal(h->sin_family, AF_INET);
    assert_int_equal(h->sin_port, htons(80));
    assert_int_equal(h->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    in.len = 16;
    assert_int_equal(sockaddr_to_guest(A, &sa, n, back), sizeof(in));
    assert_memory_equal(back, &in, sizeof(in));
}

static void inet6_keeps_its_scope(void **state)
{
    struct fbsd_in6         in6 = {28, FBSD_AF_INET6, htons(53), 0, {0xfe, 0x80, [15] = 1}, 3};
    struct sockaddr_storage sa;
    struct sockaddr_in6    *h = (struct sockaddr_in6 *)&sa;
    uint8_t                 back[256];
    uint32_t                n;

    (void)state;
    assert_int_equal(to_host(&in6, 28, &sa, &n), 0);
    assert_int_equal(h->sin6_family, AF_INET6);
    assert_int_equal(h->sin6_scope_id, 3);
    assert_int_equal(sockaddr_to_guest(A, &sa, n, back), 28);
    assert_memory_equal(back, &in6, 28);
}

static void wrong_lengths_are_refused(void **state)
{
    const struct fbsd_in    in = fbsd_loopback(1);
    const uint8_t           un[256] = {0, AF_UNIX, 'x'};
    struct sockaddr_storage sa;
    uint32_t                n;

    (void)state;
    for (uint32_t len = 0; len <= 15; len++)
        assert_int_equal(to_host(&in, len, &sa, &n), -EINVAL);
    assert_int_equal(to_host(un, 2, &sa, &n), -EINVAL);
    for (uint32_t len = 107; len < 256; len++)
        assert_int_equal(to_host(un, len, &sa, &n), -EINVAL);
}

static void families_without_a_host_family(void **state)
{
    struct sockaddr_storage sa;
    uint32_t                n;

    (void)state;
    for (unsigned family = 0; family < 256; family++) {
        const uint8_t guest[16] = {16, (uint8_t)family, 1};
        const int     err = to_host(guest, sizeof(guest), &sa, &n);

        if (family == AF_INET || family == AF_UNIX || !family)
            assert_int_equal(err, 0);
        else
            assert_int_equal(err, family == FBSD_AF_INET6 ? -EINVAL : -EAFNOSUPPORT);
    }
}

static void a_path_may_lack_its_nul(void **state)
{
    struct fbsd_un          un = {106, AF_UNIX, ""};
    struct sockaddr_storage sa;
    struct sockaddr_un     *h = (struct sockaddr_un *)&sa;
    uint8_t                 back[256];
    uint32_t                n;

    (void)state;
    memset(un.path, 'a', sizeof(un.path));
    assert_int_equal(to_host(&un, sizeof(un), &sa, &n), 0);
    assert_int_equal(strlen(h->sun_path), 104);
    assert_int_equal(sockaddr_to_guest(A, &sa, n, back), 106);
    assert_memory_equal(back, &un, 106);
    assert_int_equal(to_host(&un, 5, &sa, &n), 0);
    assert_string_equal(h->sun_path, "aaa");
    assert_int_equal(sockaddr_to_guest(A, &sa, n, back), 6); /* with the NUL */
    assert_int_equal(back[0], 6);
}

static void no_abstract_names(void **state)
{
    const uint8_t            guest[] = {0, AF_UNIX, 0, 'x'};
    const struct sockaddr_un abstract = {AF_UNIX, "\0hidden"};
    struct sockaddr_storage  sa = {0};
    uint8_t                  back[256];
    uint32_t                 n;

    (void)state;
    assert_int_equal(to_host(guest, sizeof(guest), &sa, &n), -ENOENT);
    memcpy(&sa, &abstract, sizeof(abstract));
    assert_int_equal(sockaddr_to_guest(A, &sa, 9, back), 16);
    assert_int_equal(back[0], 16);
    assert_int_equal(back[1], AF_UNIX);
    assert_int_equal(back[2], 0);
    assert_int_equal(sockaddr_to_guest(A, &sa, 2, back), 16);
    assert_int_equal(sockaddr_to_guest(A, &sa, 1, back), 0);
    assert_int_equal(sockaddr_to_guest(A, &sa, 0, back), 0);
}

static void host_names_are_told_as_the_guests(void **state)
{
    const struct sockaddr_un un = {AF_UNIX, "/proc/self/fd/9/s"};
    struct sockaddr_storage  sa = {0};
    uint8_t                  back[256];

    (void)state;
    memcpy(&sa, &un, sizeof(un));
    sockname_add(un.sun_path, "/tmp/s");
    assert_int_equal(sockaddr_to_guest(A, &sa, sizeof(un), back), 9);
    assert_string_equal((char *)back + 2, "/tmp/s");
    sockname_add(un.sun_path, "/b");
    assert_int_equal(sockaddr_to_guest(A, &sa, sizeof(un), back), 5);
}

static void copying_in(void **state)
{
    struct call        *c = CALL(state);
    struct fbsd_in      in = fbsd_loopback(7);
    struct sockaddr_arg a;

    assert_int_equal(sockaddr_get(c, P(&in), 16, &a), 0);
    assert_int_equal(a.len, 16);
    assert_int_equal(a.family, AF_INET);
    assert_int_equal(sockaddr_get(c, P(&in), 256, &a), -ENAMETOOLONG);
    assert_int_equal(sockaddr_get(c, P(&in), 0x80000000u, &a), -EINVAL);
    assert_int_equal(sockaddr_get(c, P(&in), 1, &a), -EINVAL);
    assert_int_equal(sockaddr_get(c, GVA(1), 16, &a), -EFAULT);
    fake_fail_scratch(1);
    assert_int_equal(sockaddr_get(c, P(&in), 16, &a), -ENOMEM);
}

static void copying_out_cuts(void **state)
{
    struct call            *c = CALL(state);
    struct sockaddr_storage sa = {0};
    struct sockaddr_in      in = {.sin_family = AF_INET, .sin_port = htons(9)};
    uint8_t                 buf[8] = {[4] = 0xee};
    uint32_t                room = 4;

    memcpy(&sa, &in, sizeof(in));
    assert_int_equal(sockaddr_copy_out(c, &sa, sizeof(in), P(buf), &room), 0);
    assert_int_equal(room, 4);
    assert_int_equal(buf[0], 16);
    assert_int_equal(buf[4], 0xee);
    room = 100;
    assert_int_equal(sockaddr_copy_out(c, &sa, 0, GVA(1), &room), 0);
    assert_int_equal(room, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inet_both_ways),
        cmocka_unit_test(inet6_keeps_its_scope),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(families_without_a_host_family),
        cmocka_unit_test(a_path_may_lack_its_nul),
        cmocka_unit_test(no_abstract_names),
        cmocka_unit_test(host_names_are_told_as_the_guests),
        cmocka_unit_test_setup_teardown(copying_in, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(copying_out_cuts, files_setup, files_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
