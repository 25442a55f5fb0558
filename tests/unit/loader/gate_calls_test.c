/* The gate's own short cuts: what they serve, and what they leave to the provider. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/gate/futex.c"
#include "loader/gate/memory.c"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "syscalls/fd.h"
#include "tests/unit/fake_call.h"

static struct fake *f;

static int64_t umtx(void *obj, int64_t op, uint64_t val, uint64_t size, const void *t)
{
    return gate__umtx_op(fake_call(f), GVA((uintptr_t)obj), op, val, GVA(size), GVA((uintptr_t)t));
}

static void waits_and_wakes(void **state)
{
    struct time_arg t = {.timeout = {0, 3000000}, .clock = 4};
    uint64_t        l = 0;

    (void)state;
    assert_int_equal(umtx(&l, UMTX_WAKE, 1, 0, NULL), 0);
    assert_int_equal(umtx(NULL, UMTX_WAKE, 1, 0, NULL), -EFAULT);
    assert_int_equal(umtx(NULL, UMTX_WAKE_PRIVATE, 1, 0, NULL), 0);
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT_PRIVATE, 1, 0, NULL), 0);
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 1, 0, NULL), -GATE_PUNT); /* the first of its kind */
    assert_int_equal(umtx(&l, UMTX_WAIT, 1ull << 32, 0, NULL), -GATE_PUNT);
    fake_call(f)->task->area->auto_waits = 1;
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 1, 0, NULL), 0);
    assert_int_equal(umtx(&l, UMTX_WAIT, 1ull << 32, 0, NULL), 0);
    for (t.clock = 0; t.clock < 14; t.clock++)
        assert_int_equal(umtx(&l, UMTX_WAIT_UINT_PRIVATE, 0, 24, &t), clocks[t.clock] == '.' ? -GATE_PUNT : -ETIMEDOUT);
    for (t.clock = 0; t.clock <= 4; t.clock += 4) {
        t.flags = UMTX_ABSTIME;
        clock_gettime(t.clock ? CLOCK_MONOTONIC : CLOCK_REALTIME, &t.timeout);
        assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 0, 24, &t), -ETIMEDOUT);
    }
    t = (struct time_arg){.timeout = {0, 1}, .clock = 99};
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 0, 16, &t), -ETIMEDOUT); /* a plain timespec */
}

static void leaves_the_rest(void **state)
{
    struct time_arg t = {.timeout = {-1, 0}};
    uint64_t        l = 0;

    (void)state;
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 0, 24, &t), -GATE_PUNT);
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 0, 24, (void *)8), -GATE_PUNT);
    assert_int_equal(umtx(&l, UMTX_WAIT_UINT, 1ull << 32, 0, NULL), -GATE_PUNT);
    assert_int_equal(umtx(&l, UMTX_WAIT, 0, 24, &t), -GATE_PUNT);
    for (int64_t op = -1; op < 40; op++)
        if (op != UMTX_WAIT && op != UMTX_WAKE && op != UMTX_WAIT_UINT && op != UMTX_WAIT_UINT_PRIVATE &&
            op != UMTX_WAKE_PRIVATE)
            assert_int_equal(umtx(&l, op, 0, 0, NULL), -GATE_PUNT);
    fake_fail_scratch(1);
    assert_int_equal(umtx(&l, UMTX_WAIT, 0, 0, NULL), -GATE_PUNT);
    fake_fail_scratch(0);
}

static int64_t nap(int64_t sec, int64_t nsec, void *rm)
{
    const struct timespec rq = {sec, nsec};

    return gate_nanosleep(fake_call(f), GVA((uintptr_t)&rq), GVA((uintptr_t)rm));
}

static void sleeps(void **state)
{
    struct timespec rm;

    (void)state;
    assert_int_equal(nap(0, 1000, NULL), 0);
    assert_int_equal(nap(0, 0, NULL), 0);
    assert_int_equal(nap(0, 1000, &rm), 0);
    assert_int_equal(nap(-1, 0, NULL), -GATE_PUNT);
    assert_int_equal(nap(0, NSEC, NULL), -GATE_PUNT);
    assert_int_equal(gate_nanosleep(fake_call(f), GVA(8), GVA(0)), -GATE_PUNT);
}

static int64_t map(uint64_t at, uint64_t len, uint64_t flags, int fd, uint64_t pos)
{
    struct call *c = fake_call(f);

    c->raw[5] = pos;
    return gate_mmap(c, GVA(at), len, PROT_READ | PROT_WRITE, flags, fd);
}

static void maps_memory(void **state)
{
    const uint64_t anon = MAP_PRIVATE | MAP_ANONYMOUS;
    const int64_t  at = map(0, 8000, anon, -1, 0), other = map(0, 1, MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(at > 0 && other > 0);
    *(volatile char *)at = 1;
    assert_int_equal(map((uint64_t)at, 4096, anon | MAP_FIXED, -1, 0), at);
    assert_int_equal(*(char *)at, 0);
    assert_int_equal(gate_mprotect(fake_call(f), GVA(at), 8192, PROT_READ), 0);
    assert_int_equal(gate_madvise(fake_call(f), GVA(at), 8192, MADV_FREE), 0);
    assert_int_equal(gate_munmap(fake_call(f), GVA(at + 1), 8000), 0);
    assert_int_equal(gate_munmap(fake_call(f), GVA(other), 1), 0);
    assert_int_equal(gate_mprotect(fake_call(f), GVA(at), 8192, PROT_READ), -GATE_PUNT);
}

static void leaves_other_mappings(void **state)
{
    static const struct {
        uint64_t at, len, flags;
        int      fd;
        uint64_t pos;
    } rest[] = {
        {0, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
        {0, -1ull, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
        {0, 1, MAP_PRIVATE | MAP_ANONYMOUS, 3, 0},
        {0, 1, MAP_PRIVATE, -1, 0},
        {0, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 4096},
        {0, 1, MAP_PRIVATE | MAP_SHARED | MAP_ANONYMOUS, -1, 0},
        {0, 1, MAP_PRIVATE | MAP_ANONYMOUS | D_MAP_EXCL, -1, 0},
        {0x300000000000, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
        {0x300000000001, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0},
        {0, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0},
        {ZONE_END - 4096, 8192, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0},
        {GUEST_END, 4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0},
    };

    (void)state;
    fake_count_reset();
    for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
        assert_int_equal(map(rest[i].at, rest[i].len, rest[i].flags, rest[i].fd, rest[i].pos), -GATE_PUNT);
    assert_int_equal(gate_munmap(fake_call(f), GVA(ZONE_BASE), 1), -GATE_PUNT);
    assert_int_equal(gate_munmap(fake_call(f), GVA(0x300000000000), 0), -GATE_PUNT);
    assert_int_equal(gate_mprotect(fake_call(f), GVA(-4096ull), 8192, 0), -GATE_PUNT);
    assert_int_equal(gate_madvise(fake_call(f), GVA(0x300000000000), 1, D_MADV_PROTECT), -GATE_PUNT);
    assert_int_equal(fake_host_calls(), 0);
}

static void maps_files(void **state)
{
    char                name[] = "/tmp/dragoman-test-XXXXXX";
    const int           host = mkstemp(name);
    const struct fd_new n = {.hostfd = host, .kind = OF_FILE, .flags = O_RDWR};
    const struct fd_new p = {.hostfd = dup(host), .kind = OF_PIPE};
    int                 fd, other;
    char               *at;

    (void)state;
    unlink(name);
    assert_int_equal(ftruncate(host, 8192) | (int)pwrite(host, "page", 4, 4096), 4);
    fd = fd_install(fake_call(f), &n, 0);
    other = fd_install(fake_call(f), &p, 0);
    at = (char *)map(0, 4096, MAP_SHARED, fd, 4096);
    assert_string_equal(at, "page");
    assert_int_equal(gate_msync(fake_call(f), GVA((uintptr_t)at), 1, MS_SYNC), 0);
    assert_int_equal(gate_msync(fake_call(f), GVA((uintptr_t)at), 0, MS_SYNC), -GATE_PUNT);
    assert_int_equal(gate_munmap(fake_call(f), GVA((uintptr_t)at), 4096), 0);
    assert_int_equal(gate_msync(fake_call(f), GVA((uintptr_t)at), 1, MS_SYNC), -ENOMEM);
    assert_int_equal(map(0, 4096, MAP_SHARED, fd, 1), -GATE_PUNT);
    assert_int_equal(map(0, 4096, MAP_SHARED, fd, 1ull << 63), -GATE_PUNT);
    assert_int_equal(map(0, 4096, 0, fd, 0), -GATE_PUNT);
    assert_int_equal(map(0, 4096, MAP_SHARED, 99, 0), -GATE_PUNT);
    assert_int_equal(map(0, 4096, MAP_SHARED, other, 0), -GATE_PUNT);
    fd_close(fake_call(f), fd);
    fd_close(fake_call(f), other);
}

static void says_what_is_there(void **state)
{
    const uint64_t at = (uint64_t)map(0, 8192, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t        is[2] = {7, 7};

    (void)state;
    *(volatile char *)at = 1;
    assert_int_equal(gate_mincore(fake_call(f), GVA(at), 8192, GVA((uintptr_t)is)), 0);
    assert_int_equal(is[0] == INCORE && is[1] == 0, true);
    assert_int_equal(gate_mincore(fake_call(f), GVA(at), 8192, GVA(8)), -EFAULT);
    assert_int_equal(gate_mlock(fake_call(f), GVA(at), 1), 0);
    assert_int_equal(gate_munlock(fake_call(f), GVA(at), 1), 0);
    assert_int_equal(gate_munmap(fake_call(f), GVA(at), 8192), 0);
    assert_int_equal(gate_mincore(fake_call(f), GVA(at), 8192, GVA((uintptr_t)is)), -GATE_PUNT);
    assert_int_equal(gate_mincore(fake_call(f), GVA(at), (MINCORE_MAX + 1) * PAGE, GVA((uintptr_t)is)), -GATE_PUNT);
    assert_int_equal(gate_mlock(fake_call(f), GVA(ZONE_BASE), 1), -GATE_PUNT);
    assert_int_equal(gate_munlock(fake_call(f), GVA(-1ull), 4), -GATE_PUNT);
}

/* Where code was rewritten, the provider makes the call, which puts it back first. */
static void leaves_what_is_watched(void **state)
{
    struct gate_sites *g = gate_sites_of(fake_call(f)->proc->fds);
    const uint64_t     at = (uint64_t)map(0, 0x40000, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    g->watched[0] = (uint32_t)((at + 0x20000) >> WATCHED_SHIFT);
    g->nwatched = 1;
    assert_int_equal(gate_mprotect(fake_call(f), GVA(at), 0x40000, PROT_READ), -GATE_PUNT);
    assert_int_equal(gate_munmap(fake_call(f), GVA(at + 0x10000), 0x20000), -GATE_PUNT);
    assert_int_equal(gate_munmap(fake_call(f), GVA(at), 0x10000), 0);
    g->nwatched = WATCHED_MAX + 1; /* too many to name */
    assert_int_equal(gate_munmap(fake_call(f), GVA(at + 0x10000), 1), -GATE_PUNT);
    g->nwatched = 0;
    assert_int_equal(gate_munmap(fake_call(f), GVA(at + 0x10000), 0x30000), 0);
}

static int group_up(void **state)
{
    (void)state;
    f = fake_new();
    fake_call(f)->proc->fds = fdtable_new();
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
        cmocka_unit_test(waits_and_wakes),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(sleeps),
        cmocka_unit_test(maps_memory),
        cmocka_unit_test(leaves_other_mappings),
        cmocka_unit_test(leaves_what_is_watched),
        cmocka_unit_test(maps_files),
        cmocka_unit_test(says_what_is_there),
    };

    return cmocka_run_group_tests_name("loader/gate calls", tests, group_up, group_down);
}
