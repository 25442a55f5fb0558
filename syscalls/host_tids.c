/*
 * syscalls/host_tids.c: scheduling on the host belongs to a thread, on the BSDs
 * many of its calls speak of a process: this finds its threads.
 */
#include <errno.h>
#include <stdlib.h>

#include "syscalls/resources.h"

#define TIDS_MAX 1024

int host_tids(struct call *c, int pid, pid_t *tids, int max)
{
    struct proc *p;
    struct task *t;
    int          n = 0;

    pthread_mutex_lock(&session.lock);
    p = pid == 0 || pid == c->proc->pid ? c->proc : proc_find_locked(pid);
    if (p)
        LIST_FOREACH(t, &p->tasks, link)
            if (n < max && (t->state != TASK_GONE || t->host_tid == p->pid))
                tids[n++] = t->host_tid;
    pthread_mutex_unlock(&session.lock);
    return p ? n : -ESRCH;
}

int64_t host_tids_each(struct call *c, int pid, int64_t (*fn)(struct call *c, pid_t tid, void *arg), void *arg)
{
    pid_t  *tids = malloc(TIDS_MAX * sizeof(*tids));
    int     n = tids ? host_tids(c, pid, tids, TIDS_MAX) : -ENOMEM;
    int64_t ret = n < 0 ? n : 0;

    if (n == -ESRCH) /* a process of the host, by its main thread */
        ret = fn(c, pid, arg);
    for (int i = 0; i < n && ret >= 0; i++) {
        ret = fn(c, tids[i], arg);
        if (ret == -ESRCH && i) /* ended meanwhile */
            ret = 0;
    }
    free(tids);
    return ret;
}
