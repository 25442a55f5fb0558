/* References that killed threads left behind: the next close is the last one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_slots_alone, files_setup, files_teardown),
    };

    return cmocka_run_group_tests_name("syscalls/fdtable_recount", tests, NULL, NULL);
}
