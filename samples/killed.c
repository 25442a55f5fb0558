/*
 * killed DIR: processes that write through one open file are killed at any moment.  What they had written and synced is
 * there, no record is torn, and the others go on: no lock is left behind.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum { NR_fsync = 95, NR_flock = 131 };
#else
enum { NR_fsync = 74, NR_flock = 73 };
#endif

enum { WRITERS = 4, KILLS = 40, LIVES = WRITERS + KILLS, RECORDS = 20000, LOCK_EX = 2, LOCK_NB = 4 };

struct record {
    uint32_t magic, life, seq, sum;
    uint32_t body[28];
};
_Static_assert(sizeof(struct record) == 128, "no record crosses a page");

/* What all processes see: the last record of each life that was synced, and when it is time to end. */
static struct shared {
    volatile uint32_t synced[LIVES], stop;
} * both;

static uint8_t *seen[LIVES]; /* how often each record was found */

static uint32_t sum_of(const struct record *r)
{
    uint32_t sum = r->magic ^ r->life * 2654435761u ^ r->seq;

    for (int i = 0; i < 28; i++)
        sum = sum * 31 + r->body[i];
    return sum;
}

static struct record record_make(uint32_t life, uint32_t seq)
{
    struct record r = {.magic = 0x4b494c4c, .life = life, .seq = seq};

    for (uint32_t i = 0; i < 28; i++)
        r.body[i] = life * 1000 + seq + i;
    r.sum = sum_of(&r);
    return r;
}

/* ---- the writers -------------------------------------------------------------------------------- */

static _Noreturn void write_on(int fd, uint32_t life)
{
    for (uint32_t seq = 1; seq < RECORDS && !both->stop; seq++) {
        const struct record r = record_make(life, seq);

        if (os_write(fd, &r, sizeof(r)) != sizeof(r))
            os_exit(1);
        if (seq % 8 == 0 && OS_CALL(NR_fsync, fd) == 0)
            both->synced[life] = seq;
    }
    os_exit(0);
}

static long writer_start(int fd, uint32_t life)
{
    const long pid = must(os_fork(), "fork");

    if (pid == 0)
        write_on(fd, life);
    return pid;
}

/* True when all that ended did so as they should. */
static bool run_writers(int fd)
{
    long     pid[WRITERS];
    uint32_t life = 0, random = 1;
    bool     good = true;
    int      status;

    for (int i = 0; i < WRITERS; i++)
        pid[i] = writer_start(fd, life++);
    while (life < LIVES) {
        const int i = (int)((random = random * 1103515245 + 12345) >> 16) % WRITERS;

        sleep_ms(1 + (long)(random >> 8 & 7));
        os_kill((int)pid[i], SIGKILL);
        good &= os_wait4((int)pid[i], &status, 0, 0) == pid[i] && (os_wtermsig(status) == SIGKILL || status == 0);
        pid[i] = writer_start(fd, life++);
    }
    both->stop = 1;
    for (int i = 0; i < WRITERS; i++)
        good &= os_wait4((int)pid[i], &status, 0, 0) == pid[i] && status == 0;
    return good;
}

/* ---- what they left ------------------------------------------------------------------------------- */

static bool record_count(const struct record *r)
{
    if (r->magic != 0x4b494c4c || r->life >= LIVES || r->seq >= RECORDS || r->sum != sum_of(r))
        return false;
    seen[r->life][r->seq]++;
    return true;
}

/* How many records are torn; -1: the file has a part of one. */
static long read_back(int fd)
{
    static struct record r[256];
    long                 torn = 0, n;

    os_lseek(fd, 0, SEEK_SET);
    while ((n = os_read(fd, r, sizeof(r))) > 0) {
        if (n % (long)sizeof(*r))
            return -1;
        for (long i = 0; i < n / (long)sizeof(*r); i++)
            torn += !record_count(&r[i]);
    }
    return torn;
}

static void count_records(bool *lost, bool *twice)
{
    for (uint32_t life = 0; life < LIVES; life++)
        for (uint32_t seq = 1; seq < RECORDS; seq++) {
            *lost |= seq <= both->synced[life] && !seen[life][seq];
            *twice |= seen[life][seq] > 1;
        }
}

static void check_writers(const char *name, int flags)
{
    bool      lost = false, twice = false;
    const int fd = (int)must(os_open(name, O_RDWR | O_CREAT | O_TRUNC | flags, 0644), "open");
    const int other = (int)must(os_open(name, O_RDWR, 0), "open again");

    memset(both, 0, sizeof(*both));
    memset(seen[0], 0, (size_t)LIVES * RECORDS);
    print("%s\n", name);
    check(OS_CALL(NR_flock, other, LOCK_EX) == 0 && run_writers(fd), "writers are killed, others go on and end well");
    check(os_write(fd, "", 0) == 0 && os_lseek(fd, 0, SEEK_CUR) >= 0, "no lock is left");
    check(read_back(fd) == 0, "no record is torn");
    count_records(&lost, &twice);
    check(!lost, "what was synced is there");
    check(!twice, "nothing is there twice");
    os_close(fd);
    os_close(other);
}

/* A lock on a file goes with the process that is killed. */
static void check_lock(void)
{
    const int  fd = (int)must(os_open("lock", O_RDWR | O_CREAT, 0644), "open");
    const long pid = must(os_fork(), "fork");
    int        status;

    if (pid == 0) {
        const int own = (int)os_open("lock", O_RDWR, 0);

        OS_CALL(NR_flock, own, LOCK_EX);
        both->stop = 2;
        sleep_ms(100000);
    }
    while (both->stop != 2)
        os_yield();
    check_err(OS_CALL(NR_flock, fd, LOCK_EX | LOCK_NB), -EAGAIN, "a lock that another process holds");
    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, &status, 0, 0);
    check_err(OS_CALL(NR_flock, fd, LOCK_EX | LOCK_NB), 0, "is free when it was killed");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    must(os_chdir(argc > 1 ? argv[1] : "."), "chdir");
    both = os_mmap(0, sizeof(*both), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    seen[0] = os_mmap(0, (size_t)LIVES * RECORDS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    for (int i = 1; i < LIVES; i++)
        seen[i] = seen[0] + (size_t)i * RECORDS;
    check_writers("shared offset", 0);
    check_writers("append", O_APPEND);
    check_lock();
    return check_status();
}
