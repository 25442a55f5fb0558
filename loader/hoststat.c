#include "loader/hoststat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "PID (NAME) STATE PARENT ...", and the name may hold anything. */
bool host_stat(pid_t pid, char *state, pid_t *parent)
{
    char        path[32], text[512];
    const char *name_end;
    ssize_t     n;
    int         fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    name_end = strrchr(text, ')');
    return name_end && sscanf(name_end + 1, " %c %d", state, parent) == 2;
}

bool host_is_ending(pid_t pid)
{
    pid_t parent;
    char  state;

    return !host_stat(pid, &state, &parent) || strchr("ZXx", state);
}
