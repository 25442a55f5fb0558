/*
 * abi/freebsd/abi.c: FreeBSD amd64, put together; the system call convention.
 *
 * Sources: sys/amd64/amd64/vm_machdep.c (cpu_set_syscall_retval, cpu_set_upcall, cpu_fork),
 * sys/amd64/amd64/trap.c (cpu_fetch_syscall_args), exception.S (fast_syscall).
 */
#include <string.h>

#include "abi/freebsd/flags.h"
#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/layouts.h"

#define ARGS_IN_REGS 6
#define SYSCALL_LEN  2 /* bytes of the instruction */

#define NT_FREEBSD_ABI_TAG 1
#define ELFOSABI_FREEBSD   9
#define OLD_BRAND_AT       8 /* in e_ident: the name, before EI_OSABI was given a meaning */

/* ---- whose program is it ---------------------------------------------------- */

static const struct elf_note *tag_find(const struct elf_id *id)
{
    for (unsigned i = 0; i < id->nnotes; i++) {
        const struct elf_note *n = &id->notes[i];

        if (!strcmp(n->name, "FreeBSD") && n->type == NT_FREEBSD_ABI_TAG && n->descsz >= 4)
            return n;
    }
    return NULL;
}

/* kern/imgact_elf.c, freebsd_trans_osrel: a number of sys/param.h's __FreeBSD_version. */
static int32_t release(const struct elf_id *id)
{
    const struct elf_note *n = tag_find(id);
    int32_t                v = 0;

    if (n)
        memcpy(&v, n->desc, sizeof(v));
    return v;
}

static bool has_brand(const struct elf_id *id)
{
    return id->osabi == ELFOSABI_FREEBSD || (id->ident && !memcmp(id->ident + OLD_BRAND_AT, "FreeBSD", 8));
}

/* In the order of kern/imgact_elf.c: note, brand, interpreter. */
static enum abi_match match(const struct elf_id *id)
{
    if (tag_find(id))
        return ABI_YES_NOTE;
    if (has_brand(id))
        return ABI_YES_OSABI;
    if (id->interp && (!strcmp(id->interp, "/libexec/ld-elf.so.1") || !strcmp(id->interp, "/usr/libexec/ld-elf.so.1")))
        return ABI_MAYBE_INTERP;
    return ABI_NO;
}

/* ---- system calls ------------------------------------------------------------ */

/* The word at the stack pointer is the return address of the stub, which the guest called as a function. */
static unsigned args(const struct regs *r, uint64_t raw[ARGS_MAX], uint64_t *stack)
{
    raw[0] = r->rdi;
    raw[1] = r->rsi;
    raw[2] = r->rdx;
    raw[3] = r->r10;
    raw[4] = r->r8;
    raw[5] = r->r9;
    *stack = r->rsp + 8;
    return ARGS_IN_REGS;
}

/* syscall(nr, ...) and __syscall(nr, ...): the number is the first argument. */
static bool is_indirect(unsigned nr) { return nr == 0 || nr == 198; }

/* What every return from a call leaves behind, whichever its result. */
static void leave(struct regs *r)
{
    r->rcx = r->rip;
    r->r11 = r->eflags;
    r->r8 = r->r9 = r->r10 = 0;
}

static void result(struct regs *r, int64_t value, bool has_rv2, uint64_t rv2)
{
    r->eflags &= ~(uint64_t)EFLAGS_CF;
    r->rax = (uint64_t)value;
    if (has_rv2)
        r->rdx = rv2;
    leave(r);
}

static void result_errno(struct regs *r, int guest_errno)
{
    r->eflags |= EFLAGS_CF;
    r->rax = (uint64_t)guest_errno;
    leave(r);
}

/* The instruction runs again: argument 4 is in r10, as the guest had put it; rcx and r11 are lost either way. */
static void restart(struct regs *r, uint64_t nr)
{
    r->rip -= SYSCALL_LEN;
    r->rax = nr;
}

/* The child of fork sees 0 and, in the second register, that it is the child. */
static void fork_child(struct regs *r) { result(r, 0, true, 1); }

/* thr_new: everything else is as in the creator.  The zero word at the new stack pointer is the caller's to write. */
static void thread(struct regs *r, uint64_t entry, uint64_t arg, uint64_t stack_base, uint64_t stack_size)
{
    r->rip = entry;
    r->rdi = arg;
    r->rsp = ((stack_base + stack_size) & ~(uint64_t)15) - 8;
    r->rbp = 0;
    r->eflags &= ~(uint64_t)EFLAGS_CF;
}

const struct abi abi_freebsd_amd64 = {
    .gate_rows = GATE_ROWS_FREEBSD,
    .name = "freebsd-amd64",
    .os = "FreeBSD",
    .rows = freebsd_rows,
    .nrows = FREEBSD_NSYSCALLS,
    .errno_from_host = freebsd_errno_from_host,
    .errno_name = freebsd_errno_name,
    .nerrno = FREEBSD_NERRNO,
    .sig_from_host = freebsd_sig_from_host,
    .sig_to_host = freebsd_sig_to_host,
    .sig_name = freebsd_sig_name,
    .sig_default = freebsd_sig_default,
    .nsig = FREEBSD_NSIG,
    .sigcode_from_host = freebsd_sigcode_from_host,
    .sigcodes = &freebsd_flags_sigcode,
    .fault = freebsd_fault,
    .enosys_sigsys = true, /* kern.signosys is 1 */
    .stack_limit = 512ull << 20,
    .at_fdcwd = (uint64_t)-100,
    .sock = &freebsd_sock,
    .cap_rows = freebsd_cap_rows,
    .cap_sigcode = FREEBSD_TRAP_CAP,
    .caprights_in = freebsd_caprights_in,
    .caprights_out = freebsd_caprights_out,
    .stat_layout = &freebsd_layout_stat,
    .sig_info = 29, /* SIGINFO */
    .semid_layout = &freebsd_layout_semid,
    .shmid_layout = &freebsd_layout_shmid,
    .msqid_layout = &freebsd_layout_msqid,
    .old_semid_layout = &freebsd_layout_old_semid,
    .old_shmid_layout = &freebsd_layout_old_shmid,
    .old_msqid_layout = &freebsd_layout_old_msqid,
    .flock_layout = &freebsd_layout_flock,
    .oflock_layout = &freebsd_layout_oflock,
    .open_flags = &freebsd_flags_open,
    .elf_osabi = ELFOSABI_FREEBSD,
    .match = match,
    .release = release,
    .args = args,
    .is_indirect = is_indirect,
    .result = result,
    .result_errno = result_errno,
    .restart = restart,
    .fork_child = fork_child,
    .thread = thread,
    .start = freebsd_start,
    .support_page = freebsd_support_page,
    .sigframe = freebsd_sigframe,
    .ucontext_size = FREEBSD_UCONTEXT_SIZE,
    .sigreturn = freebsd_sigreturn,
    .getcontext = freebsd_getcontext,
    .getcontext_size = FREEBSD_GETCONTEXT_SIZE,
};
