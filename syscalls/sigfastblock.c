/* syscalls/sigfastblock.c: sigfastblock(2) (sys/kern/kern_sig.c). */
#include "syscalls/sigfastblock.h"

#include <errno.h>
#include <signal.h>

#include "syscalls/door.h"
#include "syscalls/sigdeliver.h"

#define PEND  1u   /* a signal is waiting */
#define FLAGS 0xfu /* the kernel's bits; the others count */

enum { SETPTR = 1, UNBLOCK, UNSETPTR }; /* sys/sys/signalvar.h, SIGFASTBLOCK_ */

static gva word_of(const struct task *t) { return GVA(t->fastblock.at); }

static int fetch(struct call *c, uint32_t *word) { return copy_in(c, word, word_of(c->task), sizeof(*word)); }

static void held_set(struct task *t, bool held)
{
    pthread_mutex_lock(&session.lock);
    if (held && !t->fastblock.held) {
        t->fastblock.held = true;
        signal_reassign_locked(t->proc); /* to the other threads: this one is passed over from now on */
    }
    t->fastblock.held = held;
    pthread_mutex_unlock(&session.lock);
}

void sigfastblock_forget(struct task *t)
{
    pthread_mutex_lock(&session.lock);
    t->fastblock.at = 0;
    t->fastblock.set = t->fastblock.held = false;
    pthread_mutex_unlock(&session.lock);
}

void sigfastblock_inherit(struct task *child, const struct task *parent)
{
    child->fastblock = parent->fastblock;
    child->fastblock.held = false; /* nothing is pending yet */
}

/* The word is out of reach: no more of it, or every call would end in the same fault (sigfastblock_failed). */
static void failed(struct call *c, int host_code)
{
    struct area_siginfo si = {.signo = SIGSEGV, .code = host_code, .addr = c->task->fastblock.at};

    sigfastblock_forget(c->task);
    signal_fault(c, &si);
}

bool sigfastblock_counts(struct call *c)
{
    uint32_t word;

    return c->task->fastblock.set && !fetch(c, &word) && (word & ~FLAGS);
}

/* Says in the word that a signal waits, if it still holds it back.  0, 1: it lets it through, -EFAULT, -ESRCH. */
static int pend(struct call *c, uint32_t word)
{
    while ((word & ~FLAGS) && !(word & PEND)) {
        uint32_t old;
        int      err = guest_cas32(c, word_of(c->task), word, word | PEND, &old);

        if (err)
            return err;
        if (old == word)
            return 0;
        word = old;
    }
    return !(word & ~FLAGS);
}

bool sigfastblock_holds(struct call *c)
{
    uint32_t word = 0;
    int      err;

    if (!c->task->fastblock.set)
        return false;
    err = fetch(c, &word);
    if (err == -EFAULT)
        failed(c, SEGV_MAPERR);
    if (err)
        return false;
    err = pend(c, word);
    if (err == -EFAULT)
        failed(c, SEGV_ACCERR);
    if (err >= 0)
        held_set(c->task, !err);
    return !err;
}

static int64_t word_set(struct call *c, gva word)
{
    if (c->task->fastblock.set)
        return -EBUSY;
    if (word.va % sizeof(uint32_t))
        return -EINVAL;
    pthread_mutex_lock(&session.lock);
    c->task->fastblock.at = word.va;
    c->task->fastblock.set = true;
    pthread_mutex_unlock(&session.lock);
    return 0;
}

/* What waits is delivered before the call returns, as after every call. */
static int64_t unblock(struct call *c)
{
    uint32_t old;
    int      err;

    err = guest_cas32(c, word_of(c->task), PEND, 0, &old);
    if (err == -EFAULT)
        sigfastblock_forget(c->task);
    if (err)
        return err;
    if (old != PEND)
        return -EBUSY;
    held_set(c->task, false);
    return 0;
}

static int64_t word_unset(struct call *c)
{
    uint32_t word;
    int      err = fetch(c, &word);

    if (!err && (word & ~PEND))
        return -EBUSY;
    if (err != -ESRCH)
        sigfastblock_forget(c->task);
    return err;
}

int64_t sys_sigfastblock(struct call *c, int64_t cmd, gva word)
{
    if (cmd == SETPTR)
        return word_set(c, word);
    if ((cmd != UNBLOCK && cmd != UNSETPTR) || !c->task->fastblock.set)
        return -EINVAL;
    return cmd == UNBLOCK ? unblock(c) : word_unset(c);
}
