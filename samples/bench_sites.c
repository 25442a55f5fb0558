/*
 * bench_sites [pattern=NAME] [calls=COUNT] [slot=MICROSECONDS]: what a call costs by where it is made.  Without a
 * pattern: the first calls at sites that were never used (what a layer that rewrites them takes for that is in them),
 * and a call that asks somebody else (getppid), at a site of its own and at one that other calls use as well.  With
 * one: so many calls by code as a certain library or compiler makes it, for whoever counts how they come.
 */
#include "bench.h"

#ifdef GUEST_FREEBSD
#define NR_LSEEK   "478"
#define NR_GETPPID 39
#else
#define NR_LSEEK   "8"
#define NR_GETPPID 110
#endif
#define SITES 64
#define CALLS 5 /* at each fresh site: more than it takes to notice that it is used */

typedef long (*seek_fn)(long fd, long offset, long whence);

extern char fresh_sites[]; /* 16 bytes each */
long        seek_libc(long fd, long offset, long whence);
long        seek_glibc(long fd, long offset, long whence);
long        seek_musl(long fd, long offset, long whence);
long        seek_go(long fd, long offset, long whence);
long        call_any(long nr, long a, long b, long c);
long        call_go(long nr, long a, long b, long c);

__asm__(".text\n"
        ".balign 16\n"
        "fresh_sites:\n"
        ".rept 64\n"
        "    mov $" NR_LSEEK ", %eax; syscall; ret; .balign 16, 0xcc\n"
        ".endr\n"
        /* FreeBSD's libc: lib/libsys/amd64/SYS.h, RSYSCALL */
        "seek_libc: mov $" NR_LSEEK ", %eax; mov %rcx, %r10; syscall; jb seek_error; ret\n"
        ".balign 16, 0x90\n"
        "seek_error: mov $-1, %rax; ret\n"
        /* glibc: sysdeps/unix/sysv/linux/x86_64/syscall-template */
        ".balign 16, 0x90\n"
        "seek_glibc: mov $" NR_LSEEK ", %eax; syscall; cmp $-4095, %rax; jae 1f; ret\n"
        "1:  mov $-1, %rax; ret\n"
        /* musl: arch/x86_64/syscall_arch.h in a function, whose result goes on to __syscall_ret */
        ".balign 16, 0x90\n"
        "seek_musl: sub $8, %rsp; mov $" NR_LSEEK ", %eax; syscall; mov %rax, %rdi; call seek_return\n"
        "    add $8, %rsp; ret\n"
        "seek_return: mov %rdi, %rax; ret\n"
        /* Go: runtime/sys_freebsd_amd64.s, as runtime.read */
        ".balign 16, 0x90\n"
        "seek_go: mov $" NR_LSEEK ", %eax; syscall; jae 1f; neg %rax\n"
        "1:  mov %eax, -8(%rsp); ret\n"
        /* syscall(2): musl's syscall, and whatever takes the number as an argument */
        ".balign 16, 0x90\n"
        "call_any: mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi; mov %rcx, %rdx; syscall; ret\n"
        /* Go: syscall/asm_unix_amd64.s */
        ".balign 16, 0x90\n"
        "call_go: mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi; mov %rcx, %rdx; syscall; jae 1f\n"
        "    movq $-1, -8(%rsp); mov %rax, -16(%rsp); ret\n"
        "1:  mov %rax, -8(%rsp); movq $0, -16(%rsp); ret\n");

static int fd;

static long seek_any(long f, long offset, long whence) { return call_any(parse_int(NR_LSEEK), f, offset, whence); }
static long seek_by_go(long f, long offset, long whence) { return call_go(parse_int(NR_LSEEK), f, offset, whence); }

static const struct {
    const char *name;
    seek_fn     seek;
} patterns[] = {
    {"libc", seek_libc},     {"glibc", seek_glibc}, {"musl", seek_musl},
    {"go-runtime", seek_go}, {"syscall", seek_any}, {"go-syscall", seek_by_go},
};

/* The first CALLS calls at each of the sites, one row each, and a row for them together but for the last one. */
static void fresh_measure(void)
{
    static uint64_t took[CALLS][SITES];

    for (int i = 0; i < SITES; i++) {
        const seek_fn seek = (seek_fn)(fresh_sites + 16 * i);

        for (int k = 0; k < CALLS; k++) {
            const uint64_t start = ticks();

            seek(fd, 0, 0);
            took[k][i] = ticks() - start;
        }
    }
    for (int k = 0; k < CALLS; k++) {
        bench_print("row fresh-%d 1\nb", k + 1);
        for (int i = 0; i < SITES; i++)
            bench_print(" %lu", (unsigned long)took[k][i]);
        bench_print("\n");
    }
}

static void ask_alone(void) { os_getppid(); }
static void ask_any(void) { call_any(NR_GETPPID, 0, 0, 0); }

static bool pattern_run(const char *name, long calls)
{
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        if (strcmp(patterns[i].name, name) != 0)
            continue;
        for (long n = 0; n < calls; n++)
            patterns[i].seek(fd, 0, 0);
        return true;
    }
    return false;
}

int main(int argc, char **argv, char **envp)
{
    const char *pattern = bench_option(argc, argv, "pattern", "");
    const long  slot = bench_number(argc, argv, "slot", 20000);

    (void)envp;
    fd = (int)must(os_open(argv[0], O_RDONLY, 0), "itself");
    if (*pattern)
        return pattern_run(pattern, bench_number(argc, argv, "calls", 10000)) ? 0 : 2;
    bench_begin();
    fresh_measure();
    for (int i = 0; i < 100; i++)
        seek_any(fd, 0, 0);
    bench_loop("asks-own-site", ask_alone, slot, false);
    bench_loop("asks-used-site", ask_any, slot, false);
    return bench_end();
}
