/*
 * Which files the host itself runs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "syscalls/exechost.h"
#include "tests/unit/fake_call.h"

static struct fake *f;

static bool is(const void *bytes, size_t n)
{
    int  fd = memfd_create("file", MFD_CLOEXEC);
    bool r;

    assert_int_equal(write(fd, bytes, n), n);
    r = exechost_is(fake_call(f), fd);
    close(fd);
    return r;
}

static Elf64_Ehdr header(uint8_t osabi, uint8_t class, uint16_t machine)
{
    Elf64_Ehdr e = {.e_ident = ELFMAG, .e_machine = machine};

    e.e_ident[EI_CLASS] = class;
    e.e_ident[EI_OSABI] = osabi;
    return e;
}

static void programs_of_the_host(void **state)
{
    Elf64_Ehdr e = header(ELFOSABI_NONE, ELFCLASS64, EM_X86_64);
    int        fd = open("/bin/true", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(exechost_is(fake_call(f), fd));
    close(fd);
    assert_true(is(&e, sizeof(e)));
    e = header(ELFOSABI_LINUX, ELFCLASS64, EM_X86_64);
    assert_true(is(&e, sizeof(e)));
}

static void programs_of_others(void **state)
{
    Elf64_Ehdr freebsd = header(ELFOSABI_FREEBSD, ELFCLASS64, EM_X86_64), arm = header(0, ELFCLASS64, EM_AARCH64);
    Elf64_Ehdr small = header(0, ELFCLASS32, EM_386);

    (void)state;
    assert_false(is(&freebsd, sizeof(freebsd)));
    assert_false(is(&arm, sizeof(arm)));
    assert_false(is(&small, sizeof(small)));
    assert_false(is("", 0));
    assert_false(is("\177EL", 3));
    assert_false(is("just some text", 14));
}

static void scripts_go_by_their_interpreter(void **state)
{
    (void)state;
    assert_true(is("#!/bin/sh\necho", 14));
    assert_true(is("#! \t/bin/sh -e\n", 15));
    assert_false(is("#!/no/such/interpreter\n", 23));
    assert_false(is("#!\n", 3));
    assert_false(is("#!   \n", 6));
}

static int setup(void **state)
{
    (void)state;
    f = fake_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_of_the_host),
        cmocka_unit_test(programs_of_others),
        cmocka_unit_test(scripts_go_by_their_interpreter),
    };

    return cmocka_run_group_tests_name("syscalls/exechost", tests, setup, teardown);
}
