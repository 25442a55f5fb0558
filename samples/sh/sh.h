/*
 * sh/sh.h: a small POSIX shell.
 *
 * Words are kept as they were written, quotes and all, until they are expanded.
 * What an expansion makes lives on the scratch stack and goes when the command
 * has been run (mem_mark, mem_release); trees and functions stay for ever.
 */
#ifndef SAMPLE_SH_H
#define SAMPLE_SH_H

#include "sample.h"

/* ---- mem.c: two stacks of memory, one that is given back and one that is not */
void  *mem_get(size_t n);  /* scratch; 16-byte aligned, zeroed */
void  *mem_keep(size_t n); /* for ever */
size_t mem_mark(void);
void   mem_release(size_t mark);
char  *keep_string(const char *s);

/* A string that grows on the scratch stack. */
struct text {
    char  *s;
    size_t len, cap;
};
void           text_put(struct text *t, char c);
void           text_add(struct text *t, const char *s);
char          *text_end(struct text *t);
bool           is_name_char(char c, bool first);
bool           is_digits(const char *s);
char          *find_char(const char *s, char c); /* NULL: not there; finds the NUL, too */
_Noreturn void die(const char *what, const char *with);
void           complain(const char *what, const char *with);

/* ---- parse.c */
enum node_kind {
    N_SIMPLE,
    N_PIPE,
    N_AND,
    N_OR,
    N_SEQ,
    N_BACKGROUND,
    N_NOT,
    N_SUBSHELL,
    N_GROUP,
    N_IF,
    N_WHILE,
    N_UNTIL,
    N_FOR,
    N_CASE,
    N_FUNCTION,
};

struct word {
    struct word *next;
    char        *text;
};

enum redir_kind { R_IN, R_OUT, R_APPEND, R_READ_WRITE, R_DUP, R_HERE };

struct redir {
    struct redir   *next;
    int             fd;
    enum redir_kind kind;
    char           *word;           /* file, descriptor or "-"; the end of a here-document */
    char           *body;           /* of a here-document */
    bool            literal, strip; /* its end was quoted; <<- */
};

struct node {
    enum node_kind kind;
    struct node   *a, *b, *c; /* left and right; condition, body and else; next item of a case */
    struct word   *assigns, *words;
    struct redir  *redirs;
    char          *name; /* of a for's variable, a function, a case's word */
};

enum parsed { PARSED, PARSED_EMPTY, PARSED_ERROR, PARSED_END };

struct source {
    const char *text; /* what is left of a string; NULL: bytes come from fd */
    int         fd;
    bool        prompt, at_end;
    int         back; /* a byte that was given back, -1: none */
};
/* Reads one line's worth of commands; *n is NULL when the line was empty. */
enum parsed parse_line(struct source *src, struct node **n);
void        node_text(struct text *t, const struct node *n); /* what jobs prints */

/* ---- token.c
 * Where a quoted or nested part that begins at s[0] ends: the index of its last byte. */
size_t part_end(const char *s);

/* ---- vars.c */
void        vars_init(char **envp);
const char *var_get(const char *name); /* NULL: not set */
void        var_set(const char *name, const char *value);
void        var_assign(const char *assignment, bool export); /* NAME=VALUE */
void        var_export(const char *name);
void        var_unset(const char *name);
char      **var_environment(void);
struct params {
    char **v; /* $1 is v[0] */
    int    n;
};
extern struct params params;
extern const char   *shell_name; /* $0 */
struct node         *function_get(const char *name);
void                 function_set(const char *name, struct node *body);

/* ---- expand.c, glob.c, arith.c */
struct word *expand_words(const struct word *w); /* fields, in order */
char        *expand_one(const char *word);       /* no splitting, no patterns */
char        *expand_pattern(const char *word);   /* quoted characters get a backslash */
char        *expand_here(const char *body);
bool         pattern_matches(const char *pattern, const char *s);
struct word *glob(const char *pattern); /* sorted; NULL: no match */
long         arith(const char *s);

/* ---- run.c */
extern int     last_status; /* $? */
extern bool    option_errexit, option_monitor, interactive;
extern int     skip_levels; /* of loops that break or continue ends */
extern bool    skip_continue, skip_return;
int            run_node(struct node *n, bool no_errexit);
int            run_source(struct source *src);
int            run_string(const char *s);
char          *command_output(const char *s); /* command substitution */
_Noreturn void shell_exit(int status);
int            redirect_all(struct redir *r, bool saving);
void           redirect_undo(int mark);
int            redirect_mark(void);
void           redirect_forget(int mark);
_Noreturn void exec_program(struct word *words);

/* ---- jobs.c */
enum job_state { JOB_FREE, JOB_RUNNING, JOB_STOPPED, JOB_DONE };
#define JOB_PIDS 16
struct job {
    enum job_state state;
    int            pgid, npids, pids[JOB_PIDS], status; /* status: the last one's, as wait says */
    bool           gone[JOB_PIDS], stopped[JOB_PIDS], told;
    char           text[128];
};
extern int  last_background; /* $! */
void        jobs_init(void);
void        jobs_forget(void); /* in a subshell */
struct job *job_new(const struct node *n);
/* Forks: in the child the process group, the terminal and signals are set up.  0 in the child. */
int         job_fork(struct job *j, bool foreground);
int         job_wait(struct job *j); /* until it has ended or stopped; its status as $? */
int         job_number(const struct job *j);
struct job *job_named(const char *name); /* %1, %+, %%, a process number; NULL: no such job */
void        jobs_notify(void);
int         job_foreground(struct job *j);
int         job_background(struct job *j);
void        jobs_list(void);
int         jobs_wait_all(void);
bool        jobs_poll(void);                     /* false: there are no children */
int         jobs_wait_trap(const struct job *j); /* while it runs, NULL: any; 0, or whose trap came */
int         status_of(int wait_status);

/* ---- trap.c */
void                 trap_init(void);
void                 trap_set(int sig, const char *action); /* NULL: default; sig 0: at exit */
void                 traps_reset(void);                     /* in a subshell */
void                 traps_for_child(void);                 /* before a program is executed */
int                  traps_run(void);                       /* the number of a signal whose trap has run, or 0 */
bool                 trap_pending(void);
int                  trap_pending_signal(void);
void                 trap_exit(void);
void                 traps_print(void);
struct os_sigset     signals_caught(void);
int                  signal_number(const char *name); /* -1: no such signal */
const char          *signal_name(int sig);            /* without SIG */
extern volatile bool interrupted;                     /* SIGINT came to an interactive shell */
void                 signals_interactive(void);

/* ---- builtin.c, test.c */
typedef int builtin_fn(struct word *args, int n);
builtin_fn *builtin_find(const char *name, bool *special);
int         builtin_test(struct word *args, int n);
int         builtin_printf(struct word *args, int n);
int         builtin_read(struct word *args, int n);

#endif
