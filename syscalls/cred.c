/* syscalls/cred.c: one set of credentials for all threads of a process. */
#include "syscalls/cred.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "syscalls/credentials.h"
#include "syscalls/door.h"
#include "syscalls/sigdeliver.h"

#define GROUPS_BYTES 4096 /* as many as there can be */

/* ---- one at a time ------------------------------------------------------------------ */

/* Sleeps a little while a signal is pending, which task_sleep would not do. */
static void nap(struct call *c)
{
    struct scratch ts = scratch_get(c, sizeof(struct timespec));

    if (!ts.p)
        return;
    *(struct timespec *)ts.p = (struct timespec){0, 200000};
    host_call(c, SYS_nanosleep, ts.va, 0);
}

int wait_a_while(struct call *c)
{
    const size_t    used = c->scratch_used;
    struct timespec until;
    int             r;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    r = task_sleep(c, &until);
    if (r == -ERESTART)
        nap(c);
    c->scratch_used = used;
    return c->task->dead ? -ESRCH : r == 0;
}

static bool take_turn_locked(struct call *c)
{
    if (c->proc->cred_by && c->proc->cred_by != c->task)
        return false;
    c->proc->cred_by = c->task;
    return true;
}

int cred_begin(struct call *c)
{
    bool mine;

    for (;;) {
        task_sleep_prepare(c);
        if (cred_behind(c->task))
            cred_catch_up(c);
        pthread_mutex_lock(&session.lock);
        mine = take_turn_locked(c);
        c->task->waits_cred = !mine;
        pthread_mutex_unlock(&session.lock);
        if (mine && !cred_behind(c->task))
            return 0;
        if (!mine && wait_a_while(c) < 0)
            return -ESRCH;
    }
}

static void wake_all_locked(struct proc *p)
{
    struct task *t;

    p->cred_by = NULL;
    LIST_FOREACH(t, &p->tasks, link)
        if (t->waits_cred)
            task_wake(t);
}

void cred_exec(struct proc *p)
{
    pthread_mutex_lock(&session.lock);
    p->cred_by = NULL;
    pthread_mutex_unlock(&session.lock);
}

/* ---- the record ------------------------------------------------------------------------ */

/* What the calling thread has now. */
static int64_t ids_read(struct call *c, struct cred *cr)
{
    const size_t   used = c->scratch_used;
    struct scratch s = scratch_get(c, sizeof(*cr));
    int64_t        err = s.p ? host_call(c, SYS_getresuid, s.va, s.va + 4, s.va + 8) : -ENOMEM;

    if (!err)
        err = host_call(c, SYS_getresgid, s.va + 12, s.va + 16, s.va + 20);
    if (!err)
        memcpy(cr, s.p, sizeof(*cr));
    c->scratch_used = used;
    return err;
}

static void groups_record_locked(struct proc *p, const uint32_t *groups, int n)
{
    if (!p->groups)
        p->groups = malloc(GROUPS_BYTES);
    if (!p->groups)
        return;
    memcpy(p->groups, groups, (size_t)n * sizeof(*groups));
    p->ngroups = n;
    p->groups_gen++;
}

static void record(struct call *c, const struct cred *cr, const uint32_t *groups, int n)
{
    struct proc *p = c->proc;
    struct task *t;

    pthread_mutex_lock(&session.lock);
    p->cred = *cr;
    p->issetugid = true;
    LIST_FOREACH(t, &p->tasks, link)
        t->area->issetugid = 1;
    if (groups)
        groups_record_locked(p, groups, n);
    __atomic_add_fetch(&p->cred_gen, 1, __ATOMIC_RELAXED);
    c->task->cred_gen = p->cred_gen;
    c->task->groups_gen = p->groups_gen;
    pthread_mutex_unlock(&session.lock);
}

/* ---- the other threads ----------------------------------------------------------------- */

/*
 * The host forgets the parent-death signal of a thread whose credentials change
 * (prctl(2)), and makes its memory unreadable for others; both must be as
 * before, so that nothing survives the provider and it can still serve.
 */
static void settle(struct call *c)
{
    host_call(c, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    host_call(c, SYS_prctl, PR_SET_DUMPABLE, 1);
}

/* What the task has to become. */
struct target {
    struct cred cred;
    uint32_t    gen, groups_gen;
    int         ngroups; /* -1: as they are */
    uint32_t    groups[GROUPS_BYTES / sizeof(uint32_t)];
};

static void target_read(struct task *t, struct target *to)
{
    struct proc *p = t->proc;

    pthread_mutex_lock(&session.lock);
    to->cred = p->cred;
    to->gen = p->cred_gen;
    to->groups_gen = p->groups_gen;
    to->ngroups = t->groups_gen == p->groups_gen ? -1 : p->ngroups;
    if (to->ngroups > 0)
        memcpy(to->groups, p->groups, (size_t)p->ngroups * sizeof(*p->groups));
    pthread_mutex_unlock(&session.lock);
}

/* The handler that is interrupted here may have all of the scratch area in use: its end is borrowed. */
static int64_t groups_set(struct call *c, struct target *to)
{
    struct call    at_end = *c;
    struct scratch end;
    uint8_t        kept[GROUPS_BYTES];
    int64_t        r;

    at_end.scratch_used = SCRATCH_SIZE - GROUPS_BYTES;
    end = scratch_get(&at_end, GROUPS_BYTES);
    if (!end.p)
        return -ENOMEM;
    memcpy(kept, end.p, sizeof(kept));
    memcpy(end.p, to->groups, (size_t)to->ngroups * sizeof(*to->groups));
    r = host_call(c, SYS_setgroups, to->ngroups, end.va);
    memcpy(end.p, kept, sizeof(kept));
    return r;
}

static int64_t become(struct call *c, struct target *to)
{
    const struct cred *cr = &to->cred;
    int64_t            r = to->ngroups >= 0 ? groups_set(c, to) : 0;

    if (!r)
        r = host_call(c, SYS_setresgid, cr->rgid, cr->egid, cr->sgid);
    if (!r)
        r = host_call(c, SYS_setresuid, cr->ruid, cr->euid, cr->suid);
    settle(c);
    return r;
}

static void caught_up(struct task *t, const struct target *to)
{
    pthread_mutex_lock(&session.lock);
    t->cred_gen = to->gen;
    t->groups_gen = to->groups_gen;
    if (t->proc->cred_by)
        task_wake(t->proc->cred_by);
    pthread_mutex_unlock(&session.lock);
}

void cred_catch_up(struct call *c)
{
    struct target *to = malloc(sizeof(*to));
    int64_t        r = -ENOMEM;

    if (to) {
        target_read(c->task, to);
        r = become(c, to);
        if (!r)
            caught_up(c->task, to);
        free(to);
    }
    if (r && r != -ESRCH)
        signal_kill_self(c, c->abi->sig_from_host[SIGABRT]);
}

/* One that will not run guest code as it is: it need not be waited for. */
static bool counts(const struct task *t, const struct task *self)
{
    return t != self && cred_behind(t) && t->state != TASK_GONE && !t->dead && !t->ending && !t->vforking;
}

static unsigned laggards(struct call *c, bool kick)
{
    struct task *t;
    unsigned     n = 0;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(t, &c->proc->tasks, link)
        if (counts(t, c->task)) {
            n++;
            if (kick)
                door->kick(t);
        }
    pthread_mutex_unlock(&session.lock);
    return n;
}

/* 0 or -ESRCH. */
static int others_follow(struct call *c)
{
    int woken = 0;

    for (;;) {
        task_sleep_prepare(c);
        if (!laggards(c, !woken))
            return 0;
        woken = wait_a_while(c); /* when nobody comes for a while, all are kicked again */
        if (woken < 0)
            return woken;
    }
}

static int64_t change_all(struct call *c, const uint32_t *groups, int n)
{
    struct cred cr;
    int64_t     err;

    settle(c);
    err = ids_read(c, &cr);
    if (err)
        return err;
    record(c, &cr, groups, n);
    return others_follow(c);
}

int64_t cred_end(struct call *c, int64_t result, const uint32_t *groups, int n)
{
    int64_t err = result >= 0 ? change_all(c, groups, n) : 0;

    pthread_mutex_lock(&session.lock);
    if (c->proc->cred_by == c->task)
        wake_all_locked(c->proc);
    pthread_mutex_unlock(&session.lock);
    return err ? err : result;
}

void cred_inherit(struct call *c, struct task *t)
{
    struct proc *p = t->proc, *from = c->proc;

    pthread_mutex_lock(&session.lock);
    if (p != from) {
        p->cred = from->cred;
        p->cred_gen = from->cred_gen;
        p->groups_gen = from->groups_gen;
        if (from->groups && (p->groups = malloc(GROUPS_BYTES)))
            memcpy(p->groups, from->groups, GROUPS_BYTES);
        p->ngroups = from->ngroups;
    }
    t->cred_gen = c->task->cred_gen;
    t->groups_gen = c->task->groups_gen;
    pthread_mutex_unlock(&session.lock);
}
