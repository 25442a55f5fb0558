/*
 * compat/old_names.c: uname(2) of FreeBSD 1.1 and the domain's name as calls of their own, which are questions to
 * sysctl there as well (sys/kern/kern_xxx.c).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/version.h"
#include "compat/bsd_calls.h"
#include "compat/sysctl.h"

#define FIELD 32 /* SYS_NMLN in the kernel: five of these */

/* What a field cannot hold is an error, behind what it can. */
static int field_out(struct call *c, gva name, int number, const char *text)
{
    const gva    at = GVA(name.va + (uint64_t)number * FIELD);
    const size_t n = strlen(text) + 1;
    const char   end = 0;
    int          err = copy_out(c, at, text, n < FIELD ? n : FIELD);

    if (err || n > FIELD)
        return err ? err : -ENOMEM;
    return copy_out(c, GVA(at.va + FIELD - 1), &end, 1);
}

/* The version from its number to its date, as FreeBSD 1.1 wrote it: "#0". */
static int version_out(struct call *c, gva name)
{
    const char  *from = strchr(FBSD_VERSION, '#');
    char         text[sizeof(FBSD_VERSION)] = "";
    const size_t n = from ? strcspn(from, ":") : 0;

    memcpy(text, from ? from : "", n);
    return copy_out(c, GVA(name.va + 3 * FIELD), text, n + 1);
}

int64_t sys_freebsd4_uname(struct call *c, gva name)
{
    char host[256] = "";
    int  err;

    gethostname(host, sizeof(host) - 1);
    err = field_out(c, name, 0, FBSD_OSTYPE);
    if (!err)
        err = field_out(c, name, 1, host);
    if (!err)
        err = field_out(c, name, 2, FBSD_OSRELEASE);
    if (!err)
        err = version_out(c, name);
    return err ? err : field_out(c, name, 4, FBSD_MACHINE);
}

static const int nisdomainname[] = {1, 22}; /* CTL_KERN, KERN_NISDOMAINNAME */

int64_t sys_freebsd4_getdomainname(struct call *c, gva domainname, int len)
{
    uint64_t               size = (uint64_t)len;
    const struct sysctl_io io = {.old = domainname, .oldlenp = &size};

    return sysctl_run(c, &sysctl_freebsd, nisdomainname, 2, &io);
}

int64_t sys_freebsd4_setdomainname(struct call *c, gva domainname, int len)
{
    const struct sysctl_io io = {.newp = domainname, .newlen = (uint64_t)len};

    return sysctl_run(c, &sysctl_freebsd, nisdomainname, 2, &io);
}
