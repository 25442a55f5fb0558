/* loader/trace_args.h: arguments of a call as text. */
#ifndef DRAGOMAN_LOADER_TRACE_ARGS_H
#define DRAGOMAN_LOADER_TRACE_ARGS_H

#include "loader/trace_text.h"
#include "syscalls/call.h"

/* True when the call writes this argument, so that it is printed after the call. */
bool trace_arg_is_out(const struct arg *a);
/* Argument i as it is before the call; an OUT argument as the address that it is. */
void trace_arg_in(struct text *t, struct call *c, unsigned i);
/* An OUT or INOUT argument after the call that returned result. */
void trace_arg_out(struct text *t, struct call *c, unsigned i, int64_t result);
void trace_result(struct text *t, struct call *c, int64_t result, int guest_errno);

#endif
