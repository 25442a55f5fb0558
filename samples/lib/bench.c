/* The measuring loop and the output of the benchmark programs: bench.h. */
#include "bench.h"

#define BATCHES_MAX 256
#define BATCHES_MIN 5
#define BUCKETS     2048

static char     out[1 << 18];
static size_t   out_len;
static uint64_t per_ms; /* ticks */
static uint64_t clock_cost;
static bool     failed;

long bench_error;

void bench_flush(void)
{
    for (size_t done = 0; done < out_len;) {
        long r = os_write(1, out + done, out_len - done);

        if (r == -EINTR)
            continue;
        if (r <= 0)
            os_exit(1); /* the reader is gone, or sees no "end" */
        done += (size_t)r;
    }
    out_len = 0;
}

void bench_print(const char *fmt, ...)
{
    va_list ap;

    if (out_len > sizeof(out) - PATH_SIZE)
        bench_flush();
    va_start(ap, fmt);
    out_len += (size_t)print_va_into(out + out_len, sizeof(out) - out_len, fmt, ap);
    va_end(ap);
}

void bench_fail(const char *name, long err)
{
    failed = true;
    bench_print("fail %s %s\n", name, err_name(err));
    bench_error = 0;
}

void bench_work(const char *name, uint64_t took, uint64_t ops, uint64_t bytes)
{
    if (bench_error)
        bench_fail(name, bench_error);
    else
        bench_print("work %s %lu %lu %lu\n", name, (unsigned long)took, (unsigned long)ops, (unsigned long)bytes);
}

static void sync_print(void)
{
    uint64_t before = ticks();
    int64_t  ns = now_ns(CLOCK_MONOTONIC);
    uint64_t after = ticks();

    bench_print("sync %lu %ld\n", (unsigned long)(before + (after - before) / 2), (long)ns);
}

static void clock_measure(void)
{
    clock_cost = ~0ull;
    for (int i = 0; i < 1000; i++) {
        uint64_t a = ticks(), b = ticks();

        if (b - a < clock_cost)
            clock_cost = b - a;
    }
    bench_print("clock %lu\n", (unsigned long)clock_cost);
}

/* Over two milliseconds; only lengths of slots hang on it, no result does. */
static void speed_measure(void)
{
    int64_t  start = now_ns(CLOCK_MONOTONIC), end;
    uint64_t first = ticks();

    do
        end = now_ns(CLOCK_MONOTONIC);
    while (end - start < 2000000);
    per_ms = (ticks() - first) * 1000000 / (uint64_t)(end - start);
}

void bench_begin(void)
{
    bench_print("bench 1 %s\n", OS_NAME);
    speed_measure();
    sync_print();
    clock_measure();
}

int bench_end(void)
{
    sync_print();
    bench_print("end\n");
    bench_flush();
    return failed;
}

uint64_t bench_ticks(int64_t microseconds) { return (uint64_t)microseconds * per_ms / 1000; }

unsigned bench_bucket(uint64_t v)
{
    unsigned shift;

    if (v < 64)
        return (unsigned)v;
    shift = 63 - (unsigned)__builtin_clzll(v) - 5;
    return shift * 32 + (unsigned)(v >> shift);
}

static uint64_t batch(void (*call)(void), long n)
{
    uint64_t start = ticks();

    for (long i = 0; i < n; i++)
        call();
    return ticks() - start;
}

/* The quicker one of two, so that a first call's page faults do not make it seem slow for good. */
static uint64_t quick_batch(void (*call)(void), long n)
{
    uint64_t a = batch(call, n), b = batch(call, n);

    return a < b ? a : b;
}

static void singles(void (*call)(void), uint64_t limit)
{
    static uint32_t count[BUCKETS];
    uint64_t        longest = 0, total = 0;

    memset(count, 0, sizeof(count));
    for (int i = 0; i < 100000 && (i < BATCHES_MIN || total < limit); i++) {
        uint64_t took = batch(call, 1);

        total += took;
        if (took > longest)
            longest = took;
        count[bench_bucket(took)]++;
    }
    bench_print("l");
    for (unsigned i = 0; i < BUCKETS; i++)
        if (count[i])
            bench_print(" %u:%u", i, count[i]);
    bench_print("\nm %lu\n", (unsigned long)longest);
}

void bench_loop(const char *name, void (*call)(void), int64_t slot, bool single)
{
    static uint64_t took[BATCHES_MAX];
    uint64_t        limit = bench_ticks(slot), total = 0;
    long            n = 1;
    int             batches = 0;

    bench_error = 0;
    while (quick_batch(call, n) < limit / 100 && n < 1 << 20 && !bench_error)
        n *= 2; /* which is the warm-up, too */
    while (batches < BATCHES_MAX && (batches < BATCHES_MIN || total < limit) && !bench_error) {
        took[batches] = batch(call, n);
        total += took[batches++];
    }
    if (bench_error) {
        bench_fail(name, bench_error);
        return;
    }
    bench_print("row %s %ld\nb", name, n);
    for (int i = 0; i < batches; i++)
        bench_print(" %lu", (unsigned long)took[i]);
    bench_print("\n");
    if (single)
        singles(call, limit / 2);
}

void bench_stamps(const char *name, void (*call)(void), long count)
{
    static uint64_t stamps[2048][2];

    bench_error = 0;
    for (uint64_t start = ticks(); ticks() - start < bench_ticks(20000) && !bench_error;)
        batch(call, 100); /* until call sites are rewritten and caches are warm */
    if (count > 2048)
        count = 2048;
    for (long i = 0; i < count && !bench_error; i++) {
        stamps[i][0] = ticks();
        call();
        stamps[i][1] = ticks();
    }
    if (bench_error) {
        bench_fail(name, bench_error);
        return;
    }
    bench_print("e");
    for (long i = 0; i < count; i++)
        bench_print(" %lu %lu", (unsigned long)stamps[i][0], (unsigned long)stamps[i][1]);
    bench_print("\n");
}

void bench_open_close(const char *path) { bench_ok(os_close((int)os_open(path, O_RDONLY, 0))); }

void bench_map_touch_unmap(size_t size)
{
    char *at = os_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    bench_ok((long)at);
    if (bench_error)
        return;
    for (size_t i = 0; i < size; i += 4096)
        *(volatile char *)(at + i) = 1;
    bench_ok(os_munmap(at, size));
}

void bench_fork_exit_wait(void)
{
    int  status = 0;
    long pid = os_fork();

    if (pid == 0)
        os_exit(0);
    bench_ok(pid);
    bench_ok(os_wait4((int)pid, &status, 0, 0));
}

char *bench_path(char *buf, const char *dir, const char *name)
{
    print_into(buf, PATH_SIZE, "%s/%s", dir, name);
    return buf;
}

const char *bench_option(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t n = strlen(name);

    for (int i = 1; i < argc; i++)
        if (strlen(argv[i]) > n && memcmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    return otherwise;
}

long bench_number(int argc, char **argv, const char *name, long otherwise)
{
    const char *v = bench_option(argc, argv, name, NULL);

    return v ? parse_int(v) : otherwise;
}
