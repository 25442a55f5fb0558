/*
 * compat/sysctl_proc.c: lists of processes (kern.proc.all, .pid, ...) as struct
 * kinfo_proc.  Every process of the host is shown, as ps does there; those of
 * the session with what only we know of them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/freebsd/kinfo.h"
#include "compat/procctl.h"
#include "compat/sysctl_values.h"
#include "syscalls/credentials.h"
#include "syscalls/door.h"
#include "syscalls/hostproc.h"
#include "syscalls/proc.h"

#define PAGE 4096

/* p_flag and ki_kiflag bits of sys/proc.h and sys/user.h */
#define P_CONTROLT   0x00000002
#define P_HADTHREADS 0x00000080
#define P_PROTECTED  0x00100000
#define P_INMEM      0x10000000
#define KI_CTTY      1
#define KI_SLEADER   2

/* What the host says of one process. */
struct hproc {
    struct host_stat stat;
    unsigned         uid[3], gid[3], groups[FBSD_KI_NGROUPS], ngroups;
    unsigned long    nvcsw, nivcsw;
};

static void groups_read(struct hproc *h, char *s)
{
    for (char *end; h->ngroups < FBSD_KI_NGROUPS - 1; s = end) {
        unsigned long g = strtoul(s, &end, 10);

        if (end == s)
            break;
        h->groups[h->ngroups++] = (unsigned)g;
    }
}

static bool status_read(int pid, int tid, struct hproc *h)
{
    FILE *f = host_proc_file(pid, tid, "status");
    char  line[512];

    while (f && fgets(line, sizeof(line), f)) {
        sscanf(line, "Uid: %u %u %u", &h->uid[0], &h->uid[1], &h->uid[2]);
        sscanf(line, "Gid: %u %u %u", &h->gid[0], &h->gid[1], &h->gid[2]);
        sscanf(line, "voluntary_ctxt_switches: %lu", &h->nvcsw);
        sscanf(line, "nonvoluntary_ctxt_switches: %lu", &h->nivcsw);
        if (!strncmp(line, "Groups:", 7))
            groups_read(h, line + 7);
    }
    if (f)
        fclose(f);
    return f != NULL;
}

/* Of a process, or of one thread of it; tid 0: of the process. */
static bool hproc_read(int pid, int tid, struct hproc *h)
{
    memset(h, 0, sizeof(*h));
    return host_stat(pid, tid, &h->stat) && status_read(pid, tid, h);
}

static struct fbsd_timeval64 ticks_tv(long ticks)
{
    long hz = sysconf(_SC_CLK_TCK);

    return (struct fbsd_timeval64){ticks / hz, ticks % hz * (1000000 / hz)};
}

static struct fbsd_timeval64 start_tv(unsigned long long ticks)
{
    struct timespec       now, up;
    struct fbsd_timeval64 tv = ticks_tv((long)ticks);

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    tv.sec += now.tv_sec - up.tv_sec;
    return tv;
}

static int8_t state_of(char host)
{
    switch (host) {
    case 'R': return FBSD_SRUN;
    case 'T':
    case 't': return FBSD_SSTOP;
    case 'Z':
    case 'X': return FBSD_SZOMB;
    default: return FBSD_SSLEEP;
    }
}

static void kinfo_ids(struct fbsd_kinfo_proc *k, const struct hproc *h)
{
    k->uid = h->uid[1];
    k->ruid = h->uid[0];
    k->svuid = h->uid[2];
    k->rgid = h->gid[0];
    k->svgid = h->gid[2];
    k->groups[0] = h->gid[1]; /* the effective group comes first */
    memcpy(k->groups + 1, h->groups, h->ngroups * sizeof(*h->groups));
    k->ngroups = (int16_t)(h->ngroups + 1);
    k->tdev = h->stat.tty ? (uint64_t)h->stat.tty : FBSD_NODEV;
    k->tdev_freebsd11 = h->stat.tty ? (uint32_t)h->stat.tty : UINT32_MAX;
    k->kiflag = (h->stat.tty ? KI_CTTY : 0) | (h->stat.session == h->stat.pid ? KI_SLEADER : 0);
    k->flag = P_INMEM | (h->stat.tty ? P_CONTROLT : 0) | (h->stat.nthreads > 1 ? P_HADTHREADS : 0);
}

static void kinfo_usage(struct fbsd_kinfo_proc *k, const struct hproc *h)
{
    k->rusage.utime = ticks_tv((long)h->stat.utime);
    k->rusage.stime = ticks_tv((long)h->stat.stime);
    k->rusage.minflt = (int64_t)h->stat.minflt;
    k->rusage.majflt = (int64_t)h->stat.majflt;
    k->rusage.nvcsw = (int64_t)h->nvcsw;
    k->rusage.nivcsw = (int64_t)h->nivcsw;
    k->rusage.maxrss = h->stat.rss * PAGE / 1024;
    k->rusage_ch.utime = ticks_tv(h->stat.cutime);
    k->rusage_ch.stime = ticks_tv(h->stat.cstime);
    k->childtime.sec = k->rusage_ch.utime.sec + k->rusage_ch.stime.sec;
    k->runtime =
        (uint64_t)((k->rusage.utime.sec + k->rusage.stime.sec) * 1000000 + k->rusage.utime.usec + k->rusage.stime.usec);
    k->start = start_tv(h->stat.start);
    k->size = h->stat.vsize;
    k->rssize = h->stat.rss;
}

static void kinfo_from_host(struct fbsd_kinfo_proc *k, const struct hproc *h)
{
    memset(k, 0, sizeof(*k));
    k->structsize = sizeof(*k);
    k->pid = h->stat.pid;
    k->ppid = h->stat.ppid;
    k->pgid = h->stat.pgrp;
    k->sid = k->tsid = h->stat.session;
    k->tpgid = h->stat.tpgid > 0 ? h->stat.tpgid : 0;
    k->stat = state_of(h->stat.state);
    k->nice = (int8_t)h->stat.nice;
    k->oncpu = k->lastcpu = FBSD_NOCPU;
    k->oncpu_old = k->lastcpu_old = 255;
    k->pri_class = FBSD_PRI_TIMESHARE;
    k->pri_level = k->pri_native = k->pri_user = FBSD_PUSER_DEFAULT;
    k->numthreads = h->stat.nthreads;
    k->tid = h->stat.pid;
    snprintf(k->comm, sizeof(k->comm), "%.19s", h->stat.comm);
    snprintf(k->tdname, sizeof(k->tdname), "%.16s", h->stat.comm);
    snprintf(k->loginclass, sizeof(k->loginclass), "default");
    snprintf(k->emul, sizeof(k->emul), "Linux ELF64");
    kinfo_ids(k, h);
    kinfo_usage(k, h);
}

static void kinfo_signals(struct fbsd_kinfo_proc *k, const struct proc *p)
{
    memcpy(k->siglist, p->pending.set.w, sizeof(k->siglist));
    for (int sig = 1; sig <= SIG_MAX; sig++) {
        uint64_t bit = 1ull << ((sig - 1) % 64);

        if (p->actions[sig].handler == D_SIG_IGN)
            k->sigignore[(sig - 1) / 64] |= bit;
        else if (p->actions[sig].handler != D_SIG_DFL)
            k->sigcatch[(sig - 1) / 64] |= bit;
    }
}

/*
 * A stop of the host's is the guest's only where we know of it: under the ptrace door a thread stops in every call.
 * session.lock held.
 */
static int8_t state_of_guest(const struct proc *p, int8_t host)
{
    if (p->state == PROC_ZOMBIE)
        return FBSD_SZOMB;
    if (p->stopped)
        return FBSD_SSTOP;
    return host == FBSD_SRUN ? FBSD_SRUN : FBSD_SSLEEP;
}

/* What we know better than the host.  session.lock held. */
static void kinfo_from_guest(struct fbsd_kinfo_proc *k, const struct proc *p)
{
    const struct task *t = LIST_FIRST(&p->tasks);

    k->ppid = proc_ppid_locked(p);
    k->stat = state_of_guest(p, k->stat);
    k->xstat = (uint16_t)p->wait_status;
    k->flag |= procctl_is_protected(p) ? P_PROTECTED : 0;
    k->numthreads = (int32_t)(p->ntasks - p->ngone);
    snprintf(k->comm, sizeof(k->comm), "%.19s", p->comm);
    snprintf(k->tdname, sizeof(k->tdname), "%.16s", t && t->name[0] ? t->name : p->comm);
    snprintf(k->login, sizeof(k->login), "%.17s", p->login);
    snprintf(k->emul, sizeof(k->emul), "FreeBSD ELF64");
    kinfo_signals(k, p);
    if (t) {
        k->tid = (int32_t)t->tid;
        memcpy(k->sigmask, t->area->mask.w, sizeof(k->sigmask));
    }
}

/* One process: -ESRCH when there is none.  A zombie of the session may be gone from the host already. */
static int kinfo_read(int pid, struct fbsd_kinfo_proc *k)
{
    struct hproc h;
    bool         on_host = hproc_read(pid, 0, &h);
    struct proc *p;

    if (!on_host) {
        memset(&h, 0, sizeof(h));
        h.stat.pid = pid;
    }
    kinfo_from_host(k, &h);
    pthread_mutex_lock(&session.lock);
    p = proc_find_any_locked(pid);
    if (p)
        kinfo_from_guest(k, p);
    pthread_mutex_unlock(&session.lock);
    return p || on_host ? 0 : -ESRCH;
}

/* ---- threads ------------------------------------------------------------------------- */

struct threads {
    struct thread {
        pid_t    host;
        int32_t  tid; /* the guest's */
        int8_t   stat;
        char     name[32];
        uint64_t mask[2], pending[2];
    } * v;
    size_t n;
    bool   guests; /* the session's: the host's names and states say little */
};

/* session.lock held. */
static bool threads_of_guest(struct threads *l, const struct proc *p, const struct task *caller)
{
    const struct task *t;

    l->guests = true;
    l->v = calloc(p->ntasks ? p->ntasks : 1, sizeof(*l->v));
    LIST_FOREACH(t, &p->tasks, link) {
        struct thread *to = l->v && l->n < p->ntasks && t->host_tid && t->state != TASK_GONE ? &l->v[l->n++] : NULL;

        if (!to)
            continue;
        to->host = t->host_tid;
        to->tid = (int32_t)t->tid;
        to->stat = t == caller ? FBSD_SRUN : state_of_guest(p, FBSD_SSLEEP);
        snprintf(to->name, sizeof(to->name), "%s", t->name[0] ? t->name : p->comm);
        memcpy(to->mask, t->area->mask.w, sizeof(to->mask));
        memcpy(to->pending, t->pending.set.w, sizeof(to->pending));
    }
    return l->v != NULL;
}

static bool threads_of_host(struct threads *l, int pid)
{
    char           path[32];
    DIR           *d;
    struct dirent *e;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    d = opendir(path);
    while (d && (e = readdir(d))) {
        struct thread *more = atoi(e->d_name) > 0 ? realloc(l->v, (l->n + 1) * sizeof(*l->v)) : NULL;

        if (!more)
            continue;
        l->v = more;
        l->v[l->n++] = (struct thread){.host = atoi(e->d_name), .tid = atoi(e->d_name)};
    }
    if (d)
        closedir(d);
    return true;
}

/* What of a row is one thread's (kern_proc.c, fill_kinfo_thread with preferthread). */
static void kinfo_thread(struct fbsd_kinfo_proc *k, const struct threads *l, const struct thread *t)
{
    const struct fbsd_timeval64 start = k->start;
    struct hproc                h;

    k->tid = t->tid;
    memset(k->moretdname, 0, sizeof(k->moretdname));
    if (hproc_read(k->pid, t->host, &h)) {
        kinfo_usage(k, &h);
        k->start = start; /* the process's */
        k->stat = !l->guests || (t->stat == FBSD_SSLEEP && h.stat.state == 'R') ? state_of(h.stat.state) : t->stat;
    }
    snprintf(k->tdname, sizeof(k->tdname), "%.16s", l->guests ? t->name : h.stat.comm);
    if (strlen(t->name) > 16)
        snprintf(k->moretdname, sizeof(k->moretdname), "%.3s", t->name + 16);
    memcpy(k->siglist, t->pending, sizeof(k->siglist));
    memcpy(k->sigmask, t->mask, sizeof(k->sigmask));
}

/* A row for each thread; of a zombie one that is left of it. */
static int give_threads(struct sysctl_req *r, struct fbsd_kinfo_proc *k)
{
    struct threads l = {0};
    struct proc   *p;
    int            err = 0;

    pthread_mutex_lock(&session.lock);
    p = proc_find_any_locked(k->pid);
    if (p && !threads_of_guest(&l, p, r->c->task))
        err = -ENOMEM;
    pthread_mutex_unlock(&session.lock);
    if (!p)
        threads_of_host(&l, k->pid);
    if (!l.n && !err)
        err = sysctl_out(r, k, sizeof(*k));
    for (size_t i = 0; i < l.n && !err; i++) {
        kinfo_thread(k, &l, &l.v[i]);
        err = sysctl_out(r, k, sizeof(*k));
    }
    free(l.v);
    return err;
}

/* ---- lists --------------------------------------------------------------------------- */

/* KERN_PROC_INC_THREAD; and the list of all has them in any case (sysctl_kern_proc). */
static bool with_threads(const struct sysctl *node) { return node->number == 0 || (node->number & 0x10) != 0; }

static int give(struct sysctl_req *r, struct fbsd_kinfo_proc *k)
{
    return with_threads(r->node) ? give_threads(r, k) : sysctl_out(r, k, sizeof(*k));
}

int proc_list_pid(struct sysctl_req *r)
{
    struct fbsd_kinfo_proc k;
    int                    err;

    if (r->narg != 1)
        return -EINVAL;
    err = kinfo_read(r->arg[0], &k);
    return err ? err : give(r, &k);
}

typedef bool (*proc_match)(const struct fbsd_kinfo_proc *k, int arg);

static int list(struct sysctl_req *r, proc_match match)
{
    struct fbsd_kinfo_proc k;
    DIR                   *d = opendir("/proc");
    struct dirent         *e;
    int                    err = 0;

    if (!d)
        return -EIO;
    while (!err && (e = readdir(d))) {
        int pid = atoi(e->d_name);

        if (pid > 0 && !kinfo_read(pid, &k) && (!match || match(&k, r->arg[0])))
            err = give(r, &k);
    }
    closedir(d);
    /* Room for processes that start between the question for the size and the one for the list. */
    memset(&k, 0, sizeof(k));
    for (int i = 0; !err && r->sizing && i < 5; i++)
        err = sysctl_out(r, &k, sizeof(k));
    return err;
}

int proc_list_all(struct sysctl_req *r) { return r->narg ? -EINVAL : list(r, NULL); }

int proc_list_procs(struct sysctl_req *r) { return r->narg > 1 ? -EINVAL : list(r, NULL); }

static bool in_pgrp(const struct fbsd_kinfo_proc *k, int arg) { return k->pgid == arg; }

static bool in_session(const struct fbsd_kinfo_proc *k, int arg) { return k->sid == arg; }

static bool of_uid(const struct fbsd_kinfo_proc *k, int arg) { return k->uid == (uint32_t)arg; }

static bool of_ruid(const struct fbsd_kinfo_proc *k, int arg) { return k->ruid == (uint32_t)arg; }

static bool of_gid(const struct fbsd_kinfo_proc *k, int arg) { return k->groups[0] == (uint32_t)arg; }

static bool of_rgid(const struct fbsd_kinfo_proc *k, int arg) { return k->rgid == (uint32_t)arg; }

static bool on_tty(const struct fbsd_kinfo_proc *k, int arg)
{
    return (k->flag & P_CONTROLT) && (uint32_t)k->tdev == (uint32_t)arg;
}

int proc_list_pgrp(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, in_pgrp); }

int proc_list_session(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, in_session); }

int proc_list_uid(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, of_uid); }

int proc_list_ruid(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, of_ruid); }

int proc_list_gid(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, of_gid); }

int proc_list_tty(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, on_tty); }

int proc_list_rgid(struct sysctl_req *r) { return r->narg != 1 ? -EINVAL : list(r, of_rgid); }
