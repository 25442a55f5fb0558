/*
 * File systems: numbers by the host's statfs, names from its list of mounts.
 */
#include "syscalls/statfs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "syscalls/fd.h"
#include "syscalls/path.h"
#include "syscalls/view.h"
#include "syscalls/vnode.h"

#define MOUNTINFO       "/proc/self/mountinfo"
#define PROC_MOUNT_LINE 4096

/* One line of proc(5)'s mountinfo, split in place. */
struct mount_line {
    int   id;
    char *on, *type, *from;
};

/* Octal escapes (\040) as in the mounts file. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
            *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    *to = 0;
}

/* id parent major:minor root mount-point options [fields] - type source super-options */
static bool mount_parse(char *line, struct mount_line *m)
{
    char *save, *tail = strstr(line, " - "), *field[5];

    if (!tail)
        return false;
    *tail = 0;
    for (int i = 0; i < 5; i++)
        if (!(field[i] = strtok_r(i ? NULL : line, " ", &save)))
            return false;
    m->id = atoi(field[0]);
    m->on = field[4];
    m->type = strtok_r(tail + 3, " ", &save);
    m->from = strtok_r(NULL, " \n", &save);
    if (!m->type || !m->from)
        return false;
    unescape(m->on);
    unescape(m->from);
    return true;
}

static void set_name(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from); }

/* The mount that the root lies on is "/" (kern_jail.c, prison_enforce_statfs). */
static const char *mount_name(const char *on)
{
    return !view_root() || view_below(on, view_root()) ? view_name(on) : "/";
}

static void set_names(struct kstatfs *k, const struct mount_line *m)
{
    set_name(k->fstypename, sizeof(k->fstypename), m->type);
    set_name(k->mntfromname, sizeof(k->mntfromname), m->from);
    set_name(k->mntonname, sizeof(k->mntonname), mount_name(m->on));
}

/* Names by mount number; without one (pipes, ...) they stay empty. */
static void find_names(struct kstatfs *k, int id)
{
    char  line[PROC_MOUNT_LINE];
    FILE *f = fopen(MOUNTINFO, "re");

    while (f && fgets(line, sizeof(line), f)) {
        struct mount_line m;

        if (mount_parse(line, &m) && m.id == id) {
            set_names(k, &m);
            break;
        }
    }
    if (f)
        fclose(f);
}

/* FreeBSD's f_bsize counts blocks (the host's f_frsize), f_iosize is the best transfer (the host's f_bsize). */
static void set_numbers(struct kstatfs *k, const struct statfs *s)
{
    *k = (struct kstatfs){
        .type = (uint32_t)s->f_type & 0xff,
        .flags = (uint64_t)s->f_flags,
        .bsize = (uint64_t)(s->f_frsize ? s->f_frsize : s->f_bsize),
        .iosize = (uint64_t)s->f_bsize,
        .blocks = s->f_blocks,
        .bfree = s->f_bfree,
        .bavail = (int64_t)s->f_bavail,
        .files = s->f_files,
        .ffree = (int64_t)s->f_ffree,
        .namemax = (uint32_t)s->f_namelen,
    };
    memcpy(k->fsid, &s->f_fsid, sizeof(k->fsid));
}

/* sys/mount.h: STATFS_VERSION, and the one of FreeBSD 11, whose structure is shorter. */
static uint32_t version_of(const struct layout *l) { return l->gsize < 1024 ? 0x20030518 : 0x20140518; }

/* Names that the guest's shorter fields cut still end with a NUL (vfs_syscalls.c, freebsd11_cvtstatfs: strlcpy). */
static void cut_names(const struct layout *l, struct kstatfs *k)
{
    for (unsigned i = 0; i < l->count; i++) {
        const struct field *f = &l->fields[i];

        if (f->kind == FIELD_BYTES && f->hoff >= offsetof(struct kstatfs, fstypename))
            ((char *)k)[f->hoff + f->gsize - 1] = 0;
    }
}

static int64_t give(struct call *c, const struct layout *l, struct kstatfs *k, gva buf)
{
    k->version = version_of(l);
    cut_names(l, k);
    return struct_out(c, l, buf, k);
}

static int mount_id(struct call *c, int dirfd, uint64_t va, int flags)
{
    const struct scratch s = scratch_get(c, sizeof(struct statx));
    struct statx        *x = s.p;

    if (!x || host_call(c, SYS_statx, dirfd, va, flags, STATX_MNT_ID, s.va) < 0 || !(x->stx_mask & STATX_MNT_ID))
        return -1;
    return (int)x->stx_mnt_id;
}

int64_t sys_statfs(struct call *c, gva path, gva buf)
{
    const struct scratch s = scratch_get(c, sizeof(struct statfs));
    struct path          p;
    int64_t              r = s.p ? path_resolve(c, PATH_CWD(c), path, PATH_FOLLOW, &p) : -ENOMEM;
    struct kstatfs       k;

    if (r)
        return r;
    r = host_call(c, SYS_statfs, p.va, s.va);

    const int id = r ? -1 : mount_id(c, p.dirfd, p.va, 0);

    path_put(c, &p);
    if (r)
        return r;
    set_numbers(&k, s.p);
    find_names(&k, id);
    return give(c, c->row->args[1].of, &k, buf);
}

int64_t statfs_host(struct call *c, int hostfd, const struct layout *l, gva buf)
{
    const struct scratch s = scratch_get(c, sizeof(struct statfs)), empty = scratch_get(c, 1);
    int64_t              r = s.p && empty.p ? host_call(c, SYS_fstatfs, hostfd, s.va) : -ENOMEM;
    struct kstatfs       k;

    if (r)
        return r;
    *(char *)empty.p = 0;
    set_numbers(&k, s.p);
    find_names(&k, mount_id(c, hostfd, empty.va, AT_EMPTY_PATH));
    return give(c, l, &k, buf);
}

int64_t sys_fstatfs(struct call *c, int fd, gva buf)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    r = vnode_check(c, &ref) ?: statfs_host(c, ref.hostfd, c->row->args[1].of, buf);
    fd_put(c, &ref);
    return r;
}

int statfs_mounts(int (*fn)(const char *on, void *arg), void *arg)
{
    char  line[PROC_MOUNT_LINE];
    FILE *f = fopen(MOUNTINFO, "re");
    int   r = 0;

    while (f && !r && fgets(line, sizeof(line), f)) {
        struct mount_line m;

        if (mount_parse(line, &m))
            r = fn(m.on, arg);
    }
    if (f)
        fclose(f);
    return r;
}

/* One mount of the list.  1: written, 0: skipped (it may not be looked at). */
static int64_t give_mount(struct call *c, const struct layout *l, const struct mount_line *m, gva buf)
{
    const size_t         used = c->scratch_used, n = strlen(m->on) + 1;
    const struct scratch name = scratch_get(c, n), s = scratch_get(c, sizeof(struct statfs));
    struct kstatfs       k;
    int64_t              r = -ENOMEM;

    if (name.p && s.p) {
        memcpy(name.p, m->on, n);
        r = host_call(c, SYS_statfs, name.va, s.va);
    }
    if (!r) {
        set_numbers(&k, s.p);
        set_names(&k, m);
        r = give(c, l, &k, buf) ?: 1;
    }
    c->scratch_used = used;
    return r == -ESRCH || r == -EFAULT ? r : r > 0;
}

/* The mount that path lies on, by the longest name. */
static void mount_of(const char *path, char *on, size_t size)
{
    char  line[PROC_MOUNT_LINE];
    FILE *f = fopen(MOUNTINFO, "re");

    on[0] = 0;
    while (f && fgets(line, sizeof(line), f)) {
        struct mount_line m;

        if (mount_parse(line, &m) && view_below(path, m.on) && strlen(m.on) >= strlen(on))
            snprintf(on, size, "%s", m.on);
    }
    if (f)
        fclose(f);
}

/* Under --root: only what lies in it, and what it lies on. */
static bool mount_is_seen(const struct mount_line *m, const char *root_on)
{
    return !view_root() || view_below(m->on, view_root()) || !strcmp(m->on, root_on);
}

/* The number of mounts; with a buffer as many are written as fit (vfs_syscalls.c, kern_getfsstat). */
int64_t sys_getfsstat(struct call *c, gva buf, int64_t size, int64_t mode)
{
    const struct layout *l = c->row->args[0].of;
    const int64_t        room = buf.va ? size / l->gsize : INT64_MAX;
    char                 line[PROC_MOUNT_LINE], root_on[PATH_MAX] = "";
    int64_t              n = 0, r = 0;
    FILE                *f = size < 0 ? NULL : fopen(MOUNTINFO, "re");

    (void)mode; /* the host's numbers are always fresh */
    if (!f)
        return size < 0 ? -EINVAL : -EIO;
    if (view_root())
        mount_of(view_root(), root_on, sizeof(root_on));
    while (r >= 0 && n < room && fgets(line, sizeof(line), f)) {
        struct mount_line m;

        if (!mount_parse(line, &m) || !mount_is_seen(&m, root_on))
            continue;
        r = buf.va ? give_mount(c, l, &m, GVA(buf.va + (uint64_t)n * l->gsize)) : 1;
        n += r > 0;
    }
    fclose(f);
    return r < 0 ? r : n;
}
