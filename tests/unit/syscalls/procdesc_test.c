/*
 * Process descriptors, and rfork's plans: over a door that makes no processes, only numbers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "abi/freebsd/freebsd.h"
#include "syscalls/door.h"
#include "syscalls/fdtable.h"
#include "syscalls/fork.h"
#include "syscalls/handlers.h"
#include "syscalls/ofile.h"
#include "syscalls/procdesc.h"
#include "syscalls/signal.h"
#include "syscalls/task.h"
#include "syscalls/wait.h"
#include "tests/unit/fake_call.h"

/* ---- a door without processes: each clone is the next number ------------------------ */

enum { FIRST = 5000001 };

static int64_t      next_pid, clone_error;
static uint64_t     clone_flags;
static struct proc *born;

static int64_t door_clone(struct task *parent, struct task *child, uint64_t flags, uint64_t tls, const struct regs *r)
{
    (void)parent;
    (void)tls;
    (void)r;
    clone_flags = flags;
    born = child->proc;
    return clone_error ? clone_error : next_pid++;
}

static void door_regs_get(struct task *t, struct regs *r)
{
    (void)t;
    memset(r, 0, sizeof(*r));
}

static int door_init(struct task *t)
{
    (void)t;
    return 0;
}

static void door_reap(struct task *t) { (void)t; }

static const struct door_ops fake_door = {
    .clone = door_clone, .regs_get = door_regs_get, .task_init = door_init, .reap = door_reap};

/* Signals are not delivered here, only remembered. */
static int posted_sig;

void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info)
{
    (void)p;
    posted_sig = info->signo;
}

static int fixture_new(void **state)
{
    struct fake *f = fake_new();

    f->own.abi = f->call.abi = &abi_freebsd_amd64;
    f->own.fds = fdtable_new();
    LIST_INIT(&session.procs);
    door = &fake_door;
    next_pid = FIRST;
    clone_error = 0;
    posted_sig = 0;
    *state = f;
    return 0;
}

static int fixture_free(void **state)
{
    struct fake *f = *state;
    struct proc *p;

    while ((p = LIST_FIRST(&session.procs))) {
        tasks_end(p, NULL);
        proc_abandon(p);
    }
    fd_close_range(fake_call(f), 0, ~0u, false);
    fdtable_free(f->own.fds);
    fake_free(f);
    return 0;
}

static int pdfork(struct fake *f, uint64_t flags, struct proc **p)
{
    const int64_t pid = next_pid;
    int           fd = -1;

    assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), flags), pid);
    *p = born;
    return fd;
}

/* ---- tests ------------------------------------------------------------------------------ */

static void a_descriptor_stands_for_the_process(void **state)
{
    struct fake *f = *state;
    struct proc *p;
    struct fdref ref;
    struct kstat st;
    int          fd = pdfork(f, 2, &p), pid = 0;

    assert_int_equal(fd, 0);
    assert_int_equal(fd_get_cloexec(fake_call(f), fd), 1);
    assert_int_equal(fd_get_flags(fake_call(f), fd) & FD_SLOT_CLOFORK, 0);
    assert_int_equal(p->fds->high, 0); /* the child has none of it */
    assert_int_equal(sys_pdgetpid(fake_call(f), fd, GVA(&pid)), 0);
    assert_int_equal(pid, FIRST);
    assert_int_equal(sys_pdgetpid(fake_call(f), fd, GVA(8)), -EFAULT);
    assert_int_equal(sys_pdgetpid(fake_call(f), 1, GVA(&pid)), -EBADF);
    assert_int_equal(fd_get(fake_call(f), fd, &ref), 0);
    procdesc_stat(ref.of->object, &st);
    assert_int_equal(st.mode, S_IFREG | S_IRWXU);
    fd_put(fake_call(f), &ref);
}

static void its_end_is_seen(void **state)
{
    struct fake  *f = *state;
    struct proc  *p;
    struct fdref  ref;
    struct pollfd pfd = {.events = POLLIN};
    int           fd = pdfork(f, 0, &p);
    int64_t       status = 0;

    assert_int_equal(fd_get(fake_call(f), fd, &ref), 0);
    pfd.fd = ref.hostfd;
    assert_int_equal(poll(&pfd, 1, 0), 0);
    assert_false(procdesc_ended(ref.of->object, &status));
    p->state = PROC_ZOMBIE;
    assert_true(procdesc_exited_locked(p, 0x700));
    assert_int_equal(poll(&pfd, 1, 0), 1);
    assert_int_equal(pfd.revents, POLLHUP);
    assert_true(procdesc_ended(ref.of->object, &status));
    assert_int_equal(status, 0x700);
    fd_put(fake_call(f), &ref);
    assert_int_equal(posted_sig, 0);
}

static int64_t pdwait(struct fake *f, int fd, uint64_t options, int32_t *status)
{
    struct call *c = fake_call(f);

    c->row = &freebsd_rows[601];
    return sys_pdwait(c, fd, GVA(status), options, GVA(0), NULL);
}

static void it_is_waited_for(void **state)
{
    struct fake *f = *state;
    struct proc *p;
    int32_t      status = 0;
    int          fd = pdfork(f, 0, &p);

    assert_int_equal(pdwait(f, fd, 0, &status), -EINVAL);
    assert_int_equal(pdwait(f, 1, WEXITED, &status), -EBADF);
    assert_int_equal(pdwait(f, fd, WEXITED | WNOHANG, &status), -EWOULDBLOCK);
    fake_interrupt(f);
    assert_int_equal(pdwait(f, fd, WEXITED, &status), -ERESTART);
    fake_calm(f);
    p->state = PROC_ZOMBIE;
    p->wait_status = 5 << 8;
    procdesc_exited_locked(p, 5 << 8);
    assert_int_equal(sys_wait4(fake_call(f), -1, GVA(&status), WNOHANG, GVA(0)), -ECHILD);
    assert_int_equal(pdwait(f, fd, WEXITED, &status), 0);
    assert_int_equal(status, 5 << 8);
    assert_int_equal(pdwait(f, fd, WEXITED, &status), -ESRCH);
    assert_int_equal(sys_pdkill(fake_call(f), fd, 0), -ESRCH);
}

static void the_last_close_kills(void **state)
{
    struct fake *f = *state;
    struct proc *p;
    int          fd = pdfork(f, 0, &p);

    assert_int_equal(sys_pdkill(fake_call(f), fd, 500), -EINVAL);
    assert_int_equal(sys_pdkill(fake_call(f), fd, 15), 0);
    assert_int_equal(posted_sig, 15);
    assert_int_equal(fd_close(fake_call(f), fd), 0);
    assert_int_equal(posted_sig, 9);
    assert_null(p->parent);
    assert_null(p->procdesc);
    posted_sig = 0;
    fd = pdfork(f, 1, &p); /* PD_DAEMON */
    assert_int_equal(fd_close(fake_call(f), fd), 0);
    assert_int_equal(posted_sig, 0);
    assert_null(p->parent);
}

static void closing_takes_the_zombie(void **state)
{
    struct fake *f = *state;
    struct proc *p;
    int          fd = pdfork(f, 0, &p);

    p->state = PROC_ZOMBIE;
    procdesc_exited_locked(p, 0);
    tasks_end(p, NULL);
    fd_close(fake_call(f), fd);
    assert_true(LIST_EMPTY(&f->own.children));
}

static void failure_leaves_nothing(void **state)
{
    struct fake   *f = *state;
    const unsigned fds = fake_open_fds(), files = ofile_count();
    int            fd;

    assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), 8), -EINVAL);
    clone_error = -EAGAIN;
    assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), 0), -EAGAIN);
    clone_error = 0;
    for (unsigned n = 1; n <= 2; n++) {
        fake_fail_host(n, EMFILE);
        assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), 0), -EMFILE);
    }
    fake_fail_host(0, 0);
    fake_fail_scratch(1);
    assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), 0), -ENOMEM);
    fake_fail_scratch(0);
    f->own.nofile = 0;
    assert_int_equal(sys_pdfork(fake_call(f), GVA(&fd), 0), -EMFILE);
    f->own.nofile = 1024;
    assert_int_equal(fake_open_fds(), fds);
    assert_int_equal(ofile_count(), files);
    assert_true(LIST_EMPTY(&session.procs));
}

static void rfork_checks_its_flags(void **state)
{
    static const uint64_t bad[] = {
        RFPROC | RFFDG | RFCFDG,
        RFPROC | RFFDG | RFPROCDESC,
        RFPROC | RFFDG | 1,
        RFPROC | RFFDG | 9u << 20,
        RFPROC | RFFDG | RFTSIGZMB | 200u << 20,
        RFSPAWN | RFPROC,
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(sys_rfork(fake_call(*state), bad[i]), -EINVAL);
    assert_int_equal(sys_rfork(fake_call(*state), RFFDG), 0);
    assert_int_equal(sys_pdrfork(fake_call(*state), GVA(0), 0, RFPROC | RFFDG), -EINVAL);
    assert_true(LIST_EMPTY(&session.procs));
}

static struct proc *forked(struct fake *f, uint64_t flags)
{
    const int64_t pid = next_pid;

    assert_int_equal(sys_rfork(fake_call(f), flags), pid);
    return born;
}

static void rfork_plans(void **state)
{
    struct fake *f = *state;
    struct proc *p = forked(f, RFPROC | RFFDG);

    f->own.space = UINT64_MAX;
    f->own.sigacts = calloc(1, sizeof(struct sigacts));
    f->own.sigacts->refs = 1;
    assert_int_equal(p->exit_signal, 20);
    assert_int_not_equal(p->space, f->own.space);
    assert_ptr_not_equal(p->actions, f->own.actions);
    assert_false(clone_flags & (CLONE_VM | CLONE_VFORK));
    p = forked(f, RFPROC | RFCFDG | RFMEM | RFLINUXTHPN);
    assert_int_equal(p->exit_signal, 30);
    assert_int_equal(p->space, f->own.space);
    assert_true(clone_flags & CLONE_VM);
    assert_false(clone_flags & CLONE_VFORK);
    p = forked(f, RFPROC | RFFDG | RFTSIGZMB);
    assert_int_equal(p->exit_signal, 0);
    p = forked(f, RFPROC | RFFDG | RFTSIGZMB | 31u << 20);
    assert_int_equal(p->exit_signal, 31);
    p = forked(f, RFPROC | RFFDG | RFNOWAIT);
    assert_null(p->parent);
    p = forked(f, RFPROC | RFFDG | RFTHREAD);
    assert_ptr_equal(p->leader, &f->own);
    p = forked(f, RFPROC | RFFDG | RFSIGSHARE);
    assert_ptr_equal(p->sigacts, f->own.sigacts);
    proc_own_actions(p);
    assert_int_equal(f->own.sigacts->refs, 1);
    f->own.actions[15] = (struct ksigaction){.handler = 0x1000};
    f->own.actions[16] = (struct ksigaction){.handler = D_SIG_IGN};
    p = forked(f, RFSPAWN);
    assert_true(clone_flags & CLONE_VFORK);
    assert_int_equal(p->actions[15].handler, D_SIG_DFL);
    assert_int_equal(p->actions[16].handler, D_SIG_IGN);
    free(f->own.sigacts);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_descriptor_stands_for_the_process),
        TEST(its_end_is_seen),
        TEST(it_is_waited_for),
        TEST(the_last_close_kills),
        TEST(closing_takes_the_zombie),
        TEST(failure_leaves_nothing),
        TEST(rfork_checks_its_flags),
        TEST(rfork_plans),
    };

    return cmocka_run_group_tests_name("syscalls/procdesc", tests, NULL, NULL);
}
