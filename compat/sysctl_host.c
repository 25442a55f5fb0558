/*
 * compat/sysctl_host.c: small readings of the host's /proc, for getters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat/sysctl_values.h"

int64_t host_meminfo(const char *key)
{
    FILE   *f = fopen("/proc/meminfo", "re");
    char    line[128];
    size_t  len = strlen(key);
    int64_t kib = 0;

    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, key, len) && line[len] == ':') {
            kib = strtoll(line + len + 1, NULL, 10);
            break;
        }
    if (f)
        fclose(f);
    return kib * 1024;
}

int64_t host_number(const char *path, int64_t missing)
{
    FILE     *f = fopen(path, "re");
    long long v = missing;

    if (f) {
        if (fscanf(f, "%lld", &v) != 1)
            v = missing;
        fclose(f);
    }
    return v;
}
