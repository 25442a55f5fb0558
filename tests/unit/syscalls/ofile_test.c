/* syscalls/ofile.c: the pool of open files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "syscalls/ofile.h"
#include "tests/unit/fake_call.h"

static void new_one_is_zero_with_one_reference(void **state)
{
    struct ofile *of = ofile_new();

    (void)state;
    assert_non_null(of);
    assert_int_equal(of->refs, 1);
    assert_int_equal(of->flags, 0);
    assert_int_equal(of->offset, 0);
    ofile_put(of);
}

static void freed_one_comes_back_clean(void **state)
{
    struct ofile *of = ofile_new(), *again;

    (void)state;
    of->offset = 42;
    of->flags = 7;
    of->at_host = true;
    ofile_put(of);
    again = ofile_new();
    assert_ptr_equal(again, of);
    assert_int_equal(again->offset, 0);
    assert_int_equal(again->flags, 0);
    assert_false(again->at_host);
    ofile_put(again);
}

static void index_leads_back(void **state)
{
    struct ofile *of = ofile_new();
    uint32_t      index = ofile_index(of);

    (void)state;
    assert_int_not_equal(index, 0);
    assert_ptr_equal(ofile_at(index), of);
    ofile_put(of);
    assert_null(ofile_at(index));
}

static void bad_index_is_refused(void **state)
{
    static const uint32_t bad[] = {0, 1, 63, 4194304, 0x7fffffff, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_null(ofile_at(bad[i]));
}

static unsigned freed;
static uint64_t freed_object;

static void on_free(struct ofile *of)
{
    freed++;
    freed_object = of->object;
}

static void owner_hears_of_the_last_put(void **state)
{
    struct ofile *of = ofile_new();

    (void)state;
    ofile_on_free = on_free;
    of->object = 99;
    ofile_get(of);
    ofile_put(of);
    assert_int_equal(freed, 0);
    ofile_put(of);
    assert_int_equal(freed, 1);
    assert_int_equal(freed_object, 99);
    ofile_on_free = NULL;
}

#define ROUNDS 20000

static void *churn(void *arg)
{
    struct ofile *held[16] = {0};
    unsigned      seed = (unsigned)(uintptr_t)arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct ofile **h = &held[(seed = seed * 1103515245 + 12345) >> 16 & 15];

        if (*h) {
            if ((*h)->offset != (int64_t)(uintptr_t)arg)
                return "torn"; /* somebody else got it as well */
            ofile_put(*h);
            *h = NULL;
        } else if ((*h = ofile_new())) {
            (*h)->offset = (int64_t)(uintptr_t)arg;
        }
    }
    for (int i = 0; i < 16; i++)
        if (held[i])
            ofile_put(held[i]);
    return NULL;
}

static void threads_never_share_one(void **state)
{
    pthread_t t[4];
    uint32_t  before = ofile_count();

    (void)state;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;

        pthread_join(t[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(ofile_count(), before);
}

static int setup(void **state)
{
    *state = fake_new(); /* maps the arena */
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return ofile_count() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_one_is_zero_with_one_reference),
        cmocka_unit_test(freed_one_comes_back_clean),
        cmocka_unit_test(index_leads_back),
        cmocka_unit_test(bad_index_is_refused),
        cmocka_unit_test(owner_hears_of_the_last_put),
        cmocka_unit_test(threads_never_share_one),
    };
    return cmocka_run_group_tests_name("syscalls/ofile", tests, setup, teardown);
}
