/* Expansion of words: parameters, commands, arithmetic, fields, quotes. */
#include "sh.h"

/*
 * Fields in the making.  Characters that a quote protects are marked by a
 * backslash before them, so that glob and pattern matching can tell; the marks
 * are taken away at the end.
 */
struct fields {
    struct word *first, **last;
    struct text  now;
    bool         open; /* the field exists, even when it is empty */
    bool         split, globs;
};

static void put_quoted(struct fields *f, char c)
{
    if (find_char("*?[]\\!-", c) && c)
        text_put(&f->now, '\\');
    text_put(&f->now, c);
    f->open = true;
}

static char *unmarked(const char *s)
{
    struct text t = {0};

    for (; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        text_put(&t, *s);
    }
    return text_end(&t);
}

static void field_add(struct fields *f, char *text)
{
    struct word *w = mem_get(sizeof(*w));

    w->text = text;
    *f->last = w;
    f->last = &w->next;
}

static void field_close(struct fields *f)
{
    struct word *found;

    if (f->open) {
        found = f->globs ? glob(text_end(&f->now)) : 0;
        if (!found)
            field_add(f, unmarked(text_end(&f->now)));
        for (; found; found = found->next)
            field_add(f, found->text);
    }
    f->now = (struct text){0};
    f->open = false;
}

static bool is_separator(char c)
{
    const char *ifs = var_get("IFS");

    return c && find_char(ifs ? ifs : " \t\n", c);
}

/* What an expansation gave, outside of quotes: it is split, and its characters may be patterns. */
static void put_split(struct fields *f, const char *s)
{
    for (; *s; s++) {
        if (f->split && is_separator(*s)) {
            if (*s != ' ' && *s != '\t' && *s != '\n')
                f->open = true; /* a separator that shows makes an empty field */
            field_close(f);
        } else {
            text_put(&f->now, *s);
            f->open = true;
        }
    }
}

static void put(struct fields *f, const char *s, bool quoted)
{
    if (!quoted) {
        put_split(f, s);
        return;
    }
    f->open = true;
    while (*s)
        put_quoted(f, *s++);
}

/* ---- parameters ------------------------------------------------------------------------ */

static void put_params(struct fields *f, char which, bool quoted)
{
    for (int i = 0; i < params.n; i++) {
        if (i && (which == '@' || !quoted) && f->split)
            field_close(f);
        else if (i)
            put(f, " ", quoted);
        put(f, params.v[i], quoted);
    }
}

static const char *number_text(long v)
{
    char *s = mem_get(24);

    print_into(s, 24, "%ld", v);
    return s;
}

static const char *option_letters(void)
{
    char *s = mem_get(8), *p = s;

    if (option_errexit)
        *p++ = 'e';
    if (interactive)
        *p++ = 'i';
    if (option_monitor)
        *p++ = 'm';
    return s;
}

/* NULL: not set. */
static const char *param_value(const char *name)
{
    static char *own_pid;

    if (is_digits(name)) {
        long n = parse_int(name);

        return n == 0 ? shell_name : n <= params.n ? params.v[n - 1] : 0;
    }
    switch (name[1] ? 0 : *name) {
    case '?': return number_text(last_status);
    case '!': return last_background ? number_text(last_background) : 0;
    case '#': return number_text(params.n);
    case '-': return option_letters();
    case '$':
        if (!own_pid)
            own_pid = keep_string(number_text(os_getpid()));
        return own_pid; /* a subshell keeps the number of the shell */
    default: return var_get(name);
    }
}

/* Shortest or longest prefix (from = 0) or suffix that matches is cut off. */
static const char *trimmed(const char *value, const char *pattern, bool prefix, bool longest)
{
    size_t n = strlen(value);

    for (size_t i = 0; i <= n; i++) {
        size_t len = longest ? n - i : i;
        char  *part = mem_get(n + 1);

        memcpy(part, prefix ? value : value + n - len, len);
        if (!pattern_matches(pattern, part))
            continue;
        if (prefix)
            return value + len;
        part = mem_get(n + 1);
        memcpy(part, value, n - len);
        return part;
    }
    return value;
}

/* The operator and word behind a name in ${...}: what the whole is worth; NULL: nothing. */
static const char *param_operator(const char *name, const char *value, const char *op)
{
    bool colon = *op == ':', null;

    op += colon;
    null = !value || (colon && !*value);
    switch (*op) {
    case '-': return null ? expand_one(op + 1) : value;
    case '+': return null ? 0 : expand_one(op + 1);
    case '=':
        if (null)
            var_set(name, value = expand_one(op + 1));
        return value;
    case '?':
        if (!null)
            return value;
        complain(name, op[1] ? expand_one(op + 1) : "not set");
        shell_exit(1);
    case '#':
    case '%': {
        bool longest = op[1] == *op;

        return trimmed(value ? value : "", expand_pattern(op + 1 + longest), *op == '#', longest);
    }
    default: return value;
    }
}

/* ${...}, without the braces. */
static void put_braced(struct fields *f, const char *s, bool quoted)
{
    struct text name = {0};
    const char *value;

    if (*s == '#' && s[1]) {
        value = param_value(s + 1);
        put(f, number_text(value ? (long)strlen(value) : 0), quoted);
        return;
    }
    if (!is_name_char(*s, true) && !(*s >= '0' && *s <= '9'))
        text_put(&name, *s++);
    else
        while (is_name_char(*s, false))
            text_put(&name, *s++);
    if (!*s && (strcmp(name.s, "@") == 0 || strcmp(name.s, "*") == 0)) {
        put_params(f, *name.s, quoted);
        return;
    }
    value = param_operator(name.s, param_value(name.s), s);
    put(f, value ? value : "", quoted && (value || *s != '+'));
}

static char *copy_of(const char *s, size_t n) { return memcpy(mem_get(n + 1), s, n); }

/* What follows a dollar sign; the index behind it. */
static size_t put_dollar(struct fields *f, const char *s, bool quoted)
{
    size_t end, n = 1;

    if (s[1] == '(' && s[2] == '(') {
        end = part_end(s);
        put(f, number_text(arith(expand_one(copy_of(s + 3, end - 4)))), quoted);
        return end + 1;
    }
    if (s[1] == '(' || s[1] == '{') {
        end = part_end(s);
        if (s[1] == '(')
            put(f, command_output(copy_of(s + 2, end - 2)), quoted);
        else
            put_braced(f, copy_of(s + 2, end - 2), quoted);
        return end + 1;
    }
    if (s[1] == '@' || s[1] == '*') {
        put_params(f, s[1], quoted);
        return 2;
    }
    if (is_name_char(s[1], true))
        while (is_name_char(s[n], false))
            n++;
    else if (s[1] && find_char("?!#$-0123456789", s[1]))
        n = 2;
    if (n == 1) {
        put_quoted(f, '$');
        return 1;
    }
    const char *value = param_value(copy_of(s + 1, n - 1));

    put(f, value ? value : "", quoted);
    return n;
}

/* `...`: backslashes before $, ` and \ go. */
static size_t put_backquoted(struct fields *f, const char *s, bool quoted)
{
    size_t      end = part_end(s);
    struct text t = {0};

    for (size_t i = 1; i < end; i++) {
        if (s[i] == '\\' && s[i + 1] && find_char("$`\\", s[i + 1]))
            i++;
        text_put(&t, s[i]);
    }
    put(f, command_output(text_end(&t)), quoted);
    return end + 1;
}

static void put_double_quoted(struct fields *f, const char *s, const char *end)
{
    /* "$@" without parameters makes no field. */
    if (!(end - s == 2 && memcmp(s, "$@", 2) == 0))
        f->open = true;
    while (s < end) {
        if (*s == '\\' && s + 1 < end && find_char("$`\"\\", s[1])) {
            put_quoted(f, s[1]);
            s += 2;
        } else if (*s == '$') {
            s += put_dollar(f, s, true);
        } else if (*s == '`') {
            s += put_backquoted(f, s, true);
        } else {
            put_quoted(f, *s++);
        }
    }
}

static size_t put_single_quoted(struct fields *f, const char *s)
{
    size_t end = part_end(s);

    f->open = true;
    for (size_t i = 1; i < end; i++)
        put_quoted(f, s[i]);
    return end + 1;
}

static const char *tilde(struct fields *f, const char *s)
{
    if (*s != '~' || (s[1] && s[1] != '/'))
        return s;
    put(f, var_get("HOME") ? var_get("HOME") : "~", true);
    return s + 1;
}

static void expand_into(struct fields *f, const char *s)
{
    s = tilde(f, s);
    while (*s) {
        size_t end;

        switch (*s) {
        case '\\':
            if (s[1])
                put_quoted(f, s[1]);
            s += s[1] ? 2 : 1;
            break;
        case '\'': s += put_single_quoted(f, s); break;
        case '"':
            end = part_end(s);
            put_double_quoted(f, s + 1, s + end);
            s += end + 1;
            break;
        case '$': s += put_dollar(f, s, false); break;
        case '`': s += put_backquoted(f, s, false); break;
        default: text_put(&f->now, *s++); f->open = true;
        }
    }
}

struct word *expand_words(const struct word *w)
{
    struct fields f = {.split = true, .globs = true};

    f.last = &f.first;
    for (; w; w = w->next) {
        expand_into(&f, w->text);
        field_close(&f);
    }
    return f.first;
}

char *expand_pattern(const char *word)
{
    struct fields f = {0};

    expand_into(&f, word);
    return text_end(&f.now);
}

char *expand_one(const char *word) { return unmarked(expand_pattern(word)); }

char *expand_here(const char *body)
{
    struct fields f = {0};

    for (const char *s = body; *s;) {
        if (*s == '\\' && s[1] && find_char("$`\\", s[1])) {
            put_quoted(&f, s[1]);
            s += 2;
        } else if (*s == '$') {
            s += put_dollar(&f, s, true);
        } else if (*s == '`') {
            s += put_backquoted(&f, s, true);
        } else {
            put_quoted(&f, *s++);
        }
    }
    return unmarked(text_end(&f.now));
}
