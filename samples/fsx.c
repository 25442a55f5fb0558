/*
 * fsx FILE SEED OPERATIONS SECONDS [break]: one file, changed and read in every way at random places, against a copy of
 * it in memory, until there were so many operations or so much time has passed.  Prints what was done when they part.
 * With "break" a byte is changed behind its back: a test of the test.
 */
#include "sample.h"

#define LENGTH_MAX (256 * 1024)
#define PART_MAX   (48 * 1024)
#define PAGE       4096
#define HISTORY    24

static unsigned char good[LENGTH_MAX], part[PART_MAX + PAGE];
static int64_t       size;
static int           fd, appender; /* two open files of it, the other by O_APPEND */
static const char   *path;
static char          history[HISTORY][80];
static uint64_t      rng, done;

static uint64_t chance(uint64_t below)
{
    rng ^= rng >> 12; /* xorshift64* */
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return (rng * 0x2545f4914f6cdd1dull >> 33) % below;
}

static void note(const char *what, int64_t at, int64_t n)
{
    print_into(history[done % HISTORY], sizeof(history[0]), "%lu: %s at %ld, %ld bytes, size %ld", (unsigned long)done,
               what, (long)at, (long)n, (long)size);
}

static _Noreturn void fail(const char *what, int64_t got, int64_t want)
{
    for (uint64_t i = done < HISTORY ? 0 : done - HISTORY + 1; i <= done; i++)
        print("%s\n", history[i % HISTORY]);
    print("FAILED %s: %ld, not %ld\n", what, (long)got, (long)want);
    os_exit(1);
}

static void want(int64_t got, int64_t value, const char *what)
{
    if (got != value)
        fail(what, got, value);
}

static void same(const unsigned char *have, int64_t at, int64_t n, const char *what)
{
    if (memcmp(have, good + at, (size_t)n) == 0)
        return;
    for (int64_t i = 0; i < n; i++)
        if (have[i] != good[at + i])
            fail(what, have[i] << 24 | (at + i), good[at + i] << 24 | (at + i));
}

/* ---- places ------------------------------------------------------------------------------------ */

static int64_t any_length(int64_t room)
{
    const int64_t n = chance(4) ? (int64_t)chance(PART_MAX) : (int64_t)chance(200);

    return n < room ? n : room;
}

static int64_t any_place(int64_t below)
{
    return below > 0 ? (int64_t)chance((uint64_t)below) & (chance(4) ? -1 : -PAGE) : 0;
}

static void fill(int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        part[i] = (unsigned char)(done * 7 + (uint64_t)i) | 1;
}

/* The copy, after bytes were written. */
static void written(int64_t at, int64_t n)
{
    memcpy(good + at, part, (size_t)n);
    if (at + n > size)
        size = at + n;
}

static void zeroed(int64_t from, int64_t to)
{
    if (to > from)
        memset(good + from, 0, (size_t)(to - from));
}

/* ---- operations ---------------------------------------------------------------------------------- */

static void do_read(void)
{
    const int64_t at = any_place(LENGTH_MAX), n = any_length(PART_MAX), left = at < size ? size - at : 0;
    const int64_t expect = n < left ? n : left;

    note("read", at, n);
    want(os_lseek(fd, at, SEEK_SET), at, "lseek");
    want(os_read(fd, part, (size_t)n), expect, "read");
    want(os_lseek(fd, 0, SEEK_CUR), at + expect, "offset after read");
    same(part, at, expect, "bytes read");
}

static void do_readv(void)
{
    const int64_t   at = any_place(size), n = any_length(size - at), cut = n / 3;
    struct os_iovec v[3] = {{part, (size_t)cut}, {part + cut, 0}, {part + cut, (size_t)(n - cut)}};

    note("preadv", at, n);
    want(os_preadv(fd, v, 3, at), n, "preadv");
    same(part, at, n, "bytes read by preadv");
}

static void do_write(void)
{
    const int64_t at = any_place(LENGTH_MAX), n = any_length(LENGTH_MAX - at);

    note("write", at, n);
    fill(n);
    want(os_lseek(fd, at, SEEK_SET), at, "lseek");
    want(os_write(fd, part, (size_t)n), n, "write");
    want(os_lseek(fd, 0, SEEK_CUR), at + n, "offset after write");
    if (n)
        written(at, n);
}

static void do_pwritev(void)
{
    const int64_t   at = any_place(LENGTH_MAX), n = any_length(LENGTH_MAX - at), cut = n / 2;
    struct os_iovec v[2] = {{part, (size_t)cut}, {part + cut, (size_t)(n - cut)}};

    note("pwritev", at, n);
    fill(n);
    want(os_pwritev(fd, v, 2, at), n, "pwritev");
    if (n)
        written(at, n);
}

static void do_append(void)
{
    const int64_t at = size, n = any_length((LENGTH_MAX - size) / 4);

    note("append", at, n);
    fill(n);
    want(os_write(appender, part, (size_t)n), n, "append");
    if (n)
        written(at, n);
    want(n ? os_lseek(appender, 0, SEEK_CUR) : size, size, "offset after append");
}

static unsigned char *map(int64_t at, int64_t n, int64_t *within)
{
    unsigned char *p;

    *within = at % PAGE;
    p = os_mmap(0, (size_t)(n + *within), PROT_READ | PROT_WRITE, MAP_SHARED, fd, at - *within);
    if ((long)p < 0 && (long)p > -4096)
        fail("mmap", (long)p, 0);
    return p;
}

static void do_mapread(void)
{
    const int64_t  at = any_place(size), n = any_length(size - at);
    int64_t        within;
    unsigned char *p;

    note("mapread", at, n);
    if (!n)
        return;
    p = map(at, n, &within);
    same(p + within, at, n, "bytes mapped");
    os_munmap(p, (size_t)(n + within));
}

static void do_mapwrite(void)
{
    const int64_t  at = any_place(size), n = any_length(size - at);
    int64_t        within;
    unsigned char *p;

    note("mapwrite", at, n);
    if (!n)
        return;
    p = map(at, n, &within);
    fill(n);
    memcpy(p + within, part, (size_t)n);
    written(at, n);
    if (chance(3) == 0)
        want(os_msync(p, (size_t)(n + within)), 0, "msync");
    os_munmap(p, (size_t)(n + within));
}

static void do_truncate(void)
{
    const int64_t to = chance(12) ? any_place(LENGTH_MAX) : 0;

    note("truncate", to, 0);
    want(chance(2) ? os_ftruncate(fd, to) : os_truncate(path, to), 0, "truncate");
    zeroed(to < size ? to : size, to < size ? size : to);
    size = to;
}

static void do_punch(void)
{
    const int64_t at = any_place(size), n = any_length(size - at);

    note("punch", at, n);
    if (!n)
        return;
    want(os_punch(fd, at, n), 0, "punch");
    zeroed(at, at + n);
}

/* What the kernel calls a hole is zero, and beyond the end there is nothing. */
static void do_holes(void)
{
    const int64_t at = any_place(size), data = os_lseek(fd, at, SEEK_DATA), hole = os_lseek(fd, at, SEEK_HOLE);

    note("holes", at, 0);
    want(os_lseek(fd, 0, SEEK_END), size, "the end");
    want(os_lseek(fd, size, SEEK_DATA), -ENXIO, "data at the end");
    if (at >= size)
        return;
    if (hole < at || hole > size || (data < at && data != -ENXIO))
        fail("a hole", hole, data);
    for (int64_t i = at; i < (data < 0 ? size : data); i++)
        if (good[i])
            fail("data in a hole", i, data);
}

static void do_reopen(void)
{
    note("reopen", 0, 0);
    if (chance(2))
        want(os_fsync(fd), 0, "fsync");
    want(os_close(fd), 0, "close");
    fd = (int)os_open(path, O_RDWR, 0);
    want(fd >= 0, 1, "open");
}

static void do_whole(void)
{
    struct os_stat st;

    note("whole", 0, size);
    want(os_fstat(fd, &st), 0, "fstat");
    want(st.size, size, "the size");
    for (int64_t at = 0; at < size; at += PART_MAX) {
        const int64_t n = size - at < PART_MAX ? size - at : PART_MAX;

        want(os_pread(fd, part, (size_t)n, at), n, "pread");
        same(part, at, n, "bytes of the whole");
    }
}

/* ---- all of it -------------------------------------------------------------------------------------- */

static void step(void)
{
    static void (*const operations[])(void) = {
        do_read,    do_read,     do_readv,    do_write, do_write, do_pwritev, do_append,
        do_mapread, do_mapwrite, do_truncate, do_punch, do_holes, do_whole,
    };

    operations[chance(sizeof(operations) / sizeof(*operations))]();
    done++;
    if (chance(200) == 0)
        do_reopen();
}

int main(int argc, char **argv, char **envp)
{
    uint64_t limit;
    int64_t  end;

    (void)envp;
    if (argc < 5) {
        print("usage: fsx FILE SEED OPERATIONS SECONDS [break]\n");
        return 2;
    }
    path = argv[1];
    rng = (uint64_t)parse_int(argv[2]) * 0x9e3779b97f4a7c15ull + 1;
    limit = (uint64_t)parse_int(argv[3]);
    end = now_ns(CLOCK_MONOTONIC) + parse_int(argv[4]) * NSEC_PER_SEC;
    fd = (int)must(os_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), path);
    appender = (int)must(os_open(path, O_WRONLY | O_APPEND, 0), path);
    while (done < limit && (done % 64 || now_ns(CLOCK_MONOTONIC) < end)) {
        step();
        if (argc > 5 && done % 1000 == 0 && size > 0)
            os_pwrite(fd, good[size / 2] ? "" : "x", 1, size / 2);
    }
    do_whole();
    print("%lu operations\n", (unsigned long)done);
    return 0;
}
