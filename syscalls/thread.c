/* syscalls/thread.c: thr_new and its kin (FreeBSD sys/kern/kern_thr.c). */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "compat/bsd_calls.h"
#include "compat/umtx.h"
#include "syscalls/cred.h"
#include "syscalls/door.h"
#include "syscalls/exec.h"
#include "syscalls/fd.h"
#include "syscalls/handlers.h"
#include "syscalls/signal.h"
#include "syscalls/task.h"

/* struct thr_param, sys/thr.h; shorter ones of old programs are accepted. */
struct thr_param {
    uint64_t start_func, arg, stack_base, stack_size, tls_base, tls_size, child_tid, parent_tid;
    int32_t  flags, pad;
    uint64_t rtp, spare[3];
};
_Static_assert(sizeof(struct thr_param) == 104, "sys/thr.h");

#define THREAD_FLAGS                                                                                                   \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |                 \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/*
 * Both numbers are in memory before either thread goes on; whichever is first
 * here stores them.  To the creator t is only a name: it may have ended already.
 */
static int tids_write(struct call *c, struct task *t, uint32_t index, pid_t host_tid, gva child_at, gva parent_at)
{
    const int64_t tid = (int64_t)host_tid + TID_BASE;
    int           err = 0;

    pthread_mutex_lock(&session.lock);
    if (session.tasks[index] == t && !t->tids_written) {
        if (!t->host_tid)
            task_adopt_locked(t, host_tid);
        t->tids_written = true;
        if (child_at.va)
            err = put_long(c, child_at, tid);
        if (!err && parent_at.va)
            err = put_long(c, parent_at, tid);
    }
    pthread_mutex_unlock(&session.lock);
    return err;
}

static struct task *thread_make(struct call *c, const struct thr_param *tp)
{
    struct task *t = task_new(c->proc);

    if (!t)
        return NULL;
    cred_inherit(c, t);
    t->area->mask = c->task->area->mask;
    t->child_tid_at = GVA(tp->child_tid);
    t->parent_tid_at = GVA(tp->parent_tid);
    memcpy(t->name, c->task->name, sizeof(t->name));
    return t;
}

int64_t sys_thr_new(struct call *c, gva param, int size)
{
    const uint64_t   zero = 0;
    struct thr_param tp = {0};
    struct regs      r;
    struct krtprio   rtp = {0};
    struct task     *t;
    uint32_t         index;
    int64_t          tid;
    int              err;

    if (size < 0 || (size_t)size > sizeof(tp))
        return -EINVAL;
    err = copy_in(c, &tp, param, (size_t)size);
    if (!err && tp.rtp)
        err = rtprio_of_new_thread(c, GVA(tp.rtp), &rtp);
    if (err)
        return err;
    t = thread_make(c, &tp);
    if (!t)
        return -EAGAIN; /* FreeBSD says EPROCLIM; the nearest that Linux has */
    index = t->index;
    door->regs_get(c->task, &r);
    c->abi->thread(&r, tp.start_func, tp.arg, tp.stack_base, tp.stack_size);
    copy_out(c, GVA(r.rsp), &zero, sizeof(zero)); /* the return address of start_func */
    tid = door->clone(c->task, t, THREAD_FLAGS, tp.tls_base, &r);
    if (tid < 0) {
        task_unmake(t, index);
        return tid;
    }
    if (rtp.type)
        rtprio_set_thread(c, (pid_t)tid, &rtp);
    return tids_write(c, t, index, (pid_t)tid, GVA(tp.child_tid), GVA(tp.parent_tid));
}

/* FreeBSD 5's: the thread begins with the registers of a context (kern_thr.c, sys_thr_create). */
int64_t sys_thr_create(struct call *c, gva ctx, gva id, int flags)
{
    const struct thr_param tp = {.child_tid = id.va};
    uint8_t               *uc = malloc(c->abi->ucontext_size);
    struct sigreturn_out   out;
    struct task           *t = NULL;
    uint32_t               index = 0;
    int64_t                tid;
    int                    err = uc ? copy_in(c, uc, ctx, c->abi->ucontext_size) : -ENOMEM;

    (void)flags; /* THR_SUSPENDED has no meaning there any more, either */
    door->regs_get(c->task, &out.regs);
    if (!err)
        err = c->abi->sigreturn(uc, &out);
    free(uc);
    if (!err)
        t = thread_make(c, &tp);
    if (!t)
        return err ? err : -EAGAIN;
    index = t->index;
    tid = door->clone(c->task, t, THREAD_FLAGS, out.regs.fs_base, &out.regs);
    if (tid < 0)
        task_unmake(t, index);
    return tid < 0 ? tid : tids_write(c, t, index, (pid_t)tid, id, GVA(0));
}

void thread_started(struct call *c)
{
    struct task *t = c->task;

    if (t->proc->closes_first) {
        t->proc->closes_first = false;
        fdtable_sweep(c, t->proc->fds);
    }
    if (!t->tids_written && (t->child_tid_at.va || t->parent_tid_at.va))
        tids_write(c, t, t->index, t->host_tid, t->child_tid_at, t->parent_tid_at);
}

/*
 * The host knows a process by its first thread: when that one has ended, nobody finds its memory and descriptors by the
 * process's number any more (process_vm_readv, /proc/PID/maps).  So it sleeps, deaf, until the process ends or execs.
 */
static int64_t first_sleeps(struct call *c)
{
    struct scratch all;

    c->scratch_used = 0;
    all = scratch_get(c, sizeof(uint64_t));
    memset(all.p, 0xff, sizeof(uint64_t));
    while (!c->task->dead)
        host_call(c, SYS_rt_sigsuspend, all.va, sizeof(uint64_t));
    return -ESRCH;
}

int64_t sys_thr_exit(struct call *c, gva state)
{
    bool last;

    tasks_sweep(c->proc); /* or those that end without another being started would stay */
    umtx_thread_exit(c);
    if (state.va) {
        put_long(c, state, 1);
        umtx_wake(c, state, 0x7fffffff, true);
    }
    pthread_mutex_lock(&session.lock);
    last = c->proc->ntasks - c->proc->ngone == 1;
    if (!last) {
        task_gone_locked(c->task);
        signal_reassign_locked(c->proc);
    }
    pthread_mutex_unlock(&session.lock);
    if (last)
        return 0; /* the last thread has to use exit (kern_thr.c, kern_thr_exit) */
    if (c->task->host_tid == c->proc->pid)
        return first_sleeps(c);
    door->finish(c->task, SYS_exit, 0);
    return -ESRCH;
}

int64_t sys_thr_self(struct call *c, gva id) { return put_long(c, id, task_tid(c->task)); }

int64_t sys_thr_set_name(struct call *c, int64_t id, gva name)
{
    char         text[32] = "";
    struct task *t;
    int64_t      n = name.va ? copy_in_str(c, text, name, sizeof(text)) : 0;

    if (n == -EFAULT || n == -ESRCH)
        return n;
    text[sizeof(text) - 1] = 0; /* longer names are cut (kern_thr.c, sys_thr_set_name) */
    pthread_mutex_lock(&session.lock);
    t = task_find_locked(c->proc, id);
    if (t)
        memcpy(t->name, text, sizeof(t->name));
    pthread_mutex_unlock(&session.lock);
    if (!t)
        return -ESRCH;
    if (t == c->task) {
        struct scratch s = scratch_get(c, 16);
        memcpy(s.p, text, 15);
        ((char *)s.p)[15] = 0;
        host_call(c, SYS_prctl, 15 /* PR_SET_NAME */, s.va);
    }
    return 0;
}

int64_t sys_thr_suspend(struct call *c, const void *timeout)
{
    struct timespec now;
    int             r;

    if (timeout) {
        const struct timespec *ts = timeout;

        if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000) /* umtx_copyin_timeout */
            return -EINVAL;
        clock_gettime(CLOCK_MONOTONIC, &now);
        now.tv_sec += ts->tv_sec + (now.tv_nsec + ts->tv_nsec) / 1000000000;
        now.tv_nsec = (now.tv_nsec + ts->tv_nsec) % 1000000000;
    }
    if (task_unpark(c->task, false))
        return 0;
    r = task_sleep(c, timeout ? &now : NULL);
    task_sleep_prepare(c);
    return timeout && r == -ERESTART ? -EINTR : r; /* kern_thr_suspend: one with a time is not made again */
}

/*
 * Of itself it is for later: the next sleep, in whatever call, ends at once (TDP_WAKEUP).  Thread libraries count on it
 * where a cancellation comes between their look and the call (lib/libthr/thread/thr_sig.c, check_cancel).
 */
int64_t sys_thr_wake(struct call *c, int64_t id)
{
    struct task *t;

    if (id == task_tid(c->task)) {
        task_unpark(c->task, true);
        return 0;
    }
    pthread_mutex_lock(&session.lock);
    t = task_find_locked(c->proc, id);
    if (t)
        task_wake(t);
    pthread_mutex_unlock(&session.lock);
    return t ? 0 : -ESRCH;
}
