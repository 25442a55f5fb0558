#include "syscalls/hostcpu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Ranges and single numbers, as in "0-3,8": Documentation/admin-guide/cputopology.rst. */
static unsigned cpus_in(const char *list)
{
    unsigned n = 0;

    while (*list >= '0' && *list <= '9') {
        char         *end;
        unsigned long from = strtoul(list, &end, 10), to = *end == '-' ? strtoul(end + 1, &end, 10) : from;

        n += to >= from ? (unsigned)(to - from + 1) : 0;
        list = end + (*end == ',');
    }
    return n;
}

/* Without /sys, those that this thread may run on. */
static unsigned cpus_count(void)
{
    char      list[1024];
    cpu_set_t set;
    int       fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
    ssize_t   len = fd < 0 ? 0 : read(fd, list, sizeof list - 1);

    if (fd >= 0)
        close(fd);
    if (len > 0) {
        list[len] = '\0';
        return cpus_in(list);
    }
    return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

unsigned host_cpus(void)
{
    static unsigned known; /* every writer writes the same */

    if (!known)
        known = cpus_count() ?: 1;
    return known;
}
