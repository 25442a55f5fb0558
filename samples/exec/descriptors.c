/* fexecve: of what, and what a script gets of it. */
#include "exec/exec.h"

#ifndef GUEST_LINUX
#define O_EXEC 0x40000
#endif

static char *argv[] = {"show", "x", 0};

static void by_descriptor(const char *name, int flags, const char *want, const char *what)
{
    char path[PATH_SIZE];
    int  fd = (int)must(os_open(in_dir(path, name), flags, 0), name);

    expect_of(&(struct attempt){.fd = fd, .argv = argv}, want, what);
    os_close(fd);
}

/* The script is /dev/fd/N to its interpreter. */
static void check_script(void)
{
    char path[PATH_SIZE], text[PATH_SIZE], want[PATH_SIZE];
    int  fd;

    file_make("script", text, (size_t)print_into(text, sizeof(text), "#!%s -a\n", in_dir(path, "show")), 0755);
    fd = (int)must(os_open(in_dir(path, "script"), O_RDONLY, 0), "script");
    must(os_dup2(fd, 50), "dup2");
    os_close(fd);
    print_into(want, sizeof(want), "[%s][-a][/dev/fd/50][x]", in_dir(path, "show"));
    expect_of(&(struct attempt){.fd = 50, .argv = argv}, want, "a script");
    os_close(50);
    file_make("script", text, (size_t)print_into(text, sizeof(text), "#!%s\n", in_dir(path, "list")), 0755);
    fd = (int)must(os_open(in_dir(path, "script"), O_RDONLY, 0), "script");
    expect_of(&(struct attempt){.fd = fd, .argv = (char *[]){"name", 0}}, text, "which it can read");
    os_close(fd);
}

static void check_bad(void)
{
    int fds[2];

    expect_of(&(struct attempt){.fd = 77, .argv = argv}, "EBADF", "no descriptor");
    expect_of(&(struct attempt){.fd = -1, .argv = argv}, "EBADF", "not even a number");
    by_descriptor("closed", O_RDONLY, "EACCES", "a program without permission, by descriptor");
    by_descriptor("", O_RDONLY | O_DIRECTORY, "EACCES", "a directory, by descriptor");
    by_descriptor("text", O_RDONLY, "ENOEXEC", "text, by descriptor");
    must(os_pipe(fds), "pipe");
#ifdef GUEST_FREEBSD
    expect_of(&(struct attempt){.fd = fds[0], .argv = argv}, "EINVAL", "a pipe");
    by_descriptor("show", O_RDWR, "EBADF", "one that is open for writing");
    by_descriptor("show", O_WRONLY, "EBADF", "or for that alone");
#else
    check(true, "a pipe");
    check(true, "one that is open for writing");
    check(true, "or for that alone");
#endif
    os_close(fds[0]);
    os_close(fds[1]);
}

void check_descriptors(void)
{
    by_descriptor("show", O_RDONLY, "[show][x]", "by descriptor");
    by_descriptor("show", O_RDONLY | O_CLOEXEC, "[show][x]", "by one that is closed by it");
#ifdef GUEST_FREEBSD
    by_descriptor("show", O_EXEC, "[show][x]", "by one that is for execution only");
#else
    check(true, "by one that is for execution only");
#endif
    check_script();
    check_bad();
}
