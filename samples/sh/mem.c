/* Memory, strings that grow, and last words. */
#include "sh.h"

#define STACK_SIZE (64ul << 20) /* of address space; pages come as they are touched */

static char  *scratch, *kept;
static size_t scratch_used, kept_used;

static char *stack_new(void)
{
    char *at = os_mmap(0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    must((long)at, "memory");
    return at;
}

static void *take(char **stack, size_t *used, size_t n)
{
    void *at;

    if (!*stack)
        *stack = stack_new();
    n = (n + 15) & ~15ul;
    if (n > STACK_SIZE - *used)
        die("out of memory", 0);
    at = *stack + *used;
    *used += n;
    return memset(at, 0, n);
}

void  *mem_get(size_t n) { return take(&scratch, &scratch_used, n); }
void  *mem_keep(size_t n) { return take(&kept, &kept_used, n); }
size_t mem_mark(void) { return scratch_used; }
void   mem_release(size_t mark) { scratch_used = mark; }

char *keep_string(const char *s) { return strcpy(mem_keep(strlen(s) + 1), s); }

void text_put(struct text *t, char c)
{
    if (t->len + 1 >= t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        char  *s = mem_get(cap);

        memcpy(s, t->s, t->len);
        t->s = s;
        t->cap = cap;
    }
    t->s[t->len++] = c;
    t->s[t->len] = 0;
}

void text_add(struct text *t, const char *s)
{
    while (*s)
        text_put(t, *s++);
}

char *text_end(struct text *t)
{
    if (!t->s)
        t->s = mem_get(1);
    return t->s;
}

bool is_name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

bool is_digits(const char *s)
{
    const char *p = s;

    while (*p >= '0' && *p <= '9')
        p++;
    return p > s && !*p;
}

char *find_char(const char *s, char c)
{
    for (; *s != c; s++)
        if (!*s)
            return 0;
    return (char *)s;
}

void complain(const char *what, const char *with)
{
    print_to(2, "sh: %s%s%s\n", what, with ? ": " : "", with ? with : "");
}

void die(const char *what, const char *with)
{
    complain(what, with);
    os_exit(2);
}
