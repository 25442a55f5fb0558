#include "syscalls/exechost.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/door.h"
#include "syscalls/fdtable.h"
#include "syscalls/file.h"
#include "syscalls/hostproc.h"
#include "syscalls/hostsignals.h"
#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/sigfastblock.h"
#include "syscalls/stop.h"
#include "syscalls/view.h"

/* ---- is it one? ------------------------------------------------------------- */

static bool elf_of_host(const unsigned char *h)
{
    const Elf64_Ehdr *e = (const void *)h;

    return !memcmp(h, ELFMAG, SELFMAG) && h[EI_CLASS] == ELFCLASS64 && e->e_machine == EM_X86_64 &&
           (h[EI_OSABI] == ELFOSABI_NONE || h[EI_OSABI] == ELFOSABI_LINUX);
}

/* The interpreter that a first line names. */
static int script_interp(struct call *c, char *line)
{
    char *name = line + 2 + strspn(line + 2, " \t");

    name[strcspn(name, " \t\n")] = '\0';
    return *name ? path_open_interp(c, name) : -ENOEXEC;
}

bool exechost_is(struct call *c, int fd)
{
    unsigned char head[256] = {0};
    bool          is;
    int           interp;

    if (view_root() || pread(fd, head, sizeof(head) - 1, 0) < 4)
        return false;
    if (memcmp(head, "#!", 2) != 0)
        return elf_of_host(head);
    interp = script_interp(c, (char *)head);
    is = interp >= 0 && pread(interp, head, sizeof(Elf64_Ehdr), 0) == sizeof(Elf64_Ehdr) && elf_of_host(head);
    if (interp >= 0)
        close(interp);
    return is;
}

/* ---- what the program gets ------------------------------------------------------ */

struct passed {
    int           guest, hostfd, own; /* own: the provider's duplicate */
    struct ofile *of;
};

#define GROUPS_MAX 1024

struct setup {
    int          progfd, cwd, root, report; /* root: -1, it is ours; report: where the watcher writes */
    char *const *argv, *const *envp;
    char           path[4096];
    struct passed *fds;
    int            nfds, cap, top; /* top: one more than the highest guest descriptor */
    pid_t          provider, pgid;
    bool           same_session;
    mode_t         umask;
    uid_t          uid[3];
    gid_t          gid[3], groups[GROUPS_MAX];
    int            ngroups;
    uint64_t       mask, ignored; /* sets of the host's signals (syscalls/hostsignals.h) */
    struct rlimit  nofile;
    cpu_set_t      cpus; /* the guest's: a tracer thread's own is narrower */
};

static void fd_note(int fd, struct ofile *of, int hostfd, bool cloexec, void *arg)
{
    struct setup *s = arg;

    (void)cloexec;
    if (s->nfds == s->cap) {
        int            cap = s->cap * 2 + 16;
        struct passed *grown = realloc(s->fds, (size_t)cap * sizeof(*grown));

        if (!grown)
            return;
        s->fds = grown;
        s->cap = cap;
    }
    s->fds[s->nfds++] = (struct passed){fd, hostfd, -1, of};
    if (fd >= s->top)
        s->top = fd + 1;
}

/*
 * The program knows only the host's offset, and what it starts may keep the file for longer than it lives itself: from
 * now on that one is the truth for everybody, as with a descriptor that we were started with.
 */
static void offset_hand_over(struct call *c, const struct passed *p)
{
    struct ofile *of = p->of;
    struct stat   st;

    if (of->kind == OF_UNSEEN && fstat(p->own, &st) == 0)
        __atomic_store_n(&of->kind, (uint8_t)fd_kind_of_mode(st.st_mode), __ATOMIC_RELAXED);
    if (!file_own_offset(of) || shlock_lock(c, &of->lock))
        return;
    if (!of->host_offset && (of->at_host || lseek(p->own, of->offset, SEEK_SET) >= 0))
        file_host_offset_locked(of);
    shlock_unlock(c, &of->lock);
}

static int fds_fetch(struct call *c, struct setup *s)
{
    int err = fdtable_lock(c, c->proc->fds);

    if (err)
        return err;
    fdtable_each(c->proc->fds, fd_note, s);
    fdtable_unlock(c, c->proc->fds);
    for (int i = 0; i < s->nfds; i++) {
        s->fds[i].own = host_fd_fetch(c, s->fds[i].hostfd);
        if (s->fds[i].own >= 0)
            offset_hand_over(c, &s->fds[i]);
    }
    return 0;
}

/* A descriptor that the guest's process opens for us only: ours, or -errno. */
static int dir_fetch(struct call *c, const char *path)
{
    struct scratch name = scratch_get(c, 8);
    int64_t        fd;
    int            own;

    if (!name.p)
        return -ENOMEM;
    memcpy(name.p, path, strlen(path) + 1);
    fd = host_call(c, SYS_openat, AT_FDCWD, name.va, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return (int)fd;
    own = host_fd_fetch(c, (int)fd);
    host_call(c, SYS_close, fd);
    return own;
}

static void umask_read(struct call *c, struct setup *s)
{
    int64_t mask = host_call(c, SYS_umask, 077);

    if (mask >= 0)
        host_call(c, SYS_umask, mask);
    s->umask = mask >= 0 ? (mode_t)mask : 077;
}

/* -errno: the program must not run as anybody else. */
static int64_t identity_read(struct call *c, struct setup *s)
{
    struct scratch ids = scratch_get(c, 6 * sizeof(uint32_t)), set = scratch_get(c, sizeof(s->groups));
    int64_t        err, n;

    if (!ids.p || !set.p)
        return -ENOMEM;
    err = host_call(c, SYS_getresuid, ids.va, ids.va + 4, ids.va + 8);
    if (!err)
        err = host_call(c, SYS_getresgid, ids.va + 12, ids.va + 16, ids.va + 20);
    n = err ? err : host_call(c, SYS_getgroups, GROUPS_MAX, set.va);
    if (n < 0)
        return n;
    memcpy(s->uid, ids.p, sizeof(s->uid));
    memcpy(s->gid, (uint32_t *)ids.p + 3, sizeof(s->gid));
    memcpy(s->groups, set.p, (size_t)n * sizeof(gid_t));
    s->ngroups = (int)n;
    return 0;
}

static void cpus_read(struct call *c, struct setup *s)
{
    struct scratch set = scratch_get(c, sizeof(s->cpus));

    if (set.p && host_call(c, SYS_sched_getaffinity, 0, sizeof(s->cpus), set.va) > 0)
        memcpy(&s->cpus, set.p, sizeof(s->cpus));
}

static void signals_read(struct call *c, struct setup *s)
{
    pthread_mutex_lock(&session.lock);
    for (unsigned g = 1; g <= c->abi->nsig; g++) {
        int h = c->abi->sig_to_host[g];

        if (!h)
            continue;
        if (sigset_has(&c->task->area->mask, (int)g))
            s->mask |= host_signal_bit(h);
        if (c->proc->actions[g].handler == D_SIG_IGN)
            s->ignored |= host_signal_bit(h);
    }
    c->task->area->mask = (struct sigset){{0, 0}}; /* from here on signals are the program's to block */
    s->nofile = (struct rlimit){c->proc->nofile, c->proc->nofile_max};
    pthread_mutex_unlock(&session.lock);
}

static int setup_make(struct call *c, struct setup *s)
{
    char    link[64];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", s->progfd);
    n = readlink(link, s->path, sizeof(s->path) - 1);
    s->path[n > 0 ? n : 0] = '\0';
    s->cwd = dir_fetch(c, ".");
    if (c->proc->fds->chrooted) {
        s->root = dir_fetch(c, "/");
        s->path[0] = '\0'; /* ours; in there it may be another file's, or nobody's */
    }
    s->provider = getpid();
    s->pgid = getpgid(c->proc->pid);
    s->same_session = getsid(c->proc->pid) == getsid(0);
    umask_read(c, s);
    signals_read(c, s);
    sigfastblock_forget(c->task);
    cpus_read(c, s);
    n = identity_read(c, s);
    return n ? (int)n : fds_fetch(c, s);
}

static void setup_free(struct setup *s)
{
    for (int i = 0; i < s->nfds; i++)
        if (s->fds[i].own >= 0)
            close(s->fds[i].own);
    if (s->cwd >= 0)
        close(s->cwd);
    if (s->root >= 0)
        close(s->root);
    free(s->fds);
    free(s);
}

/* ---- in the child: only calls that are safe after fork in a threaded process ------- */

/* Duplicates move above the guest's numbers first, so that none is overwritten before it was used. */
static void child_fds(struct setup *s)
{
    int progfd = fcntl(s->progfd, F_DUPFD_CLOEXEC, s->top), next = 0;

    for (int i = 0; i < s->nfds; i++)
        if (s->fds[i].own >= 0 && s->fds[i].own < s->top)
            s->fds[i].own = fcntl(s->fds[i].own, F_DUPFD_CLOEXEC, s->top);
    if (s->root >= 0 && (fchdir(s->root) || chroot(".")))
        _exit(126);
    fchdir(s->cwd);
    for (int i = 0; i < s->nfds; i++) { /* in ascending order, as the table gives them */
        if (s->fds[i].guest > next)
            syscall(SYS_close_range, next, s->fds[i].guest - 1, 0);
        if (s->fds[i].own >= 0)
            dup2(s->fds[i].own, s->fds[i].guest);
        next = s->fds[i].guest + 1;
    }
    syscall(SYS_close_range, next, ~0u, CLOSE_RANGE_CLOEXEC);
    s->progfd = progfd;
}

static void child_identity(struct setup *s)
{
    if (!s->same_session)
        setsid();
    else
        setpgid(0, s->pgid);
    umask(s->umask);
    sched_setaffinity(0, sizeof(s->cpus), &s->cpus);
    setrlimit(RLIMIT_NOFILE, &s->nofile);
    /* Raw calls: the C library's would ask threads that are not there any more to follow. */
    if (geteuid() == 0)
        syscall(SYS_setgroups, s->ngroups, s->groups);
    if (syscall(SYS_setresgid, s->gid[0], s->gid[1], s->gid[2]) ||
        syscall(SYS_setresuid, s->uid[0], s->uid[1], s->uid[2]))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user has cleared it */
}

static void child_signals(const struct setup *s)
{
    for (int sig = 1; sig <= HOST_SIGNALS; sig++)
        host_signal_ignore(sig, s->ignored & host_signal_bit(sig));
    host_signals_mask(SIG_SETMASK, s->mask);
}

static void child_run(struct setup *s)
{
    child_fds(s);
    child_identity(s);
    child_signals(s);
    execve(s->path, s->argv, s->envp);
    syscall(SYS_execveat, s->progfd, "", s->argv, s->envp, AT_EMPTY_PATH); /* the name is gone, the file is not */
    _exit(126);
}

/* What the watcher reports first: itself and the program. */
struct started {
    int32_t watcher, program;
};

/* The provider's own child from here on, not its thread's: a tracer thread takes any child that ends for its tracee. */
static void watcher_settle(const struct setup *s, pid_t starter)
{
    static const struct timespec moment = {0, 50000};

    while (getppid() == starter)
        nanosleep(&moment, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != s->provider)
        _exit(0);
}

/* Between provider and program: reports the program's number, its stops and how it ended.  Dies with the provider. */
static void watcher_run(struct setup *s, pid_t starter)
{
    struct started st;
    int            status;
    int64_t        report;

    watcher_settle(s, starter);
    st.watcher = getpid();
    st.program = _Fork();
    if (st.program == 0)
        child_run(s);
    if (s->same_session)
        setpgid(st.program, s->pgid); /* as it does; once it is reported, the terminal's signals must reach it */
    signal(SIGPIPE, SIG_IGN);
    dup2(s->report, 0);
    syscall(SYS_close_range, 1, ~0u, 0);
    if (write(0, &st, sizeof(st)) != sizeof(st) && st.program > 0)
        kill(st.program, SIGKILL); /* the guest's process is gone */
    do {
        if (waitpid(st.program, &status, WUNTRACED | WCONTINUED) < 0)
            status = 126 << 8;
        report = status;
        (void)!write(0, &report, sizeof(report));
    } while (WIFSTOPPED(status) || WIFCONTINUED(status));
    _exit(0);
}

static int watcher_fork(struct setup *s)
{
    pid_t starter = _Fork();

    if (starter == 0) {
        pid_t me = getpid();

        if (_Fork() == 0)
            watcher_run(s, me);
        _exit(0);
    }
    if (starter > 0)
        waitpid(starter, NULL, __WALL); /* under the notify door somebody else may have taken it: as good */
    return starter < 0 ? -EAGAIN : 0;
}

/* ---- in the guest's process ---------------------------------------------------------- */

/* Linux stops no process by the terminal's signals that nobody in its session could continue; we can. */
static bool stops_by_default(pid_t pid, int sig)
{
    char     line[128];
    uint64_t held = 0, bits;
    FILE    *f;

    if (sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
        return false;
    f = host_proc_file(pid, 0, "status");
    if (!f)
        return false;
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "SigBlk: %lx", &bits) == 1 || sscanf(line, "SigIgn: %lx", &bits) == 1 ||
            sscanf(line, "SigCgt: %lx", &bits) == 1)
            held |= bits;
    fclose(f);
    return !(held >> (sig - 1) & 1);
}

/* Everything that the guest's number gets is meant for the program. */
static void signals_pass(struct call *c)
{
    struct sigset   all = {{~0ull, ~0ull}};
    struct proc    *p = c->proc;
    struct ksiginfo k;
    int             sig;

    for (;;) {
        pthread_mutex_lock(&session.lock);
        bool any = signal_take_locked(c->task, &all, &k);
        pthread_mutex_unlock(&session.lock);
        if (!any)
            return;
        sig = c->abi->sig_to_host[k.signo];
        if (sig)
            kill(p->hostprog, p->hostprog_apart && stops_by_default(p->hostprog, sig) ? SIGSTOP : sig);
    }
}

/* The next report: 0, or -errno when none is to come.  Before the first one there is nobody to pass signals to. */
static int report_read(struct call *c, int rfd, int64_t *report)
{
    size_t         used = c->scratch_used;
    struct scratch s = scratch_get(c, sizeof(*report));
    int64_t        n;

    if (!s.p)
        return -ENOMEM;
    do {
        if (c->proc->hostprog)
            n = host_wait(c, SYS_read, rfd, s.va, sizeof(*report));
        else
            n = host_call(c, SYS_read, rfd, s.va, sizeof(*report));
        if (n == -ERESTART)
            signals_pass(c);
    } while (n == -ERESTART || n == -EINTR);
    c->scratch_used = used;
    if (n != sizeof(*report))
        return n < 0 ? (int)n : -ECHILD;
    *report = *(int64_t *)s.p;
    return 0;
}

static void program_is(struct proc *p, pid_t pid, bool apart)
{
    pthread_mutex_lock(&session.lock);
    p->hostprog = pid;
    p->hostprog_apart = apart;
    pthread_mutex_unlock(&session.lock);
}

/* Until the program has ended, with its stops in between; *status: as wait gives it. */
static int watch_to_end(struct call *c, int rfd, int *status)
{
    struct proc *p = c->proc;
    int64_t      report;
    int          err;

    while (!(err = report_read(c, rfd, &report))) {
        *status = (int)report;
        if (!WIFSTOPPED(*status) && !WIFCONTINUED(*status))
            break;
        pthread_mutex_lock(&session.lock);
        if (WIFSTOPPED(*status))
            proc_stopped_locked(p, signal_guest(p, WSTOPSIG(*status)));
        else if (p->stopped)
            proc_continued_locked(p);
        pthread_mutex_unlock(&session.lock);
    }
    return err;
}

/* The process ends as the program did. */
static void end_like(struct call *c, int status)
{
    if (WIFSIGNALED(status))
        signal_kill_self(c, signal_guest(c->proc, WTERMSIG(status)));
    else
        door->finish(c->task, SYS_exit_group, WEXITSTATUS(status));
}

/* A fresh gate has host signals blocked until its guest runs; this one never will, and still must be woken. */
static int signals_open(struct call *c)
{
    struct scratch none = scratch_get(c, sizeof(uint64_t));

    if (!none.p)
        return -ENOMEM;
    *(uint64_t *)none.p = 0;
    return (int)host_call(c, SYS_rt_sigprocmask, SIG_SETMASK, none.va, 0, sizeof(uint64_t));
}

/* A pipe from the watcher into the guest's process: its read end there, its write end here. */
static int report_pipe(struct call *c, int *rfd, int *own)
{
    struct scratch s = scratch_get(c, 2 * sizeof(int));
    int64_t        err;

    if (!s.p)
        return -ENOMEM;
    err = host_call(c, SYS_pipe2, s.va, O_CLOEXEC);
    if (err)
        return (int)err;
    *rfd = ((int *)s.p)[0];
    *own = host_fd_fetch(c, ((int *)s.p)[1]);
    host_call(c, SYS_close, ((int *)s.p)[1]);
    return *own < 0 ? *own : 0;
}

static int watcher_start(struct call *c, struct setup *s, int *rfd)
{
    int err = signals_open(c);

    if (!err)
        err = report_pipe(c, rfd, &s->report);
    if (!err)
        err = setup_make(c, s);
    if (!err)
        err = watcher_fork(s);
    if (s->report >= 0)
        close(s->report);
    for (int i = 0; i < s->nfds; i++) {
        if (s->fds[i].own >= 0)
            close(s->fds[i].own); /* a pipe must see its last writer go */
        s->fds[i].own = -1;
    }
    return err;
}

/* From the start to the end.  -ESRCH: the guest's process was killed, and so is the program. */
static int watch(struct call *c, struct setup *s, int *status)
{
    union {
        int64_t        report;
        struct started st;
    } u = {0};
    int rfd = -1, err = watcher_start(c, s, &rfd);

    if (!err)
        err = report_read(c, rfd, &u.report);
    if (!err && u.st.program > 0) {
        door->take_noted(c->task, signal_from_host); /* what came before the program was in the group is passed on */
        program_is(c->proc, u.st.program, !s->same_session);
        err = watch_to_end(c, rfd, status);
        program_is(c->proc, 0, false);
        if (err)
            kill(u.st.program, SIGKILL);
    }
    if (u.st.watcher > 0)
        waitpid(u.st.watcher, NULL, __WALL); /* or the thread that waits for everybody has it already */
    return err;
}

void exechost_run(struct call *c, int fd, char *const *argv, char *const *envp)
{
    struct setup *s = calloc(1, sizeof(*s));
    int           status = 126 << 8, err = -ENOMEM;

    if (s) {
        *s = (struct setup){.progfd = fd, .cwd = -1, .root = -1, .report = -1, .argv = argv, .envp = envp};
        err = watch(c, s, &status);
        setup_free(s);
    }
    close(fd);
    c->no_result = true;
    if (err != -ESRCH)
        end_like(c, status);
}
