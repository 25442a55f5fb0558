/* copy FROM TO: a copy tool; keeps the mode, refuses to overwrite itself, and says what it copied. */
#include "sample.h"

static char buf[8192];

static int fail(const char *what, const char *name, long err)
{
    print("copy: %s %s: %s\n", what, name, err_name(err));
    return 1;
}

static long copy_bytes(int in, int out)
{
    long total = 0, n;

    while ((n = os_read(in, buf, sizeof(buf))) > 0)
        for (long done = 0; done < n;) {
            long w = os_write(out, buf + done, (size_t)(n - done));
            if (w < 0)
                return w;
            done += w;
            total += w;
        }
    return n < 0 ? n : total;
}

int main(int argc, char **argv, char **envp)
{
    struct os_stat from, to;
    long           r, n;
    int            in, out;

    (void)envp;
    if (argc != 3) {
        print("usage: copy FROM TO\n");
        return 2;
    }
    if ((in = (int)os_open(argv[1], O_RDONLY, 0)) < 0)
        return fail("open", argv[1], in);
    if ((r = os_fstat(in, &from)) < 0)
        return fail("fstat", argv[1], r);
    if (os_stat(argv[2], &to) == 0 && to.dev == from.dev && to.ino == from.ino) {
        print("copy: %s and %s are the same file\n", argv[1], argv[2]);
        return 1;
    }
    os_umask(0);
    if ((out = (int)os_open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, from.mode & 0777)) < 0)
        return fail("create", argv[2], out);
    if ((n = copy_bytes(in, out)) < 0)
        return fail("copy", argv[2], n);
    if ((r = os_fstat(out, &to)) < 0)
        return fail("fstat", argv[2], r);
    print("%ld bytes, mode %o, size %ld\n", n, to.mode & 07777u, (long)to.size);
    return n != to.size;
}
