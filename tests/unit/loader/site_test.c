/* How one call site is rewritten: what moves, what the stub does, which distances a jump may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "loader/site.h"

#define AT 0x400000ull

static int plan(const uint8_t *code, size_t n, struct site_plan *p)
{
    uint8_t room[SITE_READ];

    memset(room, 0xcc, sizeof(room));
    memcpy(room, code, n);
    return site_plan(room, sizeof(room), 0, AT, 0, p);
}
#define CODE(...)    ((const uint8_t[]){0x0f, 0x05, __VA_ARGS__})
#define PLAN(p, ...) plan(CODE(__VA_ARGS__), sizeof(CODE(__VA_ARGS__)), p)

static void moves_what_follows(void **state)
{
    static const struct {
        uint8_t code[12];
        uint8_t len, n, end, free, kind, ends;
    } rows[] = {
        {{0xc3, 0x66, 0x90}, 3, 1, 3, 5, MOVED_PLAIN, 1},                      /* ret, filling */
        {{0xc3, 0x90, 0x48, 0x8b, 5}, 5, 1, 3, 4, MOVED_PLAIN, 1},             /* ret, filling, a function */
        {{0xc3, 0x55}, 2, 1, 3, 3, MOVED_PLAIN, 1},                            /* ret, a function */
        {{0x48, 0x89, 0xc2}, 3, 1, 5, 5, MOVED_PLAIN, 0},                      /* mov %rax, %rdx */
        {{0x72, 0x10, 0x48, 0x89, 0xc2}, 5, 2, 7, 5, MOVED_BRANCH, 0},         /* jb */
        {{0x0f, 0x82, 1, 0, 0, 0}, 6, 1, 8, 5, MOVED_BRANCH, 0},               /* jb, far */
        {{0xeb, 0x10}, 2, 1, 4, 5, MOVED_JUMP, 1},                             /* jmp */
        {{0x48, 0x8d, 0x15, 0x10, 0, 0, 0}, 7, 1, 9, 5, MOVED_RIP, 0},         /* lea 16(%rip), %rdx */
        {{0xc7, 0x05, 0x10, 0, 0, 0, 7, 0, 0, 0}, 10, 1, 12, 5, MOVED_RIP, 0}, /* movl $7, 16(%rip) */
        {{0x50, 0x58, 0x50}, 3, 3, 5, 5, MOVED_PLAIN, 0},                      /* three of one byte */
        {{0xe8, 1, 0, 0, 0}, 5, 0, 2, 2, MOVED_PLAIN, 0},                      /* a call stays */
        {{0x50, 0x0f, 0x05}, 3, 1, 3, 3, MOVED_PLAIN, 0},                      /* and another system call */
        {{0xe3, 0x10, 0x90}, 3, 0, 2, 2, MOVED_PLAIN, 0},                      /* jrcxz */
        {{0xcd, 0x80}, 2, 0, 2, 2, MOVED_PLAIN, 0},                            /* int $0x80 */
        {{0x06}, 1, 0, 2, 2, MOVED_PLAIN, 0},                                  /* no instruction */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct site_plan p;
        uint8_t          code[14] = {0x0f, 0x05};

        memcpy(code + 2, rows[i].code, rows[i].len);
        assert_int_equal(plan(code, rows[i].len + 2u, &p), 0);
        assert_int_equal(p.n, rows[i].n);
        assert_int_equal(p.end, rows[i].end);
        assert_int_equal(p.free, rows[i].free);
        assert_int_equal(p.ends, rows[i].ends);
        if (p.n)
            assert_int_equal(p.moved[0].kind, rows[i].kind);
    }
}

static void refuses_what_is_no_call(void **state)
{
    static const uint8_t call[] = {0x0f, 0x05, 0xc3, 0x90, 0x90}, other[] = {0x0f, 0x34, 0xc3, 0x90, 0x90};
    struct site_plan     p;

    (void)state;
    assert_int_equal(site_plan(call, 5, 0, AT, 0, &p), 0);
    assert_int_equal(site_plan(call, 4, 0, AT, 0, &p), -EINVAL);    /* the mapping ends there */
    assert_int_equal(site_plan(call, 5, 0x66, AT, 0, &p), -EINVAL); /* a prefix */
    assert_int_equal(site_plan(other, 5, 0, AT, 0, &p), -EINVAL);
}

/* Jumps of moved branches and of the stub's end lead where the originals did. */
static int32_t distance(const struct site_stub *s, unsigned at)
{
    int32_t d;

    memcpy(&d, s->bytes + at, sizeof(d));
    return d;
}

static void stub_leads_back(void **state)
{
    static const uint8_t code[] = {0x0f, 0x05, 0x72, 0x10, 0x8b, 0x0d, 8, 0, 0, 0, 0xc3}; /* jb; mov 8(%rip), %ecx */
    const uint64_t       stub = AT + 0x01000000;
    struct site_plan     p;
    struct site_stub     s;
    unsigned             at;

    (void)state;
    assert_int_equal(plan(code, sizeof(code), &p), 0);
    assert_int_equal(site_stub_make(&p, code, stub, &s), 0);
    assert_int_equal(stub + 7 + (uint64_t)distance(&s, 3), AT + 2);           /* lea site + 2, %rcx */
    assert_int_equal(stub + 14 + (uint64_t)distance(&s, 10), stub + s.to[0]); /* lea behind, %r11 */
    at = s.to[0];
    assert_int_equal(s.bytes[at], 0x0f);
    assert_int_equal(s.bytes[at + 1], 0x82);
    assert_int_equal(stub + at + 6 + (uint64_t)distance(&s, at + 2), AT + 4 + 0x10);
    at = s.to[1];
    assert_memory_equal(s.bytes + at, code + 4, 2);
    assert_int_equal(stub + at + 6 + (uint64_t)distance(&s, at + 2), AT + 10 + 8);
    at = s.to[2];
    assert_int_equal(s.bytes[at], 0xe9);
    assert_int_equal(stub + at + 5 + (uint64_t)distance(&s, at + 1), AT + 10);
    assert_int_equal(s.len, at + 5);
    assert_int_equal(site_stub_make(&p, code, AT + 0x90000000, &s), -ERANGE); /* out of reach */
}

static void jump_has_refused_bytes(void **state)
{
    static const uint8_t code[] = {0x0f, 0x05, 0xc3, 0x90, 0x48, 0x8b};
    struct site_plan     p;
    uint8_t              out[SITE_LEN];

    (void)state;
    assert_int_equal(PLAN(&p, 0x48, 0x89, 0xc2), 0);
    assert_true(site_jump(&p, code, AT + 5 + 0x61601f06, out));
    assert_int_equal(out[0], 0xe9);
    assert_false(site_jump(&p, code, AT + 5 + 0x61601f05, out)); /* 05 is an instruction */
    assert_false(site_jump(&p, code, AT + 5 + 0x48601f06, out));
    assert_int_equal(plan(code, sizeof(code), &p), 0); /* its last byte stays */
    assert_true(site_jump(&p, code, AT + 5 + 0x48601f06, out));
    assert_false(site_jump(&p, code, AT + 5 + 0x61601f06, out));
    assert_true(site_jump(&p, code, AT + 5 + 0x48601f06 - 0, out) && out[4] == code[4]);
    assert_false(site_jump(&p, code, AT + 5 + 0x148601f06, out)); /* too far */
}

/* if (...) syscall; ...: what follows the call is a target, and stays where it is. */
static void leaves_targets_alone(void **state)
{
    static const uint8_t near[] = {0x75, 0x08, 0xbf, 1, 0, 0, 0, 0x90, 0x0f, 0x05, 0x48, 0x89, 0xc2, 0xeb, 0xfc};
    struct site_plan     p;

    (void)state;
    assert_int_equal(site_targets(near, sizeof(near), 8), 1u << 2 | 1u << 3);
    assert_int_equal(site_targets(near, 12, 8), 1u << 2);
    assert_int_equal(site_targets(near + 2, 12, 6), 0); /* only the jump back, which is cut in two */
    assert_int_equal(site_plan(near + 8, 7, 0, AT, 1u << 2, &p), 0);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.free, 2);
    assert_int_equal(site_plan(near + 8, 7, 0, AT, 1u << 3, &p), 0); /* in the middle of an instruction: no target */
    assert_int_equal(p.free, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_what_follows),   cmocka_unit_test(refuses_what_is_no_call),
        cmocka_unit_test(stub_leads_back),      cmocka_unit_test(jump_has_refused_bytes),
        cmocka_unit_test(leaves_targets_alone),
    };

    return cmocka_run_group_tests_name("loader/site", tests, NULL, NULL);
}
