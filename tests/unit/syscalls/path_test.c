/* syscalls/path.c, syscalls/view.c, syscalls/cwd.c: names under --sysroot and --root, and ways out that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/name.h"
#include "syscalls/path.h"
#include "syscalls/shm.h"
#include "syscalls/stat.h"
#include "syscalls/view.h"
#include "tests/unit/fake_files.h"

static const char *no_culprit;

static int64_t open_as(void **state, const char *name, uint64_t flags)
{
    return sys_open(CALL(state), P(name), flags, 0644);
}

/* What a file holds, seen through the calls; "" when it cannot be opened. */
static const char *through(void **state, const char *name)
{
    static char   text[128];
    const int64_t fd = open_as(state, name, O_RDONLY);

    memset(text, 0, sizeof(text));
    if (fd >= 0) {
        sys_read(CALL(state), (int)fd, P(text), sizeof(text) - 1);
        sys_close(CALL(state), (int)fd);
    }
    return text;
}

static int teardown(void **state)
{
    view_end();
    if (FDS(state)->view_root)
        fdtable_entry_put(CALL(state), FDS(state), FDS(state)->view_root - 1);
    return files_teardown(state);
}

/* ---- plain ---------------------------------------------------------------------------- */

static void plain_costs_one_copy_and_no_host_call(void **state)
{
    struct path  p;
    struct call *c = CALL(state);

    fake_count_reset();
    assert_int_equal(path_resolve(c, AT_CWD, P("/some/where"), PATH_FOLLOW, &p), 0);
    assert_int_equal(fake_copies(), 1);
    assert_int_equal(fake_host_calls(), 0);
    assert_int_equal(p.dirfd, AT_FDCWD);
    assert_string_equal(p.str, "/some/where");
    assert_int_equal(c->scratch_used, 16); /* what the string needs */
    path_put(c, &p);
    assert_int_equal(fake_host_calls(), 0);
}

static void lengths(void **state)
{
    static char long_path[1100];
    struct path p;

    memset(long_path, '/', 1023);
    assert_int_equal(path_resolve(CALL(state), AT_CWD, P(long_path), PATH_FOLLOW, &p), 0);
    long_path[1023] = '/';
    assert_int_equal(path_resolve(CALL(state), AT_CWD, P(long_path), PATH_FOLLOW, &p), -ENAMETOOLONG);
    assert_int_equal(path_resolve(CALL(state), AT_CWD, P(""), PATH_FOLLOW, &p), -ENOENT);
    assert_int_equal(path_resolve(CALL(state), 44, P("x"), PATH_FOLLOW, &p), -EBADF);
    assert_int_equal(path_resolve(CALL(state), 44, P(""), PATH_EMPTY, &p), -EBADF);
}

static void beneath_keeps_inside(void **state)
{
    struct kstat st;

    mkdir("d", 0755);
    files_put("d/in", "in");
    files_put("out", "out");
    assert_int_equal(symlink("../out", "d/up"), 0);
    assert_int_equal(symlink("/etc/passwd", "d/abs"), 0);
    assert_int_equal(symlink("in", "d/fine"), 0);
    assert_int_equal(open_as(state, "d", O_RDONLY | O_DIRECTORY), 0);

    static const struct {
        const char *name;
        int64_t     want;
    } cases[] = {
        {"in", 0},
        {"fine", 0},
        {"../d/in", -D_ENOTCAPABLE},
        {"up", -D_ENOTCAPABLE},
        {"abs", -D_ENOTCAPABLE},
        {"/etc", -D_ENOTCAPABLE},
        {"none", -ENOENT},
        {"./in", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(sys_fstatat(CALL(state), 0, P(cases[i].name), &st, D_AT_RESOLVE_BENEATH), cases[i].want);

        const int64_t fd = sys_openat(CALL(state), 0, P(cases[i].name), O_RDONLY | D_O_RESOLVE_BENEATH, 0);

        assert_int_equal(fd < 0 ? fd : 0, cases[i].want);
        if (fd > 0)
            sys_close(CALL(state), (int)fd);
    }
    assert_int_equal(sys_unlinkat(CALL(state), 0, P("../out"), D_AT_RESOLVE_BENEATH), -D_ENOTCAPABLE);
    assert_int_equal(sys_unlinkat(CALL(state), 0, P("up"), D_AT_RESOLVE_BENEATH), 0); /* the link itself */
    assert_string_equal(files_get("out"), "out");
}

/* ---- --sysroot ------------------------------------------------------------------------- */

static void make_sysroot(void **state)
{
    mkdir("sys", 0755);
    mkdir("sys/tmp", 0755);
    mkdir("sys/only-there", 0755);
    mkdir("sys/lib", 0755);
    files_put("sys/lib/libc.so.7", "guest libc");
    files_put("sys/only-there/x", "x");
    assert_int_equal(symlink("/lib/libc.so.7", "sys/lib/libc.so"), 0); /* absolute: stays in the sysroot */
    assert_int_equal(view_init("sys", NULL, &no_culprit), 0);
    (void)state;
}

static void sysroot_comes_first(void **state)
{
    char buf[64] = {0};

    make_sysroot(state);
    assert_string_equal(through(state, "/lib/libc.so.7"), "guest libc");
    assert_string_equal(through(state, "/lib/libc.so"), "guest libc");
    assert_string_equal(through(state, "/only-there/x"), "x");
    assert_int_equal(sys_access(CALL(state), P("/lib/libc.so"), F_OK), 0);
    assert_int_equal(sys_readlink(CALL(state), P("/lib/libc.so"), P(buf), sizeof(buf)), 14);
    assert_string_equal(buf, "/lib/libc.so.7");
    assert_int_equal(sys_access(CALL(state), P("/etc/passwd"), F_OK), 0); /* not there: the host's */
}

static void directories_of_both_are_the_hosts(void **state)
{
    struct kstat st;
    struct stat  host;

    make_sysroot(state);
    assert_int_equal(stat("/tmp", &host), 0);
    assert_int_equal(sys_stat(CALL(state), P("/tmp"), &st), 0);
    assert_int_equal(st.ino, host.st_ino);
    assert_int_equal(sys_stat(CALL(state), P("/only-there"), &st), 0);
}

static void bad_view_names_its_culprit(void **state)
{
    const char *culprit = NULL;

    (void)state;
    files_put("file", "");
    assert_int_equal(view_init("none", NULL, &culprit), -ENOENT);
    assert_string_equal(culprit, "none");
    assert_int_equal(view_init(NULL, "file", &culprit), -ENOTDIR);
    assert_string_equal(culprit, "file");
    assert_int_equal(view_init(NULL, NULL, &culprit), 0);
    assert_null(session.view);
}

/* ---- --root ------------------------------------------------------------------------------- */

static void make_root(void **state)
{
    mkdir("root", 0755);
    mkdir("root/d", 0755);
    mkdir("root/d/e", 0755);
    mkdir("root/etc", 0755);
    files_put("secret", "outside");
    files_put("root/etc/motd", "inside");
    files_put("root/d/f", "f");
    assert_int_equal(symlink("../../secret", "root/d/up"), 0);
    assert_int_equal(symlink("/etc/motd", "root/d/abs"), 0);
    assert_int_equal(symlink("/../../../../etc/motd", "root/d/abs2"), 0);
    assert_int_equal(symlink("..", "root/d/parent"), 0);
    assert_int_equal(view_init(NULL, "root", &no_culprit), 0);
    (void)state;
}

static void root_is_the_top(void **state)
{
    make_root(state);
    assert_string_equal(through(state, "/etc/motd"), "inside");
    assert_string_equal(through(state, "/../../etc/motd"), "inside");
    assert_string_equal(through(state, "/d/abs"), "inside");
    assert_string_equal(through(state, "/d/abs2"), "inside");
    assert_string_equal(through(state, "/d/parent/etc/motd"), "inside");
    assert_int_equal(open_as(state, "/secret", O_RDONLY), -ENOENT);
    assert_int_equal(open_as(state, "/d/up", O_RDONLY), -ENOENT); /* "/secret" */
    assert_int_equal(open_as(state, "/proc/self/root/etc/passwd", O_RDONLY), -ENOENT);
}

static void relative_paths_end_at_the_top(void **state)
{
    char buf[64];

    make_root(state);
    assert_int_equal(sys_chdir(CALL(state), P("/d/e")), 0);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), sizeof(buf)), 0);
    assert_string_equal(buf, "/d/e");
    assert_string_equal(through(state, "../f"), "f");
    assert_string_equal(through(state, "../../../../../etc/motd"), "inside");
    assert_int_equal(open_as(state, "../../../secret", O_RDONLY), -ENOENT);
    assert_int_equal(sys_chdir(CALL(state), P("../../../..")), 0);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), sizeof(buf)), 0);
    assert_string_equal(buf, "/");
    assert_int_equal(open_as(state, "d", O_RDONLY | O_DIRECTORY), 0);
    assert_int_equal(sys_fstatat(CALL(state), 0, P("../../secret"), &(struct kstat){0}, 0), -ENOENT);
    assert_int_equal(sys_openat(CALL(state), 0, P("../etc/motd"), O_RDONLY, 0), 1);
}

static void changing_calls_stay_inside(void **state)
{
    make_root(state);

    const char *out = ((struct files *)*state)->dir;
    char        host[128];

    assert_int_equal(sys_mkdir(CALL(state), P("/d/new/"), 0755), 0);
    assert_int_equal(sys_rename(CALL(state), P("/d/f"), P("/../moved")), 0);
    assert_int_equal(sys_symlink(CALL(state), P("/secret"), P("/d/leak")), 0);
    assert_int_equal(sys_link(CALL(state), P("/d/up"), P("/hard")), -ENOENT);
    assert_int_equal(sys_unlink(CALL(state), P("/d/../../secret")), -ENOENT);
    assert_int_equal(sys_truncate(CALL(state), P("/d/up"), 0), -ENOENT);
    assert_int_equal(sys_chmod(CALL(state), P("/d/up"), 0), -ENOENT);
    assert_int_equal(sys_utimes(CALL(state), P("/d/up"), NULL), -ENOENT);
    assert_int_equal(open_as(state, "/d/up", O_RDWR | O_CREAT), 0); /* makes /secret in the root */
    snprintf(host, sizeof(host), "%s/root/secret", out);
    assert_int_equal(access(host, F_OK), 0);
    snprintf(host, sizeof(host), "%s/root/moved", out);
    assert_int_equal(access(host, F_OK), 0);
    assert_string_equal(files_get("secret"), "outside");
}

static void a_moved_directory_leads_nowhere(void **state)
{
    make_root(state);
    assert_int_equal(open_as(state, "/d", O_RDONLY | O_DIRECTORY), 0);
    assert_int_equal(rename("root/d", "moved-out"), 0);
    assert_int_equal(sys_openat(CALL(state), 0, P("../secret"), O_RDONLY, 0), -ENOENT);
    assert_int_equal(sys_fchdir(CALL(state), 0), 0);
    assert_int_equal(open_as(state, "../secret", O_RDONLY), -ENOENT);
    assert_int_equal(sys_unlink(CALL(state), P("../secret")), -ENOENT);
    assert_string_equal(through(state, "/etc/motd"), "inside");
}

/* The host could not walk, for something was renamed somewhere: asked again, whatever the flags are. */
static void walks_again(void **state)
{
    static const uint64_t flags[] = {O_RDONLY, O_RDONLY | O_NONBLOCK, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_NONBLOCK};

    make_root(state);
    assert_string_equal(through(state, "/etc/motd"), "inside");
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
        fake_fail_host(1, EAGAIN);

        const int64_t fd = open_as(state, "/etc/motd", flags[i]);

        fake_fail_host(0, 0);
        assert_true(fd >= 0);
        sys_close(CALL(state), (int)fd);
    }
}

/* AT_RESOLVE_BENEATH below a directory that is not in the root: what the root has there, or nothing. */
static void beneath_an_outside_directory_is_nothing(void **state)
{
    struct kstat st;

    make_root(state);
    assert_int_equal(open_as(state, "/d", O_RDONLY | O_DIRECTORY), 0);
    assert_int_equal(sys_fstatat(CALL(state), 0, P("f"), &st, D_AT_RESOLVE_BENEATH), 0);
    assert_int_equal(sys_fstatat(CALL(state), 0, P("../etc"), &st, D_AT_RESOLVE_BENEATH), -D_ENOTCAPABLE);
    assert_int_equal(rename("root/d", "moved-out"), 0);
    assert_int_equal(sys_fstatat(CALL(state), 0, P("f"), &st, D_AT_RESOLVE_BENEATH), -ENOENT);
    assert_int_equal(sys_openat(CALL(state), 0, P("f"), O_RDONLY | D_O_RESOLVE_BENEATH, 0), -ENOENT);
    assert_int_equal(sys_unlinkat(CALL(state), 0, P("f"), D_AT_RESOLVE_BENEATH), -ENOENT);
    assert_string_equal(files_get("moved-out/f"), "f");
    for (unsigned n = 1; n < 12; n++) {
        fake_fail_host(n, EIO);
        sys_fstatat(CALL(state), 0, P("f"), &st, D_AT_RESOLVE_BENEATH);
    }
}

static int own_size(int fd)
{
    struct stat st;
    const int   r = fd < 0 || fstat(fd, &st) ? fd : (int)st.st_size;

    if (fd >= 0)
        close(fd);
    return r;
}

/* An interpreter is looked up as the program's own paths are: from its root, and from where it is. */
static void interpreters_come_from_where_the_guest_is(void **state)
{
    mkdir("dir", 0755);
    files_put("dir/interp", "1234567");
    assert_int_equal(sys_chdir(CALL(state), P("dir")), 0);
    assert_int_equal(own_size(path_open_interp(CALL(state), "interp")), 7);
    assert_int_equal(path_open_interp(CALL(state), "/no/such"), -ENOENT);
    assert_int_equal(sys_chdir(CALL(state), P("..")), 0);
    make_root(state);
    assert_int_equal(own_size(path_open_interp(CALL(state), "/etc/motd")), 6);
    assert_int_equal(own_size(path_open_interp(CALL(state), "/../../etc/motd")), 6);
    assert_int_equal(path_open_interp(CALL(state), "/d/up"), -ENOENT);
    assert_int_equal(path_open_interp(CALL(state), "/proc/self/root/bin/sh"), -ENOENT);
    assert_int_equal(own_size(path_open_program(CALL(state), AT_CWD, P("/etc/motd"), PATH_FOLLOW)), 6);
    for (unsigned n = 1; n < 8; n++) {
        fake_fail_host(n, EIO);
        own_size(path_open_interp(CALL(state), "/etc/motd"));
    }
}

/* The program's own name is the guest's, and leads to it through the view. */
static void own_program_is_named_from_the_root(void **state)
{
    struct proc *p = &((struct files *)*state)->f->own;
    char         own[PATH_MAX], host[PATH_MAX];

    make_root(state);
    assert_non_null(realpath("root/etc/motd", host));
    assert_string_equal(view_name(host), "/etc/motd");
    assert_string_equal(view_name("/else/where"), "/else/where");
    assert_non_null(realpath("root", host));
    assert_string_equal(view_name(host), "/");
    snprintf(own, sizeof(own), "%s", "/etc/motd");
    p->execpath = own;
    assert_string_equal(through(state, "/proc/curproc/file"), "inside");
    p->execpath = NULL;
}

static void the_first_program_starts_inside(void **state)
{
    char cwd[PATH_MAX], root[PATH_MAX];

    assert_int_equal(view_enter(), 0); /* plain: it stays where it is */
    make_root(state);
    assert_non_null(realpath("root", root));
    assert_int_equal(view_enter(), 0);
    assert_string_equal(getcwd(cwd, sizeof(cwd)), root);
    assert_int_equal(chdir("d/e"), 0);
    assert_int_equal(view_enter(), 0); /* it is inside */
    assert_int_equal(sys___getcwd(CALL(state), P(cwd), sizeof(cwd)), 0);
    assert_string_equal(cwd, "/d/e");
}

/* Names of shared memory are the root's own, as a jail's are. */
static void shared_memory_is_the_roots_own(void **state)
{
    char    name[64], outside[96];
    int64_t fd;

    snprintf(name, sizeof(name), "/dragoman-view-%d", getpid());
    snprintf(outside, sizeof(outside), "/dev/shm%s", name);
    make_root(state);
    fd = sys_shm_open2(CALL(state), P(name), O_RDWR | O_CREAT, 0600, 0, GVA(0));
    assert_int_equal(fd, 0);
    assert_int_equal(access(outside, F_OK), -1);
    assert_int_equal(sys_shm_unlink(CALL(state), P(name)), 0);
    assert_int_equal(sys_shm_unlink(CALL(state), P(name)), -ENOENT);
}

static void chroot_narrows(void **state)
{
    char buf[64];

    if (geteuid())
        skip();
    make_root(state);
    assert_int_equal(sys_chroot(CALL(state), P("/d")), 0);
    assert_int_equal(sys_chdir(CALL(state), P("/")), 0);
    assert_string_equal(through(state, "/f"), "f");
    assert_string_equal(through(state, "/../f"), "f");
    assert_int_equal(open_as(state, "/etc/motd", O_RDONLY), -ENOENT);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), sizeof(buf)), 0);
    assert_string_equal(buf, "/");
}

static void real_names(void **state)
{
    char buf[200];

    make_root(state);
    assert_int_equal(sys___realpathat(CALL(state), AT_CWD, P("/d/parent/d/abs"), P(buf), sizeof(buf), 0), 0);
    assert_string_equal(buf, "/etc/motd");
    view_end();
    assert_int_equal(sys___realpathat(CALL(state), AT_CWD, P("root/d/../etc"), P(buf), sizeof(buf), 0), 0);
    assert_true(strstr(buf, "/root/etc"));
    assert_int_equal(sys___realpathat(CALL(state), AT_CWD, P("root"), P(buf), 3, 0), -ENOMEM);
    assert_int_equal(sys___realpathat(CALL(state), AT_CWD, P("none"), P(buf), 100, 0), -ENOENT);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), 1), -EINVAL);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), 4), -ERANGE);
    assert_int_equal(sys___getcwd(CALL(state), P(buf), 200), 0);
}

/* A directory on the way is exchanged for a link to the outside all the time. */
static volatile bool stop;

static void *swap(void *arg)
{
    (void)arg;
    while (!stop) {
        syscall(SYS_renameat2, AT_FDCWD, "root/d", AT_FDCWD, "root/link", 2 /* RENAME_EXCHANGE */);
        sched_yield();
    }
    return NULL;
}

static void renames_during_the_walk_do_not_help(void **state)
{
    pthread_t t;
    char      target[128];

    make_root(state);
    files_put("f", "outside");
    snprintf(target, sizeof(target), "%s", ((struct files *)*state)->dir);
    assert_int_equal(symlink(target, "root/link"), 0);
    stop = false;
    pthread_create(&t, NULL, swap, NULL);
    for (int i = 0; i < 3000; i++) {
        const char *text = through(state, i & 1 ? "/d/f" : "/d/../d/f");

        if (!strcmp(text, "outside"))
            fail_msg("escaped");
    }
    stop = true;
    pthread_join(t, NULL);
}

/* Every host call under --root fails in turn; the fixture counts what is lost. */
static void failures_lose_nothing(void **state)
{
    make_root(state);
    assert_int_equal(sys_chdir(CALL(state), P("/d")), 0);
    for (unsigned n = 1; n < 12; n++) {
        fake_fail_host(n, EIO);
        sys_stat(CALL(state), P("../etc/motd"), &(struct kstat){0});
        fake_fail_host(n, EIO);
        sys_mkdir(CALL(state), P("new"), 0755);
        sys_rmdir(CALL(state), P("new"));
    }
    for (unsigned n = 1; n < 12; n++) {
        fake_fail_scratch(n);
        sys_rename(CALL(state), P("../etc/none"), P("none"));
    }
}

/* The same behind links with a slash, and without a view. */
static void failures_behind_a_slash_lose_nothing(void **state)
{
    make_root(state);
    assert_int_equal(symlink("etc", "root/link"), 0);
    for (unsigned n = 1; n < 30; n++) {
        fake_fail_host(n, EIO);
        sys_mkdir(CALL(state), P("/link/"), 0755);
        fake_fail_host(n, EIO);
        sys_lstat(CALL(state), P("/link/"), &(struct kstat){0});
        fake_fail_scratch(n);
        sys_rename(CALL(state), P("/etc/motd"), P("/link/"));
    }
    fake_fail_host(0, 0);
    fake_fail_scratch(0);
    assert_string_equal(through(state, "/etc/motd"), "inside");
}

static void a_slash_follows(void **state)
{
    struct kstat st;

    mkdir("d", 0755);
    files_put("f", "f");
    assert_int_equal(symlink("d", "link"), 0);
    assert_int_equal(symlink("none", "dangling"), 0);
    assert_int_equal(symlink("round", "round"), 0);
    assert_int_equal(sys_mkdir(CALL(state), P("dangling/"), 0755), 0);
    assert_int_equal(sys_rename(CALL(state), P("dangling/"), P("link/")), 0); /* an empty directory makes room */
    assert_int_equal(sys_lstat(CALL(state), P("none"), &st), -ENOENT);
    assert_int_equal(sys_rmdir(CALL(state), P("link/")), 0);
    assert_int_equal(sys_lstat(CALL(state), P("d"), &st), -ENOENT);
    assert_int_equal(sys_rmdir(CALL(state), P("round/")), -ELOOP);
    assert_int_equal(sys_mkdir(CALL(state), P("f/"), 0755), -ENOTDIR);
    assert_int_equal(sys_rename(CALL(state), P("f"), P("g/")), -ENOENT);
    assert_int_equal(open_as(state, "g/", O_WRONLY | O_CREAT), -ENOENT);
    assert_int_equal(open_as(state, "f/", O_WRONLY | O_CREAT), -ENOTDIR);
    assert_string_equal(files_get("f"), "f");
}

/* FD_RESOLVE_BENEATH: set for good, inherited by what is opened from it and by duplicates. */
static void a_marked_directory_is_not_left(void **state)
{
    struct kstat st;

    mkdir("d", 0755);
    mkdir("d/e", 0755);
    assert_int_equal(open_as(state, "d", O_RDONLY | O_DIRECTORY), 0);
    assert_int_equal(sys_fcntl(CALL(state), 0, F_SETFD, 2), 0);
    assert_int_equal(sys_fcntl(CALL(state), 0, F_SETFD, 1), 0);
    assert_int_equal(sys_fcntl(CALL(state), 0, F_GETFD, 0), 3);
    assert_int_equal(sys_fstatat(CALL(state), 0, P(".."), &st, 0), -D_ENOTCAPABLE);
    assert_int_equal(sys_fchdir(CALL(state), 0), -D_ENOTCAPABLE);
    assert_int_equal(sys_fchroot(CALL(state), 0), -D_ENOTCAPABLE);
    assert_int_equal(sys_openat(CALL(state), 0, P("e"), O_RDONLY, 0), 1);
    assert_int_equal(sys_fcntl(CALL(state), 1, F_GETFD, 0), 2);
    assert_int_equal(sys_fstatat(CALL(state), 1, P("../e"), &st, 0), -D_ENOTCAPABLE);
    assert_int_equal(sys_fcntl(CALL(state), 1, F_DUPFD, 0), 2);
    assert_int_equal(sys_fcntl(CALL(state), 2, F_GETFD, 0), 2);
    assert_int_equal(open_as(state, "d", O_RDONLY), 3);
    assert_int_equal(sys_fcntl(CALL(state), 3, F_GETFD, 0), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, teardown)
    const struct CMUnitTest tests[] = {
        T(plain_costs_one_copy_and_no_host_call),
        T(lengths),
        T(beneath_keeps_inside),
        T(sysroot_comes_first),
        T(directories_of_both_are_the_hosts),
        T(bad_view_names_its_culprit),
        T(root_is_the_top),
        T(walks_again),
        T(relative_paths_end_at_the_top),
        T(changing_calls_stay_inside),
        T(a_moved_directory_leads_nowhere),
        T(beneath_an_outside_directory_is_nothing),
        T(interpreters_come_from_where_the_guest_is),
        T(own_program_is_named_from_the_root),
        T(the_first_program_starts_inside),
        T(shared_memory_is_the_roots_own),
        T(chroot_narrows),
        T(real_names),
        T(renames_during_the_walk_do_not_help),
        T(failures_lose_nothing),
        T(failures_behind_a_slash_lose_nothing),
        T(a_slash_follows),
        T(a_marked_directory_is_not_left),
    };
    return cmocka_run_group_tests_name("syscalls/path", tests, NULL, NULL);
}
