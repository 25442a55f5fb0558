/*
 * The kernel's POSIX semaphores: by their rows' handlers, over a descriptor table of a process of the test's own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "syscalls/ksem.h"
#include "syscalls/stat.h"
#include "tests/unit/fake_files.h"

int64_t sys_ftruncate(struct call *c, int fd, int64_t length);

static int64_t init(void **state, unsigned value)
{
    int64_t id = -1;

    assert_int_equal(sys_ksem_init(CALL(state), P(&id), value), 0);
    assert_true(id >= 0);
    return id;
}

static int64_t open_as(void **state, const char *name, uint64_t flags, unsigned value, int64_t *id)
{
    *id = -1;
    return sys_ksem_open(CALL(state), P(id), P(name), flags, 0600, value);
}

static int value_of(void **state, int64_t id)
{
    int v = -1;

    assert_int_equal(sys_ksem_getvalue(CALL(state), id, P(&v)), 0);
    return v;
}

/* ---- one thread ---------------------------------------------------------------------- */

static void it_counts(void **state)
{
    const int64_t id = init(state, 1);

    assert_int_equal(sys_ksem_trywait(CALL(state), id), 0);
    assert_int_equal(sys_ksem_trywait(CALL(state), id), -EAGAIN);
    assert_int_equal(value_of(state, id), 0);
    assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    assert_int_equal(value_of(state, id), 2);
    assert_int_equal(sys_ksem_wait(CALL(state), id), 0);
    assert_int_equal(value_of(state, id), 1);
    assert_int_equal(sys_ksem_destroy(CALL(state), id), 0);
    assert_int_equal(sys_ksem_post(CALL(state), id), -EINVAL);
}

static void its_value_has_an_end(void **state)
{
    int64_t id = init(state, KSEM_VALUE_MAX);

    assert_int_equal(sys_ksem_post(CALL(state), id), -EOVERFLOW);
    assert_int_equal(value_of(state, id), KSEM_VALUE_MAX);
    assert_int_equal(sys_ksem_init(CALL(state), P(&id), 1u + KSEM_VALUE_MAX), -EINVAL);
}

static void there_are_thirty(void **state)
{
    int64_t id;

    for (int i = 0; i < KSEM_MAX; i++)
        init(state, 0);
    assert_int_equal(ksem_count(), KSEM_MAX);
    assert_int_equal(sys_ksem_init(CALL(state), P(&id), 0), -ENOSPC);
    assert_int_equal(open_as(state, "/much", O_CREAT, 0, &id), -ENFILE);
}

static void names_are_found_again(void **state)
{
    int64_t a, b;

    assert_int_equal(open_as(state, "/s", 0, 0, &a), -ENOENT);
    assert_int_equal(open_as(state, "/s", O_CREAT, 3, &a), 0);
    assert_int_equal(open_as(state, "/s", O_CREAT | O_EXCL, 3, &b), -EEXIST);
    assert_int_equal(open_as(state, "/s", O_CREAT, 9, &b), 0);
    assert_int_not_equal(a, b);
    assert_int_equal(value_of(state, b), 3);
    assert_int_equal(sys_ksem_wait(CALL(state), b), 0);
    assert_int_equal(value_of(state, a), 2);
    assert_int_equal(sys_ksem_close(CALL(state), a), 0);
    assert_int_equal(sys_ksem_close(CALL(state), a), -EINVAL);
    assert_int_equal(sys_ksem_destroy(CALL(state), b), -EINVAL);
    assert_int_equal(sys_ksem_unlink(CALL(state), P("/s")), 0);
    assert_int_equal(sys_ksem_unlink(CALL(state), P("/s")), -ENOENT);
    assert_int_equal(open_as(state, "/s", 0, 0, &a), -ENOENT);
    assert_int_equal(value_of(state, b), 2); /* who has it open still has it */
    assert_int_equal(sys_ksem_close(CALL(state), b), 0);
    assert_int_equal(ksem_count(), 0);
}

static void arguments_are_checked(void **state)
{
    static char long_name[2000];
    int64_t     id;

    memset(long_name, '/', sizeof(long_name) - 1);
    assert_int_equal(open_as(state, "/s", O_RDWR | O_CREAT, 0, &id), -EINVAL);
    assert_int_equal(open_as(state, "s", O_CREAT, 0, &id), -EINVAL);
    assert_int_equal(open_as(state, long_name, O_CREAT, 0, &id), -ENAMETOOLONG);
    assert_int_equal(sys_ksem_open(CALL(state), GVA(8), P("/s"), O_CREAT, 0600, 0), -EFAULT);
    assert_int_equal(open_as(state, "/s", 0, 0, &id), -ENOENT); /* nothing was made */
    assert_int_equal(sys_ksem_wait(CALL(state), 77), -EINVAL);
    assert_int_equal(sys_ksem_close(CALL(state), init(state, 0)), -EINVAL); /* only those with a name */
    assert_int_equal(fd_last(CALL(state)), 0);
}

static void too_many_descriptors(void **state)
{
    int64_t id;

    ((struct files *)*state)->f->own.nofile = 0;
    assert_int_equal(sys_ksem_init(CALL(state), P(&id), 0), -ENOSPC);
    assert_int_equal(open_as(state, "/s", O_CREAT, 0, &id), -EMFILE);
    assert_int_equal(ksem_count(), 0);
}

static void it_is_a_descriptor(void **state)
{
    const int64_t   id = init(state, 0);
    struct kstat    st;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    assert_int_equal(sys_fstat(CALL(state), (int)id, &st), 0);
    assert_int_equal(st.mode & S_IFMT, S_IFREG);
    assert_int_equal(st.uid, geteuid());
    assert_in_range(st.ctime, t.tv_sec - 5, t.tv_sec);
    assert_int_equal(sys_ftruncate(CALL(state), (int)id, 5), -EINVAL);
    assert_int_equal(fd_get_cloexec(CALL(state), (int)id), 1);
    assert_int_equal(fd_dup(CALL(state), (int)id, 0, 0), id + 1);
    assert_int_equal(sys_ksem_post(CALL(state), id + 1), 0);
    assert_int_equal(fd_close(CALL(state), (int)id), 0);
    assert_int_equal(value_of(state, id + 1), 1);
}

static void the_mask_counts(void **state)
{
    const mode_t old = umask(027);
    struct kstat st;
    int64_t      id;

    assert_int_equal(sys_ksem_open(CALL(state), P(&id), P("/m"), O_CREAT, 07666, 0), 0);
    umask(old);
    assert_int_equal(sys_fstat(CALL(state), (int)id, &st), 0);
    assert_int_equal(st.mode & 07777, 0640);
    assert_int_equal(sys_ksem_unlink(CALL(state), P("/m")), 0);
}

static void failures_leave_nothing(void **state)
{
    const unsigned fds = fake_open_fds();
    int64_t        id;

    for (unsigned n = 1; n < 12; n++) {
        fake_fail_host(n, ENOMEM);
        if (open_as(state, "/f", O_CREAT, 0, &id) == 0)
            assert_int_equal(sys_ksem_close(CALL(state), id), 0);
        fake_fail_host(0, 0);
        fake_fail_copy(n, EFAULT);
        if (open_as(state, "/f", O_CREAT, 0, &id) == 0)
            assert_int_equal(sys_ksem_close(CALL(state), id), 0);
        fake_fail_copy(0, 0);
        fake_fail_scratch(n);
        if (sys_ksem_init(CALL(state), P(&id), 0) == 0)
            assert_int_equal(sys_ksem_destroy(CALL(state), id), 0);
        fake_fail_scratch(0);
    }
    assert_int_equal(fake_open_fds(), fds);
    sys_ksem_unlink(CALL(state), P("/f"));
    assert_int_equal(ksem_count(), 0);
}

/* ---- several -------------------------------------------------------------------------- */

struct waiting {
    struct fake *f;
    pthread_t    thread;
    int64_t      id, result;
};

static void *wait_in_thread(void *arg)
{
    struct waiting *w = arg;

    w->result = sys_ksem_wait(fake_call(w->f), w->id);
    return NULL;
}

static bool sleeps(int tid)
{
    char  path[64], state = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
    f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (f)
        fclose(f);
    return state == 'S';
}

/* Gives back when it waits. */
static void start(void **state, struct waiting *w, int64_t id)
{
    const struct timespec ms = {0, 1000000};
    int                   tid;

    w->f = fake_thread(((struct files *)*state)->f);
    w->id = id;
    assert_int_equal(pthread_create(&w->thread, NULL, wait_in_thread, w), 0);
    while (!(tid = __atomic_load_n(&w->f->host_tid, __ATOMIC_ACQUIRE)) || !sleeps(tid))
        nanosleep(&ms, NULL);
}

static int64_t finish(struct waiting *w)
{
    pthread_join(w->thread, NULL);
    fake_free(w->f);
    return w->result;
}

static void waiters_are_let_in(void **state)
{
    struct waiting w[3] = {0};
    const int64_t  id = init(state, 0);

    for (int i = 0; i < 3; i++)
        start(state, &w[i], id);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(finish(&w[i]), 0);
    assert_int_equal(value_of(state, id), 0);
}

static void a_signal_ends_a_wait(void **state)
{
    struct waiting w = {0};
    const int64_t  id = init(state, 0);

    start(state, &w, id);
    fake_interrupt(w.f);
    assert_int_equal(finish(&w), -ERESTART);
    assert_int_equal(sys_ksem_destroy(CALL(state), id), 0); /* nobody waits any more */
}

static void a_dead_waiter_takes_nothing(void **state)
{
    struct waiting dead = {0}, next = {0};
    const int64_t  id = init(state, 0);

    start(state, &dead, id);
    start(state, &next, id);
    dead.f->task.dead = true; /* it does not know of it before it is woken */
    assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    task_wake(&dead.f->task);
    assert_int_equal(finish(&dead), -ESRCH);
    assert_int_equal(finish(&next), 0);
    assert_int_equal(value_of(state, id), 0);
}

static void destroying_is_refused_while_somebody_waits(void **state)
{
    struct waiting w = {0};
    const int64_t  id = init(state, 0);

    start(state, &w, id);
    assert_int_equal(sys_ksem_destroy(CALL(state), id), -EBUSY);
    assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    assert_int_equal(finish(&w), 0);
    assert_int_equal(sys_ksem_destroy(CALL(state), id), 0);
}

static void time_runs_out(void **state)
{
    const int64_t   id = init(state, 0);
    struct timespec end = {1, 0}, bad = {1, 1000000000};

    assert_int_equal(sys_ksem_timedwait(CALL(state), 77, &bad), -EINVAL);
    assert_int_equal(sys_ksem_timedwait(CALL(state), id, &end), -ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += 20000000;
    if (end.tv_nsec >= 1000000000)
        end.tv_sec++, end.tv_nsec -= 1000000000;
    assert_int_equal(sys_ksem_timedwait(CALL(state), id, &end), -ETIMEDOUT);

    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    assert_true(now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec));
    end.tv_sec = 1;
    assert_int_equal(sys_ksem_post(CALL(state), id), 0);
    assert_int_equal(sys_ksem_timedwait(CALL(state), id, &end), 0); /* what is there is taken, late or not */
}

static void *poster(void *arg)
{
    struct waiting *w = arg;

    for (int i = 0; i < 2000; i++)
        if (sys_ksem_post(fake_call(w->f), w->id))
            return (void *)1;
    return NULL;
}

static void *taker(void *arg)
{
    struct waiting *w = arg;

    for (int i = 0; i < 2000; i++)
        if (sys_ksem_wait(fake_call(w->f), w->id))
            return (void *)1;
    return NULL;
}

static void nothing_is_lost(void **state)
{
    struct waiting w[4];
    const int64_t  id = init(state, 0);
    void          *failed;

    for (int i = 0; i < 4; i++) {
        w[i] = (struct waiting){.f = fake_thread(((struct files *)*state)->f), .id = id};
        assert_int_equal(pthread_create(&w[i].thread, NULL, i % 2 ? poster : taker, &w[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(w[i].thread, &failed);
        assert_null(failed);
        fake_free(w[i].f);
    }
    assert_int_equal(value_of(state, id), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_counts),
        TEST(its_value_has_an_end),
        TEST(there_are_thirty),
        TEST(names_are_found_again),
        TEST(arguments_are_checked),
        TEST(too_many_descriptors),
        TEST(it_is_a_descriptor),
        TEST(the_mask_counts),
        TEST(failures_leave_nothing),
        TEST(waiters_are_let_in),
        TEST(a_signal_ends_a_wait),
        TEST(a_dead_waiter_takes_nothing),
        TEST(destroying_is_refused_while_somebody_waits),
        TEST(time_runs_out),
        TEST(nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
