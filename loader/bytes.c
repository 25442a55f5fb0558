/*
 * loader/bytes.c: memcpy, memmove and memset, of gate and provider.
 *
 * The gate has no C library; and musl's begin with a string instruction, which takes 10 ns, and what
 * is moved here is short.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "loader/bytes.h"

#define STRING_MIN 512 /* from here on the string instructions are the faster ones */

typedef uint64_t __attribute__((aligned(1), may_alias)) word;

/* Upwards, so that the ranges may overlap when `to` is the lower one. */
static inline void copy_up(char *to, const char *from, size_t n)
{
    if (n >= STRING_MIN) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
        return;
    }
    for (; n >= 8; n -= 8, to += 8, from += 8) {
        *(word *)to = *(const word *)from;
        KEEP_LOOP();
    }
    for (; n; n--) {
        *to++ = *from++;
        KEEP_LOOP();
    }
}

static inline void copy_down(char *to, const char *from, size_t n)
{
    while (n >= 8) {
        n -= 8;
        *(word *)(to + n) = *(const word *)(from + n);
        KEEP_LOOP();
    }
    while (n--) {
        to[n] = from[n];
        KEEP_LOOP();
    }
}

void *memcpy(void *restrict d, const void *restrict s, size_t n)
{
    copy_up(d, s, n);
    return d;
}

void *memmove(void *d, const void *s, size_t n)
{
    if ((uintptr_t)d - (uintptr_t)s >= n) /* which wraps when d is below s */
        copy_up(d, s, n);
    else
        copy_down(d, s, n);
    return d;
}

void *memset(void *d, int c, size_t n)
{
    char *to = d;

    if (n >= STRING_MIN) {
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
        return d;
    }
    for (; n >= 8; n -= 8, to += 8) {
        *(word *)to = (uint8_t)c * 0x0101010101010101ull;
        KEEP_LOOP();
    }
    for (; n; n--) {
        *to++ = (char)c;
        KEEP_LOOP();
    }
    return d;
}
