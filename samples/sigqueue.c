/* What is pending, how often, and what it says: FreeBSD queues every signal, so the sample knows the answers. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { ROOM = 128, RTMIN = 65, SI_QUEUE_ = 0x10002, CLD_EXITED_ = 1, CLD_STOPPED_ = 5, WUNTRACED_ = 2, SIG_IGN_ = 1 };

static int me;

static long take(const struct os_sigset *set, os_siginfo *si)
{
    const struct os_timespec now = {0, 0};

    memset(si, 0, sizeof(*si));
    return os_sigtimedwait(set, si, &now);
}

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
}

static void dispose(int sig, void (*how)(int, os_siginfo *, void *), int flags)
{
    const struct os_sigaction sa = {.handler = how, .flags = flags};

    must(os_sigaction(sig, &sa, 0), "sigaction");
}

static void block(int sig) { must(os_sigprocmask(SIG_BLOCK, &(struct os_sigset[]){os_sigset_of(sig)}[0], 0), "block"); }
static void let_through(int sig)
{
    must(os_sigprocmask(SIG_UNBLOCK, &(struct os_sigset[]){os_sigset_of(sig)}[0], 0), "let through");
}

static bool is_pending(int sig)
{
    struct os_sigset s;

    return os_sigpending(&s) == 0 && os_sigset_has(&s, sig);
}

static void check_room(int sig, const char *each, const char *full, const char *all)
{
    const struct os_sigset set = os_sigset_of(sig);
    os_siginfo             si;
    int                    good = 0, n = 0;

    block(sig);
    for (int i = 0; i < ROOM; i++)
        good += os_sigqueue(me, sig, i) == 0;
    check(good == ROOM, each);
    check_err(os_sigqueue(me, sig, ROOM), -EAGAIN, full);
    check(os_kill(me, sig) == 0 && os_kill(me, sig) == 0, "kill does not fail");
    check(take(&set, &si) == sig && si.si_code == 0 && si.si_pid == 0, "and comes once, first, and says nothing");
    while (take(&set, &si) == sig)
        n += si.si_value == (uint64_t)n && si.si_code == SI_QUEUE_ && si.si_pid == me;
    check(n == ROOM && !is_pending(sig), all);
    let_through(sig);
}

static void check_order(void)
{
    struct os_sigset set = os_sigset_of(SIGUSR1);
    os_siginfo       si;
    long             at[4];

    os_sigset_add(&set, SIGUSR2);
    os_sigset_add(&set, RTMIN);
    must(os_sigprocmask(SIG_BLOCK, &set, 0), "block");
    must(os_sigqueue(me, RTMIN, 1), "sigqueue");
    must(os_tkill(os_gettid(), SIGUSR2), "thr_kill");
    must(os_kill(me, SIGUSR2), "kill");
    must(os_kill(me, SIGUSR1), "kill");
    for (int i = 0; i < 4; i++)
        at[i] = take(&set, &si) * 1000000 + si.si_code;
    check(at[0] == SIGUSR1 * 1000000L + SI_USER && at[1] == SIGUSR2 * 1000000L + 0x10007 &&
              at[2] == SIGUSR2 * 1000000L + SI_USER && at[3] == RTMIN * 1000000L + SI_QUEUE_,
          "the lowest first, of one number the thread's own before the process's");
    check_err(os_sigqueue(0, SIGUSR1, 0), -EINVAL, "sigqueue is for one process");
    check_err(os_sigqueue(-me, SIGUSR1, 0), -EINVAL, "not for a group");
    must(os_sigprocmask(SIG_UNBLOCK, &set, 0), "unblock");
}

static void check_ignored(void)
{
    const struct os_sigset   chld = os_sigset_of(SIGCHLD), cont = os_sigset_of(SIGCONT);
    const struct os_timespec bad = {0, NSEC_PER_SEC};
    os_siginfo               si;

    block(SIGCHLD);
    os_kill(me, SIGCHLD);
    check(!is_pending(SIGCHLD) && take(&chld, &si) == -EAGAIN, "what is ignored is forgotten, blocked or not");
    check(os_sigqueue(me, SIGCHLD, 1) == 0 && !is_pending(SIGCHLD), "sigqueue's, too");
    block(SIGCONT);
    os_kill(me, SIGCONT);
    check(is_pending(SIGCONT), "a blocked SIGCONT waits");
    check(os_sigtimedwait(&cont, &si, &bad) == SIGCONT, "what is there is taken, whatever the time is");
    check_err(os_sigtimedwait(&cont, &si, &bad), -EINVAL, "no such time to wait");
    os_kill(me, SIGCONT);
    dispose(SIGCONT, 0, 0);
    check(!is_pending(SIGCONT), "until what to do about it is said anew");
    let_through(SIGCONT);
    let_through(SIGCHLD);
}

static long exits(int status)
{
    long pid = os_fork();

    if (pid == 0)
        os_exit(status);
    return pid;
}

/* A report waits in the queue when it can be seen there. */
static void await_report(void)
{
    while (!is_pending(SIGCHLD))
        sleep_ms(1);
}

static void check_children(void)
{
    const struct os_sigset set = os_sigset_of(SIGCHLD);
    os_siginfo             si;
    int                    status, n = 0, sum = 0;
    long                   pid[3];

    dispose(SIGCHLD, on_signal, SA_SIGINFO);
    block(SIGCHLD);
    pid[0] = exits(3);
    await_report();
    check(os_wait4((int)pid[0], &status, 0, 0) == pid[0] && !is_pending(SIGCHLD),
          "who is waited for takes his signal along");
    for (int i = 0; i < 3; i++)
        pid[i] = exits(i + 1);
    for (int i = 0; i < 3; i++)
        while (OS_CALL(532, 0, pid[i], &status, 16 | 8 | 1, 0, 0) <= 0) /* wait6: WEXITED | WNOWAIT | WNOHANG */
            sleep_ms(1);
    while (take(&set, &si) == SIGCHLD && si.si_code == CLD_EXITED_) {
        n++;
        sum += si.si_status;
    }
    check(n == 3 && sum == 6, "each child has one of its own");
    for (int i = 0; i < 3; i++)
        os_wait4((int)pid[i], &status, 0, 0);
    pid[0] = os_fork();
    if (pid[0] == 0) {
        os_kill((int)os_getpid(), SIGSTOP);
        os_exit(9);
    }
    await_report();
    must(os_wait4((int)pid[0], &status, WUNTRACED_, 0), "wait");
    check(!is_pending(SIGCHLD), "a stop that is waited for, too");
    os_kill((int)pid[0], SIGCONT);
    while (OS_CALL(532, 0, pid[0], &status, 16 | 8 | 1, 0, 0) <= 0)
        sleep_ms(1);
    check(take(&set, &si) == SIGCHLD && si.si_code == CLD_EXITED_ && si.si_status == 9 && take(&set, &si) == -EAGAIN,
          "the newest report replaces the one before");
    os_wait4((int)pid[0], &status, 0, 0);
    dispose(SIGCHLD, on_signal, SA_SIGINFO | 0x20 /* SA_NOCLDWAIT */);
    pid[0] = exits(1);
    check_err(os_wait4((int)pid[0], &status, 0, 0), -ECHILD, "who does not want to wait");
    check(!is_pending(SIGCHLD), "is not told, either");
    let_through(SIGCHLD);
    dispose(SIGCHLD, 0, 0);
}

static int handled[2]; /* a pipe: a byte for each SIGUSR1 that has come in */

static void on_usr1(int sig, os_siginfo *si, void *uc)
{
    on_signal(sig, si, uc);
    os_write(handled[1], "", 1);
}

/* First the one signal, and when that has had its effect, however late, the other. */
static long poker(void)
{
    long pid = os_fork();
    char byte;

    if (pid)
        return pid;
    sleep_ms(30);
    os_kill(me, SIGUSR1);
    os_read(handled[0], &byte, 1);
    sleep_ms(30);
    os_kill(me, SIGUSR2);
    os_exit(0);
}

static void check_restart(void)
{
    const struct os_sigset usr2 = os_sigset_of(SIGUSR2);
    os_siginfo             si;
    int                    status, sig = 0;
    long                   pid;

    must(os_pipe(handled), "pipe");
    block(SIGUSR2);
    dispose(SIGUSR1, on_usr1, SA_SIGINFO | SA_RESTART);
    pid = poker();
    check(os_sigtimedwait(&usr2, &si, 0) == SIGUSR2, "SA_RESTART: a wait without a time goes on");
    os_wait4((int)pid, &status, 0, 0);
    pid = poker();
    check(OS_CALL(429, &usr2, &sig) == 0 && sig == SIGUSR2, "sigwait, too");
    os_wait4((int)pid, &status, 0, 0);
    dispose(SIGUSR1, on_usr1, SA_SIGINFO);
    pid = poker();
    check_err(os_sigtimedwait(&usr2, &si, 0), -EINTR, "without it a wait ends");
    os_wait4((int)pid, &status, 0, 0);
    check(take(&usr2, &si) == SIGUSR2, "before the signal came");
    pid = poker();
    check(OS_CALL(429, &usr2, &sig) == EINTR, "sigwait's result is its error");
    os_wait4((int)pid, &status, 0, 0);
    check(take(&usr2, &si) == SIGUSR2, "and again");
    let_through(SIGUSR2);
    os_close(handled[0]);
    os_close(handled[1]);
}

static void check_timer(void)
{
    const struct os_sigset set = os_sigset_of(RTMIN);
    struct {
        int      notify, signo;
        uint64_t value;
        int      tid, pad[15];
    } ev = {1, RTMIN, 7, 0, {0}};
    struct os_timespec soon[2] = {{0, 0}, {0, 1000000}};
    os_siginfo         si;
    int                id;

    block(RTMIN);
    must(OS_CALL(235, 4, &ev, &id), "ktimer_create");
    must(OS_CALL(237, id, 0, soon, 0), "ktimer_settime");
    while (!is_pending(RTMIN))
        sleep_ms(1);
    must(os_sigqueue(me, RTMIN, 8), "sigqueue");
    check(OS_CALL(236, id) == 0 && take(&set, &si) == RTMIN && si.si_value == 8 && take(&set, &si) == -EAGAIN,
          "a timer takes its signal along");
    let_through(RTMIN);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    me = (int)os_getpid();
    check_room(SIGUSR1, "a standard signal is queued", "as long as there is room", "each with what it says");
    check_room(RTMIN, "a real-time signal is queued", "as long as there is room, too", "in their order");
    check_order();
    check_ignored();
    check_children();
    check_restart();
    check_timer();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("another kernel has other rules\n")
#endif
