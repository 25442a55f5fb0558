/* What of ELF the dynamic sample needs. */
#ifndef SAMPLE_DYN_ELF_H
#define SAMPLE_DYN_ELF_H

#include "auxv.h"
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
