#include "syscalls/hostproc.h"

#include <string.h>

FILE *host_proc_file(pid_t pid, pid_t tid, const char *name)
{
    char path[64];

    if (tid)
        snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
    else
        snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return fopen(path, "re");
}

bool host_status_line(pid_t pid, const char *key, char *line, int size)
{
    FILE        *f = host_proc_file(pid, 0, "status");
    const size_t len = strlen(key);
    bool         found = false;

    while (f && !found && fgets(line, size, f))
        found = !strncmp(line, key, len);
    if (f)
        fclose(f);
    return found;
}

/* "PID (NAME) STATE PARENT ...", and the name may hold anything, ") R 1" too. */
bool host_stat_parse(const char *text, struct host_stat *s)
{
    const char *name = strchr(text, '('), *end = strrchr(text, ')');

    if (!name || !end || end < name || sscanf(text, "%d", &s->pid) != 1)
        return false;
    snprintf(s->comm, sizeof(s->comm), "%.*s", (int)(end - name - 1), name + 1);
    return sscanf(end + 1, " %c %d %d %d %d %d %*u %lu %*u %lu %*u %lu %lu %ld %ld %*d %d %d %*d %llu %lu %ld",
                  &s->state, &s->ppid, &s->pgrp, &s->session, &s->tty, &s->tpgid, &s->minflt, &s->majflt, &s->utime,
                  &s->stime, &s->cutime, &s->cstime, &s->nice, &s->nthreads, &s->start, &s->vsize, &s->rss) == 17;
}

bool host_stat(pid_t pid, pid_t tid, struct host_stat *s)
{
    FILE *f = host_proc_file(pid, tid, "stat");
    char  line[1024];
    bool  there;

    if (!f)
        return false;
    there = fgets(line, sizeof(line), f) && host_stat_parse(line, s);
    fclose(f);
    return there;
}

bool host_is_ending(pid_t pid)
{
    struct host_stat s;

    return !host_stat(pid, 0, &s) || strchr("ZXx", s.state);
}
