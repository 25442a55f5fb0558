/*
 * manyfds N FILES: N descriptors at once, the first ones of them FILES files of their own, the others duplicates.
 * Then holes in all places are filled, lowest first, and all is closed.
 */
#include "sample.h"

enum {
    RLIMIT_NOFILE_ =
#ifdef GUEST_FREEBSD
        8
#else
        7
#endif
};

/* The lowest free number is given, wherever the hole is. */
static void fill_holes(int n)
{
    static const int step[] = {1, 63, 64, 65, 4095, 4096, 4097};
    bool             ok = true;
    int              holes[64], count = 0;

    for (unsigned i = 0; i < sizeof(step) / sizeof(*step); i++)
        for (int fd = 3 + step[i]; fd < n && count < 64; fd += (n / 8 / step[i] + 1) * step[i])
            if (os_close(fd) == 0)
                holes[count++] = fd;
    for (int i = 0; i < count; i++) {
        int at = 0;

        for (int k = 1; k < count; k++)
            if (holes[k] >= 0 && (holes[at] < 0 || holes[k] < holes[at]))
                at = k;
        ok = ok && os_dup(1) == holes[at];
        holes[at] = -1;
    }
    check(ok, "holes are filled from the lowest on");
}

/* From wanted on; at the limit there is none. */
static void from_a_number(int n)
{
    check_err(os_dup(1), -EMFILE, "no descriptor is left");
    check_err(os_fcntl(1, F_DUPFD, n), -EINVAL, "beyond the limit none can be");
    os_close(n - 1);
    os_close(n / 2);
    check(os_fcntl(1, F_DUPFD, n / 2 + 1) == n - 1, "the last one");
    check_err(os_fcntl(1, F_DUPFD, n / 2 + 1), -EMFILE, "none behind the last hole");
    check(os_dup(1) == n / 2, "the hole in the middle");
}

static bool close_all(int n)
{
    bool ok = true;

    for (int fd = n - 1; fd > 2; fd--)
        ok = ok && os_close(fd) == 0;
    return ok;
}

int main(int argc, char **argv, char **envp)
{
    int            n = argc > 1 ? (int)parse_int(argv[1]) : 1000;
    const uint64_t limit[2] = {(uint64_t)n, (uint64_t)n};
    int            files = argc > 2 ? (int)parse_int(argv[2]) : n / 4, fd = 3;

    (void)envp;
    while (os_dup(1) < 2) /* 0 to 2 are open, too */
        ;
    for (int i = 3; i < 1024; i++) /* nothing was inherited */
        os_close(i);
    must(os_setrlimit(RLIMIT_NOFILE_, limit), "setrlimit");
    while (fd < files && os_open(argv[0], O_RDONLY, 0) == fd)
        fd++;
    check(fd == files, "files of their own");
    while (fd < n && os_dup(1) == fd)
        fd++;
    check(fd == n, "and duplicates");
    from_a_number(n);
    fill_holes(n);
    check(close_all(n), "all are closed");
    check(os_dup(1) == 3, "and the table is empty");
    return check_status();
}
