/*
 * daemon DIR [KIND]: leaves a process behind, in a session of its own, and ends with status 7.  That one makes
 * DIR/alive, waits for DIR/stop while children of its own come and go, makes DIR/done and ends.  KIND "signal": ends
 * by SIGTERM.
 */
#include "sample.h"

static char path[600];

static char *in(const char *dir, const char *name)
{
    print_into(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void make(const char *dir, const char *name) { os_close((int)os_open(in(dir, name), O_WRONLY | O_CREAT, 0644)); }

static bool child_and_wait(void)
{
    int        status = -1;
    const long pid = os_fork();

    if (pid == 0)
        os_exit(3);
    return os_wait4((int)pid, &status, 0, 0) == pid && os_wifexited(status) && os_wexitstatus(status) == 3;
}

static void left_behind(const char *dir, long parent)
{
    os_setsid();
    for (int fd = 0; fd < 3; fd++)
        os_close(fd);
    while (os_getppid() == parent)
        sleep_ms(1);
    sleep_ms(100);
    make(dir, "alive");
    while (os_access(in(dir, "stop"), 0) != 0) {
        if (!child_and_wait())
            os_exit(1);
        sleep_ms(5);
    }
    make(dir, "done");
    os_exit(0);
}

int main(int argc, char **argv, char **envp)
{
    const long self = os_getpid();

    (void)envp;
    if (argc < 2)
        return 2;
    if (must(os_fork(), "fork") == 0)
        left_behind(argv[1], self);
    print("started\n");
    if (argc > 2)
        os_kill((int)self, SIGTERM);
    return 7;
}
