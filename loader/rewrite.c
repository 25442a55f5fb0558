/*
 * A site is written through /proc/PID/mem, which makes the page the process's own.
 *
 * With other threads about, the bytes change in an order that leaves at every
 * moment only the old instructions, the new one, or something that traps:
 *
 *     1. int3 at the site, and a refused opcode at each instruction that has moved
 *     2. all threads see that (membarrier, SYNC_CORE)
 *     3. the rest of the jump's distance, and the same again
 *     4. the jump's first byte
 *
 * and the reverse on the way back.  Who runs into one of the traps comes here
 * (rewrite_fault) and is sent on: to the stub, or back to the site.
 */
#include "loader/rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/stub.h"
#include "syscalls/code.h"
#include "syscalls/door.h"
#include "syscalls/fdshare.h"
#include "syscalls/memory.h"
#include "syscalls/memory_maps.h"
#include "syscalls/proc.h"

#define INT3       0xcc
#define FAULTS_MAX 64 /* so many times in the middle of a site: it is put back for good */

/* The process's memory and its map, for the length of one change. */
struct io {
    int mem, maps;
};

static bool io_open(const struct proc *p, struct io *io)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)p->pid);
    io->mem = open(path, O_RDWR | O_CLOEXEC);
    io->maps = io->mem < 0 ? -1 : maps_open(p->pid);
    if (io->mem >= 0 && io->maps < 0)
        close(io->mem);
    return io->maps >= 0;
}

static void io_close(struct io *io)
{
    close(io->mem);
    close(io->maps);
}

static bool io_write(const struct io *io, uint64_t at, const void *bytes, size_t n)
{
    return pwrite(io->mem, bytes, n, (off_t)at) == (ssize_t)n;
}

/* ---- one at a time --------------------------------------------------------------------- */

static bool busy_try(struct sites *s) { return !__atomic_exchange_n(&s->busy, 1, __ATOMIC_ACQUIRE); }

static int busy_take(struct call *c, struct sites *s)
{
    while (!busy_try(s))
        if (host_call(c, SYS_sched_yield) == -ESRCH)
            return -ESRCH;
    return 0;
}

static void busy_drop(struct sites *s) { __atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE); }

/* ---- what the gate has to know ------------------------------------------------------------ */

static void watch_granule(struct gate_sites *g, uint32_t granule)
{
    uint32_t n = g->nwatched;

    for (uint32_t i = 0; i < n && i < WATCHED_MAX; i++)
        if (g->watched[i] == granule)
            return;
    if (n < WATCHED_MAX)
        g->watched[n] = granule;
    if (n <= WATCHED_MAX)
        g->nwatched = n + 1; /* one more than fit: everything is watched */
}

static void watch(struct proc *p, const struct rewritten *w)
{
    struct gate_sites *g = gate_sites_of(p->fds);

    watch_granule(g, (uint32_t)(w->at >> WATCHED_SHIFT));
    watch_granule(g, (uint32_t)((w->at + SITE_LEN - 1) >> WATCHED_SHIFT));
    watch_granule(g, (uint32_t)(w->stub >> WATCHED_SHIFT));
}

/* In every process that shares the memory. */
static void watch_everywhere(const struct sites *s, const struct rewritten *w)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (p->sites == s && p->fds)
            watch(p, w);
    pthread_mutex_unlock(&session.lock);
}

void rewrite_started(struct call *c)
{
    struct sites *s = c->proc->sites;

    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->sites[i].state == SITE_JUMPS)
            watch(c->proc, &s->sites[i]);
    pthread_mutex_unlock(&s->lock);
}

/* ---- bytes into the text --------------------------------------------------------------------- */

static bool others_run(const struct call *c)
{
    return c->proc->ntasks > 1 || __atomic_load_n(&c->proc->sites->refs, __ATOMIC_RELAXED) > 1;
}

static int64_t membarrier(struct call *c, int command) { return host_call(c, SYS_membarrier, command, 0, 0); }

/* Every thread of the process fetches instructions anew.  Asked for once before anything is changed. */
static bool all_see(struct call *c)
{
    int64_t r = membarrier(c, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);

    if (r == -EPERM && !membarrier(c, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
        r = membarrier(c, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
    return r == 0;
}

static bool starts_one(const struct rewritten *w, unsigned i)
{
    for (unsigned k = 0; k < w->n; k++)
        if (w->moved[k] == i)
            return true;
    return false;
}

/* Bytes 1 to 4 of the site: those where a moved instruction begins, or those where none does. */
static bool write_bytes(const struct io *io, const struct rewritten *w, const uint8_t *bytes, bool starts)
{
    for (unsigned i = 1; i < SITE_LEN; i++)
        if (starts_one(w, i) == starts && !io_write(io, w->at + i, bytes + i, 1))
            return false;
    return true;
}

static bool jump_write(struct call *c, const struct io *io, const struct rewritten *w)
{
    static const uint8_t int3 = INT3;

    if (!others_run(c))
        return io_write(io, w->at, w->jump, SITE_LEN);
    if (!all_see(c)) /* the host cannot do it: nothing has changed yet */
        return false;
    return io_write(io, w->at, &int3, 1) && write_bytes(io, w, w->jump, true) && all_see(c) &&
           write_bytes(io, w, w->jump, false) && all_see(c) && io_write(io, w->at, w->jump, 1);
}

static void jump_undo(struct call *c, const struct io *io, const struct rewritten *w)
{
    static const uint8_t int3 = INT3;

    if (!others_run(c)) {
        io_write(io, w->at, w->was, SITE_LEN);
        return;
    }
    io_write(io, w->at, &int3, 1);
    all_see(c);
    write_bytes(io, w, w->was, false);
    all_see(c);
    write_bytes(io, w, w->was, true);
    all_see(c);
    io_write(io, w->at, w->was, 1);
}

/* ---- a site --------------------------------------------------------------------------------------- */

/* Code that nobody writes to: private, executable, not writable. */
static bool site_read(const struct io *io, struct making *m, uint64_t at)
{
    struct map_entry e;
    uint8_t          near[2 * SITE_NEAR];
    uint64_t         from, n, before;

    if (maps_find(io->maps, at, &e) || e.start > at || e.shared || e.prot != (PROT_READ | PROT_EXEC))
        return false;
    from = at - e.start < SITE_NEAR ? e.start : at - SITE_NEAR;
    n = e.end - from < sizeof(near) ? e.end - from : sizeof(near);
    before = at - from;
    if (pread(io->mem, near, n, (off_t)from) != (ssize_t)n)
        return false;
    memcpy(m->code, near + before, n - before < SITE_READ ? n - before : SITE_READ);
    return !site_plan(m->code, n - before < SITE_READ ? n - before : SITE_READ, before ? near[before - 1] : 0, at,
                      site_targets(near, n, before), &m->plan);
}

static void record(struct making *m)
{
    struct rewritten *w = &m->w;

    w->at = m->plan.at;
    w->state = SITE_JUMPS;
    w->n = m->plan.n;
    w->end = m->plan.end;
    for (unsigned i = 0; i < w->n; i++)
        w->moved[i] = m->plan.moved[i].at;
    memcpy(w->to, m->stub.to, sizeof(w->to));
    w->stub_len = m->stub.len;
    memcpy(w->was, m->code, SITE_LEN);
}

static void mark_undone(struct sites *s, uint64_t at)
{
    struct rewritten *w;

    pthread_mutex_lock(&s->lock);
    w = site_at(s, at);
    if (w)
        w->state = SITE_UNDONE;
    pthread_mutex_unlock(&s->lock);
}

static void site_rewrite(struct call *c, const struct io *io, struct sites *s, struct making *m)
{
    struct stub_page *page = stub_place(c, io->maps, s, m);
    bool              known;

    if (!page || !io_write(io, m->w.stub, m->stub.bytes, m->stub.len))
        return;
    record(m);
    pthread_mutex_lock(&s->lock);
    stub_take(page, m->w.stub, m->w.stub_len);
    known = site_add(s, &m->w);
    pthread_mutex_unlock(&s->lock);
    if (!known)
        return;
    watch_everywhere(s, &m->w);
    if (!jump_write(c, io, &m->w)) {
        jump_undo(c, io, &m->w);
        mark_undone(s, m->w.at);
    }
}

static bool site_overlaps(struct sites *s, uint64_t at)
{
    bool yes;

    pthread_mutex_lock(&s->lock);
    yes = site_in(s, at, at + SITE_LEN);
    pthread_mutex_unlock(&s->lock);
    return yes;
}

/* The process's record, made when it is first needed.  NULL: no memory. */
static struct sites *sites_of(struct proc *p)
{
    struct sites *none = NULL, *s = __atomic_load_n(&p->sites, __ATOMIC_ACQUIRE);

    if (s || !(s = sites_new()))
        return s;
    if (__atomic_compare_exchange_n(&p->sites, &none, s, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return s;
    sites_put(s); /* another thread was faster */
    return none;
}

/* Another site is being rewritten just now: the next trap of this one asks again. */
static void ask_again(struct proc *p, uint64_t rip)
{
    uint32_t *hit = &gate_sites_of(p->fds)->hits[rip & 1023];

    if ((*hit & 255) >= SITE_HITS)
        *hit = (*hit & ~255u) | (SITE_HITS - 1);
}

void rewrite_site(struct call *c)
{
    struct sites *s = sites_of(c->proc);
    struct making m = {0};
    struct io     io;
    struct regs   r;

    if (!s)
        return;
    door->regs_get(c->task, &r);
    if (!busy_try(s)) {
        ask_again(c->proc, r.rip);
        return;
    }
    if (!site_overlaps(s, r.rip - SITE_CALL) && io_open(c->proc, &io)) {
        if (site_read(&io, &m, r.rip - SITE_CALL))
            site_rewrite(c, &io, s, &m);
        io_close(&io);
    }
    busy_drop(s);
}

/* The site gets its own bytes back.  busy is ours.  False: they cannot be written any more. */
static bool site_undo(struct call *c, struct sites *s, uint64_t at)
{
    struct rewritten *w, was;
    struct io         io;

    if (!io_open(c->proc, &io))
        return false;
    pthread_mutex_lock(&s->lock);
    w = site_at(s, at);
    if (w)
        was = *w;
    pthread_mutex_unlock(&s->lock);
    if (w)
        jump_undo(c, &io, &was);
    mark_undone(s, at);
    io_close(&io);
    return true;
}

/* ---- who is in the middle of it ---------------------------------------------------------------------- */

static void rip_set(struct call *c, struct regs *r, uint64_t rip)
{
    r->rip = rip;
    door->regs_set(c->task, r);
}

/* Where somebody at rip has to go on, 0: where he is. */
typedef uint64_t elsewhere_fn(struct sites *s, uint64_t rip);

static uint64_t out_of_stub(struct sites *s, uint64_t rip)
{
    const struct rewritten *w = site_of_stub(s, rip);

    return w ? site_to_text(w, rip) : 0;
}

static uint64_t into_stub(struct sites *s, uint64_t rip)
{
    const struct rewritten *w = site_at(s, rip);

    return w ? site_to_stub(w, rip) : 0;
}

static void move(struct call *c, elsewhere_fn *elsewhere)
{
    struct sites *s = c->proc->sites;
    struct regs   r;
    uint64_t      to;

    if (!s)
        return;
    door->regs_get(c->task, &r);
    pthread_mutex_lock(&s->lock);
    to = elsewhere(s, r.rip);
    pthread_mutex_unlock(&s->lock);
    if (to)
        rip_set(c, &r, to);
}

void rewrite_enter(struct call *c) { move(c, out_of_stub); }

void rewrite_leave(struct call *c)
{
    if (!c->task->dead)
        move(c, into_stub);
}

/*
 * The trap was there when the thread ran into it, and by now the site was undone: its
 * own instructions are to run.  Those may trap for reasons of their own, the next time.
 */
static bool trap_is_gone(struct task *t, struct sites *s, uint64_t rip)
{
    bool gone;

    pthread_mutex_lock(&s->lock);
    gone = t->trapped_at != rip && site_undone_at(s, rip);
    pthread_mutex_unlock(&s->lock);
    t->trapped_at = gone ? rip : 0;
    return gone;
}

/* What a trap at rip means.  stub: where it goes on, 0: nowhere; undo: the site must go. */
static bool trap_read(struct sites *s, uint64_t rip, uint64_t *stub, bool *undo)
{
    struct rewritten *w;

    pthread_mutex_lock(&s->lock);
    w = site_at(s, rip);
    if (w) {
        *stub = site_to_stub(w, rip);
        *undo = w->at != rip && (!*stub || ++w->faults > FAULTS_MAX);
    }
    pthread_mutex_unlock(&s->lock);
    return w;
}

static bool trap_serve(struct call *c, struct sites *s, struct regs *r, uint64_t rip)
{
    uint64_t stub = 0;
    bool     undo = false;

    if (!trap_read(s, rip, &stub, &undo)) {
        if (!trap_is_gone(c->task, s, rip))
            return false;
        rip_set(c, r, rip);
        return true;
    }
    if (undo) {
        if (busy_take(c, s))
            return true;
        undo = site_undo(c, s, rip);
        busy_drop(s);
        if (!undo)
            return false;
    }
    rip_set(c, r, undo || !stub ? rip : stub);
    return true;
}

bool rewrite_fault(struct call *c, struct area_siginfo *info)
{
    struct sites *s = c->proc->sites;
    struct regs   r;
    uint64_t      was;

    if (!s)
        return false;
    door->regs_get(c->task, &r);
    was = r.rip;
    if (info->signo == SIGILL && info->code > 0 && trap_serve(c, s, &r, was))
        return true;
    if (info->signo == SIGTRAP && info->code > 0 && trap_serve(c, s, &r, was - 1))
        return true;
    rewrite_enter(c);
    door->regs_get(c->task, &r);
    if (info->addr == was) /* of a fault in the instruction itself */
        info->addr = r.rip;
    return false;
}

/* ---- what the calls tell ------------------------------------------------------------------------------- */

static void forget(struct call *c, uint64_t from, uint64_t to)
{
    struct sites     *s = c->proc->sites;
    struct rewritten *w;

    while (s) {
        uint64_t at = 0;

        pthread_mutex_lock(&s->lock);
        w = site_in(s, from, to);
        if (w)
            at = w->at;
        pthread_mutex_unlock(&s->lock);
        if (!w || busy_take(c, s))
            return;
        if (!site_undo(c, s, at))
            s = NULL;
        busy_drop(c->proc->sites);
    }
}

static int fork_begin(struct call *c, struct proc *child, bool shares_memory)
{
    struct sites *s = sites_of(c->proc);
    int           err = 0;

    if (!s)
        return -ENOMEM;
    if (shares_memory) {
        child->sites = sites_get(s);
        return 0;
    }
    err = busy_take(c, s);
    if (err)
        return err;
    child->sites = sites_copy(s);
    if (child->sites)
        return 0;
    busy_drop(s);
    return -ENOMEM;
}

static void fork_end(struct call *c, bool shares_memory)
{
    if (!shares_memory)
        busy_drop(c->proc->sites);
}

static void drop(struct proc *p)
{
    sites_put(p->sites);
    p->sites = NULL;
    if (p->fds && !fdtable_is_shared(p->fds)) /* else others' code is watched by it, too */
        memset(gate_sites_of(p->fds), 0, sizeof(struct gate_sites));
}

static const struct code_ops ops = {.forget = forget, .fork_begin = fork_begin, .fork_end = fork_end, .drop = drop};

void rewrite_init(void) { code_ops = &ops; }
