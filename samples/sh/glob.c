/* Patterns against strings and directories.  A backslash takes the meaning from the character behind it. */
#include "sh.h"

/* [...]: NULL when c is not in it, else what follows; a bracket that never ends is an ordinary character. */
static const char *bracket(const char *p, char c, bool *is_bracket)
{
    bool not = p[1] == '!' || p[1] == '^', in = false;

    *is_bracket = true;
    for (p += 1 + not ; *p; p++) {
        char low = *p == '\\' && p[1] ? *++p : *p, high = low;

        if (p[1] == '-' && p[2] && p[2] != ']') {
            high = p[2];
            p += 2;
        }
        in |= c >= low && c <= high;
        if (p[1] == ']')
            return in != not ? p + 2 : 0;
    }
    *is_bracket = false;
    return 0;
}

bool pattern_matches(const char *p, const char *s)
{
    for (; *p; s++) {
        bool is_bracket = false;

        if (*p == '*') {
            for (; *s; s++)
                if (pattern_matches(p + 1, s))
                    return true;
            return pattern_matches(p + 1, s);
        }
        if (!*s)
            return false;
        if (*p == '[') {
            const char *next = bracket(p, *s, &is_bracket);

            if (is_bracket && !next)
                return false;
            p = is_bracket ? next : *s == '[' ? p + 1 : "\1";
        } else if (*p == '?') {
            p++;
        } else {
            p += *p == '\\' && p[1];
            if (*p++ != *s)
                return false;
        }
    }
    return !*s;
}

static bool has_pattern(const char *s)
{
    for (; *s; s++)
        if (*s == '\\' && s[1])
            s++;
        else if (*s == '*' || *s == '?' || *s == '[')
            return true;
    return false;
}

static void insert_sorted(struct word **at, char *text)
{
    struct word *w = mem_get(sizeof(*w));

    while (*at && strcmp((*at)->text, text) < 0)
        at = &(*at)->next;
    w->text = text;
    w->next = *at;
    *at = w;
}

static char *joined(const char *a, const char *b)
{
    struct text t = {0};

    text_add(&t, a);
    text_add(&t, b);
    return text_end(&t);
}

static void scan(const char *dir, const char *pattern, struct word **found)
{
    char *buf = mem_get(4096);
    int   fd = (int)os_open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    long  n;

    if (fd < 0)
        return;
    while ((n = os_getdents(fd, buf, 4096)) > 0)
        for (long at = 0; at < n; at += ((struct os_dirent *)(buf + at))->reclen) {
            const char *name = os_dirent_name((struct os_dirent *)(buf + at));

            if ((*name != '.' || *pattern == '.') && pattern_matches(pattern, name))
                insert_sorted(found, joined(dir, name));
        }
    os_close(fd);
}

/* The last part of a path, and one before it, may be patterns. */
struct word *glob(const char *pattern)
{
    const char  *slash = 0;
    struct word *found = 0, *dirs;
    char        *dir;

    if (!has_pattern(pattern))
        return 0;
    for (const char *p = pattern; *p; p++)
        if (*p == '/')
            slash = p;
    if (!slash) {
        scan("", pattern, &found);
        return found;
    }
    dir = memcpy(mem_get((size_t)(slash - pattern) + 2), pattern, (size_t)(slash - pattern));
    if (!has_pattern(dir)) {
        scan(joined(dir, "/"), slash + 1, &found);
        return found;
    }
    for (dirs = glob(dir); dirs; dirs = dirs->next)
        scan(joined(dirs->text, "/"), slash + 1, &found);
    return found;
}
