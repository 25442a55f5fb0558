/*
 * loader/gate/rows.c: the rows that need no other process, served where they
 * were made.  The handlers are those of the provider, compiled once more; the
 * rows are those of the ABI's table that say GATE.
 */
#include "loader/gate/rows.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "abi/freebsd/flags.h"
#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/layouts.h"
#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "syscalls/args.h"
#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"
#include "syscalls/proc.h"
#include "syscalls/socket.h"

/* ---- what only the gate decides --------------------------------------------------- */

/*
 * Calls on files and directories: pipes, terminals and sockets block, and are the
 * provider's.  The closing of whatever nobody wants to hear of.
 */
static bool fd_is_ours(struct call *c, int fd, bool closing)
{
    struct fdtable *t = c->proc->fds;
    uint64_t        slot;
    struct ofile   *of;

    if (fd < 0 || (uint32_t)fd >= FD_MAX)
        return true; /* EBADF is found here as well as there */
    slot = __atomic_load_n(&t->slots[fd], __ATOMIC_ACQUIRE) & SLOT_ENTRY;
    if (!slot)
        return true;
    if (slot > FD_HOST_MAX)
        return false;
    of = ofile_at(__atomic_load_n(&t->entries[slot - 1].ofile, __ATOMIC_RELAXED));
    if (!of)
        return false;
    if (closing)
        return of->kind != OF_KQUEUE && !of->watched && !of->object && !of->posix_locks;
    return !of->host_offset && (of->kind == OF_FILE || of->kind == OF_DIR);
}

/* Clocks that are the same in every process; the host's own call is a third of a trap's price. */
static int64_t gate_clock_gettime(struct call *c, int64_t clock, void *tp)
{
    const struct scratch s = scratch_get(c, sizeof(struct timespec));
    int64_t              r;

    if (!tp || !s.p || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME))
        return -GATE_PUNT;
    r = host_call(c, SYS_clock_gettime, clock, s.va);
    *(struct timespec *)tp = *(struct timespec *)s.p;
    return r;
}

/* Never reached: descriptors of sockets are not ours. */
int64_t sock_write(struct call *c, struct fdref *ref, uint64_t where, uint64_t count, bool vector)
{
    (void)c;
    (void)ref;
    (void)where;
    (void)count;
    (void)vector;
    return -GATE_PUNT;
}

/* ---- the table --------------------------------------------------------------------- */

typedef int64_t handler_fn(struct call *c, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f);

struct gate_row {
    struct row  row;
    handler_fn *fn;
};

#define SYS(...)
#define HOSTCALL(...)
#define MISSING(...)
#define HOLE(...)
#define GATE(nr, name, handler, ...) int64_t handler(void);
#include "abi/freebsd/syscalls.tbl"
#undef GATE

#include "abi/freebsd/row_args.h"

#define sys_clock_gettime gate_clock_gettime
#define sys__umtx_op gate__umtx_op
#define sys_nanosleep gate_nanosleep
#define sys_mmap gate_mmap
#define sys_munmap gate_munmap
#define sys_mprotect gate_mprotect
#define sys_madvise gate_madvise
#define GATE(n, nm, h, st, why, r, ...) \
    {.row = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__)}, .fn = (handler_fn *)(void (*)(void))(h)},
static const struct gate_row rows[] = {
#include "abi/freebsd/syscalls.tbl"
};
#undef GATE

static const struct gate_row *row_find(uint64_t nr)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].row.nr == nr)
            return &rows[i];
    return NULL;
}

/* ---- one call ------------------------------------------------------------------------ */

static int64_t invoke(struct call *c, const struct gate_row *g)
{
    _Alignas(16) uint8_t buf[LAYOUT_HOST_MAX]; /* no row of the gate has more than one structure */
    struct arg_value     v[ARGS_MAX];
    int64_t              r;

    for (unsigned i = 0; i < g->row.nargs; i++) {
        const struct arg *a = &g->row.args[i];
        int               err;

        if (a->kind == ARG_FD && !fd_is_ours(c, (int)(int32_t)c->raw[i], g->row.nr == 6))
            return -GATE_PUNT;
        err = arg_is_struct((enum arg_kind)a->kind) ? arg_struct(c, a, c->raw[i], buf, &v[i])
                                                    : arg_scalar(a, c->raw[i], &v[i].word);
        if (err)
            return err;
    }
    /* As libffi does it: every argument is one register of the System V ABI, and a callee looks at its own only. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    r = g->fn(c, v[0].word, v[1].word, v[2].word, v[3].word, v[4].word);
    return r == -GATE_PUNT ? r : args_out(c, v, r);
}

static void result_put(greg_t *g, int64_t r)
{
    if (r < 0 && r >= -4095) {
        g[REG_RAX] = freebsd_errno_from_host[-r < ERRNO_HOST_MAX ? -r : EINVAL];
        g[REG_EFL] |= EFLAGS_CF;
    } else {
        g[REG_RAX] = r;
        g[REG_EFL] &= ~(greg_t)EFLAGS_CF;
    }
    g[REG_RCX] = g[REG_RIP];
    g[REG_R11] = g[REG_EFL];
    g[REG_R8] = g[REG_R9] = g[REG_R10] = 0;
}

bool gate_row(struct area *a, ucontext_t *uc)
{
    greg_t                *g = uc->uc_mcontext.gregs;
    const struct gate_row *row = row_find((uint32_t)g[REG_RAX]);
    struct proc            proc; /* what handlers of the gate use of it is set below */
    struct task            task;
    struct abi             abi;
    struct call            c;
    int64_t                r;

    if (!row || !a->plain_view)
        return false;
    proc.fds = (struct fdtable *)a->fds;
    proc.nofile = a->nofile;
    task.index = a->index;
    task.area = a;
    abi.at_fdcwd = (uint64_t)-100;
    c = (struct call){.task = &task, .proc = &proc, .abi = &abi, .row = &row->row};
    c.raw[0] = (uint64_t)g[REG_RDI];
    c.raw[1] = (uint64_t)g[REG_RSI];
    c.raw[2] = (uint64_t)g[REG_RDX];
    c.raw[3] = (uint64_t)g[REG_R10];
    c.raw[4] = (uint64_t)g[REG_R8];
    c.raw[5] = (uint64_t)g[REG_R9];
    r = invoke(&c, row);
    if (r == -GATE_PUNT || r == -ERESTART)
        return false;
    result_put(g, r);
    a->served++;
    return true;
}
