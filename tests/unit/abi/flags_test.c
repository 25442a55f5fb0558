#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/flags.h"

/* A group with all that one can have: bits, a field with a value of 0, a neutral value, one without effect. */
static const struct flag some_flags[] = {
    {.name = "RD", .mask = 3, .guest = 0, .host = 0},       {.name = "WR", .mask = 3, .guest = 1, .host = 1},
    {.name = "BOTH", .guest = 0x80, .host = 0x101000},      {.name = "HALF", .guest = 0x100, .host = 0x1000},
    {.name = "NEUTRAL", .guest = 0x10, .host = 1ull << 32}, {.name = "NOTHING", .guest = 0x20, .host = 0},
};
static const struct flag_group refuse = {"refuse", some_flags, 6, UNKNOWN_EINVAL, false};
static const struct flag_group ignore = {"ignore", some_flags, 6, UNKNOWN_IGNORE, false};
static const struct flag_group keep = {"keep", some_flags, 6, UNKNOWN_KEEP, false};
static const struct flag_group keep_wide = {"wide", some_flags, 6, UNKNOWN_KEEP, true};

static uint64_t to_host(const struct flag_group *g, uint64_t guest)
{
    uint64_t host = 0xdead;

    assert_int_equal(flags_to_host(g, guest, &host), 0);
    return host;
}

static void bits_become_host_bits(void **state)
{
    (void)state;
    assert_int_equal(to_host(&refuse, 0x81), 0x101001);
    assert_int_equal(to_host(&refuse, 0x10), 1ull << 32);
    assert_int_equal(to_host(&refuse, 0x20), 0);
    assert_int_equal(to_host(&refuse, 0), 0);
}

static void unknown_bits_follow_the_policy(void **state)
{
    uint64_t host;

    (void)state;
    assert_int_equal(flags_to_host(&refuse, 0x200, &host), -EINVAL);
    assert_int_equal(flags_to_host(&refuse, 2, &host), -EINVAL); /* a value that the field has not */
    assert_int_equal(to_host(&ignore, 0x201), 1);
    assert_int_equal(to_host(&keep, 0x201), 0x201);
}

static void rubbish_in_the_high_half_counts_only_when_wide(void **state)
{
    (void)state;
    assert_int_equal(to_host(&refuse, 0xdead000000000001), 1);
    assert_int_equal(to_host(&keep, 0xdead000000000001), 1);
    assert_int_equal(to_host(&keep_wide, 0xdead000000000001), 0xdead000000000001);
}

static void host_values_of_several_bits_come_back_whole(void **state)
{
    (void)state;
    assert_int_equal(flags_to_guest(&refuse, 0x101001), 0x81);
    assert_int_equal(flags_to_guest(&refuse, 0x1000), 0x100);
    assert_int_equal(flags_to_guest(&refuse, 1ull << 32), 0x10);
    assert_int_equal(flags_to_guest(&refuse, 1ull << 40), 0);
    assert_int_equal(flags_to_guest(&keep, 0x200), 0x200);
}

static const struct flag some_values[] = {
    {.name = "A", .guest = 0, .host = 7},
    {.name = "MINUS", .guest = 0xffffffff, .host = (uint64_t)-1},
    {.name = "NEUTRAL", .guest = 3, .host = 5ll << 32},
    {.name = "ALIAS", .guest = 4, .host = 7},
};
static const struct flag_group values = {"values", some_values, 4, UNKNOWN_EINVAL, false};
static const struct flag_group values_ignore = {"values", some_values, 4, UNKNOWN_IGNORE, false};
static const struct flag_group values_keep = {"values", some_values, 4, UNKNOWN_KEEP, false};

static void values_of_a_field_are_told_apart(void **state)
{
    static const struct flag       three[] = {{.name = "ONE", .mask = 7, .guest = 1, .host = 1},
                                              {.name = "TWO", .mask = 7, .guest = 2, .host = 2},
                                              {.name = "THREE", .mask = 7, .guest = 4, .host = 3}};
    static const struct flag_group g = {"three", three, 3, UNKNOWN_IGNORE, false};

    (void)state;
    assert_int_equal(flags_to_guest(&g, 1), 1);
    assert_int_equal(flags_to_guest(&g, 3), 4);
}

static void one_value_converts_both_ways(void **state)
{
    int64_t host;

    (void)state;
    assert_int_equal(enum_to_host(&values, 4, &host), 0);
    assert_int_equal(host, 7);
    assert_int_equal(enum_to_host(&values, 0xffffffff, &host), 0);
    assert_int_equal(host, -1);
    assert_int_equal(enum_to_host(&values, 0xdead00000003, &host), 0);
    assert_int_equal(host, 5ll << 32);
    assert_int_equal(enum_to_guest(&values, 7, 99), 0); /* the first name wins */
    assert_int_equal(enum_to_guest(&values, -1, 99), -1);
    assert_int_equal(enum_to_guest(&values, 8, 99), 99);
}

static void unknown_values_follow_the_policy(void **state)
{
    int64_t host;

    (void)state;
    assert_int_equal(enum_to_host(&values, 9, &host), -EINVAL);
    assert_int_equal(enum_to_host(&values_ignore, 9, &host), 0);
    assert_int_equal(host, -1);
    assert_int_equal(enum_to_host(&values_keep, 0xfffffff0, &host), 0);
    assert_int_equal(host, -16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_become_host_bits),
        cmocka_unit_test(unknown_bits_follow_the_policy),
        cmocka_unit_test(rubbish_in_the_high_half_counts_only_when_wide),
        cmocka_unit_test(host_values_of_several_bits_come_back_whole),
        cmocka_unit_test(values_of_a_field_are_told_apart),
        cmocka_unit_test(one_value_converts_both_ways),
        cmocka_unit_test(unknown_values_follow_the_policy),
    };
    return cmocka_run_group_tests_name("abi/flags", tests, NULL, NULL);
}
