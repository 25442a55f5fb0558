/*
 * syscalls/memory_maps.h: what is mapped where in a guest process, asked of the
 * host, which alone knows it.  For the rare paths: each question is some
 * microseconds.  No lock.
 */
#ifndef DRAGOMAN_SYSCALLS_MEMORY_MAPS_H
#define DRAGOMAN_SYSCALLS_MEMORY_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct map_entry {
    uint64_t start, end;
    int      prot; /* PROT_* */
    bool     shared, file;
    uint64_t offset, dev, ino; /* of a file, anonymous shared memory too: zero when there is none */
};

/* A descriptor of the provider for maps_find, to be closed; -errno. */
int maps_open(pid_t pid);
/* The mapping that holds addr, or else the next one above it.  0; -ENOENT: none; -errno. */
int maps_find(int maps, uint64_t addr, struct map_entry *e);
/* The lowest address >= from where len bytes are free, outside our zone, below the end of user memory; 0: none. */
uint64_t maps_gap(int maps, uint64_t from, uint64_t len);

#endif
