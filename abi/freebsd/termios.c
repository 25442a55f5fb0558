/*
 * abi/freebsd/termios.c: FreeBSD's struct termios (sys/_termios.h) against the host kernel's.
 */
#include "abi/freebsd/flags.h"
#include "abi/freebsd/layouts.h"

struct fbsd_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t  cc[20];
    uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct fbsd_termios) == 44, "sys/_termios.h");
_Static_assert(sizeof(struct ktermios) == 44, "asm-generic/termbits.h");

#define F(f, k, o)                                                                                                     \
    {                                                                                                                  \
        .name = #f, .goff = offsetof(struct fbsd_termios, f), .gsize = sizeof(((struct fbsd_termios *)0)->f),          \
        .hoff = offsetof(struct ktermios, f), .hsize = sizeof(((struct ktermios *)0)->f), .kind = (k), .of = (o)       \
    }

/* Control characters have other places; FreeBSD's VERASE2, VDSUSP and VSTATUS have none here. */
#define CC(n, g, h)                                                                                                    \
    {                                                                                                                  \
        .name = #n, .goff = offsetof(struct fbsd_termios, cc) + (g), .gsize = 1,                                       \
        .hoff = offsetof(struct ktermios, cc) + (h), .hsize = 1, .kind = FIELD_UINT, .of = NULL                        \
    }

static const struct field fields[] = {
    F(iflag, FIELD_FLAGS, &freebsd_flags_term_input),
    F(oflag, FIELD_FLAGS, &freebsd_flags_term_output),
    F(cflag, FIELD_FLAGS, &freebsd_flags_term_control),
    F(lflag, FIELD_FLAGS, &freebsd_flags_term_local),
    CC(VEOF, 0, 4),
    CC(VEOL, 1, 11),
    CC(VEOL2, 2, 16),
    CC(VERASE, 3, 2),
    CC(VWERASE, 4, 14),
    CC(VKILL, 5, 3),
    CC(VREPRINT, 6, 12),
    CC(VINTR, 8, 0),
    CC(VQUIT, 9, 1),
    CC(VSUSP, 10, 10),
    CC(VSTART, 12, 8),
    CC(VSTOP, 13, 9),
    CC(VLNEXT, 14, 15),
    CC(VDISCARD, 15, 13),
    CC(VMIN, 16, 6),
    CC(VTIME, 17, 5),
    F(ispeed, FIELD_UINT, NULL),
    F(ospeed, FIELD_UINT, NULL),
};

const struct layout freebsd_layout_termios = {
    .name = "termios",
    .gsize = sizeof(struct fbsd_termios),
    .hsize = sizeof(struct ktermios),
    .count = sizeof(fields) / sizeof(*fields),
    .fields = fields,
};
