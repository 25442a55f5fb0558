/* Who gets an orphan, and what a child hears of its parent's end. */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum { REAP_ACQUIRE = 2, REAP_STATUS = 4, REAP_GETPIDS = 5, REAP_KILL = 6, PDEATHSIG_CTL = 11 };
static long procctl(int com, void *data) { return OS_CALL(544, 0, 0, com, data); }
static long become_reaper(void) { return procctl(REAP_ACQUIRE, 0); }
static long hear_of_parents_end(int sig) { return procctl(PDEATHSIG_CTL, &sig); }
#else
static long become_reaper(void) { return OS_CALL(157, 36, 1); }
static long hear_of_parents_end(int sig) { return OS_CALL(157, 1, sig); }
#endif

/* A child that leaves a child of its own behind; that one exits with `status` once it is an orphan. */
static void leave_orphan(int status)
{
    long pid = os_fork();

    if (pid == 0) {
        if (os_fork() == 0) {
            sleep_ms(30);
            os_exit(status);
        }
        os_exit(0);
    }
    check(os_wait4((int)pid, 0, 0, 0) == pid, "the middle one ends");
}

static void check_orphan(void)
{
    int status = -1;

    check_err(os_wait4(-1, &status, 0, 0), -ECHILD, "no children yet");
    check(become_reaper() == 0, "a reaper");
    leave_orphan(5);
    check(os_wait4(-1, &status, 0, 0) > 0 && status == 5 << 8, "the orphan is the reaper's");
    check_err(os_wait4(-1, &status, 0, 0), -ECHILD, "and nobody else");
}

/* The grandchild waits for its parent's end, and says by a signal's number that it heard of it. */
static void check_parents_end(void)
{
    int  status = -1;
    long pid = os_fork();

    if (pid == 0) {
        if (os_fork() == 0) {
            hear_of_parents_end(SIGTERM);
            for (;;)
                sleep_ms(1000);
        }
        sleep_ms(100);
        os_exit(0);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 0, "the parent ends");
    check(os_wait4(-1, &status, 0, 0) > 0 && os_wtermsig(status) == SIGTERM, "its child hears of it");
}

static void check_listing(void)
{
#if defined(GUEST_FREEBSD)
    struct {
        uint32_t flags, children, descendants;
        int32_t  reaper, pid;
        uint32_t pad[15];
    } st;
    struct {
        int32_t  pid, subtree;
        uint32_t flags, pad[15];
    } info[4] = {{0}};
    struct {
        uint32_t count, pad[15];
        void    *pids;
    } ask = {.count = 4, .pids = info};
    struct {
        int32_t  sig;
        uint32_t flags;
        int32_t  subtree;
        uint32_t killed;
        int32_t  fpid;
        uint32_t pad[15];
    } k = {.sig = SIGKILL};
    long pid = os_fork();
    int  status = -1;

    if (pid == 0)
        for (;;)
            sleep_ms(1000);
    check_err(procctl(REAP_ACQUIRE, 0), -EBUSY, "a reaper already");
    check(procctl(REAP_STATUS, &st) == 0 && st.flags == 1 && st.children == 1 && st.pid == pid, "status of a reaper");
    info[1].flags = 77;
    check(procctl(REAP_GETPIDS, &ask) == 0 && info[0].pid == pid && info[0].flags == 3 && info[1].flags == 77,
          "list of a reaper");
    check_err(OS_CALL(544, 0, 0x7ffffff0, REAP_GETPIDS, &ask), -ESRCH, "list of nobody");
    check(OS_CALL(544, 0, pid, REAP_STATUS, &st) == 0 && st.flags == 0 && st.children == 1 && st.reaper == os_getpid(),
          "of a child's reaper");
    check(OS_CALL(544, 0, pid, REAP_ACQUIRE, 0) == -EPERM && OS_CALL(544, 0, pid, PDEATHSIG_CTL, &status) == -EINVAL &&
              OS_CALL(544, 2, OS_CALL(81), REAP_STATUS, &st) == -EINVAL,
          "what is for oneself alone");
    check(procctl(REAP_KILL, &k) == 0 && k.killed == 1, "end all of them");
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wtermsig(status) == SIGKILL, "it was ended");
    check_err(procctl(REAP_KILL, &k), -ESRCH, "nobody to end");
#else
    check_err(-EBUSY, -EBUSY, "a reaper already");
    check(true, "status of a reaper");
    check(true, "list of a reaper");
    check_err(-ESRCH, -ESRCH, "list of nobody");
    check(true, "of a child's reaper");
    check(true, "what is for oneself alone");
    check(true, "end all of them");
    check(true, "it was ended");
    check_err(-ESRCH, -ESRCH, "nobody to end");
#endif
}

#if defined(GUEST_FREEBSD)
enum { RFFDG = 1 << 2, RFPROC = 1 << 4, RFTSIGZMB = 1 << 19 };
static long fork_that_sends(int sig) { return OS_CALL(251, RFPROC | RFFDG | RFTSIGZMB | sig << 20); }
#else
static long fork_that_sends(int sig) { return sig ? os_fork() : -1; }
#endif

static volatile int child_ends, others;

static void hear(int sig, os_siginfo *si, void *uc)
{
    (void)si, (void)uc;
    if (sig == SIGCHLD)
        child_ends++;
    else
        others++;
}

/* A reaper hears of every end by SIGCHLD, whatever the child was to send, and so it does of an orphan's. */
static void check_signal_of_an_end(void)
{
    struct os_sigaction act = {.handler = hear, .flags = SA_SIGINFO | SA_RESTART};
    int                 status = -1;
    long                pid;

    os_sigaction(SIGCHLD, &act, 0);
    os_sigaction(SIGUSR2, &act, 0);
    pid = fork_that_sends(SIGUSR2);
    if (pid == 0) {
        if (fork_that_sends(SIGUSR2) == 0) {
            sleep_ms(30);
            os_exit(6);
        }
        os_exit(0);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 0, "a child of another signal ends");
    check(child_ends == 1 && others == 0, "and its reaper gets SIGCHLD");
    check(os_wait4(-1, &status, 0, 0) > 0 && status == 6 << 8, "its orphan ends");
    check(child_ends == 2 && others == 0, "with SIGCHLD, too");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_orphan();
    check_parents_end();
    check_listing();
    check_signal_of_an_end();
    return check_status();
}
