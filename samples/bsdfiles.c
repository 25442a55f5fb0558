/* bsdfiles DIR: what FreeBSD answers about files where Linux has another answer, or none.  DIR is empty. */
#include "sample.h"

#ifdef GUEST_FREEBSD
enum {
    G_O_SHLOCK = 0x10,
    G_O_NOFOLLOW = 0x100,
    G_O_EXEC = 0x40000,
    G_O_PATH = 0x400000,
    G_UF_NODUMP = 1,
    G_UF_IMMUTABLE = 2,
    G_AT_EMPTY_PATH = 0x4000,
    G_S_IFWHT = 0160000,
    G_S_IFCHR = 0020000,
    ESTALE = 70,
    G_PC_PIPE_BUF = 6,
    G_PC_ASYNC_IO = 53,
    G_SEEK_SET = 0,
    G_SEEK_CUR = 1,
};
#define G_FIONREAD       0x4004667f
#define G_FIONWRITE      0x40046677
#define G_FIONSPACE      0x40046676
#define G_FIOSEEKDATA    0xc0086661ul
#define G_FIOSEEKHOLE    0xc0086662ul
#define G_DIOCGMEDIASIZE 0x40086481

static char buf[8192];
static bool root;

static void make(const char *name, const char *text)
{
    int fd = (int)must(os_open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644), name);

    must(os_write(fd, text, strlen(text)), name);
    os_close(fd);
}

static void check_open(void)
{
    struct os_stat st;
    int            fd;

    make("a", "0123456789");
    os_symlink("a", "link");
    check_err(os_open("link", O_RDONLY | G_O_NOFOLLOW, 0), -EMLINK, "O_NOFOLLOW on a link");
    fd = (int)os_open("a", O_RDWR | G_O_PATH, 0);
    check(fd >= 0, "O_PATH takes any access mode for none");
    check_err(os_read(fd, buf, 1), -EBADF, "and reads nothing");
    check_err(OS_CALL(95, fd), -EBADF, "nor syncs");
    check(os_fstat(fd, &st) == 0 && st.size == 10, "but can be looked at");
    os_close(fd);
    check_err(os_open("a", O_RDWR | G_O_EXEC, 0), -EINVAL, "O_EXEC stands alone");
    check_err(os_open("d", O_RDONLY | O_CREAT | O_DIRECTORY, 0755), -ENOENT, "O_DIRECTORY makes nothing");
    check_err(os_open("d", O_RDONLY | O_CREAT | O_EXCL | O_DIRECTORY, 0755), -EINVAL, "nor with O_EXCL");
    fd = (int)os_open("link", G_O_PATH | G_O_NOFOLLOW, 0);
    check(OS_CALL(500, fd, "", buf, 10) == 1 && buf[0] == 'a', "readlinkat of the descriptor itself");
    os_close(fd);
    fd = (int)os_open("a", G_O_PATH, 0);
    check_err(OS_CALL(500, fd, "", buf, 10), -EINVAL, "which must be a link");
    os_close(fd);
    os_mkdir("d", 0755);
    fd = (int)os_open("d", G_O_EXEC, 0);
    check_err(OS_CALL(554, fd, buf, sizeof(buf), 0), -EBADF, "a directory open for searching is not read");
    os_close(fd);
    fd = (int)os_open("d", G_O_PATH, 0);
    check(OS_CALL(499, fd, "x", O_WRONLY | O_CREAT, 0644) > fd, "but serves as a place");
    os_close(fd + 1);
    os_close(fd);
}

static void check_names(void)
{
    int  fds[2];
    char name[1100];

    check_err(os_rename(".", "x"), -EINVAL, "rename of .");
    check_err(os_unlink("d"), -EPERM, "unlink of a directory");
    check_err(OS_CALL(205, "a"), -EEXIST, "undelete of what is there");
    check_err(OS_CALL(205, "none"), -ENOENT, "undelete of what is not");
    check_err(OS_CALL(559, AT_FDCWD, "regular", 0100644, 0), -EINVAL, "mknod makes no regular file");
    check_err(OS_CALL(559, AT_FDCWD, "white", G_S_IFWHT | 0644, 0), root ? -EOPNOTSUPP : -EPERM, "mknod of a whiteout");
    if (!root)
        check_err(OS_CALL(559, AT_FDCWD, "none/dev", G_S_IFCHR | 0644, 0), -EPERM, "mknod asks for the right first");
    os_pipe(fds);
    check_err(OS_CALL(568, AT_FDCWD, "a", fds[0], 0), -EINVAL, "funlinkat by a pipe");
    check_err(OS_CALL(568, AT_FDCWD, "d/x", os_open("a", G_O_PATH, 0), 0), -EDEADLK, "funlinkat by another file");
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = 0;
    check_err(os_symlink(name, "long"), -ENAMETOOLONG, "a link's text is a path");
    if (!root)
        check_err(OS_CALL(495, os_open("a", O_RDONLY, 0), "", AT_FDCWD, "hard", G_AT_EMPTY_PATH), -EPERM,
                  "linkat of a descriptor is for the privileged");
}

static void check_descriptors(void)
{
    int fds[2], null = (int)os_open("/dev/null", O_RDWR, 0), value = -1, dir = (int)os_open(".", O_RDONLY, 0);

    check(OS_CALL(95, null) == 0, "fsync of a device");
    check_err(OS_CALL(531, null, 0, 0, 1), ENODEV, "posix_fadvise of a device returns the error");
    os_pipe(fds);
    check_err(OS_CALL(95, fds[0]), -EINVAL, "fsync of a pipe");
    check_err(OS_CALL(531, fds[0], 0, 0, 1), ESPIPE, "posix_fadvise of a pipe");
    check_err(OS_CALL(556, fds[0], buf), -EINVAL, "fstatfs of a pipe");
    check_err(OS_CALL(124, fds[0], 0600), -EINVAL, "fchmod of a pipe");
    check_err(OS_CALL(206, fds[0], 0), -EINVAL, "futimes of a pipe");
    check_err(OS_CALL(13, fds[0]), -EINVAL, "fchdir of a pipe");
    check(OS_CALL(192, fds[0], G_PC_PIPE_BUF) == 512, "a pipe's PIPE_BUF");
    check_err(OS_CALL(192, fds[0], 4), -EINVAL, "a pipe has no NAME_MAX");
    check(OS_CALL(192, null, G_PC_ASYNC_IO) == 200112, "_PC_ASYNC_IO");
    check(OS_CALL(54, dir, G_FIONREAD, &value) == 0 && value > 0, "FIONREAD of a directory is its size");
    check_err(OS_CALL(54, null, G_DIOCGMEDIASIZE, buf), -ENOTTY, "a device's own ioctl");
    os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    check_err(OS_CALL(556, fds[0], buf), -EINVAL, "fstatfs of a socket");
    check(OS_CALL(54, fds[0], G_FIONWRITE, &value) == 0 && value == 0, "FIONWRITE: all is sent");
    check(OS_CALL(54, fds[0], G_FIONSPACE, &value) == 0 && value > 1000, "FIONSPACE: there is room");
    check_err(OS_CALL(54, null, G_FIONSPACE, &value), -ENOTTY, "which only sockets have");
}

struct kinfo {
    int32_t  size, type, fd, refs, flags, pad;
    int64_t  offset;
    int32_t  vnode_type, rest[61];
    uint64_t nlink, fsid, rdev, fileid, bytes;
    char     gap[16];
    uint16_t status;
    char     gap2[30];
    char     path[1024];
};
_Static_assert(sizeof(struct kinfo) == 1392, "struct kinfo_file");

static void check_kinfo(void)
{
    static struct kinfo k;
    char                cwd[1024];
    int                 fd = (int)os_open("a", O_RDWR, 0), fds[2];

    check_err(os_fcntl(fd, 22, (long)&k), -EINVAL, "F_KINFO wants the size");
    k.size = sizeof(k);
    os_lseek(fd, 3, G_SEEK_SET);
    check(os_fcntl(fd, 22, (long)&k) == 0 && k.fd == fd && k.type == 1 && k.vnode_type == 1 && k.offset == 3 &&
              k.bytes == 10 && k.flags == 3 && k.status == 1,
          "and tells about a file");
    os_getcwd(cwd, sizeof(cwd));
    check(!memcmp(k.path, cwd, strlen(cwd)) && !strcmp(k.path + strlen(cwd), "/a"), "with its path");
    os_pipe(fds);
    check(os_fcntl(fds[1], 22, (long)&k) == 0 && k.type == 3 && !k.path[0] && k.flags == 2, "a pipe has none");
    os_rename("a", "b");
    os_link("b", "a");
    os_unlink("b");
    os_unlink("a");
    check(os_fcntl(fd, 22, (long)&k) == 0 && !k.path[0] && k.nlink == 0, "nor has what was removed");
    check_err(os_fcntl(99, 22, (long)&k), -EBADF, "nor has nothing");
    os_close(fd);
    make("a", "0123456789");
}

/* The seventh argument is on the stack, above a return address. */
static long sendfile(int fd, int to, int64_t offset, size_t n, void *hdtr, int64_t *sent, int flags)
{
    register long     r10 __asm__("r10") = (long)n;
    register void    *r8 __asm__("r8") = hdtr;
    register int64_t *r9 __asm__("r9") = sent;
    long              r = 393;
    bool              carry;

    __asm__ volatile("sub $128, %%rsp; push %[flags]; push $0; syscall; lea 144(%%rsp), %%rsp"
                     : "+a"(r), "+d"(offset), "+r"(r10), "+r"(r8), "+r"(r9), "=@ccc"(carry)
                     : "D"((long)fd), "S"((long)to), [flags] "b"((long)flags)
                     : "rcx", "r11", "memory");
    return carry ? -r : r;
}

/* SF_NODISKIO is served from memory, where a file just written is. */
static void check_sendfile(void)
{
    int     fds[2], fd = (int)os_open("a", O_RDONLY, 0);
    int64_t sent = 0;

    os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    check(sendfile(fd, fds[0], 2, 0, 0, &sent, 1) == 0 && sent == 8, "sendfile without the disk");
    check(os_read(fds[1], buf, 100) == 8 && buf[0] == '2', "sends");
    os_close(fds[0]);
    os_close(fds[1]);
    os_close(fd);
}

static void check_holes(void)
{
    int     fd = (int)os_open("holes", O_RDWR | O_CREAT, 0600);
    int64_t at = 0;

    os_pwrite(fd, "x", 1, 1 << 20);
    os_lseek(fd, 5, G_SEEK_SET);
    check(OS_CALL(54, fd, G_FIOSEEKDATA, &at) == 0 && at > 0 && at <= 1 << 20, "FIOSEEKDATA");
    check(OS_CALL(54, fd, G_FIOSEEKHOLE, &at) == 0 && at == (1 << 20) + 1, "FIOSEEKHOLE");
    check(os_lseek(fd, 0, G_SEEK_CUR) == 5, "neither moves the offset");
    os_close(fd);
}

static void check_flags(void)
{
    struct os_stat st;
    long           r = OS_CALL(34, "a", G_UF_NODUMP);

    /* Not every file system has flags. */
    check(r == 0 || r == -EOPNOTSUPP, "chflags nodump");
    check(os_stat("a", &st) == 0 && st.flags == (r == 0 ? G_UF_NODUMP : 0), "and stat tells");
    check(OS_CALL(34, "a", 0) == 0, "chflags of none");
    check_err(OS_CALL(34, "a", G_UF_IMMUTABLE), -EOPNOTSUPP, "uchg has no equal");
    check_err(OS_CALL(391, "link", G_UF_NODUMP), -EOPNOTSUPP, "nor has a link's flag");
}

struct old_stat {
    uint32_t           dev, ino, mode, nlink, uid, gid, rdev, pad;
    struct os_timespec atim, mtim, ctim;
    int64_t            size, blocks;
    uint32_t           blksize, flags, gen, pad1;
    struct os_timespec birthtim;
};

static void check_forms(void)
{
    struct os_stat  st;
    struct old_stat old;
    int             fd = (int)os_open("a", O_RDONLY, 0);

    os_fstat(fd, &st);
    check(st.birthtime.sec == -1 || st.birthtime.sec >= st.mtime.sec - 1000, "a file is as old as it is");
    for (int i = 0; i < 3; i++) {
        long r = OS_CALL(278 + i, i == 1 ? (long)fd : (long)"a", &old);
        check(r == 0 && old.size == 10 && old.ino == (uint32_t)st.ino && old.mode == st.mode &&
                  old.mtim.nsec == st.mtime.nsec,
              "nstat, nfstat, nlstat");
    }
    check(OS_CALL(157, ".", buf) == 0 && buf[104] && buf[120] == '/', "4.x's statfs");
    check(OS_CALL(158, fd, buf) == 0 && buf[104] && buf[120] == '/', "4.x's fstatfs");
    check(OS_CALL(18, buf, 2 * 304, 2) >= 1 && buf[120] == '/', "4.x's getfsstat");
    os_close(fd);
}

static void check_shm(void)
{
    char a[48], b[48];

    print_into(a, sizeof(a), "/bsdfiles-%lx-a", (long)now_ns(CLOCK_REALTIME));
    print_into(b, sizeof(b), "/bsdfiles-%lx-b", (long)now_ns(CLOCK_REALTIME));
    check(OS_CALL(571, a, O_RDWR | O_CREAT, 0600, 0, 0) > 0, "a shared memory object");
    check(OS_CALL(572, a, b, 0) == 0, "shm_rename");
    check_err(OS_CALL(571, a, O_RDWR, 0600, 0, 0), -ENOENT, "the old name is gone");
    check(OS_CALL(572, b, a, 2) == 0, "an exchange with nothing renames");
    check(OS_CALL(571, b, O_RDWR | O_CREAT, 0600, 0, 0) > 0, "another");
    check_err(OS_CALL(572, a, b, 1), -EEXIST, "not over it");
    check_err(OS_CALL(572, a, b, 3), -EINVAL, "one way or the other");
    check(OS_CALL(572, a, b, 2) == 0, "but in exchange");
    check(OS_CALL(483, a) == 0 && OS_CALL(483, b) == 0, "shm_unlink of both");
}

/* Between two file systems, where the host's own call gives up. */
static void check_copy(void)
{
    char    name[64];
    int     in = (int)os_open("big", O_RDWR | O_CREAT, 0600), out;
    int64_t at = 100;
    long    n, total = 0;

    for (int i = 0; i < 100; i++) {
        memset(buf, 'a' + i % 26, 1000);
        os_write(in, buf, 1000);
    }
    print_into(name, sizeof(name), "/dev/shm/bsdfiles-%lx", (long)now_ns(CLOCK_REALTIME));
    out = (int)os_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    os_unlink(name);
    while ((n = OS_CALL(569, in, &at, out, 0, 1 << 20, 0)) > 0)
        total += n;
    check(n == 0 && total == 99900 && at == 100000 && os_lseek(out, 0, G_SEEK_CUR) == 99900, "copy_file_range");
    check(os_pread(out, buf, 2, 99899) == 1 && buf[0] == 'v', "to the last byte");
}

/* What these file systems do not have; but first what is wrong with the file that is named. */
static void check_unsupported(void)
{
    static const int by_path[] = {347, 348, 351, 353, 425, 426, 427, 428}, by_fd[] = {349, 350, 352, 354};
    static uint32_t  acl[1276] = {254};
    bool             missing = true, present = true, descriptor = true, nothing = true;
    int              fd = (int)os_open("a", O_RDONLY, 0);

    for (size_t i = 0; i < sizeof(by_path) / sizeof(*by_path); i++) {
        missing &= OS_CALL(by_path[i], "none", 2, acl) == -ENOENT;
        present &= OS_CALL(by_path[i], "a", 2, acl) == -EOPNOTSUPP;
    }
    for (size_t i = 0; i < sizeof(by_fd) / sizeof(*by_fd); i++) {
        descriptor &= OS_CALL(by_fd[i], fd, 2, acl) == -EOPNOTSUPP;
        nothing &= OS_CALL(by_fd[i], 99, 2, acl) == -EBADF;
    }
    check(missing && nothing, "access control lists of nothing");
    check(present && descriptor, "access control lists of a file");
    check_err(OS_CALL(348, "a", 2, 16), -EFAULT, "a list that is not mapped");
    acl[0] = 7;
    check_err(OS_CALL(348, "a", 2, acl), -EINVAL, "a list of another size");
    check_err(OS_CALL(148, "a", 0, 0, 0), -EOPNOTSUPP, "quotas");
    check_err(OS_CALL(56, "a"), -EINVAL, "revoke is for devices");
    check_err(OS_CALL(56, "none"), -ENOENT, "that are there");
    os_close(fd);
}

struct handle {
    int32_t fsid[2];
    char    fid[20];
};

/* Handles are for the super-user, and not on every file system. */
static void check_handles(void)
{
    struct os_stat st, own;
    struct handle  fh, link;
    int            fd;
    long           r = OS_CALL(161, "a", &fh);

    if (!root) {
        check_err(r, -EPERM, "getfh is not for everybody");
        check_err(OS_CALL(298, &fh, O_RDONLY), -EPERM, "nor is fhopen");
        return;
    }
    if (r == -EOPNOTSUPP || (r == 0 && (fd = (int)OS_CALL(298, &fh, O_RDONLY)) == -EPERM)) {
        print("no handles here\n");
        return;
    }
    check(r == 0, "getfh");
    fd = (int)OS_CALL(298, &fh, O_RDWR);
    check(fd >= 0 && os_read(fd, buf, 3) == 3 && memcmp(buf, "012", 3) == 0, "fhopen");
    os_stat("a", &own);
    check(OS_CALL(553, &fh, &st) == 0 && st.ino == own.ino && st.size == own.size, "fhstat");
    check(OS_CALL(558, &fh, buf) == 0 && memcmp(buf + 192, fh.fsid, 8) == 0, "fhstatfs: the file system's number");
    check(OS_CALL(397, fd, buf + 4096) == 0 && memcmp(buf + 4096 + 192, fh.fsid, 8) == 0, "as fstatfs has");
    check(OS_CALL(160, "link", &link) == 0 && OS_CALL(567, &link, buf, 10) == 1 && buf[0] == 'a', "lgetfh, fhreadlink");
    check_err(OS_CALL(567, &fh, buf, 10), -EINVAL, "fhreadlink of a file");
    check(OS_CALL(565, &fh, "by-handle") == 0 && os_stat("by-handle", &st) == 0 && st.ino == own.ino, "fhlink");
    os_unlink("by-handle");
    check_err(OS_CALL(298, &fh, O_RDWR | O_CREAT), -EINVAL, "fhopen makes nothing");
    memset(&fh, 0x5a, sizeof(fh));
    check_err(OS_CALL(298, &fh, O_RDONLY), -ESTALE, "a handle of nothing");
    os_close(fd);
}

struct inotify_event {
    int32_t  wd;
    uint32_t mask, cookie, len;
    char     name[];
};

static void check_inotify(void)
{
    const struct inotify_event *e = (const void *)buf;
    uint32_t                    flags = O_NONBLOCK;
    int                         fd = (int)OS_CALL(577, 2, &flags, sizeof(flags)), wd;

    check(fd >= 0, "an inotify descriptor");
    wd = (int)OS_CALL(593, fd, AT_FDCWD, "d", 0x100);
    check(wd >= 0, "a watch on a directory");
    make("d/new", "");
    check(os_read(fd, buf, sizeof(buf)) >= 20 && e->wd == wd && e->mask == 0x100 && !strcmp(e->name, "new"),
          "a new name");
    check_err(OS_CALL(593, fd, AT_FDCWD, "none", 0x100), -ENOENT, "no watch on nothing");
    check_err(OS_CALL(593, 0, AT_FDCWD, "d", 0x100), -EINVAL, "nor by another descriptor");
    check(OS_CALL(594, fd, wd) == 0 && os_read(fd, buf, sizeof(buf)) == 16 && e->mask == 0x8000, "the watch is ended");
    check_err(OS_CALL(594, fd, wd), -EINVAL, "once");
    check_err(os_read(fd, buf, sizeof(buf)), -EAGAIN, "nothing more");
    flags = 0x40;
    check_err(OS_CALL(577, 2, &flags, sizeof(flags)), -EINVAL, "unknown flags");
    os_unlink("d/new");
    os_close(fd);
}

static void check_none(void)
{
    struct os_sigaction ignore = {.handler = (void (*)(int, os_siginfo *, void *))1};

    os_sigaction(SIGSYS, &ignore, 0);
    check_err(OS_CALL(8, "new", 0644), -ENOSYS, "4.3BSD's creat is not in this kernel");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    must(os_chdir(argv[argc - 1]), "chdir");
    root = os_getuid() == 0;
    check_open();
    check_names();
    check_descriptors();
    check_kinfo();
    check_sendfile();
    check_holes();
    check_flags();
    check_forms();
    check_shm();
    check_copy();
    check_unsupported();
    check_handles();
    check_inotify();
    check_none();
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
