/* tests/unit/fake_rows.h: a call by its row, from the guest's registers on, as the dispatcher makes it. */
#ifndef DRAGOMAN_TESTS_UNIT_FAKE_ROWS_H
#define DRAGOMAN_TESTS_UNIT_FAKE_ROWS_H

#include "syscalls/capability.h"
#include "syscalls/marshal.h"
#include "tests/unit/fake_files.h"

static inline int64_t row_call(void **state, unsigned nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f)
{
    struct call *c = CALL(state);

    c->row = &freebsd_rows[nr];
    c->nr = nr;
    c->raw[0] = a, c->raw[1] = b, c->raw[2] = d, c->raw[3] = e, c->raw[4] = f, c->raw[5] = 0;

    const int64_t r = capability_refuses(c) ? -D_ECAPMODE : marshal_call(c);

    c->row = NULL;
    return r;
}
#define ROW_(state, nr, a, b, d, e, f, ...)                                                                            \
    row_call(state, nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))
#define ROW(...) ROW_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

#endif
