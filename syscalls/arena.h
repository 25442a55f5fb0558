/*
 * syscalls/arena.h: memory shared by the provider and every pico process of a
 * session, at the same address in all of them.  A sparse memory file: pages
 * that nobody touched cost nothing.
 */
#ifndef DRAGOMAN_SYSCALLS_ARENA_H
#define DRAGOMAN_SYSCALLS_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* The zone that belongs to us in every pico process; the guest never gets an address in it. */
#define ZONE_BASE  0x6f0000000000ull
#define ZONE_END   0x700000000000ull
#define GATE_BASE  0x6ffe00000000ull /* the gate's text and read-only data */
#define ARENA_BASE 0x6f0000000000ull

/* Offsets from ARENA_BASE */
#define ARENA_TASKS     0x000000000ull
#define TASK_STRIDE     0x10000ull /* 64 KiB: struct area, scratch, gate stack */
#define TASKS_MAX       16384u
#define ARENA_LOCKS     0x040000000ull /* the lock that each task is at (syscalls/shlock.h) */
#define LOCK_STRIDE     64u
#define ARENA_MEASURE   0x060000000ull /* struct measure (loader/gate/measure.h), untouched but under `dragoman stat` */
#define ARENA_OFILES    0x080000000ull
#define OFILES_MAX      4194304u
#define ARENA_FDTABLES  0x200000000ull
#define FDTABLE_STRIDE  0x4000000ull /* 64 MiB */
#define FDTABLES_MAX    4096u
#define GATE_SITES_SIZE 8192u /* the last of each: struct gate_sites (loader/gate/area.h) */
#define ARENA_SIZE      (ARENA_FDTABLES + FDTABLE_STRIDE * FDTABLES_MAX)

/* Creates and maps it (provider, once; also unit tests).  0 or -errno; *fd is the memory file. */
int arena_init(int *fd);
/* Gives the pages of [addr, addr+len) back; they read as zero afterwards. */
void arena_release(void *addr, size_t len);

#endif
