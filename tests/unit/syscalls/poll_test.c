/*
 * poll, ppoll, select and pselect over the test's own descriptors.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "abi/freebsd/flags.h"
#include "syscalls/poll.h"
#include "tests/unit/fake_call.h"

static const struct row poll_row = {.args = {{.of = &freebsd_flags_poll}}};
static struct sigset    mask_set;
static int              masks;

void signal_mask_for_call(struct call *c, const struct sigset *mask)
{
    (void)c;
    mask_set = *mask;
    masks++;
}

struct fix {
    struct fake *f;
    unsigned     fds_before;
    int          p[2]; /* of the guest */
    int          h[2]; /* of the host */
};

static struct call *call(struct fix *x)
{
    struct call *c = fake_call(x->f);

    c->row = &poll_row;
    return c;
}

static int give(struct fix *x, int hostfd)
{
    const struct fd_new n = {.hostfd = hostfd, .kind = OF_PIPE, .flags = O_RDWR};

    return fd_install(call(x), &n, 0);
}

static int fix_new(void **state)
{
    struct fix *x = calloc(1, sizeof(*x));

    x->f = fake_new();
    x->fds_before = fake_open_fds();
    x->f->own.fds = fdtable_new();
    assert_int_equal(pipe(x->h), 0);
    x->p[0] = give(x, x->h[0]);
    x->p[1] = give(x, x->h[1]);
    *state = x;
    return 0;
}

static int fix_free(void **state)
{
    struct fix *x = *state;

    fd_close_range(call(x), 0, ~0u, 0);
    fdtable_free(x->f->own.fds);
    assert_int_equal(fake_open_fds(), x->fds_before);
    fake_free(x->f);
    free(x);
    return 0;
}

static int64_t do_poll(struct fix *x, struct pollfd *p, unsigned n, int ms)
{
    return sys_poll(call(x), GVA((uintptr_t)p), n, ms);
}

static void poll_tells_what_is_ready(void **state)
{
    struct fix   *x = *state;
    struct pollfd p[4] = {{x->p[0], 0x1, 9}, {x->p[1], 0x4, 9}, {-1, 0x1, 9}, {x->p[0], 0x40, 9}};

    assert_int_equal(do_poll(x, p, 4, 0), 1);
    assert_int_equal(p[0].revents, 0);
    assert_int_equal(p[1].revents, 4);
    assert_int_equal(p[2].revents, 0);
    assert_int_equal(write(x->h[1], "x", 1), 1);
    assert_int_equal(do_poll(x, p, 4, -1), 3);
    assert_int_equal(p[0].revents, 1);
    assert_int_equal(p[3].revents, 0x40);
    assert_int_equal(fd_close(call(x), x->p[0]), 0);
    assert_int_equal(do_poll(x, p + 1, 1, 0), 1);
    assert_int_equal(p[1].revents & 8, 8); /* POLLERR: no reader */
}

static void poll_reports_what_is_not_open_at_once(void **state)
{
    struct fix   *x = *state;
    struct pollfd p[2] = {{x->p[0], 1, 9}, {700, 1, 9}};

    assert_int_equal(do_poll(x, p, 2, -1), 1);
    assert_int_equal(p[0].revents, 0);
    assert_int_equal(p[1].revents, 0x20);
}

static void hangup_excludes_pollout(void **state)
{
    struct fix *x = *state;
    int         s[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    close(s[1]);

    struct pollfd p = {give(x, s[0]), 0x1 | 0x4 | 0x4000, 0};

    assert_int_equal(do_poll(x, &p, 1, 0), 1);
    assert_int_equal(p.revents, 0x1 | 0x10 | 0x4000);
}

static void bad_poll_arguments(void **state)
{
    struct fix           *x = *state;
    struct pollfd         p = {x->p[0], 1, 0};
    const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}};

    assert_int_equal(do_poll(x, &p, 1, -2), -EINVAL);
    assert_int_equal(sys_poll(call(x), GVA(8), 1, 0), -EFAULT);
    assert_int_equal(do_poll(x, &p, 1025, 0), -EINVAL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sys_ppoll(call(x), GVA((uintptr_t)&p), 1, &bad[i], NULL), -EINVAL);
    assert_int_equal(sys_poll(call(x), GVA(0), 0, 0), 0);
}

static int64_t elapsed_ms(const struct timespec *from)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (t.tv_sec - from->tv_sec) * 1000 + (t.tv_nsec - from->tv_nsec) / 1000000;
}

static void time_outs(void **state)
{
    struct fix           *x = *state;
    struct pollfd         p = {x->p[0], 1, 0};
    const struct timespec ts = {0, 30000000};
    const struct sigset   m = {{5, 0}};
    struct timespec       t0;

    clock_gettime(CLOCK_MONOTONIC, &t0);
    assert_int_equal(do_poll(x, &p, 1, 30), 0);
    assert_true(elapsed_ms(&t0) >= 30);
    masks = 0;
    assert_int_equal(sys_ppoll(call(x), GVA((uintptr_t)&p), 1, &ts, &m), 0);
    assert_int_equal(masks, 1);
    assert_int_equal(mask_set.w[0], 5);
    assert_true(elapsed_ms(&t0) >= 60);
}

static void *interrupt_later(void *arg)
{
    usleep(20000);
    fake_interrupt(arg);
    return NULL;
}

static void a_signal_interrupts(void **state)
{
    struct fix   *x = *state;
    struct pollfd p = {x->p[0], 1, 0};
    uint64_t      in = 1ull << x->p[0];
    pthread_t     t;

    assert_int_equal(pthread_create(&t, NULL, interrupt_later, x->f), 0);
    assert_int_equal(do_poll(x, &p, 1, 10000), -EINTR);
    pthread_join(t, NULL);
    fake_calm(x->f);
    assert_int_equal(pthread_create(&t, NULL, interrupt_later, x->f), 0);
    assert_int_equal(sys_select(call(x), x->p[0] + 1, GVA((uintptr_t)&in), GVA(0), GVA(0), NULL), -EINTR);
    pthread_join(t, NULL);
    fake_calm(x->f);
}

/* Scratch takes 2500; the rest goes through mapped memory. */
static void many_descriptors(void **state)
{
    enum { N = 4000 };
    struct fix    *x = *state;
    struct pollfd *p = calloc(N, sizeof(*p));
    struct rlimit  rl;

    /* The host's ppoll counts against the soft limit, which the provider raises as well. */
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    if (rl.rlim_max < N)
        skip();
    x->f->own.nofile_max = 8192;
    for (int i = 0; i < N; i++)
        p[i] = (struct pollfd){x->p[i % 2], i % 2 ? 4 : 1, 0};
    assert_int_equal(do_poll(x, p, N, -1), N / 2);
    assert_int_equal(p[N - 1].revents, 4);
    assert_int_equal(write(x->h[1], "x", 1), 1);
    assert_int_equal(do_poll(x, p, N, -1), N);
    free(p);
}

static void select_in_and_out(void **state)
{
    struct fix          *x = *state;
    const struct timeval now = {0, 0}, bad = {0, 1000000};
    uint64_t             in[2] = {1ull << x->p[0], ~0ull}, out[2] = {1ull << x->p[1], ~0ull}, ex[1] = {0};
    const gva            i = GVA((uintptr_t)in), o = GVA((uintptr_t)out), e = GVA((uintptr_t)ex);

    assert_int_equal(sys_select(call(x), 64, i, o, e, &now), 1);
    assert_int_equal(in[0], 0);
    assert_int_equal(out[0], 1ull << x->p[1]);
    assert_int_equal(in[1], ~0ull); /* beyond nd: not touched */
    in[0] = 1ull << x->p[0];
    assert_int_equal(write(x->h[1], "x", 1), 1);
    assert_int_equal(sys_select(call(x), 10, i, o, GVA(0), NULL), 2);
    assert_int_equal(in[0], 1ull << x->p[0]);
    in[0] = 1ull << 50;
    assert_int_equal(sys_select(call(x), 51, i, o, e, &now), -EBADF);
    assert_int_equal(in[0], 1ull << 50);
    assert_int_equal(sys_select(call(x), 50, i, GVA(0), e, &now), 0);
    assert_int_equal(sys_select(call(x), -1, i, o, e, &now), -EINVAL);
    assert_int_equal(sys_select(call(x), 5, i, o, e, &bad), -EINVAL);
    assert_int_equal(sys_select(call(x), 5, GVA(8), o, e, &now), -EFAULT);
}

static void pselect_sleeps_under_its_mask(void **state)
{
    struct fix           *x = *state;
    const struct timespec ts = {0, 20000000};
    const struct sigset   m = {{6, 1}};
    struct timespec       t0;

    masks = 0;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    assert_int_equal(sys_pselect(call(x), 0, GVA(0), GVA(0), GVA(0), &ts, &m), 0);
    assert_true(elapsed_ms(&t0) >= 20);
    assert_int_equal(masks, 1);
    assert_int_equal(mask_set.w[1], 1);
}

static void every_failure_is_survived(void **state)
{
    struct fix          *x = *state;
    const struct timeval now = {0, 0};

    x->f->own.nofile_max = 8192;
    for (unsigned at = 1; at < 8; at++)
        for (int what = 0; what < 3; what++) {
            struct pollfd *p = calloc(3000, sizeof(*p));
            uint64_t       in = 1ull << x->p[0];

            p[0] = (struct pollfd){x->p[0], 1, 0};
            if (what == 0)
                fake_fail_host(at, ENOMEM);
            else if (what == 1)
                fake_fail_copy(at, EFAULT);
            else
                fake_fail_scratch(at);
            do_poll(x, p, 3000, 0);
            sys_select(call(x), 10, GVA((uintptr_t)&in), GVA(0), GVA(0), &now);
            fake_fail_host(0, 0);
            fake_fail_copy(0, 0);
            fake_fail_scratch(0);
            free(p);
        }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(poll_tells_what_is_ready),
        T(poll_reports_what_is_not_open_at_once),
        T(hangup_excludes_pollout),
        T(bad_poll_arguments),
        T(time_outs),
        T(a_signal_interrupts),
        T(many_descriptors),
        T(select_in_and_out),
        T(pselect_sleeps_under_its_mask),
        T(every_failure_is_survived),
    };

    return cmocka_run_group_tests_name("syscalls/poll", tests, NULL, NULL);
}
