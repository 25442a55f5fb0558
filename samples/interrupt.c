/*
 * interrupt DIR: each call that blocks, with a signal while it does: without SA_RESTART it is interrupted, with it the
 * call begins again, or is interrupted all the same.  The rules are FreeBSD's; on Linux those rows that Linux has
 * others for are only said to be right.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum {
    NR_flock = 131,
    NR_mkfifo = 132,
    NR_semget = 221,
    NR_semop = 222,
    NR_semctl = 510,
    NR_msgget = 225,
    NR_msgsnd = 226,
    NR_msgrcv = 227,
    NR_msgctl = 511,
    F_SETLKW = 13,
    F_WRLCK = 3,
    SEM_PRIVATE = 0,
    HAS_ITS_OWN_RULE = 0,
    MSG_WAITALL = 0x40,
};
struct lock {
    int64_t start, len;
    int32_t pid;
    int16_t type, whence;
    int32_t sysid;
};
static long make_fifo(const char *path) { return OS_CALL(NR_mkfifo, path, 0600); }
static long open_master(void) { return OS_CALL(504, O_RDWR); }

static long open_slave(int master)
{
    char path[64] = "/dev/";
    struct {
        int32_t len;
        char   *name;
    } name = {sizeof(path) - 5, path + 5};

    must(OS_CALL(54, master, 0x80106678 /* FIODGNAME */, &name), "FIODGNAME");
    return os_open(path, O_RDWR, 0);
}
#else
enum {
    NR_flock = 73,
    NR_mknod = 133,
    NR_semget = 64,
    NR_semop = 65,
    NR_semctl = 66,
    NR_msgget = 68,
    NR_msgsnd = 69,
    NR_msgrcv = 70,
    NR_msgctl = 71,
    F_SETLKW = 7,
    F_WRLCK = 1,
    SEM_PRIVATE = 0,
    HAS_ITS_OWN_RULE = 1,
    MSG_WAITALL = 0x100,
};
struct lock {
    int16_t type, whence;
    int64_t start, len;
    int32_t pid;
};
static long make_fifo(const char *path) { return OS_CALL(NR_mknod, path, 0010600, 0); }
static long open_master(void) { return os_open("/dev/ptmx", O_RDWR | 0x100 /* O_NOCTTY */, 0); }

static long open_slave(int master)
{
    int no = 0;

    must(OS_CALL(16, master, 0x40045431 /* TIOCSPTLCK */, &no), "TIOCSPTLCK");
    return OS_CALL(16, master, 0x5441 /* TIOCGPTPEER */, O_RDWR | 0x100);
}
#endif

enum { LOCK_EX = 2, LOCK_UN = 8, IPC_RMID = 0, BIG = 1 << 20, FAILS = -4096 };

static int                fds[8], nfds, id;
static long               helper_pid;
static char               buf[BIG];
static struct os_timespec long_time = {1000, 0};

/* What the process and its helper both see. */
static struct shared {
    volatile int ready, entered, done;
    uint32_t     word;
} * both;

static volatile int count;

static void note(int sig, os_siginfo *si, void *uc)
{
    (void)sig, (void)si, (void)uc;
    count++;
}

static int keep(long fd) { return fds[nfds++] = (int)must(fd, "a descriptor"); }

/* ---- what is blocked on: set before the helper is there; hold and release are the helper's ----- */

static void set_pipe(void)
{
    must(os_pipe(fds), "pipe");
    nfds = 2;
}

static void set_pair(void)
{
    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
    nfds = 2;
}

static void set_terminal(void)
{
    fds[1] = (int)must(open_master(), "a terminal");
    fds[0] = (int)must(open_slave(fds[1]), "its other end");
    nfds = 2;
}

static void fill(int fd)
{
    const long flags = os_fcntl(fd, F_GETFL, 0);

    os_fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (os_write(fd, buf, 4096) > 0)
        ;
    while (os_write(fd, buf, 1) > 0)
        ;
    os_fcntl(fd, F_SETFL, flags);
}

static void set_full_pipe(void)
{
    set_pipe();
    fill(fds[1]);
}

static void set_full_pair(void)
{
    set_pair();
    fill(fds[1]);
}

static void set_timed_pair(void)
{
    struct {
        int64_t sec, usec;
    } tv = {1000, 0};

    set_pair();
    must(os_setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), "SO_RCVTIMEO");
}

static void set_fifo(void)
{
    os_unlink("fifo");
    must(make_fifo("fifo"), "mkfifo");
}

static void set_file(void)
{
    keep(os_open("lock", O_RDWR | O_CREAT, 0600));
    keep(os_open("lock", O_RDWR, 0));
}

static void listen_at(struct os_sockaddr_in *a, int backlog)
{
    uint32_t len = sizeof(*a);

    *a = (struct os_sockaddr_in){.family = AF_INET, .addr = 0x0100007f};
#ifdef OS_SOCKADDR_LEN
    OS_SOCKADDR_LEN(*a);
#endif
    keep(os_socket(AF_INET, SOCK_STREAM, 0));
    must(os_bind(fds[0], a, sizeof(*a)), "bind");
    must(os_listen(fds[0], backlog), "listen");
    must(os_getsockname(fds[0], a, &len), "getsockname");
}

static struct os_sockaddr_in server;

static void set_listener(void) { listen_at(&server, 5); }

/* No more connections fit: a further one waits. */
static void set_full_listener(void)
{
    listen_at(&server, 0);
    for (int i = 0; i < 4; i++)
        os_connect(keep(os_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), &server, sizeof(server));
    keep(os_socket(AF_INET, SOCK_STREAM, 0));
}

static void set_sem(void) { id = (int)must(OS_CALL(NR_semget, SEM_PRIVATE, 1, 01600), "semget"); }
static void set_queue(void) { id = (int)must(OS_CALL(NR_msgget, SEM_PRIVATE, 01600), "msgget"); }

static void hold_flock(void) { OS_CALL(NR_flock, fds[1], LOCK_EX); }

static long record_lock(int fd)
{
    struct lock l = {.type = F_WRLCK, .len = 10};

    return os_fcntl(fd, F_SETLKW, (long)&l);
}

static void hold_lock(void) { record_lock(fds[1]); }
static void release_none(void) {} /* the helper ends, and so does its lock */
static void release_write(void) { os_write(fds[1], "x", 1); }
static void release_line(void) { os_write(fds[1], "x\n", 2); }
static void release_read(void) { os_read(fds[0], buf, BIG); }
static void release_fifo_writer(void) { os_open("fifo", O_WRONLY, 0); }
static void release_fifo_reader(void) { os_open("fifo", O_RDONLY, 0); }
static void release_flock(void) { OS_CALL(NR_flock, fds[1], LOCK_UN); }

static void release_connect(void) { os_connect((int)os_socket(AF_INET, SOCK_STREAM, 0), &server, sizeof(server)); }

/* ---- the calls ----------------------------------------------------------------------------------- */

static long call_read(void) { return os_read(fds[0], buf, 10); }
static long call_write(void) { return os_write(fds[1], buf, 1); }
static long call_write_much(void) { return os_write(fds[1], buf, BIG); }
static long call_recv(void) { return os_recvfrom(fds[0], buf, 10, 0, 0, 0); }
static long call_send(void) { return os_sendto(fds[1], buf, 1, 0, 0, 0); }
static long call_accept(void) { return os_accept4(fds[0], 0, 0, 0); }
static long call_connect(void) { return os_connect(fds[nfds - 1], &server, sizeof(server)); }
static long call_flock(void) { return OS_CALL(NR_flock, fds[0], LOCK_EX); }
static long call_lock(void) { return record_lock(fds[0]); }
static long call_sleep(void) { return os_nanosleep(&long_time, 0); }

static long call_readv(void)
{
    struct os_iovec v[2] = {{buf, 4}, {buf + 8, 4}};

    return os_readv(fds[0], v, 2);
}

static long call_recvmsg(void)
{
    struct os_iovec  v = {buf, 10};
    struct os_msghdr m = {.iov = &v, .iovlen = 1};

    return os_recvmsg(fds[0], &m, 0);
}

static long call_recv_all(void)
{
    os_write(fds[1], "some", 4);
    return os_recvfrom(fds[0], buf, 100, MSG_WAITALL, 0, 0);
}

static long call_open(int flags)
{
    const long fd = os_open("fifo", flags, 0);

    return fd < 0 ? fd : keep(fd);
}

static long call_open_reader(void) { return call_open(O_RDONLY); }
static long call_open_writer(void) { return call_open(O_WRONLY); }

static long call_poll(void)
{
    struct os_pollfd p = {.fd = fds[0], .events = POLLIN};

    return os_poll(&p, 1, -1);
}

static long call_select(void)
{
    uint64_t set[16] = {1ull << fds[0]};

    return os_select(fds[0] + 1, set, 0, 0, 0);
}

static long call_wait(void)
{
    const long r = os_wait4((int)helper_pid, 0, 0, 0);

    if (r == helper_pid)
        helper_pid = 0;
    return r;
}

static long call_suspend(void)
{
    struct os_sigset none = os_sigset_of(0);

    return os_sigsuspend(&none);
}

static long call_sigwait(void)
{
    struct os_sigset other = os_sigset_of(SIGUSR2);

    return os_sigtimedwait(&other, 0, &long_time);
}

static long call_sem(void)
{
    struct {
        uint16_t num;
        int16_t  op, flags;
    } op = {0, -1, 0};

    return OS_CALL(NR_semop, id, &op, 1);
}

static long call_msgrcv(void) { return OS_CALL(NR_msgrcv, id, buf, 100, 0, 0); }

static long call_msgsnd(void)
{
    long *type = (long *)buf, r;

    *type = 1;
    do /* until it is full */
        r = OS_CALL(NR_msgsnd, id, buf, 1000, 0);
    while (r >= 0);
    return r;
}

static void after_sem(void) { OS_CALL(NR_semctl, id, 0, IPC_RMID, 0); }
static void after_queue(void) { OS_CALL(NR_msgctl, id, IPC_RMID, 0); }

#if defined(GUEST_FREEBSD)
static long call_kevent(void)
{
    struct os_kevent ch = {.ident = (uint64_t)fds[0], .filter = EVFILT_READ, .flags = EV_ADD}, ev;

    return os_kevent(fds[2], &ch, 1, &ev, 1, 0);
}

static void set_kqueue(void)
{
    set_pipe();
    keep(os_kqueue());
}

static long call_umtx_wait(void) { return os_futex_wait(&both->word, 0, 0); }
#else
static void set_kqueue(void) { set_pipe(); }
static long call_kevent(void) { return call_poll(); }
static long call_umtx_wait(void) { return call_sleep(); }
#endif

/* ---- the table ------------------------------------------------------------------------------------ */

enum rule { RESTARTS, NEVER, PARTIAL /* what was done before the signal counts */ };

static const struct row {
    const char *name;
    enum rule   rule;
    bool        only_here; /* Linux has another rule */
    void (*set)(void);
    void (*hold)(void);
    long (*call)(void);
    void (*release)(void);
    void (*after)(void);
} rows[] = {
    {"read of a pipe", RESTARTS, false, set_pipe, NULL, call_read, release_write, NULL},
    {"readv of a pipe", RESTARTS, false, set_pipe, NULL, call_readv, release_write, NULL},
    {"read of a terminal", RESTARTS, false, set_terminal, NULL, call_read, release_line, NULL},
    {"read of a socket", RESTARTS, false, set_pair, NULL, call_read, release_write, NULL},
    {"write to a full pipe", RESTARTS, false, set_full_pipe, NULL, call_write, release_read, NULL},
    {"write to a full socket", RESTARTS, false, set_full_pair, NULL, call_write, release_read, NULL},
    {"write of more than fits", PARTIAL, false, set_pipe, NULL, call_write_much, NULL, NULL},
    {"recv", RESTARTS, false, set_pair, NULL, call_recv, release_write, NULL},
    {"recvmsg", RESTARTS, false, set_pair, NULL, call_recvmsg, release_write, NULL},
    {"recv with SO_RCVTIMEO", RESTARTS, true, set_timed_pair, NULL, call_recv, release_write, NULL},
    {"recv of more than there is", PARTIAL, false, set_pair, NULL, call_recv_all, NULL, NULL},
    {"send to a full socket", RESTARTS, false, set_full_pair, NULL, call_send, release_read, NULL},
    {"accept", RESTARTS, false, set_listener, NULL, call_accept, release_connect, NULL},
    {"connect", NEVER, true, set_full_listener, NULL, call_connect, NULL, NULL},
    {"open of a FIFO to read", RESTARTS, false, set_fifo, NULL, call_open_reader, release_fifo_writer, NULL},
    {"open of a FIFO to write", RESTARTS, false, set_fifo, NULL, call_open_writer, release_fifo_reader, NULL},
    {"flock", RESTARTS, false, set_file, hold_flock, call_flock, release_flock, NULL},
    {"F_SETLKW", RESTARTS, false, set_file, hold_lock, call_lock, release_none, NULL},
    {"poll", NEVER, false, set_pipe, NULL, call_poll, NULL, NULL},
    {"select", NEVER, false, set_pipe, NULL, call_select, NULL, NULL},
    {"kevent", NEVER, false, set_kqueue, NULL, call_kevent, NULL, NULL},
    {"nanosleep", NEVER, false, NULL, NULL, call_sleep, NULL, NULL},
    {"wait4", RESTARTS, false, NULL, NULL, call_wait, release_none, NULL},
    {"sigsuspend", NEVER, false, NULL, NULL, call_suspend, NULL, NULL},
    {"sigtimedwait", NEVER, false, NULL, NULL, call_sigwait, NULL, NULL},
    {"semop", NEVER, false, set_sem, NULL, call_sem, NULL, after_sem},
    {"msgrcv", NEVER, false, set_queue, NULL, call_msgrcv, NULL, after_queue},
    {"msgsnd", NEVER, false, set_queue, NULL, call_msgsnd, NULL, after_queue},
    {"_umtx_op wait", NEVER, false, NULL, NULL, call_umtx_wait, NULL, NULL},
};

/* ---- one call ---------------------------------------------------------------------------------------- */

/* Sends signals until the call is over, or a few and then what lets it go on. */
static _Noreturn void help(const struct row *row, bool until_over)
{
    const int parent = (int)os_getppid();

    if (row->hold)
        row->hold();
    both->ready = 1;
    while (!both->entered)
        os_yield();
    for (int i = 0; !both->done && (until_over || i < 4); i++) {
        sleep_ms(5);
        os_kill(parent, SIGALRM);
    }
    if (!until_over) {
        sleep_ms(5);
        row->release();
    }
    os_exit(0);
}

static long make_call(const struct row *row, bool until_over)
{
    long r;

    memset(both, 0, sizeof(*both));
    nfds = 0;
    if (row->set)
        row->set();
    count = 0;
    helper_pid = must(os_fork(), "fork");
    if (helper_pid == 0)
        help(row, until_over);
    while (!both->ready)
        os_yield();
    both->entered = 1;
    r = row->call();
    both->done = 1;
    while (helper_pid && os_wait4((int)helper_pid, 0, 0, 0) == -EINTR)
        ;
    while (nfds)
        os_close(fds[--nfds]);
    if (row->after)
        row->after();
    return r;
}

static void try_call(const struct row *row, int flags)
{
    struct os_sigaction act = {.handler = note, .flags = SA_SIGINFO | flags};
    const bool          again = flags & SA_RESTART && row->rule == RESTARTS;
    const bool          elsewhere = row->only_here && HAS_ITS_OWN_RULE;
    char                what[100];
    long                r = FAILS;

    os_sigaction(SIGALRM, &act, 0);
    if (!elsewhere)
        r = make_call(row, !again);

    const bool right = again || row->rule == PARTIAL ? r >= 0 && r < BIG : r == -EINTR;

    print_into(what, sizeof(what), "%s %s SA_RESTART %s", row->name, flags & SA_RESTART ? "with" : "without",
               row->rule == PARTIAL ? "gives what was done"
               : again              ? "begins again"
                                    : "is interrupted");
    if (!right && !elsewhere)
        print("  %ld (%s), %d signals\n", r, r < 0 ? err_name(r) : "no error", count);
    check(elsewhere || (right && count > 0), what);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    must(os_chdir(argc > 1 ? argv[1] : "."), "chdir");
    both = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        try_call(&rows[i], 0);
        try_call(&rows[i], SA_RESTART);
    }
    return check_status();
}
