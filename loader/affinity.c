/* loader/affinity.c: keeping tracer and tracee together. */
#include "loader/affinity.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "syscalls/hostcpu.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned        load[HOST_CPUS_MAX]; /* runnable guest threads by CPU, under lock */

static void allow(struct affinity *a, const cpu_set_t *set)
{
    a->allowed = *set;
    a->end = HOST_CPUS_MAX;
    while (a->end && !CPU_ISSET(a->end - 1, set))
        a->end--;
}

void affinity_init(struct affinity *a, const struct affinity *from)
{
    cpu_set_t set;

    a->cpu = -1;
    a->running = false;
    if (from) {
        a->allowed = from->allowed;
        a->end = from->end;
        return;
    }
    if (sched_getaffinity(0, sizeof(set), &set))
        CPU_ZERO(&set);
    allow(a, &set);
}

/* Stays where it was unless another CPU has less to do. */
static int pick(const struct affinity *a)
{
    int best = a->cpu >= 0 && CPU_ISSET(a->cpu, &a->allowed) ? a->cpu : -1;

    for (int cpu = 0; cpu < a->end; cpu++)
        if (CPU_ISSET(cpu, &a->allowed) && (best < 0 || load[cpu] < load[best]))
            best = cpu;
    return best;
}

void affinity_run(struct affinity *a, pid_t tid)
{
    cpu_set_t one;
    int       cpu;

    pthread_mutex_lock(&lock);
    if (a->running)
        load[a->cpu]--;
    cpu = pick(a);
    if (cpu >= 0)
        load[cpu]++;
    pthread_mutex_unlock(&lock);
    a->running = cpu >= 0;
    if (cpu < 0 || cpu == a->cpu)
        return;
    a->cpu = cpu;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    sched_setaffinity(tid, sizeof(one), &one);
}

void affinity_stop(struct affinity *a)
{
    if (!a->running)
        return;
    a->running = false;
    pthread_mutex_lock(&lock);
    load[a->cpu]--;
    pthread_mutex_unlock(&lock);
}

static int affinity_set(struct affinity *a, const void *mask, size_t size)
{
    cpu_set_t want, host;

    CPU_ZERO(&want);
    memcpy(&want, mask, size < sizeof(want) ? size : sizeof(want));
    /* The provider's main thread has never been pinned: its set is what the host allows. */
    if (sched_getaffinity(getpid(), sizeof(host), &host))
        return -errno;
    CPU_AND(&want, &want, &host);
    if (!CPU_COUNT(&want))
        return -EINVAL;
    allow(a, &want);
    return 0;
}

static int affinity_get(const struct affinity *a, void *mask, size_t size)
{
    size_t n = size < sizeof(a->allowed) ? size : sizeof(a->allowed);

    memcpy(mask, &a->allowed, n);
    return (int)n;
}

int64_t affinity_call(struct affinity *a, pid_t guest, long nr, const uint64_t args[6])
{
    uint8_t      mask[sizeof(cpu_set_t)] = {0};
    size_t       n = args[1] < sizeof(mask) ? args[1] : sizeof(mask);
    struct iovec mine = {mask, n}, theirs = {(void *)args[2], n};

    if (nr == SYS_sched_setaffinity)
        return process_vm_readv(guest, &mine, 1, &theirs, 1, 0) == (ssize_t)n ? affinity_set(a, mask, n) : -EFAULT;
    n = (size_t)affinity_get(a, mask, n);
    return process_vm_writev(guest, &mine, 1, &theirs, 1, 0) == (ssize_t)mine.iov_len ? (int64_t)n : -EFAULT;
}
