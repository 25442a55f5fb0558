/*
 * abi/freebsd/sigframe.c: what a signal handler finds on its stack, and what
 * sigreturn takes back.
 *
 * Sources: sys/amd64/amd64/exec_machdep.c (sendsig, sys_sigreturn, get_fpcontext,
 * set_fpcontext), sys/x86/include/ucontext.h, sys/amd64/include/sigframe.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd/freebsd.h"

#define RED_ZONE 128
#define FXSAVE   512

/* What FreeBSD's segment registers hold in user mode, sys/amd64/include/segments.h. */
#define UCODE_SEL 0x43
#define UDATA_SEL 0x3b
#define UFS_SEL   0x13
#define UGS_SEL   0x1b

#define MC_HASSEGS     1u
#define MC_HASBASES    2u
#define MC_HASFPXSTATE 4u
#define MC_KNOWN       (MC_HASSEGS | MC_HASBASES | MC_HASFPXSTATE)
#define FPFMT_NODEV    0x10000
#define FPFMT_XMM      0x10002
#define FPOWNED_NONE   0x20000
#define FPOWNED_FPU    0x20001
#define FPOWNED_PCB    0x20002

#define EFLAGS_TF 0x100u
#define EFLAGS_DF 0x400u
/* PSL_USERCHANGE: CF PF AF ZF SF TF DF OF NT AC ID, sys/x86/include/psl.h; and RF, which the CPU sets by itself. */
#define EFLAGS_USER 0x254dd5ull

struct mcontext {
    uint64_t onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
    uint32_t trapno;
    uint16_t fs, gs;
    uint64_t addr;
    uint32_t flags;
    uint16_t es, ds;
    uint64_t err, rip, cs, rflags, rsp, ss;
    uint64_t len, fpformat, ownedfp;
    uint8_t  fpstate[FXSAVE];
    uint64_t fsbase, gsbase, xfpustate, xfpustate_len;
    uint64_t spare[4];
};
_Static_assert(sizeof(struct mcontext) == 800, "ucontext.h");

struct ucontext {
    uint32_t        sigmask[4];
    struct mcontext mc;
    uint64_t        link, ss_sp, ss_size;
    int32_t         ss_flags, flags, spare[6];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct ucontext) == FREEBSD_UCONTEXT_SIZE, "ucontext.h");

struct siginfo {
    int32_t  signo, error, code, pid;
    uint32_t uid;
    int32_t  status;
    uint64_t addr, value;
    union {
        struct {
            int32_t timerid, overrun;
        };
        int32_t  trapno;
        uint64_t spare[5];
    };
};
_Static_assert(sizeof(struct siginfo) == 80, "sys/signal.h");

struct sigframe {
    uint64_t        handler;
    struct ucontext uc;
    struct siginfo  si;
};
_Static_assert(sizeof(struct sigframe) == 976 && offsetof(struct sigframe, si) == 896, "sigframe.h");

/* ---- out ------------------------------------------------------------------------ */

static void regs_out(struct mcontext *m, const struct regs *r)
{
    m->rdi = r->rdi;
    m->rsi = r->rsi;
    m->rdx = r->rdx;
    m->rcx = r->rcx;
    m->r8 = r->r8;
    m->r9 = r->r9;
    m->rax = r->rax;
    m->rbx = r->rbx;
    m->rbp = r->rbp;
    m->r10 = r->r10;
    m->r11 = r->r11;
    m->r12 = r->r12;
    m->r13 = r->r13;
    m->r14 = r->r14;
    m->r15 = r->r15;
    m->rip = r->rip;
    m->rflags = r->eflags;
    m->rsp = r->rsp;
    m->cs = UCODE_SEL;
    m->ss = m->ds = m->es = UDATA_SEL;
    m->fs = UFS_SEL;
    m->gs = UGS_SEL;
    m->fsbase = r->fs_base;
    m->gsbase = 0; /* %gs is not the guest's to use here */
}

/* The XSAVE header and what follows it go beside the frame; libc reads mc_xfpustate_len bytes there. */
static size_t extra_len(const struct sigframe_in *in) { return in->xstate_len > FXSAVE ? in->xstate_len - FXSAVE : 0; }

static void mcontext_fill(struct mcontext *m, const struct sigframe_in *in, uint64_t extra_at)
{
    regs_out(m, &in->regs);
    m->onstack = in->altstack_on;
    m->trapno = (uint32_t)in->info.trapno;
    m->addr = in->info.addr;
    m->flags = MC_HASSEGS; /* tf_flags of the trap frame, of which the kernel copies all */
    m->len = sizeof(*m);
    m->fpformat = FPFMT_XMM;
    m->ownedfp = in->xstate_len >= FXSAVE ? FPOWNED_FPU : FPOWNED_NONE;
    if (in->xstate_len >= FXSAVE)
        memcpy(m->fpstate, in->xstate, FXSAVE);
    if (extra_at) {
        m->flags |= MC_HASFPXSTATE;
        m->xfpustate = extra_at;
        m->xfpustate_len = extra_len(in);
    }
}

static void siginfo_fill(struct siginfo *si, const struct ksiginfo *k)
{
    si->signo = k->signo;
    si->error = k->error;
    si->code = k->code;
    si->pid = k->pid;
    si->uid = k->uid;
    si->status = k->status;
    si->addr = k->addr;
    si->value = k->value;
    si->timerid = k->trapno ? k->trapno : k->timerid;
    si->overrun = k->overrun;
}

static void frame_fill(struct sigframe *f, const struct sigframe_in *in, uint64_t extra_at)
{
    f->handler = in->handler;
    memcpy(f->uc.sigmask, &in->mask, sizeof(f->uc.sigmask));
    mcontext_fill(&f->uc.mc, in, extra_at);
    f->uc.ss_sp = in->altstack_sp;
    f->uc.ss_size = in->altstack_size;
    f->uc.ss_flags = (int32_t)(in->altstack_disabled ? D_SS_DISABLE : in->altstack_on ? D_SS_ONSTACK : 0);
    if (in->sa_flags & D_SA_SIGINFO)
        siginfo_fill(&f->si, &in->info); /* else zeros: sendsig */
}

/* Registers at the trampoline's first instruction, which calls the word at the stack pointer. */
static void regs_for_handler(struct regs *r, const struct sigframe_in *in, uint64_t at)
{
    *r = in->regs;
    r->rip = in->support;
    r->rsp = at;
    r->rdi = (uint64_t)in->info.signo;
    r->rsi = in->sa_flags & D_SA_SIGINFO ? at + offsetof(struct sigframe, si) : (uint64_t)in->info.code;
    r->rdx = at + offsetof(struct sigframe, uc);
    r->rcx = in->info.addr;
    r->eflags &= ~(uint64_t)(EFLAGS_TF | EFLAGS_DF);
}

int freebsd_sigframe(const struct sigframe_in *in, struct sigframe_out *out)
{
    const bool switch_stack = (in->sa_flags & D_SA_ONSTACK) && !in->altstack_disabled && !in->altstack_on;
    uint64_t   top = switch_stack ? in->altstack_sp + in->altstack_size : in->regs.rsp - RED_ZONE;
    size_t     extra = extra_len(in);
    uint64_t   extra_at = extra ? (top - extra) & ~63ull : 0;
    uint64_t   at = ((extra ? extra_at : top) - sizeof(struct sigframe)) & ~15ull;

    out->len = extra ? extra_at + extra - at : sizeof(struct sigframe);
    out->at = at;
    out->bytes = aligned_alloc(16, (out->len + 15) & ~15ull);
    if (!out->bytes)
        return -ENOMEM;
    memset(out->bytes, 0, out->len);
    frame_fill((struct sigframe *)out->bytes, in, extra_at);
    if (extra)
        memcpy(out->bytes + (extra_at - at), (const uint8_t *)in->xstate + FXSAVE, extra);
    regs_for_handler(&out->regs, in, at);
    return 0;
}

/* ---- back ------------------------------------------------------------------------- */

static void regs_back(struct regs *r, const struct mcontext *m)
{
    r->rdi = m->rdi;
    r->rsi = m->rsi;
    r->rdx = m->rdx;
    r->rcx = m->rcx;
    r->r8 = m->r8;
    r->r9 = m->r9;
    r->rax = m->rax;
    r->rbx = m->rbx;
    r->rbp = m->rbp;
    r->r10 = m->r10;
    r->r11 = m->r11;
    r->r12 = m->r12;
    r->r13 = m->r13;
    r->r14 = m->r14;
    r->r15 = m->r15;
    r->rip = m->rip;
    r->rsp = m->rsp;
    r->eflags = m->rflags;
}

/*
 * sys_sigreturn, set_fpcontext: only what a user program may change in the flags, only a user's code segment,
 * only the floating-point forms that there are.
 */
static bool sound(const struct mcontext *m, const struct regs *now)
{
    if (m->flags & ~MC_KNOWN)
        return false;
    if ((m->rflags ^ now->eflags) & ~EFLAGS_USER)
        return false;
    if (m->cs != UCODE_SEL)
        return false; /* 64-bit code alone runs here, and no other selector names it */
    if (m->fpformat == FPFMT_NODEV)
        return true;
    return m->fpformat == FPFMT_XMM && m->ownedfp >= FPOWNED_NONE && m->ownedfp <= FPOWNED_PCB;
}

int freebsd_sigreturn(const void *ucontext, struct sigreturn_out *out)
{
    const struct ucontext *uc = ucontext;
    const struct mcontext *m = &uc->mc;

    if (!sound(m, &out->regs))
        return -EINVAL;
    regs_back(&out->regs, m);
    memcpy(&out->mask, uc->sigmask, sizeof(out->mask));
    out->onstack = m->onstack & 1;
    out->has_fs_base = m->flags & MC_HASBASES;
    if (out->has_fs_base)
        out->regs.fs_base = m->fsbase;
    out->fxsave = m->ownedfp != FPOWNED_NONE && m->fpformat == FPFMT_XMM ? m->fpstate : NULL;
    out->xtra_at = m->flags & MC_HASFPXSTATE ? m->xfpustate : 0;
    out->xtra_len = m->flags & MC_HASFPXSTATE ? m->xfpustate_len : 0;
    return 0;
}
