#include "syscalls/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "tests/unit/fake_call.h"

static struct fake *f;
static unsigned     open_before;

static int setup(void **state)
{
    (void)state;
    f = fake_new();
    f->own.fds = fdtable_new();
    open_before = fake_open_fds();
    return !f->own.fds;
}

static int teardown(void **state)
{
    (void)state;
    fdtable_free(f->own.fds);
    fake_free(f);
    return 0;
}

struct name_arg {
    int32_t  len, padding;
    uint64_t buf;
};

static int64_t device_name(int fd, struct name_arg *arg)
{
    struct fdref ref;
    int64_t      r = fd_get(fake_call(f), fd, &ref);

    assert_int_equal(r, 0);
    r = pty_device_name(&f->call, &ref, GVA((uintptr_t)arg));
    fd_put(&f->call, &ref);
    return r;
}

static int open_master(void)
{
    int64_t fd = sys_posix_openpt(fake_call(f), O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd == -ENOENT || fd == -EACCES)
        skip(); /* no pseudo-terminals here */
    assert_true(fd >= 0);
    return (int)fd;
}

static void a_master_names_a_slave_that_opens(void **state)
{
    char            name[64] = "/dev/", read_back[8] = "";
    struct name_arg arg = {sizeof(name) - 5, 0, (uintptr_t)name + 5};
    int             fd = open_master(), slave;
    struct fdref    ref;

    (void)state;
    assert_int_equal(device_name(fd, &arg), 0);
    assert_memory_equal(name, "/dev/pts/", 9);
    slave = open(name, O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(fd_get(fake_call(f), fd, &ref), 0);
    assert_int_equal(write(ref.hostfd, "hello\n", 6), 6);
    fd_put(&f->call, &ref);
    assert_int_equal(read(slave, read_back, sizeof(read_back)), 6);
    assert_string_equal(read_back, "hello\n");
    close(slave);
    assert_int_equal(fd_close(fake_call(f), fd), 0);
    assert_int_equal(fake_open_fds(), open_before);
}

static void a_name_must_fit(void **state)
{
    char            name[4] = "";
    struct name_arg arg = {sizeof(name), 0, (uintptr_t)name};
    int             fd = open_master();

    (void)state;
    assert_int_equal(device_name(fd, &arg), -EINVAL);
    arg = (struct name_arg){64, 0, 8};
    assert_int_equal(device_name(fd, &arg), -EFAULT);
    assert_int_equal(fd_close(fake_call(f), fd), 0);
}

static void other_devices_have_names_too(void **state)
{
    char            name[16] = "";
    struct name_arg arg = {sizeof(name), 0, (uintptr_t)name};
    int             hostfd = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct fd_new   n = {.hostfd = hostfd, .kind = OF_CHAR, .flags = O_RDWR};
    int             fd = fd_install(fake_call(f), &n, 0);

    (void)state;
    assert_int_equal(device_name(fd, &arg), 0);
    assert_string_equal(name, "null");
    assert_int_equal(fd_close(fake_call(f), fd), 0);
    hostfd = open("/", O_RDONLY | O_CLOEXEC);
    n = (struct fd_new){.hostfd = hostfd, .kind = OF_DIR, .flags = O_RDONLY};
    fd = fd_install(fake_call(f), &n, 0);
    assert_int_equal(device_name(fd, &arg), -ENOTTY);
    assert_int_equal(fd_close(fake_call(f), fd), 0);
}

static void flags_that_are_not_for_terminals_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sys_posix_openpt(fake_call(f), O_RDWR | O_APPEND), -EINVAL);
}

/* Each host call and each piece of scratch fails in turn: nothing stays open. */
static void failures_leave_nothing_open(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++) {
        struct call *c = fake_call(f);
        int64_t      r;

        fake_fail_host(n, ENOSPC);
        r = sys_posix_openpt(c, O_RDWR);
        fake_fail_host(0, 0);
        if (r >= 0)
            fd_close(fake_call(f), (int)r);
        assert_int_equal(fake_open_fds(), open_before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_master_names_a_slave_that_opens),
        cmocka_unit_test(a_name_must_fit),
        cmocka_unit_test(other_devices_have_names_too),
        cmocka_unit_test(flags_that_are_not_for_terminals_are_refused),
        cmocka_unit_test(failures_leave_nothing_open),
    };
    return cmocka_run_group_tests_name("syscalls/pty", tests, setup, teardown);
}
