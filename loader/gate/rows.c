/*
 * loader/gate/rows.c: the rows that need no other process, served where they
 * were made.  The handlers are those of the provider, compiled once more; the
 * rows are those of the ABI's table that say GATE.
 */
#include "loader/gate/rows.h"

#include <errno.h>

#include "abi/flags.h"
#include "abi/freebsd/flags.h"
#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/layouts.h"
#include "abi/layout.h"
#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "syscalls/args.h"
#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"
#include "syscalls/proc.h"
#include "syscalls/socket.h"

/* ---- what only the gate decides --------------------------------------------------- */

/* What a call does with a descriptor. */
enum fd_use {
    FOR_FILES, /* it wants a file or directory: what it does to others is for the provider to say */
    FOR_DATA,  /* reads or writes, and may wait for it */
    FOR_ANY,   /* the same for every kind */
    CLOSES,    /* it ends: somebody may want to hear of it */
};

/* Of argument n; a constant once the row is one. */
static inline enum fd_use fd_use_of(uint16_t nr, unsigned n)
{
    switch (nr) {
    case 3: /* read, write, readv, writev */
    case 4:
    case 120:
    case 121:
    case 27: /* recvmsg, sendmsg, recvfrom, sendto, shutdown */
    case 28:
    case 29:
    case 133:
    case 134: return FOR_DATA;
    case 6: return CLOSES;
    case 90: return n ? CLOSES : FOR_ANY; /* dup2 */
    case 41:                              /* dup */
    case 92:                              /* fcntl */
    case 123:                             /* fchown */
    case 95:                              /* fsync */
    case 124:                             /* fchmod */
    case 189:                             /* freebsd11_fstat */
    case 550:                             /* fdatasync */
    case 551: return FOR_ANY;             /* fstat */
    default: return FOR_FILES;
    }
}

/* Its handler reads and writes the structures by itself. */
static inline bool takes_addresses(uint16_t nr)
{
    switch (nr) {
    case 93:               /* select */
    case 116:              /* gettimeofday */
    case 340:              /* sigprocmask */
    case 343:              /* sigpending */
    case 545: return true; /* ppoll */
    default: return false;
    }
}

/* Whether the gate may make this call on it.  Of a path's directory, too. */
static inline __attribute__((always_inline)) bool fd_is_ours(struct call *c, int fd, enum fd_use use)
{
    struct fdtable *t = c->proc->fds;
    uint64_t        slot;
    struct ofile   *of;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return true; /* EBADF is found here as well as there */
    slot = __atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE);
    if (!slot)
        return true;
    if (slot & (SLOT_LIMITED | SLOT_BENEATH)) /* what is allowed is for the provider to say */
        return false;
    if (slot & SLOT_PLAIN && use != CLOSES)
        return true;
    if (use == FOR_FILES)
        return fd_plain(c, fd);
    slot &= SLOT_ENTRY;
    if (slot > FD_HOST_MAX)
        return false;
    of = ofile_at(__atomic_load_n(&t->entries[slot - 1].ofile, __ATOMIC_RELAXED));
    if (!of)
        return false;
    if (use == FOR_ANY)
        return !ofile_kind_is_object(of->kind);
    if (use == FOR_DATA)
        return !ofile_kind_is_object(of->kind) && of->kind != OF_OTHER;
    return !ofile_kind_is_object(of->kind) && !of->watched && !of->object && !of->posix_locks;
}

bool gate_fd_is_the_hosts(struct call *c, int fd) { return fd_is_ours(c, fd, FOR_ANY); }

/* The slot was limited only after we had looked. */
int fd_get_limited(struct call *c, int fd, const caprights *want, struct fdref *ref)
{
    (void)c;
    (void)fd;
    (void)want;
    (void)ref;
    return -GATE_PUNT;
}

/* Sockets that must not raise SIGPIPE: the provider's. */
int64_t sock_write(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector)
{
    (void)c;
    (void)ref;
    (void)where;
    (void)count;
    (void)vector;
    return -GATE_PUNT;
}

#define SYS(...)
#define ASK(...)
#define HOSTCALL(...)
#define GATEHOST(nr, name, number, ...)
#define MISSING(...)
#define HOLE(...)
#define GATE(nr, name, handler, ...) int64_t handler(void);
#include "abi/freebsd/syscalls.tbl"
#undef ASK
#undef GATE

#include "abi/freebsd/row_args.h"

#define sys_sigprocmask     gate_sigprocmask
#define sys_sigpending      gate_sigpending
#define sys_getppid         gate_getppid
#define sys_getpgrp         gate_getpgrp
#define sys_getpgid         gate_getpgid
#define sys_getsid          gate_getsid
#define sys_issetugid       gate_issetugid
#define sys_getrusage       gate_getrusage
#define sys_getrlimit       gate_getrlimit
#define sys_gettimeofday    gate_gettimeofday
#define sys_sendto          gate_sendto
#define sys_recvfrom        gate_recvfrom
#define sys_sendmsg         gate_sendmsg
#define sys_recvmsg         gate_recvmsg
#define sys_shutdown        gate_shutdown
#define sys_poll            gate_poll
#define sys_ppoll           gate_ppoll
#define sys_select          gate_select
#define sys_clock_gettime   gate_clock_gettime
#define sys_getpid          gate_getpid
#define sys_thr_self        gate_thr_self
#define sys_fcntl           gate_fcntl
#define sys__umtx_op        gate__umtx_op
#define sys_nanosleep       gate_nanosleep
#define sys_mmap            gate_mmap
#define sys_munmap          gate_munmap
#define sys_msync           gate_msync
#define sys_mlock           gate_mlock
#define sys_munlock         gate_munlock
#define sys_mincore         gate_mincore
#define sys_clock_nanosleep gate_clock_nanosleep
#define sys_getrandom       gate_getrandom
#define sys_mprotect        gate_mprotect
#define sys_madvise         gate_madvise

/* ---- one call ------------------------------------------------------------------------ */

typedef int64_t handler_fn(struct call *c, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f);
#define HANDLER_ARGS 5 /* more would be on the stack; no row of the gate has them */

/*
 * A structure that the call fills.  Its memory is the gate's, which the guest sees anyway: nothing is to be hidden by
 * zeroes.
 */
static inline void struct_begin(void *buf, uint64_t at, struct arg_value *v)
{
    v->host = at ? buf : NULL;
    v->word = (uint64_t)v->host;
}

/* args_out, where the row is a constant: the one structure's conversion is all that is left. */
static inline __attribute__((always_inline)) int64_t struct_end(struct call *c, const struct row *row,
                                                                const struct arg_value *v, int64_t r)
{
    uint64_t guest[LAYOUT_GUEST_MAX / 8];

    UNROLL
    for (unsigned i = 0; i < row->nargs; i++) {
        const struct layout *l = row->args[i].of;

        if (row->args[i].kind != ARG_OUT_STRUCT || !v[i].host || r < 0)
            continue;
        layout_to_guest(l, v[i].host, guest);
        if (gate_copy((void *)c->raw[i], guest, l->gsize))
            return -EFAULT;
    }
    return r;
}

/*
 * Inlined where the row is a constant, the loops unroll and what is left of them
 * is the conversion of that row's arguments.
 */
static inline __attribute__((always_inline)) int64_t invoke(struct call *c, const struct row *row, handler_fn *fn)
{
    _Alignas(16) uint8_t buf[LAYOUT_HOST_MAX]; /* no row of the gate has more than one structure of ours */
    struct arg_value     v[ARGS_MAX];
    bool                 structs = false;
    int64_t              r;

    c->row = row;
    UNROLL
    for (unsigned i = row->nargs; i < HANDLER_ARGS; i++)
        v[i].word = 0;
    UNROLL
    for (unsigned i = 0; i < row->nargs; i++) {
        const struct arg *a = &row->args[i];
        int               err = 0;

        switch (a->kind) {
        case ARG_FD:
            if (!fd_is_ours(c, (int)(int32_t)c->raw[i], fd_use_of(row->nr, i)))
                return -GATE_PUNT;
            v[i].word = (uint64_t)(int64_t)(int32_t)c->raw[i];
            break;
        case ARG_DIRFD:
            if ((int)(int32_t)c->raw[i] != (int)c->abi->at_fdcwd && !fd_is_ours(c, (int)(int32_t)c->raw[i], FOR_ANY))
                return -GATE_PUNT;
            v[i].word = (uint64_t)(int64_t)(int32_t)c->raw[i];
            break;
        case ARG_IN_STRUCT:
        case ARG_OUT_STRUCT:
            if (!takes_addresses(row->nr)) {
                structs = true;
                if (a->kind == ARG_IN_STRUCT)
                    err = arg_struct(c, a, c->raw[i], buf, &v[i]);
                else
                    struct_begin(buf, c->raw[i], &v[i]);
                break;
            }
            __attribute__((fallthrough));
        case ARG_LONG:
        case ARG_ULONG:
        case ARG_PTR:
        case ARG_PATH:
        case ARG_STR:
        case ARG_OUT_LONG:
        case ARG_IN_BUF:
        case ARG_OUT_BUF: v[i].word = c->raw[i]; break;
        case ARG_ENUM:
            if (enum_at_index(a->of, c->raw[i], (int64_t *)&v[i].word))
                break;
            __attribute__((fallthrough));
        default: err = arg_scalar(a, c->raw[i], &v[i].word); break;
        }
        if (err)
            return err;
    }
    /* As libffi does it: every argument is one register of the System V ABI, and a callee looks at its own only. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    r = fn(c, v[0].word, v[1].word, v[2].word, v[3].word, v[4].word);
    return structs ? struct_end(c, row, v, r) : r;
}

/* ---- the table --------------------------------------------------------------------- */

static void result_put(struct area *a, int64_t r)
{
    struct gate_regs *g = &a->regs;

    if (r < 0 && r >= -4095) {
        g->rax = (uint64_t)freebsd_errno_from_host[-r < ERRNO_HOST_MAX ? -r : EINVAL];
        g->flags |= EFLAGS_CF;
    } else {
        g->rax = (uint64_t)r;
        g->flags &= ~(uint64_t)EFLAGS_CF;
    }
    a->call.raw[3] = a->call.raw[4] = a->call.raw[5] = 0; /* r10, r8, r9 */
}

/*
 * A call through a rewritten site does not return from its row: behind a host call
 * every return address is a surprise to the CPU.
 */
static inline __attribute__((always_inline)) bool leave(struct call *c, bool served)
{
    if (c->fast) {
        if (served) {
            measure_leave(area_of(c), area_of(c)->regs.flags);
            gate_fast_exit();
        }
        gate_fast_punt();
    }
    return served;
}

static inline __attribute__((always_inline)) bool finish(struct call *c, int64_t r)
{
    struct area *a = area_of(c);
    const bool   served = r != -GATE_PUNT && r != -ERESTART;

    if (served) {
        result_put(a, r);
        a->served++;
        measure_served(a);
    }
    return leave(c, served);
}

/*
 * The provider makes it, and nobody traps: what it needs to know is in the area, and it looks at no other register.  A
 * signal that comes of it, or meanwhile, is noted, and has its trap on the way out.  One that interrupts it lets it be
 * made again, by a trap.
 */
static __attribute__((noinline)) bool ask(struct call *c)
{
    struct area *a = area_of(c);

    a->event = EVENT_ASKED;
    gate_serve(a);
    if (a->result != -ERESTART)
        result_put(a, a->result);
    return leave(c, a->result != -ERESTART);
}

/* Memory may hold sites, and what becomes of those concerns where the guest goes on: that is in its frame. */
static inline bool may_ask(uint16_t nr)
{
    switch (nr) {
    case 65:                /* msync */
    case 73:                /* munmap */
    case 74:                /* mprotect */
    case 75:                /* madvise */
    case 477: return false; /* mmap */
    default: return true;
    }
}

#define FN_(h) ((handler_fn *)(void (*)(void))(h))
#define GATE(n, nm, h, st, why, r, ...)                                                                                \
    static bool row_##n(struct call *c)                                                                                \
    {                                                                                                                  \
        static const struct row row = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__)};                                       \
        const int64_t           result = invoke(c, &row, FN_(h));                                                      \
                                                                                                                       \
        return result == -GATE_PUNT && may_ask(n) ? ask(c) : finish(c, result);                                        \
    }
#undef GATEHOST
#define ASK(...)
#define GATEHOST(n, nm, number, st, why, r, ...) GATE(n, nm, gate_##number, st, why, r, ##__VA_ARGS__)
#include "abi/freebsd/syscalls.tbl"
#undef ASK
#undef GATE
#undef GATEHOST

static bool row_none(struct call *c) { return finish(c, -GATE_PUNT); }

/* By number; NULL: a row of the provider's. */
typedef bool row_fn(struct call *c);
#define ASK(n, ...)      [n] = ask,
#define GATE(n, ...)     [n] = row_##n,
#define GATEHOST(n, ...) [n] = row_##n,
static row_fn *const rows[FREEBSD_NSYSCALLS] = {
#include "abi/freebsd/syscalls.tbl"
};
#undef ASK
#undef GATE

/* What handlers of the gate use of their task, process and ABI. */
struct self {
    struct task task;
    struct proc proc;
    struct abi  abi;
};
_Static_assert(AREA_SELF_TASK + sizeof(struct self) <= AREA_STACK, "area.h");

void gate_call_init(struct area *a)
{
    struct self *s = (struct self *)((char *)a + AREA_SELF_TASK);

    s->task.index = a->index;
    s->task.area = a;
    s->abi.at_fdcwd = (uint64_t)-100;
    s->abi.open_flags = &freebsd_flags_open;
    s->proc.execpath = NULL;
    a->call.task = &s->task;
    a->call.proc = &s->proc;
    a->call.abi = &s->abi;
}

bool gate_call(struct area *a, bool fast)
{
    struct call   *c = &a->call;
    const uint32_t nr = (uint32_t)a->regs.rax;
    row_fn        *row = a->rows && nr < FREEBSD_NSYSCALLS ? rows[nr] : NULL;

    c->proc->fds = (struct fdtable *)a->fds;
    c->proc->nofile = a->nofile;
    c->scratch_used = 0;
    c->alone = a->alone;
    c->fast = fast;
    if (fast)
        measure_enter(a, HOW_SITE, nr);
    return row ? row(c) : row_none(c);
}
