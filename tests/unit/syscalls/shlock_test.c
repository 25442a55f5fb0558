/* syscalls/shlock.c: locks whose holders and waiters can be killed at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "syscalls/arena.h"
#include "syscalls/ofile.h"
#include "syscalls/shlock.h"
#include "tests/unit/fake_call.h"

static struct fake  *holder, *waiter;
static struct ofile *of;
static volatile int  taken;

static int setup(void **state)
{
    (void)state;
    holder = fake_new();
    waiter = fake_thread(holder);
    of = ofile_new();
    taken = 0;
    return !of;
}

static int teardown(void **state)
{
    (void)state;
    ofile_put(of);
    fake_free(waiter);
    fake_free(holder);
    return 0;
}

static void *wait_for_it(void *arg)
{
    const int r = shlock_lock(fake_call(arg), &of->lock);

    if (!r)
        shlock_unlock(&((struct fake *)arg)->call, &of->lock);
    taken = r ? r : 1;
    return NULL;
}

static void until_waited_for(void)
{
    while (!(__atomic_load_n(&of->lock.word, __ATOMIC_SEQ_CST) & 0x80000000u))
        sched_yield();
}

static void taken_and_given_back(void **state)
{
    (void)state;
    assert_int_equal(shlock_lock(fake_call(holder), &of->lock), 0);
    assert_int_equal(of->lock.word, holder->task.index + 1);
    shlock_unlock(fake_call(holder), &of->lock);
    assert_int_equal(of->lock.word, 0);
}

static void a_waiter_gets_it(void **state)
{
    pthread_t t;

    (void)state;
    assert_int_equal(shlock_lock(fake_call(holder), &of->lock), 0);
    pthread_create(&t, NULL, wait_for_it, waiter);
    until_waited_for();
    assert_int_equal(taken, 0);
    shlock_unlock(fake_call(holder), &of->lock);
    pthread_join(t, NULL);
    assert_int_equal(taken, 1);
    assert_int_equal(of->lock.word, 0);
}

static void what_a_dead_task_held_is_broken(void **state)
{
    pthread_t t;

    (void)state;
    assert_int_equal(shlock_lock(fake_call(holder), &of->lock), 0);
    pthread_create(&t, NULL, wait_for_it, waiter);
    until_waited_for();
    shlock_break(&of->lock, holder->task.index + 7);
    assert_int_equal(taken, 0);
    shlock_break(&of->lock, holder->task.index);
    pthread_join(t, NULL);
    assert_int_equal(taken, 1);
}

/* It had let the lock go and owed a wake: the waiters sleep on a lock that nobody holds. */
static void the_wake_that_a_dead_task_owed(void **state)
{
    const uint64_t note = ARENA_BASE + ARENA_LOCKS + (uint64_t)holder->task.index * LOCK_STRIDE;
    pthread_t      t;

    (void)state;
    assert_int_equal(shlock_lock(fake_call(holder), &of->lock), 0);
    pthread_create(&t, NULL, wait_for_it, waiter);
    until_waited_for();
    usleep(20000); /* until it sleeps: sooner, it would only see for itself */
    __atomic_store_n(&of->lock.word, 0, __ATOMIC_SEQ_CST);
    *(uint64_t *)note = (uint64_t)(uintptr_t)&of->lock;
    shlock_forget(holder->task.index);
    pthread_join(t, NULL);
    assert_int_equal(taken, 1);
    assert_int_equal(*(uint64_t *)note, 0);
}

/* A guest that wrote the note gets nothing for it. */
static void a_forged_note_is_harmless(void **state)
{
    uint64_t             *note = (uint64_t *)(ARENA_BASE + ARENA_LOCKS + (uint64_t)holder->task.index * LOCK_STRIDE);
    static const uint64_t forged[] = {
        1, 4096, ARENA_BASE, ARENA_BASE + ARENA_OFILES + 1, ARENA_BASE + ARENA_SIZE, ~0ull,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
        *note = forged[i];
        shlock_forget(holder->task.index);
        assert_int_equal(*note, 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(taken_and_given_back),           T(a_waiter_gets_it),          T(what_a_dead_task_held_is_broken),
        T(the_wake_that_a_dead_task_owed), T(a_forged_note_is_harmless),
    };
    return cmocka_run_group_tests_name("syscalls/shlock", tests, NULL, NULL);
}
