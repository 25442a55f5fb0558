/*
 * append FILE SECONDS append|offset [lose]: 64 threads and 8 processes write records through one open file, by O_APPEND
 * or by the offset that they share, while each reads the file behind the others; every record must be there once and
 * whole.  With "lose" one record is not written: a test of the test.
 */
#include "sample.h"

#define THREADS   64
#define PROCESSES 8
#define WRITERS   (THREADS + PROCESSES)
#define RECORDS   100 /* of each writer in a round */
#define PAD_MAX   400

struct record {
    uint32_t magic, writer, number, len, sum;
    uint8_t  pad[PAD_MAX];
};
#define HEAD 20

static struct {
    const char *path;
    int         fd;
    bool        append, lose;
    uint32_t    round;
} job;

static uint32_t *trouble; /* in memory that the processes share */

static uint32_t sum_of(const struct record *r)
{
    const uint8_t *p = (const uint8_t *)r;
    uint32_t       h = 2166136261u;

    for (uint32_t i = 0; i < HEAD + r->len; i++)
        if (i < 16 || i >= HEAD)
            h = (h ^ p[i]) * 16777619u;
    return h;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void complain(const char *what, uint32_t writer, long r)
{
    if (__atomic_fetch_add(trouble, 1, __ATOMIC_RELAXED) < 10)
        print("FAILED %s, writer %u: %ld %s\n", what, writer, r, r < 0 ? err_name(r) : "");
}

static void make_record(struct record *r, uint32_t writer, uint32_t number, uint32_t *seed)
{
    *r = (struct record){.magic = 0x5ec0de, .writer = writer, .number = number, .len = next_random(seed) % PAD_MAX};
    memset(r->pad, (int)(writer + number), r->len);
    r->sum = sum_of(r);
}

/* ---- reading behind the writers ------------------------------------------------------------------ */

/* The record at *at; false when there is none that is whole yet. */
static bool read_record(int fd, int64_t *at, struct record *r, bool *bad)
{
    const long n = os_pread(fd, r, sizeof(*r), *at);

    *bad = false;
    if (n < HEAD || (r->magic == 0x5ec0de && n < (long)(HEAD + r->len)))
        return false;
    *bad = r->magic != 0x5ec0de || r->len >= PAD_MAX || r->sum != sum_of(r);
    *at += HEAD + r->len;
    return !*bad;
}

static void look(int fd, int64_t *at, uint32_t writer)
{
    struct record r;
    bool          bad = false;

    for (int i = 0; i < 20 && read_record(fd, at, &r, &bad); i++)
        ;
    if (bad)
        complain("a torn record was read", writer, *at);
}

/* ---- writing ---------------------------------------------------------------------------------------- */

/* What reading and seeking through the shared descriptor must not disturb. */
static void disturb(uint32_t *seed)
{
    char few[64];

    os_lseek(job.fd, next_random(seed) % 4096, SEEK_SET);
    os_read(job.fd, few, sizeof(few));
}

static long work(void *arg)
{
    const uint32_t writer = (uint32_t)(uintptr_t)arg;
    uint32_t       seed = job.round * 1000 + writer;
    const int      own = (int)must(os_open(job.path, O_RDONLY, 0), job.path);
    int64_t        at = 0;

    for (uint32_t i = 0; i < RECORDS; i++) {
        struct record r;
        long          n;

        make_record(&r, writer, i, &seed);
        if (job.lose && writer == 7 && i == 50)
            continue;
        n = os_write(job.fd, &r, HEAD + r.len);
        if (n != (long)(HEAD + r.len))
            complain("a record was not written whole", writer, n);
        if (job.append && i % 8 == 0)
            disturb(&seed);
        if (i % 4 == 0)
            look(own, &at, writer);
    }
    os_close(own);
    return 0;
}

static void run_writers(void)
{
    static struct thread threads[THREADS];
    long                 pids[PROCESSES];
    int                  status;

    for (uintptr_t i = 0; i < PROCESSES; i++) {
        pids[i] = must(os_fork(), "fork");
        if (pids[i] == 0) {
            work((void *)(THREADS + i));
            os_exit(0);
        }
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        thread_start(&threads[i], work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    for (int i = 0; i < PROCESSES; i++)
        if (os_wait4((int)pids[i], &status, 0, NULL) != pids[i] || status)
            complain("a process ended badly", (uint32_t)i, status);
}

/* ---- what came of a round ------------------------------------------------------------------------------ */

static void count(void)
{
    static uint8_t seen[WRITERS][RECORDS];
    struct record  r;
    struct os_stat st;
    int64_t        at = 0;
    uint32_t       n = 0;
    bool           bad;

    memset(seen, 0, sizeof(seen));
    while (read_record(job.fd, &at, &r, &bad) && r.writer < WRITERS && r.number < RECORDS) {
        if (seen[r.writer][r.number]++)
            complain("a record is there twice", r.writer, r.number);
        n++;
    }
    os_fstat(job.fd, &st);
    if (n != WRITERS * RECORDS || at != st.size)
        complain("records are lost or torn; there are", n, at);
}

int main(int argc, char **argv, char **envp)
{
    int64_t end;

    (void)envp;
    if (argc < 4) {
        print("usage: append FILE SECONDS append|offset [lose]\n");
        return 2;
    }
    trouble = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    job.path = argv[1];
    job.append = strcmp(argv[3], "append") == 0;
    job.lose = argc > 4;
    end = now_ns(CLOCK_MONOTONIC) + parse_int(argv[2]) * NSEC_PER_SEC;
    job.fd = (int)must(os_open(job.path, O_RDWR | O_CREAT | O_TRUNC | (job.append ? O_APPEND : 0), 0600), job.path);
    do {
        run_writers();
        count();
        os_ftruncate(job.fd, 0);
        os_lseek(job.fd, 0, SEEK_SET);
        job.round++;
    } while (!*trouble && now_ns(CLOCK_MONOTONIC) < end);
    print("%u rounds of %u records, %u in trouble\n", job.round, WRITERS * RECORDS, *trouble);
    return *trouble != 0;
}
