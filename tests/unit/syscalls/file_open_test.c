/* syscalls/file_open.c: open flags and their errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/stat.h"
#include "tests/unit/fake_files.h"

static int64_t open_as(void **state, const char *name, uint64_t flags)
{
    return sys_open(CALL(state), P(name), flags, 0666);
}

static struct ofile *ofile_of(void **state, int fd)
{
    struct fdref ref;

    assert_int_equal(fd_get(CALL(state), fd, &ref), 0);

    struct ofile *of = ref.of;

    fd_put(CALL(state), &ref);
    return of;
}

static void errors_are_freebsds(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "sock"};
    int                s = socket(AF_UNIX, SOCK_STREAM, 0);
    static char        component[300], path[1200];

    assert_int_equal(bind(s, (void *)&sun, sizeof(sun)), 0);
    close(s);
    files_put("a", "x");
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(mkdir("d", 0755), 0);
    memset(component, 'n', 299);
    memset(path, '/', 1199);

    const struct {
        const char *name;
        uint64_t    flags;
        int64_t     want;
    } cases[] = {
        {"none", O_RDONLY, -ENOENT},
        {"", O_RDONLY, -ENOENT},
        {"a/b", O_RDONLY, -ENOTDIR},
        {"a", O_RDONLY | O_DIRECTORY, -ENOTDIR},
        {"a", O_WRONLY | O_CREAT | O_EXCL, -EEXIST},
        {"link", O_RDONLY | O_NOFOLLOW, -EMLINK},
        {"loop", O_RDONLY, -ELOOP},
        {"loop/x", O_RDONLY | O_NOFOLLOW, -ELOOP},
        {"link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, -EMLINK},
        {"d", O_WRONLY, -EISDIR},
        {"d", O_RDONLY | O_CREAT | O_DIRECTORY, 0}, /* O_CREAT means nothing there */
        {"new", O_RDONLY | O_CREAT | O_DIRECTORY, -ENOENT},
        {"new", O_RDONLY | O_CREAT | O_EXCL | O_DIRECTORY, -EINVAL},
        {"sock", O_RDWR, -EOPNOTSUPP},
        {"a", O_ACCMODE, -EINVAL},
        {"a", D_O_EXEC | O_RDWR, -EINVAL},
        {"new", O_RDONLY | O_CREAT | O_DIRECTORY, -ENOENT},
        {"new", O_RDONLY | O_CREAT | O_EXCL | O_DIRECTORY, -EINVAL},
        {"new", O_WRONLY | O_CREAT | O_PATH, -ENOENT},
        {"a", O_RDONLY | D_O_SHLOCK | D_O_EXLOCK, -EINVAL},
        {"/dev/fd/77", O_RDONLY, -EBADF},
        {component, O_RDONLY, -ENAMETOOLONG},
        {path, O_RDONLY, -ENAMETOOLONG},
        {"../x", O_RDONLY | D_O_RESOLVE_BENEATH, -D_ENOTCAPABLE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(open_as(state, cases[i].name, cases[i].flags), cases[i].want);
    assert_int_equal(sys_open(CALL(state), GVA(8), O_RDONLY, 0), -EFAULT);
    assert_int_equal(sys_openat(CALL(state), 55, P("a"), O_RDONLY, 0), -EBADF);
    assert_int_equal(sys_openat(CALL(state), 55, P("/dev/null"), O_RDONLY, 0), 1); /* absolute: not looked at */
}

static void kinds_and_flags_are_kept(void **state)
{
    assert_int_equal(mkfifo("fifo", 0644), 0);

    const struct {
        const char *name;
        uint64_t    flags;
        int         kind;
        uint32_t    kept;
    } cases[] = {
        {"new", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, OF_FILE, O_RDWR | O_APPEND},
        {"new", O_WRONLY | O_TRUNC | O_NONBLOCK, OF_FILE, O_WRONLY | O_NONBLOCK},
        {".", O_RDONLY, OF_DIR, 0},
        {".", O_RDONLY | O_DIRECTORY, OF_DIR, 0},
        {"fifo", O_RDWR, OF_PIPE, O_RDWR},
        {"/dev/null", O_RDONLY, OF_CHAR, 0},
        {"new", O_PATH, OF_OTHER, O_PATH},
        {".", D_O_EXEC, OF_OTHER, OFLAG_EXEC},
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(*cases)); i++) {
        assert_int_equal(open_as(state, cases[i].name, cases[i].flags), i);
        assert_int_equal(ofile_of(state, i)->kind, cases[i].kind);
        assert_int_equal(ofile_of(state, i)->flags, cases[i].kept);
        assert_int_equal(fd_get_cloexec(CALL(state), i), !!(cases[i].flags & O_CLOEXEC));
    }
}

/* The gate is executed anew with all host descriptors. */
static void host_never_closes_on_exec(void **state)
{
    struct fdref ref;

    files_put("a", "x");
    assert_int_equal(open_as(state, "a", O_RDONLY | O_CLOEXEC), 0);
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(fcntl(ref.hostfd, F_GETFD), 0);
    fd_put(CALL(state), &ref);
}

static void exec_only_wants_the_right_to(void **state)
{
    files_put("a", "x");
    chmod("a", 0644);
    assert_int_equal(open_as(state, "a", D_O_EXEC), -EACCES);
    chmod("a", 0755);
    assert_int_equal(open_as(state, "a", D_O_EXEC), 0);

    char b;

    assert_int_equal(sys_read(CALL(state), 0, P(&b), 1), -EBADF);
}

static void locks_exclude(void **state)
{
    files_put("a", "keep");
    assert_int_equal(open_as(state, "a", O_RDWR | D_O_EXLOCK), 0);
    assert_int_equal(open_as(state, "a", O_RDWR | D_O_EXLOCK | O_NONBLOCK | O_TRUNC), -EWOULDBLOCK);
    assert_string_equal(files_get("a"), "keep"); /* cut only when locked */
    assert_int_equal(sys_flock(CALL(state), 0, LOCK_UN), 0);
    assert_int_equal(open_as(state, "a", O_RDWR | D_O_SHLOCK | O_TRUNC), 1);
    assert_string_equal(files_get("a"), "");
    assert_int_equal(open_as(state, "a", O_RDONLY | D_O_SHLOCK | O_NONBLOCK), 2);
}

static void dev_fd_is_the_open_file_itself(void **state)
{
    char buf[4] = {0};

    files_put("a", "0123456789");
    assert_int_equal(open_as(state, "a", O_RDONLY), 0);
    assert_int_equal(sys_read(CALL(state), 0, P(buf), 2), 2);
    assert_int_equal(open_as(state, "/dev/fd/0", O_RDONLY), 1);
    assert_int_equal(sys_read(CALL(state), 1, P(buf), 2), 2);
    assert_string_equal(buf, "23");
    assert_int_equal(open_as(state, "/dev/stdin", O_RDONLY | O_CLOEXEC), 2);
    assert_ptr_equal(ofile_of(state, 2), ofile_of(state, 0));
    assert_int_equal(open_as(state, "/dev/fd/0", O_RDWR), -EACCES);
}

static void empty_path_opens_anew(void **state)
{
    files_put("a", "x");
    assert_int_equal(open_as(state, "a", O_RDONLY), 0);
    assert_int_equal(sys_openat(CALL(state), 0, P(""), O_RDWR | D_O_EMPTY_PATH, 0), 1);
    assert_ptr_not_equal(ofile_of(state, 0), ofile_of(state, 1));
    assert_int_equal(sys_write(CALL(state), 1, P("y"), 1), 1);
    assert_string_equal(files_get("a"), "y");
}

static void sticky_bit_is_not_given(void **state)
{
    struct stat st;

    umask(0);
    assert_int_equal(sys_open(CALL(state), P("a"), O_RDWR | O_CREAT, 01777), 0);
    umask(022);
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0777);
}

static void the_limit_leaves_the_new_file(void **state)
{
    ((struct files *)*state)->f->own.nofile = 0;
    assert_int_equal(open_as(state, "a", O_RDWR | O_CREAT), -EMFILE);
    assert_int_equal(access("a", F_OK), 0);
}

/* Every host call and copy of a complicated open fails in turn; the fixture counts what is lost. */
static void failures_lose_nothing(void **state)
{
    const uint64_t flags = O_RDWR | D_O_EXLOCK | O_TRUNC;

    files_put("a", "x");
    for (unsigned n = 1;; n++) {
        fake_fail_host(n, EIO);

        const int64_t r = open_as(state, "a", flags);

        fake_fail_host(0, 0);
        if (r >= 0) {
            assert_true(n == 4); /* openat, flock, ftruncate */
            break;
        }
        assert_int_equal(r, -EIO);
    }
    fake_fail_copy(1, EFAULT);
    assert_int_equal(open_as(state, "a", O_RDONLY), -EFAULT);
    fake_fail_scratch(1);
    assert_int_equal(open_as(state, "a", O_RDONLY), -ENOMEM);
}

/* What is known of it, without asking. */
static unsigned known_kind(void **state, int fd)
{
    struct fdref ref;

    assert_int_equal(fd_get_unseen(CALL(state), fd, &ref), 0);

    const unsigned kind = ref.of->kind;

    fd_put(CALL(state), &ref);
    return kind;
}

/* What a name names is asked once, by the first call that depends on it. */
static void kind_is_seen_on_first_use(void **state)
{
    char         buf[2];
    struct kstat st;

    files_put("a", "xyz");
    for (int fd = 0; fd < 3; fd++) {
        assert_int_equal(open_as(state, "a", O_RDONLY), fd);
        assert_int_equal(known_kind(state, fd), OF_UNSEEN);
    }
    fake_fail_host(1, EIO);
    assert_int_equal(sys_read(CALL(state), 0, P(buf), 1), -EIO);
    fake_fail_scratch(1);
    assert_int_equal(sys_read(CALL(state), 0, P(buf), 1), -ENOMEM);
    assert_int_equal(known_kind(state, 0), OF_UNSEEN);
    fake_count_reset();
    assert_int_equal(sys_read(CALL(state), 0, P(buf), 1), 1);
    assert_int_equal(fake_host_calls(), 2);
    assert_int_equal(sys_read(CALL(state), 0, P(buf), 1), 1);
    assert_int_equal(fake_host_calls(), 3);
    assert_int_equal(known_kind(state, 0), OF_FILE);
    fake_count_reset();
    assert_int_equal(sys_fstat(CALL(state), 1, &st), 0);
    assert_int_equal(known_kind(state, 1), OF_FILE);
    assert_int_equal(fake_host_calls(), 1);
    assert_int_equal(sys_dup(CALL(state), 2), 3);
    assert_true(fd_plain(CALL(state), 3));
    assert_true(known_kind(state, 2) == OF_FILE && fd_plain(CALL(state), 2));
    assert_false(fd_plain(CALL(state), 9));
    fake_count_reset();
    assert_int_equal(open_as(state, "a", O_RDONLY), 4);
    assert_int_equal(sys_close(CALL(state), 4), 0);
    assert_int_equal(fake_host_calls(), 2);
}

static void pipes_come_in_pairs(void **state)
{
    int fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(fds[0], 0);
    assert_int_equal(fds[1], 1);
    assert_int_equal(fd_get_cloexec(CALL(state), 1), 1);
    assert_int_equal(ofile_of(state, 0)->flags, O_RDONLY | O_NONBLOCK);
    assert_int_equal(ofile_of(state, 1)->flags, O_WRONLY | O_NONBLOCK);

    struct call *c = CALL(state);

    assert_int_equal(sys_freebsd10_pipe(c), 2);
    assert_true(c->has_rv2);
    assert_int_equal(c->rv2, 3);
    ((struct files *)*state)->f->own.nofile = 5;
    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), -EMFILE);
    ((struct files *)*state)->f->own.nofile = 1024;
    assert_int_equal(sys_pipe2(CALL(state), GVA(8), 0), -EFAULT);
    fake_fail_host(1, ENFILE);
    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), -ENFILE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(errors_are_freebsds),
        T(kinds_and_flags_are_kept),
        T(host_never_closes_on_exec),
        T(exec_only_wants_the_right_to),
        T(locks_exclude),
        T(dev_fd_is_the_open_file_itself),
        T(empty_path_opens_anew),
        T(sticky_bit_is_not_given),
        T(the_limit_leaves_the_new_file),
        T(failures_lose_nothing),
        T(kind_is_seen_on_first_use),
        T(pipes_come_in_pairs),
    };
    return cmocka_run_group_tests_name("syscalls/file_open", tests, NULL, NULL);
}
