#include "loader/site.h"

#include <errno.h>
#include <string.h>

#include "loader/decoder.h"
#include "loader/gate/area.h"

/*
 * One-byte opcodes that are undefined in 64-bit mode (Intel SDM, volume 2,
 * appendix A.3; D5 is left out, APX makes a prefix of it).  As the highest byte of
 * a distance the first ones lead one to one and a half GiB up, where programs have nothing.
 */
static const uint8_t refused[] = {
    0x61, 0x60, 0x3f, 0x37, 0x2f, 0x27, 0x1f, 0x1e, 0x17, 0x16, 0x0e, 0x07, 0x06, 0x82, 0x9a, 0xce, 0xd4, 0xd6, 0xea,
};

unsigned site_bytes(const struct site_plan *plan, const uint8_t *code, unsigned i, const uint8_t **bytes)
{
    *bytes = i < plan->free ? refused : code + i;
    return i < plan->free ? sizeof(refused) : 1;
}

bool site_jump(const struct site_plan *plan, const uint8_t *code, uint64_t stub, uint8_t out[SITE_LEN])
{
    const int64_t distance = (int64_t)(stub - (plan->at + SITE_LEN));
    const int32_t d = (int32_t)distance;

    if (d != distance)
        return false;
    out[0] = 0xe9;
    memcpy(out + 1, &d, sizeof(d));
    for (unsigned i = 1; i < SITE_LEN; i++) {
        const uint8_t *bytes;
        const unsigned n = site_bytes(plan, code, i, &bytes);

        if (!memchr(bytes, out[i], n))
            return false;
    }
    return true;
}

/* ---- what moves ------------------------------------------------------------------------ */

/* Control that cannot be moved by rewriting one displacement, or that has no place beside a system call. */
static bool is_fixed(const ZydisDecodedInstruction *i)
{
    switch (i->meta.category) {
    case ZYDIS_CATEGORY_CALL: /* it would leave the stub's address on the guest's stack */
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_INTERRUPT: return i->mnemonic != ZYDIS_MNEMONIC_INT3;
    default: return false;
    }
}

static int read_relative(const ZydisDecodedInstruction *i, uint64_t next, struct moved *m)
{
    if (i->meta.category == ZYDIS_CATEGORY_COND_BR && i->opcode >= 0x70 && i->opcode <= 0x8f) {
        m->kind = MOVED_BRANCH;
        m->cc = i->opcode & 15;
        m->target = next + (uint64_t)i->raw.imm[0].value.s;
    } else if (i->mnemonic == ZYDIS_MNEMONIC_JMP && i->raw.imm[0].size) {
        m->kind = MOVED_JUMP;
        m->target = next + (uint64_t)i->raw.imm[0].value.s;
    } else if (i->raw.disp.size == 32 && !i->raw.imm[0].is_relative) {
        m->kind = MOVED_RIP;
        m->disp_at = i->raw.disp.offset;
        m->target = next + (uint64_t)i->raw.disp.value;
    } else {
        return -EINVAL; /* loop, jrcxz, xbegin */
    }
    return 0;
}

static int read_moved(const ZydisDecodedInstruction *i, uint64_t at, uint8_t off, struct moved *m)
{
    *m = (struct moved){.at = off, .len = i->length, .kind = MOVED_PLAIN};
    if (is_fixed(i))
        return -EINVAL;
    return i->attributes & ZYDIS_ATTRIB_IS_RELATIVE ? read_relative(i, at + off + i->length, m) : 0;
}

static bool ends_flow(const ZydisDecodedInstruction *i)
{
    return i->meta.category == ZYDIS_CATEGORY_RET || i->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
}

/* Behind a return or jump nothing is reached but by name: what only fills up to an aligned address may go. */
static uint8_t padding_end(const uint8_t *code, size_t n, size_t off)
{
    ZydisDecodedInstruction i;

    while (off < SITE_LEN && decoder_read(code + off, n - off, &i) &&
           (i.mnemonic == ZYDIS_MNEMONIC_NOP || i.mnemonic == ZYDIS_MNEMONIC_INT3))
        off += i.length;
    return (uint8_t)(off < SITE_LEN ? off : SITE_LEN);
}

unsigned site_targets(const uint8_t *near, size_t n, size_t at)
{
    unsigned targets = 0;

    for (size_t i = 0; i + 1 < n; i++) {
        const int64_t to = (int64_t)i + 2 + (int8_t)near[i + 1] - (int64_t)at;

        if (((near[i] & 0xf0) == 0x70 || near[i] == 0xeb) && to >= SITE_CALL && to < (int64_t)SITE_LEN)
            targets |= 1u << to;
    }
    return targets;
}

int site_plan(const uint8_t *code, size_t n, uint8_t before, uint64_t at, unsigned targets, struct site_plan *plan)
{
    uint8_t off = SITE_CALL;

    *plan = (struct site_plan){.at = at};
    /* An operand-size prefix in front would make another jump of it on some CPUs. */
    if (n < SITE_LEN || code[0] != 0x0f || code[1] != 0x05 || before == 0x66)
        return -EINVAL;
    while (off < SITE_LEN && !plan->ends && !(targets >> off & 1)) {
        ZydisDecodedInstruction i;

        if (!decoder_read(code + off, n - off, &i) || read_moved(&i, at, off, &plan->moved[plan->n]))
            break;
        plan->n++;
        plan->ends = ends_flow(&i);
        off += i.length;
    }
    plan->end = off;
    plan->free = plan->ends && !(targets >> off & 1) ? padding_end(code, n, off) : off < SITE_LEN ? off : SITE_LEN;
    return 0;
}

/* ---- the stub ------------------------------------------------------------------------------ */

struct writer {
    uint64_t          at;
    struct site_stub *out;
    int               err;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
    if (w->out->len + n > STUB_MAX) {
        w->err = -ERANGE;
        return;
    }
    memcpy(w->out->bytes + w->out->len, bytes, n);
    w->out->len += (uint8_t)n;
}

/* A distance from its own end, with more bytes of the instruction behind it. */
static void put_distance(struct writer *w, uint64_t target, unsigned more)
{
    const int64_t distance = (int64_t)(target - (w->at + w->out->len + 4 + more));
    const int32_t d = (int32_t)distance;

    if (d != distance)
        w->err = -ERANGE;
    put(w, &d, sizeof(d));
}

static void put_moved(struct writer *w, const struct moved *m, const uint8_t *insn)
{
    const uint8_t branch[] = {0x0f, (uint8_t)(0x80 | m->cc)};

    switch (m->kind) {
    case MOVED_JUMP:
        put(w, "\xe9", 1);
        put_distance(w, m->target, 0);
        break;
    case MOVED_BRANCH:
        put(w, branch, sizeof(branch));
        put_distance(w, m->target, 0);
        break;
    case MOVED_RIP:
        put(w, insn, m->disp_at);
        put_distance(w, m->target, m->len - m->disp_at - 4u);
        put(w, insn + m->disp_at + 4, m->len - m->disp_at - 4u);
        break;
    default: put(w, insn, m->len); break;
    }
}

int site_stub_make(const struct site_plan *plan, const uint8_t *code, uint64_t stub, struct site_stub *out)
{
    static const uint8_t lea_rcx[] = {0x48, 0x8d, 0x0d}, lea_r11[] = {0x4c, 0x8d, 0x1d};
    static const uint8_t jump_gs[] = {0x65, 0xff, 0x24, 0x25, AREA_FAST & 255, AREA_FAST >> 8, 0, 0};
    const uint64_t       begin = stub + 2 * (sizeof(lea_rcx) + 4) + sizeof(jump_gs);
    struct writer        w = {stub, out, 0};

    memset(out, 0, sizeof(*out));
    put(&w, lea_rcx, sizeof(lea_rcx));
    put_distance(&w, plan->at + SITE_CALL, 0);
    put(&w, lea_r11, sizeof(lea_r11));
    put_distance(&w, begin, 0);
    put(&w, jump_gs, sizeof(jump_gs));
    for (unsigned i = 0; i < plan->n; i++) {
        out->to[i] = out->len;
        put_moved(&w, &plan->moved[i], code + plan->moved[i].at);
    }
    out->to[plan->n] = out->len;
    if (!plan->ends) {
        put(&w, "\xe9", 1);
        put_distance(&w, plan->at + plan->end, 0);
    }
    return w.err;
}
