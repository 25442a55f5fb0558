/* The few functions that the compiler itself calls, and those that samples want. */
#include "sample.h"

void *memcpy(void *to, const void *from, size_t n)
{
    void *r = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    return r;
}

void *memset(void *to, int c, size_t n)
{
    void *r = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
    return r;
}

void *memmove(void *to, const void *from, size_t n)
{
    char       *t = to;
    const char *f = from;

    if (t <= f)
        return memcpy(to, from, n);
    while (n--) {
        t[n] = f[n];
        __asm__ volatile("" : : : "memory"); /* or the compiler finds memmove in here */
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    const char *e = s;

    while (*e) {
        e++;
        __asm__ volatile("");
    }
    return (size_t)(e - s);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

char *strcpy(char *to, const char *from) { return memcpy(to, from, strlen(from) + 1); }

long parse_int(const char *s)
{
    long v = 0;
    bool minus = *s == '-';

    for (s += minus; *s >= '0' && *s <= '9'; s++)
        v = v * 10 + (*s - '0');
    return minus ? -v : v;
}
