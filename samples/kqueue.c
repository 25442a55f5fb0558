/* kqueue: each filter once, with the flags that change how it reports.  Linux has none: its build only says so. */
#include "sample.h"

#ifdef GUEST_FREEBSD
static int kq;

static struct os_kevent ev;

static long change(uint64_t ident, int filter, int flags, uint32_t fflags, int64_t data)
{
    struct os_kevent k = {.ident = ident,
                          .filter = (int16_t)filter,
                          .flags = (uint16_t)flags,
                          .fflags = fflags,
                          .data = data,
                          .udata = (void *)0x55};

    return os_kevent(kq, &k, 1, 0, 0, 0);
}

static long wait_ms(long ms)
{
    struct os_timespec ts = {ms / 1000, ms % 1000 * 1000000};

    ev = (struct os_kevent){0};
    return os_kevent(kq, 0, 0, &ev, 1, &ts);
}

static void check_pipe(void)
{
    int  fds[2];
    char buf[8];

    must(os_pipe(fds), "pipe");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_ADD, 0, 0) == 0 && wait_ms(0) == 0, "an empty pipe is silent");
    os_write(fds[1], "abc", 3);
    check(wait_ms(1000) == 1 && ev.filter == EVFILT_READ && ev.data == 3 && ev.udata == (void *)0x55,
          "three bytes to read");
    check(wait_ms(0) == 1, "level triggered: still there");
    /* An EV_ADD of what is there leaves its flags alone (kern_event.c, kqueue_register). */
    check(change((uint64_t)fds[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0) == 0 && wait_ms(0) == 1 && wait_ms(0) == 1,
          "EV_CLEAR comes too late");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_DELETE, 0, 0) == 0 &&
              change((uint64_t)fds[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0) == 0,
          "made edge triggered");
    wait_ms(0);
    check(wait_ms(0) == 0, "it is told once");
    os_write(fds[1], "d", 1);
    check(wait_ms(1000) == 1 && ev.data == 4, "and once more for more");
    os_read(fds[0], buf, 8);
    check(change((uint64_t)fds[0], EVFILT_READ, EV_DISABLE, 0, 0) == 0, "disabled");
    os_write(fds[1], "e", 1);
    check(wait_ms(0) == 0, "it is silent");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_ENABLE, 0, 0) == 0 && wait_ms(1000) == 1, "enabled it speaks");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_DELETE, 0, 0) == 0 &&
              change((uint64_t)fds[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 0, 0) == 0 && wait_ms(1000) == 1,
          "with EV_DISPATCH it speaks");
    os_write(fds[1], "f", 1);
    check(wait_ms(0) == 0, "EV_DISPATCH disables it after that");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_ENABLE, 0, 0) == 0, "enabled again");
    os_close(fds[1]);
    check(wait_ms(1000) == 1 && (ev.flags & EV_EOF), "no writer: EV_EOF");
    check(change((uint64_t)fds[0], EVFILT_READ, EV_DELETE, 0, 0) == 0, "deleted");
    check_err(change((uint64_t)fds[0], EVFILT_READ, EV_DELETE, 0, 0), -ENOENT, "deleted twice");
    os_close(fds[0]);
    check_err(change(77, EVFILT_READ, EV_ADD, 0, 0), -EBADF, "no such descriptor");
}

static void check_write(void)
{
    int fds[2];

    must(os_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
    check(change((uint64_t)fds[0], EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 0) == 0 && wait_ms(1000) == 1,
          "room to write");
    check(wait_ms(0) == 0, "EV_ONESHOT is gone after that");
    os_close(fds[1]);
    os_close(fds[0]);
}

static void check_timer(void)
{
    int64_t start = now_ns(CLOCK_MONOTONIC);

    check(change(1, EVFILT_TIMER, EV_ADD, 0, 20) == 0 && wait_ms(1000) == 1 && ev.filter == EVFILT_TIMER &&
              ev.data >= 1,
          "a timer");
    check(now_ns(CLOCK_MONOTONIC) - start >= 19000000, "not early");
    sleep_ms(70);
    check(wait_ms(1000) == 1 && ev.data >= 3, "counts what was missed");
    check(change(1, EVFILT_TIMER, EV_DELETE, 0, 0) == 0 && wait_ms(40) == 0, "and stops");
}

static long trigger(void *arg)
{
    (void)arg;
    sleep_ms(20);
    return change(9, EVFILT_USER, 0, NOTE_TRIGGER, 0);
}

static void check_user(void)
{
    struct thread t;

    check(change(9, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0) == 0 && wait_ms(0) == 0, "a user event waits");
    thread_start(&t, trigger, 0);
    check(wait_ms(2000) == 1 && ev.ident == 9 && ev.filter == EVFILT_USER, "another thread wakes it");
    check(thread_join(&t) == 0 && wait_ms(0) == 0, "once");
}

static void check_signal(void)
{
    struct os_sigaction ignore = {.handler = (void (*)(int, os_siginfo *, void *))1};

    os_sigaction(SIGUSR1, &ignore, 0);
    check(change(SIGUSR1, EVFILT_SIGNAL, EV_ADD, 0, 0) == 0, "a signal event");
    os_kill((int)os_getpid(), SIGUSR1);
    os_kill((int)os_getpid(), SIGUSR1);
    check(wait_ms(1000) == 1 && ev.ident == SIGUSR1 && ev.data == 2, "counts even ignored signals");
}

static void check_proc(void)
{
    long pid = os_fork();

    if (pid == 0) {
        sleep_ms(20);
        os_exit(3);
    }
    check(change((uint64_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0) == 0, "a process event");
    check(wait_ms(2000) == 1 && (ev.fflags & NOTE_EXIT) && os_wexitstatus((int)ev.data) == 3,
          "tells the status of an exit");
    os_wait4((int)pid, 0, 0, 0);
}

static void check_receipt(void)
{
    struct os_kevent in[2] = {{.ident = 9, .filter = EVFILT_USER, .flags = EV_ADD | EV_RECEIPT},
                              {.ident = 88, .filter = EVFILT_READ, .flags = EV_ADD | EV_RECEIPT}},
                     out[2];

    check(os_kevent(kq, in, 2, out, 2, 0) == 2 && (out[0].flags & EV_ERROR) && out[0].data == 0 && out[1].data == EBADF,
          "EV_RECEIPT answers for each change");
}

enum { F_SETOWN_ = 6 };

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    kq = (int)must(os_kqueue(), "kqueue");
    check_err(os_fcntl(kq, F_SETFL, O_NONBLOCK), -ENOTTY, "a queue of events has no flags to set");
    check_err(os_fcntl(kq, F_SETOWN_, os_getpid()), -ENOTTY, "and nobody to signal to");
    check_pipe();
    check_write();
    check_timer();
    check_user();
    check_signal();
    check_proc();
    check_receipt();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("no kqueue here\n")
#endif
