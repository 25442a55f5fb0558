/* From bytes to a tree: words with their quotes, operators, the grammar of POSIX's shell. */
#include "sh.h"

enum token {
    T_END, T_NEWLINE, T_WORD, T_NUMBER, /* a digit right before < or > */
    T_PIPE, T_AND, T_OR, T_SEMI, T_DSEMI, T_AMP, T_LPAREN, T_RPAREN, T_LESS, T_GREAT, T_DGREAT, T_LESSGREAT,
    T_DUP_IN, T_DUP_OUT, T_HERE, T_HERE_STRIP, T_CLOBBER,
};

static struct source *src;
static enum token     token;
static char          *token_text; /* of a word or a number */
static bool           have_token, failed;
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

static void prompt(const char *name)
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

static void syntax_error(const char *near)
{
    if (!failed && !interrupted)
        complain("syntax error near", near);
    failed = true;
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
    struct source  part = {.text = s + 1, .fd = -1, .back = -1}, *outer = src;
    struct text    t = {0};
    bool           before = failed;

    src = &part;
    failed = false;
    if (*s == '$')
        word_dollar(&t);
    else
        word_quoted(&t, *s);
    src = outer;
    failed = before;
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

static enum token operator(int c)
{
    switch (c) {
    case '\n': return T_NEWLINE;
    case '|': return follows('|') ? T_OR : T_PIPE;
    case '&': return follows('&') ? T_AND : T_AMP;
    case ';': return follows(';') ? T_DSEMI : T_SEMI;
    case '(': return T_LPAREN;
    case ')': return T_RPAREN;
    case '<': return less();
    default: return great();
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

static enum token peek(void)
{
    if (!have_token) {
        token = token_read();
        have_token = true;
        if (token == T_NEWLINE)
            here_bodies();
    }
    return token;
}

static void advance(void) { have_token = false; }

static bool accept(enum token t)
{
    if (peek() != t)
        return false;
    advance();
    return true;
}

static bool at_word(const char *w) { return peek() == T_WORD && strcmp(token_text, w) == 0; }

static bool accept_word(const char *w)
{
    if (!at_word(w))
        return false;
    advance();
    return true;
}

static void expect_word(const char *w)
{
    if (!accept_word(w))
        syntax_error(peek() == T_WORD ? token_text : w);
}

/* ---- here-documents: their bodies follow the line ---------------------------------------- */

static char *unquoted(const char *word, bool *quoted)
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

/* ---- grammar ------------------------------------------------------------------------------ */

static struct node *list(void);
static struct node *and_or(void);
static struct node *command(void);

static struct node *node_new(enum node_kind kind, struct node *a, struct node *b)
{
    struct node *n = mem_keep(sizeof(*n));

    n->kind = kind;
    n->a = a;
    n->b = b;
    return n;
}

static void word_append(struct word **list_at)
{
    struct word *w = mem_keep(sizeof(*w));

    w->text = token_text;
    while (*list_at)
        list_at = &(*list_at)->next;
    *list_at = w;
    advance();
}

static bool is_redirection(enum token t) { return t == T_NUMBER || (t >= T_LESS && t <= T_CLOBBER); }

static void redirection(struct redir **at)
{
    static const enum redir_kind kind_of[] = {
        [T_LESS] = R_IN, [T_GREAT] = R_OUT, [T_CLOBBER] = R_OUT, [T_DGREAT] = R_APPEND, [T_LESSGREAT] = R_READ_WRITE,
        [T_DUP_IN] = R_DUP, [T_DUP_OUT] = R_DUP, [T_HERE] = R_HERE, [T_HERE_STRIP] = R_HERE,
    };
    struct redir *r = mem_keep(sizeof(*r));
    enum token    op;

    r->fd = -1;
    if (peek() == T_NUMBER) {
        r->fd = (int)parse_int(token_text);
        advance();
    }
    op = peek();
    advance();
    if (peek() != T_WORD && peek() != T_NUMBER) {
        syntax_error("redirection");
        return;
    }
    r->kind = kind_of[op];
    if (r->fd < 0)
        r->fd = op == T_LESS || op == T_LESSGREAT || op == T_DUP_IN || r->kind == R_HERE ? 0 : 1;
    r->word = token_text;
    advance();
    if (r->kind == R_HERE) {
        r->word = unquoted(r->word, &r->literal);
        r->strip = op == T_HERE_STRIP;
        if (nhere == sizeof(here) / sizeof(*here))
            die("too many here-documents", 0);
        here[nhere++] = r;
    }
    while (*at)
        at = &(*at)->next;
    *at = r;
}

static bool is_assignment(const char *w)
{
    const char *p = w;

    while (is_name_char(*p, p == w))
        p++;
    return p > w && *p == '=';
}

static struct node *function_rest(struct word *name)
{
    struct node *n = node_new(N_FUNCTION, 0, 0);

    advance(); /* ( */
    if (!accept(T_RPAREN))
        syntax_error("(");
    while (accept(T_NEWLINE))
        continue;
    n->name = name->text;
    n->a = command();
    return n;
}

static struct node *simple(void)
{
    struct node *n = node_new(N_SIMPLE, 0, 0);

    while (!failed) {
        if (is_redirection(peek()))
            redirection(&n->redirs);
        else if (peek() != T_WORD)
            break;
        else if (!n->words && is_assignment(token_text))
            word_append(&n->assigns);
        else
            word_append(&n->words);
        if (n->words && !n->words->next && !n->redirs && peek() == T_LPAREN)
            return function_rest(n->words);
    }
    if (!n->words && !n->assigns && !n->redirs)
        syntax_error(peek() == T_END ? "end of file" : "unexpected operator");
    return n;
}

static void newlines(void)
{
    while (accept(T_NEWLINE))
        prompt("PS2");
}

/* if's part behind the word itself; elif is an if of its own. */
static struct node *if_rest(void)
{
    struct node *n = node_new(N_IF, list(), 0);

    expect_word("then");
    n->b = list();
    if (accept_word("elif")) {
        n->c = if_rest();
        return n;
    }
    if (accept_word("else"))
        n->c = list();
    expect_word("fi");
    return n;
}

static struct node *do_group(void)
{
    struct node *body;

    expect_word("do");
    body = list();
    expect_word("done");
    return body;
}

static struct node *loop_rest(enum node_kind kind)
{
    struct node *n = node_new(kind, list(), 0);

    n->b = do_group();
    return n;
}

static struct node *for_rest(void)
{
    struct node *n = node_new(N_FOR, 0, 0);

    if (peek() != T_WORD)
        syntax_error("for");
    n->name = token_text;
    advance();
    newlines();
    if (accept_word("in")) {
        while (peek() == T_WORD)
            word_append(&n->words);
    } else {
        n->words = mem_keep(sizeof(*n->words));
        n->words->text = keep_string("\"$@\"");
    }
    accept(T_SEMI);
    newlines();
    n->b = do_group();
    return n;
}

/* Items are nodes: words are the patterns, b the body, c the next one. */
static struct node *case_rest(void)
{
    struct node *n = node_new(N_CASE, 0, 0), **at = &n->c;

    if (peek() != T_WORD)
        syntax_error("case");
    n->name = token_text;
    advance();
    newlines();
    expect_word("in");
    newlines();
    while (!failed && !at_word("esac")) {
        struct node *item = node_new(N_CASE, 0, 0);

        accept(T_LPAREN);
        do
            word_append(&item->words);
        while (accept(T_PIPE));
        if (!accept(T_RPAREN))
            syntax_error("case");
        newlines();
        if (peek() != T_DSEMI && !at_word("esac"))
            item->b = list();
        *at = item;
        at = &item->c;
        if (!accept(T_DSEMI))
            break;
        newlines();
    }
    expect_word("esac");
    return n;
}

static struct node *compound(void)
{
    struct node *n;

    if (accept(T_LPAREN)) {
        n = node_new(N_SUBSHELL, list(), 0);
        if (!accept(T_RPAREN))
            syntax_error("(");
        return n;
    }
    if (accept_word("{")) {
        n = node_new(N_GROUP, list(), 0);
        expect_word("}");
        return n;
    }
    return accept_word("if")      ? if_rest()
           : accept_word("while") ? loop_rest(N_WHILE)
           : accept_word("until") ? loop_rest(N_UNTIL)
           : accept_word("for")   ? for_rest()
           : accept_word("case")  ? case_rest()
                                  : 0;
}

static struct node *command(void)
{
    struct node *n = compound();

    if (!n)
        return simple();
    while (is_redirection(peek()))
        redirection(&n->redirs);
    return n;
}

static struct node *pipeline(void)
{
    bool         not = accept_word("!");
    struct node *n = command();

    while (!failed && accept(T_PIPE)) {
        newlines();
        n = node_new(N_PIPE, n, command());
    }
    return not? node_new(N_NOT, n, 0) : n;
}

static struct node *and_or(void)
{
    struct node *n = pipeline();

    while (!failed && (peek() == T_AND || peek() == T_OR)) {
        enum node_kind kind = token == T_AND ? N_AND : N_OR;

        advance();
        newlines();
        n = node_new(kind, n, pipeline());
    }
    return n;
}

static bool at_end_of_list(void)
{
    static const char *const ends[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};

    if (peek() == T_END || token == T_RPAREN || token == T_DSEMI)
        return true;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (at_word(ends[i]))
            return true;
    return false;
}

static struct node *joined(struct node *n, struct node *more)
{
    return n ? node_new(N_SEQ, n, more) : more;
}

/* Commands up to a word or bracket that ends them. */
static struct node *list(void)
{
    struct node *n = 0;

    newlines();
    while (!failed && !at_end_of_list()) {
        struct node *one = and_or();

        if (peek() == T_AMP)
            one = node_new(N_BACKGROUND, one, 0);
        n = joined(n, one);
        if (!accept(T_AMP) && !accept(T_SEMI) && peek() != T_NEWLINE)
            break;
        newlines();
    }
    if (!n)
        syntax_error(peek() == T_WORD ? token_text : "empty list");
    return n;
}

static struct node *line(void)
{
    struct node *n = 0;

    while (!failed && peek() != T_NEWLINE && peek() != T_END) {
        struct node *one = and_or();

        if (peek() == T_AMP)
            one = node_new(N_BACKGROUND, one, 0);
        n = joined(n, one);
        if (!accept(T_AMP) && !accept(T_SEMI))
            break;
    }
    if (!failed && peek() != T_NEWLINE && peek() != T_END)
        syntax_error(peek() == T_WORD ? token_text : "unexpected operator");
    return n;
}

enum parsed parse_line(struct source *from, struct node **n)
{
    struct source *outer = src;
    enum parsed    r;

    src = from;
    have_token = failed = false;
    nhere = 0;
    prompt("PS1");
    *n = line();
    r = failed ? PARSED_ERROR : *n ? PARSED : token == T_END && !interrupted ? PARSED_END : PARSED_EMPTY;
    if (failed && src->prompt) /* the rest of a line that cannot be right */
        while (have_token && token != T_NEWLINE && token != T_END)
            token = token_read();
    have_token = false;
    src = outer;
    return r;
}

/* ---- back to text ------------------------------------------------------------------------- */

static void words_text(struct text *t, const struct word *w)
{
    for (; w; w = w->next) {
        if (t->len)
            text_put(t, ' ');
        text_add(t, w->text);
    }
}

void node_text(struct text *t, const struct node *n)
{
    static const char *const between[] = {[N_PIPE] = " | ", [N_AND] = " && ", [N_OR] = " || ", [N_SEQ] = "; "};

    switch (n->kind) {
    case N_SIMPLE:
        words_text(t, n->assigns);
        words_text(t, n->words);
        break;
    case N_PIPE:
    case N_AND:
    case N_OR:
    case N_SEQ:
        node_text(t, n->a);
        text_add(t, between[n->kind]);
        struct text right = {0};
        node_text(&right, n->b);
        text_add(t, text_end(&right));
        break;
    case N_SUBSHELL:
        text_add(t, "(");
        struct text inner = {0};
        node_text(&inner, n->a);
        text_add(t, text_end(&inner));
        text_add(t, ")");
        break;
    default: text_add(t, "{...}");
    }
}
