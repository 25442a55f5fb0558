/* What of ELF the dynamic sample needs. */
#ifndef SAMPLE_DYN_ELF_H
#define SAMPLE_DYN_ELF_H

#include "sample.h"

struct ehdr {
    uint8_t  ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
struct dyn {
    int64_t  tag;
    uint64_t val;
};
struct sym {
    uint32_t name;
    uint8_t  info, other;
    uint16_t shndx;
    uint64_t value, size;
};
struct rela {
    uint64_t offset, info;
    int64_t  addend;
};
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_PHDR = 6, PT_TLS = 7 };
#define PT_GNU_RELRO 0x6474e552u
enum { PF_X = 1, PF_W = 2, PF_R = 4 };
enum {
    DT_NEEDED = 1,
    DT_PLTRELSZ = 2,
    DT_HASH = 4,
    DT_STRTAB = 5,
    DT_SYMTAB = 6,
    DT_RELA = 7,
    DT_RELASZ = 8,
    DT_SONAME = 14,
    DT_JMPREL = 23,
    DT_INIT_ARRAY = 25,
    DT_FINI_ARRAY = 26,
    DT_INIT_ARRAYSZ = 27,
    DT_FINI_ARRAYSZ = 28,
};
enum { R_NONE, R_64, R_GLOB_DAT = 6, R_JUMP_SLOT = 7, R_RELATIVE = 8, R_DTPMOD64 = 16, R_DTPOFF64, R_TPOFF64 };
enum { STB_WEAK = 2 };
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
    AT_ENVV = 31,
    AT_PS_STRINGS = 32,
    AT_FXRNG = 33,
    AT_KPRELOAD = 34,
    AT_USRSTACKBASE = 35,
    AT_USRSTACKLIM = 36,
};

/* The entry of a type, NULL: there is none. */
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

/* The value of NAME= in the environment, NULL: it is not there. */
static inline const char *env_find(const uint64_t *block, const char *name)
{
    const size_t n = strlen(name);

    for (char *const *e = (char *const *)(block + block[0] + 2); *e; e++)
        if (memcmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return 0;
}

static inline void fsbase_set(void *at) { OS_CALL(165, 129, &at); } /* sysarch, AMD64_SET_FSBASE */

#endif
