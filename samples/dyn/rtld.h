/* The interpreter of the dynamic sample: one object, the list of them, thread-local storage. */
#ifndef SAMPLE_DYN_RTLD_H
#define SAMPLE_DYN_RTLD_H

#include "dl.h"
#include "elf.h"

enum { PAGE = 4096, NEEDED_MAX = 8, PHDRS_MAX = 24, MODULES_MAX = 8 };
enum { MAP_GUARD = 0x2000, MAP_NOCORE = 0x20000, MAP_PREFAULT_READ = 0x40000, MAP_ALIGNED_SUPER = 1 << 24 };
enum { O_VERIFY = 0x200000 };

struct object {
    struct object     *next;
    char               path[256];
    uint64_t           base, lo, span, dev, ino, entry;
    struct phdr        ph[PHDRS_MAX];
    unsigned           phnum;
    const struct sym  *symtab;
    const char        *strtab, *soname;
    const uint32_t    *hash;
    const struct rela *rela, *jmprel;
    size_t             nrela, njmprel;
    void (**init)(void), (**fini)(void);
    size_t   ninit, nfini;
    uint64_t needed[NEEDED_MAX];
    unsigned nneeded, refs;
    uint64_t module, tls_offset; /* module: 0 has none; tls_offset: 0 is made when a thread first wants it */
    int      flags, missing;
};

/* rtld_object.c: one object; what goes wrong is said, and false. */
const struct phdr *segment(const struct object *o, uint32_t type);
void               object_digest(struct object *o);
bool               object_map(struct object *o, int fd);
bool               object_relocate(struct object *o);
bool               object_relro(const struct object *o);
uint64_t           object_symbol(const struct object *o, const char *name);
int                page_prot(uint32_t segment_flags);

/* rtld_tls.c */
void     tls_add(struct object *o, bool at_start);
void     tls_forget(struct object *o);
uint64_t tls_get_addr(const uint64_t module_and_offset[2]);

/* rtld_dl.c */
extern struct object *objects;
struct object        *object_new(void);
/* Opens it by the search path, or finds it among those that are there. */
struct object *object_load(const char *name, int flags);
bool           objects_need(struct object *from, int flags);
uint64_t       symbol_anywhere(const char *name, struct object *self);
void           search_set(const uint64_t *block, bool trust);
/* may_be_fast: the kernel looks at a word that blocks signals (AT_BSDFLAGS). */
void lock_set(bool may_be_fast);

/* Said only when it is not so, while a list of objects is printed. */
extern bool quiet;
bool        good(bool ok, const char *what);

#endif
