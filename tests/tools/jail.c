/*
 * jail: runs a command so that nothing of it can stay behind, and says how it ended.
 *
 *     jail [-u UID] [-t SECONDS] [-k MILLISECONDS] [-r FD] [-e] -- COMMAND [ARG...]
 *
 * The command gets a pid namespace of its own when that is possible (as root, or with a user namespace); its init,
 * which is us, reaps every orphan.  Without one, a subreaper does the same and kills one by one.  On descriptor FD it
 * reports one line: "exit N", "signal N" or "timeout", then "left N": how many processes were still there LINGER after
 * the command had ended.  -k sends SIGKILL to the command itself after that time.  -e makes the host's kernel refuse
 * some calls of it and all below it with EIO, as a broken disk would: those that carry the mark (see faults).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINGER_MS 3000

struct options {
    bool   faults;
    long   uid, seconds, kill_ms;
    int    report;
    char **command;
};

static long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
    fprintf(stderr, "jail: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "jail: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* True when the next child is the init of a new pid namespace. */
static bool new_namespace(void)
{
    char     map[64];
    unsigned uid = geteuid(), gid = getegid();

    if (uid == 0)
        return unshare(CLONE_NEWPID | CLONE_NEWNS) == 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) != 0)
        return false;
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    write_file("/proc/self/gid_map", map);
    return true;
}

/* ---- a broken disk ------------------------------------------------------------------------------------------- */

/* A call fails when this argument has this value.  fsync has one argument: samples pass 0 for the next. */
static const struct fault {
    int      nr, arg;
    uint32_t mark;
} faults[] = {
    {SYS_read, 2, 4093},       {SYS_write, 2, 4093},     {SYS_pread64, 2, 4093},
    {SYS_pwrite64, 2, 4093},   {SYS_readv, 2, 57},       {SYS_writev, 2, 57},
    {SYS_preadv, 2, 57},       {SYS_pwritev, 2, 57},     {SYS_preadv2, 2, 57},
    {SYS_pwritev2, 2, 57},     {SYS_ftruncate, 1, 4093}, {SYS_fallocate, 3, 4093},
    {SYS_getdents64, 2, 4093}, {SYS_fsync, 1, 0},        {SYS_fdatasync, 1, 0},
    {SYS_mkdirat, 2, 0111},    {SYS_mkdir, 1, 0111},     {SYS_copy_file_range, 4, 4093},
};

/* Five instructions for each: the number, the argument's low half, and the answer. */
static void break_disk(void)
{
    enum { N = sizeof(faults) / sizeof(*faults) };
    static struct sock_filter f[5 * N + 1];
    struct sock_fprog         prog = {.len = sizeof(f) / sizeof(*f), .filter = f};
    struct sock_filter       *p = f;

    for (int i = 0; i < N; i++) {
        const uint32_t arg = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)faults[i].arg);

        *p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)faults[i].nr, 0, 3);
        *p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg);
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, faults[i].mark, 0, 1);
        *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO);
    }
    *p = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
        die("seccomp");
}

static void run(const struct options *o)
{
    sigset_t none;

    setpgid(0, 0);
    if (o->uid >= 0 && (setgroups(0, NULL) != 0 || setresgid((gid_t)o->uid, (gid_t)o->uid, (gid_t)o->uid) != 0 ||
                        setresuid((uid_t)o->uid, (uid_t)o->uid, (uid_t)o->uid) != 0))
        die("setuid");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(o->report);
    if (o->faults)
        break_disk();
    execvp(o->command[0], o->command);
    die(o->command[0]);
}

/* Reaps whatever comes for ms; true when there is no child any more. */
static bool reap(long ms)
{
    long until = now_ms() + ms;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);
        if (pid < 0)
            return true;
        if (pid > 0)
            continue;
        if (now_ms() >= until)
            return false;
        poll(NULL, 0, 5);
    }
}

/* How many processes are still below us; each is killed as it is counted. */
static int count_left(bool own_namespace)
{
    int left = 0;

    if (reap(LINGER_MS))
        return 0;
    if (own_namespace) {
        kill(-1, SIGKILL);
        for (pid_t pid; (pid = waitpid(-1, NULL, __WALL)) > 0;)
            left++;
        return left;
    }
    for (int round = 0; round < 100; round++) {
        char path[64], line[4096];
        snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
        FILE *f = fopen(path, "re");
        bool  any = f && fgets(line, sizeof(line), f) != NULL;
        if (f)
            fclose(f);
        if (!any)
            break;
        for (char *p = strtok(line, " "); p; p = strtok(NULL, " ")) {
            left++;
            kill((pid_t)strtol(p, NULL, 10), SIGKILL);
        }
        reap(50);
    }
    return left;
}

static void report_status(const struct options *o, int status, bool timeout)
{
    if (timeout)
        dprintf(o->report, "timeout\n");
    else if (WIFSIGNALED(status))
        dprintf(o->report, "signal %d\n", WTERMSIG(status));
    else
        dprintf(o->report, "exit %d\n", WEXITSTATUS(status));
}

static int watch(const struct options *o, bool own_namespace)
{
    long  start = now_ms();
    bool  timeout = false, killed = false;
    int   status = 0;
    pid_t child = fork(), pid;

    if (child < 0)
        die("fork");
    if (child == 0)
        run(o);
    for (;;) {
        pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid == child || pid < 0)
            break;
        if (pid > 0)
            continue;
        if (o->kill_ms >= 0 && !killed && now_ms() - start >= o->kill_ms) {
            kill(child, SIGKILL);
            killed = true;
        }
        if (now_ms() - start >= o->seconds * 1000 && !timeout) {
            timeout = true;
            kill(child, SIGKILL);
        }
        poll(NULL, 0, 2);
    }
    report_status(o, status, timeout);
    dprintf(o->report, "left %d\n", count_left(own_namespace));
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: jail [-u UID] [-t SECONDS] [-k MILLISECONDS] [-r FD] [-e] -- COMMAND [ARG...]\n");
    return 125;
}

int main(int argc, char **argv)
{
    struct options o = {.uid = -1, .seconds = 60, .kill_ms = -1, .report = 2};
    int            c, status;

    while ((c = getopt(argc, argv, "+u:t:k:r:e")) != -1) {
        long v = optarg ? strtol(optarg, NULL, 10) : 0;
        switch (c) {
        case 'u': o.uid = v; break;
        case 't': o.seconds = v; break;
        case 'k': o.kill_ms = v; break;
        case 'r': o.report = (int)v; break;
        case 'e': o.faults = true; break;
        default: return usage();
        }
    }
    if (optind == argc)
        return usage();
    o.command = argv + optind;
    fcntl(o.report, F_SETFD, FD_CLOEXEC);
    if (!new_namespace()) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        return watch(&o, false);
    }
    pid_t init = fork();
    if (init < 0)
        die("fork");
    if (init == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        if (mount("proc", "/proc", "proc", 0, NULL) != 0)
            fprintf(stderr, "jail: no /proc of its own: %s\n", strerror(errno));
        _exit(watch(&o, true));
    }
    while (waitpid(init, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
