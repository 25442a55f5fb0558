/* The layouts against the facts of tests/data, and there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "abi/freebsd/layouts.h"
#include "abi/layout.h"

struct fact {
    const struct layout *layout;
    const char          *name; /* NULL: the whole */
    unsigned             offset, size;
};
static const struct fact facts[] = {
#define SIZE(l, size)             {&freebsd_layout_##l, NULL, 0, size},
#define FIELD(l, f, offset, size) {&freebsd_layout_##l, f, offset, size},
#include "tests/data/freebsd-amd64/structs.inc"
};
#define FACTS (sizeof(facts) / sizeof(*facts))

/* A layout need not convert every field of the structure; those that it does are where the header has them. */
static const struct field *find(const struct layout *l, const char *name)
{
    for (unsigned i = 0; i < l->count; i++) {
        const char *n = l->fields[i].name;
        size_t      skip = strlen(n) > strlen(name) ? strlen(n) - strlen(name) : 0;

        if (!strcmp(n, name) || (skip && n[skip - 1] == '.' && !strcmp(n + skip, name) && !strchr(name, '.')))
            return &l->fields[i];
    }
    return NULL;
}

static void sizes_and_offsets_are_the_headers(void **state)
{
    unsigned found = 0;

    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct fact  *f = &facts[i];
        const struct field *field = f->name ? find(f->layout, f->name) : NULL;

        if (!f->name)
            assert_int_equal(f->layout->gsize, f->size);
        if (!field)
            continue;
        found++;
        if (field->goff != f->offset || field->gsize != f->size)
            fail_msg("%s.%s is at %u, %u bytes; in the layout at %u, %u bytes", f->layout->name, f->name, f->offset,
                     f->size, field->goff, field->gsize);
    }
    assert_true(found > 150);
}

static void fields_stay_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS; i++) {
        const struct layout *l = facts[i].layout;

        for (unsigned j = 0; j < l->count; j++) {
            assert_true(l->fields[j].goff + l->fields[j].gsize <= l->gsize);
            assert_true(l->fields[j].hoff + l->fields[j].hsize <= l->hsize);
            assert_true(l->fields[j].kind == FIELD_BYTES || (l->fields[j].gsize <= 8 && l->fields[j].hsize <= 8));
        }
    }
}

static void stat_reaches_the_guest_whole(void **state)
{
    const struct kstat k = {.dev = 0x10002,
                            .ino = 0x123456789a,
                            .nlink = 3,
                            .mode = 0100644,
                            .uid = 1,
                            .gid = 2,
                            .size = 1ull << 40,
                            .blksize = 4096,
                            .blocks = 9,
                            .mtime = -1,
                            .mtime_ns = 999999999,
                            .btime = 7};
    uint8_t new[224], old[120];

    (void)state;
    layout_to_guest(&freebsd_layout_stat, &k, new);
    assert_int_equal(*(uint64_t *)(new + 8), 0x123456789a);
    assert_int_equal(*(uint16_t *)(new + 24), 0100644);
    assert_int_equal(*(int64_t *)(new + 64), -1);
    assert_int_equal(*(int64_t *)(new + 112), 1ull << 40);
    layout_to_guest(&freebsd_layout_freebsd11_stat, &k, old);
    assert_int_equal(*(uint32_t *)(old + 4), 0x3456789a);
    assert_int_equal(*(uint16_t *)(old + 10), 3);
    assert_int_equal(*(int64_t *)(old + 104), 7);
}

static void an_infinite_limit_is_infinite_on_both_sides(void **state)
{
    const int64_t guest[2] = {4096, INT64_MAX};
    int64_t       back[2];
    struct rlimit r;

    (void)state;
    assert_int_equal(layout_to_host(&freebsd_layout_rlimit, guest, &r), 0);
    assert_int_equal(r.rlim_cur, 4096);
    assert_true(r.rlim_max == RLIM_INFINITY);
    layout_to_guest(&freebsd_layout_rlimit, &r, back);
    assert_memory_equal(guest, back, 16);
}

static void a_lock_converts_its_type_both_ways(void **state)
{
    struct flock host = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -5, .l_len = 10, .l_pid = 77};
    struct flock back;
    uint8_t      guest[32];

    (void)state;
    layout_to_guest(&freebsd_layout_flock, &host, guest);
    assert_int_equal(*(int16_t *)(guest + 20), 3);
    assert_int_equal(layout_to_host(&freebsd_layout_flock, guest, &back), 0);
    assert_int_equal(back.l_type, F_WRLCK);
    assert_int_equal(back.l_whence, SEEK_END);
    assert_int_equal(back.l_start, -5);
    *(int16_t *)(guest + 20) = 9;
    assert_int_not_equal(layout_to_host(&freebsd_layout_flock, guest, &back), 0);
}

static void an_event_keeps_its_signs(void **state)
{
    struct kkevent k = {.ident = 5,
                        .filter = -7,
                        .flags = 0x8011,
                        .fflags = 0x80000001,
                        .data = -1,
                        .udata = ~0ull,
                        .ext = {1, 2, 3, 4}};
    struct kkevent back;
    uint8_t        guest[64];

    (void)state;
    layout_to_guest(&freebsd_layout_kevent, &k, guest);
    assert_int_equal(layout_to_host(&freebsd_layout_kevent, guest, &back), 0);
    assert_int_equal(back.ident, k.ident);
    assert_int_equal(back.filter, k.filter);
    assert_int_equal(back.flags, k.flags);
    assert_int_equal(back.fflags, k.fflags);
    assert_int_equal(back.data, k.data);
    assert_int_equal(back.udata, k.udata);
    assert_memory_equal(back.ext, k.ext, sizeof(k.ext));
}

/* What is compiled from a table of fields does what reading the table does. */
static void compiled_layouts_agree(void **state)
{
    static const struct layout *const hot[] = {&freebsd_layout_timespec, &freebsd_layout_stat,
                                               &freebsd_layout_freebsd11_stat};
    uint64_t                          host[LAYOUT_HOST_MAX / 8 + 1];
    uint8_t                           compiled[LAYOUT_GUEST_MAX], read[LAYOUT_GUEST_MAX];

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        const struct layout *l = hot[round % 3];
        struct layout        plain = *l;

        assert_non_null(l->to_guest);
        plain.to_guest = NULL;
        for (size_t i = 0; i < sizeof(host) / 8; i++)
            host[i] = ((uint64_t)rand() << 40) ^ ((uint64_t)rand() << 20) ^ (uint64_t)rand();
        memset(compiled, 1, sizeof(compiled));
        memset(read, 2, sizeof(read));
        layout_to_guest(l, host, compiled);
        layout_to_guest(&plain, host, read);
        assert_memory_equal(compiled, read, l->gsize);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_layouts_agree),
        cmocka_unit_test(sizes_and_offsets_are_the_headers),
        cmocka_unit_test(fields_stay_inside),
        cmocka_unit_test(stat_reaches_the_guest_whole),
        cmocka_unit_test(an_infinite_limit_is_infinite_on_both_sides),
        cmocka_unit_test(a_lock_converts_its_type_both_ways),
        cmocka_unit_test(an_event_keeps_its_signs),
    };
    return cmocka_run_group_tests_name("abi/freebsd/layouts", tests, NULL, NULL);
}
