/* Clocks, sleeps and timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/signal.h"
#include "syscalls/time.h"
#include "syscalls/timer.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

int64_t sys_clock_gettime(struct call *c, int64_t clock, struct timespec *tp);
int64_t sys_clock_settime(struct call *c, int64_t clock, const struct timespec *tp);
int64_t sys_clock_getres(struct call *c, int64_t clock, struct timespec *tp);
int64_t sys_clock_getcpuclockid2(struct call *c, uint64_t id, int which, gva clock_id);
int64_t sys_gettimeofday(struct call *c, struct timeval *tp, struct timezone *tzp);
int64_t sys_nanosleep(struct call *c, gva rqtp, gva rmtp);
int64_t sys_clock_nanosleep(struct call *c, int64_t clock, int flags, gva rqtp, gva rmtp);
int64_t sys_getitimer(struct call *c, int64_t which, struct itimerval *itv);
int64_t sys_setitimer(struct call *c, int64_t which, const struct itimerval *itv, struct itimerval *oitv);
int64_t sys_ktimer_create(struct call *c, int64_t clock, gva evp, gva timerid);
int64_t sys_ktimer_delete(struct call *c, int id);
int64_t sys_ktimer_settime(struct call *c, int id, uint64_t flags, const struct itimerspec *value,
                           struct itimerspec *ovalue);
int64_t sys_ktimer_gettime(struct call *c, int id, struct itimerspec *value);
int64_t sys_ktimer_getoverrun(struct call *c, int id);

/* A guest kernel with numbers of its own. */
static const int16_t errnos[ERRNO_HOST_MAX] = {[EINVAL] = 22, [EFAULT] = 14, [EOPNOTSUPP] = 45, [EINTR] = 4};
static const uint8_t signals[65] = {[SIGALRM] = 14};

static int code_from_host(int sig, int code)
{
    (void)sig;
    return code == SI_TIMER ? 0x10003 : code;
}

static const struct abi abi = {
    .errno_from_host = errnos, .sig_from_host = signals, .nsig = 128, .sigcode_from_host = code_from_host};

static struct fake    *f;
static struct ksiginfo last;
static int             posted;

void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info)
{
    (void)p;
    last = *info;
    posted++;
}

void signal_post_task_locked(struct task *t, const struct ksiginfo *info)
{
    last = *info;
    last.pid = (int32_t)t->tid;
    posted++;
}

static int posts(void)
{
    int n;

    pthread_mutex_lock(&session.lock);
    n = posted;
    pthread_mutex_unlock(&session.lock);
    return n;
}

/* Waits, for as long as a busy machine may take, until n signals were posted, and gives the last one. */
static struct ksiginfo await_posts(int n)
{
    struct ksiginfo info;

    for (int ms = 0; ms < 60000 && posts() < n; ms++)
        usleep(1000);
    assert_true(posts() >= n);
    pthread_mutex_lock(&session.lock);
    info = last;
    pthread_mutex_unlock(&session.lock);
    return info;
}

static int64_t ns(const struct timespec *t) { return t->tv_sec * NSEC + t->tv_nsec; }

static void every_clock_reads(void **state)
{
    static const int64_t clocks[] = {
        CLOCK_REALTIME,           CLOCK_MONOTONIC,         CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
        CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, D_CLOCK_VIRTUAL,       D_CLOCK_SECOND};
    struct timespec a, b, res;

    (void)state;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        assert_int_equal(sys_clock_gettime(fake_call(f), clocks[i], &a), 0);
        assert_int_equal(sys_clock_gettime(fake_call(f), clocks[i], &b), 0);
        assert_true(timespec_valid(&a) && ns(&b) >= ns(&a));
        assert_int_equal(sys_clock_getres(fake_call(f), clocks[i], &res), 0);
        assert_true(ns(&res) > 0);
    }
    assert_int_equal(b.tv_nsec, 0); /* CLOCK_SECOND */
    assert_int_equal(sys_clock_gettime(fake_call(f), D_CLOCK_NONE, &a), -EINVAL);
    assert_int_equal(sys_clock_gettime(fake_call(f), 77, &a), -EINVAL);
    assert_int_equal(sys_clock_gettime(fake_call(f), CLOCK_REALTIME, NULL), -EFAULT);
    assert_int_equal(sys_clock_getres(fake_call(f), 77, &a), -EINVAL);
    assert_int_equal(sys_clock_getres(fake_call(f), 77, NULL), 0);
}

static void common_clocks_need_no_host_call(void **state)
{
    struct timespec t;
    struct timeval  tv;

    (void)state;
    fake_count_reset();
    sys_clock_gettime(fake_call(f), CLOCK_REALTIME, &t);
    sys_clock_gettime(fake_call(f), CLOCK_MONOTONIC, &t);
    sys_gettimeofday(fake_call(f), &tv, NULL);
    assert_int_equal(fake_host_calls() + fake_copies(), 0);
}

static void clocks_of_others(void **state)
{
    struct timespec t, own;
    int32_t         id;

    (void)state;
    assert_int_equal(sys_clock_getcpuclockid2(fake_call(f), 0, 0, GVA((uintptr_t)&id)), 0);
    assert_int_equal(sys_clock_gettime(fake_call(f), id, &t), 0);
    sys_clock_gettime(fake_call(f), CLOCK_PROCESS_CPUTIME_ID, &own);
    assert_true(ns(&own) >= ns(&t) && ns(&own) - ns(&t) < NSEC);
    assert_int_equal(sys_clock_getcpuclockid2(fake_call(f), 0, 1, GVA((uintptr_t)&id)), 0);
    assert_int_equal(sys_clock_gettime(fake_call(f), id, &t), 0);
    assert_int_equal(sys_clock_getcpuclockid2(fake_call(f), 999999, 1, GVA((uintptr_t)&id)), 0);
    assert_int_equal(sys_clock_gettime(fake_call(f), id, &t), -EINVAL);
    assert_int_equal(sys_clock_getcpuclockid2(fake_call(f), 1u << 30, 0, GVA((uintptr_t)&id)), -ESRCH);
    assert_int_equal(sys_clock_getcpuclockid2(fake_call(f), 0, 2, GVA((uintptr_t)&id)), -EINVAL);
}

static int64_t sleep_for(int64_t sec, int64_t nsec, struct timespec *rm)
{
    const struct timespec rq = {sec, nsec};

    return sys_nanosleep(fake_call(f), GVA((uintptr_t)&rq), GVA((uintptr_t)rm));
}

static void sleeps_as_long_as_asked(void **state)
{
    struct timespec a, b, rq;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &a);
    fake_count_reset();
    assert_int_equal(sleep_for(0, 20000000, NULL), 0);
    assert_int_equal(fake_host_calls(), 1);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true(ns(&b) - ns(&a) >= 20000000);
    assert_int_equal(sleep_for(0, 0, NULL), 0);
    assert_int_equal(sleep_for(-1, 0, NULL), 0);
    assert_int_equal(sleep_for(0, NSEC, NULL), -EINVAL);
    assert_int_equal(sleep_for(0, -1, NULL), -EINVAL);
    assert_int_equal(sys_nanosleep(fake_call(f), GVA(8), GVA(0)), -EFAULT);
    clock_gettime(CLOCK_REALTIME, &rq);
    rq.tv_sec -= 5;
    assert_int_equal(sys_clock_nanosleep(fake_call(f), CLOCK_REALTIME, TIMER_ABSTIME, GVA((uintptr_t)&rq), GVA(0)), 0);
}

static void clock_nanosleep_returns_its_errno(void **state)
{
    const struct timespec rq = {0, 1};
    const gva             at = GVA((uintptr_t)&rq);

    (void)state;
    assert_int_equal(sys_clock_nanosleep(fake_call(f), CLOCK_MONOTONIC, 0, at, GVA(0)), 0);
    assert_int_equal(sys_clock_nanosleep(fake_call(f), CLOCK_MONOTONIC, 2, at, GVA(0)), 22);
    assert_int_equal(sys_clock_nanosleep(fake_call(f), D_CLOCK_VIRTUAL, 0, at, GVA(0)), 45);
    assert_int_equal(sys_clock_nanosleep(fake_call(f), CLOCK_THREAD_CPUTIME_ID, 0, at, GVA(0)), 22);
    assert_int_equal(sys_clock_nanosleep(fake_call(f), CLOCK_MONOTONIC, 0, GVA(8), GVA(0)), 14);
}

static void *interrupt_soon(void *arg)
{
    usleep(30000);
    fake_interrupt(arg);
    return NULL;
}

static void a_signal_leaves_the_rest(void **state)
{
    struct timespec rm = {-1, -1};
    pthread_t       t;

    (void)state;
    fake_call(f);
    pthread_create(&t, NULL, interrupt_soon, f);
    assert_int_equal(sleep_for(100, 0, &rm), -EINTR);
    pthread_join(t, NULL);
    fake_calm(f);
    assert_true(rm.tv_sec >= 0 && rm.tv_sec < 100);
}

static void interval_timers(void **state)
{
    struct itimerval v = {.it_value = {100, 0}, .it_interval = {5, 0}}, old;

    (void)state;
    signal(SIGALRM, SIG_IGN);
    assert_int_equal(sys_setitimer(fake_call(f), ITIMER_REAL, &v, NULL), 0);
    memset(&old, 9, sizeof(old));
    assert_int_equal(sys_setitimer(fake_call(f), ITIMER_REAL, NULL, &old), 0); /* only asks */
    assert_int_equal(old.it_interval.tv_sec, 5);
    assert_true(old.it_value.tv_sec > 5 && old.it_value.tv_sec <= 100);
    assert_int_equal(sys_getitimer(fake_call(f), ITIMER_REAL, &old), 0);
    assert_true(old.it_value.tv_sec > 5 && old.it_value.tv_sec <= 100);
    v = (struct itimerval){.it_interval = {7, 0}}; /* an interval without a value is none */
    assert_int_equal(sys_setitimer(fake_call(f), ITIMER_REAL, &v, &old), 0);
    assert_int_equal(old.it_interval.tv_sec, 5);
    assert_int_equal(sys_getitimer(fake_call(f), ITIMER_REAL, &old), 0);
    assert_int_equal(old.it_interval.tv_sec, 0);
    v.it_value.tv_usec = 1000000;
    assert_int_equal(sys_setitimer(fake_call(f), ITIMER_REAL, &v, NULL), -EINVAL);
    v.it_value = (struct timeval){INT32_MAX, 0};
    assert_int_equal(sys_setitimer(fake_call(f), ITIMER_REAL, &v, NULL), -EINVAL);
    assert_int_equal(sys_getitimer(fake_call(f), ITIMER_REAL, NULL), -EFAULT);
}

struct sigevent_arg {
    int32_t  notify, signo;
    uint64_t value;
    int32_t  tid, pad[15];
};

static int new_timer(const struct sigevent_arg *ev)
{
    int32_t id = -1;

    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_MONOTONIC, GVA((uintptr_t)ev), GVA((uintptr_t)&id)), 0);
    assert_true(id >= 3);
    return id;
}

static void timers_fire(void **state)
{
    struct sigevent_arg ev = {.notify = 1, .signo = 30, .value = 77};
    struct itimerspec   v = {.it_value = {0, 5000000}, .it_interval = {0, 5000000}}, old;
    const int           id = new_timer(&ev);
    struct ksiginfo     info;

    (void)state;
    posted = 0;
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, 0, &v, NULL), 0);
    info = await_posts(4);
    assert_int_equal(info.signo, 30);
    assert_int_equal(info.code, 0x10003);
    assert_int_equal(info.value, 77);
    assert_int_equal(info.timerid, id);
    assert_true(sys_ktimer_getoverrun(fake_call(f), id) >= 0); /* on a busy machine there are some */
    assert_int_equal(sys_ktimer_gettime(fake_call(f), id, &old), 0);
    assert_int_equal(old.it_interval.tv_nsec, 5000000);
    v = (struct itimerspec){.it_interval = {1, 0}};
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, 0, &v, &old), 0);
    assert_true(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 5000000);
    assert_int_equal(sys_ktimer_gettime(fake_call(f), id, &old), 0);
    assert_int_equal(ns(&old.it_value) + ns(&old.it_interval), 0);
    assert_int_equal(sys_ktimer_delete(fake_call(f), id), 0);
    assert_int_equal(sys_ktimer_delete(fake_call(f), id), -EINVAL);
}

static void timers_fire_at_a_thread_and_time(void **state)
{
    struct sigevent_arg ev = {.notify = 4, .signo = 31, .tid = (int32_t)f->task.tid};
    struct itimerspec   v = {.it_interval = {0, 0}};
    const int           id = new_timer(&ev);

    (void)state;
    posted = 0;
    clock_gettime(CLOCK_MONOTONIC, &v.it_value);
    v.it_value.tv_sec -= 1;
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, TIMER_ABSTIME, &v, NULL), 0);
    assert_int_equal(await_posts(1).pid, f->task.tid);
    assert_int_equal(posts(), 1);
    assert_int_equal(sys_ktimer_getoverrun(fake_call(f), id), 0); /* fires once, so nothing can be lost */
    timer_proc_gone(&f->own);
    assert_int_equal(sys_ktimer_delete(fake_call(f), id), -EINVAL);
}

/* From the beginning of time, by the millisecond: counted, not stepped through, with every timer's lock held. */
static void long_missed_periods_are_counted(void **state)
{
    struct itimerspec v = {.it_value = {1, 0}, .it_interval = {0, 1000000}}, old;
    int32_t           id = -1;

    (void)state;
    posted = 0;
    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_REALTIME, GVA(0), GVA((uintptr_t)&id)), 0);
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, TIMER_ABSTIME, &v, NULL), 0);
    assert_int_equal(await_posts(1).timerid, id);
    assert_int_equal(sys_ktimer_gettime(fake_call(f), id, &old), 0);
    assert_int_equal(old.it_value.tv_sec, 0);
    assert_true(old.it_value.tv_nsec <= 1000000);
    v.it_interval = (struct timespec){1000, 0};
    posted = 0;
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, TIMER_ABSTIME, &v, NULL), 0);
    await_posts(1);
    assert_true(sys_ktimer_getoverrun(fake_call(f), id) > 1000000);
    assert_int_equal(sys_ktimer_delete(fake_call(f), id), 0);
}

static void timers_of_a_gone_process_stop(void **state)
{
    struct itimerspec v = {.it_value = {0, 2000000}, .it_interval = {0, 2000000}}, now;
    const int         id = new_timer(NULL);

    (void)state;
    posted = 0;
    pthread_mutex_lock(&session.lock);
    f->own.state = PROC_ZOMBIE;
    pthread_mutex_unlock(&session.lock);
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, 0, &v, NULL), 0);
    for (int ms = 0; ms < 60000; ms++) { /* until it has found nobody to tell */
        assert_int_equal(sys_ktimer_gettime(fake_call(f), id, &now), 0);
        if (!now.it_interval.tv_nsec)
            break;
        usleep(1000);
    }
    assert_int_equal(now.it_interval.tv_nsec, 0);
    assert_int_equal(posts(), 0);
    f->own.state = PROC_LIVE;
    timer_proc_gone(&f->own);
}

static void timer_arguments(void **state)
{
    struct sigevent_arg ev = {.notify = 3};
    struct itimerspec   v = {.it_value = {0, NSEC}};
    int32_t             id;

    (void)state;
    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_MONOTONIC, GVA((uintptr_t)&ev), GVA((uintptr_t)&id)),
                     -EINVAL);
    ev = (struct sigevent_arg){.notify = 1, .signo = 129};
    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_MONOTONIC, GVA((uintptr_t)&ev), GVA((uintptr_t)&id)),
                     -EINVAL);
    assert_int_equal(sys_ktimer_create(fake_call(f), D_CLOCK_VIRTUAL, GVA(0), GVA((uintptr_t)&id)), -EINVAL);
    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_MONOTONIC, GVA(0), GVA(8)), -EFAULT);
    id = new_timer(NULL);
    assert_int_equal(sys_ktimer_settime(fake_call(f), id, 0, &v, NULL), -EINVAL);
    for (int i = 0; i < 28; i++)
        new_timer(NULL);
    assert_int_equal(sys_ktimer_create(fake_call(f), CLOCK_MONOTONIC, GVA(0), GVA((uintptr_t)&id)), -EAGAIN);
    timer_proc_gone(&f->own);
}

static int group_up(void **state)
{
    (void)state;
    f = fake_new();
    f->own.abi = &abi;
    LIST_INSERT_HEAD(&session.procs, &f->own, all);
    return 0;
}

static int group_down(void **state)
{
    (void)state;
    LIST_REMOVE(&f->own, all);
    fake_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clock_reads),
        cmocka_unit_test(common_clocks_need_no_host_call),
        cmocka_unit_test(clocks_of_others),
        cmocka_unit_test(sleeps_as_long_as_asked),
        cmocka_unit_test(clock_nanosleep_returns_its_errno),
        cmocka_unit_test(a_signal_leaves_the_rest),
        cmocka_unit_test(interval_timers),
        cmocka_unit_test(timers_fire),
        cmocka_unit_test(timers_fire_at_a_thread_and_time),
        cmocka_unit_test(long_missed_periods_are_counted),
        cmocka_unit_test(timers_of_a_gone_process_stop),
        cmocka_unit_test(timer_arguments),
    };

    return cmocka_run_group_tests_name("syscalls/time", tests, group_up, group_down);
}
