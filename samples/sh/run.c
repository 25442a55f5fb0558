/* Running a tree: commands, redirections, pipelines, loops, substitutions. */
#include "sh.h"

int  last_status, skip_levels;
bool option_errexit, option_monitor, interactive, skip_continue, skip_return;

static bool skipping(void) { return skip_levels || skip_return; }

/* ---- redirections ---------------------------------------------------------------- */

/* What a redirection of a builtin or compound command has covered, to be put back. */
static struct saved {
    int fd, copy; /* copy -1: it was closed */
} saved[64];
static int nsaved;

enum { SAVE_FROM = 10 };

static void save(int fd)
{
    long copy = os_fcntl(fd, F_DUPFD, SAVE_FROM);

    if (nsaved == sizeof(saved) / sizeof(*saved))
        die("too many redirections", 0);
    if (copy >= 0)
        os_fcntl((int)copy, F_SETFD, FD_CLOEXEC);
    saved[nsaved++] = (struct saved){fd, copy < 0 ? -1 : (int)copy};
}

int redirect_mark(void) { return nsaved; }

void redirect_undo(int mark)
{
    while (nsaved > mark) {
        struct saved *s = &saved[--nsaved];

        if (s->copy < 0) {
            os_close(s->fd);
        } else {
            os_dup2(s->copy, s->fd);
            os_close(s->copy);
        }
    }
}

/* exec's redirections stay. */
void redirect_forget(int mark)
{
    while (nsaved > mark)
        if (saved[--nsaved].copy >= 0)
            os_close(saved[nsaved].copy);
}

/* A here-document is a pipe that a process of its own fills when it is long. */
static int here_open(const struct redir *r)
{
    const char *body = r->literal ? r->body : expand_here(r->body);
    size_t      n = strlen(body);
    int         fds[2];

    must(os_pipe(fds), "pipe");
    if (n <= 4096) {
        os_write(fds[1], body, n);
    } else if (os_fork() == 0) {
        os_close(fds[0]);
        traps_for_child();
        while (n) {
            long did = os_write(fds[1], body, n);

            if (did <= 0)
                break;
            body += did;
            n -= (size_t)did;
        }
        os_exit(0);
    }
    os_close(fds[1]);
    return fds[0];
}

static long target_open(const struct redir *r)
{
    static const int flags[] = {
        [R_IN] = O_RDONLY,
        [R_OUT] = O_WRONLY | O_CREAT | O_TRUNC,
        [R_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [R_READ_WRITE] = O_RDWR | O_CREAT,
    };

    return r->kind == R_HERE ? here_open(r) : os_open(expand_one(r->word), flags[r->kind], 0666);
}

static int redirect_dup(const struct redir *r)
{
    const char *word = expand_one(r->word);
    long        err;

    if (strcmp(word, "-") == 0) {
        os_close(r->fd);
        return 0;
    }
    err = is_digits(word) ? os_dup2((int)parse_int(word), r->fd) : -EBADF;
    if (err < 0)
        complain(word, err_name(err));
    return err < 0 ? 1 : 0;
}

static int redirect_one(const struct redir *r)
{
    long fd;

    if (r->kind == R_DUP)
        return redirect_dup(r);
    fd = target_open(r);
    if (fd < 0) {
        complain(r->word, err_name(fd));
        return 1;
    }
    if (fd != r->fd) {
        os_dup2((int)fd, r->fd);
        os_close((int)fd);
    }
    return 0;
}

int redirect_all(struct redir *r, bool saving)
{
    for (; r; r = r->next) {
        if (saving)
            save(r->fd);
        if (redirect_one(r))
            return 1;
    }
    return 0;
}

/* ---- programs ------------------------------------------------------------------------ */

static int word_count(const struct word *w)
{
    int n = 0;

    for (; w; w = w->next)
        n++;
    return n;
}

static char **word_vector(struct word *w)
{
    char **v = mem_get(((size_t)word_count(w) + 1) * sizeof(*v));

    for (int i = 0; w; w = w->next)
        v[i++] = w->text;
    return v;
}

/* A file that is no program and has no first line is a script for us. */
static _Noreturn void exec_script(char **argv, const char *path)
{
    struct source src = {.fd = (int)os_open(path, O_RDONLY | O_CLOEXEC, 0), .back = -1};
    int           n = 0;

    while (argv[n])
        n++;
    params = (struct params){argv + 1, n - 1};
    shell_name = path;
    shell_exit(run_source(&src));
}

static long exec_at(const char *path, char **argv, char **env)
{
    long err = os_execve(path, argv, env);

    if (err == -ENOEXEC)
        exec_script(argv, path);
    return err;
}

_Noreturn void exec_program(struct word *words)
{
    char      **argv = word_vector(words), **env = var_environment();
    const char *dirs = var_get("PATH");
    long        err = -ENOENT, r;

    traps_for_child();
    if (find_char(argv[0], '/') || !dirs) {
        err = exec_at(argv[0], argv, env);
    } else {
        while (*dirs && (err == -ENOENT || err == -EACCES)) {
            struct text path = {0};

            for (; *dirs && *dirs != ':'; dirs++)
                text_put(&path, *dirs);
            dirs += *dirs == ':';
            text_put(&path, '/');
            text_add(&path, argv[0]);
            r = exec_at(path.s, argv, env);
            if (r != -ENOENT && r != -ENOTDIR)
                err = r;
        }
    }
    complain(argv[0], err == -ENOENT ? "not found" : err_name(err));
    os_exit(err == -ENOENT ? 127 : 126);
}

static int run_program(struct node *n, struct word *words)
{
    struct job *j = job_new(n);

    if (job_fork(j, true) == 0) {
        if (redirect_all(n->redirs, false))
            os_exit(1);
        for (struct word *a = n->assigns; a; a = a->next)
            var_assign(expand_one(a->text), true);
        exec_program(words);
    }
    return job_wait(j);
}

/* ---- simple commands -------------------------------------------------------------------- */

static int run_function(struct node *body, struct word *args)
{
    struct params outer = params;
    int           r;

    params.v = word_vector(args->next);
    params.n = word_count(args->next);
    r = run_node(body, false);
    skip_return = false;
    params = outer;
    return r;
}

static void assign_all(const struct word *a)
{
    for (; a; a = a->next) {
        const char *eq = find_char(a->text, '=');
        char       *name = memcpy(mem_get((size_t)(eq - a->text) + 1), a->text, (size_t)(eq - a->text));

        var_set(name, expand_one(eq + 1));
    }
}

static int run_builtin(builtin_fn *fn, struct node *n, struct word *words)
{
    int mark = redirect_mark(), r = redirect_all(n->redirs, true);

    if (!r) {
        assign_all(n->assigns);
        r = fn(words, word_count(words));
    }
    redirect_undo(mark);
    return r;
}

static int run_simple(struct node *n)
{
    struct word *words;
    struct node *body;
    builtin_fn  *fn;
    bool         special;
    int          mark = redirect_mark(), r;

    last_status = n->words ? last_status : 0; /* what a substitution leaves is the status of an assignment */
    words = expand_words(n->words);
    if (!words) {
        r = redirect_all(n->redirs, true);
        redirect_undo(mark);
        assign_all(n->assigns);
        return r ? r : last_status;
    }
    fn = builtin_find(words->text, &special);
    if (fn && special)
        return run_builtin(fn, n, words);
    body = function_get(words->text);
    if (!body)
        return fn ? run_builtin(fn, n, words) : run_program(n, words);
    r = redirect_all(n->redirs, true);
    if (!r)
        r = run_function(body, words);
    redirect_undo(mark);
    return r;
}

/* ---- compound commands -------------------------------------------------------------------- */

/* Ends the process of a subshell with the command's status. */
static _Noreturn void run_in_child(struct node *n)
{
    jobs_forget();
    if (n->kind == N_SIMPLE && !n->redirs && !n->assigns) {
        struct word *words = expand_words(n->words);
        bool         special;

        if (words && !builtin_find(words->text, &special) && !function_get(words->text))
            exec_program(words);
        if (!words)
            os_exit(last_status);
    }
    shell_exit(run_node(n, false));
}

static int run_subshell(struct node *n)
{
    struct job *j = job_new(n);

    if (job_fork(j, true) == 0) {
        traps_reset();
        if (redirect_all(n->redirs, false))
            os_exit(1);
        jobs_forget();
        shell_exit(run_node(n->a, false));
    }
    return job_wait(j);
}

static int run_background(struct node *n)
{
    struct job *j = job_new(n->a);
    int         pid = job_fork(j, false);

    if (pid == 0) {
        traps_reset();
        run_in_child(n->a);
    }
    last_background = pid;
    if (interactive)
        print_to(2, "[%d] started\n", job_number(j));
    return 0;
}

/* The parts of a pipeline, from left to right: the tree leans to the left. */
static int pipe_parts(struct node *n, struct node **parts)
{
    int count = 0;

    if (n->kind == N_PIPE) {
        count = pipe_parts(n->a, parts);
        n = n->b;
    }
    if (count == JOB_PIDS)
        die("too long a pipeline", 0);
    parts[count] = n;
    return count + 1;
}

static void move_fd(int from, int to)
{
    if (from >= 0) {
        os_dup2(from, to);
        os_close(from);
    }
}

static int run_pipe(struct node *n)
{
    struct node *parts[JOB_PIDS];
    struct job  *j = job_new(n);
    int          count = pipe_parts(n, parts), in = -1;

    for (int i = 0; i < count; i++) {
        int fds[2] = {-1, -1};

        if (i < count - 1)
            must(os_pipe(fds), "pipe");
        if (job_fork(j, true) == 0) {
            traps_reset();
            if (fds[0] >= 0)
                os_close(fds[0]);
            move_fd(in, 0);
            move_fd(fds[1], 1);
            run_in_child(parts[i]);
        }
        if (in >= 0)
            os_close(in);
        if (fds[1] >= 0)
            os_close(fds[1]);
        in = fds[0];
    }
    return job_wait(j);
}

/* After the body of a loop: true when the loop is over. */
static bool loop_over(void)
{
    if (skip_levels) {
        skip_levels--;
        if (skip_levels || !skip_continue)
            return true;
        skip_continue = false;
    }
    return skip_return;
}

static int run_while(struct node *n)
{
    int r = 0;

    while (!interrupted && (run_node(n->a, true) == 0) == (n->kind == N_WHILE) && !skipping()) {
        size_t mark = mem_mark();

        r = run_node(n->b, false);
        mem_release(mark);
        if (loop_over())
            break;
    }
    return r;
}

static int run_for(struct node *n)
{
    int r = 0;

    for (struct word *w = expand_words(n->words); w && !interrupted; w = w->next) {
        size_t mark = mem_mark();

        var_set(n->name, w->text);
        r = run_node(n->b, false);
        mem_release(mark);
        if (loop_over())
            break;
    }
    return r;
}

static int run_case(struct node *n)
{
    const char *value = expand_one(n->name);

    for (struct node *item = n->c; item; item = item->c)
        for (struct word *p = item->words; p; p = p->next)
            if (pattern_matches(expand_pattern(p->text), value))
                return item->b ? run_node(item->b, false) : 0;
    return 0;
}

static int run_if(struct node *n)
{
    if (run_node(n->a, true) == 0)
        return run_node(n->b, false);
    return n->c && !skipping() ? run_node(n->c, false) : 0;
}

static int run_kind(struct node *n, bool no_errexit)
{
    switch (n->kind) {
    case N_SIMPLE: return run_simple(n);
    case N_PIPE: return run_pipe(n);
    case N_AND: return run_node(n->a, true) ? last_status : skipping() ? last_status : run_node(n->b, no_errexit);
    case N_OR: return !run_node(n->a, true) ? 0 : skipping() ? last_status : run_node(n->b, no_errexit);
    case N_SEQ: run_node(n->a, no_errexit); return skipping() || interrupted ? last_status : run_node(n->b, no_errexit);
    case N_BACKGROUND: return run_background(n);
    case N_NOT: return !run_node(n->a, true);
    case N_SUBSHELL: return run_subshell(n);
    case N_GROUP: return run_node(n->a, no_errexit);
    case N_IF: return run_if(n);
    case N_WHILE:
    case N_UNTIL: return run_while(n);
    case N_FOR: return run_for(n);
    case N_CASE: return run_case(n);
    default: function_set(n->name, n->a); return 0;
    }
}

static bool redirected_here(const struct node *n) { return n->redirs && n->kind != N_SIMPLE && n->kind != N_SUBSHELL; }

static bool errexit_counts(const struct node *n)
{
    return n->kind == N_SIMPLE || n->kind == N_PIPE || n->kind == N_SUBSHELL;
}

int run_node(struct node *n, bool no_errexit)
{
    int    mark = redirect_mark();
    size_t memory = mem_mark();

    if (redirected_here(n) && redirect_all(n->redirs, true))
        last_status = 1;
    else
        last_status = run_kind(n, no_errexit);
    redirect_undo(mark);
    if (n->kind == N_SIMPLE || n->kind == N_PIPE)
        mem_release(memory);
    traps_run();
    if (option_errexit && !no_errexit && last_status && errexit_counts(n))
        shell_exit(last_status);
    return last_status;
}

/* ---- sources ----------------------------------------------------------------------------------- */

int run_source(struct source *src)
{
    for (;;) {
        struct node *n;
        size_t       mark = mem_mark();
        enum parsed  r;

        traps_run();
        jobs_poll();
        if (interactive)
            jobs_notify();
        r = parse_line(src, &n);
        if (r == PARSED_END)
            return last_status;
        if (r == PARSED)
            run_node(n, false);
        if (r == PARSED_ERROR) {
            last_status = 2;
            if (!src->prompt)
                shell_exit(2);
        }
        if (interrupted && src->prompt) {
            print_to(2, "\n");
            interrupted = false;
            last_status = 128 + SIGINT;
        }
        mem_release(mark);
        if (skip_return)
            return last_status;
    }
}

int run_string(const char *s)
{
    struct source src = {.text = s, .fd = -1, .back = -1};

    return run_source(&src);
}

char *command_output(const char *s)
{
    struct text t = {0};
    int         fds[2], status;
    long        pid, n;
    char       *buf = mem_get(4096);

    must(os_pipe(fds), "pipe");
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        os_close(fds[0]);
        os_dup2(fds[1], 1);
        os_close(fds[1]);
        traps_reset();
        jobs_forget();
        shell_exit(run_string(s));
    }
    os_close(fds[1]);
    while ((n = os_read(fds[0], buf, 4096)) > 0 || n == -EINTR)
        for (long i = 0; i < n; i++)
            text_put(&t, buf[i]);
    os_close(fds[0]);
    while (os_wait4((int)pid, &status, 0, 0) == -EINTR)
        continue;
    last_status = status_of(status);
    while (t.len && t.s[t.len - 1] == '\n')
        t.s[--t.len] = 0;
    return text_end(&t);
}

_Noreturn void shell_exit(int status)
{
    last_status = status;
    trap_exit();
    os_exit(last_status);
}
