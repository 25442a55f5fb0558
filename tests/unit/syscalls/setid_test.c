/*
 * User and group identifiers.  What needs privilege runs in a child.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls/credentials.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read),
        cmocka_unit_test(root_drops_for_good),
        cmocka_unit_test(effective_user_comes_back),
        cmocka_unit_test(first_group_is_the_effective_one),
    };

    return cmocka_run_group_tests_name("syscalls/setid", tests, NULL, NULL);
}
