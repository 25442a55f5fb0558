/* sh/token.h: what the grammar (parse.c) sees of the text. */
#ifndef SAMPLE_SH_TOKEN_H
#define SAMPLE_SH_TOKEN_H

#include "sh.h"

enum token {
    T_END,
    T_NEWLINE,
    T_WORD,
    T_NUMBER, /* a digit right before < or > */
    T_PIPE,
    T_AND,
    T_OR,
    T_SEMI,
    T_DSEMI,
    T_AMP,
    T_LPAREN,
    T_RPAREN,
    T_LESS,
    T_GREAT,
    T_DGREAT,
    T_LESSGREAT,
    T_DUP_IN,
    T_DUP_OUT,
    T_HERE,
    T_HERE_STRIP,
    T_CLOBBER,
};

extern enum token token;         /* what peek found last */
extern char      *token_text;    /* of a word or a number */
extern bool       syntax_failed; /* by syntax_error, since tokens_begin */

/* Tokens come from there until tokens_end, which gets what this gives: where they came from before. */
struct source *tokens_begin(struct source *from);
/* Behind an error at a prompt it passes over the rest of the line, which cannot be right. */
void tokens_end(struct source *outer);

enum token peek(void); /* the next one, which stays the next until advance */
void       advance(void);
bool       accept(enum token t); /* advances when it is next */
bool       at_word(const char *w);
bool       accept_word(const char *w);
void       expect_word(const char *w); /* anything else is a syntax error */
void       syntax_error(const char *near);
void       prompt(const char *name); /* PS1 or PS2, where prompts are given */

/* r's body follows the line (r->word ends it): it is there once the line's end has been peeked at. */
void  here_awaits(struct redir *r);
char *unquoted(const char *word, bool *quoted);

#endif
