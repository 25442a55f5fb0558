/* Pending signals: how many there may be, in which order they are taken, and how owners find theirs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "syscalls/signal.h"
#include "syscalls/sigqueue.h"

struct queue {
    struct sigqueue_set q;
    unsigned            n;
};

static int setup(void **state)
{
    static struct queue q;

    q.n = 0;
    sigqueue_init(&q.q, &q.n);
    *state = &q;
    return 0;
}

static int teardown(void **state)
{
    struct queue *q = *state;

    sigqueue_clear(&q->q);
    return q->n != 0 || sigset_has(&q->q.set, 10) || sigset_has(&q->q.bare, 10);
}

static int add(struct queue *q, int sig, uint64_t value, bool must, int64_t owner)
{
    return sigqueue_add(&q->q, &(struct ksiginfo){.signo = sig, .value = value, .must = must, .owner = owner});
}

/* -1: none there. */
static int64_t take(struct queue *q, int sig)
{
    struct ksiginfo k;

    return sigqueue_take(&q->q, sig, &k) ? (int64_t)k.value : -1;
}

static void each_is_kept_in_order(void **state)
{
    struct queue *q = *state;

    add(q, 10, 1, false, 0);
    add(q, 11, 5, false, 0);
    add(q, 10, 2, false, 0);
    assert_int_equal(take(q, 10), 1);
    assert_true(sigset_has(&q->q.set, 10));
    assert_int_equal(take(q, 10), 2);
    assert_false(sigset_has(&q->q.set, 10));
    assert_int_equal(take(q, 10), -1);
    assert_int_equal(take(q, 11), 5);
}

static void room_ends(void **state)
{
    struct queue *q = *state;

    for (int i = 1; i <= SIGQUEUE_MAX; i++)
        assert_int_equal(add(q, 10, (uint64_t)i, true, 0), 0);
    assert_int_equal(add(q, 10, 999, true, 0), -EAGAIN);
    assert_int_equal(add(q, 11, 999, true, 0), -EAGAIN);
    assert_false(sigset_has(&q->q.set, 11));
    assert_int_equal(add(q, 10, 999, false, 0), 0);
    assert_int_equal(add(q, 10, 999, false, 0), 0);
    assert_int_equal(add(q, 12, 7, false, 5), 0); /* an owner's is not counted */
    assert_int_equal(take(q, 12), 7);
    assert_int_equal(take(q, 10), 0); /* the one that says nothing is first, and once */
    for (int i = 1; i <= SIGQUEUE_MAX; i++)
        assert_int_equal(take(q, 10), i);
    assert_int_equal(take(q, 10), -1);
    assert_int_equal(add(q, 10, 1, true, 0), 0);
}

static void owners_find_theirs(void **state)
{
    struct queue         *q = *state;
    const struct ksiginfo newer = {.signo = 10, .value = 3, .owner = 8};

    assert_false(sigqueue_renew(&q->q, &newer));
    add(q, 10, 1, false, 8);
    add(q, 10, 2, false, 9);
    assert_true(sigqueue_holds(&q->q, 10, 8));
    assert_true(sigqueue_renew(&q->q, &newer));
    sigqueue_withdraw(&q->q, 10, 9);
    sigqueue_withdraw(&q->q, 10, 9);
    assert_false(sigqueue_holds(&q->q, 10, 9));
    assert_int_equal(take(q, 10), 3);
    add(q, 10, 1, false, 8);
    sigqueue_withdraw(&q->q, 10, 8);
    assert_false(sigset_has(&q->q.set, 10));
    assert_int_equal(q->n, 0);
}

static void a_fault_is_first(void **state)
{
    struct queue *q = *state;

    add(q, 10, 1, false, 0);
    add(q, 10, 2, false, SIGOWNER_FAULT);
    assert_int_equal(take(q, 10), 2);
    assert_int_equal(take(q, 10), 1);
}

static void dropping_drops_all(void **state)
{
    struct queue *q = *state;

    for (int i = 0; i <= SIGQUEUE_MAX; i++)
        add(q, 10, 1, false, 0);
    add(q, 11, 1, false, 0);
    sigqueue_drop(&q->q, 10);
    assert_int_equal(q->n, 0);
    assert_int_equal(sigqueue_first(&q->q, &(struct sigset){{~0ull, ~0ull}}), 11);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_is_kept_in_order), T(room_ends), T(owners_find_theirs), T(a_fault_is_first), T(dropping_drops_all),
    };

    return cmocka_run_group_tests_name("syscalls/sigqueue", tests, NULL, NULL);
}
