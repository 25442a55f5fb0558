/* Programs of the host's: started, fed, asked for what they inherited, ended. */
#include "sample.h"

static long run(char **argv, char **envp, int in, int out)
{
    long pid = os_fork();

    if (pid == 0) {
        if (in >= 0)
            os_dup2(in, 0);
        if (out >= 0)
            os_dup2(out, 1);
        os_execve(argv[0], argv, envp);
        os_exit(99);
    }
    return pid;
}

static int ended(long pid)
{
    int status = -1;

    return pid > 0 && os_wait4((int)pid, &status, 0, 0) == pid ? status : -1;
}

static void check_statuses(void)
{
    char *env[] = {0}, *yes[] = {"/bin/true", 0}, *nine[] = {"/bin/sh", "-c", "exit 9", 0},
         *none[] = {"/bin/no-such-tool", 0};
    char *crash[] = {"/bin/sh", "-c", "kill -TERM $$", 0};
    int   status = ended(run(yes, env, -1, -1));

    check(os_wifexited(status) && os_wexitstatus(status) == 0, "true");
    status = ended(run(nine, env, -1, -1));
    check(os_wifexited(status) && os_wexitstatus(status) == 9, "a status of its own");
    status = ended(run(none, env, -1, -1));
    check(os_wifexited(status) && os_wexitstatus(status) == 99, "no such program");
    status = ended(run(crash, env, -1, -1));
    check(os_wtermsig(status) == SIGTERM, "a signal of its own");
    status = ended(os_vfork_exec("/bin/true", yes, env));
    check(os_wifexited(status) && os_wexitstatus(status) == 0, "by vfork");
}

static void check_inheritance(void)
{
    char *argv[] = {"/bin/sh", "-c", "read x; echo $x-$V; umask; pwd", 0}, *env[] = {"V=value", 0};
    char  text[256] = "";
    long  n, all = 0, pid;
    int   in[2], out[2];

    check(os_pipe(in) == 0 && os_pipe(out) == 0, "two pipes");
    os_umask(027);
    os_chdir("/usr");
    pid = run(argv, env, in[0], out[1]);
    check(os_write(in[1], "line\n", 5) == 5, "feed it");
    os_close(in[1]);
    os_close(out[1]);
    while (all < 255 && (n = os_read(out[0], text + all, (size_t)(255 - all))) > 0)
        all += n;
    check(os_wexitstatus(ended(pid)) == 0 && strcmp(text, "line-value\n0027\n/usr\n") == 0,
          "input, environment, mask, directory");
    os_close(in[0]);
    os_close(out[0]);
}

static void check_ending(void)
{
    char *argv[] = {"/bin/sleep", "100", 0}, *env[] = {0};
    long  pid = run(argv, env, -1, -1);

    sleep_ms(50);
    check(os_kill((int)pid, SIGTERM) == 0 && os_wtermsig(ended(pid)) == SIGTERM, "ended by a signal");
    pid = run(argv, env, -1, -1);
    sleep_ms(50);
    check(os_kill((int)pid, SIGKILL) == 0 && os_wtermsig(ended(pid)) == SIGKILL, "killed");
}

/* Who writes to a shared file goes on where the other one stopped. */
static void check_offset(void)
{
    char *argv[] = {"/bin/echo", "two", 0}, *env[] = {0}, text[64] = "";
    char  name[64];
    int   fd;

    print_into(name, sizeof(name), "hosttools.%d", (int)os_getpid());
    fd = (int)must(os_open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), "open");
    check(os_write(fd, "one\n", 4) == 4, "write before");
    check(ended(run(argv, env, -1, fd)) == 0, "let a tool write");
    check(os_write(fd, "three\n", 6) == 6, "write behind");
    check(os_pread(fd, text, 63, 0) == 14 && strcmp(text, "one\ntwo\nthree\n") == 0, "all of it is there");
    os_unlink(name);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_statuses();
    check_inheritance();
    check_ending();
    check_offset();
    return check_status();
}
