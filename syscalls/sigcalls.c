/* syscalls/sigcalls.c: sigaction, sigprocmask and the other calls about a task's own signals. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "abi/freebsd/freebsd.h"
#include "syscalls/door.h"
#include "syscalls/handlers.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/sigmask.h"
#include "syscalls/sigqueue.h"
#include "syscalls/task.h"
#include "syscalls/tty.h"

static bool valid(const struct call *c, int sig) { return sig > 0 && sig <= (int)c->abi->nsig; }

int64_t sys_sigaction(struct call *c, int sig, const void *act, void *oact)
{
    struct proc *p = c->proc;
    bool         fixed;

    if (!valid(c, sig))
        return -EINVAL;
    fixed = sig == signal_guest(p, SIGKILL) || sig == signal_guest(p, SIGSTOP);
    if (fixed && act && ((const struct ksigaction *)act)->handler != D_SIG_DFL)
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    if (oact)
        memcpy(oact, &p->actions[sig], sizeof(struct ksigaction));
    if (act && !fixed) {
        struct task *t;

        memcpy(&p->actions[sig], act, sizeof(struct ksigaction));
        sigset_unmaskable(p, &p->actions[sig].mask);
        /* Setting a signal to be ignored discards what is pending (POSIX, sigaction). */
        if (p->actions[sig].handler == D_SIG_IGN ||
            (p->actions[sig].handler == D_SIG_DFL &&
             (c->abi->sig_default[sig] == SIGDEF_IGN || c->abi->sig_default[sig] == SIGDEF_CONT))) {
            sigqueue_drop(&p->pending, sig);
            LIST_FOREACH(t, &p->tasks, link)
                sigqueue_drop(&t->pending, sig);
        }
    }
    pthread_mutex_unlock(&session.lock);
    if (act && !fixed)
        tty_signal_changed(c, sig);
    return 0;
}

int64_t sys_sigprocmask(struct call *c, int64_t how, const void *set, void *oset)
{
    struct task         *t = c->task;
    const struct sigset *s = set;
    int                  err = 0;

    pthread_mutex_lock(&session.lock);
    if (oset)
        memcpy(oset, &t->area->mask, sizeof(t->area->mask));
    if (s)
        err = sigmask_change(&t->area->mask, how, s);
    signal_mask_changed_locked(t);
    pthread_mutex_unlock(&session.lock);
    return err;
}

int64_t sys_sigpending(struct call *c, void *set)
{
    struct sigset *s = set;

    if (!s)
        return -EFAULT;
    pthread_mutex_lock(&session.lock);
    for (int i = 0; i < 2; i++)
        s->w[i] = c->task->pending.set.w[i] | c->proc->pending.set.w[i];
    pthread_mutex_unlock(&session.lock);
    return 0;
}

int64_t sys_sigsuspend(struct call *c, const void *mask)
{
    int r;

    if (!mask)
        return -EFAULT;
    signal_mask_for_call(c, mask);
    do {
        task_sleep_prepare(c);
        c->unparked = false; /* only a signal ends it (kern_sig.c, kern_sigsuspend) */
        r = task_sleep(c, NULL);
    } while (!r || c->unparked);
    return r == -ERESTART ? -EINTR : r;
}

#define MINSIGSTKSZ_GUEST 2048 /* sys/amd64/include/_limits.h: 512 * 4 */

int64_t sys_sigaltstack(struct call *c, const void *ss, void *oss)
{
    struct task         *t = c->task;
    const struct kstack *s = ss;
    struct regs          r;
    bool                 on;

    door->regs_get(t, &r);
    on = !(t->altstack.flags & D_SS_DISABLE) && r.rsp - t->altstack.sp < t->altstack.size;
    if (oss) {
        struct kstack old = t->altstack;
        old.flags |= on ? D_SS_ONSTACK : 0;
        memcpy(oss, &old, sizeof(old));
    }
    if (!s)
        return 0;
    if (on)
        return -EPERM;
    if (s->flags & ~(uint64_t)D_SS_DISABLE)
        return -EINVAL;
    if (!(s->flags & D_SS_DISABLE) && s->size < MINSIGSTKSZ_GUEST)
        return -ENOMEM;
    if (s->flags & D_SS_DISABLE)
        t->altstack.flags |= D_SS_DISABLE;
    else
        t->altstack = *s;
    return 0;
}

/* The extended part of the floating-point state lies beside the frame; both make one XSAVE image again. */
static void xstate_restore(struct call *c, const struct sigreturn_out *out)
{
    uint8_t *img;
    size_t   n;

    if (!out->fxsave || !(img = malloc(XSTATE_MAX)))
        return;
    n = door->xstate_get(c->task, img, XSTATE_MAX);
    if (n >= 512) {
        memcpy(img, out->fxsave, 512);
        if (out->xtra_at && n > 512)
            copy_in(c, img + 512, GVA(out->xtra_at), out->xtra_len < n - 512 ? out->xtra_len : n - 512);
        else if (n > 512)
            img[512] |= 3; /* XSTATE_BV: x87 and SSE come from this image */
        door->xstate_set(c->task, img, n);
    }
    free(img);
}

int64_t sys_sigreturn(struct call *c, gva sigcntxp)
{
    uint8_t             *uc = malloc(c->abi->ucontext_size);
    struct sigreturn_out out;
    int                  err = -ENOMEM;

    if (uc)
        err = copy_in(c, uc, sigcntxp, c->abi->ucontext_size);
    door->regs_get(c->task, &out.regs);
    if (!err)
        err = c->abi->sigreturn(uc, &out);
    if (err) {
        free(uc);
        return err;
    }
    xstate_restore(c, &out);
    if (out.has_fs_base)
        host_call(c, SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, out.regs.fs_base);
    door->regs_set(c->task, &out.regs);
    pthread_mutex_lock(&session.lock);
    c->task->area->mask = out.mask;
    signal_mask_changed_locked(c->task);
    pthread_mutex_unlock(&session.lock);
    c->no_result = true;
    free(uc);
    return 0;
}

/* Waits for one of set; *info is what was taken.  0, -EAGAIN, -ERESTART, -ESRCH. */
static int wait_for(struct call *c, const struct sigset *set, const struct timespec *deadline, struct ksiginfo *info)
{
    struct task *t = c->task;
    int          r = 0;

    for (;;) {
        bool got;

        task_sleep_prepare(c);
        door->take_noted(t, signal_from_host);
        pthread_mutex_lock(&session.lock);
        got = signal_take_locked(t, set, info);
        t->waiting = got || r ? (struct sigset){{0, 0}} : *set;
        pthread_mutex_unlock(&session.lock);
        if (got)
            return 0;
        if (r)
            return r == -ETIMEDOUT ? -EAGAIN : r;
        r = sigwait_sleep(c, deadline);
        if (r == -EINTR)
            r = 0; /* a kick: look again */
    }
}

/* Like task_sleep, but every interruption is reported: the signal waited for may be a blocked one. */
int sigwait_sleep(struct call *c, const struct timespec *deadline)
{
    struct scratch ts = {NULL, 0};
    size_t         used = c->scratch_used;
    int64_t        r;

    if (deadline) {
        ts = scratch_get(c, sizeof(*deadline));
        memcpy(ts.p, deadline, sizeof(*deadline));
    }
    r = host_wait_once(c, SYS_futex, &c->task->area->wake, 9 /* FUTEX_WAIT_BITSET */, 0, ts.va, 0, 0xffffffffu);
    c->scratch_used = used;
    return r == -EAGAIN ? 0 : (int)r;
}

static struct timespec deadline_of(const struct timespec *ts)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    now.tv_sec += ts->tv_sec;
    now.tv_nsec += ts->tv_nsec;
    if (now.tv_nsec >= 1000000000) {
        now.tv_sec++;
        now.tv_nsec -= 1000000000;
    }
    return now;
}

int64_t sys_sigtimedwait(struct call *c, const void *set, void *info, const void *timeout)
{
    const struct timespec *ts = timeout;
    struct timespec        deadline;
    struct ksiginfo        k;
    bool                   bad;
    int                    r;

    if (!set)
        return -EFAULT;
    bad = ts && (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000);
    deadline = ts && !bad ? deadline_of(ts) : (struct timespec){0, 0}; /* a bad time: what is pending is still taken */
    r = wait_for(c, set, ts ? &deadline : NULL, &k);
    if (r)
        return bad && r == -EAGAIN ? -EINVAL : ts && r == -ERESTART ? -EINTR : r; /* a time-out is not restarted */
    if (info)
        memcpy(info, &k, sizeof(k));
    return k.signo;
}

int64_t sys_sigwaitinfo(struct call *c, const void *set, void *info) { return sys_sigtimedwait(c, set, info, NULL); }

/* Whether the handler that is about to run lets the call go on. */
static bool handler_restarts(struct task *t)
{
    const struct proc *p = t->proc;
    struct sigset      want;
    int                sig, all;
    bool               yes;

    pthread_mutex_lock(&session.lock);
    want = (struct sigset){{~t->area->mask.w[0], ~t->area->mask.w[1]}};
    sig = sigqueue_first(&t->pending, &want);
    all = sigqueue_first(&p->pending, &want);
    if (!sig || (all && all < sig))
        sig = all;
    yes = !sig || p->actions[sig].handler == D_SIG_DFL || (p->actions[sig].flags & D_SA_RESTART);
    pthread_mutex_unlock(&session.lock);
    return yes;
}

/* Its errors are its result, as POSIX has it: the call succeeds, or is made again (kern_sig.c, sys_sigwait). */
int64_t sys_sigwait(struct call *c, const void *set, gva sig)
{
    struct ksiginfo k;
    int             r;

    if (!set)
        return c->abi->errno_from_host[EFAULT];
    r = wait_for(c, set, NULL, &k);
    if (r == -ERESTART)
        return handler_restarts(c->task) ? r : c->abi->errno_from_host[EINTR];
    if (!r)
        r = put_int(c, sig, k.signo);
    return r == -EFAULT ? c->abi->errno_from_host[EFAULT] : r;
}
