/*
 * bench.h: what the programs of `dragoman bench` share: one clock for all of them, and what they print.
 *
 * The clock is the CPU's time stamp counter, which needs no system call and is the same counter natively, under a door
 * and in a virtual machine (where the hypervisor may shift it, so only differences count).  Each program prints a pair
 * of counter and the kernel's own monotonic clock when it begins and when it ends: the reader sees when they disagree.
 *
 *     bench 1 OS                 the first line: version of this format
 *     sync TICKS NS              both clocks at one moment; twice
 *     clock TICKS                what two stamps one after the other are apart: the clock's own cost
 *     row NAME CALLS             a loop; then one line each:
 *     b TICKS...                 of batches of CALLS calls
 *     l BUCKET:COUNT...          of single calls, by bench_bucket
 *     m TICKS                    the longest of those
 *     e START END START END...   the stamps of single calls themselves, on request
 *     work NAME TICKS OPS BYTES  one piece of work
 *     fail NAME ERROR            what could not be measured, and why
 *     end                        the last line: nothing is missing
 */
#ifndef SAMPLE_BENCH_H
#define SAMPLE_BENCH_H

#include "sample.h"

static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Both print their part of the frame above.  bench_begin also finds out what a microsecond is in ticks. */
void     bench_begin(void);
int      bench_end(void); /* the program's exit status: 1 when something failed */
uint64_t bench_ticks(int64_t microseconds);

/* Output is gathered and written at bench_end, so that nobody reads or shows it while something is measured. */
void bench_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void bench_flush(void);
void bench_fail(const char *name, long err);
void bench_work(const char *name, uint64_t took, uint64_t ops, uint64_t bytes);

/* What a call that is measured gave: an error makes its row a failure, never a fast row. */
extern long        bench_error;
static inline void bench_ok(long r)
{
    if (r < 0 && r > -4096)
        bench_error = r;
}

/*
 * Measures call() for about `slot` microseconds, in batches, and then, for half of that, each call alone, when
 * single is set.  Prints a row, or a failure.
 */
void bench_loop(const char *name, void (*call)(void), int64_t slot, bool single);

/* Calls it often and then count times more, and prints the stamps before and after each of those. */
void bench_stamps(const char *name, void (*call)(void), long count);

/* 64 buckets for 0..63, then 32 for each power of two: the value within 1/32. */
unsigned bench_bucket(uint64_t v);

/* Calls that several programs measure: each answers to bench_ok. */
void bench_open_close(const char *path);
void bench_map_touch_unmap(size_t size); /* every page of it */
void bench_fork_exit_wait(void);

/* A path below dir, in a buffer of PATH_SIZE bytes. */
#define PATH_SIZE 512
char *bench_path(char *buf, const char *dir, const char *name);
/* The value of an option "NAME=VALUE" among the arguments, or otherwise. */
const char *bench_option(int argc, char **argv, const char *name, const char *otherwise);
long        bench_number(int argc, char **argv, const char *name, long otherwise);

/* Pseudo-random numbers, the same on every run. */
static inline uint64_t bench_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
