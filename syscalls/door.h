/*
 * syscalls/door.h: how a guest's call reaches the provider, and how the
 * provider acts in the guest's context.  Two implementations: loader/notify.c
 * and loader/ptrace.c.  The handlers' view of it is syscalls/call.h.
 *
 * Every function is called for the task whose handler is running, by the thread
 * that runs it, except kick and reap.  -ESRCH always means: that thread is gone.
 */
#ifndef DRAGOMAN_SYSCALLS_DOOR_H
#define DRAGOMAN_SYSCALLS_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/abi.h"
#include "loader/gate/area.h"

struct task;
struct call;

typedef void noted_fn(struct task *t, const struct area_siginfo *info);

struct door_ops {
    const char *name;
    bool        is_ptrace;

    /*
     * A host call in the task's context; the host's result.  wait: the call may
     * block, and gives -EINTR when a host signal came, or -ERESTART when it came
     * before the call was made.
     * A successful execveat returns 0 with the fresh image's gate at its start.
     */
    int64_t (*host)(struct task *t, long nr, const uint64_t args[6], bool wait);
    /* syscalls/call.h's host_batch in one round trip; how many succeeded, or -ESRCH.  NULL: the door cannot. */
    int64_t (*batch)(struct task *t, uint64_t steps, unsigned n);
    int (*cas)(struct task *t, uint64_t at, uint32_t expect, uint32_t want, uint32_t *old);
    /*
     * clone by the parent's thread; the child will go on with these guest registers.  Host thread number, -errno, or
     * -ERESTART: a process is not made while a host signal is still to be noted.
     */
    int64_t (*clone)(struct task *parent, struct task *child, uint64_t flags, uint64_t tls, const struct regs *regs);
    /* Makes the host thread end (nr: exit or exit_group); does not return. */
    void (*finish)(struct task *t, long nr, int status);

    /* The process dies by this host signal's default action; returns when it has. */
    void (*die)(struct call *c, int hostsig);

    /* Guest registers at the trap.  child: of a task that has not run yet. */
    void (*regs_get)(struct task *t, struct regs *r);
    void (*regs_set)(struct task *t, const struct regs *r);
    /* XSAVE image in standard format: bytes written (<= size), 0 when there is none. */
    size_t (*xstate_get)(struct task *t, void *buf, size_t size);
    void (*xstate_set)(struct task *t, const void *buf, size_t size);

    /* Gives every host signal noted since the last time to fn and forgets it. */
    void (*take_noted)(struct task *t, noted_fn *fn);
    /* Makes a running or blocked task come to the provider soon.  Any thread; session.lock held. */
    void (*kick)(struct task *t);

    /* Before its first event: 0 or -errno. */
    int (*task_init)(struct task *t);
    /* The host thread is gone: lets its handler unwind, then frees the door's part. Not from the task itself. */
    void (*reap)(struct task *t);
};

extern const struct door_ops *door;

/* What the doors call: serves one event to its end, signals delivered; then the guest runs on. */
void task_serve(struct task *t, enum area_event event);
/* Main of a task's coroutine or tracer thread is built on it: false when the task is gone. */

/* A pico process ended (host wait status).  Any provider thread. */
struct rusage;
void proc_exited(int pid, int status, const struct rusage *ru);

#endif
