/* The FreeBSD amd64 kernel as a sample sees it.  Numbers and layouts: sys/syscall.h, sys/_umtx.h, ... of 14.3. */
#ifndef SAMPLE_OS_FREEBSD_H
#define SAMPLE_OS_FREEBSD_H

#define OS_NAME "freebsd"

enum {
    EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EDEADLK, ENOMEM, EACCES, EFAULT,
    ENOTBLK, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC,
    ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EAGAIN, EINPROGRESS, EALREADY, ENOTSOCK, EMSGSIZE = 40,
    EOPNOTSUPP = 45, EAFNOSUPPORT = 47, EADDRINUSE = 48, ECONNRESET = 54, EISCONN = 56, ENOTCONN = 57, ETIMEDOUT = 60,
    ECONNREFUSED = 61, ELOOP = 62, ENAMETOOLONG = 63, ENOTEMPTY = 66, ENOSYS = 78, EOVERFLOW = 84,
};

enum {
    SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE = 8, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE,
    SIGALRM, SIGTERM, SIGURG, SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGTTIN, SIGTTOU, SIGVTALRM = 26, SIGPROF,
    SIGWINCH, SIGUSR1 = 30, SIGUSR2, SIGRTMIN = 65,
};

enum {
    O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NONBLOCK = 4, O_APPEND = 8, O_CREAT = 0x200, O_TRUNC = 0x400,
    O_EXCL = 0x800, O_CLOEXEC = 0x100000, O_DIRECTORY = 0x20000, O_DIRECT = 0x10000,
    F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1,
    PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4,
    MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x1000, MAP_EXCL = 0x4000,
    SIG_BLOCK = 1, SIG_UNBLOCK = 2, SIG_SETMASK = 3,
    SA_ONSTACK = 1, SA_RESTART = 2, SA_RESETHAND = 4, SA_NODEFER = 0x10, SA_SIGINFO = 0x40, SS_DISABLE = 4,
    ILL_ILLOPC = 1, ILL_PRVOPC = 5, FPE_INTDIV = 2, SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_OBJERR = 3, TRAP_BRKPT = 1,
    SI_USER = 0x10001, SI_TIMER = 0x10003, SI_TKILL = 0x10007, CLD_EXITED = 1,
    WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 4,
    ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2,
    CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 4, CLOCK_PROCESS_CPUTIME_ID = 15, CLOCK_THREAD_CPUTIME_ID = 14,
    AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_NONBLOCK = 0x20000000,
    SOCK_CLOEXEC = 0x10000000, SOL_SOCKET = 0xffff, SO_REUSEADDR = 4, SO_TYPE = 0x1008, SO_ERROR = 0x1007,
    SO_RCVTIMEO = 0x1006, SHUT_RD = 0, SHUT_WR = 1, MSG_PEEK = 2, MSG_DONTWAIT = 0x80, MSG_NOSIGNAL = 0x20000, SCM_RIGHTS = 1,
    AT_FDCWD = -100, AT_REMOVEDIR = 0x800, AT_SYMLINK_NOFOLLOW = 0x200,
};

/*
 * amd64/include/asm.h, libsys: carry set means that rax is an errno; r8, r9 and r10 do not survive.  A conditional
 * jump behind the call, as in its wrappers.
 */
static inline long os_call_rv2(long nr, long a, long b, long c, long d, long e, long f, long *rv2)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall\n\tjae 1f\n\tneg %%rax\n1:" : "+a"(nr), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9) : "D"(a), "S"(b) : "rcx", "r11", "memory", "cc");
    *rv2 = c;
    return nr;
}

static inline long os_call(long nr, long a, long b, long c, long d, long e, long f)
{
    long rv2;

    return os_call_rv2(nr, a, b, c, d, e, f, &rv2);
}
#define OS_CALL_(nr, a, b, c, d, e, f, ...) os_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define OS_CALL(...) OS_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* ---- processes */
static inline _Noreturn void os_exit(int status)
{
    for (;;)
        OS_CALL(1, status);
}
static inline long os_fork(void)
{
    long rv2, pid = os_call_rv2(2, 0, 0, 0, 0, 0, 0, &rv2);

    return rv2 == 1 && pid >= 0 ? 0 : pid; /* sys/kern/kern_fork.c: the child's second result is 1 */
}
static inline long os_vfork_exec(const char *path, char **argv, char **envp)
{
    long rv2, pid = os_call_rv2(66, 0, 0, 0, 0, 0, 0, &rv2);

    if (pid != 0)
        return pid;
    OS_CALL(59, path, argv, envp);
    os_exit(127);
}
static inline long os_execve(const char *path, char **argv, char **envp) { return OS_CALL(59, path, argv, envp); }
static inline long os_fexecve(int fd, char **argv, char **envp) { return OS_CALL(492, fd, argv, envp); }
static inline long os_wait4(int pid, int *status, int options, void *rusage) { return OS_CALL(7, pid, status, options, rusage); }
static inline long os_getpid(void) { return OS_CALL(20); }
static inline long os_getppid(void) { return OS_CALL(39); }
static inline long os_getuid(void) { return OS_CALL(24); }
static inline long os_kill(int pid, int sig) { return OS_CALL(37, pid, sig); }
static inline long os_yield(void) { return OS_CALL(331); }

static inline bool os_wifexited(int status) { return (status & 0x7f) == 0; }
static inline int  os_wexitstatus(int status) { return status >> 8 & 0xff; }
static inline int  os_wtermsig(int status) { return status & 0x7f; }
static inline bool os_wifstopped(int status) { return (status & 0xff) == 0x7f; }
static inline int  os_wstopsig(int status) { return status >> 8 & 0xff; }
static inline bool os_wifcontinued(int status) { return status == SIGCONT; }
static inline long os_setpgid(int pid, int pgid) { return OS_CALL(82, pid, pgid); }
static inline long os_getpgrp(void) { return OS_CALL(81); }
static inline long os_getpgid(int pid) { return OS_CALL(207, pid); }
static inline long os_setsid(void) { return OS_CALL(147); }
static inline long os_getsid(int pid) { return OS_CALL(310, pid); }

enum { OS_RLIMIT_NOFILE = 8, OS_RLIMIT_NPROC = 7 };
static inline long os_getrlimit(int which, uint64_t limit[2]) { return OS_CALL(194, which, limit); }
static inline long os_setrlimit(int which, const uint64_t limit[2]) { return OS_CALL(195, which, limit); }
struct os_rusage {
    int64_t utime_sec, utime_usec, stime_sec, stime_usec, rest[14];
};
static inline long os_getrusage(int who, struct os_rusage *r) { return OS_CALL(117, who, r); }

/* ---- files */
struct os_stat {
    uint64_t dev, ino, nlink;
    uint16_t mode, pad0;
    uint32_t uid, gid, pad1;
    uint64_t rdev;
    struct os_timespec atime, mtime, ctime, birthtime;
    int64_t  size, blocks;
    int32_t  blksize;
    uint32_t flags;
    uint64_t gen, spare[10];
};
_Static_assert(sizeof(struct os_stat) == 224, "struct stat");

static inline long os_read(int fd, void *buf, size_t n) { return OS_CALL(3, fd, buf, n); }
static inline long os_write(int fd, const void *buf, size_t n) { return OS_CALL(4, fd, buf, n); }
static inline long os_pread(int fd, void *buf, size_t n, int64_t at) { return OS_CALL(475, fd, buf, n, at); }
static inline long os_pwrite(int fd, const void *buf, size_t n, int64_t at) { return OS_CALL(476, fd, buf, n, at); }
static inline long os_readv(int fd, const struct os_iovec *iov, int n) { return OS_CALL(120, fd, iov, n); }
static inline long os_writev(int fd, const struct os_iovec *iov, int n) { return OS_CALL(121, fd, iov, n); }
static inline long os_open(const char *path, int flags, int mode) { return OS_CALL(5, path, flags, mode); }
static inline long os_close(int fd) { return OS_CALL(6, fd); }
static inline long os_lseek(int fd, int64_t off, int whence) { return OS_CALL(478, fd, off, whence); }
static inline long os_fstat(int fd, struct os_stat *st) { return OS_CALL(551, fd, st); }
static inline long os_stat(const char *path, struct os_stat *st) { return OS_CALL(552, AT_FDCWD, path, st, 0); }
static inline long os_lstat(const char *path, struct os_stat *st) { return OS_CALL(552, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
static inline long os_ftruncate(int fd, int64_t size) { return OS_CALL(480, fd, size); }
static inline long os_fsync(int fd) { return OS_CALL(95, fd); }
static inline long os_dup(int fd) { return OS_CALL(41, fd); }
static inline long os_dup2(int from, int to) { return OS_CALL(90, from, to); }
static inline long os_fcntl(int fd, int cmd, long arg) { return OS_CALL(92, fd, cmd, arg); }
static inline long os_pipe(int fds[2]) { return OS_CALL(542, fds, 0); }
static inline long os_unlink(const char *path) { return OS_CALL(10, path); }
static inline long os_rename(const char *from, const char *to) { return OS_CALL(128, from, to); }
static inline long os_mkdir(const char *path, int mode) { return OS_CALL(136, path, mode); }
static inline long os_rmdir(const char *path) { return OS_CALL(137, path); }
static inline long os_symlink(const char *to, const char *path) { return OS_CALL(57, to, path); }
static inline long os_readlink(const char *path, char *buf, size_t n) { return OS_CALL(58, path, buf, n); }
static inline long os_link(const char *from, const char *to) { return OS_CALL(9, from, to); }
static inline long os_chmod(const char *path, int mode) { return OS_CALL(15, path, mode); }
static inline long os_access(const char *path, int mode) { return OS_CALL(33, path, mode); }
static inline long os_chdir(const char *path) { return OS_CALL(12, path); }
static inline long os_umask(int mask) { return OS_CALL(60, mask); }
static inline long os_getcwd(char *buf, size_t n)
{
    long r = OS_CALL(326, buf, n);

    return r;
}

/* One directory entry at a time out of what the kernel returned. */
struct os_dirent {
    uint64_t fileno;
    int64_t  off;
    uint16_t reclen;
    uint8_t  type, pad0;
    uint16_t namlen, pad1;
    char     name[];
};
static inline long        os_getdents(int fd, void *buf, size_t n) { return OS_CALL(554, fd, buf, n, 0); }
static inline const char *os_dirent_name(const struct os_dirent *d) { return d->name; }

/* ---- terminals */
enum os_tty_call { TIOCSPGRP = 0x80047476, TIOCGPGRP = 0x40047477, };
static inline long os_ioctl(int fd, unsigned long call, void *arg) { return OS_CALL(54, fd, call, arg); }
static inline long os_tcsetpgrp(int fd, int pgrp) { return os_ioctl(fd, TIOCSPGRP, &pgrp); }
static inline long os_tcgetpgrp(int fd)
{
    int  pgrp = 0;
    long r = os_ioctl(fd, TIOCGPGRP, &pgrp);

    return r < 0 ? r : pgrp;
}
static inline bool os_isatty(int fd)
{
    char termios[64];

    return os_ioctl(fd, 0x402c7413, termios) == 0; /* TIOCGETA */
}

/* ---- memory */
static inline void *os_mmap(void *at, size_t n, int prot, int flags, int fd, int64_t off) { return (void *)OS_CALL(477, at, n, prot, flags, fd, off); }
static inline long  os_munmap(void *at, size_t n) { return OS_CALL(73, at, n); }
static inline long  os_mprotect(void *at, size_t n, int prot) { return OS_CALL(74, at, n, prot); }
static inline long  os_madvise_free(void *at, size_t n) { return OS_CALL(75, at, n, 5); }
static inline long  os_mincore(void *at, size_t n, char *vec) { return OS_CALL(78, at, n, vec); }
static inline long  os_msync(void *at, size_t n) { return OS_CALL(65, at, n, 0); }

/* ---- time */
struct os_itimerval {
    struct {
        int64_t sec, usec;
    } interval, value;
};
static inline long os_clock_gettime(int clock, struct os_timespec *ts) { return OS_CALL(232, clock, ts); }
static inline long os_clock_getres(int clock, struct os_timespec *ts) { return OS_CALL(234, clock, ts); }
static inline long os_nanosleep(const struct os_timespec *ts, struct os_timespec *rem) { return OS_CALL(240, ts, rem); }
static inline long os_clock_nanosleep_abs(int clock, const struct os_timespec *ts) { return OS_CALL(244, clock, 1, ts, 0); }
static inline long os_setitimer(int which, const struct os_itimerval *v, struct os_itimerval *old) { return OS_CALL(83, which, v, old); }
static inline long os_getitimer(int which, struct os_itimerval *v) { return OS_CALL(86, which, v); }

/* ---- signals: a set is bits 0 (signal 1) up */
struct os_sigset {
    uint32_t bits[4];
};
typedef struct {
    int32_t  si_signo, si_errno, si_code, si_pid;
    uint32_t si_uid;
    int32_t  si_status;
    void    *si_addr;
    uint64_t si_value;
    uint64_t si_rest[5];
} os_siginfo;
_Static_assert(sizeof(os_siginfo) == 80, "siginfo_t");
struct os_sigaction {
    void (*handler)(int, os_siginfo *, void *);
    int32_t          flags;
    struct os_sigset mask;
};
_Static_assert(sizeof(struct os_sigaction) == 32, "struct sigaction");
struct os_stack {
    void   *sp;
    size_t  size;
    int32_t flags;
};
static inline struct os_sigset os_sigset_of(int sig)
{
    struct os_sigset s = {{0}};

    if (sig)
        s.bits[(sig - 1) / 32] = 1u << ((sig - 1) % 32);
    return s;
}
static inline void os_sigset_add(struct os_sigset *s, int sig) { s->bits[(sig - 1) / 32] |= 1u << ((sig - 1) % 32); }
static inline bool os_sigset_has(const struct os_sigset *s, int sig) { return s->bits[(sig - 1) / 32] >> ((sig - 1) % 32) & 1; }
static inline long os_sigaction(int sig, const struct os_sigaction *act, struct os_sigaction *old) { return OS_CALL(416, sig, act, old); }
static inline long os_sigprocmask(int how, const struct os_sigset *set, struct os_sigset *old) { return OS_CALL(340, how, set, old); }
static inline long os_sigpending(struct os_sigset *set) { return OS_CALL(343, set); }
static inline long os_sigsuspend(const struct os_sigset *set) { return OS_CALL(341, set); }
static inline long os_sigtimedwait(const struct os_sigset *set, os_siginfo *si, const struct os_timespec *ts) { return OS_CALL(345, set, si, ts); }
static inline long os_sigaltstack(const struct os_stack *ss, struct os_stack *old) { return OS_CALL(53, ss, old); }
static inline void *os_fault_addr(const os_siginfo *si) { return si->si_addr; }
static inline int64_t os_si_value(const os_siginfo *si) { return (int64_t)si->si_value; }
static inline long os_sigqueue(int pid, int sig, int64_t value) { return OS_CALL(456, pid, sig, value); }
/* ucontext_t: signal mask (16), then mcontext with mc_rip at 160 and mc_rax at 56 (machine/ucontext.h). */
static inline uint64_t *os_uc_rip(void *uc) { return (uint64_t *)((char *)uc + 16 + 160); }
static inline uint64_t *os_uc_rax(void *uc) { return (uint64_t *)((char *)uc + 16 + 56); }
static inline uint64_t *os_uc_rcx(void *uc) { return (uint64_t *)((char *)uc + 16 + 32); }

/* ---- threads */
struct os_thr_param {
    void (*start)(void *);
    void    *arg;
    char    *stack_base;
    size_t   stack_size;
    void    *tls_base;
    size_t   tls_size;
    long    *child_tid, *parent_tid;
    int32_t  flags;
    void    *rtp, *spare[3];
};
_Static_assert(sizeof(struct os_thr_param) == 104, "struct thr_param");

static inline long os_gettid(void)
{
    long tid = 0;

    OS_CALL(432, &tid);
    return tid;
}
static inline long os_tkill(long tid, int sig) { return OS_CALL(433, tid, sig); }
static inline long os_tgkill(int pid, long tid, int sig) { return OS_CALL(481, pid, tid, sig); }
/* UMTX_OP_WAIT_UINT_PRIVATE and UMTX_OP_WAKE_PRIVATE; the time is relative on the realtime clock's scale. */
static inline long os_futex_wait(uint32_t *word, uint32_t value, const struct os_timespec *ts) { return OS_CALL(454, word, 15, value, 0, ts); }
#define OS_FUTEX_RESTARTS false /* sys/kern/kern_umtx.c, do_wait */
static inline long os_futex_wake(uint32_t *word, int n) { return OS_CALL(454, word, 16, n, 0, 0); }

/* ---- sockets */
struct os_sockaddr_in {
    uint8_t  len, family;
    uint16_t port;
    uint32_t addr;
    uint64_t zero;
};
struct os_sockaddr_un {
    uint8_t len, family;
    char    path[104];
};
struct os_sockaddr_in6 {
    uint8_t  len, family;
    uint16_t port;
    uint32_t flowinfo;
    uint8_t  addr[16];
    uint32_t scope;
};
struct os_msghdr {
    void            *name;
    uint32_t         namelen;
    struct os_iovec *iov;
    int32_t          iovlen;
    void            *control;
    uint32_t         controllen;
    int32_t          flags;
};
struct os_cmsg_fd {
    uint32_t len;
    int32_t  level, type, pad; /* data starts at a multiple of 8: CMSG_DATA */
    int32_t  fd, pad2;
};
#define OS_CMSG_FD_LEN 20
#define OS_SOCKADDR_LEN(s) (s).len = sizeof(s)

static inline long os_socket(int domain, int type, int proto) { return OS_CALL(97, domain, type, proto); }
static inline long os_socketpair(int domain, int type, int proto, int *fds) { return OS_CALL(135, domain, type, proto, fds); }
static inline long os_bind(int fd, const void *addr, uint32_t len) { return OS_CALL(104, fd, addr, len); }
static inline long os_connect(int fd, const void *addr, uint32_t len) { return OS_CALL(98, fd, addr, len); }
static inline long os_listen(int fd, int backlog) { return OS_CALL(106, fd, backlog); }
static inline long os_accept4(int fd, void *addr, uint32_t *len, int flags) { return OS_CALL(541, fd, addr, len, flags); }
static inline long os_getsockname(int fd, void *addr, uint32_t *len) { return OS_CALL(32, fd, addr, len); }
static inline long os_getpeername(int fd, void *addr, uint32_t *len) { return OS_CALL(31, fd, addr, len); }
static inline long os_setsockopt(int fd, int level, int opt, const void *v, uint32_t n) { return OS_CALL(105, fd, level, opt, v, n); }
static inline long os_getsockopt(int fd, int level, int opt, void *v, uint32_t *n) { return OS_CALL(118, fd, level, opt, v, n); }
static inline long os_sendto(int fd, const void *buf, size_t n, int flags, const void *addr, uint32_t len) { return OS_CALL(133, fd, buf, n, flags, addr, len); }
static inline long os_recvfrom(int fd, void *buf, size_t n, int flags, void *addr, uint32_t *len) { return OS_CALL(29, fd, buf, n, flags, addr, len); }
static inline long os_sendmsg(int fd, const struct os_msghdr *m, int flags) { return OS_CALL(28, fd, m, flags); }
static inline long os_recvmsg(int fd, struct os_msghdr *m, int flags) { return OS_CALL(27, fd, m, flags); }
static inline long os_shutdown(int fd, int how) { return OS_CALL(134, fd, how); }

/* ---- polling */
struct os_pollfd {
    int32_t fd;
    int16_t events, revents;
};
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };
static inline long os_poll(struct os_pollfd *p, unsigned n, int ms) { return OS_CALL(209, p, n, ms); }
static inline long os_select(int n, void *r, void *w, void *e, void *tv) { return OS_CALL(93, n, r, w, e, tv); }

struct os_kevent {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    void    *udata;
    uint64_t ext[4];
};
_Static_assert(sizeof(struct os_kevent) == 64, "struct kevent");
enum {
    EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_VNODE = -4, EVFILT_PROC = -5, EVFILT_SIGNAL = -6, EVFILT_TIMER = -7,
    EVFILT_USER = -11,
    EV_ADD = 1, EV_DELETE = 2, EV_ENABLE = 4, EV_DISABLE = 8, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_RECEIPT = 0x40,
    EV_DISPATCH = 0x80, EV_ERROR = 0x4000, EV_EOF = 0x8000,
    NOTE_TRIGGER = 0x01000000, NOTE_DELETE = 1, NOTE_WRITE = 2,
};
#define NOTE_EXIT 0x80000000u
static inline long os_kqueue(void) { return OS_CALL(362); }
static inline long os_kevent(int kq, const struct os_kevent *ch, int nch, struct os_kevent *ev, int nev, const struct os_timespec *ts) { return OS_CALL(560, kq, ch, nch, ev, nev, ts); }

/* A queue of events, and one wait for the first: where Linux has another call, the samples need only this much of it. */
static inline long os_events(void) { return os_kqueue(); }
static inline long os_wait_events(int events)
{
    struct os_kevent ev;

    return os_kevent(events, 0, 0, &ev, 1, 0);
}

/* ---- what the file exercisers use besides (samples/model, fsx, append) */
enum {
    O_NOFOLLOW = 0x100, F_DUPFD_CLOEXEC = 17, F_DUP2FD = 10, F_DUP2FD_CLOEXEC = 18, CLOSE_RANGE_CLOEXEC = 4,
    SEEK_SET = 0, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, SO_SNDBUF = 0x1001,
};
static inline long os_openat(int dir, const char *path, int flags, int mode) { return OS_CALL(499, dir, path, flags, mode); }
static inline long os_truncate(const char *path, int64_t size) { return OS_CALL(479, path, size); }
static inline long os_mkfifo(const char *path, int mode) { return OS_CALL(132, path, mode); }
static inline long os_pipe2(int fds[2], int flags) { return OS_CALL(542, fds, flags); }
static inline long os_preadv(int fd, const struct os_iovec *iov, int n, int64_t at) { return OS_CALL(289, fd, iov, n, at); }
static inline long os_pwritev(int fd, const struct os_iovec *iov, int n, int64_t at) { return OS_CALL(290, fd, iov, n, at); }
static inline long os_close_range(unsigned low, unsigned high, int flags) { return OS_CALL(575, low, high, flags); }
static inline long os_closefrom(int low) { return OS_CALL(509, low); }
static inline long os_punch(int fd, int64_t at, int64_t n)
{
    int64_t range[2] = {at, n};

    return OS_CALL(580, fd, 1, range, 0, range); /* fspacectl, SPACECTL_DEALLOC */
}
static inline long os_fionread(int fd, int *n) { return OS_CALL(54, fd, 0x4004667f, n); }
/* UMTX_OP_WAIT_UINT and UMTX_OP_WAKE: for words in shared memory. */
static inline long os_futex_wait_shared(uint32_t *word, uint32_t value) { return OS_CALL(454, word, 11, value, 0, 0); }
static inline long os_futex_wake_shared(uint32_t *word, int n) { return OS_CALL(454, word, 3, n, 0, 0); }

#endif
