#include "syscalls/leftcheck.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "syscalls/fdtable.h"
#include "syscalls/proc.h"

#define SETTLE_MS 5000

struct left {
    unsigned tasks, procs, tables;
};

static struct left count(void)
{
    struct left  n = {0};
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        n.tasks += session.tasks[i] != NULL;
    LIST_FOREACH(p, &session.procs, all)
        n.procs += p != session.first;
    pthread_mutex_unlock(&session.lock);
    for (uint32_t w = 0; w < FDTABLES_MAX / 64; w++)
        n.tables += (unsigned)__builtin_popcountll(__atomic_load_n(&FDTABLES_USED[w], __ATOMIC_ACQUIRE));
    return n;
}

bool leftcheck_session(void)
{
    const struct timespec pause = {0, 1000000};
    struct left           n = count();

    for (int ms = 0; ms < SETTLE_MS && (n.tasks || n.procs || n.tables); ms++) {
        nanosleep(&pause, NULL);
        n = count();
    }
    if (!n.tasks && !n.procs && !n.tables)
        return true;
    fprintf(stderr, "dragoman: left behind: %u tasks, %u processes, %u descriptor tables\n", n.tasks, n.procs,
            n.tables);
    return false;
}
