/* The memory calls, in the test's own address space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls/fd.h"
#include "syscalls/memory.h"
#include "tests/unit/fake_call.h"

int64_t sys_mmap(struct call *c, gva addr, uint64_t len, uint64_t prot, uint64_t flags, int fd, int64_t pos);
int64_t sys_munmap(struct call *c, gva addr, uint64_t len);
int64_t sys_mprotect(struct call *c, gva addr, uint64_t len, uint64_t prot);
int64_t sys_msync(struct call *c, gva addr, uint64_t len, uint64_t flags);
int64_t sys_minherit(struct call *c, gva addr, uint64_t len, int64_t inherit);
int64_t sys_madvise(struct call *c, gva addr, uint64_t len, int64_t advice);
int64_t sys_mincore(struct call *c, gva addr, uint64_t len, gva vec);
int64_t sys_mlock(struct call *c, gva addr, uint64_t len);
int64_t sys_munlock(struct call *c, gva addr, uint64_t len);
int64_t sys_mlockall(struct call *c, uint64_t how);
int64_t sys_munlockall(struct call *c);
int64_t sys_break(struct call *c, gva to);
int64_t sys_sbrk(struct call *c, int incr);

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static struct fake *f;

static int64_t map(uint64_t at, uint64_t len, uint64_t prot, uint64_t flags)
{
    return sys_mmap(fake_call(f), GVA(at), len, prot, flags, -1, 0);
}

static int64_t unmap(int64_t at, uint64_t len) { return sys_munmap(fake_call(f), GVA(at), len); }

static void refuses_what_freebsd_refuses(void **state)
{
    static const struct {
        uint64_t at, len, prot, flags;
        int      fd;
        int64_t  pos;
        int64_t  error;
    } bad[] = {
        {0, 0, RW, ANON, -1, 0, -EINVAL},
        {0, 4096, RW, ANON, 3, 0, -EINVAL},
        {0, 4096, RW, ANON, -1, 4096, -EINVAL},
        {0, 4096, RW, ANON | MAP_SHARED, -1, 0, -EINVAL},
        {4097, 4096, RW, ANON | MAP_FIXED, -1, 0, -EINVAL},
        {0, 4096, RW, ANON | D_MAP_EXCL, -1, 0, -EINVAL},
        {0, 4096, PROT_READ, D_MAP_STACK, -1, 0, -EINVAL},
        {0, 4096, RW, D_MAP_STACK, 3, 0, -EINVAL},
        {0, 4096, PROT_READ, D_MAP_GUARD, -1, 0, -EINVAL},
        {0, 4096, PROT_NONE, D_MAP_GUARD | MAP_SHARED, -1, 0, -EINVAL},
        {0, -1ull, RW, ANON, -1, 0, -ENOMEM},
        {0, 1ull << 60, RW, ANON, -1, 0, -ENOMEM},
        {0x7ffffffff000, 8192, RW, ANON | MAP_FIXED, -1, 0, -EINVAL},
        {-4096ull, 8192, RW, ANON | MAP_FIXED, -1, 0, -EINVAL},
        {0x7ffff000, 8192, RW, ANON | MAP_FIXED | D_MAP_32BIT, -1, 0, -EINVAL},
        {0, 4096, RW, MAP_PRIVATE, 99, 0, -EBADF},
        {ZONE_BASE, 4096, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},
        {ZONE_BASE - 4096, 8192, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},
        {ZONE_END - 4096, 8192, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(
            sys_mmap(fake_call(f), GVA(bad[i].at), bad[i].len, bad[i].prot, bad[i].flags, bad[i].fd, bad[i].pos),
            bad[i].error);
    assert_int_equal(unmap(0x10000, 0), -EINVAL);
    assert_int_equal(unmap(-4096, 8192), -EINVAL);
    assert_int_equal(sys_sbrk(fake_call(f), 1), -EOPNOTSUPP);
}

static void a_plain_mapping_is_one_host_call(void **state)
{
    int64_t at;

    (void)state;
    fake_count_reset();
    at = map(0, 100, RW, ANON);
    assert_true(at > 0 && !(at & 4095));
    memset((void *)at, 1, 4096);
    assert_int_equal(map(at, 4096, PROT_READ, ANON | MAP_FIXED), at);
    assert_int_equal(*(char *)at, 0);
    assert_int_equal(unmap(at, 1), 0);
    assert_int_equal(fake_host_calls(), 3);
}

static void a_hint_is_searched_upwards(void **state)
{
    const uint64_t hint = 0x300000000000;
    int64_t        a, b, c;

    (void)state;
    fake_count_reset();
    a = map(hint, 0x10000, PROT_NONE, ANON);
    assert_int_equal(a, hint);
    assert_int_equal(fake_host_calls(), 1);
    b = map(hint + 100, 0x10000, RW, ANON);
    assert_int_equal(b, hint + 0x10000);
    c = map(hint, 0x1000, RW, ANON);
    assert_int_equal(c, hint + 0x20000);
    unmap(a, 0x10000);
    unmap(b, 0x10000);
    unmap(c, 0x1000);
    /* A hint into our zone leads out of it. */
    a = map(ZONE_BASE + 0x100000, 4096, RW, ANON);
    assert_true(a > 0 && ((uint64_t)a < ZONE_BASE || (uint64_t)a >= ZONE_END));
    unmap(a, 4096);
}

static void the_heap_is_kept_free(void **state)
{
    int64_t at;

    (void)state;
    f->own.brk_base = f->own.brk = 0x310000000000;
    at = map(0x310000001000, 4096, RW, ANON);
    assert_int_equal(at, 0x310000000000 + (32ll << 30));
    unmap(at, 4096);
}

static void aligned_as_asked(void **state)
{
    (void)state;
    for (uint64_t shift = 12; shift < 32; shift += 3) {
        int64_t at[3];

        for (int i = 0; i < 3; i++) {
            at[i] = map(0, 0x5000, RW, ANON | shift << D_MAP_ALIGN_SHIFT);
            assert_true(at[i] > 0);
            assert_int_equal(at[i] & ((1ll << shift) - 1), 0);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(unmap(at[i], 0x5000), 0);
    }
    const int64_t at = map(0, 0x400000, RW, ANON | 1ull << D_MAP_ALIGN_SHIFT);

    assert_int_equal(at & 0x1fffff, 0);
    unmap(at, 0x400000);
    assert_int_equal(map(0, 4096, RW, ANON | 60ull << D_MAP_ALIGN_SHIFT), -ENOMEM);
}

static void exclusive_guard_stack_low(void **state)
{
    int64_t at = map(0, 0x4000, PROT_NONE, D_MAP_GUARD);

    (void)state;
    assert_true(at > 0);
    assert_int_equal(map(at, 0x1000, RW, ANON | MAP_FIXED | D_MAP_EXCL), -ENOMEM);
    unmap(at, 0x4000);
    assert_int_equal(map(at, 0x1000, RW, ANON | MAP_FIXED | D_MAP_EXCL), at);
    unmap(at, 0x1000);
    at = map(0, 0x100000, RW, D_MAP_STACK);
    memset((void *)at, 7, 0x100000);
    unmap(at, 0x100000);
    at = map(0, 0x1000, RW, ANON | D_MAP_32BIT);
    assert_true(at > 0 && at < 0x80000000);
    unmap(at, 0x1000);
}

static void files_at_any_offset(void **state)
{
    const int tmp = memfd_create("t", 0), root_fd = open("/", O_RDONLY | O_DIRECTORY);
    int64_t   at;
    int       fd, dir;

    (void)state;
    assert_int_equal(ftruncate(tmp, 8192), 0);
    assert_int_equal(pwrite(tmp, "hello", 5, 4100), 5);
    fd = fd_install(fake_call(f), &(struct fd_new){.hostfd = tmp, .kind = OF_FILE, .flags = O_RDWR}, 0);
    dir = fd_install(fake_call(f), &(struct fd_new){.hostfd = root_fd, .kind = OF_DIR}, 0);
    at = sys_mmap(fake_call(f), GVA(0), 5, PROT_READ, MAP_SHARED, fd, 4100);
    assert_int_equal(at & 4095, 4);
    assert_memory_equal((void *)at, "hello", 5);
    assert_int_equal(unmap(at, 5), 0);
    assert_int_equal(sys_mmap(fake_call(f), GVA(0), 5, PROT_READ, 0, fd, 0), -EINVAL);
    assert_int_equal(sys_mmap(fake_call(f), GVA(0), 5, PROT_READ, MAP_SHARED, fd, -4096), -EINVAL);
    assert_int_equal(sys_mmap(fake_call(f), GVA(0), 5, PROT_READ, MAP_SHARED, dir, 0), -EINVAL);
    at = sys_mmap(fake_call(f), GVA(0), 8192, RW, MAP_SHARED, fd, 0);
    assert_int_equal(sys_msync(fake_call(f), GVA(at), 8192, MS_SYNC), 0);
    assert_int_equal(sys_msync(fake_call(f), GVA(at + 4096), 0, MS_SYNC), 0);
    assert_int_equal(sys_msync(fake_call(f), GVA(at), 1, MS_ASYNC | MS_INVALIDATE), -EINVAL);
    unmap(at, 8192);
    assert_int_equal(sys_msync(fake_call(f), GVA(at), 0, MS_SYNC), -ENOMEM);
    fd_close(fake_call(f), fd);
    fd_close(fake_call(f), dir);
}

static void holes_are_passed_over(void **state)
{
    const int64_t at = map(0, 0x5000, RW, ANON);

    (void)state;
    unmap(at + 0x1000, 0x1000);
    unmap(at + 0x3000, 0x1000);
    assert_int_equal(sys_mprotect(fake_call(f), GVA(at), 0x5000, PROT_READ), 0);
    assert_int_equal(sys_mprotect(fake_call(f), GVA(at), 0x5000, RW), 0);
    *(volatile char *)(at + 0x4fff) = 1;
    assert_int_equal(sys_madvise(fake_call(f), GVA(at), 0x5000, MADV_FREE), 0);
    assert_int_equal(unmap(at, 0x5000), 0);
    assert_int_equal(sys_mprotect(fake_call(f), GVA(at), 0, PROT_READ), 0);
    assert_int_equal(sys_mprotect(fake_call(f), GVA(-4096), 8192, PROT_READ), -EINVAL);
}

/* What lies in our zone does not exist for the guest. */
static void the_zone_is_out_of_reach(void **state)
{
    (void)state;
    fake_count_reset();
    assert_int_equal(unmap(ZONE_BASE, ZONE_END - ZONE_BASE), 0);
    assert_int_equal(sys_mprotect(fake_call(f), GVA(ZONE_BASE), 4096, PROT_READ), 0);
    assert_int_equal(sys_madvise(fake_call(f), GVA(ZONE_BASE), 4096, MADV_FREE), 0);
    assert_int_equal(fake_host_calls(), 0);
    assert_int_equal(sys_mincore(fake_call(f), GVA(ZONE_BASE), 4096, GVA(0)), -ENOMEM);
    assert_int_equal(sys_mlock(fake_call(f), GVA(ZONE_BASE), 4096), -ENOMEM);
}

static void advice_is_never_an_error(void **state)
{
    static const int64_t advice[] = {MADV_NORMAL,   MADV_RANDOM,     MADV_WILLNEED, MADV_COLD,  MADV_FREE,
                                     D_MADV_NOSYNC, D_MADV_AUTOSYNC, MADV_DONTDUMP, MADV_DODUMP};
    const int64_t        at = map(0, 0x2000, RW, MAP_SHARED | MAP_ANONYMOUS);

    (void)state;
    *(char *)at = 9;
    for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++)
        assert_int_equal(sys_madvise(fake_call(f), GVA(at), 0x2000, advice[i]), 0);
    assert_int_equal(*(char *)at, 9);
    assert_int_equal(sys_madvise(fake_call(f), GVA(at), -1ull, MADV_NORMAL), -EINVAL);
    assert_int_equal(sys_madvise(fake_call(f), GVA(0), 0, D_MADV_PROTECT), 0);
    f->own.cred.euid = 1; /* not the superuser */
    assert_int_equal(sys_madvise(fake_call(f), GVA(0), 0, D_MADV_PROTECT), -EPERM);
    unmap(at, 0x2000);
}

static void mincore_says_what_is_there(void **state)
{
    const int64_t at = map(0, 0x3000, RW, ANON);
    uint8_t       vec[4] = {9, 9, 9, 9};

    (void)state;
    *(char *)(at + 0x1000) = 1;
    assert_int_equal(sys_mincore(fake_call(f), GVA(at), 0x2001, GVA((uintptr_t)vec)), 0);
    assert_int_equal(vec[0], 0);
    assert_int_equal(vec[1], 3);
    assert_int_equal(vec[2], 0);
    assert_int_equal(vec[3], 9);
    assert_int_equal(sys_mincore(fake_call(f), GVA(at), 0x3000, GVA(8)), -EFAULT);
    unmap(at, 0x3000);
    assert_int_equal(sys_mincore(fake_call(f), GVA(at), 0x3000, GVA((uintptr_t)vec)), -ENOMEM);
}

static int child_sees(int64_t at)
{
    const pid_t pid = fork();
    int         status;

    if (!pid && signal(SIGSEGV, SIG_DFL) != SIG_ERR)
        _exit(*(volatile unsigned char *)at);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void inheritance(void **state)
{
    int64_t at = map(0, 0x1000, RW, ANON);

    (void)state;
    *(char *)at = 5;
    assert_int_equal(sys_minherit(fake_call(f), GVA(at), 0x1000, 3), 0);
    assert_int_equal(child_sees(at), 0);
    assert_int_equal(sys_minherit(fake_call(f), GVA(at), 0x1000, 1), 0);
    assert_int_equal(child_sees(at), 5);
    assert_int_equal(sys_minherit(fake_call(f), GVA(at), 0x1000, 2), 0);
    assert_int_equal(child_sees(at), -SIGSEGV);
    assert_int_equal(sys_minherit(fake_call(f), GVA(at), 0x1000, 0), -EINVAL);
    unmap(at, 0x1000);
    at = map(0, 0x1000, RW, MAP_SHARED | MAP_ANONYMOUS);
    assert_int_equal(sys_minherit(fake_call(f), GVA(at), 0x1000, 0), 0);
    unmap(at, 0x1000);
}

static void locking(void **state)
{
    const int64_t at = map(0, 0x2000, RW, ANON);

    (void)state;
    assert_int_equal(sys_mlock(fake_call(f), GVA(at + 1), 1), 0);
    assert_int_equal(sys_munlock(fake_call(f), GVA(at + 1), 1), 0);
    unmap(at, 0x2000);
    assert_int_equal(sys_mlock(fake_call(f), GVA(at), 1), -ENOMEM);
    assert_int_equal(sys_mlock(fake_call(f), GVA(-4096), 8192), -EINVAL);
    assert_int_equal(sys_mlockall(fake_call(f), 0), -EINVAL);
    assert_int_equal(sys_munlockall(fake_call(f)), 0);
}

static void the_break_moves(void **state)
{
    const int64_t base = 0x320000000000;
    struct rlimit lim, low;

    (void)state;
    f->own.brk_base = f->own.brk = (uint64_t)base - 100;
    assert_int_equal(sys_break(fake_call(f), GVA(0)), base);
    assert_int_equal(sys_break(fake_call(f), GVA(base + 5000)), base + 8192);
    memset((void *)base, 1, 8192);
    assert_int_equal(sys_break(fake_call(f), GVA(base + 4096)), base + 4096);
    assert_int_equal(*(char *)base, 1);
    assert_int_equal(sys_break(fake_call(f), GVA(1)), base + 4096);
    assert_int_equal(sys_break(fake_call(f), GVA(base + 8192)), base + 8192);
    assert_int_equal(*(char *)(base + 4096), 0);
    /* Something is in the way. */
    assert_int_equal(map((uint64_t)base + 0x10000, 4096, RW, ANON | MAP_FIXED), base + 0x10000);
    assert_int_equal(sys_break(fake_call(f), GVA(base + 0x20000)), -ENOMEM);
    assert_int_equal(sys_break(fake_call(f), GVA(-1ull)), -ENOMEM);
    assert_int_equal(sys_break(fake_call(f), GVA(GUEST_END + 4096)), -ENOMEM);
    unmap(base + 0x10000, 4096);
    getrlimit(RLIMIT_DATA, &lim);
    low = (struct rlimit){1 << 20, lim.rlim_max};
    setrlimit(RLIMIT_DATA, &low);
    assert_int_equal(sys_break(fake_call(f), GVA(base + (2 << 20))), -ENOMEM);
    setrlimit(RLIMIT_DATA, &lim);
    assert_int_equal(sys_break(fake_call(f), GVA(base)), base);
}

/* Whatever fails on the way, no address of it stays mapped. */
static void a_failing_host_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 4; i++) {
        fake_fail_host(i, ENOMEM);
        const int64_t at = map(0, 0x5000, RW, ANON | 30ull << D_MAP_ALIGN_SHIFT);

        fake_fail_host(0, 0);
        assert_true(at == -ENOMEM || at > 0);
        if (at > 0)
            unmap(at, 0x5000);
    }
}

static int group_up(void **state)
{
    (void)state;
    f = fake_new();
    f->own.fds = fdtable_new();
    return 0;
}

static int group_down(void **state)
{
    (void)state;
    fake_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_freebsd_refuses),
        cmocka_unit_test(a_plain_mapping_is_one_host_call),
        cmocka_unit_test(a_hint_is_searched_upwards),
        cmocka_unit_test(the_heap_is_kept_free),
        cmocka_unit_test(aligned_as_asked),
        cmocka_unit_test(exclusive_guard_stack_low),
        cmocka_unit_test(files_at_any_offset),
        cmocka_unit_test(holes_are_passed_over),
        cmocka_unit_test(the_zone_is_out_of_reach),
        cmocka_unit_test(advice_is_never_an_error),
        cmocka_unit_test(mincore_says_what_is_there),
        cmocka_unit_test(inheritance),
        cmocka_unit_test(locking),
        cmocka_unit_test(the_break_moves),
        cmocka_unit_test(a_failing_host_leaves_nothing),
    };

    return cmocka_run_group_tests_name("syscalls/memory", tests, group_up, group_down);
}
