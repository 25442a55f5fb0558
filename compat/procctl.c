/*
 * compat/procctl.c: procctl(2): switches of a process (sys/kern/kern_procctl.c).  Those that only the foreign kernel
 * itself would obey are kept, handed down and told, and change nothing.
 */
#include "compat/procctl.h"

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
    COMMANDS
};

/* Index into proc.procctl, where 0 is what nobody has set. */
enum { TRACE, ASLR, PROTMAX, STACKGAP, WXMAP, PROTECT };
_Static_assert(PROTECT + 1 == PROCCTL_KEPT, "each has its place");

#define ACTIVE (int32_t)0x80000000u

/*
 * What a command is like (kern_procctl.c, procctl_cmds_info).  run: session.lock held; *v is what was given, or what
 * will be told; 0 or a negative errno.
 */
struct command {
    int (*run)(struct call *c, struct proc *p, int32_t *v);
    bool group; /* P_PGID, too: of several processes it is enough that one could be set */
    bool debug; /* for those that may debug the process; else for those that see it: everybody */
    bool asks;  /* *v is told, not given */
    bool never_esrch;
};

/* ---- who may ------------------------------------------------------------------------------- */

static bool is_denied(const struct proc *p) { return p->procctl[TRACE] > 1; }

/* Every user and group identifier of the process is the caller's effective one. */
static bool same_cred(const struct cred *me, const struct cred *of)
{
    return me->euid == of->euid && me->euid == of->ruid && me->euid == of->suid && me->egid == of->egid &&
           me->egid == of->rgid && me->egid == of->sgid;
}

/* kern_prot.c, p_candebug; of the groups, the first one counts here. */
static bool may_debug(const struct call *c, const struct proc *p)
{
    if (p == c->proc || c->proc->cred.euid == 0)
        return true;
    return same_cred(&c->proc->cred, &p->cred) && !p->issetugid && !is_denied(p);
}

/* ---- PROC_SPROTECT ------------------------------------------------------------------------- */

enum { PPROT_SET = 1, PPROT_CLEAR = 2, PPROT_DESCEND = 0x10, PPROT_INHERIT = 0x20 };

static void protect_one(struct proc *p, int32_t flags)
{
    p->procctl[PROTECT] = flags & PPROT_SET ? p->procctl[PROTECT] | PPROT_SET | (flags & PPROT_INHERIT) : 0;
}

/* PRIV_VM_MADV_PROTECT is the superuser's, who may do it to every process. */
static int protect_set(struct call *c, struct proc *top, int32_t *v)
{
    const int32_t op = *v & 0xf;
    struct proc  *p;

    if ((op != PPROT_SET && op != PPROT_CLEAR) || (*v & ~0xf & ~(PPROT_DESCEND | PPROT_INHERIT)))
        return -EINVAL;
    if (c->proc->cred.euid != 0)
        return -EPERM;
    protect_one(top, *v);
    if (*v & PPROT_DESCEND)
        LIST_FOREACH(p, &session.procs, all)
            if (p == top || reaper_is_below_locked(p, top))
                protect_one(p, *v);
    return 0;
}

int procctl_protect(struct call *c)
{
    int32_t flags = PPROT_SET;
    int     err;

    pthread_mutex_lock(&session.lock);
    err = protect_set(c, c->proc, &flags);
    pthread_mutex_unlock(&session.lock);
    return err;
}

bool procctl_is_protected(const struct proc *p) { return p->procctl[PROTECT] & PPROT_SET; }

/* ---- tracing ------------------------------------------------------------------------------- */

enum { TRACE_ENABLE = 1, TRACE_DISABLE, TRACE_DISABLE_EXEC };

/* trace_ctl: only itself may permit it again, or let it be permitted by its next exec. */
static int trace_set(struct call *c, struct proc *p, int32_t *v)
{
    uint8_t *now = &p->procctl[TRACE];

    if (*v < TRACE_ENABLE || *v > TRACE_DISABLE_EXEC)
        return -EINVAL;
    if (p != c->proc && (*v == TRACE_ENABLE || (*v == TRACE_DISABLE && *now == TRACE_DISABLE_EXEC)))
        return -EPERM;
    *now = (uint8_t)*v;
    return 0;
}

static int trace_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = is_denied(p) ? -1 : 0; /* nobody traces it */
    return 0;
}

/* 1: a call that capability mode refuses sends SIGTRAP; 2: it does not. */
static int trapcap_set(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    if (*v != 1 && *v != 2)
        return -EINVAL;
    __atomic_store_n(&p->trapcap, *v == 1, __ATOMIC_RELAXED);
    return 0;
}

static int trapcap_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = p->trapcap ? 1 : 2;
    return 0;
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Forced (1), forced off (2) or neither (3). */
static int force_set(uint8_t *now, int32_t v)
{
    if (v < 1 || v > 3)
        return -EINVAL;
    *now = (uint8_t)v;
    return 0;
}

static int32_t force_get(uint8_t now) { return now ? now : 3; }

static int aslr_set(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    return force_set(&p->procctl[ASLR], *v);
}

static int aslr_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = force_get(p->procctl[ASLR]) | ACTIVE; /* the host does it */
    return 0;
}

static int protmax_set(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    return force_set(&p->procctl[PROTMAX], *v);
}

static int protmax_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = force_get(p->procctl[PROTMAX]);
    return 0;
}

/* The bits that disable are kept. */
enum { GAP_ENABLE = 1, GAP_DISABLE = 2, GAP_ENABLE_EXEC = 4, GAP_DISABLE_EXEC = 8 };

/* stackgap_ctl: one of two for now, one of two for what exec does; what was disabled stays so until then. */
static int stackgap_set(struct call *c, struct proc *p, int32_t *v)
{
    const int32_t now = *v & (GAP_ENABLE | GAP_DISABLE), then = *v & (GAP_ENABLE_EXEC | GAP_DISABLE_EXEC);
    uint8_t      *kept = &p->procctl[STACKGAP];

    (void)c;
    if ((*v & ~0xf) || now == (GAP_ENABLE | GAP_DISABLE))
        return -EINVAL;
    if (now == GAP_ENABLE && (*kept & GAP_DISABLE))
        return -EINVAL;
    *kept |= now & GAP_DISABLE; /* even if the other half is nonsense */
    if (then == (GAP_ENABLE_EXEC | GAP_DISABLE_EXEC))
        return -EINVAL;
    if (then)
        *kept = (uint8_t)((*kept & ~GAP_DISABLE_EXEC) | (then & GAP_DISABLE_EXEC));
    return 0;
}

static int stackgap_get(struct call *c, struct proc *p, int32_t *v)
{
    const uint8_t kept = p->procctl[STACKGAP];

    (void)c;
    *v = kept & GAP_DISABLE ? GAP_DISABLE : GAP_ENABLE;
    *v |= kept & GAP_DISABLE_EXEC ? GAP_DISABLE_EXEC : GAP_ENABLE_EXEC;
    return 0;
}

/* wxmap_ctl: permit (1), and forbid from the next exec on (2): one does not undo the other. */
static int wxmap_set(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    if (*v != 1 && *v != 2)
        return -EINVAL;
    p->procctl[WXMAP] |= (uint8_t)*v;
    return 0;
}

static int wxmap_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = p->procctl[WXMAP]; /* and never is it enforced */
    return 0;
}

/* ---- privileges, the parent's end ---------------------------------------------------------- */

/* Once set it stays, and only a one may be given.  The host's is set from the start: the filter wants it. */
static int no_new_privs_set(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    if (*v != 1)
        return -EINVAL;
    p->no_new_privs = true;
    return 0;
}

static int no_new_privs_get(struct call *c, struct proc *p, int32_t *v)
{
    (void)c;
    *v = p->no_new_privs ? 1 : 2;
    return 0;
}

/* Posted when the parent ends (compat/reaper.c); 0: none.  Of the caller only. */
static int pdeathsig_set(struct call *c, struct proc *p, int32_t *v)
{
    if (p != c->proc || *v < 0 || *v > (int)c->abi->nsig)
        return -EINVAL;
    p->pdeathsig = *v;
    return 0;
}

static int pdeathsig_get(struct call *c, struct proc *p, int32_t *v)
{
    if (p != c->proc)
        return -EINVAL;
    *v = p->pdeathsig;
    return 0;
}

/* ---- over fork and exec -------------------------------------------------------------------- */

void procctl_fork(struct proc *child)
{
    if (!(child->procctl[PROTECT] & PPROT_INHERIT))
        child->procctl[PROTECT] = 0;
}

void procctl_exec(struct proc *p)
{
    if (p->procctl[TRACE] == TRACE_DISABLE)
        p->procctl[TRACE] = TRACE_ENABLE;
    if (!(p->procctl[STACKGAP] & GAP_DISABLE_EXEC))
        p->procctl[STACKGAP] = 0;
}

/* ---- the call ------------------------------------------------------------------------------ */

static const struct command commands[COMMANDS] = {
    [PROC_SPROTECT] = {protect_set, .group = true},
    [PROC_TRACE_CTL] = {trace_set, .group = true, .debug = true},
    [PROC_TRACE_STATUS] = {trace_get, .asks = true},
    [PROC_TRAPCAP_CTL] = {trapcap_set, .group = true, .debug = true},
    [PROC_TRAPCAP_STATUS] = {trapcap_get, .asks = true},
    [PROC_PDEATHSIG_CTL] = {pdeathsig_set, .never_esrch = true},
    [PROC_PDEATHSIG_STATUS] = {pdeathsig_get, .asks = true, .never_esrch = true},
    [PROC_ASLR_CTL] = {aslr_set, .debug = true},
    [PROC_ASLR_STATUS] = {aslr_get, .asks = true},
    [PROC_PROTMAX_CTL] = {protmax_set, .debug = true},
    [PROC_PROTMAX_STATUS] = {protmax_get, .asks = true},
    [PROC_STACKGAP_CTL] = {stackgap_set, .debug = true},
    [PROC_STACKGAP_STATUS] = {stackgap_get, .asks = true},
    [PROC_NO_NEW_PRIVS_CTL] = {no_new_privs_set, .debug = true},
    [PROC_NO_NEW_PRIVS_STATUS] = {no_new_privs_get, .asks = true},
    [PROC_WXMAP_CTL] = {wxmap_set, .debug = true},
    [PROC_WXMAP_STATUS] = {wxmap_get, .asks = true},
};

/* id 0: the caller. */
static int run_one_locked(struct call *c, uint64_t id, const struct command *cmd, int32_t *v)
{
    struct proc *p = id ? proc_find_locked((pid_t)id) : c->proc;

    if (!p)
        return cmd->never_esrch ? -EINVAL : -ESRCH;
    return cmd->debug && !may_debug(c, p) ? -EPERM : cmd->run(c, p, v);
}

/* Those that may not be touched do not count; the first error does, when there was no success. */
static int run_group_locked(struct call *c, pid_t pgid, const struct command *cmd, int32_t *v)
{
    int          first = 0;
    bool         any = false;
    struct proc *p;

    LIST_FOREACH(p, &session.procs, all) {
        int err;

        if (p->state != PROC_LIVE || p->pid <= 0 || getpgid(p->pid) != pgid || (cmd->debug && !may_debug(c, p)))
            continue;
        err = cmd->run(c, p, v);
        any |= !err;
        first = first ? first : err;
    }
    if (any)
        return 0;
    return first ? first : -ESRCH;
}

static int64_t run(struct call *c, int64_t idtype, uint64_t id, const struct command *cmd, gva data)
{
    int32_t v = 0;
    int     err = cmd->asks ? 0 : copy_in(c, &v, data, sizeof(v));

    if (err)
        return err;
    if (idtype != P_PID && !(cmd->group && idtype == P_PGID))
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    err = idtype == P_PID ? run_one_locked(c, id, cmd, &v) : run_group_locked(c, (pid_t)id, cmd, &v);
    pthread_mutex_unlock(&session.lock);
    return err || !cmd->asks ? err : put_int(c, data, v);
}

/* Becoming a reaper and ceasing to be one is for oneself, and has no argument. */
static int64_t reap_own(struct call *c, pid_t pid, int64_t com, gva data)
{
    bool there;

    if (data.va)
        return -EINVAL;
    if (pid != c->proc->pid) {
        pthread_mutex_lock(&session.lock);
        there = proc_find_locked(pid);
        pthread_mutex_unlock(&session.lock);
        return there ? -EPERM : -ESRCH;
    }
    return com == PROC_REAP_ACQUIRE ? reap_acquire(c) : reap_release(c);
}

static int64_t reap(struct call *c, int64_t idtype, uint64_t id, int64_t com, gva data)
{
    const pid_t pid = id ? (pid_t)id : c->proc->pid;

    if (idtype != P_PID)
        return -EINVAL;
    switch (com) {
    case PROC_REAP_STATUS: return reap_status(c, pid, data);
    case PROC_REAP_GETPIDS: return reap_getpids(c, pid, data);
    case PROC_REAP_KILL: return reap_kill(c, pid, data);
    default: return reap_own(c, pid, com, data);
    }
}

int64_t sys_procctl(struct call *c, int64_t idtype, uint64_t id, int64_t com, gva data)
{
    if (com >= PROC_REAP_ACQUIRE && com <= PROC_REAP_KILL)
        return reap(c, idtype, id, com, data);
    return com > 0 && com < COMMANDS ? run(c, idtype, id, &commands[com], data) : -EINVAL;
}
