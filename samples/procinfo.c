/*
 * Processes and their threads as kern.proc.* tells them, asked for as libutil, libprocstat and ps do
 * (lib/libutil/kinfo_*.c, lib/libprocstat/libprocstat.c); layouts of sys/user.h.  Only FreeBSD has them, so the sample
 * knows the answers.
 */
#include "auxv.h"
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { /* KERN_PROC_* */
       ALL = 0,
       PID = 1,
       TTY = 4,
       ARGS = 7,
       PROC = 8,
       SV_NAME = 9,
       RGID = 10,
       GID = 11,
       PATHNAME = 12,
       KSTACK = 15,
       INC_THREAD = 16,
       FILEDESC = 33,
       GROUPS = 34,
       ENV = 35,
       AUXV = 36,
       RLIMIT = 37,
       PS_STRINGS = 38,
       UMASK = 39,
       OSREL = 40,
       SIGTRAMP = 41,
       NFDS = 43,
       SIGFASTBLK = 44,
       VM_LAYOUT = 45,
};
enum { /* struct kinfo_proc */
       KI_SIZE = 1088,
       KI_PID = 72,
       KI_PPID = 76,
       KI_SIGLIST = 104,
       KI_SIGMASK = 120,
       KI_SIGCATCH = 152,
       KI_UID = 168,
       KI_STAT = 388,
       KI_TDNAME = 394,
       KI_COMM = 447,
       KI_EMUL = 467,
       KI_NUMTHREADS = 596,
       KI_TID = 600,
       SRUN = 2,
       SSLEEP = 3,
       SZOMB = 5,
       NOFILE = 8,
};

static char   buf[1 << 20];
static size_t len;

static long ask(int what, int pid)
{
    int mib[] = {1, 14, what, pid};

    len = sizeof(buf);
    return OS_CALL(202, mib, 4, buf, &len, 0, 0);
}

static long ask_list(int what)
{
    int mib[] = {1, 14, what};

    len = sizeof(buf);
    return OS_CALL(202, mib, 3, buf, &len, 0, 0);
}

static int int_at(const char *p, int at) { return *(const int *)(p + at); }

static const char *row(size_t i) { return buf + i * KI_SIZE; }

static size_t rows_of(int pid)
{
    size_t n = 0;

    for (size_t i = 0; i < len / KI_SIZE; i++)
        n += int_at(row(i), KI_PID) == pid;
    return n;
}

static const char *row_of_thread(long tid)
{
    for (size_t i = 0; i < len / KI_SIZE; i++)
        if (int_at(row(i), KI_TID) == tid)
            return row(i);
    return 0;
}

/* ---- threads ------------------------------------------------------------------------------------ */

static uint32_t     go;
static volatile int ready;

static long named_thread(void *name)
{
    const struct os_sigset usr1 = os_sigset_of(SIGUSR1);

    OS_CALL(464, os_gettid(), name);
    os_sigprocmask(SIG_BLOCK, &usr1, 0);
    __atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
        os_futex_wait(&go, 0, 0);
    return 0;
}

static void check_rows(const struct thread *t)
{
    const int   pid = (int)os_getpid();
    const char *own, *one, *two;

    check(ask(PID, pid) == 0 && len == KI_SIZE && int_at(buf, 0) == KI_SIZE, "a process is one row");
    check(int_at(buf, KI_NUMTHREADS) == 3 && int_at(buf, KI_PPID) == OS_CALL(39), "that counts its threads");
    check(!strcmp(buf + KI_COMM, "procinfo") && !strcmp(buf + KI_EMUL, "FreeBSD ELF64"), "its name, and whose it is");
    check(ask(PID | INC_THREAD, pid) == 0 && len == 3 * KI_SIZE && rows_of(pid) == 3, "a row for each thread");
    own = row_of_thread(os_gettid());
    one = row_of_thread(t[0].tid);
    two = row_of_thread(t[1].tid);
    check(own && one && two, "with their numbers");
    if (!own || !one || !two)
        return;
    check(!strcmp(one + KI_TDNAME, "one") && !strcmp(two + KI_TDNAME, "a name of 16 cha"),
          "and names, cut as they are");
    check(own[KI_STAT] == SRUN && one[KI_STAT] == SSLEEP, "who asks runs, the others sleep");
    check(int_at(one, KI_SIGMASK) == 1 << (SIGUSR1 - 1) && int_at(own, KI_SIGMASK) == 0, "their own signal masks");
    must(OS_CALL(433, t[0].tid, SIGUSR1), "thr_kill");
    check(ask(PID | INC_THREAD, pid) == 0 && (one = row_of_thread(t[0].tid)) &&
              int_at(one, KI_SIGLIST) == 1 << (SIGUSR1 - 1) && int_at(row_of_thread(t[1].tid), KI_SIGLIST) == 0,
          "what is pending for one of them");
    check(ask(PID, (int)t[0].tid) != 0, "a thread's number is no process's here");
    check(ask_list(ALL) == 0 && rows_of(pid) == 3, "the list of all has threads");
    check(ask_list(PROC) == 0 && rows_of(pid) == 1, "that of processes has not");
    check(ask_list(PROC | INC_THREAD) == 0 && rows_of(pid) == 3, "but when asked for them");
}

static void check_threads(void)
{
    struct os_sigaction ignore = {.handler = (void (*)(int, os_siginfo *, void *))1};
    struct thread       t[2];

    thread_start(&t[0], named_thread, "one");
    thread_start(&t[1], named_thread, "a name of 16 chars");
    while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < 2)
        sleep_ms(1);
    for (int i = 0; i < 2; i++) /* into their wait */
        do
            must(ask(PID | INC_THREAD, (int)os_getpid()), "kern.proc.pid_td");
        while (!row_of_thread(t[i].tid) || row_of_thread(t[i].tid)[KI_STAT] != SSLEEP);
    check_rows(t);
    must(os_sigaction(SIGUSR1, &ignore, 0), "sigaction");
    __atomic_store_n(&go, 1, __ATOMIC_RELEASE);
    os_futex_wake(&go, 2);
    thread_join(&t[0]);
    thread_join(&t[1]);
    while (ask(PID | INC_THREAD, (int)os_getpid()) == 0 && len > KI_SIZE)
        sleep_ms(1); /* who is joined has not gone yet (kern_thr.c, sys_thr_exit) */
    check(len == KI_SIZE && int_at(buf, KI_TID) == os_gettid(), "one is left");
}

/* ---- lists --------------------------------------------------------------------------------------- */

static void check_lists(void)
{
    const int pid = (int)os_getpid();

    check(ask(GID, (int)OS_CALL(43)) == 0 && rows_of(pid) == 1, "by group");
    check(ask(RGID | INC_THREAD, (int)OS_CALL(47)) == 0 && rows_of(pid) == 1, "by real group");
    check(ask(TTY, 0x7ffffff0) == 0 && len == 0, "by a terminal that nobody has");
    check_err(ask_list(PID), -EINVAL, "no process named");
    check_err(ask_list(GID), -EINVAL, "no group named");
    check_err(ask(ALL, 1), -ENOTDIR, "all is no node");
}

/* ---- facts --------------------------------------------------------------------------------------- */

static uint64_t handler_returns_to;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    handler_returns_to = (uint64_t)__builtin_return_address(0);
}

static void check_trampoline(void)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO};
    const uint64_t     *at = (const uint64_t *)buf;

    must(os_sigaction(SIGUSR2, &sa, 0), "sigaction");
    must(os_kill((int)os_getpid(), SIGUSR2), "kill");
    check(ask(SIGTRAMP, (int)os_getpid()) == 0 && len == 48 && at[0] < handler_returns_to && handler_returns_to < at[1],
          "handlers return into the trampoline that is told");
    check(ask(PID, (int)os_getpid()) == 0 && int_at(buf, KI_SIGCATCH) == 1 << (SIGUSR2 - 1),
          "which signals are caught");
}

static void check_strings(int pid, char **argv, char **envp)
{
    const uint64_t *aux = (const uint64_t *)buf;
    bool            found;

    check(ask(ARGS, pid) == 0 && len == strlen(argv[0]) + 1 + strlen(argv[1]) + 1 && !strcmp(buf, argv[0]) &&
              !strcmp(buf + strlen(buf) + 1, argv[1]),
          "arguments");
    check(ask(ENV, pid) == 0 && len > 0 && !strcmp(buf, envp[0]), "environment");
    check(ask(AUXV, pid) == 0 && len % 16 == 0 && aux[len / 8 - 2] == 0 && aux[0] == AT_PHDR &&
              aux[1] == start_auxv(AT_PHDR, &found),
          "auxiliary vector");
    check(ask(PS_STRINGS, pid) == 0 && len == 8 && *aux == start_auxv(AT_PS_STRINGS, &found), "where the strings are");
    check(ask(SV_NAME, pid) == 0 && !strcmp(buf, "FreeBSD ELF64"), "kind of program");
    check(ask(PATHNAME, pid) == 0 && buf[0] == '/' && buf[len - 1] == 0, "path of the program");
}

static void check_identity(int pid)
{
    uint32_t gids[64];
    long     n = must(OS_CALL(79, 64, gids), "getgroups");

    check(ask(GROUPS, pid) == 0 && *(uint32_t *)buf == OS_CALL(43) && len >= (size_t)n * 4, "groups");
    os_umask(0137);
    check(ask(UMASK, 0) == 0 && len == 2 && *(uint16_t *)buf == 0137, "file creation mask of 0, the caller");
    check_err(ask(UMASK, 0x7ffffff0), -ESRCH, "of nobody");
    os_umask(022);
    check(ask(VM_LAYOUT, pid) == 0 && len == 184 && ((uint64_t *)buf)[6] < (uint64_t)&n &&
              (uint64_t)&n < ((uint64_t *)buf)[6] + ((uint64_t *)buf)[7],
          "where the stack is");
}

static void check_none(int pid)
{
    check_err(ask(KSTACK, pid), -ENOENT, "kernel stacks, as of a kernel without them");
    check_err(ask(SIGFASTBLK, pid), -ENOTTY, "no thread has a word that blocks signals");
    check_err(ask(13, pid), -ENOENT, "nor what FreeBSD 7 asked for");
}

static void check_descriptors(void)
{
    const long fd = must(OS_CALL(571, 1, O_RDWR, 0600, 0, 0), "shm_open2");
    int        n = 0;

    check(ask(NFDS, 0) == 0 && len == 4 && (n = *(int *)buf) > 3, "how many descriptors");
    check_err(ask(NFDS, (int)os_getpid()), -EINVAL, "only of 0, the caller");
    must(os_ftruncate((int)fd, 8192), "ftruncate");
    must(ask(FILEDESC, -1), "filedesc");
    for (size_t at = 0; at < len; at += (size_t)int_at(buf + at, 0))
        if (int_at(buf + at, 8) == fd)
            check(int_at(buf + at, 4) == 8 && *(uint64_t *)(buf + at + 312) == 8192 && buf[at + 368] == 0,
                  "shared memory and its size");
    os_close((int)fd);
    check(ask(NFDS, 0) == 0 && *(int *)buf == n - 1, "one less");
}

/* ---- what may be set -------------------------------------------------------------------------------- */

struct rlimit {
    int64_t cur, max;
};

static long limit(int pid, int which, struct rlimit *old, const void *new, size_t newlen)
{
    int mib[] = {1, 14, RLIMIT, pid, which};

    len = sizeof(*old);
    return OS_CALL(202, mib, 5, old, old ? &len : 0, new, newlen);
}

static void check_limits(int child)
{
    const int     pid = (int)os_getpid();
    struct rlimit own, told, less;
    bool          same = true;

    for (int i = 0; i < 16; i++)
        same = same && OS_CALL(194, i, &own) == 0 && limit(pid, i, &told, 0, 0) == 0 && len == 16 &&
               own.cur == told.cur && own.max == told.max;
    check(same, "limits are those of getrlimit");
    must(OS_CALL(194, NOFILE, &own), "getrlimit");
    less = (struct rlimit){own.cur - 1, own.max};
    check(limit(pid, NOFILE, &told, &less, sizeof(less)) == 0 && told.cur == own.cur, "one is set, and was");
    check(OS_CALL(194, NOFILE, &told) == 0 && told.cur == own.cur - 1, "and holds");
    check(limit(child, NOFILE, &told, 0, 0) == 0 && told.cur == own.cur, "but not for a child");
    check_err(limit(pid, NOFILE, 0, &less, 8), -EINVAL, "half a limit");
    check_err(limit(pid, 16, &told, 0, 0), -EINVAL, "no such limit");
    check_err(limit(0x7ffffff0, NOFILE, &told, 0, 0), -ESRCH, "nobody's limit");
    check_err(ask(RLIMIT, pid), -EINVAL, "which one?");
}

static long release(int pid, int *old, const int *new, size_t newlen)
{
    int mib[] = {1, 14, OSREL, pid};

    len = sizeof(*old);
    return OS_CALL(202, mib, 4, old, old ? &len : 0, new, newlen);
}

static void check_release(int child)
{
    const int pid = (int)os_getpid(), new = 1200086, bad = -1;
    int       old = -1;

    check(release(pid, &old, 0, 0) == 0 && len == 4 && old == 1403000, "what the program's note says");
    check(release(pid, &old, &new, 4) == 0 && release(pid, &old, 0, 0) == 0 && old == new, "another may be set");
    check(release(child, 0, &new, 4) == 0 && release(child, &old, 0, 0) == 0 && old == new, "a child's, too");
    check_err(release(pid, 0, &bad, 4), -EINVAL, "none below zero");
    check_err(release(pid, 0, &new, 2), -EINVAL, "half a number");
}

static void check_zombie(int child)
{
    int status;

    os_kill(child, SIGKILL);
    while (ask(PID, child) == 0 && buf[KI_STAT] != SZOMB)
        sleep_ms(1);
    check(ask(PID, child) == 0 && buf[KI_STAT] == SZOMB, "a dead child is there");
    check(ask(PID | INC_THREAD, child) == 0 && len == KI_SIZE, "as one row");
    check_err(ask(ENV, child), -ESRCH, "without its strings");
    os_wait4(child, &status, 0, 0);
    check_err(ask(PID, child), -ESRCH, "until it is waited for");
}

int main(int argc, char **argv, char **envp)
{
    const int pid = (int)os_getpid();
    long      child;

    if (argc < 2)
        return 2;
    check_threads();
    check_lists();
    child = os_fork();
    if (child == 0)
        for (;;)
            sleep_ms(1000);
    check_strings(pid, argv, envp);
    print("of a child\n");
    check_strings((int)child, argv, envp);
    check_trampoline();
    check_identity(pid);
    check_none(pid);
    check_descriptors();
    check_limits((int)child);
    check_release((int)child);
    check_zombie((int)child);
    return check_status();
}
#else
OTHER_KERNEL_SAYS("there are none here\n")
#endif
