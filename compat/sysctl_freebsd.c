/*
 * compat/sysctl_freebsd.c: FreeBSD's tree and the two calls that ask it.
 */
#include <errno.h>
#include <string.h>

#include "abi/freebsd/kinfo.h"
#include "abi/freebsd/version.h"
#include "compat/sysctl.h"
#include "compat/sysctl_calls.h"
#include "compat/sysctl_values.h"

#define AUTO           SYSCTL_AUTO
#define NODE(n, nr, d) {.name = n, .number = nr, .type = SYSCTL_NODE, .fmt = "N", .descr = d},
#define NUM(n, nr, t, acc, f, v, d)                                                                                    \
    {.name = n, .number = nr, .type = SYSCTL_##t, .access = SYSCTL_##acc, .fmt = f, .value = v, .descr = d},
#define STR(n, nr, acc, v, d)                                                                                          \
    {.name = n, .number = nr, .type = SYSCTL_STRING, .access = SYSCTL_##acc, .fmt = "A", .str = v, .descr = d},
#define GET(n, nr, t, acc, f, g, d)                                                                                    \
    {.name = n, .number = nr, .type = SYSCTL_##t, .access = SYSCTL_##acc, .fmt = f, .get = g, .descr = d},
#define ASK(n, nr, acc, g, d)                                                                                          \
    {.name = n,                                                                                                        \
     .number = nr,                                                                                                     \
     .type = SYSCTL_NODE,                                                                                              \
     .access = SYSCTL_##acc,                                                                                           \
     .fmt = "N",                                                                                                       \
     .get = g,                                                                                                         \
     .descr = d,                                                                                                       \
     .skip = true},

static const struct sysctl nodes[] = {
#include "compat/sysctl_freebsd.tbl"
};

#define NODES (sizeof(nodes) / sizeof(*nodes))
_Static_assert(NODES <= SYSCTL_NODES, "the meta calls count on it");

static struct sysctl_place places[NODES];

const struct sysctl_tree sysctl_freebsd = {
    .nodes = nodes,
    .n = NODES,
    .auto_start = 256, /* CTL_AUTO_START */
    .places = places,
};

/* The common end of both calls: the size comes in and goes out even when the answer was cut. */
static int64_t ask(struct call *c, const int *mib, unsigned len, gva old, gva oldlenp, gva newp, uint64_t newlen)
{
    uint64_t         room = 0;
    struct sysctl_io io = {.old = old, .oldlenp = oldlenp.va ? &room : NULL, .newp = newp, .newlen = newlen};
    int              err = oldlenp.va ? copy_in(c, &room, oldlenp, sizeof(room)) : 0;

    if (err)
        return err;
    err = sysctl_run(c, &sysctl_freebsd, mib, len, &io);
    if (err && err != -ENOMEM)
        return err;
    if (oldlenp.va && copy_out(c, oldlenp, &room, sizeof(room)))
        return -EFAULT;
    return err;
}

int64_t sys___sysctl(struct call *c, gva name, unsigned namelen, gva old, gva oldlenp, gva newp, uint64_t newlen)
{
    int mib[SYSCTL_MAXNAME];
    int err;

    if (namelen < 2 || namelen > SYSCTL_MAXNAME)
        return -EINVAL;
    err = copy_in(c, mib, name, namelen * sizeof(*mib));
    return err ? err : ask(c, mib, namelen, old, oldlenp, newp, newlen);
}

int64_t sys___sysctlbyname(struct call *c, gva name, uint64_t namelen, gva old, gva oldlenp, gva newp, uint64_t newlen)
{
    const struct sysctl_place *p;
    char                       text[1024 + 1]; /* MAXPATHLEN there */
    int                        err;

    if (!namelen || namelen >= sizeof(text))
        return -EINVAL;
    err = copy_in(c, text, name, namelen);
    if (err)
        return err;
    text[namelen] = '\0';
    p = sysctl_by_name(&sysctl_freebsd, text);
    return p ? ask(c, p->mib, p->len, old, oldlenp, newp, newlen) : -ENOENT;
}
