#include "syscalls/tty.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/door.h"
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
    if (sigset_has(&c->task->area->mask, guest_sig) || p->actions[guest_sig].handler == D_SIG_IGN)
        standing = STANDS_HELD;
    else if (pgrp_orphaned_locked(pgid))
        standing = STANDS_ORPHANED;
    pthread_mutex_unlock(&session.lock);
    return standing;
}

static void group_post(const struct call *c, pid_t pgid, int sig)
{
    struct proc    *p;
    struct ksiginfo k = {.signo = sig};

    k.code = c->abi->sigcode_from_host(k.signo, SI_KERNEL);
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (p->state == PROC_LIVE && getpgid(p->pid) == pgid)
            signal_post_proc_locked(p, &k);
    pthread_mutex_unlock(&session.lock);
}

/* The host saw an orphaned group where the guest has a parent to continue it: there the provider is all's parent. */
static void group_signal(const struct call *c, int sig)
{
    group_post(c, getpgid(c->proc->pid), signal_guest(c->proc, sig));
}

/* The host sends three of them, to its own programs as well; the others are for guests. */
int64_t tty_signal_front(struct call *c, int master, int64_t sig)
{
    const int      hostsig = sig >= 1 && sig <= (int)c->abi->nsig ? c->abi->sig_to_host[sig] : 0;
    struct scratch s = scratch_get(c, sizeof(int));
    int64_t        r = s.p ? host_call(c, SYS_ioctl, master, TIOCGPTN, s.va) : -ENOMEM;

    if (!r && (sig < 1 || sig > (int)c->abi->nsig))
        r = -EINVAL;
    if (r || hostsig == SIGINT || hostsig == SIGQUIT || hostsig == SIGTSTP)
        return r ? r : host_call(c, SYS_ioctl, master, TIOCSIG, hostsig);
    r = host_call(c, SYS_ioctl, master, TIOCGPGRP, s.va);
    if (!r && *(int *)s.p > 0)
        group_post(c, *(int *)s.p, (int)sig);
    return r || sig != c->abi->sig_info ? r : tty_info(c, master); /* tty.c, tty_signal_pgrp */
}

/*
 * The host's EIO is of a process in the background; or of a slave whose master is gone, or a master whose slave nobody
 * has open: there FreeBSD has its own answers (tty.c, ttydev_read and ttydev_enter; tty_pts.c, ptsdev_read).
 */
static int64_t other_side(struct call *c, int sig, int hostfd)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, sizeof(int));
    int64_t              r = -EIO;

    if (s.p && host_call(c, SYS_ioctl, hostfd, TIOCGPTN, s.va) == 0)
        r = sig == SIGTTIN ? 0 : -EIO;
    else if (s.p && host_call(c, SYS_ioctl, hostfd, TIOCGPGRP, s.va) == -EIO)
        r = sig == SIGTTIN ? 0 : -ENXIO;
    else
        r = 1; /* both are there */
    c->scratch_used = used;
    return r;
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
        int64_t       r = host_wait_once(c, nr, hostfd, a, b);
        const int64_t end = r == -EIO ? other_side(c, sig, hostfd) : 1;

        if ((r != -EINTR && r != -EIO) || end <= 0)
            return end <= 0 ? end : r;
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
