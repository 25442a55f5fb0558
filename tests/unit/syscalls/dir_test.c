/* syscalls/dir.c: both forms of entries, small buffers, cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "syscalls/dir.h"
#include "syscalls/file.h"
#include "tests/unit/fake_files.h"

#define FILES 700

static bool seen[FILES + 2];
static int  nseen;

/* FreeBSD's struct dirent since 12, and the one before. */
struct entry {
    uint64_t ino;
    int64_t  off;
    uint16_t reclen;
    uint8_t  type, pad0;
    uint16_t namlen, pad1;
    char     name[];
};
struct entry11 {
    uint32_t ino;
    uint16_t reclen;
    uint8_t  type, namlen;
    char     name[];
};

static void make_files(void)
{
    char name[300];

    for (int i = 0; i < FILES; i++) {
        int n = snprintf(name, sizeof(name), "f%d.", i);

        memset(name + n, 'x', (size_t)i % 200);
        name[n + i % 200] = 0;
        files_put(name, "");
    }
}

static void see(const char *name, size_t namlen, uint8_t type)
{
    const bool dots = !strcmp(name, ".") || !strcmp(name, "..");
    const int  i = dots ? FILES + (name[1] == '.') : atoi(name + 1);

    assert_int_equal(strlen(name), namlen);
    assert_int_equal(type, dots ? 4 : 8); /* DT_DIR, DT_REG */
    assert_in_range(i, 0, FILES + 1);
    assert_false(seen[i]);
    seen[i] = true;
    nseen++;
}

static void see_all(const char *buf, int64_t n)
{
    for (int64_t pos = 0; pos < n;) {
        const struct entry *e = (const void *)(buf + pos);

        assert_int_equal(e->reclen % 8, 0);
        assert_true(e->reclen >= 24 + e->namlen + 1);
        see(e->name, e->namlen, e->type);
        pos += e->reclen;
    }
}

static void read_with(void **state, size_t size)
{
    char   *buf = malloc(size);
    int64_t n;

    memset(seen, 0, sizeof(seen));
    nseen = 0;
    assert_int_equal(sys_open(CALL(state), P("."), O_RDONLY | O_DIRECTORY, 0), 0);
    while ((n = sys_getdirentries(CALL(state), 0, P(buf), size, GVA(0))) > 0)
        see_all(buf, n);
    assert_int_equal(n, 0);
    assert_int_equal(nseen, FILES + 2);
    fd_close(CALL(state), 0);
    free(buf);
}

static void every_name_comes_once_with_any_buffer(void **state)
{
    static const size_t sizes[] = {280, 300, 512, 1000, 4096, 8192, 65536, 1 << 20};

    make_files();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        read_with(state, sizes[i]);
}

static void old_form_as_well(void **state)
{
    char    buf[1024];
    int64_t n;
    long    base;

    make_files();
    memset(seen, 0, sizeof(seen));
    nseen = 0;
    sys_open(CALL(state), P("."), O_RDONLY, 0);
    while ((n = sys_freebsd11_getdirentries(CALL(state), 0, P(buf), sizeof(buf), P(&base))) > 0)
        for (int64_t pos = 0; pos < n; pos += ((struct entry11 *)(buf + pos))->reclen) {
            const struct entry11 *e = (void *)(buf + pos);

            assert_int_equal(e->reclen % 4, 0);
            see(e->name, e->namlen, e->type);
        }
    assert_int_equal(nseen, FILES + 2);
}

/* A cookie of any entry leads to the one after it (seekdir). */
static void cookies_lead_back(void **state)
{
    char          buf[4096], again[4096];
    const int64_t n = (make_files(), sys_open(CALL(state), P("."), O_RDONLY, 0),
                       sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0)));

    for (int64_t pos = 0; pos < n;) {
        const struct entry *e = (void *)(buf + pos);

        pos += e->reclen;
        if (pos >= n)
            break;
        assert_int_equal(sys_lseek(CALL(state), 0, e->off, SEEK_SET), e->off);
        assert_true(sys_getdirentries(CALL(state), 0, P(again), sizeof(again), GVA(0)) > 0);
        assert_string_equal(((struct entry *)again)->name, ((struct entry *)(buf + pos))->name);
    }
    assert_int_equal(sys_lseek(CALL(state), 0, 0, SEEK_SET), 0);
    sys_getdirentries(CALL(state), 0, P(again), sizeof(again), GVA(0));
    assert_string_equal(((struct entry *)again)->name, ((struct entry *)buf)->name);
}

static void base_is_the_position_before(void **state)
{
    char    buf[600];
    int64_t base = -1, first_end;

    make_files();
    sys_open(CALL(state), P("."), O_RDONLY, 0);
    sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), P(&base));
    assert_int_equal(base, 0);
    first_end = sys_lseek(CALL(state), 0, 0, SEEK_CUR);
    sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), P(&base));
    assert_int_equal(base, first_end);
}

static void errors(void **state)
{
    char buf[600];

    files_put("a", "");
    sys_open(CALL(state), P("a"), O_RDONLY, 0);
    sys_open(CALL(state), P("."), O_RDONLY, 0);
    assert_int_equal(sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0)), -EINVAL);
    assert_int_equal(sys_getdirentries(CALL(state), 9, P(buf), sizeof(buf), GVA(0)), -EBADF);
    assert_int_equal(sys_getdirentries(CALL(state), 1, P(buf), 8, GVA(0)), -EINVAL);
    assert_int_equal(sys_getdirentries(CALL(state), 1, GVA(8), 600, GVA(0)), -EFAULT);
    assert_int_equal(sys_getdirentries(CALL(state), 1, P(buf), 1ull << 63, GVA(0)), -EINVAL);
    assert_true(sys_getdirentries(CALL(state), 1, P(buf), sizeof(buf), GVA(0)) > 0); /* nothing was lost by EFAULT */
    assert_int_equal(sys_read(CALL(state), 1, P(buf), 10), -EISDIR);
}

static void removed_directory_is_at_its_end(void **state)
{
    char buf[600];

    assert_int_equal(mkdir("d", 0755), 0);
    sys_open(CALL(state), P("d"), O_RDONLY, 0);
    rmdir("d");

    const int64_t r = sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0));

    assert_true(r == 0 || r == -ENOENT);
}

static void failures_unlock(void **state)
{
    char buf[600];

    files_put("a", "");
    sys_open(CALL(state), P("."), O_RDONLY, 0);
    fake_fail_host(1, EIO);
    assert_int_equal(sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0)), -EIO);
    fake_fail_scratch(1);
    assert_int_equal(sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0)), -ENOMEM);
    assert_true(sys_getdirentries(CALL(state), 0, P(buf), sizeof(buf), GVA(0)) > 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(every_name_comes_once_with_any_buffer),
        T(old_form_as_well),
        T(cookies_lead_back),
        T(base_is_the_position_before),
        T(errors),
        T(removed_directory_is_at_its_end),
        T(failures_unlock),
    };
    return cmocka_run_group_tests_name("syscalls/dir", tests, NULL, NULL);
}
