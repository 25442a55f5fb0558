/* A small POSIX shell: sh [-eim] [-c COMMANDS | FILE] [ARGUMENT...]. */
#include "sh/sh.h"

static const char *commands;

static char **options(char **argv)
{
    for (argv++; *argv && **argv == '-' && (*argv)[1]; argv++)
        for (const char *p = *argv + 1; *p; p++)
            if (*p == 'e')
                option_errexit = true;
            else if (*p == 'i')
                interactive = true;
            else if (*p == 'm')
                option_monitor = true;
            else if (*p == 'c')
                commands = "";
            else
                die("unknown option", *argv);
    if (commands) {
        if (!*argv)
            die("-c wants commands", 0);
        commands = *argv++;
    }
    return argv;
}

static int script_open(const char *name)
{
    long fd = os_open(name, O_RDONLY | O_CLOEXEC, 0), high;

    if (fd < 0) {
        complain(name, err_name(fd));
        os_exit(127);
    }
    high = os_fcntl((int)fd, F_DUPFD, 30); /* out of the way of what scripts redirect */
    if (high < 0)
        return (int)fd;
    os_close((int)fd);
    os_fcntl((int)high, F_SETFD, FD_CLOEXEC);
    return (int)high;
}

int main(int argc, char **argv, char **envp)
{
    struct source src = {.back = -1};

    (void)argc;
    trap_init();
    vars_init(envp);
    argv = options(argv);
    if (!commands && !*argv && os_isatty(0) && os_isatty(2))
        interactive = true;
    if (commands)
        src = (struct source){.text = commands, .fd = -1, .back = -1};
    else if (*argv)
        src.fd = script_open(*argv);
    if (*argv)
        shell_name = *argv++;
    while (argv[params.n])
        params.n++;
    params.v = argv;
    if (interactive) {
        option_monitor = src.prompt = true;
        jobs_init();
    }
    shell_exit(run_source(&src));
}
