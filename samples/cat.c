/* cat [FILE...]: copies files, or standard input, to standard output. */
#include "sample.h"

static char buf[65536];

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        long r = os_write(fd, p, n);
        if (r < 0)
            return (int)r;
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

static int cat(int fd, const char *name)
{
    long n;

    while ((n = os_read(fd, buf, sizeof(buf))) > 0)
        if ((n = write_all(1, buf, (size_t)n)) < 0)
            break;
    if (n < 0)
        print_to(2, "cat: %s: %s\n", name, err_name(n));
    return n < 0;
}

int main(int argc, char **argv, char **envp)
{
    int bad = 0;

    (void)envp;
    if (argc == 1)
        return cat(0, "standard input");
    for (int i = 1; i < argc; i++) {
        int fd = (int)os_open(argv[i], O_RDONLY, 0);
        if (fd < 0) {
            print_to(2, "cat: %s: %s\n", argv[i], err_name(fd));
            bad = 1;
            continue;
        }
        bad |= cat(fd, argv[i]);
        os_close(fd);
    }
    return bad;
}
