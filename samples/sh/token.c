/* From bytes to tokens: words with their quotes, operators, here-documents. */
#include "token.h"

enum token token;
char      *token_text;
bool       syntax_failed;

static struct source *src;
static bool           have_token;
static struct redir  *here[16]; /* whose bodies follow this line */
static int            nhere;

/* ---- bytes ---------------------------------------------------------------------- */

static int byte_get(void)
{
    unsigned char c;

    if (src->back >= 0) {
        int back = src->back;

        src->back = -1;
        return back;
    }
    if (src->text)
        return *src->text ? (unsigned char)*src->text++ : -1;
    while (!src->at_end && !interrupted) {
        long n = os_read(src->fd, &c, 1);

        if (n == 1)
            return c;
        src->at_end = n != -EINTR;
        if (src->prompt && !interrupted)
            traps_run(); /* at once, and not only when the line has ended */
    }
    return -1;
}

static void byte_back(int c) { src->back = c; }

void prompt(const char *name)
{
    if (src->prompt && var_get(name))
        print_to(2, "%s", var_get(name));
}

static int byte_peek(void)
{
    int c = byte_get();

    byte_back(c);
    return c;
}

void syntax_error(const char *near)
{
    if (!syntax_failed && !interrupted)
        complain("syntax error near", near);
    syntax_failed = true;
}

/* ---- words ------------------------------------------------------------------------- */

static void word_quoted(struct text *t, char quote);

/* $( ... ), ${ ... } or $(( ... )): up to the bracket that closes it. */
static void word_nested(struct text *t, char open, char close)
{
    int depth = 1, c;

    while (depth && (c = byte_get()) >= 0) {
        text_put(t, (char)c);
        if (c == '\\') {
            if ((c = byte_get()) >= 0)
                text_put(t, (char)c);
        } else if (c == '\'' || c == '"' || c == '`') {
            word_quoted(t, (char)c);
        } else {
            depth += (c == open) - (c == close);
        }
    }
    if (depth)
        syntax_error("end of file");
}

static void word_dollar(struct text *t)
{
    int c = byte_get();

    if (c == '(' || c == '{') {
        text_put(t, (char)c);
        word_nested(t, (char)c, c == '(' ? ')' : '}');
    } else {
        byte_back(c);
    }
}

static void word_quoted(struct text *t, char quote)
{
    int c;

    while ((c = byte_get()) >= 0) {
        if (c == '\n')
            prompt("PS2");
        if (c == '\\' && quote != '\'') {
            int next = byte_get();

            if (next == '\n' && quote == '"')
                continue;
            text_put(t, '\\');
            c = next;
        } else if (c == quote) {
            text_put(t, quote);
            return;
        }
        if (c >= 0)
            text_put(t, (char)c);
        if (c == '$' && quote == '"')
            word_dollar(t);
        if (c == '`' && quote == '"')
            word_quoted(t, '`');
    }
    syntax_error("end of file in quotes");
}

static bool ends_word(int c) { return c < 0 || find_char(" \t\n|&;()<>", (char)c); }

static void word_read(struct text *t)
{
    int c;

    while (!ends_word(c = byte_get())) {
        if (c == '\\') {
            int next = byte_get();

            if (next == '\n') {
                prompt("PS2");
                continue;
            }
            text_put(t, '\\');
            c = next < 0 ? '\\' : next;
            text_put(t, (char)c);
            continue;
        }
        text_put(t, (char)c);
        if (c == '\'' || c == '"' || c == '`')
            word_quoted(t, (char)c);
        else if (c == '$')
            word_dollar(t);
    }
    byte_back(c);
}

/* Length of a quoted or nested part: used again when the word is expanded. */
size_t part_end(const char *s)
{
    struct source part = {.text = s + 1, .fd = -1, .back = -1}, *outer = src;
    struct text   t = {0};
    bool          before = syntax_failed;

    src = &part;
    syntax_failed = false;
    if (*s == '$')
        word_dollar(&t);
    else
        word_quoted(&t, *s);
    src = outer;
    syntax_failed = before;
    return (size_t)(part.text - s) - 1;
}

/* ---- tokens --------------------------------------------------------------------------- */

static bool follows(char c)
{
    int next = byte_get();

    if (next == c)
        return true;
    byte_back(next);
    return false;
}

static enum token less(void)
{
    if (follows('<'))
        return follows('-') ? T_HERE_STRIP : T_HERE;
    return follows('&') ? T_DUP_IN : follows('>') ? T_LESSGREAT : T_LESS;
}

static enum token great(void)
{
    return follows('>') ? T_DGREAT : follows('&') ? T_DUP_OUT : follows('|') ? T_CLOBBER : T_GREAT;
}

static enum token operator(int c) {
    switch (c){
        case '\n' : return T_NEWLINE; case '|' : return follows('|') ? T_OR : T_PIPE;
        case '&' : return follows('&') ? T_AND : T_AMP;
        case ';' : return follows(';') ? T_DSEMI : T_SEMI;
        case '(' : return T_LPAREN;
        case ')' : return T_RPAREN;
        case '<' : return less();
        default : return great();
    }
}

static int skip_blanks(void)
{
    int c;

    for (;;) {
        c = byte_get();
        if (c == '#')
            while (c >= 0 && c != '\n')
                c = byte_get();
        if (c == '\\') {
            if (!follows('\n'))
                return c;
        } else if (c != ' ' && c != '\t') {
            return c;
        }
    }
}

static enum token token_read(void)
{
    struct text t = {0};
    int         c = skip_blanks();

    if (c < 0)
        return T_END;
    if (ends_word(c))
        return operator(c);
    if (c == '\\') {
        text_put(&t, '\\');
        text_put(&t, (char)byte_get());
    } else {
        byte_back(c);
    }
    word_read(&t);
    token_text = keep_string(text_end(&t));
    c = byte_peek();
    return (c == '<' || c == '>') && is_digits(token_text) ? T_NUMBER : T_WORD;
}

static void here_bodies(void);

enum token peek(void)
{
    if (!have_token) {
        token = token_read();
        have_token = true;
        if (token == T_NEWLINE)
            here_bodies();
    }
    return token;
}

void advance(void) { have_token = false; }

bool accept(enum token t)
{
    if (peek() != t)
        return false;
    advance();
    return true;
}

bool at_word(const char *w) { return peek() == T_WORD && strcmp(token_text, w) == 0; }

bool accept_word(const char *w)
{
    if (!at_word(w))
        return false;
    advance();
    return true;
}

void expect_word(const char *w)
{
    if (!accept_word(w))
        syntax_error(peek() == T_WORD ? token_text : w);
}

/* ---- here-documents: their bodies follow the line ---------------------------------------- */

char *unquoted(const char *word, bool *quoted)
{
    struct text t = {0};

    *quoted = false;
    for (; *word; word++)
        if (*word == '\'' || *word == '"' || *word == '\\')
            *quoted = true;
        else
            text_put(&t, *word);
    return keep_string(text_end(&t));
}

static char *line_read(bool strip)
{
    struct text t = {0};
    int         c;

    prompt("PS2");
    while ((c = byte_get()) >= 0 && c != '\n')
        if (!(strip && !t.len && c == '\t'))
            text_put(&t, (char)c);
    return c < 0 && !t.len ? 0 : text_end(&t);
}

static void here_bodies(void)
{
    for (int i = 0; i < nhere; i++) {
        struct text t = {0};
        char       *line;

        while ((line = line_read(here[i]->strip)) && strcmp(line, here[i]->word) != 0) {
            text_add(&t, line);
            text_put(&t, '\n');
        }
        here[i]->body = keep_string(text_end(&t));
    }
    nhere = 0;
}

void here_awaits(struct redir *r)
{
    if (nhere == sizeof(here) / sizeof(*here))
        die("too many here-documents", 0);
    here[nhere++] = r;
}

/* ---- where they come from ----------------------------------------------------------------- */

struct source *tokens_begin(struct source *from)
{
    struct source *outer = src;

    src = from;
    have_token = syntax_failed = false;
    nhere = 0;
    return outer;
}

void tokens_end(struct source *outer)
{
    if (syntax_failed && src->prompt)
        while (have_token && token != T_NEWLINE && token != T_END)
            token = token_read();
    have_token = false;
    src = outer;
}
