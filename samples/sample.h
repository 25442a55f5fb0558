/*
 * sample.h: what every sample program is written against.
 *
 * One source builds for each ABI (GUEST_FREEBSD, GUEST_LINUX) with no C library
 * at all, so that the run of a foreign build can be compared with the native
 * one, byte for byte.  Samples therefore print names (errors, signals, codes)
 * and never numbers that differ from one kernel to the other.
 *
 * os_* calls return a value or a negative E* number of the guest's own kernel.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long (*thread_fn)(void *);

struct os_timespec {
    int64_t sec, nsec;
};

struct os_iovec {
    void  *base;
    size_t len;
};

#if defined(GUEST_FREEBSD)
#include "os/freebsd.h"
#elif defined(GUEST_LINUX)
#include "os/linux.h"
#else
#error "no guest ABI chosen"
#endif

/* ---- lib/crt.c: the registers and the block a program starts with */
struct start_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
};
extern struct start_regs start_regs;
extern uint64_t         *start_block; /* argc, argv..., NULL, envp..., NULL, auxv */

int main(int argc, char **argv, char **envp);
/* The whole of a sample where its kernel is not the one that it is about. */
#define OTHER_KERNEL_SAYS(text)                                                                                        \
    int main(int argc, char **argv, char **envp)                                                                       \
    {                                                                                                                  \
        (void)argc;                                                                                                    \
        (void)argv;                                                                                                    \
        (void)envp;                                                                                                    \
        print(text);                                                                                                   \
        return 0;                                                                                                      \
    }
uint64_t start_auxv(uint64_t type, bool *found);

/* ---- lib/print.c: %s %c %d %u %x with l or z, a width and a leading 0; one write a call */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void print_to(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int  print_into(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int  print_va_into(char *buf, size_t size, const char *fmt, va_list ap);

/* Prints "ok WHAT" or "FAILED WHAT"; a sample returns check_status(). */
void check(bool ok, const char *what);
/* Like check, but for a result: prints the error's name when it is not the one wanted. */
void check_err(long got, long want, const char *what);
int  check_status(void);
/* Ends the program with status 1 when r is an error; returns r. */
long must(long r, const char *what);

const char *err_name(long err); /* takes both signs */
const char *sig_name(int sig);

/* ---- lib/string.c */
void  *memcpy(void *to, const void *from, size_t n);
void  *memset(void *to, int c, size_t n);
void  *memmove(void *to, const void *from, size_t n);
int    memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int    strcmp(const char *a, const char *b);
char  *strcpy(char *to, const char *from);
long   parse_int(const char *s);

/* ---- lib/thread.c: mutex, condition variable and join on what the kernel offers */
struct thread {
    long      tid;
    long      done; /* the kernel or the thread sets it when the stack is free */
    void     *stack;
    size_t    stack_size;
    thread_fn fn;
    void     *arg;
    long      result;
    uint64_t  tls[8]; /* tls[0] points at itself, as the thread pointer of every ABI here does */
};
void thread_start(struct thread *t, thread_fn fn, void *arg);
long thread_join(struct thread *t);

#define NSEC_PER_SEC 1000000000L
int64_t now_ns(int clock);
void    sleep_ms(long ms);

#endif
