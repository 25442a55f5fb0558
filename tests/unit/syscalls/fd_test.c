/* syscalls/fd.c: references, allocation, closing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "tests/unit/fake_files.h"

static int open_null(void **state)
{
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR, .flags = O_RDWR};

    return fd_install(CALL(state), &n, 0);
}

static int host_of(void **state, int fd)
{
    struct fdref ref;

    if (fd_get(CALL(state), fd, &ref))
        return -1;

    const int host = ref.hostfd;

    fd_put(CALL(state), &ref);
    return host;
}

static void lowest_number_is_given(void **state)
{
    for (int i = 0; i < 5; i++)
        assert_int_equal(open_null(state), i);
    assert_int_equal(fd_close(CALL(state), 1), 0);
    assert_int_equal(fd_close(CALL(state), 3), 0);
    assert_int_equal(open_null(state), 1);
    assert_int_equal(open_null(state), 3);
    assert_int_equal(open_null(state), 5);
}

static void bad_numbers_are_refused(void **state)
{
    static const int bad[] = {-1, 0, 1, 1023, 1024, 1 << 20, INT32_MAX, INT32_MIN};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct fdref ref;

        assert_int_equal(fd_get(CALL(state), bad[i], &ref), -EBADF);
        assert_int_equal(fd_close(CALL(state), bad[i]), -EBADF);
        assert_int_equal(fd_get_cloexec(CALL(state), bad[i]), -EBADF);
        assert_int_equal(fd_set_cloexec(CALL(state), bad[i], true), -EBADF);
    }
}

static void limit_is_the_guests(void **state)
{
    ((struct files *)*state)->f->own.nofile = 3;
    for (int i = 0; i < 3; i++)
        assert_int_equal(open_null(state), i);
    assert_int_equal(open_null(state), -EMFILE);
    fd_close(CALL(state), 2);
    assert_int_equal(open_null(state), 2);
}

static void at_cwd_needs_no_slot(void **state)
{
    struct fdref ref;

    assert_int_equal(fd_get_at(CALL(state), AT_CWD, &ref), 0);
    assert_int_equal(ref.hostfd, AT_FDCWD);
    assert_null(ref.of);
    fd_put(CALL(state), &ref);
    assert_int_equal(fd_get_at(CALL(state), 7, &ref), -EBADF);
}

static void dup_shares_the_open_file(void **state)
{
    struct fdref a, b;

    open_null(state);
    assert_int_equal(fd_get(CALL(state), 0, &a), 0);
    assert_int_equal(fd_dup(CALL(state), 0, 10, FD_SLOT_CLOEXEC), 10);
    assert_int_equal(fd_get(CALL(state), 10, &b), 0);
    assert_ptr_equal(a.of, b.of);
    assert_int_equal(a.hostfd, b.hostfd);
    assert_int_equal(a.of->refs, 1); /* the host entry's */
    assert_int_equal(fd_get_cloexec(CALL(state), 0), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 10), 1);
    fd_put(CALL(state), &a);
    fd_put(CALL(state), &b);
    fd_close(CALL(state), 0);
    assert_int_not_equal(host_of(state, 10), -1);
}

static void dup_from_outside_the_limit(void **state)
{
    open_null(state);
    assert_int_equal(fd_dup(CALL(state), 0, -1, 0), -EINVAL);
    assert_int_equal(fd_dup(CALL(state), 7, -1, 0), -EINVAL); /* the wanted number comes first */
    assert_int_equal(fd_dup(CALL(state), 7, 1, 0), -EBADF);
    assert_int_equal(fd_dup(CALL(state), -1, -1, 0), -EBADF);
    assert_int_equal(fd_dup(CALL(state), 1 << 20, 1, 0), -EBADF);
    assert_int_equal(fd_dup(CALL(state), 0, 1024, 0), -EINVAL);
    assert_int_equal(fd_dup(CALL(state), 0, 1023, 0), 1023);
    assert_int_equal(fd_dup(CALL(state), 0, 1023, 0), -EMFILE);
    assert_int_equal(fd_dup_to(CALL(state), 0, 1024, 0), -EBADF);
    assert_int_equal(fd_dup_to(CALL(state), 0, -1, 0), -EBADF);
    assert_int_equal(fd_dup_to(CALL(state), 7, 1, 0), -EBADF);
    assert_int_equal(fd_dup_to(CALL(state), 7, 7, 0), -EBADF);
}

static void dup_over_closes_what_was_there(void **state)
{
    struct fdref ref;

    open_null(state);
    open_null(state);

    const int old = host_of(state, 1);

    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(fd_dup_to(CALL(state), 0, 1, 0), 1);
    assert_int_equal(fcntl(old, F_GETFD), -1);
    assert_int_equal(host_of(state, 1), ref.hostfd);
    fd_put(CALL(state), &ref);
}

static void host_stays_open_while_a_call_is_in_flight(void **state)
{
    struct fdref ref;

    open_null(state);
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(fd_close(CALL(state), 0), 0);
    assert_int_not_equal(fcntl(ref.hostfd, F_GETFD), -1);
    assert_int_equal(open_null(state), 0); /* the number is free at once */
    assert_int_not_equal(host_of(state, 0), ref.hostfd);
    fd_put(CALL(state), &ref);
    assert_int_equal(fcntl(ref.hostfd, F_GETFD), -1);
}

static void close_range_takes_its_part(void **state)
{
    for (int i = 0; i < 8; i++)
        open_null(state);
    assert_int_equal(fd_close_range(CALL(state), 2, 4, 0), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(host_of(state, i) >= 0, i < 2 || i > 4);
    assert_int_equal(fd_close_range(CALL(state), 6, ~0u, FD_SLOT_CLOEXEC), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 5), 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 6), 1);
    assert_int_equal(fd_get_cloexec(CALL(state), 7), 1);
    assert_int_equal(fd_last(CALL(state)), 7);
}

static int closed[8], nclosed;

static void on_close(struct call *c, struct fdtable *t, int fd, struct ofile *of)
{
    (void)c, (void)t;
    assert_non_null(of);
    closed[nclosed++ % 8] = fd;
}

static void every_closed_slot_is_told(void **state)
{
    for (int i = 0; i < 4; i++)
        open_null(state);
    fd_on_slot_close = on_close;
    fd_close(CALL(state), 2);
    fd_dup_to(CALL(state), 0, 3, 0);
    fd_set_cloexec(CALL(state), 1, true);
    fdtable_exec(CALL(state), FDS(state));
    fd_on_slot_close = NULL;
    assert_int_equal(nclosed, 3);
    assert_int_equal(closed[0], 2);
    assert_int_equal(closed[1], 3);
    assert_int_equal(closed[2], 1);
}

static void host_number_too_high(void **state)
{
    const struct fd_new n = {.hostfd = 1 << 22, .kind = OF_CHAR};

    assert_int_equal(fd_install(CALL(state), &n, 0), -EMFILE);
}

static void dead_task_leaves_its_close_to_exec(void **state)
{
    struct files *s = *state;

    open_null(state);

    const int    host = host_of(state, 0);
    struct fake *other = fake_thread(s->f);
    struct fdref ref;

    assert_int_equal(fd_get(fake_call(other), 0, &ref), 0);
    assert_int_equal(fd_close(CALL(state), 0), 0);
    fake_kill(other);
    fd_put(&other->call, &ref);
    assert_int_not_equal(fcntl(host, F_GETFD), -1);
    assert_int_not_equal(FDS(state)->stale, 0);
    close(host);
    fake_free(other);
}

static void kinds_are_found(void **state)
{
    int p[2];

    assert_int_equal(pipe(p), 0);
    files_put("a", "x");

    const struct {
        int             fd;
        enum ofile_kind kind;
    } cases[] = {
        {open("/dev/null", O_RDONLY), OF_CHAR},
        {open(".", O_RDONLY), OF_DIR},
        {open("a", O_RDONLY), OF_FILE},
        {p[0], OF_PIPE},
        {p[1], OF_PIPE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(fd_kind(CALL(state), cases[i].fd), cases[i].kind);
        close(cases[i].fd);
    }
    assert_int_equal(fd_kind(CALL(state), -1), -EBADF);
    fake_fail_scratch(1);
    assert_int_equal(fd_kind(CALL(state), 0), -ENOMEM);
}

/* ---- threads ---------------------------------------------------------------------- */

#define ROUNDS 4000

struct racer {
    struct fake *f;
    unsigned     seed, bad;
};

/* Each file's object says which host descriptor it was made for; a call must never see another. */
static void race_open(struct racer *r)
{
    const int           host = open("/dev/null", O_RDWR);
    const struct fd_new n = {.hostfd = host, .kind = OF_CHAR, .object = (uint64_t)host + 1};

    fd_install(fake_call(r->f), &n, 0);
}

static void race_use(struct racer *r, int fd)
{
    struct fdref ref;

    if (fd_get(fake_call(r->f), fd, &ref))
        return;
    if (ref.of->object != (uint64_t)ref.hostfd + 1 || fcntl(ref.hostfd, F_GETFD) < 0)
        r->bad++;
    fd_put(&r->f->call, &ref);
}

static void race_dup(struct racer *r, int fd, int to)
{
    if (to & 1)
        fd_dup_to(fake_call(r->f), fd, to, 0);
    else
        fd_dup(fake_call(r->f), fd, 0, 0);
}

static void *race(void *arg)
{
    struct racer *r = arg;

    for (int i = 0; i < ROUNDS; i++) {
        const unsigned n = (r->seed = r->seed * 1103515245 + 12345) >> 8;
        const int      fd = n >> 4 & 7;

        switch (n % 5) {
        case 0: race_open(r); break;
        case 1: fd_close(fake_call(r->f), fd); break;
        case 2: race_dup(r, fd, n >> 8 & 7); break;
        default: race_use(r, fd);
        }
    }
    return NULL;
}

static void races_never_reach_a_wrong_file(void **state)
{
    struct files *s = *state;
    struct racer  r[4];
    pthread_t     t[4];

    s->f->own.nofile = 64;
    for (unsigned i = 0; i < 4; i++) {
        r[i] = (struct racer){.f = fake_thread(s->f), .seed = i * 77 + 1};
        assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(r[i].bad, 0);
        fake_free(r[i].f);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(lowest_number_is_given),
        T(bad_numbers_are_refused),
        T(limit_is_the_guests),
        T(at_cwd_needs_no_slot),
        T(dup_shares_the_open_file),
        T(dup_from_outside_the_limit),
        T(dup_over_closes_what_was_there),
        T(host_stays_open_while_a_call_is_in_flight),
        T(close_range_takes_its_part),
        T(every_closed_slot_is_told),
        T(host_number_too_high),
        T(dead_task_leaves_its_close_to_exec),
        T(kinds_are_found),
        T(races_never_reach_a_wrong_file),
    };
    return cmocka_run_group_tests_name("syscalls/fd", tests, NULL, NULL);
}
