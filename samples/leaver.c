/* The first thread ends before the others, which go on with calls of every kind: the process lives as long as they. */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum { NR_thread_exit = 431, NR_getcwd = 326 };
#else
enum { NR_thread_exit = 60, NR_getcwd = 79 };
#endif

static char        **the_argv;
static volatile int  handled;
static struct thread other, third;

static void handler(int sig, os_siginfo *si, void *context)
{
    (void)sig;
    (void)si;
    (void)context;
    handled++;
}

static void check_signal(void)
{
    const struct os_sigaction act = {.handler = handler, .flags = SA_SIGINFO};

    check_err(os_sigaction(SIGUSR1, &act, 0), 0, "a handler is set");
    check_err(os_kill((int)os_getpid(), SIGUSR1), 0, "the process gets a signal");
    for (int i = 0; i < 1000 && !handled; i++)
        sleep_ms(1);
    check(handled == 1, "it was handled");
}

static void check_files(void)
{
    char path[4096] = "", word[4] = "";
    int  ends[2];

    check(OS_CALL(NR_getcwd, path, sizeof(path)) >= 0 && path[0] == '/', "the working directory");
    check_err(os_pipe2(ends, 0), 0, "a pipe");
    check(os_write(ends[1], "word", 4) == 4 && os_read(ends[0], word, 4) == 4 && !memcmp(word, "word", 4),
          "through it");
}

static long count(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void check_thread(void)
{
    int n = 0;

    thread_start(&third, count, &n);
    thread_join(&third);
    check(n == 1, "another thread");
}

static int status_of(long pid)
{
    int status = -1;

    check(os_wait4((int)pid, &status, 0, 0) == pid, "the child is waited for");
    return status;
}

static void check_children(void)
{
    long pid = must(os_fork(), "fork");
    int  status;

    if (pid == 0)
        os_exit(3);
    status = status_of(pid);
    check(os_wifexited(status) && os_wexitstatus(status) == 3, "a fork's child");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        sleep_ms(60000);
        os_exit(0);
    }
    check_err(os_kill((int)pid, SIGKILL), 0, "a child is killed");
    check(os_wtermsig(status_of(pid)) == SIGKILL, "and says so");
}

static long rest(void *arg)
{
    (void)arg;
    sleep_ms(60000);
    return 0;
}

/* A child whose first thread has left is stopped, goes on, and is ended from outside. */
static void check_outside(void)
{
    const long pid = must(os_fork(), "fork");
    int        status = -1;

    if (pid == 0) {
        thread_start(&third, rest, 0);
        OS_CALL(NR_thread_exit, 0);
    }
    sleep_ms(20);
    check_err(os_kill((int)pid, SIGSTOP), 0, "such a one is stopped");
    check(os_wait4((int)pid, &status, WUNTRACED, 0) == pid && os_wifstopped(status), "it stops");
    check_err(os_kill((int)pid, SIGCONT), 0, "it is let go on");
    check(os_wait4((int)pid, &status, WCONTINUED, 0) == pid && os_wifcontinued(status), "it does");
    check_err(os_kill((int)pid, SIGTERM), 0, "it is ended");
    check(os_wtermsig(status_of(pid)) == SIGTERM, "it says by what");
}

static long go_on(void *arg)
{
    char again[] = "again", *argv[] = {the_argv[0], again, 0}, *none[] = {0};
    int  status;

    (void)arg;
    sleep_ms(50);
    check_files();
    check_signal();
    check_thread();
    check_children();
    check_outside();
    status = check_status();
    if (status)
        os_exit(status);
    must(os_execve(the_argv[0], argv, none), "exec");
    return 0;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc > 1) {
        print("a program anew\n");
        return 0;
    }
    the_argv = argv;
    thread_start(&other, go_on, 0);
    OS_CALL(NR_thread_exit, 0);
    return 1;
}
