/* loader/gate/string.c: the few functions of string.h that handlers of the gate use. */
#include <stddef.h>

#include "loader/bytes.h"
#include "loader/gate/gate.h"

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n]) {
        n++;
        KEEP_LOOP();
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
        KEEP_LOOP();
    }
    return (unsigned char)*a - (unsigned char)*b;
}

char *strrchr(const char *s, int ch)
{
    const char *found = NULL;

    do {
        if (*s == (char)ch)
            found = s;
        KEEP_LOOP();
    } while (*s++);
    return (char *)found;
}

void *memchr(const void *s, int ch, size_t n)
{
    const unsigned char *p = s;

    for (; n; p++, n--) {
        if (*p == (unsigned char)ch)
            return (void *)p;
        KEEP_LOOP();
    }
    return NULL;
}
