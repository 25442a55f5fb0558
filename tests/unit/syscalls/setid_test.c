/*
 * User and group identifiers.  What needs privilege runs in a child.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls/cred.h"
#include "syscalls/credentials.h"
#include "syscalls/door.h"
#include "tests/unit/fake_call.h"

/* A nobody's child: its exit status is 0 when every step was as it should be, else the line. */
#define STEP(cond)                                                                                                     \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            _exit(__LINE__ & 0xff);                                                                                    \
    } while (0)

static void in_child(void (*body)(struct fake *f))
{
    pid_t pid;
    int   status;

    if (geteuid() != 0) {
        skip();
        return;
    }
    pid = fork();
    if (pid == 0) {
        body(fake_new());
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (status)
        fail_msg("step failed: line %d, status %#x", WEXITSTATUS(status), status);
}

static int64_t ids(struct fake *f, uint32_t *r, uint32_t *e, uint32_t *s)
{
    return sys_getresuid(fake_call(f), GVA((uintptr_t)r), GVA((uintptr_t)e), GVA((uintptr_t)s));
}

static void ids_are_read(void **state)
{
    struct fake *f = fake_new();
    uint32_t     r = 99, e = 99, s = 99;

    (void)state;
    assert_int_equal(ids(f, &r, &e, &s), 0);
    assert_int_equal(r, getuid());
    assert_int_equal(e, geteuid());
    assert_int_equal(ids(f, NULL, NULL, &s), 0); /* null pointers are left out */
    assert_int_equal(ids(f, (void *)8, &e, &s), -EFAULT);
    assert_int_equal(sys_getresgid(fake_call(f), GVA((uintptr_t)&r), GVA(0), GVA(0)), 0);
    assert_int_equal(r, getgid());
    fake_free(f);
}

static void root_drops(struct fake *f)
{
    uint32_t r, e, s;
    int      sig = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    STEP(sys_setgid(fake_call(f), 65534) == 0);
    STEP(sys_setuid(fake_call(f), 65534) == 0);
    STEP(ids(f, &r, &e, &s) == 0 && r == 65534 && e == 65534 && s == 65534);
    STEP(prctl(PR_GET_PDEATHSIG, &sig) == 0 && sig == SIGKILL); /* the host forgets it, we do not */
    STEP(prctl(PR_GET_DUMPABLE) == 1);
    STEP(f->own.issetugid);
    STEP(sys_setuid(fake_call(f), 0) == -EPERM);
    STEP(sys_seteuid(fake_call(f), 0) == -EPERM);
    STEP(sys_setreuid(fake_call(f), 0, 0) == -EPERM);
    STEP(sys_setresgid(fake_call(f), 0, 0, 0) == -EPERM);
}

static void effective_comes_back(struct fake *f)
{
    uint32_t r, e, s;

    STEP(sys_seteuid(fake_call(f), 65534) == 0);
    STEP(ids(f, &r, &e, &s) == 0 && r == 0 && e == 65534 && s == 0);
    STEP(sys_seteuid(fake_call(f), 0) == 0);
    STEP(sys_setresuid(fake_call(f), 1, 2, 3) == 0);
    STEP(sys_setuid(fake_call(f), 3) == -EPERM); /* the saved one is not enough */
    STEP(sys_setuid(fake_call(f), 1) == 0);      /* the real one is: all three change */
    STEP(ids(f, &r, &e, &s) == 0 && r == 1 && e == 1 && s == 1);
}

static void groups_of(struct fake *f)
{
    uint32_t set[4] = {7, 8, 9}, got[8];

    STEP(sys_setgroups_egid(fake_call(f), 3, GVA((uintptr_t)set)) == 0);
    STEP(getegid() == 7);
    STEP(sys_getgroups_egid(fake_call(f), 0, GVA(0)) == 3);
    STEP(sys_getgroups_egid(fake_call(f), 2, GVA((uintptr_t)got)) == -EINVAL);
    STEP(sys_getgroups_egid(fake_call(f), 8, GVA((uintptr_t)got)) == 3);
    STEP(got[0] == 7 && got[1] == 8 && got[2] == 9);
    STEP(sys_getgroups(fake_call(f), 8, GVA((uintptr_t)got)) == 2 && got[0] == 8);
    STEP(sys_setgroups_egid(fake_call(f), 0, GVA(0)) == 0);
    STEP(sys_getgroups_egid(fake_call(f), 8, GVA((uintptr_t)got)) == 1 && got[0] == 7);
    STEP(sys_setgroups_egid(fake_call(f), -1, GVA(0)) == -EINVAL);
    STEP(sys_setgroups_egid(fake_call(f), 2000, GVA(0)) == -EINVAL);
    STEP(sys_setgroups_egid(fake_call(f), 2, GVA(8)) == -EFAULT);
}

static void root_drops_for_good(void **state)
{
    (void)state;
    in_child(root_drops);
}

static void effective_user_comes_back(void **state)
{
    (void)state;
    in_child(effective_comes_back);
}

static void first_group_is_the_effective_one(void **state)
{
    (void)state;
    in_child(groups_of);
}

/* ---- several threads ------------------------------------------------------------------ */

static int kicks;

static void kick(struct task *t)
{
    (void)t;
    __atomic_add_fetch(&kicks, 1, __ATOMIC_SEQ_CST);
}

static const struct door_ops kicking_door = {.kick = kick};

struct other {
    struct fake *f;
    volatile int go_on, caught_up;
    uint32_t     uid, gid, ngroups;
};

/* A thread that comes by the provider now and then. */
static void *other_main(void *arg)
{
    struct other *o = arg;

    while (o->go_on) {
        if (cred_behind(&o->f->task)) {
            o->caught_up++; /* first: the call that waits for us returns from within */
            cred_catch_up(fake_call(o->f));
        }
        usleep(1000);
    }
    o->uid = (uint32_t)syscall(SYS_geteuid); /* the thread's own */
    o->gid = (uint32_t)syscall(SYS_getegid);
    o->ngroups = (uint32_t)syscall(SYS_getgroups, 0, NULL);
    return NULL;
}

static void threads_follow(struct fake *f)
{
    struct other o = {.f = fake_thread(f), .go_on = 1};
    uint32_t     set[3] = {9, 8, 7};
    pthread_t    t;

    door = &kicking_door;
    STEP(pthread_create(&t, NULL, other_main, &o) == 0);
    STEP(sys_setgroups(fake_call(f), 3, GVA((uintptr_t)set)) == 0);
    STEP(o.caught_up == 1 && kicks > 0); /* before the call returned */
    STEP(sys_setgid(fake_call(f), 65534) == 0);
    STEP(sys_setuid(fake_call(f), 65534) == 0);
    STEP(o.caught_up == 3 && !cred_behind(&o.f->task));
    STEP(sys_setuid(fake_call(f), 0) == -EPERM);
    o.go_on = 0;
    pthread_join(t, NULL);
    STEP(o.uid == 65534 && o.gid == 65534 && o.ngroups == 3);
    STEP(f->own.cred.euid == 65534 && f->own.cred.rgid == 65534);
}

/* Nobody waits for a thread that is gone, or for one in vfork; the latter has something to catch up with. */
static void some_are_not_waited_for(struct fake *f)
{
    struct fake *gone = fake_thread(f), *vforking = fake_thread(f);

    door = &kicking_door;
    gone->task.state = TASK_GONE;
    vforking->task.vforking = true;
    STEP(sys_setgid(fake_call(f), 5) == 0);
    STEP(cred_behind(&vforking->task));
    cred_catch_up(fake_call(vforking));
    STEP(!cred_behind(&vforking->task));
    STEP(f->own.cred_by == NULL);
}

struct setcred_arg {
    uint32_t uid, ruid, svuid, gid, rgid, svgid, pad, ngroups;
    uint64_t groups, label;
};

static int64_t setcred(struct fake *f, unsigned flags, struct setcred_arg *w)
{
    return sys_setcred(fake_call(f), flags, GVA((uintptr_t)w), sizeof(*w));
}

static void setcred_sets_what_is_named(struct fake *f)
{
    uint32_t           set[2] = {4, 5}, r, e, s;
    struct setcred_arg w = {
        .uid = 11, .ruid = 12, .svuid = 13, .gid = 14, .rgid = 15, .svgid = 16, .ngroups = 2, .groups = (uintptr_t)set};

    STEP(setcred(f, 256, &w) == -EINVAL);
    STEP(setcred(f, 128, &w) == -EOPNOTSUPP);
    STEP(sys_setcred(fake_call(f), 0, GVA((uintptr_t)&w), 47) == -EINVAL);
    STEP(sys_setcred(fake_call(f), 0, GVA(8), sizeof(w)) == -EFAULT);
    STEP(setcred(f, 64 | 8, &w) == 0); /* groups, and the effective one */
    STEP(sys_getresgid(fake_call(f), GVA((uintptr_t)&r), GVA((uintptr_t)&e), GVA((uintptr_t)&s)) == 0);
    STEP(r == 0 && e == 14 && s == 0 && getgroups(0, NULL) == 2);
    w.ngroups = 5000;
    STEP(setcred(f, 64, &w) == -EINVAL);
    w.ngroups = 0;
    STEP(setcred(f, 1 | 2 | 4 | 16 | 32 | 64, &w) == 0);
    STEP(ids(f, &r, &e, &s) == 0 && r == 12 && e == 11 && s == 13);
    STEP(f->own.cred.rgid == 15 && f->own.cred.sgid == 16 && f->own.cred.suid == 13);
    STEP(setcred(f, 1, &w) == -EPERM); /* it is for the privileged */
}

static void every_thread_follows(void **state)
{
    (void)state;
    in_child(threads_follow);
}

static void nobody_waits_in_vain(void **state)
{
    (void)state;
    in_child(some_are_not_waited_for);
}

static void setcred_in_one_step(void **state)
{
    (void)state;
    in_child(setcred_sets_what_is_named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read),
        cmocka_unit_test(root_drops_for_good),
        cmocka_unit_test(effective_user_comes_back),
        cmocka_unit_test(first_group_is_the_effective_one),
        cmocka_unit_test(every_thread_follows),
        cmocka_unit_test(nobody_waits_in_vain),
        cmocka_unit_test(setcred_in_one_step),
    };

    return cmocka_run_group_tests_name("syscalls/setid", tests, NULL, NULL);
}
