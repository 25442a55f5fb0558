/*
 * procctl(2): what it lets through, what it keeps, and what fork and exec leave of it (sys/kern/kern_procctl.c).  Only
 * FreeBSD has it, so the sample knows the answers.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { P_PID = 0, P_PGID = 2, P_ALL = 7 };
enum { SPROTECT = 1, REAP_ACQUIRE = 2, REAP_RELEASE = 3, REAP_STATUS = 4, REAP_GETPIDS = 5, REAP_KILL = 6 };
enum { TRACE = 7, TRAPCAP = 9, PDEATHSIG = 11, ASLR = 13, PROTMAX = 15, STACKGAP = 17, NO_NEW_PRIVS = 19, WXMAP = 21 };
enum { SET = 1, CLEAR = 2, DESCEND = 0x10, INHERIT = 0x20 };

#define P_PROTECTED 0x100000
#define NO_PROCESS  0x7ffffff0

static char  *self;
static char **environment;
static bool   root;

static long ctl(long type, long id, int com, int v) { return OS_CALL(544, type, id, com, &v); }
static long mine(int com, int v) { return ctl(P_PID, 0, com, v); }

static int told(long id, int com)
{
    int v = -77;

    return OS_CALL(544, P_PID, id, com + 1, &v) ? -99 : v;
}

static bool is_protected(long pid)
{
    static char buf[1088];
    uint64_t    len = sizeof(buf);
    int         mib[] = {1, 14, 1, (int)pid};

    must(OS_CALL(202, mib, 4, buf, &len, 0, 0), "kern.proc.pid");
    return *(long *)(buf + 368) & P_PROTECTED;
}

/* A child that waits to be killed, and has a child of its own if wanted. */
static long sleeper(void)
{
    long pid = must(os_fork(), "fork");

    if (pid == 0)
        for (;;)
            sleep_ms(1000);
    return pid;
}

static void end(long pid)
{
    int status;

    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, &status, 0, 0);
}

static void check_order(void)
{
    check_err(OS_CALL(544, P_ALL, NO_PROCESS, TRACE, 8), -EFAULT, "the value is fetched first");
    check_err(OS_CALL(544, P_ALL, NO_PROCESS, 0, 8), -EINVAL, "after the command was looked up");
    check_err(OS_CALL(544, P_ALL, NO_PROCESS, 4711, 8), -EINVAL, "which there is not");
    check_err(ctl(P_ALL, 0, TRACE, 1), -EINVAL, "not of all");
    check_err(ctl(P_PID, NO_PROCESS, TRACE, 99), -ESRCH, "of nobody");
    check_err(ctl(P_PGID, NO_PROCESS, TRACE, 99), -ESRCH, "of no group");
    check_err(ctl(P_PID, NO_PROCESS, PDEATHSIG, 0), -EINVAL, "a signal of nobody's");
    check_err(ctl(P_PGID, os_getpgrp(), ASLR, 1), -EINVAL, "ASLR is of one process");
    check_err(ctl(P_PGID, os_getpgrp(), TRACE + 1, 1), -EINVAL, "and so is what is told");
    check_err(OS_CALL(544, P_PID, 0, REAP_ACQUIRE, 8), -EINVAL, "a reaper has no argument");
    check_err(OS_CALL(544, P_PID, 0, REAP_RELEASE, 0), -EINVAL, "no reaper");
    check_err(OS_CALL(544, P_PID, NO_PROCESS, REAP_ACQUIRE, 0), -ESRCH, "nobody as a reaper");
    check_err(OS_CALL(544, P_PID, 0, REAP_KILL, 8), -EFAULT, "whom to reap");
    check_err(OS_CALL(544, P_PID, 0, TRACE + 1, 8), -EFAULT, "where to tell it");
}

static void check_kept(void)
{
    check(told(0, TRACE) == 0 && told(0, TRAPCAP) == 2 && told(0, NO_NEW_PRIVS) == 2, "what nobody has set");
    check((told(0, ASLR) & 0xff) == 3 && told(0, PROTMAX) == 3 && told(0, STACKGAP) == 5 && told(0, WXMAP) == 0,
          "of memory, too");
    check_err(mine(ASLR, 4), -EINVAL, "no such force");
    check(mine(ASLR, 2) == 0 && (told(0, ASLR) & 0xff) == 2, "no random addresses");
    check(mine(PROTMAX, 1) == 0 && told(0, PROTMAX) == 1, "the first protection is the highest");
    check_err(mine(WXMAP, 3), -EINVAL, "one of two");
    check(mine(WXMAP, 1) == 0 && mine(WXMAP, 2) == 0 && told(0, WXMAP) == 3, "writable code: both are kept");
    check_err(mine(STACKGAP, 3), -EINVAL, "a gap and none");
    check_err(mine(STACKGAP, 16), -EINVAL, "no such gap");
    check(mine(STACKGAP, 2) == 0 && told(0, STACKGAP) == (2 | 4), "no gap");
    check_err(mine(STACKGAP, 1), -EINVAL, "which stays so");
    check(mine(STACKGAP, 8) == 0 && told(0, STACKGAP) == (2 | 8), "after exec, too");
    check_err(mine(NO_NEW_PRIVS, 2), -EINVAL, "privileges are not given back");
}

static void check_trace(void)
{
    const long pid = sleeper();

    check_err(mine(TRACE, 4), -EINVAL, "no such tracing");
    check_err(ctl(P_PID, pid, TRACE, 1), -EPERM, "only itself permits tracing, even what is permitted");
    check(ctl(P_PID, pid, TRACE, 3) == 0 && told(pid, TRACE) == -1, "others may forbid it");
    check_err(ctl(P_PID, pid, TRACE, 2), -EPERM, "but not forbid less");
    if (root)
        check_err(ctl(P_PID, pid, ASLR, 1), 0, "one that may not be traced");
    else
        check_err(ctl(P_PID, pid, ASLR, 1), -EPERM, "one that may not be traced");
    end(pid);
    check(mine(TRACE, 3) == 0 && mine(TRACE, 2) == 0 && mine(TRACE, 1) == 0 && told(0, TRACE) == 0, "oneself may");
    check_err(ctl(P_PID, pid, TRACE, 2), -ESRCH, "and nobody when it is gone");
}

static void check_others(void)
{
    const long pid = sleeper();

    check(ctl(P_PID, pid, NO_NEW_PRIVS, 1) == 0 && told(pid, NO_NEW_PRIVS) == 1 && told(0, NO_NEW_PRIVS) == 2,
          "another's privileges");
    check(ctl(P_PID, pid, TRAPCAP, 1) == 0 && told(pid, TRAPCAP) == 1, "another's traps");
    check(ctl(P_PGID, os_getpgrp(), TRAPCAP, 2) == 0 && told(pid, TRAPCAP) == 2, "a group's");
    check_err(ctl(P_PID, pid, PDEATHSIG, 1), -EINVAL, "another's last signal");
    check_err(OS_CALL(544, P_PID, pid, REAP_ACQUIRE, 0), -EPERM, "another as a reaper");
    end(pid);
}

/* What a child forked now is. */
static bool child_is_protected(void)
{
    const long pid = sleeper();
    const bool is = is_protected(pid);

    end(pid);
    return is;
}

static void check_protect(void)
{
    const long want = root ? 0 : -EPERM, pid = sleeper();

    check_err(mine(SPROTECT, 0), -EINVAL, "protect: nothing");
    check_err(mine(SPROTECT, 3), -EINVAL, "protect: both");
    check_err(mine(SPROTECT, SET | 0x40), -EINVAL, "protect: an unknown flag");
    check_err(ctl(P_PID, NO_PROCESS, SPROTECT, SET), -ESRCH, "protect: nobody");
    check(mine(SPROTECT, SET) == want && is_protected(os_getpid()) == root, "protect: the superuser does");
    check(!child_is_protected() && !is_protected(pid), "not the children");
    check(mine(SPROTECT, SET | INHERIT) == want && child_is_protected() == root, "those to come");
    check(mine(SPROTECT, CLEAR) == want && !is_protected(os_getpid()) && !child_is_protected(), "no more");
    check(mine(SPROTECT, SET | DESCEND) == want && is_protected(pid) == root, "those that are there");
    check(ctl(P_PGID, os_getpgrp(), SPROTECT, CLEAR) == want && !is_protected(pid) && !is_protected(os_getpid()),
          "a whole group");
    check(OS_CALL(75, 0, 0, 10) == want && is_protected(os_getpid()) == root, "madvise asks for the same");
    end(pid);
}

/* In the image after exec: what check_exec has set. */
static int after_exec(void)
{
    check(told(0, TRACE) == 0, "exec permits tracing again");
    check(told(0, STACKGAP) == (2 | 8), "a gap that is off for exec, too, is off");
    check(told(0, WXMAP) == 3 && (told(0, ASLR) & 0xff) == 2 && told(0, PROTMAX) == 1, "the rest goes through exec");
    check(is_protected(os_getpid()) == root, "and so does protection");
    mine(STACKGAP, 4);
    return check_status();
}

static void check_exec(void)
{
    char      *argv[] = {self, "after", 0};
    int        status = -1;
    const long pid = must(os_fork(), "fork");

    if (pid == 0) {
        mine(TRACE, 2);
        mine(SPROTECT, SET);
        os_execve(self, argv, environment);
        os_exit(99);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 0, "after exec");
}

int main(int argc, char **argv, char **envp)
{
    self = argv[0];
    environment = envp;
    root = OS_CALL(25) == 0;
    if (argc > 1 && !strcmp(argv[1], "after"))
        return after_exec();
    check_order();
    check_kept();
    check_trace();
    check_others();
    check_protect();
    check_exec();
    return check_status();
}

#else
OTHER_KERNEL_SAYS("no procctl here\n")
#endif
