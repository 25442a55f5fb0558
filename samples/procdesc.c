/* Process descriptors, rfork and the rest of wait6: calls that only FreeBSD has, so the sample knows the answers. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum {
    EVFILT_PROCDESC = -8,
    PD_DAEMON = 1,
    PD_CLOEXEC = 2,
    S_IFREG = 0100000,
    RFFDG = 1 << 2,
    RFPROC = 1 << 4,
    RFMEM = 1 << 5,
    RFNOWAIT = 1 << 6,
    RFCFDG = 1 << 12,
    RFTHREAD = 1 << 13,
    RFSIGSHARE = 1 << 14,
    RFLINUXTHPN = 1 << 16,
    RFTSIGZMB = 1 << 19,
    P_PID = 0,
    P_PGID = 2,
    P_SID = 3,
    P_UID = 5,
    P_GID = 6,
    P_ALL = 7,
    P_JAILID = 12,
    WNOWAIT = 8,
    WEXITED = 16,
    CLD_KILLED = 2,
};
#define RFPROCDESC (1L << 28)
#define RFSPAWN    (1L << 31)

static long os_pdfork(int *fd, int flags)
{
    long rv2, pid = os_call_rv2(518, (long)fd, flags, 0, 0, 0, 0, &rv2);

    return rv2 == 1 && pid >= 0 ? 0 : pid;
}
static long os_pdrfork(int *fd, int flags, long rf)
{
    long rv2, pid = os_call_rv2(600, (long)fd, flags, rf, 0, 0, 0, &rv2);

    return rv2 == 1 && pid >= 0 ? 0 : pid;
}
static long os_rfork(long rf)
{
    long rv2, pid = os_call_rv2(251, rf, 0, 0, 0, 0, 0, &rv2);

    return rv2 == 1 && pid >= 0 ? 0 : pid;
}
static long os_pdkill(int fd, int sig) { return OS_CALL(519, fd, sig); }
static long os_pdgetpid(int fd, int *pid) { return OS_CALL(520, fd, pid); }
static long os_pdwait(int fd, int *status, int options, void *ru, os_siginfo *si)
{
    return OS_CALL(601, fd, status, options, ru, si);
}
static long os_wait6(int type, long id, int *status, int options, os_siginfo *si)
{
    return OS_CALL(532, type, id, status, options, 0, si);
}

/* As libc's rfork_thread: the child goes on on a stack of its own. */
static long rfork_call(long rf, void *stack_top, int (*fn)(void *), void *arg)
{
    long pid = 251;

    __asm__ volatile("syscall\n\t"
                     "jc 1f\n\t"
                     "test %%eax, %%eax\n\t"
                     "jnz 2f\n\t"
                     "mov %[stack], %%rsp\n\t"
                     "mov %[arg], %%rdi\n\t"
                     "call *%[fn]\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $1, %%eax\n\t"
                     "syscall\n"
                     "1:\tneg %%rax\n"
                     "2:"
                     : "+a"(pid), "+D"(rf)
                     : [stack] "r"(stack_top), [fn] "r"(fn), [arg] "r"(arg)
                     : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    return pid;
}

static char         stack[16384] __attribute__((aligned(16)));
static volatile int heard;
static volatile int touched;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    heard = sig;
}

static void catch (int sig)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO | SA_RESTART};

    must(os_sigaction(sig, &sa, 0), "sigaction");
    heard = 0;
}

static void uncatch(int sig)
{
    struct os_sigaction sa = {0};

    must(os_sigaction(sig, &sa, 0), "sigaction");
}

static void forever(void)
{
    for (;;)
        sleep_ms(1000);
}

/* A child that ends with this status when its pipe does; its writing end. */
static long waiting_child(int *pd, int *gate, int status)
{
    int  fds[2];
    char byte;
    long pid;

    must(os_pipe(fds), "pipe");
    pid = os_pdfork(pd, 0);
    if (pid == 0) {
        os_close(fds[1]);
        os_read(fds[0], &byte, 1);
        os_exit(status);
    }
    os_close(fds[0]);
    *gate = fds[1];
    return pid;
}

static void check_life(void)
{
    struct os_stat   st;
    struct os_pollfd p = {.events = POLLIN};
    os_siginfo       si;
    int              fd = -1, gate, pid2 = 0, status = -1;
    long             pid;
    char             byte;

    catch (SIGCHLD);
    pid = waiting_child(&fd, &gate, 7);
    check(pid > 0 && fd > 2, "pdfork gives a descriptor");
    check(os_pdgetpid(fd, &pid2) == 0 && pid2 == pid, "pdgetpid");
    check(os_fstat(fd, &st) == 0 && st.mode == (S_IFREG | 0700) && st.birthtime.sec > 0, "fstat of a living process");
    check_err(os_read(fd, &byte, 1), -EOPNOTSUPP, "no reading");
    check_err(os_lseek(fd, 0, 0), -ESPIPE, "no seeking");
    check_err(os_fcntl(fd, F_SETFL, O_NONBLOCK), -ENOTTY, "no flags to set");
    p.fd = fd;
    check(os_poll(&p, 1, 0) == 0, "poll has nothing to say");
    check_err(os_wait4(-1, &status, WNOHANG, 0), -ECHILD, "wait4 for any child does not see it");
    check(os_wait4((int)pid, &status, WNOHANG, 0) == 0, "wait4 by number does");
    check_err(os_pdwait(fd, &status, WNOHANG | WEXITED, 0, 0), -EAGAIN, "pdwait finds nothing yet");
    check_err(os_pdwait(fd, &status, 0, 0, 0), -EINVAL, "pdwait for nothing");
    os_close(gate);
    check(os_poll(&p, 1, 5000) == 1 && p.revents == POLLHUP, "poll says POLLHUP at the end");
    check(os_fstat(fd, &st) == 0 && st.mode == S_IFREG, "fstat of a dead process");
    check(os_pdwait(fd, &status, WEXITED | WNOWAIT, 0, &si) == 0 && status == 7 << 8 && si.si_pid == pid &&
              si.si_status == 7,
          "pdwait looks");
    check(os_pdwait(fd, &status, WEXITED, 0, 0) == 0 && status == 7 << 8, "pdwait takes");
    check_err(os_pdwait(fd, &status, WEXITED, 0, 0), -ESRCH, "once");
    check_err(os_pdkill(fd, 0), -ESRCH, "no signal to nobody");
    check_err(os_wait4((int)pid, &status, 0, 0), -ECHILD, "nothing is left for wait4");
    check(os_poll(&p, 1, 0) == 1 && p.revents == POLLHUP, "POLLHUP stays");
    check(os_close(fd) == 0, "close");
    check(heard == 0, "no SIGCHLD");
    uncatch(SIGCHLD);
    check_err(os_pdkill(0, 9), -EBADF, "pdkill of something else");
    check_err(os_pdfork(&fd, 4), -EINVAL, "unknown flag");
}

static void check_kill(void)
{
    int  fd, gate, status = 0;
    long pid = waiting_child(&fd, &gate, 1);

    check_err(os_pdkill(fd, 999), -EINVAL, "pdkill of no signal");
    check(os_pdkill(fd, SIGTERM) == 0, "pdkill");
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wtermsig(status) == SIGTERM, "it died of it");
    os_close(fd);
    os_close(gate);
}

static void check_kevent(void)
{
    struct os_kevent   ev = {.filter = EVFILT_PROCDESC, .flags = EV_ADD, .fflags = NOTE_EXIT}, got;
    struct os_timespec none = {0, 0}, soon = {5, 0};
    int                fd, gate, kq = (int)os_kqueue();
    long               pid = waiting_child(&fd, &gate, 9);

    ev.ident = (uint64_t)fd;
    check(os_kevent(kq, &ev, 1, 0, 0, 0) == 0, "EVFILT_PROCDESC");
    check(os_kevent(kq, 0, 0, &got, 1, &none) == 0, "nothing yet");
    os_close(gate);
    check(os_kevent(kq, 0, 0, &got, 1, &soon) == 1 && got.ident == (uint64_t)fd && got.fflags == NOTE_EXIT &&
              got.data == 9 << 8 && (got.flags & EV_EOF),
          "NOTE_EXIT with the status");
    check(os_kevent(kq, &ev, 1, &got, 1, &soon) == 1 && got.fflags == NOTE_EXIT, "again for who comes late");
    ev.filter = EVFILT_READ;
    check_err(os_kevent(kq, &ev, 1, 0, 0, 0), -EINVAL, "no EVFILT_READ");
    os_close(fd);
    check_err(os_wait4((int)pid, 0, WNOHANG, 0), -ECHILD, "close takes the zombie");
    os_close(kq);
}

static bool alive(int pid) { return os_kill(pid, 0) == 0; }

static bool dies(int pid)
{
    for (int i = 0; i < 500 && alive(pid); i++)
        sleep_ms(10);
    return !alive(pid);
}

static void check_close(void)
{
    int  fd, copy, status;
    long pid = os_pdfork(&fd, 0), other;

    if (pid == 0)
        forever();
    copy = (int)os_dup(fd);
    os_close(fd);
    check(alive((int)pid), "a duplicate keeps it alive");
    os_close(copy);
    check(dies((int)pid), "the last close kills it");
    check_err(os_wait4((int)pid, &status, 0, 0), -ECHILD, "and it is nobody's child");
    pid = os_pdfork(&fd, PD_DAEMON);
    if (pid == 0)
        forever();
    os_close(fd);
    sleep_ms(50);
    check(alive((int)pid), "PD_DAEMON lives on");
    os_kill((int)pid, SIGKILL);
    check(dies((int)pid), "until it is killed");
    other = os_fork();
    if (other == 0) {
        pid = os_pdfork(&fd, PD_CLOEXEC);
        if (pid == 0)
            forever();
        os_exit(os_fcntl(fd, F_GETFD, 0) == FD_CLOEXEC ? 3 : 4);
    }
    check(os_wait4((int)other, &status, 0, 0) == other && status == 3 << 8, "a holder's end is a close");
}

static int child_shares(void *arg)
{
    touched = 1;
    return *(int *)arg;
}

static void check_rfork(void)
{
    int  status = -1, fds[2], want = 5;
    long pid;

    check_err(os_rfork(RFPROC | RFFDG | RFCFDG), -EINVAL, "rfork: copy and clear");
    check_err(os_rfork(RFPROC | RFFDG | RFPROCDESC), -EINVAL, "rfork: the kernel's own flags");
    check_err(os_rfork(RFPROC | RFFDG | (30 << 20)), -EINVAL, "rfork: a signal without RFTSIGZMB");
    check_err(os_rfork(RFPROC | RFFDG | RFTSIGZMB | (200 << 20)), -EINVAL, "rfork: no such signal");
    check(os_rfork(RFFDG) == 0, "rfork without a process");

    touched = 0;
    pid = rfork_call(RFPROC | RFFDG | RFMEM, stack + sizeof(stack), child_shares, &want);
    check(pid > 0 && os_wait4((int)pid, &status, 0, 0) == pid && status == 5 << 8 && touched == 1,
          "RFMEM shares memory");

    must(os_pipe(fds), "pipe");
    pid = os_rfork(RFPROC | RFCFDG);
    if (pid == 0)
        os_exit(os_fcntl(1, F_GETFD, 0) == -EBADF && os_fcntl(fds[0], F_GETFD, 0) == -EBADF ? 6 : 7);
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 6 << 8, "RFCFDG: no descriptors");
    os_close(fds[0]);
    os_close(fds[1]);

    pid = os_rfork(RFPROC | RFFDG | RFNOWAIT);
    if (pid == 0)
        os_exit(0);
    check_err(os_wait4((int)pid, &status, 0, 0), -ECHILD, "RFNOWAIT: not our child");
}

static void check_rfork_signals(void)
{
    int  status = -1;
    long pid;

    catch (SIGUSR1);
    pid = os_rfork(RFPROC | RFFDG | RFLINUXTHPN);
    if (pid == 0)
        os_exit(0);
    check(os_wait4((int)pid, &status, 0, 0) == pid, "it ends");
    check(heard == SIGUSR1, "RFLINUXTHPN: SIGUSR1 at the end");
    catch (SIGUSR2);
    pid = os_rfork(RFPROC | RFFDG | RFTSIGZMB | (SIGUSR2 << 20));
    if (pid == 0)
        os_exit(0);
    check(os_wait4((int)pid, &status, 0, 0) == pid, "so does that");
    check(heard == SIGUSR2, "RFTSIGZMB: the signal asked for");
    pid = os_rfork(RFPROC | RFFDG | RFSIGSHARE);
    if (pid == 0) {
        struct os_sigaction ign = {.handler = (void (*)(int, os_siginfo *, void *))1};

        os_sigaction(SIGUSR2, &ign, 0);
        os_exit(0);
    }
    os_wait4((int)pid, &status, 0, 0);
    heard = 0;
    os_kill((int)os_getpid(), SIGUSR2);
    check(heard == 0, "RFSIGSHARE: what one ignores, both do");
    catch (SIGUSR2);
    pid = os_rfork(RFSPAWN); /* suspends us until it ends, on our stack */
    if (pid == 0) {
        os_kill((int)os_getpid(), SIGUSR2);
        os_exit(8);
    }
    check(os_wait4((int)pid, &status, 0, 0) == pid && os_wtermsig(status) == SIGUSR2 && heard == 0,
          "RFSPAWN: no handlers in the child");
}

static int peer(void *arg)
{
    (void)arg;
    forever();
    return 0;
}

static void check_peers(void)
{
    int  fds[2], status;
    long pid, peer_pid = 0;

    must(os_pipe(fds), "pipe");
    pid = os_fork();
    if (pid == 0) {
        peer_pid = rfork_call(RFPROC | RFFDG | RFMEM | RFTHREAD, stack + sizeof(stack), peer, 0);
        os_write(fds[1], &peer_pid, sizeof(peer_pid));
        os_exit(0);
    }
    check(os_read(fds[0], &peer_pid, sizeof(peer_pid)) == sizeof(peer_pid) && os_wait4((int)pid, &status, 0, 0) == pid,
          "a leader ends");
    check(dies((int)peer_pid), "RFTHREAD: its peers with it");
    os_close(fds[0]);
    os_close(fds[1]);
}

static void check_pdrfork(void)
{
    int  fd = -1, status = -1;
    long pid;

    check_err(os_pdrfork(&fd, 0, RFPROC | RFFDG), -EINVAL, "pdrfork wants RFPROCDESC");
    pid = os_pdrfork(&fd, 0, RFPROC | RFFDG | RFPROCDESC);
    if (pid == 0)
        os_exit(4);
    check_err(os_pdwait(fd, &status, 2, 0, 0), -ESRCH, "pdwait: an end that is not asked for");
    check(os_pdwait(fd, &status, WEXITED, 0, 0) == 0 && status == 4 << 8, "pdrfork");
    os_close(fd);
}

static long child_of(int status)
{
    long pid = os_fork();

    if (pid == 0)
        os_exit(status);
    return pid;
}

static void check_wait6(void)
{
    os_siginfo si;
    int        status = -1;
    long       pid, me = os_getpid(), uid = OS_CALL(25), gid = OS_CALL(43);

    pid = child_of(3);
    check_err(os_wait6(P_PID, pid, &status, 2 /* WUNTRACED */, &si), -ECHILD, "wait6: an end that is not asked for");
    check_err(os_wait6(P_ALL, 0, &status, 2, &si), -ECHILD, "of nobody else, either");
    check(os_wait6(P_PID, pid, &status, WEXITED | WNOWAIT, &si) == pid && si.si_pid == pid && si.si_status == 3 &&
              si.si_code == CLD_EXITED && si.si_signo == SIGCHLD,
          "wait6 looks at one");
    check(os_wait6(P_ALL, 0, &status, WEXITED, &si) == pid && status == 3 << 8, "and takes any");
    pid = child_of(4);
    check(os_wait6(P_UID, uid, &status, WEXITED, &si) == pid, "by user");
    check(si.si_uid == (uint32_t)uid, "who is named");
    pid = child_of(5);
    check(os_wait6(P_GID, gid, &status, WEXITED, &si) == pid, "by group");
    pid = child_of(6);
    check(os_wait6(P_SID, OS_CALL(310, 0), &status, WEXITED, &si) == pid, "by session");
    pid = child_of(7);
    check_err(os_wait6(P_SID, me + 100000, &status, WEXITED, &si), -ECHILD, "by a session that has none");
    check(os_wait6(P_PGID, OS_CALL(207, 0), &status, WEXITED, &si) == pid, "by process group, as a zombie");
    pid = child_of(8);
    check(os_wait6(P_PID, 0, &status, WEXITED, &si) == pid, "process 0 is the own group");
    pid = child_of(9);
    check(os_wait6(P_JAILID, 0, &status, WEXITED, &si) == pid, "by jail");
    check_err(os_wait6(P_ALL, 0, &status, WNOHANG, &si), -EINVAL, "for nothing");
    pid = os_fork();
    if (pid == 0)
        forever();
    si.si_pid = 77;
    status = 1234;
    check(os_wait6(P_ALL, 0, &status, WEXITED | WNOHANG, &si) == 0 && si.si_pid == 0 && status == 1234, "nothing yet");
    os_kill((int)pid, SIGKILL);
    check(os_wait6(P_PID, pid, &status, WEXITED, &si) == pid && si.si_code == CLD_KILLED && si.si_status == SIGKILL,
          "one that was killed");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_life();
    check_kill();
    check_kevent();
    check_close();
    check_rfork();
    check_rfork_signals();
    check_peers();
    check_pdrfork();
    check_wait6();
    return check_status();
}
#else
OTHER_KERNEL_SAYS("there are none here\n")
#endif
