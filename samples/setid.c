/* Credentials belong to the process: a change in one thread is every thread's, whatever those are doing. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { THREADS = 6, NOBODY = 65534, RFFDG = 4, RFPROC = 16, RFMEM = 32 };

static struct thread threads[THREADS];
static int           fds[2];
static uint32_t      word;
static volatile int  spinning = 1, ready;
static volatile long seen[THREADS][5]; /* each thread's: user, effective user, group, extra groups, first of them */
static volatile long results[THREADS];

static long os_geteuid(void) { return OS_CALL(25); }
static long os_getgid(void) { return OS_CALL(47); }
static long os_setuid(int uid) { return OS_CALL(23, uid); }
static long os_setgid(int gid) { return OS_CALL(181, gid); }
static long os_seteuid(int uid) { return OS_CALL(183, uid); }
static long os_setgroups(int n, const uint32_t *set) { return OS_CALL(596, n, set); }
static long os_getgroups(int n, uint32_t *set) { return OS_CALL(595, n, set); }

static void look(long i)
{
    uint32_t set[8] = {0};

    seen[i][0] = os_getuid();
    seen[i][1] = os_geteuid();
    seen[i][2] = os_getgid();
    seen[i][3] = os_getgroups(8, set);
    seen[i][4] = set[0];
}

static long in_a_loop(void)
{
    while (spinning)
        ;
    return 0;
}

static long in_read(void)
{
    char byte = 0;

    return os_read(fds[0], &byte, 1) == 1 && byte == 'x';
}

static long in_sleep(void)
{
    const int64_t            before = now_ns(CLOCK_MONOTONIC);
    const struct os_timespec ts = {0, 300000000};
    long                     r = os_nanosleep(&ts, 0);

    return r == 0 && now_ns(CLOCK_MONOTONIC) - before >= 300000000;
}

static long in_umtx(void) { return os_futex_wait(&word, 0, 0); }

static long in_kevent(void)
{
    int              kq = (int)os_kqueue();
    struct os_kevent ev = {.ident = 1, .filter = EVFILT_TIMER, .flags = EV_ADD | EV_ONESHOT, .data = 250}, got;

    return os_kevent(kq, &ev, 1, &got, 1, 0) == 1 && got.ident == 1;
}

static long in_vfork(void)
{
    char *argv[] = {(char *)"/nonexistent", 0};
    int   status = 0;
    long  pid = os_vfork_exec("/nonexistent", argv, argv);

    return os_wait4((int)pid, &status, 0, 0) == pid && status == 127 << 8;
}

static long (*const bodies[THREADS])(void) = {in_a_loop, in_read, in_sleep, in_umtx, in_kevent, in_vfork};

static long run(void *arg)
{
    const long i = (long)arg;

    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    results[i] = bodies[i]();
    while (spinning)
        os_yield();
    look(i);
    return 0;
}

static void let_go(void)
{
    spinning = 0;
    os_write(fds[1], "x", 1);
    word = 1;
    os_futex_wake(&word, 1);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
}

static void start(void)
{
    must(os_pipe(fds), "pipe");
    for (long i = 0; i < THREADS; i++)
        thread_start(&threads[i], run, (void *)i);
    while (ready < THREADS)
        os_yield();
    sleep_ms(50);
}

static void check_all(bool root)
{
    static const char *const where[] = {"a loop", "read", "nanosleep", "umtx", "kevent", "vfork"};
    char                     text[64];

    for (int i = 0; i < THREADS; i++) {
        print_into(text, sizeof(text), "a thread in %s", where[i]);
        check(!root || (seen[i][0] == NOBODY && seen[i][1] == NOBODY && seen[i][2] == NOBODY && seen[i][3] == 2 &&
                        seen[i][4] == 1001),
              text);
        print_into(text, sizeof(text), "%s is unharmed", where[i]);
        check(results[i] == (i == 0 || i == 3 ? 0 : 1), text);
    }
}

/* Two threads that change credentials at once, many times, end where one of them left it. */
static long flip(void *arg)
{
    const int uid = (int)(long)arg;
    long      bad = 0;

    for (int i = 0; i < 50; i++) {
        bad += os_seteuid(uid) != 0;
        bad += os_seteuid(0) != 0;
    }
    return bad;
}

static void check_two_at_once(void)
{
    static struct thread t[2];
    long                 bad;

    thread_start(&t[0], flip, (void *)11L);
    thread_start(&t[1], flip, (void *)11L);
    bad = thread_join(&t[0]);
    bad += thread_join(&t[1]);
    check(bad == 0 && os_geteuid() == 0, "two threads change at once");
}

int main(int argc, char **argv, char **envp)
{
    static const uint32_t set[2] = {1001, 1002};
    const bool            root = os_getuid() == 0;

    (void)argc;
    (void)argv;
    (void)envp;
    if (root)
        check_two_at_once();
    start();
    if (root) {
        check(os_setgroups(2, set) == 0, "setgroups");
        check(os_setgid(NOBODY) == 0, "setgid");
        check(os_setuid(NOBODY) == 0, "setuid");
    } else {
        check_err(os_setgroups(2, set), -EPERM, "setgroups");
        check(os_setgid((int)os_getgid()) == 0, "setgid");
        check(os_setuid((int)os_getuid()) == 0, "setuid");
    }
    check_err(os_setuid(0), -EPERM, "no way back");
    let_go();
    check_all(root);
    return check_status();
}
#else
OTHER_KERNEL_SAYS("threads have their own here\n")
#endif
