/* What a program finds when it starts: registers, stack, auxiliary vector. */
#include "auxv.h"
#include "sample.h"

void _start(void);

static uint64_t want(uint64_t type, const char *name)
{
    bool     found;
    uint64_t v = start_auxv(type, &found);

    print("%s %s\n", found ? "ok" : "FAILED", name);
    return v;
}

static bool gprs_are_zero(void)
{
    const struct start_regs *r = &start_regs;

    return (r->rax | r->rbx | r->rcx | r->rdx | r->rsi | r->rbp | r->r8 | r->r9 | r->r10 | r->r11 | r->r12 | r->r13 |
            r->r14 | r->r15) == 0;
}

static void check_common(void)
{
    uint32_t mxcsr = 0;
    uint16_t cw = 0;

    check(want(AT_PAGESZ, "AT_PAGESZ is there") == 4096, "pages are 4096 bytes");
    check(want(AT_ENTRY, "AT_ENTRY is there") == (uint64_t)_start, "AT_ENTRY is the entry");
    check(want(AT_PHENT, "AT_PHENT is there") == 56, "program headers are 56 bytes");
    check(want(AT_PHNUM, "AT_PHNUM is there") > 0, "there are program headers");
    check(*(uint32_t *)want(AT_PHDR, "AT_PHDR is there") != 0, "program headers can be read");
    check(want(AT_BASE, "AT_BASE is there") == 0, "no interpreter, no base");
    check(gprs_are_zero(), "general registers start as zero");
    check((start_regs.rflags & 0xcd5) == 0, "flags start clear");
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(cw));
    check(mxcsr == 0x1f80, "MXCSR");
    check(cw == 0x37f, "x87 control word");
}

#ifdef GUEST_FREEBSD
/* sys/kern/imgact_elf.c, __elfN(freebsd_copyout_auxargs); sys/amd64/amd64/exec_machdep.c, exec_setregs */
struct ps_strings {
    char   **argv;
    uint32_t argc;
    char   **envp;
    uint32_t envc;
};

static void check_own(int argc, char **argv, char **envp)
{
    bool               found;
    uint64_t           rdi = start_regs.rdi;
    uint64_t           canary_len = start_auxv(AT_CANARYLEN, &found);
    const uint64_t    *canary = (const uint64_t *)start_auxv(AT_CANARY, &found);
    const uint64_t    *sizes = (const uint64_t *)start_auxv(AT_PAGESIZES, &found);
    struct ps_strings *ps = (struct ps_strings *)start_auxv(AT_PS_STRINGS, &found);
    const char        *path = (const char *)start_auxv(AT_EXECPATH, &found);

    if (start_regs.rsp != ((rdi - 8) & ~15ull) + 8)
        check(false, "rsp is ((rdi - 8) & ~15) + 8");
    if (!found || path[0] != '/')
        check(false, "AT_EXECPATH is absolute");
    if (start_auxv(AT_OSRELDATE, &found) < 1302000)
        check(false, "AT_OSRELDATE");
    if (start_auxv(AT_NCPUS, &found) == 0)
        check(false, "AT_NCPUS");
    if (canary_len != 64 || !canary || (canary[0] | canary[1]) == 0)
        check(false, "AT_CANARY");
    if (!sizes || sizes[0] != 4096 || start_auxv(AT_PAGESIZESLEN, &found) != 24)
        check(false, "AT_PAGESIZES");
    if (!ps || ps->argv != argv || ps->argc != (uint32_t)argc || ps->envp != envp)
        check(false, "AT_PS_STRINGS");
    if (start_auxv(AT_ARGV, &found) != (uint64_t)argv || start_auxv(AT_ENVV, &found) != (uint64_t)envp)
        check(false, "AT_ARGV and AT_ENVV");
    if (start_auxv(AT_ARGC, &found) != (uint64_t)argc || start_auxv(AT_ENVC, &found) != ps->envc)
        check(false, "AT_ARGC and AT_ENVC");
}
#else
static void check_own(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
}
#endif

static void check_stack_grows(int depth)
{
    volatile char big[65536];

    big[0] = big[sizeof(big) - 1] = (char)depth;
    if (depth > 1)
        check_stack_grows(depth - 1);
    else
        check(big[0] == 1, "the stack grows");
}

int main(int argc, char **argv, char **envp)
{
    check_common();
    check_own(argc, argv, envp);
    check_stack_grows(64);
    return check_status();
}
