#include "loader/bench.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The two layouts, as seen from the executable's directory. */
static const char *const places[] = {"bench", "../libexec/dragoman/bench"};

static bool own_path(char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);

    if (n < 0)
        return false;
    path[n] = 0;
    return true;
}

static bool find(const char *exe, char *place, size_t size)
{
    int folder = (int)(strrchr(exe, '/') - exe);

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        char main_file[PATH_MAX + 32];

        if ((size_t)snprintf(place, size, "%.*s/%s", folder, exe, places[i]) >= size)
            continue;
        snprintf(main_file, sizeof(main_file), "%s/__main__.py", place);
        if (access(main_file, R_OK) == 0)
            return true;
    }
    return false;
}

int bench_main(int argc, char **argv)
{
    char   exe[PATH_MAX], place[PATH_MAX];
    char **args = calloc((size_t)argc + 3, sizeof(*args));

    if (!args || !own_path(exe, sizeof(exe)) || !find(exe, place, sizeof(place))) {
        fputs("dragoman: the benchmarks are not beside this program: run it from the build tree or where make install "
              "put it\n",
              stderr);
        free(args);
        return 1;
    }
    setenv("DRAGOMAN_EXE", exe, 1);
    args[0] = (char *)"python3";
    args[1] = (char *)"-B";
    args[2] = place;
    memcpy(args + 3, argv + 1, (size_t)(argc - 1) * sizeof(*args));
    execvp(args[0], args);
    fprintf(stderr, "dragoman: the benchmarks need python3: %s (apt-get install python3)\n", strerror(errno));
    free(args);
    return 1;
}
