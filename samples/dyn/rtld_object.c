/* Mapping, relocating and protecting one object (libexec/rtld-elf: map_object.c, amd64/reloc.c, obj_enforce_relro). */
#include "rtld.h"

static uint64_t down(uint64_t v) { return v & ~(PAGE - 1ull); }

static uint64_t up(uint64_t v) { return down(v + PAGE - 1); }

const struct phdr *segment(const struct object *o, uint32_t type)
{
    for (unsigned i = 0; i < o->phnum; i++)
        if (o->ph[i].type == type)
            return &o->ph[i];
    return 0;
}

static void digest_arrays(struct object *o, const struct dyn *d)
{
    switch (d->tag) {
    case DT_INIT_ARRAY: o->init = (void (**)(void))(o->base + d->val); break;
    case DT_INIT_ARRAYSZ: o->ninit = d->val / 8; break;
    case DT_FINI_ARRAY: o->fini = (void (**)(void))(o->base + d->val); break;
    case DT_FINI_ARRAYSZ: o->nfini = d->val / 8; break;
    case DT_NEEDED:
        if (o->nneeded < NEEDED_MAX)
            o->needed[o->nneeded++] = d->val;
        break;
    }
}

void object_digest(struct object *o)
{
    const struct dyn *d = (const struct dyn *)(o->base + segment(o, PT_DYNAMIC)->vaddr);
    uint64_t          soname = 0;

    for (; d->tag; d++)
        switch (d->tag) {
        case DT_HASH: o->hash = (const uint32_t *)(o->base + d->val); break;
        case DT_STRTAB: o->strtab = (const char *)(o->base + d->val); break;
        case DT_SYMTAB: o->symtab = (const struct sym *)(o->base + d->val); break;
        case DT_RELA: o->rela = (const struct rela *)(o->base + d->val); break;
        case DT_RELASZ: o->nrela = d->val / sizeof(struct rela); break;
        case DT_JMPREL: o->jmprel = (const struct rela *)(o->base + d->val); break;
        case DT_PLTRELSZ: o->njmprel = d->val / sizeof(struct rela); break;
        case DT_SONAME: soname = d->val; break;
        default: digest_arrays(o, d);
        }
    o->soname = soname ? o->strtab + soname : "";
}

/* ---- mapping ----------------------------------------------------------------------------------- */

int page_prot(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* The rest of the last page of the file is cleared, also where the segment itself cannot be written. */
static bool clear_tail(uint64_t from, uint64_t to, int prot)
{
    void *page = (void *)down(from);

    if (from == to)
        return true;
    if (!(prot & PROT_WRITE) && os_mprotect(page, PAGE, prot | PROT_WRITE) != 0)
        return false;
    memset((void *)from, 0, to - from);
    return (prot & PROT_WRITE) || os_mprotect(page, PAGE, prot) == 0;
}

static bool map_segment(const struct object *o, const struct phdr *p, int fd)
{
    const int      prot = page_prot(p->flags), flags = MAP_PRIVATE | MAP_FIXED | (p->flags & PF_W ? 0 : MAP_NOCORE);
    const uint64_t lo = o->base + down(p->vaddr), file_end = o->base + p->vaddr + p->filesz;
    const uint64_t file_pages = up(file_end), end = up(o->base + p->vaddr + p->memsz);

    if (p->filesz && os_mmap((void *)lo, file_pages - lo, prot, flags | MAP_PREFAULT_READ, fd,
                             (int64_t)down(p->offset)) != (void *)lo)
        return false;
    if (p->filesz == p->memsz)
        return true;
    if (!clear_tail(file_end, file_pages, prot))
        return false;
    return end <= file_pages ||
           os_mmap((void *)file_pages, end - file_pages, prot, flags | MAP_ANON, -1, 0) == (void *)file_pages;
}

/* get_elf_header: the first page, mapped; the program headers are in it. */
static bool header_read(struct object *o, int fd)
{
    const struct ehdr *e = os_mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_PREFAULT_READ, fd, 0);
    bool               ok;

    if ((int64_t)e < 0)
        return false;
    ok = memcmp(e->ident, "\177ELF\2\1\1", 7) == 0 && e->machine == 62 && e->phentsize == sizeof(struct phdr) &&
         e->phnum <= PHDRS_MAX && e->phoff + e->phnum * sizeof(struct phdr) <= PAGE;
    if (ok) {
        o->phnum = e->phnum;
        o->entry = e->entry;
        memcpy(o->ph, (const char *)e + e->phoff, e->phnum * sizeof(struct phdr));
    }
    return os_munmap((void *)e, PAGE) == 0 && ok;
}

/* The whole range is reserved as a guard, as for every program of FreeBSD 12 and later. */
static bool reserve(struct object *o)
{
    const struct phdr *first = segment(o, PT_LOAD), *last = first;
    int                flags = MAP_GUARD;

    for (const struct phdr *p = first; p && p < o->ph + o->phnum; p++)
        if (p->type == PT_LOAD && p->memsz)
            last = p;
    if (!first || !segment(o, PT_DYNAMIC))
        return false;
    if (up(first->filesz) >= 2u << 20)
        flags |= MAP_ALIGNED_SUPER;
    o->lo = down(first->vaddr);
    o->span = up(last->vaddr + last->memsz) - o->lo;
    if (o->lo)
        flags |= MAP_FIXED | MAP_EXCL;
    o->base = (uint64_t)os_mmap((void *)o->lo, o->span, PROT_NONE, flags, -1, 0) - o->lo;
    return (int64_t)(o->base + o->lo) > 0 && (!(flags & MAP_ALIGNED_SUPER) || o->base % (2u << 20) == 0);
}

bool object_map(struct object *o, int fd)
{
    bool ok = good(header_read(o, fd), "its header is read") && good(reserve(o), "a range is reserved");

    for (unsigned i = 0; ok && i < o->phnum; i++)
        if (o->ph[i].type == PT_LOAD && o->ph[i].memsz) /* linkers leave empty ones */
            ok = map_segment(o, &o->ph[i], fd);
    return good(ok, "its segments are mapped over the range");
}

/* ---- symbols and relocation ----------------------------------------------------------------------- */

static uint32_t elf_hash(const char *name)
{
    uint32_t h = 0, g;

    for (; *name; name++) {
        h = (h << 4) + (unsigned char)*name;
        g = h & 0xf0000000;
        h = (h ^ g >> 24) & ~g;
    }
    return h;
}

uint64_t object_symbol(const struct object *o, const char *name)
{
    const uint32_t *bucket = o->hash + 2, *chain = bucket + o->hash[0];

    for (uint32_t i = bucket[elf_hash(name) % o->hash[0]]; i; i = chain[i])
        if (o->symtab[i].shndx && strcmp(o->strtab + o->symtab[i].name, name) == 0)
            return o->base + o->symtab[i].value;
    return 0;
}

static uint64_t symbol_of(struct object *o, const struct sym *s)
{
    const uint64_t at = symbol_anywhere(o->strtab + s->name, o);

    if (!at && s->info >> 4 != STB_WEAK)
        o->missing++;
    return at;
}

static bool relocate_one(struct object *o, const struct rela *r)
{
    const struct sym *s = &o->symtab[r->info >> 32];
    uint64_t         *to = (uint64_t *)(o->base + r->offset);

    switch ((uint32_t)r->info) {
    case R_NONE: return true;
    case R_RELATIVE: *to = o->base + (uint64_t)r->addend; return true;
    case R_DTPMOD64: *to = o->module; return o->module != 0;
    case R_DTPOFF64: *to = s->value + (uint64_t)r->addend; return true;
    case R_TPOFF64: *to = s->value - o->tls_offset + (uint64_t)r->addend; return o->tls_offset != 0;
    case R_64: *to = symbol_of(o, s) + (uint64_t)r->addend; return true;
    case R_GLOB_DAT:
    case R_JUMP_SLOT: *to = symbol_of(o, s); return true;
    default: return false;
    }
}

bool object_relocate(struct object *o)
{
    bool ok = true;

    for (size_t i = 0; i < o->nrela; i++)
        ok = relocate_one(o, &o->rela[i]) && ok;
    for (size_t i = 0; i < o->njmprel; i++)
        ok = relocate_one(o, &o->jmprel[i]) && ok;
    return ok && (o->missing == 0 || (o->flags & DL_LONE));
}

/* The kernel itself cannot write there any more. */
static bool read_only(void *at)
{
    int  fds[2];
    long r;

    must(os_pipe(fds), "pipe");
    os_write(fds[1], "x", 1);
    r = os_read(fds[0], at, 1);
    os_close(fds[0]);
    os_close(fds[1]);
    return r == -EFAULT;
}

bool object_relro(const struct object *o)
{
    const struct phdr *p = segment(o, PT_GNU_RELRO);
    const uint64_t     lo = p ? down(o->base + p->vaddr) : 0, hi = p ? down(o->base + p->vaddr + p->memsz) : 0;

    return !p || hi == lo || (os_mprotect((void *)lo, hi - lo, PROT_READ) == 0 && read_only((void *)lo));
}
