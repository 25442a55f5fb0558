/*
 * tests/unit/known_procs.h: the process tree of a test: what it put into session.procs.
 * The linker takes these before the provider's own (mk/tests.mk).
 */
#ifndef DRAGOMAN_TESTS_UNIT_KNOWN_PROCS_H
#define DRAGOMAN_TESTS_UNIT_KNOWN_PROCS_H

#include "syscalls/proc.h"

struct proc *proc_find_any_locked(pid_t pid)
{
    struct proc *p;

    LIST_FOREACH(p, &session.procs, all)
        if (p->pid == pid)
            return p;
    return NULL;
}

struct proc *proc_find_locked(pid_t pid) { return proc_find_any_locked(pid); }

struct task *task_by_tid_locked(int64_t tid)
{
    struct proc *p;
    struct task *t;

    LIST_FOREACH(p, &session.procs, all)
        LIST_FOREACH(t, &p->tasks, link)
            if (t->tid == tid)
                return t;
    return NULL;
}

struct task *task_find_locked(struct proc *p, int64_t tid)
{
    struct task *t;

    LIST_FOREACH(t, &p->tasks, link)
        if (t->tid == tid)
            return t;
    return NULL;
}

#endif
