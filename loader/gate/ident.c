/*
 * loader/gate/ident.c: who the caller is, which clocks say what time, and the
 * commands of fcntl that concern nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "abi/neutral.h"
#include "loader/gate/area.h"
#include "loader/gate/calls.h"
#include "loader/gate/rows.h"
#include "syscalls/fcntl.h"
#include "syscalls/kinfo.h"
#include "syscalls/proc.h"

/* The provider wrote them before the task's first instruction (task_share). */
int64_t gate_getpid(struct call *c) { return c->task->area->pid; }

int64_t gate_thr_self(struct call *c, gva id) { return put_long(c, id, c->task->area->tid); }

/* The host's are the guest's: cheap enough to ask, and right after fork and setuid. */
int64_t gate_getuid(struct call *c) { return host_call(c, SYS_getuid); }

int64_t gate_geteuid(struct call *c) { return host_call(c, SYS_geteuid); }

int64_t gate_getgid(struct call *c) { return host_call(c, SYS_getgid); }

int64_t gate_getegid(struct call *c) { return host_call(c, SYS_getegid); }

int64_t gate_sched_yield(struct call *c) { return host_call(c, SYS_sched_yield); }

int64_t gate_umask(struct call *c, uint32_t mode) { return host_call(c, SYS_umask, mode); }

/* 0: the one that started us, which nobody tells of when it ends. */
int64_t gate_getppid(struct call *c)
{
    const uint32_t pid = __atomic_load_n(&c->task->area->ppid, __ATOMIC_ACQUIRE);

    return pid ? (int64_t)pid : -GATE_PUNT;
}

int64_t gate_getpgrp(struct call *c) { return host_call(c, SYS_getpgid, 0); }

int64_t gate_getpgid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getpgid, pid); }

int64_t gate_getsid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getsid, pid); }

int64_t gate_issetugid(struct call *c) { return c->task->area->issetugid; }

int64_t gate_getrusage(struct call *c, int64_t who, void *usage)
{
    const struct scratch s = scratch_get(c, sizeof(struct rusage));
    int64_t              r;

    if (who == RUSAGE_CHILDREN || !usage || !s.p)
        return -GATE_PUNT;
    r = host_call(c, SYS_getrusage, who, s.va);
    if (!r)
        memcpy(usage, s.p, sizeof(struct rusage));
    return r;
}

/* Some are not the host's, or not as they are there (syscalls/rlimit.c). */
int64_t gate_getrlimit(struct call *c, int64_t which, void *rlim)
{
    const struct scratch s = scratch_get(c, sizeof(struct rlimit));
    int64_t              r;

    if (!rlim || !s.p || which > UINT32_MAX || which == RLIMIT_NOFILE || which == RLIMIT_AS || which == RLIMIT_STACK)
        return -GATE_PUNT;
    r = host_call(c, SYS_prlimit64, 0, which, 0, s.va);
    if (!r)
        memcpy(rlim, s.p, sizeof(struct rlimit));
    return r;
}

/* struct timeval is the host's.  Of the time zone the provider knows. */
int64_t gate_gettimeofday(struct call *c, gva tp, gva tzp)
{
    return tzp.va || !tp.va ? -GATE_PUNT : host_call(c, SYS_gettimeofday, tp.va, 0);
}

int64_t gate_getrandom(struct call *c, gva buf, uint64_t n, uint64_t flags)
{
    return host_call(c, SYS_getrandom, buf.va, n, flags);
}

/* Clocks of every process, and the caller's own; the others need the provider. */
static bool clock_is_plain(int64_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID: return true;
    default: return false;
    }
}

/* The time by the host's code in this process (syscalls/vdso.h); false: only the host itself can tell. */
static bool clock_by_vdso(struct call *c, int64_t clock, struct timespec *tp)
{
    struct area *a = c->task->area;
    int (*const now)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))a->clock;

    if (!now || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
        return false;
    if (now((clockid_t)clock, tp) == 0)
        return true;
    a->clock = 0; /* it would have asked the host */
    return false;
}

int64_t gate_clock_gettime(struct call *c, int64_t clock, void *tp)
{
    const struct scratch s = scratch_get(c, sizeof(struct timespec));
    int64_t              r;

    if (!tp || !s.p || !clock_is_plain(clock))
        return -GATE_PUNT;
    if (clock_by_vdso(c, clock, tp))
        return 0;
    r = host_call(c, SYS_clock_gettime, clock, s.va);
    *(struct timespec *)tp = *(struct timespec *)s.p;
    return r;
}

#ifdef DRAGOMAN_GATE
/* F_KINFO is the provider's. */
int64_t kinfo_give(struct call *c, int fd, gva at)
{
    (void)c;
    (void)fd;
    (void)at;
    return -GATE_PUNT;
}
#endif

int64_t gate_fcntl(struct call *c, int fd, int64_t cmd, int64_t arg)
{
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_GETFD:
    case F_SETFD:
    case F_GETFL:
    case F_SETFL: return sys_fcntl(c, fd, cmd, arg);
    default: return -GATE_PUNT; /* locks may wait, others close */
    }
}
