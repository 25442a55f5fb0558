/*
 * umtxkeys: on memory that is nobody else's, waiters of UMTX_OP_WAIT, WAIT_UINT and WAIT_UINT_PRIVATE hear of WAKE,
 * WAKE_PRIVATE and NWAKE_PRIVATE alike (kern/kern_umtx.c, umtx_key_get: THREAD_SHARE and AUTO_SHARE).
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { WAIT = 2, WAKE = 3, WAIT_UINT = 11, WAIT_UINT_PRIVATE = 15, WAKE_PRIVATE = 16, NWAKE_PRIVATE = 21 };
enum { ROUNDS = 200, WAITERS = 6 };

static long umtx(void *obj, int op, unsigned long val, void *a1, void *a2)
{
    return OS_CALL(454, obj, op, val, a1, a2);
}

static void wake(void *word, int op, int n)
{
    void *list[] = {word};

    must(op == NWAKE_PRIVATE ? umtx(list, op, 1, 0, 0) : umtx(word, op, (unsigned long)n, 0, 0), "wake");
}

/* ---- a word that goes to and fro ----------------------------------------------------------- */

static struct {
    unsigned long word; /* as a long, or its first half */
    int           wait, wake;
} turn;

static void await(unsigned want)
{
    unsigned long now;

    while ((now = __atomic_load_n(&turn.word, __ATOMIC_SEQ_CST)) != want)
        must(umtx(&turn.word, turn.wait, now, 0, 0), "wait");
}

static void pass(unsigned to)
{
    __atomic_store_n(&turn.word, to, __ATOMIC_SEQ_CST);
    wake(&turn.word, turn.wake, 1);
}

static long other_side(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        await(2 * i + 1);
        pass(2 * i + 2);
    }
    return 0;
}

static void to_and_fro(int wait, int waker)
{
    struct thread t;

    turn.word = 0;
    turn.wait = wait;
    turn.wake = waker;
    thread_start(&t, other_side, 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        pass(2 * i + 1);
        await(2 * i + 2);
    }
    thread_join(&t);
    print("ok wait %d, wake %d\n", wait, waker);
}

/* ---- how many ------------------------------------------------------------------------------- */

static struct {
    unsigned long word;
    unsigned      waiting, woken;
    int           ops[WAITERS];
} crowd;

static long one_waits(void *arg)
{
    __atomic_add_fetch(&crowd.waiting, 1, __ATOMIC_SEQ_CST);
    must(umtx(&crowd.word, *(int *)arg, 0, 0, 0), "wait");
    __atomic_add_fetch(&crowd.woken, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static void some_of(int op, int n)
{
    static const int ops[] = {WAIT_UINT_PRIVATE, WAIT, WAIT_UINT};
    struct thread    t[WAITERS];

    crowd.waiting = crowd.woken = 0;
    for (int i = 0; i < WAITERS; i++) {
        crowd.ops[i] = ops[i % 3];
        thread_start(&t[i], one_waits, &crowd.ops[i]);
    }
    while (__atomic_load_n(&crowd.waiting, __ATOMIC_SEQ_CST) < WAITERS)
        sleep_ms(1);
    sleep_ms(100); /* the last of them waits by now, or the check below does not mean much */
    wake(&crowd.word, op, n);
    sleep_ms(50);
    check(__atomic_load_n(&crowd.woken, __ATOMIC_SEQ_CST) <= (unsigned)n, "no more than were asked for");
    do { /* one that had no CPU all the time begins to wait only now */
        wake(&crowd.word, op, WAITERS);
        sleep_ms(2);
    } while (__atomic_load_n(&crowd.woken, __ATOMIC_SEQ_CST) < WAITERS);
    for (int i = 0; i < WAITERS; i++)
        thread_join(&t[i]);
    check(crowd.woken == WAITERS, "and then all");
}

/* ---- the first that waits otherwise ------------------------------------------------------------ */

static long waits_otherwise(void *word)
{
    while (__atomic_load_n((uint32_t *)word, __ATOMIC_SEQ_CST) == 0)
        must(umtx(word, WAIT_UINT, 0, 0, 0), "wait");
    return 0;
}

/* Nobody in this process has waited but privately: whoever begins is seen by wakes that are on their way. */
static void begins(void)
{
    uint32_t      word = 0;
    struct thread t;

    thread_start(&t, waits_otherwise, &word);
    for (volatile unsigned spin = (unsigned)os_getpid() * 7919 % 100000; spin;)
        spin--;
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    wake(&word, WAKE_PRIVATE, 1);
    thread_join(&t);
    os_exit(0);
}

static void check_beginnings(void)
{
    int ended = 0, status;

    for (int i = 0; i < 100; i++) {
        if (must(os_fork(), "fork") == 0)
            begins();
        ended += os_wait4(-1, &status, 0, 0) > 0 && status == 0;
    }
    check(ended == 100, "the first wait of its kind in a process");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    check_beginnings();
    to_and_fro(WAIT_UINT_PRIVATE, WAKE_PRIVATE);
    to_and_fro(WAIT_UINT_PRIVATE, NWAKE_PRIVATE);
    to_and_fro(WAIT_UINT_PRIVATE, WAKE);
    to_and_fro(WAIT_UINT, WAKE_PRIVATE);
    to_and_fro(WAIT_UINT, NWAKE_PRIVATE);
    to_and_fro(WAIT_UINT, WAKE);
    to_and_fro(WAIT, WAKE_PRIVATE);
    to_and_fro(WAIT, NWAKE_PRIVATE);
    to_and_fro(WAIT, WAKE);
    some_of(WAKE, 1);
    some_of(WAKE_PRIVATE, 3);
    some_of(WAKE, 5);
    return check_status();
}

#else
OTHER_KERNEL_SAYS("another kernel, other keys\n")
#endif
