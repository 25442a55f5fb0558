/*
 * syscalls/exec.c: execve.
 *
 * The program is looked at while the old one still runs, so that a failed exec
 * leaves it unharmed.  Then the pico process executes the gate anew (the host
 * kernel ends the other threads and frees the old memory), and the image is
 * mapped by host calls before the first guest instruction.
 */
#include "syscalls/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/aio.h"
#include "compat/kqueue.h"
#include "compat/procctl.h"
#include "compat/umtx.h"
#include "syscalls/capability.h"
#include "syscalls/cred.h"
#include "syscalls/door.h"
#include "syscalls/code.h"
#include "syscalls/exechost.h"
#include "syscalls/file.h"
#include "syscalls/strv.h"
#include "syscalls/fdshare.h"
#include "syscalls/handlers.h"
#include "syscalls/path.h"
#include "syscalls/sigfastblock.h"
#include "syscalls/signal.h"
#include "syscalls/task.h"
#include "syscalls/tty.h"
#include "syscalls/timer.h"

/* ---- the change of image --------------------------------------------------------- */

static struct scratch put_str(struct call *c, const char *text)
{
    struct scratch s = scratch_get(c, strlen(text) + 1);

    if (s.p)
        memcpy(s.p, text, strlen(text) + 1);
    return s;
}

/* An exec takes the gate's handlers away: a host signal would stop or end the process behind the provider's back. */
static int64_t signals_block(struct call *c, bool block)
{
    struct scratch set = scratch_get(c, sizeof(uint64_t));

    if (door->is_ptrace)
        return 0; /* every signal stops at the tracer */
    if (!set.p)
        return -E2BIG;
    *(uint64_t *)set.p = block ? ~0ull : 0;
    return host_call(c, SYS_rt_sigprocmask, SIG_SETMASK, set.va, 0, sizeof(uint64_t));
}

/* Runs the gate anew in this process: 0 when the fresh gate is there, -errno with the old image unharmed. */
static int64_t regate(struct call *c, const char *name)
{
    char           conf[48];
    struct scratch empty, arg0, env0, vec;
    uint64_t      *v;
    int64_t        r = fdtable_unshare(c); /* execve(2): descriptors, working directory and umask are its own again */

    if (r)
        return r;
    snprintf(conf, sizeof(conf), "%d,%u", session.arena_fd, c->task->index);
    c->scratch_used = 0;
    empty = put_str(c, "");
    arg0 = put_str(c, name);
    env0 = put_str(c, conf);
    vec = scratch_get(c, 32);
    if (!vec.p)
        return -E2BIG;
    v = vec.p;
    v[0] = arg0.va;
    v[1] = 0;
    v[2] = env0.va;
    v[3] = 0;
    c->task->area->provider_pid = (uint32_t)session.provider_pid;
    c->task->area->filtered = 1;
    c->task->area->attached = 1;
    r = signals_block(c, true); /* until the new gate has its own */
    if (r)
        return r;
    pthread_mutex_lock(&session.lock);
    c->task->execing = true;
    pthread_mutex_unlock(&session.lock);
    umtx_proc_exit(c);
    r = host_call(c, SYS_execveat, session.gate_fd, empty.va, vec.va, vec.va + 16, AT_EMPTY_PATH);
    c->task->execing = false;
    if (r < 0)
        signals_block(c, false);
    return r;
}

static void proc_renew(struct call *c)
{
    struct proc *p = c->proc;

    /* The host's exec has put it elsewhere.  First: whatever shares the task with its gate again tells what p knows. */
    vdso_adopt(p, c->task->area->vdso);
    tasks_end(c->proc, c->task); /* the other threads ended with the old image; their tracer threads see it */
    umtx_exec(c);
    proc_set_space(p, NULL);
    p->leader = NULL;
    cred_exec(p);
    procctl_exec(p);
    proc_own_actions(p);
    timer_proc_gone(p);
    code_drop(p);
    aio_proc_gone(p, true);
    if (c->task->area->rows)
        fdtable_recount(c, p->fds);
    fdtable_exec(c, p->fds);
    signal_exec(p);
    sigfastblock_forget(c->task);
    c->task->exterr = false;
    pthread_mutex_lock(&session.lock);
    c->task->altstack = (struct kstack){.flags = D_SS_DISABLE};
    p->execed = true;
    kqueue_proc_event_locked(p, KQ_NOTE_EXEC, 0);
    pthread_mutex_unlock(&session.lock);
}

/* Beyond the point of no return nothing can be answered: the process aborts, as FreeBSD's does. */
static void image_start(struct call *c, struct exec_image *e)
{
    int err;

    c->proc->abi = exec_image_abi(e);
    c->abi = c->proc->abi;
    tty_signals_boot(c);
    c->scratch_used = 0;
    err = exec_image_load(c, e);
    exec_image_free(e);
    c->no_result = true;
    if (err && err != -ESRCH)
        signal_kill_self(c, c->abi->sig_from_host[SIGABRT]);
}

/* A program of the host: 0 with no_result when it ran and everything is over, -errno with the old image unharmed. */
static int64_t exec_host(struct call *c, int prog, const char *name, const struct strv *args, const struct strv *env)
{
    int64_t r = regate(c, name);

    if (r) {
        close(prog);
        return r;
    }
    proc_renew(c);
    exechost_run(c, prog, args->v, env->v);
    return 0;
}

/* What an exec is given, read before the program is looked for (kern_exec.c, exec_copyin_args). */
struct given {
    char        name[GUEST_PATH_MAX];
    struct strv args, env;
};

static void given_free(struct given *g)
{
    strv_free(&g->args);
    strv_free(&g->env);
    free(g);
}

/* 0 with *out, for given_free; -EFAULT, -EINVAL, -E2BIG, -ENOMEM, -ESRCH. */
static int64_t given_read(struct call *c, gva argv, gva envv, struct given **out)
{
    struct given *g = calloc(1, sizeof(*g));
    int64_t       r = !g ? -ENOMEM : argv.va ? strv_read(c, &g->args, argv) : -EFAULT;

    if (!g)
        return r;
    g->env.bytes = g->args.bytes;
    if (!r)
        r = strv_read(c, &g->env, envv);
    if (!r && g->args.n == 0)
        r = -EINVAL;
    *out = g;
    if (r)
        given_free(g);
    return r;
}

/* The program is checked; one of the host's has run by now, and is over, when no_result is set.  Takes progfd over. */
static int64_t program_look(struct call *c, int progfd, const struct given *g, struct exec_image **e)
{
    char    text[256];
    int     status, hostprog = exechost_is(c, progfd) ? fcntl(progfd, F_DUPFD_CLOEXEC, 3) : -1;
    int64_t r = exec_image_make(c, progfd, g->name, (const char *const *)g->args.v, (const char *const *)g->env.v, NULL,
                                e, text, sizeof(text), &status);

    if (r == -ENOEXEC && hostprog >= 0 && !capability_mode(c)) /* nobody would keep it in that mode */
        return exec_host(c, hostprog, g->name, &g->args, &g->env);
    if (hostprog >= 0)
        close(hostprog);
    return r;
}

/* Takes progfd and g over. */
static int64_t exec_program(struct call *c, int progfd, struct given *g)
{
    struct exec_image *e = NULL;
    int64_t            r = program_look(c, progfd, g, &e);

    if (!r && !c->no_result) {
        r = regate(c, g->name);
        if (r)
            exec_image_free(e);
    }
    given_free(g);
    if (r || c->no_result)
        return r;
    proc_renew(c);
    image_start(c, e);
    return 0;
}

int64_t sys_execve(struct call *c, gva path, gva argv, gva envv)
{
    struct given *g;
    int64_t       r = given_read(c, argv, envv, &g);

    if (r)
        return r;
    r = copy_in_str(c, g->name, path, sizeof(g->name));
    if (r >= 0)
        r = path_open_program(c, PATH_CWD(c), path, PATH_FOLLOW);
    if (r < 0) {
        given_free(g);
        return r;
    }
    return exec_program(c, (int)r, g);
}

/* A descriptor that is for execution only, which the host has as O_PATH: the file, to read it. */
static int reopened(int own)
{
    char name[32];
    int  fd;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", own);
    fd = own < 0 ? own : open(name, PROGRAM_FLAGS | O_CLOEXEC);
    if (own >= 0)
        close(own);
    return fd < 0 && own >= 0 ? -errno : fd;
}

/*
 * The provider's own descriptor of the program.  kern_descrip.c, fgetvp_exec: of a file that is open for reading or
 * for execution, and not for writing.
 */
static int program_of(struct call *c, int fd)
{
    struct fdref ref;
    int          own = fd_get(c, fd, &ref);

    if (own)
        return own;
    if (ref.of->flags & OFLAG_EXEC)
        own = reopened(host_fd_fetch(c, ref.hostfd));
    else if (ref.of->flags & (D_O_ACCMODE | O_PATH))
        own = -EBADF;
    else if (ref.of->kind != OF_FILE && ref.of->kind != OF_DIR && ref.of->kind != OF_CHAR)
        own = -EINVAL;
    else
        own = host_fd_fetch(c, ref.hostfd);
    fd_put(c, &ref);
    return own;
}

int64_t sys_fexecve(struct call *c, int fd, gva argv, gva envv)
{
    struct given *g;
    int64_t       r = given_read(c, argv, envv, &g);

    if (r)
        return r;
    snprintf(g->name, sizeof(g->name), "/dev/fd/%d", fd); /* what the interpreter of a script gets (imgact_shell.c) */
    r = program_of(c, fd);
    if (r < 0) {
        given_free(g);
        return r;
    }
    return exec_program(c, (int)r, g);
}

void exec_boot(struct call *c)
{
    struct exec_image *e = c->proc->exec;

    c->proc->exec = NULL;
    vdso_adopt(c->proc, c->task->area->vdso);
    if (e)
        image_start(c, e);
}
