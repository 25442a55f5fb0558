/* Files and memory of processes as kern.proc.* tells them, read as libutil does; only FreeBSD has them. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum {
    VMMAP = 32,
    FILEDESC = 33,
    CWD = 42,
    AT_FD = 8,
    AT_FLAGS = 16,
    AT_OFFSET = 24,
    AT_VTYPE = 32,
    AT_INO = 304,
    AT_SIZE = 312,
    AT_PATH = 368,
    AT_DOMAIN = 36,
    AT_SOCKTYPE = 40,
    AT_RECVQ = 332,
    VM_PATH = 136,
    PROT_R = 1,
    PROT_W = 2,
};

static char buf[1 << 18];

static long ask(int what, int pid, size_t *len)
{
    int mib[] = {1, 14, what, pid};

    *len = sizeof(buf);
    return OS_CALL(202, mib, 4, buf, len, 0, 0);
}

static int      int_at(const char *p, int at) { return *(const int *)(p + at); }
static uint64_t long_at(const char *p, int at) { return *(const uint64_t *)(p + at); }

/* The record of a descriptor; records are as long as their first word says. */
static const char *record(size_t len, int fd)
{
    for (size_t at = 0; at < len && int_at(buf + at, 0) > 0; at += (size_t)int_at(buf + at, 0))
        if (int_at(buf + at, AT_FD) == fd)
            return buf + at;
    return 0;
}

static bool is(const char *r, int type) { return r && int_at(r, 4) == type; }

static bool ends_in(const char *path, const char *name)
{
    const size_t n = strlen(path), m = strlen(name);

    return n >= m && strcmp(path + n - m, name) == 0;
}

static char here[1024], name[] = "procfiles-sample";
static int  file, kq, pair[2], ends[2];
static long sem;

static void open_all(void)
{
    must(OS_CALL(326, here, sizeof(here)), "getcwd");
    file = (int)must(os_open(name, O_RDWR | O_CREAT, 0640), "open");
    must(os_write(file, "twelve bytes", 12), "write");
    must(OS_CALL(135, 1, 1, 0, pair), "socketpair");
    must(os_pipe(ends), "pipe");
    must(os_write(pair[0], "12345", 5), "write");
    kq = (int)must(os_kqueue(), "kqueue");
    must(OS_CALL(405, &sem, "/procfiles", O_CREAT, 0600, 7), "ksem_open");
}

static void check_files(int pid, const char *whose)
{
    struct os_stat st;
    const char    *r;
    size_t         len;

    print("%s\n", whose);
    must(os_fstat(file, &st), "fstat");
    check(ask(CWD, pid, &len) == 0 && is(buf, 1) && int_at(buf, AT_FD) == -1 && strcmp(buf + AT_PATH, here) == 0 &&
              int_at(buf, 0) == (int)len,
          "working directory");
    check(ask(FILEDESC, pid, &len) == 0 && len > 0, "descriptors");
    check(is(record(len, -1), 1) && is(record(len, -2), 1) && is(record(len, -4), 1),
          "directories and program are there");
    r = record(len, -4);
    check(r && ends_in(r + AT_PATH, "/procfiles"), "the program by its name");
    r = record(len, file);
    check(is(r, 1) && int_at(r, AT_VTYPE) == 1 && ends_in(r + AT_PATH, name), "a file and its path");
    check(r && int_at(r, AT_FLAGS) == 3 && long_at(r, AT_OFFSET) == 12 && long_at(r, AT_SIZE) == 12 &&
              long_at(r, AT_INO) == st.ino,
          "how it is open, where, and what it is");
    r = record(len, pair[1]);
    check(is(r, 2) && int_at(r, AT_DOMAIN) == 1 && int_at(r, AT_SOCKTYPE) == 1 && int_at(r, AT_RECVQ) == 5,
          "a socket and what it holds");
    check(is(record(len, ends[0]), 3), "a pipe");
    r = record(len, (int)sem);
    check(is(r, 9) && int_at(r, 304) == 7 && strcmp(r + AT_PATH, "/procfiles") == 0, "a semaphore, its value and name");
    check(!record(len, 99), "and no other");
}

static void check_memory(int pid, char *at)
{
    bool   found = false, sorted = true, zone = false;
    size_t len = 0;

    check(ask(VMMAP, pid, &len) == 0 && len > 0, "mappings");
    for (size_t i = 0, last = 0; i < len && int_at(buf + i, 0) > 0; i += (size_t)int_at(buf + i, 0)) {
        const char    *v = buf + i;
        const uint64_t start = long_at(v, 8), end = long_at(v, 16);

        sorted = sorted && start >= last && end > start;
        last = end;
        zone = zone || (start < 0x700000000000 && end > 0x6f0000000000);
        if (start <= (uint64_t)at && (uint64_t)at < end)
            found = int_at(v, 4) == 2 && int_at(v, 56) == (PROT_R | PROT_W) && ends_in(v + VM_PATH, name) &&
                    long_at(v, 72) == 12 && int_at(v, 48) == 1;
    }
    check(sorted && !zone, "in order, and nothing that is not the program's");
    check(found, "the file's, with its protection, name and size");
}

int main(int argc, char **argv, char **envp)
{
    size_t len;
    char  *at, byte;
    long   pid;
    int    status;

    (void)argc;
    (void)argv;
    (void)envp;
    open_all();
    at = os_mmap(0, 4096, PROT_R | PROT_W, 1, file, 0);
    check(at[0] == 't', "a file is mapped");
    check_files(-1, "of its own");
    check(is(record(sizeof(buf), kq), 5), "a kqueue");
    check_memory((int)os_getpid(), at);
    pid = os_fork();
    if (pid == 0) {
        must(os_write(ends[1], at, 1), "write"); /* touched: now it is in memory here, too */
        for (;;)
            sleep_ms(1000);
    }
    must(os_read(ends[0], &byte, 1), "read");
    check_files((int)pid, "of a child");
    check_memory((int)pid, at);
    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, &status, 0, 0);
    check_err(ask(FILEDESC, (int)pid, &len), -ESRCH, "none of a dead one");
    check_err(ask(VMMAP, 0x7ffffff0, &len), -ESRCH, "none of nobody");
    OS_CALL(406, "/procfiles");
    os_unlink(name);
    check(ask(FILEDESC, -1, &len) == 0 && is(record(len, file), 1) && record(len, file)[AT_PATH] == 0,
          "a file that has lost its name");
    return check_status();
}
#else
OTHER_KERNEL_SAYS("there are none here\n")
#endif
