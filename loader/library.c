/*
 * loader/library.c: maps a host's library, relocates it, finds its functions.
 *
 * The file is one that the host's administrator installed: it is checked for what we cannot do, not for malice.
 * The formats are those of the System V gABI, chapters 4 and 5, and of its AMD64 supplement; DT_GNU_HASH is glibc's
 * (elf/dl-lookup.c).
 */
#include "loader/library.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/image.h"

#define PHNUM_MAX 32

/* Debian's, other distributions' for 64 bits, and what is built by hand. */
static const char *const directories[] = {
    "/usr/lib/x86_64-linux-gnu",       "/lib/x86_64-linux-gnu", "/usr/lib64",    "/lib64", "/usr/lib",
    "/usr/local/lib/x86_64-linux-gnu", "/usr/local/lib64",      "/usr/local/lib"};

struct file {
    int        fd;
    Elf64_Ehdr eh;
    Elf64_Phdr ph[PHNUM_MAX];
};

struct dynamic {
    uint64_t value[DT_NUM];
    uint64_t gnu_hash;
};

/* ---- the file ------------------------------------------------------------------------------------- */

static int find(const char *name)
{
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        char path[256];
        int  fd;

        snprintf(path, sizeof path, "%s/%s", directories[i], name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 || errno != ENOENT)
            return fd >= 0 ? fd : -errno;
    }
    return -ENOENT;
}

static int headers_read(struct file *f)
{
    size_t size = sizeof f->eh;

    if (pread(f->fd, &f->eh, size, 0) != (ssize_t)size || memcmp(f->eh.e_ident, ELFMAG, SELFMAG) != 0 ||
        f->eh.e_ident[EI_CLASS] != ELFCLASS64 || f->eh.e_machine != EM_X86_64 || f->eh.e_type != ET_DYN ||
        f->eh.e_phentsize != sizeof *f->ph || f->eh.e_phnum > PHNUM_MAX)
        return -ENOEXEC;
    size = f->eh.e_phnum * sizeof *f->ph;
    if (pread(f->fd, f->ph, size, (off_t)f->eh.e_phoff) != (ssize_t)size)
        return -ENOEXEC;
    for (int i = 0; i < f->eh.e_phnum; i++)
        if (f->ph[i].p_type == PT_TLS || (f->ph[i].p_type == PT_LOAD && !f->ph[i].p_filesz))
            return -ENOEXEC;
    return 0;
}

/* ---- into memory ------------------------------------------------------------------------------------ */

static uint64_t end_of(const struct file *f)
{
    uint64_t end = 0;

    for (int i = 0; i < f->eh.e_phnum; i++)
        if (f->ph[i].p_type == PT_LOAD)
            end = f->ph[i].p_vaddr + f->ph[i].p_memsz;
    return page_up(end);
}

static int prot_of(const Elf64_Phdr *ph)
{
    return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
           (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* What a segment has beyond its part of the file lies in the last page of that part, or in the reserved pages after. */
static int segment_map(const struct file *f, const Elf64_Phdr *ph, uint8_t *base)
{
    const uint64_t from = page_down(ph->p_vaddr), in_file = ph->p_vaddr + ph->p_filesz, end = ph->p_vaddr + ph->p_memsz;

    if (mmap(base + from, in_file - from, prot_of(ph), MAP_PRIVATE | MAP_FIXED, f->fd,
             (off_t)page_down(ph->p_offset)) == MAP_FAILED)
        return -errno;
    if (end > page_up(in_file) && mprotect(base + page_up(in_file), end - page_up(in_file), prot_of(ph)))
        return -errno;
    if (end > in_file)
        memset(base + in_file, 0, (end < page_up(in_file) ? end : page_up(in_file)) - in_file);
    return 0;
}

static int segments_map(const struct file *f, uint8_t **base)
{
    const uint64_t size = end_of(f);
    int            err = 0;

    *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (*base == MAP_FAILED)
        return -errno;
    for (int i = 0; i < f->eh.e_phnum && !err; i++)
        if (f->ph[i].p_type == PT_LOAD)
            err = segment_map(f, &f->ph[i], *base);
    if (err)
        munmap(*base, size);
    return err;
}

/* ---- what it asks for ------------------------------------------------------------------------------- */

extern void __stack_chk_fail(void);

#define OURS(f) .name = #f, .at = (void *)(f)

static const struct {
    const char *name;
    void       *at;
} ours[] = {
    {OURS(memcpy)}, {OURS(memmove)}, {OURS(memset)},        {OURS(memcmp)},
    {OURS(strlen)}, {OURS(strcmp)},  {OURS(__assert_fail)}, {OURS(__stack_chk_fail)},
};

/* 0 for what is weak and not there; false when it cannot be had. */
static bool symbol_resolve(const struct library *lib, uint32_t n, uint64_t *value)
{
    const Elf64_Sym *s = (const Elf64_Sym *)lib->symbols + n;

    *value = 0;
    if (s->st_shndx != SHN_UNDEF) {
        *value = (uint64_t)lib->base + s->st_value;
        return ELF64_ST_TYPE(s->st_info) != STT_GNU_IFUNC;
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!strcmp(lib->strings + s->st_name, ours[i].name))
            *value = (uint64_t)ours[i].at;
    return *value || ELF64_ST_BIND(s->st_info) == STB_WEAK;
}

static bool relocate(const struct library *lib, uint64_t at, uint64_t bytes)
{
    const Elf64_Rela *r = (const Elf64_Rela *)(lib->base + at), *end = r + bytes / sizeof *r;

    for (; r < end; r++) {
        uint64_t value;

        switch (ELF64_R_TYPE(r->r_info)) {
        case R_X86_64_RELATIVE: value = (uint64_t)lib->base + (uint64_t)r->r_addend; break;
        case R_X86_64_64:
        case R_X86_64_GLOB_DAT:
        case R_X86_64_JUMP_SLOT:
            if (!symbol_resolve(lib, ELF64_R_SYM(r->r_info), &value))
                return false;
            value += ELF64_R_TYPE(r->r_info) == R_X86_64_64 ? (uint64_t)r->r_addend : 0;
            break;
        default: return false;
        }
        memcpy(lib->base + r->r_offset, &value, sizeof value); /* the words of a packed table are not aligned */
    }
    return true;
}

static void dynamic_read(const Elf64_Phdr *ph, int n, const uint8_t *base, struct dynamic *d)
{
    for (int i = 0; i < n; i++) {
        if (ph[i].p_type != PT_DYNAMIC)
            continue;
        for (const Elf64_Dyn *e = (const Elf64_Dyn *)(base + ph[i].p_vaddr); e->d_tag != DT_NULL; e++)
            if (e->d_tag == DT_GNU_HASH)
                d->gnu_hash = e->d_un.d_val;
            else if (e->d_tag >= 0 && e->d_tag < DT_NUM)
                d->value[e->d_tag] = e->d_un.d_val;
    }
}

static int tables_find(struct library *lib, const struct dynamic *d)
{
    if (!d->gnu_hash || !d->value[DT_SYMTAB] || !d->value[DT_STRTAB])
        return -ENOEXEC;
    lib->hash = (const uint32_t *)(lib->base + d->gnu_hash);
    lib->symbols = lib->base + d->value[DT_SYMTAB];
    lib->strings = (const char *)lib->base + d->value[DT_STRTAB];
    return 0;
}

static void relro_protect(const struct file *f, uint8_t *base)
{
    for (int i = 0; i < f->eh.e_phnum; i++) {
        const uint64_t from = page_down(f->ph[i].p_vaddr);

        if (f->ph[i].p_type == PT_GNU_RELRO)
            mprotect(base + from, page_down(f->ph[i].p_vaddr + f->ph[i].p_memsz) - from, PROT_READ);
    }
}

static void initialise(const uint8_t *base, const struct dynamic *d)
{
    void (*const *init)(void) = (void (*const *)(void))(base + d->value[DT_INIT_ARRAY]);

    if (d->value[DT_INIT])
        ((void (*)(void))(base + d->value[DT_INIT]))();
    for (uint64_t i = 0; i < d->value[DT_INIT_ARRAYSZ] / sizeof *init; i++)
        init[i]();
}

static int prepare(const struct file *f, struct library *lib)
{
    struct dynamic d = {0};

    dynamic_read(f->ph, f->eh.e_phnum, lib->base, &d);
    if (tables_find(lib, &d) || !relocate(lib, d.value[DT_RELA], d.value[DT_RELASZ]) ||
        !relocate(lib, d.value[DT_JMPREL], d.value[DT_PLTRELSZ]))
        return -ENOEXEC;
    relro_protect(f, lib->base);
    initialise(lib->base, &d);
    return 0;
}

int library_open(const char *name, struct library *lib)
{
    struct file f = {.fd = find(name)};
    int         err = f.fd < 0 ? f.fd : headers_read(&f);

    if (!err)
        err = segments_map(&f, &lib->base);
    if (!err) {
        err = prepare(&f, lib);
        if (err)
            munmap(lib->base, end_of(&f));
    }
    if (f.fd >= 0)
        close(f.fd);
    return err;
}

/* ---- what it has -------------------------------------------------------------------------------------- */

static uint32_t gnu_hash(const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++)
        h = h * 33 + (uint8_t)*name;
    return h;
}

void *library_function(const struct library *lib, const char *name)
{
    const uint32_t  nbuckets = lib->hash[0], first = lib->hash[1], nbloom = lib->hash[2], h = gnu_hash(name);
    const uint32_t *buckets = lib->hash + 4 + (size_t)nbloom * 2, *chain = buckets + nbuckets;
    uint32_t        i = buckets[h % nbuckets];

    if (i < first)
        return NULL;
    for (;; i++) {
        const Elf64_Sym *s = (const Elf64_Sym *)lib->symbols + i;

        if ((chain[i - first] | 1) == (h | 1) && !strcmp(lib->strings + s->st_name, name))
            return lib->base + s->st_value;
        if (chain[i - first] & 1)
            return NULL;
    }
}

/* ---- the one that the host puts into every process --------------------------------------------------- */

/* A library that is in memory already, its file's beginning at that address.  0, or -ENOEXEC. */
static int library_at(const void *image, struct library *lib)
{
    const Elf64_Ehdr *eh = image;
    const Elf64_Phdr *ph = (const void *)((const uint8_t *)image + eh->e_phoff);
    struct dynamic    d = {0};
    int               i = 0;

    while (i < eh->e_phnum && ph[i].p_type != PT_LOAD)
        i++;
    if (i == eh->e_phnum)
        return -ENOEXEC;
    lib->base = (uint8_t *)(uintptr_t)image - page_down(ph[i].p_vaddr);
    dynamic_read(ph, eh->e_phnum, lib->base, &d);
    return tables_find(lib, &d);
}

uint64_t library_vdso(const char *name)
{
    const uint64_t image = getauxval(AT_SYSINFO_EHDR);
    struct library lib;
    const void    *function = NULL;

    if (image && !library_at((const void *)image, &lib))
        function = library_function(&lib, name);
    return function ? (uint64_t)function - image : 0;
}
