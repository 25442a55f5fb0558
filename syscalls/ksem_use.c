/* syscalls/ksem_use.c: POSIX semaphores by their descriptors (FreeBSD sys/kern/uipc_sem.c): posting and waiting. */
#include "syscalls/fd.h"
#include "syscalls/ksem_object.h"
#include "syscalls/proc.h"
#include "syscalls/time.h"

/* A descriptor and its semaphore, each held. */
struct use {
    struct fdref ref;
    struct ksem *sem;
};

/* Whatever is wrong with the descriptor, its rights too, is EINVAL (uipc_sem.c, ksem_get). */
static int use(struct call *c, int64_t id, caprights want, struct use *u)
{
    const int err = fd_get_for(c, (int)id, want, &u->ref);

    if (err)
        return err == -ESRCH ? err : -EINVAL;
    u->sem = u->ref.of->kind == OF_KSEM ? ksem_hold(u->ref.of->object) : NULL;
    if (u->sem)
        return 0;
    fd_put(c, &u->ref);
    return -EINVAL;
}

static void done(struct call *c, struct use *u)
{
    ksem_drop(u->sem);
    fd_put(c, &u->ref);
}

int64_t sys_ksem_close(struct call *c, int64_t id)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_NONE, &u);

    if (r)
        return r;
    r = u.sem->anonymous ? -EINVAL : fd_close(c, (int)id);
    done(c, &u);
    return r;
}

static int kill_locked(struct ksem *s)
{
    if (!s->anonymous)
        return -EINVAL;
    if (s->nwaiters)
        return -EBUSY;
    s->dead = true;
    return 0;
}

int64_t sys_ksem_destroy(struct call *c, int64_t id)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_NONE, &u);

    if (r)
        return r;
    pthread_mutex_lock(&ksem_lock);
    r = kill_locked(u.sem);
    pthread_mutex_unlock(&ksem_lock);
    if (!r)
        r = fd_close(c, (int)id);
    done(c, &u);
    return r;
}

int64_t sys_ksem_post(struct call *c, int64_t id)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_SEM_POST, &u);

    if (r)
        return r;
    pthread_mutex_lock(&ksem_lock);
    if (u.sem->value == KSEM_VALUE_MAX) {
        r = -EOVERFLOW;
    } else {
        u.sem->value++;
        u.sem->changed = ksem_now();
        sleepers_choose(&u.sem->waiters);
    }
    pthread_mutex_unlock(&ksem_lock);
    done(c, &u);
    return r;
}

static bool take_locked(struct ksem *s)
{
    const bool there = s->value > 0;

    s->accessed = ksem_now();
    s->value -= there;
    return there;
}

/* True: taken.  Else w waits. */
static bool take_or_queue(struct call *c, struct ksem *s, struct sleeper *w)
{
    bool taken;

    pthread_mutex_lock(&ksem_lock);
    taken = take_locked(s);
    if (!taken) {
        sleepers_join(&s->waiters, w, c->task);
        s->nwaiters++;
    }
    pthread_mutex_unlock(&ksem_lock);
    return taken;
}

/* After one sleep, with its result: 1 to sleep again.  A chosen one takes; if it cannot any more, it lets the next. */
static int after_sleep_locked(struct ksem *s, const struct sleeper *w, int r)
{
    if (w->queued)
        return r ? r : 1;
    if (r == -ESRCH) {
        if (s->value)
            sleepers_choose(&s->waiters);
        return r;
    }
    return take_locked(s) ? 0 : r ? r : 1;
}

static int after_sleep(struct ksem *s, struct sleeper *w, int r)
{
    pthread_mutex_lock(&ksem_lock);
    r = after_sleep_locked(s, w, r);
    if (r > 0) {
        sleepers_stay(&s->waiters, w);
    } else {
        sleepers_leave(&s->waiters, w);
        s->nwaiters--;
    }
    pthread_mutex_unlock(&ksem_lock);
    return r;
}

static int wait_on(struct call *c, struct ksem *s, const struct timespec *end)
{
    struct sleeper w;
    int            r;

    task_sleep_prepare(c);
    if (take_or_queue(c, s, &w))
        return 0;
    do {
        r = task_sleep_real(c, end);
        task_sleep_prepare(c);
        r = after_sleep(s, &w, r);
    } while (r > 0);
    return r;
}

static int64_t wait_for(struct call *c, int64_t id, const struct timespec *end)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_SEM_WAIT, &u);

    if (r)
        return r;
    r = wait_on(c, u.sem, end);
    done(c, &u);
    return r;
}

int64_t sys_ksem_wait(struct call *c, int64_t id) { return wait_for(c, id, NULL); }

int64_t sys_ksem_timedwait(struct call *c, int64_t id, const void *abstime)
{
    const struct timespec *end = abstime;

    return end && !timespec_valid(end) ? -EINVAL : wait_for(c, id, end);
}

int64_t sys_ksem_trywait(struct call *c, int64_t id)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_SEM_WAIT, &u);

    if (r)
        return r;
    pthread_mutex_lock(&ksem_lock);
    r = take_locked(u.sem) ? 0 : -EAGAIN;
    pthread_mutex_unlock(&ksem_lock);
    done(c, &u);
    return r;
}

int64_t sys_ksem_getvalue(struct call *c, int64_t id, gva val)
{
    struct use u;
    int64_t    r = use(c, id, D_CAP_SEM_GETVALUE, &u);
    uint32_t   value;

    if (r)
        return r;
    pthread_mutex_lock(&ksem_lock);
    value = u.sem->value;
    u.sem->accessed = ksem_now();
    pthread_mutex_unlock(&ksem_lock);
    done(c, &u);
    return put_int(c, val, (int32_t)value);
}
