/* syscalls/rlimit_usage.c: how much of a limit is used (FreeBSD sys/kern/kern_resource.c, getrlimitusage_one). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"
#include "syscalls/hostproc.h"
#include "syscalls/resources.h"

#define BY_EFFECTIVE_USER 1 /* GETRLIMITUSAGE_EUID */

/* A line of /proc/PID/status in kilobytes. */
static int64_t status_bytes(const struct call *c, const char *key)
{
    char line[256];

    return host_status_line(c->proc->pid, key, line, sizeof(line)) ? strtoll(line + strlen(key), NULL, 10) * 1024 : 0;
}

static int64_t processes(const struct call *c, int flags)
{
    const struct cred *me = &c->proc->cred;
    struct proc       *p;
    int64_t            n = 0;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        n += p->cred.ruid == (flags & BY_EFFECTIVE_USER ? me->euid : me->ruid);
    pthread_mutex_unlock(&session.lock);
    return n;
}

static void count_fd(int fd, struct ofile *of, int hostfd, bool cloexec, void *arg)
{
    (void)fd, (void)of, (void)hostfd, (void)cloexec;
    ++*(int64_t *)arg;
}

static int64_t descriptors(struct call *c)
{
    int64_t   n = 0;
    const int err = fdtable_lock(c, c->proc->fds);

    if (err)
        return err;
    fdtable_each(c->proc->fds, count_fd, &n);
    fdtable_unlock(c, c->proc->fds);
    return n;
}

static int64_t cpu_seconds(struct call *c)
{
    struct rusage u = {0};
    const int64_t err = sys_getrusage(c, RUSAGE_SELF, &u);

    return err ? err : u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000000;
}

static int64_t used(struct call *c, int64_t which, int flags)
{
    switch (which) {
    case RLIMIT_CPU: return cpu_seconds(c);
    case RLIMIT_DATA: return status_bytes(c, "VmData:");
    case RLIMIT_STACK: return status_bytes(c, "VmStk:");
    case RLIMIT_RSS: return status_bytes(c, "VmRSS:");
    case RLIMIT_MEMLOCK: return status_bytes(c, "VmLck:");
    case RLIMIT_AS: return status_bytes(c, "VmSize:");
    case RLIMIT_NPROC: return processes(c, flags);
    case RLIMIT_NOFILE: return descriptors(c);
    case RLIMIT_FSIZE:
    case RLIMIT_CORE: return -ENXIO;
    default: return 0;
    }
}

int64_t sys_getrlimitusage(struct call *c, int64_t which, int flags, gva res)
{
    int64_t n;

    if (flags & ~BY_EFFECTIVE_USER)
        return -EINVAL;
    n = used(c, which, flags);
    return n < 0 ? n : put_long(c, res, n);
}
