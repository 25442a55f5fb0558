/*
 * A futex lock after Drepper's third mutex, with the holder's task index in the
 * word.  Freestanding: the gate runs this code as well.
 *
 * A task can be killed between any two instructions.  What it held is found by
 * the word; a wake that it owed, or that was spent on it, by a note of the lock
 * that it is at, which only the slow paths write.
 */
#include "syscalls/shlock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/arena.h"
#include "syscalls/call.h"
#include "syscalls/proc.h"

#define SHLOCK_WAITERS 0x80000000u
#define SHLOCK_SPINS   100

static uint32_t shlock_owner(const struct call *c) { return c->task->index + 1; }

/* The task's note; 0: it is at none. */
static uint64_t *shlock_note(uint32_t task_index)
{
    return (uint64_t *)(ARENA_BASE + ARENA_LOCKS + (uint64_t)task_index * LOCK_STRIDE);
}

static void shlock_at(const struct call *c, const struct shlock *l)
{
    __atomic_store_n(shlock_note(c->task->index), (uint64_t)(uintptr_t)l, __ATOMIC_SEQ_CST);
}

/* The provider does it by itself: the task's own context may be gone. */
static void shlock_wake(struct call *c, struct shlock *l)
{
#ifdef DRAGOMAN_GATE
    host_call6(c, SYS_futex, (uint64_t)(uintptr_t)&l->word, FUTEX_WAKE, 1, 0, 0, 0);
#else
    (void)c;
    syscall(SYS_futex, &l->word, FUTEX_WAKE, 1, NULL, NULL, 0);
#endif
}

static bool shlock_try(struct shlock *l, uint32_t want)
{
    uint32_t none = 0;

    return __atomic_compare_exchange_n(&l->word, &none, want, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Marks the lock as waited for.  False when it was free in the meantime; *seen is what to sleep on. */
static bool shlock_mark(struct shlock *l, uint32_t *seen)
{
    uint32_t w = __atomic_load_n(&l->word, __ATOMIC_RELAXED);

    while (w && !(w & SHLOCK_WAITERS))
        if (__atomic_compare_exchange_n(&l->word, &w, w | SHLOCK_WAITERS, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            w |= SHLOCK_WAITERS;
    *seen = w;
    return w != 0;
}

static int64_t shlock_wait(struct call *c, struct shlock *l, uint32_t seen, bool intr)
{
    const uint64_t at = (uint64_t)(uintptr_t)&l->word;

    return intr ? host_wait6(c, SYS_futex, at, FUTEX_WAIT, seen, 0, 0, 0)
                : host_call6(c, SYS_futex, at, FUTEX_WAIT, seen, 0, 0, 0);
}

/* Who slept takes the lock with the waiters' bit set: others may be asleep still, and the bit is what wakes them. */
static int shlock_sleep(struct call *c, struct shlock *l, bool intr)
{
    for (;;) {
        uint32_t seen;

        if (!shlock_mark(l, &seen)) {
            if (shlock_try(l, shlock_owner(c) | SHLOCK_WAITERS))
                return 0;
            continue;
        }

        const int64_t r = shlock_wait(c, l, seen, intr);

        if (r == -ESRCH || r == -ERESTART) {
            shlock_wake(c, l); /* the wake that this one may have had is another's now */
            return (int)r;
        }
    }
}

static int shlock_slow(struct call *c, struct shlock *l, bool intr)
{
    shlock_at(c, l);

    const int r = shlock_sleep(c, l, intr);

    shlock_at(c, NULL);
    return r;
}

static bool shlock_spin(struct shlock *l, uint32_t want)
{
    for (int i = 0; i < SHLOCK_SPINS; i++) {
        if (!__atomic_load_n(&l->word, __ATOMIC_RELAXED) && shlock_try(l, want))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

int shlock_lock(struct call *c, struct shlock *l)
{
    if (shlock_try(l, shlock_owner(c)) || shlock_spin(l, shlock_owner(c)))
        return 0;
    return shlock_slow(c, l, false);
}

int shlock_lock_intr(struct call *c, struct shlock *l)
{
    if (shlock_try(l, shlock_owner(c)) || shlock_spin(l, shlock_owner(c)))
        return 0;
    return shlock_slow(c, l, true);
}

void shlock_unlock(struct call *c, struct shlock *l)
{
    uint32_t own = shlock_owner(c);

    if (__atomic_compare_exchange_n(&l->word, &own, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return;
    shlock_at(c, l);
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) & SHLOCK_WAITERS)
        shlock_wake(c, l);
    shlock_at(c, NULL);
}

#ifndef DRAGOMAN_GATE
void shlock_break(struct shlock *l, uint32_t task_index)
{
    uint32_t held = __atomic_load_n(&l->word, __ATOMIC_RELAXED);

    if ((held & ~SHLOCK_WAITERS) != task_index + 1)
        return;
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) & SHLOCK_WAITERS)
        syscall(SYS_futex, &l->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* A guest can write the note: it is good for a wake within the arena, and no more. */
void shlock_forget(uint32_t task_index)
{
    const uint64_t at = __atomic_exchange_n(shlock_note(task_index), 0, __ATOMIC_SEQ_CST);

    if (at >= ARENA_BASE + ARENA_OFILES && at < ARENA_BASE + ARENA_SIZE && !(at & 3))
        syscall(SYS_futex, at, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
#endif
