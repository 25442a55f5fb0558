/*
 * bench_threads DIR THREADS [slot=MICROSECONDS]: how many calls all threads together make in a while, for a few calls.
 * Prints a work for each: the time, and the calls of all threads in it.
 */
#include "bench.h"

#define THREADS_MAX 64

static char     path[PATH_SIZE];
static int      fd;
static uint64_t limit;
static uint32_t gate; /* 0: wait, 1: go */

static void do_getpid(void) { bench_ok(os_getpid()); }
static void do_pread(void)
{
    char byte[512];

    bench_ok(os_pread(fd, byte, sizeof(byte), 0));
}
static void do_stat(void)
{
    struct os_stat st;

    bench_ok(os_stat(path, &st));
}
static void do_open(void) { bench_ok(os_close((int)os_open(path, O_RDONLY, 0))); }
static void do_mmap(void)
{
    void *at = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    bench_ok((long)at);
    bench_ok(os_munmap(at, 4096));
}

static const struct {
    const char *name;
    void (*call)(void);
} rows[] = {
    {"getpid", do_getpid},   {"pread-512", do_pread},  {"stat", do_stat},
    {"open+close", do_open}, {"mmap+munmap", do_mmap},
};

struct worker {
    struct thread thread;
    void (*call)(void);
    uint64_t calls, end;
};

static long worker_run(void *arg)
{
    struct worker *w = arg;
    uint64_t       start, now;

    while (!__atomic_load_n(&gate, __ATOMIC_ACQUIRE))
        os_futex_wait(&gate, 0, 0);
    start = now = ticks();
    while (now - start < limit && !bench_error) {
        for (int i = 0; i < 10; i++)
            w->call();
        w->calls += 10;
        now = ticks();
    }
    w->end = now;
    return 0;
}

static void measure(const char *name, void (*call)(void), long threads)
{
    static struct worker workers[THREADS_MAX];
    uint64_t             start, last = 0, calls = 0;

    gate = 0;
    for (long i = 0; i < threads; i++) {
        workers[i] = (struct worker){.call = call};
        thread_start(&workers[i].thread, worker_run, &workers[i]);
    }
    start = ticks();
    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    os_futex_wake(&gate, THREADS_MAX);
    for (long i = 0; i < threads; i++) {
        thread_join(&workers[i].thread);
        calls += workers[i].calls;
        if (workers[i].end > last)
            last = workers[i].end;
    }
    bench_work(name, last - start, calls, 0);
}

int main(int argc, char **argv, char **envp)
{
    long threads = argc > 2 ? parse_int(argv[2]) : 1;

    (void)envp;
    if (argc < 3 || threads < 1 || threads > THREADS_MAX)
        return 2;
    fd = (int)must(os_open(bench_path(path, argv[1], "data"), O_RDWR | O_CREAT | O_TRUNC, 0600), "data");
    must(os_pwrite(fd, path, 512, 0), "data");
    bench_begin();
    limit = bench_ticks(bench_number(argc, argv, "slot", 20000));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        measure(rows[i].name, rows[i].call, threads);
    os_unlink(path);
    return bench_end();
}
