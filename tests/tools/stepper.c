/*
 * stepper: sends a signal into a call at every single instruction of its way.
 *
 *     stepper COMMAND...        which runs samples/stepped.c, under whatever layer
 *
 * The sample's call stands between two breakpoints.  Each of its rounds begins with one call that is single-stepped and
 * written down.  Then for each of its points: the call runs there (to a breakpoint at an instruction that comes for the
 * first time, and by steps from there on), SIGUSR1 is sent to the thread, and all runs freely until the call has ended.
 * A point is an instruction that is about to be executed, or a host call that blocks.  What blocks is fed as soon as
 * nothing else is to be expected: with a signal sent, after its handler has run.  Prints what the sample prints, and
 * for every round how many points it has.  Ends as the command does.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* As in samples/stepped.c. */
struct control {
    uint64_t begin, end;
    uint32_t round, more, blocks, handled, sent, point;
    uint64_t rip;
    uint32_t fed, word;
    char     what[64];
};

#define POINTS_MAX 20000u /* of one round */
#define LOST_MS    10000  /* that long a call may block with a signal sent and no handler run; then it is lost */

static pid_t    guest;
static uint64_t control_at;
static int      command = -1, guest_out = -1, syscall_file = -1;
static unsigned total;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "stepper: %s: %s\n", what, strerror(errno));
    exit(125);
}

static _Noreturn void fail(const struct control *c, const char *what)
{
    printf("FAILED %s, a signal at point %u, %lx: %s\n", c->what, c->point, (unsigned long)c->rip, what);
    exit(1);
}

/* ---- the guest's memory and registers -------------------------------------------------------- */

static struct control control_get(void)
{
    struct control     c;
    const struct iovec to = {&c, sizeof(c)}, from = {(void *)control_at, sizeof(c)};

    if (process_vm_readv(guest, &to, 1, &from, 1, 0) != sizeof(c))
        die("reading the control block");
    return c;
}

static void put(uint64_t at, const void *value, size_t n)
{
    const struct iovec from = {(void *)value, n}, to = {(void *)at, n};

    if (process_vm_writev(guest, &from, 1, &to, 1, 0) != (ssize_t)n)
        die("writing guest memory");
}

static void control_put(size_t field, const void *value, size_t n) { put(control_at + field, value, n); }

static uint64_t reg(size_t offset)
{
    errno = 0;
    const long v = ptrace(PTRACE_PEEKUSER, guest, offset, 0);

    if (v == -1 && errno)
        die("reading a register");
    return (uint64_t)v;
}
#define REG(name) reg(offsetof(struct user_regs_struct, name))

/* ---- stops -------------------------------------------------------------------------------------- */

enum stop { ENDED, BREAKPOINT, STEPPED, SIGNAL, BLOCKED };

/* What waitpid said; *sig is what the guest is to get when it goes on. */
static enum stop stop_of(int status, int *sig)
{
    siginfo_t si;

    *sig = 0;
    if (!WIFSTOPPED(status))
        return ENDED;
    if (WSTOPSIG(status) == SIGTRAP && !ptrace(PTRACE_GETSIGINFO, guest, 0, &si)) {
        if (si.si_code == SI_KERNEL)
            return BREAKPOINT;
        if (si.si_code > 0)
            return STEPPED;
    }
    *sig = status >> 16 ? 0 : WSTOPSIG(status);
    return SIGNAL;
}

static enum stop stop_wait(int *sig)
{
    int status;

    while (waitpid(guest, &status, __WALL) != guest)
        if (errno != EINTR)
            die("waitpid");
    return stop_of(status, sig);
}

static const long waits[] = {
    SYS_read,   SYS_futex,   SYS_poll,       SYS_ppoll,       SYS_recvfrom,
    SYS_accept, SYS_accept4, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2,
};

/* Is it in a host call that waits for what we are to do? */
static bool is_blocked(void)
{
    char          text[256];
    const ssize_t n = pread(syscall_file, text, sizeof(text) - 1, 0);
    char         *end;
    long          nr;

    if (n <= 0)
        return false;
    text[n] = 0;
    nr = strtol(text, &end, 10);
    for (size_t i = 0; end != text && i < sizeof(waits) / sizeof(*waits); i++)
        if (nr == waits[i])
            return true;
    return false;
}

/* The same, for a call that may block. */
static enum stop stop_or_block(int *sig)
{
    int status;

    for (;;) {
        const pid_t r = waitpid(guest, &status, __WALL | WNOHANG);

        if (r == guest)
            return stop_of(status, sig);
        if (r < 0 && errno != EINTR)
            die("waitpid");
        *sig = 0;
        if (!r && is_blocked())
            return BLOCKED;
        sched_yield();
    }
}

static void go(enum __ptrace_request how, int sig)
{
    if (ptrace(how, guest, 0, sig) && errno != ESRCH)
        die("going on");
}

static void feed(void)
{
    if (write(command, "x", 1) != 1)
        die("feeding the sample");
}

/* ---- one step ------------------------------------------------------------------------------------- */

enum insn { UNREAD, OTHER, PUSHES_FLAGS, POPS_FLAGS, CALLS };

/* What stands there, remembered: none of the code on a call's way changes. */
static enum insn insn_at(uint64_t rip)
{
    static struct {
        uint64_t  rip;
        enum insn insn;
    } known[1 << 14], *k;
    long word;

    k = &known[rip & ((1 << 14) - 1)];
    if (k->insn != UNREAD && k->rip == rip)
        return k->insn;
    errno = 0;
    word = ptrace(PTRACE_PEEKTEXT, guest, rip, 0);
    k->rip = rip;
    if (errno)
        k->insn = OTHER;
    else if ((word & 0xff) == 0x9c)
        k->insn = PUSHES_FLAGS;
    else if ((word & 0xff) == 0x9d)
        k->insn = POPS_FLAGS;
    else
        k->insn = (word & 0xffff) == 0x050f ? CALLS : OTHER;
    return k->insn;
}

/* The host single-steps by the trap flag, and pushf would push it: a debugger's artefact, which a debugger removes. */
static void trap_flag_unpush(void)
{
    const uint64_t at = REG(rsp);
    const uint64_t flags = (uint64_t)ptrace(PTRACE_PEEKDATA, guest, at, 0) & ~0x100ull;

    put(at, &flags, sizeof(flags));
}

/*
 * A popf is done here: having stepped through one, the host's kernel takes the trap flag for the program's own, and it
 * stays (is_setting_trap_flag and enable_single_step of arch/x86/kernel/step.c).
 */
static enum stop flags_pop(void)
{
    struct user_regs_struct r;

    if (ptrace(PTRACE_GETREGS, guest, 0, &r))
        die("reading registers");
    r.eflags = (uint64_t)ptrace(PTRACE_PEEKDATA, guest, r.rsp, 0) & ~0x100ull;
    r.rsp += sizeof(r.eflags);
    r.rip++;
    if (ptrace(PTRACE_SETREGS, guest, 0, &r))
        die("writing registers");
    return STEPPED;
}

/* One instruction, or as far as it blocks. */
static enum stop step(const struct control *c, uint64_t rip)
{
    const enum insn insn = insn_at(rip);
    enum stop       s;
    int             sig = 0;

    if (insn == POPS_FLAGS)
        return flags_pop();
    do {
        go(PTRACE_SINGLESTEP, sig);
        s = c->blocks && insn == CALLS ? stop_or_block(&sig) : stop_wait(&sig);
    } while (s == SIGNAL);
    if (s == STEPPED && insn == PUSHES_FLAGS)
        trap_flag_unpush();
    return s;
}

/* ---- one call ---------------------------------------------------------------------------------------- */

static void send_signal(unsigned point, uint64_t rip)
{
    const uint32_t sent = 1;

    control_put(offsetof(struct control, sent), &sent, sizeof(sent));
    control_put(offsetof(struct control, point), &point, sizeof(point));
    control_put(offsetof(struct control, rip), &rip, sizeof(rip));
    if (syscall(SYS_tgkill, guest, guest, SIGUSR1))
        die("sending the signal");
}

static long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the end's breakpoint, everything as it comes.  fed: what blocks has been ended already. */
static void run_free(bool fed)
{
    long      since = 0;
    enum stop s;
    int       sig;

    for (;;) {
        const struct control c = control_get();

        s = c.blocks && !fed ? stop_or_block(&sig) : stop_wait(&sig);
        if (s == BREAKPOINT && REG(rip) == c.end + 1)
            return;
        if (s == BREAKPOINT || s == ENDED)
            fail(&c, s == ENDED ? "the program has ended" : "a breakpoint that is not the call's end");
        if (s == STEPPED)
            fail(&c, "the trap flag has come into the program's flags");
        if (s == SIGNAL) {
            go(PTRACE_CONT, sig);
        } else if (control_get().handled) {
            feed();
            fed = true;
        } else {
            since = since ? since : now_ms();
            if (now_ms() - since > LOST_MS)
                fail(&c, "it blocks, and the signal is lost");
            sched_yield();
        }
    }
}

/* ---- a call's way ------------------------------------------------------------------------------------- */

static struct {
    uint64_t rip[POINTS_MAX];    /* before each step; 0: the host call before it blocks */
    uint32_t anchor[POINTS_MAX]; /* the last point not behind it whose instruction comes there for the first time */
    unsigned n;
} way;

/* Has it been at rip before?  The way has some thousand points, and this is asked once for each. */
static bool is_known(uint64_t rip)
{
    for (unsigned i = 0; i < way.n; i++)
        if (way.rip[i] == rip)
            return true;
    return false;
}

static void way_add(const struct control *c, uint64_t rip)
{
    if (way.n == POINTS_MAX)
        fail(c, "its way has no end");
    way.anchor[way.n] = way.n && (!rip || is_known(rip)) ? way.anchor[way.n - 1] : way.n;
    way.rip[way.n++] = rip;
}

static bool at_end(const struct control *c, enum stop s) { return s == BREAKPOINT && REG(rip) == c->end + 1; }

/* Is it in the host's clock code, which the layer calls?  Looked up once: the guest does not exec. */
static bool in_vdso(uint64_t rip)
{
    static uint64_t from, to;
    char            path[32], line[512];
    FILE           *f;

    if (!to) {
        snprintf(path, sizeof(path), "/proc/%d/maps", (int)guest);
        f = fopen(path, "r");
        while (f && fgets(line, sizeof(line), f))
            if (strstr(line, "[vdso]"))
                sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to);
        if (f)
            fclose(f);
        to = to ? to : 1; /* it has none */
    }
    return rip >= from && rip < to;
}

/* Runs to the anchor, which it comes to for the first time; what blocks on its way is fed. */
static bool run_to_anchor(const struct control *c, uint64_t rip, bool *fed)
{
    const long was = ptrace(PTRACE_PEEKTEXT, guest, rip, 0);
    enum stop  s = SIGNAL;

    ptrace(PTRACE_POKETEXT, guest, rip, (was & ~0xffl) | 0xcc);
    for (int sig = 0; s == SIGNAL || s == BLOCKED;) {
        if (s == SIGNAL)
            go(PTRACE_CONT, sig);
        s = c->blocks && !*fed ? stop_or_block(&sig) : stop_wait(&sig);
        if (s == BLOCKED) {
            feed();
            *fed = true;
        }
    }
    if (s == ENDED)
        fail(c, "the program has ended");
    ptrace(PTRACE_POKETEXT, guest, rip, was);
    if (s != BREAKPOINT || REG(rip) != rip + 1)
        return false;
    return !ptrace(PTRACE_POKEUSER, guest, offsetof(struct user_regs_struct, rip), rip);
}

/*
 * One call by single steps, without a signal.  The host's clock code begins anew when the clock ticks while it reads,
 * for ever where everything is slow: then the rest of it runs, and is not part of the way.
 */
static void way_record(const struct control *c)
{
    enum stop s = STEPPED;
    uint64_t  last = 0, back = 0;
    bool      fed = false;
    int       sig;

    for (way.n = 0; !at_end(c, s);) {
        uint64_t rip = REG(rip);

        if (in_vdso(rip) && !in_vdso(last))
            back = (uint64_t)ptrace(PTRACE_PEEKDATA, guest, REG(rsp), 0);
        if (in_vdso(rip) && is_known(rip)) {
            if (!run_to_anchor(c, back, &fed))
                fail(c, "the host's clock code does not return");
            rip = back;
        }
        last = rip;
        way_add(c, rip);
        s = step(c, rip);
        if (s == BLOCKED) {
            way_add(c, 0);
            feed();
            s = stop_wait(&sig);
        }
        if (s != STEPPED && !at_end(c, s))
            fail(c, "it cannot be stepped through");
    }
}

/* Runs to the point and sends the signal there.  False: it went another way, which is not its end's fault. */
static bool run_to_point(const struct control *c, unsigned point)
{
    bool      fed = false;
    int       sig = 0;
    unsigned  p = way.anchor[point];
    enum stop s = STEPPED;

    if (p && !run_to_anchor(c, way.rip[p], &fed))
        return false;
    for (; p < point && s == STEPPED; p++) {
        s = step(c, way.rip[p]);
        if (s == BLOCKED && p + 1 < point) {
            feed();
            fed = true;
            s = stop_wait(&sig);
            p++;
        }
    }
    if (way.rip[point] ? s != STEPPED || REG(rip) != way.rip[point] : s != BLOCKED)
        return false;
    send_signal(point, way.rip[point]);
    if (s == BLOCKED) /* the end of the step, and then the signal; or the signal */
        go(PTRACE_CONT, stop_wait(&sig) == SIGNAL ? sig : 0);
    else
        go(PTRACE_CONT, 0);
    run_free(fed);
    return true;
}

static void round_ended(const struct control *c)
{
    const uint32_t no = 0;

    control_put(offsetof(struct control, more), &no, sizeof(no));
    printf("%-45s %5u points\n", c->what, way.n);
    total += way.n;
}

/* So many runs that go another way than the one recorded, and so many ways recorded until there is a usual one. */
#define MISSES 8u

static void at_begin(void)
{
    static uint32_t      round;
    static unsigned      point, misses, others;
    static bool          anew;
    const struct control c = control_get();

    if (!c.round)
        return;
    if (c.round != round || anew) {
        others = c.round == round ? others : 0;
        round = c.round;
        point = misses = 0;
        anew = false;
        way_record(&c);
    } else if (run_to_point(&c, point)) {
        misses = 0;
        if (++point == way.n)
            round_ended(&c);
    } else if (++misses == MISSES) { /* it was the recorded one that was unusual */
        if (++others == MISSES)
            fail(&c, "it goes another way each time");
        anew = true; /* at the next beginning: now it is somewhere on that way */
    } else {
        printf("# %s: another way at point %u\n", c.what, point);
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

/* Tool, layer and program on one processor: every step is a switch between them, and wakes up no other one. */
static void one_processor(void)
{
    const int here = sched_getcpu();
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(here < 0 ? 0 : here, &one);
    sched_setaffinity(0, sizeof(one), &one); /* only slower without it */
}

static pid_t start(char **argv)
{
    int   in[2], out[2];
    pid_t pid;

    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        die("pipe");
    pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    close(in[0]);
    close(out[1]);
    command = in[1];
    guest_out = out[0];
    return pid;
}

/* The first line: the process, which is the same number outside, and where its control block is. */
static void guest_find(void)
{
    char          line[64] = "", name[64];
    unsigned long at = 0;

    for (size_t i = 0; i + 1 < sizeof(line) && read(guest_out, line + i, 1) == 1 && line[i] != '\n'; i++)
        ;
    if (sscanf(line, "%d %lx", &guest, &at) != 2)
        die("the sample's first line");
    control_at = at;
    snprintf(name, sizeof(name), "/proc/%d/syscall", guest);
    syscall_file = open(name, O_RDONLY | O_CLOEXEC);
    if (syscall_file < 0 || ptrace(PTRACE_SEIZE, guest, 0, 0))
        die("tracing the sample");
    feed(); /* the byte that it waits for */
}

static void output_pass_on(void)
{
    char    text[4096];
    ssize_t n;

    while ((n = read(guest_out, text, sizeof(text))) > 0)
        fwrite(text, 1, (size_t)n, stdout);
}

int main(int argc, char **argv)
{
    int   sig, status = 0;
    pid_t child;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2)
        return 125;
    one_processor();
    child = start(argv + 1);
    guest_find();
    for (enum stop s; (s = stop_wait(&sig)) != ENDED; go(PTRACE_CONT, sig))
        if (s == BREAKPOINT && REG(rip) == control_get().begin + 1)
            at_begin();
    close(command);
    output_pass_on();
    if (child != guest && waitpid(child, &status, 0) != child)
        die("waitpid");
    printf("%u points\n", total);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
