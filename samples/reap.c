/*
 * reap ROUNDS: in each round starts children that spin, sleep, block and have threads, kills each with SIGKILL, and
 * collects it.  Prints a line and waits for one on standard input after each round, so that somebody can count what
 * the rounds have left behind.
 */
#include "sample.h"

static long spin(void *arg)
{
    volatile uint64_t n = 0;

    (void)arg;
    for (;;)
        n++;
    return 0;
}

static long block(void *arg)
{
    int  fds[2];
    char byte;

    (void)arg;
    must(os_pipe(fds), "pipe");
    for (;;)
        os_read(fds[0], &byte, 1);
    return 0;
}

static long nap(void *arg)
{
    (void)arg;
    for (;;)
        sleep_ms(1);
    return 0;
}

static void child(int kind)
{
    static struct thread t[4];

    if (kind == 3) {
        thread_start(&t[0], nap, 0);
        thread_start(&t[1], block, 0);
        thread_start(&t[2], nap, 0);
    }
    if (kind == 0)
        spin(0);
    if (kind == 1)
        block(0);
    nap(0);
}

static bool round_of_children(void)
{
    bool good = true;

    for (int kind = 0; kind < 4; kind++) {
        long pid = must(os_fork(), "fork");
        int  status = 0;
        if (pid == 0)
            child(kind);
        sleep_ms(kind == 3 ? 20 : 5);
        os_kill((int)pid, SIGKILL);
        good &= os_wait4((int)pid, &status, 0, 0) == pid && !os_wifexited(status) && os_wtermsig(status) == SIGKILL;
    }
    return good;
}

int main(int argc, char **argv, char **envp)
{
    char line[64];

    (void)envp;
    for (int i = 0; i < (argc > 1 ? parse_int(argv[1]) : 1); i++) {
        check(round_of_children(), "round");
        if (os_read(0, line, sizeof(line)) <= 0)
            break;
    }
    return check_status();
}
