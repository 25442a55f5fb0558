/*
 * syscalls/gate_host.h: a host call as it is in the gate: the instruction itself,
 * where the handler asks for it.  The host's kernel leaves no return address
 * predicted, so each function that a result has to climb out of costs some 5 ns.
 */
#ifndef DRAGOMAN_SYSCALLS_GATE_HOST_H
#define DRAGOMAN_SYSCALLS_GATE_HOST_H

#include <stdint.h>

/* call.h includes it, behind struct call. */

#ifdef GATE_MEASURED /* the gate of `dragoman stat`, which counts them (measure.c) */
int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g);
int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g);
#else

#define HOST_REGISTERS                                                                                                 \
    register uint64_t r10 __asm__("r10") = e;                                                                          \
    register uint64_t r8 __asm__("r8") = f;                                                                            \
    register uint64_t r9 __asm__("r9") = g;                                                                            \
    int64_t           r

static inline __attribute__((always_inline)) int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b,
                                                                uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    HOST_REGISTERS;

    (void)c;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(nr), "D"(a), "S"(b), "d"(d), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

/*
 * A call that may block is not made while a signal is noted.  A signal between the
 * look and the instruction finds the window in a table, and leads out of it
 * (gate_note).  Whether the guest will see the signal is the provider's to say: the
 * call begins anew there, and is told whether it was made here.
 */
static inline __attribute__((always_inline)) int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b,
                                                                uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    HOST_REGISTERS;

    __asm__ volatile("1: cmpq $0, %%gs:8\n" /* AREA_NOTED */
                     "   jne 3f\n"
                     "   syscall\n"
                     "2:\n"
                     "   .subsection 1\n"
                     "3: mov $-512, %%rax\n" /* -ERESTART */
                     "   jmp 2b\n"
                     "   .previous\n"
                     "   .pushsection .gate.windows, \"a\"\n"
                     "   .quad 1b, 2b, 3b\n"
                     "   .popsection"
                     : "=a"(r)
                     : "a"(nr), "D"(a), "S"(b), "d"(d), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    if (r == -4) { /* -EINTR */
        c->waited = true;
        return -512;
    }
    return r;
}

#endif
#endif
