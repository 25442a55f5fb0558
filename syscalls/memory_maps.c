#include "syscalls/memory_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "syscalls/arena.h"
#include "syscalls/memory.h"

/* linux/fs.h of 6.11 and later; older hosts answer ENOTTY and have their text read. */
struct query {
    uint64_t size, flags, addr;
    uint64_t start, end, vma_flags, page_size, offset, inode;
    uint32_t dev_major, dev_minor, name_size, build_id_size;
    uint64_t name_addr, build_id_addr;
};
#define QUERY         _IOWR('f', 17, struct query)
#define QUERY_SHARED  0x08u /* low three bits of vma_flags: read, write, execute, as in PROT_* */
#define QUERY_OR_NEXT 0x10u

int maps_open(pid_t pid)
{
    char path[32];
    int  fd;

    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static bool line_parse(const char *line, struct map_entry *e)
{
    char     perm[5];
    unsigned major, minor;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &e->start, &e->end, perm, &e->offset,
               &major, &minor, &e->ino) != 7)
        return false;
    e->prot = (perm[0] == 'r' ? PROT_READ : 0) | (perm[1] == 'w' ? PROT_WRITE : 0) | (perm[2] == 'x' ? PROT_EXEC : 0);
    e->shared = perm[3] == 's';
    e->dev = makedev(major, minor);
    e->file = e->ino != 0;
    return true;
}

static int text_find(int maps, uint64_t addr, struct map_entry *e)
{
    FILE *f = fdopen(dup(maps), "r");
    char  line[512];
    int   err = -ENOENT;

    if (!f)
        return -ENOMEM;
    rewind(f);
    while (err && fgets(line, sizeof(line), f)) {
        if (line_parse(line, e) && e->end > addr)
            err = 0;
        while (!strchr(line, '\n') && fgets(line, sizeof(line), f))
            ; /* the rest of a long name */
    }
    fclose(f);
    return err;
}

int maps_find(int maps, uint64_t addr, struct map_entry *e)
{
    struct query q = {.size = sizeof(q), .flags = QUERY_OR_NEXT, .addr = addr};

    if (ioctl(maps, QUERY, &q) < 0)
        return errno == ENOTTY || errno == EINVAL ? text_find(maps, addr, e) : -errno;
    *e = (struct map_entry){
        .start = q.start,
        .end = q.end,
        .prot = q.vma_flags & (PROT_READ | PROT_WRITE | PROT_EXEC),
        .shared = q.vma_flags & QUERY_SHARED,
        .file = q.inode != 0,
        .offset = q.offset,
        .dev = makedev(q.dev_major, q.dev_minor),
        .ino = q.inode,
    };
    return 0;
}

uint64_t maps_gap(int maps, uint64_t from, uint64_t len)
{
    struct map_entry e = {0};

    while (from <= GUEST_END - len) {
        if (zone_overlaps(from, len)) {
            from = ZONE_END;
            continue;
        }
        const int err = maps_find(maps, from, &e);

        if (err == -ENOENT || (!err && e.start >= from && e.start - from >= len))
            return from;
        if (err)
            return 0;
        from = e.end;
    }
    return 0;
}
