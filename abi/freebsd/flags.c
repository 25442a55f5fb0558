/*
 * abi/freebsd/flags.c: the groups of flags.tbl as data.
 */
#include "abi/freebsd/flags.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Newer than some C libraries. */
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

#define BIT(n, g, h)                                                                                                   \
    {                                                                                                                  \
        .name = #n, .guest = (uint64_t)(g), .host = (uint64_t)(h)                                                      \
    }
#define PART(n, m, g, h)                                                                                               \
    {                                                                                                                  \
        .name = #n, .guest = (g), .mask = (m), .host = (uint64_t)(h)                                                   \
    }
#define NAMED(n, v)                                                                                                    \
    {                                                                                                                  \
        .name = #n, .guest = (uint64_t)(v), .host = (uint64_t)(v)                                                      \
    }

#define COUNT_(...) (sizeof((struct flag[]){__VA_ARGS__}) / sizeof(struct flag))
#define GROUP(nm, un, wd, ...)                                                                                         \
    const struct flag_group freebsd_flags_##nm = {                                                                     \
        .name = #nm,                                                                                                   \
        .flags = (const struct flag[]){__VA_ARGS__},                                                                   \
        .count = COUNT_(__VA_ARGS__),                                                                                  \
        .unknown = (un),                                                                                               \
        .wide = (wd),                                                                                                  \
    };
#include "abi/freebsd/flags.tbl"
