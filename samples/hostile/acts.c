/* Deliberate acts: too many processes, ends in the middle of calls, the gate and its memory misused. */
#include "hostile/hostile.h"

enum { HOST_PTRACE = 101, HOST_KILL = 62, HOST_GETPPID = 110, HOST_VM_WRITE = 311, HOST_PRCTL = 157, HOST_MUNMAP = 11 };
enum { THREADS = 6 };

/* Children that have children that sleep, until no more are to be had. */
void act_forks(long number, uint64_t seed)
{
    uint64_t limit[2] = {120, 120};
    long     made = 0;

    (void)seed;
    os_setrlimit(OS_RLIMIT_NPROC, limit);
    for (long i = 0; i < number; i++) {
        long pid = os_fork();

        if (pid == 0) {
            os_fork();
            os_fork();
            sleep_ms(100000);
        }
        made += pid > 0;
        if (pid < 0)
            break;
        if (made > 100)
            break; /* root has no such limit */
    }
    os_kill(0, SIGKILL);
}

/* Every signal at the provider, which is the host's parent of every guest. */
void act_signals(long number, uint64_t seed)
{
    int provider = (int)host_raw(HOST_GETPPID, 0, 0, 0, 0, 0, 0);

    (void)number;
    (void)seed;
    for (int sig = 0; sig <= 128; sig++)
        os_kill(provider, sig);
    for (int pid = 1; pid < provider; pid++) /* its neighbours, which belong to somebody else's run here */
        os_kill(pid, 0);
    os_kill(provider, SIGSTOP);
    os_sigqueue(provider, SIGKILL, 0);
    os_tgkill(provider, provider, SIGKILL);
}

static int quiet[2];

static long in_a_call(void *arg)
{
    char     byte;
    uint32_t word = 0;

    for (;;)
        switch ((long)arg % 4) {
        case 0: os_read(quiet[0], &byte, 1); break;
        case 1: sleep_ms(100000); break;
        case 2: os_futex_wait(&word, 0, 0); break;
        default: os_getpid(); break;
        }
    return 0;
}

static void threads_into_calls(void)
{
    static struct thread t[THREADS];

    must(os_pipe(quiet), "pipe");
    for (long i = 0; i < THREADS; i++)
        thread_start(&t[i], in_a_call, (void *)i);
    sleep_ms(5);
}

void act_exits(long number, uint64_t seed)
{
    (void)seed;
    for (long i = 0; i < number && i < 40; i++) {
        long pid = os_fork();

        if (pid == 0) {
            threads_into_calls();
            os_exit(0);
        }
        os_wait4((int)pid, 0, 0, 0);
    }
}

static long execs(void *name)
{
    static char *argv[] = {"hello", 0}, *envp[] = {0};

    os_execve(name, argv, envp);
    os_exit(9);
}

/* By the first thread and by another one; with what is no program, too. */
void act_execs(long number, uint64_t seed)
{
    static char *const names[] = {"/bin/true", "/dev/null", "/bin/true"};

    (void)seed;
    for (long i = 0; i < number && i < 30; i++) {
        long pid = os_fork();

        if (pid == 0) {
            static struct thread t;

            threads_into_calls();
            if (i % 3 == 2) {
                thread_start(&t, execs, names[i % 3]);
                sleep_ms(100000);
            }
            execs(names[i % 3]);
        }
        os_wait4((int)pid, 0, 0, 0);
    }
}

/* What the host would let any process of this user do to the provider. */
void act_gate(long number, uint64_t seed)
{
    long            provider = host_raw(HOST_GETPPID, 0, 0, 0, 0, 0, 0);
    char            rubbish[64] = "rubbish";
    struct os_iovec from = {rubbish, sizeof(rubbish)}, to = {(void *)0x400000, sizeof(rubbish)};

    (void)number;
    (void)seed;
    host_raw(HOST_PTRACE, 16 /* PTRACE_ATTACH */, provider, 0, 0, 0, 0);
    host_raw(HOST_PTRACE, 0x4206 /* PTRACE_SEIZE */, provider, 0, 0, 0, 0);
    host_raw(HOST_VM_WRITE, provider, (long)&from, 1, (long)&to, 1, 0);
    host_raw(HOST_PRCTL, 1 /* PR_SET_PDEATHSIG */, 0, 0, 0, 0, 0);
    host_raw(HOST_MUNMAP, 0x6f0000000000, 0x10000000, 0, 0, 0, 0);
    os_getpid();
}

void act_kill_provider(long number, uint64_t seed)
{
    (void)number;
    (void)seed;
    host_raw(HOST_KILL, host_raw(HOST_GETPPID, 0, 0, 0, 0, 0, 0), 9 /* SIGKILL */, 0, 0, 0, 0);
    for (;;)
        os_getpid();
}

static void scribble(uint64_t from, size_t size, uint64_t *seed)
{
    for (int i = 0; i < 8; i++) {
        uint64_t r = random_next(seed);

        *(volatile uint64_t *)(from + random_next(seed) % (size - 8)) = r % 3 ? r : r % 2 ? ~0ull : 0;
    }
}

/* Many short lives, each with some words of its area overwritten. */
void act_own_area(long number, uint64_t seed)
{
    struct os_timespec moment = {0, 1000};

    for (long i = 0; i < number; i++) {
        long pid = os_fork();

        if (pid == 0) {
            for (int k = 0; k < 20; k++) {
                scribble(own_area(), k % 2 ? 0x1000 : 0x10000, &seed);
                os_getpid();
                os_nanosleep(&moment, 0);
            }
            os_exit(0);
        }
        random_next(&seed);
        for (int k = 0; k < 100 && os_wait4((int)pid, 0, WNOHANG, 0) == 0; k++)
            sleep_ms(1);
        os_kill((int)pid, SIGKILL);
        os_wait4((int)pid, 0, 0, 0);
    }
}

enum { AREA_WORDS = 64 };

/* The descriptor table is where one of the area's words says. */
void act_tables(long number, uint64_t seed)
{
    for (long i = 0; i < number; i++) {
        long pid = os_fork();

        if (pid == 0) {
            const uint64_t *area = (const uint64_t *)own_area();

            for (int w = 2; w < AREA_WORDS; w++)
                if (area[w] > 0x6f0040000000 && area[w] < 0x6ffe00000000)
                    for (int k = 0; k < 30; k++) {
                        scribble(area[w], 0x400, &seed);
                        os_close((int)(random_next(&seed) % 20));
                        os_dup2(1, (int)(random_next(&seed) % 20));
                    }
            os_exit(0);
        }
        random_next(&seed);
        for (int k = 0; k < 100 && os_wait4((int)pid, 0, WNOHANG, 0) == 0; k++)
            sleep_ms(1);
        os_kill((int)pid, SIGKILL);
        os_wait4((int)pid, 0, 0, 0);
    }
}
