/*
 * compat/uuid.c: uuidgen(2): version 1 UUIDs (RFC 4122) from the clock and a random node.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "compat/bsd_calls.h"

#define COUNT_MAX 2048
#define GREGORIAN 0x01b21dd213814000ull /* 100 ns from 1582-10-15 to 1970 */

struct uuid {
    uint32_t time_low;
    uint16_t time_mid, time_hi_version;
    uint8_t  clock_seq_hi, clock_seq_low, node[6];
};

/* Random, with the multicast bit that no real card's address has. */
static void node_fill(struct uuid *u)
{
    uint8_t seq[2];

    if (getrandom(u->node, sizeof(u->node), 0) < 0 || getrandom(seq, sizeof(seq), 0) < 0)
        memset(seq, 0, sizeof(seq));
    u->node[0] |= 1;
    u->clock_seq_hi = (seq[0] & 0x3f) | 0x80;
    u->clock_seq_low = seq[1];
}

int64_t sys_uuidgen(struct call *c, gva store, int count)
{
    struct uuid     u;
    struct timespec now;
    uint64_t        t;
    int             err = 0;

    if (count < 1 || count > COUNT_MAX)
        return -EINVAL;
    clock_gettime(CLOCK_REALTIME, &now);
    t = GREGORIAN + (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
    node_fill(&u);
    for (int i = 0; i < count && !err; i++, t++) {
        u.time_low = (uint32_t)t;
        u.time_mid = (uint16_t)(t >> 32);
        u.time_hi_version = (uint16_t)(t >> 48 & 0xfff) | 0x1000;
        err = copy_out(c, GVA(store.va + (uint64_t)i * sizeof(u)), &u, sizeof(u));
    }
    return err;
}
