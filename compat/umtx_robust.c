/*
 * compat/umtx_robust.c: mutexes whose holder may die.  User land keeps two lists
 * of what a thread holds (process-shared and private) and the one it is about to
 * take or leave; the kernel walks them when the thread ends, and all of a process
 * when that ends or executes another program.  What a process held that was killed
 * outright (SIGKILL, or from outside) is not marked: its lists are gone with its
 * memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat/umtx_int.h"
#include "syscalls/task.h"

#define RB_MAX 1000 /* kern.ipc.umtx_max_robust */

/* struct umtx_robust_lists_params; kept in task->umtx */
struct robust {
    uint64_t list, priv_list, inact;
};

int64_t umtx_robust_lists(struct call *c, gva params, uint64_t size)
{
    struct robust  now = {0, 0, 0};
    struct robust *r, *old;
    int            err;

    if (size > sizeof(now))
        return -EINVAL;
    err = copy_in(c, &now, params, size);
    if (err)
        return err;
    r = malloc(sizeof(*r));
    if (!r)
        return -ENOMEM;
    *r = now;
    pthread_mutex_lock(&session.lock);
    old = c->task->umtx;
    c->task->umtx = r;
    pthread_mutex_unlock(&session.lock);
    free(old);
    return 0;
}

int umtx_inherit(struct task *child, const struct task *parent)
{
    if (!parent->umtx)
        return 0;
    child->umtx = malloc(sizeof(struct robust));
    if (!child->umtx)
        return -ENOMEM;
    memcpy(child->umtx, parent->umtx, sizeof(struct robust));
    return 0;
}

/* One mutex of the thread that has that number; *next in the list.  inact: it may be unlocked already. */
static int handle(struct call *c, uint32_t tid, uint64_t at, uint64_t *next, bool inact)
{
    struct umutex m;
    const int     err = copy_in(c, &m, GVA(at), sizeof(m));

    if (err)
        return err;
    *next = m.rb_lnk;
    if (!(m.flags & UMUTEX_ROBUST))
        return -EINVAL;
    if ((m.owner & ~UMUTEX_CONTESTED) != tid)
        return inact ? 0 : -EINVAL;
    return (int)umtx_mutex_orphan(c, GVA(at), tid);
}

static void handle_list(struct call *c, uint32_t tid, uint64_t list, uint64_t *inact)
{
    uint64_t at = 0;
    int      err = list ? copy_in(c, &at, GVA(list), sizeof(at)) : 0;

    for (int i = 0; !err && at && i < RB_MAX; i++) {
        const bool is_inact = at == *inact;

        if (is_inact)
            *inact = 0;
        err = handle(c, tid, at, &at, is_inact);
    }
}

/* Takes r over. */
static void let_go(struct call *c, uint32_t tid, struct robust *r)
{
    uint64_t inact = 0, next;

    if (r->inact)
        copy_in(c, &inact, GVA(r->inact), sizeof(inact));
    handle_list(c, tid, r->list, &inact);
    handle_list(c, tid, r->priv_list, &inact);
    if (inact)
        handle(c, tid, inact, &next, true);
    free(r);
}

/* Whose lists are next: one thread's, or any one's of the process (only NULL).  NULL: nobody's. */
static struct robust *take(struct call *c, struct task *only, uint32_t *tid)
{
    struct robust *r = NULL;
    struct task   *t;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(t, &c->proc->tasks, link)
        if (t->umtx && (!only || t == only)) {
            r = t->umtx;
            t->umtx = NULL;
            *tid = (uint32_t)t->tid;
            break;
        }
    pthread_mutex_unlock(&session.lock);
    return r;
}

static void let_go_all(struct call *c, struct task *only)
{
    struct robust *r;
    uint32_t       tid;

    while ((r = take(c, only, &tid)))
        let_go(c, tid, r);
}

void umtx_thread_exit(struct call *c) { let_go_all(c, c->task); }

void umtx_proc_exit(struct call *c) { let_go_all(c, NULL); }

void umtx_exec(struct call *c)
{
    c->proc->umtx_min_ns = 0;
    c->proc->umtx_auto_waits = false;
    tasks_share(c->proc);
    umtx_proc_gone(c->proc);
}
