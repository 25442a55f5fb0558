/* calls FILE [MICROSECONDS]: nanoseconds a call, best of several rounds, one line each; the benchmarks compare them. */
#include "sample.h"

static int     fd;
static char    buf[65536];
static int64_t slot = 20000000;

static void    do_getpid(void) { os_getpid(); }
static void    do_lseek(void) { os_lseek(fd, 0, 0); }
static void    do_read1(void) { os_pread(fd, buf, 1, 0); }
static void    do_seekread(void)
{
    os_lseek(fd, 0, 0);
    os_read(fd, buf, 1);
}
static void do_write4k(void) { os_pwrite(fd, buf, 4096, 0); }
static void do_fstat(void)
{
    static struct os_stat st;
    os_fstat(fd, &st);
}
static void do_stat(void)
{
    static struct os_stat st;
    os_stat("/", &st);
}
static void do_open(void) { os_close((int)os_open("/dev/null", O_RDONLY, 0)); }
static void do_yield(void) { os_yield(); }
static void do_clock(void)
{
    struct os_timespec ts;
    os_clock_gettime(CLOCK_MONOTONIC, &ts);
}
static void do_mmap(void) { os_munmap(os_mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0), 4096); }
static void do_sigmask(void) { os_sigprocmask(SIG_BLOCK, 0, 0); }
static void do_wake(void)
{
    static uint32_t word;
    os_futex_wake(&word, 1);
}

static const struct {
    const char *name;
    void (*fn)(void);
} calls[] = {
    {"getpid", do_getpid},       {"lseek", do_lseek},         {"pread-1", do_read1},    {"lseek+read-1", do_seekread},
    {"pwrite-4096", do_write4k}, {"fstat", do_fstat},         {"stat", do_stat},        {"open+close", do_open},
    {"yield", do_yield},         {"clock_gettime", do_clock}, {"mmap+munmap", do_mmap}, {"sigprocmask", do_sigmask},
    {"wake", do_wake},
};

static int64_t measure(void (*fn)(void))
{
    int64_t best = 1000000000;

    for (int round = 0; round < 5; round++) {
        int64_t start = now_ns(CLOCK_MONOTONIC), end = start;
        long    n = 0;
        while (end - start < slot / 5) {
            for (int i = 0; i < 100; i++)
                fn();
            n += 100;
            end = now_ns(CLOCK_MONOTONIC);
        }
        if ((end - start) / n < best)
            best = (end - start) / n;
    }
    return best;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc > 2)
        slot = parse_int(argv[2]) * 1000;
    fd = (int)must(os_open(argc > 1 ? argv[1] : "/dev/zero", O_RDWR, 0), "open");
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        print("%s %ld\n", calls[i].name, (long)measure(calls[i].fn));
    return 0;
}
