/* $(( ... )): integers, names, the operators of C up to || by precedence. */
#include "sh.h"

static const char *at;

static long level(int min);

static void blanks(void)
{
    while (*at == ' ' || *at == '\t' || *at == '\n')
        at++;
}

static long name_value(void)
{
    struct text t = {0};
    const char *v;

    while (is_name_char(*at, false))
        text_put(&t, *at++);
    v = var_get(text_end(&t));
    return v ? parse_int(v) : 0;
}

static long primary(void)
{
    long v;

    blanks();
    switch (*at) {
    case '(':
        at++;
        v = level(0);
        blanks();
        at += *at == ')';
        return v;
    case '-': at++; return -primary();
    case '+': at++; return primary();
    case '!': at++; return !primary();
    case '~': at++; return ~primary();
    default: break;
    }
    if (is_name_char(*at, true))
        return name_value();
    v = parse_int(at);
    while (*at >= '0' && *at <= '9')
        at++;
    return v;
}

static const struct operator
{
    const char *text;
    int         level;
}
operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 4}, {">=", 4}, {"<<", 5}, {">>", 5},
    {"<", 4},  {">", 4},  {"+", 6},  {"-", 6},  {"*", 7},  {"/", 7},  {"%", 7},
};

static const struct operator* operator_here(void)
{
    blanks();
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        size_t n = strlen(operators[i].text);

        if (memcmp(at, operators[i].text, 1) == 0 && (n == 1 || at[1] == operators[i].text[1]))
            return &operators[i];
    }
    return 0;
}

static long apply(const char *op, long a, long b)
{
    if ((*op == '/' || *op == '%') && !b) {
        complain("division by zero", 0);
        shell_exit(2);
    }
    switch (op[0]) {
    case '|': return a || b;
    case '&': return a && b;
    case '=': return a == b;
    case '!': return a != b;
    case '<': return op[1] == '=' ? a <= b : op[1] == '<' ? a << b : a < b;
    case '>': return op[1] == '=' ? a >= b : op[1] == '>' ? a >> b : a > b;
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    default: return a % b;
    }
}

static long level(int min)
{
    long         v = primary();
    const struct operator* op;

    while ((op = operator_here()) && op->level > min) {
        at += strlen(op->text);
        v = apply(op->text, v, level(op->level));
    }
    return v;
}

long arith(const char *s)
{
    const char *outer = at;
    long        v;

    at = s;
    v = level(0);
    at = outer;
    return v;
}
