/* Commands that are the shell's own. */
#include "sh.h"

static int in_echo(struct word *args, int n)
{
    struct text t = {0};
    bool        newline = true;

    (void)n;
    args = args->next;
    if (args && strcmp(args->text, "-n") == 0) {
        newline = false;
        args = args->next;
    }
    for (; args; args = args->next) {
        text_add(&t, args->text);
        if (args->next)
            text_put(&t, ' ');
    }
    if (newline)
        text_put(&t, '\n');
    return t.len && os_write(1, t.s, t.len) != (long)t.len;
}

static int in_true(struct word *args, int n)
{
    (void)args;
    (void)n;
    return 0;
}

static int in_false(struct word *args, int n)
{
    (void)args;
    (void)n;
    return 1;
}

static int in_cd(struct word *args, int n)
{
    const char *to = n > 1 ? args->next->text : var_get("HOME");
    char       *cwd = mem_get(4096);
    long        err = os_chdir(to ? to : "/");

    if (err) {
        complain(to, err_name(err));
        return 1;
    }
    if (!os_getcwd(cwd, 4096))
        var_set("PWD", cwd);
    return 0;
}

static int in_pwd(struct word *args, int n)
{
    char *cwd = mem_get(4096);
    long  err = os_getcwd(cwd, 4096);

    (void)args;
    (void)n;
    print("%s\n", err ? err_name(err) : cwd);
    return err != 0;
}

static int number_arg(struct word *args, int otherwise)
{
    return args->next ? (int)parse_int(args->next->text) : otherwise;
}

static int in_exit(struct word *args, int n)
{
    (void)n;
    shell_exit(number_arg(args, last_status));
}

static int in_return(struct word *args, int n)
{
    (void)n;
    skip_return = true;
    return number_arg(args, last_status);
}

static int in_break(struct word *args, int n)
{
    (void)n;
    skip_levels = number_arg(args, 1);
    skip_continue = *args->text == 'c';
    return 0;
}

static int in_exec(struct word *args, int n)
{
    if (n > 1) {
        redirect_forget(0);
        exec_program(args->next);
    }
    redirect_forget(0); /* what it redirects stays so */
    return 0;
}

static int in_eval(struct word *args, int n)
{
    struct text t = {0};

    (void)n;
    for (args = args->next; args; args = args->next) {
        text_add(&t, args->text);
        text_put(&t, ' ');
    }
    return run_string(text_end(&t));
}

static int in_dot(struct word *args, int n)
{
    struct source src = {.back = -1};
    int           r;

    if (n < 2)
        return 2;
    src.fd = (int)os_open(args->next->text, O_RDONLY | O_CLOEXEC, 0);
    if (src.fd < 0) {
        complain(args->next->text, err_name(src.fd));
        return 1;
    }
    r = run_source(&src);
    skip_return = false;
    os_close(src.fd);
    return r;
}

static int in_export(struct word *args, int n)
{
    (void)n;
    for (args = args->next; args; args = args->next)
        if (find_char(args->text, '='))
            var_assign(args->text, true);
        else
            var_export(args->text);
    return 0;
}

static int in_unset(struct word *args, int n)
{
    (void)n;
    for (args = args->next; args; args = args->next)
        var_unset(args->text);
    return 0;
}

/* The words stay for as long as the parameters do: they are copied. */
static void params_set(struct word *args, int n)
{
    params.v = mem_keep(((size_t)n + 1) * sizeof(*params.v));
    params.n = n;
    for (int i = 0; args; args = args->next)
        params.v[i++] = keep_string(args->text);
}

static int in_set(struct word *args, int n)
{
    for (args = args->next, n--; args && (*args->text == '-' || *args->text == '+'); args = args->next, n--) {
        bool on = *args->text == '-';

        if (strcmp(args->text, "--") == 0) {
            params_set(args->next, n - 1);
            return 0;
        }
        for (const char *p = args->text + 1; *p; p++)
            if (*p == 'e')
                option_errexit = on;
            else if (*p == 'm')
                option_monitor = on;
    }
    if (args)
        params_set(args, n);
    return 0;
}

static int in_shift(struct word *args, int n)
{
    int by = number_arg(args, 1);

    (void)n;
    if (by > params.n)
        return 1;
    params.v += by;
    params.n -= by;
    return 0;
}

static int in_trap(struct word *args, int n)
{
    const char *action;

    if (n == 1) {
        traps_print();
        return 0;
    }
    args = args->next;
    action = n == 2 || strcmp(args->text, "-") == 0 ? 0 : args->text;
    for (args = n == 2 ? args : args->next; args; args = args->next) {
        int sig = signal_number(args->text);

        if (sig < 0) {
            complain("trap", args->text);
            return 1;
        }
        trap_set(sig, action);
    }
    return 0;
}

/* One process or job: its status, 127 when it is not ours; a trap ends the wait. */
static int wait_one(const char *name)
{
    struct job *j = job_named(name);
    const int   sig = j ? jobs_wait_trap(j) : 0;

    return !j ? 127 : sig ? 128 + sig : job_wait(j);
}

static int in_wait(struct word *args, int n)
{
    int r = 0;

    if (n == 1)
        return jobs_wait_all();
    for (args = args->next; args; args = args->next)
        r = wait_one(args->text);
    return r;
}

static long kill_one(const char *whom, int sig)
{
    if (*whom == '%') {
        struct job *j = job_named(whom);

        return j ? os_kill(-j->pgid, sig) : -ESRCH;
    }
    return os_kill((int)parse_int(whom), sig);
}

static int in_kill(struct word *args, int n)
{
    int sig = SIGTERM, r = 0;

    args = args->next;
    if (args && strcmp(args->text, "-s") == 0 && args->next) {
        sig = signal_number(args->next->text);
        args = args->next->next;
    } else if (args && *args->text == '-' && n > 2) {
        sig = signal_number(args->text + 1);
        args = args->next;
    }
    if (sig < 0) {
        complain("kill", "no such signal");
        return 1;
    }
    if (args && strcmp(args->text, "--") == 0)
        args = args->next;
    for (; args; args = args->next) {
        long err = kill_one(args->text, sig);

        if (err) {
            complain("kill", err_name(err));
            r = 1;
        }
    }
    return r;
}

static int in_jobs(struct word *args, int n)
{
    (void)args;
    (void)n;
    jobs_list();
    return 0;
}

static int in_fg_bg(struct word *args, int n)
{
    struct job *j = job_named(n > 1 ? args->next->text : 0);

    if (!j) {
        complain(args->text, "no such job");
        return 1;
    }
    return *args->text == 'f' ? job_foreground(j) : job_background(j);
}

static int in_umask(struct word *args, int n)
{
    long mask = 0;

    if (n > 1) {
        for (const char *p = args->next->text; *p >= '0' && *p <= '7'; p++)
            mask = mask * 8 + *p - '0';
        os_umask((int)mask);
        return 0;
    }
    mask = os_umask(0);
    os_umask((int)mask);
    print("%04o\n", (unsigned)mask);
    return 0;
}

static void print_time(const struct os_rusage *r)
{
    print("%ldm%ld.%02lds %ldm%ld.%02lds\n", r->utime_sec / 60, r->utime_sec % 60, r->utime_usec / 10000,
          r->stime_sec / 60, r->stime_sec % 60, r->stime_usec / 10000);
}

static int in_times(struct word *args, int n)
{
    struct os_rusage self, children;

    (void)args;
    (void)n;
    os_getrusage(0, &self);
    os_getrusage(-1, &children);
    print_time(&self);
    print_time(&children);
    return 0;
}

static int in_ulimit(struct word *args, int n)
{
    uint64_t limit[2];
    long     err = os_getrlimit(OS_RLIMIT_NOFILE, limit);

    if (n > 1 && strcmp(args->next->text, "-n") == 0)
        args = args->next;
    if (!err && args->next) {
        limit[0] = limit[1] = (uint64_t)parse_int(args->next->text);
        err = os_setrlimit(OS_RLIMIT_NOFILE, limit);
    } else if (!err) {
        print("%lu\n", limit[0]);
    }
    if (err)
        complain("ulimit", err_name(err));
    return err != 0;
}

static const struct builtin {
    const char *name;
    builtin_fn *fn;
    bool        special; /* found before functions */
} builtins[] = {
    {":", in_true, true},
    {"true", in_true, false},
    {"false", in_false, false},
    {"echo", in_echo, false},
    {"cd", in_cd, false},
    {"pwd", in_pwd, false},
    {"exit", in_exit, true},
    {"return", in_return, true},
    {"break", in_break, true},
    {"continue", in_break, true},
    {"exec", in_exec, true},
    {"eval", in_eval, true},
    {".", in_dot, true},
    {"export", in_export, true},
    {"unset", in_unset, true},
    {"set", in_set, true},
    {"shift", in_shift, true},
    {"trap", in_trap, true},
    {"wait", in_wait, false},
    {"kill", in_kill, false},
    {"jobs", in_jobs, false},
    {"fg", in_fg_bg, false},
    {"bg", in_fg_bg, false},
    {"umask", in_umask, false},
    {"times", in_times, true},
    {"ulimit", in_ulimit, false},
    {"test", builtin_test, false},
    {"[", builtin_test, false},
    {"printf", builtin_printf, false},
    {"read", builtin_read, false},
};

builtin_fn *builtin_find(const char *name, bool *special)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
        if (strcmp(builtins[i].name, name) == 0) {
            *special = builtins[i].special;
            return builtins[i].fn;
        }
    *special = false;
    return 0;
}
