/*
 * loader/site.h: how one call site is rewritten.  Bytes in, bytes out; no memory of a guest is touched here.
 *
 * A `syscall` is two bytes and a jump is five, so the jump takes the place of the
 * call and of the instructions behind it, which move to the site's stub:
 *
 *     site:  syscall; INSN; INSN        becomes  site:  jmp stub
 *     stub:  lea site+2, %rcx; lea 1f, %r11; jmp *%gs:AREA_FAST; 1: INSN; INSN; jmp behind them
 *
 * Each of the jump's four other bytes is an opcode that the CPU refuses.  Whoever
 * jumps into the middle of the site, or was there when it was rewritten, gets a
 * SIGILL at an address that tells where he belongs (loader/rewrite.c).
 *
 * Where an instruction cannot move, or another function begins, before the five
 * bytes are full, the jump ends in the bytes that are there: they stay, and the stub
 * goes where they happen to point.
 */
#ifndef DRAGOMAN_LOADER_SITE_H
#define DRAGOMAN_LOADER_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_CALL  2u  /* bytes of `syscall` */
#define SITE_LEN   5u  /* bytes of the jump that takes its place */
#define SITE_MOVED 4u  /* instructions that move, at most: three of one byte, or fewer */
#define SITE_READ  48u /* bytes from the site on that are worth reading */
#define STUB_MAX   96u

enum moved_kind {
    MOVED_PLAIN, /* the same bytes do the same anywhere */
    MOVED_RIP,   /* names memory relative to itself: the displacement changes */
    MOVED_JUMP,
    MOVED_BRANCH, /* a conditional jump */
};

struct moved {
    uint8_t  at, len; /* from the site */
    uint8_t  kind;    /* enum moved_kind */
    uint8_t  disp_at; /* MOVED_RIP: where the displacement is in the instruction */
    uint8_t  cc;      /* MOVED_BRANCH: its condition */
    uint64_t target;  /* jumps, MOVED_RIP: the address meant */
};

struct site_plan {
    uint64_t     at; /* the site's address */
    uint8_t      n;
    uint8_t      end;  /* behind the last moved instruction, from the site */
    uint8_t      free; /* bytes of the site that may change; the jump's last ones stay as they are */
    bool         ends; /* nothing comes behind it: a return or a jump */
    struct moved moved[SITE_MOVED];
};

/* Where in the stub each moved instruction went, and what is behind the last one. */
struct site_stub {
    uint8_t len;
    uint8_t to[SITE_MOVED + 1];
    uint8_t bytes[STUB_MAX];
};

/*
 * Reads the site at address at: code[0..n) is what is there, before the byte in
 * front of it.  targets: bit i says that something jumps to at + i, so that what is
 * there had better not move.  0; -EINVAL: it is not a `syscall` that could be rewritten.
 */
int site_plan(const uint8_t *code, size_t n, uint8_t before, uint64_t at, unsigned targets, struct site_plan *plan);

/*
 * To which of the site's bytes a short jump nearby leads, as for site_plan: near[0..n)
 * is the code around, the site at near[at].  A guess, which costs or saves time and
 * nothing else: bytes that only look like a jump count, far jumps do not.
 */
unsigned site_targets(const uint8_t *near, size_t n, size_t at);
#define SITE_NEAR 132u /* so far from the site a short jump can be, in both directions */

/* Makes the stub as it would be at address stub.  0; -ERANGE: a moved instruction does not reach from there. */
int site_stub_make(const struct site_plan *plan, const uint8_t *code, uint64_t stub, struct site_stub *out);

/* The jump from the site to stub.  False: its distance has a byte that may not be there, or is too large. */
bool site_jump(const struct site_plan *plan, const uint8_t *code, uint64_t stub, uint8_t out[SITE_LEN]);

/* What byte i (1 to 4) of the jump may be: how many, and which. */
unsigned site_bytes(const struct site_plan *plan, const uint8_t *code, unsigned i, const uint8_t **bytes);

#endif
