/*
 * An interpreter that asks of the kernel what FreeBSD's rtld does
 * (libexec/rtld-elf: rtld.c, map_object.c, amd64/reloc.c), without its comforts:
 * it relocates itself, reads the auxiliary vector, maps the library that the
 * program needs over a reserved range, relocates both, makes RELRO read-only,
 * sets the thread pointer and goes to the program.
 */
#include "elf.h"

enum { PAGE = 4096, MAP_GUARD = 0x2000, MAP_NOCORE = 0x20000, MAP_PREFAULT_READ = 0x40000 };

struct object {
    uint64_t           base;
    const struct phdr *ph;
    unsigned           phnum;
    const struct sym  *symtab;
    const char        *strtab;
    const uint32_t    *hash;
    const struct rela *rela, *jmprel;
    size_t             nrela, njmprel;
    uint64_t           needed, tls_offset;
};

extern const struct dyn _DYNAMIC[] __attribute__((visibility("hidden")));
uint64_t                rtld_main(const uint64_t *block) __attribute__((visibility("hidden")));

static struct object program, library;
static struct phdr   library_ph[16];
static uint64_t      tls_block[64] __attribute__((aligned(64)));

static void dynamic_read(struct object *o, const struct dyn *d)
{
    for (; d->tag; d++)
        switch (d->tag) {
        case DT_NEEDED: o->needed = d->val; break;
        case DT_HASH: o->hash = (const uint32_t *)(o->base + d->val); break;
        case DT_STRTAB: o->strtab = (const char *)(o->base + d->val); break;
        case DT_SYMTAB: o->symtab = (const struct sym *)(o->base + d->val); break;
        case DT_RELA: o->rela = (const struct rela *)(o->base + d->val); break;
        case DT_RELASZ: o->nrela = d->val / sizeof(struct rela); break;
        case DT_JMPREL: o->jmprel = (const struct rela *)(o->base + d->val); break;
        case DT_PLTRELSZ: o->njmprel = d->val / sizeof(struct rela); break;
        }
}

/* Nothing that needs relocation may be used before this. */
static inline void relocate_self(uint64_t base)
{
    struct object me = {.base = base};

    dynamic_read(&me, _DYNAMIC);
    for (size_t i = 0; i < me.nrela; i++)
        if ((uint32_t)me.rela[i].info == R_RELATIVE)
            *(uint64_t *)(base + me.rela[i].offset) = base + (uint64_t)me.rela[i].addend;
}

static const struct phdr *segment(const struct object *o, uint32_t type)
{
    for (unsigned i = 0; i < o->phnum; i++)
        if (o->ph[i].type == type)
            return &o->ph[i];
    return 0;
}

static uint64_t symbol_in(const struct object *o, const char *name)
{
    for (uint32_t i = 1; o->hash && i < o->hash[1]; i++)
        if (o->symtab[i].shndx && strcmp(o->strtab + o->symtab[i].name, name) == 0)
            return o->base + o->symtab[i].value;
    return 0;
}

static uint64_t symbol(const char *name)
{
    uint64_t at = symbol_in(&program, name);

    return at ? at : symbol_in(&library, name);
}

static bool relocate_list(const struct object *o, const struct rela *r, size_t n)
{
    bool all = true;

    for (; n--; r++) {
        const struct sym *s = &o->symtab[r->info >> 32];
        uint64_t         *to = (uint64_t *)(o->base + r->offset), at = 0;
        const uint32_t    type = (uint32_t)r->info;

        if (type == R_NONE)
            continue;
        if (type != R_RELATIVE && type != R_TPOFF64)
            at = symbol(o->strtab + s->name);
        switch (type) {
        case R_RELATIVE: *to = o->base + (uint64_t)r->addend; break;
        case R_TPOFF64: *to = s->value - o->tls_offset + (uint64_t)r->addend; break;
        case R_64: *to = at + (uint64_t)r->addend; break;
        case R_GLOB_DAT:
        case R_JUMP_SLOT: *to = at; break;
        default: all = false;
        }
        all &= type == R_RELATIVE || type == R_TPOFF64 || at;
    }
    return all;
}

static bool relocate(const struct object *o)
{
    return relocate_list(o, o->rela, o->nrela) && relocate_list(o, o->jmprel, o->njmprel);
}

static int prot_of(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* map_object.c: the file's part, then what is only in memory. */
static bool map_segment(uint64_t base, const struct phdr *p, int fd)
{
    const uint64_t lo = p->vaddr & ~(PAGE - 1ull), file_end = p->vaddr + p->filesz, end = p->vaddr + p->memsz;
    const uint64_t file_pages = (file_end + PAGE - 1) & ~(PAGE - 1ull);
    char          *at = os_mmap((void *)(base + lo), file_end - lo, prot_of(p->flags),
                                MAP_PRIVATE | MAP_FIXED | (p->flags & PF_W ? 0 : MAP_PREFAULT_READ | MAP_NOCORE), fd,
                                (int64_t)(p->offset & ~(PAGE - 1ull)));

    if (at != (char *)(base + lo))
        return false;
    if (p->filesz < p->memsz)
        memset((void *)(base + file_end), 0, (file_pages < end ? file_pages : end) - file_end);
    if (file_pages >= end)
        return true;
    at = os_mmap((void *)(base + file_pages), end - file_pages, prot_of(p->flags), MAP_PRIVATE | MAP_FIXED | MAP_ANON,
                 -1, 0);
    return at == (char *)(base + file_pages);
}

static bool map_library(const char *name)
{
    union {
        struct ehdr e;
        char        page[PAGE];
    } head;
    char     path[128];
    uint64_t span = 0;
    bool     ok = true;
    int      fd;

    print_into(path, sizeof(path), "/lib/%s", name);
    fd = (int)os_open(path, O_RDONLY | O_CLOEXEC, 0);
    check(fd >= 0 && os_pread(fd, head.page, PAGE, 0) == PAGE, "the library is found below the sysroot");
    if (fd < 0)
        return false;
    library.phnum = head.e.phnum;
    memcpy(library_ph, head.page + head.e.phoff, head.e.phnum * sizeof(struct phdr));
    library.ph = library_ph;
    for (unsigned i = 0; i < library.phnum; i++)
        if (library_ph[i].type == PT_LOAD)
            span = (library_ph[i].vaddr + library_ph[i].memsz + PAGE - 1) & ~(PAGE - 1ull);
    library.base = (uint64_t)os_mmap(0, span, PROT_NONE, MAP_GUARD, -1, 0);
    check((int64_t)library.base > 0, "a range is reserved");
    for (unsigned i = 0; i < library.phnum; i++)
        if (library_ph[i].type == PT_LOAD && library_ph[i].memsz) /* linkers leave empty ones */
            ok &= map_segment(library.base, &library_ph[i], fd);
    check(ok, "its segments are mapped over the range");
    os_close(fd);
    return ok;
}

/* The kernel itself cannot write there any more. */
static void relro(const struct object *o, const char *what)
{
    const struct phdr *p = segment(o, PT_GNU_RELRO);
    const uint64_t     lo = p ? (o->base + p->vaddr) & ~(PAGE - 1ull) : 0;
    const uint64_t     hi = p ? (o->base + p->vaddr + p->memsz) & ~(PAGE - 1ull) : 0;
    int                fds[2];

    check(p && hi > lo && os_mprotect((void *)lo, hi - lo, PROT_READ) == 0, what);
    must(os_pipe(fds), "pipe");
    os_write(fds[1], "x", 1);
    check_err(os_read(fds[0], (void *)lo, 1), -EFAULT, "which holds");
    os_close(fds[0]);
    os_close(fds[1]);
}

/* Variant II: the program's block ends at the thread pointer, which points at itself. */
static void tls_set(void)
{
    const struct phdr *p = segment(&program, PT_TLS);
    uint64_t          *tcb = &tls_block[48];

    program.tls_offset = p ? (p->memsz + p->align - 1) & ~(p->align - 1) : 0;
    if (p)
        memcpy((char *)tcb - program.tls_offset, (void *)(program.base + p->vaddr), p->filesz);
    tcb[0] = (uint64_t)tcb;
    fsbase_set(tcb);
}

static void program_find(const uint64_t *block)
{
    bool found;

    program.ph = (const struct phdr *)auxv_find(block, AT_PHDR, &found);
    program.phnum = (unsigned)auxv_find(block, AT_PHNUM, &found);
    program.base = (uint64_t)program.ph - segment(&program, PT_PHDR)->vaddr;
    check(auxv_find(block, AT_PAGESZ, &found) == PAGE && auxv_find(block, AT_PHENT, &found) == sizeof(struct phdr),
          "the auxiliary vector describes the program");
    check(*(const char *)auxv_find(block, AT_EXECPATH, &found) == '/' && found, "and names it");
    check(auxv_find(block, AT_BSDFLAGS, &found) == 1 && found, "and the kernel's abilities");
    dynamic_read(&program, (const struct dyn *)(program.base + segment(&program, PT_DYNAMIC)->vaddr));
}

uint64_t rtld_main(const uint64_t *block)
{
    bool           found;
    const uint64_t base = auxv_find(block, AT_BASE, &found);

    relocate_self(base);
    check(found && base % PAGE == 0, "the interpreter knows where it is");
    program_find(block);
    if (!map_library(program.strtab + program.needed))
        os_exit(1);
    dynamic_read(&library, (const struct dyn *)(library.base + segment(&library, PT_DYNAMIC)->vaddr));
    tls_set();
    check(relocate(&library), "the library is relocated");
    check(relocate(&program), "the program is relocated");
    relro(&library, "the library's RELRO is read-only");
    relro(&program, "the program's RELRO is read-only");
    if (check_status())
        os_exit(check_status());
    return auxv_find(block, AT_ENTRY, &found);
}

/* amd64/rtld_start.S: the block in rdi; the program gets it there as well. */
__asm__(".globl rtld_start\n"
        ".type rtld_start, @function\n"
        "rtld_start:\n"
        "    mov %rdi, %r12\n"
        "    mov %rsp, %r13\n"
        "    and $-16, %rsp\n"
        "    xor %ebp, %ebp\n"
        "    call rtld_main\n"
        "    mov %r13, %rsp\n"
        "    mov %r12, %rdi\n"
        "    jmp *%rax\n");
