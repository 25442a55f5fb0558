/*
 * syscalls/ident.c: process, parent, process group, session, login name.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/credentials.h"
#include "syscalls/proc.h"
#include "syscalls/session.h"

#define LOGIN_MAX 33 /* MAXLOGNAME: longest login name with its NUL */

int64_t sys_getpid(struct call *c) { return c->proc->pid; }

/*
 * The host's parent of every guest process is the provider, so the tree is
 * ours.  The session's first process was started by whoever started us.
 */
int64_t sys_getppid(struct call *c)
{
    int64_t ppid = 1;

    pthread_mutex_lock(&session.lock);
    if (c->proc->parent)
        ppid = c->proc->parent->pid;
    else if (c->proc == session.first)
        ppid = session_parent();
    pthread_mutex_unlock(&session.lock);
    return ppid;
}

int64_t sys_issetugid(struct call *c) { return c->proc->issetugid; }

int64_t sys_getpgid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getpgid, pid); }

int64_t sys_getsid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getsid, pid); }

/* A child of the caller, not yet past its exec: 0, -ESRCH, -EACCES. */
static int child_that_may_move(struct call *c, int pid)
{
    struct proc *p;
    int          err = -ESRCH;

    pthread_mutex_lock(&session.lock);
    p = proc_find_locked(pid);
    if (p && p->parent == c->proc)
        err = p->execed ? -EACCES : 0;
    pthread_mutex_unlock(&session.lock);
    return err;
}

/* A process is in another group or session, if result says so: that is remembered for when it is a zombie. */
static int64_t moved(pid_t pid, int64_t result)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    p = result < 0 ? NULL : proc_find_locked(pid);
    if (p) {
        p->pgid = getpgid(pid);
        p->sid = getsid(pid);
    }
    pthread_mutex_unlock(&session.lock);
    return result;
}

/* A child is moved by its host parent, which the provider is; oneself by oneself. */
int64_t sys_setpgid(struct call *c, int pid, int pgid)
{
    int err;

    if (pgid < 0)
        return -EINVAL;
    if (pid == 0 || pid == c->proc->pid)
        return moved(c->proc->pid, host_call(c, SYS_setpgid, 0, pgid));
    err = child_that_may_move(c, pid);
    if (err)
        return err;
    return moved(pid, setpgid(pid, pgid) ? -errno : 0);
}

int64_t sys_setsid(struct call *c) { return moved(c->proc->pid, host_call(c, SYS_setsid)); }

int64_t sys_getlogin(struct call *c, gva buf, unsigned len)
{
    char   name[LOGIN_MAX];
    size_t n;

    pthread_mutex_lock(&session.lock);
    n = strnlen(c->proc->login, LOGIN_MAX - 1) + 1;
    memcpy(name, c->proc->login, n - 1);
    pthread_mutex_unlock(&session.lock);
    name[n - 1] = '\0';
    if (n > len)
        return -ERANGE;
    return copy_out(c, buf, name, n);
}

/* The name belongs to the whole session, in the sense of setsid. */
int64_t sys_setlogin(struct call *c, gva buf)
{
    char         name[LOGIN_MAX];
    int64_t      n = copy_in_str(c, name, buf, sizeof(name));
    pid_t        sid = getsid(c->proc->pid);
    struct proc *p;

    if (host_call(c, SYS_geteuid) != 0)
        return -EPERM;
    if (n < 0)
        return n == -ENAMETOOLONG ? -EINVAL : n;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
    if (p == c->proc || getsid(p->pid) == sid)
        memcpy(p->login, name, (size_t)n + 1);
    pthread_mutex_unlock(&session.lock);
    return 0;
}
