/* Clocks, sleeps and interval timers. */
#include "sample.h"

static volatile int alarms;

static void on_alarm(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    alarms += sig == SIGALRM;
}

static void check_clocks(void)
{
    struct os_timespec res;
    int64_t            a, b;

    check(now_ns(CLOCK_REALTIME) > 1700000000 * NSEC_PER_SEC, "the year is not 1970");
    a = now_ns(CLOCK_MONOTONIC);
    b = now_ns(CLOCK_MONOTONIC);
    check(b >= a, "monotonic time does not go back");
    check(os_clock_getres(CLOCK_MONOTONIC, &res) == 0 && res.sec == 0 && res.nsec > 0, "a resolution");
    check(now_ns(CLOCK_PROCESS_CPUTIME_ID) >= 0 && now_ns(CLOCK_THREAD_CPUTIME_ID) >= 0, "CPU clocks");
    check_err(os_clock_gettime(999, &res), -EINVAL, "no such clock");
    check_err(os_clock_gettime(CLOCK_REALTIME, (void *)16), -EFAULT, "nowhere to put it");
}

static void check_sleep(void)
{
    int64_t            start = now_ns(CLOCK_MONOTONIC), took;
    struct os_timespec ts = {0, 30000000}, bad = {0, 1000000000};

    check(os_nanosleep(&ts, 0) == 0, "nanosleep");
    took = now_ns(CLOCK_MONOTONIC) - start;
    check(took >= 30000000, "took as long as asked for");
    check_err(os_nanosleep(&bad, 0), -EINVAL, "a billion nanoseconds are not allowed");
    start += 80000000;
    ts = (struct os_timespec){start / NSEC_PER_SEC, start % NSEC_PER_SEC};
    check(os_clock_nanosleep_abs(CLOCK_MONOTONIC, &ts) == 0 && now_ns(CLOCK_MONOTONIC) >= start, "sleep until a time");
}

static void check_timer(void)
{
    struct os_sigaction act = {.handler = on_alarm, .flags = SA_SIGINFO};
    struct os_itimerval v = {{0, 10000}, {0, 10000}}, old;
    struct os_timespec  ts = {5, 0}, rem = {0, 0};

    check(os_sigaction(SIGALRM, &act, 0) == 0 && os_setitimer(ITIMER_REAL, &v, 0) == 0, "setitimer");
    check_err(os_nanosleep(&ts, &rem), -EINTR, "an alarm interrupts a sleep");
    check(rem.sec >= 0 && rem.sec < 5 && rem.nsec > 0, "what is left of it is told");
    while (alarms < 5)
        sleep_ms(1);
    check(os_getitimer(ITIMER_REAL, &old) == 0 && old.interval.usec == 10000, "getitimer");
    v = (struct os_itimerval){{0, 0}, {0, 0}};
    check(os_setitimer(ITIMER_REAL, &v, &old) == 0 && old.interval.usec == 10000, "the timer is stopped");
    alarms = 0;
    sleep_ms(30);
    check(alarms == 0, "and stays stopped");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_clocks();
    check_sleep();
    check_timer();
    return check_status();
}
