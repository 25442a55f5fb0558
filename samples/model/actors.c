/* Processes and threads, one of them at work at a time. */
#include "model/model.h"

static struct thread threads[ACTORS]; /* of this process */

static void pass(uint32_t to)
{
    __atomic_store_n(&state->holder, to, __ATOMIC_RELEASE);
    __atomic_fetch_add(&state->actors[to].wake, 1, __ATOMIC_RELEASE);
    os_futex_wake_shared(&state->actors[to].wake, 1);
}

bool actor_wait(uint32_t me)
{
    struct actor *a = &state->actors[me];

    for (;;) {
        const uint32_t seen = __atomic_load_n(&a->wake, __ATOMIC_ACQUIRE);

        if (__atomic_load_n(&state->holder, __ATOMIC_ACQUIRE) == me)
            return !a->quit;
        os_futex_wait_shared(&a->wake, seen);
    }
}

static void step(uint32_t me, const struct op *op)
{
    static op_fn *const fns[OP_KINDS] = {
#define OP(name, args, weight) op_##name,
#include "model/ops.def"
#undef OP
    };
    char text[160];

    program_print_op(text, sizeof(text), op);
    say("%u: %s = ", state->next, text);
    state->next++;
    fns[op->kind](me, op);
}

/* The operations of actors that are not there are passed over, so that any part of a program is a program. */
static const struct op *next_op(void)
{
    while (state->next < program_len) {
        const struct op *op = &program[state->next];

        if (state->actors[op->actor].live)
            return op;
        state->next++;
    }
    return NULL;
}

void actor_run(uint32_t me)
{
    while (actor_wait(me)) {
        const struct op *op;

        while ((op = next_op()) && op->actor == me)
            step(me, op);
        if (!op && me == 0)
            return;
        pass(op ? op->actor : 0);
    }
}

/* Ours to end: a thread of our process, or a process that ours made. */
static bool may_reap(uint32_t me, uint32_t who)
{
    const uint32_t      proc = state->actors[me].proc;
    const struct actor *a = &state->actors[who];

    if (who >= ACTORS || who == me || !a->live)
        return false;
    return a->is_thread ? a->proc == proc : a->parent == proc && who != proc && who;
}

static void reap(uint32_t me, uint32_t who)
{
    const struct actor a = state->actors[who];
    int                status = 0;

    state->actors[who].quit = me + 1;
    pass(who);
    actor_wait(me);
    if (a.is_thread) {
        thread_join(&threads[who]);
        say("joined %u\n", who);
    } else if (os_wait4(a.pid, &status, 0, NULL) == a.pid) {
        say("actor %u ended: %d %d\n", who, os_wifexited(status), os_wexitstatus(status));
    } else {
        say("actor %u cannot be waited for\n", who);
    }
}

/* What it made ends first. */
void actor_leave(uint32_t me)
{
    const uint32_t by = state->actors[me].quit;

    for (uint32_t i = 0; i < ACTORS && !state->actors[me].is_thread; i++)
        if (may_reap(me, i))
            reap(me, i);
    if (!state->actors[me].is_thread)
        say_table();
    state->actors[me].live = 0;
    if (by)
        pass(by - 1);
}

static bool take_place(uint32_t me, uint32_t who, bool is_thread)
{
    struct actor *a = &state->actors[who];

    if (who == 0 || who >= ACTORS || a->live) {
        say("no place\n");
        return false;
    }
    a->live = 1;
    a->is_thread = is_thread;
    a->proc = is_thread ? state->actors[me].proc : who;
    a->parent = state->actors[me].proc;
    a->quit = 0;
    return true;
}

void op_fork(uint32_t me, const struct op *op)
{
    const uint32_t who = (uint32_t)op->arg[0];
    long           pid;

    if (!take_place(me, who, false))
        return;
    say("forked\n");
    pid = os_fork();
    if (pid == 0) {
        actor_run(who);
        actor_leave(who);
        os_exit(0);
    }
    state->actors[who].pid = (int32_t)must(pid, "fork");
}

static long thread_main(void *arg)
{
    const uint32_t me = (uint32_t)(uintptr_t)arg;

    actor_run(me);
    actor_leave(me);
    return 0;
}

void op_thread(uint32_t me, const struct op *op)
{
    const uint32_t who = (uint32_t)op->arg[0];

    if (!take_place(me, who, true))
        return;
    say("started\n");
    thread_start(&threads[who], thread_main, (void *)(uintptr_t)who);
}

void op_reap(uint32_t me, const struct op *op)
{
    const uint32_t who = (uint32_t)op->arg[0];

    if (may_reap(me, who))
        reap(me, who);
    else
        say("not ours\n");
}

/* What an executed program finds in its table, by itself (main, "list"). */
void op_exec(uint32_t me, const struct op *op)
{
    char *argv[] = {sample_argv[0], (char *)"list", (char *)state_path, NULL};
    int   status = 0;
    long  pid;

    (void)me, (void)op;
    say("\n");
    pid = os_fork();
    if (pid == 0) {
        os_execve(sample_argv[0], argv, sample_envp);
        os_exit(127);
    }
    os_wait4((int)must(pid, "fork"), &status, 0, NULL);
    say("executed: %d %d\n", os_wifexited(status), os_wexitstatus(status));
}
