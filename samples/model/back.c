/*
 * back.c: the way back of a pipe, which Linux has not: FreeBSD's rule (sys_pipe.c, pipe_read and pipe_write; both ends
 * of what pipe(2) makes read and write) in memory that all actors map.  They take turns, so nothing is locked, and no
 * pipe of a program is left to block.
 */
#include "model/model.h"
#include "model/rules.h"

#ifndef GUEST_FREEBSD

#define BACK_SIZE  65536u
#define ATOMIC_MAX 512u

#define BACKS 512

struct back {
    uint32_t start, used;
    uint8_t  bytes[BACK_SIZE];
};

/* By the pipe's inode, of which the host gives a new one to each: the last ones, more than a program has open. */
struct backs {
    uint32_t    next;
    uint64_t    inos[BACKS];
    struct back of[BACKS];
};
_Static_assert(sizeof(struct backs) <= STATE_SIZE - BACKS_AT, "they fit behind the text");

static struct back *back_of(int fd)
{
    struct backs  *all = (struct backs *)((char *)state + BACKS_AT);
    struct os_stat st;
    uint32_t       i;

    os_fstat(fd, &st);
    for (i = 0; i < BACKS; i++)
        if (all->inos[i] == st.ino)
            return &all->of[i];
    i = all->next++ % BACKS;
    all->inos[i] = st.ino;
    all->of[i].start = all->of[i].used = 0;
    return &all->of[i];
}

/* The host hangs up what no other end writes, and breaks what none reads. */
static bool other_is_gone(int fd)
{
    struct os_pollfd p = {fd, 0, 0};

    return os_poll(&p, 1, 0) > 0;
}

bool back_broken(int fd) { return rule_is(fd, 0010000) && other_is_gone(fd); }

static uint64_t bytes_of(const struct os_iovec *v, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += v[i].len;
    return sum;
}

static void move(struct back *b, const struct os_iovec *v, uint64_t left, bool write)
{
    uint64_t into = 0;

    for (; left; left--) {
        while (into == v->len) {
            v++;
            into = 0;
        }
        uint8_t *mine = (uint8_t *)v->base + into++;

        if (write) {
            b->bytes[(b->start + b->used++) % BACK_SIZE] = *mine;
        } else {
            *mine = b->bytes[b->start];
            b->start = (b->start + 1) % BACK_SIZE;
            b->used--;
        }
    }
}

long back_transfer(int fd, const struct os_iovec *v, int n, bool write)
{
    struct back   *b = back_of(fd);
    const uint64_t all = bytes_of(v, n), room = write ? BACK_SIZE - b->used : b->used;
    uint64_t       now = all < room ? all : room;

    if (write && other_is_gone(fd))
        return -EPIPE;
    if (write && all <= ATOMIC_MAX && all > room)
        now = 0;
    move(b, v, now, write);
    if (now || !all || (!write && other_is_gone(fd)))
        return (long)now;
    return -EAGAIN;
}

long back_level(int fd) { return back_of(fd)->used; }

#endif
