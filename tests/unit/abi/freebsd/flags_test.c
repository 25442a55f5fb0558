/* The groups of flags.tbl against the facts of tests/data, and there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"

#define NEUTRAL INT64_MIN

struct fact {
    const struct flag_group *group;
    const char              *name;
    uint32_t                 value;
    int64_t                  host; /* NEUTRAL: Linux has no such value */
};
static const struct fact facts[] = {
#define F(group, name, value, host) {&freebsd_flags_##group, name, value, host},
#include "tests/data/freebsd-amd64/flags.inc"
};
#define FACTS (sizeof(facts) / sizeof(*facts))

static const struct flag_group *const groups[] = {
#define GROUP(name, ...) &freebsd_flags_##name,
#include "abi/freebsd/flags.tbl"
};
#define GROUPS (sizeof(groups) / sizeof(*groups))

static const struct flag *find(const struct flag_group *g, const char *name)
{
    for (unsigned i = 0; i < g->count; i++) {
        if (!strcmp(g->flags[i].name, name))
            return &g->flags[i];
    }
    fail_msg("group %s has no %s", g->name, name);
    return NULL;
}

/* Neutral values are above bit 32, those of signals below; where Linux's number of the same name means something
 * else, flags.tbl says so. */
static bool differs_on_purpose(const struct flag_group *g, const struct flag *f)
{
    return !strncmp(g->name, "sig_", 4) || !strncmp(g->name, "siga", 4) || !strcmp(f->name, "MADV_DONTNEED") ||
           (f->host >> 32 && f->host != (uint64_t)-1);
}

static void values_are_the_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct flag *f = find(facts[i].group, facts[i].name);

        if ((uint32_t)f->guest != facts[i].value)
            fail_msg("%s is %#x, %#x in the table", f->name, facts[i].value, (unsigned)f->guest);
    }
}

static void host_values_are_linuxs(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct flag *f = find(facts[i].group, facts[i].name);

        if (facts[i].host == NEUTRAL || differs_on_purpose(facts[i].group, f))
            continue;
        if ((uint32_t)f->host != (uint32_t)facts[i].host)
            fail_msg("%s of %s is %#x at the host, %#x in the table", f->name, facts[i].group->name,
                     (unsigned)facts[i].host, (unsigned)f->host);
    }
}

/* Values that share bits without a mask can only be an enumeration. */
static bool is_enum(const struct flag_group *g)
{
    for (unsigned i = 0; i < g->count; i++) {
        if (!g->flags[i].mask && __builtin_popcountll(g->flags[i].guest) > 1)
            return true;
    }
    return false;
}

static void check_enum(const struct flag_group *g, const struct flag *f)
{
    int64_t host, again;

    assert_int_equal(enum_to_host(g, f->guest, &host), 0);
    assert_int_equal(host, (int64_t)f->host);
    assert_int_equal(enum_to_host(g, (uint64_t)enum_to_guest(g, host, -12345), &again), 0);
    assert_int_equal(again, host);
}

static void check_flags(const struct flag_group *g, const struct flag *f)
{
    uint64_t host, again;

    assert_int_equal(flags_to_host(g, f->guest, &host), 0);
    assert_int_equal(host & f->host, f->host);
    assert_int_equal(flags_to_host(g, flags_to_guest(g, host), &again), 0);
    assert_int_equal(again, host);
}

/* What a value becomes leads back to it, or to another name of the same meaning. */
static void every_value_converts_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < GROUPS; i++) {
        for (unsigned j = 0; j < groups[i]->count; j++) {
            if (is_enum(groups[i]))
                check_enum(groups[i], &groups[i]->flags[j]);
            else
                check_flags(groups[i], &groups[i]->flags[j]);
        }
    }
}

static void open_flags_convert_together(void **state)
{
    uint64_t host;

    (void)state;
    assert_int_equal(flags_to_host(&freebsd_flags_open, 0x100000 | 0x200 | 0x400 | 1, &host), 0);
    assert_int_equal(host, O_CLOEXEC | O_CREAT | O_TRUNC | O_WRONLY);
    assert_int_equal(flags_to_host(&freebsd_flags_open, 0x10 | 0x80 | 2, &host), 0);
    assert_int_equal(host, D_O_SHLOCK | O_SYNC | O_RDWR);
    assert_int_equal(flags_to_guest(&freebsd_flags_open, O_SYNC | O_APPEND | O_RDWR), 0x80 | 0x8 | 2);
    assert_int_equal(flags_to_guest(&freebsd_flags_open, O_DSYNC), 0x1000000);
}

static void mmap_alignment_is_a_number_in_a_field(void **state)
{
    uint64_t host;

    (void)state;
    assert_int_equal(flags_to_host(&freebsd_flags_mmap, 0x15001002, &host), 0);
    assert_int_equal(host & D_MAP_ALIGN_MASK, 21ull << D_MAP_ALIGN_SHIFT);
    assert_int_equal(host & ~D_MAP_ALIGN_MASK, MAP_PRIVATE | MAP_ANONYMOUS);
    assert_int_equal(flags_to_host(&freebsd_flags_mmap, 0x01000002, &host), 0);
    assert_int_equal(host & D_MAP_ALIGN_MASK, 1ull << D_MAP_ALIGN_SHIFT);
    /* Smaller than a page, or beyond the address space. */
    assert_int_not_equal(flags_to_host(&freebsd_flags_mmap, 0x0b000002, &host), 0);
    assert_int_not_equal(flags_to_host(&freebsd_flags_mmap, 0x40000002, &host), 0);
}

static void msync_without_bits_is_synchronous(void **state)
{
    uint64_t host;

    (void)state;
    assert_int_equal(flags_to_host(&freebsd_flags_msync, 0, &host), 0);
    assert_int_equal(host, MS_SYNC);
    assert_int_equal(flags_to_host(&freebsd_flags_msync, 3, &host), 0);
    assert_int_equal(host, MS_ASYNC | MS_INVALIDATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_headers),
        cmocka_unit_test(host_values_are_linuxs),
        cmocka_unit_test(every_value_converts_and_comes_back),
        cmocka_unit_test(open_flags_convert_together),
        cmocka_unit_test(mmap_alignment_is_a_number_in_a_field),
        cmocka_unit_test(msync_without_bits_is_synchronous),
    };
    return cmocka_run_group_tests_name("abi/freebsd/flags", tests, NULL, NULL);
}
