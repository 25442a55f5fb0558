/* The kernel's POSIX semaphores: calls that only FreeBSD has, so the sample knows the answers. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { S_IFREG = 0100000, VALUE_MAX = 2147483647, SEMS_MAX = 30 };

static long sem_close(long id) { return OS_CALL(400, id); }
static long sem_post(long id) { return OS_CALL(401, id); }
static long sem_wait(long id) { return OS_CALL(402, id); }
static long sem_trywait(long id) { return OS_CALL(403, id); }
static long sem_init(long *id, unsigned value) { return OS_CALL(404, id, value); }
static long sem_open(long *id, const char *name, int flags, int mode, unsigned value)
{
    return OS_CALL(405, id, name, flags, mode, value);
}
static long sem_unlink(const char *name) { return OS_CALL(406, name); }
static long sem_getvalue(long id, int *v) { return OS_CALL(407, id, v); }
static long sem_destroy(long id) { return OS_CALL(408, id); }
static long sem_timedwait(long id, const struct os_timespec *at) { return OS_CALL(441, id, at); }

static int value(long id)
{
    int v = -1;

    return sem_getvalue(id, &v) == 0 ? v : -1;
}

/* A number of p1003_1b.NAME. */
static int number(const char *name)
{
    int    v = -1;
    size_t n = sizeof(v);

    return OS_CALL(570, name, strlen(name), &v, &n, 0, 0) == 0 ? v : -1;
}

static void check_counting(void)
{
    long id = -1;

    check(sem_init(&id, 2) == 0 && id > 2, "init gives a descriptor");
    check(value(id) == 2 && number("p1003_1b.nsems") == 1, "with its value, and it is counted");
    check(sem_wait(id) == 0 && sem_trywait(id) == 0 && value(id) == 0, "wait and trywait take");
    check_err(sem_trywait(id), -EAGAIN, "trywait finds nothing");
    check(sem_post(id) == 0 && value(id) == 1, "post");
    check_err(sem_close(id), -EINVAL, "close is for those with a name");
    check(sem_destroy(id) == 0, "destroy");
    check_err(sem_post(id), -EINVAL, "nothing is left");
    check(number("p1003_1b.nsems") == 0, "nor counted");
    check_err(sem_init(&id, 1u + VALUE_MAX), -EINVAL, "too high a value");
    check_err(sem_init((long *)8, 0), -EFAULT, "nowhere to put it");
    check_err(sem_wait(1), -EINVAL, "no semaphore");
    check(sem_init(&id, VALUE_MAX) == 0, "the highest value");
    check_err(sem_post(id), -EOVERFLOW, "no more than that");
    check(sem_destroy(id) == 0, "destroy that");
    check(number("p1003_1b.sem_nsems_max") == SEMS_MAX && number("p1003_1b.sem_value_max") == VALUE_MAX, "the limits");
}

static void check_names(void)
{
    long a, b, many[SEMS_MAX];
    int  n = 0;

    check_err(sem_open(&a, "/sample", 0, 0, 0), -ENOENT, "none of that name");
    check_err(sem_open(&a, "sample", O_CREAT, 0600, 0), -EINVAL, "a name begins with a slash");
    check_err(sem_open(&a, "/sample", O_CREAT | O_RDWR, 0600, 0), -EINVAL, "flags that are none");
    check(sem_open(&a, "/sample", O_CREAT, 0600, 5) == 0, "open makes one");
    check_err(sem_open(&b, "/sample", O_CREAT | O_EXCL, 0600, 5), -EEXIST, "once");
    check(sem_open(&b, "/sample", O_CREAT, 0600, 9) == 0 && b != a && value(b) == 5, "and opens it again");
    check(sem_post(a) == 0 && value(b) == 6, "both are one");
    check_err(sem_destroy(b), -EINVAL, "destroy is for those without a name");
    check(sem_unlink("/sample") == 0, "unlink");
    check_err(sem_unlink("/sample"), -ENOENT, "once");
    check(sem_close(a) == 0 && value(b) == 6, "who has it open keeps it");
    check(sem_close(b) == 0 && number("p1003_1b.nsems") == 0, "to the last close");
    while (n < SEMS_MAX && sem_init(&many[n], 0) == 0)
        n++;
    check(n == SEMS_MAX, "as many as there may be");
    check_err(sem_init(&a, 0), -ENOSPC, "and no more");
    check_err(sem_open(&a, "/one-more", O_CREAT, 0600, 0), -ENFILE, "nor with a name");
    while (n--)
        must(sem_destroy(many[n]), "destroy");
}

static void check_descriptor(void)
{
    struct os_stat   st;
    struct os_pollfd p = {.events = POLLIN | POLLOUT};
    long             id, copy;
    char             byte;

    must(os_umask(022), "umask");
    must(sem_open(&id, "/as-descriptor", O_CREAT, 0666, 0), "open");
    check(os_fstat((int)id, &st) == 0 && st.mode == (S_IFREG | 0644) && st.birthtime.sec > 0, "fstat");
    check_err(os_read((int)id, &byte, 1), -EOPNOTSUPP, "no reading");
    check_err(os_write((int)id, &byte, 1), -EOPNOTSUPP, "no writing");
    check_err(os_lseek((int)id, 0, 0), -ESPIPE, "no seeking");
    check_err(os_fcntl((int)id, F_SETFL, O_NONBLOCK), -ENOTTY, "no flags to set");
    check(!(os_fcntl((int)id, F_GETFL, 0) & O_NONBLOCK), "which stay");
    check_err(OS_CALL(480, id, 5), -EINVAL, "no length");
    check_err((long)os_mmap(0, 4096, 1, 1, (int)id, 0), -ENODEV, "no mapping");
    p.fd = (int)id;
    check(os_poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT),
          "poll says ready, as it does for what it does not know");
    check(os_fcntl((int)id, F_GETFD, 0) == FD_CLOEXEC, "closed by exec");
    copy = os_dup((int)id);
    check(os_close((int)id) == 0 && sem_post(copy) == 0 && value(copy) == 1, "a duplicate is as good");
    check(sem_close(copy) == 0 && sem_unlink("/as-descriptor") == 0, "close");
}

static long child(long id, long other, const char *name)
{
    long pid = os_fork(), mine;

    if (pid)
        return pid;
    if (name && sem_open(&mine, name, 0, 0, 0) < 0)
        os_exit(9);
    for (int i = 0; i < 1000; i++)
        if (sem_wait(name ? mine : id) < 0 || sem_post(other) < 0)
            os_exit(8);
    os_exit(0);
}

static void ping_pong(long a, long b, const char *name, const char *what)
{
    long pid = child(a, b, name);
    int  status = -1, bad = 0;

    for (int i = 0; i < 1000; i++)
        bad += sem_post(a) < 0 || sem_wait(b) < 0;
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 0 && !bad && value(a) == 0 && value(b) == 0, what);
}

static void kill_child(long pid)
{
    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, 0, 0, 0);
}

/* A child that waits for a new semaphore: nobody says whether it is in its wait yet, but destroying says so. */
static long waiter(long *id)
{
    for (int ms = 50;; ms *= 2) {
        long pid, r;

        must(sem_init(id, 0), "init");
        pid = os_fork();
        if (pid == 0) {
            sem_wait(*id);
            os_exit(0);
        }
        sleep_ms(ms);
        r = sem_destroy(*id);
        if (r || ms > 5000) {
            check_err(r, -EBUSY, "not while somebody waits");
            return pid;
        }
        kill_child(pid);
    }
}

static void check_processes(void)
{
    long a, b;

    must(sem_init(&a, 0), "init");
    must(sem_open(&b, "/pong", O_CREAT, 0600, 0), "open");
    ping_pong(a, b, 0, "fork hands them down");
    ping_pong(b, a, "/pong", "a child finds it by its name");
    must(sem_destroy(a), "destroy");
    kill_child(waiter(&a));
    check(sem_post(a) == 0 && sem_trywait(a) == 0, "who was killed takes nothing");
    check(sem_destroy(a) == 0, "nor does it wait any longer");
    check(sem_close(b) == 0 && sem_unlink("/pong") == 0 && number("p1003_1b.nsems") == 0, "all are gone");
}

static volatile int heard;
static long         poked;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    heard = sig;
    if (sig == SIGUSR2)
        sem_post(poked);
}

static void catch (int sig, int flags)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO | flags};

    must(os_sigaction(sig, &sa, 0), "sigaction");
    heard = 0;
}

static long poker(int sig)
{
    long me = os_getpid(), pid = os_fork();

    if (pid)
        return pid;
    for (;;) { /* the first may come before the wait */
        sleep_ms(50);
        os_kill((int)me, sig);
    }
}

static void check_waits(void)
{
    struct os_timespec at = {1, NSEC_PER_SEC}, past = {1, 0}, soon;
    long               id, pid;

    must(sem_init(&id, 0), "init");
    check_err(sem_timedwait(id, &at), -EINVAL, "no such time");
    check_err(sem_timedwait(id, &past), -ETIMEDOUT, "a time that is over");
    soon.sec = now_ns(CLOCK_REALTIME) / NSEC_PER_SEC;
    soon.nsec = now_ns(CLOCK_REALTIME) % NSEC_PER_SEC;
    soon.sec += soon.nsec >= 950000000;
    soon.nsec = (soon.nsec + 50000000) % NSEC_PER_SEC;
    check_err(sem_timedwait(id, &soon), -ETIMEDOUT, "a time that comes");
    check(now_ns(CLOCK_REALTIME) >= soon.sec * NSEC_PER_SEC + soon.nsec, "not before it");
    check(sem_post(id) == 0 && sem_timedwait(id, &past) == 0, "what is there is taken, late or not");
    check(sem_post(id) == 0 && sem_timedwait(id, 0) == 0, "no time at all");
    catch (SIGUSR1, 0);
    pid = poker(SIGUSR1);
    check_err(sem_wait(id), -EINTR, "a signal ends a wait");
    check(heard == SIGUSR1, "and is heard");
    kill_child(pid);
    poked = id;
    catch (SIGUSR2, SA_RESTART);
    pid = poker(SIGUSR2);
    check(sem_wait(id) == 0 && heard == SIGUSR2, "SA_RESTART: it goes on");
    kill_child(pid);
    must(sem_destroy(id), "destroy");
}

enum { THREADS = 6, ROUNDS = 500 };

static long ring[THREADS];

static long pass_on(void *arg)
{
    const long me = (long)arg;

    for (int i = 0; i < ROUNDS; i++)
        if (sem_wait(ring[me]) < 0 || sem_post(ring[(me + 1) % THREADS]) < 0)
            return 1;
    return 0;
}

static void check_threads(void)
{
    struct thread t[THREADS];
    long          bad = 0;

    for (long i = 0; i < THREADS; i++)
        must(sem_init(&ring[i], 0), "init");
    for (long i = 0; i < THREADS; i++)
        thread_start(&t[i], pass_on, (void *)i);
    sem_post(ring[0]);
    for (int i = 0; i < THREADS; i++)
        bad += thread_join(&t[i]);
    check(!bad && value(ring[0]) == 1, "threads hand one token round");
    for (int i = 0; i < THREADS; i++)
        must(sem_destroy(ring[i]), "destroy");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_counting();
    check_names();
    check_descriptor();
    check_processes();
    check_waits();
    check_threads();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("there are none here\n")
#endif
