/* syscalls/fhandle.c: files by handle, where the host lets root have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/fhandle.h"
#include "syscalls/file.h"
#include "tests/unit/fake_files.h"

static uint8_t fh[28];

/* Skips where there are no handles: not root, no right to them, or a file system without. */
static void need_handles(void **state)
{
    files_put("a", "0123456789");
    assert_int_equal(symlink("a", "link"), 0);
    if (geteuid()) {
        assert_int_equal(sys_getfh(CALL(state), P("a"), P(fh)), -EPERM);
        assert_int_equal(sys_fhopen(CALL(state), P(fh), O_RDONLY), -EPERM);
        skip();
    }
    if (sys_getfh(CALL(state), P("a"), P(fh)))
        skip();

    const int64_t fd = sys_fhopen(CALL(state), P(fh), O_RDONLY);

    if (fd < 0)
        skip();
    sys_close(CALL(state), (int)fd);
}

static void a_handle_finds_its_file(void **state)
{
    char         text[8] = "";
    struct kstat st;
    struct stat  host;

    need_handles(state);
    assert_int_equal(rename("a", "elsewhere"), 0);
    assert_int_equal(sys_fhopen(CALL(state), P(fh), O_RDWR), 0);
    assert_int_equal(sys_read(CALL(state), 0, P(text), 3), 3);
    assert_string_equal(text, "012");
    assert_int_equal(sys_fhstat(CALL(state), P(fh), &st), 0);
    assert_int_equal(stat("elsewhere", &host), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(sys_fhlink(CALL(state), P(fh), P("a")), 0);
    assert_int_equal(stat("a", &host), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(sys_fhlinkat(CALL(state), P(fh), AT_CWD, P("a")), -EEXIST);
    assert_int_equal(sys_fhreadlink(CALL(state), P(fh), P(text), 8), -EINVAL);
    assert_int_equal(sys_lgetfh(CALL(state), P("link"), P(fh)), 0);
    assert_int_equal(sys_fhreadlink(CALL(state), P(fh), P(text), 8), 1);
    assert_int_equal(text[0], 'a');
}

static void what_is_refused(void **state)
{
    struct kstat st;

    need_handles(state);
    assert_int_equal(sys_getfh(CALL(state), P("none"), P(fh)), -ENOENT);
    assert_int_equal(sys_getfhat(CALL(state), AT_CWD, P("a"), P(fh), AT_EMPTY_PATH), -EINVAL);
    assert_int_equal(sys_getfh(CALL(state), P("/proc/self/status"), P(fh)), -EOPNOTSUPP);
    assert_int_equal(sys_getfh(CALL(state), P("a"), GVA(8)), -EFAULT);
    assert_int_equal(sys_fhstat(CALL(state), GVA(8), &st), -EFAULT);
    assert_int_equal(sys_fhopen(CALL(state), P(fh), O_RDWR | O_CREAT), -EINVAL);
    assert_int_equal(sys_fhopen(CALL(state), P(fh), O_ACCMODE), -EINVAL);
    assert_int_equal(sys_fhreadlink(CALL(state), P(fh), P("x"), ~0ull), -EINVAL);
    assert_int_equal(unlink("a"), 0);
    assert_int_equal(sys_fhstat(CALL(state), P(fh), &st), -ESTALE);
    memset(fh, 0xff, sizeof(fh));
    assert_int_equal(sys_fhstat(CALL(state), P(fh), &st), -ESTALE);
}

/* Every host call and every piece of scratch fails once; the fixture counts what is open. */
static void failures_lose_nothing(void **state)
{
    struct kstat st;
    char         text[8];

    need_handles(state);
    for (unsigned n = 1; n < 14; n++) {
        for (int what = 0; what < 2; what++) {
            const uint8_t good[sizeof(fh)] = {0};

            memcpy((void *)good, fh, sizeof(fh));
            what ? fake_fail_host(n, EIO) : fake_fail_scratch(n);
            sys_getfh(CALL(state), P("a"), P(fh));
            memcpy(fh, good, sizeof(fh));
            what ? fake_fail_host(n, EIO) : fake_fail_scratch(n);
            if (!sys_fhstat(CALL(state), P(fh), &st))
                assert_int_equal(st.size, 10);
            what ? fake_fail_host(n, EIO) : fake_fail_scratch(n);
            sys_fhreadlink(CALL(state), P(fh), P(text), 8);
            what ? fake_fail_host(n, EIO) : fake_fail_scratch(n);
            sys_fhlink(CALL(state), P(fh), P("b"));
            unlink("b");
            what ? fake_fail_host(n, EIO) : fake_fail_scratch(n);
            sys_fhopen(CALL(state), P(fh), O_RDONLY);
            fake_fail_host(0, 0);
            fake_fail_scratch(0);
        }
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(a_handle_finds_its_file),
        T(what_is_refused),
        T(failures_lose_nothing),
    };
    return cmocka_run_group_tests_name("syscalls/fhandle", tests, NULL, NULL);
}
