/*
 * loader/ptrace.c: the ptrace door.
 *
 * One tracer thread for each task, since a tracee obeys only the thread that
 * attached it.  The filter stops the task at each of its calls (SECCOMP_RET_TRACE);
 * a host call is made by the task itself, sent to a stub of the gate that ends
 * in int3.  Data is never copied and a blocking call blocks in the guest.
 */
#include "loader/ptrace.h"

#include <asm/prctl.h>
#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loader/affinity.h"
#include "loader/gate/noted.h"
#include "loader/hostsig.h"
#include "loader/pico.h"
#include "loader/ptrace_xstate.h"
#include "syscalls/call.h"
#include "syscalls/hostproc.h"
#include "syscalls/hostsignals.h"
#include "syscalls/proc.h"
#include "syscalls/task.h"

_Static_assert(sizeof(struct regs) == sizeof(struct user_regs_struct), "struct regs is the host's");

/* What came of the clone that was to make the task, and so who ends it: its tracer, or the creator. */
enum clone_state { CLONE_UNDECIDED, CLONE_MADE, CLONE_FAILED };

struct door_task {
    struct regs         regs;    /* the guest's, at its trap */
    bool                dirty;   /* they are not what the task has */
    int                 dying;   /* the host signal that the task is to die by, and that goes through to it; 0: none */
    bool                started; /* its first stop at the gate's door has been seen; before that a kick would kill it */
    bool                given;   /* regs were set before the first event */
    uint32_t            clone;   /* futex, enum clone_state; the creator does not touch the task after setting it */
    struct affinity     affinity;
    uint64_t            noted;
    struct area_siginfo saved[65];
};

static int64_t futex(uint32_t *word, int op, uint32_t val) { return syscall(SYS_futex, word, op, val, NULL, NULL, 0); }

/* ---- stops ---------------------------------------------------------------- */

enum stop { STOP_GONE, STOP_DOOR, STOP_CALL, STOP_STUB, STOP_FAULT, STOP_SIGNAL };

static void gone(struct task *t, int status, const struct rusage *ru)
{
    t->dead = true;
    /* Only the leader's end is the process's; it is reported when every thread has gone. */
    if (t->host_tid == t->proc->pid)
        proc_exited(t->proc->pid, status, ru);
}

/*
 * The host's uretprobe (Linux 6.14) and uprobe (6.18), which its seccomp lets pass unasked (seccomp_uprobe_exception).
 * Where they answer with SIGILL whoever is no probe, a guest's call of that number comes as this signal.  uprobe
 * answers with ENXIO, of which nobody is told: what a guest calls by that number is not served under this door there.
 */
static bool is_probe_call(uint64_t nr) { return nr == 335 || nr == 336; }

/* A signal-delivery stop: what kind, with the registers in *r and the host's siginfo in *si. */
static enum stop signal_stop(struct task *t, int sig, struct regs *r, siginfo_t *si)
{
    const struct gate_header *g = pico_gate();

    *si = (siginfo_t){.si_signo = sig}; /* a task that was killed meanwhile tells no more */
    if (ptrace(PTRACE_GETSIGINFO, t->host_tid, 0, si) || ptrace(PTRACE_GETREGS, t->host_tid, 0, r))
        return STOP_SIGNAL;
    if (sig == SIGILL && is_probe_call(r->orig_rax))
        return STOP_CALL;
    if (sig == SIGTRAP && r->rip > g->pt_call && r->rip <= g->text_end)
        return STOP_STUB;
    return hostsig_is_fault(si->si_signo, si->si_code) ? STOP_FAULT : STOP_SIGNAL;
}

static void note(struct task *t, const siginfo_t *si)
{
    struct door_task *d = t->door;
    int               sig = si->si_signo;

    if (!(d->noted >> (sig - 1) & 1))
        hostsig_info(&d->saved[sig], si);
    d->noted = (d->noted & ~noted_undone_by(sig)) | 1ull << (sig - 1);
    __atomic_store_n(&t->area->noted, d->noted, __ATOMIC_RELEASE); /* for who looks: gate_clone_quiet, stop.c */
}

/* Lets the task run until it stops for a reason that concerns us. */
static enum stop wait_stop(struct task *t, struct regs *r, siginfo_t *si)
{
    for (;;) {
        struct rusage ru;
        int           st, sig, event;
        pid_t         tid = wait4(-1, &st, __WALL | __WNOTHREAD, &ru); /* this thread has one tracee */

        if (tid < 0) {
            if (errno == EINTR)
                continue;
            t->dead = true; /* its number was taken over by an exec in another thread */
            return STOP_GONE;
        }
        t->host_tid = tid; /* an exec gave it the leader's */
        if (WIFEXITED(st) || WIFSIGNALED(st)) {
            gone(t, st, &ru);
            return STOP_GONE;
        }
        sig = WSTOPSIG(st);
        event = st >> 16;
        if (event == PTRACE_EVENT_SECCOMP) {
            if (ptrace(PTRACE_GETREGS, t->host_tid, 0, r))
                continue; /* killed at its stop: the next wait tells */
            return r->orig_rax == DOOR_NR && r->rip >= GATE_BASE && r->rip < ZONE_END ? STOP_DOOR : STOP_CALL;
        }
        if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
            ptrace(PTRACE_LISTEN, t->host_tid, 0, 0); /* a group stop: stay stopped until SIGCONT */
            continue;
        }
        if (event) {
            ptrace(PTRACE_CONT, t->host_tid, 0, 0);
            continue;
        }
        if (sig == SIGSTOP || t->door->dying) {
            ptrace(PTRACE_CONT, t->host_tid, 0, sig == SIGSTOP || sig == t->door->dying ? sig : 0);
            continue;
        }
        return signal_stop(t, sig, r, si);
    }
}

/* ---- host calls -------------------------------------------------------------- */

static void stub_run(struct task *t, struct regs *r, uint64_t rip)
{
    r->rip = rip;
    r->orig_rax = ~0ull; /* nothing of the stopped call is left to do or to restart */
    r->cs = t->door->regs.cs;
    r->ss = t->door->regs.ss;
    r->eflags = 0x202;
    t->door->dirty = true;
    /* One that is being killed fails here; the wait will tell. */
    if (!ptrace(PTRACE_SETREGS, t->host_tid, 0, r))
        ptrace(PTRACE_CONT, t->host_tid, 0, 0);
}

/*
 * The guest's registers, for a task that goes on without a stub.  One that stands at a call of the guest's must not go
 * on without this, not even to die: the host would first make its own call of that number, with the guest's arguments.
 */
static void regs_write(struct task *t)
{
    t->door->regs.orig_rax = ~0ull;
    ptrace(PTRACE_SETREGS, t->host_tid, 0, &t->door->regs);
    t->door->dirty = false;
}

static bool host_interrupted(int64_t rax)
{
    return rax <= -512 && rax >= -516; /* ERESTARTSYS ... ERESTART_RESTARTBLOCK (include/linux/errno.h) */
}

/* Runs a stub to its int3.  wait: any signal ends it, -EINTR unless the host call completed, -ERESTART before it. */
static int64_t stub_result(struct task *t, bool wait, bool cas, struct regs *r)
{
    const struct gate_header *g = pico_gate();

    for (;;) {
        siginfo_t si;

        switch (wait_stop(t, r, &si)) {
        case STOP_GONE: return -ESRCH;
        case STOP_STUB: return (int64_t)r->rax;
        case STOP_DOOR: /* execveat succeeded, and the new gate is there */ t->door->regs = *r; return 0;
        case STOP_FAULT:
            if (cas)
                return -EFAULT;
            return -ESRCH;
        case STOP_SIGNAL:
            note(t, &si);
            if (wait && r->rip == g->pt_call)
                return -ERESTART;
            if (wait && r->rip == g->pt_call + 2 && host_interrupted((int64_t)r->rax))
                return -EINTR;
            ptrace(PTRACE_CONT, t->host_tid, 0, 0);
            break;
        default: return -ESRCH;
        }
    }
}

static struct task *task_by_host_tid_locked(pid_t tid)
{
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        if (session.tasks[i] && session.tasks[i]->host_tid == tid)
            return session.tasks[i];
    return NULL;
}

static int64_t affinity_of(struct task *self, long nr, const uint64_t a[6])
{
    struct task *t;
    int64_t      r = -ESRCH;

    pthread_mutex_lock(&session.lock);
    t = a[0] ? task_by_host_tid_locked((pid_t)a[0]) : self;
    if (t && t->door)
        r = affinity_call(&t->door->affinity, self->proc->pid, nr, a);
    pthread_mutex_unlock(&session.lock);
    return r;
}

static int64_t pt_host(struct task *t, long nr, const uint64_t a[6], bool wait)
{
    struct regs r = t->door->regs;
    int64_t     result;

    if (t->dead)
        return -ESRCH;
    if (wait && t->door->noted)
        return -ERESTART;
    if (nr == SYS_sched_getaffinity || nr == SYS_sched_setaffinity)
        return affinity_of(t, nr, a);
    r.rax = (uint64_t)nr;
    r.rdi = a[0];
    r.rsi = a[1];
    r.rdx = a[2];
    r.r10 = a[3];
    r.r8 = a[4];
    r.r9 = a[5];
    if (wait)
        affinity_stop(&t->door->affinity);
    stub_run(t, &r, pico_gate()->pt_call);
    result = stub_result(t, wait, false, &r);
    if (wait && !t->dead)
        affinity_run(&t->door->affinity, t->host_tid);
    if (nr == SYS_arch_prctl && a[0] == ARCH_SET_FS && !result)
        t->door->regs.fs_base = a[1]; /* or the guest would get the old one back with its registers */
    return result;
}

static int pt_cas(struct task *t, uint64_t at, uint32_t expect, uint32_t want, uint32_t *old)
{
    struct regs r = t->door->regs;
    int64_t     v;

    if (t->dead)
        return -ESRCH;
    r.rdi = at;
    r.rax = expect;
    r.rdx = want;
    stub_run(t, &r, pico_gate()->pt_cas);
    v = stub_result(t, false, true, &r);
    if (v == -EFAULT || v == -ESRCH)
        return (int)v;
    *old = (uint32_t)r.rax;
    return 0;
}

static void *tracer_main(void *arg);

static void clone_decide(struct task *child, enum clone_state what)
{
    uint32_t *word = &child->door->clone;

    __atomic_store_n(word, what, __ATOMIC_RELEASE);
    futex(word, FUTEX_WAKE, 1);
}

static void child_is_made(struct task *child)
{
    pthread_mutex_lock(&session.lock);
    child->state = TASK_LIVE; /* its creator's handler is to leave it alone */
    pthread_mutex_unlock(&session.lock);
}

/* The tracee is gone.  The creator may be about to look at the task still: it is ended after that. */
static void tracer_end(struct task *t)
{
    struct door_task *d = t->door;

    while (__atomic_load_n(&d->clone, __ATOMIC_ACQUIRE) == CLONE_UNDECIDED)
        futex(&d->clone, FUTEX_WAIT, CLONE_UNDECIDED);
    affinity_stop(&d->affinity);
    task_end(t);
}

static void pt_regs_set(struct task *t, const struct regs *r);

static int64_t pt_clone(struct task *parent, struct task *child, uint64_t flags, uint64_t tls, const struct regs *regs)
{
    struct regs  r = parent->door->regs;
    struct area *pa = parent->area, *ca = child->area;
    pthread_t    thread;
    int64_t      v;
    int          err;

    if (parent->dead)
        return -ESRCH;
    pt_regs_set(child, regs);
    affinity_init(&child->door->affinity, &parent->door->affinity);
    ca->attached = 0;
    ca->frame = 0;
    err = pthread_create(&thread, NULL, tracer_main, child);
    if (err)
        return -err;
    pa->args[0] = flags;
    pa->args[1] = ((uint64_t)ca + AREA_STACK_END - 256) & ~15ull;
    pa->args[2] = (uint64_t)&ca->host_tid;
    pa->args[3] = (uint64_t)&ca->host_tid;
    pa->args[4] = tls;
    pa->args[5] = (uint64_t)ca;
    r.rdi = (uint64_t)pa;
    r.rsp = ((uint64_t)pa + AREA_STACK_END - 256) & ~15ull;
    stub_run(parent, &r, pico_gate()->pt_clone);
    v = stub_result(parent, false, false, &r);
    if (v < 0 && !(v == -ESRCH && __atomic_load_n(&ca->ready, __ATOMIC_ACQUIRE))) {
        clone_decide(child, CLONE_FAILED);
        futex(&ca->ready, FUTEX_WAKE, 1);
        pthread_join(thread, NULL);
    } else {
        if (v < 0)
            child_is_made(child); /* the creator was killed, the child lives */
        clone_decide(child, CLONE_MADE);
        pthread_detach(thread);
    }
    return v;
}

static void pt_finish(struct task *t, long nr, int status)
{
    struct regs r = t->door->regs;
    siginfo_t   si;

    r.rax = (uint64_t)nr;
    r.rdi = (uint64_t)status;
    stub_run(t, &r, pico_gate()->pt_call);
    while (wait_stop(t, &r, &si) != STOP_GONE)
        ptrace(PTRACE_CONT, t->host_tid, 0, 0);
    t->dead = true;
    tracer_end(t);
    pthread_exit(NULL);
}

static void pt_die(struct call *c, int hostsig)
{
    struct task *t = c->task;
    struct regs  r;
    siginfo_t    si;

    t->door->dying = hostsig;
    regs_write(t);
    syscall(SYS_tgkill, t->proc->pid, t->host_tid, hostsig);
    ptrace(PTRACE_CONT, t->host_tid, 0, hostsig);
    while (wait_stop(t, &r, &si) != STOP_GONE)
        ptrace(PTRACE_CONT, t->host_tid, 0, hostsig);
}

/* ---- registers ------------------------------------------------------------- */

static void pt_regs_get(struct task *t, struct regs *r) { *r = t->door->regs; }

static void pt_regs_set(struct task *t, const struct regs *r)
{
    struct regs *to = &t->door->regs;
    uint64_t     cs = to->cs, ss = to->ss, fs = to->fs_base, gs = to->gs_base;

    *to = *r;
    to->cs = cs;
    to->ss = ss;
    to->fs_base = fs; /* changed by arch_prctl in the guest's context only */
    to->gs_base = gs;
    to->ds = to->es = to->fs = to->gs = 0;
    t->door->dirty = true;
    t->door->given = true;
}

/* ---- signals ------------------------------------------------------------------ */

static void pt_take_noted(struct task *t, noted_fn *fn)
{
    struct door_task *d = t->door;
    uint64_t          bits = d->noted;

    d->noted = 0;
    __atomic_store_n(&t->area->noted, 0, __ATOMIC_RELEASE);
    for (; bits; bits &= bits - 1)
        fn(t, &d->saved[__builtin_ctzll(bits) + 1]);
}

static void pt_kick(struct task *t)
{
    /* Not started yet: its first stop is to come, and what is pending will be seen there. */
    if (t->host_tid > 0 && !t->dead && t->door && t->door->started)
        syscall(SYS_tgkill, t->proc->pid, t->host_tid, KICK_SIGNAL);
}

/* ---- life ------------------------------------------------------------------------ */

static int pt_task_init(struct task *t)
{
    t->door = calloc(1, sizeof(*t->door));
    return t->door ? 0 : -ENOMEM;
}

/* The tracer thread frees its task by itself; here it is only made to notice. */
static void pt_reap(struct task *t) { t->dead = true; }

/* It was killed before it could be attached.  Nobody traces it yet, so a process's end is for us to collect here. */
static bool orphaned(struct task *t)
{
    struct rusage ru;
    int           st;
    bool          live;

    if (t->host_tid && t->host_tid == t->proc->pid && wait4(t->host_tid, &st, __WALL | WNOHANG, &ru) == t->host_tid) {
        gone(t, st, &ru);
        return true;
    }
    pthread_mutex_lock(&session.lock);
    live = t->proc->state == PROC_LIVE && !(t->host_tid && kill(t->host_tid, 0) && errno == ESRCH);
    pthread_mutex_unlock(&session.lock);
    return !live;
}

/*
 * Dead by now (one that has ended and is not yet forgotten is refused with EPERM, ptrace_attach), or the host does not
 * let us trace: either way its process ends, and is collected here.
 */
static void not_traceable(struct task *t, int err)
{
    struct rusage ru;
    int           st;

    t->dead = true;
    if (err != ESRCH && !host_is_ending(t->host_tid))
        kill(t->proc->pid, SIGKILL);
    if (err == EPERM && t->proc == session.first && t->host_tid == t->proc->pid)
        fprintf(stderr, "dragoman: the host does not let a process trace its child; use --door=notify\n");
    if (t->host_tid == t->proc->pid && wait4(t->host_tid, &st, __WALL, &ru) == t->host_tid)
        gone(t, st, &ru);
}

static bool attach(struct task *t)
{
    static const struct timespec look_again = {0, 20000000};

    struct area *a = t->area;
    long         options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC;

    /* The child says when it is in its gate; one that was killed before that says nothing. */
    while (!__atomic_load_n(&a->ready, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&t->door->clone, __ATOMIC_ACQUIRE) == CLONE_FAILED)
            return false;
        if (__atomic_load_n(&t->door->clone, __ATOMIC_ACQUIRE) == CLONE_MADE && orphaned(t)) {
            t->dead = true;
            return true;
        }
        syscall(SYS_futex, &a->ready, FUTEX_WAIT, 0, &look_again, NULL, 0);
    }
    pthread_mutex_lock(&session.lock);
    if (!t->host_tid)
        task_adopt_locked(t, (pid_t)a->host_tid);
    pthread_mutex_unlock(&session.lock);
    if (ptrace(PTRACE_SEIZE, t->host_tid, 0, options)) {
        not_traceable(t, errno);
        return true;
    }
    __atomic_store_n(&a->attached, 1, __ATOMIC_RELEASE);
    futex(&a->attached, FUTEX_WAKE, 1);
    return true;
}

static void guest_run(struct task *t)
{
    if (t->door->dirty)
        regs_write(t);
    affinity_run(&t->door->affinity, t->host_tid);
    ptrace(PTRACE_CONT, t->host_tid, 0, 0);
}

/* At a fresh task's first stop: its host-side registers, and the guest's if they were set already. */
static void first_regs(struct door_task *d, const struct regs *r)
{
    struct regs mine = d->regs;
    uint64_t    cs = r->cs, ss = r->ss, fs = r->fs_base, gs = r->gs_base;

    if (!d->given) {
        d->regs = *r;
        return;
    }
    d->regs = mine;
    d->regs.cs = cs;
    d->regs.ss = ss;
    d->regs.fs_base = fs;
    d->regs.gs_base = gs;
    d->dirty = true;
}

static bool event_serve(struct task *t, enum stop s, const struct regs *r, const siginfo_t *si)
{
    struct door_task *d = t->door;

    switch (s) {
    case STOP_DOOR:
        first_regs(d, r);
        pthread_mutex_lock(&session.lock);
        d->started = true;
        pthread_mutex_unlock(&session.lock);
        task_serve(t, (enum area_event)t->area->event);
        return true;
    case STOP_CALL:
        d->regs = *r;
        d->regs.rax = r->orig_rax; /* the guest's number */
        d->dirty = true;
        task_serve(t, EVENT_CALL);
        return true;
    case STOP_FAULT:
    case STOP_STUB: /* an int3 of the guest's that jumped into the gate */
        d->regs = *r;
        hostsig_info(&t->area->info, si);
        task_serve(t, EVENT_SIGNAL);
        return true;
    case STOP_SIGNAL:
        note(t, si);
        if (!d->started) {
            ptrace(PTRACE_CONT, t->host_tid, 0, 0); /* still in the gate: these are not the guest's registers */
            return true;
        }
        d->regs = *r;
        task_serve(t, EVENT_NOTED);
        return true;
    default: return false;
    }
}

static void *tracer_main(void *arg)
{
    struct task *t = arg;
    struct regs  r;
    siginfo_t    si;

    host_signals_mask(SIG_BLOCK, ~0ull);
    if (!attach(t))
        return NULL; /* the clone failed; its caller frees the task */
    while (!t->dead) {
        enum stop s = wait_stop(t, &r, &si);

        if (s == STOP_GONE || !event_serve(t, s, &r, &si))
            break;
        if (!t->dead && t->door->started)
            guest_run(t);
    }
    tracer_end(t);
    return NULL;
}

int ptrace_start(struct task *first)
{
    pthread_t thread;
    int       err;

    first->area->ready = 1;
    first->door->clone = CLONE_MADE;
    affinity_init(&first->door->affinity, NULL);
    err = pthread_create(&thread, NULL, tracer_main, first);
    return err ? -err : -pthread_detach(thread);
}

const struct door_ops ptrace_door = {
    .name = "ptrace",
    .is_ptrace = true,
    .host = pt_host,
    .cas = pt_cas,
    .clone = pt_clone,
    .finish = pt_finish,
    .die = pt_die,
    .regs_get = pt_regs_get,
    .regs_set = pt_regs_set,
    .xstate_get = pt_xstate_get,
    .xstate_set = pt_xstate_set,
    .take_noted = pt_take_noted,
    .kick = pt_kick,
    .task_init = pt_task_init,
    .reap = pt_reap,
};
