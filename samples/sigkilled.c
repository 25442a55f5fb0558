/*
 * Processes that are busy with signals are killed, at any moment of that: SIGKILL is what they die by.  A frame that
 * cannot be written any more is no reason for another signal.
 */
#include "sample.h"

enum { KILLS = 200 };

static struct thread sender;

static void handler(int sig, os_siginfo *si, void *context)
{
    (void)sig;
    (void)si;
    (void)context;
}

static long send(void *arg)
{
    const int pid = (int)os_getpid();

    for (;;)
        os_kill(pid, SIGUSR1);
    return (long)arg;
}

static _Noreturn void be_busy(void)
{
    const struct os_sigaction act = {.handler = handler, .flags = SA_SIGINFO};

    must(os_sigaction(SIGUSR1, &act, 0), "sigaction");
    thread_start(&sender, send, 0);
    send(0);
    os_exit(1);
}

static int kill_one(int i)
{
    const struct os_timespec a_while = {0, 2000000 + i * 7919 % 500 * 1000};
    const long               pid = must(os_fork(), "fork");
    int                      status = -1;

    if (pid == 0)
        be_busy();
    os_nanosleep(&a_while, 0);
    must(os_kill((int)pid, SIGKILL), "kill");
    must(os_wait4((int)pid, &status, 0, 0), "wait");
    return os_wtermsig(status);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    for (int i = 0; i < KILLS; i++) {
        const int sig = kill_one(i);

        if (sig != SIGKILL)
            print("died by %s\n", sig_name(sig));
    }
    print("%d killed\n", KILLS);
    return 0;
}
