/*
 * offset OPERATION...: works on descriptors that others share, one operation after the other:
 *     "open NAME", "read FD N", "write FD TEXT", "seek FD N WHENCE", "append FD", "dup FD",
 *     "run COMMAND" (the host's sh).
 * What it has to say goes to standard error.
 */
#include "sample.h"

static char   buf[4096];
static char **environment;

static long run(char *command)
{
    char *argv[] = {(char *)"sh", (char *)"-c", command, NULL};
    int   status = -1;
    long  pid = os_fork();

    if (pid == 0) {
        os_execve("/bin/sh", argv, environment);
        os_exit(127);
    }
    os_wait4((int)pid, &status, 0, 0);
    return os_wifexited(status) ? os_wexitstatus(status) : -EINTR;
}

/* The words after the first; text is the rest of the line from the third on. */
static const char *word(const char *line, int n)
{
    while (n-- && *line) {
        while (*line && *line != ' ')
            line++;
        if (*line)
            line++;
    }
    return line;
}

static long number(const char *line, int n)
{
    const char *s = word(line, n);
    long        v = 0;
    bool        minus = *s == '-';

    for (s += minus; *s >= '0' && *s <= '9'; s++)
        v = v * 10 + (*s - '0');
    return minus ? -v : v;
}

static long one(char *line)
{
    const int fd = (int)number(line, 1);
    long      r;

    switch (line[0]) {
    case 'o': return os_open(word(line, 1), O_RDWR | O_CREAT, 0644);
    case 'r':
        if (line[1] == 'u')
            return run((char *)word(line, 1));
        r = os_read(fd, buf, (size_t)number(line, 2));
        if (r > 0) {
            buf[r] = 0;
            print_to(2, "'%s' ", buf);
        }
        return r;
    case 'w': return os_write(fd, word(line, 2), strlen(word(line, 2)));
    case 's': return os_lseek(fd, number(line, 2), (int)number(line, 3));
    case 'a': return os_fcntl(fd, F_SETFL, O_APPEND);
    default: return os_dup(fd);
    }
}

int main(int argc, char **argv, char **envp)
{
    environment = envp;
    for (int i = 1; i < argc; i++) {
        const long r = one(argv[i]);

        if (r < 0)
            print_to(2, "%s: %s\n", argv[i], err_name(r));
        else
            print_to(2, "%s: %ld\n", argv[i], r);
    }
    return 0;
}
