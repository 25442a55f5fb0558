/* A session's controlling terminal: who gets it, who may ask, which signals it sends. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

#include "pty/pty.h"

enum { SIGINFO_ = 29 };

static volatile uint32_t seen; /* signals, a bit each */

static void note(int sig, os_siginfo *info, void *uc)
{
    (void)info, (void)uc;
    seen |= 1u << (sig - 1);
}

static void notes(int sig)
{
    const struct os_sigaction act = {.handler = note, .flags = SA_SIGINFO};

    os_sigaction(sig, &act, 0);
}

static bool comes(int sig)
{
    for (int i = 0; i < 5000 && !(seen >> (sig - 1) & 1); i++)
        sleep_ms(1);
    return __atomic_fetch_and(&seen, ~(1u << (sig - 1)), __ATOMIC_SEQ_CST) >> (sig - 1) & 1;
}

/* Runs it as the leader of a session of its own. */
static bool as_leader(void (*run)(struct pty *), struct pty *p)
{
    int        status = -1;
    const long pid = must(os_fork(), "fork");

    if (pid == 0) {
        must(os_setsid(), "setsid");
        run(p);
        os_exit(check_status());
    }
    return os_wait4((int)pid, &status, 0, 0) == pid && os_wifexited(status) && os_wexitstatus(status) == 0;
}

static void get_it(struct pty *p)
{
    int fd, n = -1;

    check_err(os_open("/dev/tty", O_RDWR, 0), -ENXIO, "a new session has no terminal");
    check_err(os_ioctl(p->master, TIOCGSID, &n), -ENOTTY, "the master knows of no session");
    check(os_ioctl(p->master, 0x40047477 /* TIOCGPGRP */, &n) == 0 && n == NO_PID, "nor of a group");
    fd = (int)os_open(p->name, O_RDWR, 0);
    check_err(os_ioctl(fd, TIOCGSID, &n), -ENOTTY, "it is not had by opening");
    check_err(os_tcgetpgrp(fd), -ENOTTY, "so has no group");
    check(os_ioctl(fd, TIOCSCTTY, 0) == 0, "but for the asking");
    check(os_ioctl(fd, TIOCSCTTY, 0) == 0, "twice is no harm");
    os_close(fd);
}

static void ask_it(struct pty *p)
{
    int n = -1, fd = (int)os_open("/dev/tty", O_RDWR, 0);

    check(fd >= 0 && os_isatty(fd), "/dev/tty");
    check(os_ioctl(fd, TIOCGSID, &n) == 0 && n == os_getpid(), "its session");
    check(os_tcgetpgrp(fd) == os_getpid(), "its group");
    check(os_ioctl(p->master, TIOCGSID, &n) == 0 && n == os_getpid(), "its session, from the master");
    check(os_tcgetpgrp(p->master) == os_getpid(), "its group, too");
    check_err(os_tcsetpgrp(fd, 1), -EPERM, "no group of another session");
    check(os_tcsetpgrp(fd, (int)os_getpid()) == 0, "one's own");
    os_close(fd);
}

static void follow(struct pty *p)
{
    int  n = -1, status = -1;
    long pid = must(os_fork(), "fork");

    if (pid == 0) {
        check_err(os_ioctl(p->slave, TIOCSCTTY, 0), -EPERM, "another than the leader may not ask for it");
        check(os_ioctl(p->slave, TIOCGSID, &n) == 0 && n == os_getppid(), "and has the leader's");
        os_exit(check_status());
    }
    os_wait4((int)pid, &status, 0, 0);
    check(status == 0, "a child");
}

static void signals(struct pty *p)
{
    uint16_t size[4] = {33, 77, 0, 0}, got[4] = {0};

    notes(SIGWINCH);
    notes(SIGINT);
    notes(SIGQUIT);
    notes(SIGTSTP);
    notes(SIGUSR1);
    check(os_ioctl(p->master, TIOCSWINSZ, size) == 0 && comes(SIGWINCH), "a new size, and SIGWINCH");
    check(os_ioctl(p->slave, TIOCGWINSZ, got) == 0 && got[0] == 33 && got[1] == 77, "the size");
    check(os_ioctl(p->master, TIOCSWINSZ, size) == 0, "the same size again");
    check(says(p->master, "\003") && comes(SIGINT), "^C");
    check(says(p->master, "\034") && comes(SIGQUIT), "^\\");
    check(says(p->master, "\032") && comes(SIGTSTP), "^Z");
    check(os_ioctl(p->master, TIOCSIG, (void *)SIGINT) == 0 && comes(SIGINT), "SIGINT from the master");
    check(os_ioctl(p->master, TIOCSIG, (void *)SIGUSR1) == 0 && comes(SIGUSR1), "and any other signal");
    check_err(os_ioctl(p->master, TIOCSIG, (void *)0), -EINVAL, "none is no signal");
    check_err(os_ioctl(p->master, TIOCSIG, (void *)1000), -EINVAL, "nor is one too high");
    check_err(os_ioctl(p->slave, TIOCSIG, (void *)SIGINT), -ENOTTY, "a slave sends none");
}

/* Who may: root, and of its own terminal, where the host allows that at all, anybody. */
static void stuff(struct pty *p)
{
    char byte = 'q';
    long r;

    raw_mode(p->slave, 0, 1);
    r = os_ioctl(p->slave, TIOCSTI, &byte);
    check(r == 0 ? reads(p->slave, "q") : r == -EPERM && os_getuid() != 0, "TIOCSTI, or its refusal");
}

static void drop_it(struct pty *p)
{
    const struct os_sigaction ignore = {.handler = (void *)1};

    os_sigaction(SIGHUP, &ignore, 0);
    check(os_ioctl(p->slave, TIOCNOTTY, 0) == 0, "given back");
    check_err(os_open("/dev/tty", O_RDWR, 0), -ENXIO, "and gone");
    check_err(os_ioctl(p->slave, TIOCNOTTY, 0), -ENOTTY, "once only");
}

static void leader(struct pty *p)
{
    get_it(p);
    ask_it(p);
    follow(p);
    signals(p);
    stuff(p);
    drop_it(p);
}

/* ---- the status line ---------------------------------------------------------------------- */

static bool has(const char *text, const char *part)
{
    const size_t n = strlen(part);

    for (; *text; text++)
        if (memcmp(text, part, n) == 0) /* the buffer is longer than any line by as much */
            return true;
    return false;
}

/* A line of the terminal's output, with all of these in it. */
static bool tells(int master, const char *one, const char *other, const char *third)
{
    char   line[512];
    size_t n = 0;
    long   r = 0;

    memset(line, 0, sizeof(line));
    while (n < 300 && (n == 0 || line[n - 1] != '\n') && (r = os_read(master, line + n, 1)) == 1)
        n++;
    if (has(line, one) && has(line, other) && has(line, third))
        return true;
    print("#   %s '%s'\n", r < 0 ? err_name(r) : "", line);
    return false;
}

static void sleeps(struct pty *p)
{
    (void)p;
    for (;;)
        sleep_ms(1000);
}

static void status(struct pty *p)
{
    char me[64];
    int  gone;
    long pid;

    check(os_ioctl(p->slave, TIOCSTAT, 0) == 0 && tells(p->master, "load: ", " not a controlling terminal\r\n", "."),
          "the status of a terminal that has no session");
    must(os_ioctl(p->slave, TIOCSCTTY, 0), "TIOCSCTTY");
    print_into(me, sizeof(me), "  cmd: pty %d [running] ", (int)os_getpid());
    check(os_ioctl(p->slave, TIOCSTAT, 0) == 0 && tells(p->master, "load: ", me, "k\r\n"), "of one that runs");
    check(os_ioctl(p->master, TIOCSTAT, 0) == 0 && tells(p->master, "r 0.", me, "% "), "from the master");
    notes(SIGINFO_);
    check(os_ioctl(p->master, TIOCSIG, (void *)SIGINFO_) == 0 && comes(SIGINFO_) &&
              tells(p->master, "load: ", " cmd: pty ", "k\r\n"),
          "the signal that asks for it");
    pid = must(os_fork(), "fork");
    if (pid == 0)
        sleeps(p);
    must(OS_CALL(82, pid, pid), "setpgid");
    must(os_tcsetpgrp(p->slave, (int)pid), "tcsetpgrp");
    check_err(os_ioctl(p->slave, TIOCSTAT, 0), -EIO, "the background may not ask");
    print_into(me, sizeof(me), "  cmd: pty %d [", (int)pid);
    check(os_ioctl(p->master, TIOCSTAT, 0) == 0 && tells(p->master, me, "] ", "u 0."),
          "the master may: who is in front");
    os_kill((int)pid, SIGKILL);
    must(os_wait4((int)pid, &gone, 0, 0), "wait");
    check(os_ioctl(p->master, TIOCSTAT, 0) == 0 && tells(p->master, "load: ", " foreground process group\r\n", "."),
          "nobody");
}

static void hung_up(struct pty *p)
{
    char byte;

    notes(SIGHUP);
    must(os_ioctl(p->slave, TIOCSCTTY, 0), "TIOCSCTTY");
    os_close(p->master);
    check(comes(SIGHUP), "the master is closed: the leader hears SIGHUP");
    check(os_read(p->slave, &byte, 1) == 0, "reads end");
    check_err(os_write(p->slave, "x", 1), -ENXIO, "writes fail");
    check_err(os_ioctl(p->slave, TIOCGWINSZ, (uint16_t[4]){0}), -ENXIO, "and other calls");
}

void check_session(void)
{
    struct pty p = pty_open();

    check(as_leader(leader, &p), "a session");
    check(as_leader(check_group, &p), "a group");
    pty_close(&p);
    p = pty_open();
    check(as_leader(status, &p), "a status");
    pty_close(&p);
}

/* The parent's own descriptor of the master would keep it open. */
static void closes_all(struct pty *unused)
{
    struct pty p = pty_open();

    (void)unused;
    hung_up(&p);
}

static void leaves(struct pty *p)
{
    must(os_ioctl(p->slave, TIOCSCTTY, 0), "TIOCSCTTY");
    says(p->slave, "bye");
}

void check_ends(void)
{
    struct pty       p = pty_open();
    struct os_pollfd poll;
    char             text[8];

    check(as_leader(closes_all, &p), "hung up");
    check(as_leader(leaves, &p), "a session that ends");
    os_close(p.slave);
    poll = (struct os_pollfd){.fd = p.master, .events = POLLIN};
    check(hears(p.master, "bye"), "what it had written");
    check(os_poll(&poll, 1, 1000) == 1 && (poll.revents & POLLHUP), "nobody is there any more");
    check(os_read(p.master, text, 8) == 0 && os_read(p.master, text, 8) == 0, "the master reads the end");
    p.slave = (int)os_open(p.name, O_RDWR | O_NOCTTY, 0);
    check(p.slave >= 0 && says(p.slave, "x") && hears(p.master, "x"), "until it is opened again");
    pty_close(&p);
}

#endif
