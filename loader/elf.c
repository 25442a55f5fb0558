/*
 * loader/elf.c: an ELF program file, read through libelf and checked to the last byte.
 *
 * libelf gets a copy of the header and of the program header table alone, with
 * the section fields blanked: kernels do not look at sections, so a file with
 * a damaged section table must run, and libelf never maps a file that
 * somebody truncates meanwhile.
 */
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/image.h"

#define NOTE_BYTES_MAX 65536u /* FreeBSD reads one page of each PT_NOTE */

struct elf_in {
    int                 fd;
    struct image       *im;
    struct image_error *err;
    GElf_Phdr          *ph;
    unsigned            phnum;
    uint64_t            phoff; /* of the table in the file */
};

/* Reads exactly len bytes; -ENOEXEC when the file ends before. */
static int read_at(const struct elf_in *in, void *buf, size_t len, uint64_t at, const char *what)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(in->fd, (char *)buf + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            image_fail(in->err, errno, "cannot be read: %s", strerror(errno));
            return -in->err->host_errno;
        }
        if (n == 0) {
            image_fail(in->err, ENOEXEC, "a truncated ELF file: it ends inside its %s", what);
            return -ENOEXEC;
        }
        done += (size_t)n;
    }
    return 0;
}

static bool in_file(const struct elf_in *in, uint64_t off, uint64_t len)
{
    return off <= in->im->file_size && len <= in->im->file_size - off;
}

static bool power_of_two(uint64_t x) { return x && !(x & (x - 1)); }

#define BAD(in, ...) (image_fail((in)->err, ENOEXEC, __VA_ARGS__), -ENOEXEC)

static int check_header(const struct elf_in *in, const Elf64_Ehdr *eh)
{
    if (eh->e_ident[EI_VERSION] != EV_CURRENT || eh->e_version != EV_CURRENT)
        return BAD(in, "a damaged ELF file: unknown ELF version %u", eh->e_version);
    if (eh->e_type == ET_REL)
        return BAD(in, "an object file (.o), not a program: link it first");
    if (eh->e_type == ET_CORE)
        return BAD(in, "a core dump, not a program: a debugger reads it");
    if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
        return BAD(in, "a damaged ELF file: unknown file type %u", eh->e_type);
    if (eh->e_phnum == 0)
        return BAD(in, "a damaged ELF file: it has no program headers");
    if (eh->e_phentsize != sizeof(Elf64_Phdr))
        return BAD(in, "a damaged ELF file: program headers of %u bytes, not %zu", eh->e_phentsize, sizeof(Elf64_Phdr));
    if (eh->e_phnum > IMAGE_PHNUM)
        return BAD(in, "a damaged ELF file: %u program headers, more than %u", eh->e_phnum, IMAGE_PHNUM);
    if (!in_file(in, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr)))
        return BAD(in, "a truncated ELF file: its program headers lie beyond the end of the file");
    if (eh->e_phoff < sizeof *eh)
        return BAD(in, "a damaged ELF file: its program headers overlap the file header");
    return 0;
}

/* Lets libelf read the header and the table out of a copy in which they are neighbours. */
static int parse_table(struct elf_in *in, uint8_t *copy, size_t len)
{
    GElf_Ehdr eh;
    int       bad = 1;
    Elf      *elf = elf_memory((char *)copy, len);

    if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &eh)) {
        bad = 0;
        for (unsigned i = 0; i < in->phnum && !bad; i++)
            bad = !gelf_getphdr(elf, (int)i, &in->ph[i]);
        in->im->entry = eh.e_entry;
        in->im->eflags = eh.e_flags;
        in->im->kind = eh.e_type == ET_EXEC ? IMAGE_STATIC : IMAGE_STATIC_PIE;
        memcpy(in->im->ident, eh.e_ident, sizeof in->im->ident);
    }
    elf_end(elf);
    return bad ? BAD(in, "a damaged ELF file: %s", elf_errmsg(-1)) : 0;
}

static int read_table(struct elf_in *in, Elf64_Ehdr eh)
{
    size_t   table = (size_t)eh.e_phnum * sizeof(Elf64_Phdr), len = sizeof eh + table;
    uint8_t *copy = malloc(len);

    in->phnum = eh.e_phnum;
    in->phoff = eh.e_phoff;
    in->ph = calloc(in->phnum, sizeof *in->ph);
    if (!copy || !in->ph) {
        free(copy);
        image_fail(in->err, ENOMEM, "out of memory");
        return -ENOMEM;
    }
    eh.e_phoff = sizeof eh;
    eh.e_ehsize = sizeof eh;
    eh.e_shoff = 0;
    eh.e_shnum = eh.e_shstrndx = eh.e_shentsize = 0;
    memcpy(copy, &eh, sizeof eh);
    int rc = read_at(in, copy + sizeof eh, table, in->phoff, "program headers");
    if (!rc)
        rc = parse_table(in, copy, len);
    free(copy);
    in->im->phnum = (uint16_t)in->phnum;
    in->im->phent = sizeof(Elf64_Phdr);
    return rc;
}

static int check_segment(const struct elf_in *in, const GElf_Phdr *p, unsigned i)
{
    if (p->p_filesz > p->p_memsz)
        return BAD(in, "a damaged ELF file: segment %u has more bytes in the file than in memory", i);
    if (p->p_vaddr + p->p_memsz < p->p_vaddr)
        return BAD(in, "a damaged ELF file: segment %u wraps around the address space", i);
    if (p->p_memsz > IMAGE_SIZE_MAX)
        return BAD(in, "a damaged ELF file: segment %u asks for %llu GiB of memory", i,
                   (unsigned long long)(p->p_memsz >> 30));
    if (p->p_vaddr + p->p_memsz > IMAGE_TOP)
        return BAD(in, "segment %u ends at %#llx, above the addresses that a program can have here (%#llx)", i,
                   (unsigned long long)(p->p_vaddr + p->p_memsz), IMAGE_TOP);
    if (p->p_align > 1 && !power_of_two(p->p_align))
        return BAD(in, "a damaged ELF file: segment %u has an alignment that is no power of two", i);
    if (p->p_align > IMAGE_SIZE_MAX)
        return BAD(in, "a damaged ELF file: segment %u asks for an alignment of %llu GiB", i,
                   (unsigned long long)(p->p_align >> 30));
    if (p->p_filesz == 0)
        return 0;
    if (!in_file(in, p->p_offset, p->p_filesz))
        return BAD(in, "a truncated or damaged ELF file: segment %u lies beyond the end of the file", i);
    if ((p->p_offset ^ p->p_vaddr) & (IMAGE_PAGE - 1))
        return BAD(in, "a damaged ELF file: segment %u's file offset and address disagree within a page", i);
    return 0;
}

/* The rule for two segments in one page: image.h, struct image_segment. */
static bool may_share_page(const struct image_segment *a, const struct image_segment *b)
{
    return a->filesz == a->memsz && b->filesz && b->vaddr - a->vaddr == b->offset - a->offset;
}

static int check_order(const struct elf_in *in, const struct image_segment *a, const struct image_segment *b,
                       unsigned i)
{
    if (b->vaddr < a->vaddr)
        return BAD(in, "a damaged ELF file: segment %u is not in ascending order", i);
    if (b->vaddr < a->vaddr + a->memsz)
        return BAD(in, "a damaged ELF file: segment %u overlaps the one before it", i);
    if (page_down(b->vaddr) < page_up(a->vaddr + a->memsz) && !may_share_page(a, b))
        return BAD(in, "a damaged ELF file: segment %u overlaps a page of the one before it", i);
    return 0;
}

static int segment_prot(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

static int add_segment(struct elf_in *in, const GElf_Phdr *p, unsigned i)
{
    struct image *im = in->im;

    if (p->p_memsz == 0 && p->p_filesz == 0)
        return 0; /* kernels skip it: sys/kern/imgact_elf.c */
    int rc = check_segment(in, p, i);
    if (rc)
        return rc;
    if (im->nsegments == IMAGE_SEGMENTS)
        return BAD(in, "a damaged ELF file: more than %u segments", IMAGE_SEGMENTS);
    struct image_segment *s = &im->segments[im->nsegments];
    *s = (struct image_segment){p->p_vaddr, p->p_memsz, p->p_filesz ? p->p_offset : 0, p->p_filesz,
                                segment_prot(p->p_flags)};
    if (im->nsegments && (rc = check_order(in, s - 1, s, i)))
        return rc;
    im->nsegments++;
    if (p->p_align > im->align)
        im->align = p->p_align;
    return 0;
}

static int check_span(const struct elf_in *in)
{
    struct image *im = in->im;
    uint64_t      total = 0;

    if (im->nsegments == 0)
        return BAD(in, "an ELF file with nothing to load: not a program");
    for (unsigned i = 0; i < im->nsegments; i++)
        total += im->segments[i].memsz;
    im->lo = page_down(im->segments[0].vaddr);
    im->hi = page_up(im->segments[im->nsegments - 1].vaddr + im->segments[im->nsegments - 1].memsz);
    if (im->kind == IMAGE_STATIC_PIE)
        total = im->hi - im->lo;
    if (total > IMAGE_SIZE_MAX)
        return BAD(in, "a damaged ELF file: it asks for %llu GiB of memory", (unsigned long long)(total >> 30));
    if (im->kind == IMAGE_STATIC && im->lo == 0)
        return BAD(in, "a damaged ELF file: it wants to be loaded at address 0");
    return 0;
}

static int load_segments(struct elf_in *in)
{
    int rc = 0;

    in->im->align = IMAGE_PAGE;
    for (unsigned i = 0; i < in->phnum && !rc; i++)
        if (in->ph[i].p_type == PT_LOAD)
            rc = add_segment(in, &in->ph[i], i);
    return rc ? rc : check_span(in);
}

static int check_entry(const struct elf_in *in)
{
    const struct image *im = in->im;

    /* Also where the header, at 0, is in an executable segment. */
    if (im->entry == 0 && (im->kind == IMAGE_STATIC_PIE || im->kind == IMAGE_DYNAMIC_PIE))
        return BAD(in, "a shared library, not a program: it has no entry point");
    for (unsigned i = 0; i < im->nsegments; i++) {
        const struct image_segment *s = &im->segments[i];
        if (im->entry >= s->vaddr && im->entry - s->vaddr < s->memsz && s->prot & PROT_EXEC)
            return 0;
    }
    return BAD(in, "a damaged ELF file: its entry point %#llx is in no executable segment",
               (unsigned long long)im->entry);
}

static int read_interp(struct elf_in *in, const GElf_Phdr *p)
{
    struct image *im = in->im;

    if (im->interp)
        return BAD(in, "a damaged ELF file: it names two interpreters");
    if (p->p_filesz < 2 || p->p_filesz > INTERP_MAX || !in_file(in, p->p_offset, p->p_filesz))
        return BAD(in, "a damaged ELF file: its interpreter's name has a bad size or lies beyond the end of the file");
    im->interp = malloc(p->p_filesz);
    if (!im->interp) {
        image_fail(in->err, ENOMEM, "out of memory");
        return -ENOMEM;
    }
    int rc = read_at(in, im->interp, p->p_filesz, p->p_offset, "interpreter's name");
    if (rc)
        return rc;
    if (im->interp[p->p_filesz - 1] != '\0')
        return BAD(in, "a damaged ELF file: its interpreter's name has no end");
    if (im->interp[0] != '/')
        return BAD(in, "a damaged ELF file: its interpreter's name is not an absolute path");
    im->kind = im->kind == IMAGE_STATIC ? IMAGE_DYNAMIC : IMAGE_DYNAMIC_PIE;
    return 0;
}

/* Adds the notes of one segment's bytes; stops at the first that does not fit, as kernels do. */
static void parse_notes(struct image *im, const uint8_t *bytes, size_t len, uint64_t align)
{
    size_t at = 0, step = align == 8 ? 8 : 4;

    while (im->nnotes < IMAGE_NOTES && len - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr nh;
        memcpy(&nh, bytes + at, sizeof nh);
        at += sizeof nh;
        size_t name = ((size_t)nh.n_namesz + step - 1) & ~(step - 1);
        size_t desc = ((size_t)nh.n_descsz + step - 1) & ~(step - 1);
        if (name > len - at || nh.n_descsz > len - at - name)
            return;
        struct elf_note *n = &im->notes[im->nnotes++];
        size_t           keep = nh.n_namesz < sizeof n->name - 1 ? nh.n_namesz : sizeof n->name - 1;
        memcpy(n->name, bytes + at, keep);
        n->type = nh.n_type;
        n->descsz = nh.n_descsz;
        n->desc = bytes + at + name;
        if (desc > len - at - name)
            return;
        at += name + desc;
    }
}

static int note_space(struct elf_in *in)
{
    size_t total = 0;

    for (unsigned i = 0; i < in->phnum; i++) {
        const GElf_Phdr *p = &in->ph[i];
        if (p->p_type != PT_NOTE || p->p_filesz == 0)
            continue;
        if (!in_file(in, p->p_offset, p->p_filesz))
            return BAD(in, "a truncated or damaged ELF file: its notes lie beyond the end of the file");
        total += p->p_filesz < NOTE_BYTES_MAX ? p->p_filesz : NOTE_BYTES_MAX;
    }
    in->im->note_bytes = malloc(total ? total : 1);
    if (!in->im->note_bytes) {
        image_fail(in->err, ENOMEM, "out of memory");
        return -ENOMEM;
    }
    return 0;
}

static int read_notes(struct elf_in *in)
{
    struct image *im = in->im;
    int           rc = note_space(in);

    for (unsigned i = 0; i < in->phnum && !rc && im->nnotes < IMAGE_NOTES; i++) {
        const GElf_Phdr *p = &in->ph[i];
        if (p->p_type != PT_NOTE || p->p_filesz == 0)
            continue;
        size_t   len = p->p_filesz < NOTE_BYTES_MAX ? p->p_filesz : NOTE_BYTES_MAX;
        uint8_t *to = im->note_bytes + im->note_len;
        rc = read_at(in, to, len, p->p_offset, "notes");
        if (!rc)
            parse_notes(im, to, len, p->p_align);
        im->note_len += len;
    }
    return rc;
}

/* Everything that is neither a segment nor a note. */
static int read_others(struct elf_in *in)
{
    struct image *im = in->im;
    int           rc = 0;

    im->exec_stack = true; /* sv_stackprot of sys/amd64/amd64/elf_machdep.c, unless PT_GNU_STACK says otherwise */
    for (unsigned i = 0; i < in->phnum && !rc; i++) {
        const GElf_Phdr *p = &in->ph[i];
        if (p->p_type == PT_INTERP) {
            rc = read_interp(in, p);
        } else if (p->p_type == PT_GNU_STACK) {
            im->has_gnu_stack = true;
            im->exec_stack = p->p_flags & PF_X;
        } else if (p->p_type == PT_TLS) {
            im->tls = (struct image_tls){true, p->p_vaddr, p->p_filesz, p->p_memsz, p->p_align};
        }
    }
    return rc;
}

/* Where the table is in memory: of use only when a segment really maps it. */
static void find_phdr(struct elf_in *in)
{
    struct image *im = in->im;
    uint64_t      len = (uint64_t)in->phnum * sizeof(Elf64_Phdr);

    for (unsigned i = 0; i < im->nsegments; i++) {
        const struct image_segment *s = &im->segments[i];
        uint64_t                    skip = in->phoff - s->offset;
        if (in->phoff >= s->offset && skip <= s->filesz && len <= s->filesz - skip) {
            im->phdr = s->vaddr + skip;
            return;
        }
    }
}

static int read_image(struct elf_in *in)
{
    Elf64_Ehdr  eh;
    struct stat st;

    if (fstat(in->fd, &st) || !S_ISREG(st.st_mode)) {
        image_fail(in->err, EACCES, "not a regular file");
        return -EACCES;
    }
    in->im->file_size = (uint64_t)st.st_size;
    ssize_t n = pread(in->fd, &eh, sizeof eh, 0);
    if (n < 0) {
        image_fail(in->err, errno, "cannot be read: %s", strerror(errno));
        return -in->err->host_errno;
    }
    if (n < SELFMAG || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0) {
        uint8_t head[512];
        n = pread(in->fd, head, sizeof head, 0);
        sniff_not_elf(head, n < 0 ? 0 : (size_t)n, in->err);
        return -ENOEXEC;
    }
    if ((size_t)n < sizeof eh)
        return BAD(in, "a truncated ELF file: it ends inside its header");
    if (sniff_foreign_elf((const uint8_t *)&eh, in->err))
        return -ENOEXEC;

    int rc = check_header(in, &eh);
    if (!rc)
        rc = read_table(in, eh);
    if (!rc)
        rc = load_segments(in);
    if (!rc)
        rc = read_others(in);
    if (!rc)
        rc = read_notes(in);
    if (!rc)
        rc = check_entry(in);
    if (!rc)
        find_phdr(in);
    return rc;
}

int image_read(int fd, const char *path, struct image *out, struct image_error *err)
{
    struct elf_in in = {.fd = fd, .im = out, .err = err};

    (void)path;
    memset(out, 0, sizeof *out);
    memset(err, 0, sizeof *err);
    elf_version(EV_CURRENT);
    int rc = read_image(&in);
    free(in.ph);
    if (rc)
        image_free(out);
    return rc;
}

void image_free(struct image *im)
{
    free(im->interp);
    free(im->note_bytes);
    memset(im, 0, sizeof *im);
}
