/* Unit tests of loader/image.c and loader/sniff.c: whose program it is, and the one line for what can't run. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "loader/image.h"
#include "tests/unit/loader/elf_builder.h"

static struct built       b;
static struct image       im;
static struct image_error err;

static const struct abi *abi_of(const char *forced)
{
    int fd = built_file(&b);

    assert_int_equal(image_read(fd, "built", &im, &err), 0);
    close(fd);
    const struct abi *abi = image_abi(&im, forced, &err);
    image_free(&im);
    return abi;
}

static void freebsd_by_note_byte_or_interpreter(void **state)
{
    (void)state;
    built_static(&b);
    b.eh.e_ident[EI_OSABI] = 0;
    assert_string_equal(abi_of(NULL)->name, "freebsd-amd64");
    b.ph[PH_NOTE].p_type = PT_NULL;
    assert_null(abi_of(NULL));
    b.eh.e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
    assert_string_equal(abi_of(NULL)->name, "freebsd-amd64");
    built_dynamic(&b);
    b.eh.e_ident[EI_OSABI] = 0;
    b.ph[PH_NOTE].p_type = PT_NULL;
    assert_string_equal(abi_of(NULL)->name, "freebsd-amd64");
}

static void forced_abi(void **state)
{
    (void)state;
    built_static(&b);
    b.eh.e_ident[EI_OSABI] = 0;
    b.ph[PH_NOTE].p_type = PT_NULL;
    assert_null(abi_of(NULL));
    assert_non_null(strstr(err.text, "--abi=NAME (freebsd-amd64)"));
    assert_string_equal(abi_of("freebsd-amd64")->name, "freebsd-amd64");
    assert_null(abi_of("plan9"));
    assert_non_null(strstr(err.text, "no such ABI"));
}

static void other_systems_are_named(void **state)
{
    static const struct {
        const char *note, *says;
        uint8_t     osabi;
    } others[] = {
        {"NetBSD", "a program for NetBSD", 0},  {"OpenBSD", "a program for OpenBSD", 0},
        {"xyz", "a program for OpenBSD", 12},   {"DragonFly", "a program for DragonFly", 0},
        {"xyz", "a program for illumos", 6},    {"xyz", "a Linux program: run it directly", 3},
        {"xyz", "does not name its system", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char name[12] = "";
        built_static(&b);
        b.eh.e_ident[EI_OSABI] = others[i].osabi;
        snprintf(name, sizeof name, "%s", others[i].note);
        b.note.head.n_namesz = (uint32_t)strlen(name) + 1;
        b.note.head.n_descsz = 0;
        memcpy(b.note.name, name, 12);
        assert_null(abi_of(NULL));
        if (!strstr(err.text, others[i].says))
            fail_msg("%s: %s", others[i].says, err.text);
        assert_int_equal(err.exit_status, 126);
    }
}

static void linux_by_its_tag(void **state)
{
    (void)state;
    built_static(&b);
    b.eh.e_ident[EI_OSABI] = 0;
    b.note.head.n_namesz = 4;
    memcpy(b.note.name, "GNU\0\0\0\0", 8); /* the description follows the name: word 0, Linux */
    assert_null(abi_of(NULL));
    assert_non_null(strstr(err.text, "a Linux program"));
}

static void no_elf_is_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t      len;
        const char *says;
    } files[] = {
        {"", 0, "empty file"},
        {"hello\n", 6, "a text file"},
        {"\x7f", 1, "format is unknown"},
        {"\x7f"
         "EL",
         3, "format is unknown"},
        {"#!/bin/sh\n", 10, "a script"},
        {"\xcf\xfa\xed\xfe\x07\0\0\1", 8, "Mach-O"},
        {"\xca\xfe\xba\xbe\0\0\0\2", 8, "universal Mach-O"},
        {"\xca\xfe\xba\xbe\0\0\0\x34", 8, "Java class"},
        {"MZ\x90", 3, "Windows"},
        {"PK\3\4", 4, "zip"},
        {"\0asm\1", 5, "WebAssembly"},
        {"\1\2\3", 3, "format is unknown"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        b.size = files[i].len;
        memcpy(b.bytes, files[i].bytes, b.size);
        int fd = built_file(&b);
        assert_int_equal(image_read(fd, NULL, &im, &err), -ENOEXEC);
        close(fd);
        if (!strstr(err.text, files[i].says))
            fail_msg("%s: %s", files[i].says, err.text);
        assert_int_equal(err.exit_status, 126);
    }
}

static void open_says_why_not(void **state)
{
    char dir[] = "/tmp/image_test.XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/x", dir);
    assert_int_equal(image_open(path, &err), -1);
    assert_int_equal(err.exit_status, 127);
    assert_string_equal(err.text, "no such file");
    assert_int_equal(image_open(dir, &err), -1);
    assert_int_equal(err.exit_status, 126);
    assert_string_equal(err.text, "a directory, not a program");
    assert_int_equal(mkfifo(path, 0755), 0);
    assert_int_equal(image_open(path, &err), -1); /* and does not wait for a writer */
    assert_int_equal(err.host_errno, EACCES);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_int_equal(image_open(path, &err), -1);
    assert_non_null(strstr(err.text, "not executable"));
    fchmod(fd, 0755);
    close(fd);
    fd = image_open(path, &err);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    rmdir(dir);
}

static void missing_interpreter_is_named(void **state)
{
    int fd;

    (void)state;
    built_dynamic(&b);
    memcpy(b.interp, "/libexec/ld-elf\n.so.1", 22);
    b.ph[PH_INTERP].p_filesz = 22;
    fd = built_file(&b);
    assert_int_equal(image_read(fd, NULL, &im, &err), 0);
    close(fd);
    image_interp_missing(&im, ENOENT, &err);
    assert_int_equal(err.exit_status, 127);
    assert_non_null(strstr(err.text, "/libexec/ld-elf?.so.1"));
    assert_non_null(strstr(err.text, "--sysroot"));
    image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freebsd_by_note_byte_or_interpreter),
        cmocka_unit_test(forced_abi),
        cmocka_unit_test(other_systems_are_named),
        cmocka_unit_test(linux_by_its_tag),
        cmocka_unit_test(no_elf_is_named),
        cmocka_unit_test(open_says_why_not),
        cmocka_unit_test(missing_interpreter_is_named),
    };

    return cmocka_run_group_tests_name("loader/image", tests, NULL, NULL);
}
