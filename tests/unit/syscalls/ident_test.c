/*
 * Process, parent, group, session, login name.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "syscalls/credentials.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

static int fix_new(void **state)
{
    struct fake *f = fake_new();

    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &f->own, all);
    session.first = &f->own;
    *state = f;
    return 0;
}

static int fix_free(void **state)
{
    struct fake *f = *state;

    LIST_REMOVE(&f->own, all);
    session.first = NULL;
    fake_free(f);
    return 0;
}

static void own_numbers(void **state)
{
    struct fake *f = *state;

    assert_int_equal(sys_getpid(fake_call(f)), getpid());
    assert_int_equal(sys_getpgid(fake_call(f), 0), getpgrp());
    assert_int_equal(sys_getsid(fake_call(f), 0), getsid(0));
    assert_int_equal(sys_getpgid(fake_call(f), -1), -EINVAL);
    assert_int_equal(sys_getsid(fake_call(f), -5), -EINVAL);
    assert_int_equal(sys_getsid(fake_call(f), 0x7ffffff0), -ESRCH);
    assert_int_equal(sys_issetugid(fake_call(f)), 0);
}

static void parent_is_the_guests(void **state)
{
    struct fake *f = *state;
    struct proc  parent = {.pid = 4711};

    assert_int_equal(sys_getppid(fake_call(f)), getppid()); /* the first of the session */
    f->own.parent = &parent;
    assert_int_equal(sys_getppid(fake_call(f)), 4711);
    f->own.parent = NULL;
    session.first = NULL;
    assert_int_equal(sys_getppid(fake_call(f)), 1); /* an orphan */
}

static void setpgid_knows_its_children(void **state)
{
    struct fake *f = *state;
    struct proc  child = {.pid = 0x7ffffff0, .parent = &f->own};

    assert_int_equal(sys_setpgid(fake_call(f), 0, -1), -EINVAL);
    assert_int_equal(sys_setpgid(fake_call(f), 1, 0), -ESRCH); /* not a child */
    LIST_INSERT_HEAD(&session.procs, &child, all);
    assert_int_equal(sys_setpgid(fake_call(f), child.pid, 0), -ESRCH); /* gone from the host */
    child.execed = true;
    assert_int_equal(sys_setpgid(fake_call(f), child.pid, 0), -EACCES);
    LIST_REMOVE(&child, all);
}

static void login_name_has_its_size(void **state)
{
    struct fake *f = *state;
    char         name[40];

    strcpy(f->own.login, "toor");
    assert_int_equal(sys_getlogin(fake_call(f), GVA((uintptr_t)name), 4), -ERANGE);
    assert_int_equal(sys_getlogin(fake_call(f), GVA((uintptr_t)name), 5), 0);
    assert_string_equal(name, "toor");
    assert_int_equal(sys_getlogin(fake_call(f), GVA(8), 40), -EFAULT);
}

static void login_name_is_roots_to_set(void **state)
{
    struct fake *f = *state;
    int64_t      ret = sys_setlogin(fake_call(f), GVA((uintptr_t) "op"));

    if (geteuid() != 0) {
        assert_int_equal(ret, -EPERM);
        return;
    }
    assert_int_equal(ret, 0);
    assert_string_equal(f->own.login, "op");
    assert_int_equal(sys_setlogin(fake_call(f), GVA((uintptr_t) "a-name-that-is-longer-than-thirty-two-bytes")),
                     -EINVAL);
    assert_string_equal(f->own.login, "op");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(own_numbers),
        TEST(parent_is_the_guests),
        TEST(setpgid_knows_its_children),
        TEST(login_name_has_its_size),
        TEST(login_name_is_roots_to_set),
    };

    return cmocka_run_group_tests_name("syscalls/ident", tests, NULL, NULL);
}
