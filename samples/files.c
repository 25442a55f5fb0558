/* files DIR: descriptors, offsets, names and directories in an empty directory that it may write. */
#include "sample.h"

static char buf[4096];

static void check_descriptors(void)
{
    int a = (int)os_open("a", O_RDWR | O_CREAT | O_EXCL, 0644), b, c;

    check(a == 3, "the lowest free descriptor is taken");
    check_err(os_open("a", O_RDWR | O_CREAT | O_EXCL, 0644), -EEXIST, "O_EXCL on a file that is there");
    check(os_write(a, "0123456789", 10) == 10, "write");
    b = (int)os_dup(a);
    c = (int)os_open("a", O_RDONLY | O_CLOEXEC, 0);
    check(b == 4 && c == 5, "dup and open give the next numbers");
    check(os_lseek(b, 0, SEEK_CUR) == 10, "dup shares the offset");
    check(os_lseek(c, 0, SEEK_CUR) == 0, "open does not");
    check(os_lseek(a, 3, SEEK_SET) == 3 && os_read(b, buf, 2) == 2 && buf[0] == '3', "a seek is seen through the dup");
    check(os_fcntl(a, F_GETFD, 0) == 0 && os_fcntl(c, F_GETFD, 0) == FD_CLOEXEC, "close-on-exec belongs to the number");
    check(os_fcntl(b, F_SETFL, O_APPEND) == 0 && (os_fcntl(a, F_GETFL, 0) & O_APPEND),
          "status flags are shared by dup");
    check(os_lseek(a, 0, SEEK_SET) == 0 && os_write(a, "A", 1) == 1 && os_lseek(a, 0, SEEK_CUR) == 11,
          "O_APPEND writes at the end");
    check(os_dup2(a, 20) == 20 && os_close(a) == 0 && os_lseek(20, 0, SEEK_CUR) == 11, "dup2 outlives the original");
    check(os_fcntl(20, F_DUPFD, 30) == 30, "F_DUPFD takes the lowest from a number on");
    check_err(os_close(a), -EBADF, "close twice");
    check_err(os_read(a, buf, 1), -EBADF, "read of a closed descriptor");
    check_err(os_write(c, buf, 1), -EBADF, "write to a read-only descriptor");
    check(os_open("a", O_RDONLY, 0) == 3, "a freed number is used again");
    check_err(os_lseek(3, -1, SEEK_SET), -EINVAL, "negative offset");
    check(os_lseek(3, 5, SEEK_END) == 16 && os_read(3, buf, 10) == 0, "a read beyond the end is empty");
    check_err(os_read(3, (void *)16, 10), 0, "nothing read at the end, whatever the buffer");
    check(os_lseek(3, 0, SEEK_SET) == 0, "rewind");
    check_err(os_read(3, (void *)16, 10), -EFAULT, "a buffer that is not mapped");
    check(os_lseek(3, 0, SEEK_CUR) == 0, "the failed read left the offset alone");
}

static void check_positioned(void)
{
    struct os_iovec iov[3] = {{buf, 2}, {buf + 10, 0}, {buf + 20, 4}};
    int             fd = (int)os_open("p", O_RDWR | O_CREAT, 0600);

    check(os_pwrite(fd, "hello", 5, 100) == 5 && os_lseek(fd, 0, SEEK_CUR) == 0, "pwrite leaves the offset");
    check(os_pread(fd, buf, 10, 98) == 7 && memcmp(buf, "\0\0hello", 7) == 0, "a hole reads as zeros");
    check(os_lseek(fd, 100, SEEK_SET) == 100 && os_readv(fd, iov, 3) == 5 && memcmp(buf, "he", 2) == 0 &&
              memcmp(buf + 20, "llo", 3) == 0,
          "readv");
    check_err(os_readv(fd, iov, -1), -EINVAL, "readv of a negative count");
    check(os_ftruncate(fd, 3) == 0 && os_lseek(fd, 0, SEEK_END) == 3, "ftruncate");
    os_close(fd);
}

static int count_entries(const char *path, bool *dots)
{
    int  fd = (int)os_open(path, O_RDONLY | O_DIRECTORY, 0), n = 0;
    long got;

    while ((got = os_getdents(fd, buf, sizeof(buf))) > 0)
        for (long at = 0; at < got;) {
            const struct os_dirent *d = (const struct os_dirent *)(buf + at);
            *dots |= strcmp(os_dirent_name(d), "..") == 0;
            n++;
            at += d->reclen;
        }
    os_close(fd);
    return got < 0 ? -1 : n;
}

static void check_names(void)
{
    struct os_stat st;
    bool           dots = false;
    char           name[32];

    check(os_mkdir("d", 0755) == 0, "mkdir");
    check_err(os_mkdir("d", 0755), -EEXIST, "mkdir again");
    for (int i = 0; i < 200; i++) {
        print_into(name, sizeof(name), "d/file-number-%03d", i);
        os_close((int)must(os_open(name, O_WRONLY | O_CREAT, 0644), "create"));
    }
    check(count_entries("d", &dots) == 202 && dots, "a directory of 200 files lists them all");
    check_err(os_rmdir("d"), -ENOTEMPTY, "rmdir of a full directory");
    check(os_rename("d/file-number-007", "moved") == 0, "rename");
    check_err(os_stat("d/file-number-007", &st), -ENOENT, "the old name is gone");
    check(os_symlink("moved", "link") == 0 && os_readlink("link", buf, sizeof(buf)) == 5 &&
              memcmp(buf, "moved", 5) == 0,
          "symlink and readlink");
    check(os_lstat("link", &st) == 0 && (st.mode & 0170000) == 0120000, "lstat sees the link");
    check(os_stat("link", &st) == 0 && (st.mode & 0170000) == 0100000, "stat follows it");
    check(os_link("moved", "hard") == 0 && os_stat("hard", &st) == 0 && st.nlink == 2, "a hard link counts");
    check(os_chmod("hard", 0400) == 0 && os_stat("moved", &st) == 0 && (st.mode & 07777) == 0400,
          "chmod is seen through both names");
    check_err(os_open("moved/x", O_RDONLY, 0), -ENOTDIR, "a file is no directory");
    check_err(os_open("d", O_WRONLY, 0), -EISDIR, "a directory is not for writing");
    check(os_symlink("loop", "loop") == 0, "a link to itself");
    check_err(os_open("loop", O_RDONLY, 0), -ELOOP, "and opening it");
    check_err(os_open((const char *)16, O_RDONLY, 0), -EFAULT, "a path that is not mapped");
    check_err(os_access("none", 0), -ENOENT, "access of nothing");
    check(os_access("moved", 4) == 0, "access for reading");
}

static void check_cwd(void)
{
    char before[1024], after[1024];

    check(os_getcwd(before, sizeof(before)) == 0, "getcwd");
    check(os_chdir("d") == 0 && os_getcwd(after, sizeof(after)) == 0, "chdir");
    check(memcmp(before, after, strlen(before)) == 0 && strcmp(after + strlen(before), "/d") == 0,
          "the working directory is the new one");
    check(os_open("file-number-001", O_RDONLY, 0) > 0, "relative names follow it");
    check(os_chdir("..") == 0, "and back");
}

static void check_pipe(void)
{
    int fds[2];

    check(os_pipe(fds) == 0 && fds[0] != fds[1], "pipe");
    check(os_write(fds[1], "abc", 3) == 3 && os_read(fds[0], buf, 100) == 3, "a pipe carries bytes");
    check_err(os_lseek(fds[0], 0, SEEK_SET), -ESPIPE, "a pipe has no offset");
    os_fcntl(fds[0], F_SETFL, O_NONBLOCK);
    check_err(os_read(fds[0], buf, 1), -EAGAIN, "an empty pipe would block");
    os_close(fds[1]);
    check(os_read(fds[0], buf, 1) == 0, "no writer: end of file");
    os_close(fds[0]);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc != 2) {
        print("usage: files DIR\n");
        return 2;
    }
    must(os_chdir(argv[1]), argv[1]);
    check_descriptors();
    check_positioned();
    check_names();
    check_cwd();
    check_pipe();
    return check_status();
}
