/* dirs DIR: a directory of many names, read in pieces, from any place, while it changes. */
#include "sample.h"

#define FILES 3000

static char buf[32768];
static bool seen[FILES];
static int  fd;

/* What of the file names "f-NNNN" one call gives; every cookie goes to cookies, when there is room. */
static int read_piece(size_t size, int64_t *cookies, int *n)
{
    long got = os_getdents(fd, buf, size);
    int  first = -1;

    for (long at = 0; at < got;) {
        const struct os_dirent *d = (const struct os_dirent *)(buf + at);
        const char             *name = os_dirent_name(d);

        if (name[0] == 'f') {
            int i = (int)parse_int(name + 2);

            seen[i] = true;
            if (first < 0)
                first = i;
        }
        if (cookies)
            cookies[(*n)++] = d->off;
        at += d->reclen;
    }
    return got < 0 ? (int)got : got == 0 ? -1000 : first;
}

static int read_all(size_t size)
{
    int r, n = 0;

    memset(seen, 0, sizeof(seen));
    while ((r = read_piece(size, 0, 0)) >= -1)
        ;
    for (int i = 0; i < FILES; i++)
        n += seen[i];
    return r == -1000 ? n : r;
}

static void check_sizes(void)
{
    static const size_t sizes[] = {512, 1000, 4096, 32768};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        check(os_lseek(fd, 0, 0) == 0 && read_all(sizes[i]) == FILES, "each name once through, whatever the buffer");
    }
    check(os_getdents(fd, buf, sizeof(buf)) == 0, "the end stays the end");
    os_lseek(fd, 0, 0);
    check_err(os_getdents(fd, buf, 8), -EINVAL, "a buffer that holds no name");
    check(read_all(4096) == FILES, "costs none");
    check_err(os_getdents(fd, (void *)16, 4096), 0, "nothing to copy at the end");
    os_lseek(fd, 0, 0);
    check_err(os_getdents(fd, (void *)16, 4096), -EFAULT, "a buffer that is not mapped");
    check(read_all(4096) == FILES, "costs none either");
}

/* Back to any entry by the cookie of the one before it. */
static void check_cookies(void)
{
    static int64_t cookies[FILES + 2];
    int            n = 0, same = 0, tried = 0, r;

    os_lseek(fd, 0, 0);
    do
        r = read_piece(4096, cookies, &n);
    while (r >= -1);
    check(n == FILES + 2, "every entry has a cookie");
    for (int i = 100; i < n - 100; i += 371) {
        int here, again;

        os_lseek(fd, cookies[i], 0);
        here = read_piece(600, 0, 0);
        os_lseek(fd, cookies[i + 40], 0);
        read_piece(600, 0, 0);
        os_lseek(fd, cookies[i], 0);
        again = read_piece(600, 0, 0);
        tried++;
        same += here == again && here >= 0;
    }
    check(tried > 5 && same == tried, "a cookie leads back to its place");
    os_lseek(fd, cookies[n - 1], 0);
    check(os_getdents(fd, buf, sizeof(buf)) == 0, "the last one to the end");
}

static void check_sharing(void)
{
    int copy = (int)os_dup(fd), other = (int)os_open("d", O_RDONLY, 0), n;

    os_lseek(fd, 0, 0);
    read_piece(4096, 0, 0);
    check(os_lseek(copy, 0, 1) == os_lseek(fd, 0, 1) && os_lseek(fd, 0, 1) != 0, "a duplicate shares the place");
    check(os_lseek(other, 0, 1) == 0, "another open does not");
    memset(seen, 0, sizeof(seen));
    if (os_fork() == 0) {
        read_piece(4096, 0, 0);
        os_exit(0);
    }
    os_wait4(-1, &n, 0, 0);
    check(read_all(4096) < FILES - 100, "and so does a child");
    os_close(copy);
    os_close(other);
}

static void check_changes(void)
{
    char name[32];
    int  left = 0;

    os_lseek(fd, 0, 0);
    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < FILES; i++) {
        print_into(name, sizeof(name), "d/f-%d", i);
        if (i % 3 == 0)
            os_unlink(name);
        if (i % 100 == 0)
            read_piece(1024, 0, 0);
    }
    while (read_piece(1024, 0, 0) >= -1)
        ;
    for (int i = 0; i < FILES; i++)
        left += i % 3 != 0 && seen[i];
    check(left == FILES - FILES / 3, "what stays is seen, whatever goes meanwhile");
}

int main(int argc, char **argv, char **envp)
{
    char name[32];

    (void)envp;
    must(os_chdir(argv[argc - 1]), "chdir");
    must(os_mkdir("d", 0755), "mkdir");
    for (int i = 0; i < FILES; i++) {
        print_into(name, sizeof(name), "d/f-%d", i);
        os_close((int)must(os_open(name, O_WRONLY | O_CREAT, 0600), name));
    }
    fd = (int)must(os_open("d", O_RDONLY | O_DIRECTORY, 0), "open");
    check_err(os_read(fd, buf, 100), -EISDIR, "a directory is not read as a file");
    check_err(os_write(fd, buf, 100), -EBADF, "nor written");
    check_sizes();
    check_cookies();
    check_sharing();
    check_changes();
    return check_status();
}
