#include "syscalls/stop.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "syscalls/door.h"
#include "syscalls/hostproc.h"
#include "syscalls/session.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

static void tell_parent_locked(struct proc *p, int code, int status)
{
    struct proc *parent = p->parent;
    int          chld;

    wait_happened_locked(p);
    if (!parent || parent->state != PROC_LIVE)
        return;
    chld = signal_guest(parent, SIGCHLD);
    if (!(parent->actions[chld].flags & D_SA_NOCLDSTOP))
        signal_post_child_locked(
            parent,
            &(struct ksiginfo){.signo = chld, .code = code, .pid = p->pid, .uid = p->cred.ruid, .status = status});
}

void proc_stopped_locked(struct proc *p, int sig)
{
    p->stopped = true;
    p->wait_stopped = true;
    p->wait_continued = false;
    p->stop_signal = sig;
    if (p == session.first)
        kill(session_started(), SIGSTOP); /* so that the shell which started us sees its job stop */
    tell_parent_locked(p, CLD_STOPPED, sig);
}

void proc_continued_locked(struct proc *p)
{
    p->stopped = false;
    p->wait_continued = true;
    p->wait_stopped = false;
    tell_parent_locked(p, CLD_CONTINUED, signal_guest(p, SIGCONT));
}

void proc_stop_locked(struct proc *p, int sig)
{
    if (p->hostprog) {
        kill(p->hostprog, SIGSTOP); /* who watches it will say so */
        return;
    }
    kill(p->pid, SIGSTOP);
    p->stopped_itself = true;
    proc_stopped_locked(p, sig);
}

void proc_continue_locked(struct proc *p)
{
    /* Also what runs: a stop from the terminal may be on its way to it, and is void now. */
    if (p->hostprog)
        kill(p->hostprog, SIGCONT);
    if (!p->hostprog || p->stopped_itself) /* it may have been stopped while its host program was started */
        kill(p->pid, SIGCONT);
    p->stopped_itself = false;
    if (p->stopped)
        proc_continued_locked(p);
}

bool proc_goes_on_locked(const struct proc *p)
{
    const uint64_t     bit = 1ull << (SIGCONT - 1);
    const struct task *t;
    char               line[64];
    uint64_t           waiting;

    LIST_FOREACH(t, &p->tasks, link) {
        if (__atomic_load_n(&t->area->noted, __ATOMIC_ACQUIRE) & bit)
            return true;
    }
    return host_status_line(p->pid, "ShdPnd:", line, sizeof(line)) && sscanf(line, "ShdPnd: %lx", &waiting) == 1 &&
           waiting & bit;
}

/* The guest's parent, or who started the session: its number is the host parent of the provider. */
static pid_t parent_of(const struct proc *p) { return p->parent ? p->parent->pid : session_parent(); }

bool pgrp_orphaned_locked(pid_t pgid)
{
    struct proc *p;

    LIST_FOREACH(p, &session.procs, all) {
        pid_t parent;

        if (p->state != PROC_LIVE || getpgid(p->pid) != pgid)
            continue;
        parent = parent_of(p);
        if (parent > 0 && getpgid(parent) != pgid && getsid(parent) == getsid(p->pid))
            return false;
    }
    return true;
}
