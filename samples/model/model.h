/*
 * model.h: random programs of table and file operations, for comparing one kernel with another.
 *
 * A program is a list of operations, each for one actor: a process or a thread.  Actors take turns, handing a token
 * on through memory that all of them map, so a program has one meaning only; what it did is written, one line an
 * operation, to that memory.  Lists are made from a seed, or read from a file, so that a list can be shortened.
 */
#ifndef SAMPLE_MODEL_H
#define SAMPLE_MODEL_H

#include "sample.h"

#define ACTORS     6
#define OP_ARGS    5
#define BUF_SIZE   (80 * 1024)
#define BACKS_AT   (64l << 20) /* the text ends there; back.c */
#define STATE_SIZE (98l << 20)
#define LIMIT      1024 /* descriptors of a process */
#define KEPT       48   /* a new descriptor at or above it is closed again, so that the table stays small */

/* ---- program.c: the list */
struct op {
    uint16_t kind, actor;
    int64_t  arg[OP_ARGS];
};

enum {
#define OP(name, args, weight) OP_##name,
#include "model/ops.def"
#undef OP
    OP_KINDS
};

extern struct op *program;
extern uint32_t   program_len;

void program_generate(uint64_t seed, uint32_t n);
void program_read(const char *path);
void program_print(void);
void program_print_op(char *buf, size_t size, const struct op *op);

/* ---- report.c: what all actors share, at the begin of the file; the text follows */
struct actor {
    uint32_t wake; /* futex */
    uint32_t live, is_thread;
    uint32_t proc;   /* actor that the process began with */
    uint32_t parent; /* of a process: actor that its parent began with */
    uint32_t quit;   /* who told it to end, plus one */
    int32_t  pid;
};

struct state {
    uint32_t     holder; /* of the token */
    uint32_t     next;   /* index of the operation to come */
    uint64_t     used;   /* bytes of text */
    struct actor actors[ACTORS];
};
extern struct state *state;
extern const char   *state_path;
extern bool          lying; /* a test of the tester: some results are reported wrong */

#define STATE_HEAD 4096

void     state_open(const char *path, bool fresh);
void     say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void     say_result(long r); /* a number, or an error's name, and the end of the line */
void     say_table(void);    /* every open descriptor with its flags and its offset */
void     say_files(void);    /* every name, with its bytes */
uint32_t hash_bytes(uint32_t h, const void *p, size_t n);

/* ---- model.c */
extern char **sample_argv, **sample_envp;

/* ---- actors.c */
bool actor_wait(uint32_t me); /* until it is our turn; false: we are to end */
void actor_run(uint32_t me);  /* until it is told to end; for actor 0, until the program is over */
void actor_leave(uint32_t me);
void op_fork(uint32_t me, const struct op *op);
void op_thread(uint32_t me, const struct op *op);
void op_reap(uint32_t me, const struct op *op);
void op_exec(uint32_t me, const struct op *op);

/* ---- tables.c, files.c, names.c, burst.c: the operations */
typedef void op_fn(uint32_t me, const struct op *op);
#define OP(name, args, weight) op_fn op_##name;
#include "model/ops.def"
#undef OP

#define PATHS     14
#define PATH_FIFO 10
extern const char *const paths[PATHS];
const char              *path_of(int64_t n);
void                     names_setup(void);

/* Neutral flags of an open, and the kernel's. */
enum {
    M_WRONLY = 1,
    M_RDWR = 2,
    M_NONBLOCK = 4,
    M_APPEND = 8,
    M_CREAT = 16,
    M_TRUNC = 32,
    M_EXCL = 64,
    M_CLOEXEC = 128,
    M_DIRECTORY = 256,
    M_NOFOLLOW = 512
};
int  flags_to_os(int64_t m);
void flags_say(long fl);

#endif
