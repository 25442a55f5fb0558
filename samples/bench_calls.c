/*
 * bench_calls DIR [slot=MICROSECONDS] [only=NAME[,NAME...]] [explain=COUNT]: what single calls cost, each in a loop of
 * its own.  DIR is an empty directory for the files that the loops use.  explain: the stamps of so many calls instead.
 */
#include "bench.h"

#define FILE_SIZE (4 << 20)
#define NAMES     1000 /* in the directory that getdirentries reads */
#define SCANNED   200  /* files, each opened, asked about, read and closed */

static char  dir[PATH_SIZE], data_path[PATH_SIZE], temp_path[PATH_SIZE];
static char *self;
static char *environment[1];
static int   fd = -1, dir_fd = -1;
static char  buf[1 << 20] __attribute__((aligned(4096)));

/* ---- what needs no file */
static void do_nothing(void) { __asm__ volatile(""); }
static void do_getpid(void) { bench_ok(os_getpid()); }
static void do_getppid(void) { bench_ok(os_getppid()); }
static void do_clock(void)
{
    struct os_timespec ts;
    bench_ok(os_clock_gettime(CLOCK_MONOTONIC, &ts));
}
static void do_wake(void)
{
    static uint32_t word;
    bench_ok(os_futex_wake(&word, 1));
}
static void do_mmap(void) { bench_map_touch_unmap(4096); }
static void do_mmap_more(void) { bench_map_touch_unmap(64 << 10); }

/* ---- files: read and write go through the file and start again at its end, which costs an lseek */
static int64_t position;

static void step(long n)
{
    position += n;
    if (position < FILE_SIZE)
        return;
    position = 0;
    bench_ok(os_lseek(fd, 0, 0));
}
static void check_length(long got, long want) { bench_ok(got < 0 ? got : got == want ? 0 : -EIO); }
#define SIZED(tag, n)                                                                                                  \
    static void do_read_##tag(void)                                                                                    \
    {                                                                                                                  \
        check_length(os_read(fd, buf, n), n);                                                                          \
        step(n);                                                                                                       \
    }                                                                                                                  \
    static void do_write_##tag(void)                                                                                   \
    {                                                                                                                  \
        check_length(os_write(fd, buf, n), n);                                                                         \
        step(n);                                                                                                       \
    }                                                                                                                  \
    static void do_pread_##tag(void) { check_length(os_pread(fd, buf, n, 0), n); }                                     \
    static void do_pwrite_##tag(void) { check_length(os_pwrite(fd, buf, n, 0), n); }
SIZED(1, 1)
SIZED(512, 512)
SIZED(4k, 4096)
SIZED(64k, 65536)
SIZED(1m, 1048576)

static void do_lseek(void) { bench_ok(os_lseek(fd, 0, 0)); }
static void do_fstat(void)
{
    static struct os_stat st;
    bench_ok(os_fstat(fd, &st));
}
static void do_stat(void)
{
    static struct os_stat st;
    bench_ok(os_stat(data_path, &st));
}
static void do_seek_read(void)
{
    bench_ok(os_lseek(fd, 0, 0));
    check_length(os_read(fd, buf, 1), 1);
}
static void do_access(void) { bench_ok(os_access(data_path, 4 /* R_OK */)); }
static void do_open(void) { bench_open_close(data_path); }
static void do_create(void)
{
    bench_ok(os_close((int)os_open(temp_path, O_RDWR | O_CREAT | O_EXCL, 0600)));
    bench_ok(os_unlink(temp_path));
}
/* ---- directories of small files, there while their rows are measured */
static const char *numbered(char *path, const char *in, int n)
{
    char name[32];

    print_into(name, sizeof(name), "%s/%d", in, n);
    return bench_path(path, dir, name);
}
static void many_make(const char *in, int n, const char *text)
{
    char path[PATH_SIZE];

    must(os_mkdir(bench_path(path, dir, in), 0700), in);
    for (int i = 0; i < n; i++) {
        const int f = (int)must(os_open(numbered(path, in, i), O_WRONLY | O_CREAT, 0600), "create");

        if (*text)
            os_write(f, text, strlen(text));
        os_close(f);
    }
}
static void many_remove(const char *in, int n)
{
    char path[PATH_SIZE];

    for (int i = 0; i < n; i++)
        os_unlink(numbered(path, in, i));
    os_rmdir(bench_path(path, dir, in));
}
static void names_begin(void)
{
    char path[PATH_SIZE];

    many_make("names", NAMES, "");
    dir_fd = (int)must(os_open(bench_path(path, dir, "names"), O_RDONLY | O_DIRECTORY, 0), "names");
}
static void names_end(void)
{
    os_close(dir_fd);
    many_remove("names", NAMES);
}
static void do_getdents(void)
{
    long got;

    bench_ok(os_lseek(dir_fd, 0, 0));
    do
        bench_ok(got = os_getdents(dir_fd, buf, 64 << 10));
    while (got > 0);
}
static void scan_begin(void) { many_make("scan", SCANNED, "a small file\n"); }
static void scan_end(void) { many_remove("scan", SCANNED); }
static void do_scan(void)
{
    char           path[PATH_SIZE];
    struct os_stat st;

    for (int i = 0; i < SCANNED; i++) {
        const int f = (int)os_open(numbered(path, "scan", i), O_RDONLY, 0);

        bench_ok(f);
        bench_ok(os_fstat(f, &st));
        bench_ok(os_read(f, buf, 4096));
        bench_ok(os_close(f));
    }
}

/* ---- processes and threads */
static int  ping[2], pong[2];
static long echo_pid;

static void do_exec(void)
{
    char *args[] = {self, (char *)"exit", 0};
    int   status = 0;
    long  pid = os_fork();

    if (pid == 0) {
        os_execve(self, args, environment);
        os_exit(127);
    }
    bench_ok(pid);
    bench_ok(os_wait4((int)pid, &status, 0, 0));
    bench_ok(os_wifexited(status) && os_wexitstatus(status) == 0 ? 0 : -ENOEXEC);
}
static long thread_nothing(void *arg) { return (long)arg; }
static void do_thread(void)
{
    static struct thread t;

    thread_start(&t, thread_nothing, 0);
    thread_join(&t);
}
static void do_pipe(void)
{
    char byte = 1;

    check_length(os_write(ping[1], &byte, 1), 1);
    check_length(os_read(pong[0], &byte, 1), 1);
}
static void pipe_begin(void)
{
    char byte;

    must(os_pipe(ping), "pipe");
    must(os_pipe(pong), "pipe");
    echo_pid = must(os_fork(), "fork");
    if (echo_pid)
        return;
    os_close(ping[1]);
    while (os_read(ping[0], &byte, 1) == 1)
        os_write(pong[1], &byte, 1);
    os_exit(0);
}
static void pipe_end(void)
{
    int status;

    for (int i = 0; i < 2; i++) {
        os_close(ping[i]);
        os_close(pong[i]);
    }
    os_wait4((int)echo_pid, &status, 0, 0);
}

static struct thread echo_thread;
static uint32_t      turn; /* 0: ours, 1: the other thread's, 2: stop */

static void turn_give(uint32_t value)
{
    __atomic_store_n(&turn, value, __ATOMIC_SEQ_CST);
    bench_ok(os_futex_wake(&turn, 1));
}
static long echo_run(void *arg)
{
    for (uint32_t v;;) {
        while ((v = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) == 0)
            os_futex_wait(&turn, 0, 0);
        if (v == 2)
            return (long)arg;
        turn_give(0);
    }
}
static void do_futex(void)
{
    turn_give(1);
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) == 1)
        os_futex_wait(&turn, 1, 0);
}
static void futex_begin(void)
{
    turn = 0;
    thread_start(&echo_thread, echo_run, 0);
}
static void futex_end(void)
{
    turn_give(2);
    thread_join(&echo_thread);
}

static const struct {
    const char *name;
    void (*call)(void);
    void (*begin)(void);
    void (*end)(void);
} rows[] = {
    {"nothing", do_nothing, 0, 0},
    {"getpid", do_getpid, 0, 0},
    {"getppid", do_getppid, 0, 0},
    {"clock_gettime", do_clock, 0, 0},
    {"lseek", do_lseek, 0, 0},
    {"read-1", do_read_1, 0, 0},
    {"read-512", do_read_512, 0, 0},
    {"read-4k", do_read_4k, 0, 0},
    {"read-64k", do_read_64k, 0, 0},
    {"read-1m", do_read_1m, 0, 0},
    {"write-1", do_write_1, 0, 0},
    {"write-512", do_write_512, 0, 0},
    {"write-4k", do_write_4k, 0, 0},
    {"write-64k", do_write_64k, 0, 0},
    {"write-1m", do_write_1m, 0, 0},
    {"pread-1", do_pread_1, 0, 0},
    {"pread-512", do_pread_512, 0, 0},
    {"pread-4k", do_pread_4k, 0, 0},
    {"pread-64k", do_pread_64k, 0, 0},
    {"pread-1m", do_pread_1m, 0, 0},
    {"pwrite-1", do_pwrite_1, 0, 0},
    {"pwrite-512", do_pwrite_512, 0, 0},
    {"pwrite-4k", do_pwrite_4k, 0, 0},
    {"pwrite-64k", do_pwrite_64k, 0, 0},
    {"pwrite-1m", do_pwrite_1m, 0, 0},
    {"lseek+read-1", do_seek_read, 0, 0},
    {"fstat", do_fstat, 0, 0},
    {"stat", do_stat, 0, 0},
    {"access", do_access, 0, 0},
    {"open+close", do_open, 0, 0},
    {"create+unlink", do_create, 0, 0},
    {"getdirentries-1000", do_getdents, names_begin, names_end},
    {"scan-200", do_scan, scan_begin, scan_end},
    {"mmap+touch+munmap", do_mmap, 0, 0},
    {"mmap-64k", do_mmap_more, 0, 0},
    {"futex-wake", do_wake, 0, 0},
    {"pipe-pingpong", do_pipe, pipe_begin, pipe_end},
    {"futex-pingpong", do_futex, futex_begin, futex_end},
    {"thread+join", do_thread, 0, 0},
    {"fork+exit+wait", bench_fork_exit_wait, 0, 0},
    {"fork+exec+wait", do_exec, 0, 0},
};

static void files_make(void)
{
    fd = (int)must(os_open(bench_path(data_path, dir, "data"), O_RDWR | O_CREAT | O_TRUNC, 0600), "data");
    for (int64_t at = 0; at < FILE_SIZE; at += sizeof(buf))
        must(os_pwrite(fd, buf, sizeof(buf), at), "data");
    bench_path(temp_path, dir, "temp");
}

static bool chosen(const char *only, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = only; *at;) {
        size_t len = 0;

        while (at[len] && at[len] != ',')
            len++;
        if (len == n && memcmp(at, name, n) == 0)
            return true;
        at += len + (at[len] == ',');
    }
    return *only == 0;
}

int main(int argc, char **argv, char **envp)
{
    const char *only = bench_option(argc, argv, "only", "");
    long        slot = bench_number(argc, argv, "slot", 20000), explain = bench_number(argc, argv, "explain", 0);

    (void)envp;
    if (argc < 2 || strcmp(argv[1], "exit") == 0)
        return argc < 2;
    self = argv[0];
    print_into(dir, sizeof(dir), "%s", argv[1]);
    files_make();
    bench_begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!chosen(only, rows[i].name))
            continue;
        position = 0;
        os_lseek(fd, 0, 0);
        if (rows[i].begin)
            rows[i].begin();
        if (explain)
            bench_stamps(rows[i].name, rows[i].call, explain);
        else
            bench_loop(rows[i].name, rows[i].call, slot, true);
        if (rows[i].end)
            rows[i].end();
    }
    os_unlink(data_path);
    return bench_end();
}
