/* POSIX message queues by their system calls, which only FreeBSD has, so the sample knows the answers. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { FIONBIO_ = (int)0x8004667e };
enum { S_IFIFO = 0010000, MAXMSG = 100, MAXSIZE = 16384, PRIORITIES = 64, SI_MESGQ = 0x10005, RTMIN = 65 };
enum { NONE, BY_SIGNAL, THREAD_ID = 4 };

struct attr {
    long flags, maxmsg, msgsize, curmsgs, reserved[4];
};
struct event {
    int      notify, signo;
    uint64_t value;
    int      tid, pad[15];
};

static long q_open(const char *name, int flags, int mode, const struct attr *a)
{
    return OS_CALL(457, name, flags, mode, a);
}
static long q_setattr(long q, const struct attr *a, struct attr *old) { return OS_CALL(458, q, a, old); }
static long q_receive(long q, char *to, size_t n, unsigned *prio, const struct os_timespec *at)
{
    return OS_CALL(459, q, to, n, prio, at);
}
static long q_send(long q, const char *from, size_t n, unsigned prio, const struct os_timespec *at)
{
    return OS_CALL(460, q, from, n, prio, at);
}
static long q_notify(long q, const struct event *ev) { return OS_CALL(461, q, ev); }
static long q_unlink(const char *name) { return OS_CALL(462, name); }

static long curmsgs(long q)
{
    struct attr a = {0};

    return q_setattr(q, 0, &a) == 0 ? a.curmsgs : -1;
}

static int number(const char *name)
{
    int    v = -1;
    size_t n = sizeof(v);

    return OS_CALL(570, name, strlen(name), &v, &n, 0, 0) == 0 ? v : -1;
}

static long make(const char *name, int flags, long maxmsg, long msgsize)
{
    const struct attr a = {0, maxmsg, msgsize, 0, {0}};

    return must(q_open(name, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &a), "make a queue");
}

static void drop(long q, const char *name)
{
    must(os_close((int)q), "close");
    must(q_unlink(name), "unlink");
}

static void check_names(void)
{
    struct attr bad = {0, MAXMSG + 1, 10, 0, {0}}, a = {0};
    char        longer[300];
    long        q, r;

    memset(longer, 'x', sizeof(longer));
    longer[0] = '/';
    longer[sizeof(longer) - 1] = 0;
    check_err(q_open("/sample", O_RDWR, 0, 0), -ENOENT, "none of that name");
    check_err(q_open("sample", O_RDWR | O_CREAT, 0600, 0), -EINVAL, "a name begins with a slash");
    check_err(q_open("/", O_RDWR | O_CREAT, 0600, 0), -EINVAL, "and goes on");
    check_err(q_open("/sam/ple", O_RDWR | O_CREAT, 0600, 0), -EINVAL, "without another");
    check_err(q_open(longer, O_RDWR | O_CREAT, 0600, 0), -ENAMETOOLONG, "too long a name");
    check_err(q_open("/sample", 3 | O_CREAT, 0600, 0), -EINVAL, "no such access");
    check_err(q_open("/sample", O_RDWR | O_CREAT, 0600, &bad), -EINVAL, "too many messages");
    bad.maxmsg = 1;
    bad.msgsize = MAXSIZE + 1;
    check_err(q_open("/sample", O_RDWR | O_CREAT, 0600, &bad), -EINVAL, "too long messages");
    q = q_open("/sample", O_RDWR | O_CREAT, 0600, 0);
    check(q > 2 && number("kern.mqueue.curmq") == 1, "open makes one");
    check(q_setattr(q, 0, &a) == 0 && a.flags == 0 && a.maxmsg == 10 && a.msgsize == 1024 && a.curmsgs == 0,
          "with the attributes that are usual");
    check_err(q_open("/sample", O_RDWR | O_CREAT | O_EXCL, 0600, 0), -EEXIST, "once");
    r = q_open("/sample", O_RDONLY, 0, 0);
    check(r > q && q_send(q, "both", 4, 0, 0) == 0 && curmsgs(r) == 1, "and opens it again");
    check_err(q_send(r, "x", 1, 0, 0), -EBADF, "not to be written");
    check(q_unlink("/sample") == 0, "unlink");
    check_err(q_unlink("/sample"), -ENOENT, "once");
    os_close((int)q);
    check(curmsgs(r) == 1 && number("kern.mqueue.curmq") == 1, "who has it open keeps it");
    os_close((int)r);
    check(number("kern.mqueue.curmq") == 0, "to the last close");
    check(number("kern.mqueue.maxmsg") == MAXMSG && number("kern.mqueue.maxmsgsize") == MAXSIZE &&
              number("p1003_1b.message_passing") == 200112 && number("kern.features.p1003_1b_mqueue") == 1,
          "the limits");
}

static void check_messages(void)
{
    static const struct {
        const char *text;
        unsigned    prio;
    } sent[] = {{"low 1", 1}, {"high 1", 63}, {"middle", 7}, {"low 2", 1}, {"high 2", 63}, {"", 0}},
      want[] = {{"high 1", 63}, {"high 2", 63}, {"middle", 7}, {"low 1", 1}, {"low 2", 1}, {"", 0}};
    const long q = make("/messages", 0, MAXMSG, 64);
    char       buf[64];
    unsigned   prio = 99;
    int        good = 0;

    for (int i = 0; i < 6; i++)
        must(q_send(q, sent[i].text, strlen(sent[i].text), sent[i].prio, 0), "send");
    check(curmsgs(q) == 6, "they are counted");
    for (int i = 0; i < 6; i++) {
        const long n = q_receive(q, buf, sizeof(buf), &prio, 0);

        good += n == (long)strlen(want[i].text) && !memcmp(buf, want[i].text, (size_t)n) && prio == want[i].prio;
    }
    check(good == 6 && curmsgs(q) == 0, "the highest comes first, of those the oldest; an empty one last");
    check_err(q_send(q, buf, 1, PRIORITIES, 0), -EINVAL, "too high a priority");
    check_err(q_send(q, buf, sizeof(buf) + 1, 0, 0), -EMSGSIZE, "too long a message");
    check_err(q_receive(q, buf, sizeof(buf) - 1, 0, 0), -EMSGSIZE, "too short a buffer");
    check_err(q_send(q, (char *)8, 1, 0, 0), -EFAULT, "nothing there to be sent");
    check(q_send(q, "no priority", 11, 0, 0) == 0 && q_receive(q, buf, sizeof(buf), 0, 0) == 11, "who does not ask");
    check(q_send(q, "lost", 4, 0, 0) == 0, "a message");
    check_err(q_receive(q, (char *)8, sizeof(buf), 0, 0), -EFAULT, "nowhere to put it");
    check(curmsgs(q) == 0, "loses it");
    check_err(q_send(1, "x", 1, 0, 0), -EBADF, "no queue");
    check_err(q_setattr(99, 0, 0), -EBADF, "no descriptor");
    drop(q, "/messages");
}

static struct os_timespec in_ms(long ms)
{
    const int64_t at = now_ns(CLOCK_REALTIME) + ms * 1000000;

    return (struct os_timespec){at / NSEC_PER_SEC, at % NSEC_PER_SEC};
}

static void check_times(void)
{
    struct os_timespec bad = {1, NSEC_PER_SEC}, past = {1, 0}, soon = in_ms(50);
    struct attr        a = {O_NONBLOCK, 0, 0, 0, {0}}, old = {0};
    char               buf[8];
    const long         q = make("/times", 0, 1, 8);

    check_err(q_receive(q, buf, 8, 0, &bad), -EINVAL, "no such time");
    check_err(q_receive(q, buf, 8, 0, &past), -ETIMEDOUT, "a time that is over");
    check_err(q_receive(q, buf, 8, 0, &soon), -ETIMEDOUT, "a time that comes");
    check(now_ns(CLOCK_REALTIME) >= soon.sec * NSEC_PER_SEC + soon.nsec, "not before it");
    check(q_send(q, "a", 1, 0, &bad) == 0, "no time is looked at when nothing has to wait");
    check_err(q_send(q, "b", 1, 0, &bad), -EINVAL, "no such time to send");
    check_err(q_send(q, "b", 1, 0, &past), -ETIMEDOUT, "full until then");
    check(q_receive(q, buf, 8, 0, &past) == 1 && buf[0] == 'a', "late or not, what is there is received");
    check(q_setattr(q, &a, &old) == 0 && old.flags == 0, "set O_NONBLOCK");
    check_err(q_receive(q, buf, 8, 0, 0), -EAGAIN, "nothing there");
    check_err(q_receive(q, buf, 8, 0, &bad), -EAGAIN, "and no time is looked at");
    check(q_send(q, "c", 1, 0, 0) == 0, "room for one");
    check_err(q_send(q, "d", 1, 0, 0), -EAGAIN, "no room");
    a.flags = O_NONBLOCK | 1;
    check_err(q_setattr(q, &a, &old), -EINVAL, "another flag");
    a.flags = 0;
    check(q_setattr(q, &a, &old) == 0 && old.flags == O_NONBLOCK && old.maxmsg == 1 && old.curmsgs == 1, "as it was");
    drop(q, "/times");
}

static int ready(long q)
{
    struct os_pollfd p = {.fd = (int)q, .events = POLLIN | POLLOUT};

    return os_poll(&p, 1, 0) >= 0 ? p.revents : -1;
}

static void check_ready(void)
{
    struct os_stat st;
    const long     q = make("/ready", 0, 2, 8), again = must(q_open("/ready", O_RDWR, 0, 0), "open again");
    char           buf[8];

    check(ready(q) == POLLOUT && ready(again) == POLLOUT, "empty: only to write");
    must(q_send(q, "a", 1, 0, 0), "send");
    check(ready(q) == (POLLIN | POLLOUT) && ready(again) == (POLLIN | POLLOUT), "one: both");
    must(q_send(again, "b", 1, 0, 0), "send");
    check(ready(q) == POLLIN && ready(again) == POLLIN, "full: only to read");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    check(ready(q) == (POLLIN | POLLOUT) && ready(again) == (POLLIN | POLLOUT), "room again");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    check(ready(q) == POLLOUT && ready(again) == POLLOUT, "empty again");
    must(q_send(q, "c", 1, 0, 0), "send");
    os_close((int)again);
    const long late = must(q_open("/ready", O_RDWR, 0, 0), "open late");
    check(ready(late) == (POLLIN | POLLOUT), "who opens it late sees what is there");
    os_close((int)late);
    check_err(os_read((int)q, buf, 8), -EOPNOTSUPP, "no reading");
    check_err(os_fcntl((int)q, F_SETFL, O_NONBLOCK), -ENOTTY, "no flags that way");
    check_err(os_ioctl((int)q, FIONBIO_, &(int){1}), -ENOTTY, "nor that");
    check_err(os_write((int)q, buf, 8), -EOPNOTSUPP, "no writing");
    check_err(OS_CALL(480, q, 5), -EINVAL, "no length");
    check_err((long)os_mmap(0, 4096, 1, 1, (int)q, 0), -ENODEV, "no mapping");
    check(os_fcntl((int)q, F_GETFD, 0) == FD_CLOEXEC, "closed by exec");
    check(os_fstat((int)q, &st) == 0 && st.mode == (S_IFIFO | 0600) && st.birthtime.sec > 0, "fstat");
    check(OS_CALL(124, q, 0640) == 0 && os_fstat((int)q, &st) == 0 && st.mode == (S_IFIFO | 0640), "fchmod");
    drop(q, "/ready");
}

static int events(int kq, struct os_kevent *ev, int n)
{
    const struct os_timespec now = {0, 0};

    return (int)os_kevent(kq, 0, 0, ev, n, &now);
}

static void check_kevent(void)
{
    const long       q = make("/kevent", 0, 1, 8);
    const int        kq = (int)must(OS_CALL(362), "kqueue");
    struct os_kevent add[2] = {{.ident = (uint64_t)q, .filter = EVFILT_READ, .flags = EV_ADD},
                               {.ident = (uint64_t)q, .filter = EVFILT_WRITE, .flags = EV_ADD}};
    struct os_kevent ev[2];
    char             buf[8];

    must(os_kevent(kq, add, 2, 0, 0, 0), "add");
    check(events(kq, ev, 2) == 1 && ev[0].filter == EVFILT_WRITE && ev[0].data == 0, "room is an event");
    must(q_send(q, "a", 1, 0, 0), "send");
    check(events(kq, ev, 2) == 1 && ev[0].filter == EVFILT_READ && ev[0].data == 0 && !(ev[0].flags & EV_EOF),
          "a message is, in a full queue alone");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    check(events(kq, ev, 2) == 1 && ev[0].filter == EVFILT_WRITE, "and then room again");
    os_close(kq);
    drop(q, "/kevent");
}

static void check_clear(void)
{
    const long       q = make("/clear", 0, 5, 8);
    const int        kq = (int)must(OS_CALL(362), "kqueue");
    struct os_kevent add = {.ident = (uint64_t)q, .filter = EVFILT_READ, .flags = EV_ADD | EV_CLEAR}, ev;

    must(os_kevent(kq, &add, 1, 0, 0, 0), "add");
    must(q_send(q, "a", 1, 0, 0), "send");
    check(events(kq, &ev, 1) == 1 && events(kq, &ev, 1) == 0, "EV_CLEAR: told once");
    must(q_send(q, "b", 1, 0, 0), "send");
    check(events(kq, &ev, 1) == 1 && events(kq, &ev, 1) == 0, "and of the next message, too");
    os_close(kq);
    drop(q, "/clear");
}

static volatile int      heard, code, mqd;
static volatile uint64_t value;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)uc;
    heard = sig;
    code = si->si_code;
    value = si->si_value;
    mqd = (int)si->si_rest[0]; /* si_mqd */
}

static void catch (int sig, int flags)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO | flags};

    must(os_sigaction(sig, &sa, 0), "sigaction");
    heard = 0;
}

static long child_asks(long q, const struct event *ev)
{
    int  status = -1;
    long pid = os_fork();

    if (pid == 0)
        os_exit(q_notify(q, ev) == -EBUSY ? 0 : 1);
    os_wait4((int)pid, &status, 0, 0);
    return status;
}

static void check_notify(void)
{
    const long   q = make("/notify", 0, 4, 8), other = make("/other", 0, 4, 8);
    struct event ev = {BY_SIGNAL, SIGUSR1, 0x1234567890, 0, {0}}, none = {.notify = NONE}, bad = {.notify = 9};
    char         buf[8];

    catch (SIGUSR1, 0);
    check_err(q_notify(q, &bad), -EINVAL, "no such way to be told");
    bad.notify = BY_SIGNAL;
    bad.signo = 999;
    check_err(q_notify(q, &bad), -EINVAL, "no such signal");
    check_err(q_notify(1, &ev), -EBADF, "no queue");
    check(q_notify(q, &ev) == 0 && child_asks(q, &ev) == 0, "one process asks, at one time");
    check_err(q_notify(q, &ev), -EBUSY, "once");
    must(q_send(q, "a", 1, 0, 0), "send");
    check(heard == SIGUSR1 && code == SI_MESGQ && value == 0x1234567890 && mqd == q, "it is told with all that is");
    heard = 0;
    must(q_send(q, "b", 1, 0, 0), "send");
    check(!heard, "only once");
    check(q_notify(q, &ev) == 0 && heard == SIGUSR1, "who asks when there are messages is told at once");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    heard = 0;
    check(q_notify(q, &ev) == 0 && heard == SIGUSR1, "at each time");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    check(q_notify(q, &ev) == 0 && q_notify(q, 0) == 0, "who asks no more");
    heard = 0;
    must(q_send(q, "c", 1, 0, 0), "send");
    check(!heard, "is not told");
    must(q_receive(q, buf, 8, 0, 0), "receive");
    check(q_notify(q, &none) == 0 && child_asks(q, &ev) == 0, "SIGEV_NONE keeps others out");
    must(q_send(q, "d", 1, 0, 0), "send");
    check(!heard && q_notify(other, &ev) == 0, "and tells nobody; another queue is another matter");
    os_close((int)other);
    check(q_notify(q, 0) == 0 && q_notify(q, &ev) == 0 && heard == SIGUSR1, "a close takes back what was asked");
    must(q_unlink("/other"), "unlink");
    drop(q, "/notify");
}

/* The signal of a descriptor is pending once, and taken back with what it was asked through. */
static void check_pending(void)
{
    const long             q = make("/pending", 0, 4, 8);
    struct event           ev = {BY_SIGNAL, RTMIN, 1, 0, {0}};
    const struct os_sigset set = {{0, 0, 1, 0}};
    struct os_sigset       now;
    struct os_timespec     zero = {0, 0};
    os_siginfo             si;
    long                   me = 0;

    must(os_sigprocmask(SIG_BLOCK, &set, 0), "block");
    must(q_notify(q, &ev), "notify");
    must(q_send(q, "a", 1, 0, 0), "send");
    check(os_sigpending(&now) == 0 && now.bits[2] == 1, "it waits");
    ev.value = 2;
    must(q_notify(q, &ev), "notify");
    check(os_sigtimedwait(&set, &si, &zero) == RTMIN && si.si_value == 2 &&
              os_sigtimedwait(&set, &si, &zero) == -EAGAIN,
          "asking anew takes the old one back");
    must(q_notify(q, &ev), "notify");
    check(os_sigpending(&now) == 0 && now.bits[2] == 1, "it waits again");
    os_close((int)q);
    check(os_sigpending(&now) == 0 && now.bits[2] == 0, "but not beyond the close");
    must(q_unlink("/pending"), "unlink");

    const long p = make("/thread", 0, 4, 8);

    must(OS_CALL(432, &me), "thr_self");
    ev = (struct event){THREAD_ID, RTMIN, 3, (int)me, {0}};
    must(q_notify(p, &ev), "notify");
    must(q_send(p, "a", 1, 0, 0), "send");
    check(os_sigtimedwait(&set, &si, &zero) == RTMIN && si.si_value == 3 && si.si_code == SI_MESGQ, "to a thread");
    ev.tid = (int)me + 5000;
    must(q_notify(p, &ev), "notify");
    check_err(os_sigtimedwait(&set, &si, &zero), -EAGAIN, "to none that is not there");
    check(q_notify(p, &ev) == 0, "and it is used up all the same");
    drop(p, "/thread");
    must(os_sigprocmask(SIG_UNBLOCK, &set, 0), "unblock");
}

enum { ROUNDS = 400, SENDERS = 3 };

static int sends(const char *name, int who)
{
    const long q = q_open(name, O_WRONLY, 0, 0);
    int        m[2] = {who, 0};

    for (m[1] = 0; m[1] < ROUNDS; m[1]++)
        if (q_send(q, (char *)m, sizeof(m), (unsigned)who, 0) < 0)
            return 1;
    return 0;
}

static void check_processes(void)
{
    const long q = make("/processes", 0, 3, 8);
    int        next[SENDERS] = {0}, bad = 0, status, m[2];

    for (int i = 0; i < SENDERS; i++)
        if (os_fork() == 0)
            os_exit(sends("/processes", i));
    for (int i = 0; i < SENDERS * ROUNDS; i++) {
        bad += q_receive(q, (char *)m, sizeof(m), 0, 0) != sizeof(m) || m[0] < 0 || m[0] >= SENDERS;
        if (!bad)
            bad += next[m[0]]++ != m[1];
    }
    for (int i = 0; i < SENDERS; i++)
        bad += os_wait4(-1, &status, 0, 0) < 0 || status != 0;
    check(!bad && curmsgs(q) == 0, "three processes send to one, each in its order");
    drop(q, "/processes");
}

static long poker(int sig, long q)
{
    long me = os_getpid(), pid = os_fork();

    if (pid)
        return pid;
    sleep_ms(50);
    os_kill((int)me, sig);
    sleep_ms(50);
    if (q >= 0)
        q_send(q, "late", 4, 0, 0);
    os_exit(0);
}

static void check_waits(void)
{
    const long   q = make("/waits", 0, 1, 8);
    struct event ev = {BY_SIGNAL, SIGUSR2, 0, 0, {0}};
    char         buf[8];
    int          status;
    long         pid;

    catch (SIGUSR1, 0);
    pid = poker(SIGUSR1, -1);
    check_err(q_receive(q, buf, 8, 0, 0), -EINTR, "a signal ends a wait");
    os_wait4((int)pid, &status, 0, 0);
    check(heard == SIGUSR1, "and is heard");
    catch (SIGUSR1, SA_RESTART);
    pid = poker(SIGUSR1, q);
    check(q_receive(q, buf, 8, 0, 0) == 4 && heard == SIGUSR1, "SA_RESTART: it goes on");
    os_wait4((int)pid, &status, 0, 0);
    catch (SIGUSR2, 0);
    must(q_notify(q, &ev), "notify");
    catch (SIGUSR1, SA_RESTART);
    pid = poker(SIGUSR1, q);
    check(q_receive(q, buf, 8, 0, 0) == 4 && heard == SIGUSR1, "a message that somebody waits for is for him alone");
    os_wait4((int)pid, &status, 0, 0);
    must(q_send(q, "next", 4, 0, 0), "send");
    check(heard == SIGUSR2, "the next is told of");
    pid = os_fork();
    if (pid == 0)
        os_exit(q_send(q, "more", 4, 0, 0) == 0 ? 0 : 1);
    sleep_ms(50);
    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, &status, 0, 0);
    check(q_receive(q, buf, 8, 0, 0) == 4 && buf[0] == 'n', "who was killed in his wait");
    check(ready(q) == POLLOUT, "sends nothing");
    drop(q, "/waits");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_names();
    check_messages();
    check_times();
    check_ready();
    check_kevent();
    check_clear();
    check_notify();
    check_pending();
    check_processes();
    check_waits();
    check(number("kern.mqueue.curmq") == 0, "none is left");
    return check_status();
}
#else
OTHER_KERNEL_SAYS("there are none here\n")
#endif
