/*
 * loader/trace_text.h: text of bounded length, for trace lines.  What does not fit is left out.
 */
#ifndef DRAGOMAN_LOADER_TRACE_TEXT_H
#define DRAGOMAN_LOADER_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

struct text {
    char  *at; /* always NUL-terminated */
    size_t len, size;
};

void text_init(struct text *t, char *buf, size_t size);
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* In double quotes, escaped as in C; cut says that there was more. */
void text_quote(struct text *t, const void *bytes, size_t n, bool cut);
/* Guest bits by name, joined by |; what has no name in hexadecimal. */
void text_flags(struct text *t, const struct flag_group *g, uint64_t guest);
void text_enum(struct text *t, const struct flag_group *g, uint64_t guest);
/* [SIGHUP SIGINT], or ~[SIGKILL] for what is missing when most are there. */
void text_sigset(struct text *t, const struct abi *abi, const void *bits, size_t n);
void text_signo(struct text *t, const struct abi *abi, int sig);
void text_sigcode(struct text *t, const struct abi *abi, int sig, int code);
/* {st_dev=2049, st_mode=0100644, ...}; guest: l->gsize bytes. */
void text_struct(struct text *t, const struct abi *abi, const struct layout *l, const void *guest);

#endif
