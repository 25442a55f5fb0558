/*
 * compat/sysctl_meta.c: the nodes {0, n}, by which programs ask about the tree
 * itself.  libc's sysctlbyname, sysctlnametomib and sysctl(8) -a live on them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compat/sysctl.h"

/* CTLFLAG_* of sys/sysctl.h, as oidfmt shows them */
#define CTLFLAG_RD      0x80000000u
#define CTLFLAG_WR      0x40000000u
#define CTLFLAG_ANYBODY 0x10000000u
#define CTLFLAG_SKIP    0x01000000u
#define CTLFLAG_MPSAFE  0x00040000u
#define CTLFLAG_CAPRD   0x00008000u
#define CTLFLAG_CAPWR   0x00004000u

static uint32_t node_kind(const struct sysctl *n)
{
    static const uint32_t access[] = {
        [SYSCTL_RD] = CTLFLAG_RD,
        [SYSCTL_RW] = CTLFLAG_RD | CTLFLAG_WR,
        [SYSCTL_ANYBODY] = CTLFLAG_RD | CTLFLAG_WR | CTLFLAG_ANYBODY,
    };

    return n->type | access[n->access] | CTLFLAG_MPSAFE | (n->skip ? CTLFLAG_SKIP : 0) |
           (sysctl_capability_reads(n) ? CTLFLAG_CAPRD : 0) | (sysctl_capability_writes(n) ? CTLFLAG_CAPWR : 0);
}

/* The node whose MIB is appended to the meta node's own: exactly, or one that answers for it. */
static int appended(struct sysctl_req *r, const struct sysctl_place **p)
{
    return sysctl_by_mib(r->tree, r->arg, r->narg, p);
}

/*
 * {0,1,...}: the dotted name.  Words that no node has are written as numbers,
 * as the kernel does, and so are the arguments of a node with a handler.
 */
int sysctl_meta_name(struct sysctl_req *r)
{
    const struct sysctl_place *p = NULL;
    unsigned                   known = r->narg;
    char                       word[16];
    int                        err = 0;

    while (known && sysctl_by_mib(r->tree, r->arg, known, &p))
        known--;
    if (known && p->len < known)
        known = p->len;
    if (known)
        err = sysctl_out(r, p->node->name, strlen(p->node->name));
    for (unsigned i = known; !err && i < r->narg; i++) {
        int n = snprintf(word, sizeof(word), "%s%d", i ? "." : "", r->arg[i]);

        err = sysctl_out(r, word, (size_t)n);
    }
    return err ? err : sysctl_out(r, "", 1);
}

static int next(struct sysctl_req *r, bool honour_skip)
{
    const struct sysctl_place *p = sysctl_after(r->tree, r->arg, r->narg, honour_skip);

    return p ? sysctl_out(r, p->mib, p->len * sizeof(*p->mib)) : -ENOENT;
}

int sysctl_meta_next(struct sysctl_req *r) { return next(r, true); }

int sysctl_meta_nextnoskip(struct sysctl_req *r) { return next(r, false); }

/* {0,3}: the name comes in as the new value; its NUL may be missing. */
int sysctl_meta_name2oid(struct sysctl_req *r)
{
    const struct sysctl_place *p;
    char                       name[1024];
    int                        err;

    if (!r->newlen)
        return -ENOENT;
    if (r->newlen >= 1024) /* MAXPATHLEN there */
        return -ENAMETOOLONG;
    err = copy_in(r->c, name, r->newp, r->newlen);
    if (err)
        return err;
    name[r->newlen] = '\0';
    p = sysctl_by_name(r->tree, name);
    return p ? sysctl_out(r, p->mib, p->len * sizeof(*p->mib)) : -ENOENT;
}

int sysctl_meta_oidfmt(struct sysctl_req *r)
{
    const struct sysctl_place *p;
    uint32_t                   kind;
    int                        err = appended(r, &p);

    if (err)
        return err;
    kind = node_kind(p->node);
    err = sysctl_out(r, &kind, sizeof(kind));
    return err ? err : sysctl_out_str(r, p->node->fmt ? p->node->fmt : "");
}

int sysctl_meta_oiddescr(struct sysctl_req *r)
{
    const struct sysctl_place *p;
    int                        err = appended(r, &p);

    if (err)
        return err;
    return p->node->descr ? sysctl_out_str(r, p->node->descr) : -ENOENT;
}

/* No node of ours has an aggregation label; the kernel says ENOENT then. */
int sysctl_meta_oidlabel(struct sysctl_req *r)
{
    const struct sysctl_place *p;
    int                        err = appended(r, &p);

    return err ? err : -ENOENT;
}
