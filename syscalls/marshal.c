/*
 * syscalls/marshal.c: arguments read as their row says, once, for every call.
 *
 * A handler is called through libffi with its natural C signature; a row that
 * names a host call gets the same conversions, with descriptors, paths and
 * structures turned into what the host takes.
 */
#include "syscalls/marshal.h"

#include <errno.h>
#include <ffi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/args.h"
#include "syscalls/capability.h"

/* ---- the C types of a row --------------------------------------------------- */

static ffi_type *type_of(enum arg_kind kind)
{
    switch (kind) {
    case ARG_INT:
    case ARG_FD:
    case ARG_DIRFD:
    case ARG_SIGNO: return &ffi_type_sint32;
    case ARG_UINT:
    case ARG_MODE: return &ffi_type_uint32;
    case ARG_LONG:
    case ARG_ENUM: return &ffi_type_sint64;
    case ARG_IN_STRUCT:
    case ARG_OUT_STRUCT:
    case ARG_INOUT_STRUCT:
    case ARG_OUT_ALWAYS: return &ffi_type_pointer;
    default: return &ffi_type_uint64; /* a gva is one 64-bit word, passed as such by the System V ABI */
    }
}

/* One prepared call interface for each list of types; rows of the same shape share it. */
struct shape {
    struct shape *next;
    unsigned      nargs;
    uint8_t       kinds[ARGS_MAX];
    ffi_cif       cif;
    ffi_type     *types[ARGS_MAX + 1];
};
#define SHAPES 64
static struct shape   *shapes[SHAPES];
static pthread_mutex_t shapes_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned shape_hash(const struct row *row)
{
    unsigned h = row->nargs;

    for (unsigned i = 0; i < row->nargs; i++)
        h = h * 31 + row->args[i].kind;
    return h % SHAPES;
}

static struct shape *shape_find(struct shape *s, const struct row *row)
{
    for (; s; s = s->next) {
        unsigned i = 0;

        if (s->nargs != row->nargs)
            continue;
        while (i < row->nargs && s->kinds[i] == row->args[i].kind)
            i++;
        if (i == row->nargs)
            return s;
    }
    return NULL;
}

static struct shape *shape_make(const struct row *row)
{
    struct shape *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->nargs = row->nargs;
    s->types[0] = &ffi_type_pointer;
    for (unsigned i = 0; i < row->nargs; i++) {
        s->kinds[i] = row->args[i].kind;
        s->types[i + 1] = type_of((enum arg_kind)row->args[i].kind);
    }
    if (ffi_prep_cif(&s->cif, FFI_DEFAULT_ABI, row->nargs + 1, &ffi_type_sint64, s->types) != FFI_OK) {
        free(s);
        return NULL;
    }
    return s;
}

/* Shapes are only ever added at the head, so readers need no lock. */
static struct shape *shape_of(const struct row *row)
{
    struct shape **head = &shapes[shape_hash(row)], *s;

    s = shape_find(__atomic_load_n(head, __ATOMIC_ACQUIRE), row);
    if (s)
        return s;
    pthread_mutex_lock(&shapes_lock);
    s = shape_find(*head, row);
    if (!s && (s = shape_make(row))) {
        s->next = *head;
        __atomic_store_n(head, s, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&shapes_lock);
    return s;
}

/* ---- handlers ---------------------------------------------------------------- */

static int64_t handler_invoke(struct call *c, struct arg_value *v)
{
    struct shape *s = shape_of(c->row);
    void         *ptrs[ARGS_MAX + 1];
    ffi_arg       result = 0;

    if (!s)
        return -ENOMEM;
    ptrs[0] = &c;
    for (unsigned i = 0; i < c->row->nargs; i++)
        ptrs[i + 1] = &v[i].word;
    ffi_call(&s->cif, c->row->handler, &result, ptrs);
    return (int64_t)result;
}

/* The buffer is only on the stack of calls that have structures. */
static __attribute__((noinline)) int64_t handler_with_structs(struct call *c, struct arg_value *v)
{
    _Alignas(16) uint8_t buf[ARGS_MAX][LAYOUT_HOST_MAX];

    for (unsigned i = 0; i < c->row->nargs; i++) {
        const struct arg *a = &c->row->args[i];
        int               err = 0;

        if (arg_is_struct((enum arg_kind)a->kind))
            err = arg_struct(c, a, c->raw[i], buf[i], &v[i]);
        if (err)
            return err;
    }
    return args_out(c, v, handler_invoke(c, v));
}

static int64_t handler_call(struct call *c)
{
    struct arg_value v[ARGS_MAX];

    for (unsigned i = 0; i < c->row->nargs; i++) {
        int err = arg_scalar(&c->row->args[i], c->raw[i], &v[i].word);
        if (err)
            return err;
    }
    return args_structs(c->row) ? handler_with_structs(c, v) : handler_invoke(c, v);
}

/* ---- rows that name a host call ----------------------------------------------- */

/* The directory a path argument is relative to: the ARG_DIRFD just before it. */
static int dirfd_before(const struct call *c, unsigned i)
{
    return i && c->row->args[i - 1].kind == ARG_DIRFD ? (int)(int32_t)c->raw[i - 1] : PATH_CWD(c);
}

static int host_arg(struct call *c, unsigned i, struct arg_value *v)
{
    const struct arg *a = &c->row->args[i];
    struct scratch    s;
    int               err;

    switch (a->kind) {
    case ARG_FD:
        err = fd_get(c, (int)(int32_t)c->raw[i], &v->ref);
        v->has_ref = !err;
        v->word = err ? 0 : (uint64_t)(int64_t)v->ref.hostfd;
        return err;
    case ARG_DIRFD: return 0; /* filled in by its path */
    case ARG_PATH:
        err = path_resolve(c, dirfd_before(c, i), GVA(c->raw[i]), PATH_NOFOLLOW, &v->path);
        v->has_path = !err;
        v->word = err ? 0 : v->path.va;
        if (!err && i && c->row->args[i - 1].kind == ARG_DIRFD)
            (v - 1)->word = (uint64_t)(int64_t)v->path.dirfd;
        return err;
    case ARG_IN_STRUCT:
    case ARG_OUT_STRUCT:
    case ARG_INOUT_STRUCT:
    case ARG_OUT_ALWAYS:
        s = scratch_get(c, ((const struct layout *)a->of)->hsize);
        return s.p ? arg_struct(c, a, c->raw[i], s.p, v) : -ENOMEM;
    default: return arg_scalar(a, c->raw[i], &v->word);
    }
}

static int64_t host_row(struct call *c)
{
    struct arg_value v[ARGS_MAX];
    int64_t          r = 0;

    memset(v, 0, sizeof(v));
    for (unsigned i = 0; i < c->row->nargs && !r; i++)
        r = host_arg(c, i, &v[i]);
    if (!r)
        r = host_call(c, c->row->host, v[0].word, v[1].word, v[2].word, v[3].word, v[4].word, v[5].word);
    for (unsigned i = 0; i < c->row->nargs; i++) {
        if (v[i].has_ref)
            fd_put(c, &v[i].ref);
        if (v[i].has_path)
            path_put(c, &v[i].path);
    }
    return args_out(c, v, r);
}

bool marshal_can(const struct row *row) { return row->handler || row->host != HOST_NONE; }

int64_t marshal_call(struct call *c)
{
    int64_t r = -ENOSYS;

    if (c->row->handler)
        r = handler_call(c);
    else if (c->row->host != HOST_NONE)
        r = host_row(c);
    if (c->limit)
        capability_done(c);
    return r;
}
