/*
 * syscalls/memory.c: mmap.  The rules are those of vm/vm_mmap.c, kern_mmap; a
 * plain mapping is one host call.
 */
#include "syscalls/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/code.h"
#include "syscalls/fd.h"
#include "syscalls/memory_maps.h"
#include "syscalls/proc.h"

int64_t sys_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd, int64_t pos);
int64_t sys_freebsd6_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd, int pad,
                          int64_t pos);

#define LIMIT_32BIT 0x80000000ull
#define SUPER_PAGE  0x200000ull
#define DATA_MAX    (32ull << 30) /* FreeBSD's largest data segment: hints into it go above it */

struct mapping {
    uint64_t at, len, prot;
    uint64_t host;  /* MAP_* for the host, without FIXED */
    uint64_t flags; /* as asked */
    uint64_t align;
    int      hostfd;
    int64_t  pos;
};

/* kern_mmap's constraints on flags that do not depend on the address. */
static bool flags_valid(uint64_t prot, uint64_t flags, int fd, int64_t pos)
{
    const uint64_t guard_ok = MAP_FIXED | D_MAP_GUARD | D_MAP_EXCL | D_MAP_32BIT | D_MAP_ALIGN_MASK;

    if ((flags & MAP_ANONYMOUS) && (fd != -1 || pos != 0))
        return false;
    if ((flags & D_MAP_STACK) && (fd != -1 || (prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE)))
        return false;
    if ((flags & (D_MAP_EXCL | MAP_FIXED)) == D_MAP_EXCL)
        return false;
    if ((flags & (MAP_SHARED | MAP_PRIVATE)) == (MAP_SHARED | MAP_PRIVATE))
        return false;
    return !(flags & D_MAP_GUARD) || (prot == PROT_NONE && fd == -1 && pos == 0 && !(flags & ~guard_ok));
}

static uint64_t align_of(uint64_t flags, uint64_t len)
{
    const unsigned shift = (flags & D_MAP_ALIGN_MASK) >> D_MAP_ALIGN_SHIFT;

    if (shift == 1)
        return len >= SUPER_PAGE ? SUPER_PAGE : PAGE;
    return shift ? 1ull << shift : PAGE;
}

static int64_t host_mmap(struct call *c, const struct mapping *m, uint64_t at, uint64_t more)
{
    return host_call(c, SYS_mmap, at, m->len, m->prot, m->host | more, m->hostfd, m->pos);
}

static bool is_address(int64_t r) { return r < -4095 || r >= 0; }

/* What FreeBSD says where the host says something else. */
static int64_t mmap_errno(int64_t err)
{
    switch (err) {
    case -EEXIST: /* MAP_EXCL: no space there */ return -ENOMEM;
    case -EPERM: /* a mount without execution; a low address is refused before */ return -EACCES;
    case -EOVERFLOW: return -EINVAL;
    default: return err;
    }
}

static int64_t map_fixed(struct call *c, const struct mapping *m)
{
    int64_t r;

    if ((m->at & PAGE_MASK) || m->at + m->len < m->at || m->at + m->len > GUEST_END)
        return -EINVAL;
    if ((m->flags & D_MAP_32BIT) && m->at + m->len > LIMIT_32BIT)
        return -EINVAL;
    if (zone_overlaps(m->at, m->len))
        return -ENOMEM;
    code_forget(c, m->at, m->at + m->len);
    r = host_mmap(c, m, m->at, m->flags & D_MAP_EXCL ? MAP_FIXED_NOREPLACE : MAP_FIXED);
    return r == -EPERM && m->at < (1u << 20) ? -EINVAL : r; /* vm.mmap_min_addr: below the least user address */
}

/* Free memory at the lowest address from m->at up, as vm_map_find does it. */
static int64_t map_above(struct call *c, const struct mapping *m, uint64_t from)
{
    const int maps = maps_open(c->proc->pid);
    int64_t   r = -ENOMEM;

    if (maps < 0)
        return maps;
    for (int tries = 0; tries < 8; tries++) {
        uint64_t at = from;

        for (uint64_t gap; (gap = maps_gap(maps, at, m->len)) & (m->align - 1);)
            at = (gap + m->align - 1) & ~(m->align - 1);
        at = maps_gap(maps, at, m->len);
        r = at ? host_mmap(c, m, at, MAP_FIXED_NOREPLACE) : -ENOMEM;
        if (r != -EEXIST) /* else another thread was faster */
            break;
    }
    close(maps);
    return r;
}

/* At an aligned address near the one that the host chose by itself: the pages below that one are free nearly always. */
static int64_t map_aligned(struct call *c, const struct mapping *m, uint64_t chosen)
{
    const uint64_t at = chosen & ~(m->align - 1);
    int64_t        r;

    host_call(c, SYS_munmap, chosen, m->len);
    r = zone_overlaps(at, m->len) || !at ? -EEXIST : host_mmap(c, m, at, MAP_FIXED_NOREPLACE);
    return r == -EEXIST ? map_above(c, m, at + m->align) : r;
}

static uint64_t hint_of(struct call *c, const struct mapping *m)
{
    uint64_t       hint = (m->at + PAGE_MASK) & ~PAGE_MASK;
    const uint64_t heap = c->proc->brk_base;

    if (m->flags & D_MAP_32BIT)
        return hint + m->len > LIMIT_32BIT || hint + m->len < hint ? 0 : hint;
    if (heap && hint >= heap && hint < heap + DATA_MAX)
        hint = (heap + DATA_MAX + PAGE_MASK) & ~PAGE_MASK;
    hint = (hint + m->align - 1) & ~(m->align - 1);
    return hint > GUEST_END - m->len || zone_overlaps(hint, m->len) ? 0 : hint;
}

/* The host chose another place than the hint, or one in our zone. */
static int64_t map_again(struct call *c, const struct mapping *m, uint64_t chosen, uint64_t hint)
{
    int64_t r;

    host_call(c, SYS_munmap, chosen, m->len);
    r = map_above(c, m, hint ? hint : SUPER_PAGE);
    return r == -ENOMEM && hint > SUPER_PAGE ? map_above(c, m, SUPER_PAGE) : r;
}

static int64_t map_anywhere(struct call *c, const struct mapping *m)
{
    const bool     low = m->flags & D_MAP_32BIT;
    const uint64_t hint = hint_of(c, m);
    const int64_t  r = host_mmap(c, m, hint, low ? MAP_32BIT : 0);

    if (!is_address(r))
        return r;
    if (zone_overlaps((uint64_t)r, m->len) || (hint && (uint64_t)r != hint && !low))
        return map_again(c, m, (uint64_t)r, hint);
    return (uint64_t)r & (m->align - 1) ? map_aligned(c, m, (uint64_t)r) : r;
}

static int64_t map(struct call *c, const struct mapping *m)
{
    if (m->len > GUEST_END)
        return -ENOMEM;
    return mmap_errno(m->flags & MAP_FIXED ? map_fixed(c, m) : map_anywhere(c, m));
}

/*
 * What CAP_MMAP_W was not given for cannot be made writable later, either (vm_mmap.c, kern_mmap: cap_maxprot): the host
 * remembers that of a file that is open to be read only.  The file once more for that, or -1: as it is.
 */
static int read_only_again(struct call *c, const struct fdref *ref, uint64_t flags)
{
    const struct scratch s = scratch_get(c, 32);

    if (!ref->limited || ref->maps_rw || !(flags & MAP_SHARED) || (ref->of->flags & D_O_ACCMODE) != O_RDWR || !s.p)
        return -1;
    snprintf(s.p, 32, "/proc/self/fd/%d", ref->hostfd);
    return (int)host_call(c, SYS_openat, AT_FDCWD, s.va, O_RDONLY);
}

static int64_t map_limited(struct call *c, struct mapping *m, const struct fdref *ref)
{
    const int     again = read_only_again(c, ref, m->flags);
    const int64_t r = (m->hostfd = again < 0 ? ref->hostfd : again, map(c, m));

    if (again >= 0)
        host_call(c, SYS_close, again);
    return r;
}

static int64_t map_file(struct call *c, struct mapping *m, int fd)
{
    struct fdref  ref;
    const int64_t err = fd_get(c, fd, &ref);
    int64_t       r;

    if (err)
        return err;
    m->host = m->flags & (MAP_SHARED | MAP_PRIVATE);
    if (!m->host || ref.of->kind == OF_DIR || m->pos < 0)
        r = -EINVAL;
    else if (ofile_kind_is_object(ref.of->kind))
        r = -ENODEV;
    else
        r = map_limited(c, m, &ref);
    fd_put(c, &ref);
    return r;
}

int64_t sys_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd, int64_t pos)
{
    const uint64_t off = flags & D_MAP_STACK ? 0 : pos & PAGE_MASK;
    struct mapping m = {.at = addr.va, .prot = prot, .flags = flags, .hostfd = -1};
    int64_t        r;

    if (len == 0 || !flags_valid(prot, flags, fd, pos))
        return -EINVAL;
    m.len = (len + off + PAGE_MASK) & ~PAGE_MASK;
    if (m.len < len)
        return -ENOMEM;
    m.at -= flags & MAP_FIXED ? off : 0;
    m.align = align_of(flags, m.len);
    if (m.align > GUEST_END)
        return -ENOMEM;
    if (flags & (MAP_ANONYMOUS | D_MAP_STACK | D_MAP_GUARD)) {
        m.host = MAP_ANONYMOUS | (flags & MAP_SHARED ? MAP_SHARED : MAP_PRIVATE);
        m.host |= flags & (D_MAP_STACK | D_MAP_GUARD) ? MAP_NORESERVE : 0;
        r = map(c, &m);
    } else {
        m.pos = pos - (int64_t)off;
        r = map_file(c, &m, fd);
    }
    return is_address(r) ? r + (int64_t)off : r;
}

int64_t sys_freebsd6_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd, int pad,
                          int64_t pos)
{
    (void)pad;
    return sys_mmap(c, addr, len, prot, flags, fd, pos);
}
