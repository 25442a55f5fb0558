/*
 * loader/notify.c: the notify door.
 *
 * A trapped call raises SIGSYS into the gate; the gate makes its door call, and
 * a worker here receives it.  Each task has a stack of its own in the provider:
 * the worker switches to it, the handler runs, and when it needs a host call the
 * stack is left, the order goes to the gate as the answer, and whichever worker
 * receives the result switches back.  So a handler that waits for its guest
 * holds no worker.
 */
#include "loader/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "loader/coro.h"
#include "syscalls/call.h"
#include "syscalls/hostcpu.h"
#include "syscalls/hostsignals.h"
#include "syscalls/proc.h"
#include "syscalls/task.h"

/* Younger than Debian 12's header (Linux 6.6). */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#endif

enum { PARKED, RUNNING };

struct door_task {
    void      *stack;
    void      *sp;     /* of the task's coroutine while it is parked */
    void      *worker; /* stack pointer of the worker that runs it */
    atomic_int state;
    bool       finished; /* the coroutine will not be resumed */
};

static int listener_fd = -1;

static ucontext_t *frame_of(struct task *t)
{
    uint64_t f = t->area->frame;
    uint64_t lo = (uint64_t)t->area + AREA_STACK, hi = (uint64_t)t->area + AREA_STACK_END;

    /* The guest can write this word; an address outside its own stack is its own undoing. */
    if (f < lo || f > hi - sizeof(ucontext_t) - 64 || (f & 7))
        f = lo;
    return (ucontext_t *)f;
}

/* Leaves the task's stack until its next event; the answer goes out after we have left. */
static void park(struct task *t)
{
    struct door_task *d = t->door;

    coro_switch(&d->sp, d->worker);
}

static int64_t order(struct task *t, enum area_op op)
{
    if (t->dead)
        return -ESRCH;
    t->area->op = op;
    park(t);
    return t->dead ? -ESRCH : t->area->result;
}

static int64_t notify_host(struct task *t, long nr, const uint64_t args[6], bool wait)
{
    int64_t r;

    if (t->dead)
        return -ESRCH;
    t->area->nr = (uint64_t)nr;
    memcpy(t->area->args, args, 6 * sizeof(*args));
    r = order(t, wait ? OP_WAIT : OP_CALL);
    if (!t->dead && t->area->event == EVENT_BOOT)
        return 0; /* a successful execveat */
    return r;
}

static int64_t notify_batch(struct task *t, uint64_t steps, unsigned n)
{
    if (t->dead)
        return -ESRCH;
    t->area->args[0] = steps;
    t->area->args[1] = n;
    return order(t, OP_BATCH);
}

static int notify_cas(struct task *t, uint64_t at, uint32_t expect, uint32_t want, uint32_t *old)
{
    struct area *a = t->area;
    int64_t      r;

    a->args[0] = at;
    a->args[1] = expect;
    a->args[2] = want;
    r = order(t, OP_CAS);
    *old = (uint32_t)a->args[3];
    return (int)r;
}

/* The child resumes the guest through a copy of its parent's host frame, at the same place in its own area. */
static void frame_copy(struct task *parent, struct task *child)
{
    ucontext_t *from = frame_of(parent), *to;
    uint64_t    delta = (uint64_t)child->area - (uint64_t)parent->area;
    size_t      n = (uint64_t)parent->area + AREA_STACK_END - (uint64_t)from;

    child->area->frame = (uint64_t)from + delta;
    to = (ucontext_t *)child->area->frame;
    memcpy(to, from, n);
    to->uc_mcontext.fpregs = (fpregset_t)((uint64_t)from->uc_mcontext.fpregs + delta);
    to->uc_stack.ss_sp = (char *)child->area + AREA_STACK;
    sigemptyset(&to->uc_sigmask);
}

static void notify_regs_set(struct task *t, const struct regs *r);

static int64_t notify_clone(struct task *parent, struct task *child, uint64_t flags, uint64_t tls,
                            const struct regs *regs)
{
    struct area *a = parent->area, *ca = child->area;

    if (parent->dead)
        return -ESRCH;
    frame_copy(parent, child);
    notify_regs_set(child, regs);
    ca->attached = 1;
    a->args[0] = flags;
    a->args[1] = (ca->frame - 256) & ~15ull;
    a->args[2] = (uint64_t)&ca->host_tid;
    a->args[3] = (uint64_t)&ca->host_tid;
    a->args[4] = tls;
    a->args[5] = (uint64_t)ca;
    return order(parent, OP_CLONE);
}

static void notify_finish(struct task *t, long nr, int status)
{
    t->door->finished = true;
    t->area->nr = (uint64_t)nr;
    t->area->args[0] = (uint64_t)status;
    t->area->op = OP_CALL;
    park(t);
    abort(); /* a finished task is never resumed */
}

/* Back to the host's default action and an empty mask, then the signal; after that the thread does not return. */
static void notify_die(struct call *c, int hostsig)
{
    struct task   *t = c->task;
    struct scratch s;

    c->scratch_used = 0;
    s = scratch_get(c, 64);
    memset(s.p, 0, 64); /* SIG_DFL, and the empty set */
    if (hostsig != SIGKILL)
        host_call(c, SYS_rt_sigaction, hostsig, s.va, 0, 8);
    host_call(c, SYS_rt_sigprocmask, SIG_SETMASK, s.va, 0, 8);
    while (!t->dead)
        host_call(c, SYS_tgkill, t->proc->pid, t->host_tid, hostsig);
}

static const uint8_t greg_of[] = {
    /* in the order of struct regs: r15 .. rdi */
    REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10,
    REG_R9,  REG_R8,  REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
};

static void notify_regs_get(struct task *t, struct regs *r)
{
    const greg_t *g = frame_of(t)->uc_mcontext.gregs;
    uint64_t     *w = &r->r15;

    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < sizeof(greg_of); i++)
        w[i] = (uint64_t)g[greg_of[i]];
    r->orig_rax = r->rax;
    r->rip = (uint64_t)g[REG_RIP];
    r->rsp = (uint64_t)g[REG_RSP];
    r->eflags = (uint64_t)g[REG_EFL];
    r->fs_base = t->area->fs_base;
}

static void notify_regs_set(struct task *t, const struct regs *r)
{
    greg_t         *g = frame_of(t)->uc_mcontext.gregs;
    const uint64_t *w = &r->r15;

    for (size_t i = 0; i < sizeof(greg_of); i++)
        g[greg_of[i]] = (greg_t)w[i];
    g[REG_RIP] = (greg_t)r->rip;
    g[REG_RSP] = (greg_t)r->rsp;
    g[REG_EFL] = (greg_t)r->eflags;
}

/* The host's signal frame ends in an XSAVE image; its size is in the software-reserved bytes (asm/sigcontext.h). */
static size_t xstate_in_frame(struct task *t, uint8_t **at)
{
    uint64_t fp = (uint64_t)frame_of(t)->uc_mcontext.fpregs;
    uint64_t hi = (uint64_t)t->area + AREA_STACK_END;
    uint32_t magic, size;

    if (fp < (uint64_t)t->area + AREA_STACK || fp > hi - 512)
        return 0;
    *at = (uint8_t *)fp;
    memcpy(&magic, *at + 464, 4);
    memcpy(&size, *at + 464 + 16, 4); /* xstate_size */
    if (magic != 0x46505853u || size < 576 || size > hi - fp)
        return 512;
    return size;
}

static size_t notify_xstate_get(struct task *t, void *buf, size_t size)
{
    uint8_t *at = NULL;
    size_t   n = xstate_in_frame(t, &at);

    if (n > size)
        n = size;
    if (n)
        memcpy(buf, at, n);
    return n;
}

static void notify_xstate_set(struct task *t, const void *buf, size_t size)
{
    uint8_t *at = NULL;
    size_t   n = xstate_in_frame(t, &at);
    uint8_t  sw[48];

    if (!n)
        return;
    memcpy(sw, at + 464, sizeof(sw)); /* the host's own bytes stay */
    memcpy(at, buf, size < n ? size : n);
    memcpy(at + 464, sw, sizeof(sw));
}

static void notify_take_noted(struct task *t, noted_fn *fn)
{
    uint64_t bits = __atomic_exchange_n(&t->area->noted, 0, __ATOMIC_SEQ_CST);

    while (bits) {
        int sig = __builtin_ctzll(bits) + 1;
        bits &= bits - 1;
        struct area_siginfo info = t->area->saved[sig];
        info.signo = sig;
        fn(t, &info);
    }
}

static void notify_kick(struct task *t)
{
    /* During an exec nobody would catch it; the new image's first event looks at what is pending. */
    if (t->host_tid > 0 && !t->dead && !t->execing)
        syscall(SYS_tgkill, t->proc->pid, t->host_tid, KICK_SIGNAL);
}

static void task_coroutine(void *arg)
{
    struct task *t = arg;

    while (!t->dead) {
        task_serve(t, (enum area_event)t->area->event);
        if (t->dead)
            break;
        t->area->op = OP_RESUME;
        park(t);
    }
    t->door->finished = true;
    park(t);
}

static void *worker_main(void *unused);

static int worker_add(void)
{
    pthread_t thread;
    int       err = pthread_create(&thread, NULL, worker_main, NULL);

    if (!err)
        pthread_detach(thread);
    return -err;
}

static atomic_int tasks, workers;

/* As many workers as there are tasks, and no more than processors: a single task never speaks twice at once. */
static void workers_adjust(void)
{
    if (listener_fd < 0 || atomic_load(&workers) >= atomic_load(&tasks))
        return;

    const int most = (int)host_cpus();
    if (atomic_fetch_add(&workers, 1) >= (most < 2 ? 2 : most > 16 ? 16 : most) || worker_add())
        atomic_fetch_sub(&workers, 1); /* those that are there will do */
}

static int notify_task_init(struct task *t)
{
    struct door_task *d = calloc(1, sizeof(*d));

    if (!d || !(d->stack = coro_stack_new())) {
        free(d);
        return -ENOMEM;
    }
    d->sp = coro_prepare(d->stack, task_coroutine, t);
    t->door = d;
    atomic_fetch_add(&tasks, 1);
    workers_adjust();
    return 0;
}

static bool task_take(struct door_task *d)
{
    int parked = PARKED;

    return atomic_compare_exchange_strong(&d->state, &parked, RUNNING);
}

static void notify_reap(struct task *t)
{
    struct door_task *d = t->door;

    if (!d)
        return;
    t->dead = true;
    while (!task_take(d))
        sched_yield(); /* a worker is just about to leave it */
    while (!d->finished)
        coro_switch(&d->worker, d->sp);
    coro_stack_free(d->stack);
    free(d);
    t->door = NULL;
    atomic_fetch_sub(&tasks, 1);
}

const struct door_ops notify_door = {
    .name = "notify",
    .host = notify_host,
    .batch = notify_batch,
    .cas = notify_cas,
    .clone = notify_clone,
    .finish = notify_finish,
    .die = notify_die,
    .regs_get = notify_regs_get,
    .regs_set = notify_regs_set,
    .xstate_get = notify_xstate_get,
    .xstate_set = notify_xstate_set,
    .take_noted = notify_take_noted,
    .kick = notify_kick,
    .task_init = notify_task_init,
    .reap = notify_reap,
};

/* The task that a notification speaks for, held RUNNING; NULL when it speaks for nobody. */
static struct task *task_of(const struct seccomp_notif *req)
{
    struct task *t;

    if (req->data.args[0] >= TASKS_MAX)
        return NULL;
    pthread_mutex_lock(&session.lock);
    t = task_by_index_locked((uint32_t)req->data.args[0]);
    if (t && (t->host_tid == 0 || t->execing))
        task_adopt_locked(t, (pid_t)req->pid); /* first contact, or the leader's number taken over by exec */
    if (t && (t->host_tid != (pid_t)req->pid || t->dead || !t->door || !task_take(t->door)))
        t = NULL;
    pthread_mutex_unlock(&session.lock);
    return t;
}

static void serve(const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
    struct task      *t = task_of(req);
    struct door_task *d;

    memset(resp, 0, sizeof(*resp));
    resp->id = req->id;
    if (!t) {
        resp->error = -EPERM; /* the gate ends the process on any error */
        return;
    }
    d = t->door;
    coro_switch(&d->worker, d->sp);
    atomic_store(&d->state, PARKED);
}

/* Once the last process behind the filter is gone, receiving fails at once and for ever, with the same ENOENT. */
static bool nobody_left(void)
{
    struct pollfd p = {.fd = listener_fd};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static void *worker_main(void *unused)
{
    struct seccomp_notif      req;
    struct seccomp_notif_resp resp;

    (void)unused;
    host_signals_mask(SIG_BLOCK, ~0ull);
    for (;;) {
        memset(&req, 0, sizeof(req));
        if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &req)) {
            if (errno == EINTR || (errno == ENOENT && !nobody_left()))
                continue;
            return NULL;
        }
        serve(&req, &resp);
        ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &resp); /* ENOENT: it died meanwhile; its reaper cleans up */
    }
}

int notify_start(int listener)
{
    listener_fd = listener;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, (uint64_t)SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    atomic_fetch_add(&workers, 1);
    return worker_add();
}
