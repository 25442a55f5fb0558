/* auxv.h: the vector behind arguments and environment, by which a kernel tells a program of its start. */
#ifndef SAMPLE_AUXV_H
#define SAMPLE_AUXV_H

#include <stdbool.h>
#include <stdint.h>

/* From 15 on they are FreeBSD's (sys/elf_common.h), below every kernel's. */
enum {
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_ENTRY = 9,
    AT_EXECPATH = 15,
    AT_CANARY = 16,
    AT_CANARYLEN = 17,
    AT_OSRELDATE = 18,
    AT_NCPUS = 19,
    AT_PAGESIZES = 20,
    AT_PAGESIZESLEN = 21,
    AT_TIMEKEEP = 22,
    AT_STACKPROT = 23,
    AT_BSDFLAGS = 27,
    AT_ARGC = 28,
    AT_ARGV = 29,
    AT_ENVC = 30,
    AT_ENVV = 31,
    AT_PS_STRINGS = 32,
    AT_FXRNG = 33,
    AT_KPRELOAD = 34,
    AT_USRSTACKBASE = 35,
    AT_USRSTACKLIM = 36,
};

/* The entry of a type in what a stack begins with: argc, argv..., NULL, envp..., NULL, vector.  NULL: there is none. */
static inline uint64_t *auxv_entry(uint64_t *block, uint64_t type)
{
    uint64_t *p = block + 1;

    for (int vectors = 0; vectors < 2; p++)
        vectors += *p == 0;
    while (p[0] && p[0] != type)
        p += 2;
    return p[0] ? p : 0;
}

static inline uint64_t auxv_find(const uint64_t *block, uint64_t type, bool *found)
{
    const uint64_t *p = auxv_entry((uint64_t *)block, type);

    *found = p != 0;
    return p ? p[1] : 0;
}

#endif
