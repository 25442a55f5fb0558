/*
 * pty: pseudo-terminals as FreeBSD has them (kern/tty.c, kern/tty_pts.c): names, both sides, reading with VMIN and
 * VTIME, window size, controlling terminal, signals, packet mode, hang-up.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

#include "pty/pty.h"

struct pty pty_open(void)
{
    struct pty p;
    int        n = -1;

    p.master = (int)must(OS_CALL(504, O_RDWR | O_NOCTTY), "posix_openpt");
    must(os_ioctl(p.master, TIOCGPTN, &n), "TIOCGPTN");
    print_into(p.name, sizeof(p.name), "/dev/pts/%d", n);
    p.slave = (int)must(os_open(p.name, O_RDWR | O_NOCTTY, 0), p.name);
    return p;
}

void pty_close(struct pty *p)
{
    os_close(p->slave);
    os_close(p->master);
}

bool reads(int fd, const char *want)
{
    char   got[256];
    size_t n = strlen(want);
    long   r = os_read(fd, got, n ? n : 1);

    if (r == (long)n && memcmp(got, want, n) == 0)
        return true;
    got[r > 0 ? r : 0] = 0;
    print("#   read %ld %s '%s'\n", r, r < 0 ? err_name(r) : "", got);
    return false;
}

/*
 * A host's master may give a part of one write: text and newlines go into its buffer one by one, a worker hands on
 * what is there, and a read returns what was handed on (drivers/tty/n_tty.c).
 */
bool hears(int master, const char *want)
{
    char   got[256];
    size_t n = strlen(want), have = 0;
    long   r = 0;

    while (have < n && (r = os_read(master, got + have, n - have)) > 0)
        have += (size_t)r;
    if (have == n && memcmp(got, want, n) == 0)
        return true;
    got[have] = 0;
    print("#   heard %ld %s '%s'\n", (long)have, r < 0 ? err_name(r) : "", got);
    return false;
}

bool says(int fd, const char *text) { return os_write(fd, text, strlen(text)) == (long)strlen(text); }

void raw_mode(int fd, int min, int time)
{
    struct termios t;

    must(os_ioctl(fd, TIOCGETA, &t), "TIOCGETA");
    t.lflag &= ~(ICANON | ECHO | ISIG);
    t.cc[VMIN] = (uint8_t)min;
    t.cc[VTIME] = (uint8_t)time;
    must(os_ioctl(fd, TIOCSETA, &t), "TIOCSETA");
}

static void check_names(void)
{
    struct pty     p = pty_open();
    char           name[32] = "";
    struct os_stat st;
    int            type = -1, discipline = -1, zero = 0;
    struct {
        int   len;
        void *buf;
    } arg = {sizeof(name), name}, small = {3, name};

    check_err(OS_CALL(504, O_RDWR | O_CREAT), -EINVAL, "a master has few flags");
    check(os_ioctl(p.master, TIOCPTMASTER, 0) == 0, "a master says so");
    check_err(os_ioctl(p.slave, TIOCPTMASTER, 0), -ENOTTY, "a slave does not");
    check(os_ioctl(p.master, FIODGNAME, &arg) == 0 && strcmp(name, p.name + 5) == 0, "the slave's name");
    check(os_ioctl(p.slave, FIODGNAME, &arg) == 0 && strcmp(name, p.name + 5) == 0, "and from itself");
    check_err(os_ioctl(p.master, FIODGNAME, &small), -EINVAL, "a name that does not fit");
    check(os_stat(p.name, &st) == 0 && (st.mode & 0170000) == 020000 && st.uid == os_getuid(), "the caller's device");
    check(os_isatty(p.master) && os_isatty(p.slave), "both are terminals");
    check(os_ioctl(p.master, FIODTYPE, &type) == 0 && type == 4, "and terminals by their type");
    check(os_ioctl(p.slave, TIOCGETD, &discipline) == 0 && discipline == 0, "the only line discipline");
    check((os_fcntl(p.master, F_GETFL, 0) & 3) == O_RDWR, "open for reading and writing");
    check_err(os_ioctl(p.slave, TIOCEXT, &zero), -ENOTTY, "no external processing");
    pty_close(&p);
}

static void check_line(void)
{
    struct pty       p = pty_open();
    struct os_pollfd echo = {.fd = p.master, .events = POLLIN};
    int              n = -1;

    check(says(p.master, "hello\n") && reads(p.slave, "hello\n"), "a line");
    check(hears(p.master, "hello\r\n"), "its echo");
    check(says(p.slave, "a\nb\n") && hears(p.master, "a\r\nb\r\n"), "output, newlines with returns");
    check(os_ioctl(p.slave, TIOCOUTQ, &n) == 0 && n == 0, "nothing is left to be sent");
    check(says(p.master, "some"), "no line yet");
    check(os_ioctl(p.slave, FIONREAD, &n) == 0 && n == 0, "so there is nothing to read");
    check(says(p.master, "\x7f\x7fX\n") && reads(p.slave, "soX\n"), "erased, and ended");
    check(os_poll(&echo, 1, 1000) == 1 && os_ioctl(p.master, FIONREAD, &n) == 0 && n > 0, "the echo can be read");
    check(says(p.master, "\004") && reads(p.slave, ""), "end of file");
    os_fcntl(p.slave, F_SETFL, O_RDWR | O_NONBLOCK);
    check_err(os_read(p.slave, &n, 1), -EAGAIN, "nothing, not blocking");
    check(says(p.master, "x\n"), "input");
    n = 1; /* FREAD */
    check(os_ioctl(p.slave, TIOCFLUSH, &n) == 0 && os_read(p.slave, &n, 1) == -EAGAIN, "flushed");
    pty_close(&p);
}

struct typist {
    struct thread thread;
    int           fd;
    const char   *first, *then;
};

static long type(void *arg)
{
    struct typist *t = arg;

    says(t->fd, t->first);
    sleep_ms(50);
    return says(t->fd, t->then);
}

static void check_raw(void)
{
    struct pty    p = pty_open();
    struct typist t = {.fd = p.master, .first = "a", .then = "bc"};
    int64_t       begin;

    raw_mode(p.slave, 3, 0);
    thread_start(&t.thread, type, &t);
    check(reads(p.slave, "abc"), "VMIN: three bytes, however they come");
    thread_join(&t.thread);
    pty_close(&p);
    p = pty_open();
    raw_mode(p.slave, 0, 0);
    check(reads(p.slave, ""), "VMIN 0: nothing, at once");
    check(says(p.master, "xy") && reads(p.slave, "xy"), "or what there is");
    raw_mode(p.slave, 0, 1);
    begin = now_ns(CLOCK_MONOTONIC);
    check(reads(p.slave, "") && now_ns(CLOCK_MONOTONIC) - begin > 80000000, "VTIME: nothing, after a while");
    raw_mode(p.slave, 5, 1);
    check(says(p.master, "ab") && reads(p.slave, "ab"), "VMIN and VTIME: what came before the pause");
    pty_close(&p);
}

static void check_packets(void)
{
    struct pty p = pty_open();
    int        on = 1, off = 0;
    char       got[8];

    check(os_ioctl(p.master, TIOCPKT, &on) == 0, "packet mode");
    check(says(p.slave, "x") && os_read(p.master, got, 8) == 2 && got[0] == 0 && got[1] == 'x', "data follows a zero");
    check(os_ioctl(p.slave, TIOCSTOP, 0) == 0 && os_read(p.master, got, 8) == 1 && got[0] == 4, "output was stopped");
    check(os_ioctl(p.slave, TIOCSTART, 0) == 0 && os_read(p.master, got, 8) == 1 && got[0] == 8, "and goes on");
    check(os_ioctl(p.master, TIOCPKT, &off) == 0 && says(p.slave, "x") && hears(p.master, "x"), "and without again");
    pty_close(&p);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    check_names();
    check_line();
    check_raw();
    check_packets();
    check_session();
    check_ends();
    return check_status();
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    return 0;
}

#endif
