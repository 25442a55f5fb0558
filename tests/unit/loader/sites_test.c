/* The record of rewritten sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/sites.h"

static struct rewritten site(uint64_t at, uint64_t stub)
{
    return (struct rewritten){
        .at = at, .stub = stub, .n = 2, .end = 7, .moved = {2, 4}, .to = {22, 28, 31}, .stub_len = 36};
}

static void add(struct sites *s, uint64_t at, uint64_t stub)
{
    const struct rewritten w = site(at, stub);

    assert_non_null(site_add(s, &w));
}

static void finds_by_address(void **state)
{
    struct sites *s = sites_new();

    (void)state;
    assert_null(site_at(s, 0x1000));
    for (uint64_t at = 0x5000; at > 0x1000; at -= 0x100) /* backwards: they are kept in order */
        add(s, at, 0x100000 + at);
    for (uint64_t at = 0x5000; at > 0x1000; at -= 0x100) {
        assert_int_equal(site_at(s, at)->at, at);
        assert_int_equal(site_at(s, at + 4)->at, at);
        assert_null(site_at(s, at + 5));
        assert_null(site_at(s, at - 1));
    }
    sites_put(s);
}

static void undone_ones_keep_their_stub(void **state)
{
    struct sites *s = sites_new();

    (void)state;
    assert_non_null(stub_page_add(s, 0x100000));
    add(s, 0x1000, 0x100010);
    add(s, 0x1003, 0x100080);
    site_at(s, 0x1003)->state = SITE_UNDONE;
    assert_int_equal(site_at(s, 0x1004)->at, 0x1000); /* not hidden by the one that is no more */
    assert_int_equal(site_of_stub(s, 0x100085)->at, 0x1003);
    site_at(s, 0x1000)->state = SITE_UNDONE;
    assert_null(site_at(s, 0x1000));
    assert_null(site_in(s, 0, ~0ull));
    add(s, 0x1000, 0x100100); /* rewritten anew */
    assert_int_equal(site_at(s, 0x1000)->stub, 0x100100);
    assert_int_equal(site_of_stub(s, 0x100010)->stub, 0x100010);
    assert_null(site_of_stub(s, 0x200010));
    sites_put(s);
}

static void places_correspond(void **state)
{
    const struct rewritten w = site(0x1000, 0x8000);

    (void)state;
    assert_int_equal(site_to_text(&w, 0x8000), 0x1000); /* before the gate: nothing has happened */
    assert_int_equal(site_to_text(&w, 0x800e), 0x1000);
    assert_int_equal(site_to_text(&w, 0x8000 + 22), 0x1002);
    assert_int_equal(site_to_text(&w, 0x8000 + 28), 0x1004);
    assert_int_equal(site_to_text(&w, 0x8000 + 31), 0x1007);
    assert_int_equal(site_to_text(&w, 0x8000 + 23), 0);
    assert_int_equal(site_to_stub(&w, 0x1002), 0x8000 + 22);
    assert_int_equal(site_to_stub(&w, 0x1004), 0x8000 + 28);
    assert_int_equal(site_to_stub(&w, 0x1000), 0);
    assert_int_equal(site_to_stub(&w, 0x1003), 0);
    assert_int_equal(site_to_stub(&w, 0x1007), 0); /* nothing has moved from there */
}

static void finds_what_a_range_touches(void **state)
{
    struct sites *s = sites_new();

    (void)state;
    add(s, 0x1ffe, 0x9000);
    assert_non_null(site_in(s, 0x2000, 0x3000)); /* its last bytes */
    assert_non_null(site_in(s, 0x1000, 0x1fff));
    assert_non_null(site_in(s, 0x9023, 0xa000)); /* the last byte of the stub */
    assert_null(site_in(s, 0x2003, 0x9000));
    assert_null(site_in(s, 0x9024, 0xa000));
    sites_put(s);
}

static void stubs_do_not_overlap(void **state)
{
    struct sites     *s = sites_new();
    struct stub_page *p = stub_page_add(s, 0x7000);

    (void)state;
    assert_true(stub_fits(p, 0x7000, 4096));
    stub_take(p, 0x7123, 50);
    assert_false(stub_fits(p, 0x7100, 0x23 + 16));
    assert_true(stub_fits(p, 0x7100, 0x20));
    assert_false(stub_fits(p, 0x7150, 4));
    assert_true(stub_fits(p, 0x7160, 40));
    assert_false(stub_fits(p, 0x7fe0, 0x21)); /* across the end */
    assert_false(stub_fits(p, 0x6fff, 4));
    assert_ptr_equal(stub_page_of(s, 0x7fff), p);
    assert_null(stub_page_of(s, 0x8000));
    sites_put(s);
}

static void copies_are_apart(void **state)
{
    struct sites *s = sites_new(), *child;

    (void)state;
    add(s, 0x1000, 0x8000);
    stub_page_add(s, 0x8000);
    child = sites_copy(s);
    site_at(s, 0x1000)->state = SITE_UNDONE;
    assert_non_null(site_at(child, 0x1000));
    assert_non_null(site_of_stub(child, 0x8001));
    sites_put(sites_get(s));
    sites_put(s);
    sites_put(child);
    sites_put(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_address),     cmocka_unit_test(undone_ones_keep_their_stub),
        cmocka_unit_test(places_correspond),    cmocka_unit_test(finds_what_a_range_touches),
        cmocka_unit_test(stubs_do_not_overlap), cmocka_unit_test(copies_are_apart),
    };

    return cmocka_run_group_tests_name("loader/sites", tests, NULL, NULL);
}
