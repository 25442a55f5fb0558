#include "syscalls/tty.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/proc.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/stop.h"

enum standing {
    STANDS_IN_FRONT, /* or it is not our controlling terminal */
    STANDS_BEHIND,   /* to be stopped */
    STANDS_HELD,     /* it blocks or ignores the signal */
    STANDS_ORPHANED, /* nobody would continue it */
};

/* sys/kern/tty.c, tty_wait_background: in that order. */
static enum standing standing_of(struct call *c, int hostfd, int sig)
{
    struct proc   *p = c->proc;
    size_t         used = c->scratch_used;
    struct scratch s = scratch_get(c, sizeof(int));
    int64_t        err = s.p ? host_call(c, SYS_ioctl, hostfd, TIOCGPGRP, s.va) : -ENOMEM;
    const int      guest_sig = signal_guest(p, sig), pgid = getpgid(p->pid);
    enum standing  standing = STANDS_BEHIND;

    c->scratch_used = used;
    if (err || *(int *)s.p == pgid)
        return STANDS_IN_FRONT;
    pthread_mutex_lock(&session.lock);
    if (sigset_has(&c->task->mask, guest_sig) || p->actions[guest_sig].handler == D_SIG_IGN)
        standing = STANDS_HELD;
    else if (pgrp_orphaned_locked(pgid))
        standing = STANDS_ORPHANED;
    pthread_mutex_unlock(&session.lock);
    return standing;
}

/* The host saw an orphaned group where the guest has a parent to continue it: there the provider is all's parent. */
static void group_signal(const struct call *c, int sig)
{
    const pid_t     pgid = getpgid(c->proc->pid);
    struct proc    *p;
    struct ksiginfo k = {.signo = signal_guest(c->proc, sig)};

    k.code = c->abi->sigcode_from_host(k.signo, SI_KERNEL);
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (p->state == PROC_LIVE && getpgid(p->pid) == pgid)
            signal_post_proc_locked(p, &k);
    pthread_mutex_unlock(&session.lock);
}

/* Host processes that block the signal are let through. */
static int64_t wait_blocked(struct call *c, int sig, long nr, int hostfd, uint64_t a, uint64_t b)
{
    struct scratch set = scratch_get(c, 2 * sizeof(uint64_t));
    int64_t        r;

    if (!set.p)
        return -ENOMEM;
    ((uint64_t *)set.p)[0] = 1ull << (sig - 1);
    r = host_call(c, SYS_rt_sigprocmask, SIG_BLOCK, set.va, set.va + 8, sizeof(uint64_t));
    if (r)
        return r;
    r = host_wait_once(c, nr, hostfd, a, b);
    host_call(c, SYS_rt_sigprocmask, SIG_SETMASK, set.va + 8, 0, sizeof(uint64_t));
    return r;
}

/* include/uapi/asm-generic/signal.h, as rt_sigaction takes it */
struct host_action {
    uint64_t handler, flags, restorer, mask;
};

static void host_ignores(struct call *c, int sig, bool ignore)
{
    size_t         used = c->scratch_used;
    struct scratch act = scratch_get(c, sizeof(struct host_action));

    if (!act.p)
        return;
    memset(act.p, 0, sizeof(struct host_action));
    if (ignore)
        ((struct host_action *)act.p)->handler = (uint64_t)SIG_IGN;
    else /* as any other signal is taken under this door */
        host_call(c, SYS_rt_sigaction, SIGUSR1, 0, act.va, sizeof(uint64_t));
    host_call(c, SYS_rt_sigaction, sig, act.va, 0, sizeof(uint64_t));
    c->scratch_used = used;
}

void tty_signal_changed(struct call *c, int sig)
{
    const int hostsig = c->abi->sig_to_host[sig];

    if (hostsig == SIGTTIN || hostsig == SIGTTOU)
        host_ignores(c, hostsig, c->proc->actions[sig].handler == D_SIG_IGN);
}

void tty_signals_boot(struct call *c)
{
    static const int both[] = {SIGTTIN, SIGTTOU};

    for (int i = 0; i < 2; i++)
        if (c->proc->actions[signal_guest(c->proc, both[i])].handler == D_SIG_IGN)
            host_ignores(c, both[i], true);
}

int64_t tty_wait(struct call *c, int sig, long nr, int hostfd, uint64_t a, uint64_t b)
{
    for (;;) {
        int64_t r = host_wait_once(c, nr, hostfd, a, b);

        if (r != -EINTR && r != -EIO)
            return r;
        switch (standing_of(c, hostfd, sig)) {
        case STANDS_IN_FRONT:
            if (r == -EIO)
                return r;
            break;
        case STANDS_BEHIND:
            if (r == -EIO)
                group_signal(c, sig);
            break; /* the signal is pending now */
        case STANDS_HELD:
            if (sig == SIGTTIN)
                return -EIO;
            r = wait_blocked(c, sig, nr, hostfd, a, b);
            if (r != -EINTR)
                return r;
            break;
        default: return -EIO;
        }
    }
}
