/* What a new program finds of the old one: signals, masks, identity, descriptors; and no threads. */
#include "exec/exec.h"

#if defined(GUEST_FREEBSD) /* sys/kern/kern_sig.c, execsigs */
#define CHLD "default"
#else
#define CHLD "ignored"
#endif

static void handler(int sig, os_siginfo *info, void *uc) { (void)sig, (void)info, (void)uc; }

static const char *disposition(int sig)
{
    struct os_sigaction act;

    if (os_sigaction(sig, 0, &act) < 0)
        return "?";
    return act.handler == (void *)0 ? "default" : act.handler == (void *)1 ? "ignored" : "caught";
}

static const char *blocked(int sig, bool pending)
{
    struct os_sigset set = os_sigset_of(0);

    if (pending)
        os_sigpending(&set);
    else
        os_sigprocmask(SIG_BLOCK, 0, &set);
    return os_sigset_has(&set, sig) ? "yes" : "no";
}

static const char *descriptor(int fd) { return os_fcntl(fd, F_GETFD, 0) < 0 ? "closed" : "open"; }

/* state PID UMASK: the report is compared with what check_state wants. */
int state_report(int argc, char **argv)
{
    struct os_stack stack = {0};
    int             mask = (int)os_umask(0);
    char            cwd[64] = "";

    os_sigaltstack(0, &stack);
    os_getcwd(cwd, sizeof(cwd));
    print("USR1 %s, USR2 %s, HUP %s, CHLD %s; USR1 blocked %s pending %s, TERM blocked %s; ", disposition(SIGUSR1),
          disposition(SIGUSR2), disposition(SIGHUP), disposition(SIGCHLD), blocked(SIGUSR1, false),
          blocked(SIGUSR1, true), blocked(SIGTERM, false));
    print("stack %s; 60 %s, 61 %s; process %s, mask %s, in %s", stack.flags & SS_DISABLE ? "off" : "on", descriptor(60),
          descriptor(61), argc > 1 && parse_int(argv[1]) == os_getpid() ? "same" : "other",
          mask == 027 ? "same" : "other", cwd);
    return 0;
}

static uint32_t never;

static long linger(void *arg)
{
    volatile uint64_t n = 0;

    for (;;) {
        if (arg)
            os_futex_wait(&never, 0, 0);
        else
            n++;
    }
    return 0;
}

/* The caller of exec is another thread than the first. */
static long exec_from_thread(void *arg)
{
    exec_call(arg);
    os_exit(9);
}

static void prepare(void)
{
    static char         stack_memory[65536];
    struct os_stack     stack = {.sp = stack_memory, .size = sizeof(stack_memory)};
    struct os_sigaction caught = {.handler = handler, .flags = SA_SIGINFO}, ignored = {.handler = (void *)1};
    struct os_sigset    usr1 = os_sigset_of(SIGUSR1);

    os_sigaction(SIGUSR1, &caught, 0);
    os_sigaction(SIGUSR2, &ignored, 0);
    os_sigaction(SIGHUP, &caught, 0);
    os_sigaction(SIGCHLD, &ignored, 0);
    os_sigprocmask(SIG_BLOCK, &usr1, 0);
    os_sigaltstack(&stack, 0);
    os_kill((int)os_getpid(), SIGUSR1);
    os_umask(027);
    os_chdir("/");
    os_dup2(0, 60);
    os_dup2(0, 61);
    os_fcntl(61, F_SETFD, FD_CLOEXEC);
}

static void child(bool threads, bool from_thread)
{
    static struct thread  t[4];
    static struct attempt a;
    static char           path[PATH_SIZE], pid[16], *argv[] = {"state", pid, 0};

    prepare();
    print_into(pid, sizeof(pid), "%d", (int)os_getpid());
    argv[0] = in_dir(path, "state");
    a = (struct attempt){.path = path, .argv = argv};
    for (long i = 0; i < 3 && threads; i++)
        thread_start(&t[i], linger, (void *)i);
    if (from_thread) {
        thread_start(&t[3], exec_from_thread, &a);
        linger((void *)1);
    }
    exec_call(&a);
    os_exit(9);
}

static void check_one(bool threads, bool from_thread, const char *what)
{
    static const char want[] = "USR1 default, USR2 ignored, HUP default, CHLD " CHLD "; USR1 blocked yes pending yes, "
                               "TERM blocked no; stack off; 60 open, 61 closed; process same, mask same, in /";
    char              text[512];
    int               out[2], status;
    long              pid;

    must(os_pipe(out), "pipe");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_dup2(out[1], 1);
        os_close(out[0]);
        os_close(out[1]);
        child(threads, from_thread);
    }
    status = told(pid, out, text, sizeof(text));
    check(status == 0 && strcmp(text, want) == 0, what);
    if (status != 0 || strcmp(text, want) != 0)
        print("#   status %d: %s\n", status, text);
}

/* The set-user-ID bit is not honoured: the layer has no right to give. */
void check_state(void)
{
    check_one(false, false, "what a new program finds");
    for (int i = 0; i < 4; i++)
        check_one(true, false, "the same after other threads");
    for (int i = 0; i < 4; i++)
        check_one(true, true, "the same when another thread than the first calls");
}
