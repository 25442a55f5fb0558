/*
 * abi/abi.h: what a foreign kernel looks like to a program.
 *
 * Everything here is data or a pure function of its arguments: nothing in abi/
 * makes a host call, takes a lock or knows which door is in use.  A guest
 * number (call, errno, signal, flag) never leaves this folder unconverted; the
 * code in syscalls/ and compat/ sees host values, or the neutral values of
 * abi/neutral.h where Linux has no equal.
 */
#ifndef DRAGOMAN_ABI_ABI_H
#define DRAGOMAN_ABI_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/caprights.h"
#include "abi/neutral.h"

/* A guest address.  A struct, so that it is never dereferenced by mistake. */
typedef struct {
    uint64_t va;
} gva;
#define GVA(x) ((gva){(uint64_t)(x)})

/* ---- rows: one system call of one ABI ---------------------------------- */

/*
 * How an argument reads.  The kind fixes the C type that a handler receives,
 * so narrowing and sign extension happen once, in syscalls/marshal.c.
 */
enum arg_kind {
    ARG_NONE,
    ARG_INT,          /* int, sign-extended from the low half */
    ARG_UINT,         /* unsigned int (mode_t, uid_t, ...) */
    ARG_MODE,         /* unsigned int, printed in octal */
    ARG_LONG,         /* int64_t (off_t, time_t, long) */
    ARG_ULONG,        /* uint64_t (size_t, u_long, id_t, ...) */
    ARG_FD,           /* int: a guest descriptor */
    ARG_DIRFD,        /* int: a guest descriptor or the guest's AT_FDCWD */
    ARG_PTR,          /* gva: an address that the call does not read through, or reads in its own way */
    ARG_PATH,         /* gva: NUL-terminated path */
    ARG_STR,          /* gva: NUL-terminated string */
    ARG_STRV,         /* gva: NULL-terminated vector of strings */
    ARG_IN_BUF,       /* gva: bytes read by the call; .len names the argument that counts them */
    ARG_OUT_BUF,      /* gva: bytes written by the call; .len as above */
    ARG_FLAGS,        /* uint64_t: bits converted to host/neutral values by .of (struct flag_group) */
    ARG_ENUM,         /* int64_t: one value converted by .of (struct flag_group) */
    ARG_SIGNO,        /* int: a guest signal number, not converted */
    ARG_IN_STRUCT,    /* const void *: .of (struct layout) copied in and converted; NULL for a null pointer */
    ARG_OUT_STRUCT,   /* void *: host struct, converted and copied out on success; NULL for a null pointer */
    ARG_INOUT_STRUCT, /* void *: both */
    ARG_OUT_ALWAYS,   /* void *: like OUT_STRUCT, but copied out on -EINTR too (nanosleep's remainder) */
    ARG_IN_IOV,       /* gva: struct iovec array (same layout in every 64-bit ABI); .len counts entries */
    ARG_OUT_IOV,      /* gva: same, filled by the call */
    ARG_OUT_INT,      /* gva: pointer to an int the call writes */
    ARG_OUT_LONG,     /* gva: pointer to a long the call writes */
    ARG_KINDS,
};

struct layout;
struct arg {
    const char          *name;
    uint8_t              kind; /* enum arg_kind */
    uint8_t              len;  /* ARG_*_BUF, ARG_*_IOV: index of the counting argument; LEN_RESULT: the result counts */
    const void          *of;   /* struct flag_group or struct layout */
    const struct layout *show; /* for tracing, of ARG_*_BUF: the elements that .len counts, NULL: bytes;
                                * of ARG_PTR: what is there, before the call, or after it when .len is LEN_RESULT;
                                * an fd_set when .len counts */
};
#define LEN_RESULT 255
#define LEN_NONE   254
#define ARGS_MAX   8

enum row_state {
    ROW_HOLE, /* the foreign kernel has no such call */
    ROW_FULL,
    ROW_PARTIAL, /* .gap says in one sentence what is missing */
    ROW_MISSING, /* the foreign kernel has it, we do not */
    ROW_STATES,
};

enum row_ret { RET_INT, RET_SIZE, RET_PTR, RET_FD, RET_VOID, RET_HEX, RET_KINDS };

/* Where a row runs under the notify door, a word in its table; ASKED: in the provider, which needs no frame for it. */
enum row_where { IN_PROVIDER, ASKED, IN_GATE };

#define HOST_NONE (-1)

struct row {
    uint16_t    nr;
    uint8_t     state; /* enum row_state */
    uint8_t     ret;   /* enum row_ret, for tracing */
    uint8_t     where; /* enum row_where */
    uint8_t     nargs;
    int16_t     host;      /* host call number when the row needs no handler, else HOST_NONE */
    const char *name;      /* the foreign kernel's own name */
    const char *gap;       /* what is missing, one sentence; NULL when full */
    void (*handler)(void); /* called through libffi as int64_t (*)(struct call *, ...) */
    struct arg args[ARGS_MAX];
};

/* ---- flags, enumerations, structures ----------------------------------- */

/*
 * One bit or one value.  Bits of a group may overlap in a multi-bit field:
 * .mask is the field, .guest its value.  Host value 0 in a flags group means:
 * known, accepted, and without effect here (the reason is in the comment).
 */
struct flag {
    const char *name;
    uint64_t    guest;
    uint64_t    mask; /* 0: same as guest */
    uint64_t    host; /* host or neutral (D_*) value */
};

enum flag_unknown { UNKNOWN_EINVAL, UNKNOWN_IGNORE, UNKNOWN_KEEP };

struct flag_group {
    const char        *name;
    const struct flag *flags;
    uint16_t           count;
    uint8_t            unknown; /* enum flag_unknown: what the foreign kernel does with bits not listed */
    bool               wide;    /* 64 bits are read, else the low 32 */
};

enum field_kind {
    FIELD_UINT,  /* widened with zeros, truncated when the other side is narrower */
    FIELD_SINT,  /* widened with the sign */
    FIELD_BYTES, /* copied; the rest of the longer side is zeroed */
    FIELD_FLAGS, /* converted by .of (struct flag_group), as flags */
    FIELD_ENUM,  /* converted by .of, as one value */
    FIELD_PTR,   /* guest address, uint64_t on the host side */
    FIELD_MODE,  /* as UINT, printed in octal */
};

struct field {
    const char *name;
    uint16_t    goff, gsize; /* in the guest's structure */
    uint16_t    hoff, hsize; /* in the host's or neutral structure */
    uint8_t     kind;        /* enum field_kind */
    const void *of;
};

/* Bytes of the guest structure that no field names are written as zero. */
struct layout {
    const char         *name;
    uint16_t            gsize, hsize;
    uint16_t            count;
    const struct field *fields;
    void (*to_guest)(const void *host, void *guest); /* compiled from the fields (abi/layout.h); NULL: they are read */
};
#define LAYOUT_HOST_MAX  512 /* hsize and gsize of every layout used by a row stay below this, except by handlers */
#define LAYOUT_GUEST_MAX 2560

/* ---- registers --------------------------------------------------------- */

/* In the order of Linux's struct user_regs_struct, so that both doors can use it as it is. */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
    uint64_t rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
#define EFLAGS_CF 0x1u

/* ---- start of a program ------------------------------------------------- */

/* What the loader knows about a mapped program when it asks for its first stack. */
struct start_in {
    uint64_t           stack_top;  /* page aligned; bytes below it are writable */
    uint64_t           stack_size; /* the stack limit, bytes */
    uint64_t           entry;      /* program entry, load bias applied */
    uint64_t           phdr;       /* address of the program headers, 0 if not mapped */
    uint16_t           phnum, phent;
    uint64_t           base;         /* interpreter's load base, 0 when static */
    uint64_t           interp_entry; /* 0 when static */
    const char        *execpath;     /* absolute path of the program */
    const char *const *argv;
    int                argc;
    const char *const *envp;
    int                envc;
    uint8_t            random[64];
    unsigned           ncpus;
    uint64_t           support; /* address of the support page (signal trampoline) */
    bool               exec_stack;
};

struct start_out {
    uint8_t    *bytes; /* owned by the caller, free() */
    size_t      len;
    uint64_t    at; /* where the bytes go; at + len == stack_top */
    struct regs regs;
    uint64_t    ps_strings;
};

/* ---- signal frames ------------------------------------------------------- */

struct sigframe_in {
    struct regs     regs;   /* interrupted state, as the guest sees it */
    const void     *xstate; /* XSAVE image, standard format */
    size_t          xstate_len;
    struct sigset   mask; /* to be restored by sigreturn */
    struct ksiginfo info; /* guest numbers */
    uint64_t        handler;
    uint64_t        sa_flags; /* D_SA_* */
    uint64_t        altstack_sp, altstack_size;
    bool            altstack_on, altstack_disabled; /* already running on it; none set */
    uint64_t        support;
};

struct sigframe_out {
    uint8_t    *bytes; /* owned by the caller, free() */
    size_t      len;
    uint64_t    at;
    struct regs regs; /* at the handler's (or trampoline's) first instruction */
};

struct sigreturn_out {
    struct regs   regs;
    struct sigset mask;
    bool          onstack;
    bool          has_fs_base;
    const void   *fxsave;  /* 512 bytes inside the parsed bytes, or NULL */
    uint64_t      xtra_at; /* guest address of the extended part (XSAVE header on), 0 when none */
    uint64_t      xtra_len;
};

/* What is known of an ELF file when its ABI is asked for. */
struct elf_id {
    uint8_t        osabi;
    const uint8_t *ident;  /* 16 bytes */
    const char    *interp; /* NULL when static */
    const struct elf_note {
        char           name[16];
        uint32_t       type;
        uint32_t       descsz;
        const uint8_t *desc;
    } * notes;
    unsigned nnotes;
};

enum abi_match { ABI_NO, ABI_MAYBE_INTERP, ABI_YES_OSABI, ABI_YES_NOTE };

struct sock_abi;

/* Which rows the gate serves by itself; NONE also where they are turned off (--trace). */
enum gate_rows { GATE_ROWS_NONE, GATE_ROWS_FREEBSD };

struct abi {
    unsigned          gate_rows; /* enum gate_rows */
    const char       *name;      /* "freebsd-amd64" */
    const char       *os;        /* "FreeBSD" */
    const struct row *rows;      /* indexed by number */
    unsigned          nrows;

    const int16_t     *errno_from_host; /* indexed by host errno up to ERRNO_HOST_MAX; every entry > 0 but [0] */
    const char *const *errno_name;      /* by guest errno, NULL in holes */
    unsigned           nerrno;

    const uint8_t     *sig_from_host; /* 65 entries; 0: no such signal here */
    const uint8_t     *sig_to_host;   /* nsig + 1 entries; 0: no such host signal */
    const char *const *sig_name;      /* nsig + 1 entries */
    const uint8_t     *sig_default;   /* enum sig_default by guest number */
    unsigned           nsig;          /* highest signal number */
    int (*sigcode_from_host)(int guest_sig, int host_code);
    const struct flag_group *sigcodes; /* for traces: signal number << 32 | code, by name */
    /* A CPU fault, as the host reports it: the guest's signal, code and trap number go into *info. */
    void (*fault)(int host_sig, int host_code, struct ksiginfo *info);
    bool enosys_sigsys; /* unknown call numbers also send SIGSYS */

    uint64_t stack_limit; /* the foreign kernel's default, bytes */
    uint64_t at_fdcwd;

    const struct sock_abi *sock; /* abi/sock.h */

    /* Capabilities (Capsicum); cap_rows NULL: this kernel has none. */
    const struct cap_row *cap_rows;    /* indexed by number */
    int                   cap_sigcode; /* of the trap signal that a refused call may send */
    int (*caprights_in)(const uint64_t guest[CAPRIGHTS_WORDS], caprights *out); /* 0, -1: no set of rights */
    void (*caprights_out)(caprights rights, uint64_t guest[CAPRIGHTS_WORDS]);

    int sig_info; /* asks for the terminal's status; the host has none.  0: nor has this kernel */

    const struct layout     *stat_layout; /* the current forms, for handlers that need one by themselves */
    const struct layout     *semid_layout, *shmid_layout, *msqid_layout; /* System V IPC; struct semid_ds and so on */
    const struct layout     *old_semid_layout, *old_shmid_layout, *old_msqid_layout; /* as they once were */
    const struct layout     *flock_layout, *oflock_layout; /* fcntl's, and its older form; struct flock */
    const struct flag_group *open_flags;                   /* for F_GETFL and F_SETFL */

    enum abi_match (*match)(const struct elf_id *id);
    int32_t (*release)(const struct elf_id *id); /* that its note says it was built for, 0: it does not say */
    int elf_osabi;                               /* EI_OSABI of its programs; 0: that says nothing */
    /* Arguments that are in registers; returns how many.  The rest are on the stack at *stack. */
    unsigned (*args)(const struct regs *r, uint64_t raw[ARGS_MAX], uint64_t *stack);
    /* The call number after unfolding syscall(0)-style indirection was not needed. */
    bool (*is_indirect)(unsigned nr);
    void (*result)(struct regs *r, int64_t value, bool has_rv2, uint64_t rv2);
    void (*result_errno)(struct regs *r, int guest_errno);
    void (*restart)(struct regs *r, uint64_t nr);
    void (*fork_child)(struct regs *r); /* registers of the child of fork, made from the parent's */
    void (*thread)(struct regs *r, uint64_t entry, uint64_t arg, uint64_t stack_base, uint64_t stack_size);

    int (*start)(const struct start_in *in, struct start_out *out); /* 0, -ENOMEM, -E2BIG */
    size_t (*support_page)(uint8_t *page, size_t size);             /* fills it, returns bytes used; 0: none */
    int (*sigframe)(const struct sigframe_in *in, struct sigframe_out *out);
    size_t ucontext_size;                                              /* bytes that sigreturn reads */
    int (*sigreturn)(const void *ucontext, struct sigreturn_out *out); /* 0 or -EINVAL */
    /* Where contexts are the kernel's: getcontext_size bytes from regs, xstate and mask of in.  0, -ENOMEM. */
    int (*getcontext)(const struct sigframe_in *in, void *ucontext);
    size_t getcontext_size;
};

enum sig_default { SIGDEF_TERM, SIGDEF_CORE, SIGDEF_IGN, SIGDEF_STOP, SIGDEF_CONT };

#define ERRNO_HOST_MAX 136 /* the host's own, and those of neutral.h */

extern const struct abi *const abi_list[];                    /* NULL-terminated; abi/registry.c has one line an ABI */
const struct abi              *abi_by_name(const char *name); /* NULL when unknown */

#endif
