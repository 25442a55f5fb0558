/*
 * stepped: calls between two breakpoints, for tests/tools/stepper.c to step through and to send a signal into.
 *
 * The tool finds struct control where the first line of output says, lets every round go on until it has sent a signal
 * at each point of the call's way, and says when and where it did.  Here every call is held against what a kernel may
 * do: the handler has run once, nothing is lost and nothing done twice, and the registers are as they were.
 *
 *     stepped DIRECTORY [threads]       threads: with another one beside it, so that nothing belongs to it alone
 */
#include "stepped_call.h"

#ifdef GUEST_FREEBSD
enum { NR_READ = 3, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6, NR_GETPPID = 39, NR_POLL = 209, NR_CLOCK = 232 };
enum { NR_FUTEX = 454, NR_LSEEK = 478, NR_SIGPROCMASK = 340, NR_RECVFROM = 29, NR_SENDTO = 133, NR_ACCEPT = 30 };
enum { WAIT_SHARED = 11, OTHER_VALUE = 0 };
#else
enum { NR_READ = 0, NR_WRITE = 1, NR_OPEN = 2, NR_CLOSE = 3, NR_GETPPID = 110, NR_POLL = 7, NR_CLOCK = 228 };
enum { NR_FUTEX = 202, NR_LSEEK = 8, NR_SIGPROCMASK = 14, NR_RECVFROM = 45, NR_SENDTO = 44, NR_ACCEPT = 43 };
enum { WAIT_SHARED = 0, OTHER_VALUE = -EAGAIN };
#endif
enum { FILE_SIZE = 251, FAILURES_MAX = 10, WARM_UP = 6 };

/* Shared with the process that ends what blocks, and known to tests/tools/stepper.c by these places. */
struct control {
    uint64_t begin, end; /* the breakpoints */
    uint32_t round;      /* from 1 on, each of a call and a handler; 0: nothing to be stepped */
    uint32_t more;       /* the tool's: another point of this round */
    uint32_t blocks;     /* the call waits until the tool has fed it, with a byte of our input */
    uint32_t handled;    /* signals, during this call */
    uint32_t sent;       /* the tool's: a signal, during this call */
    uint32_t point;      /* the tool's: where, for messages */
    uint64_t rip;
    uint32_t fed; /* how often what blocks was ended */
    uint32_t word;
    char     what[64];
};
static struct control *control;

void stepped_count(void) { control->handled++; }

/* ---- what is called --------------------------------------------------------------------------- */

static char     path[256];
static int      file, full[2], empty[2], pair[2], spare; /* spare: the lowest free descriptor */
static int      opened;
static uint8_t  buffer[8];
static uint32_t taken;  /* of what was fed */
static uint8_t  number; /* of bytes through the pipe that is full */
static long     parent, offset;
static bool     restarts;

static long at(void) { return os_lseek(file, 0, 1); }

static bool is_open(int fd) { return os_fcntl(fd, F_GETFD, 0) >= 0; }

/* Interrupted: a call that waited, or was about to, for a handler that does not restart it.  Nothing was taken. */
static bool may_be_interrupted(long r, bool restarted)
{
    return r == -EINTR && control->sent && !(restarts && restarted) && taken == control->fed;
}

static void call_set(struct frame *in, uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
    in->rax = nr;
    in->rdi = a;
    in->rsi = b;
    in->rdx = c;
}

static void read_file_begin(struct frame *in)
{
    if (at() >= FILE_SIZE)
        os_lseek(file, 0, 0);
    offset = at();
    call_set(in, NR_READ, (uint64_t)file, (uint64_t)buffer, 1);
}
static bool read_file_end(long r) { return r == 1 && buffer[0] == (uint8_t)offset && at() == offset + 1; }

static void seek_begin(struct frame *in)
{
    offset = at();
    call_set(in, NR_LSEEK, (uint64_t)file, 1, 1);
    in->flags |= CF | FLAGS_ARITH | DF;
}
static bool seek_end(long r) { return r == offset + 1 && at() == offset + 1; }

static void read_full_begin(struct frame *in)
{
    number++;
    must(os_write(full[1], &number, 1), "write");
    call_set(in, NR_READ, (uint64_t)full[0], (uint64_t)buffer, 1);
}
static bool read_full_end(long r) { return r == 1 && buffer[0] == number; }

static void write_begin(struct frame *in)
{
    number++;
    call_set(in, NR_WRITE, (uint64_t)full[1], (uint64_t)&number, 1);
}
static bool write_end(long r) { return r == 1 && os_read(full[0], buffer, 8) == 1 && buffer[0] == number; }

static void read_empty_begin(struct frame *in) { call_set(in, NR_READ, (uint64_t)empty[0], (uint64_t)buffer, 1); }
static bool read_empty_end(long r)
{
    return may_be_interrupted(r, true) || (r == 1 && ++taken == control->fed && buffer[0] == (uint8_t)taken);
}

static void wait_begin(struct frame *in, uint32_t value)
{
    call_set(in, NR_FUTEX, (uint64_t)&control->word, WAIT_SHARED, value);
    in->r8 = in->r10 = 0; /* for as long as it takes */
}
static void wait_other_begin(struct frame *in) { wait_begin(in, control->word + 1); }
static bool wait_other_end(long r) { return r == OTHER_VALUE; }
static void wait_same_begin(struct frame *in) { wait_begin(in, control->word); }
static bool wait_same_end(long r)
{
    if (may_be_interrupted(r, OS_FUTEX_RESTARTS))
        return true;
    return (r == 0 || r == OTHER_VALUE) && ++taken == control->fed && control->word == taken;
}

static struct {
    int32_t fd;
    int16_t events, revents;
} asked;
enum { READABLE = 1 };

static void poll_begin(struct frame *in, int fd)
{
    asked.fd = fd;
    asked.events = READABLE;
    asked.revents = 0;
    call_set(in, NR_POLL, (uint64_t)&asked, 1, (uint64_t)-1);
}
static bool poll_end(long r) { return r == 1 && asked.revents == READABLE && os_read(asked.fd, buffer, 8) == 1; }
static void poll_full_begin(struct frame *in)
{
    read_full_begin(in);
    poll_begin(in, full[0]);
}
static bool poll_full_end(long r) { return poll_end(r) && buffer[0] == number; }
static void poll_empty_begin(struct frame *in) { poll_begin(in, empty[0]); }
static bool poll_empty_end(long r)
{
    return may_be_interrupted(r, false) || (poll_end(r) && ++taken == control->fed && buffer[0] == (uint8_t)taken);
}

/* What the gate asks the provider for. */
static int listener;

static void accept_begin(struct frame *in) { call_set(in, NR_ACCEPT, (uint64_t)listener, 0, 0); }
static bool accept_end(long r)
{
    return may_be_interrupted(r, true) || (r == spare && os_close(spare) == 0 && ++taken == control->fed);
}

#ifdef GUEST_FREEBSD
static struct os_kevent event;
static int              kq;

static void kevent_begin(struct frame *in)
{
    event = (struct os_kevent){0};
    call_set(in, 560, (uint64_t)kq, 0, 0);
    in->r10 = (uint64_t)&event;
    in->r8 = 1;
    in->r9 = 0;
}
static bool kevent_end(long r)
{
    if (may_be_interrupted(r, false))
        return true;
    return r == 1 && event.filter == EVFILT_READ && os_read(empty[0], buffer, 8) == 1 && ++taken == control->fed &&
           buffer[0] == (uint8_t)taken;
}
static void set_kqueue(void)
{
    const struct os_kevent change = {.ident = (uint64_t)empty[0], .filter = EVFILT_READ, .flags = EV_ADD};

    kq = (int)must(os_kqueue(), "kqueue");
    must(os_kevent(kq, &change, 1, 0, 0, 0), "kevent");
}
#else
static void kevent_begin(struct frame *in) { poll_empty_begin(in); }
static bool kevent_end(long r) { return poll_empty_end(r); }
static void set_kqueue(void) {}
#endif

static void open_begin(struct frame *in) { call_set(in, NR_OPEN, (uint64_t)path, O_RDONLY, 0); }
static bool open_end(long r) { return r == spare && !is_open(spare + 1) && os_close(spare) == 0; }

static void close_begin(struct frame *in)
{
    opened = (int)must(os_open(path, O_RDONLY, 0), path);
    call_set(in, NR_CLOSE, (uint64_t)opened, 0, 0);
}
static bool close_end(long r) { return r == 0 && opened == spare && !is_open(opened); }

static void parent_begin(struct frame *in) { call_set(in, NR_GETPPID, 0, 0, 0); }
static bool parent_end(long r) { return r == parent; }

/* By code that is neither the program's nor the gate's. */
static int64_t            time_before;
static struct os_timespec told;

static void clock_begin(struct frame *in)
{
    time_before = now_ns(CLOCK_MONOTONIC);
    told = (struct os_timespec){0, 0};
    call_set(in, NR_CLOCK, CLOCK_MONOTONIC, (uint64_t)&told, 0);
}
static bool clock_end(long r)
{
    const int64_t t = told.sec * NSEC_PER_SEC + told.nsec;

    return r == 0 && t >= time_before && t <= now_ns(CLOCK_MONOTONIC);
}

/* Blocks SIGUSR1, and lets it through: what was sent is handled before or after, and a blocked one is pending. */
static struct os_sigset  changed, before;
static struct os_sigset *usr1(void)
{
    changed = os_sigset_of(SIGUSR1);
    return &changed;
}
static void mask_begin(struct frame *in, int how)
{
    before = os_sigset_of(SIGWINCH);
    call_set(in, NR_SIGPROCMASK, (uint64_t)how, (uint64_t)usr1(), (uint64_t)&before);
    in->r10 = 8; /* one host wants to know */
}
static void block_begin(struct frame *in) { mask_begin(in, SIG_BLOCK); }
/* It is blocked until here; what came after the call is handled now. */
static bool block_end(long r)
{
    struct os_sigset now, pending;

    os_sigprocmask(SIG_BLOCK, 0, &now);
    os_sigpending(&pending);
    return r == 0 && !os_sigset_has(&before, SIGUSR1) && !os_sigset_has(&before, SIGWINCH) &&
           os_sigset_has(&now, SIGUSR1) && os_sigset_has(&pending, SIGUSR1) == (control->sent > control->handled);
}
static void unblock_begin(struct frame *in)
{
    os_sigprocmask(SIG_BLOCK, usr1(), 0);
    mask_begin(in, SIG_UNBLOCK);
}
static bool unblock_end(long r)
{
    struct os_sigset now;

    os_sigprocmask(SIG_BLOCK, 0, &now);
    return r == 0 && os_sigset_has(&before, SIGUSR1) && !os_sigset_has(&now, SIGUSR1);
}
/* With one that waits for it: it is handled before the call returns, and another one that comes then, after it. */
static void unblock_pending_begin(struct frame *in)
{
    unblock_begin(in);
    os_tkill(os_gettid(), SIGUSR1);
}

static void receive_full_begin(struct frame *in)
{
    number++;
    must(os_write(pair[1], &number, 1), "write");
    call_set(in, NR_RECVFROM, (uint64_t)pair[0], (uint64_t)buffer, 1);
    in->r10 = in->r8 = in->r9 = 0;
}
static void receive_empty_begin(struct frame *in)
{
    call_set(in, NR_RECVFROM, (uint64_t)pair[0], (uint64_t)buffer, 1);
    in->r10 = in->r8 = in->r9 = 0;
}
static void send_begin(struct frame *in)
{
    number++;
    call_set(in, NR_SENDTO, (uint64_t)pair[1], (uint64_t)&number, 1);
    in->r10 = in->r8 = in->r9 = 0;
}
static bool send_end(long r) { return r == 1 && os_read(pair[0], buffer, 8) == 1 && buffer[0] == number; }

/* What was blocked comes now. */
static void block_after(void) { os_sigprocmask(SIG_UNBLOCK, usr1(), 0); }

static const struct kind {
    const char *name;
    bool        blocks;
    void (*begin)(struct frame *in);
    bool (*end)(long r);
    void (*after)(void);
    uint32_t before; /* so many are pending before the call */
} kinds[] = {
    {"read of a file", false, read_file_begin, read_file_end, NULL, 0},
    {"lseek, all flags set", false, seek_begin, seek_end, NULL, 0},
    {"read of a pipe with data", false, read_full_begin, read_full_end, NULL, 0},
    {"read of an empty pipe", true, read_empty_begin, read_empty_end, NULL, 0},
    {"write to a pipe", false, write_begin, write_end, NULL, 0},
    {"wait for a word of another value", false, wait_other_begin, wait_other_end, NULL, 0},
    {"wait for a word", true, wait_same_begin, wait_same_end, NULL, 0},
    {"open", false, open_begin, open_end, NULL, 0},
    {"close", false, close_begin, close_end, NULL, 0},
    {"clock_gettime", false, clock_begin, clock_end, NULL, 0},
    {"getppid", false, parent_begin, parent_end, NULL, 0},
    {"poll of a pipe with data", false, poll_full_begin, poll_full_end, NULL, 0},
    {"poll of an empty pipe", true, poll_empty_begin, poll_empty_end, NULL, 0},
    {"blocking of the signal", false, block_begin, block_end, block_after, 0},
    {"letting it through", false, unblock_begin, unblock_end, NULL, 0},
    {"letting a pending one through", false, unblock_pending_begin, unblock_end, NULL, 1},
    {"recvfrom of a socket with data", false, receive_full_begin, read_full_end, NULL, 0},
    {"recvfrom of an empty socket", true, receive_empty_begin, read_empty_end, NULL, 0},
    {"sendto", false, send_begin, send_end, NULL, 0},
    {"accept", true, accept_begin, accept_end, NULL, 0},
    {"kevent", true, kevent_begin, kevent_end, NULL, 0},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* ---- rounds ------------------------------------------------------------------------------------- */

static void failed(const char *what, long r)
{
    static int failures;

    print("FAILED %s, a signal at point %u, %lx: %s; result %ld, %u sent, %u handled\n", control->what, control->point,
          control->rip, what, r, control->sent, control->handled);
    if (++failures == FAILURES_MAX)
        os_exit(1);
    check(false, control->what);
}

/* Each that was sent, once; one that was sent while another was pending is that one. */
static bool handled_right(const struct kind *kind)
{
    const uint32_t sent = control->sent + kind->before;

    return control->handled == sent || (kind->before && control->handled == 1);
}

static void call_once(const struct kind *kind)
{
    struct frame in = pattern, out = {0};
    long         r;

    kind->begin(&in);
    control->sent = control->handled = 0;
    stepped_call(&in, &out);
    r = result_of(&out);
    if (!kind->end(r))
        failed("what was done", r);
    if (kind->after)
        kind->after();
    if (!handled_right(kind))
        failed("the handler has not run once", r);
    if (!registers_kept(&in, &out))
        failed("registers", r);
    if (!vectors_kept())
        failed("vector registers", r);
}

static void handler_set(bool restart)
{
    struct os_sigaction act = {.handler = (void (*)(int, os_siginfo *, void *))(uintptr_t)stepped_handler};

    act.flags = SA_SIGINFO | (restart ? SA_RESTART : 0);
    restarts = restart;
    os_sigaction(SIGUSR1, &act, 0);
}

static void run_round(uint32_t round)
{
    const struct kind *kind = &kinds[round / 2];

    handler_set(round % 2);
    print_into(control->what, sizeof(control->what), "%s%s", kind->name, restarts ? ", restarted" : "");
    control->blocks = kind->blocks;
    control->more = 1;
    control->round = round + 1;
    while (control->more)
        call_once(kind);
    control->round = 0;
}

static struct os_sockaddr_un address = {.family = AF_UNIX};

static void visit(void)
{
    const int fd = (int)must(os_socket(AF_UNIX, SOCK_STREAM, 0), "socket");

    must(os_connect(fd, &address, sizeof(address)), "connect");
    os_close(fd);
}

/* Ends what blocks, whenever a byte comes. */
static _Noreturn void feed(void)
{
    uint8_t byte;

    while (os_read(0, &byte, 1) == 1) {
        void (*const begin)(struct frame *) = kinds[(control->round - 1) / 2].begin;

        byte = (uint8_t)++control->fed;
        __atomic_store_n(&control->word, control->fed, __ATOMIC_SEQ_CST);
        if (begin == wait_same_begin)
            os_futex_wake_shared(&control->word, 1);
        else if (begin == receive_empty_begin)
            os_write(pair[1], &byte, 1);
        else if (begin == accept_begin)
            visit();
        else
            os_write(empty[1], &byte, 1);
    }
    os_exit(0);
}

static void set_listener(const char *where)
{
    listener = (int)must(os_socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    print_into(address.path, sizeof(address.path), "%s/l", where);
    must(os_bind(listener, &address, sizeof(address)), "bind");
    must(os_listen(listener, 5), "listen");
}

static long idle(void *word)
{
    while (!*(volatile uint32_t *)word)
        os_futex_wait(word, 0, 0);
    return 0;
}

static void start(const char *where)
{
    uint8_t byte;

    control = os_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    must((long)control, "shared memory");
    control->begin = (uint64_t)stepped_begin;
    control->end = (uint64_t)stepped_end;
    wide = has_wide();
    for (unsigned i = 0; i < sizeof(vectors_in); i++)
        vectors_in.v[i / 32][i % 32] = (uint8_t)(i * 7 + 1);
    print_into(path, sizeof(path), "%s/stepped", where);
    file = (int)must(os_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), path);
    for (int i = 0; i < FILE_SIZE; i++) {
        byte = (uint8_t)i;
        must(os_write(file, &byte, 1), "write");
    }
    must(os_pipe(full), "pipe");
    must(os_pipe(empty), "pipe");
    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    set_listener(where);
    set_kqueue();
    spare = (int)must(os_open(path, O_RDONLY, 0), path);
    os_close(spare);
    parent = os_getppid();
    print("%d %lx\n", (int)os_getpid(), (uint64_t)control);
    must(os_read(0, &byte, 1), "the tool's word"); /* it traces us now */
}

int main(int argc, char **argv, char **envp)
{
    static struct thread other;
    static uint32_t      never;
    long                 pid;
    int                  status = -1;

    (void)envp;
    start(argc > 1 ? argv[1] : ".");
    pid = must(os_fork(), "fork");
    if (pid == 0)
        feed();
    if (argc > 2)
        thread_start(&other, idle, &never);
    for (int i = 0; i < WARM_UP; i++)
        call_once(&kinds[0]);
    os_futex_wait_shared(&control->word, control->word + 1); /* the first of its kind goes another way */
    print("the call is %s\n", stepped_site[0] == 0xe9 ? "a jump" : "itself");
    for (uint32_t round = 0; round < 2 * KINDS; round++)
        run_round(round);
    os_unlink(path);
    os_unlink(address.path);
    os_kill((int)pid, SIGKILL);
    os_wait4((int)pid, &status, 0, 0);
    return check_status();
}
