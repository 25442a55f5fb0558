/*
 * loader/sniff.c: names what a file is that can't run here, and what would run it.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "loader/image.h"

struct magic {
    uint8_t     bytes[8];
    uint8_t     len;
    const char *text;
};

static const struct magic magics[] = {
    {{0xcf, 0xfa, 0xed, 0xfe}, 4, "a Mach-O program: it runs on macOS"},
    {{0xce, 0xfa, 0xed, 0xfe}, 4, "a 32-bit Mach-O program: it runs on old versions of macOS"},
    {{0xfe, 0xed, 0xfa, 0xcf}, 4, "a Mach-O program for another processor: it runs on macOS"},
    {{0xfe, 0xed, 0xfa, 0xce}, 4, "a Mach-O program for another processor: it runs on macOS"},
    {{0xca, 0xfe, 0xba, 0xbf}, 4, "a universal Mach-O program: it runs on macOS"},
    {{'M', 'Z'}, 2, "a PE program for Windows or DOS: Wine may run it"},
    {{'P', 'K', 3, 4}, 4, "a zip archive (or a Java program), not a program: unpack it, or give it to java -jar"},
    {{0x1f, 0x8b}, 2, "a gzip file, not a program: unpack it first"},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "an xz file, not a program: unpack it first"},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, "a zstd file, not a program: unpack it first"},
    {{'B', 'Z', 'h'}, 3, "a bzip2 file, not a program: unpack it first"},
    {{'!', '<', 'a', 'r', 'c', 'h', '>', '\n'}, 8, "a static library or ar archive, not a program"},
    {{0, 'a', 's', 'm'}, 4, "a WebAssembly module: a runtime such as wasmtime runs it"},
    {{'B', 'C', 0xc0, 0xde}, 4, "LLVM bitcode, not a program: compile it first"},
};

/* No control characters but those of terminals; bytes above 0x7f may be UTF-8. */
static bool is_text(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (head[i] == 0x7f || (head[i] < ' ' && !memchr("\t\n\v\f\r\x1b", head[i], 6)))
            return false;
    return true;
}

/* Java's class files and universal Mach-O share a magic; the next word is a version (45 and up) or a small count. */
static bool sniff_cafebabe(const uint8_t *head, size_t len, struct image_error *err)
{
    if (len < 8 || memcmp(head, "\xca\xfe\xba\xbe", 4) != 0)
        return false;
    if (head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] < 40)
        image_fail(err, ENOEXEC, "a universal Mach-O program: it runs on macOS");
    else
        image_fail(err, ENOEXEC, "a Java class file: java runs it");
    return true;
}

void sniff_not_elf(const uint8_t *head, size_t len, struct image_error *err)
{
    if (len == 0) {
        image_fail(err, ENOEXEC, "an empty file, not a program");
        return;
    }
    if (sniff_cafebabe(head, len, err))
        return;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (len >= magics[i].len && memcmp(head, magics[i].bytes, magics[i].len) == 0) {
            image_fail(err, ENOEXEC, "%s", magics[i].text);
            return;
        }
    }
    if (len >= 2 && head[0] == '#' && head[1] == '!')
        image_fail(err, ENOEXEC, "a script, where an ELF program is needed");
    else if (is_text(head, len))
        image_fail(err, ENOEXEC, "a text file, not a program: a script begins with \"#!\" and its interpreter");
    else
        image_fail(err, ENOEXEC, "not a program: its format is unknown");
}

static const struct machine {
    uint16_t    nr;
    const char *name;
    const char *runs; /* what runs it */
} machines[] = {
    {EM_AARCH64, "arm64", "an arm64 machine, or qemu-aarch64"},
    {EM_ARM, "arm", "an arm machine, or qemu-arm"},
    {EM_RISCV, "riscv", "a RISC-V machine, or qemu-riscv64"},
    {EM_PPC, "powerpc", "a PowerPC machine, or qemu-ppc"},
    {EM_PPC64, "powerpc64", "a POWER machine, or qemu-ppc64"},
    {EM_MIPS, "mips", "a MIPS machine, or qemu-mips"},
    {EM_SPARCV9, "sparc64", "a SPARC machine, or qemu-sparc64"},
    {EM_S390, "s390", "an IBM Z machine, or qemu-s390x"},
    {EM_68K, "m68k", "an m68k machine, or qemu-m68k"},
    {EM_ALPHA, "alpha", "an Alpha machine, or qemu-alpha"},
    {EM_IA_64, "ia64", "an Itanium machine"},
    {258 /* EM_LOONGARCH, younger than some <elf.h> */, "loongarch", "a LoongArch machine, or qemu-loongarch64"},
};

static bool foreign_machine(unsigned machine, struct image_error *err)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (machines[i].nr == machine) {
            image_fail(err, ENOEXEC, "an ELF program for %s: it needs %s (dragoman runs x86-64 programs)",
                       machines[i].name, machines[i].runs);
            return true;
        }
    }
    image_fail(err, ENOEXEC, "an ELF program for another processor (machine %u): dragoman runs x86-64 programs",
               machine);
    return true;
}

bool sniff_foreign_elf(const uint8_t *head, struct image_error *err)
{
    bool     big = head[EI_DATA] == ELFDATA2MSB;
    unsigned machine = big ? head[18] << 8 | head[19] : head[19] << 8 | head[18];

    if (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) {
        image_fail(err, ENOEXEC, "a damaged ELF file: unknown class %u", head[EI_CLASS]);
        return true;
    }
    if (head[EI_DATA] != ELFDATA2LSB && !big) {
        image_fail(err, ENOEXEC, "a damaged ELF file: unknown byte order %u", head[EI_DATA]);
        return true;
    }
    if (machine == EM_X86_64 && head[EI_CLASS] == ELFCLASS32) {
        image_fail(err, ENOEXEC, "an x32 program (32-bit ELF for x86-64): dragoman runs 64-bit programs only");
        return true;
    }
    if (machine == EM_386 && head[EI_CLASS] == ELFCLASS32) {
        image_fail(err, ENOEXEC, "a 32-bit ELF program (i386): only its own system runs it, dragoman takes 64-bit");
        return true;
    }
    if (machine != EM_X86_64 || big)
        return foreign_machine(machine, err);
    return false;
}

static const struct brand {
    const char *os;
    uint8_t     osabi;  /* 0: none of its own */
    const char *note;   /* NULL: none */
    const char *interp; /* beginning of its interpreter's path, NULL: none */
} brands[] = {
    {"FreeBSD", ELFOSABI_FREEBSD, "FreeBSD", "/libexec/ld-elf.so"},
    {"NetBSD", ELFOSABI_NETBSD, "NetBSD", "/usr/libexec/ld.elf_so"},
    {"OpenBSD", ELFOSABI_OPENBSD, "OpenBSD", "/usr/libexec/ld.so"},
    {"DragonFly", 0, "DragonFly", "/usr/libexec/ld-elf.so.2"},
    {"illumos or Solaris", ELFOSABI_SOLARIS, "Solaris", "/usr/lib/amd64/ld.so"},
    {"illumos or Solaris", 0, NULL, "/lib/amd64/ld.so"},
    {"Linux", ELFOSABI_GNU, NULL, "/lib64/ld-linux"},
    {"Linux", 0, NULL, "/lib/ld-musl"},
    {"Linux", 0, NULL, "/lib64/ld-musl"},
    {"Linux", 0, NULL, "/nix/store/"},
    {"Android", 0, "Android", "/system/bin/linker"},
    {"Haiku", 0, NULL, "/system/runtime_loader"},
    {"Fuchsia", 0, NULL, "ld.so.1"},
    {"HP-UX", ELFOSABI_HPUX, NULL, NULL},
};

static bool has_brand(const struct elf_id *id, const struct brand *b)
{
    if (b->osabi && id->osabi == b->osabi)
        return true;
    for (unsigned i = 0; b->note && i < id->nnotes; i++)
        if (strcmp(id->notes[i].name, b->note) == 0)
            return true;
    return b->interp && id->interp && strncmp(id->interp, b->interp, strlen(b->interp)) == 0;
}

/* NT_GNU_ABI_TAG: four words, the first is the system, 0 for Linux (gnu/libc's abi-tag.h). */
static bool has_linux_tag(const struct elf_id *id)
{
    for (unsigned i = 0; i < id->nnotes; i++) {
        const struct elf_note *n = &id->notes[i];
        if (strcmp(n->name, "GNU") == 0 && n->type == NT_GNU_ABI_TAG && n->descsz >= 4 && !memcmp(n->desc, "\0\0\0", 4))
            return true;
    }
    return false;
}

const char *sniff_os(const struct elf_id *id)
{
    if (has_linux_tag(id))
        return "Linux";
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (has_brand(id, &brands[i]))
            return brands[i].os;
    return NULL;
}
