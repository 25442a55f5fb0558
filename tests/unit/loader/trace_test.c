/* Lines of --trace for calls whose arguments lie in the test's own memory. */
#include "loader/trace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/structs.h"
#include "tests/unit/fake_call.h"

static struct fake *f;
static char         path[] = "/tmp/trace-test-XXXXXX";

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    f = fake_new();
    f->task.tid = 100123;
    f->own.abi = &abi_freebsd_amd64;
    return fd < 0 || close(fd) || trace_open(path);
}

static int teardown(void **state)
{
    (void)state;
    fake_free(f);
    return unlink(path);
}

/* What was traced since the last look. */
static const char *traced(void)
{
    static char buf[16384];
    static long seen;
    FILE       *file = fopen(path, "r");
    size_t      n;

    assert_non_null(file);
    fseek(file, seen, SEEK_SET);
    n = fread(buf, 1, sizeof(buf) - 1, file);
    seen += (long)n;
    buf[n] = 0;
    fclose(file);
    return buf;
}

static struct call *call(unsigned nr, const uint64_t *raw, unsigned n)
{
    struct call *c = fake_call(f);

    c->abi = &abi_freebsd_amd64;
    c->proc = &f->own;
    c->nr = nr;
    c->row = nr < FREEBSD_NSYSCALLS ? &freebsd_rows[nr] : NULL;
    c->no_result = false;
    memset(c->raw, 0, sizeof(c->raw));
    memcpy(c->raw, raw, n * sizeof(*raw));
    trace_enter(c);
    return c;
}
#define RAW(...) ((const uint64_t[]){__VA_ARGS__}), sizeof((const uint64_t[]){__VA_ARGS__}) / 8
#define P(p)     ((uint64_t)(uintptr_t)(p))

static void paths_flags_and_errors_have_names(void **state)
{
    (void)state;
    trace_leave(call(499, RAW((uint64_t)-100, P("/etc/rc\n"), 0x100002, 0)), -ENOENT, 2);
    assert_string_equal(traced(), "[100123] openat(AT_FDCWD, \"/etc/rc\\n\", O_RDWR|O_CLOEXEC, 0) = -1 ENOENT "
                                  "(No such file or directory)\n");
    trace_leave(call(10, RAW(P("x"))), -D_ECAPMODE, 94); /* not one of the host's */
    assert_string_equal(traced(), "[100123] unlink(\"x\") = -1 ECAPMODE (Not permitted in capability mode)\n");
    trace_leave(call(5, RAW(P("x"), 0x40000601, 0644)), 3, 0);
    assert_string_equal(traced(), "[100123] open(\"x\", O_WRONLY|O_CREAT|O_TRUNC|0x40000000, 0644) = 3\n");
}

static void buffers_are_quoted_and_cut(void **state)
{
    static const char text[] = "0123456789012345678901234567890123456789";

    (void)state;
    trace_leave(call(4, RAW(1, P("a\"b\0001\x7f"), 6)), 6, 0);
    assert_string_equal(traced(), "[100123] write(1, \"a\\\"b\\0001\\177\", 6) = 6\n");
    trace_leave(call(4, RAW(1, P(text), 40)), 40, 0);
    assert_string_equal(traced(), "[100123] write(1, \"01234567890123456789012345678901\"..., 40) = 40\n");
}

static void what_a_call_writes_is_read_after_it(void **state)
{
    char         buf[8] = "before";
    struct call *c = call(3, RAW(0, P(buf), 8));

    (void)state;
    memcpy(buf, "after!", 6);
    trace_leave(c, 5, 0);
    assert_string_equal(traced(), "[100123] read(0, \"after\", 8) = 5\n");
    c = call(3, RAW(0, 0x10, 8));
    trace_leave(c, -EBADF, 9);
    assert_string_equal(traced(), "[100123] read(0, 0x10, 8) = -1 EBADF (Bad file descriptor)\n");
}

static void structures_are_printed_by_field(void **state)
{
    struct fbsd_timespec  ts = {1, 500};
    struct fbsd_sigaction sa = {.sa_handler = 0x1000, .sa_flags = 0x42, .sa_mask = {{1u << 1 | 1u << 14, 0, 0, 0}}};
    struct fbsd_pollfd    fds[2] = {{3, 1, 0}, {4, 4, 0}};
    struct call          *c;

    (void)state;
    trace_leave(call(240, RAW(P(&ts), 0)), 0, 0);
    assert_string_equal(traced(), "[100123] nanosleep({tv_sec=1, tv_nsec=500}, NULL) = 0\n");
    trace_leave(call(416, RAW(20, P(&sa), 0)), 0, 0);
    assert_string_equal(traced(), "[100123] sigaction(SIGCHLD, {sa_handler=0x1000, sa_flags=SA_RESTART|SA_SIGINFO, "
                                  "sa_mask=[SIGINT SIGTERM]}, NULL) = 0\n");
    c = call(209, RAW(P(fds), 2, (uint64_t)-1));
    fds[1].revents = 4;
    trace_leave(c, 1, 0);
    assert_string_equal(traced(), "[100123] poll([{fd=3, events=POLLIN, revents=0}, "
                                  "{fd=4, events=POLLOUT, revents=POLLOUT}], 2, -1) = 1\n");
}

static void addresses_are_printed_by_family(void **state)
{
    const uint8_t v4[16] = {16, 2, 0x1f, 0x90, 127, 0, 0, 1}, v6[28] = {28, 28, 0, 80, [23] = 1};
    const uint8_t local[106] = {106, 1, '/', 't', 0};
    int32_t       pair[2];
    struct call  *c;

    (void)state;
    trace_leave(call(98, RAW(3, P(v4), 16)), 0, 0);
    assert_string_equal(traced(), "[100123] connect(3, {sa_family=PF_INET, port=8080, addr=127.0.0.1}, 16) = 0\n");
    trace_leave(call(104, RAW(3, P(v6), 28)), 0, 0);
    assert_string_equal(traced(), "[100123] bind(3, {sa_family=PF_INET6, port=80, addr=::1}, 28) = 0\n");
    trace_leave(call(104, RAW(3, P(local), 106)), 0, 0);
    assert_string_equal(traced(), "[100123] bind(3, {sa_family=PF_LOCAL, path=\"/t\"}, 106) = 0\n");
    c = call(542, RAW(P(pair), 0x100000));
    pair[0] = 3;
    pair[1] = 4;
    trace_leave(c, 0, 0);
    assert_string_equal(traced(), "[100123] pipe2({fd[0]=3, fd[1]=4}, O_CLOEXEC) = 0\n");
}

static void vectors_are_followed(void **state)
{
    const char  *argv[] = {"sh", "-c", NULL}, *envp[] = {"A=1", "B=2", NULL};
    uint64_t     set[2] = {8, 2};
    struct iovec iov[2] = {{(void *)"ab", 2}, {(void *)"cde", 3}};

    (void)state;
    trace_leave(call(121, RAW(1, P(iov), 2)), 5, 0);
    assert_string_equal(traced(), "[100123] writev(1, [{iov_base=\"ab\", iov_len=2}, "
                                  "{iov_base=\"cde\", iov_len=3}], 2) = 5\n");
    trace_leave(call(93, RAW(70, P(set), 0, 0, 0)), 1, 0);
    assert_string_equal(traced(), "[100123] select(70, [3 65], NULL, NULL, NULL) = 1\n");
    trace_leave(call(59, RAW(P("/bin/sh"), P(argv), P(envp))), -EACCES, 13);
    assert_non_null(strstr(traced(), "execve(\"/bin/sh\", [\"sh\", \"-c\"], 0x"));
}

/* Memory that is not there, and rubbish everywhere: a line comes out, and nothing else happens. */
static void bad_addresses_are_printed_as_numbers(void **state)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(page, MAP_FAILED);
    assert_int_equal(munmap(page + 4096, 4096), 0);
    memset(page, 'x', 4096);
    trace_leave(call(10, RAW(P(page + 4090))), -EFAULT, 14);
    assert_non_null(strstr(traced(), "unlink(0x"));
    for (unsigned nr = 0; nr < FREEBSD_NSYSCALLS + 2; nr++) {
        trace_leave(call(nr, RAW(~0ull, ~0ull, P(page + 4095), ~0ull, 3, 1ull << 40, 5, 6)), 7, 0);
        trace_leave(call(nr, RAW(P(page), P(page), P(page), P(page), P(page), P(page), P(page), P(page))), -EINVAL, 22);
        assert_true(strlen(traced()) > 10);
    }
    munmap(page, 4096);
}

static void a_call_without_a_result_is_told(void **state)
{
    (void)state;
    call(1, RAW(3));
    assert_string_equal(traced(), "[100123] exit(3) = ?\n");
    call(6, RAW(3));
    assert_string_equal(traced(), "");
    call(20, RAW(0));
    assert_string_equal(traced(), "[100123] close(3) = ? (interrupted by a signal)\n");
    trace_exit(&f->own, 0x100);
    assert_non_null(strstr(traced(), "getpid( <unfinished ...>"));
    trace_exit(&f->own, 7);
    assert_non_null(strstr(traced(), "+++ killed by SIGBUS +++"));
}

static void signals_are_told(void **state)
{
    (void)state;
    trace_signal(&f->task, &(struct ksiginfo){.signo = 11, .code = 1, .addr = 0x10});
    assert_string_equal(traced(), "[100123] --- SIGSEGV {si_code=SEGV_MAPERR, si_addr=0x10} ---\n");
    trace_signal(&f->task, &(struct ksiginfo){.signo = 20, .code = 1, .pid = 7, .uid = 8, .status = 3});
    assert_string_equal(traced(), "[100123] --- SIGCHLD {si_code=CLD_EXITED, si_pid=7, si_uid=8, si_status=3} ---\n");
    trace_signal(&f->task, &(struct ksiginfo){.signo = 70, .code = 0x10002, .pid = 7, .value = 5});
    assert_string_equal(traced(), "[100123] --- SIGRTMIN+5 {si_code=SI_QUEUE, si_pid=7, si_uid=0, si_value=0x5} ---\n");
    trace_signal(&f->task, &(struct ksiginfo){.signo = 15, .code = 2});
    assert_string_equal(traced(), "[100123] --- SIGTERM {si_code=2} ---\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_flags_and_errors_have_names),
        cmocka_unit_test(buffers_are_quoted_and_cut),
        cmocka_unit_test(what_a_call_writes_is_read_after_it),
        cmocka_unit_test(structures_are_printed_by_field),
        cmocka_unit_test(addresses_are_printed_by_family),
        cmocka_unit_test(vectors_are_followed),
        cmocka_unit_test(bad_addresses_are_printed_as_numbers),
        cmocka_unit_test(a_call_without_a_result_is_told),
        cmocka_unit_test(signals_are_told),
    };
    return cmocka_run_group_tests_name("loader/trace", tests, setup, teardown);
}
