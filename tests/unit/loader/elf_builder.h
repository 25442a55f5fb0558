/*
 * tests/unit/loader/elf_builder.h: small ELF files in memory, sound until a test damages them.
 *
 * Layout: header, seven program headers, interpreter, note, then code at 0x1000 and data at 0x2000.
 */
#ifndef TESTS_UNIT_LOADER_ELF_BUILDER_H
#define TESTS_UNIT_LOADER_ELF_BUILDER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUILT_BASE  0x400000ull
#define BUILT_ENTRY (BUILT_BASE + 0x1000)
#define BUILT_SIZE  0x2100u
#define BUILT_PHNUM 7

enum { PH_TEXT, PH_DATA, PH_STACK, PH_NOTE, PH_INTERP, PH_TLS, PH_SELF };

struct built {
    union {
        struct {
            Elf64_Ehdr eh;
            Elf64_Phdr ph[BUILT_PHNUM];
            char       interp[32];
            struct {
                Elf64_Nhdr head;
                char       name[8];
                uint32_t   version;
            } note;
        };
        uint8_t bytes[BUILT_SIZE];
    };
    size_t size;
};

static inline Elf64_Phdr built_segment(uint32_t flags, uint64_t vaddr, uint64_t offset, uint64_t filesz, uint64_t memsz)
{
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_vaddr = vaddr,
                        .p_offset = offset,
                        .p_filesz = filesz,
                        .p_memsz = memsz,
                        .p_align = 0x1000};
}

/* A static FreeBSD ET_EXEC; PT_INTERP and PT_TLS are there as PT_NULL. */
static inline void built_static(struct built *b)
{
    memset(b, 0, sizeof *b);
    b->size = BUILT_SIZE;
    b->eh = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_FREEBSD},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = BUILT_ENTRY,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = BUILT_PHNUM,
    };
    b->ph[PH_TEXT] = built_segment(PF_R | PF_X, BUILT_BASE, 0, 0x1010, 0x1010);
    b->ph[PH_DATA] = built_segment(PF_R | PF_W, BUILT_BASE + 0x2000, 0x2000, 0x100, 0x5000);
    b->ph[PH_STACK] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    b->ph[PH_NOTE] = (Elf64_Phdr){.p_type = PT_NOTE,
                                  .p_offset = offsetof(struct built, note),
                                  .p_filesz = sizeof b->note,
                                  .p_memsz = sizeof b->note,
                                  .p_align = 4};
    b->note.head = (Elf64_Nhdr){.n_namesz = 8, .n_descsz = 4, .n_type = 1};
    memcpy(b->note.name, "FreeBSD", 8);
    b->note.version = 1403000;
    memcpy(b->interp, "/libexec/ld-elf.so.1", 21);
    memcpy(b->bytes + 0x1000, "\x31\xff\xb8\x01\x00\x00\x00\x0f\x05", 9); /* exit(0) */
}

static inline void built_dynamic(struct built *b)
{
    built_static(b);
    b->eh.e_type = ET_DYN;
    b->eh.e_entry -= BUILT_BASE;
    b->ph[PH_TEXT].p_vaddr -= BUILT_BASE;
    b->ph[PH_DATA].p_vaddr -= BUILT_BASE;
    b->ph[PH_INTERP] = (Elf64_Phdr){
        .p_type = PT_INTERP, .p_offset = offsetof(struct built, interp), .p_filesz = 21, .p_memsz = 21, .p_align = 1};
    b->ph[PH_TLS] = (Elf64_Phdr){
        .p_type = PT_TLS, .p_offset = 0x2000, .p_vaddr = 0x2000, .p_filesz = 8, .p_memsz = 64, .p_align = 16};
}

/* A memory file with the first size bytes. */
static inline int built_file(const struct built *b)
{
    int    fd = memfd_create("built", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < b->size) {
        ssize_t n = write(fd, b->bytes + done, b->size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return fd;
}

#endif
