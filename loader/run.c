/* loader/run.c: one session, from the program's name to its exit status. */
#include "loader/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/front.h"
#include "loader/gate/area.h"
#include "loader/image.h"
#include "loader/library.h"
#include "loader/notify.h"
#include "loader/pico.h"
#include "loader/ptrace.h"
#include "loader/rewrite.h"
#include "loader/trace.h"
#include "syscalls/exec.h"
#include "syscalls/fd.h"
#include "syscalls/fdcheck.h"
#include "syscalls/hostsignals.h"
#include "syscalls/leftcheck.h"
#include "syscalls/session.h"
#include "syscalls/sigdeliver.h"
#include "syscalls/task.h"
#include "syscalls/time.h"
#include "syscalls/view.h"

const struct door_ops *door;

static atomic_bool ended;

void session_proc_ended(bool first)
{
    ended |= first;
    if (ended) /* the main thread serves signals, and reaps */
        syscall(SYS_tgkill, session.provider_pid, session.provider_pid, SIGCHLD);
}

pid_t session_started(void) { return front_pid(); }

pid_t session_parent(void) { return front_parent(); }

static int fail(const char *what, const char *with, int err, int status)
{
    fprintf(stderr, "dragoman: %s%s%s: %s\n", what, with ? " " : "", with ? with : "", strerror(err));
    return status;
}

/* ---- descriptors that we were started with ----------------------------------------- */

#define INHERITED_MAX 4096

static int inherited_fds[INHERITED_MAX], ninherited;

/* Each becomes the guest's descriptor of the same number.  Called before we open anything that stays. */
static int inherit(struct fdtable *t, const int *fds, int n)
{
    for (int i = 0; i < n; i++) {
        struct stat st;
        int         flags = fcntl(fds[i], F_GETFL);

        if (flags < 0 || fstat(fds[i], &st))
            continue;
        int err = fdtable_inherit(t, fds[i], fd_kind_of_mode(st.st_mode), (uint32_t)flags);
        if (err)
            return err;
    }
    return 0;
}

static bool stays_open(int fd) { return !(fcntl(fd, F_GETFD) & FD_CLOEXEC); }

#define FEW 16

/*
 * Most have a few, the lowest: one call tells which of these are open, and the directory's size how many there are
 * (Linux 6.2, fs/proc/fd.c; before, 0).  -1: not so here.
 */
static int open_few(int *fds)
{
    struct pollfd p[FEW];
    struct stat   st;
    int           n = 0, all = 0;

    for (int fd = 0; fd < FEW; fd++)
        p[fd] = (struct pollfd){.fd = fd};
    if (stat("/proc/self/fd", &st) || poll(p, FEW, 0) < 0)
        return -1;
    for (int fd = 0; fd < FEW; fd++) {
        if (p[fd].revents & POLLNVAL)
            continue;
        all++;
        if (stays_open(fd))
            fds[n++] = fd;
    }
    return all == st.st_size ? n : -1;
}

static int open_listed(int *fds, int max)
{
    DIR           *d = opendir("/proc/self/fd");
    struct dirent *e;
    int            n = 0;

    if (!d) {
        for (int fd = 0; fd < 3; fd++)
            if (fcntl(fd, F_GETFD) >= 0)
                fds[n++] = fd;
        return n;
    }
    while ((e = readdir(d)) && n < max) {
        int fd = atoi(e->d_name);

        if (e->d_name[0] != '.' && fd != dirfd(d) && stays_open(fd))
            fds[n++] = fd;
    }
    closedir(d);
    return n;
}

static int open_now(int *fds, int max)
{
    const int n = open_few(fds);

    return n >= 0 ? n : open_listed(fds, max);
}

/* ---- signals to the provider ---------------------------------------------------------- */

static void signals_block(void)
{
    /* Whoever started us may ignore SIGCHLD, and then nothing could be waited for; stops of tracees are no news. */
    const struct sigaction chld = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};

    sigaction(SIGCHLD, &chld, NULL);
    host_signals_mask(SIG_BLOCK, ~0ull);
    for (int sig = HOST_LIBC_FIRST; sig <= HOST_LIBC_LAST; sig++)
        host_signal_ignore(sig, true); /* while they are blocked that makes no difference */
}

/* What whoever started us had ignored or blocked (nohup, a shell's background) stays so: signals survive an exec. */
static struct inherited {
    uint64_t ignored, blocked; /* host sets */
} inherited;

static void signals_note(struct inherited *in)
{
    in->ignored = host_signals_ignored();
    in->blocked = host_signals_mask(SIG_BLOCK, 0);
}

static void signals_hand_on(const struct inherited *in, struct task *t)
{
    t->area->mask = (struct sigset){{0, 0}};
    for (int sig = 1; sig <= HOST_SIGNALS; sig++) {
        int guest = signal_guest(t->proc, sig);

        if (guest && in->ignored & host_signal_bit(sig))
            t->proc->actions[guest].handler = D_SIG_IGN;
        if (guest && in->blocked & host_signal_bit(sig))
            sigset_add(&t->area->mask, guest);
    }
    sigset_unmaskable(t->proc, &t->area->mask);
}

/* When its terminal hangs up, the host tells a session's leader alone; where we are that, the guest would be. */
static bool hung_up(int sig) { return (sig == SIGHUP || sig == SIGCONT) && getsid(0) == getpid(); }

/*
 * Somebody who knows only our pid (timeout, a test runner, kill) means the
 * guest.  What else the terminal sends goes to the whole group, and the guest has it already.
 */
static void signal_forward(siginfo_t *si)
{
    struct ksiginfo k = {0};

    if (front_pid() != getpid() ? !front_passed_on(si) : si->si_code > 0 && !hung_up(si->si_signo))
        return;
    if (ended || si->si_pid == getpid())
        return;
    pthread_mutex_lock(&session.lock);
    k.signo = signal_guest(session.first, si->si_signo);
    k.code = session.first->abi->sigcode_from_host(k.signo, si->si_code);
    k.pid = si->si_pid;
    k.uid = si->si_uid;
    signal_post_proc_locked(session.first, &k);
    pthread_mutex_unlock(&session.lock);
}

/* The notify door's pico processes are our children, and only this thread waits for them. */
static void reap_all(void)
{
    struct rusage ru;
    int           status;
    pid_t         pid;

    while ((pid = wait4(-1, &status, __WALL | WNOHANG, &ru)) > 0)
        proc_exited(pid, status, &ru);
}

static void reap_one(pid_t pid)
{
    struct rusage ru;
    int           status;

    if (pid > 0 && wait4(pid, &status, __WALL | WNOHANG, &ru) == pid)
        proc_exited(pid, status, &ru);
}

/*
 * To ask the host for any child that has ended costs it a look at each one that lives.  The signal names the child;
 * only of those that end before it is taken there is none.  So all are asked for when this was not done for a while.
 */
static const struct timespec while_ago = {0, 5000000};

static bool ended_children(pid_t named, struct timespec *asked)
{
    struct timespec now, since;

    reap_one(named);
    clock_gettime(CLOCK_MONOTONIC, &now);
    since = timespec_sub(now, *asked);
    if (named && since.tv_sec == 0 && since.tv_nsec < while_ago.tv_nsec)
        return true;
    reap_all();
    *asked = now;
    return false;
}

static bool first_ended(void) { return ended; }

static bool anybody_left(void)
{
    struct proc *p;
    bool         any = false;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        any |= p->state != PROC_ZOMBIE;
    pthread_mutex_unlock(&session.lock);
    return any;
}

static bool nobody_left(void) { return !anybody_left(); }

static void watch_until(bool (*over)(void))
{
    struct timespec asked = {0};
    bool            owed = false; /* there may be a child that no signal named */
    sigset_t        every;
    siginfo_t       si;

    memset(&every, 0xff, sizeof every); /* sigfillset leaves out what a C library keeps to itself */
    while (!over()) {
        const int sig = sigtimedwait(&every, &si, owed ? &while_ago : NULL);

        if (!door->is_ptrace && (sig == SIGCHLD || (sig < 0 && errno == EAGAIN)))
            owed = ended_children(sig == SIGCHLD ? si.si_pid : 0, &asked);
        else if (sig > 0 && sig != SIGCHLD)
            signal_forward(&si);
    }
}

/* ---- the first process -------------------------------------------------------------------- */

static void limits_init(struct proc *p)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_NOFILE, &rl))
        rl = (struct rlimit){1024, 1024};
    p->nofile = rl.rlim_cur;
    p->nofile_max = rl.rlim_max;
    /* The host's own numbers include ours and those in flight, so the pico process gets all that there are. */
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
}

static void identity_init(struct proc *p)
{
    struct cred *cr = &p->cred;

    p->pgid = getpgrp();
    p->sid = getsid(0);
    getresuid(&cr->ruid, &cr->euid, &cr->suid);
    getresgid(&cr->rgid, &cr->egid, &cr->sgid);
}

static struct task *first_make(struct exec_image *e, const int *fds, int nfds)
{
    struct proc *p = proc_new(NULL, exec_image_abi(e));
    struct task *t = p ? task_new(p) : NULL;

    if (!t)
        return NULL;
    limits_init(p);
    identity_init(p);
    p->exec = e;
    p->fds = fdtable_new();
    if (!p->fds || inherit(p->fds, fds, nfds))
        return NULL;
    session.first = p;
    t->area->provider_pid = (uint32_t)session.provider_pid;
    return t;
}

/* 0 or -errno. */
static int begin(struct task *t, const char *name)
{
    int   listener = -1;
    pid_t pid;

    t->area->attached = !door->is_ptrace;
    pid = pico_spawn(session.gate_fd, session.arena_fd, t->index, name, door->is_ptrace ? NULL : &listener);
    if (pid < 0)
        return pid;
    pthread_mutex_lock(&session.lock);
    task_adopt_locked(t, pid);
    t->execing = !door->is_ptrace; /* until the gate's first event: a kick would kill it */
    pthread_mutex_unlock(&session.lock);
    return door->is_ptrace ? ptrace_start(t) : notify_start(listener);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What the first process left behind ends with the session. */
static void kill_the_rest(void)
{
    struct proc *p;

    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all)
        if (p->state == PROC_LIVE && p->pid > 0)
            kill(p->pid, SIGKILL);
    pthread_mutex_unlock(&session.lock);
}

/* Until what was killed is gone, and holds nothing any more. */
static void reap_the_rest(void)
{
    struct rusage ru;
    int           status;
    pid_t         pid;

    while (!door->is_ptrace && (pid = wait4(-1, &status, __WALL, &ru)) > 0)
        proc_exited(pid, status, &ru);
}

/* --check-tables */
static bool nothing_left(void)
{
    bool good;

    reap_the_rest();
    good = leftcheck_session();
    return fdcheck_session() && good;
}

/* --daemons: the session goes on behind the back of whoever started it, and holds nothing that is theirs. */
static void live_on(const struct run_options *o)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < ninherited; i++)
        if (inherited_fds[i] > 2)
            close(inherited_fds[i]);
    for (int fd = 0; fd < (o->trace && !o->trace_file ? 2 : 3); fd++)
        dup2(null, fd);
    front_tell(session.first_status, true);
    watch_until(nobody_left);
}

/* As the guest ended: a status, or the same signal. */
static int end_like(int status)
{
    struct rlimit none = {0, 0};
    int           sig;

    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    sig = WTERMSIG(status);
    setrlimit(RLIMIT_CORE, &none); /* the core, if any, is the guest's */
    prctl(PR_SET_DUMPABLE, 0);
    host_signal_ignore(sig, false);
    fflush(NULL);
    raise(sig);
    host_signals_mask(SIG_UNBLOCK, host_signal_bit(sig));
    kill(getpid(), sig);
    return 128 + sig;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

/* Program file as the user named it: a path, or a name in PATH. */
static int program_open(const char *name, char *path, size_t size)
{
    const char *dirs = getenv("PATH");
    int         fd = view_open(name);

    snprintf(path, size, "%s", name);
    if (fd != -ENOENT || strchr(name, '/') || !dirs)
        return fd;
    while (*dirs) {
        size_t n = strcspn(dirs, ":");

        snprintf(path, size, "%.*s/%s", (int)n, dirs, name);
        fd = view_open(path);
        if (fd >= 0)
            return fd;
        dirs += n + (dirs[n] == ':');
    }
    snprintf(path, size, "%s", name);
    return -ENOENT;
}

static int image_make(const struct run_options *o, struct exec_image **e)
{
    struct image_error err = {0};
    char               path[PATH_MAX];
    const char        *name = o->program ? o->program : o->argv[0];
    int                status = 126, fd = program_open(name, path, sizeof(path));

    if (fd < 0) {
        image_open_failed(-fd, &err);
        image_error_print(name, &err);
        return err.exit_status;
    }
    if (exec_image_make(NULL, fd, path, (const char *const *)o->argv, (const char *const *)o->envp, o->abi, e, err.text,
                        sizeof(err.text), &status)) {
        image_error_print(name, &err);
        return status;
    }
    return 0;
}

static int door_choose(const char *name)
{
    if (name && !strcmp(name, "ptrace"))
        door = &ptrace_door;
    else if (!name || !strcmp(name, "notify"))
        door = &notify_door;
    return door ? 0 : -EINVAL;
}

static int session_init(void)
{
    struct statx st;
    int          err = arena_init(&session.arena_fd);

    if (err)
        return fail("cannot map memory shared with the program", NULL, -err, 125);
    fcntl(session.arena_fd, F_SETFD, 0); /* the pico process maps it, too */
    session.gate_fd = pico_gate_file();
    if (session.gate_fd < 0)
        return fail("cannot make a memory file for the gate", NULL, -session.gate_fd, 125);
    session.provider_pid = getpid();
    rewrite_init();
    session.statx_null = syscall(SYS_statx, -1, NULL, AT_EMPTY_PATH, 0, &st) < 0 && errno == EBADF;
    session.vdso_clock = library_vdso("__vdso_clock_gettime");
    session.fsgsbase = getauxval(AT_HWCAP2) & 2; /* HWCAP2_FSGSBASE */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return 0;
}

static int run_here(void *arg)
{
    const struct run_options *o = arg;
    int                       err;
    struct exec_image        *e = NULL;
    const char               *culprit = NULL;
    struct task              *t;

    if (door_choose(o->door)) {
        fprintf(stderr, "dragoman: --door=%s: there are the doors notify and ptrace\n", o->door);
        return 2;
    }
    err = view_init(o->sysroot, o->root, &culprit);
    if (err)
        return fail("cannot use the directory", culprit, -err, 125);
    err = image_make(o, &e);
    if (err)
        return err;
    session.measured = o->stat != NULL;
    err = session_init();
    if (err)
        return err;
    err = o->stat ? stat_begin(o->stat) : 0;
    if (err)
        return fail("cannot write the statistics to", o->stat->file, -err, 125);
    session.trace = o->trace;
    session.no_rewrite = o->no_rewrite;
    session.check_tables = o->check_tables;
    if (o->trace && trace_open(o->trace_file))
        return fail("cannot write the trace to", o->trace_file, errno, 125);
    err = view_enter();
    if (err)
        return fail("cannot enter the directory", o->root, -err, 125);
    signals_block();
    t = first_make(e, inherited_fds, ninherited);
    if (!t)
        return fail("cannot set up the first process", NULL, ENOMEM, 125);
    signals_hand_on(&inherited, t);
    err = begin(t, o->argv[0]);
    if (err) {
        kill_the_rest();
        return fail("cannot start a process through the door", door->name, -err, 125);
    }
    host_signals_mask(SIG_BLOCK, ~0ull); /* again: see HOST_LIBC_FIRST */
    watch_until(first_ended);
    if (o->daemons && anybody_left())
        live_on(o);
    kill_the_rest();
    if (o->stat)
        stat_end();
    if (o->check_tables && !nothing_left())
        return 125;
    if (!o->daemons)
        return end_like(session.first_status);
    front_tell(session.first_status, false);
    return 0;
}

int run(const struct run_options *o)
{
    int err;

    ninherited = open_now(inherited_fds, INHERITED_MAX);
    signals_note(&inherited);
    if (!o->daemons)
        return run_here((void *)o);
    signals_block();
    err = front_run(run_here, (void *)o);
    return fail("cannot start a process", NULL, -err, 125);
}
