/*
 * abi/freebsd/start.c: the first stack of a program, and its signal trampoline.
 *
 * Sources: sys/kern/kern_exec.c (exec_copyout_strings), sys/kern/imgact_elf.c
 * (__elfN(freebsd_copyout_auxargs)), sys/amd64/amd64/exec_machdep.c (exec_setregs),
 * sigtramp.S.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/version.h"

#define CANARY_LEN 64
#define AUX_MAX    32

enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_EXECPATH = 15,
    AT_CANARY = 16,
    AT_CANARYLEN = 17,
    AT_OSRELDATE = 18,
    AT_NCPUS = 19,
    AT_PAGESIZES = 20,
    AT_PAGESIZESLEN = 21,
    AT_STACKPROT = 23,
    AT_EHDRFLAGS = 24,
    AT_BSDFLAGS = 27,
    AT_ARGC = 28,
    AT_ARGV = 29,
    AT_ENVC = 30,
    AT_ENVV = 31,
    AT_PS_STRINGS = 32,
    AT_USRSTACKBASE = 35,
    AT_USRSTACKLIM = 36,
};

#define ELF_BSDF_SIGFASTBLK 1 /* sys/sys/elf_common.h */

static const uint64_t page_sizes[3] = FBSD_PAGESIZES;

struct ps_strings {
    uint64_t argv;
    uint32_t nargv, pad;
    uint64_t envp;
    uint32_t nenv, pad2;
};
_Static_assert(sizeof(struct ps_strings) == 32, "sys/exec.h");

/* Where everything goes, in ascending order; offsets from .at. */
struct plan {
    size_t argv, envp, aux, strings, sizes, canary, execpath, ps, len;
};

static size_t strings_len(const char *const *v, int n)
{
    size_t len = 0;

    for (int i = 0; i < n; i++)
        len += strlen(v[i]) + 1;
    return len;
}

static size_t align(size_t n, size_t to) { return (n + to - 1) & ~(to - 1); }

static void plan_make(struct plan *p, const struct start_in *in)
{
    p->argv = 8;
    p->envp = p->argv + 8 * ((size_t)in->argc + 1);
    p->aux = p->envp + 8 * ((size_t)in->envc + 1);
    p->strings = p->aux + AUX_MAX * 16;
    p->sizes = align(p->strings + strings_len(in->argv, in->argc) + strings_len(in->envp, in->envc), 8);
    p->canary = p->sizes + sizeof(page_sizes);
    p->execpath = p->canary + CANARY_LEN;
    p->ps = align(p->execpath + strlen(in->execpath) + 1, 8);
    p->len = p->ps + sizeof(struct ps_strings);
}

/* A vector of pointers at .vec, its strings from *str on. */
static void vector_put(struct start_out *out, size_t vec, size_t *str, const char *const *v, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t at = out->at + *str;
        size_t   len = strlen(v[i]) + 1;

        memcpy(out->bytes + vec + 8 * (size_t)i, &at, 8);
        memcpy(out->bytes + *str, v[i], len);
        *str += len;
    }
}

static void aux_put(struct start_out *out, const struct plan *p, const struct start_in *in)
{
    const uint64_t at = out->at;
    /* The kernel's order. No AT_TIMEKEEP: clocks are read by system call. */
    const uint64_t aux[][2] = {
        {AT_PHDR, in->phdr},
        {AT_PHENT, in->phent},
        {AT_PHNUM, in->phnum},
        {AT_PAGESZ, 4096},
        {AT_FLAGS, 0},
        {AT_ENTRY, in->entry},
        {AT_BASE, in->base},
        {AT_EHDRFLAGS, 0},
        {AT_EXECPATH, at + p->execpath},
        {AT_OSRELDATE, FBSD_OSRELDATE},
        {AT_CANARY, at + p->canary},
        {AT_CANARYLEN, CANARY_LEN},
        {AT_NCPUS, in->ncpus},
        {AT_PAGESIZES, at + p->sizes},
        {AT_PAGESIZESLEN, sizeof(page_sizes)},
        {AT_STACKPROT, in->exec_stack ? 7 : 3},
        {AT_BSDFLAGS, ELF_BSDF_SIGFASTBLK},
        {AT_ARGC, (uint64_t)in->argc},
        {AT_ARGV, at + p->argv},
        {AT_ENVC, (uint64_t)in->envc},
        {AT_ENVV, at + p->envp},
        {AT_PS_STRINGS, at + p->ps},
        {AT_USRSTACKBASE, in->stack_top},
        {AT_USRSTACKLIM, in->stack_size},
        {AT_NULL, 0},
    };
    _Static_assert(sizeof(aux) <= AUX_MAX * 16, "room for the vector");

    memcpy(out->bytes + p->aux, aux, sizeof(aux));
}

static void ps_put(struct start_out *out, const struct plan *p, const struct start_in *in)
{
    const struct ps_strings ps = {
        .argv = out->at + p->argv,
        .nargv = (uint32_t)in->argc,
        .envp = out->at + p->envp,
        .nenv = (uint32_t)in->envc,
    };

    memcpy(out->bytes + p->ps, &ps, sizeof(ps));
    out->ps_strings = out->at + p->ps;
}

int freebsd_start(const struct start_in *in, struct start_out *out)
{
    const uint64_t argc = (uint64_t)in->argc;
    struct plan    p;
    size_t         str, room;

    memset(out, 0, sizeof(*out));
    plan_make(&p, in);
    /* The block is lowered so that rdi == rsp, and rsp is 8 mod 16 as at a function's entry (exec_setregs). */
    room = align(p.len, 16) + 8;
    if (room > in->stack_size / 2)
        return -E2BIG;
    out->len = room;
    out->at = in->stack_top - room;
    /* ps_strings is at the very top. */
    p.ps = room - sizeof(struct ps_strings);
    out->bytes = calloc(1, room);
    if (!out->bytes)
        return -ENOMEM;
    memcpy(out->bytes, &argc, 8);
    str = p.strings;
    vector_put(out, p.argv, &str, in->argv, in->argc);
    vector_put(out, p.envp, &str, in->envp, in->envc);
    aux_put(out, &p, in);
    memcpy(out->bytes + p.sizes, page_sizes, sizeof(page_sizes));
    memcpy(out->bytes + p.canary, in->random, CANARY_LEN);
    memcpy(out->bytes + p.execpath, in->execpath, strlen(in->execpath) + 1);
    ps_put(out, &p, in);
    out->regs.rdi = out->at;
    out->regs.rsp = out->at;
    out->regs.rip = in->interp_entry ? in->interp_entry : in->entry;
    out->regs.eflags = 0x202;
    return 0;
}

size_t freebsd_support_page(uint8_t *page, size_t size)
{
    static const uint8_t trampoline[] = {
        0xff, 0x14, 0x24,             /* call *(%rsp)            the handler, first word of the frame */
        0x48, 0x8d, 0x7c, 0x24, 0x10, /* lea 16(%rsp), %rdi      the ucontext */
        0x6a, 0x00,                   /* push $0                 a return address that leads nowhere */
        0xb8, 0xa1, 0x01, 0x00, 0x00, /* mov $417, %eax          sigreturn */
        0x0f, 0x05,                   /* syscall */
        0xf4,                         /* hlt */
        0xeb, 0xfd,                   /* jmp to the hlt */
    };

    if (size < sizeof(trampoline))
        return 0;
    memcpy(page, trampoline, sizeof(trampoline));
    return sizeof(trampoline);
}
