/* References that killed threads left behind: the next close is the last one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "syscalls/file.h"
#include "tests/unit/fake_files.h"

static bool is_open(uint32_t hostfd) { return fcntl((int)hostfd, F_GETFD) >= 0; }

static void counts_slots_alone(void **state)
{
    const int    fd = (int)sys_open(CALL(state), P("f"), O_RDWR | O_CREAT, 0644);
    struct fdref used, gone;
    uint32_t     host[2];

    assert_int_equal(fd_get(CALL(state), fd, &used), 0);
    assert_int_equal(fd_dup(CALL(state), fd, 5, 0), 5);
    host[0] = used.entry;
    assert_int_equal(sys_open(CALL(state), P("f"), O_RDWR, 0), fd + 1);
    assert_int_equal(fd_get(CALL(state), fd + 1, &gone), 0);
    host[1] = gone.entry;
    assert_int_equal(sys_close(CALL(state), fd + 1), 0);
    assert_true(is_open(host[1])); /* a call is in flight */

    fdtable_recount(CALL(state), FDS(state));
    assert_false(is_open(host[1]));
    assert_int_equal(FDS(state)->entries[host[0]].refs, 2);
    assert_int_equal(sys_close(CALL(state), fd), 0);
    assert_true(is_open(host[0]));
    assert_int_equal(sys_close(CALL(state), 5), 0);
    assert_false(is_open(host[0]));
}

/* A new descriptor, which a call holds when its thread is killed and whose slot is gone. */
static uint32_t left_behind(void **state)
{
    const int    fd = (int)sys_open(CALL(state), P("f"), O_RDWR | O_CREAT, 0644);
    struct fdref ref;

    assert_int_equal(fd_get(CALL(state), fd, &ref), 0);
    assert_int_equal(sys_close(CALL(state), fd), 0);
    assert_true(is_open(ref.entry));
    return ref.entry;
}

/* No more than the process has, but for what its stack may want. */
static struct rlimit memory_end(void)
{
    FILE         *f = fopen("/proc/self/statm", "re");
    unsigned long pages;
    struct rlimit before, now;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu", &pages), 1);
    fclose(f);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    now = (struct rlimit){pages * 4096 + (1 << 20), before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
    return before;
}

/* An exec that has come so far cannot fail, so it is done without memory, too; for as many entries as there can be. */
static void needs_no_memory(void **state)
{
    const uint32_t gone = left_behind(state);
    struct rlimit  before;
    void          *more;

    FDS(state)->host_high = FD_HOST_MAX;
    before = memory_end();
    more = mmap(NULL, FD_HOST_MAX * sizeof(uint32_t), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fdtable_recount(CALL(state), FDS(state));
    setrlimit(RLIMIT_AS, &before);
    assert_ptr_equal(more, MAP_FAILED);
    assert_false(is_open(gone));
}

/* A descriptor of our own has no slot, and stays. */
static void leaves_our_own(void **state)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(fdtable_entry_new(FDS(state), fd, NULL));
    fdtable_recount(CALL(state), FDS(state));
    assert_true(is_open((uint32_t)fd));
    assert_int_equal(FDS(state)->entries[fd].refs, 1);
    fdtable_entry_put(CALL(state), FDS(state), (uint32_t)fd);
    assert_false(is_open((uint32_t)fd));
}

/* The process is killed meanwhile: nothing of the table is lost. */
static void survives_the_process(void **state)
{
    const uint32_t gone = left_behind(state);
    struct call   *c = CALL(state);

    fake_fail_host(1, ESRCH);
    fdtable_recount(c, FDS(state));
    assert_int_equal(FDS(state)->entries[gone].refs, 0);
    assert_int_equal(FDS(state)->stale, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_slots_alone, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(needs_no_memory, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(leaves_our_own, files_setup, files_teardown),
        cmocka_unit_test_setup_teardown(survives_the_process, files_setup, files_teardown),
    };

    return cmocka_run_group_tests_name("syscalls/fdtable_recount", tests, NULL, NULL);
}
