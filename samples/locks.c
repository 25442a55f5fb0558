/* locks DIR: record locks and whole-file locks, between processes and descriptors, with and without waiting. */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum { F_GETLK = 11, F_SETLK = 12, F_SETLKW = 13, F_RDLCK = 1, F_UNLCK = 2, F_WRLCK = 3 };
struct flock {
    int64_t start, len;
    int32_t pid;
    int16_t type, whence;
    int32_t sysid, pad;
};
static long flock(int fd, int how) { return OS_CALL(131, fd, how); }
#else
enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2 };
struct flock {
    int16_t type, whence;
    int64_t start, len;
    int32_t pid, sysid;
};
static long flock(int fd, int how) { return OS_CALL(73, fd, how); }
#endif
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };

static int file;

static long lock(int fd, int cmd, int type, int whence, int64_t start, int64_t len)
{
    struct flock fl = {.type = (int16_t)type, .whence = (int16_t)whence, .start = start, .len = len};

    return os_fcntl(fd, cmd, (long)&fl);
}

/* What a child answers: its exit status is the error of what it tried, 0 for none. */
static long in_child(long (*fn)(void))
{
    long pid = os_fork();
    int  status = 0;

    if (pid == 0)
        os_exit((int)-fn());
    os_wait4((int)pid, &status, 0, 0);
    return -(long)os_wexitstatus(status);
}

static long try_write_lock(void) { return lock(file, F_SETLK, F_WRLCK, 0, 5, 1); }
static long try_read_lock(void) { return lock(file, F_SETLK, F_RDLCK, 0, 5, 1); }
static long try_beside(void) { return lock(file, F_SETLK, F_WRLCK, 0, 10, 0); }

static long who_holds(void)
{
    struct flock fl = {.type = F_WRLCK, .start = 0, .len = 0};

    if (os_fcntl(file, F_GETLK, (long)&fl) < 0 || fl.type != F_WRLCK || fl.pid != os_getppid())
        return -1;
    return fl.start == 5 && fl.len == 5 && fl.sysid == 0 && fl.whence == 0 ? 0 : -2;
}

static void check_records(void)
{
    struct flock fl = {.type = F_WRLCK, .start = 0, .len = 0, .pid = 77};
    int          dup = (int)os_dup(file);

    check(lock(file, F_SETLK, F_WRLCK, 0, 5, 5) == 0, "a write lock");
    check_err(in_child(try_write_lock), -EAGAIN, "keeps another process from writing");
    check_err(in_child(try_read_lock), -EAGAIN, "and from reading");
    check(in_child(try_beside) == 0, "but not beside it");
    check(in_child(who_holds) == 0, "F_GETLK tells whose it is");
    check(os_fcntl(file, F_GETLK, (long)&fl) == 0 && fl.type == F_UNLCK && fl.pid == 77, "one's own is no hindrance");
    check(lock(file, F_SETLK, F_RDLCK, 0, 5, 5) == 0 && in_child(try_read_lock) == 0, "a read lock is shared");
    check_err(in_child(try_write_lock), -EAGAIN, "with readers only");
    os_lseek(file, 7, 0);
    check(lock(file, F_SETLK, F_UNLCK, 1, -2, 1) == 0 && in_child(try_write_lock) == 0, "from the offset on");
    check(lock(file, F_SETLK, F_WRLCK, 2, -5, 5) == 0, "from the end on");
    check_err(in_child(try_write_lock), -EAGAIN, "backwards");
    os_close(dup);
    check(in_child(try_write_lock) == 0, "a close of any duplicate gives them up");
    check_err(lock(file, F_SETLK, F_WRLCK, 0, -1, 1), -EINVAL, "before the beginning");
    check_err(lock(file, F_SETLK, 77, 0, 0, 1), -EINVAL, "an unknown type");
    check_err(lock(99, F_SETLK, F_WRLCK, 0, 0, 1), -EBADF, "no descriptor");
    check_err(os_fcntl(file, F_SETLK, 16), -EFAULT, "a lock that is not mapped");
    check_err(lock((int)os_open("f", O_RDONLY, 0), F_SETLK, F_WRLCK, 0, 0, 1), -EBADF, "a file open for reading");
    check(lock((int)os_open(".", O_RDONLY, 0), F_SETLK, F_RDLCK, 0, 0, 1) == 0, "a directory");
}

static volatile int handled;
static void         on_alarm(int sig, os_siginfo *si, void *uc)
{
    (void)sig, (void)si, (void)uc;
    handled++;
}

/* The child holds byte 0 and waits for byte 1, which the parent has and lets go when it is told to wait no more. */
static void check_waiting(void)
{
    struct os_sigaction sa = {.handler = on_alarm};
    int                 fds[2], status;
    char                c;
    long                pid;

    os_pipe(fds);
    lock(file, F_SETLK, F_WRLCK, 0, 1, 1);
    pid = os_fork();
    if (pid == 0) {
        lock(file, F_SETLK, F_WRLCK, 0, 0, 1);
        os_write(fds[1], "x", 1);
        os_exit(lock(file, F_SETLKW, F_WRLCK, 0, 1, 1) == 0 ? 7 : 1);
    }
    os_read(fds[0], &c, 1);
    sleep_ms(20);
    check_err(lock(file, F_SETLKW, F_WRLCK, 0, 0, 1), -EDEADLK, "two that wait for each other");
    check(lock(file, F_SETLK, F_UNLCK, 0, 1, 1) == 0, "one gives way");
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wexitstatus(status) == 7, "and the other goes on");

    pid = os_fork();
    if (pid == 0) {
        lock(file, F_SETLK, F_WRLCK, 0, 0, 1);
        os_write(fds[1], "x", 1);
        for (;;)
            sleep_ms(1000);
    }
    os_read(fds[0], &c, 1);
    os_sigaction(SIGALRM, &sa, 0);
    os_setitimer(ITIMER_REAL, &(struct os_itimerval){{0, 0}, {0, 20000}}, 0);
    check_err(lock(file, F_SETLKW, F_WRLCK, 0, 0, 1), -EINTR, "a signal ends the wait");
    check(handled == 1, "after its handler");
    os_kill((int)pid, SIGKILL);
    check(lock(file, F_SETLKW, F_WRLCK, 0, 0, 1) == 0, "the end of a process gives up its locks");
    os_wait4((int)pid, &status, 0, 0);
    lock(file, F_SETLK, F_UNLCK, 0, 0, 0);
}

static long flock_anew(void) { return flock((int)os_open("f", O_RDWR, 0), LOCK_EX | LOCK_NB); }

static void check_whole(void)
{
    int a = (int)os_open("f", O_RDWR, 0), b = (int)os_open("f", O_RDONLY, 0), fds[2];

    check(flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0, "shared locks on two open files");
    check_err(flock(a, LOCK_EX | LOCK_NB), -EAGAIN, "none becomes exclusive");
    check(flock(b, LOCK_UN) == 0 && flock(a, LOCK_EX | LOCK_NB) == 0, "until it is alone");
    check_err(in_child(flock_anew), -EAGAIN, "another process is kept out");
    check(flock((int)os_dup(a), LOCK_EX | LOCK_NB) == 0, "a duplicate has the same lock");
    check(lock(b, F_SETLK, F_RDLCK, 0, 0, 1) == 0 && lock(b, F_SETLK, F_UNLCK, 0, 0, 1) == 0, "record locks beside it");
    check_err(flock(99, LOCK_SH), -EBADF, "flock of no descriptor");
    os_pipe(fds);
    os_close(a);
    check_err(in_child(flock_anew), -EAGAIN, "the duplicate keeps the lock");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    must(os_chdir(argv[argc - 1]), "chdir");
    file = (int)must(os_open("f", O_RDWR | O_CREAT, 0600), "open");
    must(os_write(file, "0123456789", 10), "write");
    check_records();
    check_waiting();
    check_whole();
    return check_status();
}
