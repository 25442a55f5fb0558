/* syscalls/time.c: the calls that read and set clocks.  Rules: kern/kern_time.c. */
#include "syscalls/time.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "syscalls/proc.h"

int64_t sys_clock_gettime(struct call *c, int64_t clock, struct timespec *tp);
int64_t sys_clock_settime(struct call *c, int64_t clock, const struct timespec *tp);
int64_t sys_clock_getres(struct call *c, int64_t clock, struct timespec *tp);
int64_t sys_clock_getcpuclockid2(struct call *c, uint64_t id, int which, gva clock_id);
int64_t sys_gettimeofday(struct call *c, struct timeval *tp, struct timezone *tzp);
int64_t sys_settimeofday(struct call *c, const struct timeval *tv, const struct timezone *tzp);

int64_t sys_clock_gettime(struct call *c, int64_t clock, struct timespec *tp)
{
    struct timespec now;
    const int       err = clock_read(c, clock, &now);

    if (err)
        return err;
    if (!tp)
        return -EFAULT;
    *tp = now;
    return 0;
}

/* The privilege is looked at before the clock. */
int64_t sys_clock_settime(struct call *c, int64_t clock, const struct timespec *tp)
{
    const int64_t        uid = host_call(c, SYS_geteuid);
    const struct scratch s = scratch_get(c, sizeof(*tp));

    if (uid)
        return uid < 0 ? uid : -EPERM;
    if (!tp)
        return -EFAULT;
    if (clock != CLOCK_REALTIME || !timespec_valid(tp) || tp->tv_sec < 0)
        return -EINVAL;
    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, tp, sizeof(*tp));
    return host_call(c, SYS_clock_settime, CLOCK_REALTIME, s.va);
}

#define HZ_RES   (NSEC / 1000) /* hz is 1000 on amd64 */
#define TICK_RES 1000          /* processor time is counted in microseconds */

int64_t sys_clock_getres(struct call *c, int64_t clock, struct timespec *tp)
{
    (void)c;
    if (!tp)
        return 0;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE: *tp = (struct timespec){0, 1}; return 0;
    case D_CLOCK_SECOND: *tp = (struct timespec){1, 0}; return 0;
    case D_CLOCK_VIRTUAL: *tp = (struct timespec){0, HZ_RES}; return 0;
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_PROCESS_CPUTIME_ID: *tp = (struct timespec){0, TICK_RES}; return 0;
    default:
        if (clock >= 0)
            return -EINVAL;
        *tp = (struct timespec){0, TICK_RES};
        return 0;
    }
}

#define CPU_BIT     0x80000000u
#define CPU_PROCESS 0x40000000u
enum { WHICH_PID, WHICH_TID };

int64_t sys_clock_getcpuclockid2(struct call *c, uint64_t id, int which, gva clock_id)
{
    switch (which) {
    case WHICH_PID:
        if (id && !clock_of_process_known(id))
            return -ESRCH;
        return put_int(c, clock_id, (int32_t)(CPU_BIT | CPU_PROCESS | (id ? (uint32_t)id : (uint32_t)c->proc->pid)));
    case WHICH_TID: return put_int(c, clock_id, (int32_t)(CPU_BIT | (id ? (uint32_t)id : (uint32_t)c->task->tid)));
    default: return -EINVAL;
    }
}

/* The kernel's time zone is always UTC. */
int64_t sys_gettimeofday(struct call *c, struct timeval *tp, struct timezone *tzp)
{
    struct timespec now;

    clock_read(c, CLOCK_REALTIME, &now);
    if (tp)
        *tp = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    if (tzp)
        *tzp = (struct timezone){0, 0};
    return 0;
}

int64_t sys_settimeofday(struct call *c, const struct timeval *tv, const struct timezone *tzp)
{
    struct timespec ts;

    (void)tzp;
    if (!tv) {
        const int64_t uid = host_call(c, SYS_geteuid);

        return uid > 0 ? -EPERM : uid;
    }
    ts = (struct timespec){tv->tv_sec, tv->tv_usec * 1000};
    if (tv->tv_usec < 0 || tv->tv_usec >= 1000000)
        ts.tv_nsec = -1; /* EINVAL, after the privilege */
    return sys_clock_settime(c, CLOCK_REALTIME, &ts);
}
