/*
 * abi/freebsd/row_args.h: the words of syscalls.tbl that describe arguments.  For
 * whoever expands the table: table.c, and the gate for its own rows.
 */
/* Arguments, see the head of syscalls.tbl. */
#define A_(n, k, l, o)                                                                                                 \
    {                                                                                                                  \
        .name = #n, .kind = (k), .len = (l), .of = (o)                                                                 \
    }
#define INT(n)        A_(n, ARG_INT, LEN_NONE, NULL)
#define UINT(n)       A_(n, ARG_UINT, LEN_NONE, NULL)
#define MODE(n)       A_(n, ARG_MODE, LEN_NONE, NULL)
#define LONG(n)       A_(n, ARG_LONG, LEN_NONE, NULL)
#define ULONG(n)      A_(n, ARG_ULONG, LEN_NONE, NULL)
#define SIZE(n)       A_(n, ARG_ULONG, LEN_NONE, NULL)
#define FD(n)         A_(n, ARG_FD, LEN_NONE, NULL)
#define DIRFD(n)      A_(n, ARG_DIRFD, LEN_NONE, NULL)
#define SIGNO(n)      A_(n, ARG_SIGNO, LEN_NONE, NULL)
#define PTR(n)        A_(n, ARG_PTR, LEN_NONE, NULL)
#define PTR_OF(n, g)  A_(n, ARG_PTR, LEN_NONE, &freebsd_flags_##g)
#define PATH(n)       A_(n, ARG_PATH, LEN_NONE, NULL)
#define STR(n)        A_(n, ARG_STR, LEN_NONE, NULL)
#define STRV(n)       A_(n, ARG_STRV, LEN_NONE, NULL)
#define OUT_INT(n)    A_(n, ARG_OUT_INT, LEN_NONE, NULL)
#define OUT_LONG(n)   A_(n, ARG_OUT_LONG, LEN_NONE, NULL)
#define IN_BUF(n, i)  A_(n, ARG_IN_BUF, i, NULL)
#define OUT_BUF(n, i) A_(n, ARG_OUT_BUF, i, NULL)
/* Elements that the handler converts by itself; .of is what it finds in its row. */
#define ARRAY_(n, k, i, o, l)                                                                                          \
    {                                                                                                                  \
        .name = #n, .kind = (k), .len = (i), .of = (o), .show = &freebsd_layout_##l                                    \
    }
#define IN_ARRAY(n, i, l)        ARRAY_(n, ARG_IN_BUF, i, &freebsd_layout_##l, l)
#define OUT_ARRAY(n, i, l)       ARRAY_(n, ARG_OUT_BUF, i, &freebsd_layout_##l, l)
#define OUT_ARRAY_OF(n, i, l, g) ARRAY_(n, ARG_OUT_BUF, i, &freebsd_flags_##g, l)
#define IN_PTR(n, l)             ARRAY_(n, ARG_PTR, LEN_NONE, &freebsd_layout_##l, l)
#define OUT_PTR(n, l)            ARRAY_(n, ARG_PTR, LEN_RESULT, &freebsd_layout_##l, l)
#define FDSET(n, i)                                                                                                    \
    {                                                                                                                  \
        .name = #n, .kind = ARG_PTR, .len = (i), .show = &freebsd_layout_fd_set                                        \
    }
#define IN_IOV(n, i)     A_(n, ARG_IN_IOV, i, NULL)
#define OUT_IOV(n, i)    A_(n, ARG_OUT_IOV, i, NULL)
#define FLAGS(n, g)      A_(n, ARG_FLAGS, LEN_NONE, &freebsd_flags_##g)
#define ENUM(n, g)       A_(n, ARG_ENUM, LEN_NONE, &freebsd_flags_##g)
#define IN(n, l)         A_(n, ARG_IN_STRUCT, LEN_NONE, &freebsd_layout_##l)
#define OUT(n, l)        A_(n, ARG_OUT_STRUCT, LEN_NONE, &freebsd_layout_##l)
#define INOUT(n, l)      A_(n, ARG_INOUT_STRUCT, LEN_NONE, &freebsd_layout_##l)
#define PTRTO(n, l)      A_(n, ARG_PTR, LEN_NONE, &freebsd_layout_##l) /* the handler converts, by c->row */
#define OUT_ALWAYS(n, l) A_(n, ARG_OUT_ALWAYS, LEN_NONE, &freebsd_layout_##l)

#define NARGS_(...) (sizeof((struct arg[]){__VA_ARGS__}) / sizeof(struct arg))
#define ROW_(n, nm, st, r, ...)                                                                                        \
    .nr = (n), .name = #nm, .state = (st), .ret = (r), .nargs = NARGS_(__VA_ARGS__), .args = {__VA_ARGS__}
