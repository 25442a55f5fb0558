/* abi/freebsd/caprights.c: cap_rights_t in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/freebsd/freebsd.h"

#define I0 (1ull << 57)
#define I1 (1ull << 58)

/* CAP_ALL of sys/capsicum.h. */
static void all_rights_are_the_kernels(void **state)
{
    uint64_t w[2];

    (void)state;
    freebsd_caprights_out(D_CAP_ALL, w);
    assert_int_equal(w[0], 0x020007ffffffffffull);
    assert_int_equal(w[1], 0x04000000001fffffull);
    freebsd_caprights_out(D_CAP_NONE, w);
    assert_int_equal(w[0], I0);
    assert_int_equal(w[1], I1);
}

static void what_comes_in_goes_out(void **state)
{
    uint64_t  w[2] = {I0 | 0x40000000009ull, I1 | 0x100020ull}, back[2];
    caprights r;

    (void)state;
    assert_int_equal(freebsd_caprights_in(w, &r), 0);
    assert_true(r == (CAPRIGHT_0(0x40000000009ull) | D_CAP_KQUEUE_CHANGE | D_CAP_EVENT));
    freebsd_caprights_out(r, back);
    assert_memory_equal(w, back, sizeof(w));
}

/* subr_capability.c, cap_rights_is_valid */
static void rubbish_is_refused(void **state)
{
    static const uint64_t bad[][2] = {
        {0, 0},
        {I0, 0},
        {0, I1},
        {I1, I0},
        {I0 | I1, I1},
        {I0, I0 | I1},
        {I0 | 1ull << 62, I1},
        {I0, I1 | 1ull << 63},
        {I0 | 1ull << 43, I1},
        {I0, I1 | 1ull << 21},
    };
    caprights r;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(freebsd_caprights_in(bad[i], &r), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rights_are_the_kernels),
        cmocka_unit_test(what_comes_in_goes_out),
        cmocka_unit_test(rubbish_is_refused),
    };
    return cmocka_run_group_tests_name("abi/freebsd/caprights", tests, NULL, NULL);
}
