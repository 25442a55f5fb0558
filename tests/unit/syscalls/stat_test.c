/* syscalls/stat.c: what of a descriptor's state is FreeBSD's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/stat.h"
#include "tests/unit/fake_files.h"

static void a_pipe_says_what_waits(void **state)
{
    struct kstat st;
    int          fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(sys_write(CALL(state), fds[1], P("five!"), 5), 5);
    assert_int_equal(sys_fstat(CALL(state), fds[0], &st), 0);
    assert_int_equal(st.mode, S_IFIFO);
    assert_int_equal(st.nlink, 0);
    assert_int_equal(st.size, 5);
    assert_int_equal(st.blocks, 1);
    assert_int_equal(sys_fstat(CALL(state), fds[1], &st), 0);
    assert_int_equal(st.size, 0);
}

static void a_fifo_is_a_file(void **state)
{
    struct kstat st;

    assert_int_equal(mkfifo("fifo", 0640), 0);

    const int fd = (int)sys_open(CALL(state), P("fifo"), O_RDWR, 0);

    assert_int_equal(sys_write(CALL(state), fd, P("five!"), 5), 5);
    assert_int_equal(sys_fstat(CALL(state), fd, &st), 0);
    assert_int_equal(st.mode & S_IFMT, S_IFIFO);
    assert_int_equal(st.nlink, 1);
    assert_int_equal(st.size, 0);
}

static void failures_are_passed_on(void **state)
{
    struct kstat st;
    int          fds[2];

    assert_int_equal(sys_fstat(CALL(state), 3, &st), -EBADF);
    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    fake_fail_host(1, EIO);
    assert_int_equal(sys_fstat(CALL(state), fds[0], &st), -EIO);
    fake_fail_scratch(1);
    assert_int_equal(sys_fstat(CALL(state), fds[0], &st), -ENOMEM);
    fake_fail_scratch(2);
    assert_int_equal(sys_fstat(CALL(state), fds[0], &st), -ENOMEM);
    assert_int_equal(sys_fstat(CALL(state), fds[0], NULL), -EFAULT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(a_pipe_says_what_waits),
        T(a_fifo_is_a_file),
        T(failures_are_passed_on),
    };
    return cmocka_run_group_tests_name("syscalls/stat", tests, NULL, NULL);
}
