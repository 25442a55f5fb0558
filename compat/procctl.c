/*
 * compat/procctl.c: procctl(2): switches of a process.  Those that only the
 * foreign kernel's own mechanisms would obey are accepted and keep their default.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

/* A pair of calls: CTL takes one of the values 1..max, STATUS gives the default. */
static const struct pair {
    uint8_t  ctl, max;
    uint32_t status;
} pairs[] = {
    {PROC_TRACE_CTL, 3, 0},              /* 0: no tracer is attached */
    {PROC_ASLR_CTL, 3, 3 | ACTIVE},      /* not forced, and the host does it */
    {PROC_PROTMAX_CTL, 3, 3},            /* not forced */
    {PROC_STACKGAP_CTL, 0xf, 0x1 | 0x4}, /* enabled, also after exec */
    {PROC_WXMAP_CTL, 2, 1},              /* permitted */
};

static int64_t pair_call(struct call *c, const struct pair *p, bool status, gva data)
{
    int32_t v;
    int     err;

    if (status)
        return put_int(c, data, (int32_t)p->status);
    err = copy_in(c, &v, data, sizeof(v));
    if (err)
        return err;
    return v >= 1 && v <= p->max ? 0 : -EINVAL;
}

/* Once set it stays, and only a one may be given. */
static int64_t no_new_privs_ctl(struct call *c, gva data)
{
    int32_t v;
    int     err = copy_in(c, &v, data, sizeof(v));

    if (err)
        return err;
    return v == 1 ? host_call(c, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) : -EINVAL;
}

static int64_t no_new_privs_status(struct call *c, gva data)
{
    int64_t on = host_call(c, SYS_prctl, PR_GET_NO_NEW_PRIVS);

    return on < 0 ? on : put_int(c, data, on ? 1 : 2);
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
    case PROC_REAP_STATUS: return reap_status(c, data);
    case PROC_REAP_GETPIDS: return reap_getpids(c, data);
    case PROC_REAP_KILL: return reap_kill(c, data);
    case PROC_TRAPCAP_CTL: return trapcap_ctl(c, data);
    case PROC_TRAPCAP_STATUS: return put_int(c, data, c->proc->trapcap ? 1 : 2);
    case PROC_PDEATHSIG_CTL: return pdeathsig_ctl(c, data);
    case PROC_PDEATHSIG_STATUS: return put_int(c, data, c->proc->pdeathsig);
    default: return -EINVAL;
    }
}

/* 0 when (idtype, id) names a process of the session or a group; id 0 is the caller. */
static int target_check(struct call *c, int64_t idtype, uint64_t id)
{
    bool there;

    if (idtype == P_PGID)
        return 0;
    if (idtype != P_PID)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    there = id == 0 || id == (uint64_t)c->proc->pid || proc_find_locked((pid_t)id);
    pthread_mutex_unlock(&session.lock);
    return there ? 0 : -ESRCH;
}

int64_t sys_procctl(struct call *c, int64_t idtype, uint64_t id, int64_t com, gva data)
{
    int err = target_check(c, idtype, id);

    for (size_t i = 0; !err && i < sizeof(pairs) / sizeof(*pairs); i++)
        if (com == pairs[i].ctl || com == pairs[i].ctl + 1)
            return pair_call(c, &pairs[i], com != pairs[i].ctl, data);
    if (err)
        return err;
    switch (com) {
    case PROC_SPROTECT: return -EPERM;
    case PROC_NO_NEW_PRIVS_CTL: return no_new_privs_ctl(c, data);
    case PROC_NO_NEW_PRIVS_STATUS: return no_new_privs_status(c, data);
    default: return idtype == P_PID && (id == 0 || id == (uint64_t)c->proc->pid) ? own_call(c, com, data) : -EPERM;
    }
}
