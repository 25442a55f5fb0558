/*
 * bench_start: says when main began, on the clock of bench.h, and no more: a hello world whose start can be timed.
 * bench_start run TIMES PROGRAM [ARG...] (native): starts a program that often and prints, for each time, the ticks
 * from just before exec to its main, to the last byte of its output, and to its end.
 */
#include "bench.h"

static uint64_t *execed; /* shared with the child */
static char    **environment;

/* The child's output, a short line; returns when the last byte of it came. */
static uint64_t read_all(int fd, char *line, size_t size)
{
    size_t   have = 0;
    uint64_t last = 0;
    long     got;

    while (have + 1 < size && (got = os_read(fd, line + have, size - 1 - have)) > 0) {
        last = ticks();
        have += (size_t)got;
    }
    line[have] = 0;
    return last;
}

static void child(int fd, char **args)
{
    os_dup2(fd, 1);
    *execed = ticks();
    os_execve(args[0], args, environment);
    os_exit(127);
}

static void run_once(char **args)
{
    int      fds[2], status = 0;
    char     line[128];
    uint64_t began, last;
    long     pid;

    must(os_pipe(fds), "pipe");
    must(os_fcntl(fds[0], F_SETFD, FD_CLOEXEC), "fcntl");
    must(os_fcntl(fds[1], F_SETFD, FD_CLOEXEC), "fcntl");
    pid = must(os_fork(), "fork");
    if (pid == 0)
        child(fds[1], args);
    os_close(fds[1]);
    last = read_all(fds[0], line, sizeof(line));
    os_close(fds[0]);
    os_wait4((int)pid, &status, 0, 0);
    began = (uint64_t)parse_int(line + 5);
    if (memcmp(line, "main ", 5) != 0 || !os_wifexited(status) || os_wexitstatus(status) != 0) {
        bench_fail("start", -ENOEXEC);
        return;
    }
    bench_print("start %ld %ld %ld\n", (long)(began - *execed), (long)(last - *execed), (long)(ticks() - *execed));
}

int main(int argc, char **argv, char **envp)
{
    uint64_t began = ticks();

    if (argc < 4 || strcmp(argv[1], "run") != 0) {
        print("main %lu\n", (unsigned long)began);
        return 0;
    }
    environment = envp;
    execed = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    must((long)execed, "mmap");
    bench_begin();
    for (long i = parse_int(argv[2]); i > 0; i--)
        run_once(argv + 3);
    return bench_end();
}
