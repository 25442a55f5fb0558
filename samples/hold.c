/*
 * hold HOW: does one thing for ever, to be killed at it: spin, read (a pipe that nobody writes), threads (many that do
 * either, with timers), family (three generations of processes), sleep.  Says "ready" when it has begun.
 */
#include "sample.h"

static void blocked_read(void)
{
    int  fds[2];
    char byte;

    must(os_pipe(fds), "pipe");
    for (;;)
        os_read(fds[0], &byte, 1);
}

static long hold(void *arg)
{
    volatile uint64_t n = 0;
    uint32_t          word = 0;

    switch ((long)arg) {
    case 0:
        for (;;)
            n++;
    case 1: blocked_read(); break;
    case 2:
        for (;;)
            sleep_ms(1);
    default:
        for (;;)
            os_futex_wait(&word, 0, 0);
    }
    return 0;
}

static void threads(void)
{
    static struct thread t[32];

    for (long i = 0; i < 32; i++)
        thread_start(&t[i], hold, (void *)(i < 2 ? 0 : 1 + i % 3));
}

static void family(int generations)
{
    for (int i = 0; i < 2 && generations > 0; i++)
        if (os_fork() == 0) {
            family(generations - 1);
            hold((void *)(long)(1 + i));
        }
}

int main(int argc, char **argv, char **envp)
{
    const char *how = argc > 1 ? argv[1] : "spin";

    (void)envp;
    if (strcmp(how, "threads") == 0)
        threads();
    if (strcmp(how, "family") == 0)
        family(3);
    print("ready\n");
    hold((void *)(long)(strcmp(how, "spin") == 0 ? 0 : strcmp(how, "read") == 0 ? 1 : 2));
    return 0;
}
