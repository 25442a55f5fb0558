/*
 * capsicum: rights of descriptors and capability mode.  Linux has neither: its build only says so.
 *
 * What is expected is what FreeBSD's own tests of it expect (tests/sys/capsicum, and capsicum-test: capability-fd.cc,
 * capmode.cc, openat.cc, fcntl.cc, ioctl.cc) and what sys/kern/sys_capability.c, vfs_lookup.c and others do.
 * One argument: an empty directory.
 */
#include "capsicum/capsicum.h"

#ifdef GUEST_FREEBSD

long limit(int fd, uint64_t first, uint64_t second)
{
    const uint64_t words[2] = {R0(first), R1(second)};

    return OS_CALL(533, fd, words);
}

bool rights_are(int fd, uint64_t first, uint64_t second)
{
    uint64_t words[2] = {0, 0};

    return OS_CALL(515, 0, fd, words) == 0 && words[0] == R0(first) && words[1] == R1(second);
}

void expect(long got, long want, const char *what)
{
    if (got == want)
        check(true, what);
    else
        print("FAILED %s: %ld, not %ld\n", what, got, want), check(false, what);
}

void denied(long got, const char *what) { expect(got, -ENOTCAPABLE, what); }

static const char *dir;
char               path[512];

static const char *in(const char *name)
{
    print_into(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

int open_file(int flags) { return (int)must(os_open(in("file"), flags | O_CREAT, 0644), "open"); }
int open_dir(void) { return (int)must(os_open(dir, O_DIRECTORY, 0), "open the directory"); }

long openat(int at, const char *name, int flags) { return OS_CALL(499, at, name, flags, 0644); }

/* Capability mode has no end: what enters it is a child. */
void in_child(void (*fn)(void))
{
    int  status;
    long pid = os_fork();

    if (pid == 0) {
        fn();
        os_exit(check_status());
    }
    os_wait4((int)must(pid, "fork"), &status, 0, 0);
    check(os_wifexited(status) && os_wexitstatus(status) == 0, "the child is content");
}

/* ---- rights --------------------------------------------------------------------- */

static void rights_only_shrink(void)
{
    int            fd = open_file(O_RDWR);
    const uint64_t bad_version[2] = {R0(READ) | 1ull << 62, R1(0)}, no_index[2] = {READ, 0};

    check(rights_are(fd, ALL0, ALL1), "a new descriptor has all rights");
    expect(limit(fd, ALL0, ALL1), 0, "all rights are no limit");
    expect(limit(fd, READ | WRITE | SEEK, EVENT), 0, "fewer");
    check(rights_are(fd, READ | WRITE | SEEK, EVENT), "they are told");
    denied(limit(fd, READ | WRITE | SEEK | FSTAT, EVENT), "not more again");
    check(rights_are(fd, READ | WRITE | SEEK, EVENT), "and nothing changed");
    expect(limit(fd, READ, 0), 0, "fewer still");
    denied(limit(fd, WRITE, 0), "not others");
    expect(limit(200, READ, 0), -EBADF, "no such descriptor");
    expect(OS_CALL(533, fd, bad_version), -EINVAL, "another version");
    expect(OS_CALL(533, fd, no_index), -EINVAL, "words without their index");
    expect(OS_CALL(515, 1, fd, path), -EINVAL, "rights in another version");
    expect(OS_CALL(533, fd, 8), -EFAULT, "rights nowhere");
    os_close(fd);
}

static void rights_are_of_the_slot(void)
{
    int fd = open_file(O_RDWR), other;

    other = (int)must(os_dup(fd), "dup");
    limit(other, READ, 0);
    check(rights_are(fd, ALL0, ALL1), "the other slot of the file keeps its own");
    fd = (int)must(os_dup(other), "dup of the limited one");
    check(rights_are(fd, READ, 0), "a duplicate has its rights");
    expect(os_dup2(other, 50), 50, "dup2");
    check(rights_are(50, READ, 0), "dup2 has them");
    expect(os_fcntl(other, F_DUPFD_CLOEXEC, 60), 60, "F_DUPFD_CLOEXEC");
    check(rights_are(60, READ, 0), "fcntl has them");
    must(os_dup2(1, 50), "dup2 over the limited one");
    check(rights_are(50, ALL0, ALL1), "what takes its place has all");
    os_close(other);
    other = open_file(O_RDWR);
    check(rights_are(other, ALL0, ALL1), "the number itself keeps nothing");
    os_close(fd);
    os_close(50);
    os_close(60);
    os_close(other);
}

static void calls_want_rights(void)
{
    char *const    args[2] = {path, NULL}; /* without any it is EFAULT before all (exec_copyin_args) */
    char           buf[8];
    struct os_stat st;
    int            fd = open_file(O_RDWR);

    must(os_write(fd, "0123456789", 10), "write");
    limit(fd, READ, 0);
    expect(os_lseek(fd, 0, 1), -ENOTCAPABLE, "lseek");
    expect(os_read(fd, buf, 2), 0, "read");
    denied(os_write(fd, "x", 1), "write");
    denied(os_pread(fd, buf, 2, 0), "pread wants SEEK, too");
    denied(os_pwrite(fd, buf, 2, 0), "pwrite");
    denied(os_fstat(fd, &st), "fstat");
    denied(os_ftruncate(fd, 0), "ftruncate");
    denied(OS_CALL(95, fd), "fsync");
    denied(OS_CALL(124, fd, 0600), "fchmod");
    denied(OS_CALL(131, fd, 2), "flock");
    denied(OS_CALL(192, fd, 4), "fpathconf");
    denied(OS_CALL(206, fd, 0), "futimes");
    denied(OS_CALL(13, fd), "fchdir");
    denied(OS_CALL(492, fd, args, args + 1), "fexecve");
    expect(os_close(fd), 0, "close wants none");
    fd = open_file(O_RDWR);
    limit(fd, READ | SEEK | FSTAT, 0);
    expect(os_lseek(fd, 4, 0), 4, "lseek with SEEK");
    expect(os_read(fd, buf, 2), 2, "read at it");
    check(buf[0] == '4', "and it is the right place");
    expect(os_pread(fd, buf, 2, 7), 2, "pread with both");
    expect(os_fstat(fd, &st), 0, "fstat with FSTAT");
    os_close(fd);
}

static long map(int fd, int prot, int flags)
{
    long r = (long)os_mmap(0, 4096, prot, flags, fd, 0);

    if (r > 0)
        os_munmap((void *)r, 4096);
    return r > 0 ? 0 : r;
}

/* Mapped to be read, and then protected anew. */
static long map_then(int fd, int flags, int prot)
{
    void      *p = os_mmap(0, 4096, PROT_READ, flags, fd, 0);
    const long r = os_mprotect(p, 4096, prot);

    os_munmap(p, 4096);
    return r;
}

static void mmap_wants_by_protection(void)
{
    int fd = open_file(O_RDWR);

    must(os_ftruncate(fd, 4096), "ftruncate");
    limit(fd, MMAP | SEEK | READ, 0);
    expect(map(fd, PROT_READ, MAP_SHARED), 0, "read");
    expect(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE), 0, "a private copy may be written");
    denied(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), "the file may not");
    denied(map(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE), "nor executed");
    expect(map_then(fd, MAP_SHARED, PROT_READ | PROT_WRITE), -EACCES, "nor a shared mapping be made so later");
    expect(map_then(fd, MAP_PRIVATE, PROT_READ | PROT_WRITE), 0, "a private one may");
    limit(fd, MMAP, 0);
    denied(map(fd, PROT_READ, MAP_PRIVATE), "with MMAP alone nothing is read");
    expect(map(fd, PROT_NONE, MAP_PRIVATE), 0, "but a place is taken");
    os_close(fd);
}

static void fcntl_commands(void)
{
    int      fd = open_file(O_RDWR);
    uint32_t cmds = 9;
    uint64_t flock[4] = {0, 0, 1ull << 32, 0}; /* F_RDLCK */

    expect(OS_CALL(537, fd, &cmds), 0, "cap_fcntls_get");
    expect(cmds, 0x78, "all four");
    expect(OS_CALL(536, fd, 1), -EINVAL, "F_DUPFD is none of them");
    expect(OS_CALL(536, fd, 1 << F_GETFL), 0, "F_GETFL only");
    expect(os_fcntl(fd, F_GETFL, 0), O_RDWR, "F_GETFL");
    denied(os_fcntl(fd, F_SETFL, 0), "F_SETFL");
    denied(os_fcntl(fd, F_GETOWN, 0), "F_GETOWN");
    denied(OS_CALL(536, fd, 0x78), "not more again");
    expect(os_fcntl(fd, 11, (long)flock), 0, "locks are another right");
    limit(fd, FCNTL, 0);
    denied(os_fcntl(fd, 11, (long)flock), "which is gone now");
    expect(os_fcntl(fd, F_GETFD, 0), 0, "the slot's own flags want none");
    limit(fd, 0, 0);
    denied(os_fcntl(fd, F_GETFL, 0), "without FCNTL there are no commands");
    OS_CALL(537, fd, &cmds);
    expect(cmds, 0, "and they are none");
    os_close(fd);
}

int kif[348];

static void aio_and_kinfo_want_rights(void)
{
    char     buf[8];
    int      fd = open_file(O_RDWR);
    uint64_t cb[20] = {(uint64_t)fd, 2, (uint64_t)buf, 2}; /* struct aiocb */

    limit(fd, READ | SEEK, 0);
    denied(OS_CALL(256, cb), "aio_write");
    denied(OS_CALL(465, 0x80 /* O_SYNC */, cb), "aio_fsync");
    kif[0] = sizeof(kif);
    denied(os_fcntl(fd, F_KINFO, (long)kif), "F_KINFO wants FCNTL");
    os_close(fd);
}

static void ioctl_commands(void)
{
    int      p[2], n;
    uint64_t cmds[4] = {FIONREAD, FIONBIO}, got[4] = {0};

    must(os_pipe(p), "pipe");
    expect(OS_CALL(535, p[0], got, 4), IOCTLS_ALL, "every command");
    expect(OS_CALL(534, p[0], cmds, 257), -EINVAL, "too many");
    expect(OS_CALL(534, p[0], cmds, 2), 0, "two");
    expect(OS_CALL(535, p[0], got, 1), 2, "there are two, whatever there is room for");
    check(got[0] == FIONREAD && got[1] == 0, "and one is told");
    expect(OS_CALL(54, p[0], FIONREAD, &n), 0, "one of them");
    denied(OS_CALL(54, p[0], 0x20006601, 0), "FIOCLEX is not");
    n = (int)must(os_dup(p[0]), "dup");
    expect(OS_CALL(534, p[0], cmds + 1, 1), 0, "one");
    denied(OS_CALL(534, p[0], cmds, 1), "not the other again");
    expect(OS_CALL(535, n, got, 4), 2, "the duplicate still has two");
    limit(p[0], READ, 0);
    expect(OS_CALL(535, p[0], got, 4), 0, "without IOCTL none is left");
    denied(OS_CALL(54, p[0], FIONREAD, got), "and none is allowed");
    os_close(p[0]);
    expect(OS_CALL(535, n, got, 4), 2, "a close takes nobody else's");
    os_close(n);
    os_close(p[1]);
}

static void polling_wants_event(void)
{
    int                p[2], kq = (int)must(os_kqueue(), "kqueue");
    uint64_t           set[16] = {0};
    struct os_pollfd   pfd;
    struct os_timespec now = {0, 0};
    struct os_kevent   ev = {.filter = EVFILT_READ, .flags = EV_ADD};

    must(os_pipe(p), "pipe");
    limit(p[0], READ, 0);
    pfd = (struct os_pollfd){p[0], POLLIN, 0};
    expect(os_poll(&pfd, 1, 0), 1, "poll has something to say");
    expect(pfd.revents, POLLNVAL, "that it may not");
    set[0] = 1ull << p[0];
    denied(os_select(p[0] + 1, set, 0, 0, &now), "select");
    ev.ident = (uint64_t)p[0];
    denied(os_kevent(kq, &ev, 1, 0, 0, 0), "kevent about it");
    ev.ident = (uint64_t)p[1];
    ev.filter = EVFILT_WRITE;
    expect(os_kevent(kq, &ev, 1, 0, 0, 0), 0, "kevent about the other end");
    limit(kq, ALL0, KQUEUE_EVENT);
    denied(os_kevent(kq, &ev, 1, 0, 0, 0), "no changes without KQUEUE_CHANGE");
    expect(os_kevent(kq, 0, 0, &ev, 1, &now), 1, "events with KQUEUE_EVENT");
    limit(kq, ALL0, 0);
    denied(os_kevent(kq, 0, 0, &ev, 1, &now), "nor without");
    os_close(kq);
    os_close(p[0]);
    os_close(p[1]);
}

/* ---- what new descriptors get ----------------------------------------------------- */

static void openat_inherits(void)
{
    int            d = open_dir();
    const uint64_t some = READ | LOOKUP | SEEK | FSTAT;
    long           fd;
    char           c;
    struct os_stat st;

    os_close(open_file(O_RDWR));
    limit(d, some, 0);
    fd = openat(d, "file", O_RDONLY);
    check(fd >= 0, "openat below a limited directory");
    check(rights_are((int)fd, some, 0), "gives its rights");
    expect(os_read((int)fd, &c, 1), 1, "which work");
    os_close((int)fd);
    denied(openat(d, "file", O_WRONLY | O_APPEND), "O_WRONLY wants WRITE");
    denied(openat(d, "new", O_RDONLY | O_CREAT), "O_CREAT wants CREATE");
    denied(openat(d, "file", O_RDONLY | O_EXEC), "O_EXEC wants FEXECVE");
    denied(openat(d, "..", O_RDONLY), "nothing above");
    denied(openat(d, "sub/../../x", O_RDONLY), "nor by a detour");
    denied(openat(d, "up", O_RDONLY), "nor by a link");
    denied(openat(d, "abs", O_RDONLY), "nor by an absolute one");
    fd = openat(d, "sub/../file", O_RDONLY);
    check(fd >= 0, ".. within is no matter");
    os_close((int)fd);
    fd = openat(d, "/", O_RDONLY);
    check(fd >= 0, "an absolute path has nothing to do with it");
    check(rights_are((int)fd, ALL0, ALL1), "nor with its rights");
    os_close((int)fd);
    expect(OS_CALL(552, d, "file", &st, 0), 0, "fstatat");
    denied(OS_CALL(490, d, "file", 0600, 0), "fchmodat");
    denied(OS_CALL(496, d, "m", 0700), "mkdirat");
    denied(OS_CALL(503, d, "file", 0), "unlinkat");
    denied(OS_CALL(501, d, "file", d, "x"), "renameat");
    os_close(d);
    d = open_dir();
    expect(openat(d, "..", O_RDONLY | 0x800000), -ENOTCAPABLE, "O_RESOLVE_BENEATH has the same error");
    fd = openat(d, "file", O_RDONLY | 0x800000);
    check(rights_are((int)fd, ALL0, ALL1), "but takes no rights");
    os_close((int)fd);
    os_close(d);
}

/* What is replaced is unlinked, too (vfs_syscalls.c, kern_renameat). */
static void renameat_over_wants_unlinkat(void)
{
    int d = open_dir();

    os_close((int)must(openat(d, "a", O_RDWR | O_CREAT), "a"));
    os_close((int)must(openat(d, "b", O_RDWR | O_CREAT), "b"));
    limit(d, LOOKUP | RENAMEAT_SOURCE | RENAMEAT_TARGET | FSTAT, 0);
    denied(OS_CALL(501, d, "a", d, "b"), "renameat over something");
    expect(OS_CALL(501, d, "a", d, "c"), 0, "renameat to nothing");
    os_close(d);
    os_unlink(in("b"));
    os_unlink(in("c"));
}

static void accept_inherits(void)
{
    int                   s = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket"), c;
    struct os_sockaddr_in a = {.family = AF_INET, .addr = 0x0100007f};
    uint32_t              n = sizeof(a);
    const uint64_t        some = ACCEPT | READ;
    long                  fd;

    OS_SOCKADDR_LEN(a);
    must(os_bind(s, &a, sizeof(a)), "bind");
    must(os_listen(s, 5), "listen");
    must(os_getsockname(s, &a, &n), "getsockname");
    limit(s, some, EVENT);
    denied(os_getsockname(s, &a, &n), "getsockname, limited");
    denied(os_listen(s, 5), "listen, limited");
    c = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket");
    must(os_connect(c, &a, sizeof(a)), "connect");
    fd = os_accept4(s, 0, 0, 0);
    check(fd >= 0, "accept");
    check(rights_are((int)fd, some, EVENT), "has the listener's rights");
    denied(os_write((int)fd, "x", 1), "which are not to write");
    limit(c, WRITE, 0);
    expect(os_write(c, "x", 1), 1, "the other end may");
    denied(os_recvfrom(c, path, 1, MSG_DONTWAIT, 0, 0), "but not receive");
    denied(os_sendto(c, "x", 1, 0, &a, sizeof(a)), "nor send to an address");
    os_close((int)fd);
    os_close(c);
    os_close(s);
}

static long send_fd(int s, int fd)
{
    char              byte = 'x';
    struct os_iovec   iov = {&byte, 1};
    struct os_cmsg_fd m = {.len = OS_CMSG_FD_LEN, .level = SOL_SOCKET, .type = SCM_RIGHTS, .fd = fd};
    struct os_msghdr  h = {.iov = &iov, .iovlen = 1, .control = &m, .controllen = sizeof(m)};

    return os_sendmsg(s, &h, 0);
}

static int receive_fd(int s)
{
    char              byte;
    struct os_iovec   iov = {&byte, 1};
    struct os_cmsg_fd m = {0};
    struct os_msghdr  h = {.iov = &iov, .iovlen = 1, .control = &m, .controllen = sizeof(m)};

    must(os_recvmsg(s, &h, 0), "recvmsg");
    return m.fd;
}

static void rights_travel(void)
{
    int      s[2], fd = open_file(O_RDWR), got;
    uint64_t cmd = FIONREAD, out = 0;

    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
    OS_CALL(534, fd, &cmd, 1);
    limit(fd, READ | FSTAT, IOCTL);
    expect(send_fd(s[0], fd), 1, "a limited descriptor can be sent");
    os_close(fd);
    got = receive_fd(s[1]);
    check(rights_are(got, READ | FSTAT, IOCTL), "and arrives with its rights");
    expect(OS_CALL(535, got, &out, 1), 1, "and its ioctl commands");
    check(out == FIONREAD, "the very same");
    denied(os_write(got, "x", 1), "and cannot be written there either");
    os_close(got);
    os_close(s[0]);
    os_close(s[1]);
}

/* What is in memory is read before the descriptor is looked at (uipc_syscalls.c, sys_sendmsg, sendit, sys_recvmsg). */
static void memory_comes_first(void)
{
    int              s[2];
    char             byte = 'x';
    struct os_iovec  iov = {&byte, 1};
    struct os_msghdr good = {.iov = &iov, .iovlen = 1}, parts = {.iov = (void *)8, .iovlen = 1}, control = good;

    control.control = (void *)8;
    control.controllen = OS_CMSG_FD_LEN;
    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
    limit(s[0], 0, IOCTL);
    denied(os_sendmsg(s[0], &good, 0), "sendmsg, limited");
    expect(os_sendmsg(s[0], &parts, 0), -EFAULT, "but parts nowhere come first");
    expect(os_sendmsg(s[0], &control, 0), -EFAULT, "and so does a control buffer");
    expect(os_sendmsg(200, &control, 0), -EFAULT, "for no descriptor at all, too");
    denied(os_recvmsg(s[0], &good, 0), "recvmsg, limited");
    expect(os_recvmsg(s[0], &parts, 0), -EFAULT, "parts nowhere come first");
    expect(os_recvmsg(200, &good, 0), -EBADF, "recvmsg of none");
    os_close(s[0]);
    os_close(s[1]);
}

static int forked_fd;

static void in_forked(void)
{
    check(rights_are(forked_fd, READ, IOCTL), "fork hands rights down");
    expect(OS_CALL(535, forked_fd, path, 1), 1, "and lists");
    limit(forked_fd, 0, 0);
}

static void fork_inherits(void)
{
    uint64_t cmd = FIONREAD;

    forked_fd = open_file(O_RDWR);
    OS_CALL(534, forked_fd, &cmd, 1);
    limit(forked_fd, READ, IOCTL);
    in_child(in_forked);
    check(rights_are(forked_fd, READ, IOCTL), "the child's are its own");
    os_close(forked_fd);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc > 1 && !strcmp(argv[1], "again"))
        return capability_mode_again();
    dir = argc > 1 ? argv[1] : ".";
    must(os_mkdir(in("sub"), 0755), "mkdir");
    must(os_symlink("..", in("up")), "symlink");
    must(os_symlink("/etc", in("abs")), "symlink");
    rights_only_shrink();
    rights_are_of_the_slot();
    calls_want_rights();
    mmap_wants_by_protection();
    fcntl_commands();
    aio_and_kinfo_want_rights();
    ioctl_commands();
    polling_wants_event();
    openat_inherits();
    renameat_over_wants_unlinkat();
    beneath();
    accept_inherits();
    rights_travel();
    memory_comes_first();
    fork_inherits();
    capability_mode(argv);
    return check_status();
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("no Capsicum here\n");
    return 0;
}

#endif
