/*
 * loader/gate/sigmask.c: blocking and unblocking of signals while none that it
 * concerns is pending, which is nearly always.  All else is the provider's.
 * syscalls/sigmask.h says how the two agree.
 */
#include "syscalls/sigmask.h"

#include "abi/freebsd/freebsd.h"
#include "loader/gate/calls.h"
#include "loader/gate/gate.h"
#include "loader/gate/rows.h"
#include "syscalls/proc.h"

/* What can never be blocked (kern_sig.c, SIG_CANTMASK). */
#define UNMASKABLE (1ull << (FREEBSD_SIGKILL - 1) | 1ull << (FREEBSD_SIGSTOP - 1))

/* The exchanges are barriers: the mask is written before maybe is read. */
static void mask_set(struct area *a, const struct sigset *mask)
{
    for (int i = 0; i < 2; i++)
        if (a->mask.w[i] != mask->w[i])
            __atomic_exchange_n(&a->mask.w[i], mask->w[i], __ATOMIC_SEQ_CST);
}

static bool concerns(struct area *a, const struct sigset *old, const struct sigset *new)
{
    uint64_t hit = 0;

    for (int i = 0; i < 2; i++)
        hit |= __atomic_load_n(&a->maybe.w[i], __ATOMIC_SEQ_CST) & (old->w[i] ^ new->w[i]);
    return hit;
}

/*
 * Where a pending signal is concerned, the mask is put back as it was and the
 * provider begins anew: it delivers, or finds another thread for it.  What was
 * posted meanwhile by the other mask is pending, and it sees that, too.
 */
static int64_t mask_change(struct area *a, int64_t how, const struct sigset *set)
{
    const struct sigset old = a->mask;
    struct sigset new = old;

    if (sigmask_change(&new, how, set))
        return -EINVAL;
    new.w[0] &= ~UNMASKABLE;
    mask_set(a, &new);
    if (!concerns(a, &old, &new))
        return 0;
    mask_set(a, &old);
    return -GATE_PUNT;
}

int64_t gate_sigprocmask(struct call *c, int64_t how, gva set, gva oset)
{
    struct area        *a = c->task->area;
    const struct sigset old = a->mask;
    struct sigset       s;
    int64_t             r;

    if (set.va) {
        if (copy_in(c, &s, set, sizeof(s)))
            return -EFAULT;
        r = mask_change(a, how, &s);
        if (r)
            return r;
    }
    return oset.va ? copy_out(c, oset, &old, sizeof(old)) : 0;
}

/* What may be pending is the provider's to say; that nothing is, is known here. */
int64_t gate_sigpending(struct call *c, gva set)
{
    struct area        *a = c->task->area;
    const struct sigset none = {{0, 0}};
    uint64_t            some = 0;

    for (int i = 0; i < 2; i++)
        some |= __atomic_load_n(&a->maybe.w[i], __ATOMIC_SEQ_CST);
    if (!set.va || some)
        return -GATE_PUNT;
    return copy_out(c, set, &none, sizeof(none));
}
