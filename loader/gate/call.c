/*
 * loader/gate/call.c: syscalls/call.h, as it is in the gate: guest memory is our
 * own, and a host call is just made.
 */
#include "syscalls/call.h"

#include <errno.h>

#include "loader/gate/gate.h"
#include "syscalls/proc.h"
#include "syscalls/tty.h"

int copy_in(struct call *c, void *dst, gva src, size_t n)
{
    (void)c;
    return gate_copy(dst, (const void *)src.va, n);
}

int copy_out(struct call *c, gva dst, const void *src, size_t n)
{
    (void)c;
    return gate_copy((void *)dst.va, src, n);
}

int put_int(struct call *c, gva dst, int32_t v) { return copy_out(c, dst, &v, sizeof(v)); }

int put_long(struct call *c, gva dst, int64_t v) { return copy_out(c, dst, &v, sizeof(v)); }

int64_t copy_in_str(struct call *c, char *dst, gva src, size_t max)
{
    const int64_t n = gate_copy_str(dst, (const char *)src.va, max);

    (void)c;
    return n == (int64_t)max ? -ENAMETOOLONG : n;
}

struct scratch scratch_get(struct call *c, size_t n)
{
    size_t         at = (c->scratch_used + 15) & ~(size_t)15;
    struct scratch s = {NULL, 0};

    if (n > SCRATCH_SIZE || at > SCRATCH_SIZE - n)
        return s;
    c->scratch_used = at + n;
    s.p = (char *)c->task->area + AREA_SCRATCH + at;
    s.va = (uint64_t)s.p;
    return s;
}

/* In the background the guest's signals decide, and they are the provider's. */
int64_t tty_wait(struct call *c, int sig, long nr, int hostfd, uint64_t a, uint64_t b)
{
    const int64_t r = host_wait(c, nr, hostfd, a, b);

    (void)sig;
    return r == -EIO ? -ERESTART : r;
}
