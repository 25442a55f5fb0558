/*
 * loader/gate/area.h: what gate and provider say to each other.
 *
 * Every task has an area in the arena: control words, saved signal information,
 * scratch for host calls, and the gate's stack.  The guest can write all of it,
 * so the provider takes nothing here for more than the guest's own business.
 */
#ifndef DRAGOMAN_LOADER_GATE_AREA_H
#define DRAGOMAN_LOADER_GATE_AREA_H

#ifndef __ASSEMBLER__
#include "loader/gate/measure.h"
#include "syscalls/arena.h"
#endif

/* Offsets that gate.S uses; asserted below. */
#define AREA_SELF  0
#define AREA_NOTED 8
#define AREA_REGS  16 /* struct gate_regs */
#define REGS_RAX   (AREA_REGS + 0)
#define REGS_FLAGS (AREA_REGS + 8)
#define REGS_RIP   (AREA_REGS + 16)
#define REGS_RSP   (AREA_REGS + 24)
#define REGS_CONT  (AREA_REGS + 32)
#define REGS_KEPT  (AREA_REGS + 40) /* rbx rbp r12 r13 r14 r15 */
#define AREA_TOP   (AREA_REGS + 88)
#define AREA_FAST  (AREA_REGS + 96)
#define AREA_ARGS  (AREA_REGS + 136) /* rdi rsi rdx r10 r8 r9: raw[] of the call */
#define REGS_RDI   (AREA_ARGS + 0)
#define REGS_RSI   (AREA_ARGS + 8)
#define REGS_RDX   (AREA_ARGS + 16)
#define REGS_R10   (AREA_ARGS + 24)
#define REGS_R8    (AREA_ARGS + 32)
#define REGS_R9    (AREA_ARGS + 40)

#define AREA_SCRATCH   0x1000
#define AREA_SELF_TASK 0x6000 /* the gate's own struct task, proc and abi */
#define AREA_STACK     0x8000
#define AREA_STACK_END 0x10000 /* TASK_STRIDE */

/*
 * The host signal that only says: look again.  SIGSTKFLT, which the host itself never sends, and which is not counted:
 * a real-time one is refused where the user has RLIMIT_SIGPENDING of them (kernel/signal.c, __send_signal_locked).
 */
#define KICK_SIGNAL 16

#define DOOR_NR 0x5d0 /* the one call that the filter hands to the provider; no host call has this number */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include "syscalls/call.h"

enum area_event {
    EVENT_NONE,
    EVENT_BOOT,   /* a fresh pico process: no guest image yet */
    EVENT_START,  /* a new thread or forked process, before its first guest instruction */
    EVENT_CALL,   /* the guest executed `syscall` */
    EVENT_SIGNAL, /* a host signal in guest code; .info */
    EVENT_NOTED,  /* host signals came while the gate was busy; .noted */
    EVENT_RESULT, /* the host call asked for was made; .result */
    EVENT_SITE,   /* a call was served, and its site has trapped often enough to be rewritten */
    EVENT_ASKED,  /* a call, without a frame: its number and arguments are in .regs and .call, its result in .result */
};

/* Which names the gate looks up: none, all, relative ones (--sysroot), all below a root (--root). */
enum gate_view { VIEW_PROVIDERS, VIEW_PLAIN, VIEW_SYSROOT, VIEW_ROOT };

enum area_op { OP_RESUME, OP_CALL, OP_WAIT, OP_BATCH, OP_CAS, OP_CLONE };

/* The part of a host siginfo that a guest signal is made from. */
struct area_siginfo {
    int32_t  signo, error, code, pid;
    uint32_t uid;
    int32_t  status;
    uint64_t addr, value;
    int32_t  trapno, timerid;
};

/* The guest's registers at a call, as far as a call reads or changes them; its arguments are in call.raw. */
struct gate_regs {
    uint64_t rax;
    uint64_t flags;
    uint64_t rip;     /* after the call */
    uint64_t rsp;     /* of a call through a rewritten site, as is cont */
    uint64_t cont;    /* where the guest goes on: rip, or what was moved from there to the site's stub */
    uint64_t kept[6]; /* what a function would give back: rbx rbp r12 r13 r14 r15; of such a call, too */
};

struct area {
    uint64_t         self;       /* its own address, at %gs:0 */
    uint64_t         noted;      /* host signals not yet seen by the provider, bit n - 1; atomic */
    struct gate_regs regs;       /* of the call that the gate serves */
    uint64_t         top;        /* of the gate's stack, for calls through rewritten sites */
    uint64_t         fast;       /* gate_fast: where their stubs jump to */
    struct call      call;       /* of the gate, for the call that it serves */
    uint64_t         fds;        /* the process's descriptor table, in the arena */
    uint64_t         nofile;     /* the guest's limit of descriptors */
    uint32_t         rows;       /* enum gate_rows: which ABI's rows the gate serves by itself */
    uint32_t         slow_waits; /* time-outs of _umtx_op have a least length, which the provider knows */
    uint32_t         auto_waits; /* proc.h, umtx_auto_waits */
    uint32_t         alone;      /* the process has no other thread, and shares its descriptor table with nobody */
    uint64_t         served;     /* calls that never left the process */
    uint32_t         index;
    uint32_t         host_tid; /* cleared by the host kernel when the thread is gone */
    uint32_t         event;    /* enum area_event */
    uint32_t         op;       /* enum area_op */
    uint64_t         nr;
    uint64_t         args[6];
    int64_t          result;
    uint64_t         frame;    /* host ucontext that OP_RESUME returns through */
    uint64_t         fs_base;  /* at the trap, where the CPU lets us read it */
    uint32_t         attached; /* futex: the door is ready for this task */
    uint32_t         wake;     /* futex: task_sleep */
    uint32_t         booting;  /* notify: the next signal in the gate is the first event */
    uint32_t         ready;    /* futex: 1: a clone's child has arrived; 2: there will be none */
    uint32_t         provider_pid;
    uint32_t         door_ptrace; /* 1: the ptrace door */
    uint32_t         filtered;    /* the seccomp filter is there already */
    uint32_t         fsgsbase;
    uint32_t statx_null; /* the host's statx takes a null pointer for the empty path (Linux 6.11), and is faster then */
    uint64_t vdso;       /* the host's own code in here (syscalls/vdso.h), as the host's auxiliary vector names it */
    uint64_t clock;      /* its clock_gettime, 0: not to be used */
    uint64_t boot_stack; /* the host's own first stack as it was found: argc and so on */
    uint32_t pid;        /* the process's, and the thread's, as the guest knows them */
    int64_t  tid;
    /*
     * The signals that the task blocks: the provider's word, and while the task is not in a call of the provider's the
     * gate's (sigmask.c).  maybe: no signal that is not in it is pending, for the task or for its process; the
     * provider adds before it looks at the mask, and takes away between two calls.
     */
    struct sigset       mask, maybe;
    uint32_t            ppid;      /* as the guest knows it; 0: ask the provider.  Written under session.lock */
    uint32_t            issetugid; /* of the process */
    uint32_t            view;      /* enum gate_view */
    uint32_t            rewrite;   /* call sites that trap often are to be rewritten */
    struct area_siginfo info;      /* of EVENT_SIGNAL */
    struct area_siginfo saved[65]; /* of noted signals */
    struct area_measure measure;   /* under `dragoman stat` */
};
_Static_assert(offsetof(struct area, self) == AREA_SELF, "gate.S");
_Static_assert(offsetof(struct area, noted) == AREA_NOTED, "gate.S");
_Static_assert(offsetof(struct area, regs) == AREA_REGS, "gate.S");
_Static_assert(offsetof(struct area, call.raw) == AREA_ARGS, "gate.S");
_Static_assert(offsetof(struct area, regs.cont) == REGS_CONT, "gate.S");
_Static_assert(offsetof(struct area, regs.kept) == REGS_KEPT, "gate.S");
_Static_assert(offsetof(struct area, top) == AREA_TOP, "gate.S");
_Static_assert(offsetof(struct area, fast) == AREA_FAST, "loader/site.c");
_Static_assert(AREA_STACK_END == TASK_STRIDE, "arena.h");
_Static_assert(sizeof(struct area) <= AREA_SCRATCH, "the area's first page");

/*
 * What the gate remembers of a process's code, behind its descriptor table: how
 * often its call sites trapped, and where something was rewritten (provider writes).
 */
#define WATCHED_SHIFT 16
#define WATCHED_MAX   510u
#define SITE_HITS     3u /* traps that make a site worth rewriting */
struct gate_sites {
    uint32_t nwatched;             /* more than WATCHED_MAX: everything is watched */
    uint32_t watched[WATCHED_MAX]; /* address >> WATCHED_SHIFT of sites and of their stubs */
    uint32_t hits[1024];           /* by the site's low bits: higher ones << 8 | count */
};
_Static_assert(sizeof(struct gate_sites) <= GATE_SITES_SIZE, "arena.h");

static inline struct gate_sites *gate_sites_of(const void *fds)
{
    return (struct gate_sites *)((uintptr_t)fds + FDTABLE_STRIDE - GATE_SITES_SIZE);
}

/* At the start of the gate's text, for the provider. */
struct gate_header {
    uint64_t magic;
    uint64_t pt_call;  /* syscall; int3 */
    uint64_t pt_clone; /* gate_clone_quiet; int3 */
    uint64_t pt_cas;   /* lock cmpxchg %edx, (%rdi); int3 */
    uint64_t enter;    /* gate_enter_fn */
    uint64_t text_end; /* host calls are taken from below it */
};
/*
 * Called where the gate is mapped at GATE_BASE, by a process that is to execute the gate: installs the filter and
 * makes itself a pico process.  *listener is the filter's, close-on-exec, or -errno; the caller sees it through shared
 * memory.
 */
struct gate_exec {
    int                gate_fd;
    const char *const *argv, *const *envp;
    int *listener;
};
typedef void gate_enter_fn(const struct gate_exec *e);

#define GATE_MAGIC  0x6e616d6f67617244ull
#define GATE_HEADER 0x1000 /* offset in the file and from GATE_BASE */

/* The area that a call of the gate is part of. */
static inline struct area *area_of(struct call *c) { return (struct area *)((char *)c - offsetof(struct area, call)); }

static inline struct area *area_at(uint32_t index)
{
    return (struct area *)(ARENA_BASE + ARENA_TASKS + (uint64_t)index * TASK_STRIDE);
}

#endif
#endif
