/* syscalls/capability.c: what rows want, by their numbers, of limited descriptors; and capability mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/unit/fake_rows.h"

static void limit(void **state, int fd, caprights rights, uint32_t fcntls)
{
    const struct fdlimit l = {rights, fcntls, rights & D_CAP_IOCTL ? IOCTLS_ALL : IOCTLS_NONE};

    fdlimit_set_locked(FDS(state), (uint32_t)fd, FDS(state)->slots[fd], &l);
}

static int open_a(void **state)
{
    files_put("a", "0123456789");
    return (int)ROW(state, 5, P("a").va, 2 /* O_RDWR */, 0);
}

static int open_dir(void **state) { return (int)ROW(state, 5, P(".").va, 0x20000 /* O_DIRECTORY */, 0); }

/* Calls on a file, each with the one right of what it wants that it is now denied, and its arguments. */
static const struct {
    unsigned  nr;
    caprights right;
    uint64_t  b, d, e;
} on_file[] = {
    {3, D_CAP_READ, 0, 0, 0},      {4, D_CAP_WRITE, 0, 0, 0},           {475, D_CAP_READ, 0, 0, 0},
    {475, D_CAP_SEEK, 0, 0, 0},    {476, D_CAP_WRITE, 0, 0, 0},         {476, D_CAP_SEEK, 0, 0, 0},
    {173, D_CAP_SEEK, 0, 0, 0},    {120, D_CAP_READ, 0, 0, 0},          {121, D_CAP_WRITE, 0, 0, 0},
    {289, D_CAP_SEEK, 0, 0, 0},    {290, D_CAP_SEEK, 0, 0, 0},          {478, D_CAP_SEEK, 0, 1, 0},
    {199, D_CAP_SEEK, 0, 0, 1},    {480, D_CAP_FTRUNCATE, 10, 0, 0},    {95, D_CAP_FSYNC, 0, 0, 0},
    {550, D_CAP_FSYNC, 0, 0, 0},   {124, D_CAP_FCHMOD, 0600, 0, 0},     {123, D_CAP_FCHOWN, -1u, -1u, 0},
    {35, D_CAP_FCHFLAGS, 0, 0, 0}, {131, D_CAP_FLOCK, 1, 0, 0},         {192, D_CAP_FPATHCONF, 4, 0, 0},
    {206, D_CAP_FUTIMES, 0, 0, 0}, {546, D_CAP_FUTIMES, 0, 0, 0},       {13, D_CAP_FCHDIR, 0, 0, 0},
    {92, D_CAP_FCNTL, 3, 0, 0},    {92, D_CAP_FCNTL, 4, 0, 0},          {92, D_CAP_FCNTL, 5, 0, 0},
    {92, D_CAP_FLOCK, 14, 0, 0},   {54, D_CAP_IOCTL, 0x20006601, 0, 0}, {437, D_CAP_EXTATTR_LIST, 1, 0, 0},
};

static void a_right_is_missed(void **state)
{
    for (size_t i = 0; i < sizeof(on_file) / sizeof(*on_file); i++) {
        const int     fd = open_a(state), other = (int)ROW(state, 41, fd);
        const int64_t free = ROW(state, on_file[i].nr, fd, on_file[i].b, on_file[i].d, on_file[i].e);

        if (free == -D_ENOTCAPABLE)
            fail_msg("row %u", on_file[i].nr);
        limit(state, fd, D_CAP_ALL & ~on_file[i].right, D_CAP_FCNTL_ALL);
        if (ROW(state, on_file[i].nr, fd, on_file[i].b, on_file[i].d, on_file[i].e) != -D_ENOTCAPABLE)
            fail_msg("row %u does not want %llx", on_file[i].nr, (unsigned long long)on_file[i].right);
        /* With what it wants and no more it does what it did; so does the slot next to it. */
        limit(state, other, freebsd_cap_rows[on_file[i].nr].want[0] | on_file[i].right, D_CAP_FCNTL_ALL);
        assert_int_not_equal(ROW(state, on_file[i].nr, other, on_file[i].b, on_file[i].d, on_file[i].e),
                             -D_ENOTCAPABLE);
        assert_int_equal(ROW(state, 6, fd), 0);
        assert_int_equal(ROW(state, 6, other), 0);
    }
}

static void fcntl_commands_one_by_one(void **state)
{
    const int fd = open_a(state);

    limit(state, fd, D_CAP_ALL, D_CAP_FCNTL_GETFL);
    assert_int_equal(ROW(state, 92, fd, 3), 2);
    assert_int_equal(ROW(state, 92, fd, 4, 0), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 92, fd, 5), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 92, fd, 1), 0); /* F_GETFD */
}

/* Argument by argument: which of two descriptors is which, and what else they say. */
static void two_descriptors(void **state)
{
    int64_t   at = 0;
    const int a = open_a(state), b = (int)ROW(state, 5, P("b").va, 0x202 /* O_CREAT | O_RDWR */, 0600);

    limit(state, a, D_CAP_READ, 0);
    limit(state, b, D_CAP_WRITE, 0);
    assert_int_equal(ROW(state, 569, a, 0, b, 0, 4), 4);
    assert_int_equal(ROW(state, 569, b, 0, a, 0, 4), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 569, a, P(&at).va, b, 0, 4), -D_ENOTCAPABLE); /* a position wants SEEK */
    assert_int_equal(ROW(state, 569, a, 0, b, P(&at).va, 4), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 569, a, 0, a, 0, 4), -D_ENOTCAPABLE); /* the same one: both rights */
}

static void openat_wants_by_flags(void **state)
{
    static const struct {
        uint64_t  flags; /* FreeBSD's */
        caprights want;
    } cases[] = {
        {0, D_CAP_READ},
        {1, D_CAP_PWRITE},
        {2, D_CAP_READ | D_CAP_PWRITE},
        {1 | 8, D_CAP_WRITE},
        {1 | 0x400, D_CAP_WRITE | D_CAP_FTRUNCATE},
        {0x200, D_CAP_READ | D_CAP_CREATE},
        {0x80, D_CAP_READ | D_CAP_FSYNC},
        {0x10, D_CAP_READ | D_CAP_FLOCK},
        {0x40000, D_CAP_FEXECVE},
    };
    const int d = open_dir(state);

    files_put("a", "x");
    assert_int_equal(chmod("a", 0777), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const caprights want = cases[i].want | D_CAP_LOOKUP;

        limit(state, d, want, 0);

        const int fd = (int)ROW(state, 499, d, P("a").va, cases[i].flags, 0600);

        if (fd < 0)
            fail_msg("flags %llx: %d", (unsigned long long)cases[i].flags, fd);
        assert_true(FDS(state)->slots[fd] & SLOT_LIMITED);
        assert_true(FDS(state)->limits[fd].rights == want);
        assert_int_equal(ROW(state, 6, fd), 0);
        for (unsigned bit = 0; bit < 64; bit++)
            if (want & CAPRIGHT_0(1ull << bit)) {
                limit(state, d, want & ~CAPRIGHT_0(1ull << bit), 0);
                assert_int_equal(ROW(state, 499, d, P("a").va, cases[i].flags, 0600), -D_ENOTCAPABLE);
            }
    }
}

static void what_is_opened_has_the_directorys_lists(void **state)
{
    const uint64_t cmd = 7;
    const int      d = open_dir(state);
    struct fdlimit l = {D_CAP_ALL, D_CAP_FCNTL_ALL, 0};
    int            fd;

    files_put("a", "x");
    assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &l.ioctls));
    fdlimit_set_locked(FDS(state), (uint32_t)d, FDS(state)->slots[d], &l);
    fd = (int)ROW(state, 499, d, P("a").va, 0, 0);
    assert_true(fd > d);
    assert_int_equal(FDS(state)->lists[l.ioctls].refs, 2);
    assert_int_equal(ROW(state, 499, d, P("none").va, 0, 0), -ENOENT);
    assert_int_equal(FDS(state)->lists[l.ioctls].refs, 2);
    assert_int_equal(ROW(state, 54, fd, 7, 0), -ENOTTY);
    assert_int_equal(ROW(state, 54, fd, 8, 0), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 6, fd), 0);
    assert_int_equal(ROW(state, 6, d), 0);
    assert_int_equal(FDS(state)->lists[l.ioctls].refs, 0);
}

static void a_limited_directory_is_not_left(void **state)
{
    static const char *const outside[] = {"..", "../x", "sub/../..", "up/x", "abs"};
    const int                d = open_dir(state);

    assert_int_equal(mkdir("sub", 0755), 0);
    assert_int_equal(symlink("..", "up"), 0);
    assert_int_equal(symlink("/etc", "abs"), 0);
    limit(state, d, D_CAP_ALL & ~D_CAP_FCHMOD, D_CAP_FCNTL_ALL);
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
        assert_int_equal(ROW(state, 499, d, P(outside[i]).va, 0, 0), -D_ENOTCAPABLE);
    assert_true(ROW(state, 499, d, P("sub/../sub").va, 0, 0) > d);
    assert_true(ROW(state, 499, d, P("/").va, 0, 0) > d); /* an absolute path is not relative to it */
}

static void nothing_is_replaced_without_unlinkat(void **state)
{
    const int d = open_dir(state);

    files_put("a", "a");
    files_put("b", "b");
    limit(state, d, D_CAP_RENAMEAT_SOURCE | D_CAP_RENAMEAT_TARGET, 0);
    assert_int_equal(ROW(state, 501, d, P("a").va, d, P("b").va), -D_ENOTCAPABLE);
    assert_string_equal(files_get("b"), "b");
    assert_int_equal(ROW(state, 501, d, P("a").va, d, P("c").va), 0);
    limit(state, d, D_CAP_RENAMEAT_SOURCE | D_CAP_RENAMEAT_TARGET | D_CAP_UNLINKAT, 0);
    assert_int_equal(ROW(state, 501, d, P("c").va, d, P("b").va), 0);
    assert_string_equal(files_get("b"), "a");
}

/* Whichever host call, copy or scratch fails, no list and no descriptor is lost (the fixture counts those). */
static void failing_anywhere_loses_nothing(void **state)
{
    const uint64_t cmd = 7;
    const int      d = open_dir(state);
    struct fdlimit l = {D_CAP_ALL, D_CAP_FCNTL_ALL, 0};

    files_put("a", "x");
    assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &l.ioctls));
    fdlimit_set_locked(FDS(state), (uint32_t)d, FDS(state)->slots[d], &l);
    for (unsigned i = 1; i < 12; i++) {
        for (int what = 0; what < 3; what++) {
            fake_fail_host(what == 0 ? i : 0, EIO);
            fake_fail_copy(what == 1 ? i : 0, EFAULT);
            fake_fail_scratch(what == 2 ? i : 0);

            const int64_t fd = ROW(state, 499, d, P("a").va, 0, 0);

            fake_fail_host(0, 0);
            fake_fail_copy(0, 0);
            fake_fail_scratch(0);
            if (fd >= 0)
                assert_int_equal(ROW(state, 6, fd), 0);
            assert_int_equal(FDS(state)->lists[l.ioctls].refs, 1);
        }
    }
}

static void limits_travel(void **state)
{
    const uint64_t       cmd = 9;
    const int            fd = open_a(state);
    struct fdlimit       l = {D_CAP_READ | D_CAP_IOCTL, 0, 0};
    struct fdlimit_copy *copy;
    struct fdref         ref;
    struct call         *c = CALL(state);
    struct fd_new        n = {.hostfd = open("/dev/null", O_RDONLY), .kind = OF_CHAR};

    assert_int_equal(capability_export(c, 99, &ref, &copy), -EBADF);
    assert_int_equal(capability_export(c, fd, &ref, &copy), 0);
    assert_null(copy);
    fd_put(c, &ref);
    assert_true(fdlimit_list_new_locked(FDS(state), &cmd, 1, &l.ioctls));
    fdlimit_set_locked(FDS(state), (uint32_t)fd, FDS(state)->slots[fd], &l);
    assert_int_equal(capability_export(c, fd, &ref, &copy), 0);
    fd_put(c, &ref);
    assert_int_equal(ROW(state, 6, fd), 0);
    c = CALL(state);
    assert_int_equal(capability_import(c, copy), 0);

    const int to = fd_install(c, &n, 5);

    capability_done(c);
    free(copy);
    assert_int_equal(to, 5);
    assert_true(FDS(state)->limits[5].rights == l.rights);
    assert_int_equal(FDS(state)->lists[FDS(state)->limits[5].ioctls].refs, 1);
    assert_int_equal(FDS(state)->lists[FDS(state)->limits[5].ioctls].cmds[0], 9);
}

static void mode_lets_few_calls_through(void **state)
{
    const int d = open_dir(state), fd = open_a(state);

    ((struct files *)*state)->f->own.capmode = true;
    assert_int_equal(ROW(state, 5, P("a").va, 0, 0), -D_ECAPMODE);
    assert_int_equal(ROW(state, 13, d), -D_ECAPMODE);
    assert_int_equal(ROW(state, 499, -100, P("a").va, 0, 0), -D_ECAPMODE);
    assert_int_equal(ROW(state, 499, d, P("/etc").va, 0, 0), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 499, d, P("..").va, 0, 0), -D_ENOTCAPABLE);
    assert_int_equal(ROW(state, 552, -100, P("").va, P(files_get("a")).va, 0x4000), -D_ECAPMODE);
    assert_int_equal(ROW(state, 478, fd, 3, 0), 3);
    assert_int_equal(ROW(state, 37, getpid() + 1, 0), -D_ECAPMODE);

    const int below = (int)ROW(state, 499, d, P("a").va, 0, 0);

    assert_true(below > fd);
    assert_false(FDS(state)->slots[below] & SLOT_LIMITED);
    ((struct files *)*state)->f->own.capmode = false;
    assert_false(capability_refuses(CALL(state)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_is_missed, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(fcntl_commands_one_by_one, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(two_descriptors, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(openat_wants_by_flags, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(what_is_opened_has_the_directorys_lists, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(a_limited_directory_is_not_left, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_replaced_without_unlinkat, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(failing_anywhere_loses_nothing, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(limits_travel, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(mode_lets_few_calls_through, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("syscalls/capability", tests, NULL, NULL);
}
