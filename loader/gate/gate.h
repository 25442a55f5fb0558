/* loader/gate/gate.h: the gate's own functions, between gate.S and gate.c. */
#ifndef DRAGOMAN_LOADER_GATE_GATE_H
#define DRAGOMAN_LOADER_GATE_GATE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "loader/gate/area.h"

#pragma GCC visibility push(hidden) /* no global offset table in the gate */

int64_t gate_host(long nr, const uint64_t args[6]);
int64_t gate_host_wait(long nr, const uint64_t args[6]); /* -ERESTART at once when a signal is noted */
int64_t gate_door(uint32_t index);
int64_t gate_clone(const uint64_t args[5], struct area *child);
int64_t gate_clone_quiet(struct area *a);
/* Copies n bytes; 0, or -EFAULT where one side is not mapped. */
int gate_copy(void *to, const void *from, size_t n);
/* Up to n bytes, with the NUL: its length, n when there is none, -EFAULT. */
int64_t        gate_copy_str(char *to, const char *from, size_t n);
int            gate_cas(uint32_t *at, uint32_t expect, uint32_t want, uint32_t *old);
_Noreturn void gate_leave(uint64_t ucontext);

/* Asks the provider by a->event, and carries out its orders until it says that the guest goes on. */
void           gate_serve(struct area *a);
int            gate_trap(int sig, siginfo_t *si, ucontext_t *uc);
void           gate_again(void);
struct area   *gate_boot(uint64_t *sp);
_Noreturn void gate_boot_on_own_stack(struct area *a);
_Noreturn void gate_enter(const struct gate_exec *e);
_Noreturn void gate_child(struct area *a);

/* loader/bytes.c; the compiler calls them of its own accord, too. */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
/* string.c */
size_t strlen(const char *s);
int    strcmp(const char *a, const char *b);
char  *strrchr(const char *s, int ch);
void  *memchr(const void *s, int ch, size_t n);

#define AT(l) ((uint64_t)(l))

static inline int64_t host(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    const uint64_t args[6] = {a, b, c, d, e, f};
    return gate_host(nr, args);
}

/* filter.c: the filter of this process; the descriptor that listens, 0 under the ptrace door, -errno. */
int64_t filter_install(bool ptrace_door, bool dispatch);
/* Of this thread, by address.  0, -errno where the host lacks it. */
int64_t dispatch_start(void);

static inline struct area *area_self(void)
{
    struct area *a;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(a));
    return a;
}

/* measure.c: nothing at all but in the measured gate.  flags: the guest's, as the call leaves them. */
#ifdef GATE_MEASURED
void    measure_enter(struct area *a, enum measure_how how, uint64_t nr);
void    measure_served(struct area *a);
void    measure_leave(struct area *a, uint64_t flags);
int64_t measured_host(long nr, const uint64_t args[6]);
int64_t measured_host_wait(long nr, const uint64_t args[6]);
int64_t measured_door(uint32_t index);
int64_t measured_clone(struct area *a);
#else
#define measure_enter(a, how, nr) ((void)0)
#define measure_served(a)         ((void)0)
#define measure_leave(a, flags)   ((void)0)
#define measured_host             gate_host
#define measured_host_wait        gate_host_wait
#define measured_door             gate_door
#define measured_clone            gate_clone_quiet
#endif

typedef void label(void);
extern label gate_entry, gate_exit_start, gate_exit_end;
/* Where a host call that may block is about to be made, and where a signal leads to from there (gate_host.h). */
struct gate_window {
    uint64_t start, end, eintr;
};
extern const struct gate_window gate_windows[], gate_windows_end[];

extern label gate_fast, gate_fast_exit_start, gate_fast_exit_end, gate_stub_call, gate_stub_noted;
extern label gate_door_ip, gate_cas_insn, gate_cas_fault, gate_copy_fault, gate_text_end;

/* rows.c: serves the call in a->regs by itself, and puts its result there.  false: nothing was done, the provider
 * has to. */
bool gate_call(struct area *a, bool fast);
/* Once for each task, before its first call. */
void gate_call_init(struct area *a);
/* gate.S: how a call through a rewritten site ends, which does not return from gate_call: served, or not. */
#define GATE_JUMP(where)                                                                                               \
    do {                                                                                                               \
        __asm__ volatile("jmp " where : : : "memory");                                                                 \
        __builtin_unreachable();                                                                                       \
    } while (0)
#define gate_fast_exit() GATE_JUMP("gate_fast_exit") /* not a call: none would ever return */
#define gate_fast_punt() GATE_JUMP("gate_fast_punt")

#pragma GCC visibility pop

#endif
