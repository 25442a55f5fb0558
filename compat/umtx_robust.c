/*
 * compat/umtx_robust.c: mutexes whose holder may die.  User land keeps two lists
 * of what a thread holds (process-shared and private) and the one it is about to
 * take or leave; the kernel walks them when the thread ends.  What a thread held
 * that the host killed is not marked: its memory is gone with it.
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
    struct robust new = {0, 0, 0};
    struct robust *r = c->task->umtx;
    int            err;

    if (size > sizeof(new))
        return -EINVAL;
    err = copy_in(c, &new, params, size);
    if (err)
        return err;
    if (!r)
        c->task->umtx = r = malloc(sizeof(*r));
    if (!r)
        return -ENOMEM;
    *r = new;
    return 0;
}

/* One mutex; *next in the list.  inact: it may be unlocked already. */
static int handle(struct call *c, uint64_t at, uint64_t *next, bool inact)
{
    struct umutex m;
    const int     err = copy_in(c, &m, GVA(at), sizeof(m));

    if (err)
        return err;
    *next = m.rb_lnk;
    if (!(m.flags & UMUTEX_ROBUST))
        return -EINVAL;
    if ((m.owner & ~UMUTEX_CONTESTED) != (uint32_t)c->task->tid)
        return inact ? 0 : -EINVAL;
    return (int)umtx_mutex_unlock(c, GVA(at), true);
}

static void handle_list(struct call *c, uint64_t list, uint64_t *inact)
{
    uint64_t at = 0;
    int      err = list ? copy_in(c, &at, GVA(list), sizeof(at)) : 0;

    for (int i = 0; !err && at && i < RB_MAX; i++) {
        const bool is_inact = at == *inact;

        if (is_inact)
            *inact = 0;
        err = handle(c, at, &at, is_inact);
    }
}

void umtx_thread_exit(struct call *c)
{
    struct robust *r = c->task->umtx;
    uint64_t       inact = 0, next;

    if (!r)
        return;
    c->task->umtx = NULL;
    if (r->inact)
        copy_in(c, &inact, GVA(r->inact), sizeof(inact));
    handle_list(c, r->list, &inact);
    handle_list(c, r->priv_list, &inact);
    if (inact)
        handle(c, inact, &next, true);
    free(r);
}

void umtx_exec(struct call *c)
{
    free(c->task->umtx);
    c->task->umtx = NULL;
    c->proc->umtx_min_ns = 0;
    c->proc->umtx_auto_waits = false;
    tasks_share(c->proc);
    umtx_proc_gone(c->proc);
}
