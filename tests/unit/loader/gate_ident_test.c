/* The gate's own answers about the caller, and the commands of fcntl that it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/gate/ident.c"
#include "syscalls/file.h"
#include <sys/time.h>
#include "tests/unit/fake_files.h"

static struct area area = {.pid = 4711, .tid = 104711};

static int setup(void **state)
{
    const int r = files_setup(state);

    ((struct files *)*state)->f->task.area = &area;
    return r;
}

static void names_the_caller(void **state)
{
    int64_t tid = 0;

    assert_int_equal(gate_getpid(CALL(state)), 4711);
    assert_int_equal(gate_thr_self(CALL(state), P(&tid)), 0);
    assert_int_equal(tid, 104711);
    assert_int_equal(gate_thr_self(CALL(state), GVA(8)), -EFAULT);
    assert_int_equal(gate_getuid(CALL(state)), getuid());
    assert_int_equal(gate_geteuid(CALL(state)), geteuid());
    assert_int_equal(gate_getgid(CALL(state)), getgid());
    assert_int_equal(gate_getegid(CALL(state)), getegid());
}

static void names_what_the_caller_belongs_to(void **state)
{
    struct timeval tv = {0, 0}, now;

    area.ppid = 0;
    assert_int_equal(gate_getppid(CALL(state)), -GATE_PUNT);
    area.ppid = 1;
    assert_int_equal(gate_getppid(CALL(state)), 1);
    area.issetugid = 1;
    assert_int_equal(gate_issetugid(CALL(state)), 1);
    area.issetugid = 0;
    assert_int_equal(gate_issetugid(CALL(state)), 0);
    assert_int_equal(gate_getpgrp(CALL(state)), getpgrp());
    assert_int_equal(gate_getpgid(CALL(state), getpid()), getpgrp());
    assert_int_equal(gate_getpgid(CALL(state), -1), -EINVAL);
    assert_int_equal(gate_getsid(CALL(state), 0), getsid(0));
    assert_int_equal(gate_getsid(CALL(state), -1), -EINVAL);
    assert_int_equal(gate_gettimeofday(CALL(state), P(&tv), GVA(0)), 0);
    gettimeofday(&now, NULL);
    assert_true(now.tv_sec - tv.tv_sec >= 0 && now.tv_sec - tv.tv_sec < 60);
    assert_int_equal(gate_gettimeofday(CALL(state), GVA(0), GVA(0)), -GATE_PUNT);
    assert_int_equal(gate_gettimeofday(CALL(state), P(&tv), P(&tv)), -GATE_PUNT);
    assert_int_equal(gate_gettimeofday(CALL(state), GVA(8), GVA(0)), -EFAULT);
}

static void asks_the_host_what_was_used(void **state)
{
    struct rusage ru = {.ru_maxrss = 0};
    struct rlimit rl = {0, 0}, host;

    assert_int_equal(gate_getrusage(CALL(state), RUSAGE_SELF, &ru), 0);
    assert_true(ru.ru_maxrss > 0);
    assert_int_equal(gate_getrusage(CALL(state), RUSAGE_CHILDREN, &ru), -GATE_PUNT);
    assert_int_equal(gate_getrusage(CALL(state), RUSAGE_SELF, NULL), -GATE_PUNT);
    getrlimit(RLIMIT_CORE, &host);
    assert_int_equal(gate_getrlimit(CALL(state), RLIMIT_CORE, &rl), 0);
    assert_true(rl.rlim_cur == host.rlim_cur && rl.rlim_max == host.rlim_max);
    assert_int_equal(gate_getrlimit(CALL(state), RLIMIT_NOFILE, &rl), -GATE_PUNT);
    assert_int_equal(gate_getrlimit(CALL(state), RLIMIT_STACK, &rl), -GATE_PUNT);
    assert_int_equal(gate_getrlimit(CALL(state), RLIMIT_AS, &rl), -GATE_PUNT);
    assert_int_equal(gate_getrlimit(CALL(state), 1ll << 40, &rl), -GATE_PUNT);
    fake_fail_scratch(1);
    assert_int_equal(gate_getrusage(CALL(state), RUSAGE_SELF, &ru), -GATE_PUNT);
    fake_fail_scratch(0);
}

static void reads_clocks_or_leaves_them(void **state)
{
    static const int64_t plain[] = {CLOCK_REALTIME,         CLOCK_MONOTONIC,          CLOCK_REALTIME_COARSE,
                                    CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    struct timespec      t, now;

    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        assert_int_equal(gate_clock_gettime(CALL(state), plain[i], &t), 0);
        clock_gettime((clockid_t)plain[i], &now);
        assert_true(t.tv_sec <= now.tv_sec && now.tv_sec - t.tv_sec < 60);
    }
    assert_int_equal(gate_clock_gettime(CALL(state), D_CLOCK_SECOND, &t), -GATE_PUNT);
    assert_int_equal(gate_clock_gettime(CALL(state), -6, &t), -GATE_PUNT); /* some process's */
    assert_int_equal(gate_clock_gettime(CALL(state), CLOCK_MONOTONIC, NULL), -GATE_PUNT);
}

static void takes_what_concerns_nobody_else(void **state)
{
    const int64_t fd = sys_open(CALL(state), P("f"), O_RDWR | O_CREAT, 0644);

    assert_int_equal(gate_fcntl(CALL(state), (int)fd, F_SETFD, 1), 0);
    assert_int_equal(gate_fcntl(CALL(state), (int)fd, F_GETFD, 0), 1);
    assert_int_equal(gate_fcntl(CALL(state), (int)fd, F_DUPFD, 7), 7);
    assert_int_equal(gate_fcntl(CALL(state), 7, F_GETFD, 0), 0);
    assert_int_equal(gate_fcntl(CALL(state), 7, F_DUPFD, -1), -EINVAL);
    assert_int_equal(gate_fcntl(CALL(state), 77, F_GETFD, 0), -EBADF);
    fake_count_reset();
    assert_int_equal(gate_fcntl(CALL(state), 7, F_SETLKW, 0), -GATE_PUNT);
    assert_int_equal(gate_fcntl(CALL(state), 7, D_F_DUP2FD, 3), -GATE_PUNT);
    assert_int_equal(fake_host_calls(), 0);
    sys_close(CALL(state), 7);
    sys_close(CALL(state), (int)fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_the_caller, setup, files_teardown),
        cmocka_unit_test_setup_teardown(names_what_the_caller_belongs_to, setup, files_teardown),
        cmocka_unit_test_setup_teardown(asks_the_host_what_was_used, setup, files_teardown),
        cmocka_unit_test_setup_teardown(reads_clocks_or_leaves_them, setup, files_teardown),
        cmocka_unit_test_setup_teardown(takes_what_concerns_nobody_else, setup, files_teardown),
    };

    return cmocka_run_group_tests_name("loader/gate/ident", tests, NULL, NULL);
}
