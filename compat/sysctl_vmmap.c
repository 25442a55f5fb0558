/*
 * compat/sysctl_vmmap.c: kern.proc.vmmap, what is mapped in a process, as the host's /proc/PID/smaps has it, in
 * rows of struct kinfo_vmentry, each cut behind its path (kern_proc.c, kern_proc_vmmap_out).  Our own zone is left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "compat/sysctl_values.h"
#include "syscalls/arena.h"
#include "syscalls/hostproc.h"
#include "syscalls/kinfo.h"
#include "syscalls/memory.h"

struct vmentry {
    int32_t  structsize, type;
    uint64_t start, end, offset, fileid;
    uint32_t fsid11;
    int32_t  flags, resident, private_resident, protection, ref_count, shadow_count, vn_type;
    uint64_t vn_size;
    uint32_t rdev11;
    uint16_t vn_mode, status;
    uint64_t fsid, rdev;
    int32_t  spare[8];
    char     path[1024];
};
_Static_assert(sizeof(struct vmentry) == 1160 && offsetof(struct vmentry, path) == 136, "sys/user.h");

enum { TYPE_VNODE = 2, TYPE_SWAP, TYPE_GUARD = 9 }; /* KVME_TYPE_* */
enum { FLAG_COW = 1, FLAG_NEEDS_COPY = 2, FLAG_GROWS_DOWN = 0x20 };

static void add_file(struct vmentry *v, const char *name, uint64_t dev)
{
    struct stat st;

    v->type = TYPE_VNODE;
    v->fsid = dev;
    v->fsid11 = (uint32_t)dev;
    subject_path(name, v->path);
    if (stat(name, &st) || st.st_ino != v->fileid)
        return; /* it has lost its name, or another has it now */
    v->status = KINFO_ATTR_VALID;
    v->vn_type = kinfo_vnode_type(st.st_mode);
    v->vn_size = (uint64_t)st.st_size;
    v->vn_mode = (uint16_t)st.st_mode;
    v->fsid = st.st_dev;
    v->fsid11 = (uint32_t)st.st_dev;
    v->rdev = st.st_rdev;
    v->rdev11 = (uint32_t)st.st_rdev;
}

/* The first line of an entry of smaps; those that follow are "Name: value". */
static bool head_parse(const char *line, struct vmentry *v, const struct subject *s)
{
    char     perm[5];
    unsigned major, minor;
    int      name = 0;

    memset(v, 0, sizeof(*v));
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &v->start, &v->end, perm,
               &v->offset, &major, &minor, &v->fileid, &name) != 7)
        return false;
    v->protection = (perm[0] == 'r') | (perm[1] == 'w') << 1 | (perm[2] == 'x') << 2; /* KVME_PROT_* */
    v->ref_count = 1;
    v->type = v->protection ? TYPE_SWAP : TYPE_GUARD;
    if (v->fileid && line[name] == '/' && strncmp(line + name, "/memfd:", 7) != 0)
        add_file(v, line + name, makedev(major, minor));
    if (perm[3] != 's' && (v->protection & 2))
        v->flags = FLAG_COW | (v->type == TYPE_VNODE ? FLAG_NEEDS_COPY : 0);
    if (s->stack_top > v->start && s->stack_top <= v->end)
        v->flags |= FLAG_GROWS_DOWN;
    return true;
}

static bool is_guests(const struct vmentry *v)
{
    return v->end > v->start && v->start < GUEST_END && !zone_overlaps(v->start, v->end - v->start);
}

static int give(struct sysctl_req *r, struct vmentry *v)
{
    const size_t n = offsetof(struct vmentry, path) + strlen(v->path) + 1;

    if (!is_guests(v))
        return 0;
    v->structsize = (int32_t)((n + 7) & ~(size_t)7);
    return sysctl_out(r, v, (size_t)v->structsize);
}

static void count_parse(const char *line, struct vmentry *v)
{
    long kb;

    if (sscanf(line, "Rss: %ld", &kb) == 1)
        v->resident = (int32_t)(kb / 4);
    else if (sscanf(line, "Private_Clean: %ld", &kb) == 1 || sscanf(line, "Private_Dirty: %ld", &kb) == 1)
        v->private_resident += (int32_t)(kb / 4);
}

static int give_all(struct sysctl_req *r, const struct subject *s, FILE *f)
{
    struct vmentry v = {0}, next;
    char          *line = NULL;
    size_t         size = 0;
    int            err = 0;

    while (!err && getline(&line, &size, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (head_parse(line, &next, s)) {
            err = give(r, &v);
            v = next;
        } else {
            count_parse(line, &v);
        }
    }
    free(line);
    return err ? err : give(r, &v);
}

int proc_vmmap(struct sysctl_req *r)
{
    struct subject s;
    FILE          *f;
    int            err = subject_named(r, &s);

    if (err)
        return err;
    f = host_proc_file(s.pid, 0, "smaps");
    if (!f)
        return -ESRCH;
    err = give_all(r, &s, f);
    fclose(f);
    return err;
}
