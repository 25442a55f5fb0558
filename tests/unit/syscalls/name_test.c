/* syscalls/name.c: names made, moved, removed, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/file.h"
#include "syscalls/name.h"
#include "tests/unit/fake_files.h"

static bool exists(const char *name)
{
    struct stat st;

    return !lstat(name, &st);
}

static void removing(void **state)
{
    files_put("a", "");
    mkdir("d", 0755);
    files_put("d/x", "");
    assert_int_equal(sys_unlink(CALL(state), P("none")), -ENOENT);
    assert_int_equal(sys_unlink(CALL(state), P("d")), -EPERM);
    assert_int_equal(sys_unlinkat(CALL(state), AT_CWD, P("d"), 0), -EPERM);
    assert_int_equal(sys_rmdir(CALL(state), P("a")), -ENOTDIR);
    assert_int_equal(sys_rmdir(CALL(state), P("d")), -ENOTEMPTY);
    assert_int_equal(sys_unlink(CALL(state), P("a")), 0);
    assert_int_equal(sys_open(CALL(state), P("d"), O_RDONLY, 0), 0);
    assert_int_equal(sys_unlinkat(CALL(state), 0, P("x"), 0), 0);
    assert_int_equal(sys_unlinkat(CALL(state), AT_CWD, P("d"), AT_REMOVEDIR), 0);
    assert_false(exists("d") || exists("a"));
}

static void removing_by_descriptor_checks_the_file(void **state)
{
    files_put("a", "");
    files_put("b", "");
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    assert_int_equal(sys_funlinkat(CALL(state), AT_CWD, P("b"), 0, 0), -EDEADLK);
    assert_int_equal(sys_funlinkat(CALL(state), AT_CWD, P("a"), 9, 0), -EBADF);
    assert_int_equal(sys_funlinkat(CALL(state), AT_CWD, P("a"), 0, 0), 0);
    assert_int_equal(sys_funlinkat(CALL(state), AT_CWD, P("b"), -200, 0), 0);
    assert_int_equal(sys_undelete(CALL(state), P("b")), -ENOENT);
    assert_int_equal(sys_undelete(CALL(state), P(".")), -EEXIST);
    assert_false(exists("a") || exists("b"));
}

static void making(void **state)
{
    struct stat st;

    umask(022);
    assert_int_equal(sys_mkdir(CALL(state), P("d"), 01777), 0);
    assert_int_equal(stat("d", &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0755);
    assert_int_equal(sys_mkdir(CALL(state), P("d"), 0777), -EEXIST);
    assert_int_equal(sys_mkdirat(CALL(state), AT_CWD, P("d/e/"), 0700), 0);
    assert_int_equal(sys_mkfifo(CALL(state), P("f"), 0666), 0);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode, S_IFIFO | 0644);
    assert_int_equal(sys_mknodat(CALL(state), AT_CWD, P("r"), S_IFREG | 0644, 0), -EINVAL);
    assert_int_equal(sys_mknodat(CALL(state), AT_CWD, P("r"), S_IFIFO | 0644, 5), -EINVAL);
}

static void moving_and_linking(void **state)
{
    files_put("a", "1");
    files_put("b", "2");
    assert_int_equal(sys_rename(CALL(state), P("a"), P("c")), 0);
    assert_int_equal(sys_renameat2(CALL(state), AT_CWD, P("c"), AT_CWD, P("b"), 1), -EEXIST);
    assert_int_equal(sys_renameat2(CALL(state), AT_CWD, P("c"), AT_CWD, P("b"), 2), -EINVAL);
    assert_int_equal(sys_renameat(CALL(state), AT_CWD, P("c"), AT_CWD, P("b")), 0);
    assert_string_equal(files_get("b"), "1");
    assert_int_equal(sys_symlink(CALL(state), P("b"), P("s")), 0);
    assert_int_equal(sys_link(CALL(state), P("s"), P("hard")), 0); /* follows */
    assert_string_equal(files_get("hard"), "1");

    struct stat st;

    assert_int_equal(sys_linkat(CALL(state), AT_CWD, P("s"), AT_CWD, P("s2"), 0), 0);
    assert_int_equal(lstat("s2", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(sys_open(CALL(state), P("b"), O_RDONLY, 0), 0);
    assert_int_equal(sys_linkat(CALL(state), 0, P(""), AT_CWD, P("by-fd"), AT_EMPTY_PATH), 0);
    assert_string_equal(files_get("by-fd"), "1");
    assert_int_equal(sys_link(CALL(state), P("b"), P("hard")), -EEXIST);
}

static void reading_links(void **state)
{
    char buf[64] = {0};

    assert_int_equal(symlink("some/where", "s"), 0);
    files_put("a", "");
    assert_int_equal(sys_readlink(CALL(state), P("s"), P(buf), sizeof(buf)), 10);
    assert_string_equal(buf, "some/where");
    assert_int_equal(sys_readlink(CALL(state), P("s"), P(buf), 4), 4);
    assert_int_equal(sys_readlink(CALL(state), P("s"), P(buf), 0), 0);
    assert_int_equal(sys_readlink(CALL(state), P("a"), P(buf), 4), -EINVAL);
    assert_int_equal(sys_readlink(CALL(state), P("s"), P(buf), 1ull << 40), 10);
    assert_int_equal(sys_readlink(CALL(state), P("s"), P(buf), ~0ull), -EINVAL);
    ((struct files *)*state)->f->own.execpath = "/usr/bin/it";
    assert_int_equal(sys_readlink(CALL(state), P("/proc/curproc/file"), P(buf), sizeof(buf)), 11);
    assert_memory_equal(buf, "/usr/bin/it", 11);
}

static void bad_addresses(void **state)
{
    char buf[4];

    files_put("a", "");
    assert_int_equal(sys_unlink(CALL(state), GVA(8)), -EFAULT);
    assert_int_equal(sys_rename(CALL(state), P("a"), GVA(8)), -EFAULT);
    assert_int_equal(sys_symlink(CALL(state), GVA(8), P("s")), -EFAULT);
    assert_int_equal(sys_readlink(CALL(state), GVA(8), P(buf), 4), -EFAULT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(removing),      T(removing_by_descriptor_checks_the_file), T(making), T(moving_and_linking), T(reading_links),
        T(bad_addresses),
    };
    return cmocka_run_group_tests_name("syscalls/name", tests, NULL, NULL);
}
