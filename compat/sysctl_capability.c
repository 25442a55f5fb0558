/*
 * compat/sysctl_capability.c: what of FreeBSD's tree can be read or written in
 * capability mode (CTLFLAG_CAPRD, CTLFLAG_CAPWR): kern_mib.c, kern_sysctl.c,
 * kern_exec.c, kern_proc.c, kern_descrip.c, subr_smp.c, sched_ule.c, posix4_mib.c and FEATURE of sys/sysctl.h.
 */
#include <string.h>

#include "compat/sysctl.h"

/* A name that ends with a dot stands for all below it. */
static const char *const readable[] = {
    "sysctl.",
    "kern.ostype",
    "kern.osrelease",
    "kern.osrevision",
    "kern.osreldate",
    "kern.argmax",
    "kern.posix1version",
    "kern.ngroups",
    "kern.job_control",
    "kern.saved_ids",
    "kern.maxphys",
    "kern.arandom",
    "kern.hostname",
    "kern.domainname",
    "kern.hostuuid",
    "kern.hostid",
    "kern.ps_strings",
    "kern.usrstack",
    "kern.proc.nfds",
    "kern.features.",
    "kern.smp.",
    "kern.sched.cpusetsize",
    "kern.sched.cpusetsizemin",
    "hw.ncpu",
    "hw.byteorder",
    "hw.pagesize",
    "p1003_1b.",
};
static const char *const writable[] = {"sysctl.name2oid", "kern.proc.args"};

static bool is_among(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(list[i]);

        if (list[i][len - 1] == '.' ? !strncmp(name, list[i], len) : !strcmp(name, list[i]))
            return true;
    }
    return false;
}

bool sysctl_capability_reads(const struct sysctl *node)
{
    return is_among(node->name, readable, sizeof(readable) / sizeof(*readable));
}

bool sysctl_capability_writes(const struct sysctl *node)
{
    return is_among(node->name, writable, sizeof(writable) / sizeof(*writable));
}
