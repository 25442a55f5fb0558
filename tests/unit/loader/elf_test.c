/* Unit tests of loader/elf.c: sound files read right, every damage is refused with one line. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loader/image.h"
#include "tests/unit/loader/elf_builder.h"

static struct built       b;
static struct image       im;
static struct image_error err;

static int read_built(void)
{
    int fd = built_file(&b);
    int rc = image_read(fd, "built", &im, &err);

    assert_int_equal(lseek(fd, 0, SEEK_CUR), b.size); /* the offset is left alone */
    close(fd);
    return rc;
}

static void assert_refused(const char *part)
{
    int rc = read_built();

    if (rc != -ENOEXEC || !strstr(err.text, part))
        fail_msg("expected \"%s\", got %d \"%s\"", part, rc, err.text);
    assert_int_equal(err.host_errno, ENOEXEC);
    assert_int_equal(err.exit_status, 126);
    assert_null(strchr(err.text, '\n'));
    assert_null(im.interp);
    assert_null(im.note_bytes);
}

static void static_program_reads(void **state)
{
    (void)state;
    built_static(&b);
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.kind, IMAGE_STATIC);
    assert_int_equal(im.nsegments, 2);
    assert_int_equal(im.segments[0].prot, PROT_READ | PROT_EXEC);
    assert_int_equal(im.segments[1].prot, PROT_READ | PROT_WRITE);
    assert_int_equal(im.segments[1].vaddr, BUILT_BASE + 0x2000);
    assert_int_equal(im.segments[1].memsz, 0x5000);
    assert_int_equal(im.lo, BUILT_BASE);
    assert_int_equal(im.hi, BUILT_BASE + 0x7000);
    assert_int_equal(im.entry, BUILT_ENTRY);
    assert_int_equal(im.phdr, BUILT_BASE + sizeof(Elf64_Ehdr));
    assert_int_equal(im.phnum, BUILT_PHNUM);
    assert_int_equal(im.nnotes, 1);
    assert_string_equal(im.notes[0].name, "FreeBSD");
    assert_int_equal(*(const uint32_t *)im.notes[0].desc, 1403000);
    assert_false(im.exec_stack);
    assert_false(im.tls.present);
    assert_null(im.interp);
    image_free(&im);
}

static void dynamic_program_reads(void **state)
{
    (void)state;
    built_dynamic(&b);
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.kind, IMAGE_DYNAMIC_PIE);
    assert_string_equal(im.interp, "/libexec/ld-elf.so.1");
    assert_true(im.tls.present);
    assert_int_equal(im.tls.memsz, 64);
    assert_int_equal(im.lo, 0);
    image_free(&im);
    b.ph[PH_INTERP].p_type = PT_NULL;
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.kind, IMAGE_STATIC_PIE);
    image_free(&im);
}

static void stack_is_executable_when_asked_or_not_said(void **state)
{
    (void)state;
    built_static(&b);
    b.ph[PH_STACK].p_flags |= PF_X;
    assert_int_equal(read_built(), 0);
    assert_true(im.exec_stack && im.has_gnu_stack);
    image_free(&im);
    b.ph[PH_STACK].p_type = PT_NULL;
    assert_int_equal(read_built(), 0);
    assert_true(im.exec_stack && !im.has_gnu_stack);
    image_free(&im);
}

/* Kernels do not look at sections: a program with a damaged section table runs. */
static void sections_do_not_matter(void **state)
{
    (void)state;
    built_static(&b);
    b.eh.e_shoff = ~0ull - 5;
    b.eh.e_shnum = 0xfffe;
    b.eh.e_shentsize = 3;
    b.eh.e_shstrndx = 0xffff;
    assert_int_equal(read_built(), 0);
    image_free(&im);
}

/* A table behind everything else, as patchelf leaves it: found in the file, not in memory. */
static void table_at_the_end_of_the_file(void **state)
{
    (void)state;
    built_static(&b);
    memcpy(b.bytes + 0x1f00 - sizeof b.ph, b.ph, sizeof b.ph);
    b.eh.e_phoff = 0x1f00 - sizeof b.ph;
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.phdr, 0);
    image_free(&im);
}

/* Nothing but the header and its table is needed to refuse, and nothing less is enough to crash. */
static void truncated_at_every_byte(void **state)
{
    (void)state;
    for (size_t size = 0; size < BUILT_SIZE; size++) {
        built_dynamic(&b);
        b.size = size;
        int rc = read_built();
        if (rc != -ENOEXEC || !err.text[0])
            fail_msg("%zu bytes: %d %s", size, rc, err.text);
        assert_true(size == 0 || size < 4 || strstr(err.text, "truncated"));
    }
}

/* Every byte of header and table, with every single bit turned and some values: never a crash, and one line or none. */
static void damaged_at_every_byte(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

    (void)state;
    for (size_t at = 0; at < offsetof(struct built, note) + sizeof b.note; at++) {
        for (unsigned how = 0; how < 8 + sizeof values; how++) {
            built_dynamic(&b);
            b.bytes[at] = how < 8 ? b.bytes[at] ^ (1u << how) : values[how - 8];
            int rc = read_built();
            if (rc == 0)
                image_free(&im);
            else
                assert_true(err.text[0] && !strchr(err.text, '\n'));
        }
    }
}

struct damage {
    const char *says; /* part of the message */
    size_t      at;   /* field */
    size_t      size;
    uint64_t    value;
};

#define EH(field, v, text)                                                                                             \
    {                                                                                                                  \
        text, offsetof(struct built, eh.field), sizeof(((struct built *)0)->eh.field), v                               \
    }
#define PH(nr, field, v, text)                                                                                         \
    {                                                                                                                  \
        text, offsetof(struct built, ph[nr].field), sizeof(((struct built *)0)->ph[0].field), v                        \
    }

static const struct damage damages[] = {
    EH(e_ident[EI_CLASS], ELFCLASS32, "x32"),
    EH(e_ident[EI_CLASS], 7, "unknown class"),
    EH(e_ident[EI_DATA], 9, "unknown byte order"),
    EH(e_ident[EI_DATA], ELFDATA2MSB, "another processor"),
    EH(e_ident[EI_VERSION], 2, "unknown ELF version"),
    EH(e_version, 0, "unknown ELF version"),
    EH(e_machine, EM_AARCH64, "arm64"),
    EH(e_machine, EM_RISCV, "RISC-V"),
    EH(e_machine, 0x1234, "another processor (machine 4660)"),
    EH(e_type, ET_REL, "object file"),
    EH(e_type, ET_CORE, "core dump"),
    EH(e_type, 77, "unknown file type"),
    EH(e_phnum, 0, "no program headers"),
    EH(e_phnum, 0xffff, "program headers, more than"),
    EH(e_phnum, 400, "beyond the end of the file"),
    EH(e_phentsize, 0, "program headers of 0 bytes"),
    EH(e_phentsize, 57, "program headers of 57 bytes"),
    EH(e_phoff, 0, "overlap the file header"),
    EH(e_phoff, BUILT_SIZE, "beyond the end of the file"),
    EH(e_phoff, ~0ull - 8, "beyond the end of the file"),
    EH(e_entry, 0, "entry point"),
    EH(e_entry, BUILT_BASE + 0x2000, "entry point"), /* in data */
    EH(e_entry, ~0ull, "entry point"),
    PH(PH_TEXT, p_filesz, 0x1011, "more bytes in the file than in memory"),
    PH(PH_TEXT, p_vaddr, 0, "address 0"),
    PH(PH_TEXT, p_vaddr, BUILT_BASE + 1, "disagree within a page"),
    PH(PH_TEXT, p_memsz, 0x2001, "overlaps the one before"),
    PH(PH_DATA, p_vaddr, BUILT_BASE, "overlaps the one before"),
    PH(PH_DATA, p_vaddr, BUILT_BASE - 0x1000, "ascending"),
    PH(PH_DATA, p_vaddr, ~0xfffull, "wraps"),
    PH(PH_DATA, p_vaddr, IMAGE_TOP - 0x1000, "above the addresses"),
    PH(PH_DATA, p_vaddr, 0xffff800000000000ull, "above the addresses"),
    PH(PH_DATA, p_memsz, ~0ull, "wraps"),
    PH(PH_DATA, p_memsz, 1ull << 42, "asks for 4096 GiB"),
    PH(PH_DATA, p_memsz, IMAGE_SIZE_MAX, "asks for 64 GiB"),
    PH(PH_DATA, p_offset, 0x3000, "beyond the end of the file"),
    PH(PH_DATA, p_offset, ~0xfffull, "beyond the end of the file"),
    PH(PH_DATA, p_filesz, 0x101, "beyond the end of the file"),
    PH(PH_DATA, p_filesz, ~0ull, "more bytes in the file"),
    PH(PH_DATA, p_align, 3, "no power of two"),
    PH(PH_DATA, p_align, 1ull << 63, "alignment of"),
    PH(PH_NOTE, p_offset, BUILT_SIZE - 4, "notes lie beyond"),
    PH(PH_NOTE, p_filesz, ~0ull, "notes lie beyond"),
};

static void every_damage_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        const struct damage *d = &damages[i];
        built_static(&b);
        memcpy(b.bytes + d->at, &d->value, d->size);
        assert_refused(d->says);
    }
}

static void nothing_to_load(void **state)
{
    (void)state;
    built_static(&b);
    b.ph[PH_TEXT].p_type = b.ph[PH_DATA].p_type = PT_NULL;
    assert_refused("nothing to load");
}

static void span_of_a_pie_is_bounded(void **state)
{
    (void)state;
    built_dynamic(&b);
    b.ph[PH_DATA].p_vaddr = IMAGE_SIZE_MAX + 0x2000;
    assert_refused("asks for 64 GiB");
    built_dynamic(&b);
    b.eh.e_entry = 0;
    b.ph[PH_TEXT].p_flags = PF_R;
    assert_refused("shared library");
    built_dynamic(&b); /* its text begins at 0 */
    b.eh.e_entry = 0;
    assert_refused("shared library");
}

static void one_page_for_two_segments(void **state)
{
    (void)state;
    /* Both map the same page of the file: right, and what some linkers do. */
    built_static(&b);
    b.ph[PH_DATA] = built_segment(PF_R | PF_W, BUILT_BASE + 0x1020, 0x1020, 0x100, 0x5000);
    assert_int_equal(read_built(), 0);
    image_free(&im);
    /* Another page of the file: the second would wipe out the first's. */
    b.ph[PH_DATA] = built_segment(PF_R | PF_W, BUILT_BASE + 0x1020, 0x2020, 0x40, 0x5000);
    assert_refused("overlaps a page");
    /* The first one's BSS is there. */
    b.ph[PH_DATA] = built_segment(PF_R | PF_W, BUILT_BASE + 0x1020, 0x1020, 0x100, 0x5000);
    b.ph[PH_TEXT].p_memsz = 0x1018;
    assert_refused("overlaps a page");
}

static void bad_interpreters(void **state)
{
    (void)state;
    built_dynamic(&b);
    b.ph[PH_INTERP].p_filesz = 20;
    assert_refused("has no end");
    b.ph[PH_INTERP].p_filesz = 1;
    assert_refused("bad size");
    b.ph[PH_INTERP].p_filesz = INTERP_MAX + 1;
    assert_refused("bad size");
    built_dynamic(&b);
    b.ph[PH_INTERP].p_offset = BUILT_SIZE - 3;
    assert_refused("beyond the end");
    built_dynamic(&b);
    b.interp[0] = 'x';
    assert_refused("absolute");
    built_dynamic(&b);
    b.ph[PH_TLS] = b.ph[PH_INTERP];
    assert_refused("two interpreters");
}

/* A note that does not fit ends the list; it is no reason to refuse the program. */
static void bad_notes_are_skipped(void **state)
{
    (void)state;
    built_static(&b);
    b.note.head.n_namesz = ~0u;
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.nnotes, 0);
    image_free(&im);
    built_static(&b);
    b.note.head.n_descsz = ~0u - 3;
    assert_int_equal(read_built(), 0);
    assert_int_equal(im.nnotes, 0);
    image_free(&im);
}

static void no_regular_file(void **state)
{
    int fd = open("/dev/zero", O_RDONLY);

    (void)state;
    assert_int_equal(image_read(fd, NULL, &im, &err), -EACCES);
    assert_int_equal(err.exit_status, 126);
    close(fd);
    assert_int_equal(image_read(-1, NULL, &im, &err), -EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(static_program_reads),
        cmocka_unit_test(dynamic_program_reads),
        cmocka_unit_test(stack_is_executable_when_asked_or_not_said),
        cmocka_unit_test(sections_do_not_matter),
        cmocka_unit_test(table_at_the_end_of_the_file),
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(damaged_at_every_byte),
        cmocka_unit_test(every_damage_is_named),
        cmocka_unit_test(nothing_to_load),
        cmocka_unit_test(span_of_a_pie_is_bounded),
        cmocka_unit_test(one_page_for_two_segments),
        cmocka_unit_test(bad_interpreters),
        cmocka_unit_test(bad_notes_are_skipped),
        cmocka_unit_test(no_regular_file),
    };

    return cmocka_run_group_tests_name("loader/elf", tests, NULL, NULL);
}
