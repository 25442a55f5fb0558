/*
 * loader/script.c: the "#!" line of a script, by FreeBSD's rules.
 *
 * Source: sys/kern/imgact_shell.c.  The line is looked for in the first page, where it has to end with a newline or
 * a NUL.  The interpreter ends at a blank; what follows, without the blanks around it, is one argument.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "loader/image.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static bool is_end(char c) { return c == '\n' || c == '\0'; }

/* line is what follows "#!", len bytes of it. */
static int parse_line(const char *line, size_t len, struct script *out, struct image_error *err)
{
    size_t from = 0, to, end;

    for (end = 0; end < len && !is_end(line[end]);)
        end++;
    while (from < end && is_blank(line[from]))
        from++;
    for (to = from; to < end && !is_blank(line[to]);)
        to++;
    if (to == from) {
        image_fail(err, ENOEXEC, "a script that names no interpreter after \"#!\"");
        return -ENOEXEC;
    }
    if (to - from >= SCRIPT_INTERP_MAX) {
        image_fail(err, ENAMETOOLONG, "a script whose interpreter's name has more than %u characters",
                   SCRIPT_INTERP_MAX - 1);
        return -ENAMETOOLONG;
    }
    if (end == len) {
        image_fail(err, ENOEXEC, "a script whose first line has no end within the first page");
        return -ENOEXEC;
    }
    memcpy(out->interp, line + from, to - from);
    out->interp[to - from] = '\0';
    while (to < end && is_blank(line[to]))
        to++;
    while (end > to && is_blank(line[end - 1]))
        end--;
    memcpy(out->arg, line + to, end - to);
    out->arg[end - to] = '\0';
    out->has_arg = end > to;
    return 1;
}

int script_parse(int fd, struct script *out, struct image_error *err)
{
    char    head[SCRIPT_HEAD_MAX];
    ssize_t n = pread(fd, head, sizeof head, 0);

    if (n < 0) {
        image_fail(err, errno, "cannot be read: %s", strerror(errno));
        return -err->host_errno;
    }
    if (n < 2 || head[0] != '#' || head[1] != '!')
        return 0;
    return parse_line(head + 2, (size_t)n - 2, out, err);
}

void script_nested(const struct script *s, struct image_error *err)
{
    image_fail(err, ENOEXEC, "a script whose interpreter %.100s is itself a script", s->interp);
}
