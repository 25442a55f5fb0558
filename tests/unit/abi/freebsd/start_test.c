/* Unit tests of abi/freebsd/start.c: the first stack as sys/kern/kern_exec.c and imgact_elf.c lay it out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/version.h"

#define TOP 0x7ffffffff000ull

static const char *const args[] = {"prog", "a b", ""};
static const char *const envs[] = {"HOME=/root", "X="};

static struct start_in given(void)
{
    struct start_in in = {
        .stack_top = TOP,
        .stack_size = 512u << 20,
        .entry = 0x401000,
        .phdr = 0x400040,
        .phnum = 7,
        .phent = 56,
        .execpath = "/bin/prog",
        .argv = args,
        .argc = 3,
        .envp = envs,
        .envc = 2,
        .ncpus = 5,
    };

    memset(in.random, 0xa5, sizeof in.random);
    return in;
}

static const void *at(const struct start_out *out, uint64_t va)
{
    assert_true(va >= out->at && va < out->at + out->len);
    return out->bytes + (va - out->at);
}

static uint64_t word(const struct start_out *out, uint64_t va)
{
    uint64_t w;

    memcpy(&w, at(out, va), 8);
    return w;
}

static uint64_t aux_start(const struct start_out *out, const struct start_in *in)
{
    return out->regs.rdi + 8 * (1 + (uint64_t)in->argc + 1 + (uint64_t)in->envc + 1);
}

/* The value of one entry; it must be there. */
static uint64_t aux(const struct start_out *out, const struct start_in *in, uint64_t type)
{
    for (uint64_t va = aux_start(out, in); word(out, va); va += 16)
        if (word(out, va) == type)
            return word(out, va + 8);
    fail_msg("no auxv entry %lu", (unsigned long)type);
    return 0;
}

static void registers(void **state)
{
    struct start_in  in = given();
    struct start_out out;

    (void)state;
    for (in.argc = 0; in.argc <= 3; in.argc++) { /* whatever the number of words */
        assert_int_equal(freebsd_start(&in, &out), 0);
        assert_int_equal(out.regs.rsp, ((out.regs.rdi - 8) & ~15ull) + 8);
        assert_int_equal(out.regs.rsp % 16, 8);
        assert_int_equal(out.regs.rip, 0x401000);
        assert_int_equal(out.regs.eflags, 0x202);
        assert_int_equal(out.regs.rsi | out.regs.rdx | out.regs.rax | out.regs.rbp | out.regs.fs_base, 0);
        assert_int_equal(out.at + out.len, TOP);
        free(out.bytes);
    }
    in = given();
    in.interp_entry = 0x800001000;
    assert_int_equal(freebsd_start(&in, &out), 0);
    assert_int_equal(out.regs.rip, 0x800001000);
    free(out.bytes);
}

static void vectors_and_strings(void **state)
{
    struct start_in  in = given();
    struct start_out out;
    uint64_t         va;

    (void)state;
    assert_int_equal(freebsd_start(&in, &out), 0);
    va = out.regs.rdi;
    assert_int_equal(word(&out, va), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(at(&out, word(&out, va += 8)), args[i]);
    assert_int_equal(word(&out, va += 8), 0);
    for (int i = 0; i < 2; i++)
        assert_string_equal(at(&out, word(&out, va += 8)), envs[i]);
    assert_int_equal(word(&out, va += 8), 0);
    assert_int_equal(va + 8, aux_start(&out, &in));
    free(out.bytes);
}

static void auxv_in_the_kernels_order(void **state)
{
    static const uint64_t order[] = {3,  4,  5,  6,  8,  9,  7,  24, 15, 18, 16, 17, 19,
                                     20, 21, 23, 27, 28, 29, 30, 31, 32, 35, 36, 0};
    struct start_in       in = given();
    struct start_out      out;

    (void)state;
    assert_int_equal(freebsd_start(&in, &out), 0);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        assert_int_equal(word(&out, aux_start(&out, &in) + 16 * i), order[i]);
    free(out.bytes);
}

static void auxv_values(void **state)
{
    struct start_in  in = given();
    struct start_out out;
    const uint64_t  *sizes;

    (void)state;
    assert_int_equal(freebsd_start(&in, &out), 0);
    assert_int_equal(aux(&out, &in, 3), 0x400040);
    assert_int_equal(aux(&out, &in, 4), 56);
    assert_int_equal(aux(&out, &in, 5), 7);
    assert_int_equal(aux(&out, &in, 9), 0x401000);
    assert_int_equal(aux(&out, &in, 7), 0);
    assert_string_equal(at(&out, aux(&out, &in, 15)), "/bin/prog");
    assert_memory_equal(at(&out, aux(&out, &in, 16)), in.random, 64);
    assert_int_equal(aux(&out, &in, 17), 64);
    assert_int_equal(aux(&out, &in, 18), FREEBSD_OSRELDATE);
    assert_int_equal(aux(&out, &in, 19), 5);
    sizes = at(&out, aux(&out, &in, 20));
    assert_int_equal(sizes[0], 4096);
    assert_int_equal(sizes[1], 2 << 20);
    assert_int_equal(aux(&out, &in, 21), 24);
    assert_int_equal(aux(&out, &in, 23), 3);
    assert_int_equal(aux(&out, &in, 27), 1); /* ELF_BSDF_SIGFASTBLK */
    assert_int_equal(aux(&out, &in, 28), 3);
    assert_int_equal(aux(&out, &in, 29), out.regs.rdi + 8);
    assert_int_equal(aux(&out, &in, 30), 2);
    assert_int_equal(aux(&out, &in, 31), out.regs.rdi + 40);
    assert_int_equal(aux(&out, &in, 35), TOP);
    assert_int_equal(aux(&out, &in, 36), 512u << 20);
    free(out.bytes);
    in.exec_stack = true;
    assert_int_equal(freebsd_start(&in, &out), 0);
    assert_int_equal(aux(&out, &in, 23), 7);
    free(out.bytes);
}

static void ps_strings_at_the_top(void **state)
{
    struct start_in  in = given();
    struct start_out out;

    (void)state;
    assert_int_equal(freebsd_start(&in, &out), 0);
    assert_int_equal(out.ps_strings, TOP - 32);
    assert_int_equal(aux(&out, &in, 32), TOP - 32);
    assert_int_equal(word(&out, TOP - 32), out.regs.rdi + 8);
    assert_int_equal(word(&out, TOP - 24), 3);
    assert_int_equal(word(&out, TOP - 16), out.regs.rdi + 40);
    assert_int_equal(word(&out, TOP - 8), 2);
    free(out.bytes);
}

static void too_long(void **state)
{
    struct start_in  in = given();
    struct start_out out;
    char            *big = malloc(1 << 20);
    const char      *one[] = {big};

    (void)state;
    memset(big, 'x', (1 << 20) - 1);
    big[(1 << 20) - 1] = '\0';
    in.stack_size = 1 << 20;
    in.argv = one;
    in.argc = 1;
    assert_int_equal(freebsd_start(&in, &out), -E2BIG);
    free(big);
}

/* The trampoline calls the first word of the frame and ends in sigreturn(417) with the ucontext. */
static void support_page(void **state)
{
    static const uint8_t code[] = {0xff, 0x14, 0x24, 0x48, 0x8d, 0x7c, 0x24, 0x10, 0x6a,
                                   0x00, 0xb8, 0xa1, 0x01, 0x00, 0x00, 0x0f, 0x05, 0xf4};
    uint8_t              page[64] = {0};

    (void)state;
    assert_true(freebsd_support_page(page, sizeof page) >= sizeof code);
    assert_memory_equal(page, code, sizeof code);
    assert_int_equal(freebsd_support_page(page, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers),
        cmocka_unit_test(vectors_and_strings),
        cmocka_unit_test(auxv_in_the_kernels_order),
        cmocka_unit_test(auxv_values),
        cmocka_unit_test(ps_strings_at_the_top),
        cmocka_unit_test(too_long),
        cmocka_unit_test(support_page),
    };

    return cmocka_run_group_tests_name("abi/freebsd/start", tests, NULL, NULL);
}
