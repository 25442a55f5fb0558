/* syscalls/task.c: tasks, and the areas they live in. */
#include "syscalls/task.h"

#include <stdlib.h>
#include <string.h>

#include "syscalls/door.h"
#include "syscalls/fd.h"
#include "syscalls/fdshare.h"
#include "syscalls/sigqueue.h"
#include "syscalls/spare.h"
#include "syscalls/view.h"
#include "syscalls/wait.h"

struct task *task_by_index_locked(uint32_t index) { return index < TASKS_MAX ? session.tasks[index] : NULL; }

int64_t task_tid(const struct task *t) { return (int64_t)t->host_tid + TID_BASE; }

void task_adopt_locked(struct task *t, pid_t host_tid)
{
    t->host_tid = host_tid;
    t->tid = task_tid(t);
    t->state = TASK_LIVE;
    t->execing = false;
    if (!t->proc->pid)
        proc_set_pid_locked(t->proc, host_tid);
}

static struct spares spares; /* areas with their pages; under session.lock */

static void index_set_locked(struct task *t, uint32_t index)
{
    session.tasks[index] = t;
    t->index = index;
}

static bool index_take_locked(struct task *t)
{
    uint32_t spare;

    if (spare_take(&spares, &spare)) {
        index_set_locked(t, spare);
        return true;
    }
    for (uint32_t n = 0; n < TASKS_MAX; n++) {
        uint32_t i = (session.next_index + n) % TASKS_MAX;

        if (session.tasks[i])
            continue;
        session.next_index = i + 1;
        index_set_locked(t, i);
        return true;
    }
    return false;
}

static void area_reset(struct task *t)
{
    struct area *a = area_at(t->index);

    memset(a, 0, sizeof(*a)); /* of the rest nobody expects anything: a guest could write there, too */
    a->self = (uint64_t)a;
    a->index = t->index;
    a->door_ptrace = door->is_ptrace;
    a->fsgsbase = session.fsgsbase;
    a->statx_null = session.statx_null;
    a->mask = (struct sigset){{~0ull, ~0ull}}; /* until whoever makes it has said what it is */
    t->area = a;
}

void task_share(struct task *t)
{
    struct area *a = t->area;

    a->fds = (uint64_t)t->proc->fds;
    a->nofile = t->proc->nofile;
    a->slow_waits = t->proc->umtx_min_ns != 0;
    a->auto_waits = t->proc->umtx_auto_waits;
    a->pid = (uint32_t)t->proc->pid;
    a->tid = task_tid(t);
    a->vdso = t->proc->vdso;
    a->clock = t->proc->vdso ? t->proc->vdso + session.vdso_clock : 0;
    a->issetugid = t->proc->issetugid;
    a->view = !session.view ? VIEW_PLAIN : view_root() ? VIEW_ROOT : VIEW_SYSROOT;
    a->rewrite = !session.no_rewrite;
    a->alone = t->proc->ntasks == 1 && !(t->proc->fds && fdtable_is_shared(t->proc->fds));
    a->rows =
        session.trace || door->is_ptrace || t->proc->capmode || t->unparked ? GATE_ROWS_NONE : t->proc->abi->gate_rows;
}

bool task_unpark(struct task *t, bool to)
{
    bool was;

    pthread_mutex_lock(&session.lock);
    was = t->unparked;
    t->unparked = to;
    if (was != to)
        task_share(t);
    pthread_mutex_unlock(&session.lock);
    return was;
}

void tasks_share(struct proc *p)
{
    struct task *t;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(t, &p->tasks, link)
        task_share(t);
    pthread_mutex_unlock(&session.lock);
}

static void tell_parent_locked(struct task *t)
{
    const struct proc *p = t->proc;
    const bool         known = p->parent || (session.first && p != session.first);

    __atomic_store_n(&t->area->ppid, !known ? 0 : p->parent ? (uint32_t)p->parent->pid : 1, __ATOMIC_RELEASE);
}

void tasks_tell_parent_locked(struct proc *p)
{
    struct task *t;

    LIST_FOREACH(t, &p->tasks, link)
        tell_parent_locked(t);
}

struct task *task_new(struct proc *p)
{
    struct task *t = calloc(1, sizeof(*t));
    bool         ok;

    if (!t)
        return NULL;
    tasks_sweep(p);
    t->proc = p;
    t->state = TASK_NEW;
    t->altstack.flags = D_SS_DISABLE;
    sigqueue_init(&t->pending, &p->nqueued);
    pthread_mutex_lock(&session.lock);
    ok = index_take_locked(t);
    if (ok) {
        struct task *other;

        area_reset(t);      /* others may look there as soon as it is in the list */
        if (p->ntasks == 1) /* where there are more, none of them is alone */
            LIST_FOREACH(other, &p->tasks, link)
                other->area->alone = 0;
        LIST_INSERT_HEAD(&p->tasks, t, link);
        tell_parent_locked(t);
        p->ntasks++;
        p->refs++;
    }
    pthread_mutex_unlock(&session.lock);
    if (!ok) {
        free(t);
        return NULL;
    }
    if (door->task_init(t)) {
        task_end(t);
        return NULL;
    }
    return t;
}

/* Holds the place of an area whose pages are being given back. */
static struct task nobody = {.dead = true, .host_tid = -1};

static void area_release(uint32_t index)
{
    arena_release((char *)area_at(index), TASK_STRIDE);
    pthread_mutex_lock(&session.lock);
    session.tasks[index] = NULL;
    pthread_mutex_unlock(&session.lock);
}

void task_end(struct task *t)
{
    struct proc *p = t->proc;
    bool         kept, last;

    if (!door->is_ptrace)
        door->reap(t);
    session.killed_inside |= t->state != TASK_GONE;
    if (t->state != TASK_GONE && p->fds && t->area->rows)
        fdtable_break_locks(p->fds, t->index); /* it may have been killed in the gate */
    shlock_forget(t->index);
    pthread_mutex_lock(&session.lock);
    LIST_REMOVE(t, link);
    last = --p->ntasks == 0 && p->state == PROC_ENDING;
    if (t->state == TASK_GONE) {
        LIST_REMOVE(t, gone);
        p->ngone--;
    }
    sigqueue_clear(&t->pending);
    session.tasks[t->index] = spare_put(&spares, t->index) ? NULL : &nobody;
    kept = !session.tasks[t->index];
    pthread_mutex_unlock(&session.lock);
    if (door->is_ptrace)
        free(t->door);
    if (!kept)
        area_release(t->index);
    free(t->umtx);
    free(t);
    if (last)
        proc_ended(p);
    proc_put(p);
}

bool task_unmake(struct task *t, uint32_t index)
{
    bool mine;

    pthread_mutex_lock(&session.lock);
    mine = session.tasks[index] == t && !t->ending && t->state == TASK_NEW;
    if (mine)
        t->ending = true;
    pthread_mutex_unlock(&session.lock);
    if (mine)
        task_end(t);
    return mine;
}

void task_gone_locked(struct task *t)
{
    t->state = TASK_GONE;
    LIST_INSERT_HEAD(&t->proc->gone, t, gone);
    t->proc->ngone++;
}

static struct task *swept_locked(struct proc *p)
{
    struct task *t;

    LIST_FOREACH(t, &p->gone, gone)
        if (!t->ending && t->host_tid && t->host_tid != p->pid /* which sleeps, sys_thr_exit */ &&
            !__atomic_load_n(&t->area->host_tid, __ATOMIC_ACQUIRE))
            return t;
    return NULL;
}

void tasks_sweep(struct proc *p)
{
    struct task *t;

    if (door->is_ptrace)
        return; /* a tracer thread ends its own task */
    for (;;) {
        pthread_mutex_lock(&session.lock);
        t = swept_locked(p);
        if (t)
            t->ending = true;
        pthread_mutex_unlock(&session.lock);
        if (!t)
            return;
        task_end(t);
    }
}

/*
 * A task that never started belongs to the handler that makes it, which is in
 * flight in a task that did: those first, so that their handlers unwind.
 */
static struct task *end_next(struct proc *p, const struct task *but)
{
    struct task *t, *fresh = NULL;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(t, &p->tasks, link) {
        /* task_end has taken it off the list.  NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        if (t == but || t->ending)
            continue;
        if (t->state != TASK_NEW)
            break;
        fresh = t;
    }
    if (!t)
        t = fresh;
    if (t)
        t->ending = true;
    pthread_mutex_unlock(&session.lock);
    return t;
}

void tasks_end(struct proc *p, const struct task *but)
{
    struct task *t;

    while (!door->is_ptrace && (t = end_next(p, but)))
        task_end(t);
}
