/*
 * compat/sysctl.h: trees of named, numbered and typed kernel values, which the
 * BSDs have and Linux lacks.  A tree is a table of nodes; the engine (sysctl.c)
 * finds a node by MIB or by name, runs its getter, and gives the bytes to the
 * guest by the rules of FreeBSD's sys/kern/kern_sysctl.c.
 */
#ifndef DRAGOMAN_COMPAT_SYSCTL_H
#define DRAGOMAN_COMPAT_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syscalls/call.h"

#define SYSCTL_MAXNAME 24   /* CTL_MAXNAME: longest MIB that a guest may pass */
#define SYSCTL_DEPTH   8    /* longest MIB of a node in a tree */
#define SYSCTL_NODES   1024 /* most nodes of a tree */
#define SYSCTL_AUTO    (-1) /* numbered by the engine, as OID_AUTO */

/* The values are FreeBSD's CTLTYPE_*, which oidfmt shows to programs. */
enum sysctl_type {
    SYSCTL_NODE = 1,
    SYSCTL_INT,
    SYSCTL_STRING,
    SYSCTL_S64,
    SYSCTL_OPAQUE,
    SYSCTL_UINT,
    SYSCTL_LONG,
    SYSCTL_ULONG,
    SYSCTL_U64,
    SYSCTL_U8,
};

/*
 * SYSCTL_RW is what the foreign kernel lets its root change and we do not: the
 * host's values are not a guest's to change, so a write answers EPERM, as it
 * does to an ordinary user there.  SYSCTL_ANYBODY nodes take a write by
 * themselves, in .get.
 */
enum sysctl_access { SYSCTL_RD, SYSCTL_RW, SYSCTL_ANYBODY };

struct sysctl_req;

struct sysctl {
    const char *name;   /* dotted, whole */
    int         number; /* among its siblings, or SYSCTL_AUTO */
    uint8_t     type;   /* enum sysctl_type */
    uint8_t     access; /* enum sysctl_access */
    const char *fmt;    /* sysctl(8)'s format letters */
    int64_t     value;  /* of a number without .get */
    const char *str;    /* of a string without .get */
    /* 0 or -errno.  A SYSCTL_NODE with .get answers for every MIB below it. */
    int (*get)(struct sysctl_req *r);
    const char *descr;
    bool        skip; /* sysctl(8) -a passes it over, because it wants arguments */
};

struct sysctl_tree {
    const struct sysctl *nodes;
    unsigned             n;
    int                  auto_start; /* first number given to a SYSCTL_AUTO node */
    struct sysctl_place *places;     /* the engine's own: n entries, filled once */
};

struct sysctl_place {
    const struct sysctl *node;
    int                  mib[SYSCTL_DEPTH];
    unsigned             len;
};

struct sysctl_req {
    struct call              *c;
    const struct sysctl_tree *tree;
    const struct sysctl      *node;
    const int                *arg; /* MIB words below the node's own */
    unsigned                  narg;
    bool                      sizing; /* no old buffer: only the size is asked for */
    uint64_t                  room;   /* the old buffer's size as the guest gave it */
    bool                      writing;
    gva                       newp;
    uint64_t                  newlen;
    uint8_t                  *out; /* owned by the engine */
    size_t                    len, cap;
};

/* For getters: append to the answer.  0 or -ENOMEM. */
int sysctl_out(struct sysctl_req *r, const void *p, size_t n);
int sysctl_out_num(struct sysctl_req *r, int64_t v);     /* as wide as the node's type */
int sysctl_out_str(struct sysctl_req *r, const char *s); /* with its NUL */

/* Bytes of a number of this type; 0 when it is none. */
size_t sysctl_width(enum sysctl_type type);

/*
 * One sysctl call.  name: len words in our memory.  oldlenp: in and out, our
 * memory; NULL when the guest passed none.  0, -ENOMEM (partial copy made,
 * *oldlenp set), or another -errno (*oldlenp untouched).
 */
struct sysctl_io {
    gva       old;
    uint64_t *oldlenp;
    gva       newp;
    uint64_t  newlen;
};
int sysctl_run(struct call *c, const struct sysctl_tree *t, const int *name, unsigned len, const struct sysctl_io *io);

/* The place of a dotted name, or NULL.  Fills the tree's places on first use. */
const struct sysctl_place *sysctl_by_name(const struct sysctl_tree *t, const char *name);
/* The place that answers for a MIB.  0, -ENOENT, -ENOTDIR. */
int sysctl_by_mib(const struct sysctl_tree *t, const int *name, unsigned len, const struct sysctl_place **found);
/* The first leaf after a MIB, or NULL.  honour_skip leaves out nodes marked .skip. */
const struct sysctl_place *sysctl_after(const struct sysctl_tree *t, const int *name, unsigned len, bool honour_skip);

/* What a process in capability mode may do to a node (sysctl_capability.c). */
bool sysctl_capability_reads(const struct sysctl *node);
bool sysctl_capability_writes(const struct sysctl *node);

/* Getters of the meta nodes {0,1} to {0,7}, the same for every tree. */
int sysctl_meta_name(struct sysctl_req *r);
int sysctl_meta_next(struct sysctl_req *r);
int sysctl_meta_nextnoskip(struct sysctl_req *r);
int sysctl_meta_name2oid(struct sysctl_req *r);
int sysctl_meta_oidfmt(struct sysctl_req *r);
int sysctl_meta_oiddescr(struct sysctl_req *r);
int sysctl_meta_oidlabel(struct sysctl_req *r);

extern const struct sysctl_tree sysctl_freebsd;

#endif
