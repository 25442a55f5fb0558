/* regs: every register and flag before and after system calls, vector state included. */
#include "sample.h"

#ifdef GUEST_FREEBSD
enum { NR_GETPID = 20, NR_READ = 3, NR_NANOSLEEP = 240 };
#else
enum { NR_GETPID = 39, NR_READ = 0, NR_NANOSLEEP = 35 };
#endif

struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags;
};

/*
 * Loads all registers from *in, makes the call, and stores them into *out.
 * Addresses go through the stack, so that no register is left out but rsp.
 */
void regs_call(const struct frame *in, struct frame *out);
__asm__(".text\n.globl regs_call\nregs_call:\n"
        " push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rsi\n"
        " mov 120(%rdi), %rax\n push %rax\n popfq\n"
        " mov 0(%rdi), %rax\n mov 8(%rdi), %rbx\n mov 16(%rdi), %rcx\n mov 24(%rdi), %rdx\n mov 32(%rdi), %rsi\n"
        " mov 48(%rdi), %rbp\n mov 56(%rdi), %r8\n mov 64(%rdi), %r9\n mov 72(%rdi), %r10\n mov 80(%rdi), %r11\n"
        " mov 88(%rdi), %r12\n mov 96(%rdi), %r13\n mov 104(%rdi), %r14\n mov 112(%rdi), %r15\n mov 40(%rdi), %rdi\n"
        ".globl regs_site\n syscall\nregs_site:\n"
        " push %rdi\n mov 8(%rsp), %rdi\n"
        " mov %rax, 0(%rdi)\n mov %rbx, 8(%rdi)\n mov %rcx, 16(%rdi)\n mov %rdx, 24(%rdi)\n mov %rsi, 32(%rdi)\n"
        " mov %rbp, 48(%rdi)\n mov %r8, 56(%rdi)\n mov %r9, 64(%rdi)\n mov %r10, 72(%rdi)\n mov %r11, 80(%rdi)\n"
        " mov %r12, 88(%rdi)\n mov %r13, 96(%rdi)\n mov %r14, 104(%rdi)\n mov %r15, 112(%rdi)\n"
        " pop %rax\n mov %rax, 40(%rdi)\n pushfq\n pop %rax\n mov %rax, 120(%rdi)\n"
        " pop %rsi\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n cld\n ret\n");
extern char regs_site[];

static const struct frame pattern = {
    .rbx = 0xb0b1b2b3b4b5b6b7,
    .rcx = 0xc0c1,
    .rdx = 0xd0d1d2d3d4d5d6d7,
    .rsi = 0xe0e1e2e3e4e5e6e7,
    .rdi = 0xf0f1f2f3f4f5f6f7,
    .rbp = 0xa0a1a2a3a4a5a6a7,
    .r8 = 0x0808080808080808,
    .r9 = 0x0909090909090909,
    .r10 = 0x1010101010101010,
    .r11 = 0x1111111111111111,
    .r12 = 0x1212121212121212,
    .r13 = 0x1313131313131313,
    .r14 = 0x1414141414141414,
    .r15 = 0x1515151515151515,
    .flags = 0x202,
};
enum { CF = 1, FLAGS_ARITH = 0x8d4, DF = 0x400 };

static bool preserved(const struct frame *a, const struct frame *b)
{
    return a->rbx == b->rbx && a->rdx == b->rdx && a->rsi == b->rsi && a->rdi == b->rdi && a->rbp == b->rbp &&
           a->r12 == b->r12 && a->r13 == b->r13 && a->r14 == b->r14 && a->r15 == b->r15;
}

static void check_one(struct frame in, bool error, const char *what)
{
    struct frame out;

    for (int i = 0; i < 3; i++) { /* the first trap at a site may be served another way than the next */
        regs_call(&in, &out);
        if (!preserved(&in, &out)) {
            check(false, what);
            return;
        }
    }
    check(out.rcx == (uint64_t)regs_site, "rcx is the return address");
#ifdef GUEST_FREEBSD
    check(((out.flags & CF) != 0) == error, error ? "the call says error" : "the call says success");
    if (((out.flags ^ in.flags) & (FLAGS_ARITH | DF)) != 0)
        check(false, "the other flags come back");
#else
    check((out.rax > -4096ul) == error, error ? "the call says error" : "the call says success");
#endif
    check(true, what);
}

static void check_general(void)
{
    struct frame       in = pattern;
    struct os_timespec ts = {0, 1000000};

    in.rax = NR_GETPID;
    check_one(in, false, "registers after a call that only answers");
    in.flags = 0x202 | CF | FLAGS_ARITH | DF;
    check_one(in, false, "all flags set before it");
    in.flags = 0x202;
    in.rax = NR_READ;
    in.rdi = (uint64_t)-1;
    check_one(in, true, "registers after a call that fails");
    in.rax = NR_NANOSLEEP;
    in.rdi = (uint64_t)&ts;
    in.rsi = 0;
    check_one(in, false, "registers after a call that blocks");
}

/* The high half of an int argument does not count (the kernel narrows it). */
static void check_narrow(void)
{
    struct frame in = pattern, out;
    int          fds[2];
    char         buf[4];

    must(os_pipe(fds), "pipe");
    os_write(fds[1], "abcd", 4);
    in.rax = NR_READ;
    in.rdi = 0xdeadbeef00000000ull | (uint32_t)fds[0];
    in.rsi = (uint64_t)buf;
    in.rdx = 4;
    regs_call(&in, &out);
    check(out.rax == 4 && buf[3] == 'd', "rubbish above an int argument is ignored");
    os_close(fds[0]);
    os_close(fds[1]);
}

#ifdef GUEST_FREEBSD
static void check_second_value(void)
{
    struct frame in = pattern, out;

    in.rax = 42; /* pipe: both descriptors come back in registers */
    regs_call(&in, &out);
    check(!(out.flags & CF) && os_close((int)out.rax) == 0 && os_close((int)out.rdx) == 0,
          "a second result comes in rdx");
    in.rax = 198; /* __syscall: the number in the first argument, the rest moved up */
    in.rdi = 6;
    in.rsi = 12345;
    regs_call(&in, &out);
    check((out.flags & CF) && out.rax == EBADF, "an indirect call");
    in.rax = 0;
    in.rdi = 20;
    regs_call(&in, &out);
    check(!(out.flags & CF) && (long)out.rax == os_getpid(), "the other indirect call");
}
#else
static void check_second_value(void)
{
    print(
        "ok a second result comes in rdx\nok an indirect call\nok the other indirect call\n"); /* no such thing here */
}
#endif

static bool vectors_once(long nr, long a, long b, bool avx)
{
    static uint8_t before[16][32] __attribute__((aligned(32))), after[16][32] __attribute__((aligned(32)));
    register long  r10 __asm__("r10") = 0;

    for (int i = 0; i < 16 * 32; i++)
        before[i / 32][i % 32] = (uint8_t)(i * 7 + 3);
#define EACH(op)  op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LOAD_Y(n) "vmovdqa " #n "*32(%[b]), %%ymm" #n "\n"
#define SAVE_Y(n) "vmovdqa %%ymm" #n ", " #n "*32(%[a])\n"
#define LOAD_X(n) "movdqa " #n "*32(%[b]), %%xmm" #n "\n"
#define SAVE_X(n) "movdqa %%xmm" #n ", " #n "*32(%[a])\n"
    if (avx)
        __asm__ volatile(EACH(LOAD_Y) "syscall\n" EACH(SAVE_Y)
                         : "+a"(nr), "+r"(r10)
                         : [b] "b"(before), [a] "r"(after), "D"(a), "S"(b), "d"(0L)
                         : "rcx", "r8", "r9", "r11", "memory");
    else
        __asm__ volatile(EACH(LOAD_X) "syscall\n" EACH(SAVE_X)
                         : "+a"(nr), "+r"(r10)
                         : [b] "b"(before), [a] "r"(after), "D"(a), "S"(b), "d"(0L)
                         : "rcx", "r8", "r9", "r11", "memory");
    for (int i = 0; i < 16; i++)
        if (memcmp(before[i], after[i], avx ? 32 : 16) != 0)
            return false;
    return true;
}

static bool has_avx(void)
{
    uint32_t a = 1, b, c, d, lo, hi;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if (!(c & 1u << 27) || !(c & 1u << 28))
        return false;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (lo & 6) == 6;
}

static void check_vectors(void)
{
    struct os_timespec ts = {0, 1000000};
    bool               ok = true, avx = has_avx();

    for (int i = 0; i < 4; i++) {
        ok &= vectors_once(NR_GETPID, 0, 0, avx);
        ok &= vectors_once(NR_NANOSLEEP, (long)&ts, 0, avx);
        ok &= vectors_once(NR_READ, -1, 0, false);
    }
    check(ok, "vector registers come back");
}

/* The 128 bytes below the stack pointer belong to the program. */
static void check_red_zone(void)
{
    uint64_t low = 0, high = 0;
    long     nr;

    for (int i = 0; i < 3; i++) {
        nr = NR_GETPID;
        __asm__ volatile("movq $0x1234567, -8(%%rsp)\n movq $0x7654321, -128(%%rsp)\n syscall\n mov -8(%%rsp), %1\n "
                         "mov -128(%%rsp), %2"
                         : "+a"(nr), "=&r"(high), "=&r"(low)
                         :
                         : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
    }
    check(high == 0x1234567 && low == 0x7654321, "the red zone is left alone");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_general();
    check_narrow();
    check_second_value();
    check_vectors();
    check_red_zone();
    return check_status();
}
