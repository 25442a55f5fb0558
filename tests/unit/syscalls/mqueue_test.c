/* Message queues: by their rows' handlers, over a descriptor table of a process of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "syscalls/fcntl.h"
#include "syscalls/mqueue.h"
#include "syscalls/stat.h"
#include "tests/unit/fake_files.h"

int64_t sys_fchmod(struct call *c, int fd, uint32_t mode);

struct attr {
    int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

static int queue(void **state, const char *name, uint64_t flags, int64_t maxmsg)
{
    const struct attr a = {.maxmsg = maxmsg, .msgsize = 16};

    return (int)sys_kmq_open(CALL(state), P(name), flags, 0640, P(&a));
}

static int make(void **state, int64_t maxmsg)
{
    const int q = queue(state, "/q", O_RDWR | O_CREAT | O_EXCL, maxmsg);

    assert_true(q >= 0);
    assert_int_equal(sys_kmq_unlink(CALL(state), P("/q")), 0);
    return q;
}

static int64_t send_to(void **state, int q, const char *text, unsigned prio)
{
    return sys_kmq_timedsend(CALL(state), q, P(text), strlen(text), prio, NULL);
}

static int64_t receive(void **state, int q, char buf[17], unsigned *prio)
{
    const int64_t n = sys_kmq_timedreceive(CALL(state), q, P(buf), 16, P(prio), NULL);

    buf[n > 0 ? n : 0] = 0;
    return n;
}

static short ready(void **state, int q)
{
    struct fdref  ref;
    struct pollfd p = {.events = POLLIN | POLLOUT};

    assert_int_equal(fd_get(CALL(state), q, &ref), 0);
    p.fd = ref.hostfd; /* the fake's process is the test's */
    assert_true(poll(&p, 1, 0) >= 0);
    fd_put(CALL(state), &ref);
    return p.revents;
}

static void the_highest_is_first(void **state)
{
    static const char *const want[] = {"high", "low 1", "low 2"};
    const int                q = make(state, 5);
    unsigned                 prio;
    char                     buf[17];

    assert_int_equal(send_to(state, q, "low 1", 1), 0);
    assert_int_equal(send_to(state, q, "low 2", 1), 0);
    assert_int_equal(send_to(state, q, "high", 63), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(receive(state, q, buf, &prio), strlen(want[i]));
        assert_string_equal(buf, want[i]);
        assert_int_equal(prio, i ? 1 : 63);
    }
    assert_int_equal(send_to(state, q, "x", 64), -EINVAL);
    assert_int_equal(send_to(state, q, "longer than sixteen", 0), -EMSGSIZE);
    assert_int_equal(sys_kmq_timedreceive(CALL(state), q, P(buf), 15, P(NULL), NULL), -EMSGSIZE);
}

static void the_descriptor_is_as_ready_as_the_queue(void **state)
{
    const int q = make(state, 2);
    char      buf[17];

    assert_int_equal(ready(state, q), POLLOUT);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(send_to(state, q, "a", 0), 0);
        assert_int_equal(ready(state, q), POLLIN | POLLOUT);
        assert_int_equal(send_to(state, q, "b", 0), 0);
        assert_int_equal(ready(state, q), POLLIN);
        assert_int_equal(receive(state, q, buf, NULL), 1);
        assert_int_equal(ready(state, q), POLLIN | POLLOUT);
        assert_int_equal(receive(state, q, buf, NULL), 1);
        assert_int_equal(ready(state, q), POLLOUT);
    }
}

static void a_long_queue_is_ready_too(void **state)
{
    const int q = make(state, MQUEUE_MAX_MSG);
    char      buf[17];

    for (int i = 0; i < MQUEUE_MAX_MSG; i++) {
        assert_true(ready(state, q) & POLLOUT);
        assert_int_equal(send_to(state, q, "x", 0), 0);
    }
    assert_int_equal(ready(state, q), POLLIN);
    for (int i = 0; i < MQUEUE_MAX_MSG; i++) {
        assert_true(ready(state, q) & POLLIN);
        assert_int_equal(receive(state, q, buf, NULL), 1);
    }
    assert_int_equal(ready(state, q), POLLOUT);
}

static void names_and_attributes(void **state)
{
    struct attr  a = {.flags = 0x4}, old = {0};
    const int    q = queue(state, "/n", O_RDWR | O_CREAT, 3);
    struct kstat st;
    char         buf[17];

    assert_true(q >= 0);
    assert_int_equal(queue(state, "/n", O_RDWR | O_CREAT | O_EXCL, 3), -EEXIST);
    assert_int_equal(queue(state, "/other", O_RDWR, 3), -ENOENT);
    assert_int_equal(queue(state, "/n/", O_RDWR | O_CREAT, 3), -EINVAL);
    assert_int_equal(queue(state, "/m", O_RDWR | O_CREAT, MQUEUE_MAX_MSG + 1), -EINVAL);
    assert_int_equal(queue(state, "/m", O_ACCMODE | O_CREAT, 3), -EINVAL);
    assert_int_equal(sys_kmq_setattr(CALL(state), q, P(&a), P(&old)), 0);
    assert_int_equal(old.maxmsg, 3);
    assert_int_equal(receive(state, q, buf, NULL), -EAGAIN);
    a.flags = 1;
    assert_int_equal(sys_kmq_setattr(CALL(state), q, P(&a), P(&old)), -EINVAL);
    assert_int_equal(sys_fstat(CALL(state), q, &st), 0);
    assert_true(S_ISFIFO(st.mode) && st.uid == geteuid());
    assert_int_equal(sys_fchmod(CALL(state), q, 0600), 0);
    assert_int_equal(sys_fstat(CALL(state), q, &st), 0);
    assert_int_equal(st.mode & 07777, 0600);
    assert_int_equal(sys_kmq_unlink(CALL(state), P("/n")), 0);
    assert_int_equal(sys_kmq_unlink(CALL(state), P("/n")), -ENOENT);
}

static void failures_leave_nothing(void **state)
{
    const unsigned fds = fake_open_fds();
    int            q;

    for (unsigned n = 1; n < 14; n++) {
        fake_fail_host(n, ENOMEM);
        if ((q = queue(state, "/f", O_RDWR | O_CREAT, 3)) >= 0)
            assert_int_equal(fd_close(CALL(state), q), 0);
        fake_fail_host(0, 0);
        fake_fail_copy(n, EFAULT);
        if ((q = queue(state, "/f", O_RDWR | O_CREAT, 3)) >= 0)
            assert_int_equal(fd_close(CALL(state), q), 0);
        fake_fail_copy(0, 0);
        fake_fail_scratch(n);
        if ((q = queue(state, "/f", O_RDWR | O_CREAT, 3)) >= 0)
            assert_int_equal(fd_close(CALL(state), q), 0);
        fake_fail_scratch(0);
    }
    assert_int_equal(fake_open_fds(), fds);
    sys_kmq_unlink(CALL(state), P("/f"));
    assert_int_equal(mqueue_count(), 0);
}

/* ---- several -------------------------------------------------------------------------- */

struct waiting {
    struct fake *f;
    pthread_t    thread;
    int          q;
    int64_t      result;
    char         buf[16];
};

static void *wait_in_thread(void *arg)
{
    struct waiting *w = arg;

    w->result = sys_kmq_timedreceive(fake_call(w->f), w->q, P(w->buf), sizeof(w->buf), P(NULL), NULL);
    return NULL;
}

static void start(void **state, struct waiting *w, int q)
{
    w->f = fake_thread(((struct files *)*state)->f);
    w->q = q;
    assert_int_equal(pthread_create(&w->thread, NULL, wait_in_thread, w), 0);
    while (!__atomic_load_n(&w->f->host_tid, __ATOMIC_ACQUIRE))
        sched_yield();
}

static int64_t finish(struct waiting *w)
{
    pthread_join(w->thread, NULL);
    fake_free(w->f);
    return w->result;
}

static void waiters_get_one_each(void **state)
{
    struct waiting w[3] = {0};
    const int      q = make(state, 5);
    int            got = 0;

    for (int i = 0; i < 3; i++)
        start(state, &w[i], q);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_to(state, q, (const char *[]){"1", "2", "4"}[i], 0), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(finish(&w[i]), 1);
        got += w[i].buf[0] - '0';
    }
    assert_int_equal(got, 7);
    assert_int_equal(ready(state, q), POLLOUT);
}

static void a_signal_ends_a_wait(void **state)
{
    struct waiting w = {0};
    const int      q = make(state, 5);

    start(state, &w, q);
    fake_interrupt(w.f);
    assert_int_equal(finish(&w), -ERESTART);
}

static void none_is_left(void **state)
{
    (void)state;
    assert_int_equal(mqueue_count(), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(the_highest_is_first),      T(the_descriptor_is_as_ready_as_the_queue),
        T(a_long_queue_is_ready_too), T(names_and_attributes),
        T(failures_leave_nothing),    T(waiters_get_one_each),
        T(a_signal_ends_a_wait),      cmocka_unit_test(none_is_left),
    };

    return cmocka_run_group_tests_name("syscalls/mqueue", tests, NULL, NULL);
}
