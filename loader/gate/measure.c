/* loader/gate/measure.c: what the measured gate does besides. */
#include "loader/gate/gate.h"

#ifdef GATE_MEASURED

void measure_enter(struct area *a, enum measure_how how, uint64_t nr)
{
    a->measure = (struct area_measure){.enter = measure_now(), .nr = (uint32_t)nr, .how = how, .open = 1};
    measure_count(nr, how);
}

/* The counter when all that came before is done, and before anything that follows. */
static uint64_t ordered_now(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/*
 * So many ticks, on average exactly: a look at the counter takes some itself, half of it before the first and half
 * after the last, and the last is half a look late.  Ordered, since a CPU that begins to wait while the call before is
 * not yet done waits for less.
 */
static void wait_for(uint64_t ticks)
{
    const uint64_t start = ordered_now(), look = ordered_now() - start;

    while (ordered_now() - start + look + look / 2 < ticks)
        ;
}

void measure_served(struct area *a)
{
    struct measure *all = measure_shared();

    if (!all->stamping)
        __atomic_fetch_add(&all->rows[a->measure.nr % MEASURE_ROWS].gate, 1, __ATOMIC_RELAXED);
    if (all->delay)
        wait_for(all->delay);
}

void measure_leave(struct area *a, uint64_t flags)
{
    if (!a->measure.open)
        return;
    a->measure.open = 0;
    measure_add(&a->measure, measure_now(), flags & 1 /* carry: FreeBSD's sign of an error */);
}

int64_t measured_host(long nr, const uint64_t args[6])
{
    const uint64_t start = measure_now();
    int64_t        r = gate_host(nr, args);

    area_self()->measure.host += measure_now() - start;
    return r;
}

int64_t measured_host_wait(long nr, const uint64_t args[6])
{
    const uint64_t start = measure_now();
    int64_t        r = gate_host_wait(nr, args);

    area_self()->measure.host += measure_now() - start;
    return r;
}

int64_t measured_clone(struct area *a)
{
    const uint64_t start = measure_now();
    int64_t        r = gate_clone_quiet(a);

    a->measure.host += measure_now() - start;
    return r;
}

int64_t host_call6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const uint64_t args[6] = {a, b, d, e, f, g};

    (void)c;
    return measured_host(nr, args);
}

int64_t host_wait6(struct call *c, long nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const uint64_t args[6] = {a, b, d, e, f, g};
    int64_t        r = measured_host_wait(nr, args);

    if (r != -EINTR)
        return r;
    c->waited = true;
    return -ERESTART;
}

int64_t measured_door(uint32_t index)
{
    const uint64_t start = measure_now();
    int64_t        r = gate_door(index);

    area_self()->measure.door += measure_now() - start;
    return r;
}

#endif
