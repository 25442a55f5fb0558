/* Older forms of calls reach the newer ones with the padding gone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "syscalls/compat_pad.h"
#include "syscalls/fd.h"
#include "tests/unit/fake_call.h"

static struct fake *f;
static int          fd;
static char         path[] = "/tmp/compat-pad-XXXXXX";

static int setup(void **state)
{
    int hostfd = mkstemp(path);

    (void)state;
    f = fake_new();
    f->own.fds = fdtable_new();
    fd = fd_install(fake_call(f), &(struct fd_new){.hostfd = hostfd, .kind = OF_FILE, .flags = O_RDWR}, 0);
    return fd < 0 || !f->own.fds;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(fake_call(f), fd);
    fdtable_free(f->own.fds);
    fake_free(f);
    return unlink(path);
}

static void padded_calls_do_what_the_others_do(void **state)
{
    char        buf[4] = "";
    struct stat st;

    (void)state;
    assert_int_equal(sys_pwrite_pad(fake_call(f), fd, GVA((uintptr_t) "abc"), 3, -1, 10), 3);
    assert_int_equal(sys_pread_pad(fake_call(f), fd, GVA((uintptr_t)buf), 3, -1, 10), 3);
    assert_string_equal(buf, "abc");
    assert_int_equal(sys_lseek_pad(fake_call(f), fd, -1, -3, SEEK_END), 10);
    assert_int_equal(sys_ftruncate_pad(fake_call(f), fd, -1, 5), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(sys_ftruncate_pad(fake_call(f), 77, 0, 5), -EBADF);
}

static void a_number_that_names_its_own_indirection_is_no_call(void **state)
{
    (void)state;
    assert_int_equal(sys_indirect(fake_call(f), 0), -ENOSYS);
    assert_int_equal(sys_indirect64(fake_call(f), 198), -ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padded_calls_do_what_the_others_do),
        cmocka_unit_test(a_number_that_names_its_own_indirection_is_no_call),
    };
    return cmocka_run_group_tests_name("syscalls/compat_pad", tests, setup, teardown);
}
