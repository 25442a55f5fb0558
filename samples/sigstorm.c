/*
 * A storm of signals at threads that block: sigstorm [SIGNALS].
 *
 * Seven threads block for ever, each in another call.  Two threads and a second
 * process send them signals of two kinds, one whose handler has SA_RESTART and
 * one whose handler has not, and queue numbered signals at the process.  Every
 * signal is counted where it was sent and where it arrived; every return of a
 * call is held against what the flags say.
 */
#include "sample.h"

enum { RESTARTS = SIGRTMIN, INTERRUPTS, NUMBERED, THE_END };
enum { SENDERS = 2, WINDOW = 4, NUMBERED_WINDOW = 16, STUCK_MS = 60000 };
enum kind { IN_READ, IN_NANOSLEEP, IN_EVENTS, IN_FUTEX, IN_WAIT, IN_ACCEPT, IN_SIGSUSPEND, KINDS };

static const char *const kind_name[KINDS] = {"read", "nanosleep", "kevent", "umtx", "wait4", "accept", "sigsuspend"};
static const bool        kind_restarts[KINDS] = {
           [IN_READ] = true,
           [IN_FUTEX] = OS_FUTEX_RESTARTS,
           [IN_WAIT] = true,
           [IN_ACCEPT] = true,
};

struct victim {
    struct thread thread;
    enum kind     kind;
    volatile long tid;
    volatile long interrupts; /* signals of that kind that it has handled */
    volatile long wrong;      /* returns that its flags do not allow */
    volatile bool done;
};

/* Shared with the second process. */
struct shared {
    volatile long sent[SENDERS][KINDS], got[SENDERS][KINDS];
    volatile long tid[KINDS];
    volatile int  ready, stuck;
    volatile long numbered_sent, numbered_got, numbered_wrong;
    volatile long last; /* number of the numbered signal that came last */
};

static struct victim  victims[KINDS];
static struct shared *shared;
static int            quiet_pipe[2], quiet_listener, quiet_events, pid_of_all, child;
static uint32_t       quiet_word;
static volatile bool  stop;

static struct victim *self(void)
{
    uint64_t       fs;
    struct thread *t;

    __asm__("mov %%fs:0, %0" : "=r"(fs));
    t = (struct thread *)(fs - offsetof(struct thread, tls));
    return (struct victim *)t;
}

/*
 * `syscall` leaves its own return address in rcx: a frame that points at the
 * instruction with rcx as if it had run is a call that will begin again.
 */
static bool begins_again(void *uc)
{
    uint64_t rip = *os_uc_rip(uc);

    if (*os_uc_rcx(uc) != rip + 2 || ((const uint8_t *)rip)[0] != 0x0f || ((const uint8_t *)rip)[1] != 0x05)
        return false;
    *os_uc_rcx(uc) = 0; /* so that it is counted once */
    return true;
}

static void arrived(int sig, os_siginfo *si, void *uc)
{
    struct victim *v = self();

    if (begins_again(uc) && !(sig == RESTARTS && kind_restarts[v->kind]))
        v->wrong++;
    if (sig == INTERRUPTS)
        v->interrupts++;
    __atomic_add_fetch(&shared->got[si->si_pid != pid_of_all][v->kind], 1, __ATOMIC_SEQ_CST);
}

/* Real-time signals come in the order they were queued; only the main thread takes these. */
static void numbered(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)uc;
    if (os_si_value(si) != shared->last + 1)
        shared->numbered_wrong++;
    shared->last = os_si_value(si);
    shared->numbered_got++;
}

static void ended(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
}

static long block(enum kind kind)
{
    static const struct os_timespec long_time = {100000, 0};
    struct os_sigset                none = os_sigset_of(NUMBERED);
    char                            byte;
    int                             status;

    switch (kind) {
    case IN_READ: return os_read(quiet_pipe[0], &byte, 1);
    case IN_NANOSLEEP: return os_nanosleep(&long_time, 0);
    case IN_EVENTS: return os_wait_events(quiet_events);
    case IN_FUTEX: return os_futex_wait(&quiet_word, 0, 0);
    case IN_WAIT: return os_wait4(child, &status, 0, 0);
    case IN_ACCEPT: return os_accept4(quiet_listener, 0, 0, 0);
    default: return os_sigsuspend(&none);
    }
}

static long victim_run(void *arg)
{
    struct victim   *v = arg;
    struct os_sigset set = os_sigset_of(NUMBERED);

    if (v->kind == IN_SIGSUSPEND) {
        os_sigset_add(&set, RESTARTS);
        os_sigset_add(&set, INTERRUPTS);
        os_sigset_add(&set, THE_END);
    }
    os_sigprocmask(SIG_SETMASK, &set, 0);
    shared->tid[v->kind] = os_gettid();
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        long before = v->interrupts, r = block(v->kind);

        if (stop)
            break;
        if (r != -EINTR || (kind_restarts[v->kind] && v->interrupts == before))
            v->wrong++;
    }
    v->done = true;
    return 0;
}

/* Waits until the counter at *got is close enough behind sent; false: it does not move any more. */
static bool wait_window(const volatile long *got, long sent, long window)
{
    int64_t since = 0;
    long    last = -1;

    for (long n = 0; sent - *got >= window; n++) {
        if (shared->stuck)
            return false;
        if (*got != last) {
            last = *got;
            since = now_ns(CLOCK_MONOTONIC);
        } else if (n % 1024 == 0 && now_ns(CLOCK_MONOTONIC) - since > STUCK_MS * 1000000L) {
            return false;
        }
        os_yield();
    }
    return true;
}

/* sender 0 is a thread of the victims' process, sender 1 another process. */
static long storm(int sender, long first, long count)
{
    for (long i = first; i < first + count; i++) {
        int  kind = (int)(i % KINDS);
        long r;

        if (!wait_window(&shared->got[sender][kind], shared->sent[sender][kind], WINDOW)) {
            print("FAILED a signal to the thread in %s got lost\n", kind_name[kind]);
            shared->stuck = 1;
            return -1;
        }
        shared->sent[sender][kind]++;
        r = os_tgkill(pid_of_all, shared->tid[kind], i / KINDS % 2 ? RESTARTS : INTERRUPTS);
        if (r) {
            print("FAILED thread kill: %s\n", err_name(r));
            shared->stuck = 1;
            return -1;
        }
    }
    for (int kind = 0; kind < KINDS; kind++)
        if (!wait_window(&shared->got[sender][kind], shared->sent[sender][kind], 1)) {
            print("FAILED the last signals to the thread in %s got lost\n", kind_name[kind]);
            shared->stuck = 1;
        }
    return 0;
}

static long sender_run(void *arg)
{
    struct os_sigset set = os_sigset_of(NUMBERED);

    os_sigprocmask(SIG_SETMASK, &set, 0);
    return storm(0, 0, (long)arg);
}

static void other_process(long count)
{
    while (shared->ready < KINDS)
        os_yield();
    for (long i = 1; i <= count; i++) {
        long r;

        shared->numbered_sent++;
        while ((r = os_sigqueue(pid_of_all, NUMBERED, i)) == -EAGAIN)
            os_yield();
        if (r || !wait_window(&shared->numbered_got, shared->numbered_sent, NUMBERED_WINDOW)) {
            print("FAILED a numbered signal got lost\n");
            shared->stuck = 1;
        }
        if (shared->stuck || storm(1, i * 3, 3))
            break;
    }
    for (;;)
        sleep_ms(1000000);
}

static void handle(int sig, void (*handler)(int, os_siginfo *, void *), int flags)
{
    struct os_sigaction act = {.handler = handler, .flags = SA_SIGINFO | flags};

    for (int s = RESTARTS; s <= THE_END; s++)
        os_sigset_add(&act.mask, s);
    must(os_sigaction(sig, &act, 0), "sigaction");
}

static void start(void)
{
    struct os_sockaddr_in addr = {.family = AF_INET, .addr = 0x0100007f};

    OS_SOCKADDR_LEN(addr);
    must(os_pipe(quiet_pipe), "pipe");
    quiet_events = (int)must(os_events(), "a queue of events");
    quiet_listener = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket");
    must(os_bind(quiet_listener, &addr, sizeof(addr)), "bind");
    must(os_listen(quiet_listener, 1), "listen");
    shared = os_mmap(0, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    must((long)shared, "shared memory");
    handle(RESTARTS, arrived, SA_RESTART);
    handle(INTERRUPTS, arrived, 0);
    handle(NUMBERED, numbered, SA_RESTART);
    handle(THE_END, ended, 0);
}

static void finish(void)
{
    stop = true;
    for (int i = 0; i < KINDS; i++) {
        while (!victims[i].done) {
            os_tkill(victims[i].tid, THE_END);
            sleep_ms(1);
        }
        thread_join(&victims[i].thread);
    }
    os_kill(child, SIGKILL);
    os_wait4(child, 0, 0, 0);
}

static void report(void)
{
    long sent = 0, got = 0;

    for (int s = 0; s < SENDERS; s++)
        for (int k = 0; k < KINDS; k++) {
            sent += shared->sent[s][k];
            got += shared->got[s][k];
        }
    check(!shared->stuck, "no signal is lost");
    check(sent == got, "and none comes twice");
    if (sent != got)
        print("  %ld sent, %ld handled\n", sent, got);
    if (shared->numbered_wrong || shared->numbered_got != shared->numbered_sent)
        print("  %ld queued, %ld handled, %ld out of order\n", shared->numbered_sent, shared->numbered_got,
              shared->numbered_wrong);
    check(shared->numbered_got == shared->numbered_sent && !shared->numbered_wrong,
          "queued ones come each once, in order");
    for (int k = 0; k < KINDS; k++) {
        check(!victims[k].wrong, kind_name[k]);
        if (victims[k].wrong)
            print("  %ld returns that the flags do not allow\n", victims[k].wrong);
    }
}

int main(int argc, char **argv, char **envp)
{
    long             total = argc > 1 ? parse_int(argv[1]) : 20000;
    struct thread    sender;
    struct os_sigset none = os_sigset_of(0), number = os_sigset_of(NUMBERED);

    (void)envp;
    start();
    os_sigprocmask(SIG_SETMASK, &number, 0); /* a thread that begins must not take one */
    pid_of_all = (int)os_getpid();
    child = (int)must(os_fork(), "fork");
    if (child == 0) {
        other_process(total / 8);
        os_exit(0);
    }
    for (int i = 0; i < KINDS; i++) {
        victims[i].kind = (enum kind)i;
        thread_start(&victims[i].thread, victim_run, &victims[i]);
    }
    while (shared->ready < KINDS)
        os_yield();
    for (int i = 0; i < KINDS; i++)
        victims[i].tid = shared->tid[i];
    thread_start(&sender, sender_run, (void *)(total / 2));
    os_sigprocmask(SIG_SETMASK, &none, 0);
    while (shared->numbered_got < total / 8 && !shared->stuck)
        sleep_ms(1);
    thread_join(&sender);
    while (!shared->stuck && shared->got[1][KINDS - 1] < shared->sent[1][KINDS - 1])
        os_yield();
    finish();
    report();
    return check_status();
}
