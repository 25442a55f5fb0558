/*
 * A guest that means harm: hostile ACT [NUMBER [SEED]].
 *
 * The first process starts a witness, which does honest work all the time, and a
 * villain, which does what ACT says.  When the villain is through, or has been
 * for long enough, it is killed and the witness is asked how it is.
 */
#include "hostile/hostile.h"

/* What a witness could not do, or 0. */
static const char *witness_round(const char *name)
{
    char buf[64];
    int  fds[2], fd = (int)os_open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), status = -1;
    long pid;

    if (fd < 0)
        return "open";
    if (os_pipe(fds) != 0)
        return "pipe";
    if (os_write(fd, "honest", 6) != 6 || os_pread(fd, buf, 64, 0) != 6)
        return "write and read its file";
    if (os_write(fds[1], buf, 6) != 6 || os_read(fds[0], buf, 64) != 6 || memcmp(buf, "honest", 6) != 0)
        return "read what it had written";
    pid = os_fork();
    if (pid == 0)
        os_exit(7);
    if (pid < 0)
        return "fork";
    if (os_wait4((int)pid, &status, 0, 0) != pid || os_wexitstatus(status) != 7)
        return "see its child end";
    os_close(fd);
    os_close(fds[0]);
    os_close(fds[1]);
    os_unlink(name);
    return 0;
}

static void witness_work(int in, int out)
{
    char name[64];
    char byte;

    print_into(name, sizeof(name), "witness.%d", (int)os_getpid());
    for (;;) {
        const char *failed = witness_round(name);

        if (failed) {
            print("FAILED the witness could not %s\n", failed);
            os_exit(1);
        }
        if (os_read(in, &byte, 1) == 1) { /* not blocking: asked? */
            os_write(out, "good", 4);
            os_exit(0);
        }
        sleep_ms(2);
    }
}

struct witness {
    long pid;
    int  ask, answer;
};

static struct witness witness_start(void)
{
    struct witness w;
    int            ask[2], answer[2];

    must(os_pipe(ask), "pipe");
    must(os_pipe(answer), "pipe");
    must(os_fcntl(ask[0], F_SETFL, O_NONBLOCK), "fcntl");
    w = (struct witness){os_fork(), ask[1], answer[0]};
    if (w.pid == 0) {
        os_close(ask[1]);
        os_close(answer[0]);
        witness_work(ask[0], answer[1]);
    }
    os_close(ask[0]);
    os_close(answer[1]);
    return w;
}

static void witness_ask(struct witness *w)
{
    char buf[8] = "";
    int  status = -1;

    os_write(w->ask, "?", 1);
    check(os_read(w->answer, buf, 4) == 4 && memcmp(buf, "good", 4) == 0, "the witness is unharmed");
    check(os_wait4((int)w->pid, &status, 0, 0) == w->pid && status == 0, "and ends well");
}

static const struct {
    const char *name;
    void (*act)(long number, uint64_t seed);
    int limit_ms; /* it is killed then */
} acts[] = {
    {"none", 0, 0},
    {"forks", act_forks, 8000},
    {"signals", act_signals, 5000},
    {"exits", act_exits, 5000},
    {"execs", act_execs, 5000},
    {"gate", act_gate, 5000},
    {"kill-provider", act_kill_provider, 5000},
    {"own-area", act_own_area, 3000},
    {"tables", act_tables, 3000},
    {"calls", act_calls, 3000},
    {"host-calls", act_host_calls, 3000},
};

/* One villain; whatever it does to itself is its own business. */
static void villain(size_t which, long number, uint64_t seed)
{
    int64_t until = now_ns(CLOCK_MONOTONIC) + acts[which].limit_ms * 1000000L;
    long    pid = must(os_fork(), "fork");
    int     status;

    if (pid == 0) {
        for (int fd = 3; fd < 16; fd++) /* or it asks the witness itself, which then ends */
            os_close(fd);
        os_setpgid(0, 0);
        acts[which].act(number, seed);
        os_exit(0);
    }
    while (os_wait4((int)pid, &status, WNOHANG, 0) == 0) {
        if (now_ns(CLOCK_MONOTONIC) > until) {
            os_kill(-(int)pid, SIGKILL);
            os_kill((int)pid, SIGKILL);
            os_wait4((int)pid, &status, 0, 0);
            break;
        }
        sleep_ms(2);
    }
    os_kill(-(int)pid, SIGKILL);
}

/* Random acts are made by many villains, each of which may ruin itself. */
enum { CALLS_EACH = 250 };

static void villains(size_t which, long number, uint64_t seed)
{
    bool random = acts[which].act == act_calls || acts[which].act == act_host_calls;

    if (!random) {
        villain(which, number, seed);
        return;
    }
    print("seed %lu\n", seed);
    for (long done = 0; done < number; done += CALLS_EACH)
        villain(which, CALLS_EACH, seed + (uint64_t)done);
}

int main(int argc, char **argv, char **envp)
{
    struct witness w;
    size_t         which = 0;
    long           number = argc > 2 ? parse_int(argv[2]) : 1000;
    uint64_t       seed = argc > 3 ? (uint64_t)parse_int(argv[3]) : (uint64_t)now_ns(CLOCK_REALTIME) / 1000;

    (void)envp;
    while (which < sizeof(acts) / sizeof(*acts) && (argc < 2 || strcmp(acts[which].name, argv[1]) != 0))
        which++;
    if (which == sizeof(acts) / sizeof(*acts)) {
        print_to(2, "hostile: no such act\n");
        return 2;
    }
    w = witness_start();
    if (acts[which].act)
        villains(which, number, seed);
    else
        sleep_ms(number);
    witness_ask(&w);
    return check_status();
}
