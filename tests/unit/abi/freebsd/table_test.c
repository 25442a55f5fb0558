/* The rows against the facts of tests/data: every number, its name, its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/freebsd/freebsd.h"

struct fact {
    int         nr;
    const char *name; /* NULL: no such call */
    int         nargs;
};
static const struct fact facts[] = {
#define CALL(nr, name, nargs) {nr, name, nargs},
#define HOLE(nr)              {nr, NULL, 0},
#include "tests/data/freebsd-amd64/syscalls.inc"
};
#define FACTS (sizeof(facts) / sizeof(*facts))

static void every_number_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(FACTS, FREEBSD_NSYSCALLS);
    for (size_t i = 0; i < FACTS; i++) {
        assert_int_equal(facts[i].nr, i);
        assert_int_equal(freebsd_rows[i].nr, i);
        assert_non_null(freebsd_rows[i].name);
    }
}

static void names_and_argument_counts_are_the_kernels(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct row *r = &freebsd_rows[i];

        if (!facts[i].name) {
            assert_int_equal(r->state, ROW_HOLE);
            continue;
        }
        assert_int_not_equal(r->state, ROW_HOLE);
        assert_string_equal(r->name, facts[i].name);
        if (r->nargs != facts[i].nargs)
            fail_msg("%s has %d arguments, %d in the table", r->name, facts[i].nargs, r->nargs);
    }
}

static bool wants_group(uint8_t kind) { return kind == ARG_FLAGS || kind == ARG_ENUM; }

static bool wants_layout(uint8_t kind)
{
    return kind == ARG_IN_STRUCT || kind == ARG_OUT_STRUCT || kind == ARG_INOUT_STRUCT || kind == ARG_OUT_ALWAYS;
}

static bool wants_count(uint8_t kind)
{
    return kind == ARG_IN_BUF || kind == ARG_OUT_BUF || kind == ARG_IN_IOV || kind == ARG_OUT_IOV;
}

/* A count is a number among the row's own arguments, and not a pointer. */
static void check_count(const struct row *r, const struct arg *a)
{
    if (a->len == LEN_RESULT || a->len == LEN_NONE)
        return;
    assert_true(a->len < r->nargs);
    switch (r->args[a->len].kind) {
    case ARG_INT:
    case ARG_UINT:
    case ARG_LONG:
    case ARG_ULONG: break;
    default: fail_msg("%s: %s is counted by %s", r->name, a->name, r->args[a->len].name);
    }
}

static void every_argument_says_all_that_its_kind_needs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FREEBSD_NSYSCALLS; i++) {
        const struct row *r = &freebsd_rows[i];

        for (unsigned j = 0; j < r->nargs; j++) {
            const struct arg *a = &r->args[j];

            assert_non_null(a->name);
            assert_true(a->kind > ARG_NONE && a->kind < ARG_KINDS);
            if (wants_group(a->kind))
                assert_true(((const struct flag_group *)a->of)->count > 0);
            if (wants_layout(a->kind)) {
                const struct layout *l = a->of;

                assert_true(l->count > 0);
                assert_in_range(l->hsize, 1, LAYOUT_HOST_MAX);
                assert_in_range(l->gsize, 1, LAYOUT_HOST_MAX);
            }
            if (wants_count(a->kind))
                check_count(r, a);
        }
    }
}

static void a_partial_row_says_what_is_missing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FREEBSD_NSYSCALLS; i++) {
        const struct row *r = &freebsd_rows[i];

        assert_true(r->state < ROW_STATES && r->ret < RET_KINDS);
        if (r->state == ROW_PARTIAL)
            assert_true(r->gap && strlen(r->gap) > 3);
        else
            assert_null(r->gap);
        if (r->state == ROW_MISSING || r->state == ROW_HOLE)
            assert_int_equal(r->host, HOST_NONE);
    }
}

/* The gate asks with what is in registers, and the provider looks at nothing else. */
static void a_row_that_is_asked_for_has_its_arguments_in_registers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FREEBSD_NSYSCALLS; i++)
        if (freebsd_rows[i].where != IN_PROVIDER)
            assert_in_range(freebsd_rows[i].nargs, 0, 6);
    assert_int_equal(freebsd_rows[560].where, ASKED);     /* kevent */
    assert_int_equal(freebsd_rows[2].where, IN_PROVIDER); /* fork */
}

static unsigned descriptors(const struct row *r)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->nargs; i++)
        n += r->args[i].kind == ARG_FD || r->args[i].kind == ARG_DIRFD;
    return n;
}

/* Capsicum's table names rows by number and by name, and leaves out no row that takes a descriptor. */
static void every_descriptor_has_its_rights(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FREEBSD_NSYSCALLS; i++) {
        const struct row     *r = &freebsd_rows[i];
        const struct cap_row *cap = &freebsd_cap_rows[i];

        assert_in_range(descriptors(r), 0, CAP_FDS_MAX);
        if (cap->name) {
            assert_string_equal(cap->name, r->name);
            assert_int_not_equal(r->state, ROW_HOLE);
        } else if (descriptors(r)) {
            fail_msg("%s takes a descriptor, and capability.tbl says nothing of it", r->name);
        }
        for (unsigned n = descriptors(r); n < CAP_FDS_MAX; n++)
            assert_true(cap->want[n] == D_CAP_NONE);
        assert_true(!(cap->want[0] & ~D_CAP_ALL) && !(cap->want[1] & ~D_CAP_ALL));
    }
    assert_true(freebsd_cap_rows[3].enabled && freebsd_cap_rows[3].want[0] == D_CAP_READ);
    assert_false(freebsd_cap_rows[5].enabled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_row),
        cmocka_unit_test(names_and_argument_counts_are_the_kernels),
        cmocka_unit_test(every_argument_says_all_that_its_kind_needs),
        cmocka_unit_test(a_partial_row_says_what_is_missing),
        cmocka_unit_test(a_row_that_is_asked_for_has_its_arguments_in_registers),
        cmocka_unit_test(every_descriptor_has_its_rights),
    };
    return cmocka_run_group_tests_name("abi/freebsd/table", tests, NULL, NULL);
}
