/*
 * Rules for binfmt_misc, read as the host's kernel reads them (fs/binfmt_misc.c).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/freebsd.h"
#include "loader/binfmt.h"

struct rule {
    char    name[64], interp[128], flags[8];
    uint8_t magic[128], mask[128];
    size_t  n;
};

static size_t unhex(const char *from, size_t len, uint8_t *to)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i += 4) {
        char digits[3] = {from[i + 2], from[i + 3], 0};

        assert_int_equal(from[i], '\\');
        assert_int_equal(from[i + 1], 'x');
        to[n++] = (uint8_t)strtol(digits, NULL, 16);
    }
    return n;
}

/* :name:M:offset:magic:mask:interpreter:flags */
static void rule_read(const char *text, struct rule *r)
{
    const char *field[8];
    size_t      len[8];
    int         n = 0;

    assert_int_equal(*text, ':');
    for (const char *at = text + 1; n < 8; n++) {
        field[n] = at;
        len[n] = strcspn(at, ":");
        at += len[n];
        if (!*at++) {
            n++;
            break;
        }
    }
    assert_int_equal(n, 7);
    memset(r, 0, sizeof(*r));
    memcpy(r->name, field[0], len[0]);
    assert_memory_equal(field[1], "M", 1);
    assert_int_equal(len[2], 0);
    r->n = unhex(field[3], len[3], r->magic);
    assert_int_equal(unhex(field[4], len[4], r->mask), r->n);
    memcpy(r->interp, field[5], len[5]);
    memcpy(r->flags, field[6], len[6]);
}

static bool matches(const struct rule *r, const Elf64_Ehdr *e)
{
    const uint8_t *b = (const uint8_t *)e;

    for (size_t i = 0; i < r->n; i++)
        if ((b[i] ^ r->magic[i]) & r->mask[i])
            return false;
    return true;
}

static Elf64_Ehdr program(int osabi, int type, int machine)
{
    return (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT, (unsigned char)osabi},
                        .e_type = (Elf64_Half)type,
                        .e_machine = (Elf64_Half)machine};
}

static void the_rule_is_for_freebsds_programs(void **state)
{
    static const struct {
        int osabi, type, machine, want;
    } cases[] = {
        {ELFOSABI_FREEBSD, ET_EXEC, EM_X86_64, 1},  {ELFOSABI_FREEBSD, ET_DYN, EM_X86_64, 1},
        {ELFOSABI_NONE, ET_EXEC, EM_X86_64, 0},     {ELFOSABI_LINUX, ET_EXEC, EM_X86_64, 0},
        {ELFOSABI_FREEBSD, ET_REL, EM_X86_64, 0},   {ELFOSABI_FREEBSD, ET_CORE, EM_X86_64, 0},
        {ELFOSABI_FREEBSD, ET_EXEC, EM_AARCH64, 0}, {ELFOSABI_FREEBSD, ET_EXEC, EM_386, 0},
    };
    char        text[1024] = "";
    struct rule r;

    (void)state;
    assert_true(binfmt_rule(&abi_freebsd_amd64, "/usr/bin/dragoman", true, text, sizeof(text)) > 0);
    assert_true(strlen(text) < 1920); /* the host's limit */
    rule_read(text, &r);
    assert_string_equal(r.name, "dragoman-freebsd-amd64");
    assert_string_equal(r.interp, "/usr/bin/dragoman");
    assert_string_equal(r.flags, "FP");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        Elf64_Ehdr e = program(cases[i].osabi, cases[i].type, cases[i].machine);

        assert_int_equal(matches(&r, &e), cases[i].want);
    }
    binfmt_rule(&abi_freebsd_amd64, "/d", false, text, sizeof(text));
    rule_read(text, &r);
    assert_string_equal(r.flags, "F");
}

static void some_have_no_rule(void **state)
{
    struct abi unmarked = abi_freebsd_amd64;
    char       text[1024];

    (void)state;
    unmarked.elf_osabi = 0;
    assert_int_equal(binfmt_rule(&unmarked, "/d", true, text, sizeof(text)), 0);
    assert_int_equal(binfmt_rule(&abi_freebsd_amd64, "/a:b", true, text, sizeof(text)), 0);
    assert_int_equal(binfmt_rule(&abi_freebsd_amd64, "/d", true, text, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_is_for_freebsds_programs),
        cmocka_unit_test(some_have_no_rule),
    };

    return cmocka_run_group_tests_name("loader/binfmt", tests, NULL, NULL);
}
