/* samples/stepped_call.h: the one call of samples/stepped.c, with every register known before and after. */
#ifndef DRAGOMAN_SAMPLES_STEPPED_CALL_H
#define DRAGOMAN_SAMPLES_STEPPED_CALL_H

#include "sample.h"

enum { CF = 1, FLAGS_ARITH = 0x8d4, DF = 0x400 };

struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags, rsp;
};

struct vectors {
    uint8_t v[16][32];
};
static struct vectors vectors_in __attribute__((used)), vectors_out __attribute__((used));
static uint8_t        wide __attribute__((used)); /* the CPU has 32 bytes of each, and not only 16 */

/* Loads all registers from *in, makes the call, and stores them into *out. */
void            stepped_call(const struct frame *in, struct frame *out);
void            stepped_handler(void);
extern uint8_t  stepped_begin[], stepped_site[], stepped_end[];
static uint64_t stepped_rax __attribute__((used));
/* The sample's: a handler has run. */
void stepped_count(void);

#define SIXTEEN(m)    m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define LOAD(n)       " movdqu 32*" #n "(%rax), %xmm" #n "\n"
#define LOAD_WIDE(n)  " vmovdqu 32*" #n "(%rax), %ymm" #n "\n"
#define STORE(n)      " movdqu %xmm" #n ", 32*" #n "(%rax)\n"
#define STORE_WIDE(n) " vmovdqu %ymm" #n ", 32*" #n "(%rax)\n"
#define CLEAR(n)      " pxor %xmm" #n ", %xmm" #n "\n"
#define CLEAR_WIDE(n) " vpxor %ymm" #n ", %ymm" #n ", %ymm" #n "\n"
/* clang-format off */
__asm__(".text\n.globl stepped_call\nstepped_call:\n"
        " push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rsi\n"
        " lea vectors_in(%rip), %rax\n cmpb $0, wide(%rip)\n jne 1f\n"
        SIXTEEN(LOAD) " jmp 2f\n"
        "1:" SIXTEEN(LOAD_WIDE)
        "2: mov %rsp, 128(%rsi)\n"
        " mov 120(%rdi), %rax\n push %rax\n popfq\n"
        " mov 0(%rdi), %rax\n mov 8(%rdi), %rbx\n mov 16(%rdi), %rcx\n mov 24(%rdi), %rdx\n mov 32(%rdi), %rsi\n"
        " mov 48(%rdi), %rbp\n mov 56(%rdi), %r8\n mov 64(%rdi), %r9\n mov 72(%rdi), %r10\n mov 80(%rdi), %r11\n"
        " mov 88(%rdi), %r12\n mov 96(%rdi), %r13\n mov 104(%rdi), %r14\n mov 112(%rdi), %r15\n"
        " mov 40(%rdi), %rdi\n"
        ".globl stepped_begin, stepped_site, stepped_end\n"
        "stepped_begin: int3\n"
        "stepped_site: syscall\n"
        " mov %rax, stepped_rax(%rip)\n"
        "stepped_end: int3\n"
        " push %rdi\n mov 8(%rsp), %rdi\n"
        " mov %rax, 0(%rdi)\n mov %rbx, 8(%rdi)\n mov %rcx, 16(%rdi)\n mov %rdx, 24(%rdi)\n mov %rsi, 32(%rdi)\n"
        " mov %rbp, 48(%rdi)\n mov %r8, 56(%rdi)\n mov %r9, 64(%rdi)\n mov %r10, 72(%rdi)\n mov %r11, 80(%rdi)\n"
        " mov %r12, 88(%rdi)\n mov %r13, 96(%rdi)\n mov %r14, 104(%rdi)\n mov %r15, 112(%rdi)\n"
        " pop %rax\n mov %rax, 40(%rdi)\n pushfq\n pop %rax\n mov %rax, 120(%rdi)\n cld\n"
        " sub %rsp, 128(%rdi)\n" /* how far the stack pointer has moved */
        " lea vectors_out(%rip), %rax\n cmpb $0, wide(%rip)\n jne 3f\n"
        SIXTEEN(STORE) " jmp 4f\n"
        "3:" SIXTEEN(STORE_WIDE)
        "4: pop %rsi\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
        /* The handler leaves nothing in the vector registers. */
        "stepped_handler: cmpb $0, wide(%rip)\n jne 5f\n"
        SIXTEEN(CLEAR) " jmp stepped_count\n"
        "5:" SIXTEEN(CLEAR_WIDE) " jmp stepped_count\n");
/* clang-format on */

static bool has_wide(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c >> 27 & 3) != 3) /* AVX, and an operating system that saves it */
        return false;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}

static const struct frame pattern = {
    .rbx = 0xb0b1b2b3b4b5b6b7,
    .rcx = 0xc0c1,
    .rbp = 0xa0a1a2a3a4a5a6a7,
    .r8 = 0x0808080808080808,
    .r9 = 0x0909090909090909,
    .r11 = 0x1111111111111111,
    .r12 = 0x1212121212121212,
    .r13 = 0x1313131313131313,
    .r14 = 0x1414141414141414,
    .r15 = 0x1515151515151515,
    .flags = 0x202,
};

static long result_of(const struct frame *out)
{
#ifdef GUEST_FREEBSD
    return out->flags & CF ? -(long)out->rax : (long)out->rax;
#else
    return (long)out->rax;
#endif
}

static bool registers_kept(const struct frame *in, const struct frame *out)
{
#ifdef GUEST_FREEBSD
    const uint64_t flags = FLAGS_ARITH | DF | 0x100; /* the carry is part of the result */
#else
    const uint64_t flags = FLAGS_ARITH | DF | 0x101;
#endif
    return in->rbx == out->rbx && in->rdx == out->rdx && in->rsi == out->rsi && in->rdi == out->rdi &&
           in->rbp == out->rbp && in->r12 == out->r12 && in->r13 == out->r13 && in->r14 == out->r14 &&
           in->r15 == out->r15 && out->rsp == 0 && out->rcx == (uint64_t)stepped_site + 2 && stepped_rax == out->rax &&
           !((in->flags ^ out->flags) & flags);
}

static bool vectors_kept(void)
{
    const size_t n = wide ? 32 : 16;

    for (int i = 0; i < 16; i++)
        if (memcmp(vectors_in.v[i], vectors_out.v[i], n))
            return false;
    return true;
}

#endif
