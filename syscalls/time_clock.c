/*
 * syscalls/time_clock.c: reading clocks.  Real and monotonic time are the same
 * in every process, so they are read here, at no host call.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "syscalls/proc.h"
#include "syscalls/time.h"

struct timespec timespec_add(struct timespec a, struct timespec b)
{
    struct timespec r = {.tv_nsec = a.tv_nsec + b.tv_nsec};

    if (__builtin_add_overflow(a.tv_sec, b.tv_sec, &r.tv_sec) ||
        (r.tv_nsec >= NSEC && __builtin_add_overflow(r.tv_sec, 1, &r.tv_sec)))
        return (struct timespec){INT64_MAX, NSEC - 1};
    r.tv_nsec -= r.tv_nsec >= NSEC ? NSEC : 0;
    return r;
}

struct timespec timespec_sub(struct timespec a, struct timespec b)
{
    struct timespec r = {a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec};

    if (r.tv_nsec < 0) {
        r.tv_sec--;
        r.tv_nsec += NSEC;
    }
    return r;
}

bool clock_is_real(int64_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == D_CLOCK_SECOND;
}

bool clock_is_cpu(int64_t clock)
{
    return clock == D_CLOCK_VIRTUAL || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

static int read_user_time(struct call *c, struct timespec *now)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, sizeof(struct rusage));
    const int64_t        err = s.p ? host_call(c, SYS_getrusage, RUSAGE_SELF, s.va) : -ENOMEM;

    if (!err) {
        const struct timeval t = ((const struct rusage *)s.p)->ru_utime;

        *now = (struct timespec){t.tv_sec, t.tv_usec * 1000};
    }
    c->scratch_used = used;
    return (int)err;
}

/* A clock that only the guest's own process can read. */
static int read_there(struct call *c, int64_t clock, struct timespec *now)
{
    const size_t         used = c->scratch_used;
    const struct scratch s = scratch_get(c, sizeof(*now));
    const int64_t        err = s.p ? host_call(c, SYS_clock_gettime, clock, s.va) : -ENOMEM;

    if (!err)
        *now = *(const struct timespec *)s.p;
    c->scratch_used = used;
    return (int)err;
}

/* The host's clock numbers for others' processor time: its MAKE_PROCESS_CPUCLOCK, CPUCLOCK_SCHED. */
static clockid_t clock_of_process(pid_t pid) { return (clockid_t)((~(uint32_t)pid << 3) | 2); }

static clockid_t clock_of_thread(pid_t tid) { return (clockid_t)((~(uint32_t)tid << 3) | 6); }

static int read_here(clockid_t clock, struct timespec *now) { return clock_gettime(clock, now) ? -EINVAL : 0; }

/*
 * The numbers that clock_getcpuclockid2 hands out (sys/sys/_clock_id.h and
 * kern_time.c, get_cputime): a thread of this process, or any process.
 */
#define CPU_PROCESS 0x40000000u
#define CPU_ID_MASK 0x3fffffffu

#define HOST_PID_MAX 4194304u /* PID_MAX_LIMIT: larger ones do not fit in a host clock's number */

bool clock_of_process_known(uint64_t pid)
{
    struct timespec now;

    return pid <= HOST_PID_MAX && !clock_gettime(clock_of_process((pid_t)pid), &now);
}

static int read_by_id(struct call *c, uint32_t id, struct timespec *now)
{
    struct task *t;
    pid_t        host = 0;

    if (id & CPU_PROCESS)
        return clock_of_process_known(id & CPU_ID_MASK) ? read_here(clock_of_process((pid_t)(id & CPU_ID_MASK)), now)
                                                        : -EINVAL;
    pthread_mutex_lock(&session.lock);
    t = task_find_locked(c->proc, id & CPU_ID_MASK);
    if (t)
        host = t->host_tid;
    pthread_mutex_unlock(&session.lock);
    return host ? read_there(c, clock_of_thread(host), now) : -EINVAL;
}

int clock_read(struct call *c, int64_t clock, struct timespec *now)
{
    int err;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE: return read_here((clockid_t)clock, now);
    case D_CLOCK_SECOND:
        err = read_here(CLOCK_REALTIME, now);
        now->tv_nsec = 0;
        return err;
    case D_CLOCK_VIRTUAL: return read_user_time(c, now);
    case CLOCK_PROCESS_CPUTIME_ID: return read_here(clock_of_process(c->proc->pid), now);
    case CLOCK_THREAD_CPUTIME_ID: return read_there(c, clock, now);
    default: return clock < 0 && clock >= INT32_MIN ? read_by_id(c, (uint32_t)clock, now) : -EINVAL;
    }
}
