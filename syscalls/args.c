/*
 * syscalls/args.c: how arguments read, by their kind.  Freestanding: the gate
 * compiles it, too.
 */
#include "syscalls/args.h"

#include <errno.h>
#include <string.h>

#include "abi/flags.h"
#include "abi/layout.h"

bool arg_is_struct(enum arg_kind k)
{
    return k == ARG_IN_STRUCT || k == ARG_OUT_STRUCT || k == ARG_INOUT_STRUCT || k == ARG_OUT_ALWAYS;
}

/* Reads what needs no more than the register. */
int arg_scalar(const struct arg *a, uint64_t raw, uint64_t *word)
{
    const struct flag_group *g = a->of;
    int64_t                  v;
    int                      err;

    switch (a->kind) {
    case ARG_INT:
    case ARG_FD:
    case ARG_DIRFD:
    case ARG_SIGNO: *word = (uint64_t)(int64_t)(int32_t)raw; return 0;
    case ARG_UINT:
    case ARG_MODE: *word = (uint32_t)raw; return 0;
    case ARG_FLAGS: return flags_to_host(g, g->wide ? raw : (uint32_t)raw, word);
    case ARG_ENUM:
        err = enum_to_host(g, g->wide ? raw : (uint32_t)raw, &v);
        *word = (uint64_t)v;
        return err;
    default: *word = raw; return 0;
    }
}

int arg_struct(struct call *c, const struct arg *a, uint64_t raw, void *buf, struct arg_value *v)
{
    const struct layout *l = a->of;

    v->host = NULL;
    v->word = 0;
    if (!raw)
        return 0;
    v->host = buf;
    v->word = (uint64_t)buf;
    memset(buf, 0, l->hsize);
    if (a->kind == ARG_IN_STRUCT || a->kind == ARG_INOUT_STRUCT)
        return struct_in(c, l, buf, GVA(raw));
    return 0;
}

static bool comes_out(enum arg_kind k, int64_t result)
{
    if (k == ARG_OUT_ALWAYS)
        return result >= 0 || result == -EINTR || result == -ERESTART;
    return (k == ARG_OUT_STRUCT || k == ARG_INOUT_STRUCT) && result >= 0;
}

int64_t args_out(struct call *c, const struct arg_value *v, int64_t result)
{
    const struct row *row = c->row;

    for (unsigned i = 0; i < row->nargs; i++) {
        const struct arg *a = &row->args[i];
        int               err;

        if (!arg_is_struct((enum arg_kind)a->kind) || !v[i].host || !comes_out((enum arg_kind)a->kind, result))
            continue;
        err = struct_out(c, a->of, GVA(c->raw[i]), v[i].host);
        if (err && result >= 0)
            return err;
    }
    return result;
}

unsigned args_structs(const struct row *row)
{
    unsigned n = 0;

    for (unsigned i = 0; i < row->nargs; i++)
        n += arg_is_struct((enum arg_kind)row->args[i].kind);
    return n;
}
