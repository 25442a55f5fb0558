#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>

#include "abi/freebsd/freebsd.h"

/* The names are macros of the host too: they are kept from expanding by the # alone. */
static const struct {
    const char *name;
    int         value, host;
} facts[] = {
#define S(name, value, host) {#name, value, host},
#include "tests/data/freebsd-amd64/signals.inc"
#undef S
};

static bool is_alias(const char *name) { return !strcmp(name, "SIGIOT") || !strcmp(name, "SIGLWP"); }

static void standard_signals_are_the_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        int v = facts[i].value;

        if (!is_alias(facts[i].name))
            assert_string_equal(freebsd_sig_name[v], facts[i].name);
        assert_int_equal(freebsd_sig_to_host[v], facts[i].host);
        if (facts[i].host)
            assert_int_equal(freebsd_sig_from_host[facts[i].host], v);
    }
}

static void numbers_lead_back_to_themselves(void **state)
{
    unsigned mapped = 0;

    (void)state;
    for (int s = 1; s <= FREEBSD_NSIG; s++) {
        if (!freebsd_sig_to_host[s])
            continue;
        mapped++;
        assert_int_equal(freebsd_sig_from_host[freebsd_sig_to_host[s]], s);
    }
    assert_int_equal(mapped, 29 + 31);
    assert_int_equal(freebsd_sig_from_host[0], 0);
    assert_int_equal(freebsd_sig_from_host[SIGSTKFLT], 0);
    assert_int_equal(freebsd_sig_from_host[SIGPWR], 0);
}

static void the_thread_librarys_signals_stay_inside(void **state)
{
    (void)state;
    assert_int_equal(freebsd_sig_to_host[FREEBSD_SIGTHR], 0);
    assert_int_equal(freebsd_sig_to_host[FREEBSD_SIGLIBRT], 0);
    assert_int_equal(freebsd_sig_from_host[32], 0);
    assert_int_equal(freebsd_sig_from_host[33], 0);
}

static void realtime_signals_begin_at_65(void **state)
{
    (void)state;
    assert_int_equal(freebsd_sig_to_host[65], 34);
    assert_int_equal(freebsd_sig_to_host[95], 64);
    assert_int_equal(freebsd_sig_to_host[96], 0);
    for (int s = FREEBSD_SIGRTMIN; s <= FREEBSD_SIGRTMAX; s++)
        assert_non_null(freebsd_sig_name[s]);
    assert_string_equal(freebsd_sig_name[FREEBSD_SIGRTMAX], "SIGRTMAX");
}

static void defaults_are_those_of_sigproptbl(void **state)
{
    static const struct {
        int sig, what;
    } some[] = {{1, SIGDEF_TERM},  {3, SIGDEF_CORE},  {7, SIGDEF_CORE},  {11, SIGDEF_CORE}, {16, SIGDEF_IGN},
                {17, SIGDEF_STOP}, {19, SIGDEF_CONT}, {20, SIGDEF_IGN},  {23, SIGDEF_IGN},  {24, SIGDEF_TERM},
                {28, SIGDEF_IGN},  {29, SIGDEF_IGN},  {32, SIGDEF_TERM}, {70, SIGDEF_TERM}};

    (void)state;
    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
        assert_int_equal(freebsd_sig_default[some[i].sig], some[i].what);
}

static void codes_of_faults_and_senders_convert(void **state)
{
    static const struct {
        int sig, host, guest;
    } some[] = {{11, SEGV_MAPERR, 1},    {11, SEGV_ACCERR, 2},    {11, SEGV_PKUERR, 100},  {8, FPE_INTDIV, 2},
                {8, FPE_INTOVF, 1},      {8, FPE_FLTINV, 7},      {10, BUS_ADRALN, 1},     {5, TRAP_BRKPT, 1},
                {15, SI_USER, 0x10001},  {15, SI_QUEUE, 0x10002}, {14, SI_TIMER, 0x10003}, {11, SI_KERNEL, 0x10006},
                {15, SI_TKILL, 0x10007}, {20, CLD_EXITED, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
        assert_int_equal(freebsd_sigcode_from_host(some[i].sig, some[i].host), some[i].guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_signals_are_the_headers),
        cmocka_unit_test(numbers_lead_back_to_themselves),
        cmocka_unit_test(the_thread_librarys_signals_stay_inside),
        cmocka_unit_test(realtime_signals_begin_at_65),
        cmocka_unit_test(defaults_are_those_of_sigproptbl),
        cmocka_unit_test(codes_of_faults_and_senders_convert),
    };
    return cmocka_run_group_tests_name("abi/freebsd/signals", tests, NULL, NULL);
}
