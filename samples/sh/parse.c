/* From tokens to a tree: the grammar of POSIX's shell. */
#include "token.h"

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
        [T_LESS] = R_IN,
        [T_GREAT] = R_OUT,
        [T_CLOBBER] = R_OUT,
        [T_DGREAT] = R_APPEND,
        [T_LESSGREAT] = R_READ_WRITE,
        [T_DUP_IN] = R_DUP,
        [T_DUP_OUT] = R_DUP,
        [T_HERE] = R_HERE,
        [T_HERE_STRIP] = R_HERE,
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
        here_awaits(r);
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

    while (!syntax_failed) {
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
    while (!syntax_failed && !at_word("esac")) {
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
    bool not = accept_word("!");
    struct node *n = command();

    while (!syntax_failed && accept(T_PIPE)) {
        newlines();
        n = node_new(N_PIPE, n, command());
    }
    return not ? node_new(N_NOT, n, 0) : n;
}

static struct node *and_or(void)
{
    struct node *n = pipeline();

    while (!syntax_failed && (peek() == T_AND || peek() == T_OR)) {
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

static struct node *joined(struct node *n, struct node *more) { return n ? node_new(N_SEQ, n, more) : more; }

/* Commands up to a word or bracket that ends them. */
static struct node *list(void)
{
    struct node *n = 0;

    newlines();
    while (!syntax_failed && !at_end_of_list()) {
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

    while (!syntax_failed && peek() != T_NEWLINE && peek() != T_END) {
        struct node *one = and_or();

        if (peek() == T_AMP)
            one = node_new(N_BACKGROUND, one, 0);
        n = joined(n, one);
        if (!accept(T_AMP) && !accept(T_SEMI))
            break;
    }
    if (!syntax_failed && peek() != T_NEWLINE && peek() != T_END)
        syntax_error(peek() == T_WORD ? token_text : "unexpected operator");
    return n;
}

enum parsed parse_line(struct source *from, struct node **n)
{
    struct source *outer = tokens_begin(from);
    enum parsed    r;

    prompt("PS1");
    *n = line();
    if (syntax_failed)
        r = PARSED_ERROR;
    else if (*n)
        r = PARSED;
    else
        r = token == T_END && !interrupted ? PARSED_END : PARSED_EMPTY;
    tokens_end(outer);
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
