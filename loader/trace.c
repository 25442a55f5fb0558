#include "loader/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/trace_args.h"
#include "syscalls/arena.h"
#include "syscalls/proc.h"

#define PIECE 768 /* bytes for one argument */
#define LINE  6144

/*
 * What was written down at the start of a call, by task index.  Touched only by
 * whoever serves the task.  Kept for the next task of that index: bounded by
 * the number of tasks at one time.
 */
struct pending {
    bool              open; /* the call has not come back yet */
    int64_t           tid;
    pid_t             pid;
    uint64_t          nr;
    const struct row *row;
    char              piece[ARGS_MAX][PIECE];
};
static struct pending *pending[TASKS_MAX];
static int             sink = STDERR_FILENO;

int trace_open(const char *file)
{
    int fd;

    if (!file)
        return 0;
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    sink = fd;
    return 0;
}

/* One write a line.  There is nobody to tell when it fails. */
static void line_put(struct text *line)
{
    ssize_t done;

    if (line->len + 1 >= line->size)
        line->len = line->size - 2;
    line->at[line->len++] = '\n';
    done = write(sink, line->at, line->len);
    (void)done;
}

static struct pending *pending_of(const struct task *t)
{
    struct pending **p = &pending[t->index % TASKS_MAX];

    if (!*p)
        *p = calloc(1, sizeof(**p));
    return *p;
}

static void head(struct text *line, const struct pending *p)
{
    text_add(line, "[%ld] ", (long)p->tid);
    if (p->row)
        text_add(line, "%s(", p->row->name);
    else
        text_add(line, "%lu(", (unsigned long)p->nr);
    for (unsigned i = 0; p->row && i < p->row->nargs; i++)
        text_add(line, "%s%s", i ? ", " : "", p->piece[i]);
}

/* The call was left without a result: interrupted and to be made again, or the task died in it. */
static void close_open(struct pending *p, const char *how)
{
    char        buf[LINE];
    struct text line;

    text_init(&line, buf, sizeof(buf));
    head(&line, p);
    text_add(&line, "%s", how);
    line_put(&line);
    p->open = false;
}

static void piece_in(struct pending *p, struct call *c, unsigned i)
{
    struct text t;

    text_init(&t, p->piece[i], PIECE);
    trace_arg_in(&t, c, i);
}

static void piece_out(struct pending *p, struct call *c, unsigned i, int64_t result)
{
    struct text t;

    text_init(&t, p->piece[i], PIECE);
    if (c->row->args[i].kind == ARG_INOUT_STRUCT) {
        t.len = strlen(p->piece[i]);
        text_add(&t, " => ");
    }
    trace_arg_out(&t, c, i, result);
}

void trace_enter(struct call *c)
{
    struct pending *p = pending_of(c->task);

    if (!p)
        return;
    if (p->open)
        close_open(p, ") = ? (interrupted by a signal)");
    p->tid = c->task->tid;
    p->pid = c->proc ? c->proc->pid : 0;
    p->row = c->row;
    p->nr = c->nr;
    for (unsigned i = 0; c->row && i < c->row->nargs; i++)
        piece_in(p, c, i);
    p->open = true;
    /* Calls that never return are said at once. */
    if (c->row && c->row->ret == RET_VOID)
        close_open(p, ") = ?");
}

/* OUT arguments are worth reading when the call gave something; a remainder of sleep also when it was interrupted. */
static bool wrote(const struct arg *a, int64_t result)
{
    return result >= 0 || (a->kind == ARG_OUT_ALWAYS && result == -EINTR);
}

void trace_leave(struct call *c, int64_t result, int guest_errno)
{
    struct pending *p = pending_of(c->task);
    char            buf[LINE];
    struct text     line;

    if (!p || !p->open)
        return;
    for (unsigned i = 0; c->row && i < c->row->nargs; i++) {
        const struct arg *a = &c->row->args[i];

        if (trace_arg_is_out(a) && !c->no_result && wrote(a, result))
            piece_out(p, c, i, result);
    }
    text_init(&line, buf, sizeof(buf));
    head(&line, p);
    text_add(&line, ") = ");
    trace_result(&line, c, result, guest_errno);
    line_put(&line);
    p->open = false;
}

/* A sender, a child or an address: what the signal has to tell. */
static void add_siginfo(struct text *line, const struct abi *abi, const struct ksiginfo *info)
{
    text_add(line, "{si_code=");
    text_sigcode(line, abi, info->signo, info->code);
    if (info->pid)
        text_add(line, ", si_pid=%d, si_uid=%u", info->pid, info->uid);
    if (info->status)
        text_add(line, ", si_status=%d", info->status);
    if (info->addr)
        text_add(line, ", si_addr=%#lx", (unsigned long)info->addr);
    if (info->value)
        text_add(line, ", si_value=%#lx", (unsigned long)info->value);
    text_add(line, "}");
}

void trace_signal(struct task *t, const struct ksiginfo *info)
{
    const struct abi *abi = t->proc->abi;
    char              buf[256];
    struct text       line;

    text_init(&line, buf, sizeof(buf));
    text_add(&line, "[%ld] --- ", (long)t->tid);
    text_signo(&line, abi, info->signo);
    text_add(&line, " ");
    add_siginfo(&line, abi, info);
    text_add(&line, " ---");
    line_put(&line);
}

static void add_status(struct text *line, const struct abi *abi, int status)
{
    if (WIFEXITED(status)) {
        text_add(line, "exited with %d", WEXITSTATUS(status));
        return;
    }
    text_add(line, "killed by ");
    text_signo(line, abi, WTERMSIG(status) <= 64 ? abi->sig_from_host[WTERMSIG(status)] : 0);
    if (WCOREDUMP(status))
        text_add(line, " (core dumped)");
}

void trace_exit(struct proc *p, int status)
{
    char        buf[128];
    struct text line;

    for (unsigned i = 0; i < TASKS_MAX; i++) {
        if (pending[i] && pending[i]->open && pending[i]->pid == p->pid)
            close_open(pending[i], " <unfinished ...>");
    }
    text_init(&line, buf, sizeof(buf));
    text_add(&line, "[%ld] +++ ", (long)p->pid);
    add_status(&line, p->abi, status);
    text_add(&line, " +++");
    line_put(&line);
}
