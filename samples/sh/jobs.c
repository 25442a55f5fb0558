/* Jobs: what was started, in which process group, and what became of it. */
#include "sh.h"

enum { JOBS = 32, TERMINAL_FROM = 20 };

static struct job  jobs[JOBS];
static int         terminal = -1, own_group;
static struct job *current; /* %+ */
int                last_background;

/* ---- setting up ---------------------------------------------------------------- */

/* Job control begins in the foreground, in a group of our own. */
void jobs_init(void)
{
    long fd;

    if (!os_isatty(2))
        return;
    fd = os_fcntl(2, F_DUPFD, TERMINAL_FROM);
    if (fd < 0)
        return;
    terminal = (int)fd;
    os_fcntl(terminal, F_SETFD, FD_CLOEXEC);
    while (os_tcgetpgrp(terminal) != os_getpgrp())
        os_kill(0, SIGTTIN);
    signals_interactive();
    os_setpgid(0, 0); /* refused to a session's leader, who has one */
    own_group = (int)os_getpgrp();
    os_tcsetpgrp(terminal, own_group);
}

void jobs_forget(void)
{
    memset(jobs, 0, sizeof(jobs));
    current = 0;
    option_monitor = interactive = false;
    terminal = -1;
}

static bool controls(void) { return option_monitor; }

struct job *job_new(const struct node *n)
{
    struct text text = {0};

    node_text(&text, n);
    for (int i = 0; i < JOBS; i++)
        if (jobs[i].state == JOB_FREE) {
            jobs[i] = (struct job){.state = JOB_RUNNING};
            print_into(jobs[i].text, sizeof(jobs[i].text), "%s", text_end(&text));
            return &jobs[i];
        }
    die("too many jobs", 0);
}

static void terminal_give(int pgid)
{
    if (terminal >= 0 && controls())
        os_tcsetpgrp(terminal, pgid);
}

/* Parent and child both make the group: whichever comes first. */
static void child_settle(struct job *j, bool foreground)
{
    if (controls()) {
        int pid = (int)os_getpid();

        os_setpgid(pid, j->pgid ? j->pgid : pid);
        if (foreground)
            terminal_give(j->pgid ? j->pgid : pid);
    } else if (!foreground) {
        int null = (int)os_open("/dev/null", O_RDONLY, 0);

        os_dup2(null, 0);
        os_close(null);
        trap_set(SIGINT, "");
        trap_set(SIGQUIT, "");
    }
    traps_for_child();
}

/*
 * No signal may come to the child while it still has our handlers.  The others are not blocked: what the terminal sends
 * to the group would wait here until the child is made, and the child would not have it.
 */
int job_fork(struct job *j, bool foreground)
{
    struct os_sigset ours = signals_caught(), before;
    int              pid;

    if (controls())
        os_sigset_add(&ours, SIGTTOU); /* by the child's tcsetpgrp, which comes from the background */
    os_sigprocmask(SIG_BLOCK, &ours, &before);
    pid = (int)must(os_fork(), "fork");
    if (pid == 0) {
        child_settle(j, foreground);
        os_sigprocmask(SIG_SETMASK, &before, 0);
        return 0;
    }
    os_sigprocmask(SIG_SETMASK, &before, 0);
    if (!j->pgid)
        j->pgid = pid;
    if (controls())
        os_setpgid(pid, j->pgid);
    j->pids[j->npids++] = pid;
    if (!foreground)
        current = j;
    return pid;
}

/* ---- what became of them -------------------------------------------------------------- */

int status_of(int status)
{
    if (os_wifexited(status))
        return os_wexitstatus(status);
    return 128 + (os_wifstopped(status) ? os_wstopsig(status) : os_wtermsig(status));
}

static void job_update(struct job *j, int i, int status)
{
    int gone = 0, stopped = 0;

    j->stopped[i] = os_wifstopped(status);
    j->gone[i] = !j->stopped[i] && !os_wifcontinued(status);
    if ((i == j->npids - 1 && j->gone[i]) || j->stopped[i])
        j->status = status;
    for (int k = 0; k < j->npids; k++) {
        gone += j->gone[k];
        stopped += j->stopped[k];
    }
    j->state = gone == j->npids ? JOB_DONE : gone + stopped == j->npids ? JOB_STOPPED : JOB_RUNNING;
    if (j->state == JOB_STOPPED)
        current = j;
}

static void note_status(int pid, int status)
{
    for (int i = 0; i < JOBS; i++)
        for (int k = 0; k < jobs[i].npids; k++)
            if (jobs[i].state != JOB_FREE && jobs[i].pids[k] == pid && !jobs[i].gone[k]) {
                job_update(&jobs[i], k, status);
                return;
            }
}

bool jobs_poll(void)
{
    int status;

    for (;;) {
        long pid = os_wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, 0);

        if (pid <= 0)
            return pid != -ECHILD;
        note_status((int)pid, status);
    }
}

static void job_free(struct job *j)
{
    j->state = JOB_FREE;
    if (current != j)
        return;
    current = 0;
    for (int i = 0; i < JOBS; i++)
        if (jobs[i].state == JOB_STOPPED || (jobs[i].state == JOB_RUNNING && !current))
            current = &jobs[i];
}

static const char *state_name(const struct job *j)
{
    if (j->state == JOB_RUNNING)
        return "Running";
    if (j->state == JOB_STOPPED)
        return "Stopped";
    if (!os_wifexited(j->status))
        return signal_name(os_wtermsig(j->status));
    return os_wexitstatus(j->status) ? "Exit" : "Done";
}

static void job_print(int fd, const struct job *j)
{
    print_to(fd, "[%d] %c %s", job_number(j), j == current ? '+' : ' ', state_name(j));
    if (j->state == JOB_DONE && os_wifexited(j->status) && os_wexitstatus(j->status))
        print_to(fd, " %d", os_wexitstatus(j->status));
    print_to(fd, "  %s\n", j->text);
}

int job_wait(struct job *j)
{
    int status, r;

    while (j->state == JOB_RUNNING) {
        long pid = os_wait4(-1, &status, controls() ? WUNTRACED : 0, 0);

        if (pid == -ECHILD)
            break;
        if (pid > 0)
            note_status((int)pid, status);
    }
    if (controls())
        terminal_give(own_group);
    r = status_of(j->status);
    if (j->state == JOB_STOPPED) {
        if (interactive)
            print_to(2, "\n");
        job_print(2, j);
        j->told = true;
        return r;
    }
    if (interactive && !os_wifexited(j->status))
        print_to(2, os_wtermsig(j->status) == SIGINT ? "\n" : "%s\n", signal_name(os_wtermsig(j->status)));
    job_free(j);
    return r;
}

/* ---- by name, for builtins ---------------------------------------------------------------- */

int job_number(const struct job *j) { return (int)(j - jobs) + 1; }

struct job *job_named(const char *name)
{
    long n;

    if (!name || strcmp(name, "%+") == 0 || strcmp(name, "%%") == 0)
        return current;
    n = parse_int(name + (*name == '%'));
    if (*name == '%')
        return n > 0 && n <= JOBS && jobs[n - 1].state != JOB_FREE ? &jobs[n - 1] : 0;
    for (int i = 0; i < JOBS; i++)
        for (int k = 0; k < jobs[i].npids; k++)
            if (jobs[i].state != JOB_FREE && jobs[i].pids[k] == n)
                return &jobs[i];
    return 0;
}

void jobs_notify(void)
{
    for (int i = 0; i < JOBS; i++)
        if (jobs[i].state == JOB_DONE || (jobs[i].state == JOB_STOPPED && !jobs[i].told)) {
            job_print(2, &jobs[i]);
            jobs[i].told = true;
            if (jobs[i].state == JOB_DONE)
                job_free(&jobs[i]);
        }
}

void jobs_list(void)
{
    jobs_poll();
    for (int i = 0; i < JOBS; i++)
        if (jobs[i].state != JOB_FREE) {
            job_print(1, &jobs[i]);
            if (jobs[i].state == JOB_DONE)
                job_free(&jobs[i]);
        }
}

static void job_continue(struct job *j)
{
    j->state = JOB_RUNNING;
    j->told = false;
    memset(j->stopped, 0, sizeof(j->stopped));
    os_kill(-j->pgid, SIGCONT);
}

int job_foreground(struct job *j)
{
    print("%s\n", j->text);
    terminal_give(j->pgid);
    job_continue(j);
    return job_wait(j);
}

int job_background(struct job *j)
{
    print("[%d] %s\n", job_number(j), j->text);
    job_continue(j);
    return 0;
}

static bool runs(const struct job *j)
{
    bool any = j && j->state == JOB_RUNNING;

    for (int i = 0; i < JOBS && !j; i++)
        any |= jobs[i].state == JOB_RUNNING;
    return any;
}

/* Looks again and again: a signal that comes just before a wait4 would not end it. */
int jobs_wait_trap(const struct job *j)
{
    const struct os_timespec moment = {0, 2000000};

    while (jobs_poll() && runs(j)) {
        if (trap_pending())
            return trap_pending_signal();
        os_nanosleep(&moment, 0);
    }
    return 0;
}

int jobs_wait_all(void)
{
    const int sig = jobs_wait_trap(0);

    if (sig)
        return 128 + sig;
    for (int i = 0; i < JOBS; i++)
        if (jobs[i].state == JOB_DONE)
            job_free(&jobs[i]);
    return 0;
}
