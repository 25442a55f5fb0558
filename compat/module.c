/*
 * compat/module.c: kernel modules and the kernel environment, of which there are none.
 */
#include <errno.h>

#include "compat/bsd_calls.h"

/* The file after 0 is the first: none. */
int64_t sys_kldnext(struct call *c, int id)
{
    (void)c;
    return id == 0 ? 0 : -ENOENT;
}

int64_t sys_kldfind(struct call *c, gva file)
{
    char    name[1024];
    int64_t n = copy_in_str(c, name, file, sizeof(name));

    return n < 0 ? n : -ENOENT;
}

enum { KENV_GET, KENV_SET, KENV_UNSET, KENV_DUMP, KENV_DUMP_LOADER, KENV_DUMP_STATIC };

/* An empty environment, which only root may change. */
int64_t sys_kenv(struct call *c, int what, gva name, gva value, int len)
{
    char    key[128]; /* KENV_MNAMELEN */
    int64_t n;

    (void)value, (void)len;
    switch (what) {
    case KENV_DUMP:
    case KENV_DUMP_LOADER:
    case KENV_DUMP_STATIC: return 0;
    case KENV_GET: n = copy_in_str(c, key, name, sizeof(key)); return n < 0 ? n : -ENOENT;
    case KENV_SET:
    case KENV_UNSET: return -EPERM;
    default: return -EINVAL;
    }
}
