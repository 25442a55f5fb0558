/*
 * crowd bench [LIVING [MICROSECONDS]]: nanoseconds of a process's or a thread's whole life, one line each, beside so
 * many living processes.
 * crowd: does what its input says, a letter and a number a line, and answers each with a line, so that somebody can
 * count what it has left behind: f N forks, e N forks that execute, v N vforks that execute, p N processes alive at
 * once, t N threads alive at once, n N threads one after the other.
 */
#include "sample.h"

#define THREADS_MAX 4000

static char         *self;
static char        **environment;
static struct thread threads[THREADS_MAX];
static int64_t       slot = 100000000;

static bool ended(long pid, int with)
{
    int status = -1;

    return os_wait4((int)pid, &status, 0, 0) == pid && os_wifexited(status) && os_wexitstatus(status) == with;
}

/* ---- one life ----------------------------------------------------------------------- */

static bool fork_once(void)
{
    const long pid = must(os_fork(), "fork");

    if (pid == 0)
        os_exit(3);
    return ended(pid, 3);
}

static bool exec_once(void)
{
    char      *argv[] = {self, "end", 0};
    const long pid = must(os_fork(), "fork");

    if (pid == 0) {
        os_execve(self, argv, environment);
        os_exit(99);
    }
    return ended(pid, 4);
}

static bool vfork_once(void)
{
    char *argv[] = {self, "end", 0};

    return ended(must(os_vfork_exec(self, argv, environment), "vfork"), 4);
}

static long say(void *arg) { return (long)arg + 1; }

static bool thread_once(void)
{
    thread_start(&threads[0], say, (void *)6);
    return thread_join(&threads[0]) == 7;
}

/* ---- many at once --------------------------------------------------------------------- */

struct crowd {
    int  gate[2], news[2];
    long n;
};

/* n children, each of which has said that it lives and waits for the end of a pipe. */
static void crowd_begin(struct crowd *c, long n)
{
    char byte;

    must(os_pipe(c->gate), "pipe");
    must(os_pipe(c->news), "pipe");
    for (c->n = 0; c->n < n; c->n++) {
        if (must(os_fork(), "fork"))
            continue;
        os_close(c->gate[1]);
        os_write(c->news[1], "l", 1);
        os_exit(os_read(c->gate[0], &byte, 1) == 0 ? 5 : 6);
    }
    for (long i = 0; i < n; i++)
        must(os_read(c->news[0], &byte, 1), "news of a child");
}

static bool crowd_end(struct crowd *c)
{
    bool good = true;

    os_close(c->gate[1]);
    for (long i = 0; i < c->n; i++) {
        int status = -1;

        good &= os_wait4(-1, &status, 0, 0) > 0 && os_wifexited(status) && os_wexitstatus(status) == 5;
    }
    os_close(c->gate[0]);
    os_close(c->news[0]);
    os_close(c->news[1]);
    return good && os_wait4(-1, 0, 0, 0) == -ECHILD;
}

static uint32_t waiting, go;

static long wait_for_all(void *arg)
{
    __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
    os_futex_wake(&waiting, 1);
    while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
        os_futex_wait(&go, 0, 0);
    return (long)arg;
}

static bool threads_at_once(long n)
{
    bool     good = n <= THREADS_MAX;
    uint32_t there;

    waiting = go = 0;
    for (long i = 0; i < n && good; i++)
        thread_start(&threads[i], wait_for_all, (void *)i);
    while ((there = __atomic_load_n(&waiting, __ATOMIC_SEQ_CST)) < (uint32_t)n && good)
        os_futex_wait(&waiting, there, 0);
    __atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
    os_futex_wake(&go, THREADS_MAX);
    for (long i = 0; i < n && good; i++)
        good = thread_join(&threads[i]) == i;
    return good;
}

static bool processes_at_once(long n)
{
    struct crowd c;

    crowd_begin(&c, n);
    return crowd_end(&c);
}

/* ---- by the clock ------------------------------------------------------------------------- */

static const struct {
    char        letter;
    const char *name;
    bool (*once)(void);
} lives[] = {
    {'f', "fork+exit+wait", fork_once},
    {'e', "fork+exec+wait", exec_once},
    {'v', "vfork+exec+wait", vfork_once},
    {'n', "thread+join", thread_once},
};

/* The median of up to ROUNDS_MAX lives: a host that is busy with other things makes a few of them very long. */
#define ROUNDS_MAX 10000

static int64_t median(int64_t *v, long n)
{
    for (long gap = n / 2; gap > 0; gap /= 2)
        for (long i = gap; i < n; i++)
            for (long k = i; k >= gap && v[k - gap] > v[k]; k -= gap) {
                const int64_t more = v[k - gap];

                v[k - gap] = v[k];
                v[k] = more;
            }
    return v[n / 2];
}

static void measure(const char *name, bool (*once)(void))
{
    static int64_t took[ROUNDS_MAX];
    const int64_t  begin = now_ns(CLOCK_MONOTONIC);
    int64_t        last = begin, now;
    long           n = 0;

    while (n < ROUNDS_MAX && (n < 3 || last - begin < slot)) {
        if (!once())
            check(false, name);
        now = now_ns(CLOCK_MONOTONIC);
        took[n++] = now - last;
        last = now;
    }
    print("%s %ld\n", name, (long)median(took, n));
}

static int bench(long living)
{
    struct crowd c;

    if (living)
        crowd_begin(&c, living);
    for (size_t i = 0; i < sizeof(lives) / sizeof(*lives); i++)
        measure(lives[i].name, lives[i].once);
    if (living)
        check(crowd_end(&c), "the crowd has ended");
    return 0;
}

/* ---- by the word ---------------------------------------------------------------------------- */

static bool obey(char letter, long n)
{
    bool good = true;

    if (letter == 'p')
        return processes_at_once(n);
    if (letter == 't')
        return threads_at_once(n);
    for (size_t k = 0; k < sizeof(lives) / sizeof(*lives); k++)
        for (long i = 0; letter == lives[k].letter && i < n && good; i++)
            good = lives[k].once();
    return good;
}

int main(int argc, char **argv, char **envp)
{
    char line[32];
    long n;

    self = argv[0];
    environment = envp;
    if (argc > 1 && strcmp(argv[1], "end") == 0)
        return 4;
    if (argc > 1) {
        slot = argc > 3 ? parse_int(argv[3]) * 1000 : slot;
        return bench(argc > 2 ? parse_int(argv[2]) : 0);
    }
    while ((n = os_read(0, line, sizeof(line) - 1)) > 2) {
        line[n - 1] = 0;
        check(obey(line[0], parse_int(line + 2)), line);
    }
    return check_status();
}
