/* The gate's look-ups: the plain view's names by themselves, whatever is special by the provider. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "loader/gate/area.h"
#include "loader/gate/path.c"
#include "loader/gate/view.c"
#include "syscalls/dir.h"
#include "syscalls/file.h"
#include "syscalls/name.h"
#include "tests/unit/fake_files.h"

static struct area area;

static int setup(void **state)
{
    const int r = files_setup(state);

    area.view = VIEW_PLAIN;
    ((struct files *)*state)->f->task.area = &area;
    return r;
}

static int64_t resolve(void **state, int dirfd, const char *name, unsigned how)
{
    struct call  *c = CALL(state);
    struct path   p;
    const int64_t r = path_resolve(c, dirfd, P(name), how, &p);

    if (!r)
        path_put(c, &p);
    return r;
}

static void leaves_what_is_special(void **state)
{
    static const char *const names[] = {"/dev/fd/3", "/dev/stdin", "/proc/curproc/file", "/proc/self/fd/1"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(resolve(state, AT_CWD, names[i], PATH_FOLLOW), -GATE_PUNT);
    assert_int_equal(resolve(state, AT_CWD, "name", PATH_BENEATH), -GATE_PUNT);
    assert_int_equal(resolve(state, AT_CWD, "name", PATH_EMPTY), -GATE_PUNT);
    assert_int_equal(resolve(state, AT_CWD, "/dev/null", PATH_FOLLOW), 0);
    area.view = VIEW_PROVIDERS;
    assert_int_equal(resolve(state, AT_CWD, "name", PATH_FOLLOW), -GATE_PUNT);
}

/* With --sysroot, relative names alone. */
static void leaves_absolute_names_to_the_sysroot(void **state)
{
    area.view = VIEW_SYSROOT;
    assert_int_equal(resolve(state, AT_CWD, "name", PATH_FOLLOW), 0);
    assert_int_equal(resolve(state, AT_CWD, "/dev/null", PATH_FOLLOW), -GATE_PUNT);
}

static int64_t opens(void **state, const char *name, uint64_t flags)
{
    struct call  *c = CALL(state);
    const int64_t r = path_open_or_ref(c, AT_CWD, P(name), flags, 0600, PATH_FOLLOW, NULL);

    if (r >= 0)
        close((int)r);
    return r;
}

/* What the object is that a name leads to, by fstatat. */
static int64_t inode(void **state, const char *name, unsigned how)
{
    struct call *c = CALL(state);
    struct stat  st;
    struct path  p;
    int          r = path_resolve(c, AT_CWD, P(name), how, &p);

    if (r)
        return r;
    r = fstatat(p.dirfd, (const char *)p.va, &st, how & PATH_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) ? -errno : 0;
    path_put(c, &p);
    return r ? r : (int64_t)st.st_ino;
}

static int64_t inode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return (int64_t)st.st_ino;
}

static void looks_up_below_the_root(void **state)
{
    static const char *const top[] = {"/f", "f", "d/../f", "/../f", "../../f", "d/../../../f", "/d/up/f", "d/abs"};
    int                      root;

    area.view = VIEW_ROOT;
    assert_int_equal(inode(state, "/", PATH_FOLLOW), -GATE_PUNT); /* nobody has opened it */
    assert_int_equal(mkdir("d", 0755) | close(creat("f", 0600)) | close(creat("d/g", 0600)), 0);
    assert_int_equal(symlink("..", "d/up") | symlink("/f", "d/abs") | symlink("/etc/passwd", "out"), 0);
    root = open(".", O_PATH | O_DIRECTORY);
    FDS(state)->view_root = (uint32_t)root + 1;
    for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++) {
        assert_int_equal(inode(state, top[i], PATH_FOLLOW), inode_of("f"));
        assert_true(opens(state, top[i], O_RDONLY) >= 0);
    }
    assert_int_equal(inode(state, "d/abs", PATH_NOFOLLOW), inode_of("d/abs"));
    assert_int_equal(inode(state, "d/g//", PATH_NOFOLLOW), -GATE_PUNT); /* a link there would have to be followed */
    assert_int_equal(inode(state, "d/new/", PATH_ENTRY), -GATE_PUNT);
    assert_int_equal(inode(state, "/", PATH_NOFOLLOW), inode_of("."));
    assert_int_equal(inode(state, "../..", PATH_NOFOLLOW), inode_of("."));
    assert_int_equal(inode(state, "d/up/d", PATH_NOFOLLOW), inode_of("d"));
    assert_int_equal(inode(state, "out", PATH_FOLLOW), -ENOENT);
    assert_int_equal(opens(state, "out", O_RDONLY), -ENOENT);
    assert_int_equal(inode(state, "none/x", PATH_NOFOLLOW), -ENOENT);
    assert_true(opens(state, "/d/new", O_RDWR | O_CREAT) >= 0);
    assert_int_equal(access("d/new", F_OK), 0);
    assert_int_equal(chdir("/"), 0); /* a directory that is not in it has no name */
    assert_int_equal(inode(state, "f", PATH_FOLLOW), -ENOENT);
    assert_true(inode(state, "/f", PATH_FOLLOW) > 0);
    assert_int_equal(fchdir(root) | close(root), 0);
    FDS(state)->view_root = 0;
}

static void says_what_is_wrong(void **state)
{
    char long_name[GUEST_PATH_MAX + 1];

    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = 0;
    assert_int_equal(resolve(state, AT_CWD, long_name, PATH_FOLLOW), -ENAMETOOLONG);
    long_name[GUEST_PATH_MAX - 1] = 0;
    assert_int_equal(resolve(state, AT_CWD, long_name, PATH_FOLLOW), 0);
    assert_int_equal(resolve(state, AT_CWD, "", PATH_FOLLOW), -ENOENT);
    assert_int_equal(resolve(state, AT_CWD, (const char *)8, PATH_FOLLOW), -EFAULT);
    assert_int_equal(resolve(state, 77, "name", PATH_FOLLOW), -EBADF);
    assert_int_equal(resolve(state, 77, "/name", PATH_FOLLOW), 0); /* nobody looks at it */
    fake_fail_scratch(1);
    assert_int_equal(resolve(state, AT_CWD, "name", PATH_FOLLOW), -ENOMEM);
    fake_fail_scratch(0);
}

static void starts_from_a_directory(void **state)
{
    int64_t dir, fd;

    assert_int_equal(sys_mkdir(CALL(state), P("d"), 0755), 0);
    dir = sys_open(CALL(state), P("d"), O_RDONLY | O_DIRECTORY, 0);
    assert_true(dir >= 0);
    fd = sys_openat(CALL(state), (int)dir, P("f"), O_RDWR | O_CREAT, 0644);
    assert_true(fd >= 0);
    assert_int_equal(access("d/f", F_OK), 0);
    assert_int_equal(sys_renameat(CALL(state), (int)dir, P("f"), (int)dir, P("g")), 0);
    assert_int_equal(sys_unlinkat(CALL(state), (int)fd, P("g"), 0), -ENOTDIR);
    assert_int_equal(sys_unlinkat(CALL(state), (int)dir, P("g"), 0), 0);
    assert_int_equal(sys_renameat(CALL(state), (int)dir, P("f"), AT_CWD, P("/dev/fd/1")), -GATE_PUNT);
    assert_int_equal(sys_close(CALL(state), (int)fd), 0);
    assert_int_equal(sys_close(CALL(state), (int)dir), 0);
    assert_int_equal(sys_rmdir(CALL(state), P("d")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_what_is_special, setup, files_teardown),
        cmocka_unit_test_setup_teardown(leaves_absolute_names_to_the_sysroot, setup, files_teardown),
        cmocka_unit_test_setup_teardown(looks_up_below_the_root, setup, files_teardown),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, setup, files_teardown),
        cmocka_unit_test_setup_teardown(starts_from_a_directory, setup, files_teardown),
    };

    return cmocka_run_group_tests_name("loader/gate/path", tests, NULL, NULL);
}
