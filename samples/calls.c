/*
 * calls FILE [MICROSECONDS]: nanoseconds a call, best of several rounds, one line each; the benchmarks compare them.
 * FILE has 4 KiB or more; FILE.d, a directory of 2000 small files, is made for the calls on names and removed.
 */
#include "sample.h"

#define FILES   2000 /* that scan reads */
#define ENTRIES 1000 /* that getdirentries reads: another directory, of this many */
#define LITTLE  (64 << 10)
#define BIG     (1 << 20)

static int     fd, data_fd, dir_fd, there[2], back[2], pair[2];
static long    child;
static char    buf[BIG] __attribute__((aligned(4096)));
static char    dir[512], entries[512], name[600];
static int64_t slot = 20000000;

/* ---- the calls -------------------------------------------------------------------- */

static void do_getpid(void) { os_getpid(); }
static void do_lseek(void) { os_lseek(fd, 0, 0); }
static void do_read1(void) { os_pread(fd, buf, 1, 0); }
static void do_seekread(void)
{
    os_lseek(fd, 0, 0);
    os_read(fd, buf, 1);
}
static void do_read4k(void) { os_pread(data_fd, buf, 4096, 0); }
static void do_write4k(void) { os_pwrite(data_fd, buf, 4096, 0); }
static void do_read1m(void) { os_pread(data_fd, buf, BIG, 0); }
static void do_write1m(void) { os_pwrite(data_fd, buf, BIG, 0); }
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
static void do_access(void) { os_access("/", 4 /* R_OK */); }
static void do_open(void) { os_close((int)os_open("/dev/null", O_RDONLY, 0)); }
static void do_getdents(void)
{
    os_lseek(dir_fd, 0, 0);
    while (os_getdents(dir_fd, buf, LITTLE) > 0)
        ;
}
static void do_yield(void) { os_yield(); }
static void do_clock(void)
{
    struct os_timespec ts;
    os_clock_gettime(CLOCK_MONOTONIC, &ts);
}
static void do_mmap(void)
{
    char *at = os_mmap(0, LITTLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    for (int i = 0; i < LITTLE; i += 4096)
        *(volatile char *)(at + i) = 1;
    os_munmap(at, LITTLE);
}
static void do_map(void)
{
    char *at = os_mmap(0, LITTLE, PROT_READ, MAP_PRIVATE, data_fd, 0);

    os_munmap(at, LITTLE);
}
static void do_pipe(void)
{
    int p[2];

    os_pipe(p);
    os_close(p[0]);
    os_close(p[1]);
}
static void do_sigmask(void) { os_sigprocmask(SIG_BLOCK, 0, 0); }
static void do_block(void)
{
    struct os_sigset set = os_sigset_of(SIGUSR1), old;

    os_sigprocmask(SIG_BLOCK, &set, &old);
    os_sigprocmask(SIG_SETMASK, &old, 0);
}
static void do_getpgid(void) { os_getpgid(0); }
static void do_poll(void)
{
    struct os_pollfd p = {there[1], 4 /* POLLOUT */, 0};

    os_poll(&p, 1, 0);
}
static void do_socket(void)
{
    os_write(pair[1], buf, 1);
    os_recvfrom(pair[0], buf, 1, 0, 0, 0);
}
static void do_wake(void)
{
    static uint32_t word;
    os_futex_wake(&word, 1);
}
static void do_pingpong(void)
{
    os_write(there[1], buf, 1);
    os_read(back[0], buf, 1);
}

static const char *numbered(const char *in, int n)
{
    print_into(name, sizeof(name), "%s/%d", in, n);
    return name;
}

static void do_scan(void)
{
    struct os_stat st;

    for (int i = 0; i < FILES; i++) {
        const int f = (int)os_open(numbered(dir, i), O_RDONLY, 0);

        os_fstat(f, &st);
        os_read(f, buf, 4096);
        os_close(f);
    }
}

static const struct {
    const char *name;
    void (*fn)(void);
    int batch; /* calls between two looks at the clock */
} calls[] = {
    {"getpid", do_getpid, 100},
    {"lseek", do_lseek, 100},
    {"pread-1", do_read1, 100},
    {"lseek+read-1", do_seekread, 100},
    {"pread-4096", do_read4k, 100},
    {"pwrite-4096", do_write4k, 100},
    {"pread-1M", do_read1m, 4},
    {"pwrite-1M", do_write1m, 4},
    {"fstat", do_fstat, 100},
    {"stat", do_stat, 100},
    {"access", do_access, 100},
    {"open+close", do_open, 100},
    {"getdirentries-1000", do_getdents, 4},
    {"scan-2000", do_scan, 1},
    {"yield", do_yield, 100},
    {"clock_gettime", do_clock, 100},
    {"mmap+touch+munmap", do_mmap, 10},
    {"mmap+munmap-file", do_map, 10},
    {"pipe+close+close", do_pipe, 10},
    {"sigprocmask", do_sigmask, 100},
    {"block+unblock", do_block, 100},
    {"getpgid", do_getpgid, 100},
    {"poll", do_poll, 100},
    {"write+recvfrom", do_socket, 100},
    {"wake", do_wake, 100},
    {"pipe-pingpong", do_pingpong, 10},
};

/* ---- what they need ----------------------------------------------------------------- */

static void fill(const char *where, int n, const char *text)
{
    must(os_mkdir(where, 0755), "mkdir");
    for (int i = 0; i < n; i++) {
        const int f = (int)must(os_open(numbered(where, i), O_WRONLY | O_CREAT, 0644), "create");

        os_write(f, text, strlen(text));
        os_close(f);
    }
}

static void empty(const char *where, int n)
{
    for (int i = 0; i < n; i++)
        os_unlink(numbered(where, i));
    os_rmdir(where);
}

static void answer(void)
{
    char byte;

    os_close(there[1]);
    while (os_read(there[0], &byte, 1) == 1)
        os_write(back[1], &byte, 1);
    os_exit(0);
}

static void begin(const char *file)
{
    print_into(dir, sizeof(dir), "%s.d", file);
    print_into(entries, sizeof(entries), "%s.e", file);
    fd = (int)must(os_open(file, O_RDWR, 0), "open");
    print_into(name, sizeof(name), "%s.b", file);
    data_fd = (int)must(os_open(name, O_RDWR | O_CREAT, 0644), "create");
    os_unlink(name);
    os_pwrite(data_fd, buf, BIG, 0);
    fill(dir, FILES, "a small file\n");
    fill(entries, ENTRIES, "");
    dir_fd = (int)must(os_open(entries, O_RDONLY, 0), "open the directory");
    must(os_pipe(there), "pipe");
    must(os_pipe(back), "pipe");
    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    child = must(os_fork(), "fork");
    if (!child)
        answer();
}

static void end(void)
{
    int status;

    os_close(there[1]);
    os_wait4((int)child, &status, 0, 0);
    empty(dir, FILES);
    empty(entries, ENTRIES);
}

static int64_t measure(void (*fn)(void), int batch)
{
    int64_t best = 1000000000;

    for (int round = 0; round < 5; round++) {
        int64_t start = now_ns(CLOCK_MONOTONIC), end = start;
        long    n = 0;
        while (end - start < slot / 5) {
            for (int i = 0; i < batch; i++)
                fn();
            n += batch;
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
    if (argc < 2) {
        print_to(2, "usage: calls FILE [MICROSECONDS]\n");
        return 2;
    }
    if (argc > 2)
        slot = parse_int(argv[2]) * 1000;
    begin(argv[1]);
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        print("%s %ld\n", calls[i].name, (long)measure(calls[i].fn, calls[i].batch));
    end();
    return 0;
}
