/* The byte movers of gate and provider, under names of their own beside the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define memcpy  bytes_memcpy
#define memmove bytes_memmove
#define memset  bytes_memset
void *bytes_memcpy(void *restrict d, const void *restrict s, size_t n);
void *bytes_memmove(void *d, const void *s, size_t n);
void *bytes_memset(void *d, int c, size_t n);
#include "loader/bytes.c"
#undef memcpy
#undef memmove
#undef memset

#define ROOM  1400
#define SPACE 16 /* on either side, which nobody may touch */

static uint8_t from[ROOM], want[ROOM], got[ROOM];

static void fill(void)
{
    for (size_t i = 0; i < ROOM; i++)
        from[i] = want[i] = got[i] = (uint8_t)(i * 7 + i / 256);
}

/* Every length around the words' and the string instructions' bounds. */
static size_t next(size_t n) { return n < 40 || (n >= STRING_MIN - 20 && n < STRING_MIN + 20) ? n + 1 : n + 37; }

static void copies_what_it_is_told(void **state)
{
    (void)state;
    for (size_t n = 0; n < ROOM - 2 * SPACE; n = next(n)) {
        for (size_t off = 0; off < 8; off++) {
            fill();
            for (size_t i = 0; i < n; i++)
                want[SPACE + i] = from[off + i];
            assert_ptr_equal(bytes_memcpy(got + SPACE, from + off, n), got + SPACE);
            assert_memory_equal(got, want, ROOM);
        }
    }
}

static void moves_over_itself(void **state)
{
    (void)state;
    for (size_t n = 0; n < ROOM - 2 * SPACE; n = next(n)) {
        for (size_t to = 0; to < 2 * SPACE; to++) {
            fill();
            for (size_t i = 0; i < n; i++)
                want[to + i] = from[SPACE + i];
            assert_ptr_equal(bytes_memmove(got + to, got + SPACE, n), got + to);
            assert_memory_equal(got, want, ROOM);
        }
    }
}

static void sets_what_it_is_told(void **state)
{
    (void)state;
    for (size_t n = 0; n < ROOM - 2 * SPACE; n = next(n)) {
        fill();
        for (size_t i = 0; i < n; i++)
            want[SPACE + i] = 0xfe;
        assert_ptr_equal(bytes_memset(got + SPACE, 0x1fe, n), got + SPACE);
        assert_memory_equal(got, want, ROOM);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_it_is_told),
        cmocka_unit_test(moves_over_itself),
        cmocka_unit_test(sets_what_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
