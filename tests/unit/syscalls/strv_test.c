/* syscalls/strv.c: vectors of strings, at the edges of memory and of what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "syscalls/strv.h"
#include "tests/unit/fake_call.h"

#define PAGES 3
#define PAGE  4096

struct fixture {
    struct fake *f;
    char        *memory; /* PAGES pages; what follows cannot be read */
};

#define F    ((struct fixture *)*state)
#define P(p) GVA((uintptr_t)(p))

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));

    x->f = fake_new();
    x->memory = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *state = x;
    return x->memory == MAP_FAILED || mprotect(x->memory + PAGES * PAGE, PAGE, PROT_NONE);
}

static int teardown(void **state)
{
    munmap(F->memory, (PAGES + 1) * PAGE);
    fake_free(F->f);
    free(F);
    return 0;
}

static int read_vector(void **state, const void *at, struct strv *s)
{
    *s = (struct strv){0};
    return strv_read(fake_call(F->f), s, P(at));
}

static void null_and_empty_vectors(void **state)
{
    char       *none[] = {NULL};
    struct strv s;

    assert_int_equal(read_vector(state, NULL, &s), 0);
    assert_int_equal(s.n, 0);
    assert_null(s.v[0]);
    strv_free(&s);
    assert_int_equal(read_vector(state, none, &s), 0);
    assert_int_equal(s.n, 0);
    strv_free(&s);
}

static void strings_in_any_order(void **state)
{
    char       *v[] = {"first", "", "a longer one", "first", NULL};
    struct strv s;

    assert_int_equal(read_vector(state, v, &s), 0);
    assert_int_equal(s.n, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(s.v[i], v[i]);
    assert_null(s.v[4]);
    assert_int_equal(s.bytes, 6 + 1 + 13 + 6 + 4 * 8);
    strv_free(&s);
}

static void a_string_over_pages(void **state)
{
    char       *at = F->memory + 100, *v[] = {at, NULL};
    struct strv s;

    memset(at, 'x', 2 * PAGE);
    assert_int_equal(read_vector(state, v, &s), 0);
    assert_int_equal(strlen(s.v[0]), 2 * PAGE);
    strv_free(&s);
}

static void up_to_the_last_byte_of_memory(void **state)
{
    char       *end = F->memory + PAGES * PAGE, *text = end - 16 - 5;
    char       *v[] = {text, NULL};
    struct strv s;

    memcpy(text, "last", 5);
    memcpy(end - 16, v, 16);
    assert_int_equal(read_vector(state, end - 16, &s), 0);
    assert_string_equal(s.v[0], "last");
    strv_free(&s);
    memset(end - 16, 'x', 16); /* neither string nor vector ends now */
    v[0] = end - 3;
    assert_int_equal(read_vector(state, v, &s), -EFAULT);
    strv_free(&s);
    v[0] = "short";
    memcpy(end - 8, v, 8);
    assert_int_equal(read_vector(state, end - 8, &s), -EFAULT);
    strv_free(&s);
}

/* The vector begins at an odd address: one of its words lies over the end of a page. */
static void words_over_the_end_of_a_page(void **state)
{
    char       *at = F->memory + PAGE - 11, *v[] = {"one", "two", "three", NULL};
    struct strv s;

    memcpy(at, v, sizeof(v));
    assert_int_equal(read_vector(state, at, &s), 0);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.v[1], "two");
    assert_string_equal(s.v[2], "three");
    strv_free(&s);
}

static void too_much(void **state)
{
    const size_t big = ARG_TOTAL_MAX;
    char        *text = malloc(big + 1), *v[] = {text, NULL};
    struct strv  s;

    memset(text, 'x', big);
    text[big] = 0;
    assert_int_equal(read_vector(state, v, &s), -E2BIG);
    strv_free(&s);
    text[big - 9] = 0; /* with its NUL and its pointer, just enough */
    assert_int_equal(read_vector(state, v, &s), 0);
    assert_int_equal(s.bytes, ARG_TOTAL_MAX);
    strv_free(&s);
    text[big - 9] = 'x';
    text[big - 8] = 0;
    assert_int_equal(read_vector(state, v, &s), -E2BIG);
    strv_free(&s);
    free(text);
}

static void too_many(void **state)
{
    const size_t n = ARG_TOTAL_MAX / 9;
    char       **v = calloc(n + 2, sizeof(*v));
    struct strv  s;

    for (size_t i = 0; i <= n; i++)
        v[i] = "";
    assert_int_equal(read_vector(state, v, &s), -E2BIG);
    strv_free(&s);
    v[n] = NULL;
    assert_int_equal(read_vector(state, v, &s), 0);
    assert_int_equal(s.n, n);
    strv_free(&s);
    free(v);
}

/* What it costs: strings and pointers that lie together are copied together. */
static void few_copies(void **state)
{
    char       *at = F->memory, **v = (char **)(F->memory + PAGE);
    struct strv s;

    for (int i = 0; i < 200; i++, at += 10)
        v[i] = memcpy(at, "some text", 10);
    v[200] = NULL;
    fake_count_reset();
    assert_int_equal(read_vector(state, v, &s), 0);
    assert_int_equal(s.n, 200);
    assert_true(fake_copies() <= 3);
    strv_free(&s);
}

static void copies_that_fail(void **state)
{
    char       *v[] = {"one", F->memory, NULL};
    struct strv s;

    strcpy(F->memory, "two");
    for (unsigned nth = 1; nth <= 3; nth++) {
        fake_fail_copy(nth, ESRCH);
        assert_int_equal(read_vector(state, v, &s), -ESRCH);
        fake_fail_copy(0, 0);
        strv_free(&s);
    }
}

static void copies_for_ourselves(void **state)
{
    const char *const two[] = {"one", "", NULL};
    int               n;
    char            **v = argv_copy(two, &n);

    (void)state;
    assert_int_equal(n, 2);
    assert_string_equal(v[0], "one");
    assert_ptr_not_equal(v[0], two[0]);
    assert_string_equal(v[1], "");
    assert_null(v[2]);
    argv_free(v);
    v = argv_copy(NULL, &n);
    assert_int_equal(n, 0);
    assert_non_null(v);
    assert_null(v[0]);
    argv_free(v);
    argv_free(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(null_and_empty_vectors),
        T(strings_in_any_order),
        T(a_string_over_pages),
        T(up_to_the_last_byte_of_memory),
        T(words_over_the_end_of_a_page),
        T(too_much),
        T(too_many),
        T(few_copies),
        T(copies_that_fail),
        T(copies_for_ourselves),
    };
    return cmocka_run_group_tests_name("syscalls/strv", tests, NULL, NULL);
}
