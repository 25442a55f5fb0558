/*
 * abi/freebsd/table.c: the rows of syscalls.tbl as data.
 */
#include <sys/syscall.h>

#include "abi/freebsd/flags.h"
#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/layouts.h"

/*
 * Handlers are named here and defined in syscalls/ and compat/, which know their arguments: the row's
 * argument kinds are their prototype, and libffi calls them by it.  Weak: a program that links the
 * tables alone (a test, a generator) needs no handlers, and a row without one counts as missing.
 */
#define SYS(nr, name, handler, ...) void handler(void) __attribute__((weak));
#define GATE                        SYS
#define ASK                         SYS
#define HOSTCALL(nr, name, number, ...)
#define GATEHOST(nr, name, number, ...)
#define MISSING(nr, name, ...)
#define HOLE(nr, name)
#include "abi/freebsd/syscalls.tbl"
#undef SYS
#undef ASK
#undef GATE
#undef HOSTCALL
#undef GATEHOST
#undef MISSING
#undef HOLE

#include "abi/freebsd/row_args.h"

#define SYS(n, nm, fn, st, why, r, ...)                                                                                \
    [n] = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__), .host = HOST_NONE, .gap = (why), .handler = fn},
#define GATE(n, nm, fn, st, why, r, ...)                                                                               \
    [n] = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__), .host = HOST_NONE, .gap = (why), .handler = fn, .where = IN_GATE},
#define ASK(n, nm, fn, st, why, r, ...)                                                                                \
    [n] = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__), .host = HOST_NONE, .gap = (why), .handler = fn, .where = ASKED},
#define HOSTCALL(n, nm, number, st, why, r, ...)                                                                       \
    [n] = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__), .host = SYS_##number, .gap = (why)},
#define GATEHOST(n, nm, number, st, why, r, ...)                                                                       \
    [n] = {ROW_(n, nm, ROW_##st, r, ##__VA_ARGS__), .host = SYS_##number, .gap = (why), .where = IN_GATE},
#define MISSING(n, nm, r, ...) [n] = {ROW_(n, nm, ROW_MISSING, r, ##__VA_ARGS__), .host = HOST_NONE},
#define HOLE(n, nm)            [n] = {.nr = (n), .name = #nm, .state = ROW_HOLE, .host = HOST_NONE},

const struct row freebsd_rows[FREEBSD_NSYSCALLS] = {
#include "abi/freebsd/syscalls.tbl"
};

/* One row a number: as many rows as numbers, and a duplicate is a compiler error (-Woverride-init). */
#undef SYS
#undef ASK
#undef GATE
#undef HOSTCALL
#undef GATEHOST
#undef MISSING
#undef HOLE
#define SYS(...)      +1
#define ASK(...)      +1
#define GATE(...)     +1
#define HOSTCALL(...) +1
#define GATEHOST(...) +1
#define MISSING(...)  +1
#define HOLE(...)     +1
_Static_assert(0
#include "abi/freebsd/syscalls.tbl"
                   == FREEBSD_NSYSCALLS,
               "one row for every number of FreeBSD amd64");
