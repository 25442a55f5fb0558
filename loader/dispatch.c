/*
 * loader/dispatch.c: one event of a task, from the door to the guest's next
 * instruction: the row is found, the call is made, signals are delivered.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "loader/hostsig.h"
#include "loader/rewrite.h"
#include "loader/stat.h"
#include "loader/trace.h"
#include "syscalls/capability.h"
#include "syscalls/cred.h"
#include "syscalls/door.h"
#include "syscalls/exec.h"
#include "syscalls/marshal.h"
#include "syscalls/pgrp.h"
#include "syscalls/signal.h"
#include "syscalls/task.h"

static void call_init(struct call *c, struct task *t)
{
    memset(c, 0, sizeof(*c));
    c->task = t;
    c->proc = t->proc;
    c->abi = t->proc->abi;
    t->call = c;
}

/* Arguments beyond the registers lie on the guest's stack, above the return address. */
static void args_read(struct call *c, const struct regs *r)
{
    uint64_t stack = 0;
    unsigned have = c->abi->args(r, c->raw, &stack);

    if (c->row && c->row->nargs > have)
        copy_in(c, &c->raw[have], GVA(stack), (c->row->nargs - have) * 8);
}

static const struct row *row_of(const struct abi *abi, uint64_t nr) { return nr < abi->nrows ? &abi->rows[nr] : NULL; }

/* syscall(0)-style: the number is the first argument, and the rest moves up by one. */
static void unfold(struct call *c, struct regs *r)
{
    uint64_t stack = 0, raw[ARGS_MAX + 1] = {0};
    unsigned have = c->abi->args(r, raw, &stack);

    c->row = row_of(c->abi, (uint32_t)raw[0]);
    c->nr = r->rax;
    memcpy(c->raw, raw + 1, (have - 1) * 8);
    if (c->row && c->row->nargs > have - 1)
        copy_in(c, &c->raw[have - 1], GVA(stack), (c->row->nargs - have + 1) * 8);
}

/* Once for each call of each ABI. */
static void say_missing(struct call *c)
{
    static uint64_t said[16]; /* by number; 1024 of them */
    uint64_t        bit = 1ull << (c->nr % 64);

    __atomic_add_fetch(&session.missing_calls, 1, __ATOMIC_RELAXED);
    if (__atomic_fetch_or(&said[c->nr / 64 % 16], bit, __ATOMIC_RELAXED) & bit)
        return;
    fprintf(stderr, "dragoman: %s: system call %lu (%s) is missing; the program gets ENOSYS\n", c->abi->name,
            (unsigned long)c->nr, c->row ? c->row->name : "no such number");
}

static int64_t invoke(struct call *c)
{
    if (capability_refuses(c))
        return -D_ECAPMODE;
    if (c->row && c->row->state != ROW_MISSING && c->row->state != ROW_HOLE && marshal_can(c->row))
        return marshal_call(c);
    say_missing(c);
    if (c->abi->enosys_sigsys && (!c->row || c->row->state == ROW_HOLE)) {
        pthread_mutex_lock(&session.lock);
        signal_post_task_locked(c->task, &(struct ksiginfo){.signo = c->abi->sig_from_host[SIGSYS]});
        pthread_mutex_unlock(&session.lock);
    }
    return -ENOSYS;
}

/* The result in the guest's convention.  -ERESTART is left to signals_deliver: true. */
static bool result_put(struct call *c, int64_t result)
{
    struct regs r;
    int         guest_errno = 0;

    if (result == -ERESTART)
        return true;
    door->regs_get(c->task, &r);
    if (result < 0 && result >= -4095) {
        int e = (int)-result;
        guest_errno = c->abi->errno_from_host[e < ERRNO_HOST_MAX ? e : EINVAL];
        c->abi->result_errno(&r, guest_errno);
    } else {
        c->abi->result(&r, result, c->has_rv2, c->rv2);
    }
    door->regs_set(c->task, &r);
    if (session.trace)
        trace_leave(c, result, guest_errno);
    return false;
}

/* What the gate knows of a call that it began, and what it has taken until now. */
static void call_begin(struct call *c, uint64_t nr)
{
    struct call *gates = &c->task->area->call;

    c->waited = gates->waited; /* there, and was interrupted */
    c->left_ns = c->waited ? gates->left_ns : 0;
    gates->waited = false;
    gates->left_ns = 0;
    c->nr = (uint32_t)nr;
    c->row = row_of(c->abi, c->nr);
}

static int64_t call_make(struct call *c)
{
    const uint64_t began = session.measured ? measure_now() : 0;
    int64_t        result;

    if (session.trace)
        trace_enter(c);
    if (session.measured)
        stat_enter(c);
    result = invoke(c);
    if (result == -ERESTART && c->unparked)
        result = -EINTR;
    if (session.measured)
        stat_leave(c, began, result);
    capability_trap(c, result);
    return result;
}

/*
 * A call that the gate asks for, of a row that says so: no registers but the arguments, and no frame.  So no signal can
 * be delivered at its end: what is pending is noted for the gate, whose exit then traps.  An interrupted call is made
 * again by a trap, and what that then returns is for signals_deliver to say.
 */
static void asked_serve(struct call *c)
{
    struct area *a = c->task->area;
    int64_t      result = -ERESTART;

    call_begin(c, a->regs.rax);
    memcpy(c->raw, a->call.raw, sizeof(c->raw));
    if (c->row && c->row->where != IN_PROVIDER) /* the guest can write there, too */
        result = call_make(c);
    if (c->task->dead)
        return;
    if (result == -ERESTART)
        a->call.waited = c->waited;
    else if (c->has_rv2)
        a->call.raw[2] = c->rv2; /* rdx */
    a->result = result;
    if (c->task->has_saved_mask || signal_deliverable(c->task))
        __atomic_or_fetch(&a->noted, 1ull << (KICK_SIGNAL - 1), __ATOMIC_SEQ_CST);
}

static bool call_serve(struct call *c)
{
    struct regs r;
    int64_t     result;

    door->regs_get(c->task, &r);
    call_begin(c, r.rax);
    if (c->abi->is_indirect((unsigned)c->nr))
        unfold(c, &r);
    else
        args_read(c, &r);
    result = call_make(c);
    if (c->task->dead || c->no_result) {
        if (session.trace && !c->task->dead)
            trace_leave(c, result, 0);
        return false;
    }
    return result_put(c, result);
}

static void signal_serve(struct call *c)
{
    struct area_siginfo info = c->task->area->info;

    if (hostsig_is_fault(info.signo, info.code) && rewrite_fault(c, &info))
        return;
    if (hostsig_is_fault(info.signo, info.code))
        signal_fault(c, &info);
    else
        signal_from_host(c->task, &info);
}

void task_serve(struct task *t, enum area_event event)
{
    struct call c;
    bool        restart = false;

    call_init(&c, t);
    if (event == EVENT_SITE) {
        rewrite_site(&c);
        rewrite_leave(&c);
        t->call = NULL;
        return; /* the gate looks by itself whether a signal came */
    }
    if (event == EVENT_SIGNAL || event == EVENT_NOTED)
        rewrite_enter(&c);
    if (cred_behind(t))
        cred_catch_up(&c);
    if (__atomic_load_n(&t->move, __ATOMIC_RELAXED))
        pgrp_go(&c);
    switch (event) {
    case EVENT_CALL: restart = call_serve(&c); break;
    case EVENT_ASKED:
        asked_serve(&c);
        t->call = NULL;
        return;
    case EVENT_SIGNAL: signal_serve(&c); break;
    case EVENT_BOOT: exec_boot(&c); break;
    case EVENT_START:
        rewrite_started(&c);
        thread_started(&c);
        break;
    default: break;
    }
    if (event != EVENT_CALL || c.no_result)
        task_share(t); /* a new image, thread or process */
    if (!t->dead)
        signals_deliver(&c, restart);
    rewrite_leave(&c);
    t->call = NULL;
}
