/*
 * burst: several workers run freely, and what must hold in any order is checked: a descriptor belongs to one of them
 * alone, reaches the file that it was opened for, and one offset that all share gives each record a place of its own.
 */
#include "model/model.h"

#define WORKERS 4
#define ROUNDS  60
#define RECORD  16

struct record {
    uint32_t worker, number, seed, sum;
};

static struct {
    uint32_t seed;
    int      shared;       /* descriptor of the file that all write */
    uint8_t  owner[LIMIT]; /* of each descriptor that is in use in this process */
    uint32_t bad;
} burst;

static uint32_t sum_of(const struct record *r) { return hash_bytes(2166136261u, r, RECORD - 4); }

/* A descriptor that the kernel gave us: nobody has it. */
static void own(int fd, uint8_t who)
{
    if (fd < 0 || fd >= LIMIT || __atomic_exchange_n(&burst.owner[fd], who, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&burst.bad, 1, __ATOMIC_RELAXED);
}

static void give_back(int fd)
{
    __atomic_store_n(&burst.owner[fd], 0, __ATOMIC_SEQ_CST);
    if (os_close(fd))
        __atomic_fetch_add(&burst.bad, 1, __ATOMIC_RELAXED);
}

/* A pipe through which only our own bytes come; one end is duplicated on the way. */
static void own_pipe(uint8_t who, uint32_t n)
{
    uint32_t got = 0;
    int      fds[2], twin;

    if (os_pipe2(fds, O_NONBLOCK)) {
        __atomic_fetch_add(&burst.bad, 1, __ATOMIC_RELAXED);
        return;
    }
    own(fds[0], who);
    own(fds[1], who);
    twin = (int)os_fcntl(fds[1], F_DUPFD_CLOEXEC, 20);
    own(twin, who);
    give_back(fds[1]);
    n = n << 8 | who;
    if (os_write(twin, &n, 4) != 4 || os_read(fds[0], &got, 4) != 4 || got != n)
        __atomic_fetch_add(&burst.bad, 1, __ATOMIC_RELAXED);
    give_back(twin);
    give_back(fds[0]);
}

static void write_record(uint8_t who, uint32_t n)
{
    struct record r = {who, n, burst.seed, 0};

    r.sum = sum_of(&r);
    if (os_write(burst.shared, &r, RECORD) != RECORD)
        __atomic_fetch_add(&burst.bad, 1, __ATOMIC_RELAXED);
}

static long work(void *arg)
{
    const uint8_t who = (uint8_t)(uintptr_t)arg;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        write_record(who, i);
        own_pipe(who, i);
    }
    return 0;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static uint32_t count_records(void)
{
    static uint8_t seen[WORKERS + 1][ROUNDS];
    struct record  r;
    uint32_t       good = 0;

    memset(seen, 0, sizeof(seen));
    for (int64_t at = 0; os_pread(burst.shared, &r, RECORD, at) == RECORD; at += RECORD)
        if (r.sum == sum_of(&r) && r.seed == burst.seed && r.worker <= WORKERS && r.number < ROUNDS)
            good += !seen[r.worker][r.number]++;
    return good;
}

/* Every second worker is a process; they have the owners' list to themselves, like their tables. */
static void run_workers(void)
{
    static struct thread threads[WORKERS];
    long                 pids[WORKERS] = {0};
    int                  status = 0;

    for (uintptr_t i = 0; i < WORKERS; i += 2) {
        pids[i] = must(os_fork(), "fork");
        if (pids[i] == 0) {
            work((void *)(i + 1));
            os_exit(burst.bad != 0);
        }
    }
    for (uintptr_t i = 1; i < WORKERS; i += 2)
        thread_start(&threads[i], work, (void *)(i + 1));
    for (uintptr_t i = 1; i < WORKERS; i += 2)
        thread_join(&threads[i]);
    for (int i = 0; i < WORKERS; i += 2)
        if (os_wait4((int)pids[i], &status, 0, NULL) != pids[i] || status)
            burst.bad++;
}

static uint64_t set_limit(uint64_t to)
{
    uint64_t limit[2], was;

    os_getrlimit(OS_RLIMIT_NOFILE, limit);
    was = limit[0];
    limit[0] = to;
    os_setrlimit(OS_RLIMIT_NOFILE, limit);
    return was;
}

/* With room for all: who would find the table full is not told by the program. */
void op_burst(uint32_t me, const struct op *op)
{
    const int      append = op->arg[1] ? O_APPEND : 0;
    const uint64_t was = set_limit(LIMIT);

    (void)me;
    memset(&burst, 0, sizeof(burst));
    burst.seed = (uint32_t)op->arg[0];
    burst.shared = (int)os_open("burst", O_RDWR | O_CREAT | O_TRUNC | append, 0600);
    if (burst.shared < 0 || burst.shared > LIMIT - 100) {
        say("not opened\n");
        set_limit(was);
        return;
    }
    own(burst.shared, 200);
    run_workers();
    say("%u records, at %ld, ", count_records(), os_lseek(burst.shared, 0, SEEK_CUR));
    os_close(burst.shared);
    os_unlink("burst");
    say("%u bad\n", burst.bad);
    set_limit(was);
}
