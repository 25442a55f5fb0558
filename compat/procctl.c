/*
 * compat/procctl.c: procctl(2): switches of a process.  Those that only the
 * foreign kernel's own mechanisms would obey are kept and told, and change nothing.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/bsd_calls.h"
#include "compat/reaper.h"
#include "syscalls/proc.h"

enum {
    PROC_SPROTECT = 1,
    PROC_REAP_ACQUIRE,
    PROC_REAP_RELEASE,
    PROC_REAP_STATUS,
    PROC_REAP_GETPIDS,
    PROC_REAP_KILL,
    PROC_TRACE_CTL,
    PROC_TRACE_STATUS,
    PROC_TRAPCAP_CTL,
    PROC_TRAPCAP_STATUS,
    PROC_PDEATHSIG_CTL,
    PROC_PDEATHSIG_STATUS,
    PROC_ASLR_CTL,
    PROC_ASLR_STATUS,
    PROC_PROTMAX_CTL,
    PROC_PROTMAX_STATUS,
    PROC_STACKGAP_CTL,
    PROC_STACKGAP_STATUS,
    PROC_NO_NEW_PRIVS_CTL,
    PROC_NO_NEW_PRIVS_STATUS,
    PROC_WXMAP_CTL,
    PROC_WXMAP_STATUS,
};

#define ACTIVE 0x80000000u

enum { STACKGAP_ENABLE = 1, STACKGAP_DISABLE = 2, STACKGAP_ENABLE_EXEC = 4, STACKGAP_DISABLE_EXEC = 8 };

/*
 * Switches that are kept, handed down and told; whatever they would change is the host's.  CTL takes one of the values
 * 1..max; what was never set is told as `first`.
 */
static const struct kept {
    uint8_t  ctl, max, first;
    uint32_t also; /* told besides */
} kept[PROCCTL_KEPT] = {
    {PROC_TRACE_CTL, 3, 1, 0},
    {PROC_ASLR_CTL, 3, 3, ACTIVE}, /* not forced, and the host does it */
    {PROC_PROTMAX_CTL, 3, 3, 0},   /* not forced */
    {PROC_STACKGAP_CTL, 0xf, STACKGAP_ENABLE | STACKGAP_ENABLE_EXEC, 0},
    {PROC_WXMAP_CTL, 2, 1, 0}, /* permitted */
};

/* kern_procctl.c, stackgap_ctl: one of two for now, one of two for after exec; what was disabled stays so. */
static int stackgap_next(uint8_t *v, uint8_t want)
{
    const uint8_t now = want & (STACKGAP_ENABLE | STACKGAP_DISABLE);
    const uint8_t then = want & (STACKGAP_ENABLE_EXEC | STACKGAP_DISABLE_EXEC);

    if (now == (STACKGAP_ENABLE | STACKGAP_DISABLE) || then == (STACKGAP_ENABLE_EXEC | STACKGAP_DISABLE_EXEC))
        return -EINVAL;
    if (now == STACKGAP_ENABLE && (*v & STACKGAP_DISABLE))
        return -EINVAL;
    if (now)
        *v = (uint8_t)((*v & ~(STACKGAP_ENABLE | STACKGAP_DISABLE)) | now);
    if (then)
        *v = (uint8_t)((*v & ~(STACKGAP_ENABLE_EXEC | STACKGAP_DISABLE_EXEC)) | then);
    return 0;
}

/* One process takes the value.  kern_procctl.c, trace_ctl: only itself may permit tracing again.  session.lock held. */
static int kept_set_locked(struct call *c, struct proc *p, unsigned which, uint8_t want)
{
    uint8_t v = p->procctl[which] ? p->procctl[which] : kept[which].first;
    int     err = 0;

    if (kept[which].ctl == PROC_STACKGAP_CTL)
        err = stackgap_next(&v, want);
    else if (kept[which].ctl == PROC_TRACE_CTL && want == 1 && v != 1 && p != c->proc)
        err = -EPERM;
    else
        v = want;
    if (!err)
        p->procctl[which] = v;
    return err;
}

static int32_t kept_status(const struct proc *p, unsigned which)
{
    const uint8_t v = p->procctl[which] ? p->procctl[which] : kept[which].first;

    if (kept[which].ctl == PROC_TRACE_CTL)
        return v == 1 ? 0 : -1; /* nobody traces it; it may not be traced */
    return (int32_t)(v | kept[which].also);
}

/* Whom a call is about: one process, or all of a group. */
struct aim {
    int64_t type; /* P_PID or P_PGID */
    pid_t   id;
};

static bool hits(const struct proc *p, const struct aim *at)
{
    return p->state == PROC_LIVE && p->pid > 0 && (at->type == P_PID ? p->pid : getpgid(p->pid)) == at->id;
}

/* Of several it is enough that one could be set (kern_procctl.c, kern_procctl). */
static int64_t kept_set(struct call *c, const struct aim *at, unsigned which, gva data)
{
    struct proc *p;
    int32_t      v;
    int          err = copy_in(c, &v, data, sizeof(v)), last = -ESRCH;
    bool         any = false;

    if (err)
        return err;
    if (v < 1 || v > kept[which].max)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (hits(p, at)) {
            last = kept_set_locked(c, p, which, (uint8_t)v);
            any |= !last;
        }
    pthread_mutex_unlock(&session.lock);
    return any ? 0 : last;
}

static int64_t kept_get(struct call *c, const struct aim *at, unsigned which, gva data)
{
    struct proc *p;
    int32_t      v = 0;
    int          err = -ESRCH;

    if (at->type != P_PID)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (hits(p, at)) {
            v = kept_status(p, which);
            err = 0;
        }
    pthread_mutex_unlock(&session.lock);
    return err ? err : put_int(c, data, v);
}

/* Once set it stays, and only a one may be given.  The host's is set from the start: the filter wants it. */
static int64_t no_new_privs_ctl(struct call *c, gva data)
{
    int32_t v;
    int     err = copy_in(c, &v, data, sizeof(v));

    if (err)
        return err;
    if (v != 1)
        return -EINVAL;
    c->proc->no_new_privs = true;
    return 0;
}

/* 1: a call that capability mode refuses sends SIGTRAP; 2: it does not. */
static int64_t trapcap_ctl(struct call *c, gva data)
{
    int32_t v;
    int     err = copy_in(c, &v, data, sizeof(v));

    if (err)
        return err;
    if (v != 1 && v != 2)
        return -EINVAL;
    __atomic_store_n(&c->proc->trapcap, v == 1, __ATOMIC_RELAXED);
    return 0;
}

/* Posted when the parent ends (compat/reaper.c); 0: none.  Of the caller only. */
static int64_t pdeathsig_ctl(struct call *c, gva data)
{
    int32_t sig;
    int     err = copy_in(c, &sig, data, sizeof(sig));

    if (err)
        return err;
    if (sig < 0 || sig > (int)c->abi->nsig)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    c->proc->pdeathsig = sig;
    pthread_mutex_unlock(&session.lock);
    return 0;
}

/* Reapers and the parent's death: the caller speaks for itself. */
static int64_t own_call(struct call *c, int64_t com, gva data)
{
    switch (com) {
    case PROC_REAP_ACQUIRE: return reap_acquire(c);
    case PROC_REAP_RELEASE: return reap_release(c);
    case PROC_TRAPCAP_CTL: return trapcap_ctl(c, data);
    case PROC_TRAPCAP_STATUS: return put_int(c, data, c->proc->trapcap ? 1 : 2);
    case PROC_NO_NEW_PRIVS_CTL: return no_new_privs_ctl(c, data);
    case PROC_NO_NEW_PRIVS_STATUS: return put_int(c, data, c->proc->no_new_privs ? 1 : 2);
    case PROC_PDEATHSIG_CTL: return pdeathsig_ctl(c, data);
    case PROC_PDEATHSIG_STATUS: return put_int(c, data, c->proc->pdeathsig);
    default: return -EINVAL;
    }
}

/* Whom (idtype, id) means; id 0: the caller, or its group. */
static int aim_make(struct call *c, int64_t idtype, uint64_t id, struct aim *at)
{
    bool there;

    if (idtype != P_PID && idtype != P_PGID)
        return -EINVAL;
    *at = (struct aim){idtype, (pid_t)id};
    if (!id)
        at->id = idtype == P_PID ? c->proc->pid : getpgid(c->proc->pid);
    if (idtype == P_PGID)
        return 0;
    pthread_mutex_lock(&session.lock);
    there = proc_find_locked(at->id);
    pthread_mutex_unlock(&session.lock);
    return there ? 0 : -ESRCH;
}

int64_t sys_procctl(struct call *c, int64_t idtype, uint64_t id, int64_t com, gva data)
{
    struct aim at;
    int        err = aim_make(c, idtype, id, &at);

    if (err)
        return err;
    for (unsigned i = 0; i < PROCCTL_KEPT; i++) {
        if (com == kept[i].ctl)
            return kept_set(c, &at, i, data);
        if (com == kept[i].ctl + 1)
            return kept_get(c, &at, i, data);
    }
    if (com == PROC_SPROTECT)
        return -EPERM;
    if (at.type != P_PID)
        return -EINVAL; /* the rest is about one process */
    switch (com) {
    case PROC_REAP_STATUS: return reap_status(c, at.id, data);
    case PROC_REAP_GETPIDS: return reap_getpids(c, at.id, data);
    case PROC_REAP_KILL: return reap_kill(c, at.id, data);
    case PROC_PDEATHSIG_CTL:
    case PROC_PDEATHSIG_STATUS: return at.id == c->proc->pid ? own_call(c, com, data) : -EINVAL;
    default: break;
    }
    return at.id == c->proc->pid ? own_call(c, com, data) : -EPERM;
}
