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

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_semaphores_and_memory();
    check_messages();
    check_interruption();
    return check_status();
}
