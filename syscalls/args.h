/* syscalls/args.h: one argument of a call, read as its row says. */
#ifndef DRAGOMAN_SYSCALLS_ARGS_H
#define DRAGOMAN_SYSCALLS_ARGS_H

#include "syscalls/call.h"
#include "syscalls/path.h"

/* What one argument became.  The word is what a handler or the host gets. */
struct arg_value {
    uint64_t     word;
    void        *host; /* of a structure: where the host form is */
    bool         has_ref;
    bool         has_path;
    struct fdref ref;
    struct path  path;
};

bool     arg_is_struct(enum arg_kind k);
unsigned args_structs(const struct row *row); /* how many arguments are structures */
/* What needs no more than the register.  0, -EINVAL. */
int arg_scalar(const struct arg *a, uint64_t raw, uint64_t *word);
/* A structure; buf: room for its host form.  0, -EFAULT, -EINVAL, -ESRCH. */
int arg_struct(struct call *c, const struct arg *a, uint64_t raw, void *buf, struct arg_value *v);
/* After the call: copies out what is the guest's.  result, or the error of doing so. */
int64_t args_out(struct call *c, const struct arg_value *v, int64_t result);

#endif
