/* syscalls/sigsend.c: kill and its kin. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/capability.h"
#include "syscalls/handlers.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/task.h"

static struct ksiginfo from_me(const struct call *c, int sig, int host_code)
{
    return (struct ksiginfo){
        .signo = sig,
        .code = c->abi->sigcode_from_host(sig, host_code),
        .pid = c->proc->pid,
        .uid = c->proc->cred.ruid,
    };
}

struct ksiginfo signal_from_me(const struct call *c, int sig) { return from_me(c, sig, SI_USER); }

static bool valid_or_zero(const struct call *c, int sig) { return sig >= 0 && sig <= (int)c->abi->nsig; }

/* A process of the host's that is no guest: the host decides, and gets the host's signal. */
static int kill_host(struct call *c, int pid, int sig)
{
    int hostsig = sig ? c->abi->sig_to_host[sig] : 0;

    if (pid == session.provider_pid)
        return -EPERM;
    if (sig && !hostsig)
        return -EINVAL;
    return (int)host_call(c, SYS_kill, pid, hostsig);
}

static int kill_one(struct call *c, int pid, int sig)
{
    struct ksiginfo k = signal_from_me(c, sig);
    struct proc    *p;

    pthread_mutex_lock(&session.lock);
    p = proc_find_any_locked(pid);
    if (p && sig)
        signal_post_proc_locked(p, &k);
    pthread_mutex_unlock(&session.lock);
    return p ? 0 : kill_host(c, pid, sig);
}

/* Every guest of the process group (pgid) or of the session (-1), as kill(2) says; other host processes are spared. */
static int kill_many(struct call *c, int pgid, int sig)
{
    struct ksiginfo k = signal_from_me(c, sig);
    struct proc    *p;
    int             n = 0;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all) {
        if (p->state != PROC_LIVE || (pgid == -1 && p == c->proc) || (pgid != -1 && getpgid(p->pid) != pgid))
            continue;
        n++;
        if (sig)
            signal_post_proc_locked(p, &k);
    }
    pthread_mutex_unlock(&session.lock);
    return n ? 0 : -ESRCH;
}

int64_t sys_kill(struct call *c, int pid, int sig)
{
    if (capability_mode(c) && pid != c->proc->pid)
        return -D_ECAPMODE;
    if (!valid_or_zero(c, sig))
        return -EINVAL;
    if (pid > 0)
        return kill_one(c, pid, sig);
    if (pid == 0)
        return kill_many(c, getpgid(c->proc->pid), sig);
    return kill_many(c, pid == -1 ? -1 : -pid, sig);
}

int64_t sys_sigqueue(struct call *c, int pid, int sig, gva value)
{
    struct ksiginfo k = from_me(c, sig, SI_QUEUE);
    struct proc    *p;
    int             err = 0;

    if (capability_mode(c) && pid != c->proc->pid)
        return -D_ECAPMODE;
    if (!valid_or_zero(c, sig) || pid <= 0)
        return -EINVAL;
    k.value = value.va;
    k.must = true;
    pthread_mutex_lock(&session.lock);
    p = proc_find_any_locked(pid);
    if (!p)
        err = -ESRCH;
    else if (sig)
        err = signal_queue_proc_locked(p, &k);
    pthread_mutex_unlock(&session.lock);
    return err;
}

/* The thread is looked for before the signal is (kern_thr.c, sys_thr_kill); -1: every thread but the caller. */
static int thread_kill(struct call *c, struct proc *p, int64_t id, int sig)
{
    const bool      valid = valid_or_zero(c, sig);
    struct ksiginfo k = from_me(c, valid ? sig : 0, SI_TKILL);
    struct task    *t;
    int             n = 0;

    if (id == -1 && !valid)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(t, &p->tasks, link) {
        if (t->state == TASK_GONE || !t->host_tid || (id == -1 ? t == c->task : task_tid(t) != id))
            continue;
        n++;
        if (k.signo)
            signal_post_task_locked(t, &k);
    }
    pthread_mutex_unlock(&session.lock);
    return !n ? -ESRCH : valid ? 0 : -EINVAL;
}

int64_t sys_thr_kill(struct call *c, int64_t id, int sig) { return thread_kill(c, c->proc, id, sig); }

int64_t sys_thr_kill2(struct call *c, int pid, int64_t id, int sig)
{
    struct proc *p = proc_hold(pid);
    int          r;

    if (!p)
        return -ESRCH;
    r = thread_kill(c, p, id, sig);
    proc_put(p);
    return r;
}
