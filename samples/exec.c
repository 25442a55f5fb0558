/*
 * exec DIR: what execve and fexecve start, with which arguments and signals, and what they refuse.
 * Programs that it makes in DIR are copies of itself, which do what the last part of their name says.
 */
#include "sample.h"

#include "exec/exec.h"

static char  *self;
static char **environment;
static char   dir[512];

char *in_dir(char *to, const char *name)
{
    print_into(to, PATH_SIZE, "%s/%s", dir, name);
    return to;
}

void file_make(const char *name, const char *bytes, size_t n, int mode)
{
    char path[PATH_SIZE];
    int  fd = (int)must(os_open(in_dir(path, name), O_WRONLY | O_CREAT | O_TRUNC, 0755), name);

    must(os_write(fd, bytes, n), name);
    must(os_close(fd), name);
    must(os_chmod(path, mode), name);
}

static void self_copy(const char *name, int mode)
{
    static char bytes[1 << 20];
    int         fd = (int)must(os_open(self, O_RDONLY, 0), self);
    long        n = must(os_read(fd, bytes, sizeof(bytes)), self);

    os_close(fd);
    file_make(name, bytes, (size_t)n, mode);
}

/* ---- what the copies do --------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *last = path;

    for (; *path; path++)
        if (*path == '/')
            last = path + 1;
    return last;
}

static int show(char **argv)
{
    char text[4096];
    int  n = 0;

    for (; *argv; argv++)
        n += print_into(text + n, sizeof(text) - (size_t)n, "[%s]", *argv);
    os_write(1, text, (size_t)n);
    return 0;
}

/* Prints the last argument's file, as an interpreter reads its script. */
static int list(int argc, char **argv)
{
    char text[1024];
    int  fd = (int)os_open(argv[argc - 1], O_RDONLY, 0);
    long n = fd < 0 ? fd : os_read(fd, text, sizeof(text));

    if (n < 0)
        n = print_into(text, sizeof(text), "%s", err_name(n));
    os_write(1, text, (size_t)n);
    return 0;
}

/* For a program that has its set-user-ID bit set. */
static int who(void)
{
#ifdef GUEST_FREEBSD
    print("%s, %s\n", os_getuid() == OS_CALL(25) ? "one user" : "two users", OS_CALL(253) ? "tainted" : "not tainted");
#endif
    return 0;
}

/* ---- one program, and what comes of it ----------------------------------------------------- */

int told(long pid, int out[2], char *text, size_t size)
{
    size_t have = 0;
    long   n;
    int    status = -1;

    os_close(out[1]);
    while (have + 1 < size && (n = os_read(out[0], text + have, size - 1 - have)) > 0)
        have += (size_t)n;
    text[have] = 0;
    os_close(out[0]);
    if (os_wait4((int)pid, &status, 0, 0) != pid)
        return -1000;
    return os_wifexited(status) ? os_wexitstatus(status) : -os_wtermsig(status);
}

long exec_call(const struct attempt *a)
{
    return a->path ? os_execve(a->path, a->argv, a->envp ? a->envp : environment)
                   : os_fexecve(a->fd, a->argv, a->envp ? a->envp : environment);
}

/* What the program printed, or the name of the error that the call gave. */
static void attempt(const struct attempt *a, char *text, size_t size)
{
    int  out[2];
    long pid, r;

    must(os_pipe(out), "pipe");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_dup2(out[1], 1);
        os_close(out[0]);
        os_close(out[1]);
        r = exec_call(a);
        print("%s", err_name(r));
        os_exit(1);
    }
    told(pid, out, text, size);
}

void expect_of(const struct attempt *a, const char *want, const char *what)
{
    char got[4096];

    attempt(a, got, sizeof(got));
    check(strcmp(got, want) == 0, what);
    if (strcmp(got, want) != 0)
        print("#   %s instead of %s\n", got, want);
}

void expect(const char *path, char **argv, const char *want, const char *what)
{
    expect_of(&(struct attempt){.path = path, .argv = argv}, want, what);
}

int main(int argc, char **argv, char **envp)
{
    self = argv[0];
    environment = envp;
    if (strcmp(last_part(self), "show") == 0)
        return show(argv);
    if (strcmp(last_part(self), "who") == 0)
        return who();
    if (strcmp(last_part(self), "list") == 0)
        return list(argc, argv);
    if (strcmp(last_part(self), "state") == 0)
        return state_report(argc, argv);
    if (argc < 2)
        return 2;
    must(os_chdir(argv[1]), argv[1]);
    must(os_getcwd(dir, sizeof(dir)), "getcwd");
    self_copy("show", 0755);
    self_copy("list", 0755);
    self_copy("state", 0755);
    self_copy("closed", 0644);
    check_scripts();
    check_refusals(self);
    check_descriptors();
    check_state();
    return check_status();
}
