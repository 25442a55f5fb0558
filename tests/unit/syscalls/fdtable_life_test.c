/* syscalls/fdtable_life.c: a table that was used is as a new one, whichever way it was given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "loader/gate/area.h"
#include "syscalls/fdtable.h"
#include "syscalls/spare.h"
#include "tests/unit/fake_call.h"

static int setup(void **state)
{
    *state = fake_new();
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static bool is_zero(const void *at, size_t n)
{
    const char *p = at;

    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static bool is_new(struct fdtable *t)
{
    return is_zero(t, offsetof(struct fdtable, level3)) && is_zero(t->level2, sizeof(t->level2)) &&
           is_zero(t->level1, sizeof(t->level1)) && is_zero(t->level0, sizeof(t->level0)) &&
           is_zero(t->slots, 4096 * sizeof(*t->slots)) && is_zero(t->entries, 4096 * sizeof(*t->entries)) &&
           is_zero(t->lists, sizeof(*t->lists)) && is_zero(gate_sites_of(t), GATE_SITES_SIZE) &&
           fdtable_free_locked(t, 0) == 0 && fdtable_next_locked(t, 0) == FD_MAX;
}

/* Uses it up to a slot, frees it, and looks at the one that is handed out next, which is the same. */
static void used_and_freed(uint32_t high, bool limited)
{
    struct fdtable *t = fdtable_new();

    assert_non_null(t);
    assert_true(is_new(t));
    for (uint32_t fd = 0; fd <= high; fd++)
        fdtable_set_locked(t, fd, 1 + fd);
    fdtable_set_locked(t, high, 0); /* it was in use, and is not when the table is freed */
    if (limited) {
        const uint64_t cmds[2] = {1, 2};
        uint32_t       list;

        assert_true(fdlimit_list_new_locked(t, cmds, 2, &list));
    }
    t->host_high = high + 1;
    t->entries[high].refs = 7;
    t->view_root = t->stale = t->chrooted = 1;
    memset(gate_sites_of(t), 0xff, GATE_SITES_SIZE);
    fdtable_free(t);
    assert_ptr_equal(fdtable_new(), t);
    assert_true(is_new(t));
    fdtable_free(t);
}

static void small(void **state)
{
    (void)state;
    used_and_freed(70, false);
}
static void at_the_limit(void **state)
{
    (void)state;
    used_and_freed(511, false);
}
static void large(void **state)
{
    (void)state;
    used_and_freed(3000, false);
}
static void limited(void **state)
{
    (void)state;
    used_and_freed(10, true);
}

static void more_than_are_kept(void **state)
{
    struct fdtable *t[3 * SPARES_MAX];
    const uint32_t  n = sizeof(t) / sizeof(*t);

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < n; i++) {
            t[i] = fdtable_new();
            assert_true(is_new(t[i]));
            fdtable_set_locked(t[i], i, 1);
        }
        for (uint32_t i = 0; i < n; i++) /* each was handed out once */
            assert_true(fdtable_next_locked(t[i], 0) == i);
        for (uint32_t i = 0; i < n; i++)
            fdtable_free(t[i]);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(small), T(at_the_limit), T(large), T(limited), T(more_than_are_kept)};
    return cmocka_run_group_tests_name("syscalls/fdtable_life", tests, NULL, NULL);
}
