/*
 * syscalls/ident.c: process, parent, process group, session, login name.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/credentials.h"
#include "syscalls/pgrp.h"
#include "syscalls/proc.h"
#include "syscalls/session.h"

#define LOGIN_MAX 33 /* MAXLOGNAME: longest login name with its NUL */

int64_t sys_getpid(struct call *c) { return c->proc->pid; }

/*
 * The host's parent of every guest process is the provider, so the tree is
 * ours.  The session's first process was started by whoever started us.
 */
pid_t proc_ppid_locked(const struct proc *p)
{
    if (p->parent)
        return p->parent->pid;
    return p == session.first ? session_parent() : 1;
}

int64_t sys_getppid(struct call *c)
{
    int64_t ppid;

    pthread_mutex_lock(&session.lock);
    ppid = proc_ppid_locked(c->proc);
    pthread_mutex_unlock(&session.lock);
    return ppid;
}

int64_t sys_issetugid(struct call *c) { return c->proc->issetugid; }

int64_t sys_getpgid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getpgid, pid); }

int64_t sys_getsid(struct call *c, int pid) { return pid < 0 ? -EINVAL : host_call(c, SYS_getsid, pid); }

int64_t sys_setsid(struct call *c) { return pgrp_moved(c->proc->pid, host_call(c, SYS_setsid)); }

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
