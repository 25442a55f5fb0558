/* Capability mode: what it forbids, and that it has no end. */
#include "capsicum/capsicum.h"

#ifdef GUEST_FREEBSD

static long cap_enter(void) { return OS_CALL(516); }

static long mode(void)
{
    uint32_t m = 7;
    long     r = OS_CALL(517, &m);

    return r ? r : m;
}

static void mode_forbids_names(void)
{
    int            d = open_dir();
    struct os_stat st;
    char           buf[8];
    long           fd;

    expect(mode(), 0, "not in capability mode");
    expect(cap_enter(), 0, "cap_enter");
    expect(mode(), 1, "in capability mode");
    expect(cap_enter(), 0, "again");
    expect(os_open("/etc/passwd", O_RDONLY, 0), -ECAPMODE, "open");
    expect(os_stat("/", &st), -ECAPMODE, "stat");
    expect(openat(AT_FDCWD, "file", O_RDONLY), -ECAPMODE, "openat from where we are");
    expect(openat(d, "/etc/passwd", O_RDONLY), -ENOTCAPABLE, "openat of an absolute path");
    denied(openat(d, "../x", O_RDONLY), "openat of a path that leaves");
    denied(openat(d, "up", O_RDONLY), "a link that leaves");
    fd = openat(d, "file", O_RDWR | O_CREAT);
    check(fd >= 0, "openat below");
    check(rights_are((int)fd, ALL0, ALL1), "an unlimited directory limits nothing");
    expect(os_write((int)fd, "abc", 3), 3, "write");
    expect(os_pread((int)fd, buf, 3, 0), 3, "pread");
    expect(os_mkdir("/tmp/x", 0700), -ECAPMODE, "mkdir");
    expect(os_unlink("/tmp/x"), -ECAPMODE, "unlink");
    expect(os_chdir("/"), -ECAPMODE, "chdir");
    expect(OS_CALL(13, d), -ECAPMODE, "fchdir");
    expect(os_getcwd(path, sizeof(path)), -ECAPMODE, "getcwd");
    expect(os_execve("/bin/sh", 0, 0), -ECAPMODE, "execve");
    expect(os_access("/", 0), -ECAPMODE, "access");
    expect(OS_CALL(574, d, "file", buf, 8, 0), -ECAPMODE, "__realpathat");
    expect(OS_CALL(221, 1, 1, 0), -ECAPMODE, "semget");
    expect(OS_CALL(999), -ECAPMODE, "a call that there is not");
}

static void mode_forbids_others(void)
{
    struct os_sockaddr_in a = {.family = AF_INET, .addr = 0x0100007f, .port = 0x5000};
    int                   s;
    uint32_t              n = sizeof(a);
    int                   mib_ostype[2] = {1, 1}, mib_boot[2] = {1, 21};
    size_t                len = sizeof(path);
    uint64_t              cpus[128 / 8];

    OS_SOCKADDR_LEN(a);
    s = (int)must(os_socket(AF_INET, SOCK_DGRAM, 0), "socket");
    cap_enter();
    expect(os_kill(os_getpid(), 0), 0, "kill of oneself");
    expect(os_kill(os_getppid(), 0), -ECAPMODE, "kill of another");
    expect(os_kill(0, 0), -ECAPMODE, "kill of a group");
    expect(OS_CALL(456, os_getppid(), SIGUSR1, 0), -ECAPMODE, "sigqueue");
    expect(os_bind(s, &a, n), -ECAPMODE, "bind");
    expect(os_connect(s, &a, n), -ECAPMODE, "connect");
    expect(os_sendto(s, "x", 1, 0, &a, n), -ECAPMODE, "sendto an address");
    expect(OS_CALL(538, AT_FDCWD, s, &a, n), -ECAPMODE, "bindat from where we are");
    expect(OS_CALL(571, "/name", 2 | O_CREAT, 0600, 0, 0), -ECAPMODE, "shm_open of a name");
    s = (int)OS_CALL(571, 1, 2, 0600, 0, 0);
    check(s >= 0, "shm_open of none");
    expect(OS_CALL(202, mib_ostype, 2, path, &len, 0, 0), 0, "sysctl kern.ostype");
    len = sizeof(path);
    expect(OS_CALL(202, mib_boot, 2, path, &len, 0, 0), -EPERM, "sysctl kern.boottime");
    len = sizeof(path);
    expect(OS_CALL(570, "kern.features.security_capability_mode", 38, path, &len, 0, 0), 0, "sysctl of the feature");
    check(len == 4 && path[0] == 1, "which is there");
    expect(OS_CALL(487, 3, 1, -1, sizeof(cpus), cpus), 0, "cpuset_getaffinity of oneself");
    expect(OS_CALL(487, 1, 2, -1, sizeof(cpus), cpus), -ECAPMODE, "cpuset_getaffinity of the machine");
    kif[0] = sizeof(kif);
    expect(os_fcntl(s, F_KINFO, (long)kif), -ECAPMODE, "F_KINFO");
}

static void deeper(void) { expect(mode(), 1, "fork hands the mode down"); }

static void mode_is_inherited(void)
{
    cap_enter();
    in_child(deeper);
}

static volatile int traps, trap_code, trap_errno;

static void on_trap(int sig, os_siginfo *si, void *uc)
{
    (void)sig, (void)uc;
    traps++;
    trap_code = si->si_code;
    trap_errno = si->si_errno;
}

/* procctl(2), PROC_TRAPCAP_CTL: only in capability mode. */
static void mode_may_trap(void)
{
    struct os_sigaction sa = {.handler = on_trap, .flags = SA_SIGINFO};
    int                 on = 1, status = 0, fd = open_file(O_RDWR);
    char                c;

    os_sigaction(SIGTRAP, &sa, 0);
    expect(OS_CALL(544, 0, 0, 9, &on), 0, "PROC_TRAPCAP_CTL");
    expect(OS_CALL(544, 0, 0, 10, &status), 0, "PROC_TRAPCAP_STATUS");
    expect(status, 1, "it is on");
    limit(fd, WRITE, 0);
    denied(os_read(fd, &c, 1), "outside it only fails");
    expect(traps, 0, "and sends nothing");
    cap_enter();
    denied(os_read(fd, &c, 1), "inside it fails");
    expect(traps, 1, "and sends SIGTRAP");
    expect(trap_code, 4, "with TRAP_CAP");
    expect(trap_errno, ENOTCAPABLE, "and the error");
    expect(os_chdir("/"), -ECAPMODE, "the other error");
    expect(traps, 2, "does so, too");
    expect(trap_errno, ECAPMODE, "by its name");
}

static char **self_argv;

static void mode_survives_exec(void)
{
    char *argv[] = {(char *)"capsicum", (char *)"again", 0};
    int   fd = (int)must(os_open(self_argv[0], O_RDONLY, 0), "open the program");

    limit(fd, READ | FEXECVE, 0);
    must(os_dup2(fd, 40), "dup2");
    cap_enter();
    must(OS_CALL(492, fd, argv, argv + 2), "fexecve");
}

int capability_mode_again(void)
{
    expect(mode(), 1, "exec keeps the mode");
    check(rights_are(40, READ | FEXECVE, 0), "and rights");
    return check_status();
}

void capability_mode(char **argv)
{
    self_argv = argv;
    in_child(mode_forbids_names);
    in_child(mode_forbids_others);
    in_child(mode_is_inherited);
    in_child(mode_may_trap);
    in_child(mode_survives_exec);
}

#endif
