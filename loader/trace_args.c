#include "loader/trace_args.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "abi/flags.h"

#define SHOWN_BYTES   32 /* of a buffer or a string */
#define SHOWN_PATH    256
#define SHOWN_ENTRIES 8 /* of a vector */

/* ---- memory ------------------------------------------------------------------ */

static void add_address(struct text *t, uint64_t va) { text_add(t, va ? "0x%" PRIx64 : "NULL", va); }

static void add_buffer(struct text *t, struct call *c, uint64_t va, uint64_t n)
{
    uint8_t bytes[SHOWN_BYTES];
    size_t  shown = n < sizeof(bytes) ? n : sizeof(bytes);

    if (!va || copy_in(c, bytes, GVA(va), shown))
        add_address(t, va);
    else
        text_quote(t, bytes, shown, n > shown);
}

static void add_string(struct text *t, struct call *c, uint64_t va, size_t max)
{
    char    s[SHOWN_PATH];
    int64_t n = va ? copy_in_str(c, s, GVA(va), max) : -1;

    if (n >= 0)
        text_quote(t, s, (size_t)n, false);
    else if (va && !copy_in(c, s, GVA(va), max))
        text_quote(t, s, max, true);
    else
        add_address(t, va);
}

/* The environment is only counted: it is long, and seldom what is looked for. */
static void add_strv(struct text *t, struct call *c, uint64_t va, bool count_only)
{
    uint64_t p = 0;
    unsigned n = 0;

    if (!va || copy_in(c, &p, GVA(va), 8)) {
        add_address(t, va);
        return;
    }
    text_add(t, count_only ? "0x%" PRIx64 " /*" : "[", va);
    for (; p && n < 4096 && (count_only || n < SHOWN_ENTRIES); n++) {
        if (!count_only) {
            text_add(t, n ? ", " : "");
            add_string(t, c, p, SHOWN_BYTES);
        }
        if (copy_in(c, &p, GVA(va + 8 * (n + 1)), 8))
            break;
    }
    if (count_only)
        text_add(t, " %u vars */", n);
    else
        text_add(t, p ? ", ...]" : "]");
}

/* limit: bytes that the call really moved, so that no more are shown. */
static void add_iov(struct text *t, struct call *c, uint64_t va, uint64_t n, uint64_t limit)
{
    struct iovec iov[SHOWN_ENTRIES];
    uint64_t     shown = n < SHOWN_ENTRIES ? n : SHOWN_ENTRIES;

    if (!va || copy_in(c, iov, GVA(va), shown * sizeof(*iov))) {
        add_address(t, va);
        return;
    }
    text_add(t, "[");
    for (uint64_t i = 0; i < shown; i++) {
        uint64_t here = iov[i].iov_len < limit ? iov[i].iov_len : limit;

        text_add(t, i ? ", {iov_base=" : "{iov_base=");
        add_buffer(t, c, (uint64_t)iov[i].iov_base, here);
        text_add(t, ", iov_len=%zu}", iov[i].iov_len);
        limit -= here;
    }
    text_add(t, n > shown ? ", ...]" : "]");
}

static void add_struct(struct text *t, struct call *c, const struct layout *l, uint64_t va)
{
    uint8_t *guest = va && l ? malloc(l->gsize) : NULL;

    if (!guest || copy_in(c, guest, GVA(va), l->gsize))
        add_address(t, va);
    else
        text_struct(t, c->abi, l, guest);
    free(guest);
}

static void add_unix(struct text *t, struct call *c, uint64_t va)
{
    char    path[108];
    int64_t n = copy_in_str(c, path, GVA(va), sizeof(path));

    if (n >= 0)
        text_quote(t, path, (size_t)n, false);
    else
        add_address(t, va);
}

/* Family, then what every system has at the same place: port at 2, IPv4 address at 4, IPv6 address at 8, path at 2. */
static void add_sockaddr(struct text *t, struct call *c, const struct layout *l, uint64_t va)
{
    uint8_t             head[2], a[28];
    char                ip[INET6_ADDRSTRLEN] = "?";
    const struct field *f = &l->fields[0];
    int64_t             family = -1;

    if (!va || copy_in(c, head, GVA(va), sizeof(head))) {
        add_address(t, va);
        return;
    }
    enum_to_host(f->of, head[f->goff], &family);
    text_add(t, "{%s=", f->name);
    text_enum(t, f->of, head[f->goff]);
    if (family == AF_UNIX) {
        text_add(t, ", path=");
        add_unix(t, c, va + 2);
    } else if ((family == AF_INET || family == AF_INET6) && !copy_in(c, a, GVA(va), family == AF_INET ? 8 : 24)) {
        inet_ntop((int)family, a + (family == AF_INET ? 4 : 8), ip, sizeof(ip));
        text_add(t, ", port=%d, addr=%s", a[2] << 8 | a[3], ip);
    }
    text_add(t, "}");
}

/* The descriptors below n that are in the set: [3 5]. */
static void add_fd_set(struct text *t, struct call *c, uint64_t va, uint64_t n)
{
    uint64_t    word = 0;
    const char *sep = "";

    if (!va || copy_in(c, &word, GVA(va), 8)) {
        add_address(t, va);
        return;
    }
    text_add(t, "[");
    for (unsigned fd = 0; fd < n && fd < 4096; fd++) {
        if (fd && fd % 64 == 0 && copy_in(c, &word, GVA(va + fd / 8), 8))
            break;
        if (!(word >> fd % 64 & 1))
            continue;
        text_add(t, "%s%u", sep, fd);
        sep = " ";
    }
    text_add(t, "]");
}

static void add_pointee(struct text *t, struct call *c, const struct layout *l, uint64_t va)
{
    if (!strcmp(l->name, "sockaddr"))
        add_sockaddr(t, c, l, va);
    else
        add_struct(t, c, l, va);
}

static void add_array(struct text *t, struct call *c, const struct layout *l, uint64_t va, uint64_t n)
{
    if (!va) {
        text_add(t, "NULL");
        return;
    }
    text_add(t, "[");
    for (uint64_t i = 0; i < n && i < SHOWN_ENTRIES; i++) {
        text_add(t, i ? ", " : "");
        add_struct(t, c, l, va + i * l->gsize);
    }
    text_add(t, n > SHOWN_ENTRIES ? ", ...]" : "]");
}

static void add_number(struct text *t, struct call *c, uint64_t va, size_t size)
{
    int64_t v = 0;

    if (!va || copy_in(c, &v, GVA(va), size))
        add_address(t, va);
    else
        text_add(t, "[%" PRId64 "]", size == 4 ? (int64_t)(int32_t)v : v);
}

/* ---- arguments ---------------------------------------------------------------- */

static uint64_t count_of(const struct call *c, const struct arg *a, int64_t result)
{
    if (a->len == LEN_RESULT)
        return result > 0 ? (uint64_t)result : 0;
    if (a->len >= c->row->nargs)
        return 0;
    /* An int or unsigned count has rubbish in its upper half. */
    switch (c->row->args[a->len].kind) {
    case ARG_INT:
    case ARG_UINT: return (uint32_t)c->raw[a->len];
    default: return c->raw[a->len];
    }
}

bool trace_arg_is_out(const struct arg *a)
{
    switch (a->kind) {
    case ARG_PTR: return a->show && a->len == LEN_RESULT;
    case ARG_OUT_BUF:
    case ARG_OUT_STRUCT:
    case ARG_INOUT_STRUCT:
    case ARG_OUT_ALWAYS:
    case ARG_OUT_IOV:
    case ARG_OUT_INT:
    case ARG_OUT_LONG: return true;
    default: return false;
    }
}

/* Sizes and counts read best in decimal, masks and addresses in hexadecimal; all ones is an identifier's -1. */
static void add_unsigned(struct text *t, uint64_t v)
{
    if (v == UINT64_MAX)
        text_add(t, "-1");
    else
        text_add(t, v >> 40 ? "%#" PRIx64 : "%" PRIu64, v);
}

static void add_memory(struct text *t, struct call *c, const struct arg *a, uint64_t v)
{
    switch (a->kind) {
    case ARG_PATH: add_string(t, c, v, SHOWN_PATH); break;
    case ARG_STR: add_string(t, c, v, SHOWN_BYTES); break;
    case ARG_STRV: add_strv(t, c, v, !strncmp(a->name, "env", 3)); break;
    case ARG_IN_BUF:
        if (a->show)
            add_array(t, c, a->show, v, count_of(c, a, 0));
        else
            add_buffer(t, c, v, count_of(c, a, 0));
        break;
    case ARG_IN_IOV: add_iov(t, c, v, count_of(c, a, 0), UINT64_MAX); break;
    case ARG_IN_STRUCT:
    case ARG_INOUT_STRUCT: add_struct(t, c, a->of, v); break;
    case ARG_PTR:
        if (a->show && a->len < c->row->nargs)
            add_fd_set(t, c, v, count_of(c, a, 0));
        else if (a->show && a->len == LEN_NONE)
            add_pointee(t, c, a->show, v);
        else
            add_address(t, v);
        break;
    default: add_address(t, v); break;
    }
}

void trace_arg_in(struct text *t, struct call *c, unsigned i)
{
    const struct arg *a = &c->row->args[i];
    uint64_t          v = c->raw[i];

    switch (a->kind) {
    case ARG_INT:
    case ARG_FD: text_add(t, "%d", (int)v); break;
    case ARG_DIRFD: text_add(t, (int)v == (int)c->abi->at_fdcwd ? "AT_FDCWD" : "%d", (int)v); break;
    case ARG_UINT: text_add(t, "%u", (unsigned)v); break;
    case ARG_MODE: text_add(t, "%#o", (unsigned)v); break;
    case ARG_LONG: text_add(t, "%" PRId64, (int64_t)v); break;
    case ARG_ULONG: add_unsigned(t, v); break;
    case ARG_FLAGS: text_flags(t, a->of, v); break;
    case ARG_ENUM: text_enum(t, a->of, v); break;
    case ARG_SIGNO: text_signo(t, c->abi, (int)v); break;
    default: add_memory(t, c, a, v); break;
    }
}

void trace_arg_out(struct text *t, struct call *c, unsigned i, int64_t result)
{
    const struct arg *a = &c->row->args[i];
    uint64_t          v = c->raw[i];

    switch (a->kind) {
    case ARG_OUT_BUF:
        if (a->show)
            add_array(t, c, a->show, v, count_of(c, a, result));
        else
            add_buffer(t, c, v, count_of(c, a, result));
        break;
    case ARG_OUT_IOV: add_iov(t, c, v, count_of(c, a, result), (uint64_t)result); break;
    case ARG_PTR: add_pointee(t, c, a->show, v); break;
    case ARG_OUT_INT: add_number(t, c, v, 4); break;
    case ARG_OUT_LONG: add_number(t, c, v, 8); break;
    default: add_struct(t, c, a->of, v); break;
    }
}

/* ---- results ------------------------------------------------------------------- */

static const char *errno_name(const struct abi *abi, int e)
{
    const char *name = e > 0 && (unsigned)e < abi->nerrno ? abi->errno_name[e] : NULL;

    return name ? name : "?";
}

/* What the host says of its own errors, and a text for those that it does not have. */
static const char *errno_text(int64_t err)
{
    switch (err) {
    case D_ENOTCAPABLE: return "Capabilities insufficient";
    case D_ECAPMODE: return "Not permitted in capability mode";
    default: return strerror((int)err);
    }
}

void trace_result(struct text *t, struct call *c, int64_t result, int guest_errno)
{
    enum row_ret ret = c->row ? (enum row_ret)c->row->ret : RET_INT;

    if (guest_errno)
        text_add(t, "-1 %s (%s)", errno_name(c->abi, guest_errno), errno_text(-result));
    else if (ret == RET_VOID || c->no_result)
        text_add(t, "?");
    else if (ret == RET_PTR || ret == RET_HEX)
        text_add(t, "%#" PRIx64, (uint64_t)result);
    else
        text_add(t, "%" PRId64, result);
    if (c->has_rv2 && !guest_errno)
        text_add(t, " (second result %" PRId64 ")", (int64_t)c->rv2);
}
