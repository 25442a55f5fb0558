/*
 * Waiting: who is found by what, what is told, what stays.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/freebsd/freebsd.h"
#include "syscalls/code.h"
#include "syscalls/door.h"
#include "syscalls/fdtable.h"
#include "syscalls/handlers.h"
#include "syscalls/stop.h"
#include "syscalls/wait.h"
#include "tests/unit/fake_call.h"

struct family {
    struct fake *f;
    struct proc *child[2];
};

static struct proc *child_new(struct fake *f, int pid, int wait_status)
{
    struct proc *p = proc_new(&f->own, &abi_freebsd_amd64);

    proc_set_pid_locked(p, pid);
    p->state = PROC_ZOMBIE;
    p->wait_status = wait_status;
    p->cred.euid = (uint32_t)pid + 1;
    p->cred.egid = (uint32_t)pid + 2;
    p->pgid = pid + 3;
    p->sid = pid + 4;
    return p;
}

/* Numbers that no host process has, so that the host is not asked about them. */
enum { FIRST = 5000001, SECOND = 5000101 };

static int family_new(void **state)
{
    static struct family m;

    m.f = fake_new();
    m.f->own.abi = m.f->call.abi = &abi_freebsd_amd64;
    LIST_INIT(&session.procs);
    m.child[0] = child_new(m.f, FIRST, 3 << 8);
    m.child[1] = child_new(m.f, SECOND, SIGUSR1);
    *state = &m;
    return 0;
}

static int family_free(void **state)
{
    struct family *m = *state;
    struct proc   *p;

    while ((p = LIST_FIRST(&m->f->own.children)))
        proc_abandon(p);
    fake_free(m->f);
    return 0;
}

static int64_t wait6(struct family *m, int64_t type, int64_t id, uint64_t options, struct ksiginfo *si)
{
    struct call *c = fake_call(m->f);

    c->row = &freebsd_rows[532];
    return sys_wait6(c, type, (uint64_t)id, GVA(0), options | WNOHANG, GVA(0), si);
}

static void children_are_found_by_what_they_are(void **state)
{
    static const struct {
        int64_t type, id, want;
    } cases[] = {
        {P_PID, SECOND, SECOND},     {P_PID, SECOND + 1, -ECHILD},  {P_PGID, FIRST + 3, FIRST},
        {P_PGID, FIRST, -ECHILD},    {D_P_SID, SECOND + 4, SECOND}, {D_P_UID, FIRST + 1, FIRST},
        {D_P_UID, FIRST, -ECHILD},   {D_P_GID, SECOND + 2, SECOND}, {D_P_JAILID, 1, -ECHILD},
        {D_P_LWPID, FIRST, -ECHILD}, {P_PID, 0, -ECHILD},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(wait6(*state, cases[i].type, cases[i].id, WEXITED | WNOWAIT, NULL), cases[i].want);
    assert_true(wait6(*state, P_ALL, 0, WEXITED | WNOWAIT, NULL) > 0);
    assert_true(wait6(*state, D_P_JAILID, 0, WEXITED | WNOWAIT, NULL) > 0);
}

static void the_end_is_described(void **state)
{
    struct ksiginfo si;

    assert_int_equal(wait6(*state, P_PID, FIRST, WEXITED, &si), FIRST);
    assert_int_equal(si.code, CLD_EXITED);
    assert_int_equal(si.status, 3);
    assert_int_equal(si.uid, FIRST + 1);
    assert_int_equal(wait6(*state, P_PID, FIRST, WEXITED, &si), -ECHILD); /* once */
    assert_int_equal(wait6(*state, P_PID, SECOND, WEXITED, &si), SECOND);
    assert_int_equal(si.code, CLD_KILLED);
    assert_int_equal(si.status, 30); /* SIGUSR1 there */
    assert_int_equal(wait6(*state, P_ALL, 0, WEXITED, &si), -ECHILD);
}

static void only_what_is_asked_for(void **state)
{
    struct family  *m = *state;
    struct ksiginfo si;

    m->child[0]->state = PROC_LIVE;
    m->child[0]->wait_stopped = true;
    m->child[0]->stop_signal = 17;
    assert_int_equal(wait6(m, P_PID, FIRST, 0, &si), -EINVAL);
    assert_int_equal(wait6(m, P_PID, FIRST, WEXITED, &si), 0);
    assert_int_equal(si.pid, 0);
    assert_int_equal(wait6(m, P_PID, FIRST, WUNTRACED | WNOWAIT, &si), FIRST);
    assert_int_equal(wait6(m, P_PID, FIRST, WUNTRACED, &si), FIRST);
    assert_int_equal(si.code, CLD_STOPPED);
    assert_int_equal(wait6(m, P_PID, FIRST, WUNTRACED, &si), 0); /* told once */
    m->child[0]->wait_continued = true;
    assert_int_equal(wait6(m, P_PID, FIRST, WCONTINUED, &si), FIRST);
    assert_int_equal(si.code, CLD_CONTINUED);
    assert_int_equal(wait6(m, P_PID, FIRST, D_WTRAPPED, &si), 0); /* nobody is traced */
}

static void nothing_is_written_when_nothing_happened(void **state)
{
    struct family *m = *state;
    struct call   *c = fake_call(m->f);
    int32_t        status = 77;
    char           usage[144];

    memset(usage, 0x55, sizeof(usage));
    c->row = &freebsd_rows[7];
    m->child[0]->state = m->child[1]->state = PROC_LIVE;
    assert_int_equal(sys_wait4(c, -1, GVA(&status), WNOHANG, GVA(usage)), 0);
    assert_int_equal(status, 77);
    assert_int_equal(usage[0], 0x55);
    m->child[0]->state = PROC_ZOMBIE;
    fake_fail_copy(1, EFAULT);
    assert_int_equal(sys_wait4(c, FIRST, GVA(&status), 0, GVA(usage)), -EFAULT);
    fake_fail_copy(0, 0);
    m->child[1]->state = PROC_ZOMBIE;
    assert_int_equal(sys_wait4(c, -(SECOND + 3), GVA(&status), 0, GVA(usage)), SECOND);
    assert_int_equal(status, 30);
    assert_int_equal(usage[0], 0);
}

static void a_wait_is_interrupted(void **state)
{
    struct family *m = *state;

    m->child[0]->state = m->child[1]->state = PROC_LIVE;
    fake_interrupt(m->f);
    assert_int_equal(sys_wait4(fake_call(m->f), -1, GVA(0), 0, GVA(0)), -ERESTART);
    assert_false(m->f->task.waits_child);
    fake_calm(m->f);
}

static struct family *watched;
static int            drops;

/* While it gives up what it held. */
static void drop_and_look(struct proc *p)
{
    drops += p == watched->child[0];
    assert_int_equal(wait6(watched, P_PID, FIRST, WEXITED | WNOWAIT, NULL), 0);
}

/* Its parent hears of it when its last task is gone and all that it had open is closed, and not before. */
static void an_end_is_told_when_everything_is_closed(void **state)
{
    static const struct code_ops ops = {.drop = drop_and_look};
    static const struct door_ops tracer = {.is_ptrace = true};
    static const struct rusage   nothing;
    struct ksiginfo              si;
    struct family               *m = watched = *state;
    struct proc                 *p = m->child[0];

    door = &tracer;
    code_ops = &ops;
    p->fds = fdtable_new();
    assert_non_null(p->fds);
    p->state = PROC_LIVE;
    p->ntasks = 1; /* its tracer's, which unwinds */
    proc_exited(FIRST, 4 << 8, &nothing);
    assert_non_null(p->fds);
    assert_int_equal(wait6(m, P_PID, FIRST, WEXITED, &si), 0);
    p->ntasks = 0;
    proc_ended(p);
    code_ops = NULL;
    assert_int_equal(drops, 1);
    assert_null(p->fds);
    assert_int_equal(wait6(m, P_PID, FIRST, WEXITED, &si), FIRST);
    assert_int_equal(si.status, 4);
    assert_null(proc_find_any_locked(FIRST));
}

static pid_t sleeper(void)
{
    const pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

/* Stopped before a host program ran in its place, continued after that: both go on. */
static void a_stop_before_the_host_program_ends_too(void **state)
{
    struct proc *p = ((struct family *)*state)->child[0];
    int          status = 0;

    p->state = PROC_LIVE;
    LIST_REMOVE(p, by_pid); /* it gets another number */
    proc_set_pid_locked(p, sleeper());
    pthread_mutex_lock(&session.lock);
    proc_stop_locked(p, 17);
    p->hostprog = sleeper();
    pthread_mutex_unlock(&session.lock);
    assert_int_equal(waitpid(p->pid, &status, WUNTRACED), p->pid);
    assert_true(WIFSTOPPED(status));
    pthread_mutex_lock(&session.lock);
    proc_continue_locked(p);
    pthread_mutex_unlock(&session.lock);
    alarm(60);
    assert_int_equal(waitpid(p->pid, &status, WCONTINUED), p->pid);
    alarm(0);
    assert_true(WIFCONTINUED(status));
    kill(p->pid, SIGKILL);
    kill(p->hostprog, SIGKILL);
    assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
    assert_int_equal(waitpid(p->hostprog, NULL, 0), p->hostprog);
    p->hostprog = 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, family_new, family_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(children_are_found_by_what_they_are),
        TEST(the_end_is_described),
        TEST(only_what_is_asked_for),
        TEST(nothing_is_written_when_nothing_happened),
        TEST(a_wait_is_interrupted),
        TEST(an_end_is_told_when_everything_is_closed),
        TEST(a_stop_before_the_host_program_ends_too),
    };

    return cmocka_run_group_tests_name("syscalls/wait", tests, NULL, NULL);
}
