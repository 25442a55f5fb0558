/* syscalls/hostproc.h: what the host's process file system says of a process or thread (proc(5)). */
#ifndef DRAGOMAN_SYSCALLS_HOSTPROC_H
#define DRAGOMAN_SYSCALLS_HOSTPROC_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Its file of that name, of the process or of one thread of it (tid 0: of the process), to be read and closed.  NULL.
 */
FILE *host_proc_file(pid_t pid, pid_t tid, const char *name);
/* The line of its status that begins with this key ("Umask:").  False: it is not there, or has no such line. */
bool host_status_line(pid_t pid, const char *key, char *line, int size);

/* /proc/PID/stat; times are in the host's ticks. */
struct host_stat {
    char               comm[32]; /* the end of a longer one is left out */
    char               state;    /* 'R', 'S', 'Z', ... */
    int                pid, ppid, pgrp, session;
    int                tty, tpgid; /* device number, 0: none; its foreground process group, -1: none */
    int                nice, nthreads;
    unsigned long      minflt, majflt, utime, stime, vsize;
    long               cutime, cstime; /* of children that were waited for */
    long               rss;            /* pages */
    unsigned long long start;          /* since the host's boot */
};

/* Of the process, or of one thread of it, as above.  False: it is not there. */
bool host_stat(pid_t pid, pid_t tid, struct host_stat *s);
/* The same of the file's text.  False: that is something else. */
bool host_stat_parse(const char *text, struct host_stat *s);
/* The process or thread has ended, or is not there any more. */
bool host_is_ending(pid_t pid);

#endif
