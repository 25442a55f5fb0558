#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/auxv.h>
#include <time.h>

#include "loader/gate/area.h"
#include "loader/library.h"
#include "syscalls/code.h"
#include "syscalls/proc.h"
#include "tests/unit/fake_files.h"

static void the_function_is_the_hosts_clock(void **state)
{
    const uint64_t  own = getauxval(AT_SYSINFO_EHDR);
    struct timespec ts, after;

    (void)state;
    session.vdso_clock = library_vdso("__vdso_clock_gettime");
    if (!own)
        skip();
    assert_int_not_equal(session.vdso_clock, 0);
    assert_int_equal(((int (*)(clockid_t, struct timespec *))(own + session.vdso_clock))(CLOCK_REALTIME, &ts), 0);
    clock_gettime(CLOCK_REALTIME, &after);
    assert_true(ts.tv_sec == after.tv_sec || ts.tv_sec + 1 == after.tv_sec);
}

static void overlaps(void **state)
{
    const uint64_t at = 0x7ffff7fc0000;

    (void)state;
    assert_false(vdso_overlaps(0, 0, ~0ull));
    assert_false(vdso_overlaps(at, at + VDSO_ABOVE, at + 2 * VDSO_ABOVE));
    assert_false(vdso_overlaps(at, 0, at - VDSO_BELOW));
    assert_true(vdso_overlaps(at, at, at + 1));
    assert_true(vdso_overlaps(at, at - VDSO_BELOW, at - VDSO_BELOW + 1));
    assert_true(vdso_overlaps(at, 0, ~0ull));
}

static void what_is_mapped_over_is_not_called(void **state)
{
    struct call *c = CALL(state);
    struct area *a = c->task->area;

    LIST_INIT(&session.procs);
    LIST_INIT(&c->proc->tasks);
    LIST_INSERT_HEAD(&session.procs, c->proc, all);
    LIST_INSERT_HEAD(&c->proc->tasks, c->task, link);
    session.vdso_clock = 0x700;
    vdso_adopt(c->proc, 0x7ffff7fc0000);
    a->clock = 0x7ffff7fc0700;
    code_forget(c, 0x10000, 0x20000);
    assert_int_equal(a->clock, 0x7ffff7fc0700);
    code_forget(c, 0x7ffff7fc0000, 0x7ffff7fc1000);
    assert_int_equal(a->clock, 0);
    assert_int_equal(c->proc->vdso, 0);
    session.vdso_clock = 0;
    vdso_adopt(c->proc, 0x7ffff7fc0000);
    assert_int_equal(c->proc->vdso, 0);
    LIST_INIT(&session.procs);
}

#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_function_is_the_hosts_clock),
        cmocka_unit_test(overlaps),
        T(what_is_mapped_over_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
