/*
 * bench_growth DIR WHAT COUNT [slot=MICROSECONDS]: what a call costs while there are many of something: descriptors
 * (open+close), files (in a directory: open+close of one of them), processes (fork+exit+wait), mappings
 * (mmap+touch+munmap).  A line that should be flat.
 */
#include "bench.h"

#define FILES_MAX 10000

static char  path[PATH_SIZE], dir[PATH_SIZE];
static long  count;
static int   hold[2]; /* the processes wait here for their end */
static int  *pids;
static char *maps;

static void do_open(void) { bench_open_close(path); }
static void do_mmap(void) { bench_map_touch_unmap(4096); }

/* Files as long as there is room for them, and duplicates from there on: a table is as full with either. */
static void descriptors_begin(void)
{
    const uint64_t more[2] = {(uint64_t)count + 100, (uint64_t)count + 100};
    long           fd = 0;

    os_setrlimit(OS_RLIMIT_NOFILE, more); /* root may; else as many as there are have to do */
    for (long i = 0; i < count && !bench_error; i++) {
        const long next = i < FILES_MAX ? os_open("/dev/null", O_RDONLY, 0) : os_dup((int)fd);

        bench_ok(next);
        fd = next;
    }
    print_into(path, sizeof(path), "/dev/null");
}

static char *file_name(long i)
{
    char name[32];

    print_into(name, sizeof(name), "file-%ld", i);
    return bench_path(path, dir, name);
}
static void files_begin(void)
{
    for (long i = 0; i < count && !bench_error; i++)
        bench_ok(os_close((int)os_open(file_name(i), O_WRONLY | O_CREAT, 0600)));
    file_name(count / 2);
}
static void files_end(void)
{
    for (long i = 0; i < count; i++)
        os_unlink(file_name(i));
}

static void processes_begin(void)
{
    char byte;

    must(os_pipe(hold), "pipe");
    pids = os_mmap(0, (size_t)count * sizeof(*pids) + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    for (long i = 0; i < count && !bench_error; i++) {
        long pid = os_fork();

        if (pid == 0) {
            os_close(hold[1]);
            os_read(hold[0], &byte, 1);
            os_exit(0);
        }
        bench_ok(pid);
        pids[i] = (int)pid;
    }
}
static void processes_end(void)
{
    int status;

    os_close(hold[1]);
    for (long i = 0; i < count; i++)
        if (pids[i] > 0)
            os_wait4(pids[i], &status, 0, 0);
}

/* Every second page differs, so that no two of them become one mapping. */
static void mappings_begin(void)
{
    maps = os_mmap(0, (size_t)count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    bench_ok((long)maps);
    for (long i = 0; i < count && !bench_error; i += 2)
        bench_ok(os_mprotect(maps + i * 4096, 4096, PROT_READ));
}

static const struct {
    const char *name;
    void (*begin)(void);
    void (*call)(void);
    void (*end)(void);
} kinds[] = {
    {"descriptors", descriptors_begin, do_open, 0},
    {"files", files_begin, do_open, files_end},
    {"processes", processes_begin, bench_fork_exit_wait, processes_end},
    {"mappings", mappings_begin, do_mmap, 0},
};

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc < 4)
        return 2;
    print_into(dir, sizeof(dir), "%s", argv[1]);
    count = parse_int(argv[3]);
    bench_begin();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].name, argv[2]) != 0)
            continue;
        kinds[i].begin();
        if (bench_error)
            bench_fail(argv[2], bench_error);
        else
            bench_loop(argv[2], kinds[i].call, bench_number(argc, argv, "slot", 20000), false);
        if (kinds[i].end)
            kinds[i].end();
    }
    return bench_end();
}
