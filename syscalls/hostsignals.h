/*
 * syscalls/hostsignals.h: the host's own signal calls.
 *
 * A C library keeps real-time signals to itself and acts as if they were not there (32 and 33; musl 34, too), but a
 * guest may have them.  Sets are the host kernel's: bit N - 1 is signal N.
 */
#ifndef DRAGOMAN_SYSCALLS_HOSTSIGNALS_H
#define DRAGOMAN_SYSCALLS_HOSTSIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_SIGNALS 64
/*
 * Those that one C library or the other keeps.  Before its first thread musl unblocks its own, in the thread that makes
 * it and in that new one: both block all once more, and until then these are ignored.
 */
#define HOST_LIBC_FIRST 32
#define HOST_LIBC_LAST  34

static inline uint64_t host_signal_bit(int sig) { return 1ull << (sig - 1); }

/* sigprocmask(2) of this thread; returns the mask that was.  It cannot fail. */
uint64_t host_signals_mask(int how, uint64_t set);
/* Those that the process ignores. */
uint64_t host_signals_ignored(void);
/* Ignores the signal, or gives it back its default action. */
void host_signal_ignore(int sig, bool ignore);

#endif
