/* test, printf and read. */
#include "sh.h"

/* ---- test ----------------------------------------------------------------------- */

static bool test_file(char op, const char *name)
{
    struct os_stat st;
    int            kind;

    if (op == 'r' || op == 'w' || op == 'x')
        return os_access(name, op == 'r' ? 4 : op == 'w' ? 2 : 1) == 0;
    if ((op == 'h' ? os_lstat(name, &st) : os_stat(name, &st)) != 0)
        return false;
    kind = st.mode & 0170000;
    switch (op) {
    case 'f': return kind == 0100000;
    case 'd': return kind == 0040000;
    case 'p': return kind == 0010000;
    case 'c': return kind == 0020000;
    case 'h': return kind == 0120000;
    case 's': return st.size > 0;
    default: return true;
    }
}

static bool test_unary(const char *op, const char *arg)
{
    switch (op[1]) {
    case 'z': return !*arg;
    case 'n': return *arg;
    case 't': return os_isatty((int)parse_int(arg));
    default: return test_file(op[1], arg);
    }
}

static bool test_binary(const char *a, const char *op, const char *b)
{
    static const char *const names[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    long                     x = parse_int(a), y = parse_int(b);
    const bool               results[] = {x == y, x != y, x<y, x <= y, x> y, x >= y};

    if (strcmp(op, "=") == 0)
        return strcmp(a, b) == 0;
    if (strcmp(op, "!=") == 0)
        return strcmp(a, b) != 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(op, names[i]) == 0)
            return results[i];
    complain("test: unknown operator", op);
    return false;
}

static bool is_not(const char *s) { return strcmp(s, "!") == 0; }

/* By the number of arguments, as POSIX wants it. */
static bool test_args(char **v, int n)
{
    switch (n) {
    case 0: return false;
    case 1: return *v[0];
    case 2: return is_not(v[0]) ? !*v[1] : test_unary(v[0], v[1]);
    case 3: return is_not(v[0]) ? !test_args(v + 1, 2) : test_binary(v[0], v[1], v[2]);
    default: return is_not(v[0]) && !test_args(v + 1, n - 1);
    }
}

int builtin_test(struct word *args, int n)
{
    char **v = mem_get((size_t)n * sizeof(*v));
    int    count = 0;
    bool   bracket = *args->text == '[';

    for (args = args->next; args; args = args->next)
        v[count++] = args->text;
    if (bracket && (!count || strcmp(v[--count], "]") != 0)) {
        complain("[", "no closing bracket");
        return 2;
    }
    return !test_args(v, count);
}

/* ---- printf ---------------------------------------------------------------------------- */

static const char *escape(struct text *t, const char *s)
{
    static const char from[] = "nrtab\\", to[] = "\n\r\t\a\b\\";
    const char       *found = *s ? find_char(from, *s) : 0;
    int               c = 0, n = 0;

    if (found) {
        text_put(t, to[found - from]);
        return s + 1;
    }
    for (; n < 3 && *s >= '0' && *s <= '7'; n++)
        c = c * 8 + *s++ - '0';
    text_put(t, n ? (char)c : '\\');
    return s;
}

static const char *conversion(struct text *t, const char *s, struct word **args)
{
    const char *arg = *args ? (*args)->text : "";
    char        buf[32];
    int         width = 0, pad;
    char        fill = *s == '0' ? '0' : ' ';

    while (*s >= '0' && *s <= '9')
        width = width * 10 + *s++ - '0';
    if (*s == '%') {
        text_put(t, '%');
        return s + 1;
    }
    switch (*s) {
    case 'd': print_into(buf, sizeof(buf), "%ld", parse_int(arg)); break;
    case 'x': print_into(buf, sizeof(buf), "%lx", (unsigned long)parse_int(arg)); break;
    case 'o': print_into(buf, sizeof(buf), "%lo", (unsigned long)parse_int(arg)); break;
    case 'c': print_into(buf, sizeof(buf), "%c", *arg); break;
    default: buf[0] = 0;
    }
    if (*s != 's')
        arg = buf;
    for (pad = width - (int)strlen(arg); pad > 0; pad--)
        text_put(t, fill);
    text_add(t, arg);
    if (*args)
        *args = (*args)->next;
    return s + 1;
}

int builtin_printf(struct word *args, int n)
{
    struct text  t = {0};
    const char  *format;
    struct word *before;

    if (n < 2)
        return 2;
    format = args->next->text;
    args = args->next->next;
    do {
        before = args;
        for (const char *s = format; *s;)
            if (*s == '\\')
                s = escape(&t, s + 1);
            else if (*s == '%')
                s = conversion(&t, s + 1, &args);
            else
                text_put(&t, *s++);
    } while (args && args != before);
    return t.len && os_write(1, t.s, t.len) != (long)t.len;
}

/* ---- read --------------------------------------------------------------------------------- */

static bool blank(char c) { return c == ' ' || c == '\t'; }

/* Byte by byte: what follows the line belongs to whoever reads next.  False at the end. */
static bool line_get(struct text *t, bool raw)
{
    char c;
    long n;

    for (;;) {
        n = os_read(0, &c, 1);
        if (n == -EINTR) {
            traps_run();
            if (interrupted)
                return false;
            continue;
        }
        if (n <= 0)
            return false;
        if (c == '\n')
            return true;
        if (c == '\\' && !raw) {
            if (os_read(0, &c, 1) != 1)
                return false;
            if (c == '\n')
                continue;
        }
        text_put(t, c);
    }
}

int builtin_read(struct word *args, int n)
{
    struct text t = {0};
    bool        raw = n > 1 && strcmp(args->next->text, "-r") == 0, whole;
    char       *s;

    args = args->next;
    if (raw)
        args = args->next;
    whole = line_get(&t, raw);
    s = text_end(&t);
    for (; args; args = args->next) {
        struct text field = {0};

        while (blank(*s))
            s++;
        while (*s && (!args->next || !blank(*s)))
            text_put(&field, *s++);
        while (!args->next && field.len && blank(field.s[field.len - 1]))
            field.s[--field.len] = 0;
        var_set(args->text, text_end(&field));
    }
    return !whole;
}
