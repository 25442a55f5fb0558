/*
 * Who a process is and what it may use: numbers of process, user, group and
 * session, limits, usage, priority, processors, random bytes.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum {
    NR_getpid = 20,
    NR_getppid = 39,
    NR_getuid = 24,
    NR_geteuid = 25,
    NR_getgid = 47,
    NR_getegid = 43,
    NR_getresuid = 360,
    NR_getgroups = 79,
    NR_getpgrp = 81,
    NR_getpgid = 207,
    NR_setpgid = 82,
    NR_getsid = 310,
    NR_setsid = 147,
    NR_getrlimit = 194,
    NR_setrlimit = 195,
    NR_getrusage = 117,
    NR_setpriority = 96,
    NR_getrandom = 563,
    NR_yield = 331,
    NR_wait4 = 7,
    NOFILE = 8,
    CORE = 4,
};
#else
enum {
    NR_getpid = 39,
    NR_getppid = 110,
    NR_getuid = 102,
    NR_geteuid = 107,
    NR_getgid = 104,
    NR_getegid = 108,
    NR_getresuid = 118,
    NR_getgroups = 115,
    NR_getpgrp = 111,
    NR_getpgid = 121,
    NR_setpgid = 109,
    NR_getsid = 124,
    NR_setsid = 112,
    NR_getrlimit = 97,
    NR_setrlimit = 160,
    NR_getrusage = 98,
    NR_setpriority = 141,
    NR_getrandom = 318,
    NR_yield = 24,
    NR_wait4 = 61,
    NOFILE = 7,
    CORE = 4,
};
#endif

static void check_numbers(void)
{
    long     pid = OS_CALL(NR_getpid);
    unsigned r = 77, e = 77, s = 77;

    check(pid > 1 && OS_CALL(NR_getpid) == pid, "getpid");
    check(OS_CALL(NR_getppid) >= 0, "getppid");
    check(OS_CALL(NR_getresuid, &r, &e, &s) == 0 && r == OS_CALL(NR_getuid) && e == OS_CALL(NR_geteuid), "getresuid");
    check_err(OS_CALL(NR_getresuid, 16, &e, &s), -EFAULT, "getresuid nowhere");
    check(OS_CALL(NR_getgroups, 0, 0) >= 0, "number of groups");
    check_err(OS_CALL(NR_getgroups, -1, 0), -EINVAL, "negative number of groups");
    check(OS_CALL(NR_getpgid, 0) == OS_CALL(NR_getpgrp), "own process group");
    check_err(OS_CALL(NR_getpgid, 0x7ffffff0), -ESRCH, "group of nobody");
    check(OS_CALL(NR_getsid, 0) >= 0 && OS_CALL(NR_getsid, pid) == OS_CALL(NR_getsid, 0), "own session");
}

/* What a daemon does: the child leads a session of its own. */
static void check_session(void)
{
    long parent = OS_CALL(NR_getpid), pid = os_fork();
    int  status = -1;

    if (pid == 0) {
        long me = OS_CALL(NR_getpid);
        bool ok = OS_CALL(NR_getppid) == parent && OS_CALL(NR_setsid) == me && OS_CALL(NR_getsid, 0) == me;

        ok = ok && OS_CALL(NR_getpgrp) == me && OS_CALL(NR_setsid) == -EPERM && OS_CALL(NR_setpgid, 0, 0) == -EPERM;
        os_exit(ok ? 42 : 1);
    }
    check(pid > 0, "fork");
    check(OS_CALL(NR_wait4, pid, &status, 0, 0) == pid && status == 42 << 8, "a session of its own");
}

/* What a shell does: the parent gives its child a process group.  The child stays until that was looked at. */
static void check_group(void)
{
    int  status = -1, stay[2];
    char byte;
    long pid;

    must(os_pipe2(stay, 0), "pipe");
    pid = os_fork();
    if (pid == 0) {
        os_close(stay[1]);
        for (int i = 0; i < 2000 && OS_CALL(NR_getpgrp) != OS_CALL(NR_getpid); i++)
            sleep_ms(1);
        os_read(stay[0], &byte, 1);
        os_exit(OS_CALL(NR_getpgrp) == OS_CALL(NR_getpid) ? 43 : 1);
    }
    check(pid > 0, "fork");
    check(OS_CALL(NR_setpgid, pid, pid) == 0 && OS_CALL(NR_getpgid, pid) == pid, "a process group for a child");
    os_close(stay[0]);
    os_close(stay[1]);
    check(OS_CALL(NR_wait4, pid, &status, 0, 0) == pid && status == 43 << 8, "the child sees it");
    check_err(OS_CALL(NR_setpgid, 1, 1), -ESRCH, "not a child");
    check_err(OS_CALL(NR_setpgid, 0, -1), -EINVAL, "no such group number");
}

enum { SLEEPING, SPINNING, READING, WAYS };

/* A child that never ends, busy in one of three ways. */
static long busy(int how)
{
    static const struct os_timespec long_time = {1000, 0};
    volatile long                   n = 0;
    int                             p[2];
    char                            byte;
    long                            pid = os_fork();

    if (pid)
        return pid;
    if (how == READING)
        must(os_pipe2(p, 0), "pipe");
    for (;;) {
        if (how == SLEEPING)
            os_nanosleep(&long_time, 0);
        else if (how == READING)
            os_read(p[0], &byte, 1);
        else
            n++;
    }
}

/* A shell that leads a session: each child has a group of its own before the call returns; -1, or what went wrong. */
static int groups_apart(void)
{
    int status;

    if (OS_CALL(NR_setsid) < 0)
        return WAYS;
    for (int how = 0; how < WAYS; how++) {
        long pid = busy(how);
        bool ok = OS_CALL(NR_setpgid, pid, pid) == 0 && OS_CALL(NR_getpgid, pid) == pid;

        ok = ok && OS_CALL(NR_setpgid, pid, OS_CALL(NR_getpgrp)) == 0;
        ok = ok && OS_CALL(NR_getpgid, pid) == OS_CALL(NR_getpgrp);
        ok = ok && OS_CALL(NR_setpgid, pid, 1) == -EPERM;
        os_kill((int)pid, SIGKILL);
        if (OS_CALL(NR_wait4, pid, &status, 0, 0) != pid || !ok)
            return how;
    }
    return -1;
}

static void check_group_apart(void)
{
    long pid = os_fork();
    int  status = -1;

    if (pid == 0)
        os_exit(groups_apart() + 50);
    check(OS_CALL(NR_wait4, pid, &status, 0, 0) == pid && status == 49 << 8, "groups for children in another session");
    pid = os_fork();
    if (pid == 0) {
        OS_CALL(NR_setsid);
        for (;;)
            sleep_ms(1000);
    }
    while (OS_CALL(NR_getsid, pid) != pid)
        sleep_ms(1);
    check_err(OS_CALL(NR_setpgid, pid, 0), -EPERM, "not for a child that has left the session");
    os_kill((int)pid, SIGKILL);
    check(OS_CALL(NR_wait4, pid, &status, 0, 0) == pid, "and ends");
}

static void check_limits(void)
{
    uint64_t l[2] = {0, 0}, was[2];
    uint64_t usage[18];

    check(OS_CALL(NR_getrlimit, NOFILE, was) == 0 && was[0] > 16 && was[0] <= was[1], "limit of descriptors");
    l[0] = 16;
    l[1] = was[1];
    check(OS_CALL(NR_setrlimit, NOFILE, l) == 0, "lower it");
    l[0] = 0;
    check(OS_CALL(NR_getrlimit, NOFILE, l) == 0 && l[0] == 16, "it is lower");
    check(OS_CALL(NR_setrlimit, NOFILE, was) == 0, "raise it again");
    check_err(OS_CALL(NR_getrlimit, 99, l), -EINVAL, "no such limit");
    check_err(OS_CALL(NR_getrlimit, CORE, 16), -EFAULT, "nowhere to put a limit");
    check(OS_CALL(NR_getrusage, 0, usage) == 0 && (long)usage[4] > 0, "memory was used");
    check(OS_CALL(NR_getrusage, -1, usage) == 0, "usage of children");
    check_err(OS_CALL(NR_getrusage, 77, usage), -EINVAL, "usage of nobody");
    check(OS_CALL(NR_setpriority, 0, 0, 5) == 0, "be nice");
    check_err(OS_CALL(NR_setpriority, 9, 0, 5), -EINVAL, "be nice to whom");
}

static void check_random(void)
{
    uint64_t a[4] = {0}, b[4] = {0};

    check(OS_CALL(NR_getrandom, a, sizeof(a), 0) == sizeof(a), "random bytes");
    check(OS_CALL(NR_getrandom, b, sizeof(b), 1) == sizeof(b) && memcmp(a, b, sizeof(a)) != 0, "and others");
    check_err(OS_CALL(NR_getrandom, a, sizeof(a), 0x80), -EINVAL, "no such flag");
    check_err(OS_CALL(NR_getrandom, 16, 8, 0), -EFAULT, "random bytes nowhere");
    check(OS_CALL(NR_yield) == 0, "yield");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_numbers();
    check_session();
    check_group();
    check_group_apart();
    check_limits();
    check_random();
    return check_status();
}
