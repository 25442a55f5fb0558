#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/freebsd/freebsd.h"

static const struct {
    const char *name;
    int         value, host;
} facts[] = {
#define E(name, value, host) {#name, value, host},
#include "tests/data/freebsd-amd64/errno.inc"
#undef E
};
#define FACTS (sizeof(facts) / sizeof(*facts))

static bool is_alias(const char *name) { return !strcmp(name, "EWOULDBLOCK") || !strcmp(name, "ENOTSUP"); }

static void every_guest_error_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        if (!is_alias(facts[i].name))
            assert_string_equal(freebsd_errno_name[facts[i].value], facts[i].name);
    }
    for (int e = 1; e < FREEBSD_NERRNO; e++)
        assert_non_null(freebsd_errno_name[e]);
}

static void every_host_error_becomes_a_guest_error(void **state)
{
    (void)state;
    assert_int_equal(freebsd_errno_from_host[0], 0);
    for (int e = 1; e < ERRNO_HOST_MAX; e++)
        assert_in_range(freebsd_errno_from_host[e], 1, FREEBSD_NERRNO - 1);
}

/* A host error of a fact becomes one of the guest errors that stand for it. */
static void errors_of_both_systems_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        int  guest = freebsd_errno_from_host[facts[i].host];
        bool found = false;

        for (size_t j = 0; j < FACTS && !found; j++)
            found = facts[j].host == facts[i].host && facts[j].value == guest;
        if (!found)
            fail_msg("host error %d becomes %s", facts[i].host, freebsd_errno_name[guest]);
    }
    assert_int_equal(freebsd_errno_from_host[EAGAIN], 35);
    assert_int_equal(freebsd_errno_from_host[EDEADLK], 11);
    assert_int_equal(freebsd_errno_from_host[EPROTO], 92);
    assert_int_equal(freebsd_errno_from_host[EPERM], 1);
    assert_int_equal(freebsd_errno_from_host[EINVAL], 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_guest_error_has_its_name),
        cmocka_unit_test(every_host_error_becomes_a_guest_error),
        cmocka_unit_test(errors_of_both_systems_are_the_same),
    };
    return cmocka_run_group_tests_name("abi/freebsd/errno", tests, NULL, NULL);
}
