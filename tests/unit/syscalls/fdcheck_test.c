/* syscalls/fdcheck.c: whole tables pass, and each kind of damage is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "syscalls/fdcheck.h"
#include "syscalls/msg_rights.h"
#include "syscalls/ofile_pool.h"
#include "tests/unit/fake_files.h"

static char why[FDCHECK_TEXT];

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

/* Seventy descriptors, so that a word of the lowest level is full; 5 and 300 share an entry. */
static struct fdref fill(void **state)
{
    struct fdref ref, put;

    for (int i = 0; i < 70; i++)
        assert_int_equal(open_null(state), i);
    assert_int_equal(fd_dup(CALL(state), 5, 300, FD_SLOT_CLOEXEC), 300);
    assert_int_equal(fd_get(CALL(state), 5, &ref), 0);
    put = ref;
    fd_put(CALL(state), &put);
    return ref;
}

static bool sound(void **state) { return fdcheck_table(FDS(state), true, why, sizeof(why)); }

static void whole_tables_pass(void **state)
{
    assert_true(sound(state));
    assert_true(fdcheck_pool(false, why, sizeof(why)));
    fill(state);
    assert_true(sound(state));
    for (int i = 0; i < 70; i += 3)
        fd_close(CALL(state), i);
    assert_true(sound(state));
    assert_true(fdcheck_pool(false, why, sizeof(why)));

    struct fdtable *copy = fdtable_copy(FDS(state));

    assert_true(fdcheck_table(copy, true, why, sizeof(why)));
    assert_true(fdcheck_pool(false, why, sizeof(why)));
    fdtable_free(copy);
    assert_true(fdcheck_pool(false, why, sizeof(why)));
}

static void a_call_in_flight_is_not_quiet(void **state)
{
    struct fdref ref;

    fill(state);
    assert_int_equal(fd_get(CALL(state), 7, &ref), 0);
    assert_false(sound(state));
    assert_non_null(strstr(why, "2 references, and 1 slots"));
    assert_true(fdcheck_table(FDS(state), false, why, sizeof(why)));
    fd_put(CALL(state), &ref);
    assert_true(sound(state));
}

/* Each word is changed, must be found wrong with that in the sentence, and is put back. */
static void damage_is_found(void **state)
{
    const struct fdref ref = fill(state);
    struct fdtable    *t = FDS(state);
    struct fdentry    *e = &t->entries[ref.entry];

    const struct {
        void       *word;
        size_t      size;
        uint64_t    value;
        const char *found;
    } cases[] = {
        {&t->level0[1], 8, t->level0[1] & ~2ull, "slot 65 is in use"},
        {&t->level0[1], 8, t->level0[1] | 1ull << 20, "slot 84 is free"},
        {&t->level0[100], 8, 1, "above the highest"},
        {&t->slots[9], 8, 0, "slot 9 is free"},
        {&t->high, 4, 302, "the highest slot in use is below 301"},
        {&t->high, 4, FD_MAX + 1, "the highest slot is 1048577"},
        {&t->level1[0], 8, 0, "level 1 says of word 0"},
        {&t->level1[0], 8, 3, "level 1 says of word 1"},
        {&t->level2[0], 8, 1, "level 2"},
        {&t->slots[9], 8, FD_HOST_MAX, "slot 9 has host entry"},
        {&t->host_high, 4, FD_HOST_MAX + 1, "host entries"},
        {&e->refs, 4, 1, "1 references, and 2 slots"},
        {&e->refs, 4, 3, "3 references, and 2 slots"},
        {&e->ofile, 4, 12, "has open file 12, which is free"},
        {&t->lock.word, 4, 4000, "is held by task 3999, which is gone"},
        {&ref.of->lock.word, 4, 4000 | 0x80000000u, "is held by task 3999, which is gone"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t was = 0;

        memcpy(&was, cases[i].word, cases[i].size);
        memcpy(cases[i].word, &cases[i].value, cases[i].size);

        const bool passes = sound(state);

        memcpy(cases[i].word, &was, cases[i].size);
        if (passes || !strstr(why, cases[i].found))
            fail_msg("case %zu: %s, not %s", i, passes ? "passes" : why, cases[i].found);
        assert_true(sound(state));
    }
}

static void damaged_pools_are_found(void **state)
{
    const struct fdref ref = fill(state);

    fd_close(CALL(state), 1);
    fd_close(CALL(state), 2);

    const uint32_t     first = (uint32_t)ofile_pool()->free, second = (uint32_t)ofile_slot(first)->offset;
    struct ofile_pool *p = ofile_pool();
    const struct {
        void       *word;
        size_t      size;
        uint64_t    value;
        const char *found;
    } cases[] = {
        {&ref.of->refs, 4, 2, "has 2 references, and 1 are known"},
        {&ref.of->refs, 4, 0, "is free and not in the list"},
        {&p->free, 8, 7, "has 7 in it"},
        {&p->free, 8, OFILES_MAX, "in it"},
        {&p->free, 8, ofile_index(ref.of), "is in use, or twice"},
        {&p->free, 8, second, "is free and not in the list"},
        {&p->fresh, 4, OFILES_MAX, "were handed out"},
        {&ofile_slot(second)->offset, 8, first, "twice in the list"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t was = 0;

        memcpy(&was, cases[i].word, cases[i].size);
        memcpy(cases[i].word, &cases[i].value, cases[i].size);

        const bool passes = fdcheck_pool(false, why, sizeof(why));

        memcpy(cases[i].word, &was, cases[i].size);
        if (passes || !strstr(why, cases[i].found))
            fail_msg("case %zu: %s, not %s", i, passes ? "passes" : why, cases[i].found);
        assert_true(fdcheck_pool(false, why, sizeof(why)));
    }
}

static void a_lost_open_file(void **state)
{
    struct ofile *of = ofile_new();

    (void)state;
    assert_false(fdcheck_pool(false, why, sizeof(why)));
    assert_non_null(strstr(why, "has 1 references, and 0 are known"));
    assert_true(fdcheck_pool(true, why, sizeof(why))); /* its task may have been killed */
    ofile_put(of);
    assert_true(fdcheck_pool(false, why, sizeof(why)));
}

static void a_session_is_told(void **state)
{
    open_null(state);
    fdcheck_at_exit(FDS(state), true);
    assert_false(session.unsound);
    FDS(state)->high = 0;
    fdcheck_at_exit(FDS(state), true); /* nobody asked */
    assert_false(session.unsound);
    session.check_tables = true;
    fdcheck_at_exit(FDS(state), true);
    assert_true(session.unsound);
    assert_false(fdcheck_session());
    session.check_tables = session.unsound = false;
    FDS(state)->high = 1;
    assert_true(fdcheck_session());
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(whole_tables_pass), T(a_call_in_flight_is_not_quiet),
        T(damage_is_found),   T(damaged_pools_are_found),
        T(a_lost_open_file),  T(a_session_is_told),
    };
    return cmocka_run_group_tests_name("syscalls/fdcheck", tests, NULL, NULL);
}
