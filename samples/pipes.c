/*
 * pipes DIR: FreeBSD's pipe(2): both ends read and write, what each of them tells of itself, and who owns descriptors.
 * Rules: sys_pipe.c (pipe_read, pipe_write, pipe_poll, pipe_stat, pipe_ioctl, pipe_kqfilter), vfs_vnops.c (vn_ioctl).
 */
#include "sample.h"

#ifdef GUEST_FREEBSD

#define FIOSETOWN 0x8004667c
#define FIOGETOWN 0x4004667b
#define FIONREAD  0x4004667f
#define F_GETOWN  5
#define F_SETOWN  6
#define ACCMODE   3
#define BACK      65536

static int          fds[2];
static char         block[BACK];
static volatile int sigpipes;

static void expect(long got, long want, const char *what)
{
    if (got != want)
        print("%s: %ld instead of %ld\n", what, got, want);
    check(got == want, what);
}

static void count_sigpipe(int sig, os_siginfo *si, void *uc)
{
    (void)si, (void)uc;
    sigpipes += sig == SIGPIPE;
}

static void open_pipe(int flags) { expect(OS_CALL(542, fds, flags), 0, "pipe2"); }

static void close_pipe(void)
{
    os_close(fds[0]);
    os_close(fds[1]);
}

static long poll_one(int fd, int events, int ms)
{
    struct os_pollfd p = {fd, (short)events, 0};
    const long       r = os_poll(&p, 1, ms);

    return r < 0 ? r : p.revents;
}

static long readable(int fd)
{
    int n = -1;

    return os_ioctl(fd, FIONREAD, &n) ?: n;
}

static void both_directions(void)
{
    char            buf[8] = "";
    struct os_iovec out[2] = {{(void *)"de", 2}, {(void *)"f", 1}}, in[2] = {{buf, 1}, {buf + 1, 5}};
    struct os_stat  st;

    open_pipe(0);
    expect(os_fcntl(fds[0], F_GETFL, 0) & ACCMODE, O_RDWR, "the first end reads and writes");
    expect(os_fcntl(fds[1], F_GETFL, 0) & ACCMODE, O_RDWR, "the second end, too");
    expect(os_write(fds[1], "forth", 5), 5, "write to the second");
    expect(os_write(fds[0], "back", 4), 4, "write to the first");
    expect(readable(fds[1]), 4, "FIONREAD of the second");
    expect(readable(fds[0]), 5, "FIONREAD of the first");
    os_fstat(fds[1], &st);
    expect((long)st.size, 4, "size of the second");
    os_fstat(fds[0], &st);
    expect((long)st.size, 5, "size of the first");
    expect(os_read(fds[1], buf, 3), 3, "read at the second");
    check(!memcmp(buf, "bac", 3), "what was written to the first");
    expect(OS_CALL(121, fds[0], out, 2), 3, "writev to the first");
    expect(OS_CALL(120, fds[1], in, 2), 4, "readv at the second");
    check(!memcmp(buf, "kdef", 4), "all of it");
    expect(os_read(fds[0], buf, 8), 5, "the other direction");
    check(!memcmp(buf, "forth", 5), "has its own");
    expect(os_read(fds[1], 0, 0), 0, "nothing is read of nothing");
    expect(os_write(fds[0], (void *)8, 4), -EFAULT, "write from nowhere");
    os_write(fds[0], "x", 1);
    expect(os_read(fds[1], (void *)8, 4), -EFAULT, "read to nowhere");
    expect(readable(fds[1]), 1, "takes nothing away");
    close_pipe();
}

static void without_waiting(void)
{
    long n, all = 0;
    char c;

    open_pipe(O_NONBLOCK);
    expect(os_read(fds[1], &c, 1), -EAGAIN, "nothing to read at the second");
    while ((n = os_write(fds[0], block, 5000)) > 0)
        all += n;
    expect(n, -EAGAIN, "the first is full");
    check(all > 16000, "of what a pipe holds");
    expect(poll_one(fds[0], POLLOUT, 0), 0, "poll knows");
    expect(os_read(fds[1], block, 400), 400, "a little is taken out");
    expect(os_write(fds[0], block, 500), -EAGAIN, "what is short is not divided");
    expect(os_read(fds[1], block, 600), 600, "more is taken out");
    expect(poll_one(fds[0], POLLOUT, 0), POLLOUT, "there is room again");
    all -= 1000;
    while ((n = os_read(fds[1], block, sizeof(block))) > 0)
        all -= n;
    expect(all, 0, "every byte came");
    close_pipe();
}

static void ends(void)
{
    char c;

    open_pipe(0);
    os_write(fds[0], "ab", 2);
    os_close(fds[0]);
    expect(os_read(fds[1], &c, 1), 1, "what was written before the first was closed");
    expect(os_read(fds[1], &c, 1), 1, "is there");
    expect(os_read(fds[1], &c, 1), 0, "and then its end");
    sigpipes = 0;
    expect(os_write(fds[1], "x", 1), -EPIPE, "nobody reads");
    expect(sigpipes, 1, "SIGPIPE");
    expect(os_write(fds[1], "x", 0), -EPIPE, "nor nothing");
    expect(sigpipes, 2, "SIGPIPE again");
    expect(poll_one(fds[1], POLLIN | POLLOUT, 0), POLLIN | POLLHUP, "the second end is hung up");
    expect(poll_one(fds[1], 0, 0), POLLHUP, "unasked");
    os_close(fds[1]);
    open_pipe(0);
    expect(os_write(fds[1], "x", 0), 0, "nothing for a reader");
    os_close(fds[1]);
    expect(os_write(fds[0], "x", 1), -EPIPE, "nobody reads at the second");
    expect(sigpipes, 3, "SIGPIPE for that, too");
    expect(poll_one(fds[0], POLLIN | POLLOUT, 0), POLLIN | POLLHUP, "the first end is hung up");
    expect(os_read(fds[0], &c, 1), 0, "and at its end");
    os_close(fds[0]);
}

/* One end here, one in a child: each waits for the other, and sees it go. */
static void between_processes(void)
{
    int  status, sum = 0;
    long pid, n;
    char c;

    open_pipe(0);
    pid = os_fork();
    if (!pid) {
        os_close(fds[1]);
        for (char i = 1; i < 10; i++)
            if (os_read(fds[0], &c, 1) != 1 || c != i || os_write(fds[0], &c, 1) != 1)
                os_exit(1);
        for (int left = 300000; left > 0; left -= (int)n) {
            n = os_write(fds[0], block, (size_t)(left > BACK ? BACK : left));
            if (n <= 0)
                os_exit(2);
        }
        os_exit(0);
    }
    os_close(fds[0]);
    for (char i = 1; i < 10; i++) {
        os_write(fds[1], &i, 1);
        if (os_read(fds[1], &c, 1) == 1)
            sum += c;
    }
    expect(sum, 45, "answers come by the same pipe");
    for (n = 0; (status = (int)os_read(fds[1], block, 7000)) > 0;)
        n += status;
    expect(n, 300000, "more than the pipe holds, until the child is gone");
    expect(status, 0, "which is the end");
    os_wait4((int)pid, &status, 0, 0);
    expect(os_wexitstatus(status), 0, "the child is content");
    os_close(fds[1]);
}

/* A child that writes to the first end, or only goes away, wakes who waits at the second. */
static long child_that(bool writes)
{
    const long pid = os_fork();

    if (!pid) {
        struct os_timespec ts = {0, 30000000};

        os_close(fds[1]);
        os_nanosleep(&ts, 0);
        if (writes)
            os_write(fds[0], "x", 1);
        os_nanosleep(&ts, 0);
        os_exit(0);
    }
    return pid;
}

static long wait_by_select(void)
{
    uint64_t in[16] = {0};

    in[fds[1] / 64] = 1ull << (fds[1] % 64);
    return os_select(fds[1] + 1, in, 0, 0, 0);
}

static long wait_by_poll(void) { return poll_one(fds[1], POLLIN, -1) & ~POLLHUP; }

static long wait_by_kevent(void)
{
    const int        kq = (int)os_kqueue();
    struct os_kevent k = {.ident = (uint64_t)fds[1], .filter = EVFILT_READ, .flags = EV_ADD}, e = {0};
    const long       r = os_kevent(kq, &k, 1, &e, 1, 0);

    os_close(kq);
    return r < 0 ? r : e.data == 1 || e.flags & EV_EOF ? 1 : 100;
}

static void waiting(void)
{
    static long (*const ways[])(void) = {wait_by_select, wait_by_poll, wait_by_kevent};
    static const char *const names[] = {"select", "poll", "kevent"};
    int                      status;
    char                     c;

    for (int i = 0; i < 3; i++)
        for (int writes = 0; writes < 2; writes++) {
            long pid;

            open_pipe(0);
            pid = child_that(writes);
            os_close(fds[0]);
            print("%s, %s: ", names[i], writes ? "the child writes" : "the child goes");
            expect(ways[i](), 1, "woken");
            expect(os_read(fds[1], &c, 1), writes, "and can read");
            os_wait4((int)pid, &status, 0, 0);
            os_close(fds[1]);
        }
}

static void events(void)
{
    const int          kq = (int)os_kqueue();
    struct os_kevent   k = {.flags = EV_ADD}, e = {0};
    struct os_timespec at_once = {0, 0};

    open_pipe(0);
    k.ident = (uint64_t)fds[0];
    k.filter = EVFILT_WRITE;
    expect(os_kevent(kq, &k, 1, &e, 1, &at_once), 1, "the first end can be written");
    check(e.data >= 512 && !(e.flags & EV_EOF), "so much");
    k.flags = EV_DELETE;
    expect(os_kevent(kq, &k, 1, 0, 0, 0), 0, "no more");
    k = (struct os_kevent){.ident = (uint64_t)fds[1], .filter = EVFILT_READ, .flags = EV_ADD};
    expect(os_kevent(kq, &k, 1, &e, 1, &at_once), 0, "nothing to read at the second");
    os_write(fds[1], "forward", 7);
    expect(os_kevent(kq, 0, 0, &e, 1, &at_once), 0, "what it wrote itself is not it");
    os_write(fds[0], "abc", 3);
    expect(os_kevent(kq, 0, 0, &e, 1, &at_once), 1, "what the other wrote is");
    expect(e.data, 3, "so much");
    os_close(fds[0]);
    expect(os_kevent(kq, 0, 0, &e, 1, &at_once), 1, "its end");
    check(e.flags & EV_EOF && e.data == 3, "and what is still there");
    k = (struct os_kevent){.ident = (uint64_t)fds[1], .filter = EVFILT_WRITE, .flags = EV_ADD};
    expect(os_kevent(kq, &k, 1, 0, 0, 0), -EPIPE, "nobody to write to");
    os_close(fds[1]);
    os_close(kq);
}

/* An end that travels keeps its way back. */
static void passed(void)
{
    int               s[2], got = -1;
    char              byte = 'x';
    struct os_cmsg_fd cm = {.len = OS_CMSG_FD_LEN, .level = SOL_SOCKET, .type = SCM_RIGHTS};
    struct os_iovec   iov = {&byte, 1};
    struct os_msghdr  m = {.iov = &iov, .iovlen = 1, .control = &cm, .controllen = sizeof(cm)};

    open_pipe(0);
    cm.fd = fds[1];
    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
    expect(os_sendmsg(s[0], &m, 0), 1, "sendmsg");
    os_close(fds[1]);
    cm.fd = -1;
    expect(os_recvmsg(s[1], &m, 0), 1, "recvmsg");
    got = cm.fd;
    expect(os_write(fds[0], "z", 1), 1, "write to the first");
    expect(os_read(got, &byte, 1), 1, "read at the second, which has travelled");
    expect(byte, 'z', "that byte");
    os_close(got);
    os_close(fds[0]);
    os_close(s[0]);
    os_close(s[1]);
}

static volatile int alarms;

static void count_alarm(int sig, os_siginfo *si, void *uc)
{
    (void)si, (void)uc;
    alarms += sig == SIGALRM;
}

static void interrupted(void)
{
    struct os_sigaction sa = {.handler = count_alarm};
    int64_t             tv[4] = {0, 0, 0, 20000};
    char                c;

    os_sigaction(SIGALRM, &sa, 0);
    open_pipe(0);
    OS_CALL(83, 0, tv, 0);
    expect(os_read(fds[1], &c, 1), -EINTR, "a signal ends the wait");
    expect(alarms, 1, "the handler ran");
    close_pipe();
}

static void owners(const char *dir)
{
    const int me = (int)os_getpid(), f = (int)must(os_open(dir, O_RDONLY, 0), dir);
    int       who = me;

    expect(os_fcntl(f, F_GETOWN, 0), -ENOTTY, "a directory has no owner");
    expect(os_fcntl(f, F_SETOWN, me), -ENOTTY, "and gets none");
    expect(os_ioctl(f, FIOSETOWN, &who), -ENOTTY, "nor by ioctl");
    os_close(f);
    open_pipe(0);
    expect(os_fcntl(fds[0], F_GETOWN, 0), 0, "a pipe has none yet");
    expect(os_fcntl(fds[0], F_SETOWN, me), 0, "F_SETOWN");
    expect(os_fcntl(fds[0], F_GETOWN, 0), me, "F_GETOWN");
    expect(os_fcntl(fds[1], F_GETOWN, 0), 0, "each end has its own");
    expect(os_ioctl(fds[1], FIOSETOWN, &who), 0, "FIOSETOWN");
    who = 0;
    expect(os_ioctl(fds[1], FIOGETOWN, &who), 0, "FIOGETOWN");
    expect(who, me, "the same one");
    who = (int)os_getpgrp();
    expect(os_fcntl(fds[0], F_SETOWN, -who), 0, "a group");
    expect((int)os_fcntl(fds[0], F_GETOWN, 0), -who, "is negative");
    close_pipe();
}

int main(int argc, char **argv, char **envp)
{
    struct os_sigaction sa = {.handler = count_sigpipe};

    (void)envp;
    os_sigaction(SIGPIPE, &sa, 0);
    both_directions();
    without_waiting();
    ends();
    between_processes();
    waiting();
    events();
    passed();
    interrupted();
    owners(argc > 1 ? argv[1] : "/");
    return check_status();
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("FreeBSD's pipes only\n");
    return 0;
}

#endif
