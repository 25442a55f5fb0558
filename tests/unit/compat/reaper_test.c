/*
 * Reapers: who is above whom, what the commands answer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "abi/freebsd/freebsd.h"
#include "abi/neutral.h"
#include "compat/reaper.h"
#include "syscalls/signal.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

/* Signals are not delivered here, only counted. */
static int posted, posted_sig;

void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info)
{
    (void)p;
    posted++;
    posted_sig = info->signo;
}

/* The caller, its child, and the child's child. */
struct tree {
    struct fake *f;
    struct proc  child, grandchild;
};

static void tree_add(struct proc *p, struct proc *parent, pid_t pid)
{
    p->pid = pid;
    p->parent = parent;
    p->state = PROC_LIVE;
    LIST_INIT(&p->children);
    LIST_INSERT_HEAD(&session.procs, p, all);
    LIST_INSERT_HEAD(&parent->children, p, siblings);
}

static int tree_new(void **state)
{
    static struct tree t;

    memset(&t, 0, sizeof(t));
    t.f = fake_new();
    t.f->own.abi = t.f->call.abi = t.child.abi = t.grandchild.abi = &abi_freebsd_amd64;
    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &t.f->own, all);
    tree_add(&t.child, &t.f->own, 1001);
    tree_add(&t.grandchild, &t.child, 1002);
    posted = 0;
    *state = &t;
    return 0;
}

static int tree_free(void **state)
{
    struct tree *t = *state;

    LIST_INIT(&session.procs);
    fake_free(t->f);
    return 0;
}

static void one_becomes_a_reaper_once(void **state)
{
    struct tree *t = *state;

    assert_null(reaper_above_locked(&t->grandchild)); /* init */
    assert_int_equal(reap_release(fake_call(t->f)), -EINVAL);
    assert_int_equal(reap_acquire(fake_call(t->f)), 0);
    assert_int_equal(reap_acquire(fake_call(t->f)), -EBUSY);
    assert_ptr_equal(reaper_above_locked(&t->grandchild), &t->f->own);
    t->child.reaper = true;
    assert_ptr_equal(reaper_above_locked(&t->grandchild), &t->child); /* the nearest */
    assert_int_equal(reap_release(fake_call(t->f)), 0);
}

static void orphans_go_up(void **state)
{
    struct tree *t = *state;

    t->f->own.reaper = true;
    t->grandchild.pdeathsig = 15;
    LIST_REMOVE(&t->grandchild, siblings);
    reaper_adopt_locked(&t->grandchild, &t->child);
    assert_ptr_equal(t->grandchild.parent, &t->f->own);
    assert_ptr_equal(LIST_FIRST(&t->f->own.children), &t->grandchild);
    assert_int_equal(posted, 1);
    assert_int_equal(posted_sig, 15);
    LIST_REMOVE(&t->grandchild, siblings);
    t->f->own.reaper = false;
    reaper_adopt_locked(&t->grandchild, &t->child);
    assert_null(t->grandchild.parent);
}

static void status_counts_the_subtree(void **state)
{
    struct tree *t = *state;
    uint32_t     s[20];

    t->f->own.reaper = true;
    assert_int_equal(reap_status(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)s)), 0);
    assert_int_equal(s[0], 1); /* REAPER_STATUS_OWNED */
    assert_int_equal(s[1], 1);
    assert_int_equal(s[2], 2);
    assert_int_equal(s[3], t->f->own.pid);
    assert_int_equal(s[4], 1001);
    assert_int_equal(reap_status(fake_call(t->f), t->f->own.pid, GVA(8)), -EFAULT);
}

static void list_has_what_there_is(void **state)
{
    struct tree *t = *state;
    uint32_t     info[4][18];
    struct {
        uint32_t count, pad[15];
        uint64_t at;
    } ask = {.count = 4, .at = (uintptr_t)info};

    memset(info, 0xee, sizeof(info));
    t->f->own.reaper = true;
    assert_int_equal(reap_getpids(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)&ask)), 0);
    assert_int_equal(info[0][0], 1002);
    assert_int_equal(info[0][1], 1001); /* its subtree is the child's */
    assert_int_equal(info[1][0], 1001);
    assert_int_equal(info[1][2], 3);          /* valid, a child */
    assert_int_equal(info[2][2], 0xeeeeeeee); /* nothing behind the last */
    t->grandchild.stopped = true;
    t->child.state = PROC_ENDING;
    assert_int_equal(reap_getpids(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)&ask)), 0);
    assert_int_equal(info[0][2], 1 | 16);
    assert_int_equal(info[1][2], 3 | 32);
    assert_int_equal(reap_getpids(fake_call(t->f), 4711, GVA((uintptr_t)&ask)), -ESRCH);
    t->grandchild.stopped = false;
    t->child.state = PROC_LIVE;
    ask.count = 1;
    info[1][0] = 77;
    assert_int_equal(reap_getpids(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)&ask)), 0);
    assert_int_equal(info[1][0], 77); /* no more than asked for */
}

static void killing_chooses(void **state)
{
    struct tree *t = *state;
    int32_t      k[20] = {9, 0};

    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -ESRCH); /* nobody's reaper */
    t->f->own.reaper = true;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), 0);
    assert_int_equal(k[3], 2);
    k[1] = 1; /* children only */
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), 0);
    assert_int_equal(k[3], 1);
    k[1] = 2; /* a subtree that is not there */
    k[2] = 4711;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -ESRCH);
    k[1] = 0; /* those of a reaper below, too */
    t->child.reaper = true;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), 0);
    assert_int_equal(k[3], 2);
    k[1] = 3;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -EINVAL);
    k[1] = 0;
    k[0] = 999;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -EINVAL);
}

/* kern_prot.c, p_cansignal: whose user it is not, gets none; the first of these is told. */
static void killing_is_permitted_or_not(void **state)
{
    struct tree *t = *state;
    int32_t      k[20] = {9, 0};

    t->f->own.reaper = true;
    t->f->own.cred = (struct cred){.ruid = 1, .euid = 1, .suid = 1};
    t->child.cred = (struct cred){.ruid = 2, .euid = 2, .suid = 2};
    t->grandchild.cred = (struct cred){.ruid = 3, .euid = 3, .suid = 3};
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -EPERM);
    assert_int_equal(k[3], 0);
    assert_int_equal(k[4], 1002);
    t->child.cred.suid = 1;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), 0);
    assert_int_equal(k[3], 1);
    k[0] = 19; /* SIGCONT goes to all of the session */
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), 0);
    assert_int_equal(k[3], 2);
    t->f->own.capmode = true;
    assert_int_equal(reap_kill(fake_call(t->f), t->f->own.pid, GVA((uintptr_t)k)), -D_ECAPMODE);
    t->f->own.capmode = false;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_new, tree_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_becomes_a_reaper_once), TEST(orphans_go_up),   TEST(status_counts_the_subtree),
        TEST(list_has_what_there_is),    TEST(killing_chooses), TEST(killing_is_permitted_or_not),
    };

    return cmocka_run_group_tests_name("compat/reaper", tests, NULL, NULL);
}
