/* Calls with random numbers and registers, some of them close to something that makes sense. */
#include "hostile/hostile.h"

enum { GUEST_CALLS = 610, HOST_CALLS = 470, BUFFER = 1 << 16 };

static char buffer[BUFFER] __attribute__((aligned(4096)));

/* Not made: they would end or stop other processes of the session, which a guest of the same user may do. */
static bool harms_others(long nr)
{
    static const short list[] = {37 /* kill */,
                                 456 /* sigqueue */,
                                 481 /* thr_kill2 */,
                                 544 /* procctl */,
                                 146 /* killpg */,
                                 519 /* pdkill */,
                                 55 /* reboot */};

    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (nr == list[i])
            return true;
    return nr == 0 || nr == 198; /* syscall and __syscall would hide another number */
}

/* The host's calls that signal, trace or limit others, or make processes that know no gate. */
static bool host_harms(long nr)
{
    static const short list[] = {62,  200, 234, 129, 297, 424, 101, 310, 311, 302, 160, 141, 144,
                                 314, 142, 203, 56,  57,  58,  435, 59,  322, 251, 30,  31,  29,
                                 67,  64,  65,  66,  68,  69,  70,  71,  169, 165, 166};

    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (nr == list[i])
            return true;
    return false;
}

static long random_arg(uint64_t *seed)
{
    static const char *const paths[] = {"x", ".", "dir/y", "/dev/null", "/nonexistent", ""};
    uint64_t                 r = random_next(seed), small = random_next(seed) % 64;

    switch (r % 12) {
    case 0: return 0;
    case 1: return -1;
    case 2: return (long)small;
    case 3: return -(long)small;
    case 4: return (long)(random_next(seed) % BUFFER + (uint64_t)buffer);
    case 5: return (long)buffer + (long)small * 8;
    case 6: return (long)paths[random_next(seed) % 6];
    case 7: return (long)(1ull << small);
    case 8: return (long)(0x6f0000000000 + random_next(seed) % 0x10000000);
    case 9: return (long)(0x6ffe00000000 + random_next(seed) % 0x4000);
    case 10: return (long)(random_next(seed) & 0xffffffff);
    default: return (long)random_next(seed);
    }
}

static void buffer_fill(uint64_t *seed)
{
    for (size_t i = 0; i + 8 <= 4096; i += 8)
        *(uint64_t *)(buffer + i) = random_next(seed) % 4 ? (uint64_t)random_arg(seed) : 0;
}

static void limits(void)
{
    static const uint64_t few[2] = {200, 200}, short_files[2] = {1 << 20, 1 << 20};

    os_setrlimit(OS_RLIMIT_NPROC, few);
    os_setrlimit(1, short_files); /* RLIMIT_FSIZE in both */
}

static void nothing(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
}

/* A blocking call is left after some milliseconds, unless the villain has done something about that, too. */
static void alarms(void)
{
    struct os_sigaction act = {.handler = nothing, .flags = SA_SIGINFO};
    struct os_itimerval v = {{0, 5000}, {0, 5000}};

    os_sigaction(SIGALRM, &act, 0);
    os_setitimer(ITIMER_REAL, &v, 0);
}

void act_calls(long number, uint64_t seed)
{
    limits();
    for (long i = 0; i < number; i++) {
        long nr = (long)(random_next(&seed) % GUEST_CALLS);

        if (i % 16 == 0) {
            buffer_fill(&seed);
            alarms();
        }
        if (nr == 1 || nr == 431) /* exit and thr_exit: now and then */
            nr = i % 50 ? 20 : nr;
        if (!harms_others(nr))
            OS_CALL(nr, random_arg(&seed), random_arg(&seed), random_arg(&seed), random_arg(&seed), random_arg(&seed),
                    random_arg(&seed));
    }
}

/* The same through the gate: the villain's process loses its memory, descriptors, handlers. */
void act_host_calls(long number, uint64_t seed)
{
    limits();
    for (long i = 0; i < number; i++) {
        long nr = (long)(random_next(&seed) % HOST_CALLS);

        if (i % 16 == 0)
            buffer_fill(&seed);
        if (!host_harms(nr))
            host_raw(nr, random_arg(&seed), random_arg(&seed), random_arg(&seed), random_arg(&seed), random_arg(&seed),
                     random_arg(&seed));
        if (i % 8 == 0)
            os_getpid();
    }
}
