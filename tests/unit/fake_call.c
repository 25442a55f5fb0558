#include "tests/unit/fake_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "loader/gate/area.h"
#include "syscalls/arena.h"

struct session session __attribute__((weak)) = {.lock = PTHREAD_MUTEX_INITIALIZER, .arena_fd = -1, .gate_fd = -1};

static unsigned fail_host_at, fail_copy_at, fail_scratch_at, count_host, count_copy;
static int      fail_host_err, fail_copy_err;
static uint32_t next_index;

/* ---- the fake itself ------------------------------------------------------ */

static void nothing(int sig) { (void)sig; }

static void fake_once(void)
{
    struct sigaction sa = {.sa_handler = nothing}; /* no SA_RESTART: host calls must see it */

    int err = arena_init(&session.arena_fd);

    if (err < 0) {
        fprintf(stderr, "arena: %s\n", strerror(-err));
        abort();
    }
    sigaction(SIGUSR1, &sa, NULL);
}

static struct fake *fake_alloc(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct fake          *f = calloc(1, sizeof(*f));

    pthread_once(&once, fake_once);
    if (!f)
        abort();
    f->task.index = __atomic_fetch_add(&next_index, 1, __ATOMIC_RELAXED) % TASKS_MAX;
    f->task.state = TASK_LIVE;
    f->task.area = area_at(f->task.index);
    f->call.task = &f->task;
    return f;
}

struct fake *fake_new(void)
{
    struct fake *f = fake_alloc();

    f->own.actions = f->actions;
    f->own.space = f->task.index + 1;
    f->own.pid = getpid();
    f->own.nofile = f->own.nofile_max = 1024;
    f->own.ntasks = 1;
    LIST_INIT(&f->own.tasks);
    LIST_INIT(&f->own.children);
    LIST_INSERT_HEAD(&f->own.tasks, &f->task, link);
    STAILQ_INIT(&f->own.pending.queue);
    STAILQ_INIT(&f->task.pending.queue);
    f->task.tid = f->task.host_tid = getpid();
    f->task.proc = f->call.proc = &f->own;
    return f;
}

struct fake *fake_thread(struct fake *of)
{
    struct fake *f = fake_alloc();

    f->task.proc = f->call.proc = of->task.proc;
    f->call.abi = of->call.abi;
    f->task.tid = f->task.host_tid = 100000 + (int)f->task.index;
    STAILQ_INIT(&f->task.pending.queue);
    LIST_INSERT_HEAD(&f->task.proc->tasks, &f->task, link);
    f->task.proc->ntasks++;
    return f;
}

void fake_free(struct fake *f)
{
    LIST_REMOVE(&f->task, link);
    free(f);
}

struct call *fake_call(struct fake *f)
{
    f->call.scratch_used = 0;
    f->call.has_rv2 = f->call.no_result = false;
    f->call.abi = f->call.abi ? f->call.abi : f->task.proc->abi;
    __atomic_store_n(&f->host_tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
    f->task.call = &f->call;
    return &f->call;
}

static struct fake *fake_of(const struct call *c) { return (struct fake *)c->task; }

void fake_interrupt(struct fake *f)
{
    __atomic_store_n(&f->interrupted, 1, __ATOMIC_SEQ_CST);
    task_wake(&f->task);
    if (f->host_tid)
        syscall(SYS_tgkill, getpid(), f->host_tid, SIGUSR1);
}

void fake_calm(struct fake *f) { __atomic_store_n(&f->interrupted, 0, __ATOMIC_SEQ_CST); }

void fake_kill(struct fake *f)
{
    f->task.dead = true;
    f->task.state = TASK_GONE;
    task_wake(&f->task);
}

/* ---- injection ------------------------------------------------------------ */

static bool hit(unsigned *at)
{
    unsigned now = __atomic_load_n(at, __ATOMIC_RELAXED);

    while (now)
        if (__atomic_compare_exchange_n(at, &now, now - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return now == 1;
    return false;
}

void fake_fail_host(unsigned nth, int err)
{
    fail_host_at = nth;
    fail_host_err = err;
}

void fake_fail_copy(unsigned nth, int err)
{
    fail_copy_at = nth;
    fail_copy_err = err;
}

void fake_fail_scratch(unsigned nth) { fail_scratch_at = nth; }

void fake_count_reset(void) { count_host = count_copy = 0; }

unsigned fake_host_calls(void) { return count_host; }

unsigned fake_copies(void) { return count_copy; }

unsigned fake_open_fds(void)
{
    DIR     *d = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!d)
        abort();
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* ".", ".." and the directory's own */
}

/* ---- syscalls/call.h ------------------------------------------------------ */

static int copy_gate(struct call *c)
{
    if (c->task->dead)
        return -ESRCH;
    __atomic_fetch_add(&count_copy, 1, __ATOMIC_RELAXED);
    return hit(&fail_copy_at) ? -abs(fail_copy_err) : 0;
}

int copy_in(struct call *c, void *dst, gva src, size_t n)
{
    struct iovec l = {dst, n}, r = {(void *)src.va, n};
    const int    err = copy_gate(c);

    if (err || !n)
        return err;
    return process_vm_readv(getpid(), &l, 1, &r, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

int copy_out(struct call *c, gva dst, const void *src, size_t n)
{
    struct iovec l = {(void *)src, n}, r = {(void *)dst.va, n};
    const int    err = copy_gate(c);

    if (err || !n)
        return err;
    return process_vm_writev(getpid(), &l, 1, &r, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

int64_t copy_in_str(struct call *c, char *dst, gva src, size_t max)
{
    const int err = copy_gate(c);
    size_t    n = 0;

    if (err)
        return err;
    while (n < max) {
        const size_t to_page_end = 4096 - ((src.va + n) & 4095), want = to_page_end < max - n ? to_page_end : max - n;
        struct iovec l = {dst + n, want}, r = {(void *)(src.va + n), want};

        if (process_vm_readv(getpid(), &l, 1, &r, 1, 0) != (ssize_t)want)
            return -EFAULT;

        const char *end = memchr(dst + n, 0, want);

        if (end)
            return end - dst;
        n += want;
    }
    return -ENAMETOOLONG;
}

int struct_in(struct call *c, const struct layout *l, void *host, gva src)
{
    uint8_t   guest[LAYOUT_GUEST_MAX];
    const int err = copy_in(c, guest, src, l->gsize);

    return err ? err : layout_to_host(l, guest, host);
}

int struct_out(struct call *c, const struct layout *l, gva dst, const void *host)
{
    uint8_t guest[LAYOUT_GUEST_MAX];

    layout_to_guest(l, host, guest);
    return copy_out(c, dst, guest, l->gsize);
}

int put_int(struct call *c, gva dst, int32_t v) { return copy_out(c, dst, &v, sizeof(v)); }

int put_long(struct call *c, gva dst, int64_t v) { return copy_out(c, dst, &v, sizeof(v)); }

static int64_t raw_call(long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const long r = syscall(nr, a, b, d, e, f, g);

    return r == -1 ? -errno : r;
}

int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    if (c->task->dead)
        return -ESRCH;
    __atomic_fetch_add(&count_host, 1, __ATOMIC_RELAXED);
    if (hit(&fail_host_at)) {
        if (nr == SYS_close)
            raw_call(nr, a, b, d, e, f, g);
        return -abs(fail_host_err);
    }
    return raw_call(nr, a, b, d, e, f, g);
}

int64_t host_wait_once6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    if (call_interrupted(c))
        return -ERESTART;

    const int64_t r = host_call6(c, nr, a, b, d, e, f, g);

    return r == -EINTR && call_interrupted(c) ? -ERESTART : r;
}

int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    int64_t r;

    do
        r = host_wait_once6(c, nr, a, b, d, e, f, g);
    while (r == -EINTR);
    return r;
}

int guest_cas32(struct call *c, gva at, uint32_t expect, uint32_t want, uint32_t *old)
{
    const int err = copy_in(c, old, at, sizeof(*old));

    if (err)
        return err;
    *old = expect;
    __atomic_compare_exchange_n((uint32_t *)at.va, old, want, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return 0;
}

struct scratch scratch_get(struct call *c, size_t n)
{
    struct fake *f = fake_of(c);
    void        *p = f->scratch + c->scratch_used;

    n = (n + 15) & ~(size_t)15;
    if (n > SCRATCH_SIZE - c->scratch_used || hit(&fail_scratch_at))
        return (struct scratch){NULL, 0};
    c->scratch_used += n;
    return (struct scratch){p, (uint64_t)(uintptr_t)p};
}

void task_sleep_prepare(struct call *c) { __atomic_store_n(&fake_of(c)->woken, 0, __ATOMIC_SEQ_CST); }

int task_sleep(struct call *c, const struct timespec *deadline)
{
    struct fake *f = fake_of(c);

    for (;;) {
        if (c->task->dead)
            return -ESRCH;
        if (call_interrupted(c))
            return -ERESTART;
        if (__atomic_load_n(&f->woken, __ATOMIC_SEQ_CST))
            return 0;
        if (syscall(SYS_futex, &f->woken, FUTEX_WAIT_BITSET, 0, deadline, NULL, FUTEX_BITSET_MATCH_ANY) < 0 &&
            errno == ETIMEDOUT)
            return -ETIMEDOUT;
    }
}

void task_wake(struct task *t)
{
    struct fake *f = (struct fake *)t;

    __atomic_store_n(&f->woken, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &f->woken, FUTEX_WAKE, 1);
}

int host_fd_fetch(struct call *c, int hostfd) { return (int)host_call(c, SYS_fcntl, hostfd, F_DUPFD_CLOEXEC, 3); }

bool call_interrupted(struct call *c) { return __atomic_load_n(&fake_of(c)->interrupted, __ATOMIC_SEQ_CST) != 0; }
