/* syscalls/pipe_back.c, syscalls/pipe.c: the way back of a pipe, with every host call and scratch failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>

#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/pipe_back.h"
#include "syscalls/poll.h"
#include "tests/unit/fake_files.h"

#define MANY 100

static const struct ofile *told;

static void note_changed(const struct ofile *of) { told = of; }

static int teardown(void **state)
{
    fd_close_range(CALL(state), 0, ~0u, 0);
    pipe_back_sweep();
    return files_teardown(state);
}

static void open_pair(void **state, int fds[2], uint64_t flags)
{
    assert_int_equal(sys_pipe2(CALL(state), P(fds), flags), 0);
}

static void close_pair(void **state, const int fds[2])
{
    sys_close(CALL(state), fds[0]);
    sys_close(CALL(state), fds[1]);
}

static void both_ways(void **state)
{
    struct iovec out[2] = {{"de", 2}, {"f", 1}}, none = {NULL, 0};
    char         buf[8] = "";
    int          fds[2];

    open_pair(state, fds, O_NONBLOCK);
    assert_int_equal(sys_read(CALL(state), fds[1], P(buf), 1), -EAGAIN);
    assert_int_equal(sys_write(CALL(state), fds[0], P("abc"), 3), 3);
    assert_int_equal(sys_writev(CALL(state), fds[0], P(out), 2), 3);
    assert_int_equal(sys_writev(CALL(state), fds[0], P(&none), 1), 0);
    assert_int_equal(sys_writev(CALL(state), fds[0], P(out), 2000), -EINVAL);
    assert_int_equal(sys_read(CALL(state), fds[1], P(buf), 8), 6);
    assert_memory_equal(buf, "abcdef", 6);
    assert_int_equal(sys_read(CALL(state), fds[0], P(buf), 8), -EAGAIN);
    close_pair(state, fds);
}

/* Around the end of the buffer, many times, in pieces of all sizes. */
static void the_buffer_goes_round(void **state)
{
    static uint8_t in[5000], out[5000];
    unsigned       sent = 0, got = 0;
    int            fds[2];

    open_pair(state, fds, O_NONBLOCK);
    for (unsigned i = 1; i < 400; i++) {
        for (unsigned k = 0; k < i * 7; k++)
            in[k] = (uint8_t)(sent + k);
        const int64_t w = sys_write(CALL(state), fds[0], P(in), i * 7);
        const int64_t r = sys_read(CALL(state), fds[1], P(out), i * 6 + 100);

        sent += w > 0 ? (unsigned)w : 0;
        for (int64_t k = 0; k < r; k++)
            assert_int_equal(out[k], (uint8_t)(got + k));
        got += r > 0 ? (unsigned)r : 0;
    }
    assert_true(got > 3 * 65536);
    close_pair(state, fds);
}

static void who_watches_is_told(void **state)
{
    struct fdref ref;
    int          fds[2];

    pipe_back_changed = note_changed;
    told = NULL;
    open_pair(state, fds, 0);
    assert_int_equal(fd_get(CALL(state), fds[1], &ref), 0);
    assert_int_equal(pipe_back_level(CALL(state), ref.of, ref.hostfd, true), 0);
    assert_int_equal(sys_write(CALL(state), fds[0], P("abc"), 3), 3);
    assert_ptr_equal(told, ref.of);
    assert_int_equal(pipe_back_level(CALL(state), ref.of, ref.hostfd, true), 3);
    fd_put(CALL(state), &ref);
    pipe_back_changed = NULL;
    close_pair(state, fds);
}

static unsigned own_fds(void)
{
    DIR     *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* What nobody can ask for any more is given up when others are made, and what somebody can is not. */
static void the_dead_are_given_up(void **state)
{
    char           c;
    int            fds[2], kept[2];
    const unsigned before = own_fds();

    open_pair(state, kept, 0);
    assert_int_equal(sys_write(CALL(state), kept[0], P("k"), 1), 1);
    for (int i = 0; i < MANY; i++) {
        open_pair(state, fds, 0);
        assert_int_equal(sys_write(CALL(state), fds[0], P("x"), 1), 1);
        close_pair(state, fds);
    }
    assert_true(own_fds() < before + MANY / 2);
    assert_int_equal(sys_read(CALL(state), kept[1], P(&c), 1), 1);
    assert_int_equal(c, 'k');
    close_pair(state, kept);
}

static void failures_lose_nothing(void **state)
{
    struct pollfd p;
    char          buf[8];
    int           fds[2];

    signal(SIGPIPE, SIG_IGN);
    open_pair(state, fds, O_NONBLOCK);
    for (unsigned n = 1; n < 12; n++) {
        fake_fail_host(n, EIO);
        sys_write(CALL(state), fds[0], P("abc"), 3);
        fake_fail_host(n, EIO);
        sys_read(CALL(state), fds[1], P(buf), 8);
        fake_fail_scratch(n);
        sys_write(CALL(state), fds[0], P("abc"), 3);
        fake_fail_scratch(n);
        sys_read(CALL(state), fds[1], P(buf), 8);
        fake_fail_copy(n, EFAULT);
        sys_write(CALL(state), fds[0], P("abc"), 3);
        fake_fail_copy(n, EFAULT);
        sys_read(CALL(state), fds[1], P(buf), 8);
    }
    for (unsigned n = 1; n < 12; n++) {
        int two[2];

        fake_fail_host(n, EMFILE);
        if (sys_pipe2(CALL(state), P(two), 0) == 0)
            close_pair(state, two);
        fake_fail_host(n, EIO);
        sys_write(CALL(state), fds[1], P(""), 0);
        p = (struct pollfd){fds[1], POLLIN, 0};
        fake_fail_host(n, EIO);
        if (CALL(state)->row)
            sys_poll(CALL(state), P(&p), 1, 10);
    }
    fake_fail_host(0, 0);
    fake_fail_scratch(0);
    fake_fail_copy(0, 0);
    while (sys_read(CALL(state), fds[1], P(buf), 8) > 0)
        ;
    assert_int_equal(sys_write(CALL(state), fds[0], P("abc"), 3), 3);
    assert_int_equal(sys_read(CALL(state), fds[1], P(buf), 8), 3);
    assert_memory_equal(buf, "abc", 3);
    close_pair(state, fds);
}

/* An end that is gone: end of file, and EPIPE. */
static void ends(void **state)
{
    char c;
    int  fds[2];

    signal(SIGPIPE, SIG_IGN);
    open_pair(state, fds, 0);
    assert_int_equal(sys_write(CALL(state), fds[0], P("x"), 1), 1);
    sys_close(CALL(state), fds[0]);
    assert_int_equal(sys_read(CALL(state), fds[1], P(&c), 1), 1);
    assert_int_equal(sys_read(CALL(state), fds[1], P(&c), 1), 0);
    assert_int_equal(sys_write(CALL(state), fds[1], P(&c), 0), -EPIPE);
    sys_close(CALL(state), fds[1]);
    open_pair(state, fds, 0);
    assert_int_equal(sys_write(CALL(state), fds[1], P(&c), 0), 0);
    sys_close(CALL(state), fds[1]);
    assert_int_equal(sys_write(CALL(state), fds[0], P(&c), 1), -EPIPE);
    sys_close(CALL(state), fds[0]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, teardown)
    const struct CMUnitTest tests[] = {
        T(both_ways),
        T(the_buffer_goes_round),
        T(who_watches_is_told),
        T(the_dead_are_given_up),
        T(failures_lose_nothing),
        T(ends),
    };
    return cmocka_run_group_tests_name("syscalls/pipe_back", tests, NULL, NULL);
}
