/*
 * bench_floor [slot=MICROSECONDS]: what the host's own mechanisms cost, natively and in the bare, with nothing of
 * Dragoman in it: the limits of what a layer that uses them can reach.  Prints what samples/bench.h describes.
 *
 *     NAME          a call as any program makes it
 *     NAME+guard    the same under syscall user dispatch and a filter that the host knows the answers of beforehand:
 *                   as a call of the gate is made
 *     sigsys        a trap of user dispatch, and the return from its handler
 *     notify        a call that a filter hands to another thread on the same CPU, which waits for it, and back
 *     start-bare    from fork to the collected end of a program without a C library, the native hello world
 *     start-c       of one with a C library (musl, as the provider), that does nothing
 *     start-chain   of one that makes a thread and then starts the former: what a layer is, and nothing of what it does
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define DISPATCH_OFF    0
#define DISPATCH_ON     1
#define NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#define NOTIF_SYNC_WAKE 1ul
#define CALL_DOOR       1000 /* a number of no call: the one that the filter asks about */
#define BATCHES         50
#define STATX_ASKED     (STATX_BASIC_STATS | STATX_BTIME)
#define LITTLE          (64 << 10)

static int         fd;
static _Atomic int listener = -1;
static char        buf[1 << 20] __attribute__((aligned(4096)));
static uint64_t    slot_ticks;

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- the calls.  Not by libc's functions: some of these cost more than the call. */
static long call(long nr, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long          r = nr;

    __asm__ volatile("syscall" : "+a"(r) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return r;
}

static void do_getppid(void) { call(SYS_getppid, 0, 0, 0, 0, 0); }
static void do_pread(void) { call(SYS_pread64, fd, (long)buf, 1, 0, 0); }
static void do_pread4k(void) { call(SYS_pread64, fd, (long)buf, 4096, 0, 0); }
static void do_pwrite4k(void) { call(SYS_pwrite64, fd, (long)buf, 4096, 0, 0); }
static void do_fstat(void) { call(SYS_fstat, fd, (long)buf, 0, 0, 0); }
static void do_statx(void) { call(SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_ASKED, (long)buf); }
static void do_stat_path(void) { call(SYS_newfstatat, AT_FDCWD, (long)"/", (long)buf, 0, 0); }
static void do_statx_path(void) { call(SYS_statx, AT_FDCWD, (long)"/", 0, STATX_ASKED, (long)buf); }
static void do_access(void) { call(SYS_faccessat, AT_FDCWD, (long)"/", R_OK, 0, 0); }
static void do_open(void)
{
    const long file = call(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0, 0);

    call(SYS_close, file, 0, 0, 0, 0);
}
static void do_wake(void)
{
    static uint32_t word;
    call(SYS_futex, (long)&word, FUTEX_WAKE_PRIVATE, 1, 0, 0);
}
static void do_clock(void)
{
    struct timespec ts;
    call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0, 0, 0);
}
static void do_vdso(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
}
static void do_mmap(void)
{
    char *at = mmap(0, LITTLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < LITTLE; i += 4096)
        *(volatile char *)(at + i) = 1;
    munmap(at, LITTLE);
}
static void do_door(void) { call(CALL_DOOR, 0, 0, 0, 0, 0); }

/* A call from outside of the text that user dispatch leaves alone. */
static void (*trapping)(void);
static void do_trap(void) { trapping(); }

static const struct {
    const char *name;
    void (*fn)(void);
} calls[] = {
    {"getppid", do_getppid}, {"pread-1", do_pread},   {"pread-4k", do_pread4k}, {"pwrite-4k", do_pwrite4k},
    {"fstat", do_fstat},     {"statx", do_statx},     {"stat", do_stat_path},   {"statx-path", do_statx_path},
    {"access", do_access},   {"open+close", do_open}, {"futex-wake", do_wake},  {"clock_gettime", do_clock},
    {"vdso-clock", do_vdso}, {"mmap-64k", do_mmap},
};

/* ---- starts */
static char self_path[4096], hello_path[4096 + 8];
static int  nowhere;

static void paths_set(void)
{
    const ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

    self_path[n > 0 ? n : 0] = '\0';
    strcpy(hello_path, self_path);
    strcpy(strrchr(hello_path, '/') + 1, "hello");
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void start(const char *path, const char *what)
{
    int         status;
    const pid_t pid = vfork();

    if (pid == 0) {
        dup2(nowhere, 1);
        execl(path, path, what, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
}

static void do_start_bare(void) { start(hello_path, NULL); }
static void do_start_c(void) { start(self_path, "nothing"); }
static void do_start_chain(void) { start(self_path, "chain"); }

static void *wait_for_ever(void *arg)
{
    pause();
    return arg;
}

static int chain(void)
{
    pthread_t thread;

    paths_set();
    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
        return 1;
    do_start_bare();
    return 0;
}

/* ---- measuring */
static uint64_t batch(void (*fn)(void), long n)
{
    const uint64_t start = ticks();

    for (long i = 0; i < n; i++)
        fn();
    return ticks() - start;
}

/* How long a slot is in ticks: only its length hangs on it. */
static uint64_t ticks_of(long us)
{
    const int64_t  start = now_ns();
    const uint64_t first = ticks();

    while (now_ns() - start < 2000000)
        ;
    return (ticks() - first) * (uint64_t)us / 2000;
}

static void measure(const char *name, const char *more, void (*fn)(void))
{
    uint64_t took[BATCHES];
    long     n = 1;

    while (batch(fn, n) < slot_ticks / BATCHES && n < 1 << 20)
        n *= 2;
    for (int i = 0; i < BATCHES; i++)
        took[i] = batch(fn, n);
    printf("row %s%s %ld\nb", name, more, n);
    for (int i = 0; i < BATCHES; i++)
        printf(" %llu", (unsigned long long)took[i]);
    printf("\n");
}

static void sync_print(void) { printf("sync %llu %lld\n", (unsigned long long)ticks(), (long long)now_ns()); }

static void clock_print(void)
{
    uint64_t least = ~0ull;

    for (int i = 0; i < 1000; i++) {
        const uint64_t a = ticks(), b = ticks();

        least = b - a < least ? b - a : least;
    }
    printf("clock %llu\n", (unsigned long long)least);
}

/* ---- the mechanisms */
static void *serve(void *arg)
{
    struct seccomp_notif      n;
    struct seccomp_notif_resp r;

    (void)arg;
    while (listener < 0)
        sched_yield();
    ioctl(listener, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE);
    for (;;) {
        memset(&n, 0, sizeof(n));
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) != 0)
            continue;
        r = (struct seccomp_notif_resp){.id = n.id, .val = 1};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
    }
    return NULL;
}

/* This thread's calls from here on are checked by a filter; another thread answers for the one that it asks about. */
static int filter_on(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL_DOOR, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
    pthread_t         server;

    if (pthread_create(&server, NULL, serve, NULL) != 0)
        return -1;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return listener < 0 ? -1 : 0;
}

static void on_sigsys(int sig, siginfo_t *si, void *context)
{
    (void)sig;
    (void)si;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 0;
}

/* Calls from above the page of one call are ours, and that one traps: it must be the lowest of all. */
static int dispatch_on(void)
{
    static const unsigned char code[] = {0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3};
    struct sigaction           sa = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER};
    const int                  how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    char                      *page = mmap((void *)0x10000, 4096, PROT_READ | PROT_WRITE, how, -1, 0);

    if (page == MAP_FAILED)
        return -1;
    memcpy(page, code, sizeof(code));
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    trapping = (void (*)(void))page;
    sigaction(SIGSYS, &sa, NULL);
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ON, page + 4096, ~0ul - (uintptr_t)page - 4096, NULL);
}

static void measure_all(const char *more)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        measure(calls[i].name, more, calls[i].fn);
}

static void measure_starts(void)
{
    paths_set();
    measure("start-bare", "", do_start_bare);
    measure("start-c", "", do_start_c);
    measure("start-chain", "", do_start_chain);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "nothing") == 0)
        return 0;
    if (argc == 2 && strcmp(argv[1], "chain") == 0)
        return chain();

    char path[] = "/dev/shm/bench-floor-XXXXXX";
    long slot_us = 20000;

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "slot=", 5) == 0)
            slot_us = atol(argv[i] + 5);
    slot_ticks = ticks_of(slot_us);
    fd = mkstemp(path);
    if (fd < 0)
        fd = fileno(tmpfile());
    else
        unlink(path);
    if (write(fd, buf, sizeof(buf)) != sizeof(buf))
        return 1;
    printf("bench 1 linux\n");
    sync_print();
    clock_print();
    measure_all("");
    measure_starts();
    if (filter_on() != 0)
        printf("fail notify %s\n", strerror(errno));
    else
        measure("notify", "", do_door);
    if (dispatch_on() != 0)
        printf("fail sigsys %s\n", strerror(errno));
    else {
        measure("sigsys", "", do_trap);
        measure_all("+guard");
    }
    sync_print();
    printf("end\n");
    return 0;
}
