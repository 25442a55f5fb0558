/*
 * syscalls/time_sleep.c: nanosleep, clock_nanosleep.  One absolute sleep on the
 * host, so that interruptions which the guest does not see cost it no time.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscalls/proc.h"
#include "syscalls/time.h"

int64_t sys_nanosleep(struct call *c, gva rqtp, gva rmtp);
int64_t sys_clock_nanosleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp);

static int64_t sleep_until(struct call *c, int64_t clock, const struct timespec *end)
{
    const struct scratch s = scratch_get(c, sizeof(*end));
    int64_t              r;

    if (!s.p)
        return -ENOMEM;
    memcpy(s.p, end, sizeof(*end));
    r = host_wait(c, SYS_clock_nanosleep, clock, TIMER_ABSTIME, s.va, 0);
    return r == -ERESTART ? -EINTR : r; /* a sleep is never restarted */
}

int task_sleep_real(struct call *c, const struct timespec *end)
{
    const size_t    used = c->scratch_used;
    struct timespec at, mono;
    int             r;

    clock_gettime(CLOCK_REALTIME, &at);
    if (end && timespec_cmp(end, &at) <= 0)
        return -ETIMEDOUT;
    if (end) {
        clock_gettime(CLOCK_MONOTONIC, &mono);
        mono = timespec_add(mono, timespec_sub(*end, at));
    }
    r = task_sleep(c, end ? &mono : NULL);
    c->scratch_used = used;
    clock_gettime(CLOCK_REALTIME, &at);
    return end && r == -ETIMEDOUT && timespec_cmp(end, &at) > 0 ? 0 : r;
}

static int64_t sleep_relative(struct call *c, const struct timespec *rq, gva rmtp)
{
    struct timespec now, end;
    int64_t         r, err;

    if (rq->tv_sec < 0 || (rq->tv_sec == 0 && rq->tv_nsec == 0))
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (c->left_ns > 0) /* the rest has passed in the gate */
        end = timespec_add(now, (struct timespec){(c->left_ns - 1) / NSEC, (c->left_ns - 1) % NSEC});
    else
        end = timespec_add(now, *rq);
    r = sleep_until(c, CLOCK_MONOTONIC, &end);
    if (r != -EINTR)
        return r;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (timespec_cmp(&now, &end) >= 0)
        return 0;
    now = timespec_sub(end, now);
    err = rmtp.va ? copy_out(c, rmtp, &now, sizeof(now)) : 0;
    return err ? err : r;
}

static int64_t sleep_absolute(struct call *c, int64_t clock, const struct timespec *end)
{
    if (end->tv_sec < 0)
        return 0;
    return sleep_until(c, clock_is_real(clock) ? CLOCK_REALTIME : CLOCK_MONOTONIC, end);
}

static int64_t clock_sleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp)
{
    struct timespec rq; /* struct timespec is two 64-bit words in every ABI here */
    const int       err = copy_in(c, &rq, rqtp, sizeof(rq));

    if (err)
        return err;
    if (!timespec_valid(&rq) || (flags & ~TIMER_ABSTIME))
        return -EINVAL;
    if (clock == D_CLOCK_VIRTUAL || clock == CLOCK_PROCESS_CPUTIME_ID)
        return -EOPNOTSUPP;
    if (clock < 0 || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    return flags ? sleep_absolute(c, clock, &rq) : sleep_relative(c, &rq, rmtp);
}

int64_t sys_nanosleep(struct call *c, gva rqtp, gva rmtp) { return clock_sleep(c, CLOCK_REALTIME, 0, rqtp, rmtp); }

/* Its errors are its result, not in errno (kern_posix_error). */
int64_t sys_clock_nanosleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp)
{
    const int64_t r = clock_sleep(c, clock, flags, rqtp, rmtp);

    if (r >= 0 || r == -ESRCH)
        return r;
    return c->abi ? c->abi->errno_from_host[-r] : -r;
}
