/*
 * faults DIR disk|full|limit: what a program sees when its disk is broken (the jail's option -e), full (a small file
 * system at DIR), or not all its own (RLIMIT_FSIZE).
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum { NR_fsync = 95, NR_fdatasync = 550, NR_setrlimit = 195, NR_ftruncate = 480, NR_writev = 121, SIGXFSZ = 25 };
#else
enum { NR_fsync = 74, NR_fdatasync = 75, NR_setrlimit = 160, NR_ftruncate = 77, NR_writev = 20, SIGXFSZ = 25 };
#endif

enum { RLIMIT_FSIZE = 1, MARK = 4093, MARK_IOV = 57, BIG = 1 << 18 };

static char         buf[BIG];
static volatile int signals;

static void note(int sig, os_siginfo *si, void *uc)
{
    (void)sig, (void)si, (void)uc;
    signals++;
}

static int open_new(const char *name, int flags)
{
    os_unlink(name);
    return (int)must(os_open(name, O_RDWR | O_CREAT | flags, 0644), "open");
}

static bool is_at(int fd, int64_t offset) { return os_lseek(fd, 0, SEEK_CUR) == offset; }

/* ---- a broken disk ----------------------------------------------------------------------------------- */

static void check_broken_transfers(int fd)
{
    static struct os_iovec v[MARK_IOV];

    for (int i = 0; i < MARK_IOV; i++)
        v[i] = (struct os_iovec){buf, 1};
    check(os_write(fd, buf, 100) == 100, "a write that works");
    check_err(os_write(fd, buf, MARK), -EIO, "write");
    check_err(os_writev(fd, v, MARK_IOV), -EIO, "writev");
    check_err(os_pwrite(fd, buf, MARK, 7), -EIO, "pwrite");
    check(is_at(fd, 100), "leave the offset alone");
    check(os_lseek(fd, 10, SEEK_SET) == 10, "lseek");
    check_err(os_read(fd, buf, MARK), -EIO, "read");
    check_err(os_readv(fd, v, MARK_IOV), -EIO, "readv");
    check_err(os_pread(fd, buf, MARK, 7), -EIO, "pread");
    check(is_at(fd, 10), "leave it alone, too");
    check(os_read(fd, buf, 50) == 50 && is_at(fd, 60), "then a read works again");
}

static void check_broken_append(void)
{
    const int fd = open_new("append", O_APPEND), same = (int)os_dup(fd);

    check(os_write(fd, buf, 10) == 10, "an append that works");
    check_err(os_write(fd, buf, MARK), -EIO, "one that does not");
    check(is_at(same, 10), "and the offset is that of before");
    check(os_write(same, buf, 5) == 5 && is_at(fd, 15), "another goes to the end");
    os_close(fd);
    os_close(same);
}

/* The lock of an open file must not stay with a call that failed. */
static void check_broken_shared(int fd)
{
    long pid;
    int  status = -1;

    os_lseek(fd, 0, SEEK_SET);
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        for (int i = 0; i < 50; i++)
            os_write(fd, buf, MARK);
        os_exit(os_write(fd, buf, 20) == 20 ? 0 : 1);
    }
    for (int i = 0; i < 50; i++)
        os_read(fd, buf, MARK);
    os_wait4((int)pid, &status, 0, 0);
    check(status == 0 && is_at(fd, 20), "two processes fail on one open file, and go on");
}

static void check_disk(void)
{
    const int fd = open_new("file", 0);
    int       dir;

    check_broken_transfers(fd);
    check_broken_append();
    check_broken_shared(fd);
    check_err(OS_CALL(NR_ftruncate, fd, MARK), -EIO, "ftruncate");
    check_err(OS_CALL(NR_fsync, fd), -EIO, "fsync");
    check_err(OS_CALL(NR_fdatasync, fd), -EIO, "fdatasync");
    check_err(os_mkdir("dir", 0111), -EIO, "mkdir");
    check_err(os_mkdir("dir", 0755), 0, "another mkdir");
    dir = (int)must(os_open("dir", O_RDONLY | O_DIRECTORY, 0), "open of a directory");
    check(os_getdents(dir, buf, 4096) > 0, "a directory is read");
    check(os_close(dir) == 0 && os_close(fd) == 0, "close");
    check(os_open("file", O_RDONLY, 0) == fd, "and the descriptor is free again");
}

/* ---- a full one ----------------------------------------------------------------------------------------- */

/* Writes until it is full; how many bytes went in, and with which error it ended. */
static int64_t fill(int fd, long *error)
{
    int64_t sum = 0;

    while ((*error = os_write(fd, buf, BIG)) > 0)
        sum += *error;
    return sum;
}

static int64_t size_of(int fd)
{
    struct os_stat st;

    return os_fstat(fd, &st) ? -1 : (int64_t)st.size;
}

static void check_full_write(const char *name, int flags)
{
    const int     fd = open_new(name, flags);
    long          error;
    const int64_t sum = fill(fd, &error);

    check_err(error, -ENOSPC, flags ? "appends until it is full" : "writes until it is full");
    check(sum > 0 && sum == size_of(fd) && is_at(fd, sum), "all that was taken is there, and the offset behind it");
    check_err(os_write(fd, buf, 8192), -ENOSPC, "once more");
    check(is_at(fd, sum), "and the offset stays");
    if (!flags)
        check(os_pwrite(fd, buf, 100, 10) == 100, "what is there can be written over");
    check(OS_CALL(NR_fsync, fd) == 0, "fsync");
    check(os_ftruncate(fd, 100) == 0 && os_lseek(fd, 0, SEEK_END) == 100, "a shorter file");
    check(os_write(fd, buf, 100) == 100, "has room again");
    os_close(fd);
    os_unlink(name);
}

static void check_full_map(void)
{
    const int fd = open_new("sparse", 0), other = open_new("rest", 0);
    long      error, pid;
    int       status = 0;

    must(os_ftruncate(fd, 1 << 20), "a sparse file");
    fill(other, &error);
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        char *p = os_mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        for (int i = 0; i < 1 << 20; i += 4096)
            p[i] = 1;
        os_exit(0);
    }
    os_wait4((int)pid, &status, 0, 0);
    check(!os_wifexited(status) && os_wtermsig(status) == SIGBUS, "a store for which there is no block is SIGBUS");
    os_close(fd);
    os_close(other);
    os_unlink("sparse");
    os_unlink("rest");
}

static void check_full_names(void)
{
    char name[32];
    long r = 0;
    int  n = 0;

    for (; n < 1000 && r >= 0; n++) {
        print_into(name, sizeof(name), "d%d", n);
        r = os_mkdir(name, 0755);
    }
    check_err(r, -ENOSPC, "directories until there is no room for one more");
    check_err(os_open("new", O_RDWR | O_CREAT, 0644), -ENOSPC, "nor for a file");
    check_err(os_symlink("x", "link"), -ENOSPC, "nor for a link");
    check(os_open(".", O_RDONLY, 0) == 3, "and no descriptor was lost");
    os_close(3);
    while (n--) {
        print_into(name, sizeof(name), "d%d", n);
        os_rmdir(name);
    }
    check_err(os_mkdir("d0", 0755), 0, "then there is");
}

static void check_full(void)
{
    check_full_write("file", 0);
    check_full_write("append", O_APPEND);
    check_full_map();
    check_full_names();
}

/* ---- a limit ---------------------------------------------------------------------------------------------- */

static void check_limit(void)
{
    struct os_sigaction act = {.handler = note, .flags = SA_SIGINFO};
    struct {
        int64_t soft, hard;
    } limit = {10000, 20000};
    const int fd = open_new("limited", 0);

    os_sigaction(SIGXFSZ, &act, 0);
    must(OS_CALL(NR_setrlimit, RLIMIT_FSIZE, &limit), "setrlimit");
    check(os_write(fd, buf, 9000) == 9000, "below the limit");
    check(os_write(fd, buf, 9000) == 1000 && is_at(fd, 10000) && !signals, "as much as fits");
    check_err(os_write(fd, buf, 1), -EFBIG, "and no byte more");
    check(signals == 1 && is_at(fd, 10000), "with SIGXFSZ, and the offset stays");
    check_err(os_pwrite(fd, buf, 1, 10000), -EFBIG, "pwrite at the limit");
    check_err(os_ftruncate(fd, 10001), -EFBIG, "ftruncate beyond it");
    check(signals == 3, "each with its signal");
    check(os_pwrite(fd, buf, 10, 9990) == 10 && os_ftruncate(fd, 10000) == 0, "up to it");
    check(os_lseek(fd, 1 << 20, SEEK_SET) == 1 << 20, "lseek has no limit");
    os_close(fd);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc < 3)
        return 2;
    must(os_chdir(argv[1]), "chdir");
    switch (argv[2][0]) {
    case 'd': check_disk(); break;
    case 'f': check_full(); break;
    default: check_limit();
    }
    return check_status();
}
