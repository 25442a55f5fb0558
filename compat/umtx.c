/* compat/umtx.c: _umtx_op, by operation. */
#include "compat/umtx.h"

#include <errno.h>

#include "compat/umtx_int.h"
#include "compat/umtx_wait.h"
#include "syscalls/task.h"

int64_t sys__umtx_op(struct call *c, gva obj, int64_t op, uint64_t val, gva uaddr1, gva uaddr2);

struct args {
    gva      obj;
    uint64_t val;
    gva      uaddr1, uaddr2;
};

static int64_t op_wait(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_wait_long(c, a->obj, a->val, t);
}

static int64_t op_wait_uint(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_wait_uint(c, a->obj, a->val, false, t);
}

static int64_t op_wait_uint_private(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_wait_uint(c, a->obj, a->val, true, t);
}

static int64_t op_wake(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_wake(c, a->obj, (int)a->val, true);
}

static int64_t op_wake_private(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_wake(c, a->obj, (int)a->val, false);
}

static int64_t op_nwake(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_nwake(c, a->obj, a->val);
}

static int64_t op_mutex_trylock(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_mutex_trylock(c, a->obj);
}

static int64_t op_mutex_lock(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_mutex_lock(c, a->obj, t);
}

static int64_t op_mutex_unlock(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_mutex_unlock(c, a->obj);
}

static int64_t op_mutex_wait(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_mutex_wait(c, a->obj, t);
}

static int64_t op_mutex_wake(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_mutex_wake(c, a->obj);
}

static int64_t op_mutex_wake2(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_mutex_wake2(c, a->obj, (uint32_t)a->val);
}

static int64_t op_set_ceiling(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_mutex_set_ceiling(c, a->obj, (uint32_t)a->val, a->uaddr1);
}

static int64_t op_cv_wait(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_cv_wait(c, a->obj, a->uaddr1, a->uaddr2, a->val);
}

static int64_t op_cv_signal(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_cv_signal(c, a->obj);
}

static int64_t op_cv_broadcast(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_cv_broadcast(c, a->obj);
}

static int64_t op_rw_rdlock(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_rw_rdlock(c, a->obj, a->val, t);
}

static int64_t op_rw_wrlock(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_rw_wrlock(c, a->obj, t);
}

static int64_t op_rw_unlock(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_rw_unlock(c, a->obj);
}

static int64_t op_sem_wait(struct call *c, const struct args *a, struct umtx_time *t)
{
    return umtx_sem_wait(c, a->obj, t);
}

static int64_t op_sem_wake(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_sem_wake(c, a->obj);
}

#define UMTX_TIME_SIZE 24 /* sizeof(struct _umtx_time) */

/* What is left of a relative time-out goes behind it, when there is room (__umtx_op_sem2_wait). */
static int64_t op_sem2_wait(struct call *c, const struct args *a, struct umtx_time *t)
{
    const int64_t   r = umtx_sem2_wait(c, a->obj, t);
    struct timespec left;
    int             err;

    if (r != -EINTR || !t || t->absolute || a->uaddr1.va < UMTX_TIME_SIZE + sizeof(left))
        return r;
    umtx_time_left(t, &left);
    err = copy_out(c, GVA(a->uaddr2.va + UMTX_TIME_SIZE), &left, sizeof(left));
    return err ? err : r;
}

static int64_t op_sem2_wake(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_sem2_wake(c, a->obj);
}

static int64_t op_shm(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_shm(c, a->uaddr1, (uint32_t)a->val);
}

static int64_t op_robust_lists(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_robust_lists(c, a->uaddr1, a->val);
}

static int64_t op_get_min_timeout(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return put_long(c, a->uaddr1, c->proc->umtx_min_ns);
}

static int64_t op_set_min_timeout(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    if ((int64_t)a->val < 0)
        return -EINVAL;
    c->proc->umtx_min_ns = (int64_t)a->val;
    tasks_share(c->proc);
    return 0;
}

/* The time-out is a struct timespec, whatever uaddr1 is. */
static int64_t op_old_lock(struct call *c, const struct args *a, struct umtx_time *t)
{
    struct umtx_time buf;
    const int        err = umtx_time_in(c, GVA(0), a->uaddr2, &buf, &t);

    return err ? err : umtx_old_lock(c, a->obj, a->val, t);
}

static int64_t op_old_unlock(struct call *c, const struct args *a, struct umtx_time *t)
{
    (void)t;
    return umtx_old_unlock(c, a->obj, a->val);
}

/* By UMTX_OP_ number. */
static const struct op {
    int64_t (*fn)(struct call *c, const struct args *a, struct umtx_time *t);
    bool timed; /* uaddr1 and uaddr2 are a time-out */
} ops[] = {
    [0] = {op_old_lock, false},
    [1] = {op_old_unlock, false},
    [2] = {op_wait, true},
    [3] = {op_wake, false},
    [4] = {op_mutex_trylock, false},
    [5] = {op_mutex_lock, true},
    [6] = {op_mutex_unlock, false},
    [7] = {op_set_ceiling, false},
    [8] = {op_cv_wait, false},
    [9] = {op_cv_signal, false},
    [10] = {op_cv_broadcast, false},
    [11] = {op_wait_uint, true},
    [12] = {op_rw_rdlock, true},
    [13] = {op_rw_wrlock, true},
    [14] = {op_rw_unlock, false},
    [15] = {op_wait_uint_private, true},
    [16] = {op_wake_private, false},
    [17] = {op_mutex_wait, true},
    [18] = {op_mutex_wake, false},
    [19] = {op_sem_wait, true},
    [20] = {op_sem_wake, false},
    [21] = {op_nwake, false},
    [22] = {op_mutex_wake2, false},
    [23] = {op_sem2_wait, true},
    [24] = {op_sem2_wake, false},
    [25] = {op_shm, false},
    [26] = {op_robust_lists, false},
    [27] = {op_get_min_timeout, false},
    [28] = {op_set_min_timeout, false},
};

int64_t sys__umtx_op(struct call *c, gva obj, int64_t op, uint64_t val, gva uaddr1, gva uaddr2)
{
    const struct args a = {obj, val, uaddr1, uaddr2};
    struct umtx_time  buf, *t = NULL;

    if (op < 0 || (uint64_t)op >= sizeof(ops) / sizeof(*ops))
        return -EINVAL;
    if (ops[op].timed) {
        const int err = umtx_time_in(c, uaddr1, uaddr2, &buf, &t);

        if (err)
            return err;
    }
    return ops[op].fn(c, &a, t);
}
