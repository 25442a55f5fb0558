/*
 * The provider's kqueues, found by the identifier that an open file of kind OF_KQUEUE carries.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "compat/kqueue.h"
#include "compat/kqueue_int.h"
#include "syscalls/proc.h"

/*
 * Identifiers come back from memory that guests can write, so they are looked up and never followed.
 * Slot number in the low half, a count that is never reused in the high half.
 */
static struct {
    pthread_mutex_t lock;
    LIST_HEAD(, kqueue) all;
    struct kqueue **slots;
    uint32_t        nslots;
    uint32_t        made;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int slot_locked(void)
{
    uint32_t i = 0;

    while (i < table.nslots && table.slots[i])
        i++;
    if (i < table.nslots)
        return (int)i;

    const uint32_t  n = table.nslots ? 2 * table.nslots : 16;
    struct kqueue **more = realloc(table.slots, n * sizeof(struct kqueue *));

    if (!more)
        return -ENOMEM;
    for (uint32_t k = table.nslots; k < n; k++)
        more[k] = NULL;
    table.slots = more;
    table.nslots = n;
    return (int)i;
}

static int publish(struct kqueue *kq)
{
    pthread_mutex_lock(&table.lock);

    const int slot = slot_locked();

    if (slot >= 0) {
        kq->id = (uint64_t)++table.made << 32 | (uint32_t)slot;
        table.slots[slot] = kq;
        LIST_INSERT_HEAD(&table.all, kq, all);
    }
    pthread_mutex_unlock(&table.lock);
    return slot < 0 ? slot : 0;
}

static void destroy(struct kqueue *kq)
{
    for (int i = 0; i < KQ_BUCKETS; i++)
        while (!LIST_EMPTY(&kq->knotes[i]))
            knote_drop(LIST_FIRST(&kq->knotes[i]));
    for (uint32_t i = 0; i < kq->nsources; i++)
        if (kq->sources[i])
            source_free(kq->sources[i]);
    free(kq->sources);
    if (kq->inofd >= 0)
        close(kq->inofd);
    if (kq->wakefd >= 0)
        close(kq->wakefd);
    close(kq->epfd);
    pthread_mutex_destroy(&kq->lock);
    free(kq);
}

struct kqueue *kq_new(struct proc *p, int hostfd, int epfd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = KQ_TOKEN_WAKE};
    struct kqueue     *kq = calloc(1, sizeof(*kq));

    if (!kq) {
        close(epfd);
        return NULL;
    }
    kq->refs = 2;
    kq->fds = p->fds;
    kq->proc = p;
    kq->hostfd = hostfd;
    kq->epfd = epfd;
    kq->inofd = -1;
    TAILQ_INIT(&kq->queue);
    pthread_mutex_init(&kq->lock, NULL);
    kq->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kq->wakefd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, kq->wakefd, &ev) < 0 || publish(kq) < 0) {
        destroy(kq);
        return NULL;
    }
    return kq;
}

struct kqueue *kq_get(uint64_t id, struct fdtable *fds)
{
    const uint32_t slot = (uint32_t)id;
    struct kqueue *kq = NULL;

    pthread_mutex_lock(&table.lock);
    if (slot < table.nslots && table.slots[slot] && table.slots[slot]->id == id && table.slots[slot]->fds == fds) {
        kq = table.slots[slot];
        kq->refs++;
    }
    pthread_mutex_unlock(&table.lock);
    return kq;
}

void kq_put(struct kqueue *kq)
{
    pthread_mutex_lock(&table.lock);

    const bool last = --kq->refs == 0;

    pthread_mutex_unlock(&table.lock);
    if (last)
        destroy(kq);
}

static void unpublish_locked(struct kqueue *kq)
{
    table.slots[(uint32_t)kq->id] = NULL;
    kq->proc = NULL;
    LIST_REMOVE(kq, all);
}

void kq_close_id(uint64_t id)
{
    const uint32_t slot = (uint32_t)id;
    struct kqueue *kq = NULL;

    pthread_mutex_lock(&table.lock);
    if (slot < table.nslots && table.slots[slot] && table.slots[slot]->id == id) {
        kq = table.slots[slot];
        unpublish_locked(kq);
    }
    pthread_mutex_unlock(&table.lock);
    if (kq)
        kq_put(kq);
}

void kq_each(void (*fn)(struct kqueue *kq, void *arg), void *arg)
{
    struct kqueue *kq;

    pthread_mutex_lock(&table.lock);
    LIST_FOREACH(kq, &table.all, all)
        fn(kq, arg);
    pthread_mutex_unlock(&table.lock);
}

void kqueue_proc_free(struct proc *p)
{
    for (;;) {
        struct kqueue *kq;

        pthread_mutex_lock(&table.lock);
        LIST_FOREACH(kq, &table.all, all)
            if (kq->proc == p)
                break;
        if (kq)
            unpublish_locked(kq);
        pthread_mutex_unlock(&table.lock);
        if (!kq)
            return;
        kq_put(kq);
    }
}
