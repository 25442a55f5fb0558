/* Signals: their names, traps, and what a shell at a terminal does with them. */
#include "sh.h"

enum { SIGNALS = 65 };

static const char   *actions[SIGNALS]; /* NULL: default; "": ignored; [0]: at exit */
static volatile bool pending[SIGNALS];
static volatile bool any_pending;
static bool          ignored_at_start[SIGNALS], caught[SIGNALS];
volatile bool        interrupted;

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)si;
    (void)uc;
    if (sig == SIGINT && interactive && !actions[sig])
        interrupted = true;
    pending[sig] = true;
    any_pending = true;
}

enum disposition { BY_DEFAULT, IGNORED, CAUGHT };

static void dispose(int sig, enum disposition how)
{
    struct os_sigaction act = {.handler = how == CAUGHT ? on_signal : (void (*)(int, os_siginfo *, void *))(long)how,
                               .flags = how == CAUGHT ? SA_SIGINFO : 0};

    os_sigaction(sig, &act, 0);
    caught[sig] = how == CAUGHT;
}

struct os_sigset signals_caught(void)
{
    struct os_sigset set = {0};

    for (int sig = 1; sig < SIGNALS; sig++)
        if (caught[sig])
            os_sigset_add(&set, sig);
    return set;
}

void trap_init(void)
{
    struct os_sigaction act;

    for (int sig = 1; sig < 32; sig++)
        ignored_at_start[sig] = os_sigaction(sig, 0, &act) == 0 && (long)act.handler == IGNORED;
}

/*
 * Caught, where others ignore: a signal that comes to a new child, which has them blocked, must wait until the child
 * has made them default again, and FreeBSD forgets at once what is ignored, blocked or not (kern_sig.c, tdsendsignal).
 */
void signals_interactive(void)
{
    dispose(SIGINT, CAUGHT);
    dispose(SIGQUIT, CAUGHT);
    dispose(SIGTERM, CAUGHT);
    dispose(SIGTSTP, CAUGHT);
    dispose(SIGTTIN, IGNORED);
    dispose(SIGTTOU, IGNORED);
}

void trap_set(int sig, const char *action)
{
    if (sig && ignored_at_start[sig])
        return; /* POSIX: such a signal cannot be trapped */
    actions[sig] = action ? keep_string(action) : 0;
    if (sig)
        dispose(sig, !action ? BY_DEFAULT : *action ? CAUGHT : IGNORED);
}

/* In a subshell traps are default again, ignored signals stay so. */
void traps_reset(void)
{
    actions[0] = 0;
    for (int sig = 1; sig < SIGNALS; sig++) {
        if (actions[sig] && *actions[sig]) {
            actions[sig] = 0;
            dispose(sig, BY_DEFAULT);
        }
        pending[sig] = false;
    }
    any_pending = interrupted = false;
}

void traps_for_child(void)
{
    static const int terminal_ones[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

    if (interactive)
        for (size_t i = 0; i < sizeof(terminal_ones) / sizeof(*terminal_ones); i++)
            if (!actions[terminal_ones[i]] && !ignored_at_start[terminal_ones[i]])
                dispose(terminal_ones[i], BY_DEFAULT);
    traps_reset();
}

bool trap_pending(void) { return trap_pending_signal() != 0; }

/* What ends a wait.  A child's end does not: it may be the very one that is waited for. */
int trap_pending_signal(void)
{
    for (int sig = 1; any_pending && sig < SIGNALS; sig++)
        if (pending[sig] && sig != SIGCHLD && ((actions[sig] && *actions[sig]) || (sig == SIGINT && interrupted)))
            return sig;
    return 0;
}

int traps_run(void)
{
    int ran = 0;

    while (any_pending) {
        any_pending = false;
        for (int sig = 1; sig < SIGNALS; sig++) {
            int status = last_status;

            if (!pending[sig])
                continue;
            pending[sig] = false;
            if (actions[sig] && *actions[sig]) {
                run_string(actions[sig]);
                ran = sig;
            }
            last_status = status;
        }
    }
    return ran;
}

void trap_exit(void)
{
    const char *action = actions[0];
    int         status = last_status;

    actions[0] = 0;
    if (!action)
        return;
    run_string(action);
    last_status = status;
}

static const struct signal_name {
    const char *name;
    int         number;
} names[] = {
    {"EXIT", 0},       {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"KILL", SIGKILL},   {"USR1", SIGUSR1},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"CHLD", SIGCHLD},   {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"WINCH", SIGWINCH}, {"ABRT", SIGABRT},
    {"SEGV", SIGSEGV}, {"FPE", SIGFPE},   {"ILL", SIGILL},   {"BUS", SIGBUS},   {"URG", SIGURG},     {"PROF", SIGPROF},
};

int signal_number(const char *name)
{
    if (is_digits(name))
        return parse_int(name) < SIGNALS ? (int)parse_int(name) : -1;
    if (memcmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].number;
    return -1;
}

const char *signal_name(int sig)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].number == sig)
            return names[i].name;
    return "unknown signal";
}

void traps_print(void)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (actions[names[i].number])
            print("trap -- '%s' %s\n", actions[names[i].number], names[i].name);
}
