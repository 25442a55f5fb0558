/*
 * Unit tests of abi/freebsd/sigframe.c.  Offsets are written out, as FreeBSD's headers give them
 * (x86/ucontext.h, x86/sigframe.h, sys/signal.h), and not taken from the structs under test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/freebsd/freebsd.h"

#define SP      0x7fff0000ull
#define SUPPORT 0x123000ull
#define XLEN    (512 + 64 + 256)

enum { SF_UC = 16, SF_SI = 896, UC_MC = 16, UC_STACK = 824, FRAME = 976 };
enum { MC_RDI = 8, MC_RAX = 56, MC_FLAGS = 144, MC_RIP = 160, MC_CS = 168, MC_RFLAGS = 176, MC_RSP = 184, MC_SS = 192 };
enum { MC_LEN = 200, MC_FPFORMAT = 208, MC_OWNEDFP = 216, MC_FPSTATE = 224, MC_FSBASE = 736, MC_XFPU = 752 };

static uint8_t            xstate[XLEN];
static struct sigframe_in in;

static void given(void)
{
    for (size_t i = 0; i < sizeof xstate; i++)
        xstate[i] = (uint8_t)(i * 7 + 1);
    in = (struct sigframe_in){
        .regs = {.r15 = 15,
                 .r14 = 14,
                 .r13 = 13,
                 .r12 = 12,
                 .rbp = 5,
                 .rbx = 3,
                 .r11 = 11,
                 .r10 = 10,
                 .r9 = 9,
                 .r8 = 8,
                 .rax = 0xa,
                 .rcx = 0xc,
                 .rdx = 0xd,
                 .rsi = 0x51,
                 .rdi = 0xd1,
                 .rip = 0x401234,
                 .cs = 0x33,
                 .ss = 0x2b,
                 .eflags = 0x10647,
                 .rsp = SP + 5,
                 .fs_base = 0xf5000},
        .xstate = xstate,
        .xstate_len = XLEN,
        .mask = {{0x1122334455667788, 0x99}},
        .info = {.signo = 30,
                 .error = 2,
                 .code = 0x10001,
                 .pid = 77,
                 .uid = 88,
                 .status = 3,
                 .addr = 0xadd4,
                 .value = 0x7a1},
        .handler = 0x405000,
        .sa_flags = D_SA_SIGINFO,
        .altstack_disabled = true,
        .support = SUPPORT,
    };
}

static uint64_t u64(const struct sigframe_out *out, uint64_t off)
{
    uint64_t v;

    memcpy(&v, out->bytes + (out->regs.rsp - out->at) + off, 8);
    return v;
}

static uint64_t mc(const struct sigframe_out *out, uint64_t off) { return u64(out, SF_UC + UC_MC + off); }

static void trampoline_state(void **state)
{
    struct sigframe_out out;

    (void)state;
    given();
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_int_equal(out.regs.rip, SUPPORT);
    assert_int_equal(out.regs.rsp % 16, 0);
    assert_int_equal(out.regs.rdi, 30);
    assert_int_equal(out.regs.rsi, out.regs.rsp + SF_SI);
    assert_int_equal(out.regs.rdx, out.regs.rsp + SF_UC);
    assert_int_equal(out.regs.rcx, 0xadd4);
    assert_int_equal(out.regs.eflags, 0x10647 & ~0x500); /* without TF and DF */
    assert_int_equal(out.regs.rax, 0xa);
    assert_int_equal(out.regs.r15, 15);
    free(out.bytes);
    in.sa_flags = 0; /* old form: the code itself, and no siginfo */
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_int_equal(out.regs.rsi, 0x10001);
    assert_int_equal(u64(&out, SF_SI), 0);
    free(out.bytes);
}

static void placement(void **state)
{
    struct sigframe_out out;
    uint64_t            extra;

    (void)state;
    for (uint64_t low = 0; low < 64; low++) {
        given();
        in.regs.rsp = SP + low;
        assert_int_equal(freebsd_sigframe(&in, &out), 0);
        extra = mc(&out, MC_XFPU);
        assert_int_equal(extra % 64, 0);
        assert_true(extra + (XLEN - 512) <= SP + low - 128); /* below the red zone */
        assert_true(extra + (XLEN - 512) + 64 > SP + low - 128);
        assert_int_equal(out.regs.rsp, (extra - FRAME) & ~15ull);
        assert_true(out.at <= out.regs.rsp && out.at + out.len >= extra + XLEN - 512);
        assert_memory_equal(out.bytes + (extra - out.at), xstate + 512, XLEN - 512);
        free(out.bytes);
    }
    in.xstate_len = 512; /* no extended state */
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_int_equal(out.regs.rsp, (in.regs.rsp - 128 - FRAME) & ~15ull);
    assert_int_equal(mc(&out, MC_XFPU), 0);
    free(out.bytes);
}

static void alternate_stack(void **state)
{
    struct sigframe_out out;

    (void)state;
    given();
    in.altstack_disabled = false;
    in.altstack_sp = 0x600000;
    in.altstack_size = 0x8000;
    assert_int_equal(freebsd_sigframe(&in, &out), 0); /* without SA_ONSTACK: not used */
    assert_true(out.regs.rsp > 0x700000);
    assert_int_equal((uint32_t)u64(&out, SF_UC + UC_STACK + 16), 0);
    free(out.bytes);
    in.sa_flags |= D_SA_ONSTACK;
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_true(out.regs.rsp > 0x600000 && out.at + out.len <= 0x608000 && out.at + out.len > 0x608000 - 64);
    assert_int_equal(mc(&out, 0), 0); /* it was not on it when interrupted */
    assert_int_equal(u64(&out, SF_UC + UC_STACK), 0x600000);
    assert_int_equal(u64(&out, SF_UC + UC_STACK + 8), 0x8000);
    free(out.bytes);
    in.altstack_on = true; /* a second signal: on from where it is */
    in.regs.rsp = 0x606000;
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_true(out.at + out.len <= 0x606000 - 128 && out.at > 0x600000);
    assert_int_equal(mc(&out, 0), 1);
    assert_int_equal((uint32_t)u64(&out, SF_UC + UC_STACK + 16), D_SS_ONSTACK);
    free(out.bytes);
    in.altstack_on = false;
    in.altstack_disabled = true;
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_int_equal((uint32_t)u64(&out, SF_UC + UC_STACK + 16), D_SS_DISABLE);
    free(out.bytes);
}

static void contents(void **state)
{
    struct sigframe_out out;

    (void)state;
    given();
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    assert_int_equal(u64(&out, 0), 0x405000);
    assert_int_equal(u64(&out, SF_UC), 0x1122334455667788);
    assert_int_equal(u64(&out, SF_UC + 8), 0x99);
    assert_int_equal(mc(&out, MC_RDI), 0xd1);
    assert_int_equal(mc(&out, MC_RAX), 0xa);
    assert_int_equal(mc(&out, 120), 15);
    assert_int_equal(mc(&out, MC_RIP), 0x401234);
    assert_int_equal(mc(&out, MC_RSP), SP + 5);
    assert_int_equal(mc(&out, MC_RFLAGS), 0x10647);
    assert_int_equal(mc(&out, MC_CS), 0x43);
    assert_int_equal(mc(&out, MC_SS), 0x3b);
    assert_int_equal(mc(&out, 128) >> 32, 0x1b0013);             /* mc_fs, mc_gs */
    assert_int_equal(mc(&out, MC_FLAGS), 0x003b003b00000005ull); /* HASSEGS, HASFPXSTATE; mc_es, mc_ds */
    assert_int_equal(mc(&out, MC_LEN), 800);
    assert_int_equal(mc(&out, MC_FPFORMAT), 0x10002);
    assert_int_equal(mc(&out, MC_OWNEDFP), 0x20001);
    assert_int_equal(mc(&out, MC_FSBASE), 0xf5000);
    assert_int_equal(mc(&out, MC_XFPU + 8), XLEN - 512);
    assert_memory_equal(out.bytes + (out.regs.rsp - out.at) + SF_UC + UC_MC + MC_FPSTATE, xstate, 512);
    assert_int_equal(u64(&out, SF_SI), 30 | 2ull << 32);
    assert_int_equal(u64(&out, SF_SI + 8), 0x10001 | 77ull << 32);
    assert_int_equal(u64(&out, SF_SI + 16), 88 | 3ull << 32);
    assert_int_equal(u64(&out, SF_SI + 24), 0xadd4);
    assert_int_equal(u64(&out, SF_SI + 32), 0x7a1);
    free(out.bytes);
}

/* A copy of the ucontext, as sigreturn gets it. */
static uint8_t *ucontext_of(const struct sigframe_out *out)
{
    uint8_t *uc = malloc(FREEBSD_UCONTEXT_SIZE);

    memcpy(uc, out->bytes + (out->regs.rsp - out->at) + SF_UC, FREEBSD_UCONTEXT_SIZE);
    return uc;
}

static void round_trip(void **state)
{
    struct sigframe_out  out;
    struct sigreturn_out back = {.regs = {.eflags = 0x202, .cs = 0x33, .ss = 0x2b, .fs_base = 0xf5000}};

    (void)state;
    given();
    in.regs.eflags = 0x647;
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    uint8_t *uc = ucontext_of(&out);
    assert_int_equal(freebsd_sigreturn(uc, &back), 0);
    in.regs.orig_rax = back.regs.orig_rax;
    assert_memory_equal(&back.regs, &in.regs, sizeof in.regs); /* the host's own selectors, too */
    assert_memory_equal(&back.mask, &in.mask, sizeof in.mask);
    assert_memory_equal(back.fxsave, xstate, 512);
    assert_int_equal(back.xtra_at, mc(&out, MC_XFPU));
    assert_int_equal(back.xtra_len, XLEN - 512);
    assert_false(back.onstack);
    free(uc);
    free(out.bytes);
}

/* What the CPU sets by itself after a fault or a step is no forgery. */
static void resume_flag_may_differ(void **state)
{
    struct sigframe_out  out;
    struct sigreturn_out back = {.regs = {.eflags = 0x202}};

    (void)state;
    given();
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    uint8_t *uc = ucontext_of(&out);
    assert_int_equal(freebsd_sigreturn(uc, &back), 0);
    free(uc);
    free(out.bytes);
}

static void forged_contexts(void **state)
{
    static const struct {
        uint32_t at, size;
        uint64_t value;
    } bad[] = {
        {MC_FLAGS, 4, 8},
        {MC_FLAGS, 4, ~0u},
        {MC_RFLAGS, 8, 0x3202},  /* I/O privilege */
        {MC_RFLAGS, 8, 0x2},     /* interrupts off */
        {MC_RFLAGS, 8, 0x20202}, /* virtual 8086 mode */
        {MC_RFLAGS, 8, 0x100000202ull},
        {MC_CS, 8, 0},
        {MC_CS, 8, 0x10},
        {MC_CS, 8, 0x20},
        {MC_CS, 8, 0x23},
        {MC_CS, 8, 0x100000043ull},
        {MC_FPFORMAT, 8, 0x10001},
        {MC_FPFORMAT, 8, 0},
        {MC_OWNEDFP, 8, 0},
        {MC_OWNEDFP, 8, 0x20003},
    };
    struct sigframe_out out;

    (void)state;
    given();
    in.regs.eflags = 0x202;
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sigreturn_out back = {.regs = {.eflags = 0x202, .rip = 1}};
        uint8_t             *uc = ucontext_of(&out);
        memcpy(uc + UC_MC + bad[i].at, &bad[i].value, bad[i].size);
        if (freebsd_sigreturn(uc, &back) != -EINVAL)
            fail_msg("row %zu was let through", i);
        assert_int_equal(back.regs.rip, 1);
        free(uc);
    }
    free(out.bytes);
}

static void no_floating_point_state(void **state)
{
    struct sigframe_out  out;
    struct sigreturn_out back = {.regs = {.eflags = 0x202}};
    const uint64_t       nodev = 0x10000, none = 0x20000;

    (void)state;
    given();
    assert_int_equal(freebsd_sigframe(&in, &out), 0);
    uint8_t *uc = ucontext_of(&out);
    memcpy(uc + UC_MC + MC_OWNEDFP, &none, 8);
    assert_int_equal(freebsd_sigreturn(uc, &back), 0);
    assert_null(back.fxsave);
    memcpy(uc + UC_MC + MC_FPFORMAT, &nodev, 8);
    assert_int_equal(freebsd_sigreturn(uc, &back), 0);
    assert_null(back.fxsave);
    free(uc);
    free(out.bytes);
}

/* A stack pointer that leads nowhere makes a frame that can't be copied out, not a crash here. */
static void stack_pointers_anywhere(void **state)
{
    static const uint64_t sps[] = {0, 1, 127, 128, 512, 4096, ~0ull, 1ull << 63};
    struct sigframe_out   out;

    (void)state;
    for (size_t i = 0; i < sizeof sps / sizeof *sps; i++) {
        given();
        in.regs.rsp = sps[i];
        assert_int_equal(freebsd_sigframe(&in, &out), 0);
        assert_true(out.len < XLEN + FRAME + 128);
        free(out.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trampoline_state),
        cmocka_unit_test(placement),
        cmocka_unit_test(alternate_stack),
        cmocka_unit_test(contents),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(resume_flag_may_differ),
        cmocka_unit_test(forged_contexts),
        cmocka_unit_test(no_floating_point_state),
        cmocka_unit_test(stack_pointers_anywhere),
    };

    return cmocka_run_group_tests_name("abi/freebsd/sigframe", tests, NULL, NULL);
}
