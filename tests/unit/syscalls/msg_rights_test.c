/* syscalls/msg_rights.c: the limits of a descriptor go along with it.  What else travels is tested in msg_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "syscalls/msg_rights.h"
#include "tests/unit/syscalls/fake_sock.h"

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

static int limited(void **state)
{
    const uint64_t cmds[] = {21, 22};
    const int      fd = open_null(state);
    struct fdlimit l = {D_CAP_READ | D_CAP_IOCTL, D_CAP_FCNTL_GETFL, 0};

    assert_true(fdlimit_list_new_locked(FDS(state), cmds, 2, &l.ioctls));
    fdlimit_set_locked(FDS(state), (uint32_t)fd, FDS(state)->slots[fd], &l);
    return fd;
}

static bool has_limits(void **state, int fd)
{
    const struct fdlimit *l = &FDS(state)->limits[fd];
    const uint64_t       *cmds;

    return FDS(state)->slots[fd] & SLOT_LIMITED && l->rights == (D_CAP_READ | D_CAP_IOCTL) &&
           l->fcntls == D_CAP_FCNTL_GETFL && fdlimit_list(FDS(state), l, &cmds) == 2 && cmds[1] == 22;
}

static int64_t send_one(void **state, int s, int fd)
{
    struct iovec       v = {(char[]){"x"}, 1};
    struct fbsd_cmsg   m = {20, FBSD_SOL_SOCKET, SCM_RIGHTS, 0, {fd}};
    struct fbsd_msghdr h = {.iov = &v, .iovlen = 1, .control = &m, .controllen = 20};

    return sys_sendmsg(CALL(state), s, P(&h), 0);
}

/* The descriptor that came, or -errno. */
static int64_t receive_one(void **state, int s, uint64_t flags)
{
    char               b[8];
    struct iovec       v = {b, sizeof(b)};
    struct fbsd_cmsg   m = {0};
    struct fbsd_msghdr h = {.iov = &v, .iovlen = 1, .control = &m, .controllen = sizeof(m)};
    const int64_t      r = sys_recvmsg(CALL(state), s, P(&h), flags);

    return r < 0 ? r : m.data[0];
}

static void pair(void **state, int fds[2])
{
    assert_int_equal(sys_socketpair(CALL(state), AF_UNIX, SOCK_STREAM, 0, P(fds)), 0);
}

static void limits_go_along(void **state)
{
    int       s[2], fd;
    const int sent = limited(state);

    pair(state, s);
    assert_int_equal(send_one(state, s[0], sent), 1);
    assert_int_equal(fd_close(CALL(state), sent), 0);
    fd = (int)receive_one(state, s[1], MSG_PEEK);
    assert_true(fd >= 0 && has_limits(state, fd));
    fd = (int)receive_one(state, s[1], 0);
    assert_true(fd >= 0 && has_limits(state, fd));
    assert_int_equal(rights_in_flight(), 0);
    assert_int_equal(FDS(state)->lists[FDS(state)->limits[fd].ioctls].refs, 1);
}

static void without_limits_none_come(void **state)
{
    int       s[2], fd;
    const int sent = open_null(state);

    pair(state, s);
    assert_int_equal(send_one(state, s[0], sent), 1);
    fd = (int)receive_one(state, s[1], 0);
    assert_true(fd >= 0 && !(FDS(state)->slots[fd] & SLOT_LIMITED));
}

/* Where the receiver has no room for the list, nothing comes, rather than something with more rights. */
static void no_room_for_the_list(void **state)
{
    int       s[2];
    uint32_t  list;
    uint64_t  cmd = 1;
    const int sent = limited(state);

    pair(state, s);
    assert_int_equal(send_one(state, s[0], sent), 1);
    while (fdlimit_list_new_locked(FDS(state), &cmd, 1, &list))
        ;
    assert_int_equal(receive_one(state, s[1], 0), -ENOMEM);
    assert_int_equal(rights_in_flight(), 0);
}

/* What cannot be listed must not be sent: it would land without limits. */
static void no_place_in_the_list(void **state)
{
    int       s[2], fd;
    const int sent = limited(state);

    pair(state, s);
    fake_fail_host(1, EMFILE); /* the provider's own duplicate */
    assert_int_equal(send_one(state, s[0], sent), -ETOOMANYREFS);
    fake_fail_host(0, 0);
    assert_int_equal(rights_in_flight(), 0);
    assert_int_equal(send_one(state, s[0], sent), 1);
    fd = (int)receive_one(state, s[1], 0);
    assert_true(fd >= 0 && has_limits(state, fd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(limits_go_along, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(without_limits_none_come, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(no_room_for_the_list, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(no_place_in_the_list, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("syscalls/msg_rights", tests, NULL, NULL);
}
