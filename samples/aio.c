/* aio DIR: asynchronous input and output of FreeBSD's kernel, in every way to ask and to be told. */
#include "sample.h"

#ifdef GUEST_FREEBSD
struct sigevent {
    int32_t  notify, signo; /* or the kqueue */
    uint64_t value;
    int32_t  tid; /* or kevent flags */
    int32_t  pad[15];
};
struct aiocb {
    int32_t         fd, pad0;
    int64_t         offset;
    volatile void  *buf;
    uint64_t        nbytes;
    int32_t         old_notify, old_signo;
    uint64_t        old_value;
    int32_t         opcode, reqprio;
    int64_t         status, error;
    uint64_t        kernelinfo;
    struct sigevent ev;
};
_Static_assert(sizeof(struct aiocb) == 160, "struct aiocb");

enum { LIO_WRITE = 1, LIO_READ = 2, LIO_WRITEV = 5, LIO_READV = 6, LIO_NOWAIT = 0, LIO_WAIT = 1 };
enum { CANCELED = 1, NOTCANCELED, ALLDONE };
enum { NOTIFY_SIGNAL = 1, NOTIFY_KEVENT = 3, NOTIFY_THREAD = 4 };
enum { EVFILT_AIO = -3, EVFILT_LIO = -10, G_EV_ONESHOT = 0x10 };
enum { ECANCELED = 85, ENOTCAPABLE = 93, SI_ASYNCIO = 0x10004, G_O_SYNC = 0x80 };

static long aio_read(struct aiocb *a) { return OS_CALL(255, a); }
static long aio_write(struct aiocb *a) { return OS_CALL(256, a); }
static long aio_return(struct aiocb *a) { return OS_CALL(314, a); }
static long aio_error(struct aiocb *a) { return OS_CALL(317, a); }
static long aio_suspend(struct aiocb **list, int n, const struct os_timespec *ts) { return OS_CALL(315, list, n, ts); }
static long aio_cancel(int fd, struct aiocb *a) { return OS_CALL(316, fd, a); }
static long lio_listio(int mode, struct aiocb **list, int n, struct sigevent *ev)
{
    return OS_CALL(257, mode, list, n, ev);
}
static long aio_waitcomplete(struct aiocb **a, const struct os_timespec *ts) { return OS_CALL(359, a, ts); }

static char buf[65536];
static int  file;

static struct aiocb request(int fd, void *data, uint64_t n, int64_t offset)
{
    return (struct aiocb){.fd = fd, .buf = data, .nbytes = n, .offset = offset};
}

/* Waits for one request; its result. */
static long finish(struct aiocb *a)
{
    while (aio_error(a) == EINPROGRESS)
        aio_suspend(&a, 1, 0);
    return aio_return(a);
}

static void check_file(void)
{
    struct aiocb  a = request(file, "0123456789", 10, 0), b = request(file, buf, 100, 4);
    struct aiocb *none = 0;

    check(aio_write(&a) == 0, "aio_write");
    check(finish(&a) == 10 && a.status == 10 && a.error == 0, "writes all");
    check_err(aio_return(&a), -EINVAL, "a result is taken once");
    check(aio_error(&a) == EINVAL, "and not known any more");
    check(aio_read(&b) == 0 && finish(&b) == 6 && memcmp(buf, "456789", 6) == 0, "aio_read to the end");
    b.offset = 1000;
    check(aio_read(&b) == 0 && finish(&b) == 0, "beyond it nothing");
    check(aio_suspend(&none, 1, 0) == 0, "to wait for nothing is no wait");
    check(os_lseek(file, 0, 1) == 0, "the offset stays");
    check(OS_CALL(465, G_O_SYNC, &a) == 0 && finish(&a) == 0, "aio_fsync");
    check_err(OS_CALL(465, 1, &a), -EINVAL, "aio_fsync of another kind");
    a = request(-1, buf, 4096, 0);
    check(OS_CALL(543, &a) == 0 && finish(&a) == 0, "aio_mlock");
}

static void check_vectors(void)
{
    char            one[4] = "abc", two[8] = "defghij";
    struct os_iovec iov[2] = {{one, 3}, {two, 7}};
    struct aiocb    a = request(file, iov, 2, 20);

    check(OS_CALL(578, &a) == 0 && finish(&a) == 10, "aio_writev");
    memset(one, 0, sizeof(one));
    memset(two, 0, sizeof(two));
    check(OS_CALL(579, &a) == 0 && finish(&a) == 10 && one[2] == 'c' && two[6] == 'j', "aio_readv");
    a.nbytes = 5000;
    check_err(OS_CALL(579, &a), -EINVAL, "too many buffers");
}

static void check_refusals(void)
{
    int          fds[2], readonly = (int)os_open("f", O_RDONLY, 0), directory = (int)os_open(".", O_RDONLY, 0);
    struct aiocb a = request(99, buf, 1, 0);
    uint64_t     read_only[2] = {1ull << 57 | 1, 1ull << 58}; /* CAP_READ without CAP_SEEK */

    check_err(aio_read(&a), -EBADF, "no such descriptor");
    check(aio_error(&a) == EBADF, "the error is in the structure");
    a = request(readonly, buf, 1, 0);
    check_err(aio_write(&a), -EBADF, "a file open for reading");
    a = request(file, buf, 1, -1);
    check_err(aio_read(&a), -EINVAL, "an offset below zero");
    a = request(file, buf, ~0ull, 0);
    check_err(aio_read(&a), -EINVAL, "more bytes than there are");
    a = request(file, buf, 1, 0);
    a.ev.notify = 7;
    check_err(aio_read(&a), -EINVAL, "an unknown notification");
    a.ev = (struct sigevent){.notify = NOTIFY_SIGNAL, .signo = 1000};
    check_err(aio_read(&a), -EINVAL, "an unknown signal");
    a.ev = (struct sigevent){.notify = NOTIFY_KEVENT, .signo = file};
    check_err(aio_read(&a), -EBADF, "a file is no kqueue");
    os_pipe(fds);
    a = request(fds[0], buf, 1, 0);
    check_err(aio_read(&a), -EOPNOTSUPP, "a pipe");
    check_err(aio_read((struct aiocb *)16), -EFAULT, "a structure that is not mapped");
    a = request(file, (void *)16, 4, 0);
    check(aio_read(&a) == 0, "a buffer that is not mapped is found later");
    check_err(finish(&a), -EFAULT, "by aio_return");
    a = request(directory, buf, 4, 0);
    check(aio_read(&a) == 0, "and so is a directory");
    check_err(finish(&a), -EISDIR, "which is not read so");
    check(OS_CALL(533, directory, read_only) == 0, "a descriptor that is limited to reading");
    check_err(aio_read(&a), -ENOTCAPABLE, "does not allow to read from any place");
    os_close(readonly);
    os_close(directory);
    os_close(fds[0]);
    os_close(fds[1]);
}

static void check_sockets(void)
{
    int                fds[2];
    struct os_timespec soon = {0, 10000000};
    struct aiocb       a, b, *list[2] = {&a, 0}, *done = &a;

    os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    a = request(fds[0], buf, 4, 0);
    b = request(fds[0], buf + 100, 100, 0);
    check(aio_read(&a) == 0 && aio_error(&a) == EINPROGRESS, "a socket without data keeps a request waiting");
    check_err(aio_suspend(list, 2, &soon), -EAGAIN, "aio_suspend to a deadline");
    check_err(aio_return(&a), -EINVAL, "there is no result yet");
    check(aio_read(&b) == 0, "a second request on it");
    os_write(fds[1], "firstsecond", 5);
    check(finish(&a) == 4 && memcmp(buf, "firs", 4) == 0, "the first request gets the first bytes");
    check(finish(&b) == 1 && buf[100] == 't', "the second one what is left");
    aio_read(&a);
    aio_read(&b);
    check(aio_cancel(fds[0], &a) == CANCELED, "aio_cancel of one");
    check(aio_error(&a) == ECANCELED && aio_error(&b) == EINPROGRESS, "leaves the other");
    check(aio_cancel(fds[0], 0) == CANCELED && aio_cancel(fds[0], 0) == ALLDONE, "aio_cancel of all");
    check(aio_return(&a) == -ECANCELED && aio_return(&b) == -ECANCELED, "cancelled requests have a result");
    check_err(aio_cancel(77, 0), -EBADF, "aio_cancel of no descriptor");
    check_err(aio_waitcomplete(&done, &(struct os_timespec){0, 0}), -EAGAIN, "nothing is complete");
    check(done == 0, "and none is named");
    aio_read(&a);
    os_close(fds[1]);
    check(aio_waitcomplete(&done, 0) == 0 && done == &a, "the end of file completes a request");
    a = request(fds[0], buf, 4, 0);
    os_close(fds[0]);
}

/* More than a socket takes at once: the request is done when all of it is sent. */
static void check_long_write(void)
{
    static char  big[1 << 20];
    int          fds[2];
    struct aiocb a;
    long         n, total = 0;

    os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    a = request(fds[0], big, sizeof(big), 0);
    check(aio_write(&a) == 0, "a long write to a socket");
    sleep_ms(5);
    check(aio_error(&a) == EINPROGRESS, "is not done at once");
    while (total < (long)sizeof(big) && (n = os_read(fds[1], buf, sizeof(buf))) > 0)
        total += n;
    check(total == sizeof(big) && finish(&a) == sizeof(big), "but when the reader has it all");
    os_close(fds[0]);
    os_close(fds[1]);
}

static volatile int      signals, code;
static volatile uint64_t value;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)sig, (void)uc;
    signals++;
    code = si->si_code;
    value = si->si_value;
}

static void wait_signals(int n)
{
    for (int i = 0; i < 5000 && signals < n; i++)
        sleep_ms(1);
}

static void check_signals(void)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO};
    struct aiocb        a = request(file, buf, 10, 0), b = a, *list[3] = {&a, 0, &b};
    struct sigevent     ev = {.notify = NOTIFY_SIGNAL, .signo = SIGUSR2, .value = 99};
    struct os_sigset    blocked = os_sigset_of(SIGUSR1), pending;

    os_sigaction(SIGUSR1, &sa, 0);
    os_sigaction(SIGUSR2, &sa, 0);
    a.ev = (struct sigevent){.notify = NOTIFY_SIGNAL, .signo = SIGUSR1, .value = 42};
    aio_read(&a);
    wait_signals(1);
    check(signals == 1 && code == SI_ASYNCIO && value == 42, "a signal tells of the end");
    check(aio_error(&a) == 0 && aio_return(&a) == 10, "which is there then");
    a.ev = (struct sigevent){.notify = NOTIFY_THREAD, .signo = SIGUSR1, .value = 43, .tid = (int32_t)os_gettid()};
    aio_read(&a);
    wait_signals(2);
    check(signals == 2 && value == 43 && aio_return(&a) == 10, "a signal to a thread");
    os_sigprocmask(SIG_BLOCK, &blocked, 0);
    aio_read(&a);
    while (aio_error(&a) == EINPROGRESS)
        os_yield();
    check(os_sigpending(&pending) == 0 && os_sigset_has(&pending, SIGUSR1), "a blocked signal is pending");
    check(aio_return(&a) == 10 && os_sigpending(&pending) == 0 && !os_sigset_has(&pending, SIGUSR1),
          "until the result is taken");
    os_sigprocmask(SIG_UNBLOCK, &blocked, 0);
    a.ev.notify = 0;
    a.opcode = LIO_READ;
    b.opcode = LIO_READ;
    check(lio_listio(LIO_NOWAIT, list, 3, &ev) == 0, "lio_listio");
    wait_signals(3);
    check(signals == 3 && code == SI_ASYNCIO && value == 99, "one signal for the list");
    check(aio_return(&a) == 10 && aio_return(&b) == 10, "whose results are each one's own");
}

static void check_kevents(void)
{
    int              kq = (int)os_kqueue();
    struct os_kevent k;
    struct aiocb     a = request(file, buf, 10, 0), b = request(file, buf + 10, 10, 2), *list[2] = {&a, &b};
    struct sigevent  ev = {.notify = NOTIFY_KEVENT, .signo = kq, .value = 0x77};

    a.ev = (struct sigevent){.notify = NOTIFY_KEVENT, .signo = kq, .value = 0x66, .tid = G_EV_ONESHOT};
    check(aio_read(&a) == 0 && os_kevent(kq, 0, 0, &k, 1, 0) == 1, "a kevent tells of the end");
    check(k.filter == EVFILT_AIO && k.ident == (uint64_t)&a && k.udata == (void *)0x66 && (k.flags & EV_EOF) && !k.data,
          "and of which");
    check(os_kevent(kq, 0, 0, &k, 1, &(struct os_timespec){0, 0}) == 0, "once, when asked so");
    check(aio_return(&a) == 10, "and the result is there");
    a.ev.tid = 0x2000;
    check_err(aio_read(&a), -EINVAL, "other flags are refused");
    a.ev.tid = 0;
    aio_read(&a);
    check(os_kevent(kq, 0, 0, &k, 1, 0) == 1 && os_kevent(kq, 0, 0, &k, 1, 0) == 1, "again and again");
    aio_return(&a);
    check(os_kevent(kq, 0, 0, &k, 1, &(struct os_timespec){0, 0}) == 0, "until the result is taken");
    k = (struct os_kevent){.ident = (uint64_t)&a, .filter = EVFILT_AIO, .flags = EV_ADD};
    check_err(os_kevent(kq, &k, 1, 0, 0, 0), -EPERM, "a program adds none itself");
    a.ev.notify = 0;
    a.opcode = b.opcode = LIO_READ;
    check(lio_listio(LIO_NOWAIT, list, 2, &ev) == 0 && os_kevent(kq, 0, 0, &k, 1, 0) == 1, "a kevent for a list");
    check(k.filter == EVFILT_LIO && k.ident == (uint64_t)list && k.udata == (void *)0x77, "and for which");
    check(aio_return(&a) == 10 && aio_return(&b) > 0, "all of it is done then");
    os_close(kq);
}

static void check_lists(void)
{
    struct aiocb  a = request(file, "list", 4, 50), b = request(99, buf, 4, 0), c = request(file, buf, 4, 0);
    struct aiocb *list[3] = {&a, &b, &c};

    a.opcode = LIO_WRITE;
    b.opcode = LIO_READ;
    c.opcode = 77;
    check_err(lio_listio(LIO_WAIT, list, 3, 0), -EIO, "a list with bad requests");
    check(aio_error(&a) == 0 && aio_return(&a) == 4, "of which the good one is done");
    check(aio_error(&b) == EBADF && aio_error(&c) == EINVAL, "and the others say why not");
    check_err(lio_listio(7, list, 3, 0), -EINVAL, "an unknown mode");
    check_err(lio_listio(LIO_WAIT, list, 257, 0), -EINVAL, "a list that is too long");
    check_err(lio_listio(LIO_WAIT, (struct aiocb **)16, 2, 0), -EFAULT, "a list that is not mapped");
    check(os_pread(file, buf, 4, 50) == 4 && memcmp(buf, "list", 4) == 0, "the bytes are there");
}

static void check_many(void)
{
    static struct aiocb many[257];
    static char         bytes[257][8];
    struct aiocb       *done;
    int                 n = 0, good = 0;

    for (int i = 0; i < 257; i++) {
        print_into(bytes[i], 8, "%07d", i);
        many[i] = request(file, bytes[i], 7, 1000 + 7 * i);
    }
    while (n < 257 && aio_write(&many[n]) == 0)
        n++;
    check(n == 256 && aio_error(&many[256]) == EAGAIN, "a process has 256 requests");
    for (int i = 0; i < n; i++)
        good += aio_waitcomplete(&done, 0) == 7 && done >= many && done < many + 256;
    check(good == 256, "and all of them are completed");
    check(os_pread(file, buf, 14, 1000 + 7 * 254) == 14 && memcmp(buf, "00002540000255", 14) == 0, "each in its place");
}

static void check_old_form(void)
{
    struct aiocb a = request(file, buf, 4, 50);

    a.old_notify = NOTIFY_SIGNAL;
    a.old_signo = SIGUSR1;
    a.old_value = 5;
    signals = 0;
    check(OS_CALL(318, &a) == 0, "6.x's aio_read");
    wait_signals(1);
    check(signals == 1 && value == 5 && aio_return(&a) == 4 && memcmp(buf, "list", 4) == 0, "with its older sigevent");
}

/* What is asked for is the process's: a child has none of it, and a program that ends leaves it. */
static void check_processes(void)
{
    int          fds[2], status;
    struct aiocb a;
    long         pid;

    os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    a = request(fds[0], buf, 4, 0);
    aio_read(&a);
    pid = os_fork();
    if (pid == 0) {
        struct aiocb b = a;

        if (aio_error(&a) != EINVAL || aio_return(&a) != -EINVAL)
            os_exit(1);
        aio_read(&b); /* nobody will ever answer it */
        os_exit(7);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wexitstatus(status) == 7, "a child has no requests");
    check(aio_error(&a) == EINPROGRESS, "and takes none with it");
}

/* A new program has nothing of what the old one asked for, and nothing is stored in its memory. */
static void check_exec(char *self)
{
    static struct aiocb many[50];
    char               *argv[] = {self, "exec", 0}, *envp[] = {0};
    int                 fds[2], status;
    long                pid = os_fork();

    if (pid == 0) {
        os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
        many[0] = request(fds[0], buf, 4, 0);
        aio_read(&many[0]);
        for (int i = 1; i < 50; i++) {
            many[i] = request(file, buf, sizeof(buf), 0);
            aio_read(&many[i]);
        }
        os_execve(self, argv, envp);
        os_exit(1);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wexitstatus(status) == 9, "a new program begins anew");
    pid = os_fork();
    if (pid == 0) {
        for (int i = 0; i < 50; i++) {
            many[i] = request(file, buf, sizeof(buf), 0);
            aio_read(&many[i]);
        }
        os_kill((int)os_getpid(), SIGKILL);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wtermsig(status) == SIGKILL, "one that is killed leaves all");
}

/* The program that check_exec begins: its own memory stays as it is. */
static int after_exec(void)
{
    struct aiocb *done;

    memset(buf, 0, sizeof(buf));
    sleep_ms(20);
    for (size_t i = 0; i < sizeof(buf); i++)
        if (buf[i])
            return 2;
    return aio_waitcomplete(&done, &(struct os_timespec){0, 0}) == -EAGAIN ? 9 : 3;
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc == 2 && !strcmp(argv[1], "exec"))
        return after_exec();
    must(os_chdir(argv[argc - 1]), "chdir");
    file = (int)must(os_open("f", O_RDWR | O_CREAT, 0600), "open");
    check_file();
    check_vectors();
    check_refusals();
    check_sockets();
    check_long_write();
    check_signals();
    check_kevents();
    check_lists();
    check_many();
    check_old_form();
    check_processes();
    check_exec(argv[0]);
    return check_status();
}
#else
int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("only for FreeBSD\n");
    return 0;
}
#endif
