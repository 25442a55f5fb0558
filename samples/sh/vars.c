/* Variables, positional parameters and functions. */
#include "sh.h"

struct var {
    struct var *next;
    char       *name, *value; /* value NULL: exported before it was set */
    size_t      room;
    bool        exported;
};

struct function {
    struct function *next;
    char            *name;
    struct node     *body;
};

static struct var      *vars;
static struct function *functions;
struct params           params;
const char             *shell_name = "sh";

static struct var *var_find(const char *name, size_t n)
{
    for (struct var *v = vars; v; v = v->next)
        if (strlen(v->name) == n && memcmp(v->name, name, n) == 0)
            return v;
    return 0;
}

static struct var *var_make(const char *name, size_t n)
{
    struct var *v = var_find(name, n);

    if (v)
        return v;
    v = mem_keep(sizeof(*v));
    v->name = mem_keep(n + 1);
    memcpy(v->name, name, n);
    v->next = vars;
    vars = v;
    return v;
}

static void value_put(struct var *v, const char *value)
{
    size_t n = strlen(value) + 1;

    if (n > v->room || !v->value) {
        v->room = n * 2;
        v->value = mem_keep(v->room);
    }
    memmove(v->value, value, n);
}

const char *var_get(const char *name)
{
    const struct var *v = var_find(name, strlen(name));

    return v ? v->value : 0;
}

void var_set(const char *name, const char *value) { value_put(var_make(name, strlen(name)), value); }

void var_assign(const char *assignment, bool export)
{
    const char *eq = find_char(assignment, '=');
    struct var *v = var_make(assignment, (size_t)(eq - assignment));

    value_put(v, eq + 1);
    v->exported |= export;
}

void var_export(const char *name) { var_make(name, strlen(name))->exported = true; }

void var_unset(const char *name)
{
    struct var *v = var_find(name, strlen(name));

    if (v) {
        v->value = 0;
        v->exported = false;
    }
}

char **var_environment(void)
{
    int    n = 0;
    char **env;

    for (struct var *v = vars; v; v = v->next)
        n += v->exported && v->value;
    env = mem_get(((size_t)n + 1) * sizeof(*env));
    for (struct var *v = vars; v; v = v->next)
        if (v->exported && v->value) {
            struct text t = {0};

            text_add(&t, v->name);
            text_put(&t, '=');
            text_add(&t, v->value);
            env[--n] = text_end(&t);
        }
    return env;
}

void vars_init(char **envp)
{
    for (; *envp; envp++)
        if (is_name_char(**envp, true) && find_char(*envp, '='))
            var_assign(*envp, true);
    if (!var_get("PATH"))
        var_set("PATH", "/bin:/usr/bin");
    var_set("IFS", " \t\n");
    var_set("PS1", "$ ");
    var_set("PS2", "> ");
}

struct node *function_get(const char *name)
{
    for (struct function *f = functions; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f->body;
    return 0;
}

void function_set(const char *name, struct node *body)
{
    struct function *f = mem_keep(sizeof(*f));

    *f = (struct function){functions, keep_string(name), body};
    functions = f;
}
