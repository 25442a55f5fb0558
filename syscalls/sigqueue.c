/* syscalls/sigqueue.c: pending signals with their information. */
#include "syscalls/sigqueue.h"

#include <errno.h>
#include <stdlib.h>

#include "syscalls/signal.h"

void sigqueue_init(struct sigqueue_set *q, unsigned *count)
{
    q->set = q->bare = (struct sigset){{0, 0}};
    q->count = count;
    STAILQ_INIT(&q->queue);
}

static void unlink_entry(struct sigqueue_set *q, struct sigpending_entry *e)
{
    STAILQ_REMOVE(&q->queue, e, sigpending_entry, link);
    *q->count -= !e->info.owner;
    free(e);
}

void sigqueue_clear(struct sigqueue_set *q)
{
    struct sigpending_entry *e;

    while ((e = STAILQ_FIRST(&q->queue)))
        unlink_entry(q, e);
    q->set = q->bare = (struct sigset){{0, 0}};
}

int sigqueue_add(struct sigqueue_set *q, const struct ksiginfo *info)
{
    const bool               room = info->owner || *q->count < SIGQUEUE_MAX;
    struct sigpending_entry *e = room ? malloc(sizeof(*e)) : NULL;

    if (!e && info->must)
        return -EAGAIN;
    sigset_add(&q->set, info->signo);
    if (!e) {
        sigset_add(&q->bare, info->signo);
        return 0;
    }
    e->info = *info;
    *q->count += !info->owner;
    if (info->owner == SIGOWNER_FAULT)
        STAILQ_INSERT_HEAD(&q->queue, e, link);
    else
        STAILQ_INSERT_TAIL(&q->queue, e, link);
    return 0;
}

static struct sigpending_entry *find(const struct sigqueue_set *q, int sig)
{
    struct sigpending_entry *e;

    STAILQ_FOREACH(e, &q->queue, link)
        if (e->info.signo == sig)
            return e;
    return NULL;
}

static struct sigpending_entry *find_owner(const struct sigqueue_set *q, int sig, int64_t owner)
{
    struct sigpending_entry *e;

    STAILQ_FOREACH(e, &q->queue, link)
        if (e->info.signo == sig && e->info.owner == owner)
            return e;
    return NULL;
}

static void taken(struct sigqueue_set *q, int sig)
{
    if (!sigset_has(&q->bare, sig) && !find(q, sig))
        sigset_del(&q->set, sig);
}

bool sigqueue_take(struct sigqueue_set *q, int sig, struct ksiginfo *info)
{
    struct sigpending_entry *e = find(q, sig);

    if (!sigset_has(&q->set, sig))
        return false;
    if (sigset_has(&q->bare, sig) || !e) {
        *info = (struct ksiginfo){.signo = sig};
        sigset_del(&q->bare, sig);
    } else {
        *info = e->info;
        unlink_entry(q, e);
    }
    taken(q, sig);
    return true;
}

bool sigqueue_holds(const struct sigqueue_set *q, int sig, int64_t owner) { return find_owner(q, sig, owner); }

bool sigqueue_renew(struct sigqueue_set *q, const struct ksiginfo *info)
{
    struct sigpending_entry *e = find_owner(q, info->signo, info->owner);

    if (e)
        e->info = *info;
    return e;
}

void sigqueue_withdraw(struct sigqueue_set *q, int sig, int64_t owner)
{
    struct sigpending_entry *e = find_owner(q, sig, owner);

    if (!e)
        return;
    unlink_entry(q, e);
    taken(q, sig);
}

void sigqueue_withdraw_all(struct proc *p, int sig, int64_t owner)
{
    struct task *t;

    sigqueue_withdraw(&p->pending, sig, owner);
    LIST_FOREACH(t, &p->tasks, link)
        sigqueue_withdraw(&t->pending, sig, owner);
}

void sigqueue_drop(struct sigqueue_set *q, int sig)
{
    struct ksiginfo info;

    while (sigqueue_take(q, sig, &info))
        continue;
}

int sigqueue_first(const struct sigqueue_set *q, const struct sigset *want)
{
    for (int i = 0; i < 2; i++) {
        uint64_t w = q->set.w[i] & want->w[i];
        if (w)
            return i * 64 + __builtin_ctzll(w) + 1;
    }
    return 0;
}
