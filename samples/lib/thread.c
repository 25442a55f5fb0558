/* Threads straight on the kernel's calls: thr_new and _umtx_op on FreeBSD, clone and futex on Linux. */
#include "sample.h"

#define STACK_SIZE (64 * 1024)

static void thread_run(void *arg)
{
    struct thread *t = arg;

    t->result = t->fn(t->arg);
#ifdef GUEST_FREEBSD
    OS_CALL(431, &t->done); /* thr_exit: the kernel stores 1 and wakes when the stack is free */
#else
    OS_CALL(60, 0); /* the kernel clears t->done and wakes (CLONE_CHILD_CLEARTID) */
#endif
    for (;;)
        ;
}

#ifdef GUEST_FREEBSD
static long start(struct thread *t)
{
    struct os_thr_param p = {
        .start = thread_run,
        .arg = t,
        .stack_base = t->stack,
        .stack_size = t->stack_size,
        .tls_base = t->tls,
        .tls_size = sizeof(t->tls),
        .child_tid = &t->tid,
        .parent_tid = &t->tid,
    };

    t->done = 0;
    return OS_CALL(455, &p, sizeof(p));
}

long thread_join(struct thread *t)
{
    while (__atomic_load_n(&t->done, __ATOMIC_ACQUIRE) == 0)
        OS_CALL(454, &t->done, 2, 0, 0, 0); /* UMTX_OP_WAIT: a long, shared, as thr_exit wakes it */
    os_munmap(t->stack, t->stack_size);
    return t->result;
}
#else
long os_clone_run(long flags, void *stack, void *child_tid, void *tls, void (*run)(void *), void *arg);

static long start(struct thread *t)
{
    /* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID left out, CHILD_CLEARTID */
    long r;

    t->done = 1;
    r = os_clone_run(0x2d0f00, (char *)t->stack + t->stack_size, &t->done, t->tls, thread_run, t);
    t->tid = r;
    return r < 0 ? r : 0;
}

long thread_join(struct thread *t)
{
    while (__atomic_load_n((uint32_t *)&t->done, __ATOMIC_ACQUIRE) != 0)
        OS_CALL(202, &t->done, 0, 1, 0); /* FUTEX_WAIT, shared as the kernel wakes it */
    os_munmap(t->stack, t->stack_size);
    return t->result;
}
#endif

void thread_start(struct thread *t, thread_fn fn, void *arg)
{
    void *stack = os_mmap(0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    must((long)stack, "stack of a thread");
    *t = (struct thread){.stack = stack, .stack_size = STACK_SIZE, .fn = fn, .arg = arg};
    t->tls[0] = (uint64_t)t->tls;
    must(start(t), "start of a thread");
}

int64_t now_ns(int clock)
{
    struct os_timespec ts;

    must(os_clock_gettime(clock, &ts), "clock_gettime");
    return ts.sec * NSEC_PER_SEC + ts.nsec;
}

void sleep_ms(long ms)
{
    struct os_timespec ts = {ms / 1000, ms % 1000 * 1000000};

    while (os_nanosleep(&ts, &ts) == -EINTR)
        ;
}
