/*
 * abi/freebsd/caprights.c: which calls Capsicum allows and what their descriptors need, as data; and the form of
 * cap_rights_t (sys/caprights.h, kern/subr_capability.c): two words, each with its own index bit, the version in
 * the top two bits of the first.
 */
#include "abi/caprights.h"
#include "abi/freebsd/freebsd.h"

#define CAP_(nr, nm, on, x, ...) [nr] = {.name = #nm, .enabled = (on), .extra = CAPX_##x, .want = {__VA_ARGS__}},
#define CAP(nr, nm)              CAP_(nr, nm, true, NONE, D_CAP_NONE)
#define CAP1(nr, nm, a)          CAP_(nr, nm, true, NONE, D_CAP_##a)
#define CAP2(nr, nm, a, b)       CAP_(nr, nm, true, NONE, D_CAP_##a, D_CAP_##b)
#define CAPX(nr, nm, a, x)       CAP_(nr, nm, true, x, D_CAP_##a)
#define CAPX2(nr, nm, a, b, x)   CAP_(nr, nm, true, x, D_CAP_##a, D_CAP_##b)
#define OUT1(nr, nm, a)          CAP_(nr, nm, false, NONE, D_CAP_##a)
const struct cap_row freebsd_cap_rows[FREEBSD_NSYSCALLS] = {
#include "abi/freebsd/capability.tbl"
};

#define TAG_SHIFT 57
#define BITS      ((1ull << TAG_SHIFT) - 1)
#define TAG(i)    (1ull << (TAG_SHIFT + (i)))

int freebsd_caprights_in(const uint64_t guest[CAPRIGHTS_WORDS], caprights *out)
{
    for (unsigned i = 0; i < CAPRIGHTS_WORDS; i++)
        if ((guest[i] & ~BITS) != TAG(i))
            return -1;
    *out = CAPRIGHT_0(guest[0] & BITS) | CAPRIGHT_1(guest[1] & BITS);
    return *out & ~D_CAP_ALL ? -1 : 0;
}

void freebsd_caprights_out(caprights rights, uint64_t guest[CAPRIGHTS_WORDS])
{
    guest[0] = (uint64_t)rights | TAG(0);
    guest[1] = (uint64_t)(rights >> 64) | TAG(1);
}
