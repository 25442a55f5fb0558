/* System V semaphores, shared memory and message queues, across a fork. */
#include "sample.h"

#if defined(GUEST_FREEBSD)
enum {
    NR_semget = 221,
    NR_semop = 222,
    NR_semctl = 510,
    NR_msgget = 225,
    NR_msgsnd = 226,
    NR_msgrcv = 227,
    NR_msgctl = 511,
    NR_shmat = 228,
    NR_shmdt = 230,
    NR_shmget = 231,
    NR_shmctl = 512,
    GETVAL = 5,
    SETVAL = 8,
    ENOMSG = 83,
    EIDRM = 82,
};
static long semctl(long id, long num, long cmd, long value)
{
    return OS_CALL(NR_semctl, id, num, cmd, &value); /* a pointer to the union */
}
#define SEGSZ_AT 32
#else
enum {
    NR_semget = 64,
    NR_semop = 65,
    NR_semctl = 66,
    NR_msgget = 68,
    NR_msgsnd = 69,
    NR_msgrcv = 70,
    NR_msgctl = 71,
    NR_shmat = 30,
    NR_shmdt = 67,
    NR_shmget = 29,
    NR_shmctl = 31,
    GETVAL = 12,
    SETVAL = 16,
    ENOMSG = 42,
    EIDRM = 43,
};
static long semctl(long id, long num, long cmd, long value) { return OS_CALL(NR_semctl, id, num, cmd, value); }
#define SEGSZ_AT 48
#endif

enum { IPC_PRIVATE = 0, IPC_CREAT = 01000, IPC_NOWAIT = 04000, IPC_RMID = 0, IPC_STAT = 2, SHM_RDONLY = 010000 };

struct sembuf {
    unsigned short num;
    short          op, flags;
};

struct msg {
    long type;
    char text[16];
};

static long sem_add(long id, short by, short flags)
{
    struct sembuf op = {0, by, flags};

    return OS_CALL(NR_semop, id, &op, 1);
}

/* The child adds to the shared word when the semaphore lets it; the parent waits for the other one. */
static void check_semaphores_and_memory(void)
{
    long          sem = OS_CALL(NR_semget, IPC_PRIVATE, 1, IPC_CREAT | 0600);
    long          shm = OS_CALL(NR_shmget, IPC_PRIVATE, 8192, IPC_CREAT | 0600);
    uint8_t       ds[256];
    volatile int *word = (volatile int *)OS_CALL(NR_shmat, shm, 0, 0);
    int           status = -1;
    long          pid;

    check(sem >= 0 && shm >= 0 && (long)word > 0, "a semaphore and a segment");
    check(OS_CALL(NR_shmctl, shm, IPC_STAT, ds) == 0 && *(uint64_t *)(ds + SEGSZ_AT) == 8192, "its size");
    check(semctl(sem, 0, SETVAL, 0) == 0 && semctl(sem, 0, GETVAL, 0) == 0, "the semaphore is taken");
    check_err(sem_add(sem, -1, IPC_NOWAIT), -EAGAIN, "nobody may have it");
    pid = os_fork();
    if (pid == 0) {
        long r = sem_add(sem, -1, 0);

        *word += r == 0 ? 41 : 1000;
        os_exit(OS_CALL(NR_shmdt, word) == 0 ? 0 : 1);
    }
    *word = 1;
    sleep_ms(20);
    check(sem_add(sem, 1, 0) == 0, "let the child go");
    check(os_wait4(pid, &status, 0, 0) == pid && status == 0 && *word == 42, "it did its part");
    check(OS_CALL(NR_shmdt, word) == 0, "detach");
    check_err(OS_CALL(NR_shmdt, word), -EINVAL, "detach again");
    check(OS_CALL(NR_shmctl, shm, IPC_RMID, 0) == 0 && semctl(sem, 0, IPC_RMID, 0) == 0, "remove them");
    check(OS_CALL(NR_shmat, shm, 0, 0) == -EINVAL, "it is gone");
}

static void on_alarm(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
}

static void check_messages(void)
{
    long       q = OS_CALL(NR_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
    struct msg m = {7, "seven"}, n = {0, ""};
    uint8_t    ds[256];

    check(q >= 0, "a queue");
    check(OS_CALL(NR_msgsnd, q, &m, 6, 0) == 0, "send");
    m.type = 9;
    check(OS_CALL(NR_msgsnd, q, &m, 1, 0) == 0, "send another");
    check(OS_CALL(NR_msgrcv, q, &n, 16, 9, 0) == 1 && n.type == 9, "receive by type");
    check(OS_CALL(NR_msgctl, q, IPC_STAT, ds) == 0, "one is left");
    check(OS_CALL(NR_msgrcv, q, &n, 16, 0, 0) == 6 && n.type == 7 && strcmp(n.text, "seven") == 0, "receive the first");
    check_err(OS_CALL(NR_msgrcv, q, &n, 16, 0, IPC_NOWAIT), -ENOMSG, "none is left");
    check(OS_CALL(NR_msgctl, q, IPC_RMID, 0) == 0, "remove it");
    check_err(OS_CALL(NR_msgsnd, q, &m, 6, 0), -EINVAL, "nowhere to send to");
}

/* A wait ends at a signal, restart or not. */
static void check_interruption(void)
{
    struct os_sigaction act = {.handler = on_alarm, .flags = SA_SIGINFO | SA_RESTART};
    struct os_itimerval v = {{0, 0}, {0, 20000}};
    struct msg          m;
    long                q = OS_CALL(NR_msgget, IPC_PRIVATE, IPC_CREAT | 0600);

    check(os_sigaction(SIGALRM, &act, 0) == 0 && os_setitimer(ITIMER_REAL, &v, 0) == 0, "an alarm");
    check_err(OS_CALL(NR_msgrcv, q, &m, 16, 0, 0), -EINTR, "a wait for a message ends");
    check(OS_CALL(NR_msgctl, q, IPC_RMID, 0) == 0, "remove the queue");
}

#if defined(GUEST_FREEBSD)
/* The calls of FreeBSD 7 and older, whose structures have 16-bit numbers, and what they were made by before that. */
enum { IPC_SET = 1, SETALL = 9, GETALL = 6, SHM_LOCK = 11, IPC_INFO = 3 };

struct old_perm {
    uint16_t cuid, cgid, uid, gid, mode, seq;
    int64_t  key;
};
union old_ds {
    struct old_perm perm;
    struct {
        uint64_t perm[3], base;
        uint16_t nsems;
        int64_t  otime, pad1, ctime, pad2[5];
    } sem;
    struct {
        uint64_t perm[3];
        int32_t  segsz, lpid, cpid;
        int16_t  nattch;
        int64_t  atime, dtime, ctime;
        uint64_t internal;
    } shm;
    struct {
        uint64_t perm[3], first, last, cbytes, qnum, qbytes;
        int32_t  lspid, lrpid;
        int64_t  stime, pad1, rtime, pad2, ctime, pad3[5];
    } msg;
    uint8_t bytes[200];
};
_Static_assert(sizeof(((union old_ds *)0)->sem) == 104 && sizeof(((union old_ds *)0)->shm) == 72 &&
                   sizeof(((union old_ds *)0)->msg) == 152,
               "FreeBSD 7's");

static bool is_mine(const struct old_perm *p, int mode)
{
    return p->uid == (uint16_t)OS_CALL(24) && p->cuid == p->uid && (p->mode & 0777) == mode && p->key == IPC_PRIVATE;
}

static bool untouched(const union old_ds *ds, size_t from)
{
    for (size_t i = from; i < sizeof(ds->bytes); i++)
        if (ds->bytes[i] != 0xa5)
            return false;
    return true;
}

static void check_old_semaphores(void)
{
    const long    sem = OS_CALL(169, 1, IPC_PRIVATE, 3, IPC_CREAT | 0600);
    uint16_t      all[3] = {1, 2, 3}, got[3] = {0, 0, 0};
    struct sembuf op = {2, -1, 0};
    union old_ds  ds, *at = &ds;
    uint16_t     *in = all, *out = got;
    const long    value = 5;

    memset(&ds, 0xa5, sizeof(ds));
    check(sem >= 0 && OS_CALL(169, 0, sem, 0, SETALL, &in) == 0, "semsys makes semaphores");
    check(OS_CALL(169, 2, sem, &op, 1) == 0 && OS_CALL(220, sem, 0, GETALL, &out) == 0 && got[2] == 2 && got[1] == 2,
          "and takes one");
    check(OS_CALL(220, sem, 1, SETVAL, &value) == 0 && OS_CALL(220, sem, 1, GETVAL, 0) == 5, "semctl of FreeBSD 7");
    check(OS_CALL(220, sem, 0, IPC_STAT, &at) == 0 && is_mine(&ds.perm, 0600) && ds.sem.nsems == 3 &&
              ds.sem.otime > 0 && ds.sem.ctime > 0 && untouched(&ds, sizeof(ds.sem)),
          "tells as it did");
    ds.perm.mode = 0640;
    check(OS_CALL(220, sem, 0, IPC_SET, &at) == 0 && OS_CALL(220, sem, 0, IPC_STAT, &at) == 0 &&
              is_mine(&ds.perm, 0640),
          "and is told");
    check_err(OS_CALL(220, sem, 0, IPC_STAT, 8), -EFAULT, "nowhere to tell it");
    check_err(OS_CALL(220, sem, 0, 77, &at), -EINVAL, "no such command");
    check_err(OS_CALL(169, 3, sem, 0, IPC_RMID, 0), -EINVAL, "no fourth call");
    check_err(OS_CALL(169, -1, sem, 0, IPC_RMID, 0), -EINVAL, "nor one before the first");
    check(OS_CALL(169, 0, sem, 0, IPC_RMID, 0) == 0, "semaphores go");
}

static void check_old_messages(void)
{
    const long   q = OS_CALL(170, 1, IPC_PRIVATE, IPC_CREAT | 0600);
    struct msg   m = {7, "seven"}, n = {0, ""};
    union old_ds ds;

    memset(&ds, 0xa5, sizeof(ds));
    check(q >= 0 && OS_CALL(170, 2, q, &m, 6, 0) == 0, "msgsys sends");
    check(OS_CALL(224, q, IPC_STAT, &ds) == 0 && is_mine(&ds.perm, 0600) && ds.msg.qnum == 1 && ds.msg.cbytes == 6 &&
              ds.msg.lspid == os_getpid() && ds.msg.stime > 0 && ds.msg.rtime == 0 && untouched(&ds, sizeof(ds.msg)),
          "msgctl of FreeBSD 7");
    ds.perm.mode = 0620;
    ds.msg.qbytes = 1000;
    check(OS_CALL(170, 0, q, IPC_SET, &ds) == 0 && OS_CALL(224, q, IPC_STAT, &ds) == 0 && ds.msg.qbytes == 1000 &&
              is_mine(&ds.perm, 0620),
          "is told");
    check(OS_CALL(170, 3, q, &n, 16, 0L, IPC_NOWAIT) == 6 && n.type == 7 && !strcmp(n.text, "seven"), "receives");
    check_err(OS_CALL(170, 3, q, &n, 16, 0L, IPC_NOWAIT), -ENOMSG, "once");
    check_err(OS_CALL(170, 4, q, &n), -EINVAL, "no fifth call");
    check(OS_CALL(170, 0, q, IPC_RMID, 0) == 0, "the queue goes");
}

static void check_old_memory(void)
{
    const long   shm = OS_CALL(NR_shmget, IPC_PRIVATE, 3L << 30, IPC_CREAT | 0600);
    union old_ds ds;

    memset(&ds, 0xa5, sizeof(ds));
    check(OS_CALL(229, shm, IPC_STAT, &ds) == 0 && is_mine(&ds.perm, 0600) && ds.shm.cpid == os_getpid() &&
              ds.shm.nattch == 0 && ds.shm.ctime > 0 && ds.shm.internal == 0 && untouched(&ds, sizeof(ds.shm)),
          "shmctl of FreeBSD 7");
    check(ds.shm.segsz == 0x7fffffff, "a size that it cannot tell is the largest that it can");
    ds.perm.mode = 0644;
    check(OS_CALL(229, shm, IPC_SET, &ds) == 0 && OS_CALL(229, shm, IPC_STAT, &ds) == 0 && is_mine(&ds.perm, 0644),
          "is told");
    check_err(OS_CALL(229, shm, IPC_INFO, &ds), -EINVAL, "and says nothing of all of them");
    check(OS_CALL(229, shm, IPC_RMID, 0) == 0, "the memory goes");
}

static void check_old(void)
{
    check_old_semaphores();
    check_old_messages();
    check_old_memory();
}
#endif

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_semaphores_and_memory();
    check_messages();
    check_interruption();
#if defined(GUEST_FREEBSD)
    if (argc > 1)
        check_old();
#endif
    return check_status();
}
