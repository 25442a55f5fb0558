/* The Linux x86-64 kernel as a sample sees it: the reference that every foreign build is compared with. */
#ifndef SAMPLE_OS_LINUX_H
#define SAMPLE_OS_LINUX_H

#define OS_NAME "linux"

enum {
    EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES, EFAULT,
    ENOTBLK, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC,
    ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK, ENAMETOOLONG, ENOSYS = 38, ENOTEMPTY = 39, ELOOP = 40,
    EOVERFLOW = 75, ENOTSOCK = 88, EMSGSIZE = 90, EOPNOTSUPP = 95, EAFNOSUPPORT = 97, EADDRINUSE = 98, ECONNRESET = 104,
    EISCONN = 106, ENOTCONN = 107, ETIMEDOUT = 110, ECONNREFUSED = 111, EALREADY = 114, EINPROGRESS = 115,
};

enum {
    SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE,
    SIGALRM, SIGTERM, SIGCHLD = 17, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGVTALRM = 26, SIGPROF,
    SIGWINCH, SIGSYS = 31, SIGRTMIN = 34,
};

enum {
    O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NONBLOCK = 0x800, O_APPEND = 0x400, O_CREAT = 0x40, O_TRUNC = 0x200,
    O_EXCL = 0x80, O_CLOEXEC = 0x80000, O_DIRECTORY = 0x10000, O_DIRECT = 0x4000,
    F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1,
    PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4,
    MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x20, MAP_EXCL = 0x100000,
    SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2,
    SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_RESETHAND = -0x7fffffff - 1, SA_NODEFER = 0x40000000,
    SA_SIGINFO = 4, SS_DISABLE = 2,
    ILL_ILLOPN = 2, FPE_INTDIV = 1, SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2,
    SI_USER = 0, SI_TKILL = -6, SI_KERNEL = 0x80, CLD_EXITED = 1,
    WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 8,
    ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2,
    CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3,
    AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_NONBLOCK = 0x800,
    SOCK_CLOEXEC = 0x80000, SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_RCVTIMEO = 20,
    SHUT_RD = 0, SHUT_WR = 1, MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, SCM_RIGHTS = 1,
    AT_FDCWD = -100, AT_REMOVEDIR = 0x200, AT_SYMLINK_NOFOLLOW = 0x100,
};

static inline long os_call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return nr;
}
#define OS_CALL_(nr, a, b, c, d, e, f, ...) os_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define OS_CALL(...) OS_CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* ---- processes */
static inline _Noreturn void os_exit(int status)
{
    for (;;)
        OS_CALL(231, status);
}
static inline long os_fork(void) { return OS_CALL(57); }
/* vfork must not return through a frame that the child has used: the child's whole work is in here. */
static inline long os_vfork_exec(const char *path, char **argv, char **envp)
{
    long pid = OS_CALL(58);

    if (pid != 0)
        return pid;
    OS_CALL(59, path, argv, envp);
    os_exit(127);
}
static inline long os_execve(const char *path, char **argv, char **envp) { return OS_CALL(59, path, argv, envp); }
static inline long os_fexecve(int fd, char **argv, char **envp) { return OS_CALL(322, fd, "", argv, envp, 0x1000 /* AT_EMPTY_PATH */); }
static inline long os_wait4(int pid, int *status, int options, void *rusage) { return OS_CALL(61, pid, status, options, rusage); }
static inline long os_getpid(void) { return OS_CALL(39); }
static inline long os_getppid(void) { return OS_CALL(110); }
static inline long os_getuid(void) { return OS_CALL(102); }
static inline long os_kill(int pid, int sig) { return OS_CALL(62, pid, sig); }
static inline long os_yield(void) { return OS_CALL(24); }

static inline bool os_wifexited(int status) { return (status & 0x7f) == 0; }
static inline int  os_wexitstatus(int status) { return status >> 8 & 0xff; }
static inline int  os_wtermsig(int status) { return status & 0x7f; }
static inline bool os_wifstopped(int status) { return (status & 0xff) == 0x7f; }
static inline int  os_wstopsig(int status) { return status >> 8 & 0xff; }
static inline bool os_wifcontinued(int status) { return status == 0xffff; }
static inline long os_setpgid(int pid, int pgid) { return OS_CALL(109, pid, pgid); }
static inline long os_getpgrp(void) { return OS_CALL(111); }
static inline long os_getpgid(int pid) { return OS_CALL(121, pid); }
static inline long os_setsid(void) { return OS_CALL(112); }
static inline long os_getsid(int pid) { return OS_CALL(124, pid); }

enum { OS_RLIMIT_NOFILE = 7, OS_RLIMIT_NPROC = 6 };
static inline long os_getrlimit(int which, uint64_t limit[2]) { return OS_CALL(97, which, limit); }
static inline long os_setrlimit(int which, const uint64_t limit[2]) { return OS_CALL(160, which, limit); }
struct os_rusage {
    int64_t utime_sec, utime_usec, stime_sec, stime_usec, rest[14];
};
static inline long os_getrusage(int who, struct os_rusage *r) { return OS_CALL(98, who, r); }

/* ---- files */
struct os_stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev;
    int64_t  size, blksize, blocks;
    struct os_timespec atime, mtime, ctime;
    int64_t  spare[3];
};
_Static_assert(sizeof(struct os_stat) == 144, "struct stat");

static inline long os_read(int fd, void *buf, size_t n) { return OS_CALL(0, fd, buf, n); }
static inline long os_write(int fd, const void *buf, size_t n) { return OS_CALL(1, fd, buf, n); }
static inline long os_pread(int fd, void *buf, size_t n, int64_t at) { return OS_CALL(17, fd, buf, n, at); }
static inline long os_pwrite(int fd, const void *buf, size_t n, int64_t at) { return OS_CALL(18, fd, buf, n, at); }
static inline long os_readv(int fd, const struct os_iovec *iov, int n) { return OS_CALL(19, fd, iov, n); }
static inline long os_writev(int fd, const struct os_iovec *iov, int n) { return OS_CALL(20, fd, iov, n); }
static inline long os_open(const char *path, int flags, int mode) { return OS_CALL(2, path, flags, mode); }
static inline long os_close(int fd) { return OS_CALL(3, fd); }
static inline long os_lseek(int fd, int64_t off, int whence) { return OS_CALL(8, fd, off, whence); }
static inline long os_fstat(int fd, struct os_stat *st) { return OS_CALL(5, fd, st); }
static inline long os_stat(const char *path, struct os_stat *st) { return OS_CALL(4, path, st); }
static inline long os_lstat(const char *path, struct os_stat *st) { return OS_CALL(6, path, st); }
static inline long os_ftruncate(int fd, int64_t size) { return OS_CALL(77, fd, size); }
static inline long os_fsync(int fd) { return OS_CALL(74, fd); }
static inline long os_dup(int fd) { return OS_CALL(32, fd); }
static inline long os_dup2(int from, int to) { return OS_CALL(33, from, to); }
static inline long os_fcntl(int fd, int cmd, long arg) { return OS_CALL(72, fd, cmd, arg); }
static inline long os_pipe(int fds[2]) { return OS_CALL(22, fds); }
static inline long os_unlink(const char *path) { return OS_CALL(87, path); }
static inline long os_rename(const char *from, const char *to) { return OS_CALL(82, from, to); }
static inline long os_mkdir(const char *path, int mode) { return OS_CALL(83, path, mode); }
static inline long os_rmdir(const char *path) { return OS_CALL(84, path); }
static inline long os_symlink(const char *to, const char *path) { return OS_CALL(88, to, path); }
static inline long os_readlink(const char *path, char *buf, size_t n) { return OS_CALL(89, path, buf, n); }
static inline long os_link(const char *from, const char *to) { return OS_CALL(86, from, to); }
static inline long os_chmod(const char *path, int mode) { return OS_CALL(90, path, mode); }
static inline long os_access(const char *path, int mode) { return OS_CALL(21, path, mode); }
static inline long os_chdir(const char *path) { return OS_CALL(80, path); }
static inline long os_umask(int mask) { return OS_CALL(95, mask); }
static inline long os_getcwd(char *buf, size_t n)
{
    long r = OS_CALL(79, buf, n);

    return r > 0 ? 0 : r; /* Linux counts the bytes, FreeBSD says 0 */
}

struct os_dirent {
    uint64_t fileno;
    int64_t  off;
    uint16_t reclen;
    uint8_t  type;
    char     name[];
};
static inline long        os_getdents(int fd, void *buf, size_t n) { return OS_CALL(217, fd, buf, n); }
static inline const char *os_dirent_name(const struct os_dirent *d) { return d->name; }

/* ---- terminals */
enum os_tty_call { TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, };
static inline long os_ioctl(int fd, unsigned long call, void *arg) { return OS_CALL(16, fd, call, arg); }
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

    return os_ioctl(fd, 0x5401, termios) == 0; /* TCGETS */
}

/* ---- memory */
static inline void *os_mmap(void *at, size_t n, int prot, int flags, int fd, int64_t off)
{
    if (flags & MAP_EXCL)
        flags &= ~MAP_FIXED; /* MAP_FIXED_NOREPLACE stands for both */
    return (void *)OS_CALL(9, at, n, prot, flags, fd, off);
}
static inline long os_munmap(void *at, size_t n) { return OS_CALL(11, at, n); }
static inline long os_mprotect(void *at, size_t n, int prot) { return OS_CALL(10, at, n, prot); }
static inline long os_madvise_free(void *at, size_t n) { return OS_CALL(28, at, n, 8); }
static inline long os_mincore(void *at, size_t n, char *vec) { return OS_CALL(27, at, n, vec); }
static inline long os_msync(void *at, size_t n) { return OS_CALL(26, at, n, 4); }

/* ---- time */
struct os_itimerval {
    struct {
        int64_t sec, usec;
    } interval, value;
};
static inline long os_clock_gettime(int clock, struct os_timespec *ts) { return OS_CALL(228, clock, ts); }
static inline long os_clock_getres(int clock, struct os_timespec *ts) { return OS_CALL(229, clock, ts); }
static inline long os_nanosleep(const struct os_timespec *ts, struct os_timespec *rem) { return OS_CALL(35, ts, rem); }
static inline long os_clock_nanosleep_abs(int clock, const struct os_timespec *ts) { return OS_CALL(230, clock, 1, ts, 0); }
static inline long os_setitimer(int which, const struct os_itimerval *v, struct os_itimerval *old) { return OS_CALL(38, which, v, old); }
static inline long os_getitimer(int which, struct os_itimerval *v) { return OS_CALL(36, which, v); }

/* ---- signals */
struct os_sigset {
    uint64_t bits;
};
typedef struct {
    int32_t  si_signo, si_errno, si_code, pad;
    int32_t  si_pid;
    uint32_t si_uid;
    int32_t  si_status;
    uint64_t rest[12];
} os_siginfo;
struct os_sigaction {
    void (*handler)(int, os_siginfo *, void *);
    int64_t flags;
    void (*restorer)(void);
    struct os_sigset mask;
};
struct os_stack {
    void   *sp;
    int32_t flags;
    size_t  size;
};
void os_sigreturn(void); /* lib/start.S */

static inline struct os_sigset os_sigset_of(int sig) { return (struct os_sigset){sig ? 1ull << (sig - 1) : 0}; }
static inline void os_sigset_add(struct os_sigset *s, int sig) { s->bits |= 1ull << (sig - 1); }
static inline bool os_sigset_has(const struct os_sigset *s, int sig) { return s->bits >> (sig - 1) & 1; }
static inline long os_sigaction(int sig, const struct os_sigaction *act, struct os_sigaction *old)
{
    struct os_sigaction with = {0};

    if (act) {
        with = *act;
        with.flags = (uint32_t)act->flags | 0x04000000; /* SA_RESTORER */
        with.restorer = os_sigreturn;
    }
    return OS_CALL(13, sig, act ? &with : 0, old, 8);
}
static inline long os_sigprocmask(int how, const struct os_sigset *set, struct os_sigset *old) { return OS_CALL(14, how, set, old, 8); }
static inline long os_sigpending(struct os_sigset *set) { return OS_CALL(127, set, 8); }
static inline long os_sigsuspend(const struct os_sigset *set) { return OS_CALL(130, set, 8); }
static inline long os_sigtimedwait(const struct os_sigset *set, os_siginfo *si, const struct os_timespec *ts) { return OS_CALL(128, set, si, ts, 8); }
static inline long os_sigaltstack(const struct os_stack *ss, struct os_stack *old) { return OS_CALL(131, ss, old); }
static inline void *os_fault_addr(const os_siginfo *si) { return *(void *const *)&si->si_pid; }
static inline int64_t os_si_value(const os_siginfo *si) { return *(const int64_t *)&si->si_status; }
static inline long os_sigqueue(int pid, int sig, int64_t value)
{
    os_siginfo si = {.si_signo = sig, .si_code = -1, .si_pid = pid}; /* SI_QUEUE */

    *(int64_t *)&si.si_status = value;
    return OS_CALL(129, pid, sig, &si);
}
/* struct ucontext: flags, link and stack take 40 bytes, then the registers from r8 on. */
static inline uint64_t *os_uc_rip(void *uc) { return (uint64_t *)((char *)uc + 40 + 16 * 8); }
static inline uint64_t *os_uc_rax(void *uc) { return (uint64_t *)((char *)uc + 40 + 13 * 8); }
static inline uint64_t *os_uc_rcx(void *uc) { return (uint64_t *)((char *)uc + 40 + 14 * 8); }

/* ---- threads */
static inline long os_gettid(void) { return OS_CALL(186); }
static inline long os_tkill(long tid, int sig) { return OS_CALL(200, tid, sig); }
static inline long os_tgkill(int pid, long tid, int sig) { return OS_CALL(234, pid, tid, sig); }
static inline long os_futex_wait(uint32_t *word, uint32_t value, const struct os_timespec *ts) { return OS_CALL(202, word, 128, value, ts); }
#define OS_FUTEX_RESTARTS true
static inline long os_futex_wake(uint32_t *word, int n)
{
    long r = OS_CALL(202, word, 129, n);

    return r > 0 ? 0 : r; /* Linux counts, umtx says 0 */
}

/* ---- sockets */
struct os_sockaddr_in {
    uint16_t family, port;
    uint32_t addr;
    uint64_t zero;
};
struct os_sockaddr_un {
    uint16_t family;
    char     path[104];
};
struct os_sockaddr_in6 {
    uint16_t family, port;
    uint32_t flowinfo;
    uint8_t  addr[16];
    uint32_t scope;
};
struct os_msghdr {
    void            *name;
    uint32_t         namelen;
    struct os_iovec *iov;
    size_t           iovlen;
    void            *control;
    size_t           controllen;
    int32_t          flags;
};
struct os_cmsg_fd {
    size_t  len;
    int32_t level, type;
    int32_t fd, pad2;
};
#define OS_CMSG_FD_LEN 20
#define OS_SOCKADDR_LEN(s) (void)(s)

static inline long os_socket(int domain, int type, int proto) { return OS_CALL(41, domain, type, proto); }
static inline long os_socketpair(int domain, int type, int proto, int *fds) { return OS_CALL(53, domain, type, proto, fds); }
static inline long os_bind(int fd, const void *addr, uint32_t len) { return OS_CALL(49, fd, addr, len); }
static inline long os_connect(int fd, const void *addr, uint32_t len) { return OS_CALL(42, fd, addr, len); }
static inline long os_listen(int fd, int backlog) { return OS_CALL(50, fd, backlog); }
static inline long os_accept4(int fd, void *addr, uint32_t *len, int flags) { return OS_CALL(288, fd, addr, len, flags); }
static inline long os_getsockname(int fd, void *addr, uint32_t *len) { return OS_CALL(51, fd, addr, len); }
static inline long os_getpeername(int fd, void *addr, uint32_t *len) { return OS_CALL(52, fd, addr, len); }
static inline long os_setsockopt(int fd, int level, int opt, const void *v, uint32_t n) { return OS_CALL(54, fd, level, opt, v, n); }
static inline long os_getsockopt(int fd, int level, int opt, void *v, uint32_t *n) { return OS_CALL(55, fd, level, opt, v, n); }
static inline long os_sendto(int fd, const void *buf, size_t n, int flags, const void *addr, uint32_t len) { return OS_CALL(44, fd, buf, n, flags, addr, len); }
static inline long os_recvfrom(int fd, void *buf, size_t n, int flags, void *addr, uint32_t *len) { return OS_CALL(45, fd, buf, n, flags, addr, len); }
static inline long os_sendmsg(int fd, const struct os_msghdr *m, int flags) { return OS_CALL(46, fd, m, flags); }
static inline long os_recvmsg(int fd, struct os_msghdr *m, int flags) { return OS_CALL(47, fd, m, flags); }
static inline long os_shutdown(int fd, int how) { return OS_CALL(48, fd, how); }

/* ---- polling */
struct os_pollfd {
    int32_t fd;
    int16_t events, revents;
};
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };
static inline long os_poll(struct os_pollfd *p, unsigned n, int ms) { return OS_CALL(7, p, n, ms); }
static inline long os_select(int n, void *r, void *w, void *e, void *tv) { return OS_CALL(23, n, r, w, e, tv); }

static inline long os_events(void) { return OS_CALL(291, 0); }
static inline long os_wait_events(int events)
{
    char event[12];

    return OS_CALL(232, events, event, 1, -1);
}

/* ---- what the file exercisers use besides (samples/model, fsx, append) */
enum {
    O_NOFOLLOW = 0x20000, F_DUPFD_CLOEXEC = 1030, CLOSE_RANGE_CLOEXEC = 4,
    SEEK_SET = 0, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, SO_SNDBUF = 7,
};
static inline long os_openat(int dir, const char *path, int flags, int mode) { return OS_CALL(257, dir, path, flags, mode); }
static inline long os_truncate(const char *path, int64_t size) { return OS_CALL(76, path, size); }
static inline long os_mkfifo(const char *path, int mode) { return OS_CALL(133, path, 0010000 | mode, 0); }
static inline long os_pipe2(int fds[2], int flags) { return OS_CALL(293, fds, flags); }
static inline long os_preadv(int fd, const struct os_iovec *iov, int n, int64_t at) { return OS_CALL(295, fd, iov, n, at); }
static inline long os_pwritev(int fd, const struct os_iovec *iov, int n, int64_t at) { return OS_CALL(296, fd, iov, n, at); }
static inline long os_close_range(unsigned low, unsigned high, int flags) { return OS_CALL(436, low, high, flags); }
static inline long os_closefrom(int low) { return OS_CALL(436, low < 0 ? 0 : low, ~0u, 0); }
static inline long os_dup3(int from, int to, int flags) { return OS_CALL(292, from, to, flags); }
static inline long os_punch(int fd, int64_t at, int64_t n) { return OS_CALL(285, fd, 3, at, n); } /* keep the size */
static inline long os_fionread(int fd, int *n) { return OS_CALL(16, fd, 0x541b, n); }
static inline long os_futex_wait_shared(uint32_t *word, uint32_t value) { return OS_CALL(202, word, 0, value, 0); }
static inline long os_futex_wake_shared(uint32_t *word, int n) { return OS_CALL(202, word, 1, n); }

#endif
