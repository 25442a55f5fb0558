#include "syscalls/sockname.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define NAMES_MAX 4096 /* a program that binds more loses the oldest names, not memory */

struct sockname {
    TAILQ_ENTRY(sockname) link;
    char host[108], guest[108];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(sockname_list, sockname) names = TAILQ_HEAD_INITIALIZER(names); /* newest first; under lock */
static unsigned count; /* [a] read without the lock to skip the search */

static struct sockname *find_locked(const char *host)
{
    struct sockname *n;

    TAILQ_FOREACH(n, &names, link)
        if (!strcmp(n->host, host))
            return n;
    return NULL;
}

/* The entry to write: the one of that host path, a new one, or the oldest. */
static struct sockname *entry_locked(const char *host)
{
    struct sockname *n = find_locked(host);

    if (!n && count >= NAMES_MAX)
        n = TAILQ_LAST(&names, sockname_list);
    if (n) {
        TAILQ_REMOVE(&names, n, link);
        return n;
    }
    n = malloc(sizeof(*n));
    if (n)
        __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    return n;
}

void sockname_add(const char *host, const char *guest)
{
    pthread_mutex_lock(&lock);

    struct sockname *n = entry_locked(host);

    if (n) {
        snprintf(n->host, sizeof(n->host), "%s", host);
        snprintf(n->guest, sizeof(n->guest), "%s", guest);
        TAILQ_INSERT_HEAD(&names, n, link);
    }
    pthread_mutex_unlock(&lock);
}

bool sockname_find(const char *host, char *out, size_t size)
{
    if (!__atomic_load_n(&count, __ATOMIC_RELAXED))
        return false;
    pthread_mutex_lock(&lock);

    const struct sockname *n = find_locked(host);

    if (n)
        snprintf(out, size, "%s", n->guest);
    pthread_mutex_unlock(&lock);
    return n;
}
