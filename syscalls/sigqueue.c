/* syscalls/sigqueue.c: pending signals with their information. */
#include "syscalls/sigqueue.h"

#include <stdlib.h>

#include "syscalls/signal.h"

#define QUEUE_MAX 4096 /* entries of one signal set; beyond, information is dropped but the signal stays pending */

void sigqueue_init(struct sigqueue_set *q)
{
    q->set = (struct sigset){{0, 0}};
    STAILQ_INIT(&q->queue);
}

void sigqueue_clear(struct sigqueue_set *q)
{
    struct sigpending_entry *e;

    while ((e = STAILQ_FIRST(&q->queue))) {
        STAILQ_REMOVE_HEAD(&q->queue, link);
        free(e);
    }
    q->set = (struct sigset){{0, 0}};
}

static unsigned queue_length(const struct sigqueue_set *q)
{
    const struct sigpending_entry *e;
    unsigned                       n = 0;

    STAILQ_FOREACH(e, &q->queue, link)
        n++;
    return n;
}

bool sigqueue_add(struct sigqueue_set *q, const struct ksiginfo *info, bool rt)
{
    struct sigpending_entry *e;

    if (sigset_has(&q->set, info->signo) && !rt)
        return false;
    sigset_add(&q->set, info->signo);
    if (rt && queue_length(q) >= QUEUE_MAX)
        return true;
    e = malloc(sizeof(*e));
    if (e) {
        e->info = *info;
        STAILQ_INSERT_TAIL(&q->queue, e, link);
    }
    return true;
}

static struct sigpending_entry *find(struct sigqueue_set *q, int sig)
{
    struct sigpending_entry *e;

    STAILQ_FOREACH(e, &q->queue, link)
        if (e->info.signo == sig)
            return e;
    return NULL;
}

bool sigqueue_take(struct sigqueue_set *q, int sig, struct ksiginfo *info)
{
    struct sigpending_entry *e = find(q, sig);

    if (!sigset_has(&q->set, sig))
        return false;
    *info = e ? e->info : (struct ksiginfo){.signo = sig};
    if (e) {
        STAILQ_REMOVE(&q->queue, e, sigpending_entry, link);
        free(e);
    }
    if (!find(q, sig))
        sigset_del(&q->set, sig);
    return true;
}

void sigqueue_withdraw(struct sigqueue_set *q, int sig, int64_t band)
{
    struct sigpending_entry *e, *next;

    for (e = STAILQ_FIRST(&q->queue); e; e = next) {
        next = STAILQ_NEXT(e, link);
        if (e->info.signo != sig || e->info.band != band)
            continue;
        STAILQ_REMOVE(&q->queue, e, sigpending_entry, link);
        free(e);
        if (!find(q, sig))
            sigset_del(&q->set, sig);
        return;
    }
}

bool sigqueue_holds(const struct sigqueue_set *q, int sig, int64_t band)
{
    const struct sigpending_entry *e;

    STAILQ_FOREACH(e, &q->queue, link)
        if (e->info.signo == sig && e->info.band == band)
            return true;
    return false;
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
