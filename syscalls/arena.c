#include "syscalls/arena.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u /* Linux 6.3; older kernels say EINVAL */
#endif

static int arena_memfd(void)
{
    int fd = memfd_create("dragoman-arena", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("dragoman-arena", MFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int arena_map(int fd)
{
    if (ftruncate(fd, (off_t)ARENA_SIZE) < 0)
        return -errno;

    void *p = mmap((void *)ARENA_BASE, ARENA_SIZE, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);

    if (p == MAP_FAILED)
        return -errno;
    madvise(p, ARENA_SIZE, MADV_DONTDUMP); /* best effort: a core file of the provider without 264 GiB of holes */
    return 0;
}

int arena_init(int *fd)
{
    const int memfd = arena_memfd();

    if (memfd < 0)
        return memfd;

    const int err = arena_map(memfd);

    if (err) {
        close(memfd);
        return err;
    }
    *fd = memfd;
    return 0;
}

void arena_release(void *addr, size_t len) { madvise(addr, len, MADV_REMOVE); }
