/* compat/inotify.c: watches on the test's own files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "compat/bsd_calls.h"
#include "syscalls/file.h"
#include "tests/unit/fake_files.h"

#define NONBLOCK 0x4u
#define CLOEXEC  0x100000u

static int64_t make(void **state, uint32_t flags) { return sys_specialfd(CALL(state), 2, P(&flags), sizeof(flags)); }

static void watches(void **state)
{
    char                        buf[512];
    const struct inotify_event *e = (const void *)buf;

    assert_int_equal(make(state, NONBLOCK | CLOEXEC), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 0), 1);
    files_put("a", "");
    assert_int_equal(symlink("a", "link"), 0);

    const int64_t wd = sys_inotify_add_watch_at(CALL(state), 0, AT_CWD, P("link"), IN_MODIFY);

    assert_true(wd > 0);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 0, AT_CWD, P("a"), IN_MODIFY), wd);
    assert_true(sys_inotify_add_watch_at(CALL(state), 0, AT_CWD, P("link"), IN_ATTRIB | IN_DONT_FOLLOW) > wd);
    assert_int_equal(sys_read(CALL(state), 0, P(buf), sizeof(buf)), -EAGAIN);
    files_put("a", "x");
    assert_true(sys_read(CALL(state), 0, P(buf), sizeof(buf)) >= 16);
    assert_int_equal(e->wd, wd);
    assert_int_equal(sys_inotify_rm_watch(CALL(state), 0, (int)wd), 0);
    assert_int_equal(sys_inotify_rm_watch(CALL(state), 0, (int)wd), -EINVAL);
}

static void refusals(void **state)
{
    assert_int_equal(make(state, 0x40), -EINVAL);
    assert_int_equal(sys_specialfd(CALL(state), 2, P("12345678"), 8), -EINVAL);
    assert_int_equal(sys_specialfd(CALL(state), 2, GVA(8), 4), -EFAULT);
    assert_int_equal(make(state, 0), 0);
    files_put("a", "");
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDONLY, 0), 1);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 9, AT_CWD, P("a"), IN_MODIFY), -EBADF);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 1, AT_CWD, P("a"), IN_MODIFY), -EINVAL);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 0, AT_CWD, P("none"), IN_MODIFY), -ENOENT);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 0, 9, P("a"), IN_MODIFY), -EBADF);
    assert_int_equal(sys_inotify_add_watch_at(CALL(state), 0, AT_CWD, P("a"), 0), -EINVAL);
    assert_int_equal(sys_inotify_rm_watch(CALL(state), 9, 1), -EBADF);
    assert_int_equal(sys_inotify_rm_watch(CALL(state), 1, 1), -EINVAL);
}

static void failures_lose_nothing(void **state)
{
    files_put("a", "");
    for (unsigned n = 1; n < 5; n++) {
        fake_fail_host(n, ENOMEM);

        const int64_t fd = make(state, 0);

        fake_fail_host(0, 0);
        if (fd < 0)
            continue;
        fake_fail_host(n, ENOMEM);
        sys_inotify_add_watch_at(CALL(state), (int)fd, AT_CWD, P("a"), IN_MODIFY);
        fake_fail_host(0, 0);
        fake_fail_scratch(n);
        sys_inotify_add_watch_at(CALL(state), (int)fd, AT_CWD, P("a"), IN_MODIFY);
        fake_fail_scratch(0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {T(watches), T(refusals), T(failures_lose_nothing)};

    return cmocka_run_group_tests_name("compat/inotify", tests, NULL, NULL);
}
