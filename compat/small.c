/*
 * compat/small.c: calls too small for a file of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "compat/bsd_calls.h"
#include "syscalls/door.h"
#include "syscalls/fd.h"
#include "syscalls/proc.h"
#include "syscalls/signal.h"

/* Scale 0 ends profiling, which never began. */
int64_t sys_profil(struct call *c, gva samples, uint64_t size, uint64_t offset, unsigned scale)
{
    (void)c, (void)samples, (void)size, (void)offset;
    if (scale > 1u << 16)
        return -EINVAL;
    return scale ? -ENOSYS : 0;
}

int64_t sys_getloginclass(struct call *c, gva buf, uint64_t len)
{
    static const char name[] = "default";

    return len < sizeof(name) ? -ERANGE : copy_out(c, buf, name, sizeof(name));
}

#define SIGABRT_BSD   6
#define ABORT2_ARGS   16
#define ABORT2_REASON 128
#define SI_USER_BSD   0x10001

/* Ends the process by SIGABRT, caught or not; with bad arguments by SIGKILL there, by SIGABRT here. */
int64_t sys_abort2(struct call *c, gva why, int nargs, gva args)
{
    struct ksiginfo info = {.signo = SIGABRT_BSD, .code = SI_USER_BSD, .pid = c->proc->pid};

    (void)why, (void)nargs, (void)args;
    pthread_mutex_lock(&session.lock);
    c->proc->actions[SIGABRT_BSD] = (struct ksigaction){.handler = D_SIG_DFL};
    sigset_del(&c->task->area->mask, SIGABRT_BSD);
    signal_post_task_locked(c->task, &info);
    pthread_mutex_unlock(&session.lock);
    return 0;
}

/* There is one routing table, as net.fibs says (sys/net/route.c, sys_setfib). */
int64_t sys_setfib(struct call *c, int fibnum)
{
    (void)c;
    return fibnum == 0 ? 0 : -EINVAL;
}

/* eventfd(2) of FreeBSD's libc, and inotify_init(2) of 15's. */
#define SPECIALFD_EVENTFD 1
#define SPECIALFD_INOTIFY 2
#define BSD_EFD_SEMAPHORE 0x1u
#define BSD_EFD_NONBLOCK  0x4u
#define BSD_EFD_CLOEXEC   0x100000u
#define BSD_EFD_ALL       (BSD_EFD_SEMAPHORE | BSD_EFD_NONBLOCK | BSD_EFD_CLOEXEC)

struct specialfd_eventfd {
    uint32_t initval, flags;
};

static int64_t special_inotify(struct call *c, gva req, uint64_t len)
{
    uint32_t  flags;
    const int err = len == sizeof(flags) ? copy_in(c, &flags, req, sizeof(flags)) : -EINVAL;

    return err ? err : inotify_new(c, flags);
}

int64_t sys_specialfd(struct call *c, int type, gva req, uint64_t len)
{
    struct specialfd_eventfd ev;
    struct fd_new            n = {.kind = OF_OTHER, .flags = O_RDWR};
    int64_t                  fd;
    int                      err;

    if (type == SPECIALFD_INOTIFY)
        return special_inotify(c, req, len);
    if (type != SPECIALFD_EVENTFD || len != sizeof(ev))
        return -EINVAL;
    err = copy_in(c, &ev, req, sizeof(ev));
    if (err)
        return err;
    if (ev.flags & ~BSD_EFD_ALL)
        return -EINVAL;
    n.cloexec = ev.flags & BSD_EFD_CLOEXEC;
    n.flags |= ev.flags & BSD_EFD_NONBLOCK ? O_NONBLOCK : 0;
    fd = host_call(c, SYS_eventfd2, ev.initval,
                   EFD_CLOEXEC | (ev.flags & BSD_EFD_SEMAPHORE ? EFD_SEMAPHORE : 0) | (n.flags & O_NONBLOCK));
    if (fd < 0)
        return fd;
    n.hostfd = (int)fd;
    return fd_install(c, &n, 0);
}
