#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/layout.h"

struct guest {
    uint16_t wide_later;
    int16_t  sign;
    uint32_t type;
    char     name[4];
    uint32_t nobody_names_this;
};
struct host {
    uint64_t wide_later;
    int64_t  sign, type;
    char     name[8];
    uint64_t neither;
};

static const struct flag       types[] = {{.name = "A", .guest = 1, .host = 10}, {.name = "B", .guest = 2, .host = 20}};
static const struct flag_group type_group = {"type", types, 2, UNKNOWN_EINVAL, false};

#define F(g, h, k, o)                                                                                                  \
    {                                                                                                                  \
#g, offsetof(struct guest, g), sizeof(((struct guest *)0)->g), offsetof(struct host, h),                       \
            sizeof(((struct host *)0)->h), k, o                                                                        \
    }
static const struct field fields[] = {
    F(wide_later, wide_later, FIELD_UINT, NULL),
    F(sign, sign, FIELD_SINT, NULL),
    F(type, type, FIELD_ENUM, &type_group),
    F(name, name, FIELD_BYTES, NULL),
};
static const struct layout layout = {"test", sizeof(struct guest), sizeof(struct host), 4, fields, NULL};

static void guest_fields_are_widened(void **state)
{
    struct guest g = {0xfff0, -2, 2, "abc", 0x55555555};
    struct host  h;

    (void)state;
    memset(&h, 0xee, sizeof(h));
    assert_int_equal(layout_to_host(&layout, &g, &h), 0);
    assert_int_equal(h.wide_later, 0xfff0);
    assert_int_equal(h.sign, -2);
    assert_int_equal(h.type, 20);
    assert_string_equal(h.name, "abc");
    assert_int_equal(h.name[7], 0);
    assert_int_equal(h.neither, 0);
}

static void host_fields_are_cut_and_the_rest_is_zero(void **state)
{
    struct host  h = {0x12345, -3, 10, "abcdefg", 1};
    struct guest g;

    (void)state;
    memset(&g, 0xee, sizeof(g));
    layout_to_guest(&layout, &h, &g);
    assert_int_equal(g.wide_later, 0x2345);
    assert_int_equal(g.sign, -3);
    assert_int_equal(g.type, 1);
    assert_memory_equal(g.name, "abcd", 4);
    assert_int_equal(g.nobody_names_this, 0);
}

static void a_value_that_the_group_refuses_refuses_the_structure(void **state)
{
    struct guest g = {.type = 3};
    struct host  h;

    (void)state;
    assert_int_equal(layout_to_host(&layout, &g, &h), -EINVAL);
}

static void a_host_value_without_a_name_goes_through(void **state)
{
    struct host  h = {.type = 30};
    struct guest g;

    (void)state;
    layout_to_guest(&layout, &h, &g);
    assert_int_equal(g.type, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_fields_are_widened),
        cmocka_unit_test(host_fields_are_cut_and_the_rest_is_zero),
        cmocka_unit_test(a_value_that_the_group_refuses_refuses_the_structure),
        cmocka_unit_test(a_host_value_without_a_name_goes_through),
    };
    return cmocka_run_group_tests_name("abi/layout", tests, NULL, NULL);
}
