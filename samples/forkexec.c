/* Processes: fork, exec of itself, statuses, and what a child inherits. */
#include "sample.h"

static char  *self;
static char **environment;

static int wait_for(long pid, int options)
{
    int status = -1;

    if (os_wait4((int)pid, &status, options, 0) != pid)
        return -1;
    return status;
}

static void check_exit(void)
{
    long pid = must(os_fork(), "fork");
    int  status;

    if (pid == 0)
        os_exit(300); /* only the low byte arrives */
    status = wait_for(pid, 0);
    check(os_wifexited(status) && os_wexitstatus(status) == 44, "a child's exit status is its low byte");
    check_err(os_wait4((int)pid, &status, 0, 0), -ECHILD, "a child is waited for once");
    check_err(os_wait4(-1, &status, 0, 0), -ECHILD, "there is no other child");
}

static void check_signal(int sig)
{
    long pid = must(os_fork(), "fork");
    int  status;

    if (pid == 0) {
        os_kill((int)os_getpid(), sig);
        sleep_ms(5000);
        os_exit(0);
    }
    status = wait_for(pid, 0);
    print("%s a child that died by %s\n", !os_wifexited(status) && os_wtermsig(status) == sig ? "ok" : "FAILED",
          sig_name(sig));
}

static void check_memory_and_files(void)
{
    static int shared_not;
    int        fds[2], status;
    char       byte = 0;
    long       parent = os_getpid(), pid;

    must(os_pipe(fds), "pipe");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        shared_not = 1;
        os_close(fds[0]);
        os_write(fds[1], os_getppid() == parent ? "p" : "?", 1);
        os_exit(os_getpid() == parent);
    }
    os_close(fds[1]);
    check(os_read(fds[0], &byte, 1) == 1 && byte == 'p', "the child knows its parent and writes to its pipe");
    check(os_read(fds[0], &byte, 1) == 0, "its end of the pipe closes when it exits");
    status = wait_for(pid, 0);
    check(status == 0, "the child has a pid of its own");
    check(shared_not == 0, "memory is copied, not shared");
    os_close(fds[0]);
}

static void check_nohang(void)
{
    int  fds[2], status = 0;
    char byte;
    long pid;

    must(os_pipe(fds), "pipe");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_close(fds[1]);
        os_read(fds[0], &byte, 1);
        os_exit(5);
    }
    check(os_wait4((int)pid, &status, WNOHANG, 0) == 0, "WNOHANG while the child runs");
    os_close(fds[0]);
    os_close(fds[1]);
    check(os_wait4(-1, &status, 0, 0) == pid && os_wexitstatus(status) == 5, "wait for any child tells its pid");
}

static void check_many(void)
{
    int sum = 0;

    for (int i = 1; i <= 20; i++)
        if (must(os_fork(), "fork") == 0)
            os_exit(i);
    for (int i = 1; i <= 20; i++) {
        int status = 0;
        must(os_wait4(-1, &status, 0, 0), "wait4");
        sum += os_wexitstatus(status);
    }
    check(sum == 210, "twenty children, each collected once");
}

static int run_self(const char *mode, const char *arg, bool vfork)
{
    char *argv[] = {self, (char *)mode, (char *)arg, 0};
    long  pid;

    if (vfork)
        return wait_for(must(os_vfork_exec(self, argv, environment), "vfork"), 0);
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_execve(self, argv, environment);
        os_exit(99);
    }
    return wait_for(pid, 0);
}

static void check_exec(void)
{
    char *argv[] = {"x", 0};
    char  arg[32];
    int   keep = (int)os_open("/dev/null", O_RDONLY, 0), drop = (int)os_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);

    check_err(os_execve("/nonexistent/program", argv, environment), -ENOENT, "exec of nothing");
    check_err(os_execve("/dev/null", argv, environment), -EACCES, "exec of what is not executable");
    print_into(arg, sizeof(arg), "%d,%d", keep, drop);
    check(os_wexitstatus(run_self("inherit", arg, false)) == 3, "exec keeps what is not close-on-exec, and only that");
    check(os_wexitstatus(run_self("status", "17", true)) == 17, "vfork and exec");
    for (int i = 0; i < 5; i++)
        check(os_wexitstatus(run_self("status", "1", i & 1)) == 1, "again");
}

static int inherited(const char *arg)
{
    const char *second = arg;

    while (*second++ != ',')
        ;
    return (os_fcntl((int)parse_int(arg), F_GETFD, 0) == 0 ? 1 : 0) +
           (os_fcntl((int)parse_int(second), F_GETFD, 0) == -EBADF ? 2 : 0);
}

int main(int argc, char **argv, char **envp)
{
    self = argv[0];
    environment = envp;
    if (argc > 2 && now_ns(CLOCK_MONOTONIC) <= 0) /* by code that each new image has somewhere else */
        return 99;
    if (argc > 2)
        return strcmp(argv[1], "inherit") == 0 ? inherited(argv[2]) : (int)parse_int(argv[2]);
    check_exit();
    check_signal(SIGKILL);
    check_signal(SIGTERM);
    check_signal(SIGUSR1);
    check_memory_and_files();
    check_nohang();
    check_many();
    check_exec();
    return check_status();
}
