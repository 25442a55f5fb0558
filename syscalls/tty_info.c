/*
 * syscalls/tty_info.c: the status line of a terminal: what the most interesting process in front of it does
 * (sys/kern/tty_info.c).  The host's terminals know no such line; it is written to their output like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/hostproc.h"
#include "syscalls/proc.h"
#include "syscalls/tty.h"

/* proc_compare: what runs goes before what sleeps, then what has used more, what has not ended, the newest. */
static bool is_better(const struct host_stat *than, const struct host_stat *s)
{
    const unsigned long used = s->utime + s->stime, had = than->utime + than->stime;

    if ((s->state == 'R') != (than->state == 'R'))
        return s->state == 'R';
    if (used != had)
        return used > had;
    if ((s->state == 'Z') != (than->state == 'Z'))
        return than->state == 'Z';
    return s->pid > than->pid;
}

/* The most interesting guest of the group; who asks is running, whatever the host says.  False: it has none. */
static bool pick(const struct proc *asks, pid_t pgid, struct host_stat *best)
{
    struct proc *p;

    best->pid = 0;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all) {
        struct host_stat s;

        if (p->pid <= 0 || getpgid(p->pid) != pgid || !host_stat(p->pid, 0, &s))
            continue;
        snprintf(s.comm, sizeof(s.comm), "%.19s", p->comm);
        s.state = p == asks ? 'R' : s.state;
        if (!best->pid || is_better(best, &s))
            *best = s;
    }
    pthread_mutex_unlock(&session.lock);
    return best->pid;
}

/* A sleeper is called by what it sleeps on: where the host's kernel waits, in FreeBSD's words (td_wmesg). */
static const char *sleep_name(pid_t pid)
{
    static const struct {
        const char *host, *name;
    } names[] = {
        {"do_wait", "wait"},         {"hrtimer_nanosleep", "nanslp"},
        {"common_nsleep", "nanslp"}, {"n_tty_read", "ttyin"},
        {"wait_woken", "ttyin"},     {"n_tty_write", "ttyout"},
        {"pipe_read", "piperd"},     {"anon_pipe_read", "piperd"},
        {"pipe_write", "pipewr"},    {"do_select", "select"},
        {"do_sys_poll", "select"},   {"poll_schedule_timeout", "select"},
        {"ep_poll", "kqread"},       {"futex_wait_queue", "uwait"},
        {"futex_do_wait", "uwait"},  {"unix_stream_read", "sbwait"},
        {"sigsuspend", "pause"},
    };
    FILE       *f = host_proc_file(pid, 0, "wchan");
    char        where[64] = "";
    const char *name = "sleep";

    if (f && fgets(where, sizeof(where), f))
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            if (strstr(where, names[i].host))
                name = names[i].name;
    if (f)
        fclose(f);
    return name;
}

static const char *state_name(const struct host_stat *s)
{
    switch (s->state) {
    case 'R': return "running";
    case 'T':
    case 't': return "suspended";
    case 'Z': return "zombie";
    default: return sleep_name(s->pid);
    }
}

/* Of the processor, of all the time since it began: the host keeps no average of the last minute. */
static unsigned long share(const struct host_stat *s, uint64_t ticks)
{
    return ticks ? (unsigned long)((s->utime + s->stime) * 100 / ticks) : 0;
}

static void process_say(const struct host_stat *s, char *line, size_t size)
{
    const unsigned long hz = (unsigned long)sysconf(_SC_CLK_TCK), cs = hz / 100;
    struct timespec     up;
    uint64_t            real;

    clock_gettime(CLOCK_BOOTTIME, &up);
    real = (uint64_t)up.tv_sec * hz + (uint64_t)up.tv_nsec / (1000000000u / hz);
    real = real > s->start ? real - s->start : 0;
    snprintf(line, size, " cmd: %s %d [%s] %lu.%02lur %lu.%02luu %lu.%02lus %lu%% %ldk\n", s->comm, s->pid,
             state_name(s), real / hz, real % hz / cs, s->utime / hz, s->utime % hz / cs, s->stime / hz,
             s->stime % hz / cs, share(s, real), s->rss * (sysconf(_SC_PAGESIZE) / 1024));
}

static void line_make(const struct proc *asks, pid_t sid, pid_t pgid, char *line, size_t size)
{
    struct host_stat s;
    double           load = 0;
    int              n;

    if (getloadavg(&load, 1) < 1)
        load = 0;
    n = snprintf(line, size, "load: %.2f ", load);
    if (sid <= 0)
        snprintf(line + n, size - (size_t)n, "not a controlling terminal\n");
    else if (pgid <= 0)
        snprintf(line + n, size - (size_t)n, "no foreground process group\n");
    else if (!pick(asks, pgid, &s))
        snprintf(line + n, size - (size_t)n, "empty foreground process group\n");
    else
        process_say(&s, line + n, size - (size_t)n);
}

/* Our own way to its output, which does not wait: what does not fit is left out (tty_checkoutq).  -errno. */
static int output_open(int fd)
{
    const int flags = O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    char      path[64];
    unsigned  number;

    if (ioctl(fd, TIOCGPTN, &number) == 0)
        return ioctl(fd, TIOCGPTPEER, flags); /* of a master: the other side's */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, flags);
}

int64_t tty_info(struct call *c, int hostfd)
{
    const struct scratch s = scratch_get(c, 2 * sizeof(int));
    char                 line[256];
    int                 *id = s.p, fd, out;

    if (!s.p)
        return -ENOMEM;
    if (host_call(c, SYS_ioctl, hostfd, TIOCGSID, s.va))
        id[0] = 0;
    if (host_call(c, SYS_ioctl, hostfd, TIOCGPGRP, s.va + sizeof(int)))
        id[1] = 0;
    fd = host_fd_fetch(c, hostfd);
    if (fd < 0)
        return fd;
    line_make(c->proc, id[0], id[1], line, sizeof(line));
    out = output_open(fd);
    if (out >= 0) {
        const ssize_t n = write(out, line, strlen(line));

        (void)n; /* nobody is told that there was no room */
        close(out);
    }
    close(fd);
    return 0;
}
